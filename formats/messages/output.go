package messages

import (
	"strconv"

	"github.com/tidwall/gjson"

	"github.com/aiclient2api/caddy-aiclient2api/formats"
	"github.com/aiclient2api/caddy-aiclient2api/llm"
)

// readOutput decides on how the answer gets the form that the client wants:
// by a structured output where the model has that, else by a tool whose
// arguments are the answer.
func (e *encoder) readOutput() *formats.Unsupported {
	out := e.r.Output
	if out.Form == llm.Free {
		return nil
	}
	schema := []byte(`{"type":"object","additionalProperties":true}`)
	switch {
	case out.Form == llm.ToSchema && out.Schema != nil:
		if e.model.schemas {
			format, lossy, err := e.work.AppendClosed(nil, out.Schema)
			if err == nil {
				e.format = format
				e.loseIf(lossy, "response_format.json_schema")
				return nil
			}
		}
		if !describesObject(out.Schema) {
			return formats.CannotTake("response_format", "an answer can be held to a schema only if that is one of an object")
		}
		schema = out.Schema
	}
	if e.choice.forces() { // what the client wants is a call, not a text
		e.Lose("response_format")
		return nil
	}
	forced, lossy, err := e.work.AppendToolInput(nil, schema)
	if err != nil {
		return formats.CannotTake("response_format", "the schema of the answer: %v", err)
	}
	e.forced = forced
	e.loseIf(lossy, "response_format.json_schema")
	e.loseIf(out.Strict != nil && *out.Strict, "strict")
	e.Forced = e.freeName()
	e.choice = choice{kind: "tool", name: e.Forced}
	if len(e.tools) > 0 && e.r.ToolChoice.Mode != llm.None {
		e.choice = choice{kind: "any"}
	}
	return nil
}

// purpose is the description of the tool that is added. The model fills in what
// a schema lists: where there is none, it has to be told that the members are its own.
func (e *encoder) purpose() llm.Literal {
	switch out := e.r.Output; {
	case !out.Description.Empty():
		return out.Description
	case out.Form == llm.ToSchema && out.Schema != nil:
		return llm.Literal(`"Give the answer, once it is complete, as the input of this tool."`)
	default:
		return llm.Literal(`"Give the answer, once it is complete, as the input of this tool: one JSON object, ` +
			`with all of the answer in its members, which you name as the conversation asks for."`)
	}
}

// freeName returns a name for the tool that is added, which no other has.
func (e *encoder) freeName() llm.Literal {
	const name = "json_output"
	free := formats.Encoded(name)
	var taken map[string]bool
	for _, t := range e.tools {
		taken = with(taken, e.Names.Sent(t.Name))
	}
	for i := 2; taken[string(free)]; i++ {
		free = formats.Encoded(name + "_" + strconv.Itoa(i))
	}
	return free
}

// describesObject reports whether the values of a schema are objects, as far as
// its top says what they are.
func describesObject(schema []byte) bool {
	v := gjson.ParseBytes(schema)
	if !v.IsObject() {
		return false
	}
	switch kind := v.Get("type"); {
	case kind.Type == gjson.String:
		return kind.Str == "object"
	case kind.IsArray():
		return len(kind.Array()) == 1 && kind.Get("0").Str == "object"
	}
	return !v.Get("items").Exists() && !v.Get("enum").Exists() && !v.Get("const").Exists()
}

// appendOutput appends the member "output_config"
// (https://platform.claude.com/docs/en/build-with-claude/structured-outputs).
func (e *encoder) appendOutput(dst []byte) []byte {
	effort := e.thought.effort
	if effort == "" && e.format == nil {
		return dst
	}
	dst = append(dst, `,"output_config":{`...)
	if effort != "" {
		dst = append(append(append(dst, `"effort":"`...), effort...), '"')
	}
	if e.format != nil {
		if effort != "" {
			dst = append(dst, ',')
		}
		dst = append(append(append(dst, `"format":{"type":"json_schema","schema":`...), e.format...), '}')
	}
	return append(dst, '}')
}
