package messages

import (
	"bytes"
	"strconv"

	"github.com/aiclient2api/caddy-aiclient2api/formats"
	"github.com/aiclient2api/caddy-aiclient2api/llm"
	"github.com/aiclient2api/caddy-aiclient2api/sse"
)

// Bounds of what one answer may hold.
const (
	maxEvents = 1 << 16 // of an answer that is not streamed
	maxCites  = 1 << 10 // in one block
)

// decoder reads one answer. Anthropic's blocks are those of the neutral form,
// one behind the other, so that there is little to keep: which one is open, and
// what is said once at the end.
//
// Invariant: open is true from an Open that was handed on, or a hosted block
// that was not, to its Close.
type decoder struct {
	id      string
	started bool
	stopped bool // message_stop came
	done    bool // Finish was handed on
	failed  bool
	steady  bool // the last event was a mere piece of text

	open   bool
	index  int64
	kind   llm.Kind
	hosted bool
	// pieces is whether the open call got arguments by deltas, input what
	// content_block_start said of them, quoted.
	pieces bool
	input  llm.Literal

	cites       int  // of the open block
	calls       int  // how many there were
	foreign     bool // the model is no Claude, whose thoughts need no signature
	ended       bool
	reason      llm.Reason
	explanation llm.Literal
	counts      counts

	lostTools, lostCitations bool
}

// Decoder returns what reads the answer to a request.
func (Upstream) Decoder(_ *formats.Sent, id string) formats.Decoder { return &decoder{id: id} }

// Steady reports whether the last event was a mere piece of text.
func (d *decoder) Steady() bool { return d.steady }

// Decode reads an event of a stream. Its hot path, pieces of texts and
// arguments, allocates nothing.
func (d *decoder) Decode(dst []llm.Event, ev sse.Event) []llm.Event {
	d.steady = false
	if d.failed || d.stopped || len(ev.Data) == 0 {
		return dst
	}
	if index, kind, text, ok := usual(ev.Data); ok && d.started {
		if text.Empty() {
			return dst
		}
		had := len(dst)
		dst = d.say(dst, index, kind, text)
		d.steady = len(dst) == had+1 && dst[had].Step == llm.Delta
		return dst
	}
	e, ok := readEvent(ev)
	if !ok {
		if string(ev.Data) == "[DONE]" { // of proxies that speak OpenAI's protocol too
			return dst
		}
		return d.fail(dst, broken("the provider's stream held an event that is not JSON"))
	}
	switch e.step {
	case blockDelta:
		return d.delta(d.start(dst, nil), e)
	case messageStart:
		return d.prompted(d.start(dst, e.message))
	case blockStart:
		b, ok := readBlock(e.block)
		if !ok {
			return d.fail(dst, broken("the provider's stream held a block that cannot be read"))
		}
		return d.begin(d.start(dst, nil), e.index, b)
	case blockStop:
		if d.open && (e.index == d.index || e.index < 0) {
			return d.close(dst)
		}
	case messageDelta:
		d.counts.merge(e.usage)
		d.end(reasonOf(e.delta))
	case messageStop:
		d.stopped = true
		return d.finish(d.start(dst, nil))
	case failed:
		return d.fail(dst, failure(ev.Data))
	}
	return dst
}

// Finish appends what is held back to the end of the stream.
func (d *decoder) Finish(dst []llm.Event, inOrder bool) (events []llm.Event, complete bool) {
	switch {
	case d.failed:
		return dst, true
	case !d.stopped && (!inOrder || !d.ended):
		return dst, false
	}
	dst = d.finish(d.start(dst, nil))
	return append(dst, llm.Event{Step: llm.End}), true
}

// Whole reads a body that is not streamed.
func (d *decoder) Whole(dst []llm.Event, body []byte) (events []llm.Event, ok bool) {
	var content, reason, details []byte
	var fails bool
	var said message
	m := formats.MembersOf(body)
	for m.Next() {
		switch v := m.Value(); string(m.Key) {
		case "type":
			fails = fails || string(v) == `"error"`
		case "error":
			fails = fails || !formats.IsNull(v)
		case "content":
			if v[0] == '[' {
				content = v
			}
		case "stop_reason":
			reason = v
		case "stop_details":
			details = v
		default:
			d.read(&said, m.Key, v)
		}
	}
	switch {
	case m.Err != nil:
		return dst, false
	case fails && content == nil:
		return d.fail(dst, failure(body)), true
	}
	from := len(dst)
	dst = d.begun(dst, said)
	blocks := formats.ElementsOf(content)
	for i := int64(0); blocks.Next(); i++ {
		b, ok := readBlock(blocks.Value())
		if !ok {
			return dst[:from], false
		}
		dst = d.close(d.begin(dst, i, b))
		switch {
		case d.failed:
			return dst[:from], false
		case len(dst)-from > maxEvents:
			return d.fail(dst[:from], broken("the provider's answer has too many blocks")), true
		}
	}
	if blocks.Err() != nil {
		return dst[:from], false
	}
	d.end(reason, details)
	return append(d.finish(dst), llm.Event{Step: llm.End}), true
}

// message is what an answer is called.
type message struct{ id, model llm.Literal }

// read reads a member of the object that says what the answer is called.
func (d *decoder) read(said *message, name, v []byte) {
	switch string(name) {
	case "id":
		said.id = formats.AsLiteral(v)
	case "model":
		said.model = formats.AsLiteral(v)
	case "usage":
		d.counts.merge(v)
	}
}

// start appends Start once. object is what says what the answer is called; it
// may be nil.
func (d *decoder) start(dst []llm.Event, object []byte) []llm.Event {
	if d.started {
		return dst
	}
	var said message
	for m := formats.MembersOf(object); m.Next(); {
		d.read(&said, m.Key, m.Value())
	}
	return d.begun(dst, said)
}

// begun appends Start.
func (d *decoder) begun(dst []llm.Event, said message) []llm.Event {
	d.started = true
	d.foreign = !said.model.Empty() && !bytes.Contains(bytes.ToLower(said.model), []byte("claude"))
	return append(dst, llm.Event{Step: llm.Start, ID: said.id, Name: said.model})
}

// prompted states what the prompt cost, which is known at the start: it is what
// is left if the stream breaks off.
func (d *decoder) prompted(dst []llm.Event) []llm.Event {
	u := d.counts.usage()
	if !u.Input.Known {
		return dst
	}
	u.Output, u.Reasoning = llm.Count{}, llm.Count{}
	return append(dst, llm.Event{Step: llm.Stated, Usage: u})
}

// reasonOf returns why the answer ended as the delta of message_delta says it.
func reasonOf(object []byte) (reason, details []byte) {
	for m := formats.MembersOf(object); m.Next(); {
		switch string(m.Key) {
		case "stop_reason":
			reason = m.Value()
		case "stop_details":
			details = m.Value()
		}
	}
	return reason, details
}

// end takes why the answer ended.
func (d *decoder) end(reason, details []byte) {
	if blank(reason) {
		return
	}
	d.ended, d.reason, d.explanation = true, llm.Stopped, nil
	switch string(reason) {
	case `"max_tokens"`, `"model_context_window_exceeded"`:
		d.reason = llm.Length
	case `"refusal"`:
		d.reason = llm.Filtered
		for m := formats.MembersOf(details); m.Next(); {
			if string(m.Key) == "explanation" {
				d.explanation = bytes.Clone(formats.AsLiteral(m.Value()))
			}
		}
	}
}

// finish appends what stands at the end of an answer, but for End. Whether the
// model waits for results follows from its calls: the calls of hosted tools
// end with tool_use or pause_turn too.
func (d *decoder) finish(dst []llm.Event) []llm.Event {
	if d.done {
		return dst
	}
	d.done = true
	dst = d.close(dst)
	if d.counts != (counts{}) {
		dst = append(dst, llm.Event{Step: llm.Stated, Usage: d.counts.usage()})
	}
	if d.reason == llm.Stopped && d.calls > 0 {
		d.reason = llm.Calls
	}
	return append(dst, llm.Event{Step: llm.Finish, Reason: d.reason, Text: d.explanation})
}

func (d *decoder) fail(dst []llm.Event, err *llm.Error) []llm.Event {
	d.failed = true
	return append(dst, llm.Event{Step: llm.Fail, Err: err})
}

// begin opens a block, with all of its content that is there already.
func (d *decoder) begin(dst []llm.Event, index int64, b block) []llm.Event {
	dst = d.close(dst)
	if b.hosted {
		d.open, d.index, d.hosted = true, index, true
		return lose(dst, &d.lostTools, "hosted tools")
	}
	switch b.kind {
	case llm.Call:
		return d.beginCall(dst, index, b)
	case llm.Sealed:
		data := formats.AsLiteral(b.signature)
		if data == nil {
			return d.fail(dst, broken("the provider's answer held a thought that cannot be read"))
		}
		return append(dst,
			llm.Event{Step: llm.Open, Kind: llm.Sealed, Signature: data, Origin: llm.Anthropic},
			llm.Event{Step: llm.Close})
	}
	dst = d.piece(d.openAs(dst, index, b.kind), index, b.kind, b.text)
	if b.kind == llm.Thought {
		return d.sign(dst, index, b.signature)
	}
	if len(b.citations) > 0 && b.citations[0] == '[' {
		for c := formats.ElementsOf(b.citations); c.Next() && !d.failed; {
			dst = d.cite(dst, index, c.Value())
		}
	}
	return dst
}

func (d *decoder) beginCall(dst []llm.Event, index int64, b block) []llm.Event {
	ev := llm.Event{Step: llm.Open, Kind: llm.Call, ID: formats.AsLiteral(b.id), Name: formats.AsLiteral(b.name)}
	if ev.Name.Empty() {
		return d.fail(dst, broken("the provider's answer held a call of a tool without a name"))
	}
	if ev.ID.Empty() {
		ev.ID = formats.Encoded("toolu_" + d.id + "_" + strconv.Itoa(d.calls))
	}
	d.input = nil
	switch {
	case hasMembers(b.input):
		if !formats.Valid(b.input) {
			return d.fail(dst, broken("the provider's answer held arguments that are not JSON"))
		}
		d.input = formats.AppendQuoted(nil, b.input)
	case !blank(b.input) && b.input[0] == '"': // a dialect's: the text of them
		d.input = bytes.Clone(formats.AsLiteral(b.input))
	}
	d.open, d.index, d.kind, d.hosted, d.pieces = true, index, llm.Call, false, false
	d.calls++
	return append(dst, ev)
}

// openAs opens a block of text or thoughts.
func (d *decoder) openAs(dst []llm.Event, index int64, kind llm.Kind) []llm.Event {
	d.open, d.index, d.kind, d.hosted, d.cites = true, index, kind, false, 0
	ev := llm.Event{Step: llm.Open, Kind: kind}
	if kind == llm.Thought && !d.foreign {
		ev.Origin = llm.Anthropic // it will be signed
	}
	return append(dst, ev)
}

// close ends the open block, if there is one.
func (d *decoder) close(dst []llm.Event) []llm.Event {
	if !d.open || d.failed {
		return dst
	}
	d.open = false
	if d.hosted {
		return dst
	}
	if d.kind == llm.Call && !d.pieces && d.input != nil {
		dst = append(dst, llm.Event{Step: llm.Delta, Text: d.input})
	}
	return append(dst, llm.Event{Step: llm.Close})
}

// lose appends once that something of the answer is lost.
func lose(dst []llm.Event, said *bool, what string) []llm.Event {
	if *said {
		return dst
	}
	*said = true
	return append(dst, llm.Event{Step: llm.Lost, What: what})
}
