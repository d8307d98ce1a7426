// Package aiclient2api is an AI gateway as a Caddy HTTP handler. Any AI client
// is pointed at the site and talks to any provider's models: the handler
// authenticates the client, routes by the model's name, and lets Caddy's own
// reverse_proxy carry the request to one of the provider's accounts.
//
// The configuration is this file and caddyfile.go; the way of a request is
// handler.go.
package aiclient2api

import (
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"go.uber.org/zap"

	// What ships.
	_ "github.com/aiclient2api/caddy-aiclient2api/providers/standard"
)

func init() {
	caddy.RegisterModule(Handler{})
	httpcaddyfile.RegisterHandlerDirective("aiclient2api", parseCaddyfile)
	httpcaddyfile.RegisterDirectiveOrder("aiclient2api", httpcaddyfile.Before, "respond")
}

// defaultMaxBody is the default of MaxBody, in bytes.
const defaultMaxBody = 64 << 20

// defaultMaxAttempts is the default of MaxAttempts: enough for a large pool of
// which most have gone bad at once, and a bound for what an outage multiplies.
const defaultMaxAttempts = 16

// Handler is an AI gateway: it answers AI clients in the protocol that they
// speak, from the providers that it is configured with. Requests that are not
// an AI client's go to the next handler.
//
// Errors are answered in the client's protocol, here: `handle_errors` does
// not run for them.
//
// After a request, these placeholders hold facts for logs, and the access log
// has them in the object `aiclient2api`:
//
// Placeholder | Description
// ------------|------------
// `{http.aiclient2api.key}` | The name of the client key
// `{http.aiclient2api.model}` | The model as the client named it
// `{http.aiclient2api.provider}` | The provider that answered or was asked last
// `{http.aiclient2api.account}` | The account that answered or was asked last
// `{http.aiclient2api.upstream_model}` | The model's name at the provider
// `{http.aiclient2api.format}` | The format that was spoken with the provider
// `{http.aiclient2api.stream}` | Whether the answer was a stream
// `{http.aiclient2api.attempts}` | How many accounts were asked
// `{http.aiclient2api.input_tokens}` | Tokens of the prompt, cached ones included, if the provider said so
// `{http.aiclient2api.output_tokens}` | Tokens of the answer, reasoning included, if the provider said so
// `{http.aiclient2api.cached_tokens}` | Tokens that were read from a cache, if the provider said so
// `{http.aiclient2api.reasoning_tokens}` | Tokens of reasoning, if the provider said so
// `{http.aiclient2api.ttft_ms}` | Milliseconds until the first content of the answer
type Handler struct {
	// Let anybody call. Excludes keys. Unless the server listens on loopback
	// only, a warning is logged at load. Default: `false`.
	Open bool `json:"open,omitempty"`

	// The client keys. Either keys or open must be configured.
	Keys []*Key `json:"keys,omitempty"`

	// The providers, at least one. Their order is the order in which their
	// models are searched.
	Providers []*Provider `json:"providers,omitempty"`

	// Which model goes where: the first rule that matches wins.
	Models []*Rule `json:"models,omitempty"`

	// Where models go that nothing else claims: targets in order, as in a
	// rule. Default: the only provider, if there is one only.
	Default []string `json:"default,omitempty"`

	// The most that a request's body may measure, in bytes.
	// Default: `67108864` (64 MiB).
	MaxBody int64 `json:"max_body,omitempty"`

	// The most accounts that are asked for one request, over all targets.
	// Default: `16`.
	MaxAttempts int `json:"max_attempts,omitempty"`

	// What a session is known by, so that its requests go to the same account,
	// whose prompt cache they find. Default: none; the selection policy chooses for
	// each request.
	Affinity *Affinity `json:"affinity,omitempty"`

	// Begin a stream's answer after that long without a first event, and keep it
	// alive with comments or pings of the client's protocol, that often. Other
	// accounts and targets can still answer, but an error is then one in the
	// stream, with no status of its own. Default: off.
	CommitAfter caddy.Duration `json:"commit_after,omitempty"`

	// Turn losses that a translation would name into errors.
	// Default: `false`.
	Strict bool `json:"strict,omitempty"`

	// Tell in the headers of answers which provider and account answered,
	// after how many attempts, and hand on the account's rate-limit headers.
	// Default: `false`.
	DebugHeaders bool `json:"debug_headers,omitempty"`

	callers  *callers
	router   *router
	catalogs map[*Provider]*catalog
	meter    *meter // of requests for which no provider was asked
	logger   *zap.Logger
}

// CaddyModule returns the Caddy module information.
func (Handler) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{
		ID:  "http.handlers.aiclient2api",
		New: func() caddy.Module { return new(Handler) },
	}
}

// Provision builds the immutable tables that requests are served from. No
// provider is called.
func (h *Handler) Provision(ctx caddy.Context) error {
	h.logger = ctx.Logger()
	repl := caddy.NewReplacer()
	if h.MaxBody == 0 {
		h.MaxBody = defaultMaxBody
	}
	if h.MaxAttempts == 0 {
		h.MaxAttempts = defaultMaxAttempts
	}

	// who may call
	var err error
	if h.callers, err = newCallers(h.Open, h.Keys, repl); err != nil {
		return err
	}

	// who is called
	templates := new(secretTemplates)
	h.catalogs = make(map[*Provider]*catalog)
	for i, p := range h.Providers {
		if p == nil {
			return fmt.Errorf("provider %d is null", i+1)
		}
		if err := p.provision(ctx, repl, templates); err != nil {
			return fmt.Errorf("provider %q: %w", p.Name, err)
		}
		h.catalogs[p] = &catalog{now: clock}
	}
	h.callers.templates = *templates
	if h.Affinity != nil {
		if err := h.Affinity.check(); err != nil {
			return err
		}
	}

	// which model goes where
	if h.router, err = newRouter(h.Providers, h.Models, h.Default, repl); err != nil {
		return err
	}
	h.warn(ctx)
	return h.measure(ctx.GetMetricsRegistry())
}

// Validate checks what no single part can.
func (h *Handler) Validate() error {
	switch {
	case !h.Open && len(h.Keys) == 0:
		return errNobody
	case h.Open && len(h.Keys) > 0:
		return errOpenAndKeys
	case len(h.Providers) == 0:
		return errNoProvider
	case h.MaxBody < 0:
		return fmt.Errorf("max_body must not be negative: %d", h.MaxBody)
	case h.CommitAfter < 0:
		return fmt.Errorf("commit_after must not be negative: %v", time.Duration(h.CommitAfter))
	case h.MaxAttempts < 0:
		return fmt.Errorf("max_attempts must be at least 1: %d", h.MaxAttempts)
	}
	return nil
}

// Cleanup gives back what Provision took. Requests that are being served
// are served to their end.
func (h *Handler) Cleanup() error {
	var errs []error
	for _, p := range h.Providers {
		if p != nil && p.pool != nil {
			errs = append(errs, p.pool.Cleanup())
		}
	}
	return errors.Join(errs...)
}

// What Validate says, and the Caddyfile with file and line.
var (
	errNobody      = errors.New("nobody may call: at least one 'key' or 'open' must stand here")
	errOpenAndKeys = errors.New("'open' lets anybody call: it excludes 'key'")
	errNoProvider  = errors.New("nobody is called: at least one 'provider' must stand here")
)

// warn logs what an operator should know about the server that the handler
// stands in.
func (h *Handler) warn(ctx caddy.Context) {
	srv, ok := ctx.Value(caddyhttp.ServerCtxKey).(*caddyhttp.Server)
	if !ok {
		return
	}
	if h.Open && !loopbackOnly(srv.Listen) {
		h.logger.Warn("anybody who reaches this server may use its providers' accounts: 'open' is meant for loopback; say 'bind 127.0.0.1', or 'key' instead of 'open'",
			zap.Strings("listen", srv.Listen))
	}
	if srv.Logs != nil && showsKeys(ctx, srv.Logs) {
		h.logger.Warn("the access log of this server shows clients' keys in X-Api-Key, X-Goog-Api-Key and ?key=: say 'format aiclient2api' in its 'log' block")
	}
}

// loopbackOnly reports whether all addresses that a server listens on are
// reached from this machine only.
func loopbackOnly(listen []string) bool {
	for _, l := range listen {
		addr, err := caddy.ParseNetworkAddress(l)
		if err != nil {
			return false
		}
		if addr.IsUnixNetwork() {
			continue
		}
		ip := net.ParseIP(strings.Trim(addr.Host, "[]"))
		if addr.Host != "localhost" && (ip == nil || !ip.IsLoopback()) {
			return false
		}
	}
	return true
}

// Interface guards
var (
	_ caddy.Provisioner           = (*Handler)(nil)
	_ caddy.Validator             = (*Handler)(nil)
	_ caddy.CleanerUpper          = (*Handler)(nil)
	_ caddyhttp.MiddlewareHandler = (*Handler)(nil)
)
