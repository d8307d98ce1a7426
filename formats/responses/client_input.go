package responses

import (
	"bytes"
	"cmp"

	"github.com/aiclient2api/caddy-aiclient2api/formats"
	"github.com/aiclient2api/caddy-aiclient2api/llm"
)

// input reads the conversation: a list of items, of which messages are only one
// kind. Each call, each result and each piece of reasoning is one of its own.
func (d *decoder) input(list *formats.Elements) {
	for at := 0; d.err == nil && list.NextValue(); at++ {
		m := list.Enter()
		it := item{at: at}
		it.read(&m)
		whole := m.Ended()
		switch {
		case !list.Leave(&m): // no JSON at all
		case whole:
			d.item(&it)
		default:
			d.failAt(at, "", "must be an object")
		}
	}
}

// item is one item while it is read: its members may come in any order.
type item struct {
	at        int
	kind      []byte
	role      []byte
	content   []byte
	id        llm.Literal // call_id, by which calls and results find each other
	name      llm.Literal
	space     llm.Literal
	args      []byte
	output    []byte
	summary   []byte
	encrypted llm.Literal
	result    llm.Literal
	tools     []byte
	unread    formats.Unread
}

func (it *item) read(m *formats.Members) {
	for m.Next() {
		v := m.Value()
		if formats.IsNull(v) {
			continue
		}
		switch string(m.Name()) {
		case "type":
			it.kind = formats.Unescaped(formats.StringOf(v))
		case "role":
			it.role = formats.Unescaped(formats.StringOf(v))
		case "content":
			it.content = v
		case "call_id":
			it.id = formats.StringOf(v)
		case "name":
			it.name = formats.StringOf(v)
		case "namespace":
			it.space = formats.StringOf(v)
		case "arguments", "input":
			it.args = v
		case "output":
			it.output = v
		case "summary":
			it.summary = v
		case "encrypted_content":
			it.encrypted = formats.StringOf(v)
		case "result":
			it.result = formats.StringOf(v)
		case "tools":
			it.tools = v
		case "id", "status", "parsed_arguments", "created_by":
			// what clients keep of an answer beside the item
		default:
			it.unread.Note(m.Name(), v)
		}
	}
}

// item makes a turn of an item.
func (d *decoder) item(it *item) {
	said := d.said
	d.said = false
	switch string(it.kind) {
	case "message", "", "function_call", "custom_tool_call", "function_call_output", "custom_tool_call_output", "reasoning", "additional_tools":
		it.unread.Lose(d.lose, "input.")
	}
	switch string(it.kind) {
	case "message":
		d.message(it)
	case "function_call", "custom_tool_call":
		d.call(it)
	case "function_call_output", "custom_tool_call_output":
		d.turn(llm.User, it.at, []llm.Part{{Kind: llm.Result, ID: it.id, Name: flat(it.space, it.name), Content: d.output(it), At: -1}})
	case "reasoning":
		d.thought(it, said)
	case "image_generation_call":
		d.picture(it)
	case "additional_tools":
		list := formats.ElementsOf(it.tools)
		d.tools(&list, true)
	case "tool_search_output": // by which the client gave tools that it had held back
		list := formats.ElementsOf(it.tools)
		d.tools(&list, true)
		d.lose("hosted tools")
	case "item_reference":
		d.reference(it)
	case "compaction", "compaction_summary", "compaction_trigger":
		d.failAt(it.at, "", "is a compaction, which only OpenAI's servers can make or read")
	case "":
		if it.role != nil {
			d.message(it)
		} else {
			d.reference(it)
		}
	default:
		if !isHosted(it.kind) {
			d.failAt(it.at, "", "has the unknown type %q", llm.Clip(string(it.kind), 40))
			return
		}
		d.lose("hosted tools")
	}
}

// isHosted reports whether items of that type are about tools that the vendor
// runs or defines: nothing that another model could make sense of.
func isHosted(kind []byte) bool {
	return bytes.HasSuffix(kind, []byte("_call")) || bytes.HasSuffix(kind, []byte("_output")) ||
		bytes.HasPrefix(kind, []byte("mcp_")) || string(kind) == "program"
}

func (d *decoder) reference(it *item) {
	d.failAt(it.at, "", "refers to an item that only OpenAI's servers hold; this provider needs the item itself")
}

// turn adds a turn of one item.
func (d *decoder) turn(role llm.Role, at int, parts []llm.Part) {
	place(parts, at)
	if d.r.Turns == nil {
		d.r.Turns = make([]llm.Turn, 0, 16)
	}
	d.r.Turns = append(d.r.Turns, llm.Turn{Role: role, Parts: parts, At: at})
}

// place notes the item in which parts stand.
func place(parts []llm.Part, at int) {
	for i := range parts {
		parts[i].Turn = at
		place(parts[i].Content, at)
	}
}

func (d *decoder) message(it *item) {
	var role llm.Role
	switch string(it.role) {
	case "user":
	case "assistant":
		role = llm.Assistant
	case "system":
		role = llm.System
	case "developer":
		role = llm.Developer
	case "":
		d.failAt(it.at, "", "has no role")
	default:
		d.failAt(it.at, "", "has the unknown role %q", llm.Clip(string(it.role), 40))
	}
	parts := d.content(it.at, ".content", it.content)
	if role == llm.Assistant {
		parts = d.sign(parts)
		d.said = true
	} else {
		d.signed = nil
	}
	d.turn(role, it.at, parts)
}

// call reads the call of a function, whose arguments are a text (some clients
// send an object), or of a custom tool, whose input is one.
func (d *decoder) call(it *item) {
	p := llm.Part{Kind: llm.Call, ID: it.id, Name: flat(it.space, it.name), At: -1}
	if p.Name.Empty() {
		d.failAt(it.at, ".name", "must be the name of a tool")
	}
	if len(it.args) > 0 && it.args[0] == '{' {
		p.Args = it.args
	} else {
		p.Args = formats.Unescaped(formats.StringOf(it.args))
	}
	if s, ok := d.signature(llm.Call); ok {
		p.Signature, p.Origin = s.Signature, s.Origin
	}
	d.turn(llm.Assistant, it.at, []llm.Part{p})
}

// picture reads an image that a model made.
func (d *decoder) picture(it *item) {
	data := formats.Unescaped(it.result)
	if len(data) == 0 {
		d.lose("hosted tools")
		return
	}
	image := llm.Part{Kind: llm.Image, Media: &llm.Media{MIME: cmp.Or(formats.Sniff(data), "image/png"), Data: data}, At: -1}
	d.turn(llm.Assistant, it.at, []llm.Part{image})
}

// output reads what came of a call: a text or a list of parts, which have no
// place of their own in an error's words.
func (d *decoder) output(it *item) []llm.Part {
	d.signed = nil
	parts := d.content(it.at, ".output", it.output)
	for i := range parts {
		parts[i].At = -1
	}
	return parts
}
