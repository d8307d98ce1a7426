package aiclient2api

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/aiclient2api/caddy-aiclient2api/formats"
	"github.com/aiclient2api/caddy-aiclient2api/internal/buffer"
	"github.com/aiclient2api/caddy-aiclient2api/internal/exchange"
	"github.com/aiclient2api/caddy-aiclient2api/llm"
)

// ServeHTTP answers an AI client. It never returns an error of its own: the
// server would print the request with it, credentials included, so errors are
// written here, in the client's protocol.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request, next caddyhttp.Handler) error {
	// 1. dialect: the path says which protocol and what for
	ep, ok := h.router.endpoint(r.URL.Path)
	if !ok {
		return next.ServeHTTP(w, r)
	}
	ep.speak(r)
	c := h.begin(w, r, ep)
	if ep.upgrades(r) {
		w.Header()["Upgrade"], w.Header()["Connection"] = []string{"HTTP/1.1"}, []string{"Upgrade"}
		return c.fail(w, &llm.Error{Status: http.StatusUpgradeRequired, Message: "there is no WebSocket here: send the request as a POST"})
	}
	if !ep.takes(r.Method) {
		w.Header().Set("Allow", ep.allow())
		return c.fail(w, &llm.Error{Status: http.StatusMethodNotAllowed, Message: "this path takes " + ep.allow()})
	}
	if ep.what == health {
		return h.serveHealth(w, r)
	}

	// 2. caller: who it is, and out with the credentials
	who, ok := h.callers.identify(r)
	if !ok && c.inquiry == nil {
		return c.fail(w, errNoKey)
	}
	if who.key == nil && isForgery(r) {
		return c.fail(w, errForgery)
	}
	c.by(who)
	if err := h.pin(&ep, r); err != nil {
		return c.fail(w, err)
	}
	if ep.what != inference {
		return h.serveModels(w, r, ep, c, who)
	}
	defer h.account(c)

	// 3. body: read whole, its head scanned
	if err := c.read(r, ep, h.MaxBody); err != nil {
		return c.fail(w, err)
	}
	defer c.Body.Release()

	// 4. targets: where the model goes
	c.Affinity = h.Affinity.session(c, r)
	targets, err := h.targets(ep, c, who)
	if err != nil {
		return c.fail(w, err)
	}

	// 5. each target until one answers
	c.Header, c.Query = exchange.Upward(r.Header, r.URL.RawQuery)
	w = c.commit(w, h.CommitAfter)
	defer c.Commit.End()
	chain := chain{call: c, handler: h, w: w}
	defer chain.release()
	if chain.walk(targets) {
		return nil
	}

	// 6. nobody answered: the most telling failure
	if c.Op == formats.CountTokens && c.estimate(w) {
		return nil
	}
	chain.hurry()
	c.report(w)
	return nil
}

// call is one request on its way through the handler.
type call struct {
	exchange.Call
	key      string   // the client key's name
	wasRead  bool     // the request's body was read to its end
	answered bool     // by the gateway itself
	last     link     // that was asked, or the first that could be planned
	inquiry  *inquiry // nil if it is a client's
}

// begin makes the call of a request and its facts.
func (h *Handler) begin(w http.ResponseWriter, r *http.Request, ep endpoint) *call {
	c := &call{Call: exchange.Call{
		Request:     r,
		Client:      ep.client,
		Op:          ep.op,
		Below:       ep.below,
		Debug:       h.DebugHeaders,
		Strict:      h.Strict,
		MaxAttempts: h.MaxAttempts,
		Start:       time.Now(),
	}}
	repl := r.Context().Value(caddy.ReplacerCtxKey).(*caddy.Replacer)
	c.RequestID, _ = repl.GetString("http.request.uuid")
	w.Header()["Aiclient2api-Request-Id"] = []string{c.RequestID}
	c.publish(r, repl)
	c.inquire(w)
	return c
}

// commit returns what the answer is written to, which begins a stream before it
// is there if that takes longer than after. A stream that is a list is not begun
// so: its beginning says already what it will hold.
func (c *call) commit(w http.ResponseWriter, after caddy.Duration) http.ResponseWriter {
	if after <= 0 || !c.Head.Stream || c.Head.List || !c.Op.Translates() {
		return w
	}
	c.Commit = exchange.NewCommit(w, time.Duration(after), c.Client.KeepAlive())
	return c.Commit
}

// by notes who called.
func (c *call) by(who caller) {
	c.Secrets = who.secrets
	if who.key != nil {
		c.key = who.key.Name
	}
}

// read reads the body and scans its head.
func (c *call) read(r *http.Request, ep endpoint, limit int64) *llm.Error {
	body, err := buffer.Read(r.Body, r.ContentLength, limit)
	if err != nil {
		return noBody(err, limit)
	}
	c.wasRead = true
	var head formats.Head
	var bad *llm.Error
	if c.Op != formats.Stored {
		head, bad = formats.Scan(body.Bytes())
	}
	if ep.named {
		head = formats.Head{Model: ep.model, Stream: ep.stream, InPath: true, List: r.URL.Query().Get("alt") != "sse"}
		if bad == nil {
			bad = formats.CheckModel(ep.model)
		}
	}
	if bad == nil && head.Model == "" && c.Op.NeedsModel() {
		bad = &llm.Error{Status: http.StatusBadRequest, Param: "model", Message: "you must provide a 'model'"}
	}
	if bad != nil {
		body.Release()
		return bad
	}
	c.Head, c.Body = head, body
	return nil
}

// noBody says why a body could not be read.
func noBody(err error, limit int64) *llm.Error {
	if errors.Is(err, buffer.ErrTooLarge) {
		return tooLarge(limit)
	}
	if limited, ok := errors.AsType[*http.MaxBytesError](err); ok { // by another handler, which has its own limit
		return tooLarge(limited.Limit)
	}
	return &llm.Error{Status: http.StatusBadRequest, Message: "the request body broke off"}
}

func tooLarge(limit int64) *llm.Error {
	return &llm.Error{
		Status:  http.StatusRequestEntityTooLarge,
		Code:    "request_too_large",
		Message: "the request body is larger than " + strconv.FormatInt(limit, 10) + " bytes",
	}
}

// pin takes the provider that a header names, unless the path names one.
func (h *Handler) pin(ep *endpoint, r *http.Request) *llm.Error {
	name := r.Header.Get("Model-Provider")
	if name == "" || ep.pin != nil {
		return nil
	}
	if ep.pin = h.router.byName[name]; ep.pin == nil {
		return &llm.Error{
			Status: http.StatusNotFound, Type: "invalid_request_error", Code: "provider_not_found",
			Message: fmt.Sprintf("there is no provider %q", clip(name)),
		}
	}
	return nil
}

// targets returns where a call goes.
func (h *Handler) targets(ep endpoint, c *call, who caller) ([]target, *llm.Error) {
	if ep.op == formats.Stored {
		return h.router.keeping(ep, who)
	}
	asked := c.Head.Model
	if ep.pin != nil {
		asked = ep.pin.Name + "/" + asked
	}
	if !who.may(asked) {
		return nil, noModel(c.Head.Model)
	}
	targets, on := h.router.resolve(ep.pin, c.Head.Model)
	if targets == nil {
		return nil, noModel(c.Head.Model)
	}
	c.FallbackOn = on
	return serving(split(targets, c.Affinity))
}
