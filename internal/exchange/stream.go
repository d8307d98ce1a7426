package exchange

import (
	"bytes"
	"errors"
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
// never sees half an event. Only an event of more than maxEvent bytes is
// relayed in pieces.
//
// What the stream says of its end and its usage is read once, at the end,
// from its last bytes.

const (
	maxOpening = 1 << 20  // bytes looked at before the first content
	maxEvent   = 1 << 20  // bytes of an event that are held back for its end
	chunk      = 32 << 10 // bytes that a stream is read in
	mostEvents = 256      // of a translation that are kept for the next
)

// window is what has been read of a stream and was not returned yet.
type window struct {
	buf  []byte
	at   int // buf[at:] is left
	seen int // in buf[at:seen] no event ends
}

// fill reads once from src, behind what is left.
func (w *window) fill(src io.Reader) error {
	if len(w.buf) == cap(w.buf) {
		if w.at > 0 {
			w.buf = w.buf[:copy(w.buf, w.buf[w.at:])]
			w.seen -= w.at
			w.at = 0
		} else {
			w.buf = append(make([]byte, 0, 2*cap(w.buf)), w.buf...)
		}
	}
	n, err := src.Read(w.buf[len(w.buf):cap(w.buf)])
	w.buf = w.buf[:len(w.buf)+n]
	return err
}

// whole returns how many bytes of what is left are whole events.
func (w *window) whole() int {
	from := max(w.at, w.seen-3) // the longest end of an event has four bytes
	cut := sse.Boundary(w.buf[from:])
	if cut == 0 {
		w.seen = len(w.buf)
		return 0
	}
	return from + cut - w.at
}

// scratch is the memory of one stream.
type scratch struct {
	window
	tail   tail        // of what was handed on
	events []llm.Event // of a translation
	groove groove      // of its events
	out    []byte      // what it made of them
}

var scratches = sync.Pool{New: func() any {
	return &scratch{window: window{buf: make([]byte, 0, chunk)}}
}}

func newScratch() *scratch {
	s := scratches.Get().(*scratch)
	s.window = window{buf: s.buf[:0]}
	s.tail.n = 0
	s.out = s.out[:0]
	s.groove.leave()
	return s
}

// release gives the memory back, unless a large event has made it grow.
func (s *scratch) release() {
	if cap(s.buf) == chunk && cap(s.out) <= 4*chunk && cap(s.events) <= mostEvents {
		clear(s.events[:cap(s.events)]) // they hold on to what they came from
		scratches.Put(s)
	}
}

// opened looks at the opening of a stream, and returns what was read of it. If
// the stream is none to hand on, that is nil, and the others are the answer.
func (x *Exchange) opened(res *http.Response, a Attempt) (*scratch, *http.Response, error) {
	s := newScratch()
	fail, err := x.open(res.Body, &s.window, a)
	if fail == nil && err == nil {
		s.at, s.seen = 0, 0 // it is handed on from the start
		x.Stream = true
		return s, nil, nil
	}
	s.release()
	switch {
	case errors.Is(err, errForeign):
		res, err = x.broken(res, err.Error())
	case err != nil:
		res, err = x.brokeOff(res, "the stream ended before it began", err)
	default:
		res, err = x.refuse(res, a, fail)
	}
	return nil, res, err
}

// stream relays a stream.
func (x *Exchange) stream(res *http.Response, a Attempt) (*http.Response, error) {
	s, failed, err := x.opened(res, a)
	if s == nil {
		return failed, err
	}
	out := x.handOn(res, &relay{x: x, src: res.Body, scratch: s, attempt: a}, -1)
	if !strings.HasPrefix(out.Header.Get("Content-Type"), eventStream) {
		out.Header["Content-Type"] = []string{eventStream}
	}
	unbuffered(out.Header)
	return out, nil
}

// unbuffered asks proxies before us and caches to pass a stream on as it comes.
func unbuffered(h http.Header) {
	h["Cache-Control"] = []string{"no-cache, no-transform"}
	h["X-Accel-Buffering"] = []string{"no"}
}

// open reads a stream up to its first content. It returns the error that
// stands there instead, or why the stream ended before. Nothing is returned
// from the window yet; at is where the first event begins that was not looked at.
func (x *Exchange) open(src io.Reader, w *window, a Attempt) (*llm.Error, error) {
	for len(w.buf) <= maxOpening {
		at := w.at + w.whole()
		events := w.buf[w.at:at]
		for len(events) > 0 {
			ev, rest, ok := sse.Next(events)
			if !ok {
				break
			}
			ev = bare(ev, events[:len(events)-len(rest)])
			events = rest
			a.mask(ev.Data)
			if isForeign(ev.Data) {
				return nil, errForeign
			}
			if opening, fail := x.format.Opening(ev); opening != formats.Preamble {
				return fail, nil
			}
		}
		w.at = 0 // all of it stays
		had := len(w.buf)
		err := w.fill(src)
		w.at = at
		if err == nil || len(w.buf) > had {
			continue
		}
		// the last event may lack its end; nothing comes after it
		ev, _ := sse.Last(w.buf[at:])
		if ev = bare(ev, w.buf[at:]); ev.Data != nil {
			a.mask(ev.Data)
			if _, fail := x.format.Opening(ev); fail != nil {
				return fail, nil
			}
		}
		if x.ended(w.buf[max(0, len(w.buf)-tailSize):], w.buf[at:], err) {
			return nil, nil
		}
		return nil, err
	}
	return nil, nil
}

// errForeign says that a stream that is to be translated cannot be.
var errForeign = errors.New("its stream does not begin with events of its format")

// isForeign reports whether the data of an event is no JSON and no terminator.
func isForeign(data []byte) bool {
	return len(data) > 0 && data[0] != '{' && data[0] != '[' || len(data) > 0 && data[0] == '{' && !formats.Balanced(data)
}

// ended reports whether a stream came to its own end: tail are its last bytes,
// left is what of them has no end.
func (x *Exchange) ended(tail, left []byte, err error) bool {
	if ev, ok := sse.Last(left); ok && ev.Data != nil && !x.format.Complete(ev.Data) {
		return false
	}
	return x.format.Ended(tail, errors.Is(err, io.EOF))
}

// relay is the body of a stream that is handed on.
type relay struct {
	*scratch
	x       *Exchange
	src     io.ReadCloser
	attempt Attempt
	ready   int  // bytes of the window that can be returned
	half    bool // what was returned last ends within an event
	ended   bool // nothing more is read; what is ready is all there is
}

// Read returns all whole events that have come, and waits only if there are
// none. It never returns an error but io.EOF: a stream that breaks off ends
// with the client format's error event.
func (r *relay) Read(p []byte) (int, error) {
	if r.scratch == nil {
		return 0, io.EOF
	}
	for r.ready == 0 {
		if r.ended {
			return 0, io.EOF
		}
		if r.ready = r.whole(); r.ready > 0 {
			r.half = false
		} else if len(r.buf)-r.at > maxEvent {
			r.ready, r.half = len(r.buf)-r.at, true
		} else if err := r.wait(); err != nil {
			r.finish(err)
		}
		r.attempt.mask(r.buf[r.at : r.at+r.ready])
	}
	n := copy(p, r.buf[r.at:r.at+r.ready])
	if !r.ended {
		r.tail.note(p[:n])
	}
	r.at += n
	r.ready -= n
	return n, nil
}

// wait reads more. Between events the stream may be kept alive meanwhile.
func (r *relay) wait() error {
	if r.half || r.x.Commit == nil {
		return r.fill(r.src)
	}
	r.x.Commit.enter()
	defer r.x.Commit.leave()
	return r.fill(r.src)
}

// finish takes the end of the stream: what is left of it is returned if the
// stream came to its own end, and gives way to an error event if it broke off.
func (r *relay) finish(err error) {
	r.ended = true
	if r.x.Gone() {
		return
	}
	last := r.tail.bytes()
	cr := len(last) > 0 && last[len(last)-1] == '\r'
	left := r.whole()
	r.tail.note(r.buf[r.at:])
	if r.x.ended(r.tail.bytes(), r.buf[r.at+left:], err) {
		r.ready = len(r.buf) - r.at
		r.failedInside()
		return
	}
	r.x.interrupt(r.x.why(err))
	if left > 0 {
		cr = r.buf[r.at+left-1] == '\r'
		r.half = false
	}
	r.buf = r.buf[:r.at+left]
	switch {
	case r.half: // it is out already: end it, so that the next is one
		r.buf = append(r.buf, "\n\n"...)
	case cr: // it may have been the first half of a line's end
		r.buf = append(r.buf, '\n')
	}
	e := r.x.ours(fmt.Sprintf("the stream of provider %q broke off: %s", r.x.Provider, r.x.Interrupted))
	r.buf = r.x.Client.AppendError(r.buf, e, true)
	r.ready = len(r.buf) - r.at
}

// failedInside notes that the stream ended with an error of the provider's,
// which the client gets as it is. A terminator may stand behind it. What only
// says how the answer ended is none: Google's models botch calls.
func (r *relay) failedInside() {
	rest := r.tail.bytes()
	for range 2 {
		ev, before, ok := sse.Final(rest)
		if !ok {
			return
		}
		if _, e := r.x.format.Opening(ev); e != nil && (string(ev.Name) == "error" || bytes.Contains(ev.Data, []byte(`"error"`))) {
			r.attempt.hide(e)
			r.x.interrupt(Classify(e, r.attempt.Own), e.Brief())
			return
		}
		rest = before
	}
}

// Close ends the attempt and reads the usage.
func (r *relay) Close() error {
	if r.scratch == nil {
		return nil
	}
	r.x.Usage = r.x.format.Usage(r.tail.bytes())
	r.release()
	r.scratch = nil
	return r.src.Close()
}
