package responses

import (
	"github.com/aiclient2api/caddy-aiclient2api/formats"
	"github.com/aiclient2api/caddy-aiclient2api/llm"
)

// tools reads what the model may call
// (https://platform.openai.com/docs/guides/function-calling): the list of the
// request, or one that an item of the input adds, which comes behind it wherever
// the input stands. A hosted tool, which the vendor runs, is one vendor's own; it
// is only on offer here.
func (d *decoder) tools(list *formats.Elements, added bool) {
	d.mixed = d.mixed || added
	before := d.r.Tools
	if !added {
		d.r.Tools = nil
	}
	for at := 0; d.err == nil && list.NextValue(); at++ {
		m := list.Enter()
		t := llm.Tool{At: at}
		o := d.tool(&t, &m)
		list.Leave(&m)
		d.add(&t, o, nil)
	}
	if !added {
		d.r.Tools = append(d.r.Tools, before...)
	}
}

// offer is what a tool is beside a function: its type, the list of tools in it,
// and what of it nobody reads.
type offer struct {
	kind, inner []byte
	unread      formats.Unread
}

// tool reads one.
func (d *decoder) tool(t *llm.Tool, m *formats.Members) (o offer) {
	for m.Next() {
		v := m.Value()
		if formats.IsNull(v) {
			continue
		}
		switch name := m.Name(); string(name) {
		case "type":
			o.kind = formats.Unescaped(formats.StringOf(v))
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
		case "tools":
			o.inner = v
		default:
			if string(name) != "allowed_callers" || !formats.IsDirect(v) {
				o.unread.Note(name, v)
			}
		}
	}
	return o
}

// add adds a tool; space is the namespace in which it stands.
func (d *decoder) add(t *llm.Tool, o offer, space llm.Literal) {
	switch string(o.kind) {
	case "function", "":
		t.Grammar = nil
		o.unread.Lose(d.lose, "tools.")
	case "custom":
		t.Plain, t.Schema = true, nil
		o.unread.Lose(d.lose, "tools.")
	case "namespace":
		if space == nil && !t.Name.Empty() {
			o.unread.Lose(d.lose, "tools.namespace.")
			d.namespace(t, o.inner)
			return
		}
	default:
		d.lose("tools." + llm.Clip(string(o.kind), 40))
		return
	}
	switch {
	case t.Name.Empty():
		d.fail("tools", "tools[%d] has no name", t.At)
		return
	case len(d.r.Tools) == mostTools:
		d.fail("tools", "there are more than %d tools", mostTools)
		return
	}
	if space != nil {
		t.Space, t.Short, t.Name = space, t.Name, flat(space, t.Name)
	}
	if d.r.Tools == nil {
		d.r.Tools = make([]llm.Tool, 0, 8)
	}
	d.r.Tools = append(d.r.Tools, *t)
}

// namespace adds the tools of a group. Other formats know no groups: the name
// of the group becomes a part of the tools' names.
func (d *decoder) namespace(group *llm.Tool, list []byte) {
	d.mixed = true
	if !group.Description.Empty() {
		d.lose("tools.namespace.description")
	}
	for e := formats.ElementsOf(list); d.err == nil && e.NextValue(); {
		m := e.Enter()
		t := llm.Tool{At: group.At}
		o := d.tool(&t, &m)
		e.Leave(&m)
		d.add(&t, o, group.Name)
	}
}

// flat returns the one name of a tool in a namespace.
func flat(space, short llm.Literal) llm.Literal {
	if space.Empty() || short.Empty() {
		return short
	}
	name := make(llm.Literal, 0, len(space)+len(short)+2)
	name = append(append(name, space[:len(space)-1]...), "__"...)
	return append(name, short[1:]...)
}

// settleTools leaves the last of tools that were given more than once.
func (d *decoder) settleTools() {
	tools := d.r.Tools[:0]
	seen := make(map[string]int, len(d.r.Tools))
	for _, t := range d.r.Tools {
		at, ok := seen[string(t.Name)]
		switch {
		case !ok:
			seen[string(t.Name)] = len(tools)
			tools = append(tools, t)
		case string(tools[at].Space) == string(t.Space):
			tools[at] = t
		default:
			d.fail("tools", "two of the tools come to the same name %s, with their namespaces", llm.Clip(string(t.Name), 80))
		}
	}
	d.r.Tools = tools
}

// toolChoice reads whether the model may or must call.
func (d *decoder) toolChoice(v []byte) {
	c := &d.r.ToolChoice
	if v[0] == '"' {
		switch s := formats.Decoded(formats.StringOf(v)); s {
		case "auto":
		case "none":
			c.Mode = llm.None
		case "required":
			c.Mode = llm.Required
			if len(d.r.Tools) == 0 {
				d.fail("tool_choice", "'tool_choice' is required, but there is no tool that this provider could call")
			}
		default:
			d.fail("tool_choice", "'tool_choice' must be none, auto, required or an object, not %q", llm.Clip(s, 40))
		}
		return
	}
	switch kind := formats.Decoded(formats.StringOf(formats.Member(v, "type"))); kind {
	case "function", "custom":
		name := d.chosen(v)
		if name.Empty() {
			d.fail("tool_choice.name", "'tool_choice.name' must be the name of a tool")
		}
		c.Mode, c.Names = llm.Named, []llm.Literal{name}
	case "allowed_tools":
		d.allowed(v)
	default:
		d.fail("tool_choice", "the tool %q, which 'tool_choice' asks for, is one that this provider does not have", llm.Clip(kind, 40))
	}
}

// allowed reads a choice among some of the tools.
func (d *decoder) allowed(v []byte) {
	c := &d.r.ToolChoice
	c.Mode = llm.Allowed
	c.Must = string(formats.Member(v, "mode")) == `"required"`
	n := 0
	for e := formats.ElementsOf(formats.Member(v, "tools")); d.err == nil && e.Next(); n++ {
		if n == mostTools {
			d.fail("tool_choice", "it allows more than %d tools", mostTools)
		}
		tool := e.Value()
		switch kind := formats.Decoded(formats.StringOf(formats.Member(tool, "type"))); kind {
		case "function", "custom":
			if name := d.chosen(tool); !name.Empty() {
				c.Names = append(c.Names, name)
			}
		case "namespace":
			space := formats.StringOf(formats.Member(tool, "name"))
			for i := range d.r.Tools {
				if t := &d.r.Tools[i]; t.Space != nil && string(t.Space) == string(space) {
					c.Names = append(c.Names, t.Name)
				}
			}
		default:
			d.lose("tool_choice.tools." + llm.Clip(kind, 40))
		}
	}
	switch {
	case len(c.Names) > 0:
	case c.Must:
		d.fail("tool_choice", "none of the tools that 'tool_choice' allows is one that this provider has")
	default:
		*c = llm.ToolChoice{Mode: llm.None}
	}
}

// chosen returns the name of the tool that a choice names. One in a namespace
// may be named without it.
func (d *decoder) chosen(v []byte) llm.Literal {
	short := formats.StringOf(formats.Member(v, "name"))
	if space := formats.StringOf(formats.Member(v, "namespace")); space != nil || short.Empty() {
		return flat(space, short)
	}
	name := short
	for i := range d.r.Tools {
		switch t := &d.r.Tools[i]; string(short) {
		case string(t.Name):
			return short
		case string(t.Short):
			name = t.Name
		}
	}
	return name
}
