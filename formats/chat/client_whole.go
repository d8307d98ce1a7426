package chat

import (
	"github.com/aiclient2api/caddy-aiclient2api/formats"
	"github.com/aiclient2api/caddy-aiclient2api/llm"
)

// AppendWhole appends a body: a fold over the events
// (https://platform.openai.com/docs/api-reference/chat/object). Each member of
// a message is collected in a pass of its own.
func (e *encoder) AppendWhole(dst []byte, events []llm.Event) []byte {
	var start llm.Event
	choices := 1
	for i := range events {
		switch ev := &events[i]; ev.Step {
		case llm.Start:
			start = *ev
		case llm.Stated:
			e.usage, e.stated = ev.Usage, true
		case llm.Fail:
			return Client{}.AppendError(dst, ev.Err, false)
		default:
			choices = max(choices, ev.Choice+1)
		}
	}
	dst = e.appendHead(dst, "chat.completion", &start)
	dst = append(dst, `,"choices":[`...)
	for i := range choices {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = e.appendChoice(dst, answer{events, i}, i)
	}
	dst = append(dst, ']')
	if e.stated && isWhole(e.usage) {
		dst = append(dst, `,"usage":`...)
		dst = appendUsage(dst, e.usage)
	}
	return append(dst, '}')
}

func (e *encoder) appendChoice(dst []byte, a answer, index int) []byte {
	finish := llm.Event{Step: llm.Finish}
	for ev := range a.all {
		if ev.Step == llm.Finish {
			finish = *ev
		}
	}
	dst = append(dst, `{"index":`...)
	dst = appendInt(dst, index)
	dst = append(dst, `,"message":{"role":"assistant","content":`...)
	dst = a.appendContent(dst)
	dst = append(dst, `,"refusal":`...)
	switch {
	case a.has(llm.Refusal):
		dst = a.appendText(dst, llm.Refusal)
	case finish.Reason == llm.Filtered && !finish.Text.Empty():
		dst = append(dst, finish.Text...)
	default:
		dst = append(dst, "null"...)
	}
	if !e.Request.Reasoning.Hide {
		if a.has(llm.Thought) {
			dst = append(dst, `,"reasoning_content":`...)
			dst = a.appendText(dst, llm.Thought)
		}
		dst = a.appendDetails(dst)
	}
	dst = e.appendCalls(dst, a)
	dst = a.appendAnnotations(dst)
	e.leaveOut(a)
	var signature llm.Literal
	for ev := range a.all {
		if (ev.Step == llm.Open || ev.Step == llm.Sign) && (ev.Kind == llm.Text || ev.Kind == llm.Image) &&
			ev.Origin == llm.Google && !ev.Signature.Empty() {
			signature = ev.Signature // a message has room for one
		}
	}
	if signature != nil {
		dst = appendExtra(append(dst, ','), signature)
	}
	dst = append(dst, `},"logprobs":`...)
	dst = a.appendLogprobs(dst)
	dst = append(dst, `,"finish_reason":"`...)
	dst = append(dst, e.reason(finish.Reason)...)
	return append(dst, `"}`...)
}

// leaveOut names what of a choice has no place in a message.
func (e *encoder) leaveOut(a answer) {
	calls, signatures := 0, 0
	for ev := range a.all {
		signs := (ev.Step == llm.Open || ev.Step == llm.Sign) && !ev.Signature.Empty() && !isThought(ev.Kind)
		switch {
		case ev.Step == llm.Cite:
			e.LoseIf(ev.Citation.URL.Empty(), "citations")
		case signs && e.unsigned(ev.Kind, ev):
		case signs && ev.Kind != llm.Call:
			signatures++
		}
		if ev.Step == llm.Open && ev.Kind == llm.Call {
			calls++
		}
	}
	e.LoseIf(calls > 1 && e.Request.Legacy, "tool_calls")
	e.LoseIf(signatures > 1, "reasoning signature")
}

// answer is one choice of an answer, whose events it passes over.
type answer struct {
	events []llm.Event
	choice int
}

// all yields the events of the choice. Kind is that of the open block.
func (a answer) all(yield func(*llm.Event) bool) {
	var kind llm.Kind
	for i := range a.events {
		ev := &a.events[i]
		if ev.Choice != a.choice {
			continue
		}
		switch ev.Step {
		case llm.Open:
			kind = ev.Kind
		case llm.Delta, llm.Sign, llm.Cite, llm.Close:
			ev.Kind = kind
		case llm.Finish:
		default:
			continue
		}
		if !yield(ev) {
			return
		}
	}
}

// has reports whether there is any text of a kind.
func (a answer) has(kind llm.Kind) bool {
	for ev := range a.all {
		if ev.Step == llm.Delta && ev.Kind == kind && !ev.Text.Empty() {
			return true
		}
	}
	return false
}

// appendText appends all text of a kind as one literal.
func (a answer) appendText(dst []byte, kind llm.Kind) []byte {
	dst = append(dst, '"')
	for ev := range a.all {
		if ev.Step == llm.Delta && ev.Kind == kind {
			dst = append(dst, ev.Text.Inner()...)
		}
	}
	return append(dst, '"')
}

// appendContent appends the text, and images as Markdown, which is what
// clients of a protocol without images show; null if there is neither.
func (a answer) appendContent(dst []byte) []byte {
	start := len(dst)
	dst = append(dst, '"')
	for ev := range a.all {
		switch {
		case ev.Step == llm.Open && ev.Kind == llm.Image:
			dst = formats.AppendPicture(dst, ev.Name)
		case ev.Step == llm.Delta && (ev.Kind == llm.Text || ev.Kind == llm.Image):
			dst = append(dst, ev.Text.Inner()...)
		case ev.Step == llm.Close && ev.Kind == llm.Image:
			dst = append(dst, formats.PictureEnd...)
		}
	}
	if len(dst) == start+1 && a.opened(llm.Call) > 0 {
		return append(dst[:start], "null"...)
	}
	return append(dst, '"')
}

// opened counts the blocks of a kind.
func (a answer) opened(kind llm.Kind) (n int) {
	for ev := range a.all {
		if ev.Step == llm.Open && ev.Kind == kind {
			n++
		}
	}
	return n
}

// appendDetails appends the member reasoning_details, if anything must come
// back unchanged.
func (a answer) appendDetails(dst []byte) []byte {
	if a.opened(llm.Thought) == 0 && a.opened(llm.Sealed) == 0 {
		return dst
	}
	n := 0
	next := func() {
		if n == 0 {
			dst = append(dst, `,"reasoning_details":[`...)
		} else {
			dst = append(dst, ',')
		}
		n++
	}
	var text []byte
	var signed llm.Event
	var at position
	for ev := range a.all {
		at.chars += written(ev.Kind, ev)
		switch {
		case ev.Step == llm.Open && ev.Kind == llm.Sealed:
			next()
			dst = appendDetail(dst, llm.Sealed, nil, ev.Signature, ev.Origin, n-1, at)
		case ev.Step == llm.Open:
			text, signed = text[:0], llm.Event{}
		case ev.Kind == llm.Call && ev.Step == llm.Close:
			at.calls++
		case ev.Kind != llm.Thought:
		case ev.Step == llm.Delta:
			text = append(text, ev.Text.Inner()...)
		case ev.Step == llm.Sign:
			signed = *ev
		case ev.Step == llm.Close && !signed.Signature.Empty():
			next()
			dst = appendDetail(dst, llm.Thought, text, signed.Signature, signed.Origin, n-1, at)
		}
	}
	if n > 0 {
		dst = append(dst, ']')
	}
	return dst
}

// appendCalls appends the member tool_calls, if there are calls.
func (e *encoder) appendCalls(dst []byte, a answer) []byte {
	n, empty, plain := 0, false, false
	var signature llm.Literal
	for ev := range a.all {
		if ev.Kind != llm.Call {
			continue
		}
		if (ev.Step == llm.Open || ev.Step == llm.Sign) && ev.Origin == llm.Google && !ev.Signature.Empty() {
			signature = ev.Signature
		}
		switch ev.Step {
		case llm.Open:
			plain, empty = e.isPlain(ev.Name), true
			dst = e.appendOpenCall(dst, ev, n, plain)
			n++
		case llm.Delta:
			empty = false
			dst = append(dst, ev.Text.Inner()...)
		case llm.Close:
			if empty && !plain {
				dst = append(dst, "{}"...)
			}
			dst = append(dst, `"}`...)
			if e.Request.Legacy {
				return dst // there is room for one, and none for signatures
			}
			if signature != nil {
				dst = appendExtra(append(dst, ','), signature)
				signature = nil
			}
			dst = append(dst, '}')
		}
	}
	if n > 0 && !e.Request.Legacy {
		dst = append(dst, ']')
	}
	return dst
}

// appendOpenCall appends a call up to its arguments.
func (e *encoder) appendOpenCall(dst []byte, ev *llm.Event, n int, plain bool) []byte {
	if e.Request.Legacy {
		dst = append(append(dst, `,"function_call":{"name":`...), ev.Name...)
		return append(dst, `,"arguments":"`...)
	}
	if n == 0 {
		dst = append(dst, `,"tool_calls":[`...)
	} else {
		dst = append(dst, ',')
	}
	dst = append(append(dst, `{"id":`...), ev.ID...)
	if plain {
		dst = append(append(dst, `,"type":"custom","custom":{"name":`...), ev.Name...)
		return append(dst, `,"input":"`...)
	}
	dst = append(append(dst, `,"type":"function","function":{"name":`...), ev.Name...)
	return append(dst, `,"arguments":"`...)
}

// appendAnnotations appends the member annotations, if there are any that the
// protocol has a form for.
func (a answer) appendAnnotations(dst []byte) []byte {
	cited := false
	for ev := range a.all {
		cited = cited || ev.Step == llm.Cite
	}
	if !cited {
		return dst
	}
	start, n := len(dst), 0
	var cites []llm.Citation
	var from, chars int64
	for ev := range a.all {
		switch {
		case ev.Step == llm.Open:
			from = chars
			chars += written(ev.Kind, ev)
		case ev.Step == llm.Delta:
			chars += written(ev.Kind, ev)
		case ev.Step == llm.Cite:
			cites = append(cites, *ev.Citation)
		case ev.Step == llm.Close && len(cites) > 0:
			if n == 0 {
				dst = append(dst[:start], `,"annotations":[`...)
			}
			for i := range cites {
				dst, n = appendCitation(dst, &cites[i], from, chars, n)
			}
			cites = cites[:0]
		}
	}
	if n == 0 {
		return dst[:start]
	}
	return append(dst, ']')
}

func (a answer) appendLogprobs(dst []byte) []byte {
	var tokens []llm.TokenLogprob
	for ev := range a.all {
		tokens = append(tokens, ev.Logprobs...)
	}
	if tokens == nil {
		return append(dst, "null"...)
	}
	return appendLogprobs(dst, tokens)
}
