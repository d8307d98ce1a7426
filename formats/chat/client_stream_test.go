package chat

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/aiclient2api/caddy-aiclient2api/formats"
	"github.com/aiclient2api/caddy-aiclient2api/llm"
)

func lit(s string) llm.Literal { return formats.Encoded(s) }

func text(s string) llm.Event { return llm.Event{Step: llm.Delta, Text: lit(s)} }

func open(k llm.Kind) llm.Event { return llm.Event{Step: llm.Open, Kind: k} }

var (
	start   = llm.Event{Step: llm.Start, ID: llm.Literal(`"id1"`), Name: llm.Literal(`"m1"`)}
	closing = llm.Event{Step: llm.Close}
	end     = llm.Event{Step: llm.End}
)

func finish(r llm.Reason) llm.Event { return llm.Event{Step: llm.Finish, Reason: r} }

func usage(in, out int64) llm.Event {
	return llm.Event{Step: llm.Stated, Usage: llm.Usage{Input: llm.Tokens(in), Output: llm.Tokens(out)}}
}

// deltas are the deltas and finishes of a stream, one a line.
func deltas(t *testing.T, stream string) string {
	t.Helper()
	var b strings.Builder
	for frame := range strings.SplitSeq(strings.TrimSuffix(stream, "\n\n"), "\n\n") {
		data := strings.TrimPrefix(frame, "data: ")
		if data == done {
			b.WriteString("done\n")
			continue
		}
		var c struct {
			ID, Object, Model string
			Error             json.RawMessage
			Usage             json.RawMessage
			Choices           []struct {
				Index        int
				Delta        json.RawMessage
				Logprobs     json.RawMessage
				FinishReason *string `json:"finish_reason"`
			}
		}
		if err := json.Unmarshal([]byte(data), &c); err != nil {
			t.Fatalf("%v in %s", err, frame)
		}
		switch {
		case c.Error != nil:
			b.WriteString("error " + string(c.Error) + "\n")
			continue
		case c.ID != "id1" || c.Model != "m1" || c.Object != "chat.completion.chunk":
			t.Errorf("head of %s", data)
		}
		if c.Usage != nil {
			b.WriteString("usage " + string(c.Usage) + "\n")
		}
		for _, ch := range c.Choices {
			if ch.Index > 0 {
				b.WriteString("#" + string(rune('0'+ch.Index)) + " ")
			}
			b.Write(ch.Delta)
			if ch.Logprobs != nil {
				b.WriteString(" " + string(ch.Logprobs))
			}
			if ch.FinishReason != nil {
				b.WriteString(" " + *ch.FinishReason)
			}
			b.WriteByte('\n')
		}
	}
	return b.String()
}

const role = `{"role":"assistant","content":"","refusal":null}` + "\n"

func TestEncode(t *testing.T) {
	call := llm.Event{Step: llm.Open, Kind: llm.Call, ID: lit("c1"), Name: lit("f")}
	signed := call
	signed.Signature, signed.Origin = lit("S"), llm.Google
	plain := call
	plain.Name = lit("p")
	for _, tc := range []struct {
		name           string
		request        llm.Request
		events         []llm.Event
		stream, answer string // answer is message, finish reason
	}{
		{
			name:   "text",
			events: []llm.Event{start, open(llm.Text), text("a"), text("\"b"), closing, finish(llm.Stopped), end},
			stream: role + `{"content":"a"}` + "\n" + `{"content":"\"b"}` + "\n" + `{} stop` + "\ndone\n",
			answer: `{"role":"assistant","content":"a\"b","refusal":null} stop`,
		},
		{
			name:    "usage is told when it is asked for",
			request: llm.Request{StreamUsage: true},
			events:  []llm.Event{start, usage(1, 1), open(llm.Text), text("a"), closing, usage(3, 4), finish(llm.Length), end},
			stream:  role + `{"content":"a"}` + "\n" + `{} length` + "\n" + `usage {"prompt_tokens":3,"completion_tokens":4,"total_tokens":7}` + "\ndone\n",
			answer:  `{"role":"assistant","content":"a","refusal":null} length`,
		},
		{
			name:    "usage that is not known is not made up",
			request: llm.Request{StreamUsage: true},
			events:  []llm.Event{start, open(llm.Text), text("a"), closing, finish(llm.Stopped), end},
			stream:  role + `{"content":"a"}` + "\n" + `{} stop` + "\ndone\n",
			answer:  `{"role":"assistant","content":"a","refusal":null} stop`,
		},
		{
			name: "calls are counted over the stream, and empty arguments are an object",
			events: []llm.Event{
				start, open(llm.Text), text("x"), closing, call, text(`{"a"`), text(`:1}`), closing,
				{Step: llm.Open, Kind: llm.Call, ID: lit("c2"), Name: lit("g")}, closing, open(llm.Text), text("y"), closing, finish(llm.Calls), end,
			},
			stream: role + `{"content":"x"}` + "\n" +
				`{"tool_calls":[{"index":0,"id":"c1","type":"function","function":{"name":"f","arguments":""}}]}` + "\n" +
				`{"tool_calls":[{"index":0,"function":{"arguments":"{\"a\""}}]}` + "\n" +
				`{"tool_calls":[{"index":0,"function":{"arguments":":1}"}}]}` + "\n" +
				`{"tool_calls":[{"index":1,"id":"c2","type":"function","function":{"name":"g","arguments":""}}]}` + "\n" +
				`{"tool_calls":[{"index":1,"function":{"arguments":"{}"}}]}` + "\n" +
				`{"content":"y"}` + "\n" + `{} tool_calls` + "\ndone\n",
			answer: `{"role":"assistant","content":"xy","refusal":null,"tool_calls":[{"id":"c1","type":"function","function":{"name":"f","arguments":"{\"a\":1}"}},{"id":"c2","type":"function","function":{"name":"g","arguments":"{}"}}]} tool_calls`,
		},
		{
			name:   "a signature of Google's on a call",
			events: []llm.Event{start, signed, text(`{}`), closing, finish(llm.Calls), end},
			stream: role + `{"tool_calls":[{"index":0,"id":"c1","type":"function","function":{"name":"f","arguments":""},"extra_content":{"google":{"thought_signature":"S"}}}]}` + "\n" +
				`{"tool_calls":[{"index":0,"function":{"arguments":"{}"}}]}` + "\n" + `{} tool_calls` + "\ndone\n",
			answer: `{"role":"assistant","content":null,"refusal":null,"tool_calls":[{"id":"c1","type":"function","function":{"name":"f","arguments":"{}"},"extra_content":{"google":{"thought_signature":"S"}}}]} tool_calls`,
		},
		{
			name:    "a tool that takes a plain text",
			request: llm.Request{Tools: []llm.Tool{{Name: lit("p"), Plain: true}}},
			events:  []llm.Event{start, plain, text("a \"b\""), closing, finish(llm.Calls), end},
			stream: role + `{"tool_calls":[{"index":0,"id":"c1","type":"custom","custom":{"name":"p","input":""}}]}` + "\n" +
				`{"tool_calls":[{"index":0,"custom":{"input":"a \"b\""}}]}` + "\n" + `{} tool_calls` + "\ndone\n",
			answer: `{"role":"assistant","content":null,"refusal":null,"tool_calls":[{"id":"c1","type":"custom","custom":{"name":"p","input":"a \"b\""}}]} tool_calls`,
		},
		{
			name:    "a client of before there were tools",
			request: llm.Request{Legacy: true},
			events:  []llm.Event{start, call, text(`{"a":1}`), closing, finish(llm.Calls), end},
			stream: role + `{"function_call":{"name":"f","arguments":""}}` + "\n" +
				`{"function_call":{"arguments":"{\"a\":1}"}}` + "\n" + `{} function_call` + "\ndone\n",
			answer: `{"role":"assistant","content":null,"refusal":null,"function_call":{"name":"f","arguments":"{\"a\":1}"}} function_call`,
		},
		{
			name: "reasoning, signed and sealed",
			events: []llm.Event{
				start, {Step: llm.Open, Kind: llm.Thought, Origin: llm.Anthropic}, text("t"), text("u"), {Step: llm.Sign, Signature: lit("S"), Origin: llm.Anthropic}, closing,
				{Step: llm.Open, Kind: llm.Sealed, Signature: lit("D"), Origin: llm.Anthropic}, closing,
				open(llm.Text), text("x"), closing, finish(llm.Stopped), end,
			},
			stream: role + `{"reasoning_content":"t","reasoning_details":[{"type":"reasoning.text","text":"t","format":"anthropic-claude-v1","index":0}]}` + "\n" +
				`{"reasoning_content":"u","reasoning_details":[{"type":"reasoning.text","text":"u","index":0}]}` + "\n" +
				`{"reasoning_details":[{"type":"reasoning.text","text":"","signature":"S","index":0}]}` + "\n" +
				`{"reasoning_details":[{"type":"reasoning.encrypted","data":"D","format":"anthropic-claude-v1","index":1}]}` + "\n" +
				`{"content":"x"}` + "\n" + `{} stop` + "\ndone\n",
			answer: `{"role":"assistant","content":"x","refusal":null,"reasoning_content":"tu","reasoning_details":[{"type":"reasoning.text","text":"tu","signature":"S","format":"anthropic-claude-v1","index":0},{"type":"reasoning.encrypted","data":"D","format":"anthropic-claude-v1","index":1}]} stop`,
		},
		{
			name:    "reasoning that the client does not want",
			request: llm.Request{Reasoning: llm.Reasoning{Hide: true}},
			events: []llm.Event{
				start, {Step: llm.Open, Kind: llm.Thought, Origin: llm.Anthropic}, text("t"), {Step: llm.Sign, Signature: lit("S"), Origin: llm.Anthropic}, closing,
				{Step: llm.Open, Kind: llm.Sealed, Signature: lit("D"), Origin: llm.Anthropic}, closing,
				open(llm.Text), text("x"), closing, finish(llm.Stopped), end,
			},
			stream: role + `{"content":"x"}` + "\n" + `{} stop` + "\ndone\n",
			answer: `{"role":"assistant","content":"x","refusal":null} stop`,
		},
		{
			name: "a signature whose text was kept back",
			events: []llm.Event{
				start, open(llm.Thought), {Step: llm.Sign, Signature: lit("S"), Origin: llm.Anthropic}, closing,
				open(llm.Text), text("x"), closing, finish(llm.Stopped), end,
			},
			stream: role + `{"reasoning_details":[{"type":"reasoning.text","text":"","signature":"S","format":"anthropic-claude-v1","index":0}]}` + "\n" +
				`{"content":"x"}` + "\n" + `{} stop` + "\ndone\n",
			answer: `{"role":"assistant","content":"x","refusal":null,"reasoning_details":[{"type":"reasoning.text","text":"","signature":"S","format":"anthropic-claude-v1","index":0}]} stop`,
		},
		{
			name: "a signature of Google's on a text",
			events: []llm.Event{
				start, open(llm.Text), text("x"), {Step: llm.Sign, Signature: lit("S"), Origin: llm.Google}, closing, finish(llm.Stopped), end,
			},
			stream: role + `{"content":"x"}` + "\n" + `{"extra_content":{"google":{"thought_signature":"S"}}}` + "\n" + `{} stop` + "\ndone\n",
			answer: `{"role":"assistant","content":"x","refusal":null,"extra_content":{"google":{"thought_signature":"S"}}} stop`,
		},
		{
			name: "two signatures of Google's on texts: a message has room for one",
			events: []llm.Event{
				start, open(llm.Text), text("x"), {Step: llm.Sign, Signature: lit("S"), Origin: llm.Google}, closing,
				{Step: llm.Open, Kind: llm.Image, Name: lit("image/png"), Signature: lit("T"), Origin: llm.Google}, text("AAAA"), closing, finish(llm.Stopped), end,
			},
			stream: role + `{"content":"x"}` + "\n" + `{"content":"![image](data:image/png;base64,"}` + "\n" + `{"content":"AAAA"}` + "\n" + `{"content":")"}` + "\n" +
				`{"extra_content":{"google":{"thought_signature":"T"}}}` + "\n" + `{} stop` + "\ndone\n",
			answer: `{"role":"assistant","content":"x![image](data:image/png;base64,AAAA)","refusal":null,"extra_content":{"google":{"thought_signature":"T"}}} stop`,
		},
		{
			name:   "a signature that comes behind the arguments",
			events: []llm.Event{start, call, text(`{}`), {Step: llm.Sign, Signature: lit("S"), Origin: llm.Google}, closing, finish(llm.Calls), end},
			stream: role + `{"tool_calls":[{"index":0,"id":"c1","type":"function","function":{"name":"f","arguments":""}}]}` + "\n" +
				`{"tool_calls":[{"index":0,"function":{"arguments":"{}"}}]}` + "\n" +
				`{"tool_calls":[{"index":0,"extra_content":{"google":{"thought_signature":"S"}}}]}` + "\n" + `{} tool_calls` + "\ndone\n",
			answer: `{"role":"assistant","content":null,"refusal":null,"tool_calls":[{"id":"c1","type":"function","function":{"name":"f","arguments":"{}"},"extra_content":{"google":{"thought_signature":"S"}}}]} tool_calls`,
		},
		{
			name: "reasoning between texts, images and calls has its place",
			events: []llm.Event{
				start, {Step: llm.Open, Kind: llm.Image, Name: lit("image/png")}, text("AAAA"), closing,
				{Step: llm.Open, Kind: llm.Thought, Origin: llm.Anthropic}, text("t"), {Step: llm.Sign, Signature: lit("S"), Origin: llm.Anthropic}, closing,
				call, text(`{}`), closing, {Step: llm.Open, Kind: llm.Sealed, Signature: lit("D"), Origin: llm.Anthropic}, closing, finish(llm.Calls), end,
			},
			stream: role + `{"content":"![image](data:image/png;base64,"}` + "\n" + `{"content":"AAAA"}` + "\n" + `{"content":")"}` + "\n" +
				`{"reasoning_content":"t","reasoning_details":[{"type":"reasoning.text","text":"t","format":"anthropic-claude-v1","id":"at-0-36","index":0}]}` + "\n" +
				`{"reasoning_details":[{"type":"reasoning.text","text":"","signature":"S","index":0}]}` + "\n" +
				`{"tool_calls":[{"index":0,"id":"c1","type":"function","function":{"name":"f","arguments":""}}]}` + "\n" +
				`{"tool_calls":[{"index":0,"function":{"arguments":"{}"}}]}` + "\n" +
				`{"reasoning_details":[{"type":"reasoning.encrypted","data":"D","format":"anthropic-claude-v1","id":"at-1-36","index":1}]}` + "\n" + `{} tool_calls` + "\ndone\n",
			answer: `{"role":"assistant","content":"![image](data:image/png;base64,AAAA)","refusal":null,"reasoning_content":"t","reasoning_details":[{"type":"reasoning.text","text":"t","signature":"S","format":"anthropic-claude-v1","id":"at-0-36","index":0},{"type":"reasoning.encrypted","data":"D","format":"anthropic-claude-v1","id":"at-1-36","index":1}],"tool_calls":[{"id":"c1","type":"function","function":{"name":"f","arguments":"{}"}}]} tool_calls`,
		},
		{
			name:   "a refusal, and a provider's explanation of one",
			events: []llm.Event{start, {Step: llm.Finish, Reason: llm.Filtered, Text: lit("not this")}, end},
			stream: role + `{"refusal":"not this"}` + "\n" + `{} content_filter` + "\ndone\n",
			answer: `{"role":"assistant","content":"","refusal":"not this"} content_filter`,
		},
		{
			name:   "a refusal of the model's own",
			events: []llm.Event{start, open(llm.Refusal), text("no"), closing, finish(llm.Stopped), end},
			stream: role + `{"refusal":"no"}` + "\n" + `{} stop` + "\ndone\n",
			answer: `{"role":"assistant","content":"","refusal":"no"} stop`,
		},
		{
			name: "citations stand at the text of their block",
			events: []llm.Event{
				start, open(llm.Text), text("äö"), closing, open(llm.Text), text("cited"),
				{Step: llm.Cite, Citation: &llm.Citation{URL: lit("https://x"), Title: lit("T")}},
				{Step: llm.Cite, Citation: &llm.Citation{Title: lit("a document")}},
				closing, finish(llm.Stopped), end,
			},
			stream: role + `{"content":"äö"}` + "\n" + `{"content":"cited"}` + "\n" +
				`{"annotations":[{"type":"url_citation","url_citation":{"start_index":2,"end_index":7,"url":"https://x","title":"T"}}]}` + "\n" + `{} stop` + "\ndone\n",
			answer: `{"role":"assistant","content":"äöcited","refusal":null,"annotations":[{"type":"url_citation","url_citation":{"start_index":2,"end_index":7,"url":"https://x","title":"T"}}]} stop`,
		},
		{
			name: "an image",
			events: []llm.Event{
				start, {Step: llm.Open, Kind: llm.Image, Name: lit("image/png")}, text("AAAA"), closing, finish(llm.Stopped), end,
			},
			stream: role + `{"content":"![image](data:image/png;base64,"}` + "\n" + `{"content":"AAAA"}` + "\n" + `{"content":")"}` + "\n" + `{} stop` + "\ndone\n",
			answer: `{"role":"assistant","content":"![image](data:image/png;base64,AAAA)","refusal":null} stop`,
		},
		{
			name: "logprobs",
			events: []llm.Event{
				start, open(llm.Text),
				{Step: llm.Delta, Text: lit("a"), Logprobs: []llm.TokenLogprob{{Token: lit("a"), Logprob: llm.Number("-0.5"), Top: []llm.TokenLogprob{{Token: lit("b"), Logprob: llm.Number("-1")}}}}},
				closing, finish(llm.Stopped), end,
			},
			stream: role + `{"content":"a"} {"content":[{"token":"a","logprob":-0.5,"bytes":null,"top_logprobs":[{"token":"b","logprob":-1,"bytes":null}]}],"refusal":null}` + "\n" + `{} stop` + "\ndone\n",
			answer: `{"role":"assistant","content":"a","refusal":null} stop`,
		},
		{
			name: "several choices",
			events: []llm.Event{
				start, open(llm.Text), text("a"), closing,
				{Step: llm.Open, Choice: 1, Kind: llm.Text}, {Step: llm.Delta, Choice: 1, Text: lit("b")}, {Step: llm.Close, Choice: 1},
				finish(llm.Stopped), {Step: llm.Finish, Choice: 1, Reason: llm.Length}, end,
			},
			stream: role + `{"content":"a"}` + "\n#1 " + role + `#1 {"content":"b"}` + "\n" + `{} stop` + "\n" + `#1 {} length` + "\ndone\n",
			answer: `{"role":"assistant","content":"a","refusal":null} stop`,
		},
		{
			name:   "an error ends it",
			events: []llm.Event{start, open(llm.Text), text("a"), {Step: llm.Fail, Err: &llm.Error{Status: 529, Message: "busy", Code: "overloaded_error"}}},
			stream: role + `{"content":"a"}` + "\n" + `error {"message":"busy","type":"server_error","param":null,"code":"overloaded_error"}` + "\ndone\n",
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			a := formats.Answer{Request: &tc.request, ID: "x", Model: "fallback", Created: 1}
			stream := Client{}.Encoder(a)
			var out []byte
			for _, ev := range tc.events { // one at a time, as they may come
				out = stream.Append(out, []llm.Event{ev})
			}
			if got := deltas(t, string(out)); got != tc.stream {
				t.Errorf("stream\n%swant\n%s", got, tc.stream)
			}
			if tc.answer == "" {
				return
			}
			body := Client{}.Encoder(a).AppendWhole(nil, tc.events)
			var c struct {
				ID, Object, Model string
				Choices           []struct {
					Message      json.RawMessage
					FinishReason string `json:"finish_reason"`
				}
			}
			if err := json.Unmarshal(body, &c); err != nil || c.ID != "id1" || c.Model != "m1" || c.Object != "chat.completion" {
				t.Fatalf("%v in %s", err, body)
			}
			if got := string(c.Choices[0].Message) + " " + c.Choices[0].FinishReason; got != tc.answer {
				t.Errorf("whole\n%s\nwant\n%s", got, tc.answer)
			}
		})
	}
}

// What a provider does not say is filled in, and stays the same in all chunks.
func TestEncodeWithoutAName(t *testing.T) {
	e := Client{}.Encoder(formats.Answer{Request: new(llm.Request), ID: "x", Model: "fallback", Created: 7})
	out := string(e.Append(nil, []llm.Event{{Step: llm.Start}, open(llm.Text), text("a"), closing, finish(llm.Stopped), end}))
	if n := strings.Count(out, `{"id":"chatcmpl-x","object":"chat.completion.chunk","created":7,"model":"fallback"`); n != 3 {
		t.Errorf("%d in %s", n, out)
	}
}

// A delta costs nothing but its bytes.
func TestDeltasDoNotAllocate(t *testing.T) {
	e := Client{}.Encoder(formats.Answer{Request: new(llm.Request), ID: "x", Model: "m"})
	buf := e.Append(make([]byte, 0, 4096), []llm.Event{start, open(llm.Text)})
	delta := []llm.Event{text("some text")}
	if n := testing.AllocsPerRun(100, func() { buf = e.Append(buf[:0], delta) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// FuzzDecodeRequest: whatever a client sends, nothing panics, and what is read is
// made of valid pieces.
func FuzzDecodeRequest(f *testing.F) {
	f.Add([]byte(`{"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:,x"}}]}],"stop":["a"],"tools":[{"function":{"name":"f"}}]}`))
	f.Add([]byte(`{"messages":[{"role":"assistant","content":null,"reasoning_details":[{"type":"reasoning.text","text":"a","index":0},{"text":"b","index":0}],"tool_calls":[{"id":"1","custom":{"name":"f","input":"x"}}]}],"reasoning":{"effort":"low"}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		if _, err := formats.Scan(body); err != nil {
			return
		}
		r, err := Client{}.Decode(body)
		if err != nil {
			return
		}
		if !json.Valid(body) {
			t.Fatalf("%q was read", body)
		}
		for _, turn := range r.Turns {
			for _, p := range turn.Parts {
				for _, l := range []llm.Literal{p.Text, p.ID, p.Name, p.Signature} {
					if l != nil && !json.Valid(l) {
						t.Fatalf("%q holds %q", body, l)
					}
				}
			}
		}
		r.Dialogue(false)
		r.Dialogue(true)
	})
}

func BenchmarkEncodeDelta(b *testing.B) {
	e := Client{}.Encoder(formats.Answer{Request: new(llm.Request), ID: "x", Model: "m"})
	buf := e.Append(make([]byte, 0, 4096), []llm.Event{start, open(llm.Text)})
	delta := []llm.Event{text("some text")}
	b.ReportAllocs()
	for b.Loop() {
		buf = e.Append(buf[:0], delta)
	}
}

func BenchmarkEncodeWhole(b *testing.B) {
	events := []llm.Event{start, open(llm.Text), text(strings.Repeat("some text ", 100)), closing, usage(1, 2), finish(llm.Stopped), end}
	buf := make([]byte, 0, 8192)
	b.ReportAllocs()
	for b.Loop() {
		buf = Client{}.Encoder(formats.Answer{Request: new(llm.Request), ID: "x", Model: "m"}).AppendWhole(buf[:0], events)
	}
}

func BenchmarkDecodeRequest(b *testing.B) {
	body := []byte(`{"model":"m","messages":[{"role":"system","content":"` + strings.Repeat("be brief ", 100) + `"},{"role":"user","content":"` +
		strings.Repeat("hello ", 400) + `"}],"tools":[` + strings.Repeat(`{"type":"function","function":{"name":"f","parameters":{"type":"object","properties":{"a":{"type":"string"}}}}},`, 7) +
		`{"type":"function","function":{"name":"f"}}]}`)
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := (Client{}).Decode(body); err != nil {
			b.Fatal(err)
		}
	}
}
