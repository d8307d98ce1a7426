package responses_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/aiclient2api/caddy-aiclient2api/formats"
	"github.com/aiclient2api/caddy-aiclient2api/llm"
)

func words(s string) llm.Literal { return formats.Encoded(s) }

func piece(s string) llm.Event { return llm.Event{Step: llm.Delta, Text: words(s)} }

func block(k llm.Kind) llm.Event { return llm.Event{Step: llm.Open, Kind: k} }

func called(id, name string) llm.Event {
	return llm.Event{Step: llm.Open, Kind: llm.Call, ID: words(id), Name: words(name)}
}

func signed(e llm.Event, signature string, origin llm.Origin) llm.Event {
	e.Signature, e.Origin = words(signature), origin
	return e
}

func ended(r llm.Reason) llm.Event { return llm.Event{Step: llm.Finish, Reason: r} }

var (
	began  = llm.Event{Step: llm.Start, ID: words("resp_1"), Name: words("m1")}
	closed = llm.Event{Step: llm.Close}
	signer = llm.Event{Step: llm.Sign}
	over   = llm.Event{Step: llm.End}
)

// answered is an encoder of the answer to a request.
func answered(r *llm.Request) formats.Encoder {
	return client.Encoder(formats.Answer{Request: r, Model: "asked", ID: "x", Created: 7})
}

// event is one of a stream, as a client reads it.
type event struct {
	Type    string
	Number  *int64 `json:"sequence_number"`
	Index   *int   `json:"output_index"`
	ItemID  string `json:"item_id"`
	Content *int   `json:"content_index"`

	Delta, Text, Arguments, Input, Refusal *string
	Item                                   *thing
	Part                                   json.RawMessage
	Annotation                             json.RawMessage
	Logprobs                               json.RawMessage
	Response                               *answer
	Error                                  *struct{ Message, Type string }
	Message                                string
}

type answer struct {
	ID, Object, Model, Status string
	CreatedAt                 int64 `json:"created_at"`
	Error                     json.RawMessage
	Incomplete                json.RawMessage `json:"incomplete_details"`
	Output                    []json.RawMessage
	Usage                     json.RawMessage
}

// thing is an item.
type thing struct {
	ID, Type, Status         string
	CallID                   string `json:"call_id"`
	Name, Namespace          string
	Arguments, Input, Result *string
	Encrypted                string `json:"encrypted_content"`
	Summary                  []struct{ Text string }
	Content                  []struct{ Type, Text, Refusal string }
}

// follow reads a stream as strictly as a client could, and returns its deltas
// and ends, one a line, and the last response.
func follow(t testing.TB, stream string) (lines string, last json.RawMessage) {
	t.Helper()
	var b strings.Builder
	number := int64(-1)
	begun, finished := false, false
	type state struct {
		thing
		text  string
		parts int
		done  json.RawMessage
	}
	var items []*state
	for frame := range strings.SplitSeq(strings.TrimSuffix(stream, "\n\n"), "\n\n") {
		name, data, ok := strings.Cut(strings.TrimPrefix(frame, "event: "), "\ndata: ")
		var e event
		var raw struct{ Item, Response json.RawMessage }
		if !ok || json.Unmarshal([]byte(data), &e) != nil || json.Unmarshal([]byte(data), &raw) != nil {
			t.Fatalf("cannot be read: %s", frame)
		}
		switch {
		case e.Type != name:
			t.Errorf("%s is called %s", e.Type, name)
		case e.Number == nil || *e.Number != number+1:
			t.Errorf("number %v behind %d: %s", e.Number, number, frame)
		case finished:
			t.Errorf("behind the end: %s", frame)
		case !begun && name != "response.created" && name != "error":
			t.Errorf("before response.created: %s", frame)
		}
		number++
		var it *state
		if e.Index != nil {
			switch i := *e.Index; {
			case name == "response.output_item.added":
				if i != len(items) {
					t.Fatalf("item %d is the %dth: %s", i, len(items), frame)
				}
				it = &state{thing: *e.Item}
				items = append(items, it)
			case i != len(items)-1:
				t.Fatalf("about item %d of %d: %s", i, len(items), frame)
			default:
				it = items[i]
				if it.done != nil || e.Item != nil && (e.Item.ID != it.ID || e.Item.Type != it.Type) || e.Item == nil && e.ItemID != it.ID {
					t.Fatalf("of another item than %s: %s", it.ID, frame)
				}
			}
		}
		same := func(s *string, want string) {
			if s == nil || *s != want {
				t.Errorf("not the sum of the deltas, %q: %s", want, frame)
			}
		}
		if e.Delta != nil {
			it.text += *e.Delta
			fmt.Fprintf(&b, "%s %q\n", strings.TrimSuffix(strings.TrimPrefix(name, "response."), ".delta"), *e.Delta)
			if l := string(e.Logprobs); l != "" && l != "[]" {
				b.WriteString("logprobs " + l + "\n")
			}
			continue
		}
		switch name {
		case "response.created":
			begun = true
		case "response.in_progress", "response.reasoning_summary_part.done", "response.image_generation_call.in_progress",
			"response.image_generation_call.generating", "response.image_generation_call.completed":
		case "response.output_item.added":
			b.WriteString(strings.TrimSpace(it.Type+" "+it.CallID+" "+it.Namespace+" "+it.Name) + "\n")
		case "response.content_part.added":
			if e.Content == nil || *e.Content != it.parts {
				t.Errorf("part %d: %s", it.parts, frame)
			}
			it.parts++
			it.text = ""
		case "response.reasoning_summary_part.added":
			it.text = ""
		case "response.output_text.done", "response.reasoning_summary_text.done":
			same(e.Text, it.text)
		case "response.refusal.done":
			same(e.Refusal, it.text)
		case "response.function_call_arguments.done":
			same(e.Arguments, it.text)
		case "response.custom_tool_call_input.done":
			same(e.Input, it.text)
		case "response.output_text.annotation.added":
			fmt.Fprintf(&b, "annotation %s\n", e.Annotation)
		case "response.content_part.done":
			fmt.Fprintf(&b, "part %s\n", e.Part)
		case "response.output_item.done":
			it.done = raw.Item
			fmt.Fprintf(&b, "done%s\n", ending(e.Item))
		case "error":
			fmt.Fprintf(&b, "error %s %s %s\n", e.Error.Type, e.Error.Message, e.Message)
		case "response.completed", "response.incomplete", "response.failed":
			finished = true
			if "response."+e.Response.Status != name || e.Response.ID != "resp_1" || e.Response.Model != "m1" || e.Response.CreatedAt != 7 || e.Response.Object != "response" {
				t.Errorf("response of %s", frame)
			}
			fmt.Fprintf(&b, "%s %s %s %s\n", e.Response.Status, e.Response.Error, e.Response.Incomplete, e.Response.Usage)
			last = raw.Response
			if name == "response.failed" {
				for _, o := range e.Response.Output {
					fmt.Fprintf(&b, "left %s\n", o)
				}
				continue
			}
			if len(e.Response.Output) != len(items) {
				t.Fatalf("%d items, but there were %d: %s", len(e.Response.Output), len(items), frame)
			}
			for i, o := range e.Response.Output {
				if string(o) != string(items[i].done) {
					t.Errorf("item %d is %s and was %s", i, o, items[i].done)
				}
			}
		default:
			t.Errorf("unknown event: %s", frame)
		}
	}
	return b.String(), last
}

// ending is what is first known at an item's end.
func ending(it *thing) string {
	s := ""
	if it.Status != "" && it.Status != "completed" {
		s += " " + it.Status
	}
	if it.Result != nil {
		s += " " + *it.Result
	}
	if parts, ok := formats.Carried(words(it.Encrypted)); ok {
		for _, p := range parts {
			s += fmt.Sprintf(" carried %d %s %s %s", p.Kind, p.Text, p.Signature, p.Origin)
		}
	} else if it.Encrypted != "" {
		s += " encrypted " + it.Encrypted
	}
	return s
}

func TestEncode(t *testing.T) {
	const done = "completed null null null\n"
	thought := signed(block(llm.Thought), "", llm.Anthropic)
	thought.Signature = nil
	spaced := &llm.Request{Tools: []llm.Tool{{Name: words("crm__find"), Space: words("crm"), Short: words("find")}, {Name: words("crm__run"), Space: words("crm"), Short: words("run"), Plain: true}, {Name: words("p"), Plain: true}}}
	for _, tc := range []struct {
		name    string
		request *llm.Request
		events  []llm.Event
		want    string
	}{
		{
			name:   "text",
			events: []llm.Event{began, block(llm.Text), piece("a"), piece("\"b"), closed, ended(llm.Stopped), over},
			want: "message\noutput_text \"a\"\noutput_text \"\\\"b\"\n" +
				`part {"type":"output_text","annotations":[],"logprobs":[],"text":"a\"b"}` + "\ndone\n" + done,
		},
		{
			name:   "an answer of nothing",
			events: []llm.Event{began, block(llm.Text), closed, block(llm.Thought), closed, ended(llm.Stopped), over},
			want:   done,
		},
		{
			name: "usage, which is stated more than once",
			events: []llm.Event{
				began, {Step: llm.Stated, Usage: llm.Usage{Input: llm.Tokens(3)}}, block(llm.Text), piece("a"), closed, ended(llm.Length),
				{Step: llm.Stated, Usage: llm.Usage{Input: llm.Tokens(3), Output: llm.Tokens(4), Cached: llm.Tokens(1), Written: llm.Tokens(2), Reasoning: llm.Tokens(2)}}, over,
			},
			want: "message\noutput_text \"a\"\n" + `part {"type":"output_text","annotations":[],"logprobs":[],"text":"a"}` + "\ndone incomplete\n" +
				`incomplete null {"reason":"max_output_tokens"} {"input_tokens":3,"input_tokens_details":{"cached_tokens":1,"cache_write_tokens":2},"output_tokens":4,"output_tokens_details":{"reasoning_tokens":2},"total_tokens":7}` + "\n",
		},
		{
			name:   "texts behind each other are parts of one message, a call ends it",
			events: []llm.Event{began, block(llm.Text), piece("a"), closed, block(llm.Text), piece("b"), closed, called("c1", "f"), piece(`{"x"`), piece(`:1}`), closed, block(llm.Text), piece("c"), closed, ended(llm.Calls), over},
			want: "message\noutput_text \"a\"\n" + `part {"type":"output_text","annotations":[],"logprobs":[],"text":"a"}` + "\noutput_text \"b\"\n" + `part {"type":"output_text","annotations":[],"logprobs":[],"text":"b"}` + "\ndone\n" +
				"function_call c1  f\nfunction_call_arguments \"{\\\"x\\\"\"\nfunction_call_arguments \":1}\"\ndone\n" +
				"message\noutput_text \"c\"\n" + `part {"type":"output_text","annotations":[],"logprobs":[],"text":"c"}` + "\ndone\n" + done,
		},
		{
			name:   "calls without arguments, without an id, with a long id",
			events: []llm.Event{began, called("c1", "f"), closed, {Step: llm.Open, Kind: llm.Call, Name: words("f")}, piece(""), closed, called(strings.Repeat("i", 70), "f"), closed, ended(llm.Calls), over},
			want: "function_call c1  f\nfunction_call_arguments \"{}\"\ndone\nfunction_call call_x_1  f\nfunction_call_arguments \"{}\"\ndone\n" +
				"function_call " + formats.Decoded(formats.Alphabet{Most: 64}.Legal(words(strings.Repeat("i", 70)))) + "  f\nfunction_call_arguments \"{}\"\ndone\n" + done,
		},
		{
			name:    "custom tools and namespaces",
			request: spaced,
			events:  []llm.Event{began, called("c1", "crm__find"), piece(`{}`), closed, called("c2", "crm__run"), piece("a \"b\""), closed, called("c3", "p"), closed, ended(llm.Calls), over},
			want: "function_call c1 crm find\nfunction_call_arguments \"{}\"\ndone\n" +
				"custom_tool_call c2 crm run\ncustom_tool_call_input \"a \\\"b\\\"\"\ndone\ncustom_tool_call c3  p\ndone\n" + done,
		},
		{
			name: "reasoning of another vendor, signed and sealed",
			events: []llm.Event{
				began, thought, piece("t"), piece("u"), signed(signer, "S", llm.Anthropic), closed,
				signed(block(llm.Sealed), "D", llm.Anthropic), closed, thought, signed(signer, "Z", llm.Anthropic), closed,
				block(llm.Text), piece("x"), closed, ended(llm.Stopped), over,
			},
			want: "reasoning\nreasoning_summary_text \"t\"\nreasoning_summary_text \"u\"\n" + `done carried 7 "tu" "S" anthropic-claude-v1` + "\n" +
				"reasoning\n" + `done carried 8  "D" anthropic-claude-v1` + "\n" + "reasoning\n" + `done carried 7 "" "Z" anthropic-claude-v1` + "\n" +
				"message\noutput_text \"x\"\n" + `part {"type":"output_text","annotations":[],"logprobs":[],"text":"x"}` + "\ndone\n" + done,
		},
		{
			name: "OpenAI's own, and reasoning that nobody signed",
			events: []llm.Event{
				began, block(llm.Thought), piece("t"), signed(signer, "E", llm.OpenAI), closed, signed(block(llm.Sealed), "F", llm.OpenAI), closed,
				block(llm.Thought), piece("u"), closed, ended(llm.Stopped), over,
			},
			want: "reasoning\nreasoning_summary_text \"t\"\ndone encrypted E\nreasoning\ndone encrypted F\nreasoning\nreasoning_summary_text \"u\"\ndone\n" + done,
		},
		{
			name:   "a signature of Google's on a call goes before it",
			events: []llm.Event{began, block(llm.Text), piece("x"), closed, signed(called("c1", "f"), "S", llm.Google), piece(`{}`), closed, called("c2", "f"), piece(`{}`), closed, ended(llm.Calls), over},
			want: "message\noutput_text \"x\"\n" + `part {"type":"output_text","annotations":[],"logprobs":[],"text":"x"}` + "\ndone\n" +
				"reasoning\n" + `done carried 5  "S" google-gemini-v1` + "\nfunction_call c1  f\nfunction_call_arguments \"{}\"\ndone\nfunction_call c2  f\nfunction_call_arguments \"{}\"\ndone\n" + done,
		},
		{
			name:   "signatures of Google's on texts, before and behind",
			events: []llm.Event{began, signed(block(llm.Text), "S", llm.Google), piece("x"), closed, block(llm.Text), piece("y"), signed(signer, "Z", llm.Google), closed, signed(block(llm.Text), "W", llm.Google), closed, ended(llm.Stopped), over},
			want: "reasoning\n" + `done carried 0  "S" google-gemini-v1` + "\n" +
				"message\noutput_text \"x\"\n" + `part {"type":"output_text","annotations":[],"logprobs":[],"text":"x"}` + "\noutput_text \"y\"\n" + `part {"type":"output_text","annotations":[],"logprobs":[],"text":"y"}` + "\ndone\n" +
				"reasoning\n" + `done carried 0  "Z" google-gemini-v1` + "\nreasoning\n" + `done carried 0  "W" google-gemini-v1` + "\n" + done,
		},
		{
			name:   "a refusal is a complete answer",
			events: []llm.Event{began, block(llm.Refusal), piece("not "), piece("this"), closed, ended(llm.Filtered), over},
			want:   "message\nrefusal \"not \"\nrefusal \"this\"\n" + `part {"type":"refusal","refusal":"not this"}` + "\ndone\n" + done,
		},
		{
			name:   "a provider's explanation is a refusal",
			events: []llm.Event{began, {Step: llm.Finish, Reason: llm.Filtered, Text: words("not this")}, over},
			want:   "message\nrefusal \"not this\"\n" + `part {"type":"refusal","refusal":"not this"}` + "\ndone\n" + done,
		},
		{
			name:   "a text that a filter cut is none",
			events: []llm.Event{began, block(llm.Text), piece("a"), closed, {Step: llm.Finish, Reason: llm.Filtered, Text: words("why")}, over},
			want: "message\noutput_text \"a\"\n" + `part {"type":"output_text","annotations":[],"logprobs":[],"text":"a"}` + "\nrefusal \"why\"\n" + `part {"type":"refusal","refusal":"why"}` + "\ndone incomplete\n" +
				`incomplete null {"reason":"content_filter"} null` + "\n",
		},
		{
			name:   "a filter that says nothing",
			events: []llm.Event{began, ended(llm.Filtered), over},
			want:   `incomplete null {"reason":"content_filter"} null` + "\n",
		},
		{
			name: "citations stand in their part",
			events: []llm.Event{
				began, block(llm.Text), piece("äb"), closed, block(llm.Text), piece("cde"),
				{Step: llm.Cite, Citation: &llm.Citation{URL: words("https://a"), Title: words("A")}},
				{Step: llm.Cite, Citation: &llm.Citation{Title: words("no URL")}},
				{Step: llm.Cite, Citation: &llm.Citation{URL: words("https://b"), From: llm.Tokens(3), To: llm.Tokens(9)}},
				closed, ended(llm.Stopped), over,
			},
			want: "message\noutput_text \"äb\"\n" + `part {"type":"output_text","annotations":[],"logprobs":[],"text":"äb"}` + "\noutput_text \"cde\"\n" +
				`annotation {"type":"url_citation","start_index":0,"end_index":3,"url":"https://a","title":"A"}` + "\n" +
				`annotation {"type":"url_citation","start_index":1,"end_index":3,"url":"https://b","title":""}` + "\n" +
				`part {"type":"output_text","annotations":[{"type":"url_citation","start_index":0,"end_index":3,"url":"https://a","title":"A"},{"type":"url_citation","start_index":1,"end_index":3,"url":"https://b","title":""}],"logprobs":[],"text":"cde"}` + "\ndone\n" + done,
		},
		{
			name: "logprobs",
			events: []llm.Event{
				began, block(llm.Text),
				{Step: llm.Delta, Text: words("a"), Logprobs: []llm.TokenLogprob{{Token: words("a"), Logprob: llm.Number("-1"), Top: []llm.TokenLogprob{{Token: words("b"), Logprob: llm.Number("-2")}}}}},
				{Step: llm.Delta, Text: words("b"), Logprobs: []llm.TokenLogprob{{Token: words("b"), Logprob: llm.Number("-3")}}},
				closed, ended(llm.Stopped), over,
			},
			want: "message\noutput_text \"a\"\n" + `logprobs [{"token":"a","logprob":-1,"top_logprobs":[{"token":"b","logprob":-2}]}]` + "\noutput_text \"b\"\n" + `logprobs [{"token":"b","logprob":-3,"top_logprobs":[]}]` + "\n" +
				`part {"type":"output_text","annotations":[],"logprobs":[{"token":"a","logprob":-1,"bytes":[],"top_logprobs":[{"token":"b","logprob":-2,"bytes":[]}]},{"token":"b","logprob":-3,"bytes":[],"top_logprobs":[]}],"text":"ab"}` + "\ndone\n" + done,
		},
		{
			name:   "an image",
			events: []llm.Event{began, {Step: llm.Open, Kind: llm.Image, Name: words("image/png")}, piece("AA"), piece("BB"), closed, ended(llm.Stopped), over},
			want:   "image_generation_call\ndone AABB\n" + done,
		},
		{
			name:   "an alternative that nobody asked for",
			events: []llm.Event{began, block(llm.Text), {Step: llm.Open, Choice: 1}, piece("a"), {Step: llm.Delta, Choice: 1, Text: words("b")}, closed, {Step: llm.Close, Choice: 1}, ended(llm.Stopped), {Step: llm.Finish, Choice: 1, Reason: llm.Length}, over},
			want:   "message\noutput_text \"a\"\n" + `part {"type":"output_text","annotations":[],"logprobs":[],"text":"a"}` + "\ndone\n" + done,
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := tc.request
			if r == nil {
				r = new(llm.Request)
			}
			got, last := follow(t, string(answered(r).Append(nil, tc.events)))
			if got != tc.want {
				t.Errorf("got\n%swant\n%s", got, tc.want)
			}
			if whole := answered(r).AppendWhole([]byte("-"), tc.events); string(whole[1:]) != string(last) {
				t.Errorf("the whole body is\n%s\nthe last event has\n%s", whole[1:], last)
			}
		})
	}
}

func TestEncodeFailure(t *testing.T) {
	fault := func(status int, code string) llm.Event {
		return llm.Event{Step: llm.Fail, Err: &llm.Error{Status: status, Code: code, Message: "m"}}
	}
	for _, tc := range []struct {
		name   string
		events []llm.Event
		want   string
	}{
		{"before anything", []llm.Event{fault(500, "")}, "error server_error m m\n"},
		{"at the start", []llm.Event{began, fault(429, "insufficient_quota")}, "error rate_limit_error m m\n" + `failed {"code":"insufficient_quota","message":"m"} null null` + "\n"},
		{"in a text, which is left", []llm.Event{began, block(llm.Text), piece("a"), fault(503, "odd")},
			"message\noutput_text \"a\"\nerror server_error m m\n" + `failed {"code":"server_error","message":"m"} null null` + "\n" +
				`left {"id":"msg_x_0","type":"message","status":"incomplete","role":"assistant","content":[{"type":"output_text","annotations":[],"logprobs":[],"text":"a"}]}` + "\n"},
		{"in a call, which is not", []llm.Event{began, called("c", "f"), piece(`{"a`), fault(400, "")},
			"function_call c  f\nfunction_call_arguments \"{\\\"a\"\nerror invalid_request_error m m\n" + `failed {"code":"invalid_prompt","message":"m"} null null` + "\n"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got, _ := follow(t, string(answered(new(llm.Request)).Append(nil, tc.events))); got != tc.want {
				t.Errorf("got\n%swant\n%s", got, tc.want)
			}
			whole := answered(new(llm.Request)).AppendWhole(nil, tc.events)
			if e := tc.events[len(tc.events)-1].Err; string(whole) != string(client.AppendError(nil, e, false)) {
				t.Errorf("whole: %s", whole)
			}
		})
	}
}

// What the client asked for is repeated.
func TestEncodeEcho(t *testing.T) {
	for in, want := range map[string]string{
		`"input":"a"`: `{"instructions":null,"max_output_tokens":null,"parallel_tool_calls":true,"reasoning":{"effort":null,"summary":null},"temperature":null,"text":{"format":{"type":"text"}},"tool_choice":"auto","tools":[],"top_p":null}`,
		`"instructions":"be","max_output_tokens":20,"parallel_tool_calls":false,"reasoning":{"effort":"low"},"temperature":0,"top_p":1,"text":{"format":{"type":"json_object"}},"tool_choice":"none"`: `{"instructions":"be","max_output_tokens":20,"parallel_tool_calls":false,"reasoning":{"effort":"low","summary":null},"temperature":0,"text":{"format":{"type":"json_object"}},"tool_choice":"none","tools":[],"top_p":1}`,
		`"tools":[{"type":"function","name":"f"},{"type":"namespace","name":"n","tools":[{"type":"function","name":"g","description":"d","parameters":{"type":"object"},"strict":true},{"type":"custom","name":"p","description":"d","format":{"type":"text"}}]},{"type":"web_search"},{"type":"custom","name":"q"}],"tool_choice":{"type":"allowed_tools","mode":"required","tools":[{"type":"namespace","name":"n"},{"type":"function","name":"f"}]},"text":{"format":{"type":"json_schema","name":"s","schema":{"type":"object"},"strict":false}}`: `{"instructions":null,"max_output_tokens":null,"parallel_tool_calls":true,"reasoning":{"effort":null,"summary":null},"temperature":null,"text":{"format":{"type":"json_schema","name":"s","strict":false,"schema":{"type":"object"}}},` +
			`"tool_choice":{"type":"allowed_tools","mode":"required","tools":[{"type":"function","name":"g"},{"type":"custom","name":"p"},{"type":"function","name":"f"}]},` +
			`"tools":[{"type":"function","name":"f","description":null,"parameters":null,"strict":null},{"type":"namespace","name":"n","description":"","tools":[{"type":"function","name":"g","description":"d","parameters":{"type":"object"},"strict":true},{"type":"custom","name":"p","description":"d","format":{"type":"text"}}]},{"type":"custom","name":"q"}],"top_p":null}`,
		`"tools":[{"type":"namespace","name":"n","tools":[{"type":"function","name":"g"}]}],"tool_choice":{"type":"function","name":"g"}`: `{"instructions":null,"max_output_tokens":null,"parallel_tool_calls":true,"reasoning":{"effort":null,"summary":null},"temperature":null,"text":{"format":{"type":"text"}},"tool_choice":{"type":"function","name":"g"},` +
			`"tools":[{"type":"namespace","name":"n","description":"","tools":[{"type":"function","name":"g","description":null,"parameters":null,"strict":null}]}],"top_p":null}`,
	} {
		body := answered(decoded(t, in)).AppendWhole(nil, []llm.Event{began, over})
		var echo struct {
			Instructions json.RawMessage `json:"instructions"`
			Max          json.RawMessage `json:"max_output_tokens"`
			Parallel     json.RawMessage `json:"parallel_tool_calls"`
			Reasoning    json.RawMessage `json:"reasoning"`
			Temperature  json.RawMessage `json:"temperature"`
			Text         json.RawMessage `json:"text"`
			Choice       json.RawMessage `json:"tool_choice"`
			Tools        json.RawMessage `json:"tools"`
			TopP         json.RawMessage `json:"top_p"`
		}
		if err := json.Unmarshal(body, &echo); err != nil {
			t.Fatalf("%v in %s", err, body)
		}
		if got, _ := json.Marshal(echo); string(got) != want {
			t.Errorf("%s\ngot  %s\nwant %s", in, got, want)
		}
	}
}

// TestRoundTrip: what an answer held comes back in the next request as it was,
// whole and streamed.
func TestRoundTrip(t *testing.T) {
	r := decoded(t, `"tools":[{"type":"namespace","name":"n","tools":[{"type":"function","name":"g"},{"type":"custom","name":"p"}]}]`)
	body := answered(r).AppendWhole(nil, []llm.Event{
		began, signed(block(llm.Thought), "", llm.Anthropic), piece("t\n"), signed(signer, "S", llm.Anthropic), closed,
		signed(block(llm.Sealed), "D", llm.Anthropic), closed,
		block(llm.Thought), piece("o"), signed(signer, "E", llm.OpenAI), closed,
		block(llm.Text), piece("x"), closed,
		signed(called("c1", "n__g"), "G", llm.Google), piece(`{"a":"\n"}`), closed,
		called("c2", "n__p"), piece("raw"), closed, ended(llm.Calls), over,
	})
	var a struct{ Output json.RawMessage }
	if err := json.Unmarshal(body, &a); err != nil {
		t.Fatal(err)
	}
	const want = `assistant0(thought:"t\n":sig="S":of=anthropic-claude-v1) assistant1(sealed:sig="D":of=anthropic-claude-v1) assistant2(thought:"o":sig="E":of=openai-responses-v1) assistant3(text:"x") ` +
		`assistant5(call:id="c1":name="n__g":args={"a":"\n"}:sig="G":of=google-gemini-v1) assistant6(call:id="c2":name="n__p":args=raw)`
	if got := shown(decoded(t, `"input":`+string(a.Output)).Turns); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestDeltasDoNotAllocate(t *testing.T) {
	for _, kind := range []llm.Kind{llm.Text, llm.Thought, llm.Refusal, llm.Call} {
		e := answered(new(llm.Request))
		e.Append(nil, []llm.Event{began, {Step: llm.Open, Kind: kind, ID: words("c"), Name: words("f")}})
		dst := make([]byte, 0, 1024)
		deltas := []llm.Event{piece("hello")}
		for range 20000 { // so that what is kept has room
			e.Append(dst, deltas)
		}
		if n := testing.AllocsPerRun(500, func() { e.Append(dst, deltas) }); n != 0 {
			t.Errorf("%d: %v allocations", kind, n)
		}
	}
}

// FuzzClientEncode: whatever the events say, in their order, a client can read
// the stream, and the whole body is what the stream ends with.
func FuzzClientEncode(f *testing.F) {
	f.Add("hello", "S", []byte{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11})
	f.Add("\xff\"\\", "", []byte{5, 5, 5, 0, 12, 0, 34, 17})
	f.Fuzz(func(t *testing.T, text, signature string, dice []byte) {
		quoted, sign := words(text), words(signature)
		tools := []llm.Tool{{Name: words("f")}, {Name: words("p"), Plain: true}, {Name: words("n__f"), Space: words("n"), Short: words("f")}}
		events := []llm.Event{began}
		reason := llm.Stopped
		for _, d := range dice {
			kind := [...]llm.Kind{llm.Text, llm.Thought, llm.Sealed, llm.Call, llm.Refusal, llm.Image}[d%6]
			e := llm.Event{Step: llm.Open, Kind: kind, Name: tools[d%3].Name, ID: quoted}
			if kind != llm.Thought && d&8 != 0 {
				e.Signature, e.Origin = sign, llm.Google
			}
			events = append(events, e)
			for range int(d) >> 6 {
				events = append(events, llm.Event{Step: llm.Delta, Text: quoted})
			}
			if kind == llm.Text && d&16 != 0 {
				events = append(events, llm.Event{Step: llm.Cite, Citation: &llm.Citation{URL: quoted, From: llm.Tokens(int64(d)), To: llm.Tokens(2)}})
			}
			if (kind == llm.Thought || kind == llm.Text) && d&32 != 0 {
				events = append(events, llm.Event{Step: llm.Sign, Signature: sign, Origin: llm.Anthropic})
			}
			events = append(events, closed)
			reason = llm.Reason(d % 4)
		}
		events = append(events, llm.Event{Step: llm.Finish, Reason: reason, Text: quoted}, over)
		r := &llm.Request{Tools: tools}
		_, last := follow(t, string(answered(r).Append(nil, events)))
		whole := answered(r).AppendWhole(nil, events)
		if !json.Valid(whole) || string(whole) != string(last) {
			t.Fatalf("whole %s\nlast  %s", whole, last)
		}
		var a struct{ Output []json.RawMessage }
		if json.Unmarshal(whole, &a) == nil && len(a.Output) > 0 {
			next, _ := json.Marshal(a.Output)
			if _, bad := client.Decode([]byte(`{"input":` + string(next) + `}`)); bad != nil && bad.Param != "input" {
				t.Fatalf("%v: %s", bad, next)
			}
		}
	})
}

func TestAppendError(t *testing.T) {
	e := &llm.Error{Status: 429, Message: `a "b"`, Code: "c", RequestID: "r"}
	if got, want := string(client.AppendError(nil, e, false)), `{"error":{"message":"a \"b\"","type":"rate_limit_error","param":null,"code":"c"},"request_id":"r"}`; got != want {
		t.Errorf("got %s", got)
	}
	want := "event: error\ndata: " + `{"type":"error","code":"c","message":"a \"b\"","param":null,"error":{"message":"a \"b\"","type":"rate_limit_error","param":null,"code":"c"},"sequence_number":2147483647}` + "\n\n"
	if got := string(client.AppendError([]byte("x"), e, true)); got != "x"+want {
		t.Errorf("got %s", got)
	}
}

func TestAppendModelsAndCount(t *testing.T) {
	got := string(client.AppendModels(nil, []formats.Model{{ID: "a/b", Owner: "a"}, {ID: "c", Owner: "d"}}))
	if want := `{"object":"list","data":[{"id":"a/b","object":"model","created":0,"owned_by":"a"},{"id":"c","object":"model","created":0,"owned_by":"d"}]}`; got != want {
		t.Errorf("got %s", got)
	}
	if got := string(client.AppendCount(nil, 9)); got != `{"object":"response.input_tokens","input_tokens":9}` {
		t.Errorf("got %s", got)
	}
}
