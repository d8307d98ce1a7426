package aiclient2api

import (
	"fmt"
	"net/http"
	"time"

	"go.uber.org/zap"

	"github.com/aiclient2api/caddy-aiclient2api/internal/exchange"
	"github.com/aiclient2api/caddy-aiclient2api/llm"
)

// chain is a call on its way through its targets.
type chain struct {
	*call
	handler *Handler
	w       http.ResponseWriter

	lesser []target // that would give less than was asked for
	links  []link   // that could be planned
	room   [2]link  // for the first of them
}

// link is a target and what was planned for it.
type link struct {
	*exchange.Exchange
	provider *Provider
	asked    bool
}

// walk asks the targets in their order: first those with an account that is fit,
// then those that would give less than was asked for, and for want of anybody
// else accounts that are cooling, so that a blip is no outage. It returns true
// if there is nothing more to be done: one answered, or the client has left.
func (c *chain) walk(targets []target) bool {
	c.links = c.room[:0]
	for _, t := range targets {
		if c.plan(t) && c.fit() {
			return true
		}
		if c.Less {
			c.lesser = append(c.lesser, t)
		}
	}
	c.Lenient = true
	for _, t := range c.lesser {
		if c.plan(t) && c.fit() {
			return true
		}
	}
	for i := range c.links {
		l := &c.links[i]
		if l.provider.pool.Await(l.Exchange) && c.ask(l, false) || c.Gone() {
			return true
		}
		if l.provider.pool.Resort(l.Exchange) && c.ask(l, true) {
			return true
		}
	}
	c.conclude()
	return false
}

// plan plans the call for a target, and reports whether it can be carried.
func (c *chain) plan(t target) bool {
	x, bad := exchange.Plan(&c.Call, t.plan(c.Head.Model))
	if bad != nil {
		c.Fail(&exchange.Failure{Class: exchange.Unsupported, Status: bad.Status, Err: bad})
		return false
	}
	c.links = append(c.links, link{Exchange: x, provider: t.provider})
	if c.last.provider == nil {
		c.last = c.links[0]
	}
	return true
}

// fit asks the target that was planned last, if it has an account that is fit.
func (c *chain) fit() bool {
	l := &c.links[len(c.links)-1]
	return l.provider.pool.Available(l.Exchange) && c.ask(l, false)
}

// ask asks a target. forced is whether accounts that are cooling are asked too.
func (c *chain) ask(l *link, forced bool) bool {
	before := c.Attempts
	err := l.provider.pool.ServeHTTP(c.w, l.Exchange, forced)
	if err == nil || c.Gone() {
		c.last = *l
		return true
	}
	if c.Attempts == before { // others took the last one meanwhile
		c.handler.logger.Debug("asking provider", zap.String("provider", l.provider.Name), zap.Error(err))
		return false
	}
	c.last = *l
	l.asked = true
	return false
}

// conclude finds the failure to report when nobody answered. What an account
// said comes before what is said of those that were not asked, unless it is for
// the operator to mend, and the others only want to be left alone for a while.
func (c *chain) conclude() {
	lacking := true
	for _, l := range c.links {
		lacking = lacking && l.provider.pool.Lacks(l.Call)
	}
	for _, l := range c.links {
		switch {
		case l.asked:
		case c.Attempts == 0 && lacking:
			c.Fail(noCredential(l))
		case c.Attempts == 0 && !l.provider.pool.Lacks(l.Call):
			c.Fail(nobody(l))
		case c.Attempts > 0 && isOperators(c.Failure.Class) && l.provider.pool.Outlook(l.Exchange).All:
			c.Failure = nobody(l)
		}
	}
}

// isOperators reports whether a failure is for the operator to mend.
func isOperators(c exchange.Class) bool {
	return c == exchange.Credential || c == exchange.Payment || c == exchange.Forbidden
}

// moment is what a client is told to wait for an account that may be asked at
// any moment: others have taken all that it takes at a time.
const moment = time.Second

// hurry has the failure tell after how long the first of all accounts returns,
// if that is sooner than what the provider said of the one that it is about.
func (c *chain) hurry() {
	f := c.Failure
	if f.After == 0 {
		return
	}
	switch f.Class {
	case exchange.RateLimit, exchange.Quota, exchange.Overloaded, exchange.Unavailable:
	default:
		return
	}
	soonest := f.After
	for _, l := range c.links {
		if o := l.provider.pool.Outlook(l.Exchange); o.Any {
			soonest = min(soonest, max(o.Wait, moment))
		}
	}
	if soonest < f.After {
		f.Wait(soonest)
	}
}

// release gives the plans' memory back.
func (c *chain) release() {
	for _, l := range c.links {
		l.Release()
	}
}

// noCredential is the failure of a target all of whose accounts want the
// caller's own credential.
func noCredential(l link) *exchange.Failure {
	return &exchange.Failure{
		Class: exchange.CallerCredential, Status: http.StatusUnauthorized,
		Err: &llm.Error{
			Code:    "missing_provider_credential",
			Message: fmt.Sprintf("provider %q wants a credential of your own, and the request brings none", l.provider.Name),
		},
	}
}

// nobody is the failure of a target none of whose accounts may be asked: a 429
// if all of them have used up their rate.
func nobody(l link) *exchange.Failure {
	name := l.provider.Name
	f := &exchange.Failure{
		Class: exchange.Unavailable, Status: http.StatusServiceUnavailable,
		Err: &llm.Error{
			Code:    "no_account_available",
			Message: fmt.Sprintf("no account of provider %q can be asked at present", name),
		},
	}
	o := l.provider.pool.Outlook(l.Exchange)
	if !o.Any {
		return f
	}
	f.After = o.Wait
	if !o.All {
		f.After = max(o.Wait, moment)
	}
	f.Wait(f.After)
	if o.All && o.Rate {
		f.Class, f.Status = exchange.RateLimit, http.StatusTooManyRequests
		f.Err.Code = "rate_limit_exceeded"
		f.Err.Message = fmt.Sprintf("all accounts of provider %q have used up their rate", name)
	}
	return f
}
