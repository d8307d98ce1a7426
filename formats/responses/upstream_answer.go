package responses

import (
	"bytes"
	"net/http"
	"slices"

	"github.com/tidwall/gjson"

	"github.com/aiclient2api/caddy-aiclient2api/formats"
	"github.com/aiclient2api/caddy-aiclient2api/llm"
	"github.com/aiclient2api/caddy-aiclient2api/sse"
)

// Path returns where an operation stands below a base URL such as
// https://api.openai.com/v1.
func (Upstream) Path(op formats.Operation, _ string, _ bool) (path, query string) {
	switch op {
	case formats.CountTokens:
		return "/responses/input_tokens", ""
	case formats.Compact:
		return "/responses/compact", ""
	case formats.Completions:
		return "/completions", ""
	case formats.Embeddings:
		return "/embeddings", ""
	case formats.Moderations:
		return "/moderations", ""
	default:
		return "/responses", ""
	}
}

// Opening says what an event at the start of a stream is. A response is
// created, is in progress and begins its first item before an error may come.
func (Upstream) Opening(ev sse.Event) (formats.Opening, *llm.Error) {
	data := bytes.TrimSpace(ev.Data)
	if len(data) == 0 {
		return formats.Preamble, nil
	}
	h, ok := readHappening(ev.Name, data)
	if !ok {
		return formats.Content, nil // the terminator, or what is not ours to judge
	}
	switch h.step {
	case stepCreated, stepPart:
		return formats.Preamble, nil
	case stepAdded:
		if it, ok := readProduct(h.item); ok && it.silent() {
			return formats.Preamble, nil
		}
	case stepError:
		return formats.Failure, h.failure(data)
	case stepEnded:
		if r, ok := readAnswer(h.response); ok && r.failed() {
			return formats.Failure, r.failure(nil)
		}
	}
	return formats.Content, nil
}

// Whole looks at an answer that is not streamed: a response, or what another
// operation gave.
func (Upstream) Whole(body []byte) (usage llm.Usage, fail *llm.Error, ok bool) {
	r, ok := readAnswer(body)
	switch {
	case !ok:
		return llm.Usage{}, nil, false
	case r.failed():
		return llm.Usage{}, r.failure(body), true
	}
	usage = readUsage(r.usage)
	if u := gjson.ParseBytes(r.usage); !usage.Input.Known && u.Get("prompt_tokens").Exists() { // of an embedding, say
		usage.Input = llm.Tokens(u.Get("prompt_tokens").Int())
	}
	return usage, nil, true
}

// Ended reports whether a stream came to its own end: its last event says so,
// or, if that is too long to be seen from its beginning, holds the usage. Words
// are looked for with their quotes, which inside a text would be escaped.
func (u Upstream) Ended(tail []byte, _ bool) bool {
	for _, word := range [...]string{`"response.completed"`, `"response.incomplete"`, `"response.failed"`} {
		if bytes.Contains(tail, []byte(word)) {
			return true
		}
	}
	for _, line := range [...]string{"data: " + doneData, "data:" + doneData, "event: error", "event:error"} {
		for at := range formats.Occurrences(tail, line) {
			if at == 0 || tail[at-1] == '\n' || tail[at-1] == '\r' {
				return true
			}
		}
	}
	usage := u.Usage(tail)
	return usage.Input.Known || usage.Output.Known || formats.HasType(tail, `"error"`)
}

// doneData is the data of an event with which some servers end a stream.
const doneData = "[DONE]"

// Terminates reports whether an event says that the response is complete. Of
// events without a name that is seen where the type stands first.
func (Upstream) Terminates(ev sse.Event) bool {
	said := ev.Name
	if said == nil {
		said = ev.Data[:min(len(ev.Data), 64)]
	}
	return bytes.Contains(said, []byte("response.completed")) || bytes.Contains(said, []byte("response.incomplete"))
}

// Complete reports whether data is the terminator or whole JSON.
func (Upstream) Complete(data []byte) bool {
	return string(data) == doneData || formats.Balanced(data)
}

// Usage finds the last usage in the last bytes of a stream. A schema of a tool,
// which the provider repeats, may have a property of that name.
func (Upstream) Usage(tail []byte) llm.Usage {
	const longest = 4 << 10
	for _, v := range slices.Backward(slices.Collect(formats.Values(tail, `"usage"`))) {
		if u := readUsage(v[:min(len(v), longest)]); u.Input.Known || u.Output.Known {
			return u
		}
	}
	return llm.Usage{}
}

// answer is a response: what stands at the top of a body or in the member
// response of an event. Its members are raw, nil where they are null.
type answer struct {
	id, model, status, output, usage, err, details []byte
}

// readAnswer reads a response; ok is false if it is no object.
func readAnswer(object []byte) (r answer, ok bool) {
	m := formats.MembersOf(object)
	for m.Next() {
		v := m.Value()
		if formats.IsNull(v) {
			continue
		}
		switch string(m.Key) {
		case "id":
			r.id = v
		case "model":
			r.model = v
		case "status":
			r.status = v
		case "output":
			r.output = v
		case "usage":
			r.usage = v
		case "error":
			r.err = v
		case "incomplete_details":
			r.details = v
		}
	}
	return r, m.Err == nil
}

// failed reports whether it is an error in the place of an answer. An error
// beside an output that is whole is none.
func (r *answer) failed() bool {
	switch string(r.status) {
	case `"failed"`, `"cancelled"`:
		return true
	case `"completed"`, `"incomplete"`:
		return false
	}
	return r.err != nil && r.output == nil
}

// failure returns the error. body is the whole body, if it is one.
func (r *answer) failure(body []byte) *llm.Error {
	if r.err != nil {
		return failure(gjson.ParseBytes(r.err), body)
	}
	return &llm.Error{Status: http.StatusBadGateway, Message: "the provider gave a response up without an error: its status is " + formats.Clip(formats.Decoded(formats.AsLiteral(r.status)))}
}

// reason returns why the answer ended
// (https://platform.openai.com/docs/api-reference/responses/object#responses-object-incomplete_details).
func (r *answer) reason() llm.Reason {
	switch {
	case string(r.status) != `"incomplete"`:
		return llm.Stopped
	case string(formats.Member(r.details, "reason")) == `"content_filter"`:
		return llm.Filtered
	default:
		return llm.Length
	}
}

// Interface guards
var (
	_ formats.Listener   = Upstream{}
	_ formats.Terminated = Upstream{}
)
