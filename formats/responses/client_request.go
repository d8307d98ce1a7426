package responses

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/aiclient2api/caddy-aiclient2api/formats"
	"github.com/aiclient2api/caddy-aiclient2api/llm"
)

// Decode reads a request
// (https://platform.openai.com/docs/api-reference/responses/create). State that
// only OpenAI's servers hold is refused by name: what it says is not here.
func (Client) Decode(body []byte) (*llm.Request, *llm.Error) {
	d := decoder{r: &llm.Request{StreamUsage: true}} // the last event always states it
	m := formats.StrictMembersOf(body)
	for d.err == nil && m.NextKey() {
		name := m.Name()
		switch {
		case string(name) == "input" && m.Peek() == '[':
			list := m.EnterList()
			d.input(&list)
			m.LeaveList(&list)
		case string(name) == "tools" && m.Peek() == '[':
			list := m.EnterList()
			d.tools(&list, false)
			m.LeaveList(&list)
		default:
			if m.Pass() && !formats.IsNull(m.Value()) {
				d.member(name, m.Value())
			}
		}
	}
	if d.err == nil && m.Err != nil {
		d.fail("", "the request body is not valid JSON")
	}
	if d.err == nil && len(d.r.Turns) == 0 {
		d.fail("input", "'input' must be a text or a list with at least one item that can be sent")
	}
	d.finish()
	if d.err != nil {
		return nil, d.err
	}
	return d.r, nil
}

// Place names an item of the input, or a part of its content.
func (Client) Place(turn, part int) string {
	if turn == instructions {
		return "instructions"
	}
	place := "input[" + strconv.Itoa(turn) + "]"
	if part >= 0 {
		place += ".content[" + strconv.Itoa(part) + "]"
	}
	return place
}

// fields are members that chat completions call otherwise.
var fields = map[string]string{
	"messages":         "input",
	"response_format":  "text.format",
	"max_tokens":       "max_output_tokens",
	"reasoning_effort": "reasoning.effort",
	"logprobs":         "top_logprobs",
}

// Field names a member as OpenAI's own errors do.
func (Client) Field(name string) string { return cmp.Or(fields[name], name) }

// instructions is the place of the turn that is not in the input.
const instructions = -1

// decoder is what is known of a request while it is read.
type decoder struct {
	r            *llm.Request
	instructions llm.Literal
	choice       []byte // tool_choice, which names tools that may follow it
	mixed        bool   // tools came from several places, and may be doubled
	signed       []llm.Part
	said         bool // the last item was the assistant's message
	err          *llm.Error
}

// finish does what needs all of the request.
func (d *decoder) finish() {
	if d.err == nil && d.mixed {
		d.settleTools()
	}
	if d.err == nil && d.choice != nil {
		d.toolChoice(d.choice)
	}
	if d.err == nil && d.instructions != nil {
		d.r.Turns = slices.Insert(d.r.Turns, 0, llm.Turn{
			Role:  llm.System,
			At:    instructions,
			Parts: []llm.Part{{Kind: llm.Text, Text: d.instructions, Turn: instructions, At: -1}},
		})
	}
}

// fail notes the first error.
func (d *decoder) fail(param, format string, args ...any) {
	if d.err == nil {
		d.err = &llm.Error{Status: http.StatusBadRequest, Param: param, Message: fmt.Sprintf(format, args...)}
	}
}

// failAt is fail for an item, or a member of one.
func (d *decoder) failAt(at int, member, format string, args ...any) {
	place := Client{}.Place(at, -1) + member
	d.fail(place, "'"+place+"' "+format, args...)
}

// mostAdvice bounds the names of what is not translated, the others what a
// request may have: more than any client sends, and little enough to be looked
// at again and again.
const (
	mostAdvice = 64
	mostTools  = 1 << 12
	mostSigned = 1 << 10 // signatures that wait for their parts
)

// lose notes advice once, however often it stands in the request.
func (d *decoder) lose(name string) {
	if len(d.r.Advice) < mostAdvice && !slices.Contains(d.r.Advice, name) {
		d.r.Advice = append(d.r.Advice, name)
	}
}

// member reads one member of the top level, which is not null and none of the
// two lists that hold most of a request.
func (d *decoder) member(name, v []byte) {
	r := d.r
	switch string(name) {
	case "model", "stream_options":
		// the options are of padding against eavesdroppers
	case "stream":
		r.Stream = string(v) == "true"
	case "input":
		if text := d.text("input", v); text != nil {
			d.turn(llm.User, 0, []llm.Part{{Kind: llm.Text, Text: text, At: -1}})
		}
	case "instructions":
		d.instructions = d.text("instructions", v)
	case "previous_response_id", "conversation", "prompt":
		d.fail(string(name), "'%s' names something that only OpenAI's servers hold; this provider needs it in 'input'", name)
	case "background":
		if string(v) != "false" {
			d.fail("background", "an answer in the background is kept by OpenAI's servers only; leave 'background' out")
		}
	case "tools":
		d.fail("tools", "'tools' must be a list")
	case "tool_choice":
		d.choice = v
	case "parallel_tool_calls":
		r.Serial = string(v) == "false"
	case "text":
		d.format(v)
	case "reasoning":
		d.reasoning(v)
	case "max_output_tokens":
		r.MaxTokens = d.number("max_output_tokens", v)
	case "temperature":
		r.Temperature = d.number("temperature", v)
	case "top_p":
		r.TopP = d.number("top_p", v)
	case "top_logprobs":
		if string(v) != "0" { // which is what servers say of an answer without
			r.TopLogprobs, r.Logprobs = d.number("top_logprobs", v), true
		}
	case "include":
		d.include(v)
	case "user":
		r.User = d.text("user", v)
	case "safety_identifier":
		if r.User == nil {
			r.User = d.text("safety_identifier", v)
		}
	default:
		if !harmless(string(name), string(v)) {
			d.lose(string(name))
		}
	}
}

// harmless reports whether a member says no more than its absence, or nothing
// that matters where nothing is kept.
func harmless(name, v string) bool {
	switch name {
	case "store":
		return v == "false"
	case "service_tier":
		return v == `"auto"` || v == `"default"`
	case "truncation":
		return v == `"disabled"`
	case "metadata":
		return v == "{}"
	}
	return false
}

func (d *decoder) number(name string, v []byte) llm.Number {
	n := formats.AsNumber(v)
	if n == nil {
		d.fail(name, "'%s' must be a number", name)
	}
	return n
}

func (d *decoder) text(name string, v []byte) llm.Literal {
	s := formats.StringOf(v)
	if s == nil {
		d.fail(name, "'%s' must be a string", name)
	}
	return s
}

// include reads what an answer is to have beside the usual. Sealed reasoning
// is always there, and what hosted tools did is lost with them.
func (d *decoder) include(v []byte) {
	for e := formats.ElementsOf(v); e.Next(); {
		switch word := formats.Decoded(formats.StringOf(e.Value())); {
		case word == "message.output_text.logprobs":
			d.r.Logprobs = true
		case word == "reasoning.encrypted_content", strings.Contains(word, "_call."), strings.Contains(word, "_call_output."):
		default:
			d.lose("include." + llm.Clip(word, 40))
		}
	}
}

// format reads the form of the answer
// (https://platform.openai.com/docs/guides/structured-outputs).
func (d *decoder) format(v []byte) {
	if verbosity := formats.Member(v, "verbosity"); verbosity != nil && string(verbosity) != `"medium"` {
		d.lose("text.verbosity")
	}
	v = formats.Member(v, "format")
	if v == nil {
		return
	}
	var kind string
	var out llm.Output
	for m := formats.MembersOf(v); m.Next(); {
		switch v := m.Value(); string(m.Key) {
		case "type":
			kind = formats.Decoded(formats.StringOf(v))
		case "name":
			out.Name = formats.StringOf(v)
		case "description":
			out.Description = formats.StringOf(v)
		case "schema":
			out.Schema = v
		case "strict":
			out.Strict = boolean(v)
		}
	}
	switch kind {
	case "text":
	case "json_object":
		d.r.Output.Form = llm.JSON
	case "json_schema":
		if len(out.Schema) == 0 || out.Schema[0] != '{' {
			d.fail("text.format.schema", "'text.format.schema' must be an object")
		}
		out.Form = llm.ToSchema
		d.r.Output = out
	default:
		d.fail("text.format.type", "'text.format.type' must be text, json_object or json_schema, not %q", llm.Clip(kind, 40))
	}
}

// boolean reads true or false, nil for anything else.
func boolean(v []byte) *bool {
	switch string(v) {
	case "true", "false":
		b := v[0] == 't'
		return &b
	}
	return nil
}

// reasoning reads how much to think. How long a summary of it is to be is left
// to the provider: what it says of its thoughts is handed on.
func (d *decoder) reasoning(v []byte) {
	for m := formats.MembersOf(v); m.Next(); {
		v := m.Value()
		if formats.IsNull(v) {
			continue
		}
		switch name := m.Name(); string(name) {
		case "effort":
			e := llm.Effort(strings.ToLower(formats.Decoded(formats.StringOf(v))))
			if _, ok := e.Rank(); !ok {
				d.fail("reasoning.effort", "'reasoning.effort' must be none, minimal, low, medium, high, xhigh or max, not %s", llm.Clip(string(v), 40))
				return
			}
			d.r.Reasoning.Effort = e
		case "summary", "generate_summary":
		default:
			if s := string(v); s != `"auto"` && s != `"standard"` {
				d.lose("reasoning." + string(name))
			}
		}
	}
}
