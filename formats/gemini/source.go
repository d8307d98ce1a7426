package gemini

import (
	"github.com/aiclient2api/caddy-aiclient2api/formats"
	"github.com/aiclient2api/caddy-aiclient2api/llm"
)

// This file reads what an answer says of its own text: its sources, and how
// probable its tokens were.

// grounded reads where the text comes from, if Google searched for it
// (https://ai.google.dev/gemini-api/docs/google-search#grounded_response).
// Supports are pieces of the text, each with the chunks that it rests on.
func (d *decoder) grounded(dst []llm.Event, n int, c *choice, object []byte) []llm.Event {
	var chunks, supports []byte
	m := formats.MembersOf(object)
	for m.Next() {
		switch string(m.Key) {
		case "groundingChunks":
			chunks = m.Value()
		case "groundingSupports":
			supports = m.Value()
		}
	}
	sources := readSources(chunks)
	if len(sources) == 0 {
		return dst
	}
	before := len(dst)
	e := formats.ElementsOf(supports)
	for supports != nil && e.Next() {
		var cite llm.Citation
		var indices []byte
		m := formats.MembersOf(e.Value())
		for m.Next() {
			switch string(m.Key) {
			case "segment":
				c.segment(&cite, m.Value())
			case "groundingChunkIndices":
				indices = m.Value()
			}
		}
		i := formats.ElementsOf(indices)
		for indices != nil && i.Next() {
			if at, ok := formats.Int(i.Value()); ok && at >= 0 && at < int64(len(sources)) {
				cite := cite
				cite.URL, cite.Title = sources[at].URL, sources[at].Title
				dst = d.cite(dst, n, c, cite)
			}
		}
	}
	if len(dst) == before {
		return d.lose(dst, citations, "citations")
	}
	return dst
}

// readSources reads the chunks that supports point to: pages of the web,
// documents of the client's own or places.
func readSources(chunks []byte) (list []llm.Citation) {
	e := formats.ElementsOf(chunks)
	for chunks != nil && len(list) < maxCites && e.Next() {
		var source llm.Citation
		m := formats.MembersOf(e.Value())
		for m.Next() {
			switch string(m.Key) {
			case "web", "retrievedContext", "maps":
				in := formats.MembersOf(m.Value())
				for in.Next() {
					switch string(in.Key) {
					case "uri":
						source.URL = formats.AsLiteral(in.Value())
					case "title":
						source.Title = formats.AsLiteral(in.Value())
					}
				}
			}
		}
		list = append(list, source)
	}
	return list
}

// segment reads the piece of the text that a source is for. Its first border
// is left out where it is 0.
func (c *choice) segment(cite *llm.Citation, object []byte) {
	from, part := llm.Tokens(0), llm.Tokens(0)
	var to llm.Count
	m := formats.MembersOf(object)
	for m.Next() {
		switch string(m.Key) {
		case "startIndex":
			from = formats.AsCount(m.Value())
		case "endIndex":
			to = formats.AsCount(m.Value())
		case "partIndex":
			part = formats.AsCount(m.Value())
		case "text":
			cite.Quote = formats.AsLiteral(m.Value())
		}
	}
	c.border(cite, from, to, part.N == 0)
}

// border sets the borders of a citation if they can be known: Google counts
// the bytes of a part.
func (c *choice) border(cite *llm.Citation, from, to llm.Count, known bool) {
	if known && c.texts == 1 && !c.wide && from.Known && to.Known && from.N <= to.N {
		cite.From, cite.To = from, to
	}
}

// cited reads where a text was quoted from, as the model noticed itself
// (https://ai.google.dev/api/generate-content#citationmetadata; Vertex calls
// the list citations).
func (d *decoder) cited(dst []llm.Event, n int, c *choice, object []byte) []llm.Event {
	m := formats.MembersOf(object)
	for m.Next() {
		if !m.Is("citationSources") && !m.Is("citations") || formats.IsNull(m.Value()) {
			continue
		}
		e := formats.ElementsOf(m.Value())
		for e.Next() {
			var cite llm.Citation
			from := llm.Tokens(0)
			var to llm.Count
			m := formats.MembersOf(e.Value())
			for m.Next() {
				switch string(m.Key) {
				case "uri":
					cite.URL = formats.AsLiteral(m.Value())
				case "title":
					cite.Title = formats.AsLiteral(m.Value())
				case "startIndex":
					from = formats.AsCount(m.Value())
				case "endIndex":
					to = formats.AsCount(m.Value())
				}
			}
			c.border(&cite, from, to, true)
			dst = d.cite(dst, n, c, cite)
		}
	}
	return dst
}

// cite adds a citation to the text that is open.
func (d *decoder) cite(dst []llm.Event, n int, c *choice, cite llm.Citation) []llm.Event {
	if cite.URL.Empty() || c.block != text || d.cites == maxCites {
		return d.lose(dst, citations, "citations")
	}
	d.cites++
	return append(dst, llm.Event{Step: llm.Cite, Choice: n, Citation: &cite})
}

// probable reads the probabilities of tokens
// (https://ai.google.dev/api/generate-content#logprobsresult) and gives them
// to the last text of the same chunk.
func (d *decoder) probable(dst []llm.Event, from int, c *choice, object []byte) []llm.Event {
	var chosen, top []byte
	m := formats.MembersOf(object)
	for m.Next() {
		switch string(m.Key) {
		case "chosenCandidates":
			chosen = m.Value()
		case "topCandidates":
			top = m.Value()
		}
	}
	if chosen == nil || formats.IsNull(chosen) {
		return dst
	}
	tokens := readTokens(chosen)
	e := formats.ElementsOf(top)
	for i := 0; top != nil && i < len(tokens) && e.Next(); i++ {
		m := formats.MembersOf(e.Value())
		for m.Next() {
			if m.Is("candidates") {
				tokens[i].Top = readTokens(m.Value())
			}
		}
	}
	if len(tokens) == 0 {
		return dst
	}
	for i := len(dst) - 1; i >= from && c.block == text && dst[i].Step != llm.Open; i-- {
		if dst[i].Step == llm.Delta {
			dst[i].Logprobs = tokens
			return dst
		}
	}
	return d.lose(dst, logprobs, "logprobs")
}

// readTokens reads a list of tokens. One that is no text or has no number is
// passed over.
func readTokens(list []byte) (tokens []llm.TokenLogprob) {
	e := formats.ElementsOf(list)
	for e.Next() && len(tokens) < maxParts {
		var t llm.TokenLogprob
		m := formats.MembersOf(e.Value())
		for m.Next() {
			switch string(m.Key) {
			case "token":
				t.Token = formats.AsLiteral(m.Value())
			case "logProbability":
				t.Logprob = formats.AsNumber(m.Value())
			}
		}
		if t.Token != nil && t.Logprob != nil {
			tokens = append(tokens, t)
		}
	}
	return tokens
}
