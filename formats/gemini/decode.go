package gemini

import (
	"bytes"
	"net/http"
	"strconv"

	"github.com/aiclient2api/caddy-aiclient2api/formats"
	"github.com/aiclient2api/caddy-aiclient2api/llm"
	"github.com/aiclient2api/caddy-aiclient2api/sse"
)

// This file and its neighbours turn chunks into events.
//
// Google's answers are flat: each chunk has parts, and what a block is follows
// from the kind of the parts. A block is opened by its first piece and closed
// by a piece of another kind, or at the end: signatures and sources come late
// and belong to a block that is open. What the finish says is kept to the end
// too, because Google repeats it, with text after it.
//
// The walkers that read a chunk bound its depth before anything else looks
// inside; what is handed on is checked where it is taken.

// Bounds of what one answer may hold.
const (
	maxChoices = 32
	maxParts   = 1 << 16 // in one chunk, or in an answer that is not streamed
	maxCites   = 1 << 10
	maxMessage = 4 << 10 // bytes of a finishMessage that are kept
	maxScratch = 64 << 10
)

// Decoder returns what reads one answer.
func (Upstream) Decoder(_ *formats.Sent, id string) formats.Decoder {
	return &decoder{id: id}
}

type decoder struct {
	id    string // for ids of calls
	calls int    // that got one

	begun  bool
	failed bool
	counts counts
	// choices are the alternatives, by their index.
	choices []choice

	parts, cites int
	lost         loss
	scratch      []byte // of what the last events hold and the chunk does not
}

// choice is the state of one alternative.
type choice struct {
	seen  bool
	block block
	// called is whether it has a call, given whether it has a text or an image,
	// wide whether its text has characters that are longer than a byte.
	called, given, wide bool
	texts               int // blocks of text
	// args are the arguments that are being streamed.
	args *arguments

	end end
}

// block is what kind of block is open.
type block uint8

const (
	none block = iota
	text
	thought
	call
)

// loss is a set of what was lost, each named once.
type loss uint8

const (
	hostedTools loss = 1 << iota
	audioOutput
	fileOutput
	citations
	logprobs
	candidates
	thoughtImage
	namelessCall
)

func (d *decoder) lose(dst []llm.Event, l loss, name string) []llm.Event {
	if d.lost&l != 0 {
		return dst
	}
	d.lost |= l
	return append(dst, llm.Event{Step: llm.Lost, What: name})
}

// Decode reads one chunk.
func (d *decoder) Decode(dst []llm.Event, ev sse.Event) []llm.Event {
	d.parts = 0
	d.reuse()
	return d.decode(dst, ev.Data)
}

// reuse makes the memory of the last events free for the next.
func (d *decoder) reuse() {
	if cap(d.scratch) > maxScratch {
		d.scratch = nil
	}
	d.scratch = d.scratch[:0]
}

// decode reads an object, or an array of them.
func (d *decoder) decode(dst []llm.Event, data []byte) []llm.Event {
	data = bytes.TrimSpace(data)
	if d.failed || len(data) == 0 || string(data) == "[DONE]" { // some gateways add that
		return dst
	}
	if data[0] != '[' {
		return d.chunk(dst, data)
	}
	e := formats.ElementsOf(data)
	for e.Next() && !d.failed {
		dst = d.chunk(dst, e.Value())
	}
	if e.Err() != nil && !d.failed {
		return d.unreadable(dst)
	}
	return dst
}

// chunk reads one object.
func (d *decoder) chunk(dst []llm.Event, data []byte) []llm.Event {
	var v envelope
	if !v.read(data) {
		return d.unreadable(dst)
	}
	if !d.begun && (v.err == nil || v.candidates != nil) {
		d.begun = true
		dst = append(dst, llm.Event{Step: llm.Start, ID: v.id, Name: v.model})
	}
	if v.candidates != nil {
		e := formats.ElementsOf(v.candidates)
		for at := 0; e.Next() && !d.failed; at++ {
			dst = d.candidate(dst, e.Value(), at)
		}
		if e.Err() != nil && !d.failed {
			return d.unreadable(dst)
		}
	}
	if v.err != nil && !d.failed {
		return d.fail(dst, failure(v.err, data))
	}
	if v.feedback != nil {
		d.blocked(v.feedback)
	}
	d.counts.merge(v.usage)
	return dst
}

// candidate reads what a chunk says of one alternative: its parts, then what
// is said about them.
func (d *decoder) candidate(dst []llm.Event, object []byte, at int) []llm.Event {
	var v candidate
	if !v.read(object, at) {
		return d.unreadable(dst)
	}
	if v.index >= maxChoices {
		return d.lose(dst, candidates, "candidates")
	}
	c := d.choice(v.index)
	from := len(dst)
	if v.content != nil {
		m := formats.MembersOf(v.content)
		for m.Next() && !d.failed {
			if string(m.Key) != "parts" || formats.IsNull(m.Value()) {
				continue
			}
			e := formats.ElementsOf(m.Value())
			for e.Next() && !d.failed {
				dst = d.part(dst, v.index, c, e.Value())
			}
			if e.Err() != nil && !d.failed {
				return d.unreadable(dst)
			}
		}
		if m.Err != nil && !d.failed {
			return d.unreadable(dst)
		}
	}
	if d.failed {
		return dst
	}
	if v.logprobs != nil {
		dst = d.probable(dst, from, c, v.logprobs)
	}
	if v.grounding != nil {
		dst = d.grounded(dst, v.index, c, v.grounding)
	}
	if v.citations != nil {
		dst = d.cited(dst, v.index, c, v.citations)
	}
	c.end.note(v.reason, v.message)
	return dst
}

// choice returns the state of an alternative, valid until the next call.
func (d *decoder) choice(index int) *choice {
	for len(d.choices) <= index {
		d.choices = append(d.choices, choice{})
	}
	c := &d.choices[index]
	c.seen = true
	return c
}

// part reads one part.
func (d *decoder) part(dst []llm.Event, n int, c *choice, object []byte) []llm.Event {
	var v part
	if !v.read(object) || v.broken {
		return d.unreadable(dst)
	}
	if d.parts++; d.parts > maxParts {
		return d.fail(dst, broken("the provider's answer has too many parts"))
	}
	switch {
	case v.call != nil:
		return d.call(dst, n, c, &v)
	case v.data != nil:
		return d.data(dst, n, c, &v)
	case v.hosted != nil:
		return d.lose(dst, hostedTools, "hosted tools")
	case v.file:
		return d.lose(dst, fileOutput, "file output")
	case v.text.Empty():
		if v.signature.Empty() {
			return dst
		}
		return d.signed(dst, n, c, v.thought, v.signature)
	case v.thought:
		return d.say(dst, n, c, thought, &v)
	default:
		c.given = true
		c.wide = c.wide || !isASCII(v.text)
		return d.say(dst, n, c, text, &v)
	}
}

// say adds a piece to the open block of a kind, or opens one. A signature that
// comes with the first piece is known when the block opens; of a thought it is
// always a step of its own.
func (d *decoder) say(dst []llm.Event, n int, c *choice, kind block, v *part) []llm.Event {
	signature := v.signature
	if c.block != kind {
		dst = d.close(dst, n, c)
		c.block = kind
		if kind == text {
			c.texts++
		}
		if kind == text && !signature.Empty() {
			dst = append(dst, llm.Event{Step: llm.Open, Choice: n, Kind: llm.Text, Signature: signature, Origin: llm.Google})
			signature = nil
		} else {
			dst = append(dst, llm.Event{Step: llm.Open, Choice: n, Kind: kind.of()})
		}
	}
	if !v.text.Empty() {
		dst = append(dst, llm.Event{Step: llm.Delta, Choice: n, Text: v.text})
	}
	if !signature.Empty() {
		dst = append(dst, sign(n, signature))
	}
	return dst
}

// of is the kind in neutral terms.
func (b block) of() llm.Kind {
	switch b {
	case thought:
		return llm.Thought
	case call:
		return llm.Call
	default:
		return llm.Text
	}
}

// signed takes a signature without a text: that of the block which is open,
// or of a text that is empty.
func (d *decoder) signed(dst []llm.Event, n int, c *choice, thinking bool, signature llm.Literal) []llm.Event {
	kind := text
	if thinking {
		kind = thought
	}
	if c.block == kind {
		return append(dst, sign(n, signature))
	}
	return d.say(dst, n, c, kind, &part{signature: signature})
}

func sign(n int, signature llm.Literal) llm.Event {
	return llm.Event{Step: llm.Sign, Choice: n, Signature: signature, Origin: llm.Google}
}

// data takes data that the model made. Only images have a place.
func (d *decoder) data(dst []llm.Event, n int, c *choice, v *part) []llm.Event {
	var kind, data llm.Literal
	m := formats.MembersOf(v.data)
	for m.Next() {
		switch string(m.Key) {
		case "mimeType":
			kind = formats.AsLiteral(m.Value())
		case "data":
			data = formats.AsLiteral(m.Value())
		}
	}
	switch {
	case m.Err != nil:
		return d.unreadable(dst)
	case v.thought:
		return d.lose(dst, thoughtImage, "reasoning image")
	case !bytes.HasPrefix(kind.Inner(), []byte("image/")) || data.Empty():
		if bytes.HasPrefix(kind.Inner(), []byte("audio/")) {
			return d.lose(dst, audioOutput, "audio output")
		}
		return d.lose(dst, fileOutput, "file output")
	}
	dst = d.close(dst, n, c)
	c.given = true
	open := llm.Event{Step: llm.Open, Choice: n, Kind: llm.Image, Name: kind}
	if !v.signature.Empty() {
		open.Signature, open.Origin = v.signature, llm.Google
	}
	return append(dst, open,
		llm.Event{Step: llm.Delta, Choice: n, Text: data},
		llm.Event{Step: llm.Close, Choice: n})
}

// close ends the block that is open, if there is one.
func (d *decoder) close(dst []llm.Event, n int, c *choice) []llm.Event {
	if c.block == none {
		return dst
	}
	if c.args != nil {
		dst = d.flush(dst, n, c)
	}
	c.block = none
	return append(dst, llm.Event{Step: llm.Close, Choice: n})
}

// fail ends the answer.
func (d *decoder) fail(dst []llm.Event, e *llm.Error) []llm.Event {
	d.failed = true
	return append(dst, llm.Event{Step: llm.Fail, Err: e})
}

func (d *decoder) unreadable(dst []llm.Event) []llm.Event {
	return d.fail(dst, broken("the provider's answer could not be read"))
}

func broken(message string) *llm.Error {
	return &llm.Error{Status: http.StatusBadGateway, Message: message}
}

// isASCII reports whether each character of a text is one byte of UTF-8.
func isASCII(l llm.Literal) bool {
	for i, c := range l {
		if c >= 0x80 {
			return false
		}
		if c == '\\' && i+4 < len(l) && l[i+1] == 'u' && (l[i+2] != '0' || l[i+3] != '0' || l[i+4] > '7') {
			return false // an escaped backslash before a u is taken for one, at no harm
		}
	}
	return true
}

// nextID returns an id for a call that came without one.
func (d *decoder) nextID() llm.Literal {
	const prefix = "call_"
	d.calls++
	from := len(d.scratch)
	d.scratch = append(append(d.scratch, '"'), prefix...)
	number := strconv.AppendInt(make([]byte, 0, 20), int64(d.calls), 10)
	// OpenAI's own ids have no more than 40 characters
	d.scratch = append(d.scratch, d.id[max(0, len(d.id)-(40-len(prefix)-1-len(number))):]...)
	d.scratch = append(append(append(d.scratch, '_'), number...), '"')
	return llm.Literal(d.scratch[from:len(d.scratch):len(d.scratch)])
}
