package upstream

import (
	"bytes"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/http/httptrace"
	"runtime/debug"
	"strings"
	"sync/atomic"
	"syscall"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp/reverseproxy"

	"github.com/aiclient2api/caddy-aiclient2api/internal/buffer"
	"github.com/aiclient2api/caddy-aiclient2api/internal/exchange"
)

// userAgent is who we say we are. It is shared and must not be changed.
var userAgent = []string{product() + " (+https://github.com/aiclient2api/caddy-aiclient2api)"}

func product() string {
	const module = "github.com/aiclient2api/caddy-aiclient2api"
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, dep := range info.Deps {
			if dep.Path == module && dep.Replace == nil && dep.Version != "" {
				return "aiclient2api/" + dep.Version[1:]
			}
		}
	}
	return "aiclient2api"
}

// Values of headers that never change, shared by all requests.
var (
	jsonType   = []string{"application/json"}
	streamType = []string{"text/event-stream"}
	identity   = []string{"identity"}
	none       = []string{}
)

// outward returns the headers of an attempt: what of the client's may go up,
// and what every attempt has. No compression is asked for, because the bytes
// are read here. The empty idempotency key is not sent; it tells net/http
// that the request may be repeated on a fresh connection if a kept-alive one
// turns out to be closed.
func outward(x *exchange.Exchange) http.Header {
	client := x.Upward()
	h := make(http.Header, 8+len(client))
	maps.Copy(h, client)
	h["Accept"] = jsonType
	if x.Head.Stream {
		h["Accept"] = streamType
	}
	h["Accept-Encoding"] = identity
	h["Content-Type"] = jsonType
	h["User-Agent"] = userAgent
	if h["Idempotency-Key"] == nil {
		h["X-Idempotency-Key"] = none
	}
	return h
}

// small is up to how many bytes a body is copied for an attempt.
const small = writeBuffer - 1<<10 // less what the head may take

// upload returns what makes readers over a body. A small one is copied, into
// what net/http knows to be memory: then it writes head and body at once, and
// not each for itself.
func upload(memory *buffer.Body, segments [][]byte, length int64) func() io.ReadCloser {
	if length > small {
		return func() io.ReadCloser { return memory.Reader(segments) }
	}
	flat := make([]byte, 0, length)
	for _, s := range segments {
		flat = append(flat, s...)
	}
	return func() io.ReadCloser { return io.NopCloser(bytes.NewReader(flat)) }
}

// send sends a request. One that died on a kept-alive connection before any
// byte of an answer is repeated on a fresh one: that the other side had closed
// the connection is nobody's fault. net/http does so by itself, but not if a
// part of the request was written.
func send(out *http.Request, via http.RoundTripper) (*http.Response, error) {
	var reused, answered atomic.Bool
	out = out.WithContext(httptrace.WithClientTrace(out.Context(), &httptrace.ClientTrace{
		GotConn:              func(c httptrace.GotConnInfo) { reused.Store(c.Reused) },
		GotFirstResponseByte: func() { answered.Store(true) },
	}))
	for repeated := 0; ; repeated++ {
		res, err := via.RoundTrip(out)
		if err == nil || repeated == mostRepeats ||
			!reused.Load() || answered.Load() || !wasClosed(err) || out.Context().Err() != nil {
			return res, err
		}
		closeIdle(via) // the next one would be as dead
		reused.Store(false)
		out = out.Clone(out.Context())
		out.Body, _ = out.GetBody()
	}
}

// mostRepeats bounds how often a request is repeated: a connection that another
// request has just left may be as dead as the last.
const mostRepeats = 3

// closeIdle closes the connections of a transport that nobody uses at present.
func closeIdle(via http.RoundTripper) {
	if ht, ok := via.(*reverseproxy.HTTPTransport); ok {
		ht.Transport.CloseIdleConnections()
	}
}

// wasClosed reports whether an error says that the other side had closed the
// connection: nothing else is repeated, and least of all what took too long.
func wasClosed(err error) bool {
	return exchange.IsClosed(err) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) ||
		strings.Contains(err.Error(), "server closed idle connection") // net/http's own, which is not exported
}
