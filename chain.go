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
		if l.provider.pool.Resort(l.Exchange) && c.ask(l, true) {
			return true
		}
	}
	for _, l := range c.links {
		if !l.asked {
			c.Fail(nobody(l))
		}
	}
	return false
}

// plan plans the call for a target, and reports whether it can be carried.
func (c *chain) plan(t target) bool {
	x, bad := exchange.Plan(&c.Call, t.plan(c.Head.Model))
	if bad != nil {
		c.Fail(&exchange.Failure{Class: exchange.Unavailable, Status: bad.Status, Err: bad})
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
	l.asked = true
	c.last = *l
	err := l.provider.pool.ServeHTTP(c.w, l.Exchange, forced)
	if err != nil && !c.Gone() && c.Failure == nil {
		c.Fail(&exchange.Failure{
			Class: exchange.Unavailable, Status: http.StatusBadGateway,
			Err: &llm.Error{Message: fmt.Sprintf("provider %q could not be asked", l.provider.Name)},
		})
		c.handler.logger.Error("asking provider", zap.String("provider", l.provider.Name), zap.Error(err))
	}
	return err == nil || c.Gone()
}

// hurry has the failure tell after how long the first of all accounts returns,
// if that is sooner than what the provider said of the one that it is about.
func (c *chain) hurry() {
	f := c.Failure
	switch f.Class {
	case exchange.RateLimit, exchange.Quota, exchange.Overloaded, exchange.Unavailable:
	default:
		return
	}
	soonest, known := f.After, f.After > 0
	for _, l := range c.links {
		if wait, _, ok := l.provider.pool.Wait(l.Exchange); ok && (!known || wait < soonest) {
			soonest, known = wait, true
		}
	}
	if known && (f.After == 0 || soonest < f.After-time.Second) {
		f.Wait(soonest)
	}
}

// release gives the plans' memory back.
func (c *chain) release() {
	for _, l := range c.links {
		l.Release()
	}
}

// nobody is the failure of a target none of whose accounts may be asked.
func nobody(l link) *exchange.Failure {
	name, pool := l.provider.Name, l.provider.pool
	f := &exchange.Failure{
		Class: exchange.Unavailable, Status: http.StatusServiceUnavailable,
		Err: &llm.Error{
			Code:    "no_account_available",
			Message: fmt.Sprintf("no account of provider %q can be asked at present", name),
		},
	}
	if pool.Lacks(l.Call) {
		f.Class, f.Status = exchange.CallerCredential, http.StatusUnauthorized
		f.Err = &llm.Error{
			Code:    "missing_provider_credential",
			Message: fmt.Sprintf("provider %q wants a credential of your own, and the request brings none", name),
		}
		return f
	}
	if wait, rate, ok := pool.Wait(l.Exchange); ok {
		f.Wait(wait)
		f.After = wait
		if rate {
			f.Class, f.Status = exchange.RateLimit, http.StatusTooManyRequests
			f.Err.Code = "rate_limit_exceeded"
			f.Err.Message = fmt.Sprintf("all accounts of provider %q have used up their rate", name)
		}
	}
	return f
}
