package messages

import (
	"strconv"

	"github.com/aiclient2api/caddy-aiclient2api/formats"
	"github.com/aiclient2api/caddy-aiclient2api/llm"
)

// The pieces that a stream and a body have in common.

// appendHead appends a message up to its content, whose bracket is open
// (https://docs.claude.com/en/api/messages#response-id).
func (w *writer) appendHead(dst []byte, start *llm.Event) []byte {
	dst = append(dst, `{"id":`...)
	if start.ID.Empty() {
		dst = formats.AppendString(dst, "msg_"+w.ID)
	} else {
		dst = append(dst, start.ID...)
	}
	dst = append(dst, `,"type":"message","role":"assistant","model":`...)
	if start.Name.Empty() {
		dst = formats.AppendString(dst, w.Model)
	} else {
		dst = append(dst, start.Name...)
	}
	return append(dst, `,"content":[`...)
}

// appendReason appends why the answer ended
// (https://docs.claude.com/en/docs/build-with-claude/handling-stop-reasons).
// Which stop sequence it came to, if any, other providers do not tell.
func (w *writer) appendReason(dst []byte) []byte {
	dst = append(dst, `"stop_reason":"`...)
	switch w.reason {
	case llm.Length:
		dst = append(dst, "max_tokens"...)
	case llm.Calls:
		dst = append(dst, "tool_use"...)
	case llm.Filtered:
		dst = append(dst, "refusal"...)
	default:
		dst = append(dst, "end_turn"...)
	}
	dst = append(dst, `","stop_sequence":null`...)
	if w.reason == llm.Filtered && !w.explanation.Empty() {
		dst = append(dst, `,"stop_details":{"type":"refusal","category":null,"explanation":`...)
		dst = append(append(dst, w.explanation...), '}')
	}
	return dst
}

// appendUsage appends a usage object. What was read from a prompt cache and
// written to one is no part of input_tokens. full is whether it must have both
// numbers of tokens: then one that is not known is 0, as the protocol wants it.
func appendUsage(dst []byte, u llm.Usage, full bool) []byte {
	dst = append(dst, '{')
	if full || u.Input.Known {
		dst = append(dst, `"input_tokens":`...)
		dst = strconv.AppendInt(dst, max(u.Input.N-u.Cached.N-u.Written.N, 0), 10)
		dst = append(dst, ',')
	}
	if u.Written.Known {
		dst = append(dst, `"cache_creation_input_tokens":`...)
		dst = strconv.AppendInt(dst, u.Written.N, 10)
		dst = append(dst, ',')
	}
	if u.Cached.Known {
		dst = append(dst, `"cache_read_input_tokens":`...)
		dst = strconv.AppendInt(dst, u.Cached.N, 10)
		dst = append(dst, ',')
	}
	dst = append(dst, `"output_tokens":`...)
	dst = strconv.AppendInt(dst, u.Output.N, 10)
	if u.Reasoning.Known {
		dst = append(dst, `,"output_tokens_details":{"thinking_tokens":`...)
		dst = strconv.AppendInt(dst, u.Reasoning.N, 10)
		dst = append(dst, '}')
	}
	return append(dst, '}')
}

// state is the opaque state of the current block.
func (w *writer) state(signature llm.Literal) llm.Part {
	return llm.Part{Kind: w.kind, Origin: w.origin, Signature: signature}
}

// thought is the state of a thought. Its text stands in the block as a rule;
// the text of one that the client does not want to see goes with the signature,
// since its origin may want to see it again.
func (w *writer) thought(signature llm.Literal) llm.Part {
	p := w.state(signature)
	if len(w.text) > 0 && w.Request.Reasoning.Hide && p.Origin != llm.Anthropic {
		p.Text = append(append(append(p.Text, '"'), w.text...), '"')
	}
	return p
}

// appendState appends state as a string: Anthropic's own as it is, others'
// wrapped. So is the state of a thought that nobody signed, which Anthropic would
// refuse, and which is told from its own by that.
func appendState(dst []byte, p llm.Part) []byte {
	if p.Origin == llm.Anthropic && !p.Signature.Empty() && (p.Kind == llm.Thought || p.Kind == llm.Sealed) {
		return append(dst, p.Signature...)
	}
	return append(formats.AppendCarried(append(dst, '"'), p), '"')
}
