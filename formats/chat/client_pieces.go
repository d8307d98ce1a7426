package chat

import (
	"bytes"
	"slices"
	"strconv"

	"github.com/aiclient2api/caddy-aiclient2api/formats"
	"github.com/aiclient2api/caddy-aiclient2api/llm"
)

// The pieces that a chunk and a body have in common.

// reason returns OpenAI's word.
func (e *encoder) reason(r llm.Reason) string {
	switch r {
	case llm.Length:
		return "length"
	case llm.Calls:
		if e.Request.Legacy {
			return "function_call"
		}
		return "tool_calls"
	case llm.Filtered:
		return "content_filter"
	default:
		return "stop"
	}
}

// isThought reports whether a block is reasoning.
func isThought(k llm.Kind) bool { return k == llm.Thought || k == llm.Sealed }

// isPlain reports whether a tool of that name takes a plain text.
func (e *encoder) isPlain(name llm.Literal) bool {
	return slices.ContainsFunc(e.Request.Tools, func(t llm.Tool) bool {
		return t.Plain && string(t.Name) == string(name)
	})
}

// appendCall appends the member that opens the call with that index.
func (e *encoder) appendCall(dst []byte, index int, ev *llm.Event, plain bool) []byte {
	if e.Request.Legacy {
		dst = append(append(dst, `"function_call":{"name":`...), ev.Name...)
		return append(dst, `,"arguments":""}`...)
	}
	dst = append(dst, `"tool_calls":[{"index":`...)
	dst = strconv.AppendInt(dst, int64(index), 10)
	dst = append(append(dst, `,"id":`...), ev.ID...)
	if plain {
		dst = append(append(dst, `,"type":"custom","custom":{"name":`...), ev.Name...)
		dst = append(dst, `,"input":""}`...)
	} else {
		dst = append(append(dst, `,"type":"function","function":{"name":`...), ev.Name...)
		dst = append(dst, `,"arguments":""}`...)
	}
	if ev.Origin == llm.Google && !ev.Signature.Empty() {
		dst = appendExtra(append(dst, ','), ev.Signature)
	}
	return append(dst, "}]"...)
}

// appendArguments appends the member that adds to the call with that index.
func (e *encoder) appendArguments(dst []byte, index int, text llm.Literal, plain bool) []byte {
	if e.Request.Legacy {
		dst = append(append(dst, `"function_call":{"arguments":`...), text...)
		return append(dst, '}')
	}
	dst = append(dst, `"tool_calls":[{"index":`...)
	dst = strconv.AppendInt(dst, int64(index), 10)
	if plain {
		dst = append(dst, `,"custom":{"input":`...)
	} else {
		dst = append(dst, `,"function":{"arguments":`...)
	}
	dst = append(dst, text...)
	return append(dst, "}}]"...)
}

// appendExtra appends Google's signature of a call or a message.
func appendExtra(dst []byte, signature llm.Literal) []byte {
	dst = append(dst, `"extra_content":{"google":{"thought_signature":`...)
	dst = append(dst, signature...)
	return append(dst, "}}"...)
}

// position is where a block of reasoning stands in an answer: behind how many calls
// and characters of the text. It is the id of the block's first piece, but for
// one at the beginning, and comes back with it, because the message that a client
// keeps has no order.
type position struct {
	calls int
	chars int64
}

const positionTag = "at-"

func (p position) append(dst []byte) []byte {
	dst = strconv.AppendInt(append(dst, positionTag...), int64(p.calls), 10)
	return strconv.AppendInt(append(dst, '-'), p.chars, 10)
}

// positionOf reads a position; ok is false for an id of somebody else's.
func positionOf(id llm.Literal) (p position, ok bool) {
	rest, ok := bytes.CutPrefix(id.Inner(), []byte(positionTag))
	if !ok {
		return p, false
	}
	calls, chars, ok := bytes.Cut(rest, []byte{'-'})
	n, okN := formats.Int(calls)
	p.calls = int(n)
	p.chars, _ = formats.Int(chars)
	return p, ok && okN
}

// appendPiece appends a further piece of a thought, the last one with the
// signature. What the first piece has said is not repeated: there are clients
// that join all texts of an index.
func appendPiece(dst, text []byte, signature llm.Literal, index int) []byte {
	dst = append(append(dst, `{"type":"reasoning.text","text":"`...), text...)
	dst = append(dst, '"')
	if signature != nil {
		dst = append(append(dst, `,"signature":`...), signature...)
	}
	dst = append(dst, `,"index":`...)
	dst = strconv.AppendInt(dst, int64(index), 10)
	return append(dst, '}')
}

// appendDetail appends an element of reasoning_details: a thought, or its first
// piece, or sealed data.
func appendDetail(dst []byte, kind llm.Kind, text []byte, signature llm.Literal, origin llm.Origin, index int, at position) []byte {
	if kind == llm.Sealed {
		dst = append(append(dst, `{"type":"reasoning.encrypted","data":`...), signature...)
	} else {
		dst = append(append(dst, `{"type":"reasoning.text","text":"`...), text...)
		dst = append(dst, '"')
		if signature != nil {
			dst = append(append(dst, `,"signature":`...), signature...)
		}
	}
	dst = append(dst, `,"format":`...)
	dst = formats.AppendString(dst, string(origin))
	if at != (position{}) {
		dst = append(at.append(append(dst, `,"id":"`...)), '"')
	}
	dst = append(dst, `,"index":`...)
	dst = strconv.AppendInt(dst, int64(index), 10)
	return append(dst, '}')
}

// appendCitation appends an annotation, if there is a URL to be named: the
// protocol has no other (https://platform.openai.com/docs/guides/tools-web-search).
// Where the provider does not say which text it is for, it is that of the block.
func appendCitation(dst []byte, c *llm.Citation, from, to int64, n int) ([]byte, int) {
	if c.URL.Empty() {
		return dst, n
	}
	if c.From.Known && c.To.Known {
		from, to = c.From.N, c.To.N
	}
	if n > 0 {
		dst = append(dst, ',')
	}
	dst = append(dst, `{"type":"url_citation","url_citation":{"start_index":`...)
	dst = strconv.AppendInt(dst, from, 10)
	dst = append(dst, `,"end_index":`...)
	dst = strconv.AppendInt(dst, to, 10)
	dst = append(append(dst, `,"url":`...), c.URL...)
	dst = append(dst, `,"title":`...)
	if c.Title == nil {
		dst = append(dst, `""`...)
	}
	dst = append(dst, c.Title...)
	return append(dst, "}}"...), n + 1
}

// appendLogprobs appends the tokens of a text.
func appendLogprobs(dst []byte, tokens []llm.TokenLogprob) []byte {
	dst = append(dst, `{"content":[`...)
	for i := range tokens {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendToken(dst, &tokens[i])
		dst = append(dst, `,"top_logprobs":[`...)
		for j := range tokens[i].Top {
			if j > 0 {
				dst = append(dst, ',')
			}
			dst = append(appendToken(dst, &tokens[i].Top[j]), '}')
		}
		dst = append(dst, "]}"...)
	}
	return append(dst, `],"refusal":null}`...)
}

func appendToken(dst []byte, t *llm.TokenLogprob) []byte {
	dst = append(append(dst, `{"token":`...), t.Token...)
	dst = append(append(dst, `,"logprob":`...), t.Logprob...)
	return append(dst, `,"bytes":null`...)
}

// isWhole reports whether a usage can be written: the protocol wants both
// numbers, and neither is made up.
func isWhole(u llm.Usage) bool { return u.Input.Known && u.Output.Known }

// appendUsage appends a usage object. In OpenAI's terms the prompt covers what
// was cached and the completion covers the reasoning, as in ours.
func appendUsage(dst []byte, u llm.Usage) []byte {
	dst = append(dst, `{"prompt_tokens":`...)
	dst = strconv.AppendInt(dst, u.Input.N, 10)
	dst = append(dst, `,"completion_tokens":`...)
	dst = strconv.AppendInt(dst, u.Output.N, 10)
	dst = append(dst, `,"total_tokens":`...)
	dst = strconv.AppendInt(dst, u.Input.N+u.Output.N, 10)
	if u.Cached.Known || u.Written.Known {
		dst = append(dst, `,"prompt_tokens_details":{`...)
		if u.Cached.Known {
			dst = append(dst, `"cached_tokens":`...)
			dst = strconv.AppendInt(dst, u.Cached.N, 10)
		}
		if u.Written.Known && u.Written.N > 0 {
			if u.Cached.Known {
				dst = append(dst, ',')
			}
			dst = append(dst, `"cache_write_tokens":`...)
			dst = strconv.AppendInt(dst, u.Written.N, 10)
		}
		dst = append(dst, '}')
	}
	if u.Reasoning.Known {
		dst = append(dst, `,"completion_tokens_details":{"reasoning_tokens":`...)
		dst = strconv.AppendInt(dst, u.Reasoning.N, 10)
		dst = append(dst, '}')
	}
	return append(dst, '}')
}

func appendInt(dst []byte, n int) []byte { return strconv.AppendInt(dst, int64(n), 10) }
