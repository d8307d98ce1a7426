// Package anthropic is the provider kind for Anthropic's own API.
package anthropic

import (
	"github.com/caddyserver/caddy/v2"

	"github.com/aiclient2api/caddy-aiclient2api/providers"
)

func init() { caddy.RegisterModule(Provider{}) }

// Provider calls Anthropic (https://docs.claude.com/en/api/overview). The key
// comes from ANTHROPIC_API_KEY unless `api_key` says another.
type Provider struct{}

// version is the API version that requests are made for
// (https://docs.claude.com/en/api/versioning). A client of the same format may
// say another, 2026-10-21 for one, which takes no sampling parameters.
var version = []string{"2023-06-01"}

// CaddyModule returns the Caddy module information.
func (Provider) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{
		ID:  providers.Namespace + ".anthropic",
		New: func() caddy.Module { return new(Provider) },
	}
}

// Spec returns the constants of the kind.
func (*Provider) Spec() providers.Spec {
	return providers.Spec{
		BaseURL:    "https://api.anthropic.com",
		Secret:     "{env.ANTHROPIC_API_KEY}",
		Formats:    []string{"messages"},
		Operations: []string{"count_tokens"},
		ModelList:  "/v1/models?limit=1000",
	}
}

// Sign sends the key, and the API version unless the client or `header_up` says
// one.
func (*Provider) Sign(out *providers.Outbound) error {
	if out.Secret != "" {
		out.Header["X-Api-Key"] = []string{out.Secret}
	}
	if out.Header["Anthropic-Version"] == nil {
		out.Header["Anthropic-Version"] = version
	}
	return nil
}

// Interface guards
var _ providers.Provider = (*Provider)(nil)
