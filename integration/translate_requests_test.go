package integration

import (
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"
)

// What a client says stands at the provider, under the provider's names.
func TestTranslatedRequests(t *testing.T) {
	onVendors(t, func(t *testing.T, v vendor, s strict, client openai.Client) {
		params := sayTo(v.model, "Hello — żółć 👋🏽 \"quoted\" \\ end")
		params.Messages = []openai.ChatCompletionMessageParamUnion{
			openai.SystemMessage("First instruction."),
			openai.DeveloperMessage("Second instruction."),
			params.Messages[0],
			openai.UserMessage("And again."),
			openai.AssistantMessage("Hello."),
			openai.SystemMessage("Third instruction."),
			openai.UserMessage("Go on."),
		}
		params.Temperature = openai.Float(0)
		params.MaxCompletionTokens = openai.Int(50)
		params.Stop = openai.ChatCompletionNewParamsStopUnion{OfStringArray: []string{"END", "\n\nHuman:"}}
		params.Tools = []openai.ChatCompletionToolUnionParam{weather}
		params.ParallelToolCalls = openai.Bool(false)
		complete(t, client, params)
		log := checkSent(t, s, v, 1)
		body := read(t, log[0].Body)
		turns := `"Hello — żółć 👋🏽 \"quoted\" \\ end","And again."`
		for _, want := range map[string][]struct {
			path []any
			want string
		}{
			"anthropic": {
				{[]any{"model"}, `"claude-sonnet-4-5"`},
				{[]any{"max_tokens"}, `50`},
				{[]any{"temperature"}, `0`},
				{[]any{"stop_sequences"}, `["END","\n\nHuman:"]`},
				{[]any{"stream"}, `null`},
				{[]any{"tool_choice"}, `{"type":"auto","disable_parallel_tool_use":true}`},
				{[]any{"messages", 1}, `{"role":"assistant","content":[{"type":"text","text":"Hello."}]}`},
				{[]any{"messages", 2}, `{"role":"user","content":[{"type":"text","text":"Go on."}]}`},
			},
			"gemini": {
				{[]any{"generationConfig", "maxOutputTokens"}, `50`},
				{[]any{"generationConfig", "temperature"}, `0`},
				{[]any{"generationConfig", "stopSequences"}, `["END","\n\nHuman:"]`},
				{[]any{"contents", 1}, `{"role":"model","parts":[{"text":"Hello."}]}`},
				{[]any{"contents", 2}, `{"role":"user","parts":[{"text":"Go on."}]}`},
			},
		}[v.name] {
			body.at(want.path...).is(t, fmt.Sprint(want.path), want.want)
		}
		list, system, parts := body.at("messages"), body.at("system"), "content"
		if v.name == "gemini" {
			list, system, parts = body.at("contents"), body.at("systemInstruction", "parts"), "parts"
		}
		texts := func(l node) string {
			var all []string
			for i := range l.len() {
				all = append(all, l.at(i, "text").String())
			}
			return "[" + strings.Join(all, ",") + "]"
		}
		read(t, []byte(texts(system))).is(t, "the instructions", `["First instruction.","Second instruction.","Third instruction."]`)
		read(t, []byte(texts(list.at(0, parts)))).is(t, "the first turn", "["+turns+"]")
	})
}

// Large requests arrive with all their bytes, and those that
// are under way together do not mix.
func TestTranslatedRequestsDoNotMix(t *testing.T) {
	s := newStrict(t)
	g := translating(t, s, "")
	const clients, rounds = 8, 4
	random := rand.NewChaCha8([32]byte{1})
	var texts []string
	for i := range clients * rounds {
		data := make([]byte, 100+i*i*600)
		random.Read(data)
		texts = append(texts, fmt.Sprintf("<%d>%s</%d>", i, base64.StdEncoding.EncodeToString(data), i))
	}
	var all sync.WaitGroup
	for c := range clients {
		client := g.sdk(t, clientKey, option.WithMaxRetries(0))
		all.Go(func() {
			for r := range rounds {
				v := vendors[(c+r)%len(vendors)]
				params := sayTo(v.model, texts[c*rounds+r])
				var err error
				var text strings.Builder
				if r%2 == 0 {
					var got *openai.ChatCompletion
					if got, err = client.Chat.Completions.New(t.Context(), params); err == nil {
						text.WriteString(got.Choices[0].Message.Content)
					}
				} else {
					stream := client.Chat.Completions.NewStreaming(t.Context(), params)
					for stream.Next() {
						text.WriteString(stream.Current().Choices[0].Delta.Content)
					}
					err = stream.Err()
				}
				if err != nil || text.String() != strictText {
					t.Errorf("client %d: %q (%v)", c, text.String(), err)
				}
			}
		})
	}
	all.Wait()
	log := s.came(t)
	if len(log) != len(texts) {
		t.Errorf("%d requests arrived, want %d", len(log), len(texts))
	}
	waiting := make(map[string]bool)
	for _, text := range texts {
		waiting[text] = true
	}
	for _, r := range log {
		if r.Verdict != "ok" || r.Status != http.StatusOK {
			t.Errorf("%s: verdict %q, status %d, problems %v", r.Path, r.Verdict, r.Status, r.Problems)
		}
		body := read(t, r.Body)
		text, _ := body.at("messages", 0, "content", 0, "text").v.(string)
		if text == "" {
			text, _ = body.at("contents", 0, "parts", 0, "text").v.(string)
		}
		if !waiting[text] {
			t.Errorf("%s: this text came twice, or mixed: %d bytes, %q", r.Path, len(text), clipped(text, 0))
		}
		delete(waiting, text)
	}
}
