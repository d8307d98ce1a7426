// Package responses is the wire format of OpenAI's Responses API
// (https://platform.openai.com/docs/api-reference/responses), which Codex and
// the newer OpenAI SDKs speak.
package responses

// Name is the format's name in the configuration.
const Name = "responses"

// Client is the format as clients speak it.
type Client struct{}

// Upstream is the format as providers speak it.
type Upstream struct{}

// Name returns "responses".
func (Client) Name() string { return Name }

// Name returns "responses".
func (Upstream) Name() string { return Name }
