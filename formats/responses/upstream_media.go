package responses

import (
	"bytes"
	"encoding/base64"
	"strings"

	"github.com/aiclient2api/caddy-aiclient2api/formats"
	"github.com/aiclient2api/caddy-aiclient2api/llm"
)

// medium writes an image or a document
// (https://platform.openai.com/docs/guides/images-vision?api-mode=responses,
// https://platform.openai.com/docs/guides/pdf-files?api-mode=responses).
func (w *writer) medium(p *llm.Part) *formats.Unsupported {
	m := p.Media
	if m == nil {
		return formats.CannotCarry(*p, "it is not part of what a user says")
	}
	mime, _, _ := strings.Cut(strings.ToLower(m.MIME), ";")
	image := p.Kind == llm.Image || p.Kind == llm.File && strings.HasPrefix(mime, "image/")
	switch {
	case p.Kind == llm.Audio || p.Kind == llm.Video || !image && (strings.HasPrefix(mime, "audio/") || strings.HasPrefix(mime, "video/")):
		return formats.CannotCarry(*p, "it takes no audio and no video")
	case m.FileID != nil && (!w.model.own || !bytes.HasPrefix(m.FileID.Inner(), []byte("file-"))):
		return formats.CannotCarry(*p, "a file that was uploaded elsewhere is not known there")
	case m.URL != nil && (!image || !formats.IsDataURL(m.URL)) && !formats.IsPublic(m.URL, "https", "http"):
		return formats.CannotCarry(*p, "it fetches public http and https URLs only")
	case !formats.IsBase64(m.Data):
		return formats.CannotCarry(*p, "its data is no base64")
	case m.Plain != nil:
		if !m.Name.Empty() {
			w.Lose("filename")
		}
		w.text("input_text", m.Plain)
		return nil
	case image:
		w.image(m)
		return nil
	default:
		return w.file(p, mime)
	}
}

func (w *writer) image(m *llm.Media) {
	w.item("input_image")
	switch {
	case m.FileID != nil:
		w.member("file_id", m.FileID)
	case m.URL != nil:
		w.member("image_url", m.URL)
	default:
		mime := m.MIME
		if !strings.HasPrefix(mime, "image/") {
			if mime = formats.Sniff(m.Data); !strings.HasPrefix(mime, "image/") {
				mime = "image/png"
			}
		}
		w.data("image_url", mime, m.Data)
	}
	switch string(m.Detail.Inner()) {
	case "":
	case "low", "high", "auto", "original":
		w.member("detail", m.Detail)
	default:
		w.Lose("detail")
	}
	w.b = append(w.b, '}')
}

// data writes a member whose value is a URL that holds the data.
func (w *writer) data(name, mime string, data []byte) {
	w.b = append(append(append(w.b, `,"`...), name...), `":"data:`...)
	quoted := formats.Encoded(mime)
	w.b = append(append(append(w.b, quoted.Inner()...), ";base64,"...), data...)
	w.b = append(w.b, '"')
}

// file writes a document: a PDF as it is, a text as a text.
func (w *writer) file(p *llm.Part, mime string) *formats.Unsupported {
	m := p.Media
	switch {
	case m.FileID != nil:
		w.item("input_file")
		w.member("file_id", m.FileID)
	case m.URL != nil:
		w.item("input_file")
		w.member("file_url", m.URL)
		if !m.Name.Empty() { // a URL has its own
			w.Lose("filename")
		}
	case mime == "application/pdf" || mime == "":
		w.item("input_file")
		if m.Name.Empty() {
			w.b = append(w.b, `,"filename":"document.pdf"`...)
		} else {
			w.member("filename", m.Name)
		}
		w.data("file_data", "application/pdf", m.Data)
	case strings.HasPrefix(mime, "text/") || mime == "application/json":
		text, err := base64.StdEncoding.DecodeString(string(m.Data))
		if err != nil {
			return formats.CannotCarry(*p, "its data is no base64")
		}
		if !m.Name.Empty() {
			w.Lose("filename")
		}
		w.text("input_text", formats.Encoded(string(text)))
		return nil
	default:
		return formats.CannotCarry(*p, "it takes documents as PDF only, not as %s", llm.Clip(m.MIME, 64))
	}
	w.b = append(w.b, '}')
	return nil
}
