package gemini

import (
	"slices"
	"strconv"

	"github.com/aiclient2api/caddy-aiclient2api/formats"
	"github.com/aiclient2api/caddy-aiclient2api/llm"
)

// What stands around the data of an event; Google ends lines so.
const (
	eventHead = "data: "
	eventTail = "\r\n\r\n"
)

// maxHeld is how much of a call, an image or a thought is held until it is
// whole, in bytes.
const maxHeld = 16 << 20

// encoder writes an answer (https://ai.google.dev/api/generate-content#response-body):
// as a stream of objects of one shape, in events or in a list, or as one such
// object. Texts go out as they come. The protocol has calls only whole, and
// they wait for what comes next, because the last ones belong into the last
// object, with the finish and the usage.
type encoder struct {
	formats.Answer
	formats.Losses
	whole   bool   // it writes one object
	tail    []byte // what every object ends with
	begun   bool   // the list has an element
	ended   bool
	usage   llm.Usage
	choices []candidateState
}

// candidateState is what is known of one alternative. What it keeps of events
// is a copy.
type candidateState struct {
	open llm.Kind
	// held are parts that are not out yet, with commas between. If speaking,
	// the last of them is a text that may grow; thinking is whether that is a
	// thought.
	held               []byte
	speaking, thinking bool

	// text is the open block's, escaped, if it cannot go out by itself.
	text         []byte
	id, name     llm.Literal
	signature    llm.Literal // of the open call or text
	origin       llm.Origin
	pending      []llm.Part // state that the next call carries, or the end
	spoke        bool       // there was text after it
	chars, bytes int64      // of the text
	from         int64      // bytes of the text before the open block
	sources      sources
	tokens       []llm.TokenLogprob
	finish       llm.Reason
	message      llm.Literal
}

// Encoder returns what writes one answer.
func (Client) Encoder(a formats.Answer) formats.Encoder { return &encoder{Answer: a} }

// Append appends objects of a stream.
func (e *encoder) Append(dst []byte, events []llm.Event) []byte {
	for i := range events {
		dst = e.append(dst, &events[i])
	}
	return dst
}

// AppendWhole appends a whole body.
func (e *encoder) AppendWhole(dst []byte, events []llm.Event) []byte {
	e.whole = true
	for i := range events {
		dst = e.append(dst, &events[i])
	}
	return e.end(dst)
}

func (e *encoder) append(dst []byte, ev *llm.Event) []byte {
	switch ev.Step {
	case llm.Start:
		e.start(ev)
		return dst
	case llm.Stated:
		e.usage = ev.Usage
		return dst
	case llm.Fail:
		return e.fail(dst, ev.Err)
	case llm.End:
		return e.end(dst)
	case llm.Lost:
		return dst
	}
	if e.ended {
		return dst
	}
	c := e.choice(ev.Choice)
	switch ev.Step {
	case llm.Open:
		return e.opened(dst, c, ev)
	case llm.Delta:
		return e.delta(dst, c, ev)
	case llm.Sign:
		return e.signed(dst, c, ev)
	case llm.Cite:
		e.LoseIf(!c.sources.add(ev.Citation), "citations")
	case llm.Close:
		return e.closed(dst, c, ev)
	case llm.Finish:
		c.finish, c.message = ev.Reason, slices.Clone(ev.Text)
	}
	return dst
}

// choice returns the state of an alternative, valid until the next call.
func (e *encoder) choice(index int) *candidateState {
	for len(e.choices) <= index {
		e.choices = append(e.choices, candidateState{})
	}
	return &e.choices[index]
}

// start makes what every object ends with.
func (e *encoder) start(ev *llm.Event) {
	e.tail = append(e.tail[:0], `,"modelVersion":`...)
	if ev.Name.Empty() {
		e.tail = formats.AppendString(e.tail, e.Model)
	} else {
		e.tail = append(e.tail, ev.Name...)
	}
	e.tail = append(e.tail, `,"responseId":`...)
	if ev.ID.Empty() {
		e.tail = formats.AppendString(e.tail, e.ID)
	} else {
		e.tail = append(e.tail, ev.ID...)
	}
	e.tail = append(e.tail, '}')
}

// begin and finish are what stands around an object.
func (e *encoder) begin(dst []byte) []byte {
	switch {
	case e.whole:
		return dst
	case !e.List:
		return append(dst, eventHead...)
	case e.begun:
		return append(dst, ",\r\n"...)
	}
	e.begun = true
	return append(dst, '[')
}

func (e *encoder) finish(dst []byte) []byte {
	if e.whole || e.List {
		return dst
	}
	return append(dst, eventTail...)
}

// chunk begins an object with the parts of one alternative.
func (e *encoder) chunk(dst []byte) []byte {
	return append(e.begin(dst), `{"candidates":[{"content":{"parts":[`...)
}

// close ends what chunk began.
func (e *encoder) close(dst []byte, index int, tokens []llm.TokenLogprob) []byte {
	dst = append(dst, `],"role":"model"}`...)
	if len(tokens) > 0 {
		dst = appendTokens(dst, tokens)
	}
	dst = append(dst, `,"index":`...)
	dst = strconv.AppendInt(dst, int64(index), 10)
	dst = append(dst, "}]"...)
	return e.finish(append(dst, e.tail...))
}

// flush writes the parts that are held, in a stream.
func (e *encoder) flush(dst []byte, index int, c *candidateState) []byte {
	if e.whole || len(c.held) == 0 {
		return dst
	}
	dst = append(e.chunk(dst), c.held...)
	c.held = c.held[:0]
	return e.close(dst, index, nil)
}

// fail ends the answer with an error.
func (e *encoder) fail(dst []byte, err *llm.Error) []byte {
	if e.ended {
		return dst
	}
	for i := range e.choices {
		dst = e.flush(dst, i, &e.choices[i])
	}
	e.ended = true
	if e.whole || !e.List {
		return Client{}.AppendError(dst, err, !e.whole)
	}
	return append(Client{}.AppendError(e.begin(dst), err, false), ']')
}

// opened takes the beginning of a block.
func (e *encoder) opened(dst []byte, c *candidateState, ev *llm.Event) []byte {
	c.open = ev.Kind
	c.text = c.text[:0]
	c.signature, c.origin = nil, ev.Origin
	c.from = c.bytes
	switch ev.Kind {
	case llm.Thought, llm.Sealed:
		if len(c.pending) > 0 && c.spoke {
			c.deposit()
		}
		if ev.Kind == llm.Sealed {
			c.carry(llm.Part{Kind: llm.Sealed, Signature: ev.Signature, Origin: ev.Origin})
		}
		return dst
	case llm.Call:
		c.id, c.name = append(c.id[:0], ev.ID...), append(c.name[:0], ev.Name...)
	case llm.Image:
		c.name = append(c.name[:0], ev.Name...)
	}
	return e.signed(dst, c, ev)
}

// delta takes a piece of a block.
func (e *encoder) delta(dst []byte, c *candidateState, ev *llm.Event) []byte {
	switch c.open {
	case llm.Call, llm.Image:
		if len(c.text)+len(ev.Text) > maxHeld {
			return e.fail(dst, broken("the provider's answer has a call or an image that is too large"))
		}
		c.text = append(c.text, ev.Text.Inner()...)
		return dst
	case llm.Thought:
		if c.origin != "" { // it will be signed
			if c.text = append(c.text, ev.Text.Inner()...); len(c.text) > maxHeld {
				c.text, c.origin = nil, ""
			}
		}
		if e.Request.Reasoning.Hide {
			return dst
		}
		return e.say(dst, c, ev, true)
	case llm.Text, llm.Refusal:
		c.spoke = true
		c.chars += formats.Characters(ev.Text)
		c.bytes += width(ev.Text)
		return e.say(dst, c, ev, false)
	}
	return dst
}

// say writes a piece of a text or a thought.
func (e *encoder) say(dst []byte, c *candidateState, ev *llm.Event, thought bool) []byte {
	if e.whole {
		if !c.speaking || c.thinking != thought {
			c.part()
			c.held = append(c.held, `{"text":"`...)
			c.speaking, c.thinking = true, thought
		}
		c.held = append(c.held, ev.Text.Inner()...)
		c.tokens = append(c.tokens, ev.Logprobs...)
		return dst
	}
	dst = e.flush(dst, ev.Choice, c)
	dst = append(append(e.chunk(dst), `{"text":`...), ev.Text...)
	if thought {
		dst = append(dst, `,"thought":true`...)
	} else if c.signature != nil {
		dst = appendSignature(dst, c.signature)
		c.signature = nil
	}
	return e.close(append(dst, '}'), ev.Choice, ev.Logprobs)
}

// signed takes the signature of a block: Google's own stands beside what it is
// for, others are carried.
func (e *encoder) signed(dst []byte, c *candidateState, ev *llm.Event) []byte {
	if ev.Signature.Empty() {
		return dst
	}
	switch {
	case c.open == llm.Call:
		c.signature, c.origin = append(c.signature[:0], ev.Signature...), ev.Origin
	case c.open == llm.Thought && (ev.Origin != llm.Google || e.Request.Reasoning.Hide):
		text := append(append(append(make(llm.Literal, 0, len(c.text)+2), '"'), c.text...), '"')
		c.text = c.text[:0]
		c.carry(llm.Part{Kind: llm.Thought, Text: text, Signature: ev.Signature, Origin: ev.Origin})
	case c.open == llm.Thought:
		c.sign(ev.Signature, true)
	case ev.Origin != llm.Google:
		if c.open == llm.Text {
			c.carry(llm.Part{Kind: llm.Text, Signature: ev.Signature, Origin: ev.Origin})
		} else {
			e.Lose("reasoning signature")
		}
	case ev.Step == llm.Open:
		c.signature = slices.Clone(ev.Signature)
	default:
		c.sign(ev.Signature, false)
	}
	return dst
}

// closed takes the end of a block.
func (e *encoder) closed(dst []byte, c *candidateState, ev *llm.Event) []byte {
	switch c.open {
	case llm.Call:
		c.call()
	case llm.Image:
		c.image()
	case llm.Text, llm.Refusal:
		c.sources.close(c.from, c.bytes, c.chars == c.bytes)
		if c.signature != nil {
			c.sign(c.signature, false)
			c.signature = nil
		}
	}
	return dst
}

// end writes the last object: what is held, the finishes and the usage.
func (e *encoder) end(dst []byte) []byte {
	if e.ended {
		return dst
	}
	e.ended = true
	if e.tail == nil {
		e.start(&llm.Event{})
	}
	e.choice(0)
	dst = append(e.begin(dst), `{"candidates":[`...)
	for i := range e.choices {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = e.choices[i].appendLast(dst, i)
	}
	dst = append(dst, ']')
	e.LoseIf(e.usage.Written.N > 0, "cache_creation_input_tokens")
	if e.usage.Input.Known || e.usage.Output.Known {
		dst = appendUsage(dst, e.usage)
	}
	dst = e.finish(append(dst, e.tail...))
	if e.List && !e.whole {
		dst = append(dst, ']')
	}
	return dst
}
