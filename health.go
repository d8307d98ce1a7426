package aiclient2api

import (
	"net/http"
	"time"

	"github.com/aiclient2api/caddy-aiclient2api/formats"
)

// The states of the gateway and of its providers.
const (
	healthy   = "healthy"
	degraded  = "degraded"
	unhealthy = "unhealthy"
)

// serveHealth tells how the providers are. It needs no key and tells no
// secret. Asked plainly it answers 200 while the gateway serves, because a
// liveness probe must not restart it when a vendor is down; with ?ready it
// answers 503 when no provider has an account that may be asked.
func (h *Handler) serveHealth(w http.ResponseWriter, r *http.Request) error {
	up, serving := 0, 0
	list := []byte{'{'}
	for _, p := range h.Providers {
		if p.pool == nil {
			continue
		}
		if serving++; serving > 1 {
			list = append(list, ',')
		}
		state := unhealthy
		if p.pool.Healthy() {
			state = healthy
			up++
		}
		list = formats.AppendString(list, p.Name)
		list = append(append(append(list, `:{"status":"`...), state...), `"}`...)
	}
	list = append(list, '}')

	state := degraded
	switch up {
	case 0:
		state = unhealthy
	case serving:
		state = healthy
	}
	status := http.StatusOK
	if r.URL.Query().Has("ready") && up == 0 {
		status = http.StatusServiceUnavailable
	}
	body := append([]byte(`{"status":"`), state...)
	body = append(body, `","timestamp":"`...)
	body = time.Now().UTC().AppendFormat(body, time.RFC3339)
	body = append(body, `","providers":`...)
	body = append(append(body, list...), '}')
	w.Header()["Cache-Control"] = []string{"no-store"}
	write(w, status, body)
	return nil
}
