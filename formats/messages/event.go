package messages

import (
	"bytes"

	"github.com/aiclient2api/caddy-aiclient2api/formats"
	"github.com/aiclient2api/caddy-aiclient2api/llm"
	"github.com/aiclient2api/caddy-aiclient2api/sse"
)

// step is what an event of a stream is
// (https://docs.claude.com/en/docs/build-with-claude/streaming#event-types).
type step uint8

const (
	unknown step = iota // or ping: to be ignored
	messageStart
	messageDelta
	messageStop
	blockStart
	blockDelta
	blockStop
	failed
)

// event is one event of a stream: the bytes of its members.
type event struct {
	step    step
	index   int64 // of the block, -1 if it is not said
	message []byte
	block   []byte
	delta   []byte
	usage   []byte
}

// readEvent reads the outer object of an event; ok is false if that is none.
// Its kind stands in the data, and in the name of events that leave it out.
func readEvent(ev sse.Event) (e event, ok bool) {
	e.index = -1
	e.step = stepOf(ev.Name)
	m := formats.MembersOf(ev.Data)
	for m.Next() {
		switch v := m.Value(); string(m.Key) {
		case "type":
			if len(v) > 2 && v[0] == '"' {
				e.step = stepOf(v[1 : len(v)-1])
			}
		case "index":
			if n, ok := formats.Int(v); ok {
				e.index = n
			}
		case "delta":
			e.delta = v
		case "content_block":
			e.block = v
		case "message":
			e.message = v
		case "usage":
			e.usage = v
		case "error":
			if e.step == unknown && !formats.IsNull(v) {
				e.step = failed
			}
		}
	}
	return e, m.Err == nil
}

func stepOf(name []byte) step {
	switch string(name) {
	case "content_block_delta":
		return blockDelta
	case "content_block_start":
		return blockStart
	case "content_block_stop":
		return blockStop
	case "message_start":
		return messageStart
	case "message_delta":
		return messageDelta
	case "message_stop":
		return messageStop
	case "error":
		return failed
	}
	return unknown
}

// block is a block of content: the bytes of its members.
type block struct {
	kind      llm.Kind
	hosted    bool // of a tool that runs at the provider, or of a kind that is not known
	id, name  []byte
	text      []byte // of the kinds Text and Thought
	signature []byte // of the kinds Thought and Sealed
	input     []byte
	citations []byte
}

// readBlock reads a block; ok is false if it is no object.
func readBlock(object []byte) (b block, ok bool) {
	var kind, text, thinking, data []byte
	m := formats.MembersOf(object)
	for m.Next() {
		switch v := m.Value(); string(m.Key) {
		case "type":
			kind = v
		case "id":
			b.id = v
		case "name":
			b.name = v
		case "text":
			text = v
		case "thinking":
			thinking = v
		case "signature":
			b.signature = v
		case "data":
			data = v
		case "input":
			b.input = v
		case "citations":
			b.citations = v
		}
	}
	switch string(kind) {
	case `"text"`:
		b.kind, b.text = llm.Text, text
	case `"thinking"`:
		b.kind, b.text = llm.Thought, thinking
	case `"redacted_thinking"`:
		b.kind, b.signature = llm.Sealed, data
	case `"tool_use"`:
		b.kind = llm.Call
	default:
		b.hosted = true
	}
	return b, m.Err == nil
}

// empty reports whether the block is the mere beginning of a text or thought.
func (b block) empty() bool {
	return !b.hosted && (b.kind == llm.Text || b.kind == llm.Thought) && blank(b.text) && blank(b.signature)
}

// blank reports whether a value is not there, null or an empty text.
func blank(v []byte) bool { return len(v) == 0 || string(v) == `""` || formats.IsNull(v) }

// hasMembers reports whether a value is an object that is not empty.
func hasMembers(v []byte) bool {
	return len(v) > 2 && v[0] == '{' && len(bytes.TrimSpace(v[1:len(v)-1])) > 0
}
