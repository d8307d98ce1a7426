package chat

import (
	"github.com/aiclient2api/caddy-aiclient2api/formats"
	"github.com/aiclient2api/caddy-aiclient2api/llm"
)

// tools writes what the model may call
// (https://platform.openai.com/docs/guides/function-calling).
func (w *writer) tools() *formats.Unsupported {
	if len(w.r.Tools) == 0 {
		if w.r.ToolChoice.Mode != llm.Auto && w.r.ToolChoice.Mode != llm.None {
			w.Lose("tool_choice")
		}
		return nil
	}
	count := 0
	for i := range w.r.Tools {
		t := &w.r.Tools[i]
		if t.Cache != nil {
			w.Lose("cache_control")
		}
		if w.allowed != nil && !w.allowed[string(t.Name)] {
			continue
		}
		if count++; count == 1 {
			w.b = append(w.b, `,"tools":[`...)
		} else {
			w.b = append(w.b, ',')
		}
		if no := w.tool(t); no != nil {
			return no
		}
	}
	if count == 0 {
		return nil
	}
	w.b = append(w.b, ']')
	w.choice()
	if w.r.Serial {
		w.b = append(w.b, `,"parallel_tool_calls":false`...)
	}
	return nil
}

// lookUp makes what is looked up by the names of tools. Other vendors know no
// allowed_tools, and get the allowed ones only.
func (w *writer) lookUp() {
	for i := range w.r.Tools {
		if t := &w.r.Tools[i]; t.Plain {
			if w.plain == nil {
				w.plain = make(map[string]bool)
			}
			w.plain[string(t.Name)] = true
		}
	}
	if c := w.r.ToolChoice; c.Mode == llm.Allowed && !w.model.own {
		w.allowed = make(map[string]bool, len(c.Names))
		for _, name := range c.Names {
			w.allowed[string(name)] = true
		}
	}
}

func (w *writer) tool(t *llm.Tool) *formats.Unsupported {
	if t.Plain && w.model.custom {
		w.head("custom", t)
		w.grammar(t.Grammar)
		w.b = append(w.b, "}}"...)
		return nil
	}
	w.head("function", t)
	schema := []byte(t.Schema)
	if t.Plain {
		schema = w.Wrap(*t)
	}
	if len(schema) > 0 && !formats.IsNull(schema) {
		w.b = append(w.b, `,"parameters":`...)
		if err := w.parameters(schema); err != nil {
			return formats.CannotTake("tools", `the parameters of the tool "%s": %v`, llm.Clip(formats.Decoded(t.Name), 64), err)
		}
	}
	w.strict(t.Strict)
	w.b = append(w.b, "}}"...)
	return nil
}

// head begins a tool.
func (w *writer) head(kind string, t *llm.Tool) {
	w.b = append(append(append(w.b, `{"type":"`...), kind...), `","`...)
	w.b = append(append(w.b, kind...), `":{"name":`...)
	w.b = append(w.b, w.Names.Sent(t.Name)...)
	if !t.Description.Empty() {
		w.member("description", t.Description)
	}
}

// parameters writes a function's schema, which must be that of an object: what
// Anthropic asks for, OpenAI does too.
func (w *writer) parameters(schema []byte) error {
	if m := formats.MembersOf(schema); m.Next() { // one without a member says nothing
		out, lossy, err := w.work.AppendToolInput(w.b, schema)
		if err != nil {
			return err
		}
		w.b = out
		if lossy {
			w.Lose("parameters")
		}
		return nil
	}
	w.b = append(w.b, "{}"...)
	return nil
}

// grammar writes the form of a custom tool's text. Responses has the members of
// a grammar one level higher
// (https://platform.openai.com/docs/api-reference/chat/create#chat-create-tools).
func (w *writer) grammar(v llm.Value) {
	if v == nil {
		return
	}
	definition, syntax := formats.Member(v, "definition"), formats.Member(v, "syntax")
	if definition == nil || syntax == nil {
		w.member("format", v)
		return
	}
	w.b = append(w.b, `,"format":{"type":"grammar","grammar":{"definition":`...)
	w.b = append(w.b, definition...)
	w.member("syntax", syntax)
	w.b = append(w.b, "}}"...)
}

// choice writes whether and which tools may be called.
func (w *writer) choice() {
	c := w.r.ToolChoice
	switch c.Mode {
	case llm.None:
		w.b = append(w.b, `,"tool_choice":"none"`...)
	case llm.Required:
		w.b = append(w.b, `,"tool_choice":"required"`...)
	case llm.Named:
		if len(c.Names) > 0 {
			w.b = append(w.b, `,"tool_choice":`...)
			w.named(c.Names[0])
		}
	case llm.Allowed:
		mode := "auto"
		if c.Must {
			mode = "required"
		}
		if !w.model.own {
			w.b = append(append(append(w.b, `,"tool_choice":"`...), mode...), '"')
			return
		}
		w.b = append(append(append(w.b, `,"tool_choice":{"type":"allowed_tools","allowed_tools":{"mode":"`...), mode...), `","tools":[`...)
		for i, name := range c.Names {
			if i > 0 {
				w.b = append(w.b, ',')
			}
			w.named(name)
		}
		w.b = append(w.b, "]}}"...)
	}
}

// named writes the reference to a tool.
func (w *writer) named(name llm.Literal) {
	kind := "function"
	if w.plain[string(name)] && w.model.custom {
		kind = "custom"
	}
	w.b = append(append(append(w.b, `{"type":"`...), kind...), `","`...)
	w.b = append(append(w.b, kind...), `":{"name":`...)
	w.b = append(append(w.b, w.Names.Sent(name)...), "}}"...)
}
