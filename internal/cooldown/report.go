package cooldown

import (
	"slices"
	"strings"
	"time"
)

// Report is a state for people.
type Report struct {
	// Grade is the account's own, whatever its models' are.
	Grade Grade
	// Spells are what is out or not proven yet: the account's first, then its
	// models' by name.
	Spells []Spell
	// Last is the last failure, LastAt when it was, zero if there was none.
	Last   Failure
	LastAt time.Time
}

// Spell is one thing that is out of use, or was and is not proven yet.
type Spell struct {
	// Model is the model that it is about, "" for the account.
	Model string
	Failure
	Grade        Grade
	Since, Until time.Time
	// Stated is whether the provider named the time.
	Stated bool
	// Failures counts those in a row.
	Failures int
}

// Report returns what is known of the account.
func (s *State) Report(now time.Time) Report {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := Report{Last: s.last, LastAt: s.lastAt}
	add := func(model string, sp *spell) {
		var f Fitness
		f.worse(sp, now)
		r.Spells = append(r.Spells, Spell{
			Model: model, Failure: sp.Failure, Grade: f.Grade, Since: sp.since, Until: sp.until, Stated: sp.stated, Failures: sp.failures,
		})
	}
	for model, sp := range s.models {
		add(model, sp)
	}
	slices.SortFunc(r.Spells, func(a, b Spell) int { return strings.Compare(a.Model, b.Model) })
	if s.whole != nil {
		add("", s.whole)
		last := len(r.Spells) - 1
		r.Spells = slices.Insert(r.Spells[:last], 0, r.Spells[last])
		r.Grade = r.Spells[0].Grade
	}
	if s.disabled.Load() {
		r.Grade = Disabled
	}
	return r
}
