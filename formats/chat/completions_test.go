package chat

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/aiclient2api/caddy-aiclient2api/formats"
	"github.com/aiclient2api/caddy-aiclient2api/llm"
)

func TestCompletionRequests(t *testing.T) {
	for body, check := range map[string]func(*llm.Request) bool{
		`{"model":"m","prompt":"Once"}`:                      func(r *llm.Request) bool { return show(r.Turns) == `user(text:"Once")` && string(r.MaxTokens) == "16" },
		`{"prompt":["Once"],"max_tokens":5,"temperature":0}`: func(r *llm.Request) bool { return string(r.MaxTokens) == "5" && string(r.Temperature) == "0" },
		`{"prompt":"x","stop":"y","n":2,"logprobs":3,"echo":false}`: func(r *llm.Request) bool {
			return r.Candidates == 2 && len(r.Stop) == 1
		},
		`{"prompt":"x","suffix":null,"best_of":1,"logit_bias":{"1":1},"user":"u"}`: func(r *llm.Request) bool {
			return strings.Join(r.Advice, "") == "logit_bias" && string(r.User) == `"u"`
		},
	} {
		r, err := Completions{}.Decode([]byte(body))
		if err != nil || !check(r) {
			t.Errorf("%s: %+v, %v", body, r, err)
		}
	}
	for body, param := range map[string]string{
		`{"prompt":["a","b"]}`: "prompt", `{"prompt":[1,2]}`: "prompt", `{"prompt":[[1]]}`: "prompt", `{}`: "prompt", `{"prompt":[]}`: "prompt", `{"prompt":7}`: "prompt",
		`{"prompt":"x","suffix":"y"}`: "suffix", `{"prompt":"x","echo":true}`: "echo", `{"prompt":"x","best_of":2}`: "best_of", `{"prompt":"x","messages":[]}`: "messages",
	} {
		if _, err := (Completions{}).Decode([]byte(body)); err == nil || err.Status != 400 || err.Param != param {
			t.Errorf("%s: %+v", body, err)
		}
	}
}

// Probabilities, which never come down, are not asked for but named as lost.
func TestCompletionsDoNotAskForProbabilitiesInVain(t *testing.T) {
	for body, lost := range map[string]string{
		`{"prompt":"x","logprobs":3}`:    "logprobs",
		`{"prompt":"x","logprobs":0}`:    "logprobs",
		`{"prompt":"x","logprobs":null}`: "",
	} {
		r, err := Completions{}.Decode([]byte(body))
		if err != nil || r.Logprobs || r.TopLogprobs != nil || strings.Join(r.Advice, "") != lost {
			t.Errorf("%s: %+v, %v", body, r, err)
		}
	}
}

func TestCompletionAnswers(t *testing.T) {
	events := []llm.Event{
		start, open(llm.Thought), text("hidden"), closing, open(llm.Text), text("a \"b"), text(" c"), closing,
		{Step: llm.Open, Choice: 1, Kind: llm.Text}, {Step: llm.Delta, Choice: 1, Text: lit("d")}, {Step: llm.Close, Choice: 1},
		usage(3, 4), finish(llm.Stopped), {Step: llm.Finish, Choice: 1, Reason: llm.Length}, end,
	}
	a := formats.Answer{Request: &llm.Request{StreamUsage: true}, ID: "x", Model: "m", Created: 5}
	type completion struct {
		ID, Object, Model string
		Choices           []struct {
			Text         string
			Index        int
			FinishReason *string `json:"finish_reason"`
		}
		Usage *struct {
			Total int `json:"total_tokens"`
		}
	}
	var whole completion
	if err := json.Unmarshal(Completions{}.Encoder(a).AppendWhole(nil, events), &whole); err != nil {
		t.Fatal(err)
	}
	if whole.ID != "id1" || whole.Object != "text_completion" || whole.Choices[0].Text != `a "b c` || *whole.Choices[0].FinishReason != "stop" ||
		whole.Choices[1].Text != "d" || *whole.Choices[1].FinishReason != "length" || whole.Usage.Total != 7 {
		t.Errorf("whole %+v", whole)
	}
	texts := make([]string, 2)
	stream, ok := strings.CutSuffix(string(Completions{}.Encoder(a).Append(nil, events)), "data: [DONE]\n\n")
	if !ok {
		t.Errorf("no terminator: %s", stream)
	}
	total := 0
	for frame := range strings.SplitSeq(strings.TrimSuffix(stream, "\n\n"), "\n\n") {
		var c completion
		if err := json.Unmarshal([]byte(strings.TrimPrefix(frame, "data: ")), &c); err != nil || c.ID != "id1" || c.Object != "text_completion" {
			t.Fatalf("%v in %s", err, frame)
		}
		for _, ch := range c.Choices {
			texts[ch.Index] += ch.Text
		}
		if c.Usage != nil {
			total = c.Usage.Total
		}
	}
	if texts[0] != `a "b c` || texts[1] != "d" || total != 7 {
		t.Errorf("stream %q %d", texts, total)
	}
}
