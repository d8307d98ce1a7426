package chat

import (
	"github.com/aiclient2api/caddy-aiclient2api/formats"
	"github.com/aiclient2api/caddy-aiclient2api/llm"
)

// content reads the content of a delta or a message: a text, or what dialects
// put in its place, a list of parts or an object.
func (d *reader) content(n int, c *alternative, v []byte, tokens []llm.TokenLogprob) {
	if len(v) == 0 {
		v = []byte(`""`)
	}
	switch v[0] {
	case '"':
		text := d.literal(v)
		if !text.Empty() || tokens != nil && c.open && c.kind == llm.Text {
			d.talk(n, c, text, tokens)
		}
	case '[':
		e := formats.ElementsOf(v)
		for d.next(&e) {
			d.part(n, c, e.Value())
		}
		if e.Err() != nil && !d.failed {
			d.unreadable()
		}
	case '{':
		if formats.Member(v, "type") != nil {
			d.part(n, c, v)
			return
		}
		if !formats.Valid(v) { // the walk has bounded its depth
			d.unreadable()
			return
		}
		d.talk(n, c, formats.AppendQuoted(nil, v), nil)
	}
}

// part reads a part of a content. Mistral's models think in one
// (https://docs.mistral.ai/capabilities/reasoning/).
func (d *reader) part(n int, c *alternative, v []byte) {
	if v[0] == '"' {
		if text := d.literal(v); !text.Empty() {
			d.talk(n, c, text, nil)
		}
		return
	}
	var kind, text, thinking, refusal []byte
	m := formats.MembersOf(v)
	for m.Next() {
		switch string(m.Key) {
		case "type":
			kind = m.Value()
		case "text":
			text = m.Value()
		case "thinking":
			thinking = m.Value()
		case "refusal":
			refusal = m.Value()
		}
	}
	if m.Err != nil {
		d.unreadable()
		return
	}
	switch string(kind) {
	case `"text"`, `"output_text"`:
		if l := d.literal(text); !l.Empty() {
			d.talk(n, c, l, nil)
		}
	case `"thinking"`:
		if l := d.literal(thinking); !l.Empty() {
			d.speak(n, c, llm.Thought, l)
		}
		for e := formats.ElementsOf(thinking); d.next(&e); {
			if l := d.literal(formats.Member(e.Value(), "text")); !l.Empty() {
				d.speak(n, c, llm.Thought, l)
			}
		}
	case `"refusal"`:
		if l := d.literal(refusal); !l.Empty() {
			d.speak(n, c, llm.Refusal, l)
		}
	case `"image_url"`:
		d.image(n, c, v)
	default:
		d.lose(lostContent, "content")
	}
}

// reasoned reads the reasoning: its text, and what signs or seals it.
// OpenRouter says the text twice.
func (d *reader) reasoned(n int, c *alternative, s *said) {
	if s.reasoning == nil && s.details == nil {
		return
	}
	text := d.literal(s.reasoning)
	if hasText(s.details) {
		text = nil // which is that of the details, all of it in one
	}
	if !text.Empty() {
		var origin llm.Origin
		if e := formats.ElementsOf(s.details); e.Next() {
			origin = originOf(formats.Member(e.Value(), "format"))
		}
		d.think(n, c, text, origin)
	}
	if s.details == nil || s.details[0] != '[' {
		return
	}
	var calls map[string]bool // by their ids, which sealed data of theirs bears
	e := formats.ElementsOf(s.details)
	for d.next(&e) {
		p := pieceOf(d, e.Value())
		if p.sealed && calls == nil && s.calls != nil {
			calls = idsOf(s.calls)
		}
		switch {
		case p.sealed && p.secret.Empty():
		case p.sealed && p.origin == "":
			d.lose(lostSignature, "reasoning signature")
		case p.sealed && calls[string(p.id)]:
		case p.sealed:
			d.settle(n, c, true)
			d.open(n, c, llm.Event{Kind: llm.Sealed, ID: p.id, Signature: p.secret, Origin: p.origin})
			d.close(n, c)
		default:
			if text.Empty() && !p.text.Empty() {
				d.think(n, c, p.text, p.origin)
			}
			d.sign(n, c, p.secret, p.origin)
		}
	}
	if e.Err() != nil && !d.failed {
		d.unreadable()
	}
}

// hasText reports whether elements of reasoning_details have the text of thoughts.
func hasText(details []byte) bool {
	for e := formats.ElementsOf(details); e.Next(); {
		for m := formats.MembersOf(e.Value()); m.Next(); {
			if name := string(m.Key); (name == "text" || name == "summary") && len(m.Value()) > 2 && !formats.IsNull(m.Value()) {
				return true
			}
		}
	}
	return false
}

// think adds a piece of a thought, whose origin is known before its signature.
func (d *reader) think(n int, c *alternative, text llm.Literal, origin llm.Origin) {
	if !c.open || c.kind != llm.Thought || c.signed {
		d.settle(n, c, true)
		d.open(n, c, llm.Event{Kind: llm.Thought, Origin: origin})
	}
	d.delta(n, text)
}

// sign signs the open thought; one whose text the provider keeps to itself is
// opened for it.
func (d *reader) sign(n int, c *alternative, signature llm.Literal, origin llm.Origin) {
	if signature.Empty() {
		return
	}
	if origin == "" {
		d.lose(lostSignature, "reasoning signature")
		return
	}
	if !c.open || c.kind != llm.Thought || c.signed {
		d.settle(n, c, true)
		d.open(n, c, llm.Event{Kind: llm.Thought, Origin: origin})
	}
	d.emit(llm.Event{Step: llm.Sign, Choice: n, Signature: signature, Origin: origin})
	c.signed = true
}

// signText gives Google's signature of a message to its text.
func (d *reader) signText(n int, c *alternative, signature llm.Literal) {
	if signature.Empty() {
		return
	}
	if !c.open || c.kind != llm.Text {
		d.settle(n, c, true)
		d.open(n, c, llm.Event{Kind: llm.Text})
	}
	d.emit(llm.Event{Step: llm.Sign, Choice: n, Signature: signature, Origin: llm.Google})
}

// reasonPiece is an element of reasoning_details
// (https://openrouter.ai/docs/use-cases/reasoning-tokens#reasoning_details-array-structure).
type reasonPiece struct {
	sealed           bool
	text, secret, id llm.Literal
	origin           llm.Origin
}

func pieceOf(d *reader, v []byte) (p reasonPiece) {
	for m := formats.MembersOf(v); m.Next(); {
		switch v := m.Value(); string(m.Key) {
		case "type":
			p.sealed = string(v) == `"reasoning.encrypted"`
		case "text", "summary":
			p.text = d.literal(v)
		case "signature", "data":
			p.secret = d.literal(v)
		case "id":
			p.id = d.literal(v)
		case "format":
			p.origin = originOf(v)
		}
	}
	return p
}

// originOf reads whose format a signature has, "" for nobody's that we know.
func originOf(v []byte) llm.Origin {
	for _, o := range [...]llm.Origin{llm.Anthropic, llm.Google, llm.OpenAI} {
		if len(v) == len(o)+2 && string(v[1:len(v)-1]) == string(o) {
			return o
		}
	}
	return ""
}

// idsOf returns the ids of a list of calls.
func idsOf(calls []byte) map[string]bool {
	ids := make(map[string]bool)
	for e := formats.ElementsOf(calls); len(ids) < maxPieces && e.Next(); {
		if id := llm.Literal(formats.Member(e.Value(), "id")); !id.Empty() {
			ids[string(id)] = true
		}
	}
	return ids
}

// seal is sealed data, and whose it is.
type seal struct {
	data   llm.Literal
	origin llm.Origin
}

// sealsOf returns the sealed data that names calls, by their ids: their
// signatures. The first of an id counts.
func sealsOf(details []byte) map[string]seal {
	seals := make(map[string]seal)
	for e := formats.ElementsOf(details); len(seals) < maxPieces && e.Next(); {
		v := e.Value()
		if string(formats.Member(v, "type")) != `"reasoning.encrypted"` {
			continue
		}
		id, origin := formats.Member(v, "id"), originOf(formats.Member(v, "format"))
		if _, known := seals[string(id)]; !known && origin != "" {
			seals[string(id)] = seal{formats.AsLiteral(formats.Member(v, "data")), origin}
		}
	}
	return seals
}
