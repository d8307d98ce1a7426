package gemini_test

import (
	"strings"
	"testing"

	"github.com/aiclient2api/caddy-aiclient2api/sse"
)

// parts is a chunk of one candidate.
func parts(p string, more ...string) string {
	return `{"candidates":[{"content":{"parts":[` + p + `],"role":"model"}` + strings.Join(more, "") + `}]}`
}

const stop = `,"finishReason":"STOP"`

var decodeCases = []struct {
	name   string
	chunks []string
	want   string // of a stream that is not whole: without an end
}{
	{"text over chunks is one block, what is stated counts at the end", []string{
		`{"candidates":[{"content":{"parts":[{"text":"a"}],"role":"model"},"index":0}],"usageMetadata":{"promptTokenCount":3,"totalTokenCount":4},"modelVersion":"m","responseId":"r"}`,
		`{"candidates":[{"content":{"parts":[{"text":"\u00e9"}],"role":"model"},"index":0}],"usageMetadata":{"promptTokenCount":3,"candidatesTokenCount":2,"thoughtsTokenCount":5,"cachedContentTokenCount":1},"modelVersion":"other","responseId":"other"}`,
		parts(`{"text":""}`, stop),
		`{"usageMetadata":{"toolUsePromptTokenCount":10,"candidatesTokenCount":4}}`},
		`start("r" "m") open(text) delta("a") delta("\u00e9") close usage(13,9,1,5) finish(stopped) end`},
	{"thoughts are a block of their own", []string{parts(`{"text":"t","thought":true},{"text":"u","thought":true},{"text":"a","thought":false}`, stop)},
		`start open(thought) delta("t") delta("u") close open(text) delta("a") close finish(stopped) end`},
	{"text after a finish, which is said again", []string{parts(`{"text":"a"}`, stop), parts(`{"text":"b"}`, stop)},
		`start open(text) delta("a") delta("b") close finish(stopped) end`},
	{"a call has the stream's finish", []string{parts(`{"text":"a"},{"functionCall":{"id":"x","name":"f","args":{ "b":1 }},"thoughtSignature":"cw=="}`, stop)},
		`start open(text) delta("a") close open(call x f cw==) delta("{ \"b\":1 }") close finish(calls) end`},
	{"calls without ids or arguments, text between", []string{parts(`{"functionCall":{"name":"f"}},{"text":"a"},{"functionCall":{"name":"f","args":{}}},{"functionCall":{"name":"g","args":null}}`, stop)},
		`start open(call call_id-1_1 f) close open(text) delta("a") close open(call call_id-1_2 f) delta("{}") close open(call call_id-1_3 g) close finish(calls) end`},
	{"indented arguments", []string{parts("{\"functionCall\":{\"name\":\"f\",\"args\":{\n \"a\\\" b\": [1,\n 2]}}}", stop)},
		`start open(call call_id-1_1 f) delta("{\"a\\\" b\":[1,2]}") close finish(calls) end`},
	{"arguments as a text", []string{parts(`{"functionCall":{"name":"f","args":"{\"a\":1}"}}`, stop)},
		`start open(call call_id-1_1 f) delta("{\"a\":1}") close finish(calls) end`},
	{"the end of a call that is closed", []string{parts(`{"functionCall":{"name":"f"}}`), parts(`{"functionCall":{}}`, stop)},
		`start open(call call_id-1_1 f) close finish(calls) end`},
	{"a call and the limit", []string{parts(`{"functionCall":{"name":"f"}}`, `,"finishReason":"MAX_TOKENS"`)},
		`start open(call call_id-1_1 f) close finish(length) end`},

	{"a signature with the first piece of a text", []string{parts(`{"text":"a","thoughtSignature":"cw=="},{"text":"b"}`, stop)},
		`start open(text cw==) delta("a") delta("b") close finish(stopped) end`},
	{"a signature with a later piece", []string{parts(`{"text":"a"}`), parts(`{"text":"b","thoughtSignature":"cw=="}`, stop)},
		`start open(text) delta("a") delta("b") sign(cw==) close finish(stopped) end`},
	{"a signature on an empty text", []string{parts(`{"text":"a"}`), parts(`{"text":"","thoughtSignature":"cw=="}`, stop)},
		`start open(text) delta("a") sign(cw==) close finish(stopped) end`},
	{"a signature on an empty text, and no text", []string{parts(`{"text":"t","thought":true},{"text":"","thoughtSignature":"cw=="}`, stop)},
		`start open(thought) delta("t") close open(text cw==) close finish(stopped) end`},
	{"a signature on a thought", []string{parts(`{"text":"t","thought":true,"thoughtSignature":"cw=="},{"text":"a"}`, stop)},
		`start open(thought) delta("t") sign(cw==) close open(text) delta("a") close finish(stopped) end`},
	{"a signature on a part without data", []string{parts(`{"text":"a"},{"thoughtSignature":"cw=="}`, stop)},
		`start open(text) delta("a") sign(cw==) close finish(stopped) end`},

	{"an image", []string{parts(`{"text":"a"},{"inlineData":{"mimeType":"image/png","data":"AAAA"}},{"text":"b"}`, stop)},
		`start open(text) delta("a") close open(image image/png) delta("AAAA") close open(text) delta("b") close finish(stopped) end`},
	{"an image that is signed", []string{parts(`{"inlineData":{"mimeType":"image/png","data":"AAAA"},"thoughtSignature":"cw=="}`, stop)},
		`start open(image image/png cw==) delta("AAAA") close finish(stopped) end`},
	{"what has no place is named once", []string{parts(`{"inlineData":{"mimeType":"audio/L16;rate=24000","data":"AAAA"}},{"inlineData":{"mimeType":"audio/L16","data":"BBBB"}},{"executableCode":{"code":"x"}},{"codeExecutionResult":{"output":"y"}},{"text":"a"}`, stop)},
		`start lost(audio output) lost(hosted tools) open(text) delta("a") close finish(stopped) end`},

	{"two candidates", []string{
		`{"candidates":[{"content":{"parts":[{"text":"a"}]},"index":0},{"content":{"parts":[{"text":"b"}]},"index":1}]}`,
		`{"candidates":[{"content":{"parts":[{"functionCall":{"name":"f"}}]},"index":1,"finishReason":"STOP"}]}`,
		`{"candidates":[{"content":{"parts":[{"text":"c"}]},"finishReason":"MAX_TOKENS"}]}`},
		`start open(text) delta("a") 1:open(text) 1:delta("b") 1:close 1:open(call call_id-1_1 f) 1:close delta("c") close finish(length) 1:finish(calls) end`},
	{"a candidate without an index has its place", []string{`{"candidates":[{"content":{"parts":[{"text":"a"}]}},{"content":{"parts":[{"text":"b"}]},"finishReason":"STOP"}]}`},
		`start open(text) delta("a") 1:open(text) 1:delta("b") close 1:close finish(stopped) 1:finish(stopped) end`},

	{"a filter", []string{parts(`{"text":"a"}`, `,"finishReason":"SAFETY","finishMessage":"no \"way\""`), parts(``, stop)},
		`start open(text) delta("a") close finish(filtered "no \"way\"") end`},
	{"a prompt that is blocked", []string{`{"promptFeedback":{"blockReason":"MODEL_ARMOR","blockReasonMessage":"bad"},"usageMetadata":{"trafficType":"ON_DEMAND"},"responseId":"r"}`},
		`start("r" ) finish(filtered "bad") end`},
	{"feedback that blocks nothing", []string{`{"promptFeedback":{"safetyRatings":[]},"candidates":[{"content":{"parts":[{"text":"a"}]},"finishReason":"STOP"}]}`},
		`start open(text) delta("a") close finish(stopped) end`},
	{"a call that the model got wrong", []string{parts(``, `,"finishReason":"MALFORMED_FUNCTION_CALL","finishMessage":"Malformed function call: f("`)},
		`start fail(502 Malformed function call: f()`},
	{"a call that the model got wrong, behind a thought", []string{parts(`{"text":"t","thought":true}`), `{"candidates":[{"finishReason":"MALFORMED_FUNCTION_CALL"}],"usageMetadata":{"promptTokenCount":3,"candidatesTokenCount":2}}`},
		`start open(thought) delta("t") close usage(3,2,,) fail(502 MALFORMED_FUNCTION_CALL)`},
	{"a call that the model got wrong, behind a text", []string{parts(`{"text":"a"}`), parts(``, `,"finishReason":"MALFORMED_FUNCTION_CALL","finishMessage":"m"`)},
		`start open(text) delta("a") close lost(finish reason MALFORMED_FUNCTION_CALL) finish(stopped "m") end`},
	{"a call too many", []string{parts(`{"functionCall":{"name":"f"}}`, `,"finishReason":"TOO_MANY_TOOL_CALLS"`)},
		`start open(call call_id-1_1 f) close lost(finish reason TOO_MANY_TOOL_CALLS) finish(calls) end`},
	{"one candidate of two that the model got wrong", []string{`{"candidates":[{"finishReason":"UNEXPECTED_TOOL_CALL"},{"content":{"parts":[{"text":"a"}]},"finishReason":"STOP"}]}`},
		`start 1:open(text) 1:delta("a") 1:close lost(finish reason UNEXPECTED_TOOL_CALL) finish(stopped) 1:finish(stopped) end`},
	{"a call without a name", []string{parts(`{"functionCall":{"args":{"a":1}}},{"text":"a"},{"functionCall":{}}`, stop)},
		`start lost(a call without a name) open(text) delta("a") close finish(stopped) end`},
	{"a call without a name behind one that is closed", []string{parts(`{"functionCall":{"name":"f"}},{"functionCall":{"args":{}}}`, stop)},
		`start open(call call_id-1_1 f) close lost(a call without a name) finish(calls) end`},
	{"a reason that is new", []string{parts(``, `,"finishReason":"TIRED"`), parts(``, stop)}, `start lost(finish reason TIRED) finish(stopped) end`},
	{"no reason", []string{parts(`{"text":"a"}`, `,"finishReason":"FINISH_REASON_UNSPECIFIED"`)}, `start open(text) delta("a")`},
	{"nothing at all", nil, ``},

	{"an error in the middle", []string{parts(`{"text":"a"}`, stop), "{\n  \"error\": {\n    \"code\": 499,\n    \"message\": \"cancelled\",\n    \"status\": \"CANCELLED\"\n  }\n}", parts(`{"text":"b"}`)},
		`start open(text) delta("a") fail(499 cancelled)`},
	{"an error in a list", []string{`[{"error":{"code":503,"message":"busy","status":"UNAVAILABLE"}}]`}, `fail(503 busy)`},
	{"an error without a number", []string{`{"error":{"message":"slow","status":"RESOURCE_EXHAUSTED"}}`}, `fail(429 slow)`},
	{"an error that is null", []string{`{"error":null,` + parts(`{"text":"a"}`, stop)[1:]}, `start open(text) delta("a") close finish(stopped) end`},
	{"not JSON", []string{parts(`{"text":"a"}`), `<html>`}, `start open(text) delta("a") fail(502 the provider's answer could not be read)`},
	{"a text that is not valid", []string{`{"candidates":[{"content":{"parts":[{"text":"\x"}]}}]}`}, `start fail(502 the provider's answer could not be read)`},
	{"a text that is none", []string{`{"candidates":[{"content":{"parts":[{"text":7}]}}]}`}, `start fail(502 the provider's answer could not be read)`},
	{"arguments that are not valid", []string{parts(`{"functionCall":{"name":"f","args":{"a":tru}}}`)}, `start open(call call_id-1_1 f) fail(502 the provider's answer could not be read)`},
	{"an envelope of Code Assist", []string{`{"response":` + parts(`{"text":"a"}`, stop) + `,"traceId":"x"}`}, `start open(text) delta("a") close finish(stopped) end`},
	{"an envelope in an envelope", []string{`{"response":{"response":{"candidates":[{"finishReason":"STOP"}]}}}`}, `start`},
	{"an array of chunks", []string{`[` + parts(`{"text":"a"}`) + "\n,\n" + parts(`{"text":"b"}`, stop) + `]`}, `start open(text) delta("a") delta("b") close finish(stopped) end`},
	{"a foreign terminator", []string{parts(`{"text":"a"}`, stop), `[DONE]`}, `start open(text) delta("a") close finish(stopped) end`},
	{"members that are null", []string{`{"candidates":null,"usageMetadata":null,"promptFeedback":null}`, `{"candidates":[{"content":null,"finishReason":null,"groundingMetadata":null}]}`, `{"candidates":[{"content":{"parts":null},"finishReason":"STOP"}]}`}, `start finish(stopped) end`},
}

func TestDecode(t *testing.T) {
	for _, tc := range decodeCases {
		t.Run(tc.name, func(t *testing.T) {
			events, complete := stream(t, tc.chunks...)
			if got := show(events); got != tc.want {
				t.Errorf("got  %s\nwant %s", got, tc.want)
			}
			if want := strings.HasSuffix(tc.want, "end") || strings.Contains(tc.want, "fail("); complete != want {
				t.Errorf("complete %v", complete)
			}
		})
	}
}

// Chunks may follow one that has a finish: a stream that broke off behind it
// is not whole.
func TestABrokenConnectionIsNoEnd(t *testing.T) {
	d := up.Decoder(nil, "x")
	d.Decode(nil, sse.Event{Data: []byte(parts(`{"text":"a"}`, stop))})
	if events, complete := d.Finish(nil, false); complete || len(events) > 0 {
		t.Errorf("%v %s", complete, show(events))
	}
	if _, complete := d.Finish(nil, true); !complete {
		t.Error("not complete")
	}
}

func TestDecodeWhole(t *testing.T) {
	for _, tc := range []struct{ name, body, want string }{
		{"an answer", `{"candidates":[{"content":{"parts":[{"text":"a"}]},"finishReason":"STOP"}],"usageMetadata":{"promptTokenCount":1}}`, `start open(text) delta("a") close usage(1,0,,) finish(stopped) end`},
		{"a stream as an array", `[` + parts(`{"text":"a"}`) + `,` + parts(`{"text":"b"}`, stop) + `]`, `start open(text) delta("a") delta("b") close finish(stopped) end`},
		{"no finish", parts(`{"text":"a"}`), `start open(text) delta("a") close finish(stopped) end`},
		{"no candidates", `{"usageMetadata":{"promptTokenCount":5,"thoughtsTokenCount":7},"modelVersion":"m"}`, `start( "m") usage(5,7,,7) finish(stopped) end`},
		{"an error", `{"error":{"code":400,"message":"no","status":"INVALID_ARGUMENT"}}`, `fail(400 no)`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := show(whole(t, tc.body)); got != tc.want {
				t.Errorf("got  %s\nwant %s", got, tc.want)
			}
		})
	}
	for _, body := range []string{``, `<html>`, `{`, `[]`, `[{]`, `{}`, `null`, `"x"`, `{"choices":[]}`, `[{"candidates":[]}`} {
		if events, ok := up.Decoder(nil, "x").Whole(nil, []byte(body)); ok || len(events) > 0 {
			t.Errorf("%q is an answer: %s", body, show(events))
		}
	}
}
