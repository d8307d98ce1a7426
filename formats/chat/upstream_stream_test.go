package chat_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tidwall/gjson"

	"github.com/aiclient2api/caddy-aiclient2api/formats"
	"github.com/aiclient2api/caddy-aiclient2api/formats/chat"
	"github.com/aiclient2api/caddy-aiclient2api/llm"
	"github.com/aiclient2api/caddy-aiclient2api/sse"
)

func chunkOf(delta string) string {
	return `{"id":"c","model":"m","choices":[{"index":0,"delta":` + delta + `}]}`
}

func TestStream(t *testing.T) {
	const done = "[DONE]"
	for _, tc := range []struct {
		name  string
		lines []string
		want  string
	}{
		{"text", []string{chunkOf(`{"role":"assistant","content":""}`), chunkOf(`{"content":"a"}`), chunkOf(`{"content":"\ud83d"}`), chunkOf(`{"content":"\ude00"}`),
			`{"id":"c","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}`, `{"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":2}}`, done, "CLOSE"},
			`start(c,m) <text> "a" "\ud83d" "\ude00" / stopped 1,2,,,, end`},
		{"an opening chunk without choices (Azure)", []string{`{"id":"","model":"","choices":[],"prompt_filter_results":[{}]}`, chunkOf(`{"content":"a"}`), done, "CUT"},
			`start(c,m) <text> "a" / stopped end`},
		{"an empty answer", []string{done, "CLOSE"}, `start(,) stopped end`},
		{"no terminator", []string{chunkOf(`{"content":"a"}`), `{"choices":[{"delta":{"content":"b"},"finish_reason":"length"}]}`, "CLOSE"}, `start(c,m) <text> "a" "b" / length end`},
		{"no terminator and no order", []string{chunkOf(`{"content":"a"}`), `{"choices":[{"delta":{},"finish_reason":"stop"}]}`, "CUT"}, `start(c,m) <text> "a" broken`},
		{"no finish", []string{chunkOf(`{"content":"a"}`), "CLOSE"}, `start(c,m) <text> "a" broken`},
		{"finish twice, with text after it", []string{`{"choices":[{"delta":{"content":"a"},"finish_reason":"length"}]}`, chunkOf(`{"content":"b"}`), `{"choices":[{"delta":{},"finish_reason":"stop"}]}`, done, "CLOSE"},
			`start(,) <text> "a" "b" / length end`},
		{"an empty finish reason is none", []string{`{"choices":[{"delta":{"content":"a"},"finish_reason":""}]}`, "CLOSE"}, `start(,) <text> "a" broken`},
		{"reasoning, three names", []string{chunkOf(`{"reasoning_content":"a"}`), chunkOf(`{"reasoning":"b","reasoning_content":null}`), chunkOf(`{"reasoning_content":"","reasoning":"c"}`), chunkOf(`{"content":"d"}`), done, "CLOSE"},
			`start(c,m) <thought> "a" "b" "c" / <text> "d" / stopped end`},
		{"OpenRouter's reasoning", []string{
			chunkOf(`{"reasoning":"a","reasoning_details":[{"type":"reasoning.text","text":"a","format":"anthropic-claude-v1","index":0}]}`),
			chunkOf(`{"reasoning_details":[{"type":"reasoning.text","signature":"S","format":"anthropic-claude-v1","index":0}]}`),
			chunkOf(`{"content":"d"}`), done, "CLOSE"},
			`start(c,m) <thought anthropic-claude-v1> "a" sign(S,anthropic-claude-v1) / <text> "d" / stopped end`},
		{"sealed reasoning", []string{chunkOf(`{"reasoning":null,"reasoning_details":[{"type":"reasoning.encrypted","data":"D","id":"rs_1","format":"openai-responses-v1"},{"type":"reasoning.encrypted","data":"D","format":null},{"type":"reasoning.summary","summary":"s"}]}`), done, "CLOSE"},
			`start(c,m) <sealed rs_1 D openai-responses-v1> / lost(reasoning signature) <thought> "s" / stopped end`},
		{"a signature that names a call", []string{chunkOf(`{"reasoning_details":[{"type":"reasoning.encrypted","data":"D","id":"t1","format":"google-gemini-v1"}],"tool_calls":[{"index":0,"id":"t1","function":{"name":"f","arguments":"{}"}}]}`), done, "CLOSE"},
			`start(c,m) <call t1 f D google-gemini-v1> "{}" / calls end`},
		{"Mistral's parts", []string{chunkOf(`{"content":[{"type":"thinking","thinking":[{"type":"text","text":"a"}]}]}`), chunkOf(`{"content":[{"type":"text","text":"b"},{"type":"reference","reference_ids":[1]}]}`), chunkOf(`{"content":"c"}`), done, "CLOSE"},
			`start(c,m) <thought> "a" / <text> "b" lost(content) "c" / stopped end`},
		{"content that is an object", []string{chunkOf(`{"content":{"a":"é"}}`), done, "CLOSE"}, `start(c,m) <text> "{\"a\":\"é\"}" / stopped end`},
		{"refusal", []string{chunkOf(`{"refusal":"no"}`), `{"choices":[{"delta":{},"finish_reason":"content_filter"}]}`, done, "CLOSE"}, `start(c,m) <refusal> "no" / filtered end`},
		{"a call in pieces", []string{chunkOf(`{"content":null,"tool_calls":[{"index":0,"id":"t","type":"function","function":{"name":"f","arguments":""}}]}`), chunkOf(`{"tool_calls":[{"index":0,"function":{"arguments":"{\"a\":"}}]}`), chunkOf(`{"tool_calls":[{"index":0,"function":{"arguments":"1}"}}]}`), `{"choices":[{"delta":{},"finish_reason":"stop"}]}`, done, "CLOSE"},
			`start(c,m) <call t f> "{\"a\":" "1}" / calls end`},
		{"a call without index, id or type, whole", []string{chunkOf(`{"tool_calls":[{"function":{"name":"f","arguments":"{}"}},{"function":{"name":"g","arguments":{"a":1}}}]}`), done, "CLOSE"},
			`start(c,m) <call call_id_1 f> "{}" / <call call_id_2 g> "{\"a\":1}" / calls end`},
		{"calls with one index", []string{chunkOf(`{"tool_calls":[{"index":0,"id":"t1","function":{"name":"f","arguments":"{}"}}]}`), chunkOf(`{"tool_calls":[{"index":0,"id":"t2","function":{"name":"f","arguments":"{\"a\":1}"}}]}`), done, "CLOSE"},
			`start(c,m) <call t1 f> "{}" / <call t2 f> "{\"a\":1}" / calls end`},
		{"an id in every piece", []string{chunkOf(`{"tool_calls":[{"id":"t1","function":{"name":"f","arguments":"{"}}]}`), chunkOf(`{"tool_calls":[{"id":"t1","function":{"arguments":"}"}}]}`), done, "CLOSE"},
			`start(c,m) <call t1 f> "{" "}" / calls end`},
		{"calls that interleave", []string{
			chunkOf(`{"tool_calls":[{"index":0,"id":"t1","function":{"name":"f","arguments":""}},{"index":1,"id":"t2","function":{"name":"g","arguments":""}}]}`),
			chunkOf(`{"tool_calls":[{"index":1,"function":{"arguments":"{\"b\":\"}\\\""}},{"index":0,"function":{"arguments":"{\"a\":"}}]}`),
			chunkOf(`{"tool_calls":[{"index":0,"function":{"arguments":"\"{\"}"}}]}`),
			chunkOf(`{"tool_calls":[{"index":1,"function":{"arguments":"\"}"}}]}`), done, "CLOSE"},
			`start(c,m) <call t1 f> "{\"a\":" "\"{\"}" / <call t2 g> "{\"b\":\"}\\\"" "\"}" / calls end`},
		{"interleaving that never completes", []string{
			chunkOf(`{"tool_calls":[{"index":0,"id":"t1","function":{"name":"f","arguments":"{"}},{"index":1,"id":"t2","function":{"name":"g","arguments":"{\"b\":1}"}}]}`), done, "CLOSE"},
			`start(c,m) <call t1 f> "{" / <call t2 g> "{\"b\":1}" / calls end`},
		{"text within the arguments of a call", []string{chunkOf(`{"tool_calls":[{"index":0,"id":"t1","function":{"name":"f","arguments":"{"}}]}`), chunkOf(`{"content":"a"}`), chunkOf(`{"content":"b"}`), chunkOf(`{"tool_calls":[{"index":0,"function":{"arguments":"}"}}]}`), chunkOf(`{"content":"c"}`), done, "CLOSE"},
			`start(c,m) <call t1 f> "{" "}" / <text> "ab" "c" / calls end`},
		{"arguments that are said again", []string{chunkOf(`{"tool_calls":[{"index":0,"id":"t1","function":{"name":"f","arguments":"{}"}}]}`), chunkOf(`{"tool_calls":[{"index":0,"id":"t1","function":{"name":"f","arguments":"{}"}}]}`), chunkOf(`{"tool_calls":[{"index":0,"function":{"arguments":"\n"}}]}`), done, "CLOSE"},
			`start(c,m) <call t1 f> "{}" lost(arguments) / calls end`},
		{"a name that comes late", []string{chunkOf(`{"tool_calls":[{"index":0,"id":"t1","function":{"arguments":"{"}}]}`), chunkOf(`{"tool_calls":[{"index":0,"function":{"name":"f","arguments":"}"}}]}`), done, "CLOSE"},
			`start(c,m) <call t1 f> "{}" / calls end`},
		{"a name that never comes", []string{chunkOf(`{"content":"a","tool_calls":[{"index":0,"id":"t1","function":{"arguments":"{}"}}]}`), `{"choices":[{"delta":{},"finish_reason":"tool_calls"}]}`, done, "CLOSE"},
			`start(c,m) <text> "a" lost(a call without a name) / stopped end`},
		{"empty shells", []string{chunkOf(`{"content":"a","tool_calls":[]}`), chunkOf(`{"tool_calls":[{"function":{"name":"","arguments":""}},{}]}`), `{"choices":[{"delta":{},"finish_reason":"tool_calls"}]}`, done, "CLOSE"}, `start(c,m) <text> "a" / stopped end`},
		{"a custom call", []string{chunkOf(`{"tool_calls":[{"index":0,"id":"t1","type":"custom","custom":{"name":"f","input":"*** "}}]}`), chunkOf(`{"tool_calls":[{"index":0,"custom":{"input":"{ patch"}}]}`), done, "CLOSE"}, `start(c,m) <call t1 f> "*** " "{ patch" / calls end`},
		{"a function_call", []string{chunkOf(`{"function_call":{"name":"f","arguments":""}}`), chunkOf(`{"function_call":{"arguments":"{}"}}`), `{"choices":[{"delta":{},"finish_reason":"function_call"}]}`, done, "CLOSE"}, `start(c,m) <call call_id_1 f> "{}" / calls end`},
		{"Google's signatures", []string{chunkOf(`{"tool_calls":[{"index":0,"id":"t1","extra_content":{"google":{"thought_signature":"S"}},"function":{"name":"f","arguments":"{}"}}]}`), chunkOf(`{"content":"","extra_content":{"google":{"thought_signature":"T"}}}`), done, "CLOSE"},
			`start(c,m) <call t1 f S google-gemini-v1> "{}" / <text> sign(T,google-gemini-v1) / calls end`},
		{"annotations", []string{chunkOf(`{"content":"a"}`), chunkOf(`{"annotations":[{"type":"url_citation","url_citation":{"url":"u","title":"t","start_index":0,"end_index":1}},{"type":"file_citation"}]}`), done, "CLOSE"},
			`start(c,m) <text> "a" cite(u,t,0,1) lost(citations) / stopped end`},
		{"several choices", []string{`{"choices":[{"index":0,"delta":{"content":"a"}},{"index":1,"delta":{"content":"b"}}]}`, `{"choices":[{"index":1,"delta":{},"finish_reason":"length"}]}`, `{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}`, done, "CLOSE"},
			`start(,) <text> "a" 1:<text> 1:"b" / stopped 1:/ 1:length end`},
		{"probabilities", []string{`{"choices":[{"index":0,"delta":{"content":"a"},"logprobs":{"content":[{"token":"a","logprob":-0.5,"bytes":[97],"top_logprobs":[{"token":"b","logprob":-1,"bytes":null}]}]}}]}`, `{"choices":[{"index":0,"delta":{"content":""},"logprobs":{"content":[]}}]}`, done, "CLOSE"},
			`start(,) <text> "a" "a"=-0.5(1) / stopped end`},
		{"a voice", []string{chunkOf(`{"audio":{"id":"a","transcript":"hi"}}`), chunkOf(`{"audio":{"data":"AAAA"}}`), done, "CLOSE"}, `start(c,m) <text> "hi" lost(audio output) / stopped end`},
		{"usage in x_groq", []string{chunkOf(`{"content":"a"}`), `{"choices":[{"delta":{},"finish_reason":"stop"}],"x_groq":{"usage":{"prompt_tokens":1,"completion_tokens":2}}}`, done, "CLOSE"}, `start(c,m) <text> "a" / stopped 1,2,,,, end`},
		{"xAI's usage leaves out reasoning", []string{`{"choices":[{"delta":{"content":"a"}}],"usage":{"prompt_tokens":10,"completion_tokens":2,"total_tokens":42,"completion_tokens_details":{"reasoning_tokens":30}}}`, done, "CLOSE"}, `start(,) <text> "a" / stopped 10,32,,,30, end`},
		{"names of cached tokens", []string{`{"choices":[{"delta":{"content":"a"}}],"usage":{"prompt_tokens":10,"completion_tokens":2,"prompt_cache_hit_tokens":4}}`, done, "CLOSE"}, `start(,) <text> "a" / stopped 10,2,4,,, end`},
		{"an error in the middle", []string{chunkOf(`{"content":"a"}`), `{"error":{"message":"m","type":"server_error"}}`, chunkOf(`{"content":"b"}`), "CLOSE"}, `start(c,m) <text> "a" fail(500 m)`},
		{"an error by its event", []string{chunkOf(`{"content":"a"}`), `ERROR {"message":"m","code":429}`}, `start(c,m) <text> "a" fail(429 m)`},
		{"an error that is a text", []string{`ERROR overloaded`}, `fail(502 the provider ended the stream with an error: overloaded)`},
		{"an error in a choice", []string{`{"choices":[{"delta":{"content":"a"},"finish_reason":"error","error":{"code":529,"message":"m"}}]}`}, `start(,) fail(529 m)`},
		{"a finish that is an error", []string{`{"choices":[{"delta":{"content":"a"},"finish_reason":"error"}]}`}, `start(,) <text> "a" fail(502 the provider ended the answer with the reason error)`},
		{"not JSON", []string{`hello`}, `fail(502 the provider sent something that cannot be read as a part of a chat completion)`},
		{"a text that is not valid", []string{chunkOf(`{"content":"\x"}`)}, `start(c,m) fail(502 the provider sent something that cannot be read as a part of a chat completion)`},
		{"too many choices", []string{`{"choices":[{"index":100000,"delta":{"content":"a"}},{"index":-1,"delta":{"content":"a"}}]}`, done, "CLOSE"}, `start(,) lost(choices) stopped end`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := heard(t, tc.lines...); got != tc.want {
				t.Errorf("got  %s\nwant %s", got, tc.want)
			}
		})
	}
}

func TestWholeAnswer(t *testing.T) {
	message := func(m string) string {
		return `{"id":"c","model":"m","choices":[{"index":0,"message":` + m + `,"finish_reason":"stop"}]}`
	}
	for _, tc := range []struct{ name, body, want string }{
		{"text", `{"id":"c","model":"m","choices":[{"message":{"role":"assistant","content":"a","refusal":null},"finish_reason":"length","logprobs":null}],"usage":{"prompt_tokens":1,"completion_tokens":2,"prompt_tokens_details":{"cached_tokens":1,"cache_write_tokens":3}}}`,
			`start(c,m) <text> "a" / length 1,2,1,3,, end`},
		{"reasoning, text and calls", message(`{"tool_calls":[{"id":"t1","type":"function","function":{"name":"f","arguments":"{\"a\":1}"}},{"id":"t2","type":"function","function":{"name":"g","arguments":""}}],"content":"b","reasoning_content":"a"}`),
			`start(c,m) <thought> "a" / <text> "b" / <call t1 f> "{\"a\":1}" / <call t2 g> / calls end`},
		{"an image", message(`{"content":"a","images":[{"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA"}},{"image_url":{"url":"https://x"}}]}`), `start(c,m) <text> "a" / <image image/png> "AAAA" / lost(content) stopped end`},
		{"shells of what is not meant (Snowflake)", message(`{"content":"a","audio":{"data":"","id":"","transcript":""},"function_call":{"name":"","arguments":""},"annotations":null,"refusal":"","tool_calls":[{"id":"t1","type":"function","custom":{"name":"","input":""},"function":{"name":"f","arguments":"{}"}}]}`),
			`start(c,m) <text> "a" / <call t1 f> "{}" / calls end`},
		{"legacy", message(`{"content":null,"function_call":{"name":"f","arguments":"{}"}}`), `start(c,m) <call call_id_1 f> "{}" / calls end`},
		{"several choices", `{"choices":[{"message":{"content":"a"},"finish_reason":"stop"},{"message":{"content":"b"},"finish_reason":"stop"}]}`, `start(,) <text> "a" 1:<text> 1:"b" / stopped 1:/ 1:stopped end`},
		{"no choices", `{"choices":[]}`, `start(,) stopped end`},
		{"error", `{"error":{"message":"m","code":429}}`, `fail(429 m)`},
		{"another format", `{"content":[{"type":"text"}]}`, `no answer`},
		{"HTML", `<html>`, `no answer`},
		{"cut off", `{"choices":[{"message":{`, `no answer`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if strings.HasPrefix(tc.want, "no answer") {
				if _, ok := up.Decoder(nil, "id").Whole(nil, []byte(tc.body)); ok {
					t.Error("it was taken for an answer")
				}
				return
			}
			if got := read(t, tc.body); got != tc.want {
				t.Errorf("got  %s\nwant %s", got, tc.want)
			}
		})
	}
}

// A stream that is made to grow what is held back, or the number of events,
// ends in an error.
func TestAnswersAreBounded(t *testing.T) {
	piece := strings.Repeat("x", 1<<20)
	lines := []string{chunkOf(`{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"{"}}]}`)}
	for range 20 {
		lines = append(lines, chunkOf(`{"tool_calls":[{"index":1,"id":"b","function":{"name":"g","arguments":"`+piece+`"}}]}`))
	}
	if got := heard(t, lines...); !strings.Contains(got, "fail(502") {
		t.Errorf("got %.100s", got)
	}
	for name, body := range map[string]string{
		"calls":   `{"choices":[{"message":{"tool_calls":[` + strings.Repeat(`{"function":{"name":"f"}},`, 5000) + `{}]}}]}`,
		"parts":   `{"choices":[{"message":{"content":[` + strings.Repeat(`{"type":"text","text":"a"},`, 100000) + `{}]}}]}`,
		"sources": `{"choices":[{"message":{"annotations":[` + strings.Repeat(`{"url":"a"},`, 100000) + `{}]}}]}`,
	} {
		events, _ := up.Decoder(nil, "id").Whole(nil, []byte(body))
		if n := len(events); n > 1<<17 || events[n-1].Step != llm.Fail {
			t.Errorf("%s: %d events", name, n)
		}
	}
}

// Texts, thoughts and arguments are passed on without a copy.
func TestDeltasAreFree(t *testing.T) {
	for name, delta := range map[string]string{
		"text":      `{"content":" word"}`,
		"thought":   `{"content":null,"reasoning_content":" word"}`,
		"details":   `{"content":"","reasoning":" word","reasoning_details":[{"type":"reasoning.text","text":" word","format":"anthropic-claude-v1","index":0}]}`,
		"arguments": `{"tool_calls":[{"index":0,"function":{"arguments":" \"word\","}}]}`,
	} {
		dec := up.Decoder(&formats.Sent{}, "id")
		events := dec.Decode(nil, sse.Event{Data: []byte(chunkOf(`{"tool_calls":[{"index":0,"id":"t","function":{"name":"f","arguments":"{"}}]}`))})
		ev := sse.Event{Data: []byte(chunkOf(delta))}
		if n := testing.AllocsPerRun(100, func() { events = dec.Decode(events[:0], ev) }); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

// Every recorded answer of a provider that speaks this protocol can be read.
func TestRecordedAnswers(t *testing.T) {
	root := filepath.Join("..", "..", "..", "shared", "fixtures")
	if _, err := os.Stat(root); err != nil {
		t.Skip("the recordings are not here: ", root)
	}
	count := 0
	for _, vendor := range []string{"openai-chat", "groq", "mistral", "deepseek", "xai", "openai-compat"} {
		folders, _ := filepath.Glob(filepath.Join(root, vendor, "*"))
		for _, folder := range folders {
			t.Run(vendor+"/"+filepath.Base(folder), func(t *testing.T) {
				recorded(t, folder)
				count++
			})
		}
	}
	if count == 0 {
		t.Error("there is no recording")
	}
}

func recorded(t *testing.T, folder string) {
	meta, _ := os.ReadFile(filepath.Join(folder, "meta.json"))
	if body, err := os.ReadFile(filepath.Join(folder, "response.json")); err == nil {
		if gjson.GetBytes(meta, "status").Int() >= 400 || !gjson.GetBytes(body, "choices").Exists() {
			return
		}
		if got := read(t, string(body)); strings.Contains(got, "fail(") || got == "no answer" {
			t.Errorf("got %s", got)
		}
		return
	}
	streams, _ := filepath.Glob(filepath.Join(folder, "response.*"))
	for _, path := range streams {
		body, err := os.ReadFile(path)
		if err != nil || !strings.Contains(string(body), "data:") {
			continue
		}
		dec := up.Decoder(&formats.Sent{}, "id")
		var o order
		var b strings.Builder
		for rest := body; ; {
			ev, next, ok := sse.Next(rest)
			if !ok {
				break
			}
			rest = next
			events := dec.Decode(nil, ev)
			o.check(t, events)
			tell(&b, events)
		}
		events, complete := dec.Finish(nil, true)
		o.check(t, events)
		tell(&b, events)
		failed := strings.Contains(b.String(), "fail(")
		if isError := strings.Contains(string(body), `"error":`) && !strings.Contains(string(body), `"error":null`); failed != isError || !complete {
			t.Errorf("complete %v: %s", complete, b.String())
		}
	}
}

// FuzzDecoder: whatever a provider sends, nothing panics, the order is kept and
// every literal is valid.
func FuzzDecoder(f *testing.F) {
	for _, seed := range []string{
		chunkOf(`{"content":"a","reasoning":"b"}`) + "\n" + chunkOf(`{"tool_calls":[{"index":0,"id":"t","function":{"name":"f","arguments":"{"}},{"index":1,"id":"u","function":{"name":"g","arguments":"{}"}}]}`) + "\n" + chunkOf(`{"content":"x"}`) + "\n[DONE]",
		chunkOf(`{"content":[{"type":"thinking","thinking":[{"text":"a"}]}],"reasoning_details":[{"type":"reasoning.encrypted","data":"d","format":"openai-responses-v1"}],"images":[{"image_url":{"url":"data:a;base64,b"}}]}`),
		`{"choices":[{"index":1,"message":{"content":{"a":1},"refusal":"r","annotations":[{"url":"u"}],"audio":{"transcript":"t"},"function_call":{"name":"f","arguments":"\u0022"}},"finish_reason":"stop","logprobs":{"content":[{"token":"a","logprob":1}]}}],"usage":{"prompt_tokens":1e9}}`,
		`{"error":{"code":[]}}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var o order
		if events, ok := up.Decoder(nil, "id").Whole(nil, data); ok {
			o.check(t, events)
			o.ended(t)
		}
		dec := up.Decoder(nil, "id")
		o = order{}
		for line := range strings.SplitSeq(string(data), "\n") {
			b := []byte(line)
			o.check(t, dec.Decode(nil, sse.Event{Data: b}))
			clear(b)
		}
		events, complete := dec.Finish(nil, true)
		o.check(t, events)
		if complete {
			o.ended(t)
		}
	})
}

func BenchmarkDecode(b *testing.B) {
	dec := chat.Upstream{}.Decoder(&formats.Sent{}, "id")
	ev := sse.Event{Data: []byte(`{"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"gpt-4o","system_fingerprint":"fp","choices":[{"index":0,"delta":{"content":" word"},"logprobs":null,"finish_reason":null}],"usage":null}`)}
	var events []llm.Event
	b.SetBytes(int64(len(ev.Data)))
	b.ReportAllocs()
	for b.Loop() {
		events = dec.Decode(events[:0], ev)
	}
}

func BenchmarkDecodeWhole(b *testing.B) {
	body := []byte(`{"id":"chatcmpl-1","model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"` + strings.Repeat("word ", 200) + `","tool_calls":[{"id":"t","type":"function","function":{"name":"f","arguments":"{}"}}]},"finish_reason":"tool_calls"}],"usage":{"prompt_tokens":3,"completion_tokens":5}}`)
	var events []llm.Event
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		events, _ = chat.Upstream{}.Decoder(&formats.Sent{}, "id").Whole(events[:0], body)
	}
}
