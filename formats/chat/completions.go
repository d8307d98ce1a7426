package chat

import (
	"strconv"

	"github.com/aiclient2api/caddy-aiclient2api/formats"
	"github.com/aiclient2api/caddy-aiclient2api/llm"
)

// Completions is the legacy completions protocol as clients speak it
// (https://platform.openai.com/docs/api-reference/completions), for models that
// know conversations only: the prompt is a turn of the user, and the answer's
// text is the completion. Errors and lists of models are those of chat.
type Completions struct{ Client }

// CompletionsName is the format's name.
const CompletionsName = "completions"

// Name returns "completions".
func (Completions) Name() string { return CompletionsName }

// defaultTokens is how long a completion is whose client does not say.
const defaultTokens = "16"

// Decode reads a request. What only a model for completions can do is refused
// by name: to go on with tokens, before a suffix, with the prompt in the answer,
// or to choose the best of several.
func (Completions) Decode(body []byte) (*llm.Request, *llm.Error) {
	d := decoder{r: &llm.Request{MaxTokens: llm.Number(defaultTokens)}}
	m := formats.StrictMembersOf(body)
	for d.err == nil && m.Next() {
		name, v := m.Name(), m.Value()
		if formats.IsNull(v) {
			continue
		}
		switch string(name) {
		case "prompt":
			d.prompt(v)
		case "suffix":
			if !formats.StringOf(v).Empty() {
				d.fail("suffix", "'suffix' is for models that complete texts, not conversations")
			}
		case "echo":
			if string(v) == "true" {
				d.fail("echo", "'echo' is for models that complete texts, not conversations")
			}
		case "best_of":
			if n, _ := formats.Int(v); n > 1 {
				d.fail("best_of", "'best_of' is for models that complete texts, not conversations")
			}
		case "logprobs": // whose older form counts offsets in the text, which others do not tell
			d.lose("logprobs")
		case "messages", "tools", "functions", "response_format", "tool_choice", "function_call":
			d.fail(string(name), "'%s' is no member of a completion", name)
		default:
			d.member(name, v)
		}
	}
	switch {
	case d.err != nil:
	case m.Err != nil:
		d.fail("", "the request body is not valid JSON")
	case len(d.r.Turns) == 0:
		d.fail("prompt", "'prompt' must be a text")
	}
	if d.err != nil {
		return nil, d.err
	}
	if d.maxTokens != nil {
		d.r.MaxTokens = d.maxTokens
	}
	return d.r, nil
}

// prompt reads the text to complete; a list may hold one.
func (d *decoder) prompt(v []byte) {
	if v[0] == '[' {
		list := formats.ElementsOf(v)
		if !list.Next() {
			return
		}
		v = list.Value()
		if list.Next() {
			d.fail("prompt", "'prompt' must be one text: several, or tokens, are for models that complete texts")
			return
		}
	}
	text := formats.StringOf(v)
	if text == nil {
		d.fail("prompt", "'prompt' must be one text: several, or tokens, are for models that complete texts")
		return
	}
	d.r.Turns = []llm.Turn{{Role: llm.User, Parts: []llm.Part{{Kind: llm.Text, Text: text, At: -1}}}}
}

// Place names the prompt: there is nothing else.
func (Completions) Place(int, int) string { return "prompt" }

// Field names a member: there is a prompt in the place of messages.
func (Completions) Field(name string) string {
	if name == "messages" {
		return "prompt"
	}
	return name
}

// Encoder returns what writes one completion.
func (Completions) Encoder(a formats.Answer) formats.Encoder {
	return &completion{Answer: a}
}

// completion writes a completion: of all that a model says only its text.
type completion struct {
	formats.Answer
	formats.Losses
	start llm.Event
	open  []llm.Kind // by choice
	usage llm.Usage
}

// Append appends the events of a stream, each a completion with a piece of text.
func (c *completion) Append(dst []byte, events []llm.Event) []byte {
	for i := range events {
		switch ev := &events[i]; ev.Step {
		case llm.Start:
			c.start = llm.Event{ID: append(llm.Literal(nil), ev.ID...), Name: append(llm.Literal(nil), ev.Name...)}
		case llm.Stated:
			c.usage = ev.Usage
		case llm.Open:
			c.opened(ev)
			c.leaveOut(ev)
		case llm.Cite:
			c.leaveOut(ev)
		case llm.Delta:
			if c.isText(ev) {
				dst = c.piece(dst, ev.Choice, ev.Text, "")
			}
		case llm.Finish:
			dst = c.piece(dst, ev.Choice, nil, completionReason(ev.Reason))
		case llm.Fail:
			return Client{}.AppendError(dst, ev.Err, true)
		case llm.End:
			if c.Request.StreamUsage && isWhole(c.usage) {
				dst = c.head(append(dst, "data: "...))
				dst = appendUsage(append(dst, `,"choices":[],"usage":`...), c.usage)
				dst = append(dst, "}\n\n"...)
			}
			return append(dst, "data: [DONE]\n\n"...)
		}
	}
	return dst
}

func (c *completion) opened(ev *llm.Event) {
	for len(c.open) <= ev.Choice {
		c.open = append(c.open, llm.Sealed)
	}
	c.open[ev.Choice] = ev.Kind
}

// leaveOut names what a completion has no place for.
func (c *completion) leaveOut(ev *llm.Event) {
	switch {
	case ev.Step == llm.Cite:
		c.Lose("citations")
	case ev.Step != llm.Open:
	case isThought(ev.Kind):
		c.LoseIf(!c.Request.Reasoning.Hide, "reasoning_content")
	case ev.Kind == llm.Image:
		c.Lose("images")
	case ev.Kind == llm.Call:
		c.Lose("tool_calls")
	default:
		c.LoseIf(!ev.Signature.Empty(), "reasoning signature")
	}
}

func (c *completion) isText(ev *llm.Event) bool {
	k := c.open[ev.Choice]
	return k == llm.Text || k == llm.Refusal
}

func (c *completion) piece(dst []byte, choice int, text llm.Literal, reason string) []byte {
	dst = c.head(append(dst, "data: "...))
	dst = c.choice(append(dst, `,"choices":[`...), choice)
	if text == nil {
		dst = append(dst, `""`...)
	}
	dst = append(dst, text...)
	dst = completionEnd(dst, reason)
	return append(dst, "]}\n\n"...)
}

// head appends a completion up to its model.
func (c *completion) head(dst []byte) []byte {
	dst = append(dst, `{"id":`...)
	if c.start.ID.Empty() || len(c.start.ID) > longestName {
		dst = formats.AppendString(dst, "cmpl-"+c.ID)
	} else {
		dst = append(dst, c.start.ID...)
	}
	dst = append(dst, `,"object":"text_completion","created":`...)
	dst = strconv.AppendInt(dst, c.Created, 10)
	dst = append(dst, `,"model":`...)
	if c.start.Name.Empty() || len(c.start.Name) > longestName {
		return formats.AppendString(dst, c.Model)
	}
	return append(dst, c.start.Name...)
}

func (c *completion) choice(dst []byte, choice int) []byte {
	dst = append(dst, `{"index":`...)
	dst = appendInt(dst, choice)
	return append(dst, `,"text":`...)
}

func completionEnd(dst []byte, reason string) []byte {
	dst = append(dst, `,"logprobs":null,"finish_reason":`...)
	if reason == "" {
		return append(dst, "null}"...)
	}
	return append(append(append(dst, '"'), reason...), `"}`...)
}

func completionReason(r llm.Reason) string {
	switch r {
	case llm.Length:
		return "length"
	case llm.Filtered:
		return "content_filter"
	default:
		return "stop"
	}
}

// AppendWhole appends a body.
func (c *completion) AppendWhole(dst []byte, events []llm.Event) []byte {
	choices := 1
	for i := range events {
		switch ev := &events[i]; ev.Step {
		case llm.Start:
			c.start = *ev
		case llm.Stated:
			c.usage = ev.Usage
		case llm.Fail:
			return Client{}.AppendError(dst, ev.Err, false)
		default:
			choices = max(choices, ev.Choice+1)
		}
	}
	dst = append(c.head(dst), `,"choices":[`...)
	for i := range choices {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(c.choice(dst, i), '"')
		reason := llm.Stopped
		for ev := range (answer{events, i}).all {
			c.leaveOut(ev)
			switch {
			case ev.Step == llm.Delta && (ev.Kind == llm.Text || ev.Kind == llm.Refusal):
				dst = append(dst, ev.Text.Inner()...)
			case ev.Step == llm.Finish:
				reason = ev.Reason
			}
		}
		dst = completionEnd(append(dst, '"'), completionReason(reason))
	}
	dst = append(dst, ']')
	if isWhole(c.usage) {
		dst = appendUsage(append(dst, `,"usage":`...), c.usage)
	}
	return append(dst, '}')
}

// Interface guards
var _ formats.Speaker = Completions{}
