package messages

import (
	"bytes"
	"slices"

	"github.com/aiclient2api/caddy-aiclient2api/formats"
	"github.com/aiclient2api/caddy-aiclient2api/llm"
)

// callID is what ids of calls may look like.
var callID = formats.Alphabet{}

// billing begins a block of instructions that Claude Code adds. It is another
// one in each request and would spoil every prompt cache.
var billing = []byte("x-anthropic-billing-header")

// readTurns brings the conversation into the form in which it is sent: without
// what the API does not take, so that what is left can be counted on.
func (e *encoder) readTurns() *formats.Unsupported {
	d := e.r.Dialogue(e.model.late)
	d.Distinguish() // Anthropic refuses two calls of one ID
	e.loseIf(d.Moved, "system message position")
	var bad *formats.Unsupported
	if e.system, bad = e.instructions(llm.Turn{At: -1, Parts: d.System}); bad != nil {
		return bad
	}
	for i, t := range d.Turns {
		last := i == len(d.Turns)-1
		switch {
		case t.Role == llm.Assistant:
			t.Parts = e.said(t.Parts, last)
		case t.Role.Instructs():
			t.Parts, bad = e.instructions(t)
		default:
			t.Parts, bad = e.asked(t, last || d.Turns[i+1].Role.Instructs())
		}
		if bad != nil {
			return bad
		}
		n := len(e.turns)
		switch {
		case len(t.Parts) == 0:
		case n > 0 && e.turns[n-1].Role == t.Role:
			e.turns[n-1].Parts = append(e.turns[n-1].Parts, t.Parts...)
		default:
			e.turns = append(e.turns, t)
		}
	}
	if len(e.turns) == 0 {
		return formats.CannotTake("messages", "there is no message in it")
	}
	return e.readPrefill()
}

// readPrefill looks at a turn of the assistant that is the last: the model is to
// go on with it. It does not think then, and thoughts are refused there.
func (e *encoder) readPrefill() *formats.Unsupported {
	if !e.prefilled() {
		return nil
	}
	t := &e.turns[len(e.turns)-1]
	if e.model.replies {
		return formats.CannotCarry(llm.Part{Turn: t.At, At: -1}, "the model does not go on with a message of the assistant")
	}
	n := len(t.Parts)
	t.Parts = slices.DeleteFunc(slices.Clone(t.Parts), isThought)
	e.loseIf(len(t.Parts) < n, "reasoning_content")
	return nil
}

// instructions returns the texts of instructions.
func (e *encoder) instructions(t llm.Turn) (texts []llm.Part, bad *formats.Unsupported) {
	texts = kept(t.Parts, func(p *llm.Part) bool {
		switch {
		case p.Kind == llm.Thought || p.Kind == llm.Sealed:
			e.Lose("reasoning_content")
			return false
		case p.Kind != llm.Text && p.Kind != llm.Refusal:
			if bad == nil {
				bad = formats.CannotCarry(*p, "instructions can be text only")
			}
			return false
		}
		return !bytes.HasPrefix(p.Text.Inner(), billing) && e.textOf(p)
	})
	return texts, bad
}

// asked returns the parts of a turn of the user. The one that is to be answered
// must say something; before it a turn of white space is as good as none.
func (e *encoder) asked(t llm.Turn, last bool) ([]llm.Part, *formats.Unsupported) {
	parts := kept(t.Parts, func(p *llm.Part) bool {
		switch p.Kind {
		case llm.Text, llm.Refusal:
			return e.textOf(p)
		case llm.Thought, llm.Sealed:
			e.Lose("reasoning_content")
			return false
		}
		return true
	})
	if len(parts) == 0 && last {
		return nil, formats.CannotCarry(llm.Part{Turn: t.At, At: -1}, "it has no text other than white space")
	}
	return parts, nil
}

// said returns the parts of a turn of the assistant. A turn cannot end with a
// thought, and the last one, which the model is to continue, not with white
// space.
func (e *encoder) said(all []llm.Part, last bool) []llm.Part {
	marked := false // a thought, which can bear no mark of a prompt cache
	parts := kept(all, func(p *llm.Part) bool {
		switch p.Kind {
		case llm.Thought, llm.Sealed:
			if !e.owns(p) {
				e.Lose("reasoning_content")
				return false
			}
			marked = marked || len(p.Cache) > 0
		case llm.Text, llm.Refusal:
			return e.textOf(p)
		case llm.Call:
			e.loseIf(!p.Signature.Empty(), "reasoning signature")
		}
		return true
	})
	if marked {
		e.Lose("cache_control")
		parts = slices.Clone(parts)
		for i := range parts {
			if isThought(parts[i]) {
				parts[i].Cache = nil
			}
		}
	}
	for n := len(parts); n > 0 && isThought(parts[n-1]); n = len(parts) {
		e.Lose("reasoning_content")
		parts = parts[:n-1]
	}
	if n := len(parts); last && n > 0 && (parts[n-1].Kind == llm.Text || parts[n-1].Kind == llm.Refusal) {
		parts = slices.Clone(parts)
		parts[n-1].Text = parts[n-1].Text.TrimRight()
	}
	return slices.Clip(parts) // what follows in the turn is appended elsewhere
}

// kept returns the parts that are sent: the same, if that are all, or others, in
// a slice to which nothing can be appended in place. They are the request's own
// and must not be changed.
func kept(parts []llm.Part, keep func(*llm.Part) bool) []llm.Part {
	for i := range parts {
		if keep(&parts[i]) {
			continue
		}
		out := append(make([]llm.Part, 0, len(parts)-1), parts[:i]...)
		for j := i + 1; j < len(parts); j++ {
			if keep(&parts[j]) {
				out = append(out, parts[j])
			}
		}
		return slices.Clip(out)
	}
	return slices.Clip(parts)
}

// textOf reports whether a text is sent. One of white space only is refused.
func (e *encoder) textOf(p *llm.Part) bool {
	e.loseIf(!p.Signature.Empty(), "reasoning signature")
	if p.Text.Blank() {
		e.loseIf(len(p.Cache) > 0, "cache_control")
		return false
	}
	return true
}

// owns reports whether a thought is Anthropic's own, which has to come back
// unchanged and in its place; others are refused.
func (e *encoder) owns(p *llm.Part) bool {
	return p.Origin == llm.Anthropic && !p.Signature.Empty() && e.model.thinking != never
}

// appendTurns appends the messages.
func (e *encoder) appendTurns(dst []byte) ([]byte, *formats.Unsupported) {
	dst = append(dst, `,"messages":[`...)
	for i, t := range e.turns {
		if i > 0 {
			dst = append(dst, ',')
		}
		switch {
		case t.Role == llm.Assistant:
			dst = append(dst, `{"role":"assistant","content":[`...)
		case t.Role.Instructs():
			dst = append(dst, `{"role":"system","content":[`...)
		default:
			dst = append(dst, `{"role":"user","content":[`...)
		}
		for j, p := range t.Parts {
			if j > 0 {
				dst = append(dst, ',')
			}
			var bad *formats.Unsupported
			if dst, bad = e.appendPart(dst, t, p); bad != nil {
				return nil, bad
			}
			dst = append(e.appendMark(dst, markOf(p), &e.marks.turns), '}')
		}
		dst = append(dst, "]}"...)
	}
	return append(dst, ']'), nil
}

// appendPart appends a block but for its closing brace.
func (e *encoder) appendPart(dst []byte, t llm.Turn, p llm.Part) ([]byte, *formats.Unsupported) {
	theirs := t.Role == llm.Assistant
	switch p.Kind {
	case llm.Text, llm.Refusal:
		return append(append(dst, `{"type":"text","text":`...), p.Text...), nil
	case llm.Thought:
		dst = append(dst, `{"type":"thinking","thinking":`...)
		dst = appendText(dst, p.Text)
		return append(append(dst, `,"signature":`...), p.Signature...), nil
	case llm.Sealed:
		return append(append(dst, `{"type":"redacted_thinking","data":`...), p.Signature...), nil
	case llm.Call:
		if !theirs {
			return nil, formats.CannotCarry(p, "a call of a tool can only be the assistant's")
		}
		dst = append(append(dst, `{"type":"tool_use","id":`...), callID.Legal(p.ID)...)
		dst = append(append(dst, `,"name":`...), e.Names.Sent(p.Name)...)
		return e.appendArguments(append(dst, `,"input":`...), p), nil
	case llm.Result:
		if theirs {
			return nil, formats.CannotCarry(p, "the result of a call can only be the user's")
		}
		return e.appendResult(dst, t, p)
	default:
		if theirs {
			return nil, formats.CannotCarry(p, "a message of the assistant can hold text and calls only")
		}
		return e.appendMedia(dst, p)
	}
}

// appendText appends a text that may not be there.
func appendText(dst []byte, text llm.Literal) []byte {
	if text == nil {
		return append(dst, `""`...)
	}
	return append(dst, text...)
}

// appendArguments appends the arguments of a call, which must be an object.
func (e *encoder) appendArguments(dst []byte, p llm.Part) []byte {
	args := bytes.TrimSpace(p.Args)
	switch {
	case e.plain[string(p.Name)]:
		return formats.AppendWrapped(dst, p.Args)
	case len(args) == 0, string(args) == "null":
		return append(dst, "{}"...)
	case args[0] == '{' && formats.Balanced(args) && formats.Valid(args):
		return append(dst, args...)
	default: // a model erred
		e.Lose("arguments")
		return append(formats.AppendQuoted(append(dst, `{"arguments":`...), p.Args), '}')
	}
}

// appendResult appends the result of a call. One text is sent as such, which
// may also be white space.
func (e *encoder) appendResult(dst []byte, t llm.Turn, p llm.Part) ([]byte, *formats.Unsupported) {
	dst = append(append(dst, `{"type":"tool_result","tool_use_id":`...), callID.Legal(p.ID)...)
	content := slices.DeleteFunc(slices.Clone(p.Content), func(c llm.Part) bool {
		return isText(c) && (c.Text.Empty() || len(p.Content) > 1 && c.Text.Blank())
	})
	switch {
	case len(content) == 0 && p.Failed: // must say something
		dst = append(dst, `,"content":"error"`...)
	case len(content) == 0:
	case len(content) == 1 && isText(content[0]):
		dst = append(append(dst, `,"content":`...), content[0].Text...)
	default:
		dst = append(dst, `,"content":[`...)
		for i, c := range content {
			if i > 0 {
				dst = append(dst, ',')
			}
			if isText(c) {
				dst = append(append(append(dst, `{"type":"text","text":`...), c.Text...), '}')
				continue
			}
			var bad *formats.Unsupported
			if dst, bad = e.appendMedia(dst, c); bad != nil {
				return nil, bad
			}
			dst = append(dst, '}')
		}
		dst = append(dst, ']')
	}
	if p.Failed {
		dst = append(dst, `,"is_error":true`...)
	}
	return dst, nil
}

func isText(p llm.Part) bool { return p.Kind == llm.Text || p.Kind == llm.Refusal }

func isThought(p llm.Part) bool { return p.Kind == llm.Thought || p.Kind == llm.Sealed }
