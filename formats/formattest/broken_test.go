package formattest

import (
	"strings"
	"testing"

	"github.com/aiclient2api/caddy-aiclient2api/formats"
	"github.com/aiclient2api/caddy-aiclient2api/formats/chat"
	"github.com/aiclient2api/caddy-aiclient2api/formats/gemini"
	"github.com/aiclient2api/caddy-aiclient2api/formats/messages"
	"github.com/aiclient2api/caddy-aiclient2api/formats/responses"
	"github.com/aiclient2api/caddy-aiclient2api/llm"
)

// breaks are the places where an answer can break.
var breaks = []struct {
	place  string
	events []llm.Event
}{
	{"before anything", nil},
	{"behind the start", []llm.Event{{Step: llm.Start, ID: llm.Literal(`"m"`)}}},
	{"in a text", begun(llm.Event{Kind: llm.Text}, `"Hi"`)},
	{"in a thought", begun(llm.Event{Kind: llm.Thought, Origin: llm.Anthropic}, `"Hm"`)},
	{"in a call", begun(llm.Event{Kind: llm.Call, ID: llm.Literal(`"a"`), Name: llm.Literal(`"f"`)}, `"{\"x\":"`)},
	{"in a call that has no argument yet", begun(llm.Event{Kind: llm.Call, ID: llm.Literal(`"a"`), Name: llm.Literal(`"f"`)}, "")},
	{"in a refusal", begun(llm.Event{Kind: llm.Refusal}, `"No"`)},
	{"in an image", begun(llm.Event{Kind: llm.Image, Name: llm.Literal(`"image/png"`)}, `"iVBO"`)},
	{"between two blocks", append(begun(llm.Event{Kind: llm.Text}, `"Hi"`), llm.Event{Step: llm.Close})},
	{"behind a call", append(begun(llm.Event{Kind: llm.Call, ID: llm.Literal(`"a"`), Name: llm.Literal(`"f"`)}, `"{}"`), llm.Event{Step: llm.Close})},
	{"behind the finish", append(begun(llm.Event{Kind: llm.Text}, `"Hi"`), llm.Event{Step: llm.Close}, llm.Event{Step: llm.Finish})},
}

// begun returns the events up to a piece of a block.
func begun(open llm.Event, piece string) []llm.Event {
	open.Step = llm.Open
	events := []llm.Event{{Step: llm.Start, ID: llm.Literal(`"m"`)}, open}
	if piece != "" {
		events = append(events, llm.Event{Step: llm.Delta, Text: llm.Literal(piece)})
	}
	return events
}

// failed are the errors that the SDKs throw for a stream that broke.
var failed = map[string]string{
	chat.Name:            `{"error": {"message": "Broken.", "type": "server_error", "param": null, "code": null}}`,
	chat.CompletionsName: `{"error": {"message": "Broken.", "type": "server_error", "param": null, "code": null}}`,
	responses.Name:       `{"error": {"message": "Broken.", "type": "server_error", "param": null, "code": null}}`,
	messages.Name:        `{"type": "error", "error": {"type": "api_error", "message": "Broken."}}`,
	gemini.Name:          `{"error": {"code": 502, "message": "Broken.", "status": "UNAVAILABLE"}}`,
}

// TestBrokenStreams: a stream that breaks, wherever that is, ends with the
// protocol's own error and nothing behind it.
func TestBrokenStreams(t *testing.T) {
	failure := llm.Event{Step: llm.Fail, Err: &llm.Error{Status: 502, Message: "Broken."}}
	for _, client := range allClients {
		for _, b := range breaks {
			for _, form := range []string{"events", "list"} {
				if form == "list" && client != gemini.Name {
					continue
				}
				t.Run(client+" "+form+"/"+b.place, func(t *testing.T) {
					encoder := speaker(t, client).Encoder(formats.Answer{Request: new(llm.Request), Model: "asked", ID: "id", Created: 1, List: form == "list"})
					var stream []byte
					for _, e := range append(b.events[:len(b.events):len(b.events)], failure) {
						stream = encoder.Append(stream, []llm.Event{e})
					}
					if d := differ(failed[client], collect[client](t, stream)); d != "" {
						t.Errorf("%s\nin %s", d, stream)
					}
					if client == responses.Name && b.events != nil && !strings.Contains(string(stream), `"type":"response.failed"`) {
						t.Errorf("no response that failed, for which Codex waits: %s", stream)
					}
				})
			}
		}
	}
}
