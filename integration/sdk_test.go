package integration

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"
	"github.com/openai/openai-go/v3/packages/param"
	"github.com/openai/openai-go/v3/shared"
)

// strictText is what the strict double says when nothing else is asked for. It
// has characters beyond the basic plane, quotes and a backslash.
const strictText = "Hello from strictmock — żółć 👋🏽 \"quoted\" \\ end."

// noise are headers that a client, or a proxy before the gateway, may send
// and that are nobody's business upstream.
var noise = map[string]string{
	"Cookie":            "session=client-cookie",
	"X-Forwarded-For":   "203.0.113.7",
	"X-Forwarded-Host":  "chat.example.com",
	"X-Forwarded-Proto": "https",
	"X-Real-Ip":         "203.0.113.7",
	"Forwarded":         "for=203.0.113.7",
	"Via":               "1.1 proxy.example.com",
	"Referer":           "https://chat.example.com/",
	"X-Api-Key":         clientKey,
}

// strictGateway runs a gateway with the strict double as OpenAI and returns
// OpenAI's own client for it.
func strictGateway(t *testing.T) (strict, openai.Client) {
	t.Helper()
	s := newStrict(t)
	g := run(t, setup{directive: `
		key client ` + clientKey + `
		provider openai {
			api_key ` + operatorKey + `
			upstream ` + s.url + `/v1
		}`})
	var opts []option.RequestOption
	for name, value := range noise {
		opts = append(opts, option.WithHeader(name, value))
	}
	return s, g.sdk(t, clientKey, opts...)
}

// checkUpward checks that what arrived is the operator's request, not the
// client's, and that nothing about it made the provider frown.
func checkUpward(t *testing.T, s strict, want int) {
	t.Helper()
	log := s.log(t)
	if len(log) != want {
		t.Errorf("%d requests arrived at the provider, want %d", len(log), want)
	}
	for _, r := range log {
		if r.Verdict != "ok" || len(r.Warnings) > 0 || len(r.Problems) > 0 {
			t.Errorf("%s: verdict %q, warnings %q, problems %v", r.Path, r.Verdict, r.Warnings, r.Problems)
		}
		if got := r.Headers["Authorization"]; !slices.Equal(got, []string{"Bearer " + operatorKey}) {
			t.Errorf("%s: Authorization is %q, want the operator's key", r.Path, got)
		}
		if got := r.Headers["User-Agent"]; len(got) != 1 || !strings.HasPrefix(got[0], "aiclient2api") {
			t.Errorf("%s: User-Agent is %q, want ours", r.Path, got)
		}
		if r.Query != "" {
			t.Errorf("%s: arrived with the query %q", r.Path, r.Query)
		}
		for name, values := range r.Headers {
			if _, is := noise[name]; is || strings.HasPrefix(name, "X-Forwarded-") {
				t.Errorf("%s: header %s arrived: %q", r.Path, name, values)
			}
			if strings.Contains(strings.Join(values, "\n"), clientKey) {
				t.Errorf("%s: header %s bears the client's key", r.Path, name)
			}
		}
	}
}

// say is a conversation with one turn.
func say(text string) openai.ChatCompletionNewParams {
	return openai.ChatCompletionNewParams{
		Model:    "gpt-4o-mini",
		Messages: []openai.ChatCompletionMessageParamUnion{openai.UserMessage(text)},
	}
}

// weather is a tool.
var weather = openai.ChatCompletionFunctionTool(shared.FunctionDefinitionParam{
	Name:        "get_weather",
	Description: openai.String("Get the weather of a place"),
	Parameters: shared.FunctionParameters{
		"type":       "object",
		"properties": map[string]any{"location": map[string]string{"type": "string"}},
		"required":   []string{"location"},
	},
})

// accumulate reads a stream to its end.
func accumulate(t *testing.T, client openai.Client, params openai.ChatCompletionNewParams) openai.ChatCompletion {
	t.Helper()
	stream := client.Chat.Completions.NewStreaming(t.Context(), params)
	defer stream.Close()
	var all openai.ChatCompletionAccumulator
	for stream.Next() {
		if !all.AddChunk(stream.Current()) {
			t.Fatal("a chunk does not fit to those before it")
		}
	}
	if err := stream.Err(); err != nil {
		t.Fatal(err)
	}
	if len(all.Choices) == 0 {
		t.Fatal("the stream has no choice")
	}
	return all.ChatCompletion
}

// complete asks for an answer in one piece.
func complete(t *testing.T, client openai.Client, params openai.ChatCompletionNewParams) openai.ChatCompletion {
	t.Helper()
	got, err := client.Chat.Completions.New(t.Context(), params)
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Choices) == 0 {
		t.Fatal("the answer has no choice")
	}
	return *got
}

func TestSDKAnswers(t *testing.T) {
	s, client := strictGateway(t)
	withUsage := say("Hello!")
	withUsage.StreamOptions = openai.ChatCompletionStreamOptionsParam{IncludeUsage: param.NewOpt(true)}

	t.Run("whole", func(t *testing.T) {
		got := complete(t, client, say("Hello!"))
		if text := got.Choices[0].Message.Content; text != strictText {
			t.Errorf("text is %q, want %q", text, strictText)
		}
		if got.Usage.PromptTokens == 0 || got.Usage.CompletionTokens == 0 {
			t.Errorf("usage is missing: %+v", got.Usage)
		}
	})
	t.Run("stream", func(t *testing.T) {
		got := accumulate(t, client, withUsage)
		if text := got.Choices[0].Message.Content; text != strictText {
			t.Errorf("text is %q, want %q", text, strictText)
		}
		if got.Usage.PromptTokens == 0 || got.Usage.CompletionTokens == 0 {
			t.Errorf("usage was asked for and is missing: %+v", got.Usage)
		}
	})
	t.Run("stream without usage", func(t *testing.T) {
		if got := accumulate(t, client, say("Hello!")); got.Usage.TotalTokens != 0 {
			t.Errorf("usage was not asked for and is there: %+v", got.Usage)
		}
	})
	t.Run("stream in unusual framing", func(t *testing.T) {
		if got := accumulate(t, client, say("strictmock:noise")); got.Choices[0].Message.Content != strictText {
			t.Errorf("text is %q, want %q", got.Choices[0].Message.Content, strictText)
		}
	})
	t.Run("structured output", func(t *testing.T) {
		params := say("Who are you?")
		params.ResponseFormat = openai.ChatCompletionNewParamsResponseFormatUnion{
			OfJSONSchema: &shared.ResponseFormatJSONSchemaParam{JSONSchema: shared.ResponseFormatJSONSchemaJSONSchemaParam{
				Name:   "person",
				Strict: openai.Bool(true),
				Schema: map[string]any{
					"type":                 "object",
					"properties":           map[string]any{"name": map[string]string{"type": "string"}},
					"required":             []string{"name"},
					"additionalProperties": false,
				},
			}},
		}
		var person struct{ Name *string }
		got := complete(t, client, params)
		if err := json.Unmarshal([]byte(got.Choices[0].Message.Content), &person); err != nil || person.Name == nil {
			t.Errorf("the answer does not obey the schema: %q (%v)", got.Choices[0].Message.Content, err)
		}
	})
	checkUpward(t, s, 5)
}

func TestSDKToolsGoRoundInTwoTurns(t *testing.T) {
	s, client := strictGateway(t)
	ask := map[string]func(*testing.T, openai.Client, openai.ChatCompletionNewParams) openai.ChatCompletion{
		"whole": complete, "stream": accumulate,
	}
	for _, tt := range []struct {
		name, way, text string
		calls           int
	}{
		{name: "one call", way: "whole", text: "What is the weather?", calls: 1},
		{name: "one call in a stream", way: "stream", text: "What is the weather?", calls: 1},
		{name: "parallel calls", way: "whole", text: "strictmock:parallel", calls: 2},
		{name: "parallel calls in a stream", way: "stream", text: "strictmock:parallel", calls: 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s.reset(t)
			params := say(tt.text)
			params.Tools = []openai.ChatCompletionToolUnionParam{weather}
			first := ask[tt.way](t, client, params).Choices[0]
			calls := first.Message.ToolCalls
			if len(calls) != tt.calls || first.FinishReason != "tool_calls" {
				t.Fatalf("%d calls with finish reason %q, want %d", len(calls), first.FinishReason, tt.calls)
			}
			params.Messages = append(params.Messages, first.Message.ToParam())
			for _, call := range calls {
				var arguments struct{ Location *string }
				if err := json.Unmarshal([]byte(call.Function.Arguments), &arguments); err != nil || arguments.Location == nil {
					t.Errorf("arguments of %s do not obey its schema: %q (%v)", call.Function.Name, call.Function.Arguments, err)
				}
				params.Messages = append(params.Messages, openai.ToolMessage("sunny", call.ID))
			}
			// the double refuses a result that answers no call, so an
			// answer proves that the calls' ids went round
			params.Messages[0] = openai.UserMessage("What is the weather?")
			if text := ask[tt.way](t, client, params).Choices[0].Message.Content; text != strictText {
				t.Errorf("text of the second turn is %q, want %q", text, strictText)
			}
			checkUpward(t, s, 2)
		})
	}
}

func TestSDKListsModels(t *testing.T) {
	s, client := strictGateway(t)
	page, err := client.Models.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(page.Data) != 1 || page.Data[0].ID != "gpt-4o-mini" {
		t.Errorf("models are %+v, want the provider's only one", page.Data)
	}
	one, err := client.Models.Get(t.Context(), "gpt-4o-mini")
	if err != nil || one.ID != "gpt-4o-mini" {
		t.Errorf("the one model is %+v (%v)", one, err)
	}
	checkUpward(t, s, 1) // the list is kept
}

func TestSDKOfAStrangerReachesNobody(t *testing.T) {
	s := newStrict(t)
	g := run(t, setup{directive: `
		key client ` + clientKey + `
		provider openai {
			api_key ` + operatorKey + `
			upstream ` + s.url + `/v1
		}`})
	client := g.sdk(t, "client-key-that-is-wrong")
	_, err := client.Chat.Completions.New(t.Context(), say("Hello!"))
	checkError(t, err, http.StatusUnauthorized, "invalid_api_key")
	if _, err = client.Models.List(t.Context()); err == nil {
		t.Error("the list of models was given to a stranger")
	}
	if log := s.log(t); len(log) > 0 {
		t.Errorf("%d requests of a stranger arrived at the provider", len(log))
	}
}
