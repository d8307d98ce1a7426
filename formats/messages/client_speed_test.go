package messages_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/aiclient2api/caddy-aiclient2api/llm"
)

// Pieces of texts, thoughts and arguments cost no memory.
func TestAppendAllocates(t *testing.T) {
	for _, open := range []llm.Event{opening(llm.Text), opening(llm.Thought), calling("c", "f"), opening(llm.Refusal)} {
		w := writer(new(llm.Request))
		dst := w.Append(make([]byte, 0, 4096), []llm.Event{starting, open, say("x")})[:0]
		piece := []llm.Event{say("Hello"), say(" \"there\"")}
		if n := testing.AllocsPerRun(100, func() { dst = w.Append(dst[:0], piece) }); n > 0 {
			t.Errorf("%s: %v allocations", show([]llm.Event{open}), n)
		}
	}
}

func BenchmarkAppendDelta(b *testing.B) {
	w := writer(new(llm.Request))
	dst := w.Append(make([]byte, 0, 4096), []llm.Event{starting, opening(llm.Text), say("x")})
	piece := []llm.Event{say("Hello")}
	b.ReportAllocs()
	for b.Loop() {
		dst = w.Append(dst[:0], piece)
	}
	b.SetBytes(int64(len(dst)))
}

// answerOf is an answer of a thought, a text of n pieces and a call.
func answerOf(n int) []llm.Event {
	events := []llm.Event{starting, stating(llm.Usage{Input: llm.Tokens(9)}), opening(llm.Thought), say("Hm."), signing("S", llm.Google), closing, opening(llm.Text)}
	for range n {
		events = append(events, say(" word"))
	}
	return append(events, closing, signed(calling("c", "f"), "S"), say(`{"path":`), say(`"/a/b"}`), closing, finish(llm.Calls),
		stating(llm.Usage{Input: llm.Tokens(9), Output: llm.Tokens(100)}), end)
}

func BenchmarkAppendStream(b *testing.B) {
	events := answerOf(100)
	r := new(llm.Request)
	dst := make([]byte, 0, 32<<10)
	b.ReportAllocs()
	for b.Loop() {
		dst = writer(r).Append(dst[:0], events)
	}
	b.SetBytes(int64(len(dst)))
}

func BenchmarkAppendWhole(b *testing.B) {
	events := answerOf(100)
	r := new(llm.Request)
	dst := make([]byte, 0, 32<<10)
	b.ReportAllocs()
	for b.Loop() {
		dst = writer(r).AppendWhole(dst[:0], events)
	}
	b.SetBytes(int64(len(dst)))
}

// requestOf is a conversation of n rounds of calls, with eight tools.
func requestOf(n int) []byte {
	words := strings.Repeat("word ", 200)
	var b strings.Builder
	b.WriteString(`{"model":"claude-sonnet-4-5","max_tokens":4096,"stream":true,"system":[{"type":"text","text":"` + words + `","cache_control":{"type":"ephemeral"}}],"tools":[`)
	for i := range 8 {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"name":"tool_%d","description":"%s","input_schema":{"type":"object","properties":{"path":{"type":"string"}},"required":["path"]}}`, i, words[:200])
	}
	b.WriteString(`],"messages":[{"role":"user","content":"` + words + `"}`)
	for i := range n {
		fmt.Fprintf(&b, `,{"role":"assistant","content":[{"type":"thinking","thinking":"Hm.","signature":"S"},{"type":"text","text":"A"},{"type":"tool_use","id":"c%d","name":"tool_1","input":{"path":"/a/b"}}]}`, i)
		fmt.Fprintf(&b, `,{"role":"user","content":[{"type":"tool_result","tool_use_id":"c%d","content":"%s"}]}`, i, words)
	}
	b.WriteString(`]}`)
	return []byte(b.String())
}

func BenchmarkDecodeRequest(b *testing.B) {
	for _, n := range []int{1, 20} {
		body := requestOf(n)
		b.Run(fmt.Sprintf("%d rounds", n), func(b *testing.B) {
			b.SetBytes(int64(len(body)))
			b.ReportAllocs()
			for b.Loop() {
				if _, bad := client.Decode(body); bad != nil {
					b.Fatal(bad)
				}
			}
		})
	}
}
