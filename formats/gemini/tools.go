package gemini

import (
	"bytes"

	"github.com/aiclient2api/caddy-aiclient2api/formats"
	"github.com/aiclient2api/caddy-aiclient2api/llm"
)

// tools writes the functions and how they may be called
// (https://ai.google.dev/api/caching#FunctionDeclaration).
func (w *writer) tools() *formats.Unsupported {
	if !w.declare {
		if len(w.r.Tools) == 0 && w.r.ToolChoice.Mode != llm.Auto && w.r.ToolChoice.Mode != llm.None {
			w.Lose("tool_choice")
		}
		return nil
	}
	w.key("tools")
	w.b = append(w.b, `[{"functionDeclarations":[`...)
	for i, t := range w.r.Tools {
		if i > 0 {
			w.b = append(w.b, ',')
		}
		w.declared(t.Name, t.Description)
		if no := w.parameters(t); no != nil {
			return no
		}
		w.b = append(w.b, '}')
		if t.Strict != nil && *t.Strict {
			w.Lose("strict")
		}
		w.cached(t.Cache)
	}
	if w.Forced != nil {
		if no := w.answer(); no != nil {
			return no
		}
	}
	w.b = append(w.b, "]}]"...)
	if w.r.Serial {
		w.Lose("parallel_tool_calls")
	}
	w.choice()
	return nil
}

// declared begins a declaration.
func (w *writer) declared(name, description llm.Literal) {
	w.b = append(w.b, '{')
	w.key("name")
	w.b = append(w.b, w.Names.Sent(name)...)
	if !description.Empty() {
		w.key("description")
		w.b = append(w.b, description...)
	}
}

// parameters writes what a function takes. One without parameters has none:
// an empty object is refused by older models.
func (w *writer) parameters(t llm.Tool) *formats.Unsupported {
	schema := []byte(t.Schema)
	if t.Plain {
		schema = w.Wrap(t)
	}
	if len(schema) == 0 || formats.IsNull(schema) {
		return nil
	}
	return w.schemaOf(schema, `the parameters of the tool "`+llm.Clip(formats.Decoded(t.Name), 64)+`"`)
}

// schemaOf writes the schema of a function's parameters, as JSON Schema where
// the model takes it (https://ai.google.dev/gemini-api/docs/structured-output#json-schema).
func (w *writer) schemaOf(schema []byte, what string) *formats.Unsupported {
	schema, err := w.work.Current(schema)
	if err != nil {
		return formats.CannotTake("tools", "%s: %v", what, err)
	}
	object, known := typed(schema)
	if !known {
		return nil
	}
	if object == nil {
		return formats.CannotTake("tools", "%s are no object", what)
	}
	if w.schema {
		w.key("parametersJsonSchema")
		w.b = append(w.b, object...)
		return nil
	}
	w.key("parameters")
	object, lossy, err := w.work.AppendToolInput(nil, object) // no union in the place of an object
	if err != nil {
		return formats.CannotTake("tools", "%s: %v", what, err)
	}
	if lossy {
		w.Lose("parameters")
	}
	return w.reduced(object, "tools", what, "parameters")
}

// reduced writes a schema in the subset of OpenAPI that older models take.
func (w *writer) reduced(schema []byte, field, what, name string) *formats.Unsupported {
	out, lossy, err := w.work.AppendReduced(w.b, schema)
	if err != nil {
		return formats.CannotTake(field, "%s: %v", what, err)
	}
	w.b = out
	if lossy {
		w.Lose(name)
	}
	return nil
}

// typed returns a schema with its type said: Google wants to see that
// parameters are an object. It is nil if they are something else; known is
// false if the schema says nothing at all.
func typed(schema []byte) (object []byte, known bool) {
	m := formats.MembersOf(schema)
	count := 0
	for m.Next() {
		count++
		if !m.Is("type") {
			continue
		}
		switch v := m.Value(); {
		case string(v) == `"object"`:
			return schema, true
		case string(v) == `"OBJECT"`, v[0] == '[' && bytes.Contains(v, []byte(`"object"`)): // arguments are never null
			out := append([]byte(nil), schema[:m.Start]...)
			out = append(out, `"object"`...)
			return append(out, schema[m.End:]...), true
		default:
			return nil, true
		}
	}
	if m.Err != nil {
		return nil, true
	}
	if count == 0 {
		return nil, false
	}
	out := append([]byte(nil), `{"type":"object",`...)
	at := 0
	for schema[at] != '{' {
		at++
	}
	return append(out, schema[at+1:]...), true
}

// answer declares the function whose call is the answer.
func (w *writer) answer() *formats.Unsupported {
	description := w.r.Output.Description
	if description.Empty() {
		description = llm.Literal(`"Gives the final answer to the user."`)
	}
	w.b = append(w.b, ',') // it is never alone
	w.declared(w.Forced, description)
	if object, known := typed(w.r.Output.Schema); known && object == nil {
		return formats.CannotTake("response_format", "an answer that is no object cannot be had beside tools from this model")
	}
	if no := w.schemaOf(w.r.Output.Schema, "the answer"); no != nil {
		return no
	}
	w.b = append(w.b, '}')
	return nil
}

// choice writes whether and which functions may be called
// (https://ai.google.dev/gemini-api/docs/function-calling#function_calling_modes).
func (w *writer) choice() {
	c := w.r.ToolChoice
	mode := ""
	switch c.Mode {
	case llm.None:
		mode = "NONE"
	case llm.Required, llm.Named:
		mode = "ANY"
	case llm.Allowed:
		mode = "VALIDATED"
		if c.Must {
			mode = "ANY"
		}
	}
	if w.Forced != nil {
		mode = "ANY"
	}
	if mode == "" {
		return
	}
	w.key("toolConfig")
	w.b = append(append(append(w.b, `{"functionCallingConfig":{"mode":"`...), mode...), '"')
	if (c.Mode == llm.Named || c.Mode == llm.Allowed) && len(c.Names) > 0 {
		w.b = append(w.b, `,"allowedFunctionNames":[`...)
		for i, name := range c.Names {
			if i > 0 {
				w.b = append(w.b, ',')
			}
			w.b = append(w.b, w.Names.Sent(name)...)
		}
		if w.Forced != nil {
			w.b = append(append(w.b, ','), w.Forced...)
		}
		w.b = append(w.b, ']')
	}
	w.b = append(w.b, "}}"...)
}
