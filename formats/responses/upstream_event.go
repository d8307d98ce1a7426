package responses

import (
	"github.com/tidwall/gjson"

	"github.com/aiclient2api/caddy-aiclient2api/formats"
	"github.com/aiclient2api/caddy-aiclient2api/llm"
)

// step is what an event of a stream says
// (https://platform.openai.com/docs/api-reference/responses-streaming).
type step uint8

const (
	stepOther   step = iota // nothing that has a place in an answer
	stepCreated             // or is on its way
	stepAdded               // an item begins
	stepPart                // a part of an item begins
	stepText
	stepRefusal
	stepSummary // of the reasoning
	stepThought // the reasoning itself
	stepArguments
	stepInput // of a tool that takes a plain text
	stepTextDone
	stepRefusalDone
	stepSummaryDone
	stepThoughtDone
	stepArgumentsDone
	stepInputDone
	stepCited
	stepDone // an item is complete
	stepEnded
	stepError
)

// stepOf returns what the type of an event means. Those of OpenAI's earliest
// servers had shorter words for reasoning, which others keep.
func stepOf(kind []byte) step {
	switch string(kind) {
	case "response.output_text.delta":
		return stepText
	case "response.function_call_arguments.delta":
		return stepArguments
	case "response.reasoning_summary_text.delta", "response.reasoning_summary.delta":
		return stepSummary
	case "response.reasoning_text.delta", "response.reasoning.delta":
		return stepThought
	case "response.refusal.delta":
		return stepRefusal
	case "response.custom_tool_call_input.delta":
		return stepInput
	case "response.created", "response.in_progress", "response.queued", "keepalive", "ping":
		return stepCreated
	case "response.output_item.added":
		return stepAdded
	case "response.content_part.added", "response.reasoning_summary_part.added":
		return stepPart
	case "response.output_text.done":
		return stepTextDone
	case "response.refusal.done":
		return stepRefusalDone
	case "response.reasoning_summary_text.done", "response.reasoning_summary.done":
		return stepSummaryDone
	case "response.reasoning_text.done", "response.reasoning.done":
		return stepThoughtDone
	case "response.function_call_arguments.done":
		return stepArgumentsDone
	case "response.custom_tool_call_input.done":
		return stepInputDone
	case "response.output_text.annotation.added":
		return stepCited
	case "response.output_item.done":
		return stepDone
	case "response.completed", "response.incomplete", "response.failed", "response.cancelled":
		return stepEnded
	case "error":
		return stepError
	}
	return stepOther
}

// happening is one event: the raw bytes of its members.
type happening struct {
	step                           step
	index, part                    int64 // of the item and in it, -1 where it is not said
	delta, text, logprobs, cite    []byte
	item, response, err, arguments []byte
}

// readHappening reads an event. Its type stands in the data, and in the name of
// events that leave it out there. ok is false if data is no JSON object.
func readHappening(name, data []byte) (h happening, ok bool) {
	h.step, h.index, h.part = stepOf(name), -1, -1
	typed := false
	m := formats.MembersOf(data)
	for m.Next() {
		v := m.Value()
		switch string(m.Key) {
		case "type":
			if len(v) > 2 && v[0] == '"' {
				h.step, typed = stepOf(v[1:len(v)-1]), true
			}
		case "output_index":
			h.index = indexOf(v)
		case "content_index", "summary_index":
			h.part = indexOf(v)
		case "delta":
			h.delta = v
		case "text", "refusal":
			h.text = v
		case "arguments", "input":
			h.arguments = v
		case "logprobs":
			h.logprobs = v
		case "annotation":
			h.cite = v
		case "item":
			h.item = v
		case "response":
			h.response = v
		case "error":
			h.err = v
		}
	}
	if !typed && h.step == stepOther && h.err != nil && !formats.IsNull(h.err) {
		h.step = stepError
	}
	return h, m.Err == nil
}

func indexOf(v []byte) int64 {
	if n, ok := formats.Int(v); ok && n >= 0 {
		return n
	}
	return -1
}

// failure returns the error that an event is. OpenAI's reference has its
// members at the top, its servers in an object.
func (h *happening) failure(data []byte) *llm.Error {
	v := data
	if h.err != nil && !formats.IsNull(h.err) {
		v = h.err
	}
	e := failure(gjson.ParseBytes(v), nil)
	if e.Type == "error" {
		e.Type = "" // the event's, not the error's
	}
	return e
}

// product is an item of an output
// (https://platform.openai.com/docs/api-reference/responses/object#responses-object-output).
// Its members are raw, nil where they are null.
type product struct {
	kind                               []byte
	id, callID, name, arguments, input []byte
	content, summary, sealed           []byte
	result, format                     []byte
}

// readProduct reads an item; ok is false if it is no object.
func readProduct(object []byte) (p product, ok bool) {
	m := formats.MembersOf(object)
	for m.Next() {
		v := m.Value()
		if formats.IsNull(v) {
			continue
		}
		switch string(m.Key) {
		case "type":
			p.kind = v
		case "id":
			p.id = v
		case "call_id":
			p.callID = v
		case "name":
			p.name = v
		case "arguments":
			p.arguments = v
		case "input":
			p.input = v
		case "content":
			p.content = v
		case "summary":
			p.summary = v
		case "encrypted_content":
			p.sealed = v
		case "result":
			p.result = v
		case "output_format":
			p.format = v
		}
	}
	return p, m.Err == nil
}

// silent reports whether it is a message or reasoning that says nothing yet.
func (p *product) silent() bool {
	if kind := string(p.kind); kind != `"message"` && kind != `"reasoning"` {
		return false
	}
	for _, list := range [...][]byte{p.content, p.summary} {
		for e := formats.ElementsOf(list); e.Next(); {
			if t := formats.Member(e.Value(), "text"); len(t) > len(`""`) {
				return false
			}
		}
	}
	return true
}
