//go:build unix

package agents

import (
	"encoding/json"
	"strings"
)

// call is a call of a tool.
type call struct {
	id   string
	name string
	args map[string]any
}

// result is what a client says that a call came to.
type result struct{ id, text string }

// wire is the format in which a vendor speaks.
type wire struct {
	format, kind string // the provider's
	base         string // what its base URL ends with
	model        string // what the gateway asks it for

	// calls and says are the streams in which the model, after a thought that is
	// signed where the format has signatures, calls tools and says a text.
	calls func([]call) []string
	says  func(text string) []string
	// offered are the names of the tools that a request offers.
	offered func(body map[string]any) []string
	// results are those that a request holds, in its order.
	results func(body map[string]any) []result
}

// thought is what the models think, signature how their vendors sign it.
const (
	thought   = "A note is wanted."
	signature = "c2lnbmVkIGJ5IHRoZSBzY3JpcHQ="
)

var wires = []wire{
	{
		format: "chat", kind: "openai", base: "/v1", model: "gpt-4.1",
		calls: chatCalls, says: chatSays, offered: chatOffered, results: chatResults,
	},
	{
		format: "responses", kind: "openai", base: "/v1", model: "gpt-5.5",
		calls: responsesCalls, says: responsesSays, offered: responsesOffered, results: responsesResults,
	},
	{
		format: "messages", kind: "anthropic", model: "claude-opus-4-8",
		calls: messagesCalls, says: messagesSays, offered: messagesOffered, results: messagesResults,
	},
	{
		format: "gemini", kind: "gemini", model: "gemini-3-pro-preview",
		calls: geminiCalls, says: geminiSays, offered: geminiOffered, results: geminiResults,
	},
}

// arguments are those of a call as JSON, halves its two parts: streams split
// where they like.
func arguments(c call) string { return encoded(c.args) }

func halves(c call) (head, tail string) {
	all := []rune(arguments(c))
	return string(all[:len(all)/2]), string(all[len(all)/2:])
}

func quoted(s string) string { return encoded(s) }

// encoded is a value as JSON.
func encoded(v any) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic(err)
	}
	return strings.TrimSuffix(b.String(), "\n")
}

func decoded(raw string) (v map[string]any) {
	if err := json.Unmarshal([]byte(raw), &v); err != nil {
		panic(err)
	}
	return v
}

// at goes to a value by names of members and indexes of elements; what is not
// there is nil.
func at(v any, path ...any) any {
	for _, step := range path {
		switch step := step.(type) {
		case string:
			m, _ := v.(map[string]any)
			v = m[step]
		case int:
			l, _ := v.([]any)
			if step >= len(l) {
				return nil
			}
			v = l[step]
		}
	}
	return v
}

func list(v any) []any {
	l, _ := v.([]any)
	return l
}

func text(v any) string {
	s, _ := v.(string)
	return s
}
