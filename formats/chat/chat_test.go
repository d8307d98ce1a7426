package chat_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/tidwall/gjson"

	"github.com/aiclient2api/caddy-aiclient2api/formats"
	"github.com/aiclient2api/caddy-aiclient2api/formats/chat"
	"github.com/aiclient2api/caddy-aiclient2api/llm"
	"github.com/aiclient2api/caddy-aiclient2api/sse"
)

var up chat.Upstream

func TestOpening(t *testing.T) {
	for _, tc := range []struct {
		name, event string
		want        formats.Opening
		status      int
		message     string
	}{
		{name: "comment", event: ": OPENROUTER PROCESSING\n\n", want: formats.Preamble},
		{name: "bare role", event: `data: {"choices":[{"index":0,"delta":{"role":"assistant","content":"","refusal":null},"finish_reason":null}]}` + "\n\n", want: formats.Preamble},
		{name: "role and null content", event: `data: {"choices":[{"delta":{"role":"assistant","content":null}}]}` + "\n\n", want: formats.Preamble},
		{name: "no choices (Azure)", event: `data: {"choices":[],"prompt_filter_results":[{"prompt_index":0}]}` + "\n\n", want: formats.Preamble},
		{name: "null error", event: `data: {"error":null,"choices":[{"delta":{"role":"assistant"}}]}` + "\n\n", want: formats.Preamble},
		{name: "text", event: `data: {"choices":[{"delta":{"content":"a"}}]}` + "\n\n", want: formats.Content},
		{name: "text in the second choice", event: `data: {"choices":[{"delta":{"role":"assistant"}},{"delta":{"content":"a"}}]}` + "\n\n", want: formats.Content},
		{name: "reasoning", event: `data: {"choices":[{"delta":{"reasoning_content":"a"}}]}` + "\n\n", want: formats.Content},
		{name: "call", event: `data: {"choices":[{"delta":{"tool_calls":[{"index":0}]}}]}` + "\n\n", want: formats.Content},
		{name: "finish", event: `data: {"choices":[{"delta":{},"finish_reason":"stop"}]}` + "\n\n", want: formats.Content},
		{name: "legacy completion", event: `data: {"choices":[{"text":"a","finish_reason":null}]}` + "\n\n", want: formats.Content},
		{name: "usage alone", event: `data: {"choices":[],"usage":{"prompt_tokens":1}}` + "\n\n", want: formats.Content},
		{name: "terminator", event: "data: [DONE]\n\n", want: formats.Content},
		{name: "not JSON", event: "data: hello\n\n", want: formats.Content},
		{name: "error", event: `data: {"error":{"message":"no","type":"server_error"}}` + "\n\n", want: formats.Failure, status: 500, message: "no"},
		{name: "error by event name", event: "event: error\n" + `data: {"message":"no","code":429}` + "\n\n", want: formats.Failure, status: 429, message: "no"},
		{name: "error beside choices", event: `data: {"choices":[{"finish_reason":"error"}],"error":{"code":502,"message":"no"}}` + "\n\n", want: formats.Failure, status: 502, message: "no"},
		{name: "error as a text", event: `data: {"error":"no"}` + "\n\n", want: formats.Failure, status: 502, message: "no"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			ev, _, ok := sse.Next([]byte(tc.event))
			if !ok {
				t.Fatal("no event")
			}
			opening, e := up.Opening(ev)
			if opening != tc.want {
				t.Fatalf("got %v, want %v", opening, tc.want)
			}
			if (e != nil) != (tc.want == formats.Failure) {
				t.Fatalf("error %v", e)
			}
			if e != nil && (e.Status != tc.status || e.Message != tc.message) {
				t.Errorf("got %+v", e)
			}
		})
	}
}

// The status of an error inside a 200: its own number, or what its words
// usually go with.
func TestStatusOfAnErrorInsideA200(t *testing.T) {
	for body, want := range map[string]int{
		`{"error":{"message":"m","code":402}}`:                                                  402,
		`{"error":{"message":"m","code":"429"}}`:                                                429,
		`{"error":{"message":"m","status_code":529}}`:                                           529,
		`{"error":{"message":"m","status":"RESOURCE_EXHAUSTED"}}`:                               429,
		`{"error":{"message":"m","type":"insufficient_quota"}}`:                                 429,
		`{"error":{"message":"m","type":"authentication_error"}}`:                               401,
		`{"error":{"message":"m","type":"invalid_request_error","code":"tool_use_failed"}}`:     400,
		`{"error":{"message":"m","type":"invalid_request_error","code":"rate_limit_exceeded"}}`: 429,
		`{"error":{"message":"m","code":"model_not_found","type":"invalid_request_error"}}`:     404,
		`{"error":{"message":"m","type":"overloaded_error"}}`:                                   503,
		`{"error":{"message":"m","code":"content_filter"}}`:                                     400,
		`{"error":{"message":"m","code":200}}`:                                                  502,
		`{"error":"m"}`:                                                                         502,
	} {
		_, e, ok := up.Whole([]byte(body))
		if !ok || e == nil || e.Status != want || e.Message != "m" {
			t.Errorf("%s: got %+v, want status %d", body, e, want)
		}
	}
}

func TestWhole(t *testing.T) {
	for _, tc := range []struct {
		name, body string
		usage      llm.Usage
		fails, ok  bool
	}{
		{name: "answer", ok: true,
			body:  `{"choices":[{}],"usage":{"prompt_tokens":3,"completion_tokens":5,"prompt_tokens_details":{"cached_tokens":0},"completion_tokens_details":{"reasoning_tokens":4}}}`,
			usage: llm.Usage{Input: llm.Tokens(3), Output: llm.Tokens(5), Cached: llm.Tokens(0), Reasoning: llm.Tokens(4)}},
		{name: "embeddings", ok: true, body: `{"data":[{"embedding":[1]}],"usage":{"prompt_tokens":3,"total_tokens":3}}`, usage: llm.Usage{Input: llm.Tokens(3)}},
		{name: "unknown is unknown", ok: true, body: `{"choices":[{}],"usage":null}`},
		{name: "error", ok: true, fails: true, body: `{"error":{"message":"m"}}`},
		{name: "error beside no choices", ok: true, fails: true, body: `{"choices":[],"error":{"message":"m"}}`},
		{name: "error beside null choices", ok: true, fails: true, body: `{"choices":null,"error":{"message":"m"}}`},
		{name: "error beside blank choices", ok: true, fails: true, body: `{"choices":[ ],"error":{"message":"m"}}`},
		{name: "a choice counts more than an error", ok: true, body: `{"choices":[{}],"error":{"message":"m"}}`},
		{name: "HTML", body: `<html>`},
		{name: "nothing", body: ``},
		{name: "cut off", body: `{"choices":[{`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			usage, e, ok := up.Whole([]byte(tc.body))
			if ok != tc.ok || (e != nil) != tc.fails || usage != tc.usage {
				t.Errorf("got %+v, %v, %v", usage, e, ok)
			}
		})
	}
}

func TestEnded(t *testing.T) {
	for tail, want := range map[string]bool{
		"data: {}\n\ndata: [DONE]\n\n":                                      true,
		"data:[DONE]":                                                       true,
		"data: [DONE]\r\n\r\n":                                              true,
		`{"choices":[{"finish_reason":"stop"}]}` + "\n\n":                   true,
		`{"choices":[{"finish_reason": "stop"}]}` + "\n\n":                  true,
		`data: {"error":{"message":"m"}}` + "\n\n":                          true,
		`{"choices":[{"finish_reason":null}]}` + "\n\n":                     false,
		`{"choices":[{"finish_reason":""}]}` + "\n\n":                       false,
		`data: {"choices":[{"delta":{"content":"data: [DONE]"}}]}` + "\n\n": false,
		`{"content":"\"finish_reason\":\"stop\""}` + "\n\n":                 false,
		`{"choices":[{"finish_reason":null}],"usage":{"x":1},"error":null}`: false,
		"": false,
	} {
		if got := up.Ended([]byte(tail), true); got != want {
			t.Errorf("Ended(%q) = %v", tail, got)
		}
	}
}

// A finish is an end only if the connection was closed in order: with several
// choices another one may have been cut off.
func TestEndedOutOfOrder(t *testing.T) {
	for tail, want := range map[string]bool{
		"data: [DONE]\n\n":                             true,
		`data: {"error":"m"}`:                          true,
		`data: {"choices":[{"finish_reason":"stop"}]}`: false,
	} {
		if got := up.Ended([]byte(tail), false); got != want {
			t.Errorf("Ended(%q) = %v", tail, got)
		}
	}
	for data, want := range map[string]bool{"[DONE]": true, `{"a":[]}`: true, `{"a":[`: false, "": false, "[DON": false} {
		if got := up.Complete([]byte(data)); got != want {
			t.Errorf("Complete(%q) = %v", data, got)
		}
	}
}

// An error inside a 200 goes down as it is if all is there that the protocol
// requires of one.
func TestRawOfAnErrorInsideA200(t *testing.T) {
	for body, want := range map[string]bool{
		`{"error":{"message":"m","type":"t","param":null,"code":"c","more":1},"id":"x"}`: true,
		`{"error":{"message":"m","type":"t","param":null,"code":1}}`:                     false,
		`{"error":{"message":"m","type":"t","code":null}}`:                               false,
		`{"error":"m"}`: false,
	} {
		_, e, _ := up.Whole([]byte(body))
		if (string(e.Raw) == body) != want {
			t.Errorf("%s: raw %q", body, e.Raw)
		}
	}
}

func TestUsageOfAStream(t *testing.T) {
	for tail, want := range map[string]llm.Usage{
		`data: {"usage":{"prompt_tokens":7,"completion_tokens":2}}` + "\n\ndata: [DONE]\n\n": {Input: llm.Tokens(7), Output: llm.Tokens(2)},
		`{"usage":{"prompt_tokens":7}}` + "\n\n" + `data: {"usage":null}` + "\n\n":           {Input: llm.Tokens(7)},
		`{"x_groq":{"usage": {"prompt_tokens":1,"completion_tokens":2}}}`:                    {Input: llm.Tokens(1), Output: llm.Tokens(2)},
		`{"content":"\"usage\":{\"prompt_tokens\":9}"}`:                                      {},
		`{"usage":{"prompt_tokens":"7"}}`:                                                    {},
		"":                                                                                   {},
	} {
		if got := up.Usage([]byte(tail)); got != want {
			t.Errorf("Usage(%q) = %+v", tail, got)
		}
	}
}

func TestError(t *testing.T) {
	for _, tc := range []struct {
		name, body, contentType string
		message                 string
		ok                      bool
	}{
		{name: "OpenAI", body: `{"error":{"message":"m","type":"t","param":"p","code":"c"}}`, message: "m", ok: true},
		{name: "xAI", body: `{"code":"c","error":"m"}`, message: "m", ok: true},
		{name: "Mistral", body: `{"object":"error","message":"m"}`, message: "m"},
		{name: "FastAPI", body: `{"detail":"m"}`, message: "m"},
		{name: "FastAPI list", body: `{"detail":[{"msg":"m"}]}`, message: `[{"msg":"m"}]`},
		{name: "OpenRouter", body: `{"error":{"message":"m","metadata":{"raw":"why"}}}`, message: "m: why", ok: true},
		{name: "Google's list", body: `[{"error":{"message":"m"}}]`, message: "m"},
		{name: "HTML", body: "<html><body>nginx</body></html>", contentType: "text/html", message: "the provider answered 502 Bad Gateway with an HTML page"},
		{name: "text", body: "upstream connect error", message: "the provider answered 502 Bad Gateway: upstream connect error"},
		{name: "nothing", message: "the provider answered 502 Bad Gateway without a body"},
		{name: "an object without words", body: `{}`, message: "the provider answered 502 Bad Gateway: {}"},
		{name: "too deep", body: strings.Repeat("[", 100_000), message: "the provider answered 502 Bad Gateway: " + strings.Repeat("[", 512) + "…"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			e := up.Error(502, http.Header{"Content-Type": {tc.contentType}}, []byte(tc.body))
			if e.Message != tc.message || (e.Raw != nil) != tc.ok || e.Status != 502 || tc.ok && string(e.Raw) != tc.body {
				t.Errorf("got %+v, %q", e, e.Raw)
			}
		})
	}
}

func TestAppendError(t *testing.T) {
	e := &llm.Error{Status: 429, Message: "a \"quote\"\n\xff", RequestID: "id"}
	got := string(chat.Client{}.AppendError(nil, e, false))
	if got != `{"error":{"message":"a \"quote\"\n�","type":"rate_limit_error","param":null,"code":null},"request_id":"id"}` {
		t.Errorf("got %s", got)
	}
	e = &llm.Error{Type: "t", Param: "p", Code: "c", Message: "m"}
	got = string(chat.Client{}.AppendError(nil, e, true))
	if got != "data: "+`{"error":{"message":"m","type":"t","param":"p","code":"c"}}`+"\n\ndata: [DONE]\n\n" {
		t.Errorf("got %s", got)
	}
}

// FuzzUpstream: whatever a provider sends, nothing panics, and an error that
// is made of it is JSON.
func FuzzUpstream(f *testing.F) {
	f.Add([]byte(`{"error":{"message":"m","code":[1]}}`))
	f.Add([]byte(`{"choices":[{"delta":{"role":1}}],"usage":{"prompt_tokens":1e99}}`))
	f.Add([]byte("data: [DONE]"))
	f.Fuzz(func(t *testing.T, b []byte) {
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
			if body := (chat.Client{}).AppendError(nil, e, false); !gjson.ValidBytes(body) || e.Message == "" {
				t.Fatalf("%q became %q", b, body)
			}
		}
	})
}

func BenchmarkOpening(b *testing.B) {
	ev, _, _ := sse.Next([]byte(`data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"gpt-4o","choices":[{"index":0,"delta":{"content":"word"},"finish_reason":null}]}` + "\n\n"))
	b.ReportAllocs()
	for b.Loop() {
		up.Opening(ev)
	}
}

func BenchmarkWhole(b *testing.B) {
	body := []byte(`{"id":"chatcmpl-1","choices":[{"message":{"role":"assistant","content":"` + strings.Repeat("word ", 200) + `"}}],"usage":{"prompt_tokens":3,"completion_tokens":5}}`)
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		up.Whole(body)
	}
}

func BenchmarkEnd(b *testing.B) {
	tail := []byte(strings.Repeat(`data: {"choices":[{"delta":{"content":"word"},"finish_reason":null}]}`+"\n\n", 50) +
		`data: {"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":5}}` + "\n\ndata: [DONE]\n\n")
	b.ReportAllocs()
	for b.Loop() {
		up.Ended(tail, true)
		up.Usage(tail)
	}
}

func BenchmarkAppendError(b *testing.B) {
	e := &llm.Error{Status: 429, Message: "slow down, please", Code: "rate_limit_exceeded"}
	var dst []byte
	b.ReportAllocs()
	for b.Loop() {
		dst = chat.Client{}.AppendError(dst[:0], e, false)
	}
}
