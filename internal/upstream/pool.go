package upstream

import (
	"fmt"
	"net/http"
	"net/url"
	"sync/atomic"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp/headers"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp/reverseproxy"
	"github.com/tidwall/gjson"
	"github.com/tidwall/sjson"
	"go.uber.org/zap"

	"github.com/aiclient2api/caddy-aiclient2api/internal/exchange"
)

// Pool is a provider's accounts behind a proxy of Caddy's. All of it is
// built by Provision; after that its methods are safe for concurrent use.
type Pool struct {
	// Provider and Kind are the provider's name and its kind's.
	Provider, Kind string
	// Accounts are the accounts, at least one.
	Accounts []*Account
	// Proxy is Caddy's reverse_proxy as the operator configured it.
	Proxy *reverseproxy.Handler

	base       http.RoundTripper
	headerUp   *headers.HeaderOps
	byUpstream map[*reverseproxy.Upstream]*Account
	logger     *zap.Logger
	holds      bool // what its accounts share
	up         bool // the proxy was provisioned

	requests atomic.Int64 // under way
	gone     atomic.Bool  // the configuration has gone, requests may still be under way
}

// Provision builds the pool. The proxy's transport is loaded first, because
// ours stands around it; its selection policy and retries are completed last.
func (p *Pool) Provision(ctx caddy.Context) error {
	p.logger = ctx.Logger()
	p.byUpstream = make(map[*reverseproxy.Upstream]*Account, len(p.Accounts))
	rp := p.Proxy

	// the transport to the network
	if err := p.loadTransport(ctx); err != nil {
		return err
	}
	rp.Transport = transport{p}

	// the operator's header_up, which our transport applies last
	if rp.Headers != nil && rp.Headers.Request != nil {
		p.headerUp, rp.Headers.Request = rp.Headers.Request, nil
		if err := p.headerUp.Provision(ctx); err != nil {
			return fmt.Errorf("provisioning header_up: %w", err)
		}
	}

	// the accounts
	p.holds = true
	for i, a := range p.Accounts {
		a.index, a.known = i, exchange.NewAttempt([]byte(a.Secret), true)
		identity := a.dial(p.Kind, p.Provider)
		a.upstream = &reverseproxy.Upstream{Dial: identity, MaxRequests: a.MaxRequests}
		a.hash = exchange.Session(identity)
		a.shared = accounts.take(identity, a, p.Kind, p.Provider, time.Now())
		p.byUpstream[a.upstream] = a
		rp.Upstreams = append(rp.Upstreams, a.upstream)
	}

	// failover: to every account once
	if rp.LoadBalancing == nil {
		rp.LoadBalancing = new(reverseproxy.LoadBalancing)
	}
	if rp.LoadBalancing.Retries == 0 {
		rp.LoadBalancing.Retries = len(p.Accounts) - 1
	}
	if err := rp.Provision(ctx); err != nil {
		return fmt.Errorf("provisioning reverse_proxy: %w", err)
	}
	p.up = true
	rp.LoadBalancing.SelectionPolicy = selector{p, p.policy(rp.LoadBalancing.SelectionPolicy)}
	rp.LoadBalancing.RetryMatch = caddyhttp.MatcherSets{{retryable{}}}
	return nil
}

// Cleanup gives back what Provision took. Streams that are still being served
// go on.
func (p *Pool) Cleanup() error {
	if p.holds {
		p.holds = false
		for _, a := range p.Accounts {
			accounts.give(a.shared, time.Now())
		}
	}
	if !p.up {
		return nil
	}
	p.up = false
	p.gone.Store(true)
	return p.Proxy.Cleanup()
}

// leave ends a request. After the last one of a configuration that has gone,
// the connections that it left idle are closed: Caddy has closed only those
// that were idle before.
func (p *Pool) leave() {
	if p.requests.Add(-1) == 0 && p.gone.Load() {
		closeIdle(p.base)
	}
}

// readBuffer is the default of transport http's read_buffer_size, in bytes: a
// burst of a stream's events then takes one read.
const readBuffer = 32 << 10

// writeBuffer is the default of transport http's write_buffer_size, in bytes:
// most requests then take one write.
const writeBuffer = 16 << 10

// handshakeTimeout is the default of tls_timeout: Caddy's own has none.
const handshakeTimeout = 10 * time.Second

// loadTransport loads Caddy's http transport with our defaults. It is loaded
// as a module, so that Caddy closes its idle connections with the configuration.
func (p *Pool) loadTransport(ctx caddy.Context) error {
	var err error
	if p.Proxy.TransportRaw, err = completeTransport(p.Proxy.TransportRaw, p.secure()); err != nil {
		return fmt.Errorf("completing transport: %w", err)
	}
	loaded, err := ctx.LoadModule(p.Proxy, "TransportRaw")
	if err != nil {
		return fmt.Errorf("loading transport: %w", err)
	}
	p.base = loaded.(http.RoundTripper)
	for _, a := range p.Accounts {
		a.local, _ = a.Provider.(http.RoundTripper)
	}
	return nil
}

// completeTransport sets what the operator did not; secure is whether an
// account is called over TLS.
func completeTransport(raw []byte, secure bool) (_ []byte, err error) {
	if len(raw) == 0 {
		raw = []byte(`{"protocol":"http"}`)
	}
	said := gjson.ParseBytes(raw)
	if !member(said, "read_buffer_size").Exists() {
		if raw, err = sjson.SetBytes(raw, "read_buffer_size", readBuffer); err != nil {
			return nil, err
		}
	}
	if !member(said, "write_buffer_size").Exists() {
		if raw, err = sjson.SetBytes(raw, "write_buffer_size", writeBuffer); err != nil {
			return nil, err
		}
	}
	tls := member(said, "tls")
	if !member(tls, "handshake_timeout").Exists() && (tls.Exists() || secure) {
		return sjson.SetBytes(raw, "tls.handshake_timeout", int64(handshakeTimeout))
	}
	return raw, nil
}

// secure reports whether an account is called over TLS.
func (p *Pool) secure() bool {
	for _, a := range p.Accounts {
		if a.Base.Scheme == "https" {
			return true
		}
	}
	return false
}

// ServeHTTP tries x on the accounts, also on those that are cooling if it is
// forced. If nobody answered it returns an error, and nothing has been written.
// No error does not mean an answer: the client may have left. The request that
// the proxy sees bears nothing of the client's, because the proxy prints it in
// its debug log, or would make headers of it (X-Forwarded-For) that go nowhere.
func (p *Pool) ServeHTTP(w http.ResponseWriter, x *exchange.Exchange, forced bool) error {
	p.requests.Add(1)
	defer p.leave()
	t := &trial{Context: x.Request.Context(), Exchange: x, forced: forced}
	defer t.end()
	bare := x.Request.WithContext(t)
	path, _ := x.Path()
	bare.URL = &url.URL{Path: path}
	bare.RequestURI = path
	bare.Header = make(http.Header, 8)
	bare.Body, bare.ContentLength = http.NoBody, 0
	bare.TransferEncoding, bare.Trailer = nil, nil
	bare.RemoteAddr, bare.TLS = "", nil
	if x.FallbackOn != 0 {
		w = &muted{ResponseWriterWrapper: &caddyhttp.ResponseWriterWrapper{ResponseWriter: w}, trial: t}
	}
	err := p.Proxy.ServeHTTP(w, bare, nil)
	if t.moved != nil {
		return t.moved
	}
	return err
}
