// Package gemini is the provider kind for Google's Gemini API.
package gemini

import (
	"github.com/caddyserver/caddy/v2"

	"github.com/aiclient2api/caddy-aiclient2api/providers"
)

func init() { caddy.RegisterModule(Provider{}) }

// Provider calls the Gemini API (https://ai.google.dev/api). The key comes from
// GEMINI_API_KEY unless `api_key` says another.
type Provider struct{}

// CaddyModule returns the Caddy module information.
func (Provider) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{
		ID:  providers.Namespace + ".gemini",
		New: func() caddy.Module { return new(Provider) },
	}
}

// Spec returns the constants of the kind.
func (*Provider) Spec() providers.Spec {
	return providers.Spec{
		BaseURL:    "https://generativelanguage.googleapis.com",
		Secret:     "{env.GEMINI_API_KEY}",
		Formats:    []string{"gemini"},
		Operations: []string{"count_tokens"},
		ModelList:  "/v1beta/models?pageSize=1000",
	}
}

// Sign sends the key in its header: in the URL it would stand in logs.
func (*Provider) Sign(out *providers.Outbound) error {
	if out.Secret != "" {
		out.Header["X-Goog-Api-Key"] = []string{out.Secret}
	}
	return nil
}

// Interface guards
var _ providers.Provider = (*Provider)(nil)
