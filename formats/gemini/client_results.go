package gemini

import (
	"bytes"
	"encoding/base64"
	"strings"

	"github.com/aiclient2api/caddy-aiclient2api/formats"
	"github.com/aiclient2api/caddy-aiclient2api/llm"
)

// call reads a call (https://ai.google.dev/api/caching#FunctionCall).
func (d *reader) call(p *llm.Part, v []byte) {
	p.Kind = llm.Call
	for m := formats.MembersOf(v); m.Next(); {
		switch v := m.Value(); string(m.Key) {
		case "id":
			p.ID = formats.StringOf(v)
		case "name":
			p.Name = formats.StringOf(v)
		case "args":
			switch v[0] {
			case '{':
				p.Args = v
			case '"':
				p.Args = []byte(formats.Decoded(v))
			}
		}
	}
	if p.Name.Empty() {
		d.failAt(p.Turn, p.At, ".functionCall.name", "is missing")
	}
}

// result reads what came of a call
// (https://ai.google.dev/api/caching#FunctionResponse).
func (d *reader) result(p *llm.Part, v []byte) {
	p.Kind = llm.Result
	p.Signature, p.Origin = nil, ""
	var media []llm.Part
	for m := formats.MembersOf(v); m.Next(); {
		v := m.Value()
		if formats.IsNull(v) {
			continue
		}
		switch string(m.Key) {
		case "id":
			p.ID = formats.StringOf(v)
		case "name":
			p.Name = formats.StringOf(v)
		case "response":
			text, failed := said(v)
			p.Failed = failed
			if text != nil {
				p.Content = append(p.Content, llm.Part{Text: text, Turn: p.Turn, At: p.At})
			}
		case "parts":
			each(v, func(v []byte) { media = append(media, d.beside(p, v)...) })
		}
	}
	p.Content = append(p.Content, media...)
	if p.Name.Empty() && p.ID.Empty() {
		d.failAt(p.Turn, p.At, ".functionResponse.name", "is missing")
	}
}

// beside reads a part of a result: a medium.
func (d *reader) beside(result *llm.Part, v []byte) []llm.Part {
	p := llm.Part{Turn: result.Turn, At: result.At}
	for m := formats.MembersOf(v); m.Next(); {
		if formats.IsNull(m.Value()) {
			continue
		}
		switch string(camel(m.Name())) {
		case "inlineData":
			d.inline(&p, m.Value())
		case "fileData":
			d.linked(&p, m.Value())
		case "text":
			p.Text = formats.StringOf(m.Value())
		}
	}
	if p.Media == nil && p.Text.Empty() {
		return nil
	}
	return []llm.Part{p}
}

// said returns the text of a response: of the keys that Google describes,
// output and error, and those that its SDKs use where a function's value is no
// object. The AI SDK adds the function's name. Any other object is its own text.
func said(response []byte) (text llm.Literal, failed bool) {
	if response[0] != '{' {
		return textOf(response), false
	}
	var value, content []byte
	var named bool
	count := 0
	for m := formats.MembersOf(response); m.Next(); count++ {
		switch string(m.Name()) {
		case "error":
			failed = true
			fallthrough
		case "output", "result", "return_value":
			value = m.Value()
		case "content":
			content = m.Value()
		case "name":
			named = true
		}
	}
	switch {
	case count == 0:
		return nil, false
	case count == 1 && value != nil:
		return textOf(value), failed
	case count == 2 && content != nil && named:
		return textOf(content), false
	default:
		return textOf(response), false
	}
}

// textOf returns a value as a text: JSON, if it is none itself.
func textOf(v []byte) llm.Literal {
	if s := formats.StringOf(v); s != nil {
		return s
	}
	return formats.AppendQuoted(nil, v)
}

// inline reads data (https://ai.google.dev/api/caching#Blob).
func (d *reader) inline(p *llm.Part, v []byte) {
	p.Media = new(llm.Media)
	for m := formats.MembersOf(v); m.Next(); {
		v := formats.StringOf(m.Value())
		switch string(camel(m.Name())) {
		case "mimeType":
			p.Media.MIME = formats.Decoded(v)
		case "data":
			p.Media.Data = standard(formats.Unescaped(v))
		case "displayName":
			p.Media.Name = v
		}
	}
	if len(p.Media.Data) == 0 || !formats.IsBase64(p.Media.Data) {
		d.failAt(p.Turn, p.At, ".inlineData.data", "must be base64")
	}
	kind := p.Media.MIME
	if kind == "" {
		kind = formats.Sniff(p.Media.Data)
	}
	p.Kind = kindOf(kind)
}

// standard returns base64 of either alphabet, with or without padding, in the
// standard alphabet with it: proto3 JSON takes all of these.
func standard(data []byte) []byte {
	foreign := bytes.ContainsAny(data, "-_")
	if !foreign && len(data)%4 == 0 {
		return data
	}
	out := make([]byte, len(data), len(data)+3)
	for i, c := range data {
		switch c {
		case '-':
			c = '+'
		case '_':
			c = '/'
		}
		out[i] = c
	}
	for len(out)%4 != 0 {
		out = append(out, byte(base64.StdPadding))
	}
	return out
}

// kindOf returns what a medium of a type is.
func kindOf(mime string) llm.Kind {
	class, _, _ := strings.Cut(mime, "/")
	switch class {
	case "image":
		return llm.Image
	case "audio":
		return llm.Audio
	case "video":
		return llm.Video
	default:
		return llm.File
	}
}

// linked reads where data is (https://ai.google.dev/api/caching#FileData):
// anywhere, or a file that was uploaded to Google, or a film of YouTube.
func (d *reader) linked(p *llm.Part, v []byte) {
	p.Media = new(llm.Media)
	for m := formats.MembersOf(v); m.Next(); {
		v := formats.StringOf(m.Value())
		switch string(camel(m.Name())) {
		case "mimeType":
			p.Media.MIME = formats.Decoded(v)
		case "fileUri":
			p.Media.URL = v
		case "displayName":
			p.Media.Name = v
		}
	}
	if p.Media.URL.Empty() {
		d.failAt(p.Turn, p.At, ".fileData.fileUri", "is missing")
		return
	}
	if p.Kind = kindOf(p.Media.MIME); p.Media.MIME == "" {
		p.Kind = linkedKind(formats.Decoded(p.Media.URL))
	}
}

// linkedKind returns what stands at an address, as far as that tells.
func linkedKind(address string) llm.Kind {
	if strings.Contains(address, "youtube.com/") || strings.Contains(address, "youtu.be/") {
		return llm.Video
	}
	address, _, _ = strings.Cut(address, "?")
	return kindOf(formats.TypeOfName(address))
}
