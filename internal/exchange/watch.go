package exchange

import (
	"context"
	"io"
	"math"
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

// watch ends an attempt that takes too long, by cancelling its context. One
// timer serves all its limits.
type watch struct {
	context.Context
	cancel context.CancelFunc
	limits Limits
	began  time.Time
	timer  *time.Timer

	content atomic.Bool  // the first has come
	late    atomic.Bool  // a limit was passed
	waiting atomic.Int64 // when the read began that is under way, after began; 0 if none is
}

// watched returns the watch of an attempt that begins now.
func watched(client context.Context, limits Limits) *watch {
	w := &watch{limits: limits, began: time.Now()}
	w.Context, w.cancel = context.WithCancel(client)
	w.timer = time.AfterFunc(math.MaxInt64, w.ring)
	if left := w.left(0); left < math.MaxInt64 {
		w.timer.Reset(left)
	}
	return w
}

// left returns how long the attempt may go on as things are. now is after began.
func (w *watch) left(now time.Duration) time.Duration {
	left := time.Duration(math.MaxInt64)
	if l := w.limits.Total; l > 0 {
		left = l - now
	}
	if !w.content.Load() {
		if l := w.limits.First; l > 0 {
			left = min(left, l-now)
		}
		return left
	}
	if l := w.limits.Idle; l > 0 {
		since := time.Duration(w.waiting.Load())
		if since == 0 { // it is the client that is waited for
			since = now
		}
		left = min(left, since+l-now)
	}
	return left
}

// ring looks whether the time is over.
func (w *watch) ring() {
	left := w.left(time.Since(w.began))
	switch {
	case left <= 0:
		w.late.Store(true)
		w.cancel()
	case left < math.MaxInt64:
		w.timer.Reset(left)
	}
}

// begun notes that the first content has come.
func (w *watch) begun() {
	w.content.Store(true)
	if w.Err() == nil && w.limits.Idle > 0 {
		w.timer.Reset(max(1, w.left(time.Since(w.began))))
	}
}

// stop ends the watch.
func (w *watch) stop() {
	w.timer.Stop()
	w.cancel()
}

// body is an answer's body under watch.
type body struct {
	io.ReadCloser
	*watch
}

// Read reads, and notes since when.
func (b body) Read(p []byte) (int, error) {
	b.waiting.Store(max(1, int64(time.Since(b.began))))
	n, err := b.ReadCloser.Read(p)
	b.waiting.Store(0)
	return n, err
}

// Close ends the attempt.
func (b body) Close() error {
	b.stop()
	return b.ReadCloser.Close()
}
