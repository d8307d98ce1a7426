package chat

import (
	"fmt"
	"net/http"
	"strconv"

	"github.com/aiclient2api/caddy-aiclient2api/formats"
	"github.com/aiclient2api/caddy-aiclient2api/llm"
)

// Decode reads a request
// (https://platform.openai.com/docs/api-reference/chat/create). Beside OpenAI's
// own members it knows those that are customary where one client talks to
// models of many vendors: top_k, thinking, reasoning, cache_control,
// reasoning_content, reasoning_details and extra_content.
func (Client) Decode(body []byte) (*llm.Request, *llm.Error) {
	d := decoder{r: new(llm.Request)}
	m := formats.StrictMembersOf(body)
	for d.err == nil && m.NextKey() {
		switch name := m.Name(); string(name) {
		case "messages":
			list := m.EnterList()
			d.messages(&list)
			m.LeaveList(&list)
		case "tools":
			list := m.EnterList()
			d.tools(&list)
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
		d.fail("messages", "'messages' must be a list with at least one message")
	}
	if d.err != nil {
		return nil, d.err
	}
	if d.r.MaxTokens == nil {
		d.r.MaxTokens = d.maxTokens
	}
	d.r.Legacy = d.r.Legacy && !d.modern
	return d.r, nil
}

// Place names a part of a message as OpenAI's own errors do.
func (Client) Place(turn, part int) string {
	place := "messages[" + strconv.Itoa(turn) + "]"
	if part >= 0 {
		place += ".content[" + strconv.Itoa(part) + "]"
	}
	return place
}

// Field returns the name: it is OpenAI's.
func (Client) Field(name string) string { return name }

// decoder is what is known of a request while it is read.
type decoder struct {
	r         *llm.Request
	maxTokens llm.Number // the older member
	modern    bool       // there are tools, not functions only
	room      []llm.Part // for those that are their message's only one
	err       *llm.Error
}

func invalid(param, message string) *llm.Error {
	return &llm.Error{Status: http.StatusBadRequest, Param: param, Message: message}
}

// fail notes the first error.
func (d *decoder) fail(param, format string, args ...any) {
	if d.err == nil {
		d.err = invalid(param, fmt.Sprintf(format, args...))
	}
}

// failAt is fail for a part of a message, or a member of one.
func (d *decoder) failAt(turn, part int, member, format string, args ...any) {
	place := Client{}.Place(turn, part) + member
	d.fail(place, "'"+place+"' "+format, args...)
}

// member reads one member of the top level, which is not null and is neither
// of the two that hold most of a request.
func (d *decoder) member(name, v []byte) {
	r := d.r
	switch string(name) {
	case "model":
	case "stream":
		r.Stream = string(v) == "true"
	case "stream_options":
		r.StreamUsage = string(formats.Member(v, "include_usage")) == "true"
	case "functions":
		d.functions(v)
	case "tool_choice":
		d.toolChoice(v)
	case "function_call":
		d.functionCall(v)
	case "parallel_tool_calls":
		r.Serial = string(v) == "false"
	case "response_format":
		d.responseFormat(v)
	case "max_completion_tokens":
		r.MaxTokens = d.number("max_completion_tokens", v)
	case "max_tokens":
		d.maxTokens = d.number("max_tokens", v)
	case "temperature":
		r.Temperature = d.number("temperature", v)
	case "top_p":
		r.TopP = d.number("top_p", v)
	case "top_k":
		r.TopK = d.number("top_k", v)
	case "frequency_penalty":
		r.FrequencyPenalty = d.number("frequency_penalty", v)
	case "presence_penalty":
		r.PresencePenalty = d.number("presence_penalty", v)
	case "seed":
		r.Seed = d.number("seed", v)
	case "n":
		d.candidates(v)
	case "stop":
		d.stop(v)
	case "logprobs":
		r.Logprobs = string(v) == "true"
	case "top_logprobs":
		r.TopLogprobs = d.number("top_logprobs", v)
	case "user":
		r.User = d.text("user", v)
	case "safety_identifier":
		if r.User == nil {
			r.User = d.text("safety_identifier", v)
		}
	case "reasoning_effort", "reasoning", "thinking", "google", "extra_body":
		d.reasoning(string(name), v)
	case "modalities":
		for e := formats.ElementsOf(v); e.Next(); {
			d.modality(e.Value())
		}
	case "audio":
		// goes with the modality audio
	default:
		d.advice(string(name), v)
	}
}

// modality reads a kind of answer
// (https://platform.openai.com/docs/api-reference/chat/create#chat-create-modalities);
// images are OpenRouter's.
func (d *decoder) modality(v []byte) {
	switch out := &d.r.Output; string(v) {
	case `"text"`:
	case `"image"`:
		out.Media = append(out.Media, llm.Image)
	case `"audio"`:
		out.Media = append(out.Media, llm.Audio)
	default:
		d.fail("modalities", "'modalities' must hold text, image or audio, not %s", llm.Clip(string(v), 40))
	}
}

// harmless are values of members that say no more than their absence.
var harmless = map[string]string{
	"store":         "false",
	"service_tier":  `"auto"`,
	"verbosity":     `"medium"`,
	"metadata":      "{}",
	"logit_bias":    "{}",
	"function_call": `"auto"`,
}

// advice notes a member that is not translated.
func (d *decoder) advice(name string, v []byte) {
	if harmless[name] != string(v) {
		d.lose(name)
	}
}

// mostAdvice bounds the names of what is not translated, mostTurns and so on
// what a request may have: more than any client sends, and little enough to be
// looked at again and again.
const (
	mostAdvice = 64
	mostTurns  = 1 << 16
	mostParts  = 1 << 13 // of a message: parts, calls, pieces of reasoning
	mostTools  = 1 << 12
)

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

func (d *decoder) candidates(v []byte) {
	n, ok := formats.Int(v)
	if !ok || n < 1 || n > 128 {
		d.fail("n", "'n' must be a number from 1 to 128")
		return
	}
	d.r.Candidates = int(n)
}

func (d *decoder) stop(v []byte) {
	if v[0] != '[' {
		d.r.Stop = []llm.Literal{d.text("stop", v)}
		return
	}
	for e := formats.ElementsOf(v); e.Next(); {
		d.r.Stop = append(d.r.Stop, d.text("stop", e.Value()))
	}
}

// responseFormat reads the form of the answer
// (https://platform.openai.com/docs/guides/structured-outputs).
func (d *decoder) responseFormat(v []byte) {
	switch kind := formats.Decoded(formats.StringOf(formats.Member(v, "type"))); kind {
	case "text":
	case "json_object":
		d.r.Output.Form = llm.JSON
		if schema := formats.Member(v, "schema"); len(schema) > 0 && schema[0] == '{' { // of some servers
			d.r.Output.Form, d.r.Output.Schema = llm.ToSchema, schema
		}
	case "json_schema":
		out := llm.Output{Form: llm.ToSchema}
		for m := formats.MembersOf(formats.Member(v, "json_schema")); m.Next(); {
			v := m.Value()
			switch string(m.Key) {
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
		switch {
		case len(out.Schema) == 0 || formats.IsNull(out.Schema):
			out.Form, out.Schema = llm.JSON, nil
		case out.Schema[0] != '{':
			d.fail("response_format", "'response_format.json_schema.schema' must be an object")
		}
		d.r.Output = out
	default:
		d.fail("response_format", "'response_format.type' must be text, json_object or json_schema, not %q", kind)
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

// reasoning reads how much to think: OpenAI's word, Anthropic's object, that
// of OpenRouter, or Google's in the place where its OpenAI-like API has it
// (https://ai.google.dev/gemini-api/docs/openai).
func (d *decoder) reasoning(name string, v []byte) {
	r := &d.r.Reasoning
	switch name {
	case "reasoning_effort":
		d.effort(v)
	case "reasoning":
		if v[0] != '{' {
			d.lose("reasoning")
		}
		for m := formats.MembersOf(v); m.Next(); {
			switch v := m.Value(); string(m.Key) {
			case "effort":
				if !formats.IsNull(v) {
					d.effort(v)
				}
			case "max_tokens":
				r.Budget = formats.AsCount(v)
			case "exclude":
				r.Hide = string(v) == "true"
			case "enabled":
				if r.Adaptive = string(v) == "true"; string(v) == "false" {
					r.Budget = llm.Tokens(0)
				}
			}
		}
	case "thinking":
		switch formats.Decoded(formats.StringOf(formats.Member(v, "type"))) {
		case "enabled":
			r.Budget = formats.AsCount(formats.Member(v, "budget_tokens"))
			r.Adaptive = !r.Budget.Known
		case "adaptive":
			r.Adaptive = true
		case "disabled":
			r.Budget = llm.Tokens(0)
		default:
			d.lose("thinking")
		}
	case "extra_body":
		for m := formats.MembersOf(v); m.Next(); {
			if string(m.Key) == "google" {
				d.google(m.Value())
			} else {
				d.lose("extra_body." + string(m.Name()))
			}
		}
	case "google":
		d.google(v)
	}
}

// google reads what Google's OpenAI-like API takes beside OpenAI's members.
func (d *decoder) google(v []byte) {
	r := &d.r.Reasoning
	for m := formats.MembersOf(v); m.Next(); {
		switch v := m.Value(); string(m.Key) {
		case "cached_content":
			d.fail("google.cached_content", "content that is cached at Google's cannot be used through this protocol")
		case "thinking_config":
			if budget, ok := formats.Int(formats.Member(v, "thinking_budget")); ok {
				r.Budget = llm.Count{N: max(0, budget), Known: budget >= 0}
				r.Adaptive = budget < 0
			}
			if level := formats.Member(v, "thinking_level"); level != nil {
				d.effort(level)
			}
			r.Hide = string(formats.Member(v, "include_thoughts")) == "false"
		default:
			d.lose("google." + string(m.Name()))
		}
	}
}

func (d *decoder) effort(v []byte) {
	e := llm.Effort(lower(formats.Decoded(formats.StringOf(v))))
	if _, ok := e.Rank(); !ok { // an effort is advice; Groq has "default"
		d.lose("reasoning_effort")
		return
	}
	d.r.Reasoning.Effort = e
}
