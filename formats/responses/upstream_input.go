package responses

import (
	"strconv"

	"github.com/aiclient2api/caddy-aiclient2api/formats"
	"github.com/aiclient2api/caddy-aiclient2api/llm"
)

// input writes the conversation as items
// (https://platform.openai.com/docs/api-reference/responses/create#responses-create-input).
// Instructions stand where the client put them, and messages keep their
// borders; but results stand right behind their calls, which not all servers
// look for further down.
func (w *writer) input() *formats.Unsupported {
	first := len(w.b)
	for _, t := range w.dialogue().Turns {
		var no *formats.Unsupported
		if t.Role == llm.Assistant {
			no = w.assistant(t)
		} else {
			no = w.user(t)
		}
		if no != nil {
			return no
		}
	}
	if w.r.Output.Form == llm.JSON && !w.json {
		w.message("system")
		w.b = append(w.b, `"Answer with a JSON object."}`...)
	}
	if len(w.b) == first {
		return formats.CannotTake("messages", "there is nothing to answer")
	}
	return nil
}

// dialogue returns the conversation with calls and results together. What is
// no result is on its way for this only: its ID is the place of the message
// that it belongs to, whose role is known by that.
func (w *writer) dialogue() llm.Dialogue {
	talk := llm.Request{Turns: make([]llm.Turn, len(w.r.Turns))}
	for i, t := range w.r.Turns {
		if t.Role != llm.Assistant {
			place := strconv.AppendInt(nil, int64(i), 10)
			parts := make([]llm.Part, len(t.Parts))
			for j, p := range t.Parts {
				if p.Kind != llm.Result {
					p.ID = place
				}
				parts[j] = p
			}
			t = llm.Turn{Role: llm.User, Parts: parts, At: t.At}
		}
		talk.Turns[i] = t
	}
	return talk.Dialogue(false)
}

// item begins an item of a type.
func (w *writer) item(kind string) {
	w.comma()
	w.b = append(append(append(w.b, `{"type":"`...), kind...), '"')
}

// message begins a message up to its content.
func (w *writer) message(role string) {
	w.item("message")
	w.b = append(append(append(w.b, `,"role":"`...), role...), `","content":`...)
}

// user writes what stands between two turns of the assistant: results, and
// messages of the user and of instructions.
func (w *writer) user(t llm.Turn) *formats.Unsupported {
	for parts := t.Parts; len(parts) > 0; {
		if parts[0].Kind == llm.Result {
			if no := w.result(&parts[0]); no != nil {
				return no
			}
			parts = parts[1:]
			continue
		}
		n := 1
		for n < len(parts) && string(parts[n].ID) == string(parts[0].ID) {
			n++
		}
		i, _ := strconv.Atoi(string(parts[0].ID))
		w.message(w.role(w.r.Turns[i].Role))
		if no := w.content(parts[:n]); no != nil {
			return no
		}
		w.b = append(w.b, '}')
		parts = parts[n:]
	}
	return nil
}

// role returns the word for a role. Only OpenAI's newer models know developers.
func (w *writer) role(r llm.Role) string {
	switch {
	case r == llm.Developer && w.model.developer:
		return "developer"
	case r.Instructs():
		return "system"
	default:
		return "user"
	}
}

// result writes the output of a call, which is of the call's type.
func (w *writer) result(p *llm.Part) *formats.Unsupported {
	if w.plain(p.Name) {
		w.item("custom_tool_call_output")
	} else {
		w.item("function_call_output")
	}
	w.member("call_id", sentIDs.Legal(p.ID))
	w.b = append(w.b, `,"output":`...)
	if no := w.content(p.Content); no != nil {
		return no
	}
	w.b = append(w.b, '}')
	w.marked(p)
	if p.Failed {
		w.Lose("is_error")
	}
	return nil
}

// plain reports whether the calls of a tool of that name are those of a tool
// that takes a plain text.
func (w *writer) plain(name llm.Literal) bool { return w.model.custom && w.isPlain(name) }

// isPlain reports whether a tool of that name takes a plain text.
func (w *writer) isPlain(name llm.Literal) bool { return w.plains[string(name)] }

// isText reports whether a part is a text that is not empty.
func isText(p *llm.Part) bool { return p.Kind == llm.Text && !p.Text.Empty() }

// marked names the mark of a prompt cache as lost.
func (w *writer) marked(p *llm.Part) {
	if p.Cache != nil {
		w.Lose("cache_control")
	}
}

// content writes what a message or a result says: a text where there is one,
// which all servers take, else a list.
func (w *writer) content(parts []llm.Part) *formats.Unsupported {
	texts, others, only := 0, 0, llm.Literal(`""`)
	for i := range parts {
		p := &parts[i]
		w.marked(p)
		switch {
		case isText(p):
			texts++
			only = p.Text
		case p.Kind != llm.Text:
			others++
		}
	}
	if others == 0 && texts <= 1 {
		w.mention(only)
		w.b = append(w.b, only...)
		return nil
	}
	w.b = append(w.b, '[')
	for i := range parts {
		p := &parts[i]
		switch {
		case p.Kind == llm.Text && p.Text.Empty():
		case p.Kind == llm.Text || p.Kind == llm.Refusal:
			w.text("input_text", p.Text)
		default:
			if no := w.medium(p); no != nil {
				return no
			}
		}
	}
	w.b = append(w.b, ']')
	return nil
}

// text writes a part of a content.
func (w *writer) text(kind string, text llm.Literal) {
	w.mention(text)
	w.item(kind)
	if kind == "refusal" {
		w.member("refusal", text)
	} else {
		w.member("text", text)
	}
	w.b = append(w.b, '}')
}

// assistant writes what the model said, thought and called, in its order.
func (w *writer) assistant(t llm.Turn) *formats.Unsupported {
	last := len(t.Parts) - 1 // that is no reasoning
	for last >= 0 && !concludes(&t.Parts[last]) {
		last--
	}
	for parts := t.Parts; len(parts) > 0; {
		p := &parts[0]
		n := 1
		w.marked(p)
		switch p.Kind {
		case llm.Text, llm.Refusal:
			for n < len(parts) && (parts[n].Kind == llm.Text || parts[n].Kind == llm.Refusal) {
				w.marked(&parts[n])
				n++
			}
			w.said(parts[:n])
		case llm.Call:
			w.call(p)
		case llm.Thought, llm.Sealed:
			w.thought(p, len(t.Parts)-len(parts) < last)
		default:
			return formats.CannotCarry(*p, "the assistant's own media have no place in it")
		}
		parts = parts[n:]
	}
	return nil
}

// said writes a message of the model.
func (w *writer) said(parts []llm.Part) {
	texts, refusals, only := 0, 0, llm.Literal(nil)
	for i := range parts {
		p := &parts[i]
		w.unsigned(p)
		switch {
		case p.Text.Empty():
		case p.Kind == llm.Text:
			texts++
			only = p.Text
		default:
			refusals++
		}
	}
	if texts+refusals == 0 {
		return
	}
	w.message("assistant")
	if texts == 1 && refusals == 0 {
		w.mention(only)
		w.b = append(append(w.b, only...), '}')
		return
	}
	w.b = append(w.b, '[')
	for i := range parts {
		switch p := &parts[i]; {
		case p.Text.Empty():
		case p.Kind == llm.Text:
			w.text("output_text", p.Text)
		default:
			w.text("refusal", p.Text)
		}
	}
	w.b = append(w.b, "]}"...)
}

// unsigned names the signature of a text or a call as lost: others' models sign
// those.
func (w *writer) unsigned(p *llm.Part) {
	if !p.Signature.Empty() {
		w.Lose("reasoning signature")
	}
}

// call writes a call.
func (w *writer) call(p *llm.Part) {
	w.unsigned(p)
	custom, args := w.plain(p.Name), p.Args
	switch {
	case custom:
		w.item("custom_tool_call")
	default:
		w.item("function_call")
		if w.isPlain(p.Name) {
			args = formats.AppendWrapped(nil, args)
		} else if len(args) == 0 {
			args = []byte("{}")
		}
	}
	w.member("call_id", sentIDs.Legal(p.ID))
	w.member("name", w.Names.Sent(p.Name))
	if custom {
		w.b = append(w.b, `,"input":`...)
	} else {
		w.b = append(w.b, `,"arguments":`...)
	}
	w.b = append(formats.AppendQuoted(w.b, args), '}')
}

// concludes reports whether a part can be what reasoning led to.
func concludes(p *llm.Part) bool {
	return p.Kind == llm.Call || (p.Kind == llm.Text || p.Kind == llm.Refusal) && !p.Text.Empty()
}

// thought writes reasoning, which goes back to where it was sealed and nowhere
// else (https://platform.openai.com/docs/guides/reasoning#encrypted-reasoning-items).
// What it led to must follow.
func (w *writer) thought(p *llm.Part, follows bool) {
	if p.Signature.Empty() || p.Origin == "" || p.Origin != w.model.origin || !follows {
		w.Lose("reasoning_content")
		return
	}
	w.item("reasoning")
	w.b = append(w.b, `,"summary":[`...)
	if !p.Text.Empty() {
		w.text("summary_text", p.Text)
	}
	w.b = append(w.b, ']')
	w.member("encrypted_content", p.Signature)
	w.b = append(w.b, '}')
}
