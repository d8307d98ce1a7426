package gemini

import (
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
	if formats.IsBase64(p.Media.Data) {
		w.b = append(append(append(w.b, '"'), p.Media.Data...), '"')
	} else {
		w.b = formats.AppendQuoted(w.b, p.Media.Data) // Google says what is wrong with it
	}
	w.b = append(w.b, '}')
	return nil
}

// linked writes a part that is fetched by Google: files that were uploaded
// there and films of YouTube, and, by models later than Gemini 2.0, what stands
// at any public https address
// (https://ai.google.dev/gemini-api/docs/file-input-methods#external-urls).
func (w *writer) linked(t llm.Turn, p llm.Part) *formats.Unsupported {
	u, err := url.Parse(formats.Decoded(p.Media.URL))
	switch {
	case err != nil || u.Scheme != "https" || u.User != nil || u.Hostname() == "":
		return formats.CannotCarry(p, "media by URL: Google fetches from public https addresses only")
	case reaches(u.Hostname()) && u.Port() == "":
	case !w.schema: // of which the same models have none
		return formats.CannotCarry(p, "media by URL: the model takes the data only")
	case p.Media.MIME == "" || p.Media.MIME == unknown:
		linked := *p.Media
		linked.MIME = formats.TypeOfName(u.Path)
		p.Media = &linked
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

// unknown is the type by which clients send data of which they know none.
const unknown = "application/octet-stream"

// typeOf returns the type of data, from its first bytes or its name if the
// client does not say it, "" if it is unknown.
func typeOf(m *llm.Media) string {
	switch m.MIME {
	case "", unknown:
	case "image/jpg":
		return "image/jpeg"
	default:
		return m.MIME
	}
	if kind := formats.Sniff(m.Data); kind != "" {
		return kind
	}
	return formats.TypeOfName(formats.Decoded(m.Name))
}
