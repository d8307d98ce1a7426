package responses

import (
	"net/http"
	"strconv"

	"github.com/aiclient2api/caddy-aiclient2api/formats"
	"github.com/aiclient2api/caddy-aiclient2api/llm"
)

// start makes what every response object begins with.
func (e *encoder) start(ev *llm.Event) {
	e.head = append(e.head[:0], `{"id":`...)
	if ev.ID.Empty() {
		e.head = formats.AppendString(e.head, "resp_"+e.ID)
	} else {
		e.head = append(e.head, ev.ID...)
	}
	e.head = append(e.head, `,"object":"response","created_at":`...)
	e.head = strconv.AppendInt(e.head, e.Created, 10)
	e.head = append(e.head, `,"model":`...)
	if ev.Name.Empty() {
		e.head = formats.AppendString(e.head, e.Model)
	} else {
		e.head = append(e.head, ev.Name...)
	}
	e.head = append(e.head, `,"background":false,"status":"`...)
}

// appendResponse appends the response object as far as it has come
// (https://platform.openai.com/docs/api-reference/responses/object). It repeats
// what the client asked for.
func (e *encoder) appendResponse(dst []byte, status string, failed *llm.Error) []byte {
	r := e.Request
	dst = append(append(append(dst, e.head...), status...), `","error":`...)
	if failed == nil {
		dst = append(dst, "null"...)
	} else {
		dst = formats.AppendString(append(dst, `{"code":`...), failureCode(failed))
		dst = formats.AppendString(append(dst, `,"message":`...), failed.Message)
		dst = append(dst, '}')
	}
	dst = append(dst, `,"incomplete_details":`...)
	switch {
	case status != "incomplete":
		dst = append(dst, "null"...)
	case e.finish == llm.Length:
		dst = append(dst, `{"reason":"max_output_tokens"}`...)
	default:
		dst = append(dst, `{"reason":"content_filter"}`...)
	}
	dst = append(dst, `,"instructions":`...)
	if len(r.Turns) > 0 && r.Turns[0].At == instructions {
		dst = append(dst, r.Turns[0].Parts[0].Text...)
	} else {
		dst = append(dst, "null"...)
	}
	dst = appendNumber(append(dst, `,"max_output_tokens":`...), r.MaxTokens)
	dst = append(append(dst, `,"output":[`...), e.output...)
	dst = strconv.AppendBool(append(dst, `],"parallel_tool_calls":`...), !r.Serial)
	dst = append(dst, `,"previous_response_id":null,"reasoning":{"effort":`...)
	dst = appendOrNull(dst, string(r.Reasoning.Effort))
	dst = append(dst, `,"summary":null},"store":false,"temperature":`...)
	dst = appendNumber(dst, r.Temperature)
	dst = appendFormat(append(dst, `,"text":{"format":`...), &r.Output)
	dst = appendChoice(append(dst, `},"tool_choice":`...), r)
	dst = appendTools(append(dst, `,"tools":[`...), r.Tools)
	if r.TopLogprobs != nil {
		dst = append(append(dst, `],"top_logprobs":`...), r.TopLogprobs...)
		dst = append(dst, `,"top_p":`...)
	} else {
		dst = append(dst, `],"top_p":`...)
	}
	dst = appendNumber(dst, r.TopP)
	dst = append(dst, `,"truncation":"disabled","usage":`...)
	dst = appendUsage(dst, e.usage)
	if r.User != nil {
		dst = append(append(dst, `,"user":`...), r.User...)
	}
	return append(dst, `,"metadata":{}}`...)
}

func appendNumber(dst []byte, n llm.Number) []byte {
	if n == nil {
		return append(dst, "null"...)
	}
	return append(dst, n...)
}

// failureCodes are the codes of a response that failed by which clients know
// what to do about it.
var failureCodes = map[string]bool{
	"context_length_exceeded": true, "insufficient_quota": true, "invalid_prompt": true,
	"rate_limit_exceeded": true, "server_error": true, "bio_policy": true,
}

// failureCode returns OpenAI's word for an error in the place of an answer.
func failureCode(e *llm.Error) string {
	switch {
	case failureCodes[e.Code]:
		return e.Code
	case e.Status == http.StatusTooManyRequests:
		return "rate_limit_exceeded"
	case e.Status >= 400 && e.Status < 500:
		return "invalid_prompt"
	default:
		return "server_error"
	}
}

// appendFormat appends the form of the answer's text.
func appendFormat(dst []byte, out *llm.Output) []byte {
	switch out.Form {
	case llm.JSON:
		return append(dst, `{"type":"json_object"}`...)
	case llm.ToSchema:
		dst = append(dst, `{"type":"json_schema","name":`...)
		if out.Name == nil {
			dst = append(dst, `""`...)
		}
		dst = append(dst, out.Name...)
		if out.Description != nil {
			dst = append(append(dst, `,"description":`...), out.Description...)
		}
		dst = appendStrict(append(dst, `,"strict":`...), out.Strict)
		dst = append(append(dst, `,"schema":`...), out.Schema...)
		return append(dst, '}')
	default:
		return append(dst, `{"type":"text"}`...)
	}
}

func appendStrict(dst []byte, strict *bool) []byte {
	if strict == nil {
		return append(dst, "null"...)
	}
	return strconv.AppendBool(dst, *strict)
}

// appendChoice appends whether and which tools may be called.
func appendChoice(dst []byte, r *llm.Request) []byte {
	switch c := &r.ToolChoice; c.Mode {
	case llm.None:
		return append(dst, `"none"`...)
	case llm.Required:
		return append(dst, `"required"`...)
	case llm.Named:
		if len(c.Names) > 0 {
			return appendNamed(dst, r, c.Names[0])
		}
		return append(dst, `"required"`...)
	case llm.Allowed:
		mode := "auto"
		if c.Must {
			mode = "required"
		}
		dst = append(append(dst, `{"type":"allowed_tools","mode":"`...), mode...)
		dst = append(dst, `","tools":[`...)
		for i, name := range c.Names {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = appendNamed(dst, r, name)
		}
		return append(dst, "]}"...)
	default:
		return append(dst, `"auto"`...)
	}
}

// appendNamed appends a tool as a choice names it.
func appendNamed(dst []byte, r *llm.Request, name llm.Literal) []byte {
	kind := `{"type":"function","name":`
	for i := range r.Tools {
		if t := &r.Tools[i]; string(t.Name) == string(name) {
			if t.Plain {
				kind = `{"type":"custom","name":`
			}
			if t.Short != nil {
				name = t.Short
			}
			break
		}
	}
	return append(append(append(dst, kind...), name...), '}')
}

// appendTools appends the tools and closes nothing. Those of a namespace that
// stand together are a group again.
func appendTools(dst []byte, tools []llm.Tool) []byte {
	var space llm.Literal
	for i := range tools {
		t := &tools[i]
		if space != nil && string(t.Space) != string(space) {
			dst = append(dst, "]}"...)
			space = nil
		}
		if i > 0 {
			dst = append(dst, ',')
		}
		if t.Space != nil && space == nil {
			space = t.Space
			dst = append(append(dst, `{"type":"namespace","name":`...), space...)
			dst = append(dst, `,"description":"","tools":[`...)
		}
		dst = appendTool(dst, t)
	}
	if space != nil {
		dst = append(dst, "]}"...)
	}
	return dst
}

func appendTool(dst []byte, t *llm.Tool) []byte {
	name := t.Name
	if t.Short != nil {
		name = t.Short
	}
	if t.Plain {
		dst = append(append(dst, `{"type":"custom","name":`...), name...)
		if t.Description != nil {
			dst = append(append(dst, `,"description":`...), t.Description...)
		}
		if t.Grammar != nil {
			dst = append(append(dst, `,"format":`...), t.Grammar...)
		}
		return append(dst, '}')
	}
	dst = append(append(dst, `{"type":"function","name":`...), name...)
	dst = append(dst, `,"description":`...)
	if t.Description == nil {
		dst = append(dst, "null"...)
	}
	dst = append(append(dst, t.Description...), `,"parameters":`...)
	if t.Schema == nil {
		dst = append(dst, "null"...)
	}
	dst = append(append(dst, t.Schema...), `,"strict":`...)
	return append(appendStrict(dst, t.Strict), '}')
}
