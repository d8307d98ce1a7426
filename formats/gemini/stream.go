package gemini

import (
	"bytes"

	"github.com/tidwall/gjson"

	"github.com/aiclient2api/caddy-aiclient2api/formats"
	"github.com/aiclient2api/caddy-aiclient2api/llm"
	"github.com/aiclient2api/caddy-aiclient2api/sse"
)

// Opening says what an event at the start of a stream is. Chunks that hold
// nothing but a role, an empty text or usage are the preamble. One that ends an
// answer of nothing because the model erred is a failure.
func (Upstream) Opening(ev sse.Event) (formats.Opening, *llm.Error) {
	if ev.Data == nil {
		return formats.Preamble, nil
	}
	data := bytes.TrimSpace(ev.Data)
	if !formats.Balanced(data) {
		return formats.Content, nil // not ours to judge
	}
	chunk := gjson.ParseBytes(data)
	if chunk.IsArray() {
		chunk = chunk.Get("0")
	}
	if v := chunk.Get("error"); v.Exists() && v.Type != gjson.Null {
		return formats.Failure, failure([]byte(v.Raw), data)
	}
	if inner := chunk.Get("response"); inner.IsObject() {
		chunk = inner
	}
	if chunk.Get("promptFeedback.blockReason").Exists() {
		return formats.Content, nil
	}
	opening := formats.Preamble
	var fail *llm.Error
	chunk.Get("candidates").ForEach(func(_, candidate gjson.Result) bool {
		switch reason := candidate.Get("finishReason"); {
		case botches(reason.String()):
			fail = botched(reason.String(), candidate.Get("finishMessage").String())
		case reason.Exists():
			opening = formats.Content
		}
		candidate.Get("content.parts").ForEach(func(_, part gjson.Result) bool {
			part.ForEach(func(key, v gjson.Result) bool {
				if key.Str != "thought" && v.Raw != `""` && v.Type != gjson.Null {
					opening = formats.Content
				}
				return opening == formats.Preamble
			})
			return opening == formats.Preamble
		})
		return opening == formats.Preamble
	})
	if opening == formats.Preamble && fail != nil {
		return formats.Failure, fail
	}
	return opening, nil
}

// Whole looks at an answer that is not streamed, or one that was streamed as a
// JSON array. One with an error is a failure whatever its status said.
func (Upstream) Whole(body []byte) (usage llm.Usage, fail *llm.Error, ok bool) {
	var c counts
	ok = eachChunk(body, func(chunk []byte) bool {
		var v envelope
		if !v.read(chunk) {
			return false
		}
		if v.err != nil && fail == nil {
			fail = failure(v.err, body)
		}
		c.merge(v.usage)
		return true
	})
	if !ok || fail != nil {
		return llm.Usage{}, fail, ok
	}
	return c.usage(), nil, true
}

// eachChunk calls f with the object in body, or with each one of its array,
// until f returns false.
func eachChunk(body []byte, f func(chunk []byte) bool) (ok bool) {
	body = bytes.TrimSpace(body)
	if len(body) == 0 || body[0] != '[' {
		return f(body)
	}
	e := formats.ElementsOf(body)
	for e.Next() {
		if !f(e.Value()) {
			return false
		}
	}
	return e.Err() == nil
}

// Ended reports whether a stream came to its own end. There is no terminator:
// an error ends it, or a finish or a blocked prompt if the connection was
// closed in order, because chunks may follow one that has a finish. Of a last
// chunk so long that its start is not in the tail, the finish may be out of
// sight; sources of a grounded answer stand behind it.
func (Upstream) Ended(tail []byte, inOrder bool) bool {
	if hasValue(tail, `"error"`) {
		return true
	}
	return inOrder && len(tail) > 0 &&
		(hasValue(tail, `"finishReason"`) || hasValue(tail, `"blockReason"`) || !bytes.Contains(tail, []byte("data:")))
}

// hasValue reports whether a member of that name, quotes included, stands in
// b with a value other than null. Inside a text the quotes would be escaped.
func hasValue(b []byte, name string) bool {
	for v := range formats.Values(b, name) {
		if v[0] != 'n' {
			return true
		}
	}
	return false
}

// Complete reports whether data is whole JSON.
func (Upstream) Complete(data []byte) bool { return formats.Balanced(data) }
