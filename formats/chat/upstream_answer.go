package chat

import (
	"bytes"
	"net/http"

	"github.com/tidwall/gjson"

	"github.com/aiclient2api/caddy-aiclient2api/formats"
	"github.com/aiclient2api/caddy-aiclient2api/llm"
	"github.com/aiclient2api/caddy-aiclient2api/sse"
)

// This file and its neighbours turn chunks and bodies into events.
//
// A chunk is flat: a delta may hold a piece of anything, and no block has a
// start or an end of its own. A block is opened by its first piece and closed
// by a piece of something else, or at the end. What the finish says is kept to
// the end too, because dialects say it twice, or beside content, or not at all.
//
// The walkers that read a chunk bound its depth before anything else looks
// inside; what is handed on is checked where it is taken.

// Bounds of what one answer may hold.
const (
	maxChoices = 128      // OpenAI's own
	maxCalls   = 1 << 10  // in one choice
	maxPieces  = 1 << 16  // events of a chunk, or of a body, and elements of its lists
	maxHeld    = 16 << 20 // bytes that are held back for their turn
)

// reader reads one answer.
type reader struct {
	id  string // for ids of calls
	out []llm.Event
	// most is how many events there may be in out, elements how many elements
	// of lists were read since out was begun.
	most, elements int

	begun, done bool
	failed      bool // or ended: nothing more is said
	steady      bool // the last event was a mere piece of text
	choices     []alternative
	made        int // ids that were made
	held        int // bytes
	usage       llm.Usage
	lost        losses
	usual       usual
}

// alternative is the state of one choice.
type alternative struct {
	seen, open bool
	kind       llm.Kind // of the open block
	signed     bool     // the open thought has its signature
	calls      []called
	current    int    // the open call
	waiting    int    // calls that were not opened yet
	text       []byte // what is said behind a call that is not complete yet: a literal without its end

	finished bool
	reason   llm.Reason
}

// losses is a set of what was lost, each named once.
type losses uint8

const (
	lostAudio losses = 1 << iota
	lostHosted
	lostArguments
	lostCall
	lostCitations
	lostSignature
	lostChoices
	lostContent
)

func (d *reader) lose(l losses, name string) {
	if d.lost&l == 0 {
		d.lost |= l
		d.emit(llm.Event{Step: llm.Lost, What: name})
	}
}

// Decoder returns what reads the one answer to a request.
func (Upstream) Decoder(_ *formats.Sent, id string) formats.Decoder { return &reader{id: id} }

// emit adds an event. Nothing comes after an error.
func (d *reader) emit(e llm.Event) {
	if !d.failed {
		d.out = append(d.out, e)
	}
}

// delta adds a piece of the open block.
func (d *reader) delta(n int, text llm.Literal) {
	if !d.failed {
		d.out = llm.AppendDelta(d.out, n, text)
	}
}

// onto begins to add events to dst.
func (d *reader) onto(dst []llm.Event) { d.out, d.most, d.elements = dst, len(dst)+maxPieces, 0 }

// next goes to the next element of a list. An answer that has too many ends.
func (d *reader) next(e *formats.Elements) bool {
	if d.failed || !e.Next() {
		return false
	}
	if d.elements++; d.elements > maxPieces || len(d.out) > d.most {
		d.unreadable()
		return false
	}
	return true
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
		d.emit(llm.Event{Step: llm.Fail, Err: e})
		d.failed = true
	}
}

func (d *reader) unreadable() {
	d.fail(&llm.Error{Status: http.StatusBadGateway, Message: "the provider sent something that cannot be read as a part of a chat completion"})
}

// Steady reports whether the last event was a mere piece of text.
func (d *reader) Steady() bool { return d.steady }

// Decode reads one event.
func (d *reader) Decode(dst []llm.Event, ev sse.Event) []llm.Event {
	d.steady = false
	data := bytes.TrimSpace(ev.Data)
	if d.failed || d.done || len(data) == 0 {
		return dst
	}
	if string(data) == done {
		d.done = true
		return dst
	}
	d.onto(dst)
	isError := string(ev.Name) == "error"
	if d.begun && !isError {
		if s, ok := d.usual.read(data); ok {
			had := len(d.out)
			d.tellUsual(&s)
			d.steady = len(d.out) == had+1 && d.out[had].Step == llm.Delta
			return d.take()
		}
	}
	switch {
	case isError && !formats.Balanced(data):
		d.fail(&llm.Error{Status: http.StatusBadGateway, Message: "the provider ended the stream with an error: " + formats.Clip(string(data))})
	case isError && formats.Member(data, "error") == nil:
		d.fail(failure(gjson.ParseBytes(data), data))
	default:
		d.chunk(data)
	}
	return d.take()
}

// Finish ends the answer. Dialects without a terminator have at least said a
// finish.
func (d *reader) Finish(dst []llm.Event, inOrder bool) (events []llm.Event, complete bool) {
	if d.failed {
		return dst, true
	}
	complete = d.done
	for i := range d.choices {
		complete = complete || inOrder && d.choices[i].finished
	}
	if !complete {
		return dst, false
	}
	d.out = dst
	d.end()
	return d.take(), true
}

// Whole reads a body.
func (d *reader) Whole(dst []llm.Event, body []byte) (events []llm.Event, ok bool) {
	var c chunk
	if body = bytes.TrimSpace(body); !c.read(body) {
		return dst, false
	}
	d.onto(dst)
	switch {
	case c.err != nil && isEmptyList(c.choices):
		d.fail(failure(gjson.ParseBytes(c.err), body))
	case c.choices == nil:
		d.out = nil
		return dst, false
	default:
		d.begin(&c)
		d.all(c.choices)
		d.count(c.usage)
		d.end()
	}
	return d.take(), true
}

// isEmptyList reports whether v is no list or has nothing in it.
func isEmptyList(v []byte) bool {
	return len(v) < 2 || v[0] != '[' || len(bytes.TrimSpace(v[1:len(v)-1])) == 0
}

// end says all that was kept to the end.
func (d *reader) end() {
	if d.failed {
		return
	}
	if !d.begun {
		d.begin(&chunk{})
	}
	if len(d.choices) == 0 {
		d.choices = append(d.choices, alternative{seen: true})
	}
	for n := range d.choices {
		c := &d.choices[n]
		if !c.seen {
			continue
		}
		d.settle(n, c, true)
		d.close(n, c)
		reason := c.reason
		switch calls := c.opened() > 0; {
		case calls && reason == llm.Stopped:
			reason = llm.Calls
		case !calls && reason == llm.Calls:
			reason = llm.Stopped
		}
		d.emit(llm.Event{Step: llm.Finish, Choice: n, Reason: reason})
	}
	if d.usage != (llm.Usage{}) {
		d.emit(llm.Event{Step: llm.Stated, Usage: d.usage})
	}
	d.emit(llm.Event{Step: llm.End})
	d.failed = true // nothing comes after it
}

// finish notes why a choice ended. The words are OpenAI's and those of its
// followers; one that says nothing gives way to one that does.
func (d *reader) finish(c *alternative, word llm.Literal) {
	if word.Empty() {
		return
	}
	reason := llm.Stopped
	switch string(word.Inner()) {
	case "length", "model_length", "max_tokens", "max_output_tokens", "MAX_TOKENS":
		reason = llm.Length
	case "tool_calls", "tool_call", "tool_use", "function_call":
		reason = llm.Calls
	case "content_filter", "safety", "SAFETY", "refusal", "sensitive", "RECITATION", "PROHIBITED_CONTENT", "BLOCKLIST", "SPII":
		reason = llm.Filtered
	case "error", "network_error", "insufficient_system_resource":
		d.fail(&llm.Error{Status: http.StatusBadGateway, Message: "the provider ended the answer with the reason " + string(word.Inner())})
		return
	}
	if !c.finished || reason != llm.Stopped {
		c.reason = reason
	}
	c.finished = true
}
