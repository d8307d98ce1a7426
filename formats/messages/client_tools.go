package messages

import (
	"slices"

	"github.com/aiclient2api/caddy-aiclient2api/formats"
	"github.com/aiclient2api/caddy-aiclient2api/llm"
)

// tools reads what the model may call
// (https://docs.claude.com/en/docs/agents-and-tools/tool-use/implement-tool-use).
// A tool with a type of its own is one of Anthropic's, which other vendors'
// models were not taught; it is only on offer here. Tools that are to be loaded
// when they are looked for are there from the beginning.
func (d *reader) tools(list *formats.Elements) {
	d.r.Tools, d.hosted = d.r.Tools[:0], d.hosted[:0]
	for at := 0; d.err == nil && list.NextValue(); at++ {
		if at == mostTools {
			d.fail("tools", "there are more than %d", mostTools)
		}
		t := llm.Tool{At: at}
		m := list.Enter()
		kind, unread := d.tool(&t, &m)
		if !list.Leave(&m) {
			return
		}
		switch string(kind.Inner()) {
		case "custom", "":
			unread.Lose(d.lose, "tools.")
		default:
			d.lose("tools." + formats.Decoded(kind))
			d.hosted = append(d.hosted, t.Name)
			continue
		}
		if t.Name.Empty() {
			d.fail("tools", "tools.%d has no name", at)
		}
		if d.r.Tools == nil {
			d.r.Tools = make([]llm.Tool, 0, 16)
		}
		d.r.Tools = append(d.r.Tools, t)
	}
}

// tool reads one and returns its type, and what of it nobody reads.
func (d *reader) tool(t *llm.Tool, m *formats.Members) (kind llm.Literal, unread formats.Unread) {
	for m.Next() {
		v := m.Value()
		if formats.IsNull(v) {
			continue
		}
		switch string(m.Key) {
		case "type":
			kind = formats.StringOf(v)
		case "name":
			t.Name = formats.StringOf(v)
		case "description":
			t.Description = formats.StringOf(v)
		case "input_schema":
			t.Schema = v
		case "strict":
			strict := string(v) == "true"
			t.Strict = &strict
		case "cache_control":
			t.Cache = v
		default:
			if string(m.Key) != "allowed_callers" || !formats.IsDirect(v) {
				unread.Note(m.Name(), v)
			}
		}
	}
	return kind, unread
}

// toolChoice reads whether the model may or must call.
func (d *reader) toolChoice(v []byte) {
	c := &d.r.ToolChoice
	var kind, name llm.Literal
	for m := formats.MembersOf(v); m.Next(); {
		switch v := m.Value(); string(m.Key) {
		case "type":
			kind = formats.StringOf(v)
		case "name":
			name = formats.StringOf(v)
		case "disable_parallel_tool_use":
			d.r.Serial = string(v) == "true"
		}
	}
	switch string(kind.Inner()) {
	case "auto":
	case "none":
		c.Mode = llm.None
	case "any":
		c.Mode = llm.Required
	case "tool":
		if name.Empty() {
			d.fail("tool_choice.name", "must be the name of a tool")
		}
		c.Mode, c.Names = llm.Named, []llm.Literal{name}
	default:
		d.fail("tool_choice.type", "must be auto, any, tool or none")
	}
}

// checkChoice refuses a choice that only a tool of Anthropic's could satisfy.
func (d *reader) checkChoice() {
	own := func(name llm.Literal) bool {
		return slices.ContainsFunc(d.r.Tools, func(t llm.Tool) bool { return string(t.Name) == string(name) })
	}
	switch c := d.r.ToolChoice; c.Mode {
	case llm.Named:
		theirs := slices.ContainsFunc(d.hosted, func(name llm.Literal) bool { return string(name) == string(c.Names[0]) })
		if theirs && !own(c.Names[0]) {
			d.fail("tool_choice", "the tool %q, which must be called, is one that this provider does not have", formats.Decoded(c.Names[0]))
		}
	case llm.Required:
		if len(d.r.Tools) == 0 && len(d.hosted) > 0 {
			d.fail("tool_choice", "none of the tools, one of which must be called, is one that this provider has")
		}
	}
}
