package responses

import (
	"bytes"

	"github.com/aiclient2api/caddy-aiclient2api/llm"
)

// being is what an item is to us.
type being uint8

const (
	aHosted being = iota // of a tool that runs at the provider, or not known
	aMessage
	aThought
	aCall
)

// speaker is the state of an item. The block that is open is so in what the
// item said, whether that was handed on or is held back.
type speaker struct {
	index int64 // the provider's
	being being
	id    []byte // the item's

	open bool
	kind llm.Kind // of the open block, or the last
	part int64    // of the item, that spoke last
	said bool     // anything
	rest bool     // it may give way: what it was about is complete
	done bool

	named  bool // a call that was opened
	cited  bool
	sealed bool // its reasoning is going to be signed
	source step // of its reasoning: two tell the same

	held []llm.Event
}

// join adds an item, -1 if there are too many.
func (d *reader) join(index int64, b being, id []byte) int {
	if len(d.speakers) == maxItems {
		d.unreadable()
		return -1
	}
	if index < 0 && len(d.speakers) > 0 {
		index = d.speakers[len(d.speakers)-1].index + 1
	}
	d.speakers = append(d.speakers, speaker{index: max(index, 0), being: b, part: -1, id: bytes.Clone(id)})
	return len(d.speakers) - 1
}

// find returns the item that an event is for: that of its index, or the last.
// One that was never begun is begun. It returns -1 if nothing can be said in
// its name.
func (d *reader) find(index int64, b being) int {
	for i := len(d.speakers) - 1; i >= 0; i-- {
		s := &d.speakers[i]
		if s.being != b || index >= 0 && s.index != index {
			continue
		}
		if s.done {
			return -1
		}
		return i
	}
	if b == aCall { // nobody knows of what, or it is one of the provider's own
		return -1
	}
	return d.join(index, b, nil)
}

// put says something in the name of the i-th item, or holds it back.
func (d *reader) put(i int, e llm.Event) {
	if d.current != i && !d.turn(i) {
		d.hold(&d.speakers[i], e)
		return
	}
	d.emit(e)
}

// turn makes the i-th item the one who speaks, if nobody else does or who does
// gives way. It returns whether it is.
func (d *reader) turn(i int) bool {
	if d.current >= 0 && d.speakers[d.current].rest {
		d.leave()
		d.next()
	}
	if d.current < 0 {
		d.current = i
	}
	return d.current == i
}

// leave ends the turn of who speaks.
func (d *reader) leave() {
	d.close(d.current)
	d.current = -1
}

// next hands on what was held back, of one item after the other, up to one that
// is not done.
func (d *reader) next() {
	for i := 0; i < len(d.speakers) && d.waiting > 0 && !d.failed; i++ {
		s := &d.speakers[i]
		if len(s.held) == 0 {
			continue
		}
		d.current = i
		d.waiting--
		for _, e := range s.held {
			d.held -= weight(&e)
			d.emit(e)
		}
		s.held = nil
		if !s.done {
			return
		}
		d.current = -1
	}
}

// finish takes the end of the i-th item.
func (d *reader) finish(i int) {
	d.close(i)
	d.speakers[i].done = true
	if d.current == i {
		d.current = -1
		d.next()
	}
}

// settle ends all items.
func (d *reader) settle() {
	for i := range d.speakers {
		if s := &d.speakers[i]; !s.done {
			if s.being == aCall && !s.named {
				d.lose(lostCall, "a call without a name")
			}
			d.finish(i)
		}
	}
}

// open opens a block of the i-th item.
func (d *reader) open(i int, e llm.Event) {
	d.close(i)
	s := &d.speakers[i]
	s.open, s.kind, s.said = true, e.Kind, true
	e.Step = llm.Open
	d.put(i, e)
}

// close closes the open block of the i-th item.
func (d *reader) close(i int) {
	if s := &d.speakers[i]; s.open {
		s.open = false
		d.put(i, llm.Event{Step: llm.Close})
	}
}

// hold keeps a copy of an event. Pieces of one block become one.
func (d *reader) hold(s *speaker, e llm.Event) {
	if d.failed {
		return
	}
	if len(s.held) == 0 {
		d.waiting++
	}
	if d.held += weight(&e); d.held > maxHeld {
		d.unreadable()
		return
	}
	if n := len(s.held); n > 0 && e.Step == llm.Delta && e.Logprobs == nil {
		if last := &s.held[n-1]; last.Step == llm.Delta && last.Logprobs == nil {
			text := append(last.Text[:len(last.Text)-1], e.Text.Inner()...)
			last.Text = append(text, '"')
			return
		}
	}
	for _, l := range [...]*llm.Literal{&e.ID, &e.Name, &e.Text, &e.Signature} {
		*l = bytes.Clone(*l)
	}
	if c := e.Citation; c != nil {
		e.Citation = &llm.Citation{URL: bytes.Clone(c.URL), Title: bytes.Clone(c.Title), From: c.From, To: c.To}
	}
	e.Logprobs = keep(e.Logprobs)
	s.held = append(s.held, e)
}

// weight is what an event that is held back counts: its bytes, and those of the
// event itself unless it can become a part of another.
func weight(e *llm.Event) int {
	n := len(e.ID) + len(e.Name) + len(e.Text) + len(e.Signature)
	if e.Citation != nil {
		n += len(e.Citation.URL) + len(e.Citation.Title)
	}
	if e.Step != llm.Delta || e.Logprobs != nil {
		n += 512
	}
	return n
}

// keep copies probabilities.
func keep(tokens []llm.TokenLogprob) (out []llm.TokenLogprob) {
	for _, t := range tokens {
		out = append(out, llm.TokenLogprob{Token: bytes.Clone(t.Token), Logprob: bytes.Clone(t.Logprob), Top: keep(t.Top)})
	}
	return out
}
