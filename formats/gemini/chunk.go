package gemini

import (
	"github.com/aiclient2api/caddy-aiclient2api/formats"
	"github.com/aiclient2api/caddy-aiclient2api/llm"
)

// The shapes that an answer is made of, as the raw values of those members
// that mean something here. What is null is as good as missing.

// envelope is a whole answer, or a chunk of a streamed one
// (https://ai.google.dev/api/generate-content#generatecontentresponse).
type envelope struct {
	err, candidates, feedback, usage []byte
	id, model                        llm.Literal
	known                            bool // it has a member that only an answer has
}

// read reads an object; false if it is none. Google's Code Assist puts the
// answer into a member of its own.
func (v *envelope) read(object []byte) bool {
	*v = envelope{}
	var inner []byte
	m := formats.MembersOf(object)
	for m.Next() {
		value := m.Value()
		if formats.IsNull(value) {
			continue
		}
		switch string(m.Key) {
		case "candidates":
			v.candidates, v.known = value, true
		case "usageMetadata":
			v.usage, v.known = value, true
		case "promptFeedback":
			v.feedback, v.known = value, true
		case "responseId":
			v.id, v.known = formats.AsLiteral(value), true
		case "modelVersion":
			v.model, v.known = formats.AsLiteral(value), true
		case "error":
			v.err, v.known = value, true
		case "response":
			inner = value
		}
	}
	if m.Err != nil {
		return false
	}
	if inner != nil && inner[0] == '{' && !v.known {
		return v.unwrap(inner)
	}
	return true
}

// unwrap reads the answer inside an envelope, once.
func (v *envelope) unwrap(inner []byte) bool {
	m := formats.MembersOf(inner)
	for m.Next() {
		if m.Is("response") {
			return true // an envelope in an envelope says nothing
		}
	}
	return v.read(inner)
}

// candidate is one of the alternatives of an answer
// (https://ai.google.dev/api/generate-content#candidate).
type candidate struct {
	content, grounding, citations, logprobs []byte
	reason, message                         llm.Literal
	index                                   int
}

// read reads an object; false if it is none. at is its place in the list.
func (v *candidate) read(object []byte, at int) bool {
	*v = candidate{index: at}
	m := formats.MembersOf(object)
	for m.Next() {
		value := m.Value()
		if formats.IsNull(value) {
			continue
		}
		switch string(m.Key) {
		case "content":
			v.content = value
		case "index":
			if n, ok := formats.Int(value); ok && n >= 0 && n < maxChoices {
				v.index = int(n)
			}
		case "finishReason":
			v.reason = formats.AsLiteral(value)
		case "finishMessage":
			v.message = formats.AsLiteral(value)
		case "groundingMetadata":
			v.grounding = value
		case "citationMetadata":
			v.citations = value
		case "logprobsResult":
			v.logprobs = value
		}
	}
	return m.Err == nil
}

// part is a piece of a content (https://ai.google.dev/api/caching#Part).
type part struct {
	text, signature    llm.Literal
	thought            bool
	call, data, hosted []byte
	file               bool
	broken             bool // a text that is no valid string
}

// read reads an object; false if it is none.
func (v *part) read(object []byte) bool {
	*v = part{}
	m := formats.MembersOf(object)
	for m.Next() {
		value := m.Value()
		switch string(m.Key) {
		case "text":
			v.text = formats.AsLiteral(value)
			v.broken = v.broken || v.text == nil && !formats.IsNull(value)
		case "thought":
			v.thought = string(value) == "true"
		case "thoughtSignature":
			v.signature = formats.AsLiteral(value)
		case "functionCall":
			if value[0] == '{' {
				v.call = value
			}
		case "inlineData":
			if value[0] == '{' {
				v.data = value
			}
		case "executableCode", "codeExecutionResult", "toolCall", "toolResponse":
			if value[0] == '{' {
				v.hosted = value
			}
		case "fileData":
			v.file = value[0] == '{'
		}
	}
	return m.Err == nil
}

// function is a call in an answer. Where arguments are streamed, the members
// after args are there (https://cloud.google.com/vertex-ai/generative-ai/docs/multimodal/function-calling#streaming-fc).
type function struct {
	id, name      llm.Literal
	args, partial []byte
	more          bool // it is not complete
}

func (v *function) read(object []byte) bool {
	*v = function{}
	m := formats.MembersOf(object)
	for m.Next() {
		value := m.Value()
		if formats.IsNull(value) {
			continue
		}
		switch string(m.Key) {
		case "id":
			v.id = formats.AsLiteral(value)
		case "name":
			v.name = formats.AsLiteral(value)
		case "args":
			v.args = value
		case "partialArgs":
			v.partial = value
		case "willContinue":
			v.more = string(value) == "true"
		}
	}
	return m.Err == nil
}
