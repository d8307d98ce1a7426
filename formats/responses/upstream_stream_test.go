package responses_test

import (
	"strconv"
	"strings"
	"testing"

	"github.com/aiclient2api/caddy-aiclient2api/formats"
	"github.com/aiclient2api/caddy-aiclient2api/formats/responses"
	"github.com/aiclient2api/caddy-aiclient2api/llm"
	"github.com/aiclient2api/caddy-aiclient2api/sse"
)

const (
	createdEvent   = `{"type":"response.created","response":{"id":"r","model":"gpt-5","status":"in_progress","output":[],"usage":null,"error":null},"sequence_number":0}`
	completedEvent = `{"type":"response.completed","response":{"id":"r","model":"gpt-5","status":"completed","output":[],"error":null,"usage":{"input_tokens":1,"output_tokens":2}}}`
	noTokens       = `1,2,,,, end`
)

// pieceEvent is a piece of the item at an index.
func pieceEvent(kind, index, delta string) string {
	return `{"type":"response.` + kind + `.delta","item_id":"i` + index + `","output_index":` + index + `,"content_index":0,"delta":` + delta + `}`
}

func addedEvent(index, item string) string {
	return `{"type":"response.output_item.added","output_index":` + index + `,"item":` + item + `}`
}

func doneEvent(index, item string) string {
	return `{"type":"response.output_item.done","output_index":` + index + `,"item":` + item + `}`
}

func TestResponseStreams(t *testing.T) {
	const (
		message  = `{"type":"message","id":"msg_1","role":"assistant","status":"in_progress","content":[]}`
		call     = `{"type":"function_call","id":"fc_1","call_id":"c1","name":"f","arguments":""}`
		thinking = `{"type":"reasoning","id":"rs_1","summary":[]}`
	)
	for _, tc := range []struct {
		name  string
		lines []string
		want  string
	}{
		{"text", []string{createdEvent, addedEvent("0", message), `{"type":"response.content_part.added","output_index":0,"content_index":0,"part":{"type":"output_text","text":""}}`,
			pieceEvent("output_text", "0", `"a"`), pieceEvent("output_text", "0", `"\ud83d"`), pieceEvent("output_text", "0", `"\ude00"`),
			`{"type":"response.output_text.done","output_index":0,"content_index":0,"text":"a😀"}`,
			doneEvent("0", `{"type":"message","id":"msg_1","content":[{"type":"output_text","text":"a😀","annotations":[]}]}`), completedEvent, "CLOSE"},
			`start(r,gpt-5) <text> "a" "\ud83d" "\ude00" / stopped ` + noTokens},
		{"the type stands in the event's name", []string{`response.output_text.delta: {"output_index":0,"delta":"a"}`, `response.completed: {"response":{"id":"r","model":"m"}}`, "CUT"},
			`start(,) <text> "a" / stopped end`},
		{"text without an item", []string{`{"type":"response.output_text.delta","delta":"a"}`, `{"type":"response.output_text.delta","delta":"b"}`, completedEvent, "CLOSE"},
			`start(,) <text> "a" "b" / stopped ` + noTokens},
		{"nothing but the end", []string{createdEvent, strings.Replace(completedEvent, `"output":[]`, `"output":[{"type":"message","content":[{"type":"output_text","text":"a"}]}]`, 1), "CLOSE"},
			`start(r,gpt-5) <text> "a" / stopped ` + noTokens},
		{"no pieces, but the whole at the end of the item", []string{createdEvent, addedEvent("0", message), doneEvent("0", `{"type":"message","content":[{"type":"output_text","text":"a"},{"type":"refusal","refusal":"no"}]}`), completedEvent, "CLOSE"},
			`start(r,gpt-5) <text> "a" / <refusal> "no" / stopped ` + noTokens},
		{"no pieces, but the whole at the end of the part", []string{createdEvent, addedEvent("0", message), `{"type":"response.output_text.done","output_index":0,"content_index":0,"text":"a"}`,
			`{"type":"response.refusal.done","output_index":0,"content_index":1,"refusal":"no"}`, doneEvent("0", `{"type":"message","content":[{"type":"output_text","text":"a"}]}`), completedEvent, "CLOSE"},
			`start(r,gpt-5) <text> "a" / <refusal> "no" / stopped ` + noTokens},
		{"what comes behind the end of an item is of no account", []string{doneEvent("0", `{"type":"message","id":"m","content":[{"type":"output_text","text":"a"}]}`), `{"type":"response.output_text.done","output_index":0,"text":"a"}`,
			doneEvent("0", `{"type":"message","id":"m","content":[{"type":"output_text","text":"a"}]}`), completedEvent, "CLOSE"},
			`start(,) <text> "a" / stopped ` + noTokens},
		{"a refusal", []string{createdEvent, pieceEvent("refusal", "0", `"no"`), completedEvent, "CLOSE"}, `start(r,gpt-5) <refusal> "no" / stopped ` + noTokens},
		{"two parts", []string{createdEvent, pieceEvent("output_text", "0", `"a"`), `{"type":"response.output_text.delta","output_index":0,"content_index":1,"delta":"b"}`, completedEvent, "CLOSE"},
			`start(r,gpt-5) <text> "a" / <text> "b" / stopped ` + noTokens},
		{"a summary in two parts, sealed", []string{createdEvent, addedEvent("0", `{"type":"reasoning","id":"rs_1","summary":[],"encrypted_content":"AA"}`),
			`{"type":"response.reasoning_summary_text.delta","output_index":0,"summary_index":0,"delta":"a"}`, `{"type":"response.reasoning_summary_text.delta","output_index":0,"summary_index":1,"delta":"b"}`,
			doneEvent("0", `{"type":"reasoning","summary":[{"type":"summary_text","text":"a"},{"type":"summary_text","text":"b"}],"encrypted_content":"BB"}`), completedEvent, "CLOSE"},
			`start(r,gpt-5) <thought openai-responses-v1> "a" "\n\n" "b" sign(BB,openai-responses-v1) / stopped ` + noTokens},
		{"a seal that nobody announced", []string{createdEvent, addedEvent("0", thinking), `{"type":"response.reasoning_summary_text.delta","output_index":0,"summary_index":0,"delta":"a"}`, doneEvent("0", `{"type":"reasoning","summary":[],"encrypted_content":"BB"}`), completedEvent, "CLOSE"},
			`start(r,gpt-5) <thought> "a" sign(BB,openai-responses-v1) / stopped ` + noTokens},
		{"sealed without a text", []string{createdEvent, doneEvent("0", `{"type":"reasoning","summary":[],"encrypted_content":"BB","content":null}`), completedEvent, "CLOSE"},
			`start(r,gpt-5) <sealed BB openai-responses-v1> / stopped ` + noTokens},
		{"sealed by Grok", []string{strings.Replace(createdEvent, "gpt-5", "grok-4", 1), doneEvent("0", `{"type":"reasoning","summary":[],"encrypted_content":"BB"}`), completedEvent, "CLOSE"},
			`start(r,grok-4) <sealed BB xai-responses-v1> / stopped ` + noTokens},
		{"sealed by nobody that we know", []string{strings.Replace(createdEvent, "gpt-5", "anthropic/claude", 1), doneEvent("0", `{"type":"reasoning","summary":[],"encrypted_content":"BB"}`), completedEvent, "CLOSE"},
			`start(r,anthropic/claude) lost(reasoning signature) stopped ` + noTokens},
		{"the reasoning itself, and its summary too", []string{createdEvent, addedEvent("0", thinking), pieceEvent("reasoning_text", "0", `"a"`), pieceEvent("reasoning_summary_text", "0", `"b"`), `{"type":"response.reasoning_summary_text.done","output_index":0,"text":"b"}`, completedEvent, "CLOSE"},
			`start(r,gpt-5) <thought> "a" / stopped ` + noTokens},
		{"reasoning, first words for it", []string{createdEvent, pieceEvent("reasoning_summary", "0", `"a"`), doneEvent("0", `{"type":"reasoning","summary":[]}`), pieceEvent("output_text", "1", `"b"`), completedEvent, "CLOSE"},
			`start(r,gpt-5) <thought> "a" / <text> "b" / stopped ` + noTokens},
		{"a call", []string{createdEvent, addedEvent("0", call), pieceEvent("function_call_arguments", "0", `"{\"a\":"`), pieceEvent("function_call_arguments", "0", `"1}"`),
			`{"type":"response.function_call_arguments.done","output_index":0,"arguments":"{\"a\":1}"}`, doneEvent("0", strings.Replace(call, `""`, `"{\"a\":1}"`, 1)), completedEvent, "CLOSE"},
			`start(r,gpt-5) <call c1 f> "{\"a\":" "1}" / calls ` + noTokens},
		{"a call without pieces", []string{createdEvent, addedEvent("0", call), `{"type":"response.function_call_arguments.done","output_index":0,"arguments":"{\"a\":1}"}`, doneEvent("0", strings.Replace(call, `""`, `"{\"a\":1}"`, 1)), completedEvent, "CLOSE"},
			`start(r,gpt-5) <call c1 f> "{\"a\":1}" / calls ` + noTokens},
		{"a call that is said at its end only", []string{createdEvent, doneEvent("0", strings.Replace(call, `""`, `{"a":1}`, 1)), completedEvent, "CLOSE"},
			`start(r,gpt-5) <call c1 f> "{\"a\":1}" / calls ` + noTokens},
		{"a call without arguments, or an id", []string{createdEvent, addedEvent("0", `{"type":"function_call","name":"f"}`), doneEvent("0", `{"type":"function_call","name":"f","arguments":""}`), completedEvent, "CLOSE"},
			`start(r,gpt-5) <call call_id_1 f> / calls ` + noTokens},
		{"a call with the item's id only", []string{createdEvent, addedEvent("0", `{"type":"function_call","id":"fc_1","name":"f","arguments":"{}"}`), doneEvent("0", `{"type":"function_call","id":"fc_1","name":"f","arguments":"{}"}`), completedEvent, "CLOSE"},
			`start(r,gpt-5) <call fc_1 f> "{}" / calls ` + noTokens},
		{"a name that comes late", []string{createdEvent, addedEvent("0", `{"type":"function_call","call_id":"c1"}`), pieceEvent("function_call_arguments", "0", `"{}"`), doneEvent("0", strings.Replace(call, `""`, `"{}"`, 1)), completedEvent, "CLOSE"},
			`start(r,gpt-5) <call c1 f> "{}" / calls ` + noTokens},
		{"a name that never comes", []string{createdEvent, addedEvent("0", `{"type":"function_call","call_id":"c1"}`), pieceEvent("function_call_arguments", "0", `"{}"`), completedEvent, "CLOSE"},
			`start(r,gpt-5) lost(a call without a name) stopped ` + noTokens},
		{"arguments of nobody's call", []string{createdEvent, pieceEvent("function_call_arguments", "0", `"{}"`), completedEvent, "CLOSE"}, `start(r,gpt-5) stopped ` + noTokens},
		{"a custom call", []string{createdEvent, addedEvent("0", `{"type":"custom_tool_call","call_id":"c1","name":"p","input":""}`), pieceEvent("custom_tool_call_input", "0", `"*** {"`), doneEvent("0", `{"type":"custom_tool_call","call_id":"c1","name":"p","input":"*** {"}`), completedEvent, "CLOSE"},
			`start(r,gpt-5) <call c1 p> "*** {" / calls ` + noTokens},
		{"items that interleave", []string{createdEvent, addedEvent("0", call), addedEvent("1", `{"type":"function_call","call_id":"c2","name":"g"}`),
			pieceEvent("function_call_arguments", "1", `"{\"b\":"`), pieceEvent("function_call_arguments", "0", `"{"`), pieceEvent("output_text", "2", `"x"`), pieceEvent("function_call_arguments", "1", `"2}"`), pieceEvent("output_text", "2", `"y"`),
			pieceEvent("function_call_arguments", "0", `"}"`), doneEvent("0", strings.Replace(call, `""`, `"{}"`, 1)), pieceEvent("output_text", "2", `"z"`), doneEvent("1", `{"type":"function_call","call_id":"c2","name":"g","arguments":"{\"b\":2}"}`), pieceEvent("output_text", "2", `"!"`), completedEvent, "CLOSE"},
			`start(r,gpt-5) <call c1 f> "{" "}" / <call c2 g> "{\"b\":2}" / <text> "xyz" "!" / calls ` + noTokens},
		{"items that never end", []string{createdEvent, addedEvent("0", call), addedEvent("1", `{"type":"function_call","call_id":"c2","name":"g"}`), pieceEvent("function_call_arguments", "1", `"{}"`), pieceEvent("function_call_arguments", "0", `"{ }"`), completedEvent, "CLOSE"},
			`start(r,gpt-5) <call c1 f> "{ }" / <call c2 g> "{}" / calls ` + noTokens},
		{"a part that ends gives way", []string{createdEvent, pieceEvent("output_text", "0", `"a"`), `{"type":"response.output_text.done","output_index":0,"content_index":0,"text":"a"}`, pieceEvent("output_text", "1", `"b"`), completedEvent, "CLOSE"},
			`start(r,gpt-5) <text> "a" / <text> "b" / stopped ` + noTokens},
		{"calls that all have the index 0", []string{createdEvent, addedEvent("0", call), doneEvent("0", strings.Replace(call, `""`, `"{}"`, 1)), addedEvent("0", `{"type":"function_call","id":"fc_2","call_id":"c2","name":"g"}`), pieceEvent("function_call_arguments", "0", `"{}"`), doneEvent("0", `{"type":"function_call","id":"fc_2","call_id":"c2","name":"g","arguments":"{}"}`), completedEvent, "CLOSE"},
			`start(r,gpt-5) <call c1 f> "{}" / <call c2 g> "{}" / calls ` + noTokens},
		{"tools of the provider's own", []string{createdEvent, addedEvent("0", `{"type":"web_search_call","id":"ws_1","status":"in_progress"}`), `{"type":"response.web_search_call.searching","output_index":0}`, doneEvent("0", `{"type":"web_search_call","id":"ws_1"}`), doneEvent("1", `{"type":"file_search_call"}`), pieceEvent("output_text", "2", `"a"`), completedEvent, "CLOSE"},
			`start(r,gpt-5) lost(hosted tools) <text> "a" / stopped ` + noTokens},
		{"an image", []string{createdEvent, addedEvent("0", `{"type":"image_generation_call","id":"ig_1"}`), `{"type":"response.image_generation_call.partial_image","output_index":0,"partial_image_b64":"AAAA"}`, doneEvent("0", `{"type":"image_generation_call","id":"ig_1","result":"AAAA","output_format":"webp"}`), completedEvent, "CLOSE"},
			`start(r,gpt-5) <image image/webp> "AAAA" / stopped ` + noTokens},
		{"sources", []string{createdEvent, pieceEvent("output_text", "0", `"añ"`), doneEvent("0", `{"type":"message","content":[{"type":"output_text","text":"añ"}]}`), pieceEvent("output_text", "1", `"b"`),
			`{"type":"response.output_text.annotation.added","output_index":1,"content_index":0,"annotation":{"type":"url_citation","url":"u","title":"t","start_index":0,"end_index":1}}`,
			`{"type":"response.output_text.annotation.added","output_index":1,"annotation":{"type":"file_citation","file_id":"f"}}`,
			doneEvent("1", `{"type":"message","content":[{"type":"output_text","text":"b","annotations":[{"url":"u"}]}]}`), completedEvent, "CLOSE"},
			`start(r,gpt-5) <text> "añ" / <text> "b" cite(u,t,{2 true},{3 true}) lost(citations) / stopped ` + noTokens},
		{"sources at the end of the item", []string{createdEvent, pieceEvent("output_text", "0", `"a"`), doneEvent("0", `{"type":"message","content":[{"type":"output_text","text":"a","annotations":[{"type":"url_citation","url":"u","start_index":0,"end_index":1},{"url":"v"}]}]}`), completedEvent, "CLOSE"},
			`start(r,gpt-5) <text> "a" cite(u,,{0 true},{1 true}) cite(v,,{0 false},{0 false}) / stopped ` + noTokens},
		{"probabilities", []string{createdEvent, `{"type":"response.output_text.delta","output_index":0,"content_index":0,"delta":"a","logprobs":[{"token":"a","logprob":-0.5,"top_logprobs":[{"token":"b","logprob":-1}]}]}`, `{"type":"response.output_text.delta","output_index":0,"content_index":0,"delta":"b","logprobs":[]}`, completedEvent, "CLOSE"},
			`start(r,gpt-5) <text> "a" "a"=-0.5(1) "b" / stopped ` + noTokens},
		{"at its limit", []string{createdEvent, addedEvent("0", call), pieceEvent("function_call_arguments", "0", `"{"`), `{"type":"response.incomplete","response":{"status":"incomplete","incomplete_details":{"reason":"max_output_tokens"},"output":[]}}`, "CLOSE"},
			`start(r,gpt-5) <call c1 f> "{" / length end`},
		{"filtered", []string{createdEvent, `{"type":"response.incomplete","response":{"status":"incomplete","incomplete_details":{"reason":"content_filter"},"output":[]}}`, "CLOSE"}, `start(r,gpt-5) filtered end`},
		{"all numbers", []string{createdEvent, `{"type":"response.completed","response":{"status":"completed","usage":{"input_tokens":9,"input_tokens_details":{"cached_tokens":3,"cache_write_tokens":2},"output_tokens":5,"output_tokens_details":{"reasoning_tokens":4}}}}`, "[DONE]", "CLOSE"}, `start(r,gpt-5) stopped 9,5,3,2,4, end`},
		{"a terminator and no end", []string{pieceEvent("output_text", "0", `"a"`), "[DONE]", "CLOSE"}, `start(,) <text> "a" / stopped end`},
		{"broken off", []string{createdEvent, pieceEvent("output_text", "0", `"a"`), "CLOSE"}, `start(r,gpt-5) <text> "a" broken`},
		{"failed", []string{createdEvent, pieceEvent("output_text", "0", `"a"`), `{"type":"response.failed","response":{"status":"failed","error":{"code":"rate_limit_exceeded","message":"slow down"},"output":[]}}`, pieceEvent("output_text", "0", `"b"`), "CLOSE"},
			`start(r,gpt-5) <text> "a" fail(429 slow down)`},
		{"an error as OpenAI's servers send it, and again", []string{createdEvent, `error: {"type":"error","sequence_number":2,"error":{"type":"insufficient_quota","code":"insufficient_quota","message":"m","param":null}}`, `{"type":"response.failed","response":{"status":"failed","error":{"code":"server_error","message":"n"}}}`, "CLOSE"},
			`start(r,gpt-5) fail(429 m)`},
		{"an error as the reference has it", []string{`{"type":"error","code":"server_error","message":"m","param":null,"sequence_number":1}`}, `fail(500 m)`},
		{"an error without a type", []string{`{"error":{"message":"m","code":429}}`}, `fail(429 m)`},
		{"an error that is a text", []string{`error: overloaded`}, `fail(502 the provider ended the stream with an error: overloaded)`},
		{"cancelled", []string{`{"type":"response.cancelled","response":{"status":"cancelled"}}`}, `fail(502 the provider gave a response up without an error: its status is cancelled)`},
		{"new events and pings", []string{createdEvent, `{"type":"response.of.tomorrow","delta":"x"}`, `{"type":"keepalive"}`, `{}`, completedEvent, "CLOSE"}, `start(r,gpt-5) stopped ` + noTokens},
		{"not JSON", []string{`hello`}, `fail(502 the provider sent something that cannot be read as a part of a response)`},
		{"a text that is not valid", []string{createdEvent, pieceEvent("output_text", "0", `"\x"`)}, `start(r,gpt-5) fail(502 the provider sent something that cannot be read as a part of a response)`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := listen(t, new(formats.Sent), tc.lines...); got != tc.want {
				t.Errorf("got  %s\nwant %s", got, tc.want)
			}
		})
	}
}

// xAI shows calls of its own tools as calls of custom tools, which no client
// could answer.
func TestCallsOfToolsThatNobodyOffered(t *testing.T) {
	custom := func(name string) string {
		return doneEvent("0", `{"type":"custom_tool_call","id":"`+name+`","call_id":"c1","name":"`+name+`","input":"x"}`)
	}
	sent := &formats.Sent{Body: []byte(`{"tools":[{"type":"custom","name":"mine"}]}`)}
	if got, want := listen(t, sent, custom("x_search"), custom("mine"), completedEvent, "CLOSE"), `start(,) lost(hosted tools) <call c1 mine> "x" / calls `+noTokens; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// What was sent, which may be megabytes, is walked over once, however many calls
// of such tools there are: what stands in it later is not looked at.
func TestOfferedToolsAreLookedUpOnce(t *testing.T) {
	custom := func(index, name string) string {
		return doneEvent(index, `{"type":"custom_tool_call","id":"`+index+`","call_id":"c`+index+`","name":"`+name+`","input":"x"}`)
	}
	sent := &formats.Sent{Body: []byte(`{"tools":[{"type":"custom","name":"mine"}]}`)}
	d := upstream.Decoder(sent, "id")
	read := func(line string) (calls int) {
		for _, e := range d.Decode(nil, sse.Event{Data: []byte(line)}) {
			if e.Step == llm.Open && e.Kind == llm.Call {
				calls++
			}
		}
		return calls
	}
	if read(custom("0", "mine")) != 1 {
		t.Fatal("the first call is none")
	}
	for i := range sent.Body {
		sent.Body[i] = '#'
	}
	for i := 1; i < 50; i++ {
		if index := strconv.Itoa(i); read(custom(index, "mine")) != 1 || read(custom(strconv.Itoa(100+i), "x_search")) != 0 {
			t.Fatalf("call %d was looked up again", i)
		}
	}
}

func TestResponseBodies(t *testing.T) {
	body := func(status, output string) string {
		return `{"id":"r","object":"response","model":"gpt-5","status":"` + status + `","error":null,"output":` + output + `,"usage":{"input_tokens":1,"output_tokens":2}}`
	}
	for _, tc := range []struct{ name, body, want string }{
		{"all kinds", body("completed", `[{"type":"reasoning","summary":[{"type":"summary_text","text":"s"},{"type":"summary_text","text":"t"}],"encrypted_content":"BB"},
			{"type":"message","content":[{"type":"output_text","text":"a","annotations":[{"type":"url_citation","url":"u"}],"logprobs":[{"token":"a","logprob":-1}]},{"type":"refusal","refusal":"no"}]},
			{"type":"function_call","call_id":"c1","name":"f","arguments":"{}"},{"type":"custom_tool_call","call_id":"c2","name":"g","input":"i"},{"type":"mcp_call"}]`),
			`start(r,gpt-5) <thought openai-responses-v1> "s" "\n\n" "t" sign(BB,openai-responses-v1) / <text> "a" "a"=-1(0) cite(u,,{0 false},{0 false}) / <refusal> "no" / <call c1 f> "{}" / <call c2 g> "i" / lost(hosted tools) calls ` + noTokens},
		{"the reasoning itself", body("completed", `[{"type":"reasoning","summary":[{"type":"summary_text","text":"s"}],"content":[{"type":"reasoning_text","text":"a"}]}]`), `start(r,gpt-5) <thought> "a" / stopped ` + noTokens},
		{"nothing", body("completed", `[]`), `start(r,gpt-5) stopped ` + noTokens},
		{"a part of tomorrow", body("completed", `[{"type":"message","content":[{"type":"hologram"}]}]`), `start(r,gpt-5) lost(content) stopped ` + noTokens},
		{"at its limit", `{"status":"incomplete","incomplete_details":{"reason":"max_output_tokens"},"output":[]}`, `start(,) length end`},
		{"failed", `{"status":"failed","error":{"code":"server_error","message":"m"},"output":[]}`, `fail(500 m)`},
		{"an error", `{"error":{"message":"m","type":"invalid_request_error","param":null,"code":null}}`, `fail(400 m)`},
		{"an error beside an answer", `{"status":"completed","error":{"message":"m"},"output":[]}`, `start(,) stopped end`},
		{"items that are none", body("completed", `["a"]`), `start(r,gpt-5) fail(502 the provider sent something that cannot be read as a part of a response)`},
		{"another format", `{"choices":[]}`, `no answer`},
		{"HTML", `<html>`, `no answer`},
		{"cut off", `{"output":[`, `no answer`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if tc.want == "no answer" {
				if _, ok := upstream.Decoder(nil, "id").Whole(nil, []byte(tc.body)); ok {
					t.Error("it was taken for an answer")
				}
				return
			}
			if got := readBody(t, tc.body); got != tc.want {
				t.Errorf("got  %s\nwant %s", got, tc.want)
			}
		})
	}
}

// A stream that is made to grow what is held back, or the number of items or
// events, ends in an error.
func TestResponsesAreBounded(t *testing.T) {
	piece := `"` + strings.Repeat("x", 1<<20) + `"`
	lines := []string{addedEvent("0", `{"type":"function_call","call_id":"c","name":"f"}`)}
	for range 20 {
		lines = append(lines, pieceEvent("output_text", "1", piece))
	}
	if got := listen(t, nil, lines...); !strings.Contains(got, "fail(502") {
		t.Errorf("got %.100s", got)
	}
	for name, body := range map[string]string{
		"items":   `{"output":[` + strings.Repeat(`{"type":"function_call","name":"f"},`, 5000) + `{}]}`,
		"parts":   `{"output":[{"type":"message","content":[` + strings.Repeat(`{"type":"output_text","text":"a"},`, 100000) + `{}]}]}`,
		"sources": `{"output":[{"type":"message","content":[{"type":"output_text","text":"a","annotations":[` + strings.Repeat(`{"url":"a"},`, 100000) + `{}]}]}]}`,
	} {
		events, _ := upstream.Decoder(nil, "id").Whole(nil, []byte(body))
		if n := len(events); n > 1<<17 || events[n-1].Step != llm.Fail {
			t.Errorf("%s: %d events", name, n)
		}
	}
}

// Texts, thoughts and arguments are passed on without a copy.
func TestPiecesAreFree(t *testing.T) {
	for _, kind := range []string{"output_text", "refusal", "reasoning_summary_text", "reasoning_text", "function_call_arguments", "custom_tool_call_input"} {
		dec := upstream.Decoder(new(formats.Sent), "id")
		index := "0"
		if strings.Contains(kind, "call") {
			index = "7"
		}
		events := dec.Decode(nil, sse.Event{Data: []byte(addedEvent("7", `{"type":"function_call","call_id":"c","name":"f"}`))})
		events = dec.Decode(events[:0], sse.Event{Data: []byte(doneEvent("6", `{"type":"message","content":[]}`))})
		if index == "0" { // the call gives way
			events = dec.Decode(events[:0], sse.Event{Data: []byte(doneEvent("7", `{"type":"function_call","call_id":"c","name":"f"}`))})
		}
		ev := sse.Event{Name: []byte("response." + kind + ".delta"), Data: []byte(pieceEvent(kind, index, `" word"`))}
		events = dec.Decode(events[:0], ev)
		if n := testing.AllocsPerRun(100, func() { events = dec.Decode(events[:0], ev) }); n != 0 || len(events) != 1 || events[0].Step != llm.Delta {
			t.Errorf("%s: %v allocations, %d events", kind, n, len(events))
		}
	}
}

// FuzzResponsesDecoder: whatever a provider sends, nothing panics, the order is
// kept and every literal is valid.
func FuzzResponsesDecoder(f *testing.F) {
	for _, seed := range []string{
		createdEvent + "\n" + addedEvent("0", `{"type":"function_call","call_id":"c1","name":"f"}`) + "\n" + pieceEvent("output_text", "1", `"a"`) + "\n" + pieceEvent("function_call_arguments", "0", `"{"`) + "\n" + doneEvent("0", `{"type":"function_call","call_id":"c1","name":"f","arguments":"{}"}`) + "\n" + completedEvent,
		addedEvent("0", `{"type":"reasoning","encrypted_content":"A"}`) + "\n" + pieceEvent("reasoning_summary_text", "0", `"a"`) + "\n" + pieceEvent("reasoning_text", "1", `"a"`) + "\n" + doneEvent("0", `{"type":"reasoning","summary":[{"text":"b"}],"encrypted_content":"B"}`) + "\n[DONE]",
		`{"type":"response.output_text.annotation.added","annotation":{"url":"u","start_index":1}}` + "\n" + pieceEvent("refusal", "0", `"r"`) + "\n" + doneEvent("1", `{"type":"image_generation_call","result":"AAAA"}`) + "\n" + `{"type":"response.incomplete","response":{"incomplete_details":{"reason":"content_filter"}}}`,
		`{"output":[{"type":"message","content":[{"type":"output_text","text":"a","annotations":[{"url":"u"}],"logprobs":[{"token":"a","logprob":1}]}]},{"type":"custom_tool_call","name":"f","input":"\u0022"}],"status":"incomplete","usage":{"input_tokens":1e9}}`,
		`{"type":"error","error":{"code":[]}}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var o sequence
		if events, ok := upstream.Decoder(nil, "id").Whole(nil, data); ok {
			o.check(t, events)
			o.ended(t)
		}
		upstream.Whole(data)
		upstream.Ended(data, true)
		upstream.Usage(data)
		dec := upstream.Decoder(new(formats.Sent), "id")
		o = sequence{}
		for line := range strings.SplitSeq(string(data), "\n") {
			ev := sse.Event{Data: []byte(line)}
			upstream.Opening(ev)
			upstream.Terminates(ev)
			o.check(t, dec.Decode(nil, ev))
			clear(ev.Data)
		}
		events, complete := dec.Finish(nil, true)
		o.check(t, events)
		if complete {
			o.ended(t)
		}
	})
}

func BenchmarkResponsesDecode(b *testing.B) {
	dec := responses.Upstream{}.Decoder(new(formats.Sent), "id")
	ev := sse.Event{Name: []byte("response.output_text.delta"), Data: []byte(`{"type":"response.output_text.delta","content_index":0,"delta":" sun","item_id":"msg_0146c8596b875fc40069e16f922db48190b8f1692f79cf06e0","logprobs":[],"obfuscation":"Gn4PaaXJSydu","output_index":0,"sequence_number":5}`)}
	var events []llm.Event
	b.SetBytes(int64(len(ev.Data)))
	b.ReportAllocs()
	for b.Loop() {
		events = dec.Decode(events[:0], ev)
	}
}

func BenchmarkResponsesDecodeWhole(b *testing.B) {
	body := []byte(`{"id":"resp_1","object":"response","model":"gpt-5","status":"completed","error":null,"output":[{"type":"message","id":"msg_1","role":"assistant","content":[{"type":"output_text","text":"` + strings.Repeat("word ", 200) + `","annotations":[]}]},{"type":"function_call","call_id":"t","name":"f","arguments":"{}"}],"usage":{"input_tokens":3,"output_tokens":5}}`)
	var events []llm.Event
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		events, _ = responses.Upstream{}.Decoder(new(formats.Sent), "id").Whole(events[:0], body)
	}
}
