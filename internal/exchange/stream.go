package exchange

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"

	"github.com/aiclient2api/caddy-aiclient2api/formats"
	"github.com/aiclient2api/caddy-aiclient2api/llm"
	"github.com/aiclient2api/caddy-aiclient2api/sse"
)

// This file relays event streams of the client's own format.
//
// A stream is looked at up to its first content before anything is handed on,
// because until then another account can still answer. From there on bytes
// are relayed as they come, up to the last border between two events: an
// event whose end has not come yet is held back, so that a stream which
// breaks off can be ended with the protocol's own error event and a client
// never sees half an event. Only an event that is larger than the caller's
// buffer is relayed in pieces.
//
// What the stream says of its end and its usage is read once, at the end,
// from its last bytes.

// maxOpening is how much is looked at before the first content, in bytes.
const maxOpening = 1 << 20

// scratch is the memory of one stream.
type scratch struct {
	held []byte // read, not yet handed on
	tail tail   // of what was handed on
}

var scratches = sync.Pool{New: func() any { return &scratch{held: make([]byte, 0, 4<<10)} }}

// release gives the memory back, unless a large event has made it grow.
func (s *scratch) release() {
	if cap(s.held) <= 64<<10 {
		scratches.Put(s)
	}
}

// stream looks at the opening of a stream.
func (x *Exchange) stream(res *http.Response, a Attempt) (*http.Response, error) {
	s := scratches.Get().(*scratch)
	s.held, s.tail.n = s.held[:0], 0
	fail, err := x.open(res.Body, s)
	if fail != nil || err != nil {
		s.release()
	}
	if err != nil {
		return x.broken(res, "the stream ended before it began: "+reason(err))
	}
	if fail != nil {
		return x.refuse(res, a, fail, nil)
	}
	x.Stream = true
	out := x.handOn(res, &relay{x: x, src: res.Body, s: s, whole: true}, -1)
	if !strings.HasPrefix(out.Header.Get("Content-Type"), eventStream) {
		out.Header["Content-Type"] = []string{eventStream}
	}
	out.Header["Cache-Control"] = []string{"no-cache, no-transform"}
	out.Header["X-Accel-Buffering"] = []string{"no"}
	return out, nil
}

// open reads a stream into s.held up to its first content. It returns the
// error that stands there instead, or why the stream ended before.
func (x *Exchange) open(src io.Reader, s *scratch) (*llm.Error, error) {
	at, seen := 0, 0 // the next event begins at; no event ends between at and seen
	for len(s.held) <= maxOpening {
		for sse.Boundary(s.held[max(at, seen-3):]) > 0 {
			ev, rest, ok := sse.Next(s.held[at:])
			if !ok {
				break
			}
			at = len(s.held) - len(rest)
			if opening, fail := x.format.Opening(ev); opening != formats.Preamble {
				return fail, nil
			}
		}
		if seen = len(s.held); seen == cap(s.held) {
			s.held = append(make([]byte, 0, 2*seen), s.held...)
		}
		n, err := src.Read(s.held[seen:cap(s.held)])
		s.held = s.held[:seen+n]
		if err == nil || n > 0 {
			continue
		}
		// the last event may lack its end; nothing comes after it
		if ev, ok := sse.Last(s.held[at:]); ok {
			if _, fail := x.format.Opening(ev); fail != nil {
				return fail, nil
			}
		}
		if err == io.EOF && x.format.Ended(s.held) {
			return nil, nil
		}
		return nil, err
	}
	return nil, nil
}

// relay is the body of a stream that is handed on.
//
// Invariants: s.held has been read from src and not been returned; whole is
// true when what was returned ends between two events; once ended, held is
// all that is left.
type relay struct {
	x     *Exchange
	src   io.ReadCloser
	s     *scratch
	at    int // held[at:] is left
	whole bool
	ended bool
}

// Read returns all whole events that have come, and waits only if there are
// none. It never returns an error but io.EOF: a stream that breaks off ends
// with the client format's error event.
func (r *relay) Read(p []byte) (int, error) {
	if r.s == nil {
		return 0, io.EOF
	}
	held := r.s.held[r.at:]
	n := copy(p, held)
	if r.ended {
		r.at += n
		if n == len(held) {
			return n, io.EOF
		}
		return n, nil
	}
	for seen := 0; ; {
		from := max(0, seen-3) // no event ends before
		cut := sse.Boundary(p[from:n])
		whole := cut > 0
		if whole {
			cut += from
		}
		if !whole && n == len(p) {
			cut = n
		}
		if cut > 0 {
			r.whole = whole
			if n <= len(held) {
				r.at += cut
			} else {
				r.s.held, r.at = append(r.s.held[:0], p[cut:n]...), 0
			}
			r.s.tail.note(p[:cut])
			return cut, nil
		}
		seen = n
		m, err := r.src.Read(p[n:])
		n += m
		if err != nil {
			return r.finish(p, n, err)
		}
	}
}

// finish takes the end of the stream, behind p[:n]. What could not be
// returned yet is held.
func (r *relay) finish(p []byte, n int, err error) (int, error) {
	cutOff := !r.whole
	r.ended, r.at, r.s.held = true, 0, r.s.held[:0]
	if r.x.Gone() {
		return 0, io.EOF
	}
	r.s.tail.note(p[:n])
	if r.x.format.Ended(r.s.tail.bytes()) {
		return n, io.EOF
	}
	r.x.Interrupted = reason(err)
	cut := sse.Boundary(p[:n])
	if cut == 0 && cutOff {
		cut = n // half of the event is out already: end it, so that the next is one
		r.s.held = append(r.s.held, "\n\n"...)
	}
	e := r.x.ours(fmt.Sprintf("the stream of provider %q broke off: %s", r.x.Provider, r.x.Interrupted))
	r.s.held = r.x.Client.AppendError(r.s.held, e, true)
	if cut == 0 {
		return r.Read(p)
	}
	return cut, nil
}

// Close ends the attempt and reads the usage.
func (r *relay) Close() error {
	if r.s == nil {
		return nil
	}
	r.x.Usage = r.x.format.Usage(r.s.tail.bytes())
	err := r.src.Close()
	r.s.release()
	r.s = nil
	return err
}
