package responses_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/aiclient2api/caddy-aiclient2api/llm"
)

func BenchmarkClientDecode(b *testing.B) {
	var body strings.Builder
	body.WriteString(`{"model":"m","instructions":"` + strings.Repeat("word ", 200) + `","input":[`)
	for i := range 10 {
		fmt.Fprintf(&body, `{"role":"user","content":[{"type":"input_text","text":"%s"}]},{"type":"reasoning","summary":[],"encrypted_content":"E"},`, strings.Repeat("word ", 50))
		fmt.Fprintf(&body, `{"type":"function_call","call_id":"c%d","name":"f","arguments":"{\"a\":1}"},{"type":"function_call_output","call_id":"c%d","output":"done"},`, i, i)
	}
	body.WriteString(`{"role":"user","content":"go on"}],"tools":[`)
	for i := range 8 {
		fmt.Fprintf(&body, `{"type":"function","name":"tool_%d","description":"%s","parameters":{"type":"object","properties":{"a":{"type":"string"}}}},`, i, strings.Repeat("word ", 20))
	}
	body.WriteString(`{"type":"web_search"}],"stream":true,"store":false}`)
	in := []byte(body.String())
	b.SetBytes(int64(len(in)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := client.Decode(in); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkClientEncodeDelta(b *testing.B) {
	e := answered(new(llm.Request))
	e.Append(nil, []llm.Event{began, block(llm.Text)})
	deltas := []llm.Event{piece("hello")}
	dst := make([]byte, 0, 1024)
	n := 0
	b.ReportAllocs()
	for b.Loop() {
		if n++; n == 10000 { // an answer is not endless
			n = 0
			e.Append(dst, []llm.Event{closed, block(llm.Text)})
		}
		e.Append(dst, deltas)
	}
}

// conversation is an answer of a hundred deltas and a call.
func conversation() []llm.Event {
	events := []llm.Event{began, block(llm.Text)}
	for range 100 {
		events = append(events, piece("some words"))
	}
	return append(events, closed, called("c", "f"), piece(`{"a":1}`), closed, ended(llm.Calls), over)
}

func BenchmarkClientEncodeStream(b *testing.B) {
	events := conversation()
	var dst []byte
	b.ReportAllocs()
	for b.Loop() {
		dst = answered(new(llm.Request)).Append(dst[:0], events)
		b.SetBytes(int64(len(dst)))
	}
}

func BenchmarkClientEncodeWhole(b *testing.B) {
	events := conversation()
	var dst []byte
	b.ReportAllocs()
	for b.Loop() {
		dst = answered(new(llm.Request)).AppendWhole(dst[:0], events)
		b.SetBytes(int64(len(dst)))
	}
}
