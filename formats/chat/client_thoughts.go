package chat

import (
	"slices"
	"strings"

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
func (d *decoder) thoughts(msg *message, content, calls []llm.Part) (parts []llm.Part) {
	last, own := int64(-1), false // own is whether the last text is a copy
	byID := callsByID(msg, calls)
	n := 0
	for e := formats.ElementsOf(msg.details); e.Next() && n < mostParts; n++ {
		piece := detailOf(e.Value())
		switch {
		case !piece.Signature.Empty() && piece.Kind == llm.Sealed && attach(calls, byID, piece):
		case piece.Kind == llm.Sealed && piece.Signature.Empty():
		case piece.Kind == llm.Thought && len(parts) > 0 && piece.index >= 0 && piece.index == last && joins(&parts[len(parts)-1], piece, &own):
		default:
			parts = append(parts, piece.Part)
			last, own = piece.index, false
		}
	}
	if msg.details == nil && !slices.ContainsFunc(content, func(p llm.Part) bool { return isThought(p.Kind) }) {
		for e := formats.ElementsOf(msg.blocks); e.Next(); {
			if p, ok := thinkingBlock(e.Value()); ok {
				parts = append(parts, p)
			}
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
	case texts == 1 && silent >= 0 && parts[silent].Origin == llm.Anthropic:
		// the client kept the last piece only, and perhaps not all of the text
		// beside it; a thought whose text was kept from us has none there
		d.lose("reasoning_content")
		parts = slices.Delete(parts, silent, silent+1)
	case texts == 1 && silent >= 0:
		parts[silent].Text = msg.reasoning
	}
	return parts
}

// callsByID returns where the calls are, if there are pieces that may name them.
func callsByID(msg *message, calls []llm.Part) map[string]int {
	if msg.details == nil || len(calls) == 0 {
		return nil
	}
	byID := make(map[string]int, len(calls))
	for i := range calls {
		if !calls[i].ID.Empty() {
			byID[string(calls[i].ID)] = i
		}
	}
	return byID
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
			d.Origin = originOnce(formats.Decoded(formats.StringOf(v)))
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

// originOnce reads an origin that a client may have joined of several pieces.
func originOnce(s string) llm.Origin {
	for _, known := range [...]llm.Origin{llm.Anthropic, llm.Google, llm.OpenAI} {
		if strings.HasPrefix(s, string(known)) {
			return known
		}
	}
	return llm.Origin(s)
}

// attach gives sealed data to the call whose id it bears.
func attach(calls []llm.Part, byID map[string]int, d detail) bool {
	i, ok := byID[string(d.ID)]
	if ok && calls[i].Signature == nil {
		calls[i].Signature, calls[i].Origin = d.Signature, d.Origin
	}
	return ok
}

// joins adds a piece to the thought that it continues: a client that collects
// deltas may send them back as they came.
func joins(p *llm.Part, d detail, own *bool) bool {
	if p.Kind != llm.Thought || p.Signature != nil {
		return false
	}
	if !*own {
		p.Text, *own = append(make(llm.Literal, 0, 2*(len(p.Text)+len(d.Text))), p.Text...), true
	}
	p.Text = append(append(p.Text[:len(p.Text)-1], d.Text.Inner()...), '"')
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
