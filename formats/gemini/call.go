package gemini

import (
	"bytes"

	"github.com/aiclient2api/caddy-aiclient2api/formats"
	"github.com/aiclient2api/caddy-aiclient2api/llm"
)

// call reads a call of a function. As a rule it is whole. Where arguments are
// streamed it comes in pieces: the first has the name, those that follow have
// none, and the last does not say willContinue. Some streams leave out the
// last, so that the next name, another block or the end closes a call too.
func (d *decoder) call(dst []llm.Event, n int, c *choice, p *part) []llm.Event {
	var f function
	if !f.read(p.call) {
		return d.unreadable(dst)
	}
	switch {
	case !f.name.Empty():
		dst = d.close(dst, n, c)
		dst = d.open(dst, n, c, f, p.signature)
	case c.args == nil && (f.args != nil || f.partial != nil || !c.called):
		return d.lose(dst, namelessCall, "a call without a name")
	case c.args == nil:
		return dst // the end of a call that is closed
	case !p.signature.Empty():
		dst = append(dst, sign(n, p.signature))
	}
	if c.args == nil && (f.more || f.partial != nil) {
		c.args = new(arguments)
	}
	if c.args == nil {
		if f.args != nil {
			dst = d.arguments(dst, n, f.args)
		}
	} else if !c.args.seed(f.args) || !c.args.add(f.partial) {
		return d.fail(dst, broken("the arguments of a call that the provider streamed could not be read"))
	}
	if f.more || d.failed {
		return dst
	}
	return d.close(dst, n, c)
}

// open opens the block of a call.
func (d *decoder) open(dst []llm.Event, n int, c *choice, f function, signature llm.Literal) []llm.Event {
	c.block, c.called = call, true
	if f.id.Empty() {
		f.id = d.nextID()
	}
	e := llm.Event{Step: llm.Open, Choice: n, Kind: llm.Call, ID: f.id, Name: f.name}
	if !signature.Empty() {
		e.Signature, e.Origin = signature, llm.Google
	}
	return append(dst, e)
}

// arguments takes the arguments of a call that is whole.
func (d *decoder) arguments(dst []llm.Event, n int, args []byte) []llm.Event {
	if l := formats.AsLiteral(args); l != nil { // some servers send the text of the object
		if l.Empty() {
			return dst
		}
		return append(dst, llm.Event{Step: llm.Delta, Choice: n, Text: l})
	}
	if !formats.Valid(args) {
		return d.unreadable(dst)
	}
	return append(dst, llm.Event{Step: llm.Delta, Choice: n, Text: d.quoted(args)})
}

// quoted returns JSON as the literal of a text. Google indents answers that
// are not streamed, which is not handed on.
func (d *decoder) quoted(raw []byte) llm.Literal {
	if bytes.ContainsAny(raw, "\n\r\t") {
		from := len(d.scratch)
		d.scratch = appendCompact(d.scratch, raw)
		raw = d.scratch[from:]
	}
	from := len(d.scratch)
	d.scratch = formats.AppendQuoted(d.scratch, raw)
	return llm.Literal(d.scratch[from:len(d.scratch):len(d.scratch)])
}

// appendCompact appends valid JSON without the white space between its tokens.
func appendCompact(dst, raw []byte) []byte {
	inside := false
	for i := 0; i < len(raw); i++ {
		switch c := raw[i]; {
		case inside && c == '\\':
			dst = append(dst, c, raw[i+1])
			i++
		case c == '"':
			inside = !inside
			dst = append(dst, c)
		case inside || c > ' ':
			dst = append(dst, c)
		}
	}
	return dst
}

// flush hands on arguments that were streamed.
func (d *decoder) flush(dst []llm.Event, n int, c *choice) []llm.Event {
	args := c.args
	c.args = nil
	if args.root == nil {
		return dst
	}
	return append(dst, llm.Event{Step: llm.Delta, Choice: n, Text: d.quoted(args.root.append(nil))})
}
