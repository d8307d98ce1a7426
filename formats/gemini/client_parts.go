package gemini

import (
	"bytes"
	"slices"

	"github.com/aiclient2api/caddy-aiclient2api/formats"
	"github.com/aiclient2api/caddy-aiclient2api/llm"
)

// This file makes the parts that are held until they can go out.

// part begins a part.
func (c *candidateState) part() {
	c.finishText(nil)
	if len(c.held) > 0 {
		c.held = append(c.held, ',')
	}
}

// finishText ends the text that may grow, with a signature if there is one.
func (c *candidateState) finishText(signature llm.Literal) {
	if !c.speaking {
		return
	}
	c.speaking = false
	c.held = append(c.held, '"')
	if c.thinking {
		c.held = append(c.held, `,"thought":true`...)
	}
	c.held = append(appendSignature(c.held, signature), '}')
}

// appendSignature appends a member to a part.
func appendSignature(dst []byte, signature llm.Literal) []byte {
	if signature == nil {
		return dst
	}
	return append(append(dst, `,"thoughtSignature":`...), signature...)
}

// carry notes state of another vendor's model. The protocol has one opaque
// field, on parts that go back to the model: it stands there, on the call that
// follows, which all clients keep, or at the end.
func (c *candidateState) carry(p llm.Part) {
	p.Text, p.Signature = slices.Clone(p.Text), slices.Clone(p.Signature)
	c.pending = append(c.pending, p)
	c.spoke = false
}

// carried returns what waits to be carried, as a signature; nil if nothing does.
func (c *candidateState) carried(more ...llm.Part) llm.Literal {
	parts := append(c.pending, more...)
	c.pending, c.spoke = nil, false
	if len(parts) == 0 {
		return nil
	}
	return append(formats.AppendCarried([]byte{'"'}, parts...), '"')
}

// deposit gives what waits to be carried to the text that is open, or to an
// empty one.
func (c *candidateState) deposit() {
	c.sign(c.carried(), false)
}

// sign gives a signature to the text or thought that may grow, or to an empty one.
func (c *candidateState) sign(signature llm.Literal, thought bool) {
	if c.speaking && c.thinking == thought {
		c.finishText(signature)
		return
	}
	c.part()
	c.held = append(c.held, `{"text":""`...)
	if thought {
		c.held = append(c.held, `,"thought":true`...)
	}
	c.held = append(appendSignature(c.held, signature), '}')
}

// call adds the call that is whole
// (https://ai.google.dev/api/caching#FunctionCall). Arguments are an object.
func (c *candidateState) call() {
	signature := c.signature
	switch {
	case signature == nil:
		signature = c.carried()
	case len(c.pending) > 0 || c.origin != llm.Google:
		signature = c.carried(llm.Part{Kind: llm.Call, Signature: signature, Origin: c.origin})
	}
	c.part()
	c.held = append(append(c.held, `{"functionCall":{"name":`...), c.name...)
	c.held = appendArguments(append(c.held, `,"args":`...), c.text)
	if len(c.id) > 2 {
		c.held = append(append(c.held, `,"id":`...), c.id...)
	}
	c.held = append(c.held, '}')
	c.held = append(appendSignature(c.held, signature), '}')
}

// appendArguments appends arguments, which are escaped, as an object. What the
// model wrote in the place of one is told as its only member.
func appendArguments(dst, escaped []byte) []byte {
	args := escaped
	if bytes.IndexByte(escaped, '\\') >= 0 {
		args = formats.Unescaped(append(append(append(make([]byte, 0, len(escaped)+2), '"'), escaped...), '"'))
	}
	args = bytes.TrimSpace(args)
	switch {
	case len(args) == 0, formats.IsNull(args):
		return append(dst, "{}"...)
	case args[0] == '{' && formats.Valid(args):
		return appendCompact(dst, args)
	}
	dst = append(dst, `{"arguments":`...)
	return append(formats.AppendQuoted(dst, args), '}')
}

// image adds the image that is whole.
func (c *candidateState) image() {
	c.part()
	c.held = append(append(c.held, `{"inlineData":{"mimeType":`...), c.name...)
	c.held = append(append(c.held, `,"data":"`...), c.text...)
	c.held = append(c.held, `"}`...)
	signature := c.signature
	if signature != nil && c.origin != llm.Google {
		signature = nil
	}
	c.held = append(appendSignature(c.held, signature), '}')
	c.text = c.text[:0]
}

// width returns how many bytes a text has when its escapes are resolved.
func width(l llm.Literal) (n int64) {
	in := l.Inner()
	for {
		at := bytes.IndexByte(in, '\\')
		if at < 0 || at+1 >= len(in) {
			return n + int64(len(in))
		}
		n += int64(at)
		if in[at+1] != 'u' || at+6 > len(in) {
			n++
			in = in[at+2:]
			continue
		}
		code := in[at+2 : at+6]
		switch high := bytes.ToLower(code); {
		case high[0] == 'd' && high[1] >= '8': // half of a pair of four bytes
			n += 2
		case high[0] != '0' || high[1] >= '8':
			n += 3
		case high[1] != '0' || high[2] >= '8':
			n += 2
		default:
			n++
		}
		in = in[at+6:]
	}
}
