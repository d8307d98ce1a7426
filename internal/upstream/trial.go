package upstream

import (
	"context"
	"time"

	"github.com/aiclient2api/caddy-aiclient2api/internal/cooldown"
	"github.com/aiclient2api/caddy-aiclient2api/internal/exchange"
	"github.com/aiclient2api/caddy-aiclient2api/internal/glob"
)

// trial is an exchange on its way through the pool's proxy, and the context of
// the request that the proxy sees.
type trial struct {
	context.Context // the client's
	*exchange.Exchange

	forced  bool     // accounts that are cooling may be asked
	resorts int      // how many of them were
	account *Account // that is asked, nil if none is
	ticket  cooldown.Ticket
	over    bool  // nobody is left
	moved   error // why the next target is to be asked, nil if it is not
}

// trialKey is what a trial answers to in its own context.
type trialKey struct{}

// Value makes the trial known in its own context.
func (t *trial) Value(k any) any {
	if k == (trialKey{}) {
		return t
	}
	return t.Context.Value(k)
}

// trialOf returns the trial of a request that the proxy sees, nil if it is one
// of the proxy's own (a health check).
func trialOf(ctx context.Context) *trial {
	t, _ := ctx.Value(trialKey{}).(*trial)
	return t
}

// enter takes an account for the next attempt. It returns false if another
// request has become the one that finds out whether the account is well again.
func (t *trial) enter(a *Account, forced bool, now time.Time) bool {
	ticket, ok := a.shared.Enter(t.Limited(), now, forced)
	if !ok {
		return false
	}
	if forced {
		t.resorts++
	}
	a.shared.InFlight.Add(1)
	t.account, t.ticket = a, ticket
	return true
}

// settle takes what came of the attempt: the account is well, or keeps out of
// use for a while, or nothing was learned. An answer that is being handed on
// is still in flight.
func (t *trial) settle() {
	switch class, _, _ := t.Last(); {
	case t.Handed():
		t.count(class, "")
		t.ticket.Succeed()
		return
	case class != exchange.Answered:
		t.blame()
	}
	t.leave()
}

// count counts what came of the attempt, and tells who wants to know.
func (t *trial) count(class exchange.Class, text string) {
	t.account.shared.count(class)
	if t.Witness != nil {
		t.Witness(class, text)
	}
}

// blame has the account answer for the last failure, unless it says nothing of
// the account.
func (t *trial) blame() {
	class, after, text := t.Last()
	t.count(class, text)
	if penalties[class].First > 0 && !t.Blameless() {
		t.ticket.Fail(cooldown.Failure{
			Penalty: penalties[class], After: after, Class: class.String(), Text: text,
			Rate: class == exchange.RateLimit || class == exchange.Quota,
		}, time.Now())
	}
}

// end comes when the proxy has returned, whatever happened.
func (t *trial) end() {
	t.Abandon()
	if t.account == nil {
		return
	}
	if t.Interrupted != "" { // after it had begun
		t.blame()
	}
	t.leave()
}

// leave ends the attempt. A probe that has told nothing is given back.
func (t *trial) leave() {
	t.ticket.Leave()
	t.account.shared.InFlight.Add(-1)
	t.account = nil
}

// mostResorts bounds the accounts of one provider that one request asks though
// they are cooling: so a blip of all of them is no outage, and an outage is not
// multiplied by the number of accounts.
const mostResorts = 3

// patience is how far off an account's time may be over for the request to
// ask it though another was asked already: what an operator has to mend is
// asked for want of anybody else only.
const patience = time.Minute

// open reports whether an account may be asked in the trial, whatever it has
// done before.
func (p *Pool) open(x *exchange.Exchange, a *Account) bool {
	return x.Open(a.index) && x.Tried() <= p.Proxy.LoadBalancing.Retries && a.upstream.Available() && !a.lacks(x.Secrets) &&
		(a.Models == nil || glob.Any(a.Models, x.Target.Model))
}

// fit reports whether an account may be asked without being forced.
func (a *Account) fit(x *exchange.Exchange, now time.Time) bool {
	return a.shared.Fitness(x.Limited(), now).Grade <= cooldown.Due
}

// resort returns the account that returns soonest of those that are cooling for
// a time that no provider has stated, nil if there is none.
func (p *Pool) resort(x *exchange.Exchange, asked bool, now time.Time) (soonest *Account) {
	var until, stated time.Time
	for _, a := range p.Accounts {
		if !p.open(x, a) {
			continue
		}
		f := a.shared.Fitness(x.Limited(), now)
		switch {
		case f.Grade <= cooldown.Due: // has become so meanwhile
			return a
		case f.Grade == cooldown.Disabled:
		case f.Grade == cooldown.Out && f.Stated:
			if stated.IsZero() || f.Until.Before(stated) {
				stated = f.Until
			}
		case asked && f.Until.Sub(now) > patience:
		case soonest == nil || f.Until.Before(until):
			soonest, until = a, f.Until
		}
	}
	if until.Sub(now) > patience && !stated.IsZero() && stated.Before(until) {
		return nil // what an operator has to mend is not asked in the place of what returns sooner
	}
	return soonest
}
