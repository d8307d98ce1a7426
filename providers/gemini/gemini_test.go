package gemini

import (
	"net/http"
	"testing"

	"github.com/aiclient2api/caddy-aiclient2api/providers"
)

// The key goes into a header, never into the URL.
func TestSign(t *testing.T) {
	for secret, want := range map[string]string{"k": "k", "": ""} {
		out := &providers.Outbound{Header: http.Header{}, Secret: secret}
		if err := new(Provider).Sign(out); err != nil {
			t.Fatal(err)
		}
		if out.Header.Get("X-Goog-Api-Key") != want || out.Header.Get("Authorization") != "" || out.URL != nil {
			t.Errorf("%q: %v", secret, out.Header)
		}
	}
}
