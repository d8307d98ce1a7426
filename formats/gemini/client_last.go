package gemini

import (
	"bytes"
	"slices"
	"strconv"

	"github.com/aiclient2api/caddy-aiclient2api/llm"
)

// This file writes what is said at the end of an answer.

// appendLast appends an alternative with what is held of it and its finish.
func (c *candidateState) appendLast(dst []byte, index int) []byte {
	if len(c.pending) > 0 {
		c.deposit()
	}
	c.finishText(nil)
	dst = append(dst, `{"content":{"parts":[`...)
	if len(c.held) == 0 {
		dst = append(dst, `{"text":""}`...)
	}
	dst = append(dst, c.held...)
	dst = append(dst, `],"role":"model"},"finishReason":"`...)
	dst = append(append(dst, reasonOf(c.finish)...), '"')
	if c.finish != llm.Stopped && c.finish != llm.Calls && !c.message.Empty() {
		dst = append(append(dst, `,"finishMessage":`...), c.message...)
	}
	if len(c.tokens) > 0 {
		dst = appendTokens(dst, c.tokens)
	}
	dst = c.sources.append(dst)
	dst = append(dst, `,"index":`...)
	dst = strconv.AppendInt(dst, int64(index), 10)
	return append(dst, '}')
}

// reasonOf returns Google's word. It has none for an answer that waits for
// results.
func reasonOf(r llm.Reason) string {
	switch r {
	case llm.Length:
		return "MAX_TOKENS"
	case llm.Filtered:
		return "SAFETY"
	default:
		return "STOP"
	}
}

// appendUsage appends the usage: reasoning stands beside the candidates'
// tokens.
func appendUsage(dst []byte, u llm.Usage) []byte {
	dst = append(dst, `,"usageMetadata":{`...)
	count := func(name string, n int64) {
		if dst[len(dst)-1] != '{' {
			dst = append(dst, ',')
		}
		dst = append(append(append(dst, '"'), name...), `":`...)
		dst = strconv.AppendInt(dst, n, 10)
	}
	if u.Input.Known {
		count("promptTokenCount", u.Input.N)
	}
	if u.Cached.Known && u.Cached.N > 0 {
		count("cachedContentTokenCount", u.Cached.N)
	}
	if u.Output.Known {
		thoughts := min(u.Reasoning.N, u.Output.N)
		count("candidatesTokenCount", u.Output.N-thoughts)
		if thoughts > 0 {
			count("thoughtsTokenCount", thoughts)
		}
	}
	if u.Input.Known && u.Output.Known {
		count("totalTokenCount", u.Input.N+u.Output.N)
	}
	return append(dst, '}')
}

// appendTokens appends how probable tokens were
// (https://ai.google.dev/api/generate-content#logprobsresult).
func appendTokens(dst []byte, tokens []llm.TokenLogprob) []byte {
	token := func(t *llm.TokenLogprob) {
		dst = append(append(dst, `{"token":`...), t.Token...)
		dst = append(append(dst, `,"logProbability":`...), t.Logprob...)
		dst = append(dst, '}')
	}
	dst = append(dst, `,"logprobsResult":{"chosenCandidates":[`...)
	top := false
	for i := range tokens {
		if i > 0 {
			dst = append(dst, ',')
		}
		token(&tokens[i])
		top = top || len(tokens[i].Top) > 0
	}
	if top {
		dst = append(dst, `],"topCandidates":[`...)
		for i := range tokens {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = append(dst, `{"candidates":[`...)
			for j := range tokens[i].Top {
				if j > 0 {
					dst = append(dst, ',')
				}
				token(&tokens[i].Top[j])
			}
			dst = append(dst, "]}"...)
		}
	}
	return append(dst, "]}"...)
}

// sources are where the texts of an answer come from.
type sources struct {
	list []llm.Citation // copies
	open int            // those from here on are for the block that is open
}

// add takes a citation. It returns false for one that has no place.
func (s *sources) add(cite *llm.Citation) bool {
	if len(s.list) >= maxCites || cite.URL.Empty() && cite.Title.Empty() {
		return false
	}
	copied := llm.Citation{URL: slices.Clone(cite.URL), Title: slices.Clone(cite.Title), From: cite.From, To: cite.To}
	if cite.URL.Empty() {
		copied.Quote = slices.Clone(cite.Quote)
	}
	s.list = append(s.list, copied)
	return true
}

// close takes the borders of the block that ended, in bytes. They are those of
// its citations where the provider does not say them, or says them in
// characters that are not all ASCII: Google counts bytes.
func (s *sources) close(from, to int64, ascii bool) {
	for i := s.open; i < len(s.list); i++ {
		if c := &s.list[i]; !ascii || !c.From.Known || !c.To.Known {
			c.From, c.To = llm.Tokens(from), llm.Tokens(to)
		}
	}
	s.open = len(s.list)
}

// append appends the grounding: the sources, each once, and which piece of the
// text rests on which (https://ai.google.dev/api/generate-content#GroundingMetadata).
func (s *sources) append(dst []byte) []byte {
	if len(s.list) == 0 {
		return dst
	}
	dst = append(dst, `,"groundingMetadata":{"groundingChunks":[`...)
	places := make([]int, len(s.list))
	known := make(map[string]int, len(s.list))
	for i, c := range s.list {
		key := string(bytes.Join([][]byte{c.URL, c.Title, c.Quote}, []byte{' '}))
		at, ok := known[key]
		if !ok {
			if at = len(known); at > 0 {
				dst = append(dst, ',')
			}
			known[key] = at
			dst = appendSource(dst, &c)
		}
		places[i] = at
	}
	dst = append(dst, `],"groundingSupports":[`...)
	for i, c := range s.list {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, `{"segment":{`...)
		if c.From.Known && c.To.Known {
			dst = append(dst, `"startIndex":`...)
			dst = strconv.AppendInt(dst, c.From.N, 10)
			dst = append(dst, `,"endIndex":`...)
			dst = strconv.AppendInt(dst, c.To.N, 10)
		}
		dst = append(dst, `},"groundingChunkIndices":[`...)
		dst = strconv.AppendInt(dst, int64(places[i]), 10)
		dst = append(dst, "]}"...)
	}
	return append(dst, "]}"...)
}

// appendSource appends a page of the web, or a document of the client's own.
func appendSource(dst []byte, c *llm.Citation) []byte {
	member := func(name string, l llm.Literal) {
		if l == nil {
			return
		}
		if dst[len(dst)-1] != '{' {
			dst = append(dst, ',')
		}
		dst = append(append(append(dst, '"'), name...), `":`...)
		dst = append(dst, l...)
	}
	if !c.URL.Empty() {
		dst = append(dst, `{"web":{`...)
		member("uri", c.URL)
	} else {
		dst = append(dst, `{"retrievedContext":{`...)
	}
	member("title", c.Title)
	member("text", c.Quote)
	return append(dst, "}}"...)
}
