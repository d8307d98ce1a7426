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
func (d *decoder) tools(v []byte) {
	at := -1
	for e := formats.ElementsOf(v); e.Next(); {
		at++
		t := llm.Tool{At: at, Cache: formats.Member(e.Value(), "cache_control")}
		switch kind := formats.Decoded(formats.AsLiteral(formats.Member(e.Value(), "type"))); kind {
		case "function", "":
			d.function(&t, formats.Member(e.Value(), "function"))
		case "custom":
			t.Plain = true
			d.function(&t, formats.Member(e.Value(), "custom"))
		default:
			d.r.Advice = append(d.r.Advice, "tools."+kind)
			continue
		}
		d.r.Tools = append(d.r.Tools, t)
	}
}

// function reads the description of a function or of a custom tool.
func (d *decoder) function(t *llm.Tool, v []byte) {
	for m := formats.MembersOf(v); m.Next(); {
		v := m.Value()
		if formats.IsNull(v) {
			continue
		}
		switch string(m.Key) {
		case "name":
			t.Name = formats.AsLiteral(v)
		case "description":
			t.Description = formats.AsLiteral(v)
		case "parameters":
			t.Schema = v
		case "strict":
			t.Strict = boolean(v)
		case "format":
			t.Grammar = v
		}
	}
	if t.Name.Empty() {
		d.fail("tools", "tools[%d] has no name", t.At)
	}
}

// functions reads the list that came before there were tools.
func (d *decoder) functions(v []byte) {
	d.r.Legacy = true
	at := -1
	for e := formats.ElementsOf(v); e.Next(); {
		at++
		t := llm.Tool{At: at}
		d.function(&t, e.Value())
		d.r.Tools = append(d.r.Tools, t)
	}
}

// toolChoice reads whether the model may or must call.
func (d *decoder) toolChoice(v []byte) {
	c := &d.r.ToolChoice
	if v[0] == '"' {
		switch s := formats.Decoded(formats.AsLiteral(v)); s {
		case "auto":
		case "none":
			c.Mode = llm.None
		case "required", "any":
			c.Mode = llm.Required
		default:
			d.fail("tool_choice", "'tool_choice' must be none, auto, required or an object, not %q", s)
		}
		return
	}
	switch kind := formats.Decoded(formats.AsLiteral(formats.Member(v, "type"))); kind {
	case "function", "custom":
		name := formats.AsLiteral(formats.Member(formats.Member(v, kind), "name"))
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
				if name := formats.AsLiteral(formats.Member(formats.Member(tool, kind), "name")); name != nil {
					c.Names = append(c.Names, name)
				}
			}
		}
	default:
		d.fail("tool_choice", "the tool %q, which 'tool_choice' asks for, is one that this provider does not have", kind)
	}
}

// functionCall reads the choice that goes with functions.
func (d *decoder) functionCall(v []byte) {
	d.r.Legacy = true
	if v[0] == '"' {
		d.toolChoice(v)
		return
	}
	name := formats.AsLiteral(formats.Member(v, "name"))
	if name.Empty() {
		d.fail("function_call", "'function_call.name' must be the name of a function")
	}
	d.r.ToolChoice = llm.ToolChoice{Mode: llm.Named, Names: []llm.Literal{name}}
}
