package messages_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tidwall/gjson"

	"github.com/aiclient2api/caddy-aiclient2api/llm"
	"github.com/aiclient2api/caddy-aiclient2api/sse"
)

// stream makes a stream of the data of its events.
func stream(events ...string) []byte {
	var b strings.Builder
	for _, data := range events {
		b.WriteString("event: " + gjson.Get(data, "type").String() + "\ndata: " + data + "\n\n")
	}
	return []byte(b.String())
}

const (
	started = `{"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant","model":"claude","content":[],"stop_reason":null,"usage":{"input_tokens":10,"cache_read_input_tokens":5,"cache_creation_input_tokens":2,"output_tokens":1}}}`
	opened  = `{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}`
	hello   = `{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Hello"}}`
	closed  = `{"type":"content_block_stop","index":0}`
	ended   = `{"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"output_tokens":7}}`
	stopped = `{"type":"message_stop"}`
)

const begun = "start msg_1 claude|usage in=17 cached=5 written=2"

const total = "usage in=17 out=7 cached=5 written=2"

// TestStream: what the events of a stream become.
func TestStream(t *testing.T) {
	for _, tc := range []struct {
		name   string
		events []string
		cut    bool // out of order
		want   string
		broken bool // not complete
	}{
		{name: "text", events: []string{started, opened, `{"type":"ping"}`, hello, closed, ended, stopped},
			want: begun + "|open text|+Hello|close|" + total + "|finish stopped|end"},
		{name: "escapes stay", events: []string{started, opened, `{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"\ud83d"}}`, `{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"\ude00\n"}}`, closed, ended, stopped},
			want: begun + `|open text|+\ud83d|+\ude00\n|close|` + total + "|finish stopped|end"},
		{name: "thoughts", events: []string{started,
			`{"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":"","signature":""}}`,
			`{"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"T"}}`,
			`{"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"S="}}`, closed,
			`{"type":"content_block_start","index":1,"content_block":{"type":"redacted_thinking","data":"D"}}`, `{"type":"content_block_stop","index":1}`, ended, stopped},
			want: begun + "|open thought|+T|sign S= anthropic-claude-v1|close|open sealed D anthropic-claude-v1|close|" + total + "|finish stopped|end"},
		{name: "calls", events: []string{started,
			`{"type":"content_block_start","index":0,"content_block":{"type":"tool_use","id":"c1","name":"f","input":{}}}`,
			`{"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":""}}`,
			`{"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":"{\"a\""}}`,
			`{"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":":1}"}}`, closed,
			`{"type":"content_block_start","index":1,"content_block":{"type":"tool_use","id":"c2","name":"g","input":{"b": 2}}}`, `{"type":"content_block_stop","index":1}`,
			`{"type":"content_block_start","index":2,"content_block":{"type":"tool_use","name":"h"}}`, `{"type":"content_block_stop","index":2}`,
			`{"type":"message_delta","delta":{"stop_reason":"tool_use"},"usage":{"output_tokens":7}}`, stopped},
			want: begun + `|open call c1 f|+{\"a\"|+:1}|close|open call c2 g|+{\"b\": 2}|close|open call toolu_id_2 h|close|` + total + "|finish calls|end"},
		{name: "calls, end_turn", events: []string{started, `{"type":"content_block_start","index":0,"content_block":{"type":"tool_use","id":"c1","name":"f","input":{}}}`, closed, ended, stopped},
			want: begun + "|open call c1 f|close|" + total + "|finish calls|end"},
		{name: "hosted tools", events: []string{started, opened, hello, closed,
			`{"type":"content_block_start","index":1,"content_block":{"type":"server_tool_use","id":"s","name":"web_search","input":{}}}`,
			`{"type":"content_block_delta","index":1,"delta":{"type":"input_json_delta","partial_json":"{}"}}`, `{"type":"content_block_stop","index":1}`,
			`{"type":"content_block_start","index":2,"content_block":{"type":"web_search_tool_result","content":[]}}`, `{"type":"content_block_stop","index":2}`,
			`{"type":"content_block_start","index":3,"content_block":{"type":"text","text":"","citations":[]}}`,
			`{"type":"content_block_delta","index":3,"delta":{"type":"citations_delta","citation":{"type":"web_search_result_location","url":"https://h","title":"T","cited_text":"Q"}}}`,
			`{"type":"content_block_delta","index":3,"delta":{"type":"text_delta","text":"B"}}`,
			`{"type":"content_block_delta","index":3,"delta":{"type":"citations_delta","citation":{"type":"char_location","cited_text":"Q","document_index":0}}}`,
			`{"type":"content_block_stop","index":3}`, `{"type":"message_delta","delta":{"stop_reason":"tool_use"}}`, stopped},
			want: begun + "|open text|+Hello|close|lost hosted tools|open text|cite https://h T Q|+B|lost citations|close|usage in=17 out=1 cached=5 written=2|finish stopped|end"},
		{name: "usage that overrides", events: []string{started, `{"type":"message_delta","delta":{"stop_reason":"max_tokens"},"usage":{"input_tokens":20,"cache_read_input_tokens":null,"cache_creation_input_tokens":0,"output_tokens":9,"output_tokens_details":{"thinking_tokens":4}}}`, stopped},
			want: begun + "|usage in=25 out=9 cached=5 written=0 reasoning=4|finish length|end"},
		{name: "a refusal", events: []string{started, `{"type":"message_delta","delta":{"stop_reason":"refusal","stop_details":{"type":"refusal","explanation":"E"}}}`, stopped},
			want: begun + "|usage in=17 out=1 cached=5 written=2|finish filtered E|end"},
		{name: "other reasons", events: []string{started, `{"type":"message_delta","delta":{"stop_reason":"pause_turn"}}`, stopped},
			want: begun + "|usage in=17 out=1 cached=5 written=2|finish stopped|end"},
		{name: "text that is there at the start", events: []string{started, `{"type":"content_block_start","index":0,"content_block":{"type":"text","text":"A"}}`, hello, closed, ended, stopped},
			want: begun + "|open text|+A|+Hello|close|" + total + "|finish stopped|end"},
		{name: "deltas without a start", events: []string{`{"type":"content_block_delta","delta":{"type":"text_delta","text":"A"}}`, hello, `{"type":"content_block_delta","index":1,"delta":{"type":"thinking_delta","thinking":"T"}}`, ended, stopped},
			want: "start  |open text|+A|+Hello|close|open thought|+T|close|usage out=7|finish stopped|end"},
		{name: "blocks that interleave", events: []string{started, opened, hello,
			`{"type":"content_block_start","index":1,"content_block":{"type":"text","text":""}}`, `{"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":"B"}}`,
			hello, closed, `{"type":"content_block_stop","index":1}`, ended, stopped},
			want: begun + "|open text|+Hello|close|open text|+B|close|open text|+Hello|close|" + total + "|finish stopped|end"},
		{name: "calls that interleave", events: []string{started,
			`{"type":"content_block_start","index":0,"content_block":{"type":"tool_use","id":"c1","name":"f"}}`,
			`{"type":"content_block_start","index":1,"content_block":{"type":"tool_use","id":"c2","name":"f"}}`,
			`{"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":"{}"}}`, stopped},
			want: begun + "|open call c1 f|close|open call c2 f|fail 502 the provider's stream held arguments of a call that is not open"},
		{name: "kinds that are not known", events: []string{started, `{"type":"news","x":1}`, opened, `{"type":"content_block_delta","index":0,"delta":{"type":"news_delta","x":1}}`, hello, closed, ended, stopped, "[DONE]"},
			want: begun + "|open text|+Hello|close|" + total + "|finish stopped|end"},
		{name: "an error", events: []string{started, opened, hello, `{"type":"error","error":{"type":"overloaded_error","message":"busy"}}`, hello},
			want: begun + "|open text|+Hello|fail 529 busy"},
		{name: "an event that is not JSON", events: []string{started, `{"type":"content_block_delta"`},
			want: begun + "|fail 502 the provider's stream held an event that is not JSON"},
		{name: "a text that is none", events: []string{started, opened, `{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"\x"}}`},
			want: begun + "|open text|fail 502 the provider's answer held a text that is not valid JSON"},
		{name: "without message_stop", events: []string{started, opened, hello, ended},
			want: begun + "|open text|+Hello|close|" + total + "|finish stopped|end"},
		{name: "without message_stop, out of order", events: []string{started, opened, hello, closed, ended}, cut: true, broken: true,
			want: begun + "|open text|+Hello|close"},
		{name: "cut off", events: []string{started, opened, hello}, broken: true,
			want: begun + "|open text|+Hello"},
		{name: "nothing", broken: true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			events, complete := follow(up.Decoder(nil, "id"), stream(tc.events...), !tc.cut)
			if got := show(events); got != tc.want || complete == tc.broken {
				t.Errorf("got  %s, %v\nwant %s", got, complete, tc.want)
			}
			if err := check(events); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestWholeAnswer: what a body becomes.
func TestWholeAnswer(t *testing.T) {
	for _, tc := range []struct {
		name, body, want string
		no               bool
	}{
		{name: "all kinds", body: `{"id":"msg_1","type":"message","model":"claude","content":[
			{"type":"thinking","thinking":"T","signature":"S"},{"type":"redacted_thinking","data":"D"},
			{"type":"text","text":"A","citations":[{"type":"web_search_result_location","url":"https://h","title":null,"cited_text":"Q"},{"type":"page_location"}]},
			{"type":"server_tool_use","id":"s","name":"web_search","input":{"q":1}},
			{"type":"tool_use","id":"c","name":"f","input":{"a":"\"é"}},{"type":"tool_use","id":"c2","name":"f","input":{}}],
			"stop_reason":"tool_use","usage":{"input_tokens":3,"output_tokens":4,"cache_read_input_tokens":null}}`,
			want: `start msg_1 claude|open thought|+T|sign S anthropic-claude-v1|close|open sealed D anthropic-claude-v1|close|open text|+A|cite https://h  Q|lost citations|close|lost hosted tools|open call c f|+{\"a\":\"\\\"é\"}|close|open call c2 f|close|usage in=3 out=4|finish calls|end`},
		{name: "refusal", body: `{"content":[],"stop_reason":"refusal","stop_details":{"explanation":"E"}}`, want: "start  |finish filtered E|end"},
		{name: "no reason", body: `{"content":[{"type":"text","text":""}],"stop_reason":null}`, want: "start  |open text|close|finish stopped|end"},
		{name: "an error", body: `{"type":"error","error":{"type":"rate_limit_error","message":"slow down"}}`, want: "fail 429 slow down"},
		{name: "arguments as a text", body: `{"content":[{"type":"tool_use","id":"c","name":"f","input":"{\"a\":1}"}]}`, want: `start  |open call c f|+{\"a\":1}|close|finish calls|end`},
		{name: "arguments that are not JSON", body: `{"content":[{"type":"tool_use","id":"c","name":"f","input":{"a":x}}]}`, no: true},
		{name: "a text that is none", body: `{"content":[{"type":"text","text":1}]}`, no: true},
		{name: "a block that is none", body: `{"content":[1]}`, no: true},
		{name: "no content", body: `{"id":"msg_1"}`, no: true},
		{name: "OpenAI's", body: `{"choices":[]}`, no: true},
		{name: "HTML", body: `<html>`, no: true},
		{name: "too deep", body: `{"content":[{"type":"tool_use","id":"c","name":"f","input":` + strings.Repeat(`{"a":`, 5000) + `1` + strings.Repeat(`}`, 5000) + `}]}`, no: true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			before := []llm.Event{{Step: llm.Lost, What: "x"}}
			events, ok := up.Decoder(nil, "id").Whole(before, []byte(tc.body))
			if ok == tc.no || show(events[1:]) != tc.want {
				t.Errorf("got  %s, %v\nwant %s", show(events[1:]), ok, tc.want)
			}
			if err := check(events[1:]); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestRecordings: what real providers sent is decoded without a failure, unless
// it was one.
func TestRecordings(t *testing.T) {
	const dir = "../../../shared/fixtures/anthropic-messages"
	cases, _ := filepath.Glob(dir + "/*/meta.json")
	if len(cases) == 0 {
		t.Skip("no recordings at " + dir)
	}
	for _, meta := range cases {
		t.Run(filepath.Base(filepath.Dir(meta)), func(t *testing.T) {
			about, err := os.ReadFile(meta)
			if err != nil {
				t.Fatal(err)
			}
			file := filepath.Join(filepath.Dir(meta), gjson.GetBytes(about, "response_file").String())
			body, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if status := int(gjson.GetBytes(about, "http_status").Int()); status >= 400 {
				if e := up.Error(status, nil, body); e.Raw == nil || e.Message == "" {
					t.Errorf("got %+v", e)
				}
				return
			}
			fails := strings.Contains(string(body), "event: error")
			var events []llm.Event
			ok := false
			if strings.HasSuffix(file, ".sse") {
				events, ok = follow(up.Decoder(nil, "id"), body, true)
				if !up.Ended(body, false) || !fails && !up.Usage(body).Output.Known {
					t.Errorf("ended %v, usage %+v", up.Ended(body, false), up.Usage(body))
				}
			} else {
				events, ok = up.Decoder(nil, "id").Whole(nil, body)
			}
			if !ok {
				t.Error("not a whole answer")
			}
			if err := check(events); err != nil {
				t.Error(err)
			}
			last := events[len(events)-1]
			if fails != (last.Step == llm.Fail) {
				t.Errorf("ends with %s", show(events[len(events)-1:]))
			}
		})
	}
}

// TestDeltasDoNotAllocate: the pieces of texts, thoughts and arguments.
func TestDeltasDoNotAllocate(t *testing.T) {
	for kind, block := range map[string]string{
		`{"type":"text_delta","text":"word \n"}`:                  `{"type":"text","text":""}`,
		`{"type":"thinking_delta","thinking":"word \n"}`:          `{"type":"thinking","thinking":""}`,
		`{"type":"input_json_delta","partial_json":"{\"a\":\"b"}`: `{"type":"tool_use","id":"c","name":"f","input":{}}`,
	} {
		d := up.Decoder(nil, "id")
		events := make([]llm.Event, 0, 8)
		events = d.Decode(events[:0], sse.Event{Data: []byte(`{"type":"content_block_start","index":0,"content_block":` + block + `}`)})
		ev := sse.Event{Name: []byte("content_block_delta"), Data: []byte(`{"type":"content_block_delta","index":0,"delta":` + kind + `}`)}
		if n := testing.AllocsPerRun(100, func() { events = d.Decode(events[:0], ev) }); n != 0 || len(events) != 1 || events[0].Step != llm.Delta {
			t.Errorf("%s: %v allocations, %s", kind, n, show(events))
		}
	}
}
