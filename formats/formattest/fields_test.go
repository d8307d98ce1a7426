package formattest

import (
	"testing"

	"github.com/aiclient2api/caddy-aiclient2api/formats/chat"
	"github.com/aiclient2api/caddy-aiclient2api/formats/gemini"
	"github.com/aiclient2api/caddy-aiclient2api/formats/messages"
	"github.com/aiclient2api/caddy-aiclient2api/formats/responses"
)

// TestErrorsNameTheClientsOwnMembers: what a provider cannot take is told in the
// words of the client's protocol, whatever the neutral form calls it.
func TestErrorsNameTheClientsOwnMembers(t *testing.T) {
	for client, words := range map[string]map[string]string{
		chat.Name:            {"n": "n", "modalities": "modalities", "messages": "messages", "frobnicate": "frobnicate"},
		chat.CompletionsName: {"n": "n", "messages": "prompt"},
		responses.Name:       {"messages": "input", "response_format": "text.format", "max_tokens": "max_output_tokens", "tools": "tools"},
		messages.Name:        {"messages": "messages", "response_format": "output_config.format", "stop": "stop_sequences", "tools": "tools"},
		gemini.Name: {
			"modalities": "generationConfig.responseModalities", "n": "generationConfig.candidateCount", "messages": "contents",
			"logprobs": "generationConfig.responseLogprobs", "response_format": "generationConfig.responseSchema", "tools": "tools",
		},
	} {
		for name, want := range words {
			if got := speaker(t, client).Field(name); got != want {
				t.Errorf("%s of %s: %q, want %q", name, client, got, want)
			}
		}
	}
}
