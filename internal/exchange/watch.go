package exchange

import (
	"context"
	"io"
	"math"
	"sync"
	"sync/atomic"
	"time"
)

// Limits bound an attempt in time. A limit of 0 is none.
type Limits struct {
	// First is until the first content of a stream, or the whole of an answer
	// that is not streamed.
	First time.Duration
	// Idle is between two reads of a stream that has begun.
	Idle time.Duration
	// Total is from the beginning to the end.
	Total time.Duration
}

// watch ends an attempt that takes too long, by cancelling its context, and is
// the body of its answer. One timer serves all its limits.
type watch struct {
	context.Context
	cancel context.CancelFunc
	limits Limits
	began  time.Time
	timer  *time.Timer
	src    io.ReadCloser // the answer's body

	content atomic.Bool   // the first has come
	late    atomic.Bool   // a limit was passed
	total   atomic.Bool   // it was that of the whole
	reads   atomic.Uint64 // begun and ended: odd while one is under way

	mu sync.Mutex
	// of ring: the read that was under way when it looked last, 0 if none was,
	// and since when it is known to be
	seen  uint64
	since time.Duration
}

// looks is how many times in an idle limit it is looked whether a stream is
// idle. To note the time at each read would cost more than all else here.
const looks = 8

// watched returns the watch of an attempt that begins now.
func watched(client context.Context, limits Limits) *watch {
	w := &watch{limits: limits, began: time.Now()}
	w.Context, w.cancel = context.WithCancel(client)
	w.mu.Lock() // which ring takes first: then there is a timer
	defer w.mu.Unlock()
	w.timer = time.AfterFunc(w.left(0), w.ring)
	return w
}

// left returns how long the attempt may go on before it is looked again. now is
// after began.
func (w *watch) left(now time.Duration) time.Duration {
	left := time.Duration(math.MaxInt64)
	if l := w.limits.Total; l > 0 {
		left = l - now
	}
	if l := w.limits.First; l > 0 && !w.content.Load() {
		left = min(left, l-now)
	}
	return left
}

// idle returns how long a stream that has begun may go on before it is looked
// again. A read that is under way counts from when it was first seen; while
// none is, it is the client that is waited for.
func (w *watch) idle(now time.Duration) time.Duration {
	l := w.limits.Idle
	if l <= 0 || !w.content.Load() {
		return math.MaxInt64
	}
	read := w.reads.Load()
	switch {
	case read%2 == 0:
		w.seen = 0
	case read != w.seen:
		w.seen, w.since = read, now
	case now-w.since >= l:
		return 0
	}
	return max(1, l/looks)
}

// ring looks whether the time is over.
func (w *watch) ring() {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := time.Since(w.began)
	left := min(w.left(now), w.idle(now))
	switch {
	case left <= 0:
		w.total.Store(w.limits.Total > 0 && now >= w.limits.Total)
		w.late.Store(true)
		w.cancel()
	case left < math.MaxInt64:
		w.timer.Reset(left)
		if w.Err() != nil { // it was stopped meanwhile
			w.timer.Stop()
		}
	}
}

// begun notes that the first content has come.
func (w *watch) begun() {
	w.content.Store(true)
	if w.Err() == nil && w.limits.Idle > 0 {
		w.timer.Reset(max(1, min(w.left(time.Since(w.began)), w.limits.Idle/looks)))
	}
}

// stop ends the watch.
func (w *watch) stop() {
	w.cancel() // first: ring looks for it
	w.timer.Stop()
}

// over returns an answer's body under watch.
func (w *watch) over(src io.ReadCloser) io.ReadCloser {
	w.src = src
	return w
}

// Read reads of the body, and notes that it does.
func (w *watch) Read(p []byte) (int, error) {
	w.reads.Add(1)
	n, err := w.src.Read(p)
	w.reads.Add(1)
	return n, err
}

// Close ends the attempt.
func (w *watch) Close() error {
	w.stop()
	return w.src.Close()
}
