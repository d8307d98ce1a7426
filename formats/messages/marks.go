package messages

import (
	"github.com/tidwall/gjson"

	"github.com/aiclient2api/caddy-aiclient2api/llm"
)

// maxMarks is how many blocks of a request may bear cache_control
// (https://docs.claude.com/en/docs/build-with-claude/prompt-caching).
const maxMarks = 4

// marks are how many marks of the prompt cache, from the first on, have to be
// left out of each part of the request.
type marks struct{ tools, system, turns int }

// countMarks decides which marks are left out if there are too many: of the
// turns' the first, then of the tools' and the instructions'. The latter change
// least, and the last of the turns covers what the others do.
func (e *encoder) countMarks() {
	var n marks
	count := func(n *int, mark llm.Value) {
		if cacheControl(mark) != "" {
			*n++
		}
	}
	for _, t := range e.tools {
		count(&n.tools, t.Cache)
	}
	for _, p := range e.system {
		count(&n.system, p.Cache)
	}
	for _, t := range e.turns {
		for _, p := range t.Parts {
			count(&n.turns, markOf(p))
		}
	}
	over := max(n.tools+n.system+n.turns-maxMarks, 0)
	e.marks.turns = min(over, n.turns)
	over -= e.marks.turns
	e.marks.tools = min(over, n.tools)
	e.marks.system = over - e.marks.tools
}

// markOf returns the mark of a part of a turn. A mark inside a result covers as
// much as one on the result. Thoughts bear none.
func markOf(p llm.Part) llm.Value {
	if p.Kind == llm.Thought || p.Kind == llm.Sealed {
		return nil
	}
	mark := p.Cache
	for _, inner := range p.Content {
		if mark == nil {
			mark = inner.Cache
		}
	}
	return mark
}

// appendMark appends a mark, unless it is one of the first, which skip counts.
func (e *encoder) appendMark(dst []byte, mark llm.Value, skip *int) []byte {
	control := cacheControl(mark)
	switch {
	case control == "":
		e.loseIf(len(mark) > 0 && string(mark) != "null", "cache_control")
		return dst
	case *skip > 0:
		*skip--
		e.Lose("cache_control")
		return dst
	}
	return append(append(dst, `,"cache_control":`...), control...)
}

// cacheControl returns a client's mark as Anthropic takes it, "" if it is none.
func cacheControl(mark llm.Value) string {
	if len(mark) == 0 {
		return ""
	}
	v := gjson.ParseBytes(mark)
	if !v.IsObject() || v.Get("type").Str != "ephemeral" {
		return ""
	}
	switch v.Get("ttl").Str {
	case "1h":
		return `{"type":"ephemeral","ttl":"1h"}`
	case "5m":
		return `{"type":"ephemeral","ttl":"5m"}`
	}
	return `{"type":"ephemeral"}`
}
