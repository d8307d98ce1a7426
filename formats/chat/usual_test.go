package chat

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/aiclient2api/caddy-aiclient2api/formats"
	"github.com/aiclient2api/caddy-aiclient2api/llm"
	"github.com/aiclient2api/caddy-aiclient2api/sse"
)

const (
	openAI = `{"id":"c","object":"chat.completion.chunk","created":17,"model":"m","system_fingerprint":null,"choices":[{"index":0,"delta":{"content":"a\"b"},"logprobs":null,"finish_reason":null}],"usage":null,"obfuscation":"x"}`
	vLLM   = `{"id":"c","created":17,"choices":[{"index":0,"delta":{"role":"assistant","content":null,"reasoning_content":"t"},"finish_reason":null,"stop_reason":null}],"error":null}`
)

// The short way takes chunks as most servers write them, and nothing else.
func TestUsual(t *testing.T) {
	for _, tc := range []struct {
		data             string
		content, thought string
		ok               bool
	}{
		{data: openAI, content: `"a\"b"`, ok: true},
		{data: vLLM, thought: `"t"`, ok: true},
		{data: strings.NewReplacer(":", ": ", ",", ", ").Replace(vLLM), thought: `"t"`, ok: true},
		{data: `{"choices":[{"delta":{"reasoning_content":"t","content":"","refusal":null}}]}`, content: `""`, thought: `"t"`, ok: true},
		{data: `{"choices":[{"delta":{"role":"assistant"}}],"id":"c"}`, ok: true},
		{data: `{"choices":[{"delta":{}}]}`},
		{data: `{"choices":[{"index":0}]}`},
		{data: `{"choices":[]}`},
		{data: `{"id":"c"}`},
		{data: `{}`},
		{data: ``},
		{data: openAI[:len(openAI)-1]},
		{data: openAI + "}"},
		{data: openAI + " "},
		{data: strings.Replace(openAI, `"index":0`, `"index":1`, 1)},
		{data: strings.Replace(openAI, `"index":0`, `"index":01`, 1)},
		{data: strings.Replace(openAI, `"index":0`, `"index":0.5`, 1)},
		{data: strings.Replace(openAI, `"created":17`, `"created":017`, 1)},
		{data: strings.Replace(openAI, `"created":17`, `"created":{}`, 1)},
		{data: strings.Replace(openAI, `"finish_reason":null`, `"finish_reason":"stop"`, 1)},
		{data: strings.Replace(openAI, `"logprobs":null`, `"logprobs":{}`, 1)},
		{data: strings.Replace(openAI, `"usage":null`, `"usage":{}`, 1)},
		{data: strings.Replace(openAI, `"usage":null`, `"error":{}`, 1)},
		{data: strings.Replace(openAI, `"usage":null`, `"\u0065rror":{}`, 1)},
		{data: strings.Replace(openAI, `"usage":null`, `"choices":[]`, 1)},
		{data: strings.Replace(openAI, `"content"`, `"content":"c","content"`, 1)},
		{data: strings.Replace(openAI, `"content"`, `"refusal":"c","content"`, 1)},
		{data: strings.Replace(openAI, `"content"`, `"reasoning":"c","content"`, 1)},
		{data: strings.Replace(openAI, `"delta"`, `"delta":null,"delta"`, 1), content: `"a\"b"`},
		{data: strings.Replace(openAI, `a\"b`, `\x`, 1)},
		{data: strings.Replace(openAI, `a\"b`, "\n", 1)},
		{data: strings.Replace(openAI, `}]`, `},{"index":1}]`, 1)},
	} {
		u := new(usual)
		for range 3 { // the second and third know what is around the text
			s, ok := u.read([]byte(tc.data))
			if ok != tc.ok || ok && (string(s.content) != tc.content || string(s.reasoning) != tc.thought) {
				t.Errorf("%s: %q %q %v", tc.data, s.content, s.reasoning, ok)
			}
		}
	}
}

// answers reads chunks in a row, the short way and the long.
func answers(t *testing.T, chunks [][]byte) {
	t.Helper()
	quick, plain := &reader{id: "i"}, &reader{id: "i"}
	var opening usual
	for _, data := range chunks {
		short := quick.Decode(nil, sse.Event{Data: data})
		var long []llm.Event
		if data := bytes.TrimSpace(data); !plain.failed && !plain.done && len(data) > 0 {
			if string(data) == done {
				plain.done = true
			} else {
				plain.onto(nil)
				plain.chunk(data)
				long = plain.take()
			}
		}
		if !reflect.DeepEqual(short, long) {
			t.Fatalf("%s:\n%+v\n%+v", data, short, long)
		}
		if s, ok := opening.read(data); ok {
			got, _ := Upstream{}.Opening(sse.Event{Data: data})
			want, _ := opens(sse.Event{Data: data})
			if got != want || !formats.Valid(data) {
				t.Fatalf("%s: %v, %+v opens as %v, want %v", data, formats.Valid(data), s, got, want)
			}
		}
	}
	short, ok := quick.Finish(nil, true)
	long, whole := plain.Finish(nil, true)
	if ok != whole || !reflect.DeepEqual(short, long) {
		t.Fatalf("the end:\n%+v %v\n%+v %v", short, ok, long, whole)
	}
}

// What is read the short way is what would be read the long way, over all
// streams of the corpus, also as they are without their white space.
func TestUsualOverTheCorpus(t *testing.T) {
	files, _ := filepath.Glob("../formattest/testdata/*.txt")
	if len(files) == 0 {
		t.Fatal("no corpus")
	}
	count, taken := 0, 0
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, section := range strings.Split(string(b), "\n-- ") {
			title, body, _ := strings.Cut(section, " --\n")
			if title != "stream chat" {
				continue
			}
			var chunks, compact [][]byte
			for rest := []byte(body + "\n\n"); ; {
				ev, next, ok := sse.Next(rest)
				if !ok {
					break
				}
				if rest = next; ev.Data == nil {
					continue
				}
				var c bytes.Buffer
				if json.Compact(&c, ev.Data) != nil {
					c.Write(ev.Data)
				}
				chunks, compact = append(chunks, ev.Data), append(compact, c.Bytes())
				count++
				if _, ok := (*usual)(nil).read(ev.Data); ok {
					taken++
				}
			}
			answers(t, chunks)
			answers(t, compact)
		}
	}
	if count == 0 || taken == 0 {
		t.Errorf("%d chunks, of which %d are usual", count, taken)
	}
	t.Logf("%d of %d chunks are usual", taken, count)
}

func FuzzUsual(f *testing.F) {
	first := strings.Replace(openAI, `"content":"a\"b"`, `"role":"assistant","content":"","refusal":null`, 1)
	f.Add([]byte(first + "\n" + openAI + "\n" + openAI + "\n" + vLLM + "\n" + vLLM + "\n" + openAI + "\n[DONE]"))
	f.Add([]byte(vLLM + "\n" + strings.NewReplacer(":", ": ", ",", ", ").Replace(openAI) + "\n" + openAI))
	f.Add([]byte(openAI + "\n" + strings.Replace(openAI, `"content":"a\"b"`, `"tool_calls":[{"index":0,"id":"t","function":{"name":"f","arguments":"{"}}]`, 1) + "\n" + openAI + "\n" + vLLM))
	f.Add([]byte(`{"choices":[{"delta":{"content":"","reasoning_content":"t"}}]}` + "\n" + `{"choices":[{"delta":{"content":"a","reasoning_content":null}}]}` + "\n" + `{"choices":[{"delta":{"reasoning_content":null,"content":"a"}}]}`))
	f.Fuzz(func(t *testing.T, b []byte) { answers(t, bytes.Split(b, []byte("\n"))) })
}

// Pieces of texts and thoughts cost no memory.
func TestUsualAllocates(t *testing.T) {
	for _, data := range []string{openAI, vLLM} {
		d, ev := &reader{id: "i"}, sse.Event{Data: []byte(data)}
		events := d.Decode(nil, ev)
		if n := testing.AllocsPerRun(100, func() { events = d.Decode(events[:0], ev) }); n > 0 {
			t.Errorf("%s: %v allocations", data, n)
		}
	}
}
