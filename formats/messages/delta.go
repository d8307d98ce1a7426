package messages

import (
	"bytes"

	"github.com/aiclient2api/caddy-aiclient2api/formats"
	"github.com/aiclient2api/caddy-aiclient2api/llm"
)

// delta reads a piece of a block.
func (d *decoder) delta(dst []llm.Event, e event) []llm.Event {
	var kind, text, thinking, arguments, signature, citation []byte
	m := formats.MembersOf(e.delta)
	for m.Next() {
		switch v := m.Value(); string(m.Key) {
		case "type":
			kind = v
		case "text":
			text = v
		case "thinking":
			thinking = v
		case "partial_json":
			arguments = v
		case "signature":
			signature = v
		case "citation":
			citation = v
		}
	}
	if m.Err != nil {
		return d.fail(dst, broken("the provider's stream held a delta that cannot be read"))
	}
	index := e.index
	if index < 0 {
		index = d.index
	}
	switch string(kind) {
	case `"text_delta"`:
		return d.piece(dst, index, llm.Text, text)
	case `"thinking_delta"`:
		return d.piece(dst, index, llm.Thought, thinking)
	case `"input_json_delta"`:
		return d.piece(dst, index, llm.Call, arguments)
	case `"signature_delta"`:
		return d.sign(dst, index, signature)
	case `"citations_delta"`:
		return d.cite(dst, index, citation)
	}
	return dst
}

// usual reads a delta that is written as Anthropic's servers write nearly all of
// a stream, without looking for its members one by one. ok is false for any
// other, which says nothing about it.
func usual(data []byte) (index int64, kind llm.Kind, text llm.Literal, ok bool) {
	rest, ok := bytes.CutPrefix(data, []byte(`{"type":"content_block_delta","index":`))
	if !ok {
		return 0, 0, nil, false
	}
	digits := 0
	for ; digits < len(rest) && digits < 6 && rest[digits]-'0' <= 9; digits++ {
		index = 10*index + int64(rest[digits]-'0')
	}
	if rest, ok = bytes.CutPrefix(rest[digits:], []byte(`,"delta":{"type":"`)); !ok || digits == 0 {
		return 0, 0, nil, false
	}
	for _, piece := range [...]struct {
		member string
		kind   llm.Kind
	}{
		{`text_delta","text":`, llm.Text},
		{`thinking_delta","thinking":`, llm.Thought},
		{`input_json_delta","partial_json":`, llm.Call},
	} {
		value, found := bytes.CutPrefix(rest, []byte(piece.member))
		if !found {
			continue
		}
		text, end, ok := formats.CutLiteral(value)
		if !ok || len(end) < 2 || end[0] != '}' {
			break
		}
		for end = end[1:]; end[0] == ' ' && len(end) > 1; { // they pad
			end = end[1:]
		}
		return index, piece.kind, text, string(end) == "}"
	}
	return 0, 0, nil, false
}

// piece appends a piece of a block's text, or of a call's arguments.
func (d *decoder) piece(dst []llm.Event, index int64, kind llm.Kind, value []byte) []llm.Event {
	if blank(value) {
		return dst
	}
	text := formats.AsLiteral(value)
	if text == nil {
		return d.fail(dst, broken("the provider's answer held a text that is not valid JSON"))
	}
	return d.say(dst, index, kind, text)
}

func (d *decoder) say(dst []llm.Event, index int64, kind llm.Kind, text llm.Literal) []llm.Event {
	dst, ok := d.at(dst, index, kind)
	if !ok {
		return dst
	}
	d.pieces = true
	return llm.AppendDelta(dst, 0, text)
}

// at goes to the block of that index and kind, to which a delta belongs; ok is
// false if that is one of a hosted tool, or none. A block that no event has
// opened, or that another has closed, is opened (old recordings have no
// content_block_start), but for a call: pieces of arguments without what they
// belong to cannot be handed on.
func (d *decoder) at(dst []llm.Event, index int64, kind llm.Kind) (events []llm.Event, ok bool) {
	switch {
	case d.open && d.index == index && d.hosted:
		return dst, false
	case d.open && d.index == index && d.kind == kind:
		return dst, true
	case kind == llm.Call && d.calls > 0:
		return d.fail(dst, broken("the provider's stream held arguments of a call that is not open")), false
	case kind == llm.Call:
		return dst, false
	}
	return d.openAs(d.close(dst), index, kind), true
}

// sign appends the signature of a thought.
func (d *decoder) sign(dst []llm.Event, index int64, value []byte) []llm.Event {
	if blank(value) || d.failed {
		return dst
	}
	signature := formats.AsLiteral(value)
	if signature == nil {
		return d.fail(dst, broken("the provider's answer held a signature that is not valid JSON"))
	}
	dst, ok := d.at(dst, index, llm.Thought)
	if !ok {
		return dst
	}
	return append(dst, llm.Event{Step: llm.Sign, Signature: signature, Origin: llm.Anthropic})
}

// cite appends a citation. One of a document of the request has no address and
// is lost (https://docs.claude.com/en/docs/build-with-claude/citations).
func (d *decoder) cite(dst []llm.Event, index int64, object []byte) []llm.Event {
	var c llm.Citation
	var source llm.Literal
	m := formats.MembersOf(object)
	for m.Next() {
		switch v := formats.AsLiteral(m.Value()); string(m.Key) {
		case "url":
			c.URL = v
		case "source": // of a search result of the request
			source = v
		case "title":
			c.Title = v
		case "cited_text":
			c.Quote = v
		}
	}
	if m.Err != nil {
		return d.fail(dst, broken("the provider's answer held a citation that cannot be read"))
	}
	if c.URL.Empty() && bytes.HasPrefix(source.Inner(), []byte("http")) {
		c.URL = source
	}
	if c.URL.Empty() {
		return lose(dst, &d.lostCitations, "citations")
	}
	dst, ok := d.at(dst, index, llm.Text)
	if !ok {
		return dst
	}
	if d.cites++; d.cites > maxCites {
		return d.fail(dst, broken("the provider's answer has too many citations"))
	}
	return append(dst, llm.Event{Step: llm.Cite, Citation: &c})
}
