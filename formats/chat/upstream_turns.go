package chat

import (
	"slices"
	"strconv"

	"github.com/aiclient2api/caddy-aiclient2api/formats"
	"github.com/aiclient2api/caddy-aiclient2api/llm"
)

// messages writes the conversation. Instructions stand where the client put
// them, and messages keep their borders; but calls must be answered by the
// messages right behind them, and an assistant's neighbouring messages are one.
func (w *writer) messages() *formats.Unsupported {
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
		w.begin("system")
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

// begin writes a message up to its content.
func (w *writer) begin(role string) {
	if w.b[len(w.b)-1] != '[' {
		w.b = append(w.b, ',')
	}
	w.b = append(append(append(w.b, `{"role":"`...), role...), `","content":`...)
}

// user writes what stands between two turns of the assistant: results, and
// messages of the user and of instructions.
func (w *writer) user(t llm.Turn) *formats.Unsupported {
	results := 0
	for results < len(t.Parts) && t.Parts[results].Kind == llm.Result {
		w.result(&t.Parts[results])
		results++
	}
	// media of results have no place in a result, and follow as the user's
	var media []llm.Part
	for _, p := range t.Parts[:results] {
		for _, c := range p.Content {
			if c.Media != nil {
				media = append(media, c)
			}
		}
	}
	if len(media) > 0 {
		w.begin("user")
		if no := w.content(t, media); no != nil {
			return no
		}
		w.b = append(w.b, '}')
	}
	for parts := t.Parts[results:]; len(parts) > 0; {
		n := 1
		for n < len(parts) && string(parts[n].ID) == string(parts[0].ID) {
			n++
		}
		i, _ := strconv.Atoi(string(parts[0].ID))
		w.begin(w.role(w.r.Turns[i].Role))
		if no := w.content(w.r.Turns[i], parts[:n]); no != nil {
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

// result writes the answer to a call.
func (w *writer) result(p *llm.Part) {
	w.begin("tool")
	texts, media := 0, false
	for i := range p.Content {
		texts += flag(isText(&p.Content[i]))
		media = media || p.Content[i].Media != nil
		w.marked(&p.Content[i])
	}
	if texts == 0 && media {
		w.b = append(w.b, `"The result follows in the next message."`...)
	} else {
		w.texts(p.Content, texts)
	}
	w.member("tool_call_id", w.id(p.ID))
	w.b = append(w.b, '}')
	w.marked(p)
	if p.Failed {
		w.Lose("is_error")
	}
}

func flag(b bool) int {
	if b {
		return 1
	}
	return 0
}

// isText reports whether a part is a text that is not empty.
func isText(p *llm.Part) bool { return p.Kind == llm.Text && !p.Text.Empty() }

// marked names the mark of a prompt cache as lost.
func (w *writer) marked(p *llm.Part) {
	if p.Cache != nil {
		w.Lose("cache_control")
	}
}

// texts writes the n texts of parts as a content: a text where there is one.
// Vendors that follow OpenAI often take no list where no medium is.
func (w *writer) texts(parts []llm.Part, n int) {
	list := n > 1 && w.model.own
	opening, closing := byte('"'), byte('"')
	if list {
		opening, closing = '[', ']'
	}
	w.b = append(w.b, opening)
	count := 0
	for i := range parts {
		p := &parts[i]
		if !isText(p) {
			continue
		}
		w.mention(p.Text)
		switch count++; {
		case list && count > 1:
			w.b = append(w.b, ',')
		case count > 1:
			w.b = append(w.b, `\n`...)
		}
		if list {
			w.text(p.Text)
		} else {
			w.b = append(w.b, p.Text.Inner()...)
		}
	}
	w.b = append(w.b, closing)
}

// text writes a part.
func (w *writer) text(text llm.Literal) {
	w.b = append(append(append(w.b, `{"type":"text","text":`...), text...), '}')
}

// content writes what a message of the user or of instructions says.
func (w *writer) content(t llm.Turn, parts []llm.Part) *formats.Unsupported {
	texts, others := 0, 0
	for i := range parts {
		texts += flag(isText(&parts[i]))
		others += flag(parts[i].Kind != llm.Text)
		w.marked(&parts[i])
	}
	if others == 0 {
		w.texts(parts, texts)
		return nil
	}
	w.b = append(w.b, '[')
	for i := range parts {
		p := &parts[i]
		if p.Kind == llm.Text && p.Text.Empty() {
			continue
		}
		if w.b[len(w.b)-1] != '[' {
			w.b = append(w.b, ',')
		}
		if p.Kind == llm.Text || p.Kind == llm.Refusal {
			w.mention(p.Text)
			w.text(p.Text)
			continue
		}
		if t.Role.Instructs() {
			return formats.CannotCarry(*p, "instructions are text only")
		}
		if no := w.medium(p); no != nil {
			return no
		}
	}
	w.b = append(w.b, ']')
	return nil
}

// assistant writes what the model said. A message has one content, behind
// which its calls stand.
func (w *writer) assistant(t llm.Turn) *formats.Unsupported {
	var texts, refusals, calls, thoughts int
	for i := range t.Parts {
		p := &t.Parts[i]
		w.marked(p)
		switch p.Kind {
		case llm.Text:
			texts += flag(isText(p))
		case llm.Refusal:
			refusals++
		case llm.Call:
			calls++
		case llm.Thought, llm.Sealed:
			thoughts++
		default:
			return formats.CannotCarry(*p, "the assistant's own media have no place in it")
		}
	}
	if texts+refusals+calls == 0 {
		if thoughts > 0 {
			w.Lose("reasoning_content")
		}
		return nil
	}
	w.begin("assistant")
	if texts > 0 {
		w.texts(t.Parts, texts)
	} else {
		w.b = append(w.b, "null"...)
	}
	if refusals > 0 {
		w.b = append(w.b, `,"refusal":"`...)
		w.inner(t.Parts, llm.Refusal)
		w.b = append(w.b, '"')
	}
	if thoughts > 0 {
		w.thoughts(t.Parts, calls > 0)
	}
	if calls > 0 {
		w.calls(t.Parts)
	}
	for _, p := range slices.Backward(t.Parts) {
		if p.Kind == llm.Text && w.takesBack(&p) {
			w.b = appendExtra(append(w.b, ','), p.Signature)
			break
		}
	}
	w.b = append(w.b, '}')
	return nil
}

// takesBack reports whether the model takes a signature on a call or a text
// back, as Google's do (https://ai.google.dev/gemini-api/docs/openai).
func (w *writer) takesBack(p *llm.Part) bool {
	if p.Signature.Empty() {
		return false
	}
	if p.Origin == llm.Google && w.model.google {
		return true
	}
	w.Lose("reasoning signature")
	return false
}

// inner writes all texts of a kind as one, without its quotes.
func (w *writer) inner(parts []llm.Part, kind llm.Kind) {
	for i := range parts {
		if parts[i].Kind == kind {
			w.b = append(w.b, parts[i].Text.Inner()...)
		}
	}
}

// calls writes the calls of a message.
func (w *writer) calls(parts []llm.Part) {
	w.b = append(w.b, `,"tool_calls":[`...)
	for i := range parts {
		p := &parts[i]
		if p.Kind != llm.Call {
			continue
		}
		if w.b[len(w.b)-1] != '[' {
			w.b = append(w.b, ',')
		}
		w.b = append(append(w.b, `{"id":`...), w.id(p.ID)...)
		plain := w.plain[string(p.Name)]
		kind, arguments, args := "function", "arguments", p.Args
		switch {
		case plain && w.model.custom:
			kind, arguments = "custom", "input"
		case plain:
			args = formats.AppendWrapped(nil, args)
		case len(args) == 0:
			args = []byte("{}")
		}
		w.b = append(append(append(w.b, `,"type":"`...), kind...), `","`...)
		w.b = append(append(w.b, kind...), `":{"name":`...)
		w.b = append(w.b, w.Names.Sent(p.Name)...)
		w.b = append(append(append(w.b, `,"`...), arguments...), `":`...)
		w.b = append(formats.AppendQuoted(w.b, args), '}')
		if w.takesBack(p) {
			w.b = appendExtra(append(w.b, ','), p.Signature)
		}
		w.b = append(w.b, '}')
	}
	w.b = append(w.b, ']')
}

// thoughts writes the reasoning of a message for those that want it back:
// vendors that reason between calls its text
// (https://api-docs.deepseek.com/guides/thinking_mode#tool-calls), OpenRouter
// what its vendor signed. Others refuse it.
func (w *writer) thoughts(parts []llm.Part, calls bool) {
	kept, all := 0, 0
	for i := range parts {
		p := &parts[i]
		if p.Kind != llm.Thought && p.Kind != llm.Sealed {
			continue
		}
		all++
		if p.Signature.Empty() || w.model.vendor == "" || p.Origin != w.model.vendor {
			continue
		}
		if kept == 0 {
			w.b = append(w.b, `,"reasoning_details":[`...)
		} else {
			w.b = append(w.b, ',')
		}
		w.b = appendDetail(w.b, p.Kind, p.Text.Inner(), p.Signature, p.Origin, kept, position{})
		kept++
	}
	if kept > 0 {
		w.b = append(w.b, ']')
	} else if calls && w.model.recalls {
		w.b = append(w.b, `,"reasoning_content":"`...)
		w.inner(parts, llm.Thought)
		w.b = append(w.b, '"')
		kept = all
	}
	if kept < all {
		w.Lose("reasoning_content")
	}
}
