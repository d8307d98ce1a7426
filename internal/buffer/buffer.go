// Package buffer reads bodies, of requests and of answers, into pooled memory
// and lends them to readers. net/http may go on reading a request body after
// the round trip has returned, so that memory goes back to its pool only when
// the last reader over it was closed.
package buffer

import (
	"errors"
	"io"
	"math/bits"
	"sync"
	"sync/atomic"
)

// promised is the most that is allocated on a client's word, before any of
// its bytes have arrived.
const promised = 2 << 20

// least and most are the sizes of the smallest and of the largest buffers that
// are pooled. Larger ones are left to the garbage collector, so that one large
// request does not hold its memory for ever.
const (
	least = 4 << 10
	most  = 4 << 20
)

// pools hold buffers by size, each class twice the one before. All buffers of a
// class are good for all of its sizes: one that was made for a short body would
// otherwise come back as too small for the next long one.
var pools [11]sync.Pool

// class returns the class of the smallest buffers of at least n bytes, n being
// at most most.
func class(n int) int { return bits.Len(uint(max(n, least)-1)) - bits.Len(least-1) }

// get returns an empty slice with a capacity of at least n.
func get(n int) []byte {
	if n > most {
		return make([]byte, 0, n)
	}
	c := class(n)
	if b, _ := pools[c].Get().(*[]byte); b != nil {
		return (*b)[:0]
	}
	return make([]byte, 0, least<<c)
}

// put gives the memory of b back.
func put(b []byte) {
	if n := cap(b); n >= least && n <= most {
		c := class(n)
		if n < least<<c {
			c-- // it grew to a size of its own, and is good for the smaller ones
		}
		pools[c].Put(&b)
	}
}

// ErrTooLarge says that a body has more bytes than it may have.
var ErrTooLarge = errors.New("body is too large")

// Body is a body in memory. It begins with one reference, that of who read it; each reader holds one more.
type Body struct {
	bytes []byte
	refs  atomic.Int32
}

// Read reads r to its end. length is what the sender announced, -1 if
// nothing; a body of more than limit bytes is ErrTooLarge, and then at most
// limit+1 bytes have been read. The caller releases the body.
func Read(r io.Reader, length, limit int64) (*Body, error) {
	if length > limit {
		return nil, ErrTooLarge
	}
	body, whole, err := Begin(r, length, limit)
	if err != nil {
		return nil, err
	}
	if !whole {
		body.Release()
		return nil, ErrTooLarge
	}
	return body, nil
}

// Begin reads r to its end, but not much further than limit bytes: whole is
// false if there may be more. It is for answers, which are looked at as far
// as that and relayed if they are longer. The caller releases the body.
func Begin(r io.Reader, length, limit int64) (body *Body, whole bool, err error) {
	size := int64(least)
	if length >= 0 {
		size = min(length, promised, limit) + 1 // one more, for the read that finds the end
	}
	b := get(int(size))
	for int64(len(b)) <= limit {
		if len(b) == cap(b) {
			grown := append(get(2*cap(b)), b...)
			put(b)
			b = grown
		}
		room := b[len(b):cap(b)]
		if left := limit + 1 - int64(len(b)); int64(len(room)) > left {
			room = room[:left]
		}
		n, err := r.Read(room)
		b = b[:len(b)+n]
		if err == io.EOF && int64(len(b)) <= limit {
			return newBody(b), true, nil
		}
		if err != nil && err != io.EOF {
			put(b)
			return nil, false, err
		}
	}
	return newBody(b), false, nil
}

// Get returns an empty slice with room for n bytes, for somebody who makes a
// body and then gives it to Of.
func Get(n int) []byte { return get(n) }

// Of makes a body of b, whose memory is the body's from then on. The caller
// releases it.
func Of(b []byte) *Body { return newBody(b) }

func newBody(b []byte) *Body {
	body := &Body{bytes: b}
	body.refs.Store(1)
	return body
}

// Bytes returns the body. It is valid until the last reference is released
// and must not be changed.
func (b *Body) Bytes() []byte { return b.bytes }

// Hold takes one more reference.
func (b *Body) Hold() { b.refs.Add(1) }

// Release gives back one reference.
func (b *Body) Release() {
	if b.refs.Add(-1) == 0 {
		put(b.bytes)
		b.bytes = nil
	}
}

// Reader returns a reader over segments, which are parts of the body or
// memory that outlives it. It holds the body until it is closed; closing it
// twice is harmless.
func (b *Body) Reader(segments [][]byte) io.ReadCloser {
	b.Hold()
	return &reader{body: b, segments: segments}
}

// reader reads segments one after the other. net/http may close it while
// another goroutine of its own reads, so that both take the lock.
type reader struct {
	mu       sync.Mutex
	body     *Body
	segments [][]byte
	at       int // in the first segment
}

// Read copies from the segments.
func (r *reader) Read(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.body == nil {
		return 0, errClosed
	}
	n := 0
	for n < len(p) && len(r.segments) > 0 {
		c := copy(p[n:], r.segments[0][r.at:])
		n += c
		if r.at += c; r.at == len(r.segments[0]) {
			r.segments, r.at = r.segments[1:], 0
		}
	}
	if n == 0 && len(r.segments) == 0 {
		return 0, io.EOF
	}
	return n, nil
}

var errClosed = errors.New("reading a request body after it was closed")

// Close releases the body.
func (r *reader) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.body != nil {
		r.body.Release()
		r.body = nil
	}
	return nil
}
