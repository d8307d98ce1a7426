package responses

import (
	"github.com/aiclient2api/caddy-aiclient2api/formats"
	"github.com/aiclient2api/caddy-aiclient2api/llm"
)

// What opens, adds to and closes a block.

// opened notes a block. What goes before it is written: a signature of a call
// or a text, for which the protocol has no place but a piece of reasoning.
func (e *encoder) opened(dst []byte, ev *llm.Event) []byte {
	e.open, e.begun = ev.Kind, false
	e.origin, e.signature = ev.Origin, e.signature[:0]
	e.piece = append(e.piece[:0], '"')
	switch ev.Kind {
	case llm.Text:
		if !ev.Signature.Empty() {
			return e.appendState(dst, llm.Part{Kind: llm.Text, Signature: ev.Signature, Origin: ev.Origin})
		}
	case llm.Sealed:
		return e.appendState(dst, llm.Part{Kind: llm.Sealed, Signature: ev.Signature, Origin: ev.Origin})
	case llm.Call:
		if !ev.Signature.Empty() {
			dst = e.appendState(dst, llm.Part{Kind: llm.Call, Signature: ev.Signature, Origin: ev.Origin})
		}
		return e.beginCall(dst, ev)
	case llm.Image:
		e.LoseIf(!ev.Signature.Empty(), "reasoning signature")
		return e.beginImage(dst)
	}
	return dst
}

// delta writes a piece of the open block.
func (e *encoder) delta(dst []byte, ev *llm.Event) []byte {
	if !e.begun {
		if e.open == llm.Sealed || ev.Text.Empty() && ev.Logprobs == nil {
			return dst
		}
		dst = e.beginBlock(dst)
	}
	e.piece = append(e.piece, ev.Text.Inner()...)
	if e.open == llm.Image || ev.Text.Empty() && ev.Logprobs == nil {
		return dst // an image is sent as a whole
	}
	dst = append(append(dst, e.lead...), ev.Text...)
	if e.open == llm.Text {
		dst = e.appendLogprobs(append(dst, `,"logprobs":[`...), ev.Logprobs)
		dst = append(dst, ']')
	}
	return e.end(dst)
}

// beginBlock begins what waited for its first piece.
func (e *encoder) beginBlock(dst []byte) []byte {
	e.begun = true
	switch e.open {
	case llm.Text, llm.Refusal:
		return e.beginPart(dst)
	case llm.Thought:
		return e.beginThought(dst)
	}
	return dst
}

// closed writes the end of the open block.
func (e *encoder) closed(dst []byte) []byte {
	switch e.open {
	case llm.Text:
		if e.begun {
			dst = e.endPart(dst)
		}
		if len(e.signature) > 2 {
			dst = e.appendState(dst, llm.Part{Kind: llm.Text, Signature: e.signature, Origin: e.origin})
		}
	case llm.Refusal:
		if e.begun {
			dst = e.endPart(dst)
		}
	case llm.Thought:
		dst = e.endThought(dst)
	case llm.Call:
		dst = e.endCall(dst)
	case llm.Image:
		dst = e.endImage(dst)
	}
	e.begun = false
	return dst
}

// beginItem ends an open message and begins an item, whose id has the prefix.
// The event is left open behind the item's id.
func (e *encoder) beginItem(dst []byte, prefix string) []byte {
	if e.message {
		dst = e.endMessage(dst, "completed")
	}
	e.items++
	e.id = append(append(append(e.id[:0], '"'), prefix...), e.ID...)
	e.id = append(appendInt(append(e.id, '_'), e.items-1), '"')
	dst = append(begin(dst, "response.output_item.added"), `,"output_index":`...)
	dst = append(appendInt(dst, e.items-1), `,"item":{"id":`...)
	return append(dst, e.id...)
}

// endItem notes the item that stands at the end of output from there on, and
// writes it.
func (e *encoder) endItem(dst []byte, from int) []byte {
	dst = append(begin(dst, "response.output_item.done"), `,"output_index":`...)
	dst = append(appendInt(dst, e.items-1), `,"item":`...)
	dst = append(dst, e.output[from:]...)
	return e.end(dst)
}

// item begins an item in output, up to its id, and returns where it begins.
func (e *encoder) item() (from int) {
	if len(e.output) > 0 {
		e.output = append(e.output, ',')
	}
	from = len(e.output)
	e.output = append(append(e.output, `{"id":`...), e.id...)
	return from
}

// text ends the piece and returns it as a literal.
func (e *encoder) text() llm.Literal {
	e.piece = append(e.piece, '"')
	return e.piece
}

// beginPart begins a part of a message, and the message if none is open.
func (e *encoder) beginPart(dst []byte) []byte {
	if !e.message {
		dst = e.beginItem(dst, "msg_")
		dst = append(dst, `,"type":"message","status":"in_progress","role":"assistant","content":[]}`...)
		dst = e.end(dst)
		e.message, e.count, e.parts = true, 0, e.parts[:0]
	}
	e.count++
	e.logprobs, e.fullprobs = e.logprobs[:0], e.fullprobs[:0]
	name := "response.output_text.delta"
	dst = append(e.partPlace(begin(dst, "response.content_part.added")), `,"part":`...)
	if e.open == llm.Refusal {
		e.refused = true
		name = "response.refusal.delta"
		dst = append(dst, `{"type":"refusal","refusal":""}`...)
	} else {
		e.spoke = true
		dst = append(dst, `{"type":"output_text","annotations":[],"logprobs":[],"text":""}`...)
	}
	e.lead = append(e.partPlace(begin(e.lead[:0], name)), `,"delta":`...)
	return e.end(dst)
}

// endPart ends the open part of the message.
func (e *encoder) endPart(dst []byte) []byte {
	text := e.text()
	if e.count > 1 {
		e.parts = append(e.parts, ',')
	}
	from := len(e.parts)
	if e.open == llm.Refusal {
		e.parts = append(append(e.parts, `{"type":"refusal","refusal":`...), text...)
		dst = append(e.partPlace(begin(dst, "response.refusal.done")), `,"refusal":`...)
		dst = e.end(append(dst, text...))
	} else {
		e.parts = append(e.parts, `{"type":"output_text","annotations":[`...)
		dst = e.appendCitations(dst, formats.Characters(text))
		e.parts = append(append(e.parts, `],"logprobs":[`...), e.fullprobs...)
		e.parts = append(append(e.parts, `],"text":`...), text...)
		dst = append(e.partPlace(begin(dst, "response.output_text.done")), `,"text":`...)
		dst = append(append(dst, text...), `,"logprobs":[`...)
		dst = append(append(dst, e.logprobs...), ']')
		dst = e.end(dst)
	}
	e.parts = append(e.parts, '}')
	dst = append(e.partPlace(begin(dst, "response.content_part.done")), `,"part":`...)
	dst = append(dst, e.parts[from:]...)
	return e.end(dst)
}

// endMessage ends the open message.
func (e *encoder) endMessage(dst []byte, status string) []byte {
	e.message = false
	from := e.item()
	e.output = append(append(e.output, `,"type":"message","status":"`...), status...)
	e.output = append(append(e.output, `","role":"assistant","content":[`...), e.parts...)
	e.output = append(e.output, "]}"...)
	return e.endItem(dst, from)
}

// beginThought begins a piece of reasoning, of which there is a text.
func (e *encoder) beginThought(dst []byte) []byte {
	dst = append(e.beginItem(dst, "rs_"), `,"type":"reasoning","summary":[]}`...)
	dst = e.end(dst)
	const first = `,"summary_index":0`
	dst = append(e.place(begin(dst, "response.reasoning_summary_part.added")), first...)
	dst = e.end(append(dst, `,"part":{"type":"summary_text","text":""}`...))
	e.lead = append(e.place(begin(e.lead[:0], "response.reasoning_summary_text.delta")), first+`,"delta":`...)
	return dst
}

// endThought ends a piece of reasoning, or writes one that is a signature only.
func (e *encoder) endThought(dst []byte) []byte {
	p := llm.Part{Kind: llm.Thought, Text: e.text(), Signature: e.signature, Origin: e.origin}
	if !e.begun {
		if len(e.signature) > 2 {
			dst = e.appendState(dst, p)
		}
		return dst
	}
	dst = append(e.place(begin(dst, "response.reasoning_summary_text.done")), `,"summary_index":0,"text":`...)
	dst = e.end(append(dst, p.Text...))
	dst = append(e.place(begin(dst, "response.reasoning_summary_part.done")), `,"summary_index":0,"part":{"type":"summary_text","text":`...)
	dst = e.end(append(append(dst, p.Text...), '}'))
	return e.endReasoning(dst, p)
}

// appendState writes a piece of reasoning that has no text to be shown.
func (e *encoder) appendState(dst []byte, p llm.Part) []byte {
	dst = append(e.beginItem(dst, "rs_"), `,"type":"reasoning","summary":[]}`...)
	return e.endReasoning(e.end(dst), p)
}

// endReasoning ends a reasoning item. State of another vendor's is wrapped,
// with the text that belongs to it.
func (e *encoder) endReasoning(dst []byte, p llm.Part) []byte {
	from := e.item()
	e.output = append(e.output, `,"type":"reasoning","summary":[`...)
	if p.Kind == llm.Thought && !p.Text.Empty() {
		e.output = append(append(e.output, `{"type":"summary_text","text":`...), p.Text...)
		e.output = append(e.output, '}')
	}
	e.output = append(e.output, ']')
	if !p.Signature.Empty() {
		e.output = append(e.output, `,"encrypted_content":`...)
		if p.Origin == llm.OpenAI && (p.Kind == llm.Thought || p.Kind == llm.Sealed) {
			e.output = append(e.output, p.Signature...)
		} else {
			e.output = formats.AppendCarried(append(e.output, '"'), p)
			e.output = append(e.output, '"')
		}
	}
	e.output = append(e.output, '}')
	return e.endItem(dst, from)
}
