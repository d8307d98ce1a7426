// Package compatible is the provider kind for servers that speak OpenAI's
// protocol: vLLM, llama.cpp, LM Studio, LocalAI, OpenRouter and many more.
package compatible

import (
	"github.com/caddyserver/caddy/v2"

	"github.com/aiclient2api/caddy-aiclient2api/providers"
)

func init() { caddy.RegisterModule(Provider{}) }

// Provider calls any server that speaks OpenAI's protocol. `upstream` must say
// its base URL, with /v1 where the server has it; `api_key` may be left out.
type Provider struct{}

// CaddyModule returns the Caddy module information.
func (Provider) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{
		ID:  providers.Namespace + ".openai_compatible",
		New: func() caddy.Module { return new(Provider) },
	}
}

// Spec returns the constants of the kind.
func (*Provider) Spec() providers.Spec {
	return providers.Spec{
		Formats:    []string{"chat"},
		Operations: []string{"completions", "embeddings", "moderations"},
	}
}

// Sign sends the key, if there is one, as a bearer token.
func (*Provider) Sign(out *providers.Outbound) error {
	providers.Bearer(out)
	return nil
}

// Interface guards
var _ providers.Provider = (*Provider)(nil)
