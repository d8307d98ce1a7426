package messages_test

import (
	"encoding/json"
	"testing"

	"github.com/tidwall/gjson"

	"github.com/aiclient2api/caddy-aiclient2api/llm"
)

// FuzzDecodeRequest: whatever a client sends is refused in words or read, and
// what is read holds valid JSON only, and can be sent on.
func FuzzDecodeRequest(f *testing.F) {
	f.Add([]byte(`{"system":"S","messages":[{"role":"user","content":"A"}],"max_tokens":1,"stop_sequences":["a"],"metadata":{"user_id":"u"}}`))
	f.Add(requestOf(1))
	f.Add([]byte(`{"messages":[{"role":"user","content":[{"type":"image","source":{"type":"base64","media_type":"image/png","data":"AA="}},{"type":"document","source":{"type":"content","content":[{"type":"text","text":"T"}]}},
		{"type":"search_result","title":"T","source":"s","content":[{"text":"x"}]},{"type":"tool_result","tool_use_id":"c","content":[{"type":"text","text":"R"}]}]}]}`))
	f.Add([]byte(`{"messages":[{"role":"assistant","content":[{"type":"thinking","thinking":"T","signature":"` + wrapped(llm.Part{Kind: llm.Text, Signature: lit("S")}, llm.Part{Kind: llm.Call, Signature: lit("S")}) +
		`"},{"type":"redacted_thinking","data":"D"},{"type":"tool_use","id":"c","name":"f","input":{}}]}],"tools":[{"type":"bash_20250124","name":"bash"}],"tool_choice":{"type":"tool","name":"bash"}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		r, bad := client.Decode(body)
		if bad != nil {
			if bad.Status != 400 || bad.Message == "" {
				t.Fatalf("refused without words: %+v", bad)
			}
			return
		}
		if !json.Valid(body) {
			t.Fatalf("%q was read", body)
		}
		if len(r.Turns) == 0 {
			t.Fatal("nothing was read")
		}
		for _, turn := range r.Turns {
			client.Place(turn.At, 0)
			verify(t, turn.Parts, turn.At)
		}
		for _, tool := range r.Tools {
			if !json.Valid(tool.Name) || tool.Schema != nil && !json.Valid(tool.Schema) {
				t.Fatalf("tool %+v", tool)
			}
		}
		if sent, no := up.Encode(nil, r, "claude-sonnet-4-5"); no == nil && !json.Valid(sent.Body) {
			t.Fatalf("%q became %q", body, sent.Body)
		}
	})
}

func verify(t *testing.T, list []llm.Part, turn int) {
	for _, p := range list {
		for _, l := range [][]byte{p.Text, p.ID, p.Name, p.Signature, p.Args, p.Cache} {
			if l != nil && !json.Valid(l) {
				t.Fatalf("%q in %+v", l, p)
			}
		}
		if p.Turn != turn {
			t.Fatalf("turn %d in %d", p.Turn, turn)
		}
		switch p.Kind {
		case llm.Image, llm.File:
			if m := p.Media; m == nil || len(m.Data) == 0 && m.URL == nil && m.FileID == nil && m.Plain == nil {
				t.Fatalf("no content: %+v", p)
			}
		}
		verify(t, p.Content, turn)
	}
}

// FuzzEncodeAnswer: whatever a provider's answer says, the stream and the body
// are valid, and say the same.
func FuzzEncodeAnswer(f *testing.F) {
	f.Add(stream(started, opened, hello, closed, ended, stopped), false)
	f.Add([]byte(`{"id":"m","content":[{"type":"thinking","thinking":"T","signature":"S"},{"type":"tool_use","id":"a.b","name":"f","input":"{"},{"type":"redacted_thinking","data":"d"}],"stop_reason":"refusal","stop_details":{"explanation":"e"}}`), true)
	f.Fuzz(func(t *testing.T, b []byte, hide bool) {
		events, _ := follow(up.Decoder(nil, "id"), b, true)
		if whole, ok := up.Decoder(nil, "id").Whole(nil, b); ok {
			events = whole
		}
		if n := len(events); n == 0 || events[n-1].Step != llm.End {
			return
		}
		r := &llm.Request{Reasoning: llm.Reasoning{Hide: hide}}
		body := writer(r).AppendWhole(nil, events)
		if !json.Valid(body) || gjson.GetBytes(body, "stop_reason").Str == "" {
			t.Fatalf("%q became %q", b, body)
		}
		again, complete := follow(up.Decoder(nil, "id"), writer(r).Append(nil, events), true)
		if err := check(again); err != nil || !complete {
			t.Fatalf("%q became %s: %v", b, show(again), err)
		}
	})
}
