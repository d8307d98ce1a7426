package responses

import (
	"bytes"
	"strconv"

	"github.com/aiclient2api/caddy-aiclient2api/formats"
	"github.com/aiclient2api/caddy-aiclient2api/llm"
)

// blankLine stands between two parts of a summary, each of which has a title.
var blankLine = llm.Literal(`"\n\n"`)

// literal takes a text, nil for what is none. A text that is not valid ends
// the answer.
func (d *reader) literal(v []byte) llm.Literal {
	if len(v) == 0 || v[0] != '"' {
		return nil
	}
	l := formats.AsLiteral(v)
	if l == nil {
		d.unreadable()
	}
	return l
}

// piece takes a piece of a text, or all of it at its end, which counts if there
// were no pieces.
func (d *reader) piece(h *happening, b being, kind llm.Kind) {
	i := d.find(h.index, b)
	if i < 0 {
		return
	}
	s := &d.speakers[i]
	part := max(h.part, 0)
	if b == aThought {
		if source := sourceOf(h.step); s.source == stepOther {
			s.source = source
		} else if s.source != source {
			return
		}
	}
	switch h.step {
	case stepTextDone, stepRefusalDone, stepSummaryDone, stepThoughtDone:
		if s.part != part {
			d.talk(i, kind, part, d.literal(h.text), logprobs(h.logprobs))
		}
		d.speakers[i].rest = true
	default:
		d.talk(i, kind, part, d.literal(h.delta), logprobs(h.logprobs))
	}
}

// sourceOf tells a summary from the reasoning itself.
func sourceOf(s step) step {
	if s == stepSummary || s == stepSummaryDone {
		return stepSummary
	}
	return stepThought
}

// talk says a piece of a part of the i-th item.
func (d *reader) talk(i int, kind llm.Kind, part int64, text llm.Literal, tokens []llm.TokenLogprob) {
	s := &d.speakers[i]
	same := s.open && s.kind == kind
	if d.failed || text == nil || text.Empty() && (tokens == nil || !same) {
		return
	}
	switch {
	case same && s.part == part:
	case same && kind == llm.Thought:
		d.put(i, llm.Event{Step: llm.Delta, Text: blankLine})
	default:
		e := llm.Event{Kind: kind}
		if kind == llm.Thought && s.sealed {
			e.Origin = d.origin
		}
		d.open(i, e)
	}
	s.part, s.rest = part, false
	d.put(i, llm.Event{Step: llm.Delta, Text: text, Logprobs: tokens})
}

// arguments takes a piece of the arguments of a call. What there is of one that
// has no name yet comes at its end again.
func (d *reader) arguments(h *happening) {
	i := d.find(h.index, aCall)
	if i < 0 || !d.speakers[i].named {
		return
	}
	s := &d.speakers[i]
	if h.step == stepArgumentsDone || h.step == stepInputDone {
		d.argue(i, h.arguments)
		s.rest = true
	} else if text := d.literal(h.delta); !text.Empty() {
		s.part = 0
		d.put(i, llm.Event{Step: llm.Delta, Text: text})
	}
}

// argue says all arguments of a call that said none. Some servers send the
// object.
func (d *reader) argue(i int, v []byte) {
	if d.speakers[i].part >= 0 || len(v) == 0 {
		return
	}
	text := d.literal(v)
	if v[0] == '{' {
		if !formats.Valid(v) {
			d.unreadable()
			return
		}
		text = formats.AppendQuoted(nil, v)
	}
	if !text.Empty() {
		d.speakers[i].part = 0
		d.put(i, llm.Event{Step: llm.Delta, Text: text})
	}
}

// added takes the start of an item.
func (d *reader) added(h *happening) {
	p, ok := readProduct(h.item)
	if !ok {
		d.unreadable()
		return
	}
	d.enter(h.index, &p)
}

// enter begins an item, -1 if it cannot.
func (d *reader) enter(index int64, p *product) int {
	i := d.join(index, d.beingOf(p), p.id)
	if i < 0 {
		return i
	}
	switch s := &d.speakers[i]; s.being {
	case aThought:
		s.sealed = d.origin != "" && len(p.sealed) > len(`""`)
	case aCall:
		d.name(i, p)
	}
	return i
}

// beingOf tells what an item is.
func (d *reader) beingOf(p *product) being {
	switch string(p.kind) {
	case `"message"`:
		return aMessage
	case `"reasoning"`:
		return aThought
	case `"function_call"`:
		return aCall
	case `"custom_tool_call"`:
		if d.offered(p.name) {
			return aCall
		}
	}
	return aHosted
}

// offered reports whether a tool that takes a plain text is one of the client's:
// xAI shows its own so. The names are looked up in what was sent once.
func (d *reader) offered(name []byte) bool {
	if d.sent == nil || len(d.sent.Body) == 0 {
		return true
	}
	if d.tools == nil {
		d.tools = make(map[string]bool)
		for e := formats.ElementsOf(formats.Member(d.sent.Body, "tools")); e.Next(); {
			d.tools[string(formats.Member(e.Value(), "name"))] = true
		}
	}
	return d.tools[string(name)]
}

// name opens a call, if its name is known.
func (d *reader) name(i int, p *product) {
	s := &d.speakers[i]
	name := d.literal(p.name)
	if name.Empty() || s.named {
		return
	}
	id := d.literal(p.callID)
	if id.Empty() {
		id = d.literal(p.id)
	}
	if id.Empty() {
		d.made++
		id = llm.Literal(`"call_` + d.id + "_" + strconv.Itoa(d.made) + `"`)
	}
	if d.failed {
		return
	}
	s.named = true
	d.calls++
	d.open(i, llm.Event{Kind: llm.Call, ID: id, Name: name})
}

// completed takes the end of an item, with all of it.
func (d *reader) completed(h *happening) {
	p, ok := readProduct(h.item)
	if !ok {
		d.unreadable()
		return
	}
	being, at := d.beingOf(&p), -1
	for i := len(d.speakers) - 1; i >= 0 && at < 0; i-- {
		s := &d.speakers[i]
		switch same := bytes.Equal(s.id, p.id); {
		case s.being != being || h.index >= 0 && s.index != h.index || h.index < 0 && !same:
		case s.done && same:
			return // again
		case !s.done:
			at = i
		}
	}
	if at < 0 {
		at = d.enter(h.index, &p)
	}
	if at >= 0 {
		d.fill(at, &p)
	}
}

// all reads the items of a body.
func (d *reader) all(list []byte) {
	e := formats.ElementsOf(list)
	for index := int64(0); e.Next() && !d.failed; index++ {
		p, ok := readProduct(e.Value())
		if !ok {
			d.unreadable()
			return
		}
		if i := d.enter(index, &p); i >= 0 {
			d.fill(i, &p)
		}
	}
	if e.Err() != nil && list != nil {
		d.unreadable()
	}
}

// fill says what was not said yet of an item that is complete.
func (d *reader) fill(i int, p *product) {
	switch s := &d.speakers[i]; s.being {
	case aMessage:
		d.message(i, p.content)
	case aThought:
		d.thought(i, p)
	case aCall:
		d.name(i, p)
		if d.speakers[i].named {
			args := p.arguments
			if args == nil {
				args = p.input
			}
			d.argue(i, args)
		} else {
			d.lose(lostCall, "a call without a name")
		}
	case aHosted:
		if string(p.kind) != `"image_generation_call"` || !d.image(i, p) {
			d.lose(lostHosted, "hosted tools")
		}
	}
	d.finish(i)
}

// message says the parts of a message.
func (d *reader) message(i int, list []byte) {
	s := &d.speakers[i]
	said, cited := s.said, s.cited
	e := formats.ElementsOf(list)
	for part := int64(0); e.Next() && !d.failed; part++ {
		var kind, text, refusal, annotations, probs []byte
		m := formats.MembersOf(e.Value())
		for m.Next() {
			switch v := m.Value(); string(m.Key) {
			case "type":
				kind = v
			case "text":
				text = v
			case "refusal":
				refusal = v
			case "annotations":
				annotations = v
			case "logprobs":
				probs = v
			}
		}
		switch string(kind) {
		case `"output_text"`, `"text"`:
			if !said {
				d.talk(i, llm.Text, part, d.literal(text), logprobs(probs))
			}
			if cited {
				continue
			}
			for e := formats.ElementsOf(annotations); e.Next() && !d.failed; {
				d.cite(i, e.Value(), s.part == part)
			}
		case `"refusal"`:
			if !said {
				d.talk(i, llm.Refusal, part, d.literal(refusal), nil)
			}
		default:
			d.lose(lostContent, "content")
		}
	}
	if e.Err() != nil && list != nil && !d.failed {
		d.unreadable()
	}
}

// thought says reasoning, and signs it with what seals it. Where there is both,
// the reasoning itself counts before its summary.
func (d *reader) thought(i int, p *product) {
	s := &d.speakers[i]
	for _, list := range [...][]byte{p.content, p.summary} {
		if s.said {
			break
		}
		e := formats.ElementsOf(list)
		for part := int64(0); e.Next() && !d.failed; part++ {
			d.talk(i, llm.Thought, part, d.literal(formats.Member(e.Value(), "text")), nil)
		}
	}
	seal := d.literal(p.sealed)
	switch {
	case seal.Empty():
	case d.origin == "":
		d.lose(lostSignature, "reasoning signature")
	case s.open:
		d.put(i, llm.Event{Step: llm.Sign, Signature: seal, Origin: d.origin})
	default:
		d.open(i, llm.Event{Kind: llm.Sealed, Signature: seal, Origin: d.origin})
	}
}

// image says an image that a tool of the provider's own made
// (https://platform.openai.com/docs/guides/tools-image-generation). ok is false
// if its data is not there.
func (d *reader) image(i int, p *product) (ok bool) {
	data := d.literal(p.result)
	if data.Empty() || !formats.IsBase64(data.Inner()) {
		return false
	}
	kind := formats.Sniff(data.Inner())
	if format := d.literal(p.format); kind == "" && !format.Empty() {
		kind = "image/" + formats.Decoded(format)
	} else if kind == "" {
		kind = "image/png"
	}
	d.open(i, llm.Event{Kind: llm.Image, Name: formats.Encoded(kind)})
	d.put(i, llm.Event{Step: llm.Delta, Text: data})
	return true
}
