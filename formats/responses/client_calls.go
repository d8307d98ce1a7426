package responses

import (
	"strconv"

	"github.com/aiclient2api/caddy-aiclient2api/formats"
	"github.com/aiclient2api/caddy-aiclient2api/llm"
)

// tool returns the tool of that name, nil if the client gave none.
func (e *encoder) tool(name llm.Literal) *llm.Tool {
	for i := range e.Request.Tools {
		if t := &e.Request.Tools[i]; string(t.Name) == string(name) {
			return t
		}
	}
	return nil
}

// callIDs are the ids of calls as the protocol takes them.
var callIDs = formats.Alphabet{Most: 64}

// beginCall begins a call. call keeps what its item is to say at its end too.
func (e *encoder) beginCall(dst []byte, ev *llm.Event) []byte {
	e.begun, e.spoke = true, true
	name, space := ev.Name, llm.Literal(nil)
	t := e.tool(name)
	if t != nil && t.Space != nil {
		name, space = t.Short, t.Space
	}
	e.plain = t != nil && t.Plain
	prefix, kind := "fc_", "function_call"
	event := "response.function_call_arguments.delta"
	if e.plain {
		prefix, kind, event = "ctc_", "custom_tool_call", "response.custom_tool_call_input.delta"
	}
	dst = e.beginItem(dst, prefix)
	e.call = append(append(append(e.call[:0], `,"type":"`...), kind...), `","call_id":`...)
	switch {
	case ev.ID.Empty():
		e.call = append(append(append(e.call, `"call_`...), e.ID...), '_')
		e.call = append(appendInt(e.call, e.items-1), '"')
	case len(ev.ID.Inner()) > callIDs.Most:
		e.call = append(e.call, callIDs.Legal(ev.ID)...)
	default:
		e.call = append(e.call, ev.ID...)
	}
	if space != nil {
		e.call = append(append(e.call, `,"namespace":`...), space...)
	}
	e.call = append(append(e.call, `,"name":`...), name...)
	dst = append(dst, e.call...)
	if e.plain {
		dst = append(dst, `,"input":""}`...)
	} else {
		dst = append(dst, `,"status":"in_progress","arguments":""}`...)
	}
	e.lead = append(e.place(begin(e.lead[:0], event)), `,"delta":`...)
	return e.end(dst)
}

// endCall ends a call. Arguments of which none came are an object.
func (e *encoder) endCall(dst []byte) []byte {
	if len(e.piece) == 1 && !e.plain {
		dst = e.delta(dst, &llm.Event{Text: llm.Literal(`"{}"`)})
	}
	text := e.text()
	var from int
	if e.plain {
		dst = append(e.place(begin(dst, "response.custom_tool_call_input.done")), `,"input":`...)
		dst = e.end(append(dst, text...))
		from = e.item()
		e.output = append(append(e.output, e.call...), `,"input":`...)
	} else {
		dst = append(e.place(begin(dst, "response.function_call_arguments.done")), `,"arguments":`...)
		dst = e.end(append(dst, text...))
		from = e.item()
		e.output = append(append(e.output, e.call...), `,"status":"completed","arguments":`...)
	}
	e.output = append(append(e.output, text...), '}')
	return e.endItem(dst, from)
}

// beginImage begins an image. To this protocol it is what a hosted tool made
// (https://platform.openai.com/docs/guides/tools-image-generation).
func (e *encoder) beginImage(dst []byte) []byte {
	e.begun, e.spoke = true, true
	dst = append(e.beginItem(dst, "ig_"), `,"type":"image_generation_call","status":"in_progress","result":null}`...)
	dst = e.end(dst)
	dst = e.end(e.place(begin(dst, "response.image_generation_call.in_progress")))
	return e.end(e.place(begin(dst, "response.image_generation_call.generating")))
}

func (e *encoder) endImage(dst []byte) []byte {
	dst = e.end(e.place(begin(dst, "response.image_generation_call.completed")))
	from := e.item()
	e.output = append(append(e.output, `,"type":"image_generation_call","status":"completed","result":`...), e.text()...)
	e.output = append(e.output, '}')
	return e.endItem(dst, from)
}

// appendCitations writes the citations of the open part: as events, and into
// parts. The protocol has a form for those that have a URL
// (https://platform.openai.com/docs/guides/tools-web-search); one of which is
// not said which text it is for is for that of the part.
func (e *encoder) appendCitations(dst []byte, length int64) []byte {
	n := 0
	for i := range e.cites {
		c := &e.cites[i]
		if n > 0 {
			e.parts = append(e.parts, ',')
		}
		first, last := int64(0), length
		if c.From.Known && c.To.Known {
			first = min(max(c.From.N-e.chars, 0), length)
			last = min(max(c.To.N-e.chars, first), length)
		}
		from := len(e.parts)
		e.parts = append(e.parts, `{"type":"url_citation","start_index":`...)
		e.parts = strconv.AppendInt(e.parts, first, 10)
		e.parts = append(e.parts, `,"end_index":`...)
		e.parts = strconv.AppendInt(e.parts, last, 10)
		e.parts = append(append(e.parts, `,"url":`...), c.URL...)
		e.parts = append(e.parts, `,"title":`...)
		if c.Title == nil {
			e.parts = append(e.parts, `""`...)
		}
		e.parts = append(append(e.parts, c.Title...), '}')
		dst = append(e.partPlace(begin(dst, "response.output_text.annotation.added")), `,"annotation_index":`...)
		dst = append(appendInt(dst, n), `,"annotation":`...)
		dst = e.end(append(dst, e.parts[from:]...))
		n++
	}
	e.cites = e.cites[:0]
	e.chars += length
	return dst
}

// appendLogprobs appends the tokens of a delta, and notes them for the end. The
// bytes of a token, which an item has to list, are known of none.
func (e *encoder) appendLogprobs(dst []byte, tokens []llm.TokenLogprob) []byte {
	const empty = `,"bytes":[]`
	for i := range tokens {
		t := &tokens[i]
		if len(e.fullprobs) > 0 {
			e.logprobs, e.fullprobs = append(e.logprobs, ','), append(e.fullprobs, ',')
		}
		if i > 0 {
			dst = append(dst, ',')
		}
		from := len(e.logprobs)
		e.logprobs = append(appendToken(e.logprobs, t), `,"top_logprobs":[`...)
		e.fullprobs = append(appendToken(e.fullprobs, t), empty+`,"top_logprobs":[`...)
		for j := range t.Top {
			if j > 0 {
				e.logprobs, e.fullprobs = append(e.logprobs, ','), append(e.fullprobs, ',')
			}
			e.logprobs = append(appendToken(e.logprobs, &t.Top[j]), '}')
			e.fullprobs = append(appendToken(e.fullprobs, &t.Top[j]), empty+`}`...)
		}
		e.logprobs, e.fullprobs = append(e.logprobs, "]}"...), append(e.fullprobs, "]}"...)
		dst = append(dst, e.logprobs[from:]...)
	}
	return dst
}

func appendToken(dst []byte, t *llm.TokenLogprob) []byte {
	dst = append(append(dst, `{"token":`...), t.Token...)
	return append(append(dst, `,"logprob":`...), t.Logprob...)
}

func appendInt(dst []byte, n int) []byte { return strconv.AppendInt(dst, int64(n), 10) }
