package gemini

import (
	"encoding/base64"
	"net/url"
	"strings"

	"github.com/aiclient2api/caddy-aiclient2api/formats"
	"github.com/aiclient2api/caddy-aiclient2api/llm"
)

// medium writes an image, a sound, a film or a document as a part.
func (w *writer) medium(t llm.Turn, p llm.Part) *formats.Unsupported {
	m := p.Media
	switch {
	case m == nil:
		return formats.CannotCarry(p, "it has no content")
	case m.Plain != nil:
		w.advice(m)
		w.part(t.Role)
		w.text(m.Plain)
		w.sign(nil)
		return nil
	case m.URL != nil:
		return w.linked(t, p)
	case m.Data == nil:
		return formats.CannotCarry(p, "a file by id: it is stored at another vendor")
	}
	w.part(t.Role)
	if no := w.inline(t, p); no != nil {
		return no
	}
	var signature llm.Literal
	if t.Role == llm.Assistant {
		signature = w.signature(p)
	}
	w.sign(signature)
	return nil
}

// inline begins a part that holds its data
// (https://ai.google.dev/api/caching#Blob).
func (w *writer) inline(t llm.Turn, p llm.Part) *formats.Unsupported {
	kind := typeOf(p.Media)
	if kind == "" {
		return formats.CannotCarry(p, "media of an unknown type")
	}
	w.advice(p.Media)
	w.b = append(w.b, `{"inlineData":{"mimeType":`...)
	w.b = formats.AppendString(w.b, kind)
	w.b = append(w.b, `,"data":`...)
	if isBase64(p.Media.Data) {
		w.b = append(append(append(w.b, '"'), p.Media.Data...), '"')
	} else {
		w.b = formats.AppendQuoted(w.b, p.Media.Data) // Google says what is wrong with it
	}
	w.b = append(w.b, '}')
	return nil
}

// linked writes a part that is fetched by Google: files that were uploaded
// there and films of YouTube (https://ai.google.dev/gemini-api/docs/files,
// https://ai.google.dev/gemini-api/docs/video-understanding#youtube).
func (w *writer) linked(t llm.Turn, p llm.Part) *formats.Unsupported {
	u, err := url.Parse(formats.Decoded(p.Media.URL))
	if err != nil || u.Scheme != "https" || u.User != nil || u.Port() != "" || !reaches(u.Hostname()) {
		return formats.CannotCarry(p, "media by URL: the model takes the data only")
	}
	w.advice(p.Media)
	w.part(t.Role)
	w.b = append(w.b, `{"fileData":{`...)
	if p.Media.MIME != "" {
		w.key("mimeType")
		w.b = formats.AppendString(w.b, p.Media.MIME)
	}
	w.key("fileUri")
	w.b = append(append(w.b, p.Media.URL...), "}}"...)
	return nil
}

// reaches reports whether Google fetches from a host.
func reaches(host string) bool {
	switch strings.ToLower(host) {
	case "generativelanguage.googleapis.com", "youtube.com", "www.youtube.com", "m.youtube.com", "youtu.be":
		return true
	}
	return false
}

// advice names what of a medium has no place.
func (w *writer) advice(m *llm.Media) {
	if !m.Name.Empty() {
		w.Lose("filename")
	}
	if !m.Detail.Empty() && string(m.Detail) != `"auto"` {
		w.Lose("detail")
	}
}

// heldByResults reports whether a medium can stand inside the result of a
// function (https://ai.google.dev/gemini-api/docs/function-calling#multimodal).
func heldByResults(p llm.Part) bool {
	kind := typeOf(p.Media)
	return strings.HasPrefix(kind, "image/") || kind == "application/pdf" || kind == "text/plain"
}

// magic are bytes near the beginning by which files are known. The first row
// that fits decides.
var magic = []struct {
	at          int
	bytes, kind string
}{
	{0, "\x89PNG", "image/png"},
	{0, "\xff\xd8\xff", "image/jpeg"},
	{0, "GIF8", "image/gif"},
	{8, "WEBP", "image/webp"},
	{8, "WAVE", "audio/wav"},
	{0, "%PDF", "application/pdf"},
	{0, "ID3", "audio/mp3"},
	{0, "\xff\xfb", "audio/mp3"},
	{0, "OggS", "audio/ogg"},
	{0, "fLaC", "audio/flac"},
	{4, "ftyphei", "image/heic"},
	{4, "ftypM4A", "audio/m4a"},
	{4, "ftyp", "video/mp4"},
	{0, "\x1a\x45\xdf\xa3", "video/webm"},
}

// typeOf returns the type of data, from its first bytes if the client does not
// say it, "" if it is unknown.
func typeOf(m *llm.Media) string {
	switch m.MIME {
	case "":
	case "image/jpg":
		return "image/jpeg"
	default:
		return m.MIME
	}
	var head [15]byte
	n, _ := base64.StdEncoding.Decode(head[:], m.Data[:min(len(m.Data)&^3, 20)])
	for _, row := range magic {
		if end := row.at + len(row.bytes); end <= n && string(head[row.at:end]) == row.bytes {
			return row.kind
		}
	}
	return ""
}

// isBase64 reports whether data can stand in a string as it is.
func isBase64(data []byte) bool {
	for _, c := range data {
		if !base64Chars[c] {
			return false
		}
	}
	return true
}

var base64Chars = func() (table [256]bool) {
	for _, c := range "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_=" {
		table[c] = true
	}
	return table
}()
