package messages

import (
	"github.com/aiclient2api/caddy-aiclient2api/formats"
	"github.com/aiclient2api/caddy-aiclient2api/llm"
	"github.com/aiclient2api/caddy-aiclient2api/sse"
)

// This file is what relaying needs of an answer: a look at its start and its
// end. decode.go reads all of one.

// Opening says what an event at the start of a stream is. Anthropic may fail
// after message_start and after the start of an empty block, so that these
// commit to nothing, as pings and events of a kind that is not known.
func (Upstream) Opening(ev sse.Event) (formats.Opening, *llm.Error) {
	if len(ev.Data) == 0 {
		return formats.Preamble, nil
	}
	e, ok := readEvent(ev)
	if !ok {
		return formats.Content, nil // not ours to judge
	}
	switch e.step {
	case failed:
		return formats.Failure, failure(ev.Data)
	case blockDelta, messageDelta, messageStop:
		return formats.Content, nil
	case blockStart:
		if b, ok := readBlock(e.block); !ok || !b.empty() {
			return formats.Content, nil
		}
	}
	return formats.Preamble, nil
}

// Whole looks at an answer that is not streamed. One that says "error" is a
// failure whatever its status said.
func (Upstream) Whole(body []byte) (usage llm.Usage, fail *llm.Error, ok bool) {
	var c counts
	var content, fails bool
	m := formats.MembersOf(body)
	for m.Next() {
		switch v := m.Value(); string(m.Key) {
		case "type":
			fails = fails || string(v) == `"error"`
		case "error":
			fails = fails || !formats.IsNull(v)
		case "content":
			content = v[0] == '['
		case "usage":
			c.merge(v)
		}
	}
	switch {
	case m.Err != nil:
		return llm.Usage{}, nil, false
	case fails && !content:
		return llm.Usage{}, failure(body), true
	}
	return c.usage(), nil, content
}

// Ended reports whether a stream came to its own end: message_stop, an error
// or, of dialects that spare the former, a stop reason. The words are looked
// for with their quotes, which inside a text would be escaped.
func (Upstream) Ended(tail []byte, inOrder bool) bool {
	return formats.HasType(tail, `"message_stop"`) || formats.HasType(tail, `"error"`) || inOrder && hasReason(tail)
}

// hasReason reports whether a stop reason other than null stands in b.
func hasReason(b []byte) bool {
	for v := range formats.Values(b, `"stop_reason"`) {
		if v[0] == '"' {
			return true
		}
	}
	return false
}

// Complete reports whether data is whole JSON.
func (Upstream) Complete(data []byte) bool { return formats.Balanced(data) }
