package chat_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aiclient2api/caddy-aiclient2api/formats"
	"github.com/aiclient2api/caddy-aiclient2api/formats/chat"
	"github.com/aiclient2api/caddy-aiclient2api/llm"
	"github.com/aiclient2api/caddy-aiclient2api/sse"
)

// timed logs how long f takes. That decides nothing: what is quadratic again is
// seen here, and runs into the time limit of the tests at last.
func timed(t *testing.T, f func()) {
	t.Helper()
	begun := time.Now()
	f()
	t.Logf("took %v", time.Since(begun))
}

// Requests of many small things are written in a time that grows as they do.
func TestManyToolsAndCalls(t *testing.T) {
	const many = 20000
	r := asking(func(r *llm.Request) {
		r.ToolChoice.Mode = llm.Allowed
		for i := range many {
			name := fmt.Sprintf("t%d", i)
			r.Tools = append(r.Tools, llm.Tool{Name: formats.Encoded(name), Plain: true})
			r.ToolChoice.Names = append(r.ToolChoice.Names, formats.Encoded(name))
			r.Turns = append(r.Turns, says(llm.Assistant, calls(name, "f", "{}")), says(llm.User, answers(name, words("R"))))
		}
	})
	for _, model := range []string{"gpt-5", "mistral-large"} {
		timed(t, func() {
			if _, no := (chat.Upstream{}).Encode(nil, r, model); no != nil {
				t.Errorf("%+v", no)
			}
		})
	}
}

// The schemas of all tools together are bounded, and what is too large is refused.
func TestToolsThatMeanTooMuchTogether(t *testing.T) {
	schema := `{"allOf":[{"$ref":"#/$defs/0"}],"$defs":{`
	for i := range 7 {
		schema += fmt.Sprintf(`"%d":{"allOf":[%s{}]},`, i, strings.Repeat(fmt.Sprintf(`{"$ref":"#/$defs/%d"},`, i+1), 4))
	}
	schema += `"7":{"type":"object"}}}`
	timed(t, func() {
		r := asking(func(r *llm.Request) {
			for i := range 200 {
				r.Tools = append(r.Tools, llm.Tool{Name: formats.Encoded(fmt.Sprintf("t%d", i)), Schema: llm.Value(schema)})
			}
		})
		if _, no := (chat.Upstream{}).Encode(nil, r, "gpt-5"); no == nil || no.Field != "tools" || !strings.Contains(no.What, "too large") {
			t.Errorf("%+v", no)
		}
		r.Tools = r.Tools[:1]
		if _, no := (chat.Upstream{}).Encode(nil, r, "gpt-5"); no != nil {
			t.Errorf("%+v", no)
		}
	})
}

// Lists of a chunk are read in a time that grows as they do, and end the answer
// if they are longer than any can be.
func TestListsWithoutEnd(t *testing.T) {
	for _, tc := range []struct {
		name, delta string
		fails       bool
	}{
		{"calls, and sealed data of others", `{"tool_calls":[` + strings.Repeat(`{"id":"a"},`, 30000) + `{}],"reasoning_details":[` + strings.Repeat(`{"type":"reasoning.encrypted","id":"b","format":"openai-responses-v1"},`, 30000) + `{}]}`, false},
		{"sealed data, and calls of others", `{"tool_calls":[` + strings.Repeat(`{},`, 20000) + `{}],"reasoning_details":[` + strings.Repeat(`{"type":"reasoning.encrypted","id":"b","data":"D","format":"openai-responses-v1"},`, 20000) + `{}]}`, false},
		{"calls", `{"tool_calls":[` + strings.Repeat(`{},`, 100000) + `{}]}`, true},
		{"details", `{"reasoning_details":[` + strings.Repeat(`{},`, 100000) + `{}]}`, true},
		{"thoughts of a part", `{"content":[{"type":"thinking","thinking":[` + strings.Repeat(`{},`, 100000) + `{}]}]}`, true},
		{"parts", `{"content":[` + strings.Repeat(`"",`, 100000) + `""]}`, true},
		{"images", `{"images":[` + strings.Repeat(`{},`, 100000) + `{}]}`, true},
		{"sources", `{"annotations":[` + strings.Repeat(`{},`, 100000) + `{}]}`, true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			timed(t, func() {
				events := chat.Upstream{}.Decoder(nil, "id").Decode(nil, sse.Event{Data: []byte(chunkOf(tc.delta))})
				if failed := events[len(events)-1].Step == llm.Fail; failed != tc.fails || len(events) > 1<<18 {
					t.Errorf("%d events, the last %+v", len(events), events[len(events)-1])
				}
			})
		})
	}
	t.Run("of one chunk at a time", func(t *testing.T) {
		d := chat.Upstream{}.Decoder(nil, "id")
		for range 3 {
			events := d.Decode(nil, sse.Event{Data: []byte(chunkOf(`{"content":[` + strings.Repeat(`"",`, 50000) + `"a"]}`))})
			if events[len(events)-1].Step == llm.Fail {
				t.Fatal("the bound is not that of a chunk")
			}
		}
	})
}

// What a decoder keeps for later is a copy: the bytes of an event are used
// again for the next.
func TestNothingIsKeptOfAnEventsBytes(t *testing.T) {
	chunks := []string{chunkOf(`{"reasoning_details":[{"type":"reasoning.encrypted","data":"D","id":"a","format":"google-gemini-v1"}],"tool_calls":[{"index":0,"id":"a","function":{"name":"","arguments":"{\"x\""}},{"index":1,"id":"b","function":{"name":"g","arguments":"{\"y\":"}}]}`),
		chunkOf(`{"content":"T"}`), chunkOf(`{"tool_calls":[{"index":0,"function":{"name":"f","arguments":":1"}}]}`), chunkOf(`{"tool_calls":[{"index":0,"function":{"arguments":"}"}}]}`),
		chunkOf(`{"tool_calls":[{"index":1,"function":{"arguments":"2}"}}]}`), `{"choices":[{"delta":{},"finish_reason":"length"}],"usage":{"prompt_tokens":1,"completion_tokens":2}}`}
	follow := func(spoil bool) string {
		var got strings.Builder
		d := chat.Upstream{}.Decoder(nil, "id")
		for _, data := range chunks {
			b := []byte(data)
			tell(&got, d.Decode(nil, sse.Event{Data: b}))
			for i := range b {
				if spoil {
					b[i] = '!'
				}
			}
		}
		end, _ := d.Finish(nil, true)
		tell(&got, end)
		return got.String()
	}
	if got, want := follow(true), follow(false); got != want || !strings.Contains(got, "T") || !strings.Contains(got, "D") {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
