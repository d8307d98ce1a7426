package gemini_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/aiclient2api/caddy-aiclient2api/formats"
	"github.com/aiclient2api/caddy-aiclient2api/llm"
	"github.com/aiclient2api/caddy-aiclient2api/sse"
)

// textChunk is a chunk as Google sends most of.
const textChunk = `{"candidates": [{"content": {"parts": [{"text": " a massive wave of activity in the tech sector, dominated by a major release"}],"role": "model"},"index": 0}],` +
	`"usageMetadata": {"promptTokenCount": 9,"candidatesTokenCount": 42,"totalTokenCount": 1287,"promptTokensDetails": [{"modality": "TEXT","tokenCount": 9}],"thoughtsTokenCount": 1236},` +
	`"modelVersion": "gemini-3-flash-preview","responseId": "jXZ5ac20I8fh"}`

// A text costs no allocation on its way, nor does a thought.
func TestDecodeAllocatesNothing(t *testing.T) {
	for name, chunk := range map[string]string{
		"text":    textChunk,
		"thought": strings.Replace(textChunk, `{"text"`, `{"thought": true,"text"`, 1),
	} {
		d := up.Decoder(nil, "x")
		ev := sse.Event{Data: []byte(chunk)}
		events := d.Decode(make([]llm.Event, 0, 8), ev)
		if n := testing.AllocsPerRun(100, func() {
			events = d.Decode(events[:0], ev)
		}); n != 0 || len(events) != 1 || events[0].Step != llm.Delta {
			t.Errorf("%s: %v allocations, %s", name, n, show(events))
		}
	}
}

func BenchmarkDecode(b *testing.B) {
	d := up.Decoder(nil, "x")
	ev := sse.Event{Data: []byte(textChunk)}
	var events []llm.Event
	b.ReportAllocs()
	b.SetBytes(int64(len(textChunk)))
	for b.Loop() {
		events = d.Decode(events[:0], ev)
	}
}

func BenchmarkDecodeCall(b *testing.B) {
	ev := sse.Event{Data: []byte(parts(`{"functionCall":{"id":"c","name":"f","args":{"path":"/tmp/x","lines":[1,2,3]}},"thoughtSignature":"`+strings.Repeat("A", 400)+`"}`, stop))}
	d := up.Decoder(nil, "x")
	var events []llm.Event
	b.ReportAllocs()
	for b.Loop() {
		events = d.Decode(events[:0], ev)
	}
}

func BenchmarkDecodeStreamedArguments(b *testing.B) {
	var events []llm.Event
	first := sse.Event{Data: []byte(streamed(`"name":"f","willContinue":true`))}
	next := sse.Event{Data: []byte(streamed(`"partialArgs":[{"jsonPath":"$.a[0].b","stringValue":"some text","willContinue":true}],"willContinue":true`))}
	last := sse.Event{Data: []byte(streamed(``, stop))}
	b.ReportAllocs()
	for b.Loop() {
		d := up.Decoder(nil, "x")
		events = d.Decode(events[:0], first)
		for range 20 {
			events = d.Decode(events, next)
		}
		events = d.Decode(events, last)
	}
}

func BenchmarkDecodeWhole(b *testing.B) {
	body := []byte(strings.ReplaceAll(strings.ReplaceAll(textChunk, ",", ",\n  "), `"index": 0`, `"index": 0, "finishReason": "STOP"`))
	var events []llm.Event
	b.ReportAllocs()
	for b.Loop() {
		events, _ = up.Decoder(nil, "x").Whole(events[:0], body)
	}
}

func BenchmarkOpening(b *testing.B) {
	ev := sse.Event{Data: []byte(textChunk)}
	b.ReportAllocs()
	for b.Loop() {
		up.Opening(ev)
	}
}

// long is a conversation of an agent.
func long() *llm.Request {
	r := &llm.Request{Temperature: llm.Number("0"), MaxTokens: llm.Number("8192"), Turns: []llm.Turn{said(llm.System, strings.Repeat("be brief. ", 400))}}
	for _, name := range []string{"read", "write", "list", "find", "run", "ask", "plan", "stop"} {
		r.Tools = append(r.Tools, llm.Tool{Name: lit(name), Description: lit(strings.Repeat("it does something ", 20)), Schema: object})
	}
	for range 10 {
		r.Turns = append(r.Turns, said(llm.User, strings.Repeat("do it, please. ", 20)),
			turn(llm.Assistant, text("yes"), signed(called("1", "read", `{"a":"x"}`), llm.Google, strings.Repeat("A", 400)), called("2", "list", `{}`)),
			turn(llm.User, result("2", text(strings.Repeat("a file\n", 200))), result("1", text(strings.Repeat("a line\n", 200)))),
			said(llm.Assistant, "done"))
	}
	return r
}

func BenchmarkEncode(b *testing.B) {
	r := long()
	var dst []byte
	b.ReportAllocs()
	for b.Loop() {
		sent, no := up.Encode(dst[:0], r, "gemini-3-pro-preview")
		if no != nil {
			b.Fatal(no.What)
		}
		dst = sent.Body
	}
	b.SetBytes(int64(len(dst)))
}

func BenchmarkEncodeImage(b *testing.B) {
	r := &llm.Request{Turns: []llm.Turn{turn(llm.User, medium(llm.Image, llm.Media{MIME: "image/png", Data: bytes.Repeat([]byte("A"), 1<<20)}))}}
	var dst []byte
	b.ReportAllocs()
	for b.Loop() {
		sent, _ := up.Encode(dst[:0], r, "gemini-2.5-flash")
		dst = sent.Body
	}
}

func BenchmarkPath(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		up.Path(formats.Conversation, "gemini-2.5-flash", true)
	}
}
