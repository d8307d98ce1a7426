package aiclient2api

import (
	"sync/atomic"
	"testing"
	"time"
)

// SetClock gives the handler a clock that the returned function sets forward.
func SetClock(t *testing.T) (forward func(time.Duration)) {
	t.Helper()
	var by atomic.Int64
	now = func() time.Time { return time.Now().Add(time.Duration(by.Load())) }
	t.Cleanup(func() { now = time.Now })
	return func(d time.Duration) { by.Add(int64(d)) }
}
