package responses

import (
	"bytes"
	"encoding/base64"
	"net/url"
	"strconv"
	"strings"

	"github.com/aiclient2api/caddy-aiclient2api/formats"
	"github.com/aiclient2api/caddy-aiclient2api/llm"
)

// content reads the content of a message or the output of a tool: a text or a
// list of parts.
func (d *decoder) content(at int, member string, v []byte) []llm.Part {
	if v == nil {
		return nil
	}
	switch v[0] {
	case '"':
		return []llm.Part{{Kind: llm.Text, Text: formats.StringOf(v), At: -1}}
	case '[':
	default:
		d.failAt(at, member, "must be a text or a list of parts")
		return nil
	}
	parts := make([]llm.Part, 0, 1)
	for e := formats.ElementsOf(v); e.Next() && d.err == nil; {
		n := len(parts)
		if v := e.Value(); v[0] == '"' {
			parts = append(parts, llm.Part{Kind: llm.Text, Text: formats.StringOf(v), At: n})
		} else {
			parts = append(parts, d.part(at, member, n, v))
		}
	}
	return parts
}

// part reads a part of a content
// (https://platform.openai.com/docs/api-reference/responses/create#responses-create-input).
func (d *decoder) part(item int, member string, at int, v []byte) llm.Part {
	p := llm.Part{At: at}
	var c parted
	c.read(v)
	c.unread.Lose(d.lose, "input.content.")
	where := func() string { return member + "[" + strconv.Itoa(at) + "]" }
	switch string(c.kind) {
	case "input_text", "output_text", "text":
		p.Text = c.text
	case "refusal":
		p.Kind, p.Text = llm.Refusal, c.text
	case "input_image":
		p.Kind, p.Media = llm.Image, &llm.Media{FileID: c.id, Detail: c.detail}
		d.source(p.Media, item, where()+".image_url", c.image)
	case "input_file":
		p.Kind, p.Media = llm.File, &llm.Media{FileID: c.id, Name: c.name}
		if c.id.Empty() && !c.url.Empty() {
			p.Media.FileID, p.Media.URL = nil, c.url
		} else {
			d.source(p.Media, item, where()+".file_data", c.data)
		}
	case "input_audio":
		p.Kind, p.Media = llm.Audio, &llm.Media{
			Data: formats.Unescaped(formats.StringOf(formats.Member(c.audio, "data"))),
			MIME: "audio/" + formats.Decoded(formats.StringOf(formats.Member(c.audio, "format"))),
		}
		if len(p.Media.Data) == 0 {
			d.failAt(item, where()+".input_audio.data", "must be base64")
		}
	default:
		d.failAt(item, where(), "has the unknown type %q", llm.Clip(string(c.kind), 40))
	}
	if p.Media == nil && p.Text == nil {
		d.failAt(item, where(), "must have a text")
	}
	if c.breakpoint {
		p.Cache = breakpoint
	}
	return p
}

// breakpoint is the mark that a prompt cache should end somewhere, as
// Anthropic writes it.
var breakpoint = llm.Value(`{"type":"ephemeral"}`)

// parted are the members of a part.
type parted struct {
	kind          []byte
	text          llm.Literal
	image         llm.Literal
	audio         []byte
	id, data, url llm.Literal
	name, detail  llm.Literal
	breakpoint    bool
	unread        formats.Unread
}

func (c *parted) read(v []byte) {
	for m := formats.MembersOf(v); m.Next(); {
		v := m.Value()
		if formats.IsNull(v) {
			continue
		}
		switch string(m.Key) {
		case "type":
			c.kind = formats.StringOf(v).Inner()
		case "text", "refusal":
			c.text = formats.StringOf(v)
		case "image_url":
			if c.image = formats.StringOf(v); c.image == nil { // as chat completions have it
				c.image = formats.StringOf(formats.Member(v, "url"))
				c.detail = formats.StringOf(formats.Member(v, "detail"))
			}
		case "detail":
			c.detail = formats.StringOf(v)
		case "input_audio":
			c.audio = v
		case "file_id":
			c.id = formats.StringOf(v)
		case "file_data":
			c.data = formats.StringOf(v)
		case "file_url":
			c.url = formats.StringOf(v)
		case "filename":
			c.name = formats.StringOf(v)
		case "prompt_cache_breakpoint":
			c.breakpoint = true
		case "annotations", "logprobs", "parsed":
			// what clients keep of an answer beside the text
		default:
			c.unread.Note(m.Name(), v)
		}
	}
}

// source reads where the content of a medium is, unless it is an uploaded file.
func (d *decoder) source(m *llm.Media, item int, place string, link llm.Literal) {
	raw := formats.Unescaped(link)
	switch {
	case !m.FileID.Empty():
		return
	case len(raw) == 0:
		d.failAt(item, place, "has no content")
	case bytes.HasPrefix(raw, []byte("data:")):
		d.dataURL(m, item, place, raw[len("data:"):])
	case bytes.Contains(raw[:min(len(raw), 64)], []byte("://")):
		m.URL = link
	case bytes.IndexByte(raw, ':') < 0: // the data as such
		m.Data = raw
		if m.MIME = formats.TypeOfName(formats.Decoded(m.Name)); m.MIME == "" {
			m.MIME = formats.Sniff(raw)
		}
	default:
		d.failAt(item, place, "must be an http or data URL")
	}
	m.FileID = nil
}

// dataURL reads what follows "data:" (RFC 2397).
func (d *decoder) dataURL(m *llm.Media, item int, place string, raw []byte) {
	head, data, ok := bytes.Cut(raw, []byte{','})
	if !ok {
		d.failAt(item, place, "is a data URL without data")
		return
	}
	mime, params, _ := strings.Cut(string(head), ";")
	if m.MIME = strings.TrimSpace(mime); m.MIME == "" {
		m.MIME = "text/plain"
	}
	if params == "base64" || strings.HasSuffix(params, ";base64") {
		m.Data = data
		return
	}
	text, err := url.PathUnescape(string(data))
	if err != nil {
		d.failAt(item, place, "is a data URL that cannot be read")
	}
	m.Data = base64.StdEncoding.AppendEncode(nil, []byte(text))
}
