package messages

import (
	"slices"

	"github.com/aiclient2api/caddy-aiclient2api/formats"
	"github.com/aiclient2api/caddy-aiclient2api/llm"
)

// choice is the member "tool_choice".
type choice struct {
	kind string // auto, any, tool, none
	name llm.Literal
}

// forces reports whether the answer must be a call.
func (c choice) forces() bool { return c.kind == "any" || c.kind == "tool" }

// readTools decides on the tools that are offered. The API cannot allow some
// of them only: the others are not offered then.
func (e *encoder) readTools() *formats.Unsupported {
	for _, t := range e.r.Tools {
		if t.Plain {
			e.plain = with(e.plain, t.Name)
		}
	}
	e.tools, e.choice.kind = e.r.Tools, "auto"
	switch c := e.r.ToolChoice; c.Mode {
	case llm.None:
		e.choice.kind = "none"
	case llm.Required:
		e.choice.kind = "any"
	case llm.Named:
		e.choice.kind = "any"
		if len(c.Names) > 0 {
			e.choice = choice{kind: "tool", name: c.Names[0]}
		}
	case llm.Allowed:
		var allowed map[string]bool
		for _, name := range c.Names {
			allowed = with(allowed, name)
		}
		e.tools = slices.DeleteFunc(slices.Clone(e.tools), func(t llm.Tool) bool { return !allowed[string(t.Name)] })
		if len(e.tools) == 0 && len(e.r.Tools) > 0 {
			return formats.CannotTake("tool_choice", "none of the tools that it allows is among the tools of the request")
		}
		if c.Must {
			e.choice.kind = "any"
		}
	}
	if len(e.tools) == 0 {
		if e.choice.forces() {
			e.Lose("tool_choice")
		}
		e.choice.kind = "auto"
	}
	return nil
}

// with adds a name to a set, which is made if it is nil.
func with(set map[string]bool, name llm.Literal) map[string]bool {
	if set == nil {
		set = make(map[string]bool)
	}
	set[string(name)] = true
	return set
}

// appendTools appends the tools
// (https://docs.claude.com/en/docs/agents-and-tools/tool-use/implement-tool-use).
// Anthropic compiles the schemas of strict tools into one grammar and refuses
// the request if that grows too large; a strict tool is sent without.
func (e *encoder) appendTools(dst []byte) ([]byte, *formats.Unsupported) {
	if len(e.tools) == 0 && e.forced == nil {
		return dst, nil
	}
	dst = append(dst, `,"tools":[`...)
	for i, t := range e.tools {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, `{"name":`...)
		dst = append(dst, e.Names.Sent(t.Name)...)
		if !t.Description.Empty() {
			dst = append(append(dst, `,"description":`...), t.Description...)
		}
		dst = append(dst, `,"input_schema":`...)
		if t.Plain {
			dst = append(dst, e.Wrap(t)...)
		} else {
			out, lossy, err := e.work.AppendToolInput(dst, t.Schema)
			if err != nil {
				return nil, formats.CannotTake("tools", `the parameters of the tool "%s": %v`, llm.Clip(formats.Decoded(t.Name), 64), err)
			}
			dst = out
			e.loseIf(lossy, "parameters")
		}
		e.loseIf(t.Strict != nil && *t.Strict, "strict")
		dst = append(e.appendMark(dst, t.Cache, &e.marks.tools), '}')
	}
	if e.forced != nil {
		if len(e.tools) > 0 {
			dst = append(dst, ',')
		}
		dst = append(append(dst, `{"name":`...), e.Forced...)
		dst = append(append(dst, `,"description":`...), e.purpose()...)
		dst = append(append(append(dst, `,"input_schema":`...), e.forced...), '}')
	}
	return append(dst, ']'), nil
}

// appendChoice appends the member "tool_choice". It may stand beside tools only.
func (e *encoder) appendChoice(dst []byte) []byte {
	// An answer of two JSON texts would be none.
	serial := e.r.Serial || e.forced != nil && e.choice.kind == "tool"
	switch {
	case len(e.tools) == 0 && e.forced == nil, e.choice.kind == "auto" && !serial:
		return dst
	case e.choice.kind == "none":
		return append(dst, `,"tool_choice":{"type":"none"}`...)
	}
	dst = append(append(dst, `,"tool_choice":{"type":"`...), e.choice.kind...)
	dst = append(dst, '"')
	if e.choice.kind == "tool" {
		dst = append(append(dst, `,"name":`...), e.Names.Sent(e.choice.name)...)
	}
	if serial {
		dst = append(dst, `,"disable_parallel_tool_use":true`...)
	}
	return append(dst, '}')
}
