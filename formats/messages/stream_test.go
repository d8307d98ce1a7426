package messages_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/aiclient2api/caddy-aiclient2api/formats"
	"github.com/aiclient2api/caddy-aiclient2api/llm"
	"github.com/aiclient2api/caddy-aiclient2api/sse"
)

func TestPath(t *testing.T) {
	if path, query := up.Path(formats.Conversation, "m", true); path != "/v1/messages" || query != "" {
		t.Errorf("got %s?%s", path, query)
	}
}

// TestOpening: what commits an answer and what does not.
func TestOpening(t *testing.T) {
	for data, want := range map[string]formats.Opening{
		"":                formats.Preamble,
		started:           formats.Preamble,
		opened:            formats.Preamble,
		closed:            formats.Preamble,
		`{"type":"ping"}`: formats.Preamble,
		`{"type":"news"}`: formats.Preamble,
		`{"type":"content_block_start","content_block":{"type":"thinking","thinking":"","signature":""}}`: formats.Preamble,
		`{"type":"content_block_start","content_block":{"type":"thinking","thinking":"T"}}`:               formats.Content,
		`{"type":"content_block_start","content_block":{"type":"tool_use","id":"c","name":"f"}}`:          formats.Content,
		`{"type":"content_block_start","content_block":{"type":"server_tool_use"}}`:                       formats.Content,
		`{"type":"content_block_start"}`: formats.Content,
		hello:                            formats.Content,
		ended:                            formats.Content,
		stopped:                          formats.Content,
		`not JSON`:                       formats.Content,
		`{"type":"error","error":{"type":"overloaded_error","message":"m"}}`: formats.Failure,
		`{"error":{"message":"m"}}`: formats.Failure,
	} {
		opening, e := up.Opening(sse.Event{Data: []byte(data)})
		if opening != want || (e != nil) != (want == formats.Failure) {
			t.Errorf("%s: got %v, %v", data, opening, e)
		}
	}
	if opening, e := up.Opening(sse.Event{Name: []byte("error"), Data: []byte(`{"message":"m"}`)}); opening != formats.Failure || e.Message != "m" {
		t.Errorf("by name: %v, %v", opening, e)
	}
}

// TestStatusOfAnErrorInsideA200: the type's, or one that is a number.
func TestStatusOfAnErrorInsideA200(t *testing.T) {
	for body, want := range map[string]int{
		`{"type":"error","error":{"type":"overloaded_error","message":"m"}}`:      529,
		`{"type":"error","error":{"type":"rate_limit_error","message":"m"}}`:      429,
		`{"type":"error","error":{"type":"api_error","message":"m"}}`:             500,
		`{"type":"error","error":{"type":"invalid_request_error","message":"m"}}`: 400,
		`{"type":"error","error":{"type":"news","message":"m"}}`:                  502,
		`{"error":{"code":503,"message":"m"}}`:                                    503,
		`{"error":{"code":"429","message":"m"}}`:                                  429,
		`{"error":"m"}`:                                                           502,
	} {
		_, e, ok := up.Whole([]byte(body))
		if !ok || e == nil || e.Status != want || e.Message != "m" || (string(e.Raw) == body) != strings.HasPrefix(body, `{"type"`) {
			t.Errorf("%s: got %+v", body, e)
		}
	}
}

// TestWhole: the usage of a body, and what is none.
func TestWhole(t *testing.T) {
	for body, want := range map[string]llm.Usage{
		`{"content":[],"usage":{"input_tokens":3,"output_tokens":5,"cache_read_input_tokens":2,"cache_creation_input_tokens":1,"output_tokens_details":{"thinking_tokens":4}}}`: {Input: llm.Tokens(6), Output: llm.Tokens(5), Cached: llm.Tokens(2), Written: llm.Tokens(1), Reasoning: llm.Tokens(4)},
		`{"content":[],"usage":{"input_tokens":3,"cache_read_input_tokens":null}}`:                                                                                              {Input: llm.Tokens(3)},
		`{"content":[],"error":null,"usage":null}`: {},
	} {
		if usage, e, ok := up.Whole([]byte(body)); !ok || e != nil || usage != want {
			t.Errorf("%s: got %+v, %v, %v", body, usage, e, ok)
		}
	}
	for _, body := range []string{"", "<html>", `{"content":[{`, `{"choices":[]}`, `{"content":"text"}`} {
		if _, _, ok := up.Whole([]byte(body)); ok {
			t.Errorf("%s is an answer", body)
		}
	}
}

// TestEnded: the protocol's own end, and what only looks like it.
func TestEnded(t *testing.T) {
	for tail, want := range map[string][2]bool{ // in order, out of order
		string(stream(ended, stopped)):                        {true, true},
		`data: {"type" : "message_stop"}`:                     {true, true},
		string(stream(ended)):                                 {true, false},
		`data: {"type":"error","error":{"type":"api_error"}}`: {true, true},
		string(stream(started, hello)):                        {false, false},
		string(stream(`{"type":"content_block_delta","delta":{"text":"\"type\":\"message_stop\""}}`)): {false, false},
		`{"a":"message_stop"}`: {false, false},
		"":                     {false, false},
	} {
		if got := [2]bool{up.Ended([]byte(tail), true), up.Ended([]byte(tail), false)}; got != want {
			t.Errorf("%s: got %v", tail, got)
		}
	}
	for data, want := range map[string]bool{stopped: true, `{"a":[`: false, "": false} {
		if up.Complete([]byte(data)) != want {
			t.Errorf("complete: %s", data)
		}
	}
}

// TestUsageOfAStream: what is known from its last bytes.
func TestUsageOfAStream(t *testing.T) {
	for tail, want := range map[string]llm.Usage{
		string(stream(started, hello, ended, stopped)):   {Input: llm.Tokens(17), Output: llm.Tokens(7), Cached: llm.Tokens(5), Written: llm.Tokens(2)},
		string(stream(hello, ended, stopped)):            {Output: llm.Tokens(7)},
		`{"usage": {"input_tokens":3,"output_tokens":12`: {Input: llm.Tokens(3)},
		`{"text":"\"usage\":{\"input_tokens\":9}"}`:      {},
		`{"usage":{"input_tokens":"7"}}`:                 {},
		`{"usage":{"input_tokens":-7}}`:                  {},
		"":                                               {},
	} {
		if got := up.Usage([]byte(tail)); got != want {
			t.Errorf("%s: got %+v", tail, got)
		}
	}
}

// TestError: the protocol's own shape and those of others.
func TestError(t *testing.T) {
	for _, tc := range []struct {
		name, body, contentType string
		message, kind           string
		raw                     bool
	}{
		{name: "Anthropic", body: `{"type":"error","error":{"type":"api_error","message":"m"},"request_id":"r"}`, message: "m", kind: "api_error", raw: true},
		{name: "OpenAI", body: `{"error":{"message":"m","type":"t"}}`, message: "m", kind: "t"},
		{name: "a text", body: `{"error":"m"}`, message: "m"},
		{name: "AWS", body: `{"message":"m"}`, message: "m"},
		{name: "FastAPI", body: `{"detail":[{"msg":"m"}]}`, message: `[{"msg":"m"}]`},
		{name: "a list", body: `[{"error":{"message":"m"}}]`, message: "m"},
		{name: "not valid", body: `{"type":"error","error":{"type":"api_error","message":"m"},x}`, message: "m", kind: "api_error"},
		{name: "HTML", body: "<html></html>", contentType: "text/html", message: "the provider answered 502 Bad Gateway with an HTML page"},
		{name: "text", body: "no healthy upstream", message: "the provider answered 502 Bad Gateway: no healthy upstream"},
		{name: "nothing", message: "the provider answered 502 Bad Gateway without a body"},
		{name: "too deep", body: strings.Repeat("[", 100_000), message: "the provider answered 502 Bad Gateway: " + strings.Repeat("[", 512) + "…"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			e := up.Error(502, http.Header{"Content-Type": {tc.contentType}}, []byte(tc.body))
			if e.Status != 502 || e.Message != tc.message || e.Type != tc.kind || (e.Raw != nil) != tc.raw || tc.raw && string(e.Raw) != tc.body {
				t.Errorf("got %+v, %s", e, e.Raw)
			}
		})
	}
}
