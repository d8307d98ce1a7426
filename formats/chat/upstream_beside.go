package chat

import (
	"bytes"

	"github.com/aiclient2api/caddy-aiclient2api/formats"
	"github.com/aiclient2api/caddy-aiclient2api/llm"
)

// beside reads what may stand beside a text: sources, images, a voice, and
// what tools of the provider's own did.
func (d *reader) beside(n int, c *alternative, s *said) {
	if s.audio != nil {
		d.voice(n, c, s.audio)
	}
	if !isEmptyList(s.hosted) {
		d.lose(lostHosted, "hosted tools")
	}
	if s.images != nil {
		for e := formats.ElementsOf(s.images); d.next(&e); {
			d.image(n, c, e.Value())
		}
	}
	if s.annotations != nil {
		for e := formats.ElementsOf(s.annotations); d.next(&e); {
			d.cite(n, c, e.Value())
		}
	}
}

// voice reads what the model said aloud, of which the words are kept
// (https://platform.openai.com/docs/guides/audio).
func (d *reader) voice(n int, c *alternative, v []byte) {
	for m := formats.MembersOf(v); m.Next(); {
		text := d.literal(m.Value())
		switch {
		case text.Empty(): // or a shell
		case string(m.Key) == "transcript":
			d.talk(n, c, text, nil)
		case string(m.Key) == "data":
			d.lose(lostAudio, "audio output")
		}
	}
}

// image reads an image whose URL holds its data; so does OpenRouter
// (https://openrouter.ai/docs/features/multimodal/image-generation).
func (d *reader) image(n int, c *alternative, v []byte) {
	inner := formats.Member(v, "image_url")
	link := d.literal(inner)
	if link == nil {
		link = d.literal(formats.Member(inner, "url"))
	}
	head, data, ok := bytes.Cut(link.Inner(), []byte(";base64,"))
	mime, isData := bytes.CutPrefix(head, []byte("data:"))
	if !ok || !isData || bytes.IndexByte(data, '\\') >= 0 {
		d.lose(lostContent, "content")
		return
	}
	d.settle(n, c, true)
	d.open(n, c, llm.Event{Kind: llm.Image, Name: quoted(mime)})
	d.emit(llm.Event{Step: llm.Delta, Choice: n, Text: quoted(data)})
	d.close(n, c)
}

// quoted makes a literal of a part of one.
func quoted(inner []byte) llm.Literal {
	out := make(llm.Literal, 0, len(inner)+2)
	return append(append(append(out, '"'), inner...), '"')
}

// cite reads an annotation: a source of the text
// (https://platform.openai.com/docs/guides/tools-web-search#output-and-citations).
func (d *reader) cite(n int, c *alternative, v []byte) {
	inner := formats.Member(v, "url_citation")
	if inner == nil {
		inner = v
	}
	cite := new(llm.Citation)
	for m := formats.MembersOf(inner); m.Next(); {
		switch v := m.Value(); string(m.Key) {
		case "url":
			cite.URL = d.literal(v)
		case "title":
			cite.Title = d.literal(v)
		case "content":
			cite.Quote = d.literal(v)
		case "start_index":
			cite.From = formats.AsCount(v)
		case "end_index":
			cite.To = formats.AsCount(v)
		}
	}
	if d.failed {
		return
	}
	if cite.URL.Empty() || c.open && c.kind == llm.Call || c.waiting > 0 {
		d.lose(lostCitations, "citations")
		return
	}
	d.turn(n, c, llm.Text)
	d.emit(llm.Event{Step: llm.Cite, Choice: n, Citation: cite})
}

// logprobs reads how probable the tokens of a text were
// (https://platform.openai.com/docs/api-reference/chat/object#chat-object-choices).
func logprobs(v []byte) []llm.TokenLogprob {
	content := formats.Member(v, "content")
	if isEmptyList(content) {
		return nil
	}
	return tokensOf(content, true)
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

// count reads a usage, which replaces what came before
// (https://platform.openai.com/docs/api-reference/chat/object#chat-object-usage).
// Dialects have other names for what was cached. xAI counts no reasoning as
// output, which its total shows.
func (d *reader) count(v []byte) {
	if len(v) == 0 || v[0] != '{' {
		return
	}
	u := readUsage(v)
	if !u.Input.Known && !u.Output.Known {
		return
	}
	d.usage = u
}

// first returns the first of two counts that is known.
func first(a, b llm.Count) llm.Count {
	if a.Known {
		return a
	}
	return b
}

// Interface guards
var (
	_ formats.Listener = Upstream{}
	_ formats.Steady   = (*reader)(nil)
)
