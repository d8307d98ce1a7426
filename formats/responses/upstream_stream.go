package responses

import (
	"bytes"
	"net/http"

	"github.com/aiclient2api/caddy-aiclient2api/formats"
	"github.com/aiclient2api/caddy-aiclient2api/llm"
	"github.com/aiclient2api/caddy-aiclient2api/sse"
)

// This file and its neighbours turn streams and bodies into events.
//
// An answer is a list of items, each with a start, pieces and an end, so that
// blocks follow from them. But items may be under way at once, and blocks must
// not overlap: one item speaks, until it is done, and what others say meanwhile
// is held back (upstream_turns.go). A body is read as if each of its items was
// done at once (upstream_items.go). How the answer ended and its usage are kept
// to the end of the stream.
//
// The walkers that read an event bound its depth before anything else looks
// inside; what is handed on is checked where it is taken.

// Bounds of what one answer may hold.
const (
	maxItems  = 1 << 12
	maxPieces = 1 << 16  // events of an event, or of a body
	maxHeld   = 16 << 20 // bytes that are held back for their turn
)

// reader reads one answer.
type reader struct {
	id   string // for ids of calls
	sent *formats.Sent
	// tools are the names of those that were offered, once they are known.
	tools map[string]bool
	out   []llm.Event
	most  int // events that out may have

	begun, done bool // the stream said its start and its end
	failed      bool // or ended: nothing more is said
	origin      llm.Origin

	speakers []speaker
	current  int // the one who speaks, -1 for nobody
	waiting  int // how many are held back
	held     int // bytes of these

	block llm.Kind // that is open, or was last
	chars int64    // of all text
	begin int64    // chars before the open block

	calls, made int
	reason      llm.Reason
	usage       llm.Usage
	lost        losses
}

// losses is a set of what was lost, each named once.
type losses uint8

const (
	lostHosted losses = 1 << iota
	lostCitations
	lostSignature
	lostCall
	lostContent
)

func (d *reader) lose(l losses, name string) {
	if d.lost&l == 0 {
		d.lost |= l
		d.emit(llm.Event{Step: llm.Lost, What: name})
	}
}

// Decoder returns what reads the one answer to a request.
func (Upstream) Decoder(s *formats.Sent, id string) formats.Decoder {
	return &reader{id: id, sent: s, current: -1, origin: llm.OpenAI}
}

// emit adds an event. Nothing comes after an error.
func (d *reader) emit(e llm.Event) {
	switch {
	case d.failed:
		return
	case !d.begun:
		d.start(nil, nil)
	case len(d.out) >= d.most:
		d.unreadable()
		return
	}
	switch e.Step {
	case llm.Open:
		d.block, d.begin = e.Kind, d.chars
	case llm.Delta:
		if d.block == llm.Text {
			d.chars += formats.Characters(e.Text)
		}
	case llm.Cite: // borders are those of the block's text
		if e.Citation.From.Known && e.Citation.To.Known {
			e.Citation.From.N += d.begin
			e.Citation.To.N += d.begin
		}
	}
	d.out = append(d.out, e)
}

// start says the start, once.
func (d *reader) start(id, model []byte) {
	if d.begun || d.failed {
		return
	}
	d.begun = true
	name := formats.AsLiteral(model)
	if !name.Empty() {
		d.origin = sealer(formats.Decoded(name))
	}
	d.out = append(d.out, llm.Event{Step: llm.Start, ID: formats.AsLiteral(id), Name: name})
}

// take returns the events.
func (d *reader) take() []llm.Event {
	out := d.out
	d.out = nil
	return out
}

// fail ends the answer.
func (d *reader) fail(e *llm.Error) {
	if !d.failed {
		d.failed = true
		d.out = append(d.out, llm.Event{Step: llm.Fail, Err: e})
	}
}

func (d *reader) unreadable() {
	d.fail(&llm.Error{Status: http.StatusBadGateway, Message: "the provider sent something that cannot be read as a part of a response"})
}

// Decode reads one event.
func (d *reader) Decode(dst []llm.Event, ev sse.Event) []llm.Event {
	data := bytes.TrimSpace(ev.Data)
	if d.failed || d.done || len(data) == 0 {
		return dst
	}
	if string(data) == doneData {
		d.done = true
		return dst
	}
	d.out, d.most = dst, len(dst)+maxPieces
	h, ok := readHappening(ev.Name, data)
	switch {
	case ok:
		d.happens(&h, data)
	case h.step == stepError && string(ev.Name) == "error":
		d.fail(&llm.Error{Status: http.StatusBadGateway, Message: "the provider ended the stream with an error: " + formats.Clip(string(data))})
	default:
		d.unreadable()
	}
	return d.take()
}

// happens takes an event.
func (d *reader) happens(h *happening, data []byte) {
	switch h.step {
	case stepText, stepTextDone:
		d.piece(h, aMessage, llm.Text)
	case stepRefusal, stepRefusalDone:
		d.piece(h, aMessage, llm.Refusal)
	case stepSummary, stepSummaryDone, stepThought, stepThoughtDone:
		d.piece(h, aThought, llm.Thought)
	case stepArguments, stepArgumentsDone, stepInput, stepInputDone:
		d.arguments(h)
	case stepCreated:
		if r, ok := readAnswer(h.response); ok {
			d.start(r.id, r.model)
		}
	case stepAdded:
		d.added(h)
	case stepDone:
		d.completed(h)
	case stepCited:
		if i := d.find(h.index, aMessage); i >= 0 {
			d.cite(i, h.cite, true)
		}
	case stepError:
		d.fail(h.failure(data))
	case stepEnded:
		d.ended(h)
	}
}

// ended takes the last event of a stream, which holds all of the response. Of
// servers that said nothing before it is the answer.
func (d *reader) ended(h *happening) {
	r, ok := readAnswer(h.response)
	switch {
	case !ok:
		d.unreadable()
		return
	case r.failed():
		d.fail(r.failure(nil))
		return
	}
	d.start(r.id, r.model)
	if len(d.speakers) == 0 {
		d.all(r.output)
	}
	d.reason, d.usage, d.done = r.reason(), readUsage(r.usage), true
}

// Finish ends the answer.
func (d *reader) Finish(dst []llm.Event, _ bool) (events []llm.Event, complete bool) {
	if d.failed {
		return dst, true
	}
	if !d.done {
		return dst, false
	}
	d.out, d.most = dst, len(dst)+maxPieces
	d.end()
	return d.take(), true
}

// Whole reads a body.
func (d *reader) Whole(dst []llm.Event, body []byte) (events []llm.Event, ok bool) {
	body = bytes.TrimSpace(body)
	r, ok := readAnswer(body)
	if !ok || r.output == nil && r.err == nil && !r.failed() {
		return dst, false
	}
	d.out, d.most = dst, len(dst)+maxPieces
	if r.failed() {
		d.fail(r.failure(body))
		return d.take(), true
	}
	d.start(r.id, r.model)
	d.all(r.output)
	d.reason, d.usage = r.reason(), readUsage(r.usage)
	d.end()
	return d.take(), true
}

// end says all that was kept to the end.
func (d *reader) end() {
	d.settle()
	reason := d.reason
	if d.calls > 0 && reason == llm.Stopped {
		reason = llm.Calls
	}
	d.emit(llm.Event{Step: llm.Finish, Reason: reason})
	if d.usage != (llm.Usage{}) {
		d.emit(llm.Event{Step: llm.Stated, Usage: d.usage})
	}
	d.emit(llm.Event{Step: llm.End})
	d.failed = true // nothing comes after it
}
