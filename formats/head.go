package formats

import (
	"bytes"
	"fmt"
	"unicode/utf8"

	"github.com/tidwall/gjson"

	"github.com/aiclient2api/caddy-aiclient2api/llm"
)

// Head is what the gateway reads of a request before it knows where it goes.
type Head struct {
	// Model is the model's name as the client wrote it, "" if it is missing
	// or null.
	Model string
	// ModelStart and ModelEnd are the borders of the name's JSON literal in
	// the body, quotes included; both 0 if it is missing.
	ModelStart, ModelEnd int
	// Stream is whether the client asked for a stream.
	Stream bool
	// InPath is whether the model and the stream stand in the request's path
	// and not in its body.
	InPath bool
	// List is whether the client wants the stream as one JSON list.
	List bool
}

// maxModel is how long the name of a model may be, in bytes.
const maxModel = 512

// Scan reads the head of a JSON request whose model and stream flag are
// members of its top level. A body that is no JSON object, one that nests too
// deep and a model or stream that is doubled or no string or boolean are
// returned as an error with status 400. A member whose name differs from one
// of these two in upper and lower case only counts as the same: some servers
// read it so, and what was checked must be what is served.
func Scan(body []byte) (Head, *llm.Error) {
	var head Head
	var models, streams int
	m := MembersOf(body)
	for m.Next() {
		switch {
		case m.named("model"):
			if models++; models > 1 || !m.Is("model") {
				return head, twice("model", m.Key)
			}
			if m.b[m.Start] != '"' && string(m.Value()) != "null" {
				return head, invalid("model", "'model' must be a string")
			}
			head.ModelStart, head.ModelEnd = m.Start, m.End
		case m.named("stream"):
			if streams++; streams > 1 || !m.Is("stream") {
				return head, twice("stream", m.Key)
			}
			switch string(m.Value()) {
			case "true":
				head.Stream = true
			case "false", "null":
			default:
				return head, invalid("stream", "'stream' must be a boolean")
			}
		}
	}
	if m.Err != nil {
		return head, invalid("", "the request body could not be read: "+m.Err.Error())
	}
	if head.ModelEnd > 0 {
		head.Model = gjson.ParseBytes(body[head.ModelStart:head.ModelEnd]).String()
		return head, CheckModel(head.Model)
	}
	return head, nil
}

// CheckModel checks the name of a model that a client asks for.
func CheckModel(name string) *llm.Error {
	switch {
	case !utf8.ValidString(name):
		return invalid("model", "'model' is not valid UTF-8")
	case len(name) > maxModel:
		return invalid("model", fmt.Sprintf("'model' is longer than %d bytes", maxModel))
	}
	return nil
}

// named reports whether the current member's name is name in any case.
func (m *Members) named(name string) bool {
	if len(m.Key) == len(name) {
		return bytes.EqualFold(m.Key, []byte(name))
	}
	return bytes.IndexByte(m.Key, '\\') >= 0 && bytes.EqualFold([]byte(unescape(m.Key)), []byte(name))
}

func twice(param string, key []byte) *llm.Error {
	if string(key) != param && bytes.EqualFold(key, []byte(param)) {
		return invalid(param, fmt.Sprintf("the member %q is not written %q", key, param))
	}
	return invalid(param, fmt.Sprintf("the member %q stands twice in the request body", param))
}

func invalid(param, message string) *llm.Error {
	return &llm.Error{Status: 400, Type: "invalid_request_error", Param: param, Message: message}
}
