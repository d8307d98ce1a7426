package gemini_test

import (
	"strings"
	"testing"

	"github.com/aiclient2api/caddy-aiclient2api/formats"
	"github.com/aiclient2api/caddy-aiclient2api/llm"
)

// Texts and thoughts cost no allocation on their way, nor do arguments.
func TestClientEncodeAllocatesNothing(t *testing.T) {
	for name, opening := range map[string]llm.Event{
		"text": open(llm.Text), "thought": openThought(""), "arguments": openCall("1", "f"),
	} {
		for _, list := range []bool{false, true} {
			e := client.Encoder(formats.Answer{Request: &llm.Request{}, Model: "m", ID: "x", List: list})
			dst := e.Append(make([]byte, 0, 4096), []llm.Event{start, opening})
			events := []llm.Event{delta("a piece of a \"text\" – or not")}
			if opening.Kind == llm.Call { // room is made now and then
				e.Append(nil, []llm.Event{delta(strings.Repeat("x", 8000))})
			}
			if n := testing.AllocsPerRun(100, func() { dst = e.Append(dst[:0], events) }); n != 0 {
				t.Errorf("%s: %v allocations", name, n)
			}
		}
	}
}

func BenchmarkClientEncode(b *testing.B) {
	e := client.Encoder(formats.Answer{Request: &llm.Request{}, Model: "m", ID: "x"})
	dst := e.Append(nil, []llm.Event{start, open(llm.Text)})
	events := []llm.Event{delta(" a massive wave of activity in the tech sector, dominated by a major release")}
	b.ReportAllocs()
	for b.Loop() {
		dst = e.Append(dst[:0], events)
	}
}

// answered is an answer with a thought, a text and two calls.
func answered() []llm.Event {
	events := []llm.Event{start, openThought(llm.Anthropic)}
	for range 50 {
		events = append(events, delta("it may be that the file is there "))
	}
	events = append(events, sign(strings.Repeat("S", 400), llm.Anthropic), shut, open(llm.Text))
	for range 50 {
		events = append(events, delta("I look into the file "))
	}
	return append(events, shut, openCall("1", "read"), delta(`{"path":"/tmp/x",`), delta(`"lines":[1,2,3]}`), shut, openCall("2", "list"), shut,
		used(llm.Usage{Input: llm.Tokens(10), Output: llm.Tokens(20)}), finish(llm.Calls), over)
}

func BenchmarkClientEncodeAnswer(b *testing.B) {
	events := answered()
	var dst []byte
	b.ReportAllocs()
	for b.Loop() {
		dst = client.Encoder(formats.Answer{Request: &llm.Request{}, Model: "m", ID: "x"}).Append(dst[:0], events)
	}
}

func BenchmarkClientEncodeWhole(b *testing.B) {
	events := answered()
	var dst []byte
	b.ReportAllocs()
	for b.Loop() {
		dst = client.Encoder(formats.Answer{Request: &llm.Request{}, Model: "m", ID: "x"}).AppendWhole(dst[:0], events)
	}
}

func BenchmarkClientDecode(b *testing.B) {
	var s strings.Builder
	s.WriteString(`{"systemInstruction":{"parts":[{"text":"` + strings.Repeat("be brief. ", 400) + `"}]},"tools":[{"functionDeclarations":[`)
	for i, name := range []string{"read", "write", "list", "find", "run", "ask", "plan", "stop"} {
		if i > 0 {
			s.WriteByte(',')
		}
		s.WriteString(`{"name":"` + name + `","description":"` + strings.Repeat("it does something ", 20) +
			`","parameters":{"type":"OBJECT","properties":{"path":{"type":"STRING","description":"where"},"lines":{"type":"ARRAY","items":{"type":"INTEGER"}}},"required":["path"]}}`)
	}
	s.WriteString(`]}],"generationConfig":{"temperature":0,"maxOutputTokens":8192},"contents":[`)
	for i := range 10 {
		if i > 0 {
			s.WriteByte(',')
		}
		s.WriteString(`{"role":"user","parts":[{"text":"` + strings.Repeat("do it, please. ", 20) + `"}]},{"role":"model","parts":[{"text":"yes"},{"functionCall":{"id":"1","name":"read","args":{"path":"x"}},"thoughtSignature":"` +
			strings.Repeat("A", 400) + `"}]},{"role":"user","parts":[{"functionResponse":{"id":"1","name":"read","response":{"output":"` + strings.Repeat(`a line\n`, 200) + `"}}}]}`)
	}
	s.WriteString(`]}`)
	body := []byte(s.String())
	b.ReportAllocs()
	b.SetBytes(int64(len(body)))
	for b.Loop() {
		if _, err := client.Decode(body); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkClientDecodeImage(b *testing.B) {
	body := []byte(`{"contents":[{"parts":[{"inlineData":{"mimeType":"image/png","data":"` + strings.Repeat("A", 1<<20) + `"}}]}]}`)
	b.ReportAllocs()
	b.SetBytes(int64(len(body)))
	for b.Loop() {
		if _, err := client.Decode(body); err != nil {
			b.Fatal(err)
		}
	}
}
