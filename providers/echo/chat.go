package echo

import (
	"crypto/rand"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/tidwall/gjson"
)

// readChat reads a chat completions request.
func readChat(body []byte) (question, error) {
	if !gjson.ValidBytes(body) {
		return question{}, errors.New("the request body is not valid JSON")
	}
	v := gjson.ParseBytes(body)
	messages := v.Get("messages")
	if !messages.IsArray() || len(messages.Raw) <= 2 {
		return question{}, errors.New("'messages' must be a list with at least one message")
	}
	q := question{
		model:        v.Get("model").String(),
		stream:       v.Get("stream").Bool(),
		includeUsage: v.Get("stream_options.include_usage").Bool(),
	}
	last := ""
	messages.ForEach(func(_, m gjson.Result) bool {
		text := textOf(m.Get("content"))
		q.words += countWords(text)
		if last = m.Get("role").Str; last == "user" {
			q.text = text
		}
		return true
	})
	if len(q.text) > maxText {
		q.text = strings.ToValidUTF8(q.text[:maxText], "")
	}
	// after a tool's result comes a text, or a client would call for ever
	if last != "tool" && v.Get("tool_choice").Str != "none" {
		v.Get("tools").ForEach(func(_, t gjson.Result) bool {
			f := t.Get("function")
			q.tools = append(q.tools, tool{name: f.Get("name").Str, parameters: f.Get("parameters")})
			return len(q.tools) < maxTools
		})
	}
	return q, nil
}

// textOf returns the text of a message's content, a string or a list of parts.
func textOf(content gjson.Result) string {
	if content.Type == gjson.String {
		return content.Str
	}
	var texts []string
	content.Get("#.text").ForEach(func(_, t gjson.Result) bool {
		texts = append(texts, t.String())
		return true
	})
	return strings.Join(texts, "\n")
}

// Bounds of what a stranger can make of a schema: how many tools are looked
// at, how deep sample arguments go and how long they may grow, in bytes.
const (
	maxTools  = 128
	maxDepth  = 8
	maxSample = 16 << 10
)

// arguments are sample arguments that obey the tool's schema.
func (t tool) arguments() string { return string(appendSample(nil, t.parameters, 0)) }

// appendSample appends a value that obeys a JSON schema, as far as type, enum,
// const, required and properties go. Beyond the bounds it is no longer filled.
func appendSample(dst []byte, schema gjson.Result, depth int) []byte {
	if c := schema.Get("const"); c.Exists() {
		return append(dst, c.Raw...)
	}
	if e := schema.Get("enum.0"); e.Exists() {
		return append(dst, e.Raw...)
	}
	kind := schema.Get("type")
	if kind.IsArray() {
		kind = kind.Get("0")
	}
	switch kind.Str {
	case "string":
		return append(dst, `"echo"`...)
	case "integer", "number":
		if low := schema.Get("minimum"); low.Exists() {
			return append(dst, low.Raw...)
		}
		return append(dst, '1')
	case "boolean":
		return append(dst, "true"...)
	case "null":
		return append(dst, "null"...)
	case "array":
		if schema.Get("minItems").Int() < 1 || depth > maxDepth {
			return append(dst, "[]"...)
		}
		return append(appendSample(append(dst, '['), schema.Get("items"), depth+1), ']')
	}
	if depth > maxDepth {
		return append(dst, "{}"...)
	}
	dst = append(dst, '{')
	properties := schema.Get("properties").Map()
	said := make(map[string]bool)
	schema.Get("required").ForEach(func(_, name gjson.Result) bool {
		if said[name.Str] || name.Type != gjson.String {
			return true
		}
		if len(said) > 0 {
			dst = append(dst, ',')
		}
		said[name.Str] = true
		dst = append(append(dst, name.Raw...), ':')
		dst = appendSample(dst, properties[name.Str], depth+1)
		return len(dst) < maxSample
	})
	return append(dst, '}')
}

// appendHead appends what an answer and each chunk of one begin with.
func appendHead(dst []byte, id, object string, created int64, model string) []byte {
	dst = append(dst, `{"id":"`...)
	dst = append(dst, id...)
	dst = append(dst, `","object":"`...)
	dst = append(dst, object...)
	dst = append(dst, `","created":`...)
	dst = strconv.AppendInt(dst, created, 10)
	dst = append(dst, `,"model":`...)
	return gjson.AppendJSONString(dst, model)
}

func appendUsage(dst []byte, q question, a answer) []byte {
	dst = append(dst, `,"usage":{"prompt_tokens":`...)
	dst = strconv.AppendInt(dst, int64(q.words), 10)
	dst = append(dst, `,"completion_tokens":`...)
	dst = strconv.AppendInt(dst, int64(a.tokens()), 10)
	dst = append(dst, `,"total_tokens":`...)
	dst = strconv.AppendInt(dst, int64(q.words+a.tokens()), 10)
	return append(dst, '}')
}

func appendCall(dst []byte, t *tool, index string) []byte {
	dst = append(dst, `"tool_calls":[{`...)
	dst = append(dst, index...)
	dst = append(dst, `"id":"call_`...)
	dst = append(dst, rand.Text()...)
	dst = append(dst, `","type":"function","function":{"name":`...)
	dst = gjson.AppendJSONString(dst, t.name)
	dst = append(dst, `,"arguments":`...)
	dst = gjson.AppendJSONString(dst, t.arguments())
	return append(dst, "}}]"...)
}

func (a answer) finish() string {
	if a.call != nil {
		return "tool_calls"
	}
	return "stop"
}

// appendChatAnswer appends a whole answer.
func appendChatAnswer(dst []byte, q question, a answer) []byte {
	dst = appendHead(dst, "chatcmpl-"+rand.Text(), "chat.completion", time.Now().Unix(), q.model)
	dst = append(dst, `,"choices":[{"index":0,"message":{"role":"assistant","content":`...)
	if a.call != nil {
		dst = append(dst, "null,"...)
		dst = appendCall(dst, a.call, "")
	} else {
		dst = gjson.AppendJSONString(dst, a.text())
	}
	dst = append(dst, `,"refusal":null},"logprobs":null,"finish_reason":"`...)
	dst = append(dst, a.finish()...)
	dst = append(dst, `"}]`...)
	dst = appendUsage(dst, q, a)
	return append(dst, '}')
}

func appendChatError(dst []byte, message string) []byte {
	dst = append(dst, `{"error":{"message":`...)
	dst = gjson.AppendJSONString(dst, message)
	return append(dst, `,"type":"invalid_request_error","param":null,"code":null}}`...)
}

// chatStream yields the chunks of a streamed answer: the role, the words or
// the call, the finish, the usage if it was asked for, the terminator. Every
// slice that next returns is valid until the following call.
type chatStream struct {
	q       question
	a       answer
	id      string
	created int64
	step    int
	word    int
	buf     []byte
}

func chatFrames(q question, a answer) *chatStream {
	return &chatStream{q: q, a: a, id: "chatcmpl-" + rand.Text(), created: time.Now().Unix()}
}

// The steps of a stream.
const (
	stepRole = iota
	stepContent
	stepFinish
	stepUsage
	stepDone
	stepEnd
)

func (s *chatStream) next() []byte {
	for {
		switch s.step {
		case stepRole:
			s.step++
			s.open(`{"role":"assistant","content":"","refusal":null}`)
			return s.close("null")
		case stepContent:
			if s.a.call != nil {
				s.step++
				s.open("{")
				s.buf = appendCall(s.buf, s.a.call, `"index":0,`)
				s.buf = append(s.buf, '}')
				return s.close("null")
			}
			if s.word == s.a.count() {
				s.step++
				continue
			}
			s.open(`{"content":`)
			blank, word := s.a.word(s.word)
			s.buf = gjson.AppendJSONString(s.buf, blank+word)
			s.buf = append(s.buf, '}')
			s.word++
			return s.close("null")
		case stepFinish:
			s.step++
			s.open("{}")
			return s.close(`"` + s.a.finish() + `"`)
		case stepUsage:
			s.step++
			if !s.q.includeUsage {
				continue
			}
			s.head()
			s.buf = append(s.buf, `,"choices":[]`...)
			s.buf = appendUsage(s.buf, s.q, s.a)
			s.buf = append(s.buf, "}\n\n"...)
			return s.buf
		case stepDone:
			s.step++
			return []byte("data: [DONE]\n\n")
		default:
			return nil
		}
	}
}

func (s *chatStream) head() {
	s.buf = appendHead(append(s.buf[:0], "data: "...), s.id, "chat.completion.chunk", s.created, s.q.model)
}

// open begins a chunk with one choice and the given delta.
func (s *chatStream) open(delta string) {
	s.head()
	s.buf = append(s.buf, `,"choices":[{"index":0,"delta":`...)
	s.buf = append(s.buf, delta...)
}

// close ends the chunk that open began.
func (s *chatStream) close(finish string) []byte {
	s.buf = append(s.buf, `,"logprobs":null,"finish_reason":`...)
	s.buf = append(s.buf, finish...)
	s.buf = append(s.buf, "}]}\n\n"...)
	return s.buf
}
