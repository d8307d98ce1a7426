package chat

import (
	"bytes"
	"strconv"

	"github.com/aiclient2api/caddy-aiclient2api/formats"
	"github.com/aiclient2api/caddy-aiclient2api/llm"
)

// encoder writes an answer, as chunks of a stream
// (https://platform.openai.com/docs/api-reference/chat/streaming) or as a body.
type encoder struct {
	formats.Answer
	formats.Losses
	head    []byte // what every chunk begins with, a part of first
	first   []byte // what those of the first choice begin with
	choices []choice
	usage   llm.Usage
	stated  bool
}

// choice is what is known of one alternative while it is streamed.
type choice struct {
	begun   bool
	open    llm.Kind
	calls   int        // that were opened
	plain   bool       // the open call is of a tool that takes a plain text
	skip    bool       // the open call has no place in the older form
	spoke   bool       // the open call has arguments
	refused bool       // a refusal was written
	from    int64      // characters of the text before the open block
	chars   int64      // characters of the text
	origin  llm.Origin // whose the open thought is, if it will be signed
	noted   bool       // the open block has pieces in reasoning_details
	details int        // blocks that have
	cites   []llm.Citation
	placed  int // of them have the text that they are for

	signature llm.Literal // of Google's on a text, the last one
}

// Encoder returns what writes one answer.
func (Client) Encoder(a formats.Answer) formats.Encoder { return &encoder{Answer: a} }

// Append appends chunks. A role comes first, the finish once, then the usage
// if the client wants it, then the terminator.
func (e *encoder) Append(dst []byte, events []llm.Event) []byte {
	for i := range events {
		dst = e.append(dst, &events[i])
	}
	return dst
}

func (e *encoder) append(dst []byte, ev *llm.Event) []byte {
	switch ev.Step {
	case llm.Start:
		e.start(ev)
		return dst
	case llm.Stated:
		e.usage, e.stated = ev.Usage, true
		return dst
	case llm.Lost:
		return dst
	case llm.Fail:
		return Client{}.AppendError(dst, ev.Err, true)
	case llm.End:
		if e.Request.StreamUsage && e.stated && isWhole(e.usage) {
			dst = append(dst, e.head...)
			dst = append(dst, `,"choices":[],"usage":`...)
			dst = appendUsage(dst, e.usage)
			dst = append(dst, "}\n\n"...)
		}
		return append(dst, "data: [DONE]\n\n"...)
	}
	for len(e.choices) <= ev.Choice {
		e.choices = append(e.choices, choice{})
	}
	c := &e.choices[ev.Choice]
	if !c.begun {
		c.begun = true
		dst = e.open(dst, ev.Choice)
		dst = append(dst, `"role":"assistant","content":"","refusal":null`...)
		dst = e.close(dst, "")
	}
	if ev.Step == llm.Open {
		c.open = ev.Kind
	}
	if e.Request.Reasoning.Hide && isThought(c.open) && ev.Step != llm.Finish {
		return dst
	}
	if c.open == llm.Call && c.skip && (ev.Step == llm.Delta || ev.Step == llm.Close) {
		return dst
	}
	switch ev.Step {
	case llm.Open:
		return e.opened(dst, c, ev)
	case llm.Delta:
		return e.delta(dst, c, ev)
	case llm.Sign:
		return e.sign(dst, c, ev)
	case llm.Cite:
		e.LoseIf(!c.cite(ev.Citation), "citations")
	case llm.Close:
		return e.closed(dst, c, ev)
	case llm.Finish:
		dst = e.beside(dst, c, ev.Choice)
		if ev.Reason == llm.Filtered && !ev.Text.Empty() && !c.refused {
			dst = e.open(dst, ev.Choice)
			dst = append(append(dst, `"refusal":`...), ev.Text...)
			dst = e.close(dst, "")
		}
		dst = e.open(dst, ev.Choice)
		return e.close(dst, e.reason(ev.Reason))
	}
	return dst
}

// beside writes what belongs to the message as a whole, once: clients that add
// deltas up know no list without an index twice, and would join two signatures.
func (e *encoder) beside(dst []byte, c *choice, choice int) []byte {
	if len(c.cites) > 0 {
		dst = append(e.open(dst, choice), `"annotations":[`...)
		n := 0
		for i := range c.cites {
			dst, n = appendCitation(dst, &c.cites[i], 0, c.chars, n)
		}
		dst = e.close(append(dst, ']'), "")
	}
	if c.signature != nil {
		dst = e.close(appendExtra(e.open(dst, choice), c.signature), "")
	}
	return dst
}

// mostCites bounds the citations of an answer.
const mostCites = 1024

// cite keeps a citation for the end of its block; its texts are gone by then. It
// returns false for one that has no place.
func (c *choice) cite(cite *llm.Citation) bool {
	if len(c.cites) == mostCites || cite.URL.Empty() {
		return false
	}
	kept := *cite
	kept.URL, kept.Title, kept.Quote = bytes.Clone(cite.URL), bytes.Clone(cite.Title), nil
	c.cites = append(c.cites, kept)
	return true
}

// start makes what every chunk begins with.
func (e *encoder) start(ev *llm.Event) {
	const usual = 256
	head := e.appendHead(append(make([]byte, 0, usual), "data: "...), "chat.completion.chunk", ev)
	e.first = append(head, `,"choices":[{"index":0,"delta":{`...)
	e.head = e.first[:len(head)]
}

// longestName is how long a provider's id or model may be: each chunk repeats it.
const longestName = 256

// appendHead appends an answer up to the model.
func (e *encoder) appendHead(dst []byte, object string, start *llm.Event) []byte {
	dst = append(dst, `{"id":`...)
	if start.ID.Empty() || len(start.ID) > longestName {
		dst = formats.AppendString(dst, "chatcmpl-"+e.ID)
	} else {
		dst = append(dst, start.ID...)
	}
	dst = append(dst, `,"object":"`...)
	dst = append(dst, object...)
	dst = append(dst, `","created":`...)
	dst = strconv.AppendInt(dst, e.Created, 10)
	dst = append(dst, `,"model":`...)
	if start.Name.Empty() || len(start.Name) > longestName {
		return formats.AppendString(dst, e.Model)
	}
	return append(dst, start.Name...)
}

// open begins a chunk with a delta of one choice.
func (e *encoder) open(dst []byte, choice int) []byte {
	if choice == 0 {
		return append(dst, e.first...)
	}
	dst = append(dst, e.head...)
	dst = append(dst, `,"choices":[{"index":`...)
	dst = strconv.AppendInt(dst, int64(choice), 10)
	return append(dst, `,"delta":{`...)
}

// close ends the chunk that open began; reason is "" before the finish.
func (e *encoder) close(dst []byte, reason string) []byte {
	if reason == "" {
		return append(dst, `},"finish_reason":null}]}`+"\n\n"...)
	}
	dst = append(append(dst, `},"finish_reason":"`...), reason...)
	return append(dst, `"}]}`+"\n\n"...)
}

// opened writes what is known of a block at its start.
func (e *encoder) opened(dst []byte, c *choice, ev *llm.Event) []byte {
	c.from, c.spoke = c.chars, false
	c.chars += written(ev.Kind, ev)
	c.origin, c.noted = ev.Origin, false
	switch ev.Kind {
	case llm.Call:
		e.unsigned(ev.Kind, ev)
		if c.skip = e.Request.Legacy && c.calls > 0; c.skip {
			e.Lose("tool_calls")
			return dst
		}
		dst = e.open(dst, ev.Choice)
		c.plain = e.isPlain(ev.Name)
		dst = e.appendCall(dst, c.calls, ev, c.plain)
		c.calls++
		return e.close(dst, "")
	case llm.Sealed:
		dst = e.open(dst, ev.Choice)
		dst = c.detail(dst, nil, ev.Signature)
		return e.close(dst, "")
	case llm.Image:
		dst = e.open(dst, ev.Choice)
		dst = formats.AppendPicture(append(dst, `"content":"`...), ev.Name)
		dst = e.close(append(dst, '"'), "")
		return e.sign(dst, c, ev)
	case llm.Text:
		return e.sign(dst, c, ev)
	}
	return dst
}

// delta writes a piece of the open block.
func (e *encoder) delta(dst []byte, c *choice, ev *llm.Event) []byte {
	dst = e.open(dst, ev.Choice)
	switch c.open {
	case llm.Thought:
		dst = append(append(dst, `"reasoning_content":`...), ev.Text...)
		if c.origin != "" {
			dst = c.detail(append(dst, ','), ev.Text, nil)
		}
		return e.close(dst, "")
	case llm.Refusal:
		c.refused = true
		dst = append(dst, `"refusal":`...)
	case llm.Call:
		c.spoke = true
		return e.close(e.appendArguments(dst, c.calls-1, ev.Text, c.plain), "")
	default:
		c.chars += written(c.open, ev)
		dst = append(dst, `"content":`...)
	}
	dst = append(dst, ev.Text...)
	if ev.Logprobs != nil {
		dst = append(dst, `},"logprobs":`...)
		dst = appendLogprobs(dst, ev.Logprobs)
		return append(dst, `,"finish_reason":null}]}`+"\n\n"...)
	}
	return e.close(dst, "")
}

// detail writes a piece of reasoning_details. Pieces of one block have one
// index, by which clients put them together.
func (c *choice) detail(dst []byte, text, signature llm.Literal) []byte {
	dst = append(dst, `"reasoning_details":[`...)
	if c.noted && c.open == llm.Thought {
		dst = appendPiece(dst, text.Inner(), signature, c.details)
	} else {
		dst = appendDetail(dst, c.open, text.Inner(), signature, c.origin, c.details, position{c.calls, c.chars})
	}
	c.noted = true
	return append(dst, ']')
}

// sign writes a signature.
func (e *encoder) sign(dst []byte, c *choice, ev *llm.Event) []byte {
	switch {
	case ev.Signature.Empty():
	case c.open == llm.Thought:
		c.origin = ev.Origin
		dst = e.open(dst, ev.Choice)
		dst = c.detail(dst, nil, ev.Signature)
		return e.close(dst, "")
	case e.unsigned(c.open, ev):
	case c.open == llm.Call:
		dst = e.open(dst, ev.Choice)
		dst = append(dst, `"tool_calls":[{"index":`...)
		dst = appendInt(dst, c.calls-1)
		dst = appendExtra(append(dst, ','), ev.Signature)
		return e.close(append(dst, "}]"...), "")
	default: // a message has room for one
		e.LoseIf(c.signature != nil, "reasoning signature")
		c.signature = append(c.signature[:0], ev.Signature...)
	}
	return dst
}

// unsigned reports whether the signature of a call or a text has no place, and
// names it: but for Google's there is none, nor in the older form of a call.
func (e *encoder) unsigned(kind llm.Kind, ev *llm.Event) bool {
	lost := !ev.Signature.Empty() && (ev.Origin != llm.Google || kind == llm.Call && e.Request.Legacy)
	e.LoseIf(lost, "reasoning signature")
	return lost
}

// closed writes what is known of a block at its end only.
func (e *encoder) closed(dst []byte, c *choice, ev *llm.Event) []byte {
	switch {
	case c.noted:
		c.details++
	case c.open == llm.Call && !c.spoke && !c.plain:
		dst = e.open(dst, ev.Choice)
		return e.close(e.appendArguments(dst, c.calls-1, llm.Literal(`"{}"`), false), "")
	case c.open == llm.Image:
		dst = e.open(dst, ev.Choice)
		return e.close(append(dst, `"content":"`+formats.PictureEnd+`"`...), "")
	}
	for ; c.placed < len(c.cites); c.placed++ {
		if cite := &c.cites[c.placed]; !cite.From.Known || !cite.To.Known {
			cite.From, cite.To = llm.Tokens(c.from), llm.Tokens(c.chars)
		}
	}
	return dst
}

// Interface guards
var _ formats.Speaker = Client{}
