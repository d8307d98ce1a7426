package messages

import (
	"bytes"

	"github.com/aiclient2api/caddy-aiclient2api/formats"
	"github.com/aiclient2api/caddy-aiclient2api/llm"
)

// counts are the numbers of a usage object as Anthropic counts: input_tokens
// leaves out what was read from a prompt cache or written to one
// (https://docs.claude.com/en/docs/build-with-claude/prompt-caching#tracking-cache-performance).
type counts struct {
	input, read, written, output, thinking llm.Count
}

// merge takes the members of a usage object, after which anything may stand.
// They replace what was known before: those of the stream's end are cumulative.
// Null, and what is not there, changes nothing.
func (c *counts) merge(object []byte) {
	m := formats.MembersOf(object)
	for m.Next() && m.End < len(object) { // a number at the very end may be cut off
		switch string(m.Key) {
		case "input_tokens":
			override(&c.input, m.Value())
		case "cache_read_input_tokens":
			override(&c.read, m.Value())
		case "cache_creation_input_tokens":
			override(&c.written, m.Value())
		case "output_tokens":
			override(&c.output, m.Value())
		case "output_tokens_details":
			for d := formats.MembersOf(m.Value()); d.Next(); {
				if string(d.Key) == "thinking_tokens" {
					override(&c.thinking, d.Value())
				}
			}
		}
	}
}

func override(c *llm.Count, value []byte) {
	if n := formats.AsCount(value); n.Known {
		*c = n
	}
}

// usage returns the numbers in neutral terms.
func (c *counts) usage() llm.Usage {
	u := llm.Usage{Output: c.output, Cached: c.read, Written: c.written, Reasoning: c.thinking}
	if c.input.Known {
		u.Input = llm.Tokens(c.input.N + c.read.N + c.written.N)
	}
	return u
}

// Usage reads the usage from the last bytes of a stream: that of message_delta,
// and of message_start if the stream was so short that it is among them.
func (Upstream) Usage(tail []byte) llm.Usage {
	const name = `"usage"`
	var c counts
	for {
		at := bytes.Index(tail, []byte(name))
		if at < 0 {
			return c.usage()
		}
		tail = tail[at+len(name):]
		if v := bytes.TrimLeft(tail, " \t:"); len(v) > 0 && v[0] == '{' {
			c.merge(v)
		}
	}
}
