package messages_test

import (
	"encoding/json"
	"testing"

	"github.com/tidwall/gjson"

	"github.com/aiclient2api/caddy-aiclient2api/formats/messages"
	"github.com/aiclient2api/caddy-aiclient2api/llm"
	"github.com/aiclient2api/caddy-aiclient2api/sse"
)

// FuzzDecoder: whatever a provider sends, nothing panics, the events keep their
// order and their literals are valid.
func FuzzDecoder(f *testing.F) {
	f.Add(stream(started, opened, hello, closed, ended, stopped))
	f.Add(stream(started, `{"type":"content_block_start","index":1,"content_block":{"type":"tool_use","id":"c","name":"f","input":{"a":[1]}}}`, hello,
		`{"type":"content_block_delta","index":1,"delta":{"type":"input_json_delta","partial_json":"{"}}`, ended))
	f.Add(stream(`{"type":"content_block_start","index":0,"content_block":{"type":"server_tool_use"}}`,
		`{"type":"content_block_delta","index":2,"delta":{"type":"citations_delta","citation":{"url":"u"}}}`,
		`{"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"s"}}`, stopped))
	f.Add([]byte(`{"id":"m","content":[{"type":"text","text":"a","citations":[{"url":"u"}]},{"type":"redacted_thinking","data":"d"}],"usage":{"input_tokens":1e99}}`))
	f.Add([]byte(`{"type":"error","error":{"type":"api_error","message":"m"}}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		events, complete := follow(up.Decoder(nil, "id"), b, true)
		if err := check(events); err != nil {
			t.Fatal(err)
		}
		if n := len(events); complete && (n == 0 || events[n-1].Step != llm.End && events[n-1].Step != llm.Fail) {
			t.Fatalf("complete without an end: %s", show(events))
		}
		events, ok := up.Decoder(nil, "id").Whole(nil, b)
		if err := check(events); err != nil {
			t.Fatal(err)
		}
		if ok == (len(events) == 0) {
			t.Fatalf("ok %v, %s", ok, show(events))
		}
		_, e1 := up.Opening(sse.Event{Name: []byte("error"), Data: b})
		_, e2, _ := up.Whole(b)
		e3 := up.Error(500, nil, b)
		up.Ended(b, true)
		up.Complete(b)
		up.Usage(b)
		for _, e := range []*llm.Error{e1, e2, e3} {
			if e == nil {
				continue
			}
			if body := (messages.Client{}).AppendError(nil, e, false); !gjson.ValidBytes(body) || e.Message == "" || e.Raw != nil && !json.Valid(e.Raw) {
				t.Fatalf("%q became %q", b, body)
			}
		}
	})
}

// FuzzEncode: whatever texts, arguments and schemas a client sends, and to
// whatever model, the body is JSON, and a message never empty.
func FuzzEncode(f *testing.F) {
	f.Add("claude-sonnet-4-5", "hello", `{"a":1}`, []byte(`{"type":"object"}`), uint64(0))
	f.Add("claude-opus-5", " \n", `{"a`, []byte(`{"anyOf":[{"type":"string"}]}`), uint64(1<<63+12345))
	f.Add("x", "\xff\"", ``, []byte(`[]`), uint64(0xffff_ffff))
	f.Fuzz(func(t *testing.T, model, words, args string, schema []byte, dice uint64) {
		quoted, err := json.Marshal(words)
		if err != nil || !json.Valid(schema) {
			return
		}
		roll := func(n uint64) int { d := dice % n; dice /= n; return int(d) }
		texts := []llm.Literal{quoted, lit("A"), lit(" "), lit(""), nil}
		parts := []llm.Part{
			{Kind: llm.Text, Text: texts[roll(5)], Cache: llm.Value(quoted)}, text("T"), call("c", "f", args), call("d", "p.q", args),
			result("c", llm.Part{Text: texts[roll(5)]}), result("d"), thoughtOf(llm.Anthropic, "T", "S"), thoughtOf(llm.Google, "T", "S"),
			{Kind: llm.Sealed, Signature: lit("S"), Origin: llm.Anthropic},
			{Kind: llm.File, Media: &llm.Media{MIME: "text/plain", Data: []byte(args), Name: quoted}},
			{Kind: llm.Image, Media: &llm.Media{URL: quoted}},
		}
		r := &llm.Request{
			Tools:      []llm.Tool{{Name: quoted, Schema: schema}, {Name: lit("p.q"), Plain: true, Grammar: schema}},
			ToolChoice: llm.ToolChoice{Mode: llm.ToolMode(roll(5)), Names: []llm.Literal{lit("p.q")}, Must: roll(2) == 0},
			Output:     llm.Output{Form: llm.OutputForm(roll(3)), Schema: schema},
			Reasoning:  llm.Reasoning{Effort: []llm.Effort{"", llm.EffortNone, llm.EffortHigh, "odd"}[roll(4)], Adaptive: roll(2) == 0, Hide: roll(2) == 0},
			Stop:       []llm.Literal{quoted}, User: quoted, Serial: roll(2) == 0,
		}
		for range roll(6) + 1 {
			r.Turns = append(r.Turns, llm.Turn{Role: llm.Role(roll(4)), Parts: []llm.Part{parts[roll(11)], parts[roll(11)]}})
		}
		sent, bad := up.Encode(nil, r, model)
		if bad != nil {
			if bad.What == "" || bad.Turn < 0 && bad.Field == "" {
				t.Fatalf("refused without words: %+v", bad)
			}
			return
		}
		if !json.Valid(sent.Body) {
			t.Fatalf("not JSON: %s", sent.Body)
		}
		for _, m := range gjson.GetBytes(sent.Body, "messages").Array() {
			if len(m.Get("content").Array()) == 0 {
				t.Fatalf("a message without content: %s", sent.Body)
			}
		}
	})
}
