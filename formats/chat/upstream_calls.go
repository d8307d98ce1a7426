package chat

import (
	"bytes"
	"slices"
	"strconv"

	"github.com/aiclient2api/caddy-aiclient2api/formats"
	"github.com/aiclient2api/caddy-aiclient2api/llm"
)

// Calls come in pieces that may interleave: the arguments of several calls in
// turn, or all at once. Blocks do not overlap, so one call is open at a time,
// until its arguments are a complete JSON value or nothing more can come; what
// comes for others meanwhile is held back.

// called is the state of one call.
type called struct {
	index     int64 // the provider's, -1 if it has none
	id, name  []byte
	signature []byte
	origin    llm.Origin
	plain     bool // its arguments are a plain text
	opened    bool
	done      bool // it was closed
	args      brackets
	held      []byte // arguments before it was opened: a literal without its end
}

// complete reports whether all arguments are there. It cannot be told of a
// plain text, which no provider sends in turns with others.
func (k *called) complete() bool { return k.plain || k.args.closed() }

// opened returns how many calls were handed on.
func (c *alternative) opened() (n int) {
	for i := range c.calls {
		if c.calls[i].opened {
			n++
		}
	}
	return n
}

// callPiece is an element of tool_calls.
type callPiece struct {
	index     int64
	id, name  llm.Literal
	args      []byte // raw
	signature llm.Literal
	origin    llm.Origin
	plain     bool
}

// called reads tool_calls. details may hold the signatures of calls.
func (d *reader) called(n int, c *alternative, list, details []byte) {
	var seals map[string]seal // of details
	e := formats.ElementsOf(list)
	for d.next(&e) {
		p := callPiece{index: -1}
		var function, custom []byte
		m := formats.MembersOf(e.Value())
		for m.Next() {
			switch v := m.Value(); string(m.Key) {
			case "index":
				if i, ok := formats.Int(v); ok {
					p.index = max(i, -1)
				}
			case "id":
				p.id = d.literal(v)
			case "function":
				function = v
			case "custom":
				custom = v
			case "extra_content":
				if s := thoughtSignature(v); !s.Empty() {
					p.signature, p.origin = s, llm.Google
				}
			}
		}
		if m.Err != nil {
			d.unreadable()
			return
		}
		if len(function) > 0 && function[0] == '{' {
			p.read(d, function, "arguments")
		}
		// some servers send both, the one that is not meant as a shell
		if len(custom) > 0 && custom[0] == '{' && (function == nil || len(formats.Member(custom, "name")) > len(`""`)) {
			p.plain = true
			p.read(d, custom, "input")
		}
		if p.signature == nil && details != nil && !p.id.Empty() {
			if seals == nil {
				seals = sealsOf(details)
			}
			s := seals[string(p.id)]
			p.signature, p.origin = s.data, s.origin
		}
		d.piece(n, c, &p)
	}
	if e.Err() != nil && !d.failed && list[0] == '[' {
		d.unreadable()
	}
}

// function reads the form of a call before there were several
// (https://platform.openai.com/docs/api-reference/chat/object#chat-object-choices).
func (d *reader) function(n int, c *alternative, object []byte) {
	p := callPiece{index: -2}
	p.read(d, object, "arguments")
	if d.failed {
		return
	}
	d.piece(n, c, &p)
}

// read reads the name and the arguments.
func (p *callPiece) read(d *reader, object []byte, arguments string) {
	m := formats.MembersOf(object)
	for m.Next() {
		switch v := m.Value(); string(m.Key) {
		case "name":
			p.name = d.literal(v)
		case arguments:
			p.args = v
		}
	}
	if m.Err != nil {
		d.unreadable()
	}
}

// text returns the arguments as a text. Some servers send the object.
func (p *callPiece) text(d *reader) llm.Literal {
	if len(p.args) == 0 || p.args[0] != '{' && p.args[0] != '[' {
		return d.literal(p.args)
	}
	if !formats.Valid(p.args) {
		d.unreadable()
		return nil
	}
	return formats.AppendQuoted(nil, p.args)
}

// piece adds a piece of a call.
func (d *reader) piece(n int, c *alternative, p *callPiece) {
	text := p.text(d)
	if d.failed || p.name.Empty() && p.id.Empty() && text.Empty() {
		return // an empty shell
	}
	at := c.find(p)
	if at < 0 {
		if len(c.calls) == maxCalls {
			d.unreadable()
			return
		}
		at = len(c.calls)
		c.calls = append(c.calls, called{index: p.index})
		c.waiting++
	}
	k := &c.calls[at]
	if !k.opened {
		k.plain = k.plain || p.plain
		keep(&k.id, p.id)
		keep(&k.name, p.name)
		if len(k.signature) == 0 && p.signature != nil {
			k.signature, k.origin = bytes.Clone(p.signature), p.origin
		}
	}
	if text = k.take(d, text); text != nil && k.opened {
		d.emit(llm.Event{Step: llm.Delta, Choice: n, Text: text})
	} else if text != nil {
		k.held = d.hold(k.held, text)
	}
	if c.waiting > 0 || c.text != nil {
		d.settle(n, c, false)
	}
}

// keep copies a text that has not been said before.
func keep(to *[]byte, l llm.Literal) {
	if len(*to) == 0 && !l.Empty() {
		*to = bytes.Clone(l)
	}
}

// find returns the call that a piece belongs to, -1 for a new one. Some
// dialects leave out the index, some give several calls the same.
func (c *alternative) find(p *callPiece) int {
	last := len(c.calls) - 1
	if p.index == -1 {
		switch {
		case last < 0:
			return -1
		case !p.id.Empty():
			return slices.IndexFunc(c.calls, func(k called) bool { return bytes.Equal(k.id, p.id) })
		case !p.name.Empty() && len(c.calls[last].name) > 0:
			return -1
		}
		return last
	}
	for i := last; i >= 0; i-- {
		k := &c.calls[i]
		if k.index != p.index {
			continue
		}
		if !p.name.Empty() && !p.id.Empty() && len(k.id) > 0 && !bytes.Equal(k.id, p.id) {
			continue
		}
		return i
	}
	return -1
}

// take returns what of a piece belongs to the arguments: nothing comes behind
// a complete value, but that some servers say all of it again.
func (k *called) take(d *reader, text llm.Literal) llm.Literal {
	switch {
	case text.Empty():
		return nil
	case k.done || !k.plain && k.args.closed():
		if !text.Blank() {
			d.lose(lostArguments, "arguments")
		}
		return nil
	}
	k.args.read(text.Inner())
	return text
}

// settle opens the calls that wait, one after the other, as far as the one
// before is complete; with final there is nothing to wait for. Behind them
// stands the text that waits.
func (d *reader) settle(n int, c *alternative, final bool) {
	for c.waiting > 0 && !d.failed {
		if c.open && c.kind == llm.Call && !final && !c.calls[c.current].complete() {
			return
		}
		next := slices.IndexFunc(c.calls, func(k called) bool { return !k.opened && !k.done && len(k.name) > 0 })
		if next < 0 {
			if final {
				d.drop(c)
			}
			break
		}
		c.waiting--
		d.openCall(n, c, next)
	}
	if c.text == nil || c.waiting > 0 || !final && c.open && c.kind == llm.Call && !c.calls[c.current].complete() {
		return
	}
	text := append(c.text, '"')
	d.held -= len(c.text)
	c.text = nil
	d.open(n, c, llm.Event{Kind: llm.Text})
	d.emit(llm.Event{Step: llm.Delta, Choice: n, Text: text})
}

// drop gives up calls that never got a name.
func (d *reader) drop(c *alternative) {
	for i := range c.calls {
		c.calls[i].done = c.calls[i].done || !c.calls[i].opened
	}
	c.waiting = 0
	d.lose(lostCall, "a call without a name")
}

// openCall opens the i-th call, with the arguments that are there.
func (d *reader) openCall(n int, c *alternative, i int) {
	k := &c.calls[i]
	if len(k.id) == 0 {
		d.made++
		k.id = []byte(`"call_` + d.id + "_" + strconv.Itoa(d.made) + `"`)
	}
	d.close(n, c)
	k.opened, c.current = true, i
	d.open(n, c, llm.Event{Kind: llm.Call, ID: k.id, Name: k.name, Signature: k.signature, Origin: k.origin})
	if len(k.held) > 0 {
		d.emit(llm.Event{Step: llm.Delta, Choice: n, Text: append(k.held, '"')})
		d.held -= len(k.held)
		k.held = nil
	}
}

// brackets tells when a JSON value is complete that comes in pieces of a text,
// escaped. Invariant: depth counts the brackets outside of strings.
type brackets struct {
	depth           int
	begun           bool
	quoted, escaped bool // within a string; behind a backslash there
}

// closed reports whether the value is complete.
func (b *brackets) closed() bool { return b.begun && b.depth == 0 && !b.quoted }

// read reads a piece, what stands between the quotes of its literal.
func (b *brackets) read(in []byte) {
	for at := 0; at < len(in); at++ {
		c := in[at]
		if c == '\\' && at+1 < len(in) {
			at++
			switch c = in[at]; {
			case c == 'u' && at+4 < len(in):
				r, _ := strconv.ParseUint(string(in[at+1:at+5]), 16, 16)
				at += 4
				if c = byte(r); r > '~' {
					c = 'a' // any other character
				}
			case c != '"' && c != '\\' && c != '/':
				c = ' '
			}
		}
		b.next(c)
	}
}

// next reads one character.
func (b *brackets) next(c byte) {
	switch {
	case b.escaped:
		b.escaped = false
	case b.quoted:
		b.escaped = c == '\\'
		b.quoted = c != '"'
	case c == '"':
		b.quoted = true
	case c == '{' || c == '[':
		b.begun = true
		b.depth++
	case c == '}' || c == ']':
		b.depth--
	}
}
