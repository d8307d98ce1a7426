package messages_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/aiclient2api/caddy-aiclient2api/formats"
	"github.com/aiclient2api/caddy-aiclient2api/llm"
)

var (
	starting = llm.Event{Step: llm.Start, ID: lit("id1"), Name: lit("m1")}
	closing  = llm.Event{Step: llm.Close}
	end      = llm.Event{Step: llm.End}
)

func opening(k llm.Kind) llm.Event { return llm.Event{Step: llm.Open, Kind: k} }

func say(s string) llm.Event { return llm.Event{Step: llm.Delta, Text: formats.Encoded(s)} }

func calling(id, name string) llm.Event {
	return llm.Event{Step: llm.Open, Kind: llm.Call, ID: lit(id), Name: lit(name)}
}

func signing(s string, origin llm.Origin) llm.Event {
	return llm.Event{Step: llm.Sign, Signature: lit(s), Origin: origin}
}

func signed(e llm.Event, s string) llm.Event {
	e.Signature, e.Origin = lit(s), llm.Google
	return e
}

func finish(r llm.Reason) llm.Event { return llm.Event{Step: llm.Finish, Reason: r} }

func stating(u llm.Usage) llm.Event { return llm.Event{Step: llm.Stated, Usage: u} }

func writer(r *llm.Request) formats.Encoder {
	return client.Encoder(formats.Answer{Request: r, Model: "asked", ID: "req1", Created: 1})
}

// unwrapped shows wrapped state as what is in it.
func unwrapped(s string) string {
	list, ok := formats.Carried(formats.Encoded(s))
	if !ok {
		return s
	}
	var out []string
	for _, p := range list {
		kind := map[llm.Kind]string{llm.Text: "text", llm.Call: "call", llm.Thought: "thought", llm.Sealed: "sealed"}[p.Kind]
		out = append(out, strings.Join(strings.Fields(fmt.Sprintf("%s %s %s %s", kind, p.Text.Inner(), p.Signature.Inner(), p.Origin)), " "))
	}
	return "<" + strings.Join(out, ",") + ">"
}

// streamed writes the events of a stream as a test reads them, and checks what
// goes for each of them.
func streamed(t *testing.T, stream string) string {
	t.Helper()
	var out []string
	open, next := -1, 0
	for frame := range strings.SplitSeq(strings.TrimSuffix(stream, "\n\n"), "\n\n") {
		name, data, _ := strings.Cut(strings.TrimPrefix(frame, "event: "), "\ndata: ")
		var e struct {
			Type    string
			Index   int
			Message *struct {
				ID, Type, Role, Model string
				Content               []int
				Usage                 json.RawMessage
			}
			ContentBlock map[string]any `json:"content_block"`
			Delta        map[string]any
			Usage        json.RawMessage
			Error        json.RawMessage
		}
		if err := json.Unmarshal([]byte(data), &e); err != nil || e.Type != name {
			t.Fatalf("%v in %s", err, frame)
		}
		switch e.Type {
		case "message_start":
			if e.Message.Type != "message" || e.Message.Role != "assistant" || len(e.Message.Content) > 0 {
				t.Errorf("start %s", data)
			}
			out = append(out, fmt.Sprintf("start %s %s %s", e.Message.ID, e.Message.Model, e.Message.Usage))
		case "content_block_start":
			if open >= 0 || e.Index != next {
				t.Errorf("block %d begins in block %d, %d is next", e.Index, open, next)
			}
			open, next = e.Index, e.Index+1
			b := e.ContentBlock
			s := b["type"].(string)
			switch s {
			case "tool_use":
				s += fmt.Sprintf(" %s %s %v", b["id"], b["name"], b["input"])
			case "redacted_thinking":
				s += " " + unwrapped(b["data"].(string))
			}
			out = append(out, s)
		case "content_block_delta":
			if e.Index != open {
				t.Errorf("a delta of block %d in block %d", e.Index, open)
			}
			for _, member := range []string{"text", "thinking", "partial_json"} {
				if s, ok := e.Delta[member].(string); ok {
					out = append(out, "+"+s)
				}
			}
			if s, ok := e.Delta["signature"].(string); ok {
				out = append(out, "sign "+unwrapped(s))
			}
		case "content_block_stop":
			if e.Index != open {
				t.Errorf("the end of block %d in block %d", e.Index, open)
			}
			open = -1
			out = append(out, "stop")
		case "message_delta":
			s := fmt.Sprintf("end %s %s", e.Delta["stop_reason"], e.Usage)
			if d, ok := e.Delta["stop_details"].(map[string]any); ok {
				s += fmt.Sprintf(" %s", d["explanation"])
			}
			out = append(out, s)
		case "message_stop":
		default:
			out = append(out, data)
		}
	}
	return strings.Join(out, "|")
}

// told writes a body as a test reads it.
func told(t *testing.T, body string) string {
	t.Helper()
	var m struct {
		ID, Type, Role, Model string
		Content               []struct {
			Type, Text, Thinking, Signature, Data, ID, Name string
			Input                                           json.RawMessage
		}
		StopReason   string  `json:"stop_reason"`
		StopSequence *string `json:"stop_sequence"`
		StopDetails  *struct{ Explanation string }
		Usage        json.RawMessage
		Error        json.RawMessage
	}
	if err := json.Unmarshal([]byte(body), &m); err != nil {
		t.Fatalf("%v in %s", err, body)
	}
	if m.Error != nil {
		return body
	}
	var out []string
	for _, b := range m.Content {
		switch b.Type {
		case "text":
			out = append(out, b.Text)
		case "thinking":
			out = append(out, strings.TrimSpace("thinking "+b.Thinking+" "+unwrapped(b.Signature)))
		case "redacted_thinking":
			out = append(out, "redacted "+unwrapped(b.Data))
		default:
			out = append(out, fmt.Sprintf("%s %s %s %s", b.Type, b.ID, b.Name, b.Input))
		}
	}
	if m.Type != "message" || m.Role != "assistant" || m.StopSequence != nil || m.ID != "id1" || m.Model != "m1" {
		t.Errorf("head of %s", body)
	}
	return strings.Join(append(out, m.StopReason, string(m.Usage)), "|")
}

func TestAnswers(t *testing.T) {
	const none = `{"input_tokens":0,"output_tokens":0}`
	const started = `start id1 m1 ` + none + `|`
	const last = ` {"output_tokens":0}`
	for _, tc := range []struct {
		name          string
		hide          bool
		events        []llm.Event
		stream, whole string
	}{
		{
			name:   "text, whose empty pieces and blocks are none",
			events: []llm.Event{starting, opening(llm.Text), closing, opening(llm.Text), say(""), say("a"), say("\"b\n"), closing, opening(llm.Text), say("c"), closing, finish(llm.Stopped), end},
			stream: started + "text|+a|+\"b\n|stop|text|+c|stop|end end_turn" + last,
			whole:  "a\"b\n|c|end_turn|" + none,
		},
		{
			name:   "an answer of nothing",
			events: []llm.Event{starting, finish(llm.Length), end},
			stream: started + "end max_tokens" + last,
			whole:  "max_tokens|" + none,
		},
		{
			name: "usage that is known at the start, and at the end",
			events: []llm.Event{
				starting, stating(llm.Usage{Input: llm.Tokens(10), Cached: llm.Tokens(4), Written: llm.Tokens(3)}), opening(llm.Text), say("a"), closing, finish(llm.Stopped),
				stating(llm.Usage{Input: llm.Tokens(11), Cached: llm.Tokens(4), Written: llm.Tokens(3), Output: llm.Tokens(9), Reasoning: llm.Tokens(5)}), end,
			},
			stream: `start id1 m1 {"input_tokens":3,"cache_creation_input_tokens":3,"cache_read_input_tokens":4,"output_tokens":0}|text|+a|stop|` +
				`end end_turn {"input_tokens":4,"cache_creation_input_tokens":3,"cache_read_input_tokens":4,"output_tokens":9,"output_tokens_details":{"thinking_tokens":5}}`,
			whole: `a|end_turn|{"input_tokens":4,"cache_creation_input_tokens":3,"cache_read_input_tokens":4,"output_tokens":9,"output_tokens_details":{"thinking_tokens":5}}`,
		},
		{
			name:   "more was read from the cache than there was",
			events: []llm.Event{starting, stating(llm.Usage{Input: llm.Tokens(2), Cached: llm.Tokens(5), Output: llm.Tokens(1)}), finish(llm.Stopped), end},
			stream: `start id1 m1 {"input_tokens":0,"cache_read_input_tokens":5,"output_tokens":1}|end end_turn {"input_tokens":0,"cache_read_input_tokens":5,"output_tokens":1}`,
			whole:  `end_turn|{"input_tokens":0,"cache_read_input_tokens":5,"output_tokens":1}`,
		},
		{
			name: "calls amid texts, one without arguments",
			events: []llm.Event{
				starting, opening(llm.Text), say("a"), closing, calling("c1", "f"), say(`{"x":`), say(`"\u00e9\n"}`), closing, calling("c.2:x", "g"), closing,
				opening(llm.Text), say("b"), closing, finish(llm.Calls), end,
			},
			stream: started + `text|+a|stop|tool_use c1 f map[]|+{"x":|+"\u00e9\n"}|stop|tool_use c_2_x_33318de4e9 g map[]|stop|text|+b|stop|end tool_use` + last,
			whole:  `a|tool_use c1 f {"x":"\u00e9\n"}|tool_use c_2_x_33318de4e9 g {}|b|tool_use|` + none,
		},
		{
			name:   "arguments that are no object",
			events: []llm.Event{starting, calling("c1", "f"), say(`{"x`), closing, calling("c2", "f"), say(` null `), closing, calling("c3", "f"), say(`[1]`), closing, finish(llm.Length), end},
			stream: started + `tool_use c1 f map[]|+{"x|stop|tool_use c2 f map[]|+ null |stop|tool_use c3 f map[]|+[1]|stop|end max_tokens` + last,
			whole:  `tool_use c1 f {"arguments":"{\"x"}|tool_use c2 f {}|tool_use c3 f {"arguments":"[1]"}|max_tokens|` + none,
		},
		{
			name: "thoughts of Anthropic's",
			events: []llm.Event{
				starting, {Step: llm.Open, Kind: llm.Thought, Origin: llm.Anthropic}, say("a"), say("b"), signing("S", llm.Anthropic), closing,
				{Step: llm.Open, Kind: llm.Thought, Origin: llm.Anthropic}, signing("R", llm.Anthropic), closing,
				{Step: llm.Open, Kind: llm.Sealed, Signature: lit("D"), Origin: llm.Anthropic}, closing, finish(llm.Stopped), end,
			},
			stream: started + "thinking|+a|+b|sign S|stop|thinking|sign R|stop|redacted_thinking D|stop|end end_turn" + last,
			whole:  "thinking ab S|thinking  R|redacted D|end_turn|" + none,
		},
		{
			name: "thoughts of others", events: []llm.Event{
				starting, opening(llm.Thought), say("a"), closing, opening(llm.Thought), say("b"), signing("S", llm.Google), closing, opening(llm.Thought), closing,
				{Step: llm.Open, Kind: llm.Sealed, Signature: lit("D"), Origin: llm.OpenAI}, closing, finish(llm.Stopped), end,
			},
			stream: started + "thinking|+a|sign <thought>|stop|thinking|+b|sign <thought S google-gemini-v1>|stop|redacted_thinking <sealed D openai-responses-v1>|stop|end end_turn" + last,
			whole:  "thinking a <thought>|thinking b <thought S google-gemini-v1>|redacted <sealed D openai-responses-v1>|end_turn|" + none,
		},
		{
			name: "thoughts that the client does not want to see", hide: true, events: []llm.Event{
				starting, opening(llm.Thought), say("a"), closing, opening(llm.Thought), say("b"), say("c"), signing("S", llm.Google), closing,
				{Step: llm.Open, Kind: llm.Thought, Origin: llm.Anthropic}, say("d"), signing("R", llm.Anthropic), closing, finish(llm.Stopped), end,
			},
			stream: started + "thinking|sign <thought bc S google-gemini-v1>|stop|thinking|sign R|stop|end end_turn" + last,
			whole:  "thinking  <thought bc S google-gemini-v1>|thinking  R|end_turn|" + none,
		},
		{
			name: "signatures of texts and calls",
			events: []llm.Event{
				starting, opening(llm.Text), say("a"), signing("S", llm.Google), closing, signed(opening(llm.Text), "R"), say("b"), closing, signed(opening(llm.Text), "Q"), closing,
				signed(calling("c1", "f"), "P"), say("{}"), closing, calling("c2", "f"), closing, finish(llm.Calls), end,
			},
			stream: started + "text|+a|stop|thinking|sign <text S google-gemini-v1>|stop|text|+b|stop|thinking|sign <text R google-gemini-v1>|stop|thinking|sign <text Q google-gemini-v1>|stop|" +
				"thinking|sign <call P google-gemini-v1>|stop|tool_use c1 f map[]|+{}|stop|tool_use c2 f map[]|stop|end tool_use" + last,
			whole: "a|thinking  <text S google-gemini-v1>|b|thinking  <text R google-gemini-v1>|thinking  <text Q google-gemini-v1>|" +
				"thinking  <call P google-gemini-v1>|tool_use c1 f {}|tool_use c2 f {}|tool_use|" + none,
		},
		{
			name:   "a refusal is a text",
			events: []llm.Event{starting, opening(llm.Refusal), say("no"), closing, {Step: llm.Finish, Reason: llm.Filtered, Text: lit("because")}, end},
			stream: started + "text|+no|stop|end refusal" + last + " because",
			whole:  "no|refusal|" + none,
		},
		{
			name:   "an image is Markdown",
			events: []llm.Event{starting, {Step: llm.Open, Kind: llm.Image, Name: lit("image/png"), Signature: lit("S"), Origin: llm.Google}, say("AA"), say("=="), closing, finish(llm.Stopped), end},
			stream: started + "text|+![image](data:image/png;base64,|+AA|+==|+)|stop|thinking|sign <text S google-gemini-v1>|stop|end end_turn" + last,
			whole:  "![image](data:image/png;base64,AA==)|thinking  <text S google-gemini-v1>|end_turn|" + none,
		},
		{
			name: "what has no place", events: []llm.Event{
				starting, {Step: llm.Lost, What: "x"}, opening(llm.Text), {Step: llm.Open, Choice: 1, Kind: llm.Text}, say("a"), {Step: llm.Cite, Citation: &llm.Citation{URL: lit("u")}},
				{Step: llm.Delta, Choice: 1, Text: lit("b")}, {Step: llm.Close, Choice: 1}, closing, finish(llm.Stopped), {Step: llm.Finish, Choice: 1, Reason: llm.Length}, end,
			},
			stream: started + "text|+a|stop|end end_turn" + last,
			whole:  "a|end_turn|" + none,
		},
		{
			name:   "an error in the middle",
			events: []llm.Event{starting, opening(llm.Text), say("a"), {Step: llm.Fail, Err: &llm.Error{Status: 529, Message: "busy"}}},
			stream: started + `text|+a|{"type":"error","error":{"type":"overloaded_error","message":"busy"}}`,
			whole:  `{"type":"error","error":{"type":"overloaded_error","message":"busy"}}`,
		},
		{
			name:   "an error at once",
			events: []llm.Event{starting, {Step: llm.Fail, Err: &llm.Error{Status: 400, Message: "bad"}}},
			stream: `{"type":"error","error":{"type":"invalid_request_error","message":"bad"}}`,
			whole:  `{"type":"error","error":{"type":"invalid_request_error","message":"bad"}}`,
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := &llm.Request{Reasoning: llm.Reasoning{Hide: tc.hide}}
			if got := streamed(t, string(writer(r).Append(nil, tc.events))); got != tc.stream {
				t.Errorf("stream\ngot  %s\nwant %s", got, tc.stream)
			}
			if got := told(t, string(writer(r).AppendWhole(nil, tc.events))); got != tc.whole {
				t.Errorf("whole\ngot  %s\nwant %s", got, tc.whole)
			}
		})
	}
}

// Events come in any portions, in memory that is used again.
func TestAppendPortions(t *testing.T) {
	events := []llm.Event{
		starting, stating(llm.Usage{Input: llm.Tokens(1)}), signed(opening(llm.Text), "R"), say("a"), closing, signed(calling("c", "f"), "S"), say("{}"), closing,
		{Step: llm.Finish, Reason: llm.Filtered, Text: lit("why")}, stating(llm.Usage{Input: llm.Tokens(1), Output: llm.Tokens(2)}), end,
	}
	want := string(writer(new(llm.Request)).Append(nil, events))
	for cut := 2; cut < len(events); cut++ {
		w := writer(new(llm.Request))
		got := w.Append(nil, events[:cut])
		for _, e := range events[cut:] {
			for _, l := range []*llm.Literal{&e.Text, &e.Signature} {
				*l = append(llm.Literal(nil), *l...)
			}
			got = w.Append(got, []llm.Event{e})
			for i := range e.Text {
				e.Text[i] = 'X'
			}
			for i := range e.Signature {
				e.Signature[i] = 'X'
			}
		}
		if string(got) != want {
			t.Errorf("cut at %d:\n%s\nwant\n%s", cut, got, want)
		}
	}
}

// The model and the id that the provider does not say are those of the request.
func TestAnswerNames(t *testing.T) {
	events := []llm.Event{{Step: llm.Start}, finish(llm.Stopped), end}
	const want = `"id":"msg_req1","type":"message","role":"assistant","model":"asked"`
	if got := string(writer(new(llm.Request)).AppendWhole(nil, events)); !strings.Contains(got, want) {
		t.Error(got)
	}
	if got := string(writer(new(llm.Request)).Append(nil, events[:1])); !strings.Contains(got, want) {
		t.Error(got)
	}
}
