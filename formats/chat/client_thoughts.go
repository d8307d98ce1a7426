package chat

import (
	"github.com/aiclient2api/caddy-aiclient2api/formats"
	"github.com/aiclient2api/caddy-aiclient2api/llm"
)

// OpenAI's protocol has no place for reasoning. Customary are:
//
//   - reasoning_content (DeepSeek's; OpenRouter calls it reasoning): its text;
//   - reasoning_details (OpenRouter's): a list of pieces that must come back
//     unchanged, signatures and sealed data among them, each with the origin
//     in "format" (https://openrouter.ai/docs/use-cases/reasoning-tokens);
//   - extra_content.google.thought_signature on a call or a message (Google's).
//
// We write all three and read them, and thinking_blocks (LiteLLM's, in
// Anthropic's form), back.

// thoughts reads the reasoning of an assistant's message. A sealed piece that
// names a call is that call's signature.
func thoughts(msg *message, calls []llm.Part) (parts []llm.Part) {
	last := int64(-1)
	for e := formats.ElementsOf(msg.details); e.Next(); {
		d := detailOf(e.Value())
		switch {
		case !d.Signature.Empty() && d.Kind == llm.Sealed && attach(calls, d):
		case d.Kind == llm.Sealed && d.Signature.Empty():
		case d.Kind == llm.Thought && len(parts) > 0 && d.index >= 0 && d.index == last && joins(&parts[len(parts)-1], d):
		default:
			parts = append(parts, d.Part)
			last = d.index
		}
	}
	for e := formats.ElementsOf(msg.blocks); e.Next(); {
		if p, ok := thinkingBlock(e.Value()); ok && msg.details == nil {
			parts = append(parts, p)
		}
	}
	if msg.reasoning.Empty() {
		return parts
	}
	texts, silent := 0, -1
	for i := range parts {
		if parts[i].Kind == llm.Thought {
			texts++
			if parts[i].Text.Empty() {
				silent = i
			}
		}
	}
	switch {
	case texts == 0:
		parts = append(parts, llm.Part{Kind: llm.Thought, Text: msg.reasoning, At: -1})
	case texts == 1 && silent >= 0:
		// a signature without its text may also be one whose text the
		// provider kept for itself; then there was no reasoning_content
		parts[silent].Text = msg.reasoning
	}
	return parts
}

// detail is an element of reasoning_details.
type detail struct {
	llm.Part
	index int64
}

func detailOf(v []byte) detail {
	d := detail{Part: llm.Part{Kind: llm.Thought, Text: llm.Literal(`""`), At: -1}, index: -1}
	for m := formats.MembersOf(v); m.Next(); {
		v := m.Value()
		switch string(m.Key) {
		case "type":
			if string(v) == `"reasoning.encrypted"` {
				d.Kind = llm.Sealed
			}
		case "text", "summary":
			if s := formats.StringOf(v); s != nil {
				d.Text = s
			}
		case "signature", "data":
			if s := formats.StringOf(v); s != nil {
				d.Signature = s
			}
		case "format":
			d.Origin = llm.Origin(formats.Decoded(formats.StringOf(v)))
		case "id":
			d.ID = formats.StringOf(v)
		case "index":
			if n, ok := formats.Int(v); ok {
				d.index = n
			}
		}
	}
	if d.Kind == llm.Sealed {
		d.Text = nil
	}
	return d
}

// attach gives sealed data to the call whose id it bears.
func attach(calls []llm.Part, d detail) bool {
	for i := range calls {
		if !d.ID.Empty() && string(calls[i].ID) == string(d.ID) {
			if calls[i].Signature == nil {
				calls[i].Signature, calls[i].Origin = d.Signature, d.Origin
			}
			return true
		}
	}
	return false
}

// joins adds a piece to the thought that it continues: a client that collects
// deltas may send them back as they came.
func joins(p *llm.Part, d detail) bool {
	if p.Kind != llm.Thought || p.Signature != nil {
		return false
	}
	joined := append(llm.Literal(nil), p.Text[:len(p.Text)-1]...)
	p.Text = append(append(joined, d.Text.Inner()...), '"')
	p.Signature = d.Signature
	if p.Origin == "" {
		p.Origin = d.Origin
	}
	return true
}

// thinkingBlock reads a block in Anthropic's form.
func thinkingBlock(v []byte) (llm.Part, bool) {
	p := llm.Part{Origin: llm.Anthropic, Text: llm.Literal(`""`), At: -1}
	for m := formats.MembersOf(v); m.Next(); {
		v := m.Value()
		switch string(m.Key) {
		case "type":
			switch string(v) {
			case `"thinking"`:
				p.Kind = llm.Thought
			case `"redacted_thinking"`:
				p.Kind = llm.Sealed
			}
		case "thinking":
			if s := formats.StringOf(v); s != nil {
				p.Text = s
			}
		case "signature", "data":
			p.Signature = formats.StringOf(v)
		}
	}
	if p.Signature.Empty() {
		p.Signature, p.Origin = nil, ""
	}
	if p.Kind == llm.Sealed {
		p.Text = nil
	}
	return p, p.Kind == llm.Thought || p.Kind == llm.Sealed && p.Signature != nil
}
