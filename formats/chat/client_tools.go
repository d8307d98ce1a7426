package chat

import (
	"strings"

	"github.com/aiclient2api/caddy-aiclient2api/formats"
	"github.com/aiclient2api/caddy-aiclient2api/llm"
)

func lower(s string) string { return strings.ToLower(s) }

// tools reads what the model may call
// (https://platform.openai.com/docs/guides/function-calling). A hosted tool,
// which the vendor runs, is one vendor's own; it is only on offer here.
func (d *decoder) tools(list *formats.Elements) {
	for at := 0; d.err == nil && list.NextValue(); at++ {
		d.modern = true
		t := llm.Tool{At: at}
		m := list.Enter()
		kind := d.tool(&t, &m)
		list.Leave(&m)
		switch string(kind) {
		case `"function"`, "":
		case `"custom"`:
			t.Plain = true
		default:
			d.lose("tools." + formats.Decoded(kind))
			continue
		}
		if t.Name.Empty() {
			d.fail("tools", "tools[%d] has no name", at)
		}
		if len(d.r.Tools) == mostTools {
			d.fail("tools", "there are more than %d tools", mostTools)
		}
		if d.r.Tools == nil {
			d.r.Tools = make([]llm.Tool, 0, 8)
		}
		d.r.Tools = append(d.r.Tools, t)
	}
}

// tool reads one and returns its type.
func (d *decoder) tool(t *llm.Tool, m *formats.Members) (kind llm.Literal) {
	for m.NextKey() {
		switch string(m.Key) {
		case "function", "custom":
			inner := m.Enter()
			d.function(t, &inner)
			if !m.Leave(&inner) {
				return kind
			}
			continue
		}
		if !m.Pass() {
			break
		}
		switch v := m.Value(); string(m.Key) {
		case "type":
			kind = formats.StringOf(v)
		case "cache_control":
			if !formats.IsNull(v) {
				t.Cache = v
			}
		}
	}
	return kind
}

// function reads the description of a function or of a custom tool.
func (d *decoder) function(t *llm.Tool, m *formats.Members) {
	for m.Next() {
		v := m.Value()
		if formats.IsNull(v) {
			continue
		}
		switch string(m.Key) {
		case "name":
			t.Name = formats.StringOf(v)
		case "description":
			t.Description = formats.StringOf(v)
		case "parameters":
			t.Schema = v
		case "strict":
			t.Strict = boolean(v)
		case "format":
			t.Grammar = v
		case "cache_control":
			t.Cache = v
		}
	}
}

// functions reads the list that came before there were tools.
func (d *decoder) functions(v []byte) {
	d.r.Legacy, d.r.Serial = true, true // an answer has room for one call
	at := -1
	for e := formats.ElementsOf(v); e.NextValue(); {
		at++
		t := llm.Tool{At: at}
		m := e.Enter()
		d.function(&t, &m)
		e.Leave(&m)
		if t.Name.Empty() {
			d.fail("functions", "functions[%d] has no name", at)
		}
		d.r.Tools = append(d.r.Tools, t)
	}
}

// toolChoice reads whether the model may or must call.
func (d *decoder) toolChoice(v []byte) {
	c := &d.r.ToolChoice
	if v[0] == '"' {
		switch s := formats.Decoded(formats.StringOf(v)); s {
		case "auto":
		case "none":
			c.Mode = llm.None
		case "required", "any":
			c.Mode = llm.Required
		default:
			d.fail("tool_choice", "'tool_choice' must be none, auto, required or an object, not %q", llm.Clip(s, 40))
		}
		return
	}
	switch kind := formats.Decoded(formats.StringOf(formats.Member(v, "type"))); kind {
	case "function", "custom":
		name := formats.StringOf(formats.Member(formats.Member(v, kind), "name"))
		if name.Empty() {
			d.fail("tool_choice", "'tool_choice.%s.name' must be the name of a tool", kind)
		}
		c.Mode, c.Names = llm.Named, []llm.Literal{name}
	case "allowed_tools":
		allowed := formats.Member(v, "allowed_tools")
		c.Mode = llm.Allowed
		c.Must = string(formats.Member(allowed, "mode")) == `"required"`
		for e := formats.ElementsOf(formats.Member(allowed, "tools")); e.Next(); {
			tool := e.Value()
			for _, kind := range [...]string{"function", "custom"} {
				if name := formats.StringOf(formats.Member(formats.Member(tool, kind), "name")); name != nil {
					c.Names = append(c.Names, name)
				}
			}
		}
	default:
		d.fail("tool_choice", "the tool %q, which 'tool_choice' asks for, is one that this provider does not have", llm.Clip(kind, 40))
	}
}

// functionCall reads the choice that goes with functions.
func (d *decoder) functionCall(v []byte) {
	if v[0] == '"' {
		d.toolChoice(v)
		return
	}
	name := formats.StringOf(formats.Member(v, "name"))
	if name.Empty() {
		d.fail("function_call", "'function_call.name' must be the name of a function")
	}
	d.r.ToolChoice = llm.ToolChoice{Mode: llm.Named, Names: []llm.Literal{name}}
}
