package formats

import (
	"slices"

	"github.com/tidwall/gjson"

	"github.com/aiclient2api/caddy-aiclient2api/llm"
)

// maxWrapped bounds the argument of a wrapped tool, which is collected.
const maxWrapped = 16 << 20

// restored is what Restore knows of the answer.
type restored struct {
	events  []llm.Event
	choices []restoredChoice
}

// restoredChoice is one alternative of it.
type restoredChoice struct {
	calls bool   // it has a call that the client can run
	text  bool   // the open block is the call of the forced tool, and has no arguments yet
	inner bool   // the open block is a call of a wrapped tool
	args  []byte // of that call so far, escaped
}

// Restore turns what a decoder read back into what the client asked for: tools
// have the names that the client gave them, the call of the forced tool is a
// text, and the argument of a wrapped tool is the text that it takes. The
// events are changed in place, or are new ones, valid until the next call.
func (s *Sent) Restore(events []llm.Event) []llm.Event {
	if len(s.Names.changed) == 0 && s.Forced == nil && s.Wrapped == nil {
		return events
	}
	r := &s.restored
	r.events = r.events[:0]
	for i := range events {
		e := events[i]
		if e.Step == llm.Start {
			r.choices = r.choices[:0]
		}
		for len(r.choices) <= e.Choice {
			r.choices = append(r.choices, restoredChoice{})
		}
		s.restore(&r.choices[e.Choice], e)
	}
	return r.events
}

func (s *Sent) restore(c *restoredChoice, e llm.Event) {
	r := &s.restored
	switch {
	case e.Step == llm.Open && e.Kind == llm.Call:
		if s.Forced != nil && string(e.Name) == string(s.Forced) {
			e = llm.Event{Step: llm.Open, Choice: e.Choice, Kind: llm.Text}
			c.text = true
			break
		}
		c.calls = true
		e.Name = s.Names.Client(e.Name)
		c.inner = slices.ContainsFunc(s.Wrapped, func(name llm.Literal) bool { return string(name) == string(e.Name) })
		c.args = c.args[:0]
	case c.text && e.Step == llm.Delta:
		c.text = false
	case c.text && e.Step == llm.Close: // arguments without a delta are an object
		c.text = false
		r.events = append(r.events, llm.Event{Step: llm.Delta, Choice: e.Choice, Text: llm.Literal(`"{}"`)})
	case c.inner && e.Step == llm.Delta:
		if len(c.args)+len(e.Text) > maxWrapped {
			e = llm.Event{Step: llm.Fail, Err: &llm.Error{Status: 502, Message: "the provider's call of a tool is too long"}}
			break
		}
		c.args = append(c.args, e.Text.Inner()...)
		return
	case c.inner && e.Step == llm.Close:
		c.inner = false
		if len(c.args) > 0 {
			r.events = append(r.events, llm.Event{Step: llm.Delta, Choice: e.Choice, Text: unwrap(c.args)})
		}
	case e.Step == llm.Finish && e.Reason == llm.Calls && !c.calls:
		e.Reason = llm.Stopped
	}
	r.events = append(r.events, e)
}

// unwrap returns the one argument of a wrapped tool. Arguments that are not
// what the tool's schema says are the text themselves.
func unwrap(escaped []byte) llm.Literal {
	quoted := append(append([]byte{'"'}, escaped...), '"')
	args := []byte(Decoded(quoted))
	if Balanced(args) && Valid(args) {
		if text := AsLiteral(Member(args, PlainArgument)); text != nil {
			return text
		}
	}
	return quoted
}

// Wrap notes that a tool which takes a plain text is sent as a function, and
// returns the schema of that: an object with the one argument PlainArgument.
// What form the text has can only be told in words.
func (s *Sent) Wrap(t llm.Tool) []byte {
	s.Wrapped = append(s.Wrapped, t.Name)
	schema := []byte(`{"type":"object","properties":{"` + PlainArgument + `":{"type":"string"`)
	if v := gjson.ParseBytes(t.Grammar); v.IsObject() {
		if inner := v.Get("grammar"); inner.IsObject() {
			v = inner
		}
		if text := v.Get("definition").String(); text != "" {
			s.Lose("grammar")
			schema = append(schema, `,"description":`...)
			schema = AppendString(schema, "A text of this grammar ("+v.Get("syntax").String()+"):\n"+text)
		}
	}
	return append(schema, `}},"required":["`+PlainArgument+`"]}`...)
}

// AppendWrapped appends the arguments of a wrapped tool's call.
func AppendWrapped(dst, text []byte) []byte {
	dst = append(dst, `{"`+PlainArgument+`":`...)
	return append(AppendQuoted(dst, text), '}')
}
