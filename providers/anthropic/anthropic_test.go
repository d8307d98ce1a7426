package anthropic

import (
	"net/http"
	"testing"

	"github.com/aiclient2api/caddy-aiclient2api/providers"
)

func TestSign(t *testing.T) {
	for _, tc := range []struct {
		name, secret, said string
		key, version       string
	}{
		{name: "our version", secret: "k", key: "k", version: "2023-06-01"},
		{name: "a client's", secret: "k", said: "2026-10-21", key: "k", version: "2026-10-21"},
		{name: "no secret", version: "2023-06-01"},
	} {
		out := &providers.Outbound{Header: http.Header{}, Secret: tc.secret}
		if tc.said != "" {
			out.Header.Set("Anthropic-Version", tc.said)
		}
		if err := new(Provider).Sign(out); err != nil {
			t.Fatal(err)
		}
		if out.Header.Get("X-Api-Key") != tc.key || out.Header.Get("Anthropic-Version") != tc.version || out.Header.Get("Authorization") != "" {
			t.Errorf("%s: %v", tc.name, out.Header)
		}
	}
}
