package messages

import (
	"bytes"
	"strconv"

	"github.com/aiclient2api/caddy-aiclient2api/formats"
	"github.com/aiclient2api/caddy-aiclient2api/llm"
)

// writer writes an answer, as events of a stream
// (https://docs.claude.com/en/docs/build-with-claude/streaming) or as a body.
//
// Anthropic's blocks are those of the neutral form, but a text or a thought
// begins with its first piece, since an empty one is refused when it comes back.
// What an answer can have and the protocol cannot say:
//
//   - Signatures of other vendors are wrapped and stand where Anthropic's
//     would. Calls and texts have no place for one: that of a call stands in an
//     empty thought before it, that of a text or an image in one right behind
//     it, whenever it came.
//   - A refusal is a text, an image is Markdown, as chat programs show it.
//   - A citation has to name a result of Anthropic's own search, by an index
//     that only its servers can read; others are left out.
//   - There is one answer to a request.
type writer struct {
	formats.Answer
	formats.Losses
	first   llm.Event // Start
	pending bool      // message_start is held back for the usage that goes into it
	usage   llm.Usage
	index   int // of the block that is open, or comes next

	kind   llm.Kind
	open   bool
	text   []byte // of the block, where it is needed later; escaped
	signed llm.Literal
	origin llm.Origin // that of signed
	sealed bool       // the open thought has its signature

	reason      llm.Reason
	explanation llm.Literal
}

// Encoder returns what writes one answer.
func (Client) Encoder(a formats.Answer) formats.Encoder { return &writer{Answer: a} }

// Append appends events. Why the answer ended is held back to its end, because
// it stands in one event with the usage.
func (w *writer) Append(dst []byte, events []llm.Event) []byte {
	for i := range events {
		ev := &events[i]
		switch ev.Step {
		case llm.Start:
			w.first, w.pending = *ev, true
		case llm.Stated:
			w.usage = ev.Usage
		case llm.Lost:
		case llm.Fail:
			w.pending = false
			dst = Client{}.AppendError(dst, ev.Err, true)
		case llm.End:
			dst = w.end(w.begin(dst))
		default:
			if w.leaveOut(ev); ev.Choice == 0 {
				dst = w.append(w.begin(dst), ev)
			}
		}
	}
	return w.begin(dst)
}

// leaveOut names what the protocol cannot say.
func (w *writer) leaveOut(ev *llm.Event) {
	switch {
	case ev.Choice > 0:
		w.Lose("choices")
	case ev.Step == llm.Cite:
		w.Lose("citations")
	case ev.Logprobs != nil:
		w.Lose("logprobs")
	case ev.Step == llm.Sign && w.kind == llm.Call:
		w.LoseIf(!ev.Signature.Empty(), "reasoning signature")
	}
}

// begin appends message_start once.
func (w *writer) begin(dst []byte) []byte {
	if !w.pending {
		return dst
	}
	w.pending = false
	dst = append(dst, "event: message_start\ndata: "+`{"type":"message_start","message":`...)
	dst = w.appendHead(dst, &w.first)
	dst = append(dst, `],"stop_reason":null,"stop_sequence":null,"usage":`...)
	dst = appendUsage(dst, w.usage, true)
	w.first = llm.Event{}
	return append(dst, "}}\n\n"...)
}

// end appends message_delta and message_stop.
func (w *writer) end(dst []byte) []byte {
	dst = append(dst, "event: message_delta\ndata: "+`{"type":"message_delta","delta":{`...)
	dst = w.appendReason(dst)
	dst = append(dst, `},"usage":`...)
	dst = appendUsage(dst, w.usage, false)
	return append(dst, "}\n\nevent: message_stop\ndata: {\"type\":\"message_stop\"}\n\n"...)
}

func (w *writer) append(dst []byte, ev *llm.Event) []byte {
	switch ev.Step {
	case llm.Open:
		return w.opened(dst, ev)
	case llm.Delta:
		return w.delta(dst, ev.Text)
	case llm.Sign:
		if ev.Signature.Empty() {
			return dst
		}
		w.origin = ev.Origin
		switch w.kind {
		case llm.Text, llm.Image:
			w.signed = append(w.signed[:0], ev.Signature...)
		case llm.Thought:
			w.sealed = true
			return w.sign(w.began(dst), w.thought(ev.Signature))
		}
	case llm.Close:
		if w.kind == llm.Thought && w.open && !w.sealed {
			dst = w.sign(dst, w.thought(nil))
		}
		if w.kind == llm.Image {
			dst = w.piece(dst, `text_delta","text":`, llm.Literal(`"`+formats.PictureEnd+`"`))
		}
		dst = w.closed(dst)
		if !w.signed.Empty() {
			w.kind = llm.Text
			return w.aside(dst, w.signed)
		}
	case llm.Finish:
		w.reason, w.explanation = ev.Reason, bytes.Clone(ev.Text)
	}
	return dst
}

// opened writes what is known of a block at its start.
func (w *writer) opened(dst []byte, ev *llm.Event) []byte {
	w.kind, w.text, w.signed, w.origin = ev.Kind, w.text[:0], w.signed[:0], ev.Origin
	w.sealed = false
	switch ev.Kind {
	case llm.Text:
		w.signed = append(w.signed, ev.Signature...)
	case llm.Call:
		if !ev.Signature.Empty() {
			dst = w.aside(dst, ev.Signature)
		}
		dst = append(w.start(dst), `tool_use","id":`...)
		dst = append(dst, callID.Legal(ev.ID)...)
		dst = append(append(dst, `,"name":`...), ev.Name...)
		dst = append(dst, `,"input":{}}}`+"\n\n"...)
	case llm.Sealed:
		dst = append(w.start(dst), `redacted_thinking","data":`...)
		dst = appendState(dst, w.state(ev.Signature))
		return w.closed(append(dst, "}}\n\n"...))
	case llm.Image:
		dst = w.deltaOf(w.began(dst), `text_delta","text":"`)
		dst = formats.AppendPicture(dst, ev.Name)
		w.signed = append(w.signed, ev.Signature...)
		return append(dst, "\"}}\n\n"...)
	}
	return dst
}

// delta writes a piece of the open block.
func (w *writer) delta(dst []byte, text llm.Literal) []byte {
	switch {
	case text.Empty():
		return dst
	case w.kind == llm.Call:
		return w.piece(dst, `input_json_delta","partial_json":`, text)
	case w.kind != llm.Thought:
		return w.piece(w.began(dst), `text_delta","text":`, text)
	case w.Request.Reasoning.Hide:
		w.text = append(w.text, text.Inner()...)
		return dst
	default:
		return w.piece(w.began(dst), `thinking_delta","thinking":`, text)
	}
}

// piece writes a delta of the open block.
func (w *writer) piece(dst []byte, kind string, text llm.Literal) []byte {
	return append(append(w.deltaOf(dst, kind), text...), "}}\n\n"...)
}

// deltaOf begins a delta of the open block; kind is its type and what follows
// that up to the value.
func (w *writer) deltaOf(dst []byte, kind string) []byte {
	dst = append(dst, "event: content_block_delta\ndata: "+`{"type":"content_block_delta","index":`...)
	dst = strconv.AppendInt(dst, int64(w.index), 10)
	return append(append(dst, `,"delta":{"type":"`...), kind...)
}

// start begins content_block_start.
func (w *writer) start(dst []byte) []byte {
	w.open = true
	dst = append(dst, "event: content_block_start\ndata: "+`{"type":"content_block_start","index":`...)
	dst = strconv.AppendInt(dst, int64(w.index), 10)
	return append(dst, `,"content_block":{"type":"`...)
}

// began opens a block of text or thought, if none is open.
func (w *writer) began(dst []byte) []byte {
	switch {
	case w.open:
		return dst
	case w.kind == llm.Thought:
		return append(w.start(dst), `thinking","thinking":"","signature":""}}`+"\n\n"...)
	default:
		return append(w.start(dst), `text","text":""}}`+"\n\n"...)
	}
}

// closed ends the open block, if there is one.
func (w *writer) closed(dst []byte) []byte {
	if !w.open {
		return dst
	}
	w.open = false
	dst = append(dst, "event: content_block_stop\ndata: "+`{"type":"content_block_stop","index":`...)
	dst = strconv.AppendInt(dst, int64(w.index), 10)
	w.index++
	return append(dst, "}\n\n"...)
}

// sign writes the signature of the open thought.
func (w *writer) sign(dst []byte, state llm.Part) []byte {
	dst = w.deltaOf(dst, `signature_delta","signature":`)
	return append(appendState(dst, state), "}}\n\n"...)
}

// aside writes the signature of a call or a text, in a thought of its own.
func (w *writer) aside(dst []byte, signature llm.Literal) []byte {
	state := w.state(signature)
	w.kind = llm.Thought
	dst = w.closed(w.sign(w.began(dst), state))
	w.kind = state.Kind
	return dst
}

// Interface guards
var (
	_ formats.Speaker = Client{}
	_ formats.Counter = Client{}
)
