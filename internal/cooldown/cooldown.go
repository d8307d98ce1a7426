// Package cooldown keeps accounts out of use for a while after they failed, and
// lets one request at a time find out whether they are well again. It knows
// accounts, models and times, nothing of what a failure is.
package cooldown

import (
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"
)

// Longest bounds every cooldown, whatever a provider says.
const Longest = time.Hour

// mostModels bounds the models of an account that are out at a time: their
// names are clients' texts.
const mostModels = 256

// Penalty says how long a kind of failure keeps an account out of use.
type Penalty struct {
	// Model is whether the account is out for the model that was asked only.
	Model bool
	// First is the time after a first failure; each further one in a row
	// doubles it, up to Most. If they are equal the time is fixed; otherwise it
	// is spread by a quarter, so that accounts do not come back all at once.
	First, Most time.Duration
	// Stated is whether the time that the provider states takes the place of these.
	Stated bool
}

// delay returns how long the failures in a row that are behind keep an account out.
func (p Penalty) delay(behind int) time.Duration {
	if p.fixed() {
		return p.First
	}
	d := p.Most - p.Most/5
	if behind < 32 {
		d = min(p.First<<behind, d)
	}
	return d + time.Duration(rand.Int64N(int64(d)/4+1)) //nolint:gosec // it spreads times, and guards nothing
}

// Failure is what is told of a failed attempt.
type Failure struct {
	Penalty
	// After is the time that the provider states, 0 if it states none.
	After time.Duration
	// Class and Text are for people. Neither holds a credential.
	Class, Text string
	// Rate is whether the failure is about a rate or a quota.
	Rate bool
}

// State is what is known of one account. Its zero value is a fit account. It
// is safe for concurrent use, and costs one atomic load while all is well.
type State struct {
	disabled atomic.Bool
	out      atomic.Int32 // spells

	mu     sync.Mutex
	whole  *spell // of the account, nil if there is none
	models map[string]*spell
	last   Failure
	lastAt time.Time
}

// spell is a time out of use, and the time afterwards until an attempt has shown
// that the account is well again.
type spell struct {
	Failure
	since, until time.Time
	stated       bool          // the provider named the time
	failures     int           // in a row
	probing      bool          // an attempt is on its way
	probed       chan struct{} // closed when that has ended; nil if nobody waits for it
}

// settle ends the attempt that is on its way.
func (sp *spell) settle() {
	sp.probing = false
	if sp.probed != nil {
		close(sp.probed)
		sp.probed = nil
	}
}

// Grade is how fit an account is.
type Grade uint8

// The grades, from the best.
const (
	// Fit: it may be asked.
	Fit Grade = iota
	// Due: its time is over, and one attempt may find out.
	Due
	// Probed: that attempt is on its way.
	Probed
	// Out: its time is not over.
	Out
	// Disabled: an operator has taken it out.
	Disabled
)

var gradeNames = [...]string{"ready", "half_open", "probing", "cooling", "disabled"}

// String returns the grade's name for people.
func (g Grade) String() string { return gradeNames[g] }

// Fitness is what is known of an account for a model at a time.
type Fitness struct {
	Grade Grade
	// Until is when its time is over, zero if it is Fit or Disabled. Where the
	// provider has named a time it is that one, though others may be longer: for
	// want of anybody else the account may be asked then.
	Until time.Time
	// Stated is whether the provider named that time, Rate whether it is about a
	// rate or a quota.
	Stated, Rate bool
}

// worse keeps the worse of two.
func (f *Fitness) worse(s *spell, now time.Time) {
	g := Due
	switch {
	case now.Before(s.until):
		g = Out
	case s.probing:
		g = Probed
	}
	if g > f.Grade {
		f.Grade = g
	}
	stated := g == Out && s.stated
	if stated && !f.Stated || stated == f.Stated && s.until.After(f.Until) {
		f.Until, f.Rate, f.Stated = s.until, s.Rate, stated
	}
}

// Fitness returns how fit the account is for a model.
func (s *State) Fitness(model string, now time.Time) (f Fitness) {
	if s.disabled.Load() {
		return Fitness{Grade: Disabled}
	}
	if s.out.Load() == 0 {
		return f
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if sp := s.models[model]; sp != nil && now.Sub(sp.until) > Longest && !sp.probing {
		s.drop(model) // nobody has asked for it since
	}
	for _, sp := range s.spells(model) {
		if sp != nil {
			f.worse(sp, now)
		}
	}
	return f
}

// Disable takes the account out of use, or lets it in again.
func (s *State) Disable(out bool) { s.disabled.Store(out) }

// Reset forgets all failures, and lets the account in.
func (s *State) Reset() {
	s.disabled.Store(false)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.whole, s.models = nil, nil
	s.last, s.lastAt = Failure{}, time.Time{}
	s.out.Store(0)
}

// Ticket is an attempt with an account. Its zero value is none.
type Ticket struct {
	state  *State
	model  string
	began  time.Time
	probes [2]*spell
}

// Enter begins an attempt. If the account is Due, it is the one that finds out:
// ok is false if another has become that. An attempt that is forced is made in
// any case.
func (s *State) Enter(model string, now time.Time, forced bool) (t Ticket, ok bool) {
	t = Ticket{state: s, model: model, began: now}
	if s.out.Load() == 0 {
		return t, true
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, sp := range s.spells(model) {
		if sp == nil {
			continue
		}
		if sp.probing || now.Before(sp.until) {
			if forced {
				continue
			}
			t.leave()
			return Ticket{}, false
		}
		sp.probing = true
		t.probes[i] = sp
	}
	return t, true
}

// leave gives the probes back; the state is locked.
func (t *Ticket) leave() {
	for i, sp := range t.probes {
		if sp != nil {
			sp.settle()
			t.probes[i] = nil
		}
	}
}

// Probe returns what is closed when the attempt has ended that finds out whether
// the account is well again, nil if there is none.
func (s *State) Probe(model string) <-chan struct{} {
	if s.out.Load() == 0 {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, sp := range s.spells(model) {
		if sp != nil && sp.probing {
			if sp.probed == nil {
				sp.probed = make(chan struct{})
			}
			return sp.probed
		}
	}
	return nil
}

// Leave ends an attempt that says nothing of the account: the client has left,
// or the request was at fault.
func (t *Ticket) Leave() {
	if t.probes == [2]*spell{} {
		return
	}
	t.state.mu.Lock()
	defer t.state.mu.Unlock()
	t.leave()
}

// Succeed ends an attempt that was answered: what was out is well again, unless
// it went out while the attempt was made.
func (t *Ticket) Succeed() {
	s := t.state
	if s == nil || s.out.Load() == 0 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	t.leave()
	if sp := s.whole; sp != nil && !t.began.Before(sp.since) {
		s.whole = nil
		s.out.Add(-1)
	}
	if sp := s.models[t.model]; sp != nil && !t.began.Before(sp.since) {
		s.drop(t.model)
	}
}

// Fail ends an attempt that failed. Attempts that were made at the same time
// and fail one after the other count as one failure.
func (t *Ticket) Fail(f Failure, now time.Time) {
	s := t.state
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	t.leave()
	s.last, s.lastAt = f, now
	if f.First <= 0 {
		return
	}
	sp := s.whole
	if f.Model {
		sp = s.models[t.model]
	}
	if sp == nil {
		sp = new(spell)
		s.keep(sp, f.Model, t.model, now)
	} else if t.began.Before(sp.since) { // of the same failure
		sp.failures--
	}
	until, stated := now.Add(f.delay(sp.failures)), false
	if f.Stated && f.After > 0 {
		until, stated = now.Add(min(f.After, Longest)), true
	}
	sp.failures++
	sp.since = now
	switch {
	case !now.Before(sp.until): // what was before is over
	case sp.fixed() && f.Class != sp.Class && until.Before(sp.until): // it is not mended by that
		return
	case !stated && (sp.stated || until.Before(sp.until)): // a longer time stays, and what the provider said
		return
	}
	sp.Failure, sp.until, sp.stated = f, until, stated
}

// fixed reports whether the time is one that no success is expected in.
func (p Penalty) fixed() bool { return p.First == p.Most }

// keep takes a new spell in.
func (s *State) keep(sp *spell, ofModel bool, model string, now time.Time) {
	if !ofModel {
		s.whole = sp
		s.out.Add(1)
		return
	}
	if s.models == nil {
		s.models = make(map[string]*spell)
	}
	if len(s.models) >= mostModels {
		s.evict(now)
	}
	s.models[model] = sp
	s.out.Add(1)
}

// evict makes room: what is over goes, or else what is over soonest.
func (s *State) evict(now time.Time) {
	var soonest string
	for model, sp := range s.models {
		if !now.Before(sp.until) {
			s.drop(model)
		} else if s.models[soonest] == nil || sp.until.Before(s.models[soonest].until) {
			soonest = model
		}
	}
	if len(s.models) >= mostModels {
		s.drop(soonest)
	}
}

// spells returns what an attempt with a model has to do with: the account's
// and the model's, nil where there is none. The state is locked, as below.
func (s *State) spells(model string) [2]*spell { return [2]*spell{s.whole, s.models[model]} }

// drop forgets a model's.
func (s *State) drop(model string) {
	delete(s.models, model)
	s.out.Add(-1)
}
