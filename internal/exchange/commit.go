package exchange

import (
	"net/http"
	"sync"
	"time"
)

// Commit begins the answer of a stream before its first event is there, and
// keeps it alive while nothing comes. It stands between whoever answers and the
// client: the one timer that it has writes only while whoever answers waits for
// a provider at the border of an event.
type Commit struct {
	http.ResponseWriter
	every time.Duration
	ping  []byte

	mu      sync.Mutex
	timer   *time.Timer
	waiting bool // for a provider
	begun   bool // by the answer or by us
	early   bool // by us
	ended   bool
	last    time.Time // that something was written
}

// NewCommit returns what stands in the place of w. ping is written when nothing
// was for as long as every, and after that again; the first one begins the answer.
func NewCommit(w http.ResponseWriter, every time.Duration, ping string) *Commit {
	c := &Commit{ResponseWriter: w, every: every, ping: []byte(ping), last: time.Now()}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.timer = time.AfterFunc(every, c.ring)
	return c
}

// pingTime is how long a client may take to take a ping: whoever answers has to
// wait as long.
const pingTime = 30 * time.Second

// ring writes, if it is time.
func (c *Commit) ring() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ended {
		return
	}
	left := c.every - time.Since(c.last)
	if c.waiting && left <= 0 {
		rc := http.NewResponseController(c.ResponseWriter)
		_ = rc.SetWriteDeadline(time.Now().Add(pingTime))
		c.begin()
		_, _ = c.ResponseWriter.Write(c.ping)
		_ = rc.Flush()
		_ = rc.SetWriteDeadline(time.Time{})
		c.last, left = time.Now(), c.every
	}
	c.timer.Reset(max(left, c.every/8))
}

// begin sends the status and the headers of a stream, unless that was done.
func (c *Commit) begin() {
	if c.begun {
		return
	}
	c.begun, c.early = true, true
	h := c.Header()
	h["Content-Type"] = []string{eventStream}
	unbuffered(h)
	c.ResponseWriter.WriteHeader(http.StatusOK)
}

// enter says that whoever answers waits for a provider, leave that it does so
// no more: until the next time nothing else is written. Both may be asked of
// nil.
func (c *Commit) enter() { c.wait(true) }
func (c *Commit) leave() { c.wait(false) }

func (c *Commit) wait(on bool) {
	if c != nil {
		c.mu.Lock()
		c.waiting = on
		c.mu.Unlock()
	}
}

// Early reports whether the answer has begun before it was there, so that an
// error can only be one in its stream.
func (c *Commit) Early() bool {
	if c == nil {
		return false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.early
}

// End ends it. Nothing is written afterwards.
func (c *Commit) End() {
	if c != nil {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.ended = true
		c.timer.Stop()
	}
}

// WriteHeader sends the status, unless the answer has begun.
func (c *Commit) WriteHeader(status int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.begun {
		c.begun = true
		c.ResponseWriter.WriteHeader(status)
	}
}

// Write writes.
func (c *Commit) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.begun = true
	c.last = time.Now()
	return c.ResponseWriter.Write(p)
}

// FlushError flushes.
func (c *Commit) FlushError() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return http.NewResponseController(c.ResponseWriter).Flush()
}

// Unwrap returns the writer below.
func (c *Commit) Unwrap() http.ResponseWriter { return c.ResponseWriter }
