package chat

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"net/url"
	"strings"

	"github.com/aiclient2api/caddy-aiclient2api/formats"
	"github.com/aiclient2api/caddy-aiclient2api/llm"
)

// content reads the content of a message: a text or a list of parts.
func (d *decoder) content(msg *message) []llm.Part {
	v := msg.content
	if v == nil {
		return nil
	}
	switch v[0] {
	case '"':
		return d.only(llm.Part{Kind: llm.Text, Text: formats.StringOf(v), At: -1})
	case '[':
	case '{': // some clients send the only part without the list
		return d.only(d.part(msg.at, 0, v))
	default:
		d.failAt(msg.at, -1, ".content", "must be a text or a list of parts")
		return nil
	}
	var parts []llm.Part
	at := 0
	for e := formats.ElementsOf(v); e.Next() && d.err == nil; at++ {
		if at == mostParts {
			d.failAt(msg.at, -1, ".content", "has more than %d parts", mostParts)
		}
		if v := e.Value(); v[0] == '"' {
			parts = append(parts, llm.Part{Kind: llm.Text, Text: formats.StringOf(v), At: at})
		} else {
			parts = append(parts, d.part(msg.at, at, v))
		}
	}
	return parts
}

// only returns a list of one part, to which nothing can be appended in place.
// Most messages have one: those of several share their memory.
func (d *decoder) only(p llm.Part) []llm.Part {
	if len(d.room) == cap(d.room) {
		d.room = make([]llm.Part, 0, min(2*cap(d.room)+2, 64))
	}
	d.room = append(d.room, p)
	n := len(d.room)
	return d.room[n-1 : n : n]
}

// part reads a part of a content
// (https://platform.openai.com/docs/api-reference/chat/create#chat-create-messages).
func (d *decoder) part(turn, at int, v []byte) llm.Part {
	p := llm.Part{At: at}
	var kind, text, inner []byte
	for m := formats.MembersOf(v); m.Next(); {
		switch v := m.Value(); string(m.Key) {
		case "type":
			kind = formats.StringOf(v).Inner()
		case "text", "refusal":
			text = v
		case "image_url", "input_audio", "file", "video_url":
			inner = v
		case "cache_control":
			if !formats.IsNull(v) {
				p.Cache = v
			}
		}
	}
	switch string(kind) {
	case "text", "input_text", "output_text", "refusal":
		if p.Text = formats.StringOf(text); p.Text == nil {
			d.failAt(turn, at, "."+string(kind), "must be a string")
		}
		if string(kind) == "refusal" {
			p.Kind = llm.Refusal
		}
	case "image_url":
		p.Kind = llm.Image
		p.Media = d.linked(Client{}.Place(turn, at)+".image_url", inner)
	case "video_url":
		p.Kind = llm.Video
		p.Media = d.linked(Client{}.Place(turn, at)+".video_url", inner)
	case "input_audio":
		p.Kind = llm.Audio
		p.Media = &llm.Media{
			Data: formats.Unescaped(formats.StringOf(formats.Member(inner, "data"))),
			MIME: "audio/" + formats.Decoded(formats.StringOf(formats.Member(inner, "format"))),
		}
		if len(p.Media.Data) == 0 {
			d.failAt(turn, at, ".input_audio.data", "must be base64")
		}
	case "file":
		p.Kind = llm.File
		p.Media = d.file(Client{}.Place(turn, at)+".file", inner)
	case "thinking", "redacted_thinking":
		if p, ok := thinkingBlock(v); ok {
			return p
		}
	default:
		d.failAt(turn, at, "", "has the unknown type %q", llm.Clip(string(kind), 40))
	}
	return p
}

// linked reads a URL that may hold the data itself.
func (d *decoder) linked(place string, v []byte) *llm.Media {
	m := new(llm.Media)
	link := formats.StringOf(v) // some clients leave out the object
	if link == nil {
		link = formats.StringOf(formats.Member(v, "url"))
		m.Detail = formats.StringOf(formats.Member(v, "detail"))
	}
	d.source(m, place, link)
	return m
}

func (d *decoder) file(place string, v []byte) *llm.Media {
	m := new(llm.Media)
	var data llm.Literal
	for w := formats.MembersOf(v); w.Next(); {
		switch s := formats.StringOf(w.Value()); string(w.Key) {
		case "file_id":
			m.FileID = s
		case "filename":
			m.Name = s
		case "file_data":
			data = s
		}
	}
	if m.FileID.Empty() {
		m.FileID = nil
		d.source(m, place, data)
	}
	return m
}

// source reads where the content of a medium is.
func (d *decoder) source(m *llm.Media, place string, link llm.Literal) {
	raw := formats.Unescaped(link)
	switch {
	case len(raw) == 0:
		d.fail(place, "'%s' has no content", place)
	case len(raw) > 5 && bytes.EqualFold(raw[:5], []byte("data:")):
		d.dataURL(m, place, raw[5:])
	case bytes.Contains(raw[:min(len(raw), 64)], []byte("://")):
		m.URL = link
	case bytes.IndexByte(raw, ':') < 0: // the data as such
		m.Data = standard(raw)
		m.MIME = formats.TypeOfName(formats.Decoded(m.Name))
	default:
		d.fail(place, "'%s' must be an http or data URL", place)
	}
}

// standard returns base64 in the standard alphabet and without white space,
// which it may have in a data URL and in mail.
func standard(data []byte) []byte {
	if !bytes.ContainsAny(data, "-_ \t\r\n") {
		return data
	}
	out := make([]byte, 0, len(data))
	for _, c := range data {
		switch c {
		case ' ', '\t', '\r', '\n':
		case '-':
			out = append(out, '+')
		case '_':
			out = append(out, '/')
		default:
			out = append(out, c)
		}
	}
	return out
}

// dataURL reads what follows "data:" (RFC 2397).
func (d *decoder) dataURL(m *llm.Media, place string, raw []byte) {
	head, data, ok := bytes.Cut(raw, []byte{','})
	if !ok {
		d.fail(place, "'%s' is a data URL without data", place)
		return
	}
	mime, params, _ := strings.Cut(lower(string(head)), ";")
	m.MIME = strings.TrimSpace(mime)
	if last := strings.TrimSpace(params[strings.LastIndexByte(params, ';')+1:]); last == "base64" {
		m.Data = standard(data)
		if m.MIME == "application/octet-stream" || m.MIME == "" {
			m.MIME = cmp.Or(formats.TypeOfName(formats.Decoded(m.Name)), formats.Sniff(m.Data), m.MIME)
		}
		return
	}
	if m.MIME == "" {
		m.MIME = "text/plain"
	}
	text, err := url.PathUnescape(string(data))
	if err != nil {
		d.fail(place, "'%s' is a data URL that cannot be read", place)
	}
	m.Data = base64.StdEncoding.AppendEncode(nil, []byte(text))
}
