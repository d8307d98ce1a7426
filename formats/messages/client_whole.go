package messages

import (
	"bytes"

	"github.com/aiclient2api/caddy-aiclient2api/formats"
	"github.com/aiclient2api/caddy-aiclient2api/llm"
)

// AppendWhole appends a body: a fold over the events
// (https://docs.claude.com/en/api/messages#response-content).
func (w *writer) AppendWhole(dst []byte, events []llm.Event) []byte {
	for i := range events {
		switch ev := &events[i]; ev.Step {
		case llm.Start:
			w.first = *ev
		case llm.Stated:
			w.usage = ev.Usage
		case llm.Fail:
			return Client{}.AppendError(dst, ev.Err, false)
		}
	}
	dst = w.appendHead(dst, &w.first)
	for i := range events {
		ev := &events[i]
		if w.leaveOut(ev); ev.Choice == 0 {
			dst = w.fold(dst, ev)
		}
	}
	dst = append(dst, `],`...)
	dst = w.appendReason(dst)
	dst = append(dst, `,"usage":`...)
	return append(appendUsage(dst, w.usage, true), '}')
}

// fold takes one event. The text of a block is collected in w.text.
func (w *writer) fold(dst []byte, ev *llm.Event) []byte {
	switch ev.Step {
	case llm.Open:
		w.kind, w.text, w.signed, w.origin = ev.Kind, w.text[:0], ev.Signature, ev.Origin
		switch ev.Kind {
		case llm.Image:
			w.text = formats.AppendPicture(w.text, ev.Name)
		case llm.Call:
			if !w.signed.Empty() {
				dst = w.foldAside(dst)
			}
			dst = append(w.next(dst), `tool_use","id":`...)
			dst = append(dst, callID.Legal(ev.ID)...)
			dst = append(append(dst, `,"name":`...), ev.Name...)
		}
	case llm.Delta:
		w.text = append(w.text, ev.Text.Inner()...)
	case llm.Sign:
		if !ev.Signature.Empty() {
			w.signed, w.origin = ev.Signature, ev.Origin
		}
	case llm.Close:
		return w.foldClose(dst)
	case llm.Finish:
		w.reason, w.explanation = ev.Reason, ev.Text
	}
	return dst
}

// foldClose appends the block that ends, or what of it could not be said at its
// start.
func (w *writer) foldClose(dst []byte) []byte {
	switch w.kind {
	case llm.Call:
		dst = append(dst, `,"input":`...)
		return append(appendInput(dst, w.text), '}')
	case llm.Sealed:
		dst = append(w.next(dst), `redacted_thinking","data":`...)
		return append(appendState(dst, w.state(w.signed)), '}')
	case llm.Thought:
		return w.foldThought(dst)
	case llm.Image:
		w.text = append(w.text, formats.PictureEnd...)
	}
	if len(w.text) > 0 {
		dst = append(w.next(dst), `text","text":"`...)
		dst = append(append(dst, w.text...), `"}`...)
	}
	if w.kind != llm.Refusal && !w.signed.Empty() {
		w.kind = llm.Text
		dst = w.foldAside(dst)
	}
	return dst
}

func (w *writer) foldThought(dst []byte) []byte {
	shown := w.text
	if w.Request.Reasoning.Hide {
		shown = nil
	}
	if len(shown) == 0 && w.signed.Empty() {
		return dst
	}
	dst = append(w.next(dst), `thinking","thinking":"`...)
	dst = append(append(dst, shown...), `","signature":`...)
	return append(appendState(dst, w.thought(w.signed)), '}')
}

// foldAside appends the signature of a call or a text, in a thought of its own.
func (w *writer) foldAside(dst []byte) []byte {
	dst = append(w.next(dst), `thinking","thinking":"","signature":`...)
	return append(appendState(dst, w.state(w.signed)), '}')
}

// next begins a block of the content.
func (w *writer) next(dst []byte) []byte {
	if w.index++; w.index > 1 {
		dst = append(dst, ',')
	}
	return append(dst, `{"type":"`...)
}

// appendInput appends the arguments of a call, which are collected as they
// stand in a string. They must be an object; what a model wrote that is none, or
// not all of one, stands in one.
func appendInput(dst, escaped []byte) []byte {
	if len(escaped) == 0 {
		return append(dst, "{}"...)
	}
	text := append(append(append(make(llm.Literal, 0, len(escaped)+2), '"'), escaped...), '"')
	args := bytes.TrimSpace(formats.Unescaped(text))
	switch {
	case len(args) == 0 || formats.IsNull(args):
		return append(dst, "{}"...)
	case args[0] == '{' && formats.Valid(args):
		return append(dst, args...)
	}
	return append(append(append(dst, `{"arguments":`...), text...), '}')
}
