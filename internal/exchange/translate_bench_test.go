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
	"github.com/aiclient2api/caddy-aiclient2api/internal/buffer"
)

// claude is a provider that speaks Anthropic's format.
func claude() Target {
	return Target{Provider: "claude", Model: "claude-sonnet-4-5", Formats: []formats.Upstream{messages.Upstream{}}}
}

func google() Target {
	return Target{Provider: "google", Model: "gemini-2.5-flash", Formats: []formats.Upstream{gemini.Upstream{}}}
}

// question is a chat request of some 9 KB, about half of them eight tools as
// programs write them that sort names.
func question(stream bool) string {
	var tools []string
	for i := range 8 {
		tools = append(tools, fmt.Sprintf(`{"function":{"description":"Reads, writes or lists files of the work space","name":"tool_%d","parameters":{"additionalProperties":false,"properties":{"filter":{"items":{"properties":{"key":{"type":"string"},"value":{"type":"string"}},"required":["key"],"type":"object"},"type":"array"},"limit":{"description":"How many lines to return","maximum":1000,"minimum":1,"type":"integer"},"mode":{"description":"Mode of tool %d","enum":["read","write","append"],"type":"string"},"path":{"description":"Absolute path of the file that the tool reads or writes","type":"string"}},"required":["path","mode"],"type":"object"}},"type":"function"}`, i, i))
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

// chunks is a stream of OpenAI's with a hundred pieces of text.
func chunks() []byte {
	const head = `data: {"id":"chatcmpl-BxQ2m8Zk4vTn1sLr7pYwEu3JcHaGd","object":"chat.completion.chunk","created":1760000000,"model":"gpt-4o-mini-2024-07-18","service_tier":"default","system_fingerprint":"fp_560af6e559","choices":[`
	var b bytes.Buffer
	b.WriteString(head + `{"index":0,"delta":{"role":"assistant","content":"","refusal":null},"logprobs":null,"finish_reason":null}]}` + "\n\n")
	for range 100 {
		b.WriteString(head + `{"index":0,"delta":{"content":"some words of it "},"logprobs":null,"finish_reason":null}]}` + "\n\n")
	}
	b.WriteString(head + `{"index":0,"delta":{},"logprobs":null,"finish_reason":"stop"}]}` + "\n\n")
	b.WriteString(head + `],"usage":{"prompt_tokens":19,"completion_tokens":100,"total_tokens":119,"prompt_tokens_details":{"cached_tokens":0}}}` + "\n\ndata: [DONE]\n\n")
	return b.Bytes()
}

// asked is question as an Anthropic client says it.
func asked(stream bool) string {
	var tools []string
	for i := range 8 {
		tools = append(tools, fmt.Sprintf(`{"name":"tool_%d","description":"Reads something of the kind %d.","input_schema":{"type":"object","properties":{"path":{"type":"string","description":"where it is"},"limit":{"type":"integer"}},"required":["path"]}}`, i, i))
	}
	return fmt.Sprintf(`{"model":"m","stream":%v,"max_tokens":1024,"system":"Be brief.","messages":[{"role":"user","content":"%s"}],"tools":[%s]}`,
		stream, strings.Repeat("some words of a question ", 160), strings.Join(tools, ","))
}

// askedCall is a call of an Anthropic client.
func askedCall(b testing.TB, stream bool) *Call {
	c := newCall(b, askeds[stream])
	c.Client = messages.Client{}
	return c
}

// secret is a credential to look for.
var secret = []byte("sk-upstream-0123456789")

// BenchmarkPlanTranslated is the whole way of a request, from its bytes on.
func BenchmarkPlanTranslated(b *testing.B) {
	for _, bench := range []struct {
		name   string
		call   func(testing.TB, bool) *Call
		target Target
	}{
		{"messages", questionCall, claude()},
		{"gemini", questionCall, google()},
		{"chat", askedCall, target("gpt-4o-mini")},
	} {
		b.Run(bench.name, func(b *testing.B) {
			b.ReportAllocs()
			first := bench.call(b, false)
			body := first.Body.Bytes()
			for b.Loop() {
				c := &Call{Request: first.Request, Client: first.Client, RequestID: "id"}
				c.Body, _ = buffer.Read(bytes.NewReader(body), int64(len(body)), 1<<20)
				c.Head, _ = formats.Scan(c.Body.Bytes())
				x, err := Plan(c, bench.target)
				if err != nil {
					b.Fatal(err)
				}
				x.Release()
				c.Body.Release()
			}
		})
	}
}

// questionCall is a call of a chat client.
func questionCall(b testing.TB, stream bool) *Call { return newCall(b, questions[stream]) }

// questions and askeds are what is asked, by whether a stream is wanted.
var (
	questions = map[bool]string{false: question(false), true: question(true)}
	askeds    = map[bool]string{false: asked(false), true: asked(true)}
)

// BenchmarkTranslateStream is the whole way of an answer, but for the plan.
func BenchmarkTranslateStream(b *testing.B) {
	for _, bench := range []struct {
		name   string
		call   func(testing.TB, bool) *Call
		target Target
		stream []byte
	}{
		{"messages to chat", questionCall, claude(), deltas()},
		{"chat to messages", askedCall, target("gpt-4o-mini"), chunks()},
	} {
		b.Run(bench.name, func(b *testing.B) {
			answered(b, bench.call(b, true), bench.target, "text/event-stream", bench.stream)
		})
	}
}

// BenchmarkTranslateWhole is that of an answer that is not streamed.
func BenchmarkTranslateWhole(b *testing.B) {
	text := strings.Repeat("some words of it ", 20)
	for _, bench := range []struct {
		name   string
		call   func(testing.TB, bool) *Call
		target Target
		body   string
	}{
		{"messages to chat", questionCall, claude(), `{"id":"msg_1","type":"message","role":"assistant","model":"claude","content":[{"type":"text","text":"` + text + `"}],"stop_reason":"end_turn","stop_sequence":null,"usage":{"input_tokens":19,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"output_tokens":20,"service_tier":"standard"}}`},
		{"chat to messages", askedCall, target("gpt-4o-mini"), `{"id":"chatcmpl-1","object":"chat.completion","created":1760000000,"model":"gpt-4o-mini","choices":[{"index":0,"message":{"role":"assistant","content":"` + text + `","refusal":null,"annotations":[]},"logprobs":null,"finish_reason":"stop"}],"usage":{"prompt_tokens":19,"completion_tokens":20,"total_tokens":39,"prompt_tokens_details":{"cached_tokens":0,"audio_tokens":0}},"service_tier":"default","system_fingerprint":"fp_1"}`},
	} {
		b.Run(bench.name, func(b *testing.B) {
			answered(b, bench.call(b, false), bench.target, "application/json", []byte(bench.body))
		})
	}
}

// answered answers a call again and again.
func answered(b *testing.B, c *Call, t Target, kind string, body []byte) {
	buf := make([]byte, 32<<10)
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		x, bad := Plan(c, t)
		if bad != nil {
			b.Fatal(bad)
		}
		x.Begin(0, "1")
		res, err := x.Answer(answer(http.StatusOK, kind, bytes.NewReader(body)), Attempt{Own: true, Secret: secret})
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
