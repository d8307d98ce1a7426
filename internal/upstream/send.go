package upstream

import (
	"bytes"
	"context"
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

// small is up to how many bytes a body is sent as what net/http knows to be
// memory: then it writes head and body at once, and not each for itself.
const small = writeBuffer - 1<<10 // less what the head may take

// parcel is a body on its way to an account, and what is known of that way.
type parcel struct {
	memory   *buffer.Body
	segments [][]byte
	flat     []byte // all of a small one
	length   int64

	opened   atomic.Int32 // readers over it
	reused   atomic.Bool  // the connection had served others
	written  atomic.Bool  // all of it
	answered atomic.Bool  // the first byte has come
}

// pack makes a parcel of a body. What it holds of memory is given back by
// unpack, or when the last reader of a large body was closed.
func pack(memory *buffer.Body, segments [][]byte, length int64) *parcel {
	p := &parcel{memory: memory, segments: segments, length: length}
	switch {
	case length == 0 || length > small:
	case len(segments) == 1:
		memory.Hold()
		p.flat = segments[0]
	default:
		p.flat = buffer.Get(int(length))
		for _, s := range segments {
			p.flat = append(p.flat, s...)
		}
		p.memory = buffer.Of(p.flat)
	}
	return p
}

// open returns a reader over the body.
func (p *parcel) open() io.ReadCloser {
	p.opened.Add(1)
	switch {
	case p.length == 0:
		return http.NoBody
	case p.flat != nil:
		return io.NopCloser(bytes.NewReader(p.flat))
	}
	return p.memory.Reader(p.segments)
}

// unpack gives back the memory of a small body after the round trip. net/http
// does not say when it is done with memory that it knows as such, but that it
// has written a request: then nobody reads, unless there was a second reader.
// Otherwise the memory is left to the garbage collector, which knows better.
func (p *parcel) unpack() {
	if p.flat != nil && p.written.Load() && p.opened.Load() == 1 {
		p.memory.Release()
	}
}

// traced returns a context in which net/http tells how the parcel fares.
func (p *parcel) traced(ctx context.Context) context.Context {
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn:              func(c httptrace.GotConnInfo) { p.reused.Store(c.Reused) },
		GotFirstResponseByte: func() { p.answered.Store(true) },
		WroteRequest: func(w httptrace.WroteRequestInfo) {
			if w.Err == nil {
				p.written.Store(true)
			}
		},
	})
}

// send sends a request, whose body p is and whose context p traces. One that
// died on a kept-alive connection before any byte of an answer is repeated on a
// fresh one: that the other side had closed the connection is nobody's fault.
// net/http does so by itself, but not if a part of the request was written.
func (p *parcel) send(out *http.Request, via http.RoundTripper) (*http.Response, error) {
	defer p.unpack()
	for repeated := 0; ; repeated++ {
		res, err := via.RoundTrip(out)
		if err == nil || repeated == mostRepeats ||
			!p.reused.Load() || p.answered.Load() || !wasClosed(err) || out.Context().Err() != nil {
			return res, err
		}
		closeIdle(via) // the next one would be as dead
		p.reused.Store(false)
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
