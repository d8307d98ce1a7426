package chat

import (
	"slices"

	"github.com/aiclient2api/caddy-aiclient2api/formats"
	"github.com/aiclient2api/caddy-aiclient2api/llm"
)

// inPlace returns the parts of an assistant's message in the order in which the
// model said them, as far as the thoughts bear their places; else thoughts come
// first, then the text, then the calls. A vendor that signs thoughts takes
// them back where they were only.
func inPlace(thoughts, content, calls []llm.Part) []llm.Part {
	out := make([]llm.Part, 0, len(thoughts)+len(content)+len(calls)+2)
	var said position
	for _, t := range thoughts {
		at, ok := positionOf(t.ID)
		if ok && len(content) > 0 && at.chars > said.chars {
			out, content = upTo(out, content, at.chars-said.chars)
			said.chars = at.chars
		}
		if n := at.calls - said.calls; ok && n > 0 {
			n = min(n, len(calls))
			out, calls = append(out, calls[:n]...), calls[n:]
			said.calls = at.calls
		}
		t.ID = nil
		out = append(out, t)
	}
	return append(append(out, content...), calls...)
}

// upTo appends the parts of a content up to so many characters of its text, of
// which one may be cut in two, and returns what is left.
func upTo(dst, content []llm.Part, chars int64) (out, rest []llm.Part) {
	for len(content) > 0 && chars > 0 {
		p := content[0]
		n := formats.Characters(p.Text)
		if p.Kind == llm.Image && p.Media != nil {
			n = formats.PictureFrame + int64(len(p.Media.MIME)+len(p.Media.Data))
		}
		if p.Kind == llm.Text && n > chars {
			first, second := cut(p.Text, chars)
			head, tail := p, p
			head.Text, head.Signature, head.Cache = first, nil, nil
			tail.Text = second
			rest = append([]llm.Part{tail}, content[1:]...)
			return append(dst, head), rest
		}
		dst, content = append(dst, p), content[1:]
		chars -= n
	}
	return dst, content
}

// cut cuts a text behind so many characters.
func cut(l llm.Literal, chars int64) (first, second llm.Literal) {
	in := l.Inner()
	at := 0
	for at < len(in) {
		size := 1
		switch {
		case in[at] == '\\' && at+5 < len(in) && in[at+1] == 'u':
			size = 6
		case in[at] == '\\':
			size = 2
		default:
			for at+size < len(in) && in[at+size]&0xc0 == 0x80 {
				size++
			}
		}
		n := formats.Characters(slices.Concat(llm.Literal{'"'}, in[at:at+size], llm.Literal{'"'}))
		if n > 0 && chars == 0 {
			break
		}
		chars -= n
		at += size
	}
	return slices.Concat(llm.Literal{'"'}, in[:at], llm.Literal{'"'}), slices.Concat(llm.Literal{'"'}, in[at:], llm.Literal{'"'})
}

// written is how many characters of the content an event of a block of this
// kind becomes.
func written(kind llm.Kind, ev *llm.Event) int64 {
	switch {
	case ev.Step == llm.Delta && (kind == llm.Text || kind == llm.Image):
		return formats.Characters(ev.Text)
	case ev.Step == llm.Open && kind == llm.Image:
		return formats.PictureFrame + formats.Characters(ev.Name)
	}
	return 0
}
