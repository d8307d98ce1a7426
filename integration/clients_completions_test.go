package integration

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"
)

// talkers are the providers that know conversations only.
var talkers = providers[2:]

// completing runs a gateway and returns OpenAI's client for it.
func completing(t *testing.T, directive string) openai.Client {
	t.Helper()
	g := run(t, setup{directive: directive})
	return openOpenAI(g.url, clientKey, g.client(t)).client
}

// OpenAI's client completes texts with models that know conversations only.
func TestClientsCompleteTexts(t *testing.T) {
	s := newStrict(t)
	client := completing(t, providing(s, ""))
	for _, v := range talkers {
		for _, tt := range []struct {
			name, prompt, want, stop string
		}{
			{name: "text", prompt: "Once upon a time", want: strictText, stop: "stop"},
			{name: "a limit", prompt: "strictmock:length", want: "This answer is cut", stop: "length"},
		} {
			t.Run(v.name+"/"+tt.name, func(t *testing.T) {
				s.reset(t)
				p := pair{provider: v, s: s}
				params := openai.CompletionNewParams{
					Model: openai.CompletionNewParamsModel(v.model), MaxTokens: openai.Int(100),
					Prompt: openai.CompletionNewParamsPromptUnion{OfString: openai.String(tt.prompt)},
				}
				whole, err := client.Completions.New(t.Context(), params)
				if err != nil {
					t.Fatal(err)
				}
				checkCompletion(t, *whole, tt.want, tt.stop)

				params.StreamOptions.IncludeUsage = openai.Bool(true)
				stream := client.Completions.NewStreaming(t.Context(), params)
				defer stream.Close()
				var all openai.Completion
				var text strings.Builder
				for stream.Next() {
					piece := stream.Current()
					if len(piece.Choices) > 0 {
						text.WriteString(piece.Choices[0].Text)
						all.Choices = piece.Choices
					}
					all.Object, all.Model, all.Usage = piece.Object, piece.Model, piece.Usage
				}
				if err := stream.Err(); err != nil {
					t.Fatal(err)
				}
				if len(all.Choices) > 0 {
					all.Choices[0].Text = text.String()
				}
				checkCompletion(t, all, tt.want, tt.stop)
				checkWentUp(t, p, 2)
			})
		}
	}
}

// checkCompletion checks a completion.
func checkCompletion(t *testing.T, got openai.Completion, text, stop string) {
	t.Helper()
	if len(got.Choices) != 1 || got.Choices[0].Text != text || string(got.Choices[0].FinishReason) != stop {
		t.Errorf("the choices are %+v, want %q that ends with %q", got.Choices, text, stop)
	}
	if got.Usage.PromptTokens != 11 || got.Usage.CompletionTokens != 7 || got.Model == "" {
		t.Errorf("the model is %q, the usage %+v", got.Model, got.Usage)
	}
}

// What only models for texts can do is refused by name, and nobody is asked.
func TestClientsCompletionsThatAreNoConversation(t *testing.T) {
	s := newStrict(t)
	client := completing(t, providing(s, ""))
	for _, v := range talkers {
		for _, tt := range []struct {
			name, param string
			value       any
		}{
			{name: "suffix", param: "suffix", value: "the end"},
			{name: "echo", param: "echo", value: true},
			{name: "best_of", param: "best_of", value: 3},
			{name: "tokens", param: "prompt", value: []int{1, 2, 3}},
			{name: "lists of tokens", param: "prompt", value: [][]int{{1, 2}, {3}}},
			{name: "several texts", param: "prompt", value: []string{"one", "two"}},
		} {
			t.Run(v.name+"/"+tt.name, func(t *testing.T) {
				_, err := client.Completions.New(t.Context(), openai.CompletionNewParams{
					Model:  openai.CompletionNewParamsModel(v.model),
					Prompt: openai.CompletionNewParamsPromptUnion{OfString: openai.String("Once upon a time")},
				}, option.WithJSONSet(tt.param, tt.value))
				e := checkError(t, err, http.StatusBadRequest, "")
				if e.Param != tt.param || e.Type != "invalid_request_error" || !strings.Contains(e.Message, tt.param) {
					t.Errorf("the error does not name %s: %s", tt.param, e.RawJSON())
				}
			})
		}
	}
	if log := s.came(t); len(log) > 0 {
		t.Errorf("%d requests arrived at the provider", len(log))
	}
}

// Errors reach the completions of OpenAI's client too, also within a stream.
func TestClientsCompletionsThatFail(t *testing.T) {
	s := newStrict(t)
	client := completing(t, providing(s, ""))
	for _, v := range talkers {
		params := func(prompt string) openai.CompletionNewParams {
			return openai.CompletionNewParams{
				Model:  openai.CompletionNewParamsModel(v.model),
				Prompt: openai.CompletionNewParamsPromptUnion{OfString: openai.String(prompt)},
			}
		}
		for _, status := range []int{400, 429, 500} {
			t.Run(fmt.Sprint(v.name, "/", status), func(t *testing.T) {
				forget()
				_, err := client.Completions.New(t.Context(), params(fmt.Sprintf("strictmock:error-%d", status)))
				if e := checkError(t, err, status, ""); e.Type != kindOf(status) {
					t.Errorf("the error is %s", e.RawJSON())
				}
			})
		}
		t.Run(v.name+"/within a stream", func(t *testing.T) {
			forget()
			stream := client.Completions.NewStreaming(t.Context(), params("strictmock:stream-error"))
			defer stream.Close()
			pieces := 0
			for stream.Next() {
				if pieces++; len(stream.Current().Choices) > 0 && stream.Current().Choices[0].FinishReason != "" {
					t.Errorf("the stream finished: %s", stream.Current().RawJSON())
				}
			}
			if e := (openaiSDK{}).fault(stream.Err()); pieces == 0 || e == nil || !strings.Contains(e.message, "verloaded") {
				t.Errorf("behind %d pieces came %v", pieces, stream.Err())
			}
		})
	}
}

// A provider that offers completions gets them as they are.
func TestClientsCompletionsOfProvidersThatHaveThem(t *testing.T) {
	s := newStrict(t)
	client := completing(t, "key client "+clientKey+"\nprovider local openai_compatible {\n upstream "+s.url+"/v1\n api_key "+operatorKey+"\n}")
	const answer = `{"id":"cmpl-1","object":"text_completion","created":1,"model":"llama","choices":[{"text":" there","index":0,"logprobs":null,"finish_reason":"stop"}],` +
		`"usage":{"prompt_tokens":11,"completion_tokens":7,"total_tokens":18}}`
	s.tell(t, "_next", map[string]any{"path": "/v1/completions", "body": answer})
	got, err := client.Completions.New(t.Context(), openai.CompletionNewParams{
		Model: "llama", Suffix: openai.String("."), Prompt: openai.CompletionNewParamsPromptUnion{OfString: openai.String("Hello")},
	})
	if err != nil || got.RawJSON() != answer {
		t.Errorf("the answer is %v (%v), want the provider's own", got, err)
	}
	log := s.came(t)
	if len(log) != 1 || log[0].Path != "/v1/completions" {
		t.Fatalf("what arrived is %+v", log)
	}
	read(t, log[0].Body).is(t, "the request", `{"model":"llama","prompt":"Hello","suffix":"."}`)
}
