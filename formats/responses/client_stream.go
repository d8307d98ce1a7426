package responses

import (
	"strconv"

	"github.com/aiclient2api/caddy-aiclient2api/formats"
	"github.com/aiclient2api/caddy-aiclient2api/llm"
)

// encoder writes an answer, as the events of a stream
// (https://platform.openai.com/docs/api-reference/responses-streaming) or as a
// body.
//
// An answer is a list of items. A call and a piece of reasoning are items of
// their own; texts and refusals that follow each other are the parts of one
// message. The protocol says everything again when it is done, so that what
// has been written of an item is kept:
//
//   - piece is the text of the open block, a literal without its closing quote;
//   - parts are the parts of the open message that are done;
//   - output are the items that are done, as the last event lists them.
//
// Items and parts begin with the first that is said of them: a block of which
// nothing comes is none.
type encoder struct {
	formats.Answer
	formats.Losses
	head    []byte // a response up to its status; nil before it has begun
	number  int64  // of the next event
	items   int    // that have begun
	usage   llm.Usage
	finish  llm.Reason
	explain []byte // why the provider declined, a literal

	open      llm.Kind // what the open block is
	begun     bool     // and whether anything has been written of it
	plain     bool     // it is the call of a tool that takes a plain text
	signature []byte   // what it was signed with at its end
	origin    llm.Origin
	id        []byte // of the open item, a literal
	call      []byte // the members of the open call that do not change
	lead      []byte // of a delta of the open block, up to its text

	message bool // a message is open
	count   int  // of its parts, the open one included
	refused bool // there is a refusal
	spoke   bool // there is anything else

	piece, parts, output []byte
	chars                int64 // of all text before the open part
	cites                []llm.Citation
	logprobs, fullprobs  []byte // of the open part, as a delta and as an item have them
}

// mostCites bounds the citations of a part, which are kept to its end.
const mostCites = 1024

// Encoder returns what writes one answer.
func (Client) Encoder(a formats.Answer) formats.Encoder { return &encoder{Answer: a} }

// Append appends events.
func (e *encoder) Append(dst []byte, events []llm.Event) []byte {
	for i := range events {
		dst = e.append(dst, &events[i])
	}
	return dst
}

// AppendWhole appends a body: what the last event of the stream would hold.
func (e *encoder) AppendWhole(dst []byte, events []llm.Event) []byte {
	for i := range events {
		switch ev := &events[i]; ev.Step {
		case llm.Start:
			e.start(ev)
		case llm.Fail:
			return Client{}.AppendError(dst, ev.Err, false)
		case llm.End:
		default:
			dst = e.append(dst, ev)[:len(dst)]
		}
	}
	dst = e.settle(dst)[:len(dst)]
	if e.head == nil {
		e.start(&llm.Event{})
	}
	return e.appendResponse(dst, e.status(), nil)
}

func (e *encoder) append(dst []byte, ev *llm.Event) []byte {
	if ev.Choice > 0 { // nobody asked for it
		e.Lose("choices")
		return dst
	}
	switch ev.Step {
	case llm.Start:
		e.start(ev)
		for _, name := range [...]string{"response.created", "response.in_progress"} {
			dst = append(begin(dst, name), `,"response":`...)
			dst = e.end(e.appendResponse(dst, "in_progress", nil))
		}
	case llm.Stated:
		e.usage = ev.Usage
	case llm.Finish:
		e.finish = ev.Reason
		e.explain = append(e.explain[:0], ev.Text...)
	case llm.Open:
		return e.opened(dst, ev)
	case llm.Delta:
		return e.delta(dst, ev)
	case llm.Sign:
		e.LoseIf(e.open == llm.Call || e.open == llm.Image, "reasoning signature") // they were signed at their start or never
		e.signature = append(e.signature[:0], ev.Signature...)
		e.origin = ev.Origin
	case llm.Cite:
		if ev.Citation.URL.Empty() || len(e.cites) == mostCites {
			e.Lose("citations")
			return dst
		}
		c := *ev.Citation
		c.URL, c.Title, c.Quote = append(llm.Literal(nil), c.URL...), append(llm.Literal(nil), c.Title...), nil
		e.cites = append(e.cites, c)
	case llm.Close:
		return e.closed(dst)
	case llm.Fail:
		return e.fail(dst, ev.Err)
	case llm.End:
		dst = e.settle(dst)
		status := e.status()
		dst = append(begin(dst, "response."+status), `,"response":`...)
		return e.end(e.appendResponse(dst, status, nil))
	}
	return dst
}

// fail ends the stream as OpenAI's servers do: with the error, on which its
// SDKs throw, and the response that failed, which Codex waits for.
func (e *encoder) fail(dst []byte, err *llm.Error) []byte {
	dst = append(appendErrorEvent(dst, err, e.number), "}\n\n"...)
	e.number++
	if e.head == nil {
		return dst
	}
	number := e.number // what is told of the open message is told in the response only
	if e.begun && (e.open == llm.Text || e.open == llm.Refusal) {
		e.endPart(nil)
	}
	if e.message {
		e.endMessage(nil, "incomplete")
	}
	e.number = number
	dst = append(begin(dst, "response.failed"), `,"response":`...)
	return e.end(e.appendResponse(dst, "failed", err))
}

// settle ends what is open when the answer is complete.
func (e *encoder) settle(dst []byte) []byte {
	e.LoseIf(len(e.cites) > 0, "citations") // of no text
	if e.finish == llm.Filtered && len(e.explain) > 2 && !e.refused {
		dst = e.opened(dst, &llm.Event{Kind: llm.Refusal})
		dst = e.delta(dst, &llm.Event{Text: e.explain})
		dst = e.closed(dst)
	}
	if e.message {
		state := "completed"
		if e.status() == "incomplete" {
			state = "incomplete"
		}
		dst = e.endMessage(dst, state)
	}
	return dst
}

// status is that of the answer at its end. A refusal and nothing else is a
// complete answer in OpenAI's terms; one that was cut is not.
func (e *encoder) status() string {
	if e.finish == llm.Length || e.finish == llm.Filtered && (e.spoke || !e.refused) {
		return "incomplete"
	}
	return "completed"
}

// begin appends an event up to its type.
func begin(dst []byte, name string) []byte {
	dst = append(append(dst, "event: "...), name...)
	dst = append(append(dst, "\ndata: "+`{"type":"`...), name...)
	return append(dst, '"')
}

// end appends what is the same at the end of all events.
func (e *encoder) end(dst []byte) []byte {
	dst = append(dst, `,"sequence_number":`...)
	dst = strconv.AppendInt(dst, e.number, 10)
	e.number++
	return append(dst, "}\n\n"...)
}

// place appends the members that say which item an event is about.
func (e *encoder) place(dst []byte) []byte {
	dst = append(append(dst, `,"item_id":`...), e.id...)
	dst = append(dst, `,"output_index":`...)
	return strconv.AppendInt(dst, int64(e.items-1), 10)
}

// partPlace is place for a part of a message.
func (e *encoder) partPlace(dst []byte) []byte {
	dst = append(e.place(dst), `,"content_index":`...)
	return strconv.AppendInt(dst, int64(e.count-1), 10)
}

// Interface guards
var (
	_ formats.Speaker = Client{}
	_ formats.Counter = Client{}
)
