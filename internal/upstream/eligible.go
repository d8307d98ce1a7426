package upstream

import (
	"time"

	"github.com/aiclient2api/caddy-aiclient2api/internal/cooldown"
	"github.com/aiclient2api/caddy-aiclient2api/internal/exchange"
	"github.com/aiclient2api/caddy-aiclient2api/internal/glob"
)

// This file says which of a pool's accounts may be asked, and when.

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
	return x.Open(a.index) && x.Tried() <= p.Proxy.LoadBalancing.Retries && a.upstream.Available() && a.serves(x)
}

// serves reports whether an account has the model that x is about, and a
// credential for it.
func (a *Account) serves(x *exchange.Exchange) bool {
	return !a.lacks(x.Secrets) && (a.Models == nil || glob.Any(a.Models, x.Target.Model))
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

// Available reports whether an account may be asked for x. It asks the filter
// only: a policy moves its counters when it is asked.
func (p *Pool) Available(x *exchange.Exchange) bool {
	now := time.Now()
	for _, a := range p.Accounts {
		if p.open(x, a) && a.fit(x, now) {
			return true
		}
	}
	return false
}

// Resort reports whether an account may be asked for x though it is cooling,
// for want of anybody else.
func (p *Pool) Resort(x *exchange.Exchange) bool {
	return p.resort(x, x.Attempts > 0, time.Now()) != nil
}

// Outlook is when somebody of a pool may be asked again.
type Outlook struct {
	// Any is whether an account serves the model at all, and is not disabled.
	Any bool
	// All is whether all of these are out, for a time that their provider has
	// named or until an operator mends them. Rate is whether it is about a rate.
	All, Rate bool
	// Wait is how long it is until the first of them returns, 0 if it may be
	// asked at any moment.
	Wait time.Duration
}

// Outlook returns when somebody may be asked for x again.
func (p *Pool) Outlook(x *exchange.Exchange) (o Outlook) {
	now := time.Now()
	for _, a := range p.Accounts {
		f := a.shared.Fitness(x.Limited(), now)
		if f.Grade == cooldown.Disabled || !a.serves(x) {
			continue
		}
		left, out := time.Duration(0), false
		if f.Grade == cooldown.Out {
			left = f.Until.Sub(now)
			out = f.Stated || left > patience
		}
		if !o.Any || left < o.Wait {
			o.Wait = left
		}
		o.All = out && (o.All || !o.Any)
		o.Rate = o.Rate || f.Rate
		o.Any = true
	}
	return o
}

// Await waits for the request that finds out whether an account is well again,
// if there is one, and no longer than probeWait. It reports whether an account
// may be asked then.
func (p *Pool) Await(x *exchange.Exchange) bool {
	for _, a := range p.Accounts {
		if !p.open(x, a) {
			continue
		}
		if probe := a.shared.Probe(x.Limited()); probe != nil {
			timer := time.NewTimer(probeWait)
			defer timer.Stop()
			select {
			case <-probe:
			case <-timer.C:
			case <-x.Request.Context().Done():
			}
			return p.Available(x)
		}
	}
	return false
}

// probeWait is how long a request that nobody else can answer waits for one that
// finds out: then it goes the same way.
const probeWait = 2 * time.Second

// Lacks reports whether no account may be asked because each of them wants a
// credential that the call did not bring along.
func (p *Pool) Lacks(c *exchange.Call) bool {
	for _, a := range p.Accounts {
		if !a.lacks(c.Secrets) {
			return false
		}
	}
	return true
}

// Healthy reports whether there is an account that may be asked, for some model.
// One that has just failed may be, for want of anybody else.
func (p *Pool) Healthy() bool {
	now := time.Now()
	for _, a := range p.Accounts {
		f := a.shared.Fitness("", now)
		if a.upstream.Available() && f.Grade != cooldown.Disabled &&
			(f.Grade != cooldown.Out || !f.Stated && f.Until.Sub(now) <= patience) {
			return true
		}
	}
	return false
}
