package aiclient2api

import (
	"net/http"

	"github.com/aiclient2api/caddy-aiclient2api/formats"
	"github.com/aiclient2api/caddy-aiclient2api/internal/exchange"
)

// estimatedHeader says that a number of tokens is an estimate of ours.
const estimatedHeader = "Aiclient2api-Estimated"

// estimate answers how many tokens a prompt has, if none of the targets counts
// in the client's protocol: clients ask before they send, and what they need is
// a number, not a bill.
func (c *call) estimate(w http.ResponseWriter) bool {
	speaker, ok := c.Client.(formats.Speaker)
	counter, counts := c.Client.(formats.Counter)
	if !ok || !counts || c.Failure == nil || c.Failure.Err.Code != exchange.UnsupportedOperation {
		return false
	}
	r, bad := speaker.Decode(c.Body.Bytes())
	if bad != nil {
		_ = c.fail(w, bad)
		return true
	}
	c.answered = true
	w.Header()[estimatedHeader] = []string{"tokens"}
	write(w, http.StatusOK, counter.AppendCount(nil, r.Estimate()))
	return true
}
