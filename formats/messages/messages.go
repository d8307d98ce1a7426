// Package messages is the wire format of Anthropic's Messages API
// (https://docs.claude.com/en/api/messages). How clients speak it stands in
// models.go and the files that begin with client_, how providers do in the
// others; error.go has both.
package messages

import "github.com/aiclient2api/caddy-aiclient2api/formats"

// Name is the format's name in the configuration.
const Name = "messages"

// Client is the format as clients speak it.
type Client struct{}

// Upstream is the format as providers speak it.
type Upstream struct{}

// Name returns "messages".
func (Client) Name() string { return Name }

// Name returns "messages".
func (Upstream) Name() string { return Name }

// Path returns where a conversation stands below a base URL such as
// https://api.anthropic.com. The format has no other operation.
func (Upstream) Path(op formats.Operation, _ string, _ bool) (path, query string) {
	if op == formats.CountTokens {
		return "/v1/messages/count_tokens", ""
	}
	return "/v1/messages", ""
}

// Interface guards
var (
	_ formats.Client   = Client{}
	_ formats.Listener = Upstream{}
	_ formats.Steady   = (*decoder)(nil)
)
