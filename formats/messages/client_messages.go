package messages

import (
	"bytes"
	"slices"
	"strings"

	"github.com/aiclient2api/caddy-aiclient2api/formats"
	"github.com/aiclient2api/caddy-aiclient2api/llm"
)

// messages reads the conversation.
func (d *reader) messages(list *formats.Elements) {
	d.r.Turns = d.r.Turns[:0]
	for at := 0; d.err == nil && list.NextValue(); at++ {
		if at == mostTurns {
			d.fail("messages", "there are more than %d", mostTurns)
		}
		m := list.Enter()
		d.message(at, &m)
		if list.Leave(&m) && !m.Ended() {
			d.failAt(-1, "", "must be an object")
		}
	}
}

// message reads one message, whose members may come in any order.
func (d *reader) message(at int, m *formats.Members) {
	d.turn, d.oddKind = at, nil
	t := llm.Turn{At: at}
	var role llm.Literal
	content := false
	var unread formats.Unread
	for m.NextKey() {
		switch string(m.Name()) {
		case "role":
			if m.Pass() {
				role = formats.StringOf(m.Value())
			}
		case "content":
			t.Parts, content = d.content(m), true
		case "id", "type", "model", "stop_reason", "stop_sequence", "stop_details", "usage", "container":
			m.Pass() // what clients keep of an answer beside the message
		default:
			if m.Pass() {
				unread.Note(m.Name(), m.Value())
			}
		}
	}
	switch {
	case !m.Ended():
		return
	case !content:
		d.failAt(-1, ".content", "is missing")
	}
	unread.Lose(d.lose, "messages.")
	switch string(role.Inner()) {
	case "user":
		if d.oddKind != nil {
			d.failAt(d.odd, "", "has the unknown type %q", llm.Clip(formats.Decoded(d.oddKind), 40))
		}
		d.held = nil
	case "assistant":
		t.Role, t.Parts = llm.Assistant, formats.Pictures(t.Parts)
	case "system": // behind a turn of the user, on newer models
		t.Role = llm.System
		t.Parts = instructive(t.Parts)
	case "":
		d.failAt(-1, ".role", "is missing")
	default:
		d.failAt(-1, ".role", "must be user, assistant or system, not %q", llm.Clip(formats.Decoded(role), 40))
	}
	if d.oddKind != nil {
		d.lose("hosted tools")
	}
	if d.r.Turns == nil {
		d.r.Turns = make([]llm.Turn, 0, 16)
	}
	d.r.Turns = append(d.r.Turns, t)
}

// instructive returns the parts of instructions without what Claude Code adds
// for its vendor's books.
func instructive(parts []llm.Part) []llm.Part {
	return slices.DeleteFunc(parts, func(p llm.Part) bool {
		return p.Kind == llm.Text && bytes.HasPrefix(p.Text.Inner(), billing)
	})
}

// content reads the content that m has come to: a text or a list of blocks.
func (d *reader) content(m *formats.Members) (parts []llm.Part) {
	if m.Peek() != '[' {
		if !m.Pass() || formats.IsNull(m.Value()) && d.turn == aside {
			return nil
		}
		text := formats.StringOf(m.Value())
		if text == nil {
			d.failAt(-1, "", "must have a string or a list of blocks as its content")
		}
		return []llm.Part{{Text: text, Turn: d.turn, At: -1}}
	}
	list := m.EnterList()
	for at := 0; d.err == nil && list.NextValue(); at++ {
		if at == mostBlocks {
			d.failAt(-1, "", "has more than %d blocks", mostBlocks)
		}
		b := list.Enter()
		parts = d.block(parts, at, &b)
		if list.Leave(&b) && !b.Ended() {
			d.failAt(at, "", "must be an object")
		}
	}
	m.LeaveList(&list)
	return parts
}

// given is a block of content as the client gives it: the members of all types.
type given struct {
	kind            llm.Literal
	text            llm.Literal // or thinking, or data
	signature       llm.Literal
	id, name        llm.Literal
	title           llm.Literal
	input           []byte
	content, source []byte
	cache           llm.Value
	failed          bool
	about, cited    bool // it has a context, or is to be cited
	unread          formats.Unread
}

// read reads the members of a block.
func read(m *formats.Members) (b given) {
	for m.Next() {
		v := m.Value()
		if formats.IsNull(v) {
			continue
		}
		switch string(m.Key) {
		case "type":
			b.kind = formats.StringOf(v)
		case "text", "thinking", "data":
			b.text = formats.StringOf(v)
		case "signature":
			b.signature = formats.StringOf(v)
		case "id", "tool_use_id":
			b.id = formats.StringOf(v)
		case "name", "tool_name":
			b.name = formats.StringOf(v)
		case "title":
			b.title = formats.StringOf(v)
		case "input":
			b.input = v
		case "content":
			b.content = v
		case "source":
			b.source = v
		case "cache_control":
			b.cache = v
		case "is_error":
			b.failed = string(v) == "true"
		case "context":
			b.about = len(v) > len(`""`)
		case "citations": // of a text they are history
			b.cited = string(formats.Member(v, "enabled")) == "true"
		case "parsed_output": // of Anthropic's SDKs
		default:
			if string(m.Key) != "caller" || !formats.IsDirect(v) {
				b.unread.Note(m.Name(), v)
			}
		}
	}
	return b
}

// block reads a block and appends what it says
// (https://docs.claude.com/en/api/messages#body-messages-content).
func (d *reader) block(parts []llm.Part, at int, m *formats.Members) []llm.Part {
	b := read(m)
	if !m.Ended() {
		return parts
	}
	kind := string(b.kind.Inner())
	p := llm.Part{Turn: d.turn, At: at, Cache: b.cache}
	switch kind {
	case "thinking", "redacted_thinking", "tool_use", "tool_result":
		b.unread.Lose(d.lose, "messages.content.")
	}
	switch kind {
	case "text", "image", "document", "search_result":
		return d.said(parts, at, &b)
	case "thinking", "redacted_thinking":
		return d.thought(parts, p, &b)
	case "tool_use":
		if p.Kind, p.ID, p.Name, p.Args = llm.Call, b.id, b.name, b.input; p.Name.Empty() || p.ID.Empty() {
			d.failAt(at, "", "must have an id and a name")
		}
		if len(d.held) > 0 {
			p.Signature, p.Origin = d.held[0].Signature, d.held[0].Origin
			d.held = d.held[1:]
		}
	case "tool_result":
		if p.Kind, p.ID, p.Failed = llm.Result, b.id, b.failed; p.ID.Empty() {
			d.failAt(at, ".tool_use_id", "is missing")
		}
		p.Content = d.result(at, b.content)
	case "":
		d.failAt(at, ".type", "is missing")
	default:
		d.pass(at, b.kind)
		return parts
	}
	return append(parts, p)
}

// pass passes over a block that is of no use elsewhere: the history of tools
// that ran at Anthropic's. One whose type is not known is taken for such, unless
// the user says it.
func (d *reader) pass(at int, kind llm.Literal) {
	switch s := string(kind.Inner()); {
	case strings.HasSuffix(s, "_tool_use"), strings.HasSuffix(s, "_tool_result"), s == "container_upload",
		s == "tool_reference", s == "browser_state":
		d.lose("hosted tools")
	default:
		d.odd, d.oddKind = at, kind
	}
}

// result reads the content of a result: a text or a list of texts and media.
func (d *reader) result(at int, content []byte) (parts []llm.Part) {
	switch {
	case content == nil:
		return nil
	case content[0] == '"':
		return []llm.Part{{Text: formats.StringOf(content), Turn: d.turn, At: at}}
	case content[0] != '[':
		d.failAt(at, ".content", "must be a string or a list of blocks")
	}
	for list := formats.ElementsOf(content); d.err == nil && list.Next(); {
		if len(parts) >= mostBlocks {
			d.failAt(at, ".content", "has more than %d blocks", mostBlocks)
		}
		m := formats.MembersOf(list.Value())
		b := read(&m)
		switch string(b.kind.Inner()) {
		case "text", "image", "document", "search_result":
			parts = d.said(parts, at, &b)
		case "tool_reference": // what the client's own search for tools found
			if b.name.Empty() {
				d.failAt(at, ".content", "must have a tool_name in its tool_reference")
			}
			parts = append(parts, llm.Part{Text: b.name, Turn: d.turn, At: at})
		case "":
			d.failAt(at, ".content", "must be a list of blocks that have a type")
		default:
			d.pass(at, b.kind)
		}
	}
	return parts
}

// thought reads reasoning. What stands where a signature or sealed data of
// Anthropic's would may be wrapped state of another vendor's: thoughts, or the
// signature of the call that follows or of the text right before.
func (d *reader) thought(parts []llm.Part, p llm.Part, b *given) []llm.Part {
	p.Kind, p.Text, p.Signature, p.Cache = llm.Thought, b.text, b.signature, nil
	if string(b.kind.Inner()) == "redacted_thinking" {
		p.Kind, p.Text, p.Signature = llm.Sealed, nil, b.text
	}
	if p.Kind == llm.Thought && p.Text == nil {
		p.Text = llm.Literal(`""`)
	}
	inside, wrapped := formats.Carried(p.Signature)
	switch {
	case wrapped && len(inside) > 0:
		return d.unwrap(parts, p, inside)
	case wrapped, p.Signature.Empty():
		if p.Signature = nil; p.Text.Empty() {
			return parts
		}
	default:
		p.Origin = llm.Anthropic
	}
	return append(parts, p)
}

// unwrap puts wrapped state in its place; block is what it came in, whose text
// is that of a thought which is wrapped without.
func (d *reader) unwrap(parts []llm.Part, block llm.Part, inside []llm.Part) []llm.Part {
	for _, p := range inside {
		p.Turn, p.At = block.Turn, block.At
		last := len(parts) - 1
		switch {
		case p.Kind == llm.Call:
			d.held = append(d.held, p)
			continue
		case p.Kind == llm.Text && last >= 0 && (parts[last].Kind == llm.Text || parts[last].Kind == llm.Image) && parts[last].Signature == nil:
			parts[last].Signature, parts[last].Origin = p.Signature, p.Origin
			continue
		case p.Kind == llm.Text:
			p.Text = llm.Literal(`""`)
		case p.Kind == llm.Thought && p.Text == nil:
			p.Text = block.Text
		}
		parts = append(parts, p)
	}
	return parts
}
