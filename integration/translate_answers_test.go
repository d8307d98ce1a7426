package integration

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/packages/param"
	"github.com/openai/openai-go/v3/shared"
)

// OpenAI's own client gets the same answer whatever the provider speaks,
// however the provider frames it and however the network cuts it.
func TestTranslatedAnswers(t *testing.T) {
	onVendors(t, func(t *testing.T, v vendor, s strict, client openai.Client) {
		for _, tt := range []struct {
			name, text string
			config     map[string]any
			want       string // the text
			finish     string
			refusal    string
		}{
			{name: "text", text: "Hello!", want: strictText, finish: "stop"},
			{name: "legal noise", text: "strictmock:noise", want: strictText, finish: "stop"},
			{name: "cut at the limit", text: "strictmock:length", want: "This answer is cut", finish: "length"},
			{name: "declined", text: "strictmock:refusal", finish: "content_filter", refusal: v.refusal},
			{name: "nothing", text: "strictmock:empty", finish: "stop"},
			{name: "text byte by byte", text: "Hello!", config: map[string]any{"chunk_bytes": 1}, want: strictText, finish: "stop"},
			{name: "noise byte by byte", text: "strictmock:noise", config: map[string]any{"chunk_bytes": 1}, want: strictText, finish: "stop"},
		} {
			for _, way := range ways {
				t.Run(tt.name+"/"+way.name, func(t *testing.T) {
					s.reset(t)
					if tt.config != nil {
						s.tell(t, "_config", tt.config)
					}
					got := way.ask(t, client, sayTo(v.model, tt.text))
					choice := got.Choices[0]
					// the words with which a model declines may be its text
					if m := choice.Message; m.Content+m.Refusal != tt.want+tt.refusal {
						t.Errorf("text is %q and refusal %q, want %q", m.Content, m.Refusal, tt.want+tt.refusal)
					}
					if choice.FinishReason != tt.finish {
						t.Errorf("finish reason is %q, want %q", choice.FinishReason, tt.finish)
					}
					if got.Model != v.model || got.ID == "" || len(choice.Message.ToolCalls) > 0 {
						t.Errorf("model %q, id %q, calls %v", got.Model, got.ID, choice.Message.ToolCalls)
					}
					checkSent(t, s, v, 1)
				})
			}
		}
	})
}

// The grammar of OpenAI's streams, of which its client lets much pass: each
// chunk has one id, one model and one time, the role comes first, the finish
// once, usage only if it was asked for, and the terminator last.
func TestTranslatedStreamsObeyTheGrammar(t *testing.T) {
	s := newStrict(t)
	g := translating(t, s, "")
	client := g.client(t)
	for _, v := range vendors {
		for _, usage := range []bool{false, true} {
			for _, text := range []string{"Hello!", "strictmock:length", "strictmock:refusal", "strictmock:parallel", "strictmock:empty", "strictmock:noise"} {
				for _, chunk := range []int{0, 1} {
					t.Run(fmt.Sprintf("%s/usage %v/%s/pieces of %d", v.name, usage, text, chunk), func(t *testing.T) {
						s.reset(t)
						s.tell(t, "_config", map[string]any{"chunk_bytes": chunk})
						options := ""
						if usage {
							options = `,"stream_options":{"include_usage":true}`
						}
						tools := ""
						if strings.HasSuffix(text, "parallel") {
							tools = `,"tools":[{"type":"function","function":{"name":"get_weather","parameters":{"type":"object","properties":{"location":{"type":"string"}}}}}]`
						}
						got := do(t, client, g.chat(t, `{"model":"`+v.model+`","stream":true`+options+tools+
							`,"messages":[{"role":"user","content":"`+text+`"}]}`))
						if got.status != http.StatusOK {
							t.Fatalf("status is %d: %s", got.status, got.body)
						}
						checkStreamHead(t, got.header)
						checkChunks(t, got.body, v.model, usage)
						checkSent(t, s, v, 1)
					})
				}
			}
		}
	}
}

// checkStreamHead checks the headers of a stream that was translated.
func checkStreamHead(t *testing.T, header http.Header) {
	t.Helper()
	for name, want := range map[string]string{
		"Content-Type": "text/event-stream", "Cache-Control": "no-cache, no-transform", "X-Accel-Buffering": "no",
		"Content-Length": "", "Content-Encoding": "",
	} {
		if got := header.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
}

// checkChunks checks the grammar of a stream with one choice.
func checkChunks(t *testing.T, stream, model string, usage bool) {
	t.Helper()
	events := strings.Split(strings.TrimSuffix(stream, "\n\n"), "\n\n")
	if n := len(events); n == 0 || events[n-1] != "data: [DONE]" || strings.Count(stream, "[DONE]") != 1 {
		t.Fatalf("the stream does not end with one terminator: %s", stream)
	}
	var first string
	finishes, usages, roles := 0, 0, 0
	for i, event := range events[:len(events)-1] {
		data, found := strings.CutPrefix(event, "data: ")
		if !found || strings.Contains(data, "\n") {
			t.Fatalf("event %d is not one line of data: %q", i, event)
		}
		chunk := read(t, []byte(data))
		id := chunk.at("id").String() + chunk.at("created").String() + chunk.at("model").String()
		if i == 0 {
			first = id
		}
		if id != first || chunk.at("object").String() != `"chat.completion.chunk"` || chunk.at("model").v != model {
			t.Errorf("event %d is not of one answer: %s", i, data)
		}
		if chunk.at("usage").v != nil {
			usages++
			if i != len(events)-2 || chunk.at("choices").len() != 0 {
				t.Errorf("event %d of %d has the usage, want the last to have it alone: %s", i, len(events), data)
			}
			continue
		}
		if chunk.at("choices").len() != 1 || chunk.at("choices", 0, "index").v != 0.0 {
			t.Errorf("event %d has not one choice: %s", i, data)
		}
		if finishes > 0 {
			t.Errorf("event %d comes after the finish: %s", i, data)
		}
		if role := chunk.at("choices", 0, "delta", "role").v; role != nil {
			roles++
			if i > 0 || role != "assistant" {
				t.Errorf("event %d has the role %v", i, role)
			}
		}
		if chunk.at("choices", 0, "finish_reason").v != nil {
			finishes++
		}
	}
	wantUsages := 0
	if usage {
		wantUsages = 1
	}
	if finishes != 1 || roles != 1 || usages != wantUsages {
		t.Errorf("%d finishes, %d roles and %d usages, want 1, 1 and %d: %s", finishes, roles, usages, wantUsages, stream)
	}
}

// Usage is the provider's, in OpenAI's terms, and nobody else's.
func TestTranslatedUsage(t *testing.T) {
	onVendors(t, func(t *testing.T, v vendor, s strict, client openai.Client) {
		asked := sayTo(v.model, "Hello!")
		asked.StreamOptions = openai.ChatCompletionStreamOptionsParam{IncludeUsage: param.NewOpt(true)}
		for name, got := range map[string]openai.ChatCompletion{
			"whole":  complete(t, client, sayTo(v.model, "Hello!")),
			"stream": accumulate(t, client, asked),
		} {
			if u := got.Usage; u.PromptTokens != 11 || u.CompletionTokens != 7 || u.TotalTokens != 18 {
				t.Errorf("%s: usage is %s, want 11, 7 and 18", name, u.RawJSON())
			}
		}
		if got := accumulate(t, client, sayTo(v.model, "Hello!")); got.Usage.TotalTokens != 0 {
			t.Errorf("usage was not asked for and is there: %+v", got.Usage)
		}
		checkSent(t, s, v, 3)
	})
}

func TestTranslatedStructuredOutput(t *testing.T) {
	schema := openai.ChatCompletionNewParamsResponseFormatUnion{
		OfJSONSchema: &shared.ResponseFormatJSONSchemaParam{JSONSchema: shared.ResponseFormatJSONSchemaJSONSchemaParam{
			Name:   "person",
			Strict: openai.Bool(true),
			Schema: map[string]any{
				"type": "object",
				"properties": map[string]any{
					"name": map[string]string{"type": "string"},
					"age":  map[string]any{"type": "integer", "minimum": 0},
					"pets": map[string]any{"type": "array", "items": map[string]any{"$ref": "#/$defs/pet"}},
				},
				"required":             []string{"name", "age", "pets"},
				"additionalProperties": false,
				"$defs": map[string]any{"pet": map[string]any{
					"type": "object", "properties": map[string]any{"kind": map[string]any{"type": "string", "enum": []string{"cat", "dog"}}},
					"required": []string{"kind"}, "additionalProperties": false,
				}},
			},
		}},
	}
	object := openai.ChatCompletionNewParamsResponseFormatUnion{OfJSONObject: &shared.ResponseFormatJSONObjectParam{}}
	onVendors(t, func(t *testing.T, v vendor, s strict, client openai.Client) {
		for _, tt := range []struct {
			name, model string
			format      openai.ChatCompletionNewParamsResponseFormatUnion
			member      string // of the answer
		}{
			{name: "schema", model: v.model, format: schema, member: "name"},
			{name: "schema for an older model", model: v.older, format: schema, member: "name"},
			{name: "object", model: v.model, format: object},
			{name: "object for an older model", model: v.older, format: object},
		} {
			for _, way := range ways {
				t.Run(tt.name+"/"+way.name, func(t *testing.T) {
					s.reset(t)
					params := sayTo(tt.model, "Who are you? Answer as JSON.")
					params.ResponseFormat = tt.format
					choice := way.ask(t, client, params).Choices[0]
					var got map[string]any
					if err := json.Unmarshal([]byte(choice.Message.Content), &got); err != nil || tt.member != "" && got[tt.member] == nil {
						t.Errorf("the answer has not its form: %q (%v)", choice.Message.Content, err)
					}
					if choice.FinishReason != "stop" || len(choice.Message.ToolCalls) > 0 {
						t.Errorf("finish reason is %q with %d calls, want stop and none", choice.FinishReason, len(choice.Message.ToolCalls))
					}
					checkSent(t, s, v, 1)
				})
			}
		}
	})
}

// With tools beside a form of the answer, the model may still call them.
func TestTranslatedStructuredOutputBesideTools(t *testing.T) {
	onVendors(t, func(t *testing.T, v vendor, s strict, client openai.Client) {
		for _, model := range append([]string{v.model, v.older}, v.thinkers[0]) {
			for _, way := range ways {
				t.Run(model+"/"+way.name, func(t *testing.T) {
					s.reset(t)
					params := sayTo(model, "What is the weather? Answer as JSON.")
					params.Tools = []openai.ChatCompletionToolUnionParam{weather}
					params.ResponseFormat = openai.ChatCompletionNewParamsResponseFormatUnion{OfJSONSchema: &shared.ResponseFormatJSONSchemaParam{
						JSONSchema: shared.ResponseFormatJSONSchemaJSONSchemaParam{Name: "report", Schema: map[string]any{
							"type": "object", "properties": map[string]any{"report": map[string]string{"type": "string"}},
							"required": []string{"report"}, "additionalProperties": false,
						}},
					}}
					checkCalls(t, way.ask(t, client, params).Choices[0], []string{"get_weather"})
					checkSent(t, s, v, 1)
				})
			}
		}
	})
}

// Some servers do not stream: the client that asked for a stream gets one.
func TestTranslatedAnswersOfServersThatDoNotStream(t *testing.T) {
	s := newStrict(t)
	g := translating(t, s, "")
	client := g.client(t)
	for _, v := range vendors {
		t.Run(v.name, func(t *testing.T) {
			s.reset(t)
			s.tell(t, "_next", map[string]any{"body": map[string]string{
				"anthropic": `{"id":"msg_1","type":"message","role":"assistant","model":"claude-sonnet-4-5","content":[{"type":"text","text":"Hello"}],` +
					`"stop_reason":"end_turn","stop_sequence":null,"usage":{"input_tokens":3,"output_tokens":2}}`,
				"gemini": `{"candidates":[{"content":{"role":"model","parts":[{"text":"Hello"}]},"finishReason":"STOP","index":0}],` +
					`"usageMetadata":{"promptTokenCount":3,"candidatesTokenCount":2,"totalTokenCount":5},"modelVersion":"gemini-2.5-flash","responseId":"r1"}`,
			}[v.name]})
			got := do(t, client, g.chat(t, `{"model":"`+v.model+`","stream":true,"stream_options":{"include_usage":true},"messages":[{"role":"user","content":"Hi"}]}`))
			if got.status != http.StatusOK || !strings.Contains(got.body, `"content":"Hello"`) {
				t.Fatalf("the client got %d %s", got.status, got.body)
			}
			checkStreamHead(t, got.header)
			checkChunks(t, got.body, v.model, true)
			checkSent(t, s, v, 1)
		})
	}
}
