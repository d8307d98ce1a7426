package integration

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/packages/param"
	"github.com/openai/openai-go/v3/shared"
)

// What the strict double thinks, and how it signs that.
const (
	strictThought      = "Let me think about it."
	anthropicSignature = "c3RyaWN0bW9jay1zaWduYXR1cmU="
	googleSignature    = "c3RyaWN0bW9jaw=="
)

// collecting is how a client keeps an assistant's message for the next turn.
type collecting struct {
	name    string
	message func(t *testing.T, client openai.Client, params openai.ChatCompletionNewParams) node
}

// collectings are the ways of clients with what OpenAI's protocol has no place
// for: a message that came whole goes back as it came, of a stream some join
// the pieces of one block by their index, others keep them one by one.
var collectings = []collecting{
	{name: "whole", message: func(t *testing.T, client openai.Client, params openai.ChatCompletionNewParams) node {
		return read(t, []byte(complete(t, client, params).Choices[0].Message.RawJSON()))
	}},
	{name: "stream, pieces joined", message: func(t *testing.T, client openai.Client, params openai.ChatCompletionNewParams) node {
		return collect(t, client, params, true)
	}},
	{name: "stream, pieces as they came", message: func(t *testing.T, client openai.Client, params openai.ChatCompletionNewParams) node {
		return collect(t, client, params, false)
	}},
}

// collect makes a message of the deltas of a stream, from their JSON.
func collect(t *testing.T, client openai.Client, params openai.ChatCompletionNewParams, join bool) node {
	t.Helper()
	stream := client.Chat.Completions.NewStreaming(t.Context(), params)
	defer stream.Close()
	all := newPieces(join)
	for stream.Next() {
		if chunk := stream.Current(); len(chunk.Choices) > 0 {
			all.add(read(t, []byte(chunk.Choices[0].Delta.RawJSON())))
		}
	}
	if err := stream.Err(); err != nil {
		t.Fatal(err)
	}
	return all.message()
}

// pieces is a message that is made of the deltas of a stream.
type pieces struct {
	join           bool // the pieces of a detail of the reasoning
	said           map[string]any
	calls, details []any
}

func newPieces(join bool) *pieces {
	return &pieces{join: join, said: map[string]any{"role": "assistant"}}
}

// add adds a delta.
func (p *pieces) add(delta node) {
	lengthen(p.said, "content", delta.at("content").v)
	lengthen(p.said, "reasoning_content", delta.at("reasoning_content").v)
	if extra := delta.at("extra_content").v; extra != nil {
		p.said["extra_content"] = extra
	}
	for i := range delta.at("tool_calls").len() {
		p.call(delta.at("tool_calls", i))
	}
	for i := range delta.at("reasoning_details").len() {
		p.detail(delta.at("reasoning_details", i).v.(map[string]any))
	}
}

// call adds a piece of a call.
func (p *pieces) call(piece node) {
	index, _ := piece.at("index").v.(float64)
	if int(index) == len(p.calls) {
		call := piece.v.(map[string]any)
		delete(call, "index")
		p.calls = append(p.calls, call)
		return
	}
	call := node{p.calls[int(index)]}
	for name, text := range map[string]string{"function": "arguments", "custom": "input"} {
		if tool, is := call.at(name).v.(map[string]any); is {
			lengthen(tool, text, piece.at(name, text).v)
		}
	}
	if extra := piece.at("extra_content").v; extra != nil {
		call.v.(map[string]any)["extra_content"] = extra
	}
}

// detail adds a piece of a detail of the reasoning.
func (p *pieces) detail(piece map[string]any) {
	same := slices.IndexFunc(p.details, func(d any) bool { return d.(map[string]any)["index"] == piece["index"] })
	if !p.join || same < 0 {
		p.details = append(p.details, piece)
		return
	}
	whole := p.details[same].(map[string]any)
	for name, value := range piece {
		if name == "text" {
			lengthen(whole, name, value)
		} else {
			whole[name] = value
		}
	}
}

// lengthen adds to a text.
func lengthen(m map[string]any, name string, piece any) {
	if text, is := piece.(string); is {
		had, _ := m[name].(string)
		m[name] = had + text
	}
}

// message is what the deltas make together.
func (p *pieces) message() node {
	if p.calls != nil {
		p.said["tool_calls"] = p.calls
	}
	if p.details != nil {
		p.said["reasoning_details"] = p.details
	}
	return node{p.said}
}

// A model that is amid its calls must get its thoughts back, unchanged and
// with the provider's signature: through a client whose protocol knows none.
func TestTranslatedThinkingGoesRound(t *testing.T) {
	onVendors(t, func(t *testing.T, v vendor, s strict, client openai.Client) {
		for _, way := range collectings {
			for _, tt := range []struct {
				name, model, text string
				calls             int
			}{
				{name: "one call", model: v.thinkers[0], text: "What is the weather?", calls: 1},
				{name: "parallel calls", model: v.thinkers[0], text: "strictmock:parallel", calls: 2},
				{name: "one call", model: v.thinkers[1], text: "What is the weather?", calls: 1},
				{name: "parallel calls", model: v.thinkers[1], text: "strictmock:parallel", calls: 2},
			} {
				t.Run(tt.name+" of "+tt.model+"/"+way.name, func(t *testing.T) {
					s.reset(t)
					params := sayTo(tt.model, tt.text)
					params.ReasoningEffort = shared.ReasoningEffortMedium
					params.Tools = []openai.ChatCompletionToolUnionParam{weather}
					message := way.message(t, client, params)
					message.at("reasoning_content").is(t, "the reasoning", `"`+strictThought+`"`)
					calls := message.at("tool_calls")
					if calls.len() != tt.calls {
						t.Fatalf("the message has %d calls, want %d: %s", calls.len(), tt.calls, message)
					}
					if v.name == "gemini" {
						calls.at(0, "extra_content", "google", "thought_signature").is(t, "the call's signature", `"`+googleSignature+`"`)
					}

					params.Messages = []openai.ChatCompletionMessageParamUnion{
						openai.UserMessage("What is the weather?"),
						param.Override[openai.ChatCompletionMessageParamUnion](json.RawMessage(message.String())),
					}
					for i := range calls.len() {
						params.Messages = append(params.Messages, openai.ToolMessage("sunny", calls.at(i, "id").v.(string)))
					}
					if text := complete(t, client, params).Choices[0].Message.Content; text != strictText {
						t.Errorf("text of the second turn is %q, want %q", text, strictText)
					}
					log := checkSent(t, s, v, 2)
					for i, r := range log {
						checkThinks(t, v, i, read(t, r.Body))
					}
					checkGivenBack(t, v, read(t, log[1].Body), tt.calls)
				})
			}
		}
	})
}

// checkThinks checks that a request asks the model to think.
func checkThinks(t *testing.T, v vendor, i int, body node) {
	t.Helper()
	kind := body.at("thinking", "type").v
	asks := kind == "enabled" || kind == "adaptive"
	if v.name == "gemini" {
		asks = body.at("generationConfig", "thinkingConfig", "includeThoughts").v == true
	}
	if !asks {
		t.Errorf("request %d does not ask for thinking: %s", i, body)
	}
}

// checkGivenBack checks that the assistant's turn has what the provider wants
// back.
func checkGivenBack(t *testing.T, v vendor, body node, calls int) {
	t.Helper()
	if v.name == "anthropic" {
		turn := body.at("messages", 1, "content")
		turn.at(0).is(t, "the thinking block",
			`{"type":"thinking","thinking":"`+strictThought+`","signature":"`+anthropicSignature+`"}`)
		if got := strings.Count(body.String(), `"signature"`); got != 1 {
			t.Errorf("%d signatures went back, want one: %s", got, body)
		}
		return
	}
	parts := body.at("contents", 1, "parts")
	for i := range calls {
		want := "null" // parallel calls have one, on the first
		if i == 0 {
			want = `"` + googleSignature + `"`
		}
		part := parts.at(parts.len() - calls + i)
		if part.at("functionCall").v == nil {
			t.Errorf("part %s is no call", part)
		}
		part.at("thoughtSignature").is(t, "the signature", want)
	}
	if strings.Contains(body.String(), strictThought) {
		t.Errorf("the summary of the thoughts went back, which nobody signed: %s", body)
	}
}

// What has no text goes round too: thoughts that the provider keeps for
// itself, sealed ones, and signatures of a text.
func TestTranslatedThinkingWithoutText(t *testing.T) {
	onVendors(t, func(t *testing.T, v vendor, s strict, client openai.Client) {
		for _, way := range collectings {
			t.Run(way.name, func(t *testing.T) {
				s.reset(t)
				answer := silent[v.name]
				next := map[string]any{"body": answer.whole}
				if way.name != "whole" {
					next = map[string]any{"body": answer.stream, "content_type": "text/event-stream"}
				}
				s.tell(t, "_next", next)
				params := sayTo(v.thinkers[0], "What is the weather?")
				params.ReasoningEffort = shared.ReasoningEffortMedium
				params.Tools = []openai.ChatCompletionToolUnionParam{weather}
				message := way.message(t, client, params)
				params.Messages = append(params.Messages,
					param.Override[openai.ChatCompletionMessageParamUnion](json.RawMessage(message.String())))
				if calls := message.at("tool_calls"); calls.len() > 0 {
					params.Messages = append(params.Messages, openai.ToolMessage("sunny", calls.at(0, "id").v.(string)))
				} else {
					params.Messages = append(params.Messages, openai.UserMessage("And tomorrow?"))
				}
				complete(t, client, params)
				log := checkSent(t, s, v, 2)
				list, parts := "messages", "content"
				if v.name == "gemini" {
					list, parts = "contents", "parts"
				}
				read(t, log[1].Body).at(list, 1, parts).is(t, "the turn that went back", answer.back)
			})
		}
	})
}

// silent are answers whose reasoning has no text, whole and as a stream, and
// the turn that must go back.
var silent = map[string]struct{ whole, stream, back string }{
	"anthropic": {
		whole: `{"id":"msg_1","type":"message","role":"assistant","model":"claude-sonnet-4-5","content":[` +
			`{"type":"thinking","thinking":"","signature":"c2lsZW50"},{"type":"redacted_thinking","data":"c2VhbGVk"},` +
			`{"type":"tool_use","id":"toolu_1","name":"get_weather","input":{"location":"Paris"}}],` +
			`"stop_reason":"tool_use","stop_sequence":null,"usage":{"input_tokens":3,"output_tokens":2}}`,
		stream: events(`{"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant","model":"claude-sonnet-4-5","content":[],`+
			`"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":3,"output_tokens":1}}}`,
			`{"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":"","signature":""}}`,
			`{"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"c2lsZW50"}}`,
			`{"type":"content_block_stop","index":0}`,
			`{"type":"content_block_start","index":1,"content_block":{"type":"redacted_thinking","data":"c2VhbGVk"}}`,
			`{"type":"content_block_stop","index":1}`,
			`{"type":"content_block_start","index":2,"content_block":{"type":"tool_use","id":"toolu_1","name":"get_weather","input":{}}}`,
			`{"type":"content_block_delta","index":2,"delta":{"type":"input_json_delta","partial_json":""}}`,
			`{"type":"content_block_delta","index":2,"delta":{"type":"input_json_delta","partial_json":"{\"location\":\"Paris\"}"}}`,
			`{"type":"content_block_stop","index":2}`,
			`{"type":"message_delta","delta":{"stop_reason":"tool_use","stop_sequence":null},"usage":{"output_tokens":2}}`,
			`{"type":"message_stop"}`),
		back: `[{"type":"thinking","thinking":"","signature":"c2lsZW50"},{"type":"redacted_thinking","data":"c2VhbGVk"},` +
			`{"type":"tool_use","id":"toolu_1","name":"get_weather","input":{"location":"Paris"}}]`,
	},
	"gemini": {
		whole: `{"candidates":[{"content":{"role":"model","parts":[{"text":"Sunny.","thoughtSignature":"c2lnbmVk"}]},"finishReason":"STOP","index":0}],` +
			`"usageMetadata":{"promptTokenCount":3,"candidatesTokenCount":2,"totalTokenCount":5},"modelVersion":"gemini-3-pro-preview","responseId":"r1"}`,
		stream: events(`{"candidates":[{"content":{"role":"model","parts":[{"text":"Sunny."}]},"index":0}],"modelVersion":"gemini-3-pro-preview","responseId":"r1"}`,
			`{"candidates":[{"content":{"role":"model","parts":[{"text":"","thoughtSignature":"c2lnbmVk"}]},"finishReason":"STOP","index":0}],`+
				`"usageMetadata":{"promptTokenCount":3,"candidatesTokenCount":2,"totalTokenCount":5},"modelVersion":"gemini-3-pro-preview","responseId":"r1"}`),
		back: `[{"text":"Sunny.","thoughtSignature":"c2lnbmVk"}]`,
	},
}

// events is a stream of events.
func events(data ...string) string {
	var b strings.Builder
	for _, d := range data {
		kind, _, _ := strings.Cut(strings.TrimPrefix(d, `{"type":"`), `"`)
		if strings.HasPrefix(d, `{"type":`) {
			b.WriteString("event: " + kind + "\n")
		}
		b.WriteString("data: " + d + "\n\n")
	}
	return b.String()
}

// A client that drops what it does not know must not fail in its next turn:
// OpenAI's own does so with ToParam.
func TestTranslatedThinkingThatIsDropped(t *testing.T) {
	onVendors(t, func(t *testing.T, v vendor, s strict, client openai.Client) {
		for _, way := range ways {
			t.Run(way.name, func(t *testing.T) {
				s.reset(t)
				params := sayTo(v.thinkers[0], "What is the weather?")
				params.ReasoningEffort = shared.ReasoningEffortHigh
				params.Tools = []openai.ChatCompletionToolUnionParam{weather}
				message := way.ask(t, client, params).Choices[0].Message
				params.Messages = append(params.Messages, message.ToParam())
				for _, call := range message.ToolCalls {
					params.Messages = append(params.Messages, openai.ToolMessage("sunny", call.ID))
				}
				if text := way.ask(t, client, params).Choices[0].Message.Content; text != strictText {
					t.Errorf("text of the second turn is %q, want %q", text, strictText)
				}
				checkSent(t, s, v, 2)
			})
		}
	})
}

// One vendor's signature is refused by the other: a conversation that moves
// from one to the other goes without it.
func TestTranslatedThinkingStaysWithItsVendor(t *testing.T) {
	s := newStrict(t)
	client := translating(t, s, "").sdk(t, clientKey, noisy()...)
	for i, from := range vendors {
		to := vendors[1-i]
		t.Run(from.name+" to "+to.name, func(t *testing.T) {
			s.reset(t)
			params := sayTo(from.thinkers[0], "What is the weather?")
			params.ReasoningEffort = shared.ReasoningEffortMedium
			params.Tools = []openai.ChatCompletionToolUnionParam{weather}
			message := collectings[0].message(t, client, params)
			params.Model = to.thinkers[0]
			params.Messages = append(params.Messages,
				param.Override[openai.ChatCompletionMessageParamUnion](json.RawMessage(message.String())),
				openai.ToolMessage("sunny", message.at("tool_calls", 0, "id").v.(string)))
			if text := complete(t, client, params).Choices[0].Message.Content; text != strictText {
				t.Errorf("text of the second turn is %q, want %q", text, strictText)
			}
			log := s.came(t)
			if len(log) != 2 || log[1].Status != http.StatusOK {
				t.Fatalf("what arrived is %+v", log)
			}
			for _, r := range log {
				checkTaken(t, r)
			}
			for _, signature := range []string{anthropicSignature, googleSignature} {
				if strings.Contains(string(log[1].Body), signature) {
					t.Errorf("a signature of %s went to %s: %s", from.name, to.name, log[1].Body)
				}
			}
		})
	}
}
