package upstream

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp/reverseproxy"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/aiclient2api/caddy-aiclient2api/internal/exchange"
	"github.com/aiclient2api/caddy-aiclient2api/providers"
)

// The seam to reverse_proxy: what chooses an account, what asks it, and what
// says whether to go on.

// selector lets Caddy's policy choose among the accounts that may be asked.
type selector struct {
	*Pool
	policy reverseproxy.Selector
}

// Select returns an account's upstream, nil if none is left. The policy sees
// the client's own request, for policies that look at headers and cookies.
func (s selector) Select(pool reverseproxy.UpstreamPool, r *http.Request, w http.ResponseWriter) *reverseproxy.Upstream {
	t := trialOf(r.Context())
	now := time.Now()
	for range s.Accounts { // another request may become an account's probe at the same time
		left := s.left(t, pool, now)
		if len(left) == 0 {
			break
		}
		chosen := s.choose(t, left, w)
		if chosen == nil || t.enter(s.byUpstream[chosen], false, now) {
			return chosen
		}
	}
	if t.forced && t.resorts < mostResorts {
		if a := s.resort(t.Exchange, t.Attempts > 0, now); a != nil && t.enter(a, true, now) {
			return a.upstream
		}
	}
	t.over = true
	return nil
}

// left returns the accounts that may be asked. The pool is in their order.
func (s selector) left(t *trial, pool reverseproxy.UpstreamPool, now time.Time) reverseproxy.UpstreamPool {
	left, all := pool, true
	for i, a := range s.Accounts {
		switch may := s.open(t.Exchange, a) && a.fit(t.Exchange, now); {
		case !may && all:
			all = false
			left = append(make(reverseproxy.UpstreamPool, 0, len(pool)), pool[:i]...)
		case may && !all:
			left = append(left, a.upstream)
		}
	}
	return left
}

// retryable says whether the next account is asked.
type retryable struct{}

// MatchWithError reports whether the last attempt failed in a way that
// another account may mend.
func (retryable) MatchWithError(r *http.Request) (bool, error) {
	t := trialOf(r.Context())
	return t != nil && !t.over && t.Retry(), nil
}

// transport asks an account: it directs the request, signs it, sends it, and
// lets the exchange look at what comes back.
type transport struct{ *Pool }

// RoundTrip makes one attempt. The request that comes in bears nothing but
// the account, in its dial info; the one that goes out is built anew, on the
// client's own context, which knows neither dial info nor trace.
func (t transport) RoundTrip(r *http.Request) (*http.Response, error) {
	di, _ := reverseproxy.GetDialInfo(r.Context())
	a := t.byUpstream[di.Upstream]
	if a == nil {
		return nil, fmt.Errorf("no account at %s", r.URL.Host)
	}
	of := trialOf(r.Context())
	if of == nil {
		return t.check(r, a)
	}
	x := of.Exchange
	defer x.End()
	defer of.settle() // before End, which may have to wait for a client
	attempt := a.attempt(x.Secrets)
	res, cause := t.ask(x.Begin(a.index, a.Name), a, x)
	var err error
	if cause != nil {
		err = x.Unanswered(cause)
	} else {
		res, err = x.Answer(res, attempt)
	}
	if err != nil {
		if m, ok := errors.AsType[*exchange.MovedError](err); ok {
			of.moved = m
		}
		t.logFailure(x, a, err, attempt.Hide(cause))
		return nil, errorOf(err)
	}
	return res, nil
}

// ask sends the request to an account.
func (t transport) ask(ctx context.Context, a *Account, x *exchange.Exchange) (*http.Response, error) {
	memory, segments, length := x.Upload()
	body := pack(memory, segments, length)
	out := (&http.Request{
		Method:        x.Request.Method,
		URL:           a.url(x.Path()),
		Proto:         "HTTP/1.1",
		ProtoMajor:    1,
		ProtoMinor:    1,
		Header:        outward(x),
		Host:          a.Base.Host,
		ContentLength: length,
		Body:          body.open(),
		GetBody:       func() (io.ReadCloser, error) { return body.open(), nil },
	}).WithContext(body.traced(ctx))
	if err := t.sign(out, a, segments, a.secret(x.Secrets)); err != nil {
		_ = out.Body.Close()
		return nil, fmt.Errorf("signing: %w", err)
	}
	return body.send(out, t.via(a))
}

// via returns what carries requests of an account.
func (t transport) via(a *Account) http.RoundTripper {
	if a.local != nil {
		return a.local
	}
	return t.base
}

// sign applies the operator's header_up, then the credential.
func (p *Pool) sign(out *http.Request, a *Account, body [][]byte, secret string) error {
	if p.headerUp != nil {
		out.Header = out.Header.Clone() // it replaces in place, and values are shared
		p.headerUp.ApplyToRequest(out)
		if out.Header["User-Agent"] == nil {
			out.Header["User-Agent"] = []string{""} // none; net/http would send its own
		}
	}
	return a.Provider.Sign(&providers.Outbound{
		Method: out.Method, URL: out.URL, Header: out.Header, Body: body, Secret: secret,
	})
}

// check asks an account for an active health check, on the account's host
// and with its credential, unless that comes with requests.
func (t transport) check(r *http.Request, a *Account) (*http.Response, error) {
	if a.local != nil {
		return &http.Response{
			Status: "200 OK", StatusCode: http.StatusOK, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
			Header: http.Header{}, Body: http.NoBody, Request: r,
		}, nil
	}
	// without the dial info Caddy's http transport dials the URL's host
	out := r.Clone(context.WithValue(r.Context(), caddy.CtxKey("reverse_proxy.dial_info"), nil))
	out.URL.Scheme, out.URL.Host = a.Base.Scheme, a.Base.Host
	if r.Host == r.URL.Host { // unless health_headers says another
		out.Host = a.Base.Host
	}
	if out.Header == nil {
		out.Header = make(http.Header, 2)
	}
	if out.Header["User-Agent"] == nil {
		out.Header["User-Agent"] = userAgent
	}
	if err := t.sign(out, a, nil, a.Secret); err != nil { // empty if it comes with requests
		return nil, err
	}
	res, err := t.base.RoundTrip(out)
	if err != nil {
		return nil, a.hide(err) // reverse_proxy logs it
	}
	return res, nil
}

// errorOf turns a failed attempt into what reverse_proxy understands: an
// error with a status. What means that the client has left stays what it is.
func errorOf(err error) error {
	if r, ok := errors.AsType[*exchange.RetryableError](err); ok {
		return caddyhttp.HandlerError{Err: r, StatusCode: r.Status}
	}
	return err
}

// logFailure logs an attempt that failed: as a warning if the operator has to
// do something about it. cause is what the network said, which a client is not
// told.
func (t transport) logFailure(x *exchange.Exchange, a *Account, err error, cause string) {
	class, _, _ := x.Last()
	level := zapcore.DebugLevel
	if penalties[class].First == refusal {
		level = zapcore.WarnLevel
	}
	if c := t.logger.Check(level, "attempt failed"); c != nil {
		c.Write(
			zap.String("provider", t.Provider),
			zap.String("account", a.Name),
			zap.String("model", x.Model),
			zap.Int("attempt", x.Attempts),
			zap.String("class", class.String()),
			zap.Error(err),
			zap.String("cause", cause),
		)
	}
}

// Interface guards
var (
	_ reverseproxy.Selector             = selector{}
	_ caddyhttp.RequestMatcherWithError = retryable{}
	_ http.RoundTripper                 = transport{}
)
