package messages

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strconv"

	"github.com/aiclient2api/caddy-aiclient2api/formats"
	"github.com/aiclient2api/caddy-aiclient2api/llm"
)

// aside is the turn of the instructions that stand beside the messages.
const aside = -1

// Decode reads a request (https://docs.claude.com/en/api/messages). It takes
// that of a count of tokens too, which has no max_tokens, and names members
// that no other vendor has a place for as advice. State of other vendors that
// was wrapped on its way to the client is put back in its place.
func (Client) Decode(body []byte) (*llm.Request, *llm.Error) {
	d := reader{r: &llm.Request{StreamUsage: true}} // an answer always states it
	m := formats.StrictMembersOf(body)
	for d.err == nil && m.NextKey() {
		name := m.Name()
		switch {
		case string(name) == "system":
			d.turn, d.oddKind = aside, nil
			if d.system = d.content(&m); d.oddKind != nil {
				d.failAt(d.odd, "", "must be a text")
			}
		case string(name) == "messages" && m.Peek() == '[':
			list := m.EnterList()
			d.messages(&list)
			m.LeaveList(&list)
		case string(name) == "tools" && m.Peek() == '[':
			list := m.EnterList()
			d.tools(&list)
			m.LeaveList(&list)
		default:
			if m.Pass() && !formats.IsNull(m.Value()) {
				d.member(string(name), m.Value())
			}
		}
	}
	if d.err == nil && m.Err != nil {
		d.fail("", "the request body is not valid JSON")
	}
	d.finish()
	if d.err != nil {
		return nil, d.err
	}
	return d.r, nil
}

// Place names a part of a message as Anthropic's own errors do.
func (Client) Place(turn, part int) string {
	place := "system"
	if turn != aside {
		place = "messages." + strconv.Itoa(turn)
		if part >= 0 {
			place += ".content"
		}
	}
	if part >= 0 {
		place += "." + strconv.Itoa(part)
	}
	return place
}

// fields are members that chat completions call otherwise.
var fields = map[string]string{
	"response_format":  "output_config.format",
	"reasoning_effort": "thinking",
	"stop":             "stop_sequences",
	"user":             "metadata.user_id",
}

// Field names a member as Anthropic's own errors do.
func (Client) Field(name string) string { return cmp.Or(fields[name], name) }

// reader is what is known of a request while it is read.
type reader struct {
	r      *llm.Request
	err    *llm.Error
	turn   int        // the message that is read
	system []llm.Part // the instructions beside the messages

	// odd is the place of a block of the current message whose type is not
	// known, oddKind that type; nil if there is none.
	odd     int
	oddKind llm.Literal

	// held are signatures that stood before the calls to which they belong.
	held []llm.Part

	hosted []llm.Literal // the names of hosted tools
	effort llm.Effort
}

// fail notes the first error. Anthropic's errors name the place in the message
// only.
func (d *reader) fail(param, format string, args ...any) {
	if d.err != nil {
		return
	}
	d.err = &llm.Error{Status: http.StatusBadRequest, Param: param, Message: fmt.Sprintf(format, args...)}
	if param != "" {
		d.err.Message = param + ": " + d.err.Message
	}
}

// failAt is fail for a block of the current message, or a member of one.
func (d *reader) failAt(at int, member, format string, args ...any) {
	d.fail(Client{}.Place(d.turn, at)+member, format, args...)
}

// mostAdvice bounds the names of what is not translated, the others what a
// request may have: more than any client sends, and little enough to be looked
// at again and again.
const (
	mostAdvice = 64
	mostTurns  = 1 << 16
	mostBlocks = 1 << 13 // of a message, or of what one of its blocks holds
	mostTools  = 1 << 12
)

// lose notes advice once, however often it stands in the request.
func (d *reader) lose(name string) {
	if len(d.r.Advice) < mostAdvice && !slices.Contains(d.r.Advice, name) {
		d.r.Advice = append(d.r.Advice, name)
	}
}

// finish does what needs all of the request.
func (d *reader) finish() {
	r := d.r
	if len(r.Turns) == 0 {
		d.fail("messages", "must be a list with at least one message")
	}
	for _, p := range d.system {
		if p.Kind != llm.Text {
			d.turn = aside
			d.failAt(p.At, "", "must be a text")
		}
	}
	if system := instructive(d.system); len(system) > 0 {
		r.Turns = slices.Insert(r.Turns, 0, llm.Turn{Role: llm.System, Parts: system, At: aside})
	}
	d.checkChoice()
	switch {
	case d.effort == "":
	case !r.Reasoning.Budget.Known:
		r.Reasoning.Effort = d.effort
	case d.effort != llm.EffortHigh: // a budget says it more closely; high is what goes without saying
		d.lose("output_config.effort")
	}
}

// harmless are values of members that say no more than their absence, "" for
// any value.
var harmless = map[string]string{
	"anthropic_version":  "",
	"betas":              "[]",
	"context_management": "{}",
	"mcp_servers":        "[]",
	"metadata":           "{}",
	"service_tier":       `"auto"`,
	"speed":              `"standard"`,
}

// advice notes a member that is not translated.
func (d *reader) advice(name string, v []byte) {
	if value, ok := harmless[name]; !ok || value != "" && value != string(v) {
		d.lose(name)
	}
}

// member reads one member of the top level, which is not null and does not hold
// most of a request.
func (d *reader) member(name string, v []byte) {
	r := d.r
	switch name {
	case "model":
	case "messages":
		d.fail(name, "must be a list of messages")
	case "tools":
		d.fail(name, "must be a list of tools")
	case "stream":
		r.Stream = string(v) == "true"
	case "max_tokens":
		r.MaxTokens = d.number(name, v)
	case "temperature":
		r.Temperature = d.number(name, v)
	case "top_p":
		r.TopP = d.number(name, v)
	case "top_k":
		r.TopK = d.number(name, v)
	case "stop_sequences":
		d.stop(v)
	case "metadata":
		d.metadata(v)
	case "tool_choice":
		d.toolChoice(v)
	case "thinking":
		d.thinking(v)
	case "output_config":
		d.outputConfig(v)
	case "output_format": // before there was output_config
		d.output(name, v)
	default:
		d.advice(name, v)
	}
}

func (d *reader) number(name string, v []byte) llm.Number {
	n := formats.AsNumber(v)
	if n == nil {
		d.fail(name, "must be a number")
	}
	return n
}

func (d *reader) stop(v []byte) {
	list := formats.ElementsOf(v)
	for list.Next() {
		s := formats.StringOf(list.Value())
		if s == nil {
			d.fail("stop_sequences", "must be a list of strings")
		}
		d.r.Stop = append(d.r.Stop, s)
	}
	if list.Err() != nil {
		d.fail("stop_sequences", "must be a list of strings")
	}
}

func (d *reader) metadata(v []byte) {
	for m := formats.MembersOf(v); m.Next(); {
		switch {
		case formats.IsNull(m.Value()):
		case string(m.Key) != "user_id":
			d.lose("metadata")
		default:
			if d.r.User = formats.StringOf(m.Value()); d.r.User == nil {
				d.fail("metadata.user_id", "must be a string")
			}
		}
	}
}

// thinking reads whether the model is to think, and whether the client wants to
// see it
// (https://platform.claude.com/docs/en/build-with-claude/extended-thinking).
func (d *reader) thinking(v []byte) {
	r := &d.r.Reasoning
	var kind llm.Literal
	var budget llm.Count
	for m := formats.MembersOf(v); m.Next(); {
		switch v := m.Value(); string(m.Key) {
		case "type":
			kind = formats.StringOf(v)
		case "budget_tokens":
			budget = formats.AsCount(v)
		case "display":
			r.Hide = string(v) == `"omitted"`
		}
	}
	switch string(kind.Inner()) {
	case "enabled":
		r.Budget, r.Adaptive = budget, !budget.Known
	case "adaptive":
		r.Adaptive = true
	case "disabled":
		r.Budget = llm.Tokens(0)
	default: // between_tools is one vendor's middle way
		d.lose("thinking")
	}
}

// outputConfig reads how hard the model is to try, and the form of the answer
// (https://platform.claude.com/docs/en/build-with-claude/effort).
func (d *reader) outputConfig(v []byte) {
	for m := formats.MembersOf(v); m.Next(); {
		v := m.Value()
		if formats.IsNull(v) {
			continue
		}
		switch string(m.Key) {
		case "effort":
			effort := llm.Effort(formats.Decoded(formats.StringOf(v)))
			if _, ok := effort.Rank(); ok {
				d.effort = effort
			} else {
				d.lose("output_config.effort")
			}
		case "format":
			d.output("output_config.format", v)
		default:
			d.lose("output_config." + string(m.Name()))
		}
	}
}

// output reads the form of the answer
// (https://platform.claude.com/docs/en/build-with-claude/structured-outputs).
func (d *reader) output(name string, v []byte) {
	var kind llm.Literal
	out := llm.Output{Form: llm.ToSchema}
	for m := formats.MembersOf(v); m.Next(); {
		switch string(m.Key) {
		case "type":
			kind = formats.StringOf(m.Value())
		case "schema":
			out.Schema = m.Value()
		}
	}
	switch {
	case string(kind.Inner()) != "json_schema":
		d.fail(name+".type", "must be json_schema")
	case len(out.Schema) == 0 || out.Schema[0] != '{':
		d.fail(name+".schema", "must be an object")
	}
	d.r.Output = out
}
