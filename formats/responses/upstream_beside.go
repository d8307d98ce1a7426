package responses

import (
	"github.com/aiclient2api/caddy-aiclient2api/formats"
	"github.com/aiclient2api/caddy-aiclient2api/llm"
)

// cite reads an annotation: a source of the text that the i-th item says
// (https://platform.openai.com/docs/guides/tools-web-search#output-and-citations).
// One without an address is lost. here is whether its borders are those of the
// open block.
func (d *reader) cite(i int, v []byte, here bool) {
	cite := new(llm.Citation)
	for m := formats.MembersOf(v); m.Next(); {
		switch v := m.Value(); string(m.Key) {
		case "url":
			cite.URL = d.literal(v)
		case "title":
			cite.Title = d.literal(v)
		case "start_index":
			cite.From = formats.AsCount(v)
		case "end_index":
			cite.To = formats.AsCount(v)
		}
	}
	if !here {
		cite.From, cite.To = llm.Count{}, llm.Count{}
	}
	s := &d.speakers[i]
	switch {
	case d.failed:
	case cite.URL.Empty() || s.open && s.kind != llm.Text:
		d.lose(lostCitations, "citations")
	default:
		if !s.open {
			d.open(i, llm.Event{Kind: llm.Text})
		}
		s.cited = true
		d.put(i, llm.Event{Step: llm.Cite, Citation: cite})
	}
}

// logprobs reads how probable the tokens of a text were
// (https://platform.openai.com/docs/api-reference/responses-streaming/response/output_text/delta).
func logprobs(list []byte) []llm.TokenLogprob {
	if len(list) <= len("[]") || list[0] != '[' {
		return nil
	}
	return tokensOf(list, true)
}

// tokensOf reads a list of tokens, each with its alternatives.
func tokensOf(list []byte, top bool) (tokens []llm.TokenLogprob) {
	for e := formats.ElementsOf(list); e.Next(); {
		var t llm.TokenLogprob
		for m := formats.MembersOf(e.Value()); m.Next(); {
			switch v := m.Value(); string(m.Key) {
			case "token":
				t.Token = formats.AsLiteral(v)
			case "logprob":
				t.Logprob = formats.AsNumber(v)
			case "top_logprobs":
				if top && v[0] == '[' {
					t.Top = tokensOf(v, false)
				}
			}
		}
		if t.Token != nil && t.Logprob != nil {
			tokens = append(tokens, t)
		}
	}
	return tokens
}
