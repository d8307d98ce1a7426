package gemini_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/aiclient2api/caddy-aiclient2api/formats"
	"github.com/aiclient2api/caddy-aiclient2api/llm"
	"github.com/aiclient2api/caddy-aiclient2api/sse"
)

func TestOpening(t *testing.T) {
	for _, tc := range []struct {
		name, data string
		want       formats.Opening
		status     int
	}{
		{name: "a comment", want: formats.Preamble},
		{name: "a role", data: `{"candidates":[{"content":{"role":"model"},"index":0}],"usageMetadata":{"promptTokenCount":1}}`, want: formats.Preamble},
		{name: "an empty text", data: parts(`{"text":""}`), want: formats.Preamble},
		{name: "an empty thought", data: parts(`{"text":"","thought":true}`), want: formats.Preamble},
		{name: "usage", data: `{"usageMetadata":{"promptTokenCount":1},"responseId":"r"}`, want: formats.Preamble},
		{name: "feedback that blocks nothing", data: `{"promptFeedback":{"safetyRatings":[]}}`, want: formats.Preamble},
		{name: "a null error", data: `{"error":null}`, want: formats.Preamble},
		{name: "a text", data: parts(`{"text":"a"}`), want: formats.Content},
		{name: "a text in an envelope", data: `{"response":` + parts(`{"text":"a"}`) + `}`, want: formats.Content},
		{name: "a thought", data: parts(`{"text":"a","thought":true}`), want: formats.Content},
		{name: "a signature", data: parts(`{"text":"","thoughtSignature":"cw=="}`), want: formats.Content},
		{name: "a call", data: parts(`{"functionCall":{"name":"f"}}`), want: formats.Content},
		{name: "a call of the second candidate", data: `{"candidates":[{},{"content":{"parts":[{"functionCall":{}}]}}]}`, want: formats.Content},
		{name: "a finish", data: parts(``, stop), want: formats.Content},
		{name: "a call that the model got wrong", data: parts(``, `,"finishReason":"MALFORMED_FUNCTION_CALL","finishMessage":"m"`), want: formats.Failure, status: 502},
		{name: "a call that the model got wrong, behind a text", data: parts(`{"text":"a"}`, `,"finishReason":"MALFORMED_FUNCTION_CALL","finishMessage":"m"`), want: formats.Content},
		{name: "a candidate that the model got wrong and another", data: `{"candidates":[{"finishReason":"MALFORMED_RESPONSE"},{"finishReason":"STOP"}]}`, want: formats.Content},
		{name: "a finish that is no answer's fault", data: parts(``, `,"finishReason":"OTHER"`), want: formats.Content},
		{name: "a blocked prompt", data: `{"promptFeedback":{"blockReason":"SAFETY"}}`, want: formats.Content},
		{name: "not JSON", data: `hello`, want: formats.Content},
		{name: "an error", data: `{"error":{"code":429,"message":"m","status":"RESOURCE_EXHAUSTED"}}`, want: formats.Failure, status: 429},
		{name: "an error in a list", data: `[{"error":{"status":"UNAVAILABLE","message":"m"}}]`, want: formats.Failure, status: 503},
		{name: "an error of a word that is new", data: `{"error":{"status":"TIRED","message":"m"}}`, want: formats.Failure, status: 502},
		{name: "an error as a text", data: `{"error":"m"}`, want: formats.Failure, status: 502},
	} {
		opening, e := up.Opening(sse.Event{Data: []byte(tc.data)[:len(tc.data):len(tc.data)]})
		if tc.data == "" {
			opening, e = up.Opening(sse.Event{})
		}
		if opening != tc.want || (e != nil) != (tc.want == formats.Failure) {
			t.Errorf("%s: got %v, %v", tc.name, opening, e)
		}
		if e != nil && (e.Status != tc.status || e.Message != "m") {
			t.Errorf("%s: got %+v", tc.name, e)
		}
	}
}

func TestWhole(t *testing.T) {
	for _, tc := range []struct {
		name, body string
		usage      llm.Usage
		fails, ok  bool
	}{
		{name: "an answer", ok: true, body: `{"candidates":[],"usageMetadata":{"promptTokenCount":3,"toolUsePromptTokenCount":4,"candidatesTokenCount":5,"thoughtsTokenCount":6,"cachedContentTokenCount":0}}`,
			usage: llm.Usage{Input: llm.Tokens(7), Output: llm.Tokens(11), Cached: llm.Tokens(0), Reasoning: llm.Tokens(6)}},
		{name: "a stream as an array", ok: true, body: `[{"usageMetadata":{"promptTokenCount":3,"candidatesTokenCount":1}},{"usageMetadata":{"candidatesTokenCount":2}}]`,
			usage: llm.Usage{Input: llm.Tokens(3), Output: llm.Tokens(2)}},
		{name: "unknown is unknown", ok: true, body: `{"usageMetadata":{"trafficType":"ON_DEMAND","promptTokenCount":"x"}}`},
		{name: "an error", ok: true, fails: true, body: `{"error":{"code":500,"message":"m"}}`},
		{name: "an error in a list", ok: true, fails: true, body: `[{"candidates":[]},{"error":{"code":500,"message":"m"}}]`},
		{name: "HTML", body: `<html>`},
		{name: "nothing"},
		{name: "cut off", body: `[{"candidates":[{`},
	} {
		usage, e, ok := up.Whole([]byte(tc.body))
		if ok != tc.ok || (e != nil) != tc.fails || usage != tc.usage {
			t.Errorf("%s: got %+v, %v, %v", tc.name, usage, e, ok)
		}
	}
}

func TestError(t *testing.T) {
	const own = `{"error":{"code":404,"message":"no such model","status":"NOT_FOUND"}}`
	for _, tc := range []struct {
		name, body    string
		status        int
		want          int
		code, message string
		raw           bool
	}{
		{name: "Google's", status: 404, body: own, want: 404, code: "NOT_FOUND", message: "no such model", raw: true},
		{name: "in a list", status: 404, body: "[" + own + "\n]\n", want: 404, code: "NOT_FOUND", message: "no such model"},
		{name: "a key that is wrong is the credential's fault", status: 400,
			body: `{"error":{"code":400,"message":"API key not valid.","status":"INVALID_ARGUMENT","details":[{"@type":"x"},{"reason":"API_KEY_INVALID"}]}}`,
			want: 401, code: "UNAUTHENTICATED", message: "API key not valid."},
		{name: "a quota", status: 429, body: `{"error":{"code":429,"message":"slow","status":"RESOURCE_EXHAUSTED","details":[{"reason":"RATE_LIMIT_EXCEEDED"}]}}`,
			want: 429, code: "RESOURCE_EXHAUSTED", message: "slow", raw: true},
		{name: "OAuth's", status: 401, body: `{"error":"invalid_grant","error_description":"expired"}`, want: 401, code: "invalid_grant", message: "expired"},
		{name: "another protocol's", status: 400, body: `{"message":"m"}`, want: 400, message: "m"},
		{name: "HTML", status: 502, body: `<html>`, want: 502, message: "the provider answered 502 Bad Gateway with an HTML page"},
		{name: "nothing", status: 503, want: 503, message: "the provider answered 503 Service Unavailable without a body"},
		{name: "text", status: 500, body: "oops", want: 500, message: "the provider answered 500 Internal Server Error: oops"},
		{name: "brackets", status: 500, body: strings.Repeat("[", 1<<20), want: 500},
	} {
		e := up.Error(tc.status, http.Header{}, []byte(tc.body))
		if e.Status != tc.want || e.Code != tc.code || tc.message != "" && e.Message != tc.message || (e.Raw != nil) != tc.raw {
			t.Errorf("%s: got %+v", tc.name, e)
		}
	}
}

// An error inside a 200 goes to clients of the protocol as it is, if all of it
// is there.
func TestFailureInA200(t *testing.T) {
	for body, raw := range map[string]bool{
		`{"error":{"code":503,"message":"m","status":"UNAVAILABLE"}}`:                                               true,
		`{"error":{"message":"m","status":"UNAVAILABLE"}}`:                                                          false,
		`{"error":{"code":503,"status":"UNAVAILABLE"}}`:                                                             false,
		`[{"error":{"code":503,"message":"m","status":"UNAVAILABLE"}}]`:                                             false,
		`{"error":{"code":400,"message":"m","status":"INVALID_ARGUMENT","details":[{"reason":"API_KEY_INVALID"}]}}`: false,
	} {
		_, e, ok := up.Whole([]byte(body))
		if !ok || e == nil || (e.Raw != nil) != raw || e.Message == "" {
			t.Errorf("%s: %+v", body, e)
		}
	}
}

func TestEnded(t *testing.T) {
	for tail, want := range map[string][2]bool{ // in order, broken off
		"data: " + parts(`{"text":"a"}`, stop) + "\r\n\r\n":             {true, false},
		"data: {\"candidates\": [{\"finishReason\" : \"STOP\"}]}\n\n":   {true, false},
		"data: {\"promptFeedback\":{\"blockReason\":\"SAFETY\"}}\n\n":   {true, false},
		"data: " + parts(`{"text":"a"}`) + "\r\n\r\n":                   {false, false},
		"data: " + parts(`{"text":"\"finishReason\":\"STOP\""}`) + "\n": {false, false},
		"data: {\"candidates\":[{\"finishReason\":null}]}\n\n":          {false, false},
		"data: {}\n\n{\n \"error\": {\n \"code\": 499\n }\n}\n":         {true, true},
		`"confidenceScores":[1]}],"usageMetadata":{}}` + "\r\n\r\n":     {true, false}, // the end of a long chunk
		"": {false, false},
	} {
		if got := [2]bool{up.Ended([]byte(tail), true), up.Ended([]byte(tail), false)}; got != want {
			t.Errorf("%q: %v", tail, got)
		}
	}
}

func TestUsage(t *testing.T) {
	for tail, want := range map[string]llm.Usage{
		`data: {"usageMetadata":{"promptTokenCount":1}}` + "\n\n" + `data: {"candidates":[],"usageMetadata": {"promptTokenCount":3,"candidatesTokenCount":5,"promptTokensDetails":[{"tokenCount":3}]},"modelVersion":"m"}` + "\r\n\r\n": {Input: llm.Tokens(3), Output: llm.Tokens(5)},
		`{"text":"\"usageMetadata\":{}"}`:              {},
		`"usageMetadata":{"promptTokenCount":7,"candi`: {Input: llm.Tokens(7)},
		`"usageMetadata":null`:                         {},
		``:                                             {},
	} {
		if got := up.Usage([]byte(tail)); got != want {
			t.Errorf("%q: %+v", tail, got)
		}
	}
}

func TestComplete(t *testing.T) {
	for data, want := range map[string]bool{`{"a":[{}]}`: true, `{"a":[{}`: false, `[{}]`: true, `a`: false, ``: false} {
		if got := up.Complete([]byte(data)); got != want {
			t.Errorf("%q: %v", data, got)
		}
	}
}
