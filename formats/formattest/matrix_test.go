package formattest

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/aiclient2api/caddy-aiclient2api/formats"
	"github.com/aiclient2api/caddy-aiclient2api/formats/chat"
	"github.com/aiclient2api/caddy-aiclient2api/formats/standard"
	"github.com/aiclient2api/caddy-aiclient2api/llm"
	"github.com/aiclient2api/caddy-aiclient2api/sse"
)

// speaker returns a client's format.
func speaker(t testing.TB, name string) formats.Speaker {
	t.Helper()
	s, ok := standard.Client(name).(formats.Speaker)
	if !ok {
		t.Fatalf("there is no client's format %q", name)
	}
	return s
}

// listener returns a provider's format.
func listener(t testing.TB, name string) formats.Listener {
	t.Helper()
	l, ok := standard.Upstream(name).(formats.Listener)
	if !ok {
		t.Fatalf("there is no provider's format %q", name)
	}
	return l
}

// TestRequests: every client's request reaches every provider as it should.
func TestRequests(t *testing.T) {
	for _, s := range load(t) {
		for _, from := range s.of("request") {
			for _, to := range s.of("expect") {
				t.Run(s.name+"/"+from.title[0]+" to "+strings.Join(to.title, " "), func(t *testing.T) {
					want := to.expectation()
					client := speaker(t, from.title[0])
					if _, err := formats.Scan([]byte(from.body)); err != nil {
						t.Fatal(err)
					}
					r, bad := client.Decode([]byte(from.body))
					if bad != nil {
						if want.failure == "" || bad.Param != want.failure {
							t.Fatalf("decoding: %v at %q", bad, bad.Param)
						}
						return
					}
					sent, unsupported := listener(t, to.title[0]).Encode(nil, r, to.title[1])
					if unsupported != nil {
						place := unsupported.Field
						if unsupported.Turn >= 0 {
							place = client.Place(unsupported.Turn, unsupported.Part)
						}
						if place != want.failure {
							t.Fatalf("refused at %q: %s", place, unsupported.What)
						}
						return
					}
					if want.failure != "" {
						t.Fatalf("want an error at %q, got %s", want.failure, sent.Body)
					}
					if d := differ(want.body, string(sent.Body)); d != "" {
						t.Errorf("%s\nsent %s", d, sent.Body)
					}
					if got := sorted(sent.Lost); got != want.lost {
						t.Errorf("lost %q, want %q", got, want.lost)
					}
				})
			}
		}
	}
}

// TestAnswers: every provider's answer reaches every client as it should,
// whole, as a stream, and as the one in the place of the other.
func TestAnswers(t *testing.T) {
	clients := []string{chat.Name}
	for _, s := range load(t) {
		for _, kind := range []string{"answer", "stream"} {
			for _, from := range s.of(kind) {
				for _, client := range clients {
					want, ok := s.whole(client, from.title[0])
					if !ok {
						t.Fatalf("%s does not say what %s is to get from %s", s.name, client, from.title[0])
					}
					t.Run(s.name+"/"+kind+" "+from.title[0]+" to "+client, func(t *testing.T) {
						for _, stream := range []bool{false, true} {
							got := translate(t, s, from, client, stream)
							if d := differ(want, got); d != "" {
								t.Errorf("stream %v: %s\ngot %s", stream, d, got)
							}
						}
					})
				}
			}
		}
	}
}

// translate decodes an answer and encodes it for a client.
func translate(t *testing.T, s scenario, from section, client string, stream bool) string {
	t.Helper()
	request := new(llm.Request)
	sent := new(formats.Sent)
	l := listener(t, from.title[0])
	for _, asked := range s.of("request") {
		r, bad := speaker(t, asked.title[0]).Decode([]byte(asked.body))
		if bad != nil {
			t.Fatal(bad)
		}
		request = r
		for _, to := range s.of("expect") { // what the names of tools became
			if to.title[0] == from.title[0] {
				if sent, _ = l.Encode(nil, r, to.title[1]); sent == nil {
					sent = new(formats.Sent)
				}
			}
		}
	}
	request.StreamUsage = true
	events := clone(sent.Restore(decode(t, l.Decoder(sent, "0123456789abcdef"), from)))
	order(t, events)
	encoder := speaker(t, client).Encoder(formats.Answer{Request: request, Model: "asked", ID: "id", Created: 1})
	if !stream {
		return string(encoder.AppendWhole(nil, events))
	}
	return collect[client](t, encoder.Append(nil, events))
}

// decode reads all events of an answer.
func decode(t *testing.T, d formats.Decoder, from section) (events []llm.Event) {
	t.Helper()
	if from.kind == "answer" {
		events, ok := d.Whole(nil, []byte(from.body))
		if !ok {
			t.Fatal("the answer was not read")
		}
		return events
	}
	for rest := []byte(from.body + "\n\n"); ; {
		ev, after, ok := next(rest)
		if !ok {
			break
		}
		rest = after
		if ev.Data != nil {
			events = append(events, clone(d.Decode(nil, ev))...)
		}
		if n := len(events); n > 0 && events[n-1].Step == llm.Fail {
			return events
		}
	}
	last, complete := d.Finish(nil, true)
	if !complete {
		t.Fatal("the stream is not complete")
	}
	return append(events, clone(last)...)
}

// next cuts the first event from a stream. An object that stands bare in the
// place of one is its data: so Google ends a stream that broke.
func next(stream []byte) (ev sse.Event, rest []byte, ok bool) {
	if ev, rest, ok = sse.Next(stream); ok && ev.Data == nil {
		if raw := bytes.TrimSpace(stream[:len(stream)-len(rest)]); len(raw) > 0 && raw[0] == '{' {
			ev.Data = raw
		}
	}
	return ev, rest, ok
}

// clone copies events out of the decoder's memory.
func clone(events []llm.Event) []llm.Event {
	out := make([]llm.Event, 0, len(events))
	for _, e := range events {
		for _, l := range []*llm.Literal{&e.ID, &e.Name, &e.Text, &e.Signature} {
			*l = bytes.Clone(*l)
		}
		if c := e.Citation; c != nil {
			e.Citation = &llm.Citation{URL: bytes.Clone(c.URL), Title: bytes.Clone(c.Title), Quote: bytes.Clone(c.Quote), From: c.From, To: c.To}
		}
		e.Logprobs = cloneTokens(e.Logprobs)
		out = append(out, e)
	}
	return out
}

func cloneTokens(tokens []llm.TokenLogprob) (out []llm.TokenLogprob) {
	for _, t := range tokens {
		out = append(out, llm.TokenLogprob{Token: bytes.Clone(t.Token), Logprob: bytes.Clone(t.Logprob), Top: cloneTokens(t.Top)})
	}
	return out
}

// order checks what llm.Event says of the order of events.
func order(t *testing.T, events []llm.Event) {
	t.Helper()
	open, finished, calls := map[int]bool{}, map[int]bool{}, map[int]bool{}
	for i, e := range events {
		fault := ""
		switch e.Step {
		case llm.Start:
			if i != 0 {
				fault = "a second start"
			}
		case llm.Open:
			if open[e.Choice] || finished[e.Choice] {
				fault = "a block opens in another, or after the finish"
			}
			open[e.Choice] = true
			calls[e.Choice] = calls[e.Choice] || e.Kind == llm.Call
			if e.Kind == llm.Call && (e.ID.Empty() || e.Name.Empty()) {
				fault = "a call without id or name"
			}
		case llm.Delta, llm.Sign, llm.Cite:
			if !open[e.Choice] {
				fault = "a delta without a block"
			}
		case llm.Close:
			if !open[e.Choice] {
				fault = "a close without a block"
			}
			open[e.Choice] = false
		case llm.Finish:
			if open[e.Choice] || finished[e.Choice] {
				fault = "a finish in a block, or a second one"
			}
			finished[e.Choice] = true
			if e.Reason == llm.Calls && !calls[e.Choice] {
				fault = "it finished for calls, and there are none"
			}
		case llm.End, llm.Fail:
			if i != len(events)-1 {
				fault = "it goes on after the end"
			}
		case llm.Stated, llm.Lost:
		}
		if fault != "" {
			t.Errorf("event %d (step %d): %s", i, e.Step, fault)
		}
	}
	if n := len(events); n == 0 || events[0].Step != llm.Start && events[0].Step != llm.Fail || events[n-1].Step != llm.End && events[n-1].Step != llm.Fail {
		t.Errorf("%d events do not begin with a start and end with an end", n)
	}
}

// collect puts the stream of a client's protocol together, as its SDKs do, to
// what the whole answer would have been.
var collect = map[string]func(*testing.T, []byte) string{chat.Name: collectChat}

func collectChat(t *testing.T, stream []byte) string {
	t.Helper()
	type object = map[string]any
	var answer object
	var choices []any
	done := false
	for frame := range strings.SplitSeq(strings.TrimSuffix(string(stream), "\n\n"), "\n\n") {
		data := strings.TrimPrefix(frame, "data: ")
		if data == "[DONE]" {
			done = true
			continue
		}
		var chunk object
		if err := json.Unmarshal([]byte(apart(data)), &chunk); err != nil || done {
			t.Fatalf("%v in %q, after the end: %v", err, frame, done)
		}
		if chunk["error"] != nil {
			return data
		}
		list, _ := chunk["choices"].([]any)
		delete(chunk, "choices")
		if answer == nil {
			answer = chunk
			answer["object"] = "chat.completion"
		}
		if u := chunk["usage"]; u != nil {
			answer["usage"] = u
		}
		for _, c := range list {
			delta := c.(object)
			at := int(delta["index"].(float64))
			for len(choices) <= at {
				choices = append(choices, object{"index": float64(len(choices)), "message": object{}, "logprobs": nil, "finish_reason": nil})
			}
			choice := choices[at].(object)
			if choice["finish_reason"] != nil {
				t.Errorf("a chunk after the finish: %s", data)
			}
			merge(choice["message"].(object), delta["delta"].(object))
			choice["finish_reason"] = delta["finish_reason"]
			if delta["logprobs"] != nil {
				choice["logprobs"] = delta["logprobs"]
			}
		}
	}
	if !done {
		t.Errorf("no terminator: %s", stream)
	}
	for _, c := range choices {
		m := c.(object)["message"].(object)
		calls, _ := m["tool_calls"].([]any)
		for _, call := range calls {
			delete(call.(object), "index")
		}
		if m["content"] == "" && (calls != nil || m["function_call"] != nil) {
			m["content"] = nil
		}
	}
	answer["choices"] = choices
	b, _ := json.Marshal(answer)
	return together(string(b))
}

// apart keeps the escapes of surrogates as they are: Go would replace the half
// of a character, which clients in JavaScript put together with the other.
// together is the way back.
func apart(s string) string    { return strings.ReplaceAll(s, `\ud`, `\\ud`) }
func together(s string) string { return strings.ReplaceAll(s, `\\ud`, `\ud`) }

// merge adds a delta to a message: texts grow, lists too, but calls and details
// of the reasoning by their index.
func merge(into, delta map[string]any) {
	for k, v := range delta {
		switch v := v.(type) {
		case string:
			if old, ok := into[k].(string); ok && k != "role" && k != "type" && k != "format" {
				v = old + v
			}
			into[k] = v
		case map[string]any:
			old, ok := into[k].(map[string]any)
			if !ok {
				old = map[string]any{}
				into[k] = old
			}
			merge(old, v)
		case []any:
			old, _ := into[k].([]any)
			for _, e := range v {
				m, _ := e.(map[string]any)
				if at, ok := m["index"].(float64); ok && (k == "tool_calls" || k == "reasoning_details") && int(at) < len(old) {
					merge(old[int(at)].(map[string]any), m)
					continue
				}
				old = append(old, e)
			}
			into[k] = old
		default:
			if into[k] == nil {
				into[k] = v
			}
		}
	}
}
