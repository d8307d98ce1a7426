// Package standard imports the provider kinds that ship with the module.
package standard

import (
	// Provider kinds.
	_ "github.com/aiclient2api/caddy-aiclient2api/providers/anthropic"
	_ "github.com/aiclient2api/caddy-aiclient2api/providers/compatible"
	_ "github.com/aiclient2api/caddy-aiclient2api/providers/echo"
	_ "github.com/aiclient2api/caddy-aiclient2api/providers/gemini"
	_ "github.com/aiclient2api/caddy-aiclient2api/providers/openai"
)
