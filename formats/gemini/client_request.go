package gemini

import (
	"bytes"
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/aiclient2api/caddy-aiclient2api/formats"
	"github.com/aiclient2api/caddy-aiclient2api/llm"
)

// Decode reads a request (https://ai.google.dev/api/generate-content#request-body),
// or one to count tokens, which may hold another. As Google does it takes both
// spellings of a member, camelCase and snake_case, and a single value in the
// place of a list (https://protobuf.dev/programming-guides/json/). Whether the
// client wants a stream stands in the path.
func (Client) Decode(body []byte) (*llm.Request, *llm.Error) {
	d := reader{r: &llm.Request{StreamUsage: true}}
	d.r.Reasoning.Hide = true // until it asks for thoughts
	m := formats.StrictMembersOf(body)
	d.members(&m)
	if d.err == nil && m.Err != nil {
		d.fail("", "the request body is not valid JSON")
	}
	if d.err == nil && !slices.ContainsFunc(d.r.Turns, func(t llm.Turn) bool { return len(t.Parts) > 0 }) {
		d.fail("contents", "'contents' must be a list with at least one content")
	}
	if d.err != nil {
		return nil, d.err
	}
	if len(d.system) > 0 {
		d.r.Turns = slices.Insert(d.r.Turns, 0, llm.Turn{Role: llm.System, Parts: d.system, At: -1})
	}
	return d.r, nil
}

// Place names a part of a content as Google's own errors do.
func (Client) Place(turn, part int) string {
	place := "contents[" + strconv.Itoa(turn) + "]"
	if turn < 0 {
		place = "systemInstruction"
	}
	if part >= 0 {
		place += ".parts[" + strconv.Itoa(part) + "]"
	}
	return place
}

// fields are members that chat completions call otherwise.
var fields = map[string]string{
	"messages":          "contents",
	"tool_choice":       "toolConfig.functionCallingConfig",
	"response_format":   "generationConfig.responseSchema",
	"modalities":        "generationConfig.responseModalities",
	"n":                 "generationConfig.candidateCount",
	"logprobs":          "generationConfig.responseLogprobs",
	"top_logprobs":      "generationConfig.logprobs",
	"max_tokens":        "generationConfig.maxOutputTokens",
	"temperature":       "generationConfig.temperature",
	"top_p":             "generationConfig.topP",
	"top_k":             "generationConfig.topK",
	"seed":              "generationConfig.seed",
	"stop":              "generationConfig.stopSequences",
	"frequency_penalty": "generationConfig.frequencyPenalty",
	"presence_penalty":  "generationConfig.presencePenalty",
	"reasoning_effort":  "generationConfig.thinkingConfig",
}

// Field names a member as Google's own errors do.
func (Client) Field(name string) string { return cmp.Or(fields[name], name) }

// reader is what is known of a request while it is read.
type reader struct {
	r      *llm.Request
	system []llm.Part
	err    *llm.Error
	inner  bool     // what is read is the request inside of one to count tokens
	tools  int      // declarations that were read
	raw    [][]byte // the parts of a content
	from   int      // where thoughts that a part carries belong in the model's turn
}

// fail notes the first error.
func (d *reader) fail(param, format string, args ...any) {
	if d.err == nil {
		d.err = &llm.Error{Status: http.StatusBadRequest, Param: param, Message: fmt.Sprintf(format, args...)}
	}
}

// failAt is fail for a part of a content, or a member of one.
func (d *reader) failAt(turn, part int, member, format string, args ...any) {
	place := Client{}.Place(turn, part) + member
	d.fail(place, "'"+place+"' "+format, args...)
}

// maxAdvice is how many names of what is lost are noted: they are the client's.
const maxAdvice = 64

// lose notes advice once.
func (d *reader) lose(name string) {
	if len(d.r.Advice) < maxAdvice && !slices.Contains(d.r.Advice, name) {
		d.r.Advice = append(d.r.Advice, name)
	}
}

// advise notes a member that is not translated, unless its value says no more
// than its absence.
func (d *reader) advise(name string, v []byte) {
	switch string(v) {
	case "null", "false", "{}", "[]", `""`, `"unspecified"`, `"standard"`:
		return
	}
	if !bytes.HasSuffix(v, []byte(`_UNSPECIFIED"`)) {
		d.lose(name)
	}
}

// members reads a request's members.
func (d *reader) members(m *formats.Members) {
	for d.err == nil && m.NextKey() {
		name := camel(m.Name())
		if string(name) == "contents" && m.Peek() == '[' {
			list := m.EnterList()
			d.contents(&list)
			m.LeaveList(&list)
			continue
		}
		if m.Pass() && !formats.IsNull(m.Value()) {
			d.member(name, m.Value())
		}
	}
}

// camel returns the name of a member in the spelling that Google documents. A
// leading _ is one of a member that was not for everyone once.
func camel(name []byte) []byte {
	name = bytes.TrimLeft(name, "_")
	if bytes.IndexByte(name, '_') < 0 {
		return name
	}
	out := make([]byte, 0, len(name))
	for i := 0; i < len(name); i++ {
		c := name[i]
		if c == '_' && i+1 < len(name) {
			i++
			if c = name[i]; c-'a' <= 25 {
				c -= 'a' - 'A'
			}
		}
		out = append(out, c)
	}
	return out
}

// word returns a word of an enumeration, "" for one that says nothing.
func word(v []byte) string {
	w := strings.ToUpper(formats.Decoded(formats.StringOf(v)))
	if strings.HasSuffix(w, "UNSPECIFIED") {
		return ""
	}
	return w
}

// each calls f with each element of a list, or with v if it is none.
func each(v []byte, f func(v []byte)) {
	if v[0] != '[' {
		f(v)
		return
	}
	for e := formats.ElementsOf(v); e.Next(); {
		if !formats.IsNull(e.Value()) {
			f(e.Value())
		}
	}
}

// member reads one member of the top level, which is not null.
func (d *reader) member(name, v []byte) {
	switch string(name) {
	case "model":
	case "contents": // a single one
		d.content(0, v, d.parts(v))
	case "generateContentRequest":
		if d.inner {
			d.fail("generateContentRequest", "'generateContentRequest' must not contain itself")
			return
		}
		d.inner = true
		m := formats.StrictMembersOf(v)
		d.members(&m)
	case "systemInstruction":
		d.instruction(v)
	case "tools":
		each(v, d.tool)
	case "toolConfig":
		d.toolConfig(v)
	case "generationConfig":
		d.config(v)
	case "cachedContent":
		if string(v) != `""` {
			d.fail("cachedContent", "'cachedContent' is kept at Google's, and cannot be used with this provider")
		}
	case "continuationToken":
		d.fail("continuationToken", "'continuationToken' stands for an answer that is kept at Google's, and cannot be used with this provider")
	default:
		d.advise(string(name), v)
	}
}

// instruction reads the system instruction: a content of texts.
func (d *reader) instruction(v []byte) {
	for at, part := range d.parts(v) {
		text := formats.StringOf(part)
		if text == nil {
			for m := formats.MembersOf(part); m.Next(); {
				if m.Is("text") {
					text = formats.StringOf(m.Value())
				}
			}
		}
		if text == nil && !formats.IsNull(part) {
			d.failAt(-1, at, "", "must be a text")
		}
		if !text.Empty() {
			d.system = append(d.system, llm.Part{Text: text, Turn: -1, At: at})
		}
	}
}
