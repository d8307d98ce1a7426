package gemini

import (
	"slices"
	"strings"

	"github.com/aiclient2api/caddy-aiclient2api/formats"
	"github.com/aiclient2api/caddy-aiclient2api/llm"
)

// contents reads the conversation. The role may stand behind the parts.
func (d *reader) contents(list *formats.Elements) {
	for at := 0; d.err == nil && list.NextValue(); at++ {
		m := list.Enter()
		d.raw = d.raw[:0]
		var role []byte
		whole := false // the content is a part itself
		for m.NextKey() {
			name := camel(m.Name())
			if string(name) == "parts" && m.Peek() == '[' {
				parts := m.EnterList()
				for parts.Next() {
					d.raw = append(d.raw, parts.Value())
				}
				m.LeaveList(&parts)
				continue
			}
			if !m.Pass() || formats.IsNull(m.Value()) {
				continue
			}
			switch string(name) {
			case "role":
				role = m.Value()
			case "parts":
				d.raw = append(d.raw, m.Value())
			default:
				whole = true
			}
		}
		entered := m.Ended()
		if !list.Leave(&m) {
			return
		}
		switch v := list.Value(); {
		case !entered && formats.IsNull(v):
			continue
		case !entered && v[0] != '"':
			d.failAt(at, -1, "", "must be an object")
		case !entered, whole && len(d.raw) == 0:
			d.raw = append(d.raw, v)
		}
		d.turn(at, role, d.raw)
	}
}

// parts returns the parts of a content, a list of parts, or of what stands for
// one: a part, a text.
func (d *reader) parts(v []byte) [][]byte {
	d.raw = d.raw[:0]
	add := func(v []byte) { d.raw = append(d.raw, v) }
	if v[0] != '{' {
		each(v, add)
		return d.raw
	}
	whole := true
	for m := formats.MembersOf(v); m.Next(); {
		if m.Is("parts") {
			whole = false
			if !formats.IsNull(m.Value()) {
				each(m.Value(), add)
			}
		}
	}
	if whole {
		add(v)
	}
	return d.raw
}

// content reads a single content that is no element of a list.
func (d *reader) content(at int, v []byte, parts [][]byte) {
	d.turn(at, formats.Member(v, "role"), parts)
}

// turn reads the parts of a content. Who speaks follows from the part where it
// can be of one only, and else from the role; one that is missing or unknown
// is the user's. The model's contents are joined: clients that keep each chunk
// of a stream have many.
func (d *reader) turn(at int, role []byte, parts [][]byte) {
	speaker := llm.User
	switch strings.ToLower(formats.Decoded(formats.StringOf(role))) {
	case "model", "assistant":
		speaker = llm.Assistant
	case "system":
		speaker = llm.System
	}
	fresh := true
	for i, raw := range parts {
		if d.err != nil {
			return
		}
		p, who, ok := d.part(at, i, raw, speaker)
		if !ok {
			continue
		}
		n := len(d.r.Turns)
		if n == 0 || d.r.Turns[n-1].Role != who || fresh && who != llm.Assistant {
			d.r.Turns = append(d.r.Turns, llm.Turn{Role: who, At: at})
			d.from = 0
			n++
		}
		fresh = false
		d.add(&d.r.Turns[n-1], p)
	}
}

// part reads a part (https://ai.google.dev/api/caching#Part). It returns who
// says it; ok is false for one that says nothing.
func (d *reader) part(turn, at int, v []byte, speaker llm.Role) (p llm.Part, who llm.Role, ok bool) {
	p = llm.Part{Turn: turn, At: at}
	if p.Text = formats.StringOf(v); p.Text != nil {
		return p, speaker, true
	}
	var text, call, result, data, file []byte
	thought, hosted := false, false
	for m := formats.MembersOf(v); m.Next(); {
		v := m.Value()
		if formats.IsNull(v) {
			continue
		}
		switch name := camel(m.Name()); string(name) {
		case "text":
			text = v
		case "thought":
			thought = string(v) == "true"
		case "thoughtSignature":
			p.Signature = formats.StringOf(v)
		case "functionCall":
			call = v
		case "functionResponse":
			result = v
		case "inlineData":
			data = v
		case "fileData":
			file = v
		case "executableCode", "codeExecutionResult", "toolCall", "toolResponse":
			hosted = true
		case "videoMetadata", "mediaResolution":
			d.advise(string(name), v)
		}
	}
	if p.Signature != nil {
		p.Origin = llm.Google
	}
	switch {
	case call != nil:
		d.call(&p, call)
		return p, llm.Assistant, true
	case result != nil:
		d.result(&p, result)
		return p, llm.User, true
	case data != nil:
		d.inline(&p, data)
	case file != nil:
		d.linked(&p, file)
	case hosted:
		d.lose("hosted tools")
		return p, speaker, false
	case thought:
		p.Kind, speaker = llm.Thought, llm.Assistant
		fallthrough
	default:
		if p.Text = formats.StringOf(text); p.Text == nil {
			if text != nil {
				d.failAt(turn, at, ".text", "must be a string")
			}
			if p.Signature.Empty() {
				return p, speaker, false
			}
			p.Text = llm.Literal(`""`)
		}
	}
	return p, speaker, true
}

// made up are the signatures that Google takes in the place of one that is
// missing (https://ai.google.dev/gemini-api/docs/thought-signatures#faqs).
var madeUp = []string{string(unsigned), `"context_engineering_is_the_way_to_go"`}

// add adds a part to a turn. Thoughts of another vendor's model that travel in
// its signature are put back, with their text: in front of what was said since
// the last call, or the last part that carried any, which is where the model
// thought. Their text may stand there too, as the client got to see it.
func (d *reader) add(t *llm.Turn, p llm.Part) {
	thoughts, carries := formats.Carried(p.Signature)
	if carries && t.Role != llm.Assistant {
		thoughts = nil
	}
	if carries || slices.Contains(madeUp, string(p.Signature)) || p.Signature.Empty() {
		p.Signature, p.Origin = nil, ""
	}
	own := thoughts[:0]
	for _, c := range thoughts {
		if c.Kind == llm.Call || c.Kind == llm.Text {
			p.Signature, p.Origin = c.Signature, c.Origin
			continue
		}
		c.Turn, c.At = p.Turn, p.At
		own = append(own, c)
	}
	if len(own) > 0 {
		d.from = min(d.from, len(t.Parts))
		said := slices.DeleteFunc(t.Parts[d.from:], func(p llm.Part) bool { return p.Kind == llm.Thought && p.Signature == nil })
		t.Parts = slices.Insert(t.Parts[:d.from+len(said)], d.from, own...)
	}
	switch {
	case carries && p.Kind == llm.Thought && len(own) > 0:
		// it is the thought that was put back
	case carries && p.Kind == llm.Text && p.Text.Empty() && p.Signature == nil:
		// it was there to carry only
	default:
		t.Parts = append(t.Parts, p)
	}
	if p.Kind == llm.Call || len(own) > 0 {
		d.from = len(t.Parts)
	}
}
