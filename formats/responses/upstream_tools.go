package responses

import (
	"github.com/aiclient2api/caddy-aiclient2api/formats"
	"github.com/aiclient2api/caddy-aiclient2api/llm"
)

// tools writes what the model may call
// (https://platform.openai.com/docs/guides/function-calling?api-mode=responses).
func (w *writer) tools() *formats.Unsupported {
	if len(w.r.Tools) == 0 {
		if w.r.ToolChoice.Mode != llm.Auto && w.r.ToolChoice.Mode != llm.None {
			w.Lose("tool_choice")
		}
		return nil
	}
	allowed := w.allowed()
	count := 0
	for i := range w.r.Tools {
		t := &w.r.Tools[i]
		if t.Cache != nil {
			w.Lose("cache_control")
		}
		if allowed != nil && !allowed[string(t.Name)] {
			continue
		}
		if count++; count == 1 {
			w.b = append(w.b, `,"tools":[`...)
		}
		if err := w.tool(t); err != nil {
			return formats.CannotTake("tools", `the parameters of the tool "%s": %v`, llm.Clip(formats.Decoded(t.Name), 64), err)
		}
	}
	if count == 0 { // none of those that are allowed
		w.Lose("tool_choice")
		return nil
	}
	w.b = append(w.b, ']')
	w.choice()
	if w.r.Serial {
		w.b = append(w.b, `,"parallel_tool_calls":false`...)
	}
	return nil
}

// allowed returns the names of the tools that are offered, nil for all: other
// vendors know no allowed_tools, and get the allowed ones only.
func (w *writer) allowed() map[string]bool {
	c := w.r.ToolChoice
	if w.model.own || c.Mode != llm.Allowed {
		return nil
	}
	set := make(map[string]bool, len(c.Names))
	for _, name := range c.Names {
		set[string(name)] = true
	}
	return set
}

func (w *writer) tool(t *llm.Tool) error {
	if t.Plain && w.model.custom {
		w.offer("custom", t)
		w.grammar(t.Grammar)
		w.b = append(w.b, '}')
		return nil
	}
	w.offer("function", t)
	schema := []byte(t.Schema)
	if t.Plain {
		schema = w.Wrap(*t)
	}
	w.b = append(w.b, `,"parameters":`...)
	out, lossy, err := w.work.AppendToolInput(w.b, schema)
	if err != nil {
		return err
	}
	w.b = out
	if lossy {
		w.Lose("parameters")
	}
	w.strict(t.Strict != nil && *t.Strict) // which it is if nothing is said
	w.b = append(w.b, '}')
	return nil
}

// offer begins a tool.
func (w *writer) offer(kind string, t *llm.Tool) {
	w.item(kind)
	w.member("name", w.Names.Sent(t.Name))
	if !t.Description.Empty() {
		w.member("description", t.Description)
	}
}

// grammar writes the form of a custom tool's text. Chat completions have the
// members of a grammar one level lower
// (https://platform.openai.com/docs/guides/function-calling?api-mode=responses#context-free-grammars).
func (w *writer) grammar(v llm.Value) {
	if v == nil {
		return
	}
	inner := v
	if g := formats.Member(v, "grammar"); g != nil {
		inner = g
	}
	definition, syntax := formats.Member(inner, "definition"), formats.Member(inner, "syntax")
	if definition == nil || syntax == nil {
		w.member("format", v)
		return
	}
	w.b = append(w.b, `,"format":{"type":"grammar","syntax":`...)
	w.b = append(w.b, syntax...)
	w.member("definition", definition)
	w.b = append(w.b, '}')
}

// choice writes whether and which tools may be called
// (https://platform.openai.com/docs/api-reference/responses/create#responses-create-tool_choice).
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
		w.b = append(append(append(w.b, `,"tool_choice":{"type":"allowed_tools","mode":"`...), mode...), `","tools":[`...)
		for i, name := range c.Names {
			if i > 0 {
				w.b = append(w.b, ',')
			}
			w.named(name)
		}
		w.b = append(w.b, "]}"...)
	}
}

// named writes the reference to a tool.
func (w *writer) named(name llm.Literal) {
	kind := `{"type":"function","name":`
	if w.plain(name) {
		kind = `{"type":"custom","name":`
	}
	w.b = append(w.b, kind...)
	w.b = append(append(w.b, w.Names.Sent(name)...), '}')
}
