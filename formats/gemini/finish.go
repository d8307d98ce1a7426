package gemini

import (
	"slices"

	"github.com/aiclient2api/caddy-aiclient2api/formats"
	"github.com/aiclient2api/caddy-aiclient2api/llm"
)

// end is why a choice ended, as far as it has said.
type end struct {
	cause cause
	// odd is the provider's word for a cause that has no place, message its
	// explanation: copies.
	odd     string
	message llm.Literal
}

// cause is a class of Google's reasons
// (https://ai.google.dev/api/generate-content#FinishReason).
type cause uint8

const (
	unsaid cause = iota
	stopped
	length
	filtered
	failed // the model did something that it must not
)

// causeOf returns the class of a reason.
func causeOf(reason string) cause {
	switch reason {
	case "", "FINISH_REASON_UNSPECIFIED":
		return unsaid
	case "STOP":
		return stopped
	case "MAX_TOKENS":
		return length
	case "SAFETY", "RECITATION", "LANGUAGE", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "MODEL_ARMOR",
		"IMAGE_SAFETY", "IMAGE_PROHIBITED_CONTENT", "IMAGE_RECITATION":
		return filtered
	default:
		return failed
	}
}

// botches reports whether a reason says that what the model wrote could not be
// made an answer.
func botches(reason string) bool {
	switch reason {
	case "MALFORMED_FUNCTION_CALL", "UNEXPECTED_TOOL_CALL", "TOO_MANY_TOOL_CALLS", "MISSING_THOUGHT_SIGNATURE", "MALFORMED_RESPONSE":
		return true
	}
	return false
}

// botched is the error of an answer that has nothing but such a reason.
func botched(reason, message string) *llm.Error {
	if message == "" {
		message = reason
	}
	e := broken(message)
	e.Code = reason
	return e
}

// note takes a reason and its explanation. The last one counts, but a plain
// STOP does not undo another that came before.
func (e *end) note(reason, message llm.Literal) {
	c := causeOf(string(reason.Inner()))
	if c == unsaid || c == stopped && e.cause > stopped {
		return
	}
	e.cause, e.odd = c, ""
	if c == failed {
		e.odd = llm.Clip(formats.Decoded(reason), 64)
	}
	if c != stopped && !message.Empty() && len(message) <= maxMessage {
		e.message = slices.Clone(message)
	}
}

// blocked takes what is said of a prompt: if it was blocked there is no
// candidate (https://ai.google.dev/api/generate-content#PromptFeedback).
func (d *decoder) blocked(object []byte) {
	var reason, message llm.Literal
	m := formats.MembersOf(object)
	for m.Next() {
		switch string(m.Key) {
		case "blockReason":
			reason = formats.AsLiteral(m.Value())
		case "blockReasonMessage":
			message = formats.AsLiteral(m.Value())
		}
	}
	switch string(reason.Inner()) {
	case "", "BLOCK_REASON_UNSPECIFIED", "BLOCKED_REASON_UNSPECIFIED":
		return
	}
	e := &d.choice(0).end
	e.cause, e.odd = filtered, ""
	if !message.Empty() && len(message) <= maxMessage {
		e.message = slices.Clone(message)
	}
}

// Finish ends a stream. It is whole if an error ended it or if a choice or the
// prompt's feedback said why it is over and the connection was closed in order:
// there is no terminator, and chunks may follow one with a reason.
func (d *decoder) Finish(dst []llm.Event, inOrder bool) (events []llm.Event, complete bool) {
	if d.failed {
		return dst, true
	}
	said := slices.ContainsFunc(d.choices, func(c choice) bool { return c.end.cause != unsaid })
	if !said || !inOrder {
		return dst, false
	}
	d.reuse()
	return d.finish(dst), true
}

// finish appends what was held back.
func (d *decoder) finish(dst []llm.Event) []llm.Event {
	for n := range d.choices {
		dst = d.close(dst, n, &d.choices[n])
	}
	if u := d.counts.usage(); u != (llm.Usage{}) {
		dst = append(dst, llm.Event{Step: llm.Stated, Usage: u})
	}
	if e := d.botched(); e != nil {
		return d.fail(dst, e)
	}
	for n := range d.choices {
		c := &d.choices[n]
		if !c.seen {
			continue
		}
		if c.end.odd != "" {
			dst = append(dst, llm.Event{Step: llm.Lost, Choice: n, What: "finish reason " + c.end.odd})
		}
		dst = append(dst, llm.Event{Step: llm.Finish, Choice: n, Reason: c.reason(), Text: c.end.message})
	}
	return append(dst, llm.Event{Step: llm.End})
}

// botched returns the error of an answer of which no choice has come to
// anything, and at least one failed; nil if it is none.
func (d *decoder) botched() (e *llm.Error) {
	for _, c := range d.choices {
		switch {
		case c.given || c.called:
			return nil
		case botches(c.end.odd) && e == nil:
			e = botched(c.end.odd, formats.Decoded(c.end.message))
		}
	}
	return e
}

// reason is why the choice ended. Google has no word for one that waits for
// results: it follows from the calls.
func (c *choice) reason() llm.Reason {
	switch {
	case c.end.cause == length:
		return llm.Length
	case c.end.cause == filtered:
		return llm.Filtered
	case c.called:
		return llm.Calls
	default:
		return llm.Stopped
	}
}

// Whole reads an answer that is not streamed, or one that was streamed as a
// JSON array.
func (d *decoder) Whole(dst []llm.Event, body []byte) (events []llm.Event, ok bool) {
	before := len(dst)
	known := false
	ok = eachChunk(body, func(chunk []byte) bool {
		var v envelope
		good := v.read(chunk)
		known = known || v.known
		return good
	})
	if !ok || !known {
		return dst[:before], false
	}
	dst = d.decode(dst, body)
	if d.failed {
		return dst, true
	}
	if len(d.choices) == 0 {
		d.choice(0) // an answer without any candidate is an empty one
	}
	return d.finish(dst), true
}
