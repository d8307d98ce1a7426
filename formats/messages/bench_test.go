package messages_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/aiclient2api/caddy-aiclient2api/llm"
	"github.com/aiclient2api/caddy-aiclient2api/sse"
)

func BenchmarkEncode(b *testing.B) {
	long := llm.Part{Kind: llm.Text, Text: lit(strings.Repeat("word ", 2000))}
	r := &llm.Request{Turns: []llm.Turn{system(long)}, MaxTokens: llm.Number("1000"), Stream: true}
	for i := range 10 {
		id := fmt.Sprintf("toolu_%d", i)
		r.Turns = append(r.Turns, user(long), assistant(text("A"), call(id, "f", `{"path":"/a/b"}`)), user(result(id, long)))
	}
	for i := range 8 {
		r.Tools = append(r.Tools, tool(fmt.Sprintf("tool_%d", i)))
	}
	var dst []byte
	b.ReportAllocs()
	for b.Loop() {
		sent, bad := up.Encode(dst[:0], r, "claude-sonnet-4-5")
		if bad != nil {
			b.Fatal(bad)
		}
		dst = sent.Body
		b.SetBytes(int64(len(dst)))
	}
}

func BenchmarkDecodeDelta(b *testing.B) {
	d := up.Decoder(nil, "id")
	d.Decode(nil, sse.Event{Data: []byte(opened)})
	ev := sse.Event{Name: []byte("content_block_delta"), Data: []byte(hello)}
	events := make([]llm.Event, 0, 8)
	b.SetBytes(int64(len(hello)))
	b.ReportAllocs()
	for b.Loop() {
		events = d.Decode(events[:0], ev)
	}
}

func BenchmarkDecodeStream(b *testing.B) {
	list := []string{started, opened}
	for range 100 {
		list = append(list, hello)
	}
	body := stream(append(list, closed, ended, stopped)...)
	events := make([]llm.Event, 0, 128)
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		d := up.Decoder(nil, "id")
		for rest := body; ; {
			ev, after, ok := sse.Next(rest)
			if !ok {
				break
			}
			rest = after
			events = d.Decode(events[:0], ev)
		}
		d.Finish(events[:0], true)
	}
}

func BenchmarkDecodeWhole(b *testing.B) {
	body := []byte(`{"id":"msg_1","type":"message","model":"claude","content":[{"type":"text","text":"` + strings.Repeat("word ", 200) +
		`"},{"type":"tool_use","id":"c","name":"f","input":{"path":"/a/b"}}],"stop_reason":"tool_use","usage":{"input_tokens":3,"output_tokens":5}}`)
	events := make([]llm.Event, 0, 16)
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		up.Decoder(nil, "id").Whole(events[:0], body)
	}
}

func BenchmarkOpening(b *testing.B) {
	ev := sse.Event{Data: []byte(started)}
	b.ReportAllocs()
	for b.Loop() {
		up.Opening(ev)
	}
}

func BenchmarkEnd(b *testing.B) {
	tail := []byte(strings.Repeat(string(stream(hello)), 30) + string(stream(ended, stopped)))
	b.ReportAllocs()
	for b.Loop() {
		up.Ended(tail, true)
		up.Usage(tail)
	}
}
