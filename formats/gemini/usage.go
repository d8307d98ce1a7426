package gemini

import (
	"github.com/aiclient2api/caddy-aiclient2api/formats"
	"github.com/aiclient2api/caddy-aiclient2api/llm"
)

// counts are the numbers of usageMetadata
// (https://ai.google.dev/api/generate-content#UsageMetadata). Every chunk of a
// stream has some, and not all of them.
type counts struct {
	prompt, tools, candidates, thoughts, cached llm.Count

	// whole is whether an object with any of them was read to its end. Google's
	// JSON leaves out what is zero.
	whole bool
}

// merge takes the numbers of one more object, after which anything may stand.
func (c *counts) merge(object []byte) {
	found := false
	m := formats.MembersOf(object)
	for m.Next() {
		var to *llm.Count
		switch string(m.Key) {
		case "promptTokenCount":
			to = &c.prompt
		case "toolUsePromptTokenCount":
			to = &c.tools
		case "candidatesTokenCount":
			to = &c.candidates
		case "thoughtsTokenCount":
			to = &c.thoughts
		case "cachedContentTokenCount":
			to = &c.cached
		default:
			continue
		}
		if n := formats.AsCount(m.Value()); n.Known {
			*to = n
			found = true
		}
	}
	c.whole = c.whole || found && m.Ended()
}

// usage returns the numbers in neutral terms: what tools of Google's added to
// the prompt is part of the input, thoughts are part of the output.
func (c *counts) usage() llm.Usage {
	input, output := sum(c.prompt, c.tools), sum(c.candidates, c.thoughts)
	input.Known = input.Known || c.whole
	output.Known = output.Known || c.whole
	return llm.Usage{
		Input:     input,
		Output:    output,
		Cached:    c.cached,
		Reasoning: c.thoughts,
	}
}

// sum adds what is known.
func sum(a, b llm.Count) llm.Count {
	return llm.Count{N: a.N + b.N, Known: a.Known || b.Known}
}

// Usage finds the last usage object in the last bytes of a stream.
func (Upstream) Usage(tail []byte) llm.Usage {
	var c counts
	if v := formats.LastObject(tail, `"usageMetadata"`); v != nil {
		c.merge(v)
	}
	return c.usage()
}
