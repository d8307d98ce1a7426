package messages_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/aiclient2api/caddy-aiclient2api/formats"
	"github.com/aiclient2api/caddy-aiclient2api/formats/messages"
	"github.com/aiclient2api/caddy-aiclient2api/llm"
	"github.com/aiclient2api/caddy-aiclient2api/sse"
)

var up messages.Upstream

// lit is the literal of a text that needs no escapes.
func lit(s string) llm.Literal { return llm.Literal(`"` + s + `"`) }

func text(s string) llm.Part { return llm.Part{Kind: llm.Text, Text: lit(s)} }

func user(parts ...llm.Part) llm.Turn { return llm.Turn{Role: llm.User, Parts: parts} }

func assistant(parts ...llm.Part) llm.Turn { return llm.Turn{Role: llm.Assistant, Parts: parts} }

func system(parts ...llm.Part) llm.Turn { return llm.Turn{Role: llm.System, Parts: parts} }

func call(id, name, args string) llm.Part {
	return llm.Part{Kind: llm.Call, ID: lit(id), Name: lit(name), Args: []byte(args)}
}

func result(id string, content ...llm.Part) llm.Part {
	return llm.Part{Kind: llm.Result, ID: lit(id), Content: content}
}

func thoughtOf(origin llm.Origin, s, signature string) llm.Part {
	return llm.Part{Kind: llm.Thought, Text: lit(s), Signature: lit(signature), Origin: origin}
}

func tool(name string) llm.Tool {
	return llm.Tool{Name: lit(name), Schema: llm.Value(`{"type":"object","properties":{"a":{"type":"string"}}}`)}
}

// asking is a request of one short turn, changed by change.
func asking(change func(*llm.Request)) *llm.Request {
	r := &llm.Request{Turns: []llm.Turn{user(text("U"))}}
	if change != nil {
		change(r)
	}
	return r
}

// encode encodes a request that can be carried.
func encode(t *testing.T, r *llm.Request, model string) (body string, sent *formats.Sent) {
	t.Helper()
	before := fmt.Sprintf("%+v", r)
	sent, bad := up.Encode(nil, r, model)
	if bad != nil {
		t.Fatalf("refused: %+v", bad)
	}
	if after := fmt.Sprintf("%+v", r); after != before {
		t.Errorf("the request, which other targets are to get, was changed:\n%s\nit was\n%s", after, before)
	}
	if !json.Valid(sent.Body) {
		t.Fatalf("not JSON: %s", sent.Body)
	}
	return string(sent.Body), sent
}

// show writes events as a test reads them.
func show(events []llm.Event) string {
	kinds := map[llm.Kind]string{llm.Text: "text", llm.Thought: "thought", llm.Sealed: "sealed", llm.Call: "call"}
	reasons := map[llm.Reason]string{llm.Stopped: "stopped", llm.Length: "length", llm.Calls: "calls", llm.Filtered: "filtered"}
	var out []string
	for _, e := range events {
		var s string
		switch e.Step {
		case llm.Start:
			s = fmt.Sprintf("start %s %s", e.ID.Inner(), e.Name.Inner())
		case llm.Open:
			s = strings.TrimSpace(fmt.Sprintf("open %s %s %s", kinds[e.Kind], e.ID.Inner(), e.Name.Inner()))
			if e.Kind == llm.Sealed {
				s += fmt.Sprintf(" %s %s", e.Signature.Inner(), e.Origin)
			}
		case llm.Delta:
			s = "+" + string(e.Text.Inner())
		case llm.Sign:
			s = fmt.Sprintf("sign %s %s", e.Signature.Inner(), e.Origin)
		case llm.Cite:
			s = fmt.Sprintf("cite %s %s %s", e.Citation.URL.Inner(), e.Citation.Title.Inner(), e.Citation.Quote.Inner())
		case llm.Close:
			s = "close"
		case llm.Finish:
			s = strings.TrimSpace(fmt.Sprintf("finish %s %s", reasons[e.Reason], e.Text.Inner()))
		case llm.Stated:
			s = "usage"
			for _, c := range []struct {
				name  string
				count llm.Count
			}{{"in", e.Usage.Input}, {"out", e.Usage.Output}, {"cached", e.Usage.Cached}, {"written", e.Usage.Written}, {"reasoning", e.Usage.Reasoning}} {
				if c.count.Known {
					s += fmt.Sprintf(" %s=%d", c.name, c.count.N)
				}
			}
		case llm.Lost:
			s = "lost " + e.What
		case llm.Fail:
			s = fmt.Sprintf("fail %d %s", e.Err.Status, e.Err.Message)
		case llm.End:
			s = "end"
		}
		out = append(out, s)
	}
	return strings.Join(out, "|")
}

// follow decodes a stream. The events are copies.
func follow(d formats.Decoder, stream []byte, inOrder bool) (events []llm.Event, complete bool) {
	for {
		ev, rest, ok := sse.Next(stream)
		if !ok {
			break
		}
		stream = rest
		events = d.Decode(events, ev)
	}
	return d.Finish(events, inOrder)
}

// check says what is wrong with the order and the literals of events, nil for
// all that may come of an answer.
func check(events []llm.Event) error {
	var started, open, finished, over bool
	var kind llm.Kind
	calls := 0
	literal := func(l llm.Literal) bool { return l == nil || json.Valid(l) && l[0] == '"' }
	for i, e := range events {
		if !literal(e.ID) || !literal(e.Name) || !literal(e.Text) || !literal(e.Signature) {
			return fmt.Errorf("event %d has a literal that is none: %s", i, show(events[i:i+1]))
		}
		ok := !over
		switch e.Step {
		case llm.Start:
			ok = ok && !started
			started = true
		case llm.Open:
			ok = ok && started && !open && !finished && (e.Kind != llm.Call || !e.ID.Empty() && !e.Name.Empty()) && (e.Kind != llm.Sealed || e.Signature != nil)
			open, kind = true, e.Kind
			if e.Kind == llm.Call {
				calls++
			}
		case llm.Delta:
			ok = ok && open && kind != llm.Sealed && e.Text != nil
		case llm.Sign:
			ok = ok && open && kind == llm.Thought && e.Signature != nil && e.Origin != ""
		case llm.Cite:
			ok = ok && open && kind == llm.Text && e.Citation != nil && literal(e.Citation.URL) && literal(e.Citation.Title) && literal(e.Citation.Quote)
		case llm.Close:
			ok = ok && open
			open = false
		case llm.Finish:
			ok = ok && started && !open && !finished && (e.Reason != llm.Calls || calls > 0)
			finished = true
		case llm.Stated:
			ok = ok && started
		case llm.Lost:
			ok = ok && e.What != ""
		case llm.Fail:
			ok = ok && e.Err != nil && e.Err.Message != "" && e.Err.Status >= 400
			over = true
		case llm.End:
			ok = ok && finished
			over = true
		}
		if !ok {
			return fmt.Errorf("event %d is out of place: %s", i, show(events))
		}
	}
	return nil
}
