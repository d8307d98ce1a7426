package exchange

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/aiclient2api/caddy-aiclient2api/formats"
	"github.com/aiclient2api/caddy-aiclient2api/formats/gemini"
	"github.com/aiclient2api/caddy-aiclient2api/formats/messages"
)

// claude is a provider that speaks Anthropic's format.
func claude() Target {
	return Target{Provider: "claude", Model: "claude-sonnet-4-5", Formats: []formats.Upstream{messages.Upstream{}}}
}

func google() Target {
	return Target{Provider: "google", Model: "gemini-2.5-flash", Formats: []formats.Upstream{gemini.Upstream{}}}
}

// question is a chat request of some 4 KB with eight tools.
func question(stream bool) string {
	var tools []string
	for i := range 8 {
		tools = append(tools, fmt.Sprintf(`{"type":"function","function":{"name":"tool_%d","description":"Reads something of the kind %d.","parameters":{"type":"object","properties":{"path":{"type":"string","description":"where it is"},"limit":{"type":"integer"}},"required":["path"]}}}`, i, i))
	}
	return fmt.Sprintf(`{"model":"m","stream":%v,"messages":[{"role":"system","content":"Be brief."},{"role":"user","content":"%s"}],"tools":[%s],"tool_choice":"auto"}`,
		stream, strings.Repeat("some words of a question ", 160), strings.Join(tools, ","))
}

// deltas is a stream of Anthropic's with a hundred pieces of text.
func deltas() []byte {
	var b bytes.Buffer
	b.WriteString("event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"msg_1\",\"type\":\"message\",\"role\":\"assistant\",\"model\":\"claude\",\"content\":[],\"stop_reason\":null,\"usage\":{\"input_tokens\":10,\"output_tokens\":1}}}\n\n")
	b.WriteString("event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"\"}}\n\n")
	for range 100 {
		b.WriteString("event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"some words of it \"}}\n\n")
	}
	b.WriteString("event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":0}\n\nevent: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"},\"usage\":{\"output_tokens\":100}}\n\nevent: message_stop\ndata: {\"type\":\"message_stop\"}\n\n")
	return b.Bytes()
}

func BenchmarkPlanTranslated(b *testing.B) {
	for name, target := range map[string]Target{"messages": claude(), "gemini": google()} {
		b.Run(name, func(b *testing.B) {
			body := question(false)
			b.SetBytes(int64(len(body)))
			b.ReportAllocs()
			for b.Loop() {
				c := newCall(b, body)
				x, err := Plan(c, target)
				if err != nil {
					b.Fatal(err)
				}
				x.Release()
				c.Body.Release()
			}
		})
	}
}

func BenchmarkTranslateStream(b *testing.B) {
	stream := deltas()
	c := newCall(b, question(true))
	buf := make([]byte, 32<<10)
	b.SetBytes(int64(len(stream)))
	b.ReportAllocs()
	for b.Loop() {
		x, bad := Plan(c, claude())
		if bad != nil {
			b.Fatal(bad)
		}
		x.Begin(0, "1")
		res, err := x.Answer(answer(http.StatusOK, "text/event-stream", bytes.NewReader(stream)), Attempt{})
		if err != nil {
			b.Fatal(err)
		}
		for {
			if _, err := res.Body.Read(buf); err == io.EOF {
				break
			}
		}
		_ = res.Body.Close()
		x.Release()
	}
}
