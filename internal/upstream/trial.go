package upstream

import (
	"context"
	"time"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/aiclient2api/caddy-aiclient2api/internal/cooldown"
	"github.com/aiclient2api/caddy-aiclient2api/internal/exchange"
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

// muted keeps the proxy from telling a client that it has left when it is the
// next target's turn.
type muted struct {
	*caddyhttp.ResponseWriterWrapper
	trial *trial
}

// WriteHeader writes, unless the exchange has moved on.
func (m *muted) WriteHeader(status int) {
	if m.trial.moved == nil {
		m.ResponseWriterWrapper.WriteHeader(status)
	}
}
