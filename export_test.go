package aiclient2api

import (
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aiclient2api/caddy-aiclient2api/llm"
)

// SetClock gives handlers that are provisioned from now on a clock that the returned function sets forward.
func SetClock(t *testing.T) (forward func(time.Duration)) {
	t.Helper()
	var by atomic.Int64
	clock = func() time.Time { return time.Now().Add(time.Duration(by.Load())) }
	t.Cleanup(func() { clock = time.Now })
	return func(d time.Duration) { by.Add(int64(d)) }
}

// SetInquiryTime bounds inquiries for the time of a test.
func SetInquiryTime(t *testing.T, d time.Duration) {
	t.Helper()
	before := inquiryTime
	inquiryTime = d
	t.Cleanup(func() { inquiryTime = before })
}

// Counting returns what counts one streamed call that was answered, of a
// handler that names the model a-model.
func Counting(model string) func() {
	p := &Provider{Name: "benchmark", meter: newMeter("benchmark", []string{"a-model"})}
	h := &Handler{meter: newMeter("", nil)}
	c := &call{last: link{provider: p}, answered: true}
	c.Request = httptest.NewRequest(http.MethodPost, "/", nil)
	c.Head.Model, c.Model = model, model
	c.Stream, c.FirstToken = true, 400*time.Millisecond
	for _, n := range []*llm.Count{&c.Usage.Input, &c.Usage.Output, &c.Usage.Cached, &c.Usage.Reasoning} {
		*n = llm.Count{N: 100, Known: true}
	}
	return func() { h.account(c) }
}
