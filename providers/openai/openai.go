// Package openai is the provider kind for OpenAI's own API.
package openai

import (
	"github.com/caddyserver/caddy/v2"

	"github.com/aiclient2api/caddy-aiclient2api/providers"
)

func init() { caddy.RegisterModule(Provider{}) }

// Provider calls OpenAI (https://platform.openai.com/docs/api-reference). The
// key comes from OPENAI_API_KEY unless `api_key` says another.
type Provider struct{}

// CaddyModule returns the Caddy module information.
func (Provider) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{
		ID:  providers.Namespace + ".openai",
		New: func() caddy.Module { return new(Provider) },
	}
}

// Spec returns the constants of the kind.
func (*Provider) Spec() providers.Spec {
	return providers.Spec{
		BaseURL:    "https://api.openai.com/v1",
		Secret:     "{env.OPENAI_API_KEY}",
		Formats:    []string{"chat", "responses"},
		Operations: []string{"completions", "embeddings", "moderations", "count_tokens", "compact", "stored_responses"},
	}
}

// Sign sends the key as a bearer token.
func (*Provider) Sign(out *providers.Outbound) error {
	providers.Bearer(out)
	return nil
}

// Interface guards
var _ providers.Provider = (*Provider)(nil)
