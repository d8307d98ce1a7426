package responses

import (
	"github.com/aiclient2api/caddy-aiclient2api/formats"
	"github.com/aiclient2api/caddy-aiclient2api/llm"
)

// Reasoning is an item that stands before what it led to
// (https://platform.openai.com/docs/guides/reasoning#encrypted-reasoning-items).
// Its encrypted_content is OpenAI's own, or wraps the state of another vendor:
// thoughts with their signatures, or the signature of the call or text behind it.

// thought reads a reasoning item. said is whether it stands right behind a
// message of the assistant.
func (d *decoder) thought(it *item, said bool) {
	if parts, ok := formats.Carried(it.encrypted); ok {
		d.carried(it.at, parts, said)
		return
	}
	p := llm.Part{Kind: llm.Thought, Text: texts(it.content), At: -1}
	if p.Text.Empty() {
		p.Text = texts(it.summary)
	}
	switch {
	case !it.encrypted.Empty():
		p.Signature, p.Origin = it.encrypted, llm.OpenAI
		if p.Text.Empty() {
			p.Kind, p.Text = llm.Sealed, nil
		}
	case p.Text.Empty():
		return
	}
	d.turn(llm.Assistant, it.at, []llm.Part{p})
}

// carried takes unwrapped state. The signature of a text that stands in front
// of it, where it came last, becomes one of an empty text: Google takes both.
func (d *decoder) carried(at int, parts []llm.Part, said bool) {
	var turn []llm.Part
	for _, p := range parts {
		p.At = -1
		switch {
		case p.Kind == llm.Call || p.Kind == llm.Text && !said:
			if len(d.signed) < mostSigned {
				d.signed = append(d.signed, p)
			}
		default:
			if p.Kind == llm.Text {
				p.Text = llm.Literal(`""`)
			}
			turn = append(turn, p)
		}
	}
	if turn != nil {
		d.turn(llm.Assistant, at, turn)
	}
}

// signature takes the next signature that waits for a part of that kind.
func (d *decoder) signature(kind llm.Kind) (llm.Part, bool) {
	for i, p := range d.signed {
		if p.Kind == kind {
			d.signed = append(d.signed[:i], d.signed[i+1:]...)
			return p, true
		}
	}
	return llm.Part{}, false
}

// sign gives the first text of a message the signature that waits for it.
func (d *decoder) sign(parts []llm.Part) []llm.Part {
	if len(d.signed) == 0 {
		return parts
	}
	for i := range parts {
		if parts[i].Kind == llm.Text {
			if s, ok := d.signature(llm.Text); ok {
				parts[i].Signature, parts[i].Origin = s.Signature, s.Origin
			}
			break
		}
	}
	return parts
}

// texts joins the texts of a list of parts. A paragraph lies between two.
func texts(list []byte) llm.Literal {
	var first llm.Literal
	var joined []byte
	for e := formats.ElementsOf(list); e.Next(); {
		text := formats.StringOf(formats.Member(e.Value(), "text"))
		switch {
		case text.Empty():
		case first == nil:
			first = text
		default:
			if joined == nil {
				joined = append(joined, first[:len(first)-1]...)
			}
			joined = append(append(joined, `\n\n`...), text.Inner()...)
		}
	}
	if joined != nil {
		return append(joined, '"')
	}
	return first
}
