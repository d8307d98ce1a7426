package gemini

import (
	"bytes"
	"slices"

	"github.com/aiclient2api/caddy-aiclient2api/formats"
	"github.com/aiclient2api/caddy-aiclient2api/llm"
)

// unsigned is what Google documents as the signature of a call that the model
// did not make itself: history of another model, or one that lost it
// (https://ai.google.dev/gemini-api/docs/thought-signatures#faqs).
var unsigned = llm.Literal(`"skip_thought_signature_validator"`)

// contents writes the turns of user and model
// (https://ai.google.dev/api/caching#Content).
func (w *writer) contents(turns []llm.Turn) *formats.Unsupported {
	w.key("contents")
	w.b = append(w.b, '[')
	// Signatures are checked in the current turn only, which begins with what
	// the user said last.
	last := -1
	for i, t := range turns {
		if t.Role == llm.User && !slices.ContainsFunc(t.Parts, isResult) {
			last = i
		}
	}
	for i, t := range turns {
		write := w.model
		if t.Role == llm.User {
			write = w.user
		}
		if no := write(t, i > last); no != nil {
			return no
		}
	}
	if !w.content {
		return formats.CannotTake("messages", "nothing of the conversation can be sent")
	}
	w.b = append(w.b, "]}]"...)
	return nil
}

func isResult(p llm.Part) bool { return p.Kind == llm.Result }

// part begins a part of a role, in the content of that role. Contents begin
// with their first part: one without any is refused.
func (w *writer) part(role llm.Role) {
	if w.content && w.role == role {
		w.b = append(w.b, ',')
		return
	}
	if w.content {
		w.b = append(w.b, "]},"...)
	}
	name := "user"
	if role == llm.Assistant {
		name = "model"
	}
	w.b = append(append(append(w.b, `{"role":"`...), name...), `","parts":[`...)
	w.content, w.role = true, role
}

// user writes a turn of the user. The results come first; media that a result
// cannot hold follow the last of them.
func (w *writer) user(t llm.Turn, _ bool) *formats.Unsupported {
	var beside []llm.Part
	results := 0
	for ; results < len(t.Parts) && isResult(t.Parts[results]); results++ {
		if no := w.result(t, t.Parts[results], &beside); no != nil {
			return no
		}
	}
	for _, p := range beside {
		if no := w.said(t, p); no != nil {
			return no
		}
	}
	for _, p := range t.Parts[results:] {
		if no := w.said(t, p); no != nil {
			return no
		}
	}
	return nil
}

// model writes a turn of the model. current is whether the model is still at
// it: then the first of its calls must be signed on Gemini 3.
func (w *writer) model(t llm.Turn, current bool) *formats.Unsupported {
	first := true
	var held llm.Literal // a signature for the call that follows
	for i, p := range t.Parts {
		switch p.Kind {
		case llm.Thought, llm.Sealed:
			signature := w.signature(p)
			if signature != nil && p.Text.Empty() && wantsSignature(t.Parts, i+1) {
				// clients whose calls have no place for it keep it in front
				held = signature
				continue
			}
			w.thought(p, signature)
		case llm.Call:
			signature := w.signature(p)
			if signature == nil {
				signature = held
			}
			if signature == nil && first && current && w.third {
				signature = unsigned
			}
			first, held = false, nil
			w.part(llm.Assistant)
			w.call(p, signature)
			w.cached(p.Cache)
		default:
			if no := w.said(t, p); no != nil {
				return no
			}
		}
	}
	return nil
}

// wantsSignature reports whether the i-th part is a call that bears none of
// Google's.
func wantsSignature(parts []llm.Part, i int) bool {
	return i < len(parts) && parts[i].Kind == llm.Call && (parts[i].Origin != llm.Google || parts[i].Signature.Empty())
}

// signature returns a part's signature if it is Google's.
func (w *writer) signature(p llm.Part) llm.Literal {
	if p.Signature.Empty() {
		return nil
	}
	if p.Origin != llm.Google {
		w.Lose("reasoning signature")
		return nil
	}
	return p.Signature
}

// thought writes reasoning back if Google signed it. What it did not sign it
// does not read again: thoughts are summaries for people.
func (w *writer) thought(p llm.Part, signature llm.Literal) {
	if signature == nil {
		if p.Origin != llm.Google && !p.Text.Empty() {
			w.Lose("reasoning_content")
		}
		return
	}
	w.part(llm.Assistant)
	w.text(p.Text)
	if !p.Text.Empty() {
		w.b = append(w.b, `,"thought":true`...)
	}
	w.sign(signature)
}

// sign ends a part.
func (w *writer) sign(signature llm.Literal) {
	if signature != nil {
		w.b = append(append(w.b, `,"thoughtSignature":`...), signature...)
	}
	w.b = append(w.b, '}')
}

// said writes a text or a medium of either role.
func (w *writer) said(t llm.Turn, p llm.Part) *formats.Unsupported {
	w.cached(p.Cache)
	switch p.Kind {
	case llm.Text, llm.Refusal:
		var signature llm.Literal
		if t.Role == llm.Assistant {
			signature = w.signature(p)
		}
		if p.Text.Empty() && signature == nil {
			return nil
		}
		w.part(t.Role)
		w.text(p.Text)
		w.sign(signature)
		return nil
	case llm.Image, llm.Audio, llm.Video, llm.File:
		return w.medium(t, p)
	default:
		return formats.CannotCarry(p, "it does not belong into a turn of this role")
	}
}

// call writes a call (https://ai.google.dev/api/caching#FunctionCall). Its
// arguments are an object.
func (w *writer) call(p llm.Part, signature llm.Literal) {
	w.b = append(w.b, `{"functionCall":{`...)
	if !p.ID.Empty() {
		w.key("id")
		w.b = append(w.b, p.ID...)
	}
	w.key("name")
	w.b = append(w.b, w.Names.Sent(p.Name)...)
	w.key("args")
	args := bytes.TrimSpace(p.Args)
	switch {
	case w.plain[string(p.Name)]:
		w.b = formats.AppendWrapped(w.b, p.Args)
	case len(args) == 0, formats.IsNull(args):
		w.b = append(w.b, "{}"...)
	case args[0] == '{' && formats.Balanced(args) && formats.Valid(args):
		w.b = append(w.b, args...)
	default:
		w.Lose("arguments")
		w.b = append(w.b, `{"arguments":`...)
		w.b = append(formats.AppendQuoted(w.b, p.Args), '}')
	}
	w.b = append(w.b, '}')
	w.sign(signature)
}

// result writes what came of a call, with the keys that Google describes for
// it: output and error (https://ai.google.dev/api/caching#FunctionResponse).
// Media that do not go into it are added to beside.
func (w *writer) result(t llm.Turn, p llm.Part, beside *[]llm.Part) *formats.Unsupported {
	w.cached(p.Cache)
	name := p.Name
	if name.Empty() {
		name = w.called(p.ID)
	}
	if name.Empty() {
		return formats.CannotCarry(p, "it is the result of a call that is not in the conversation")
	}
	w.part(llm.User)
	w.b = append(w.b, `{"functionResponse":{`...)
	if !p.ID.Empty() {
		w.key("id")
		w.b = append(w.b, p.ID...)
	}
	w.key("name")
	w.b = append(w.b, w.Names.Sent(name)...)
	w.key("response")
	key := "output"
	if p.Failed {
		key = "error"
	}
	w.b = append(append(append(w.b, `{"`...), key...), `":"`...)
	begun := len(w.b)
	for _, c := range p.Content {
		text := c.Text
		if c.Media != nil && c.Media.Plain != nil {
			w.advice(c.Media)
			text = c.Media.Plain
		}
		if text.Empty() {
			continue
		}
		if len(w.b) > begun {
			w.b = append(w.b, `\n`...)
		}
		w.b = append(w.b, text.Inner()...)
	}
	w.b = append(w.b, `"}`...)
	first := true
	for _, c := range p.Content {
		w.cached(c.Cache)
		if c.Media == nil || c.Media.Plain != nil {
			continue
		}
		if !w.third || c.Media.Data == nil || !heldByResults(c) {
			*beside = append(*beside, c)
			continue
		}
		if first {
			w.key("parts")
			w.b = append(w.b, '[')
		} else {
			w.b = append(w.b, ',')
		}
		first = false
		if no := w.inline(t, c); no != nil {
			return no
		}
		w.sign(nil)
	}
	if !first {
		w.b = append(w.b, ']')
	}
	w.b = append(w.b, "}}"...)
	return nil
}

// called returns the name of the tool of a call anywhere in the conversation.
func (w *writer) called(id llm.Literal) llm.Literal {
	if id.Empty() {
		return nil
	}
	if w.calls == nil {
		w.calls = make(map[string]llm.Literal)
		for _, t := range slices.Backward(w.r.Turns) {
			for _, p := range slices.Backward(t.Parts) { // the first of an id counts
				if p.Kind == llm.Call {
					w.calls[string(p.ID)] = p.Name
				}
			}
		}
	}
	return w.calls[string(id)]
}
