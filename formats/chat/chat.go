// Package chat is the wire format of OpenAI's chat completions
// (https://platform.openai.com/docs/api-reference/chat) and of what stands
// beside them under the same roof: legacy completions, embeddings, moderations.
package chat

import (
	"github.com/aiclient2api/caddy-aiclient2api/formats"
)

// Name is the format's name in the configuration.
const Name = "chat"

// Client is the format as clients speak it.
type Client struct{}

// Upstream is the format as providers speak it.
type Upstream struct{}

// Name returns "chat".
func (Client) Name() string { return Name }

// Name returns "chat".
func (Upstream) Name() string { return Name }

// Path returns where an operation stands below a base URL such as
// https://api.openai.com/v1.
func (Upstream) Path(op formats.Operation, _ string, _ bool) (path, query string) {
	switch op {
	case formats.Completions:
		return "/completions", ""
	case formats.Embeddings:
		return "/embeddings", ""
	case formats.Moderations:
		return "/moderations", ""
	default:
		return "/chat/completions", ""
	}
}

// Interface guards
var (
	_ formats.Client   = Client{}
	_ formats.Upstream = Upstream{}
)
