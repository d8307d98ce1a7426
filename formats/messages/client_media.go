package messages

import (
	"bytes"

	"github.com/aiclient2api/caddy-aiclient2api/formats"
	"github.com/aiclient2api/caddy-aiclient2api/llm"
)

// said reads a block that a message and a result can have in common: a text, an
// image, a document or something that was found.
func (d *reader) said(parts []llm.Part, at int, b *given) []llm.Part {
	p := llm.Part{Turn: d.turn, At: at, Cache: b.cache}
	b.unread.Lose(d.lose, "messages.content.")
	if b.about {
		d.lose("context")
	}
	if b.cited {
		d.lose("citations")
	}
	switch string(b.kind.Inner()) {
	case "text":
		if p.Text = b.text; p.Text == nil {
			d.failAt(at, ".text", "must be a string")
		}
	case "image":
		p.Kind = llm.Image
		p.Media, _ = d.media(at, b)
	case "document":
		var content []byte
		p.Kind = llm.File
		if p.Media, content = d.media(at, b); content != nil {
			return d.pieces(parts, p, content)
		}
		p.Media.Name = b.title
	case "search_result":
		p.Text = found(b)
	}
	return append(parts, p)
}

// media reads the source of an image or a document
// (https://docs.claude.com/en/docs/build-with-claude/vision,
// https://docs.claude.com/en/docs/build-with-claude/pdf-support). content is
// that of a document which is made of blocks.
func (d *reader) media(at int, b *given) (media *llm.Media, content []byte) {
	var kind, mime, data, url, id llm.Literal
	for m := formats.MembersOf(b.source); m.Next(); {
		v := m.Value()
		switch string(m.Key) {
		case "type":
			kind = formats.StringOf(v)
		case "media_type":
			mime = formats.StringOf(v)
		case "data":
			data = formats.StringOf(v)
		case "url":
			url = formats.StringOf(v)
		case "file_id":
			id = formats.StringOf(v)
		case "content":
			content = v
		}
	}
	media = &llm.Media{MIME: formats.Decoded(mime)}
	document := string(b.kind.Inner()) == "document"
	member := ""
	switch string(kind.Inner()) {
	case "base64":
		if media.Data = compact(formats.Unescaped(data)); len(media.Data) == 0 {
			member = ".source.data"
		}
	case "url":
		if media.URL = url; url.Empty() {
			member = ".source.url"
		}
		if document {
			media.MIME = pdf // the API fetches no other documents
		}
	case "file":
		if media.FileID = id; id.Empty() {
			member = ".source.file_id"
		}
	case "text":
		if media.Plain = data; data == nil || !document {
			member = ".source.data"
		}
	case "content":
		media.Plain = formats.StringOf(content)
		switch {
		case content == nil || !document:
			member = ".source.content"
		case media.Plain == nil:
			return media, content
		}
	default:
		member = ".source.type"
	}
	if member != "" {
		d.failAt(at, member, "is missing or is not what belongs there")
	}
	return media, nil
}

// pieces reads a document that is made of blocks: texts and images, which the
// client has cut so that they can be cited. They become parts of their own.
func (d *reader) pieces(parts []llm.Part, document llm.Part, content []byte) []llm.Part {
	list := formats.ElementsOf(content)
	for n := 0; d.err == nil && list.Next(); n++ {
		if n == mostBlocks {
			d.failAt(document.At, ".source.content", "has more than %d blocks", mostBlocks)
		}
		m := formats.MembersOf(list.Value())
		b := read(&m)
		switch string(b.kind.Inner()) {
		case "text", "image":
			parts = d.said(parts, document.At, &b)
		default:
			d.failAt(document.At, ".source.content", "must be a string or a list of texts and images")
		}
	}
	if list.Err() != nil {
		d.failAt(document.At, ".source.content", "must be a string or a list of texts and images")
	}
	if n := len(parts); n > 0 && document.Cache != nil && parts[n-1].Cache == nil {
		parts[n-1].Cache = document.Cache
	}
	return parts
}

// found returns what the client found, a search result
// (https://docs.claude.com/en/docs/build-with-claude/search-results), as a text:
// what it is called, where it is from, and what it says.
func found(b *given) llm.Literal {
	text := append(make(llm.Literal, 0, len(b.content)+64), '"')
	line := func(s llm.Literal) {
		if s.Empty() {
			return
		}
		if len(text) > 1 {
			text = append(text, `\n`...)
		}
		text = append(text, s.Inner()...)
	}
	line(b.title)
	line(formats.StringOf(b.source))
	for list := formats.ElementsOf(b.content); list.Next(); {
		line(formats.StringOf(formats.Member(list.Value(), "text")))
	}
	return append(text, '"')
}

// compact returns data without the white space that base64 may have in it, by
// which some clients break it into lines.
func compact(data []byte) []byte {
	if !bytes.ContainsAny(data, "\r\n\t ") {
		return data
	}
	return bytes.Join(bytes.Fields(data), nil)
}
