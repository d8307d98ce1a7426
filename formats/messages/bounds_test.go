package messages_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

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
func TestManySmallThingsOfARequest(t *testing.T) {
	const many = 20000
	name := func(i int) string { return fmt.Sprintf("t%d", i) }
	for what, change := range map[string]func(r *llm.Request){
		"turns that are joined because nothing of one between is sent": func(r *llm.Request) {
			for range many {
				r.Turns = append(r.Turns, assistant(thoughtOf(llm.OpenAI, "T", "S")), user(text("U")))
			}
		},
		"calls, and tools that take a text": func(r *llm.Request) {
			for i := range many {
				r.Tools = append(r.Tools, llm.Tool{Name: lit(name(i)), Plain: true})
				r.Turns = append(r.Turns, assistant(call(name(i), "f", "{}")), user(result(name(i), text("R"))))
			}
		},
		"tools, and those that are allowed": func(r *llm.Request) {
			r.ToolChoice.Mode = llm.Allowed
			for i := range many {
				r.Tools = append(r.Tools, tool(name(i)))
				r.ToolChoice.Names = append(r.ToolChoice.Names, lit(name(i)))
			}
		},
		"tools that have the name of the one that is added": func(r *llm.Request) {
			r.Output.Form = llm.JSON
			r.Tools = append(r.Tools, tool("json_output"))
			for i := range many / 4 {
				r.Tools = append(r.Tools, tool(fmt.Sprintf("json_output_%d", i+2)))
			}
		},
	} {
		t.Run(what, func(t *testing.T) {
			timed(t, func() { encode(t, asking(change), "claude-3-7-sonnet") })
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
				r.Tools = append(r.Tools, llm.Tool{Name: lit(fmt.Sprintf("t%d", i)), Schema: llm.Value(schema)})
			}
		})
		if _, bad := up.Encode(nil, r, "claude-sonnet-4-5"); bad == nil || bad.Field != "tools" || !strings.Contains(bad.What, "too large") {
			t.Errorf("%+v", bad)
		}
		r.Tools = r.Tools[:1]
		encode(t, r, "claude-sonnet-4-5")
	})
}

// A name in a schema for the answer that looks like the end of what it stands
// in is told as a name.
func TestASchemaCannotSayAMemberOfTheRequest(t *testing.T) {
	body, _ := encode(t, asking(func(r *llm.Request) {
		r.Output = llm.Output{Form: llm.ToSchema, Schema: llm.Value(`{"type":"object","properties":{"a":{"type":"string"}},"additionalProperties":false,"\"}}},\"model\":\"other\",\"x\":{\"a\":{\"b\":{\"c\":\"":1}`)}
	}), "claude-sonnet-4-5")
	if strings.Contains(body, `"model":"other"`) {
		t.Error(body)
	}
}

// Answers of more blocks or citations than there can be fail before they take
// the memory for all of them.
func TestAnswersOfTooMuchFail(t *testing.T) {
	whole := func(blocks string) string {
		return `{"type":"message","content":[` + blocks + `],"stop_reason":"end_turn"}`
	}
	for name, body := range map[string]string{
		"blocks":    whole(strings.Repeat(`{"type":"text"},`, 1<<17) + `{"type":"text"}`),
		"citations": whole(`{"type":"text","text":"T","citations":[` + strings.Repeat(`{"url":"https://h"},`, 1<<16) + `{"url":"https://h"}]}`),
		"both":      whole(strings.Repeat(`{"type":"text","text":"T","citations":[`+strings.Repeat(`{"url":"u"},`, 999)+`{"url":"u"}]},`, 200) + `{"type":"text"}`),
	} {
		t.Run(name, func(t *testing.T) {
			events, ok := up.Decoder(nil, "id").Whole(nil, []byte(body))
			if len(events) > 1<<16 || ok && (len(events) == 0 || events[len(events)-1].Step != llm.Fail) {
				t.Errorf("%d events, %v", len(events), ok)
			}
		})
	}
	t.Run("citations of one block of a stream", func(t *testing.T) {
		cites := `{"type":"content_block_delta","index":0,"delta":{"type":"citations_delta","citation":{"url":"https://h"}}}`
		events, _ := follow(up.Decoder(nil, "id"), stream(append([]string{started, opened}, repeated(cites, 1<<12)...)...), false)
		if n := len(events); n > 1<<11 || events[n-1].Step != llm.Fail {
			t.Errorf("%d events", n)
		}
	})
	t.Run("citations of many blocks are as many as may be", func(t *testing.T) {
		var blocks []string
		for range 4 {
			blocks = append(blocks, `{"type":"text","text":"T","citations":[`+strings.Join(repeated(`{"url":"https://h"}`, 1000), ",")+`]}`)
		}
		events, ok := up.Decoder(nil, "id").Whole(nil, []byte(whole(strings.Join(blocks, ","))))
		if !ok || events[len(events)-1].Step != llm.End {
			t.Errorf("%d events, %v", len(events), ok)
		}
	})
}

func repeated(s string, n int) []string {
	list := make([]string, n)
	for i := range list {
		list[i] = s
	}
	return list
}

// What a decoder keeps for later is a copy: the bytes of an event are used
// again for the next.
func TestNothingIsKeptOfAnEventsBytes(t *testing.T) {
	events := []string{started, opened, hello, closed,
		`{"type":"content_block_start","index":1,"content_block":{"type":"tool_use","id":"c1","name":"f","input":{"a":"b"}}}`, `{"type":"content_block_stop","index":1}`,
		`{"type":"content_block_start","index":2,"content_block":{"type":"tool_use","id":"c2","name":"g","input":"{\"c\":1}"}}`, `{"type":"ping"}`,
		`{"type":"message_delta","delta":{"stop_reason":"refusal","stop_details":{"explanation":"E"}},"usage":{"output_tokens":7}}`, stopped}
	read := func(spoil bool) (got string) {
		d := up.Decoder(nil, "id")
		for _, data := range events {
			b := []byte(data)
			got += show(d.Decode(nil, sse.Event{Data: b})) + "|"
			for i := range b {
				if spoil {
					b[i] = '!'
				}
			}
		}
		end, _ := d.Finish(nil, true)
		return got + show(end)
	}
	if got, want := read(true), read(false); got != want || !strings.Contains(got, "E") {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
