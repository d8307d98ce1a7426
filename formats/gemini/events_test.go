package gemini_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/tidwall/gjson"

	"github.com/aiclient2api/caddy-aiclient2api/formats"
	"github.com/aiclient2api/caddy-aiclient2api/formats/gemini"
	"github.com/aiclient2api/caddy-aiclient2api/llm"
	"github.com/aiclient2api/caddy-aiclient2api/sse"
)

var (
	kinds   = [...]string{"text", "image", "audio", "video", "file", "call", "result", "thought", "sealed", "refusal"}
	reasons = [...]string{"stopped", "length", "calls", "filtered"}
)

// show writes events in a line.
func show(events []llm.Event) string {
	var out []string
	for _, e := range events {
		var s string
		switch e.Step {
		case llm.Start:
			s = "start"
			if e.ID != nil || e.Name != nil {
				s = fmt.Sprintf("start(%s %s)", e.ID, e.Name)
			}
		case llm.Open:
			s = "open(" + kinds[e.Kind]
			for _, l := range []llm.Literal{e.ID, e.Name, e.Signature} {
				if l != nil {
					s += " " + string(l.Inner())
				}
			}
			s += ")"
		case llm.Delta:
			s = "delta(" + string(e.Text) + ")"
			for _, p := range e.Logprobs {
				s += fmt.Sprintf("[%s %s %d]", p.Token.Inner(), p.Logprob, len(p.Top))
			}
		case llm.Sign:
			s = "sign(" + string(e.Signature.Inner()) + ")"
		case llm.Cite:
			c := e.Citation
			s = fmt.Sprintf("cite(%s %s %s", c.URL.Inner(), c.Title.Inner(), c.Quote.Inner())
			if c.To.Known {
				s += fmt.Sprintf(" %d-%d", c.From.N, c.To.N)
			}
			s += ")"
		case llm.Close:
			s = "close"
		case llm.Finish:
			s = "finish(" + reasons[e.Reason]
			if e.Text != nil {
				s += " " + string(e.Text)
			}
			s += ")"
		case llm.Stated:
			s = "usage("
			for _, c := range []llm.Count{e.Usage.Input, e.Usage.Output, e.Usage.Cached, e.Usage.Reasoning} {
				if c.Known {
					s += fmt.Sprint(c.N)
				}
				s += ","
			}
			s = strings.TrimSuffix(s, ",") + ")"
		case llm.Lost:
			s = "lost(" + e.What + ")"
		case llm.Fail:
			s = fmt.Sprintf("fail(%d %s)", e.Err.Status, e.Err.Message)
		case llm.End:
			s = "end"
		}
		if e.Choice > 0 {
			s = fmt.Sprintf("%d:%s", e.Choice, s)
		}
		out = append(out, s)
	}
	return strings.Join(out, " ")
}

// inOrder checks that events keep the order of llm.Event and hold nothing but
// valid literals. whole is whether they must be all of an answer.
func inOrder(events []llm.Event, whole bool) error {
	type state struct {
		open, called, done bool
		kind               llm.Kind
	}
	choices := map[int]*state{}
	over := false
	for i, e := range events {
		if over {
			return fmt.Errorf("event %d comes after the end", i)
		}
		c := choices[e.Choice]
		if c == nil {
			c = new(state)
			choices[e.Choice] = c
		}
		if (e.Step == llm.Start) != (i == 0) && !(i == 0 && e.Step == llm.Fail) {
			return fmt.Errorf("event %d: start", i)
		}
		literals := []llm.Literal{e.ID, e.Name, e.Text, e.Signature}
		for _, p := range e.Logprobs {
			literals = append(literals, p.Token)
			if !gjson.ValidBytes(p.Logprob) {
				return fmt.Errorf("event %d: %q is no number", i, p.Logprob)
			}
		}
		if e.Citation != nil {
			literals = append(literals, e.Citation.URL, e.Citation.Title, e.Citation.Quote)
		}
		for _, l := range literals {
			if l != nil && (!gjson.ValidBytes(l) || l[0] != '"') {
				return fmt.Errorf("event %d: %q is no literal", i, l)
			}
		}
		if e.Signature != nil && e.Origin != llm.Google {
			return fmt.Errorf("event %d: a signature of %q", i, e.Origin)
		}
		switch e.Step {
		case llm.Open:
			if c.open || c.done {
				return fmt.Errorf("event %d: opens too early or late", i)
			}
			c.open, c.kind = true, e.Kind
			c.called = c.called || e.Kind == llm.Call
			if e.Kind == llm.Call && (e.ID.Empty() || e.Name.Empty()) {
				return fmt.Errorf("event %d: a call without id or name", i)
			}
		case llm.Delta, llm.Sign, llm.Cite, llm.Close:
			if !c.open {
				return fmt.Errorf("event %d: nothing is open", i)
			}
			if e.Step == llm.Delta && e.Text == nil || e.Step == llm.Cite && c.kind != llm.Text {
				return fmt.Errorf("event %d: %v", i, e)
			}
			c.open = e.Step != llm.Close
		case llm.Finish:
			if c.open || c.done || e.Reason == llm.Calls && !c.called {
				return fmt.Errorf("event %d: finish", i)
			}
			c.done = true
		case llm.Fail:
			over = true
			if e.Err == nil || e.Err.Message == "" || e.Err.Status < 400 || e.Err.Status > 599 {
				return fmt.Errorf("event %d: %+v", i, e.Err)
			}
		case llm.End:
			over = true
			for n, c := range choices {
				if c.open || !c.done && c.kind != 0 {
					return fmt.Errorf("choice %d is not done", n)
				}
			}
		}
	}
	if whole && !over {
		return fmt.Errorf("there is no end")
	}
	return nil
}

// stream decodes chunks. Literals are copied: they are valid until the next.
func stream(t *testing.T, chunks ...string) (events []llm.Event, complete bool) {
	t.Helper()
	d := up.Decoder(nil, "id-1")
	for _, c := range chunks {
		data := []byte(c)
		events = append(events, kept(d.Decode(nil, sse.Event{Data: data}))...)
		for i := range data { // nobody may look there any more
			data[i] = '#'
		}
	}
	rest, complete := d.Finish(nil, true)
	events = append(events, kept(rest)...)
	if err := inOrder(events, complete); err != nil {
		t.Errorf("%v: %s", err, show(events))
	}
	return events, complete
}

// kept returns copies.
func kept(events []llm.Event) []llm.Event {
	for i := range events {
		e := &events[i]
		for _, l := range []*llm.Literal{&e.ID, &e.Name, &e.Text, &e.Signature} {
			*l = append(llm.Literal(nil), *l...)
		}
		if e.Citation != nil {
			for _, l := range []*llm.Literal{&e.Citation.URL, &e.Citation.Title, &e.Citation.Quote} {
				*l = append(llm.Literal(nil), *l...)
			}
		}
		for j := range e.Logprobs {
			p := &e.Logprobs[j]
			p.Token, p.Logprob = append(llm.Literal(nil), p.Token...), append(llm.Number(nil), p.Logprob...)
		}
	}
	return events
}

func whole(t *testing.T, body string) []llm.Event {
	t.Helper()
	events, ok := up.Decoder(nil, "id-1").Whole(nil, []byte(body))
	if !ok {
		t.Fatalf("no answer: %s", body)
	}
	if err := inOrder(events, true); err != nil {
		t.Errorf("%v: %s", err, show(events))
	}
	return events
}

var (
	_ formats.Listener = gemini.Upstream{}
	_ formats.Decoder  = up.Decoder(nil, "")
)
