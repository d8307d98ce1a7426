package formattest

import (
	"testing"

	"github.com/aiclient2api/caddy-aiclient2api/formats"
	"github.com/aiclient2api/caddy-aiclient2api/formats/chat"
	"github.com/aiclient2api/caddy-aiclient2api/formats/gemini"
	"github.com/aiclient2api/caddy-aiclient2api/formats/messages"
	"github.com/aiclient2api/caddy-aiclient2api/formats/responses"
	"github.com/aiclient2api/caddy-aiclient2api/llm"
)

// block returns the events of a block.
func block(open llm.Event, inside ...llm.Event) []llm.Event {
	open.Step = llm.Open
	return append(append([]llm.Event{open}, inside...), llm.Event{Step: llm.Close, Choice: open.Choice})
}

// cites are n citations.
func cites(n int, c llm.Citation) []llm.Event {
	events := []llm.Event{{Step: llm.Delta, Text: llm.Literal(`"Hi"`)}}
	for range n {
		events = append(events, llm.Event{Step: llm.Cite, Citation: &c})
	}
	return events
}

// TestNothingOfAnAnswerIsLostUnnamed: what a client's protocol has no place for
// is named, once, whole and in a stream.
func TestNothingOfAnAnswerIsLostUnnamed(t *testing.T) {
	page := llm.Citation{URL: llm.Literal(`"https://example.com"`)}
	piece := llm.Event{Step: llm.Delta, Text: llm.Literal(`"Hi"`)}
	sign := llm.Event{Step: llm.Sign, Signature: llm.Literal(`"S"`), Origin: llm.Google}
	for _, tc := range []struct {
		name   string
		events []llm.Event
		want   map[string]string // nothing for a client that is not named
	}{
		{"citations", block(llm.Event{Kind: llm.Text}, cites(2, page)...), map[string]string{messages.Name: "citations", chat.CompletionsName: "citations"}},
		{"citations without an address", block(llm.Event{Kind: llm.Text}, cites(2, llm.Citation{Title: llm.Literal(`"T"`)})...),
			map[string]string{messages.Name: "citations", chat.CompletionsName: "citations", chat.Name: "citations", responses.Name: "citations"}},
		{"thoughts", block(llm.Event{Kind: llm.Thought}, piece), map[string]string{chat.CompletionsName: "reasoning_content"}},
		{"sealed thoughts", block(llm.Event{Kind: llm.Sealed, Signature: llm.Literal(`"S"`), Origin: llm.OpenAI}), map[string]string{chat.CompletionsName: "reasoning_content"}},
		{"an image", block(llm.Event{Kind: llm.Image, Name: llm.Literal(`"image/png"`)}, piece), map[string]string{chat.CompletionsName: "images"}},
		{"a signed image", block(llm.Event{Kind: llm.Image, Name: llm.Literal(`"image/png"`)}, piece, sign),
			map[string]string{chat.CompletionsName: "images", responses.Name: "reasoning signature"}},
		{"a call", block(llm.Event{Kind: llm.Call, ID: llm.Literal(`"a"`), Name: llm.Literal(`"f"`)}), map[string]string{chat.CompletionsName: "tool_calls"}},
		{"probabilities", block(llm.Event{Kind: llm.Text}, llm.Event{Step: llm.Delta, Text: llm.Literal(`"Hi"`), Logprobs: []llm.TokenLogprob{{Token: llm.Literal(`"Hi"`), Logprob: llm.Number("0")}}}),
			map[string]string{messages.Name: "logprobs"}},
		{"a second answer", append(block(llm.Event{Kind: llm.Text}, piece), block(llm.Event{Kind: llm.Text, Choice: 1}, llm.Event{Step: llm.Delta, Choice: 1, Text: llm.Literal(`"Hi"`)})...),
			map[string]string{messages.Name: "choices", responses.Name: "choices"}},
		{"a signature of nobody's on a call", block(llm.Event{Kind: llm.Call, ID: llm.Literal(`"a"`), Name: llm.Literal(`"f"`), Signature: llm.Literal(`"S"`), Origin: "unknown"}),
			map[string]string{chat.Name: "reasoning signature", chat.CompletionsName: "tool_calls"}},
		{"tokens that were written to a cache", []llm.Event{{Step: llm.Stated, Usage: llm.Usage{Input: llm.Tokens(9), Output: llm.Tokens(1), Written: llm.Tokens(5)}}},
			map[string]string{gemini.Name: "cache_creation_input_tokens"}},
	} {
		events := append([]llm.Event{{Step: llm.Start}}, tc.events...)
		events = append(events, llm.Event{Step: llm.Finish}, llm.Event{Step: llm.End})
		for _, client := range allClients {
			t.Run(tc.name+" for "+client, func(t *testing.T) {
				if _, got := whole(t, client, new(llm.Request), clone(events)); got != tc.want[client] {
					t.Errorf("whole: lost %q, want %q", got, tc.want[client])
				}
				if _, got := streamed(t, client, new(llm.Request), clone(events), false); got != tc.want[client] {
					t.Errorf("stream: lost %q, want %q", got, tc.want[client])
				}
			})
		}
	}
}

// TestCitationsBeyondTheBoundAreNamed: a stream keeps so many citations and no
// more, and says so.
func TestCitationsBeyondTheBoundAreNamed(t *testing.T) {
	for client, n := range map[string]int{chat.Name: 1024, responses.Name: 1024, gemini.Name: 1024} {
		for more, want := range map[int]string{0: "", 1: "citations", 500: "citations"} {
			events := append([]llm.Event{{Step: llm.Start}}, block(llm.Event{Kind: llm.Text}, cites(n+more, llm.Citation{URL: llm.Literal(`"https://example.com"`)})...)...)
			events = append(events, llm.Event{Step: llm.Finish}, llm.Event{Step: llm.End})
			if _, got := streamed(t, client, new(llm.Request), events, false); got != want {
				t.Errorf("%s: %d citations, lost %q, want %q", client, n+more, got, want)
			}
		}
	}
}

// TestNamingLossesIsFree: a piece of a text costs no memory, whether or not its
// protocol has lost something before.
func TestNamingLossesIsFree(t *testing.T) {
	begin := append([]llm.Event{{Step: llm.Start}}, block(llm.Event{Kind: llm.Text}, cites(1, llm.Citation{URL: llm.Literal(`"https://example.com"`)})...)...)
	begin = append(begin, llm.Event{Step: llm.Open, Kind: llm.Text})
	piece := []llm.Event{{Step: llm.Delta, Text: llm.Literal(`"Hi"`)}}
	for _, client := range []string{chat.Name, chat.CompletionsName, messages.Name, gemini.Name} { // responses keep all
		encoder := speaker(t, client).Encoder(formats.Answer{Request: new(llm.Request), Model: "asked", ID: "id"})
		buf := encoder.Append(make([]byte, 0, 1<<12), begin)
		if n := testing.AllocsPerRun(100, func() { buf = encoder.Append(buf[:0], piece) }); n != 0 {
			t.Errorf("%s: %v allocations", client, n)
		}
	}
}
