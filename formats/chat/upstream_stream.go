package chat

import (
	"github.com/tidwall/gjson"

	"github.com/aiclient2api/caddy-aiclient2api/formats"
	"github.com/aiclient2api/caddy-aiclient2api/llm"
)

// chunk is what a chunk or a body has at its top
// (https://platform.openai.com/docs/api-reference/chat-streaming/streaming).
// Its members are raw, nil where they are null.
type chunk struct {
	id, model, choices, usage, groq, err []byte
}

// read reads the members. It returns false if data is no JSON object.
func (c *chunk) read(data []byte) bool {
	m := formats.MembersOf(data)
	for m.Next() {
		v := m.Value()
		if formats.IsNull(v) {
			continue
		}
		switch string(m.Key) {
		case "id":
			c.id = v
		case "model":
			c.model = v
		case "choices":
			c.choices = v
		case "usage":
			c.usage = v
		case "x_groq":
			c.groq = v
		case "error":
			c.err = v
		}
	}
	return m.Err == nil
}

// begin says the start, once. Ids may change within a stream; the first counts.
func (d *reader) begin(c *chunk) {
	if !d.begun {
		d.begun = true
		d.emit(llm.Event{Step: llm.Start, ID: formats.AsLiteral(c.id), Name: formats.AsLiteral(c.model)})
	}
}

// chunk reads a chunk. Azure's first has no choices, nor an id or a model.
func (d *reader) chunk(data []byte) {
	var c chunk
	switch {
	case !c.read(data):
		d.unreadable()
		return
	case c.err != nil:
		d.fail(failure(gjson.ParseBytes(c.err), data))
		return
	case c.groq != nil:
		if err := formats.Member(c.groq, "error"); err != nil {
			d.fail(failure(gjson.ParseBytes(err), nil))
			return
		}
		if c.usage == nil {
			c.usage = formats.Member(c.groq, "usage")
		}
	}
	if !isEmptyList(c.choices) {
		d.begin(&c)
		d.all(c.choices)
	}
	d.count(c.usage)
}

// all reads the choices of a chunk or of a body.
func (d *reader) all(choices []byte) {
	e := formats.ElementsOf(choices)
	for at := 0; d.next(&e); at++ {
		d.choice(e.Value(), at)
	}
	if e.Err() != nil && !d.failed {
		d.unreadable()
	}
}

// choice reads what is said of one choice.
func (d *reader) choice(object []byte, at int) {
	var delta, message, reason, probs, usage, err []byte
	index := int64(at)
	m := formats.MembersOf(object)
	for m.Next() {
		v := m.Value()
		if formats.IsNull(v) {
			continue
		}
		switch string(m.Key) {
		case "index":
			if n, ok := formats.Int(v); ok {
				index = n
			}
		case "delta":
			delta = v
		case "message":
			message = v
		case "finish_reason":
			reason = v
		case "logprobs":
			probs = v
		case "usage":
			usage = v
		case "error":
			err = v
		}
	}
	switch {
	case m.Err != nil:
		d.unreadable()
		return
	case err != nil:
		d.fail(failure(gjson.ParseBytes(err), nil))
		return
	case index < 0 || index >= maxChoices:
		d.lose(lostChoices, "choices")
		return
	}
	for int64(len(d.choices)) <= index {
		d.choices = append(d.choices, alternative{current: -1})
	}
	c := &d.choices[index]
	c.seen = true
	if delta == nil {
		delta = message
	}
	if delta != nil {
		d.say(int(index), c, delta, probs)
	}
	if !d.failed {
		d.finish(c, formats.AsLiteral(reason))
		d.count(usage) // Moonshot's place
	}
}

// said is a delta or a message: a piece of anything. Its members are raw, nil
// where they are null.
type said struct {
	content, refusal, reasoning, details, calls, function, annotations, audio, images, extra, hosted []byte
}

// say reads a delta or a message in the order in which a model says things.
func (d *reader) say(n int, c *alternative, object, probs []byte) {
	var s said
	m := formats.MembersOf(object)
	for m.Next() {
		v := m.Value()
		if formats.IsNull(v) {
			continue
		}
		switch string(m.Key) {
		case "content":
			s.content = v
		case "refusal":
			s.refusal = v
		case "reasoning_content", "reasoning":
			if len(s.reasoning) <= len(`""`) {
				s.reasoning = v
			}
		case "reasoning_details":
			s.details = v
		case "tool_calls":
			s.calls = v
		case "function_call":
			s.function = v
		case "annotations":
			s.annotations = v
		case "audio":
			s.audio = v
		case "images":
			s.images = v
		case "extra_content":
			s.extra = v
		case "executed_tools":
			s.hosted = v
		}
	}
	if m.Err != nil {
		d.unreadable()
		return
	}
	d.tell(n, c, &s, probs)
}

// tell makes events of a delta or a message.
func (d *reader) tell(n int, c *alternative, s *said, probs []byte) {
	d.reasoned(n, c, s)
	var tokens []llm.TokenLogprob
	if probs != nil {
		tokens = logprobs(probs)
	}
	if s.content != nil || tokens != nil {
		d.content(n, c, s.content, tokens)
	}
	if text := d.literal(s.refusal); !text.Empty() {
		d.speak(n, c, llm.Refusal, text)
	}
	if s.extra != nil {
		d.signText(n, c, thoughtSignature(s.extra))
	}
	if s.audio != nil || s.images != nil || s.annotations != nil || s.hosted != nil {
		d.beside(n, c, s)
	}
	if s.calls != nil {
		d.called(n, c, s.calls, s.details)
	}
	if s.function != nil {
		d.function(n, c, s.function)
	}
	if len(d.out) > d.most {
		d.unreadable()
	}
}

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

// speak adds a piece to the open block of a kind, or opens one.
func (d *reader) speak(n int, c *alternative, kind llm.Kind, text llm.Literal) {
	d.turn(n, c, kind)
	d.delta(n, text)
}

// turn makes a block of a kind the open one.
func (d *reader) turn(n int, c *alternative, kind llm.Kind) {
	if c.open && c.kind == kind && !c.signed {
		return
	}
	d.settle(n, c, true)
	d.open(n, c, llm.Event{Kind: kind})
}

// open closes the open block and opens another.
func (d *reader) open(n int, c *alternative, e llm.Event) {
	d.close(n, c)
	c.open, c.kind, c.signed = true, e.Kind, false
	e.Step, e.Choice = llm.Open, n
	d.emit(e)
}

// close closes the open block.
func (d *reader) close(n int, c *alternative) {
	if c.open {
		c.open = false
		if c.kind == llm.Call {
			c.calls[c.current].done = true
		}
		d.emit(llm.Event{Step: llm.Close, Choice: n})
	}
}

// talk adds a piece of text. Behind a call whose arguments are not all there
// it waits for them.
func (d *reader) talk(n int, c *alternative, text llm.Literal, tokens []llm.TokenLogprob) {
	if !c.open || c.kind != llm.Text {
		d.settle(n, c, false)
		if c.open && c.kind == llm.Call && !c.calls[c.current].complete() || c.waiting > 0 {
			c.text = d.hold(c.text, text)
			return
		}
		d.turn(n, c, llm.Text)
	}
	if d.delta(n, text); tokens != nil && !d.failed {
		d.out[len(d.out)-1].Logprobs = tokens
	}
}

// hold adds a piece to what is held back, a literal without its closing quote.
func (d *reader) hold(held []byte, text llm.Literal) []byte {
	if d.held += len(text); d.held > maxHeld {
		d.unreadable()
		return held
	}
	if held == nil {
		held = append(held, '"')
	}
	return append(held, text.Inner()...)
}
