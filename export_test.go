package aiclient2api

import (
	"sync/atomic"
	"testing"
	"time"
)

// SetClock gives handlers that are provisioned from now on a clock that the returned function sets forward.
func SetClock(t *testing.T) (forward func(time.Duration)) {
	t.Helper()
	var by atomic.Int64
	clock = func() time.Time { return time.Now().Add(time.Duration(by.Load())) }
	t.Cleanup(func() { clock = time.Now })
	return func(d time.Duration) { by.Add(int64(d)) }
}
