package chat

import (
	"encoding/base64"
	"strings"

	"github.com/aiclient2api/caddy-aiclient2api/formats"
	"github.com/aiclient2api/caddy-aiclient2api/llm"
)

// medium writes an image, a sound or a document
// (https://platform.openai.com/docs/api-reference/chat/create#chat-create-messages).
func (w *writer) medium(p *llm.Part) *formats.Unsupported {
	m := p.Media
	switch {
	case m == nil:
		return formats.CannotCarry(*p, "it is not part of what a user says")
	case m.FileID != nil:
		return formats.CannotCarry(*p, "a file that was uploaded elsewhere is not known there")
	case !formats.IsBase64(m.Data):
		return formats.CannotCarry(*p, "its data is no base64")
	case m.Plain != nil:
		w.mention(m.Plain)
		if !m.Name.Empty() {
			w.Lose("filename")
		}
		w.text(m.Plain)
		return nil
	case p.Kind == llm.Image || p.Kind == llm.File && strings.HasPrefix(m.MIME, "image/"):
		if !w.fetches(m.URL) {
			return formats.CannotCarry(*p, "it fetches public http and https URLs only")
		}
		w.image(m)
		return nil
	case p.Kind == llm.Audio || p.Kind == llm.File && strings.HasPrefix(m.MIME, "audio/"):
		return w.sound(p)
	case p.Kind == llm.Video:
		return formats.CannotCarry(*p, "it takes no video")
	default:
		return w.file(p)
	}
}

// fetches reports whether a provider can fetch from a URL: those of Google's
// storage only Google can.
func (w *writer) fetches(url llm.Literal) bool {
	return url == nil || w.model.google || formats.IsDataURL(url) || formats.IsPublic(url, "https", "http")
}

func (w *writer) image(m *llm.Media) {
	w.b = append(w.b, `{"type":"image_url","image_url":{"url":`...)
	if m.URL != nil {
		w.b = append(w.b, m.URL...)
	} else {
		mime := m.MIME
		if !strings.HasPrefix(mime, "image/") {
			if mime = formats.Sniff(m.Data); !strings.HasPrefix(mime, "image/") {
				mime = "image/png"
			}
		}
		w.dataURL(mime, m.Data)
	}
	if !m.Detail.Empty() {
		w.member("detail", m.Detail)
	}
	w.b = append(w.b, "}}"...)
}

// dataURL writes a URL that holds the data, as a text.
func (w *writer) dataURL(mime string, data []byte) {
	w.b = append(w.b, `"data:`...)
	quoted := formats.Encoded(mime)
	w.b = append(append(append(w.b, quoted.Inner()...), ";base64,"...), data...)
	w.b = append(w.b, '"')
}

// sound writes audio, of which there are two types.
func (w *writer) sound(p *llm.Part) *formats.Unsupported {
	if p.Media.URL != nil {
		return formats.CannotCarry(*p, "it takes audio as data only, not as a URL")
	}
	var format string
	switch mime, _, _ := strings.Cut(strings.ToLower(p.Media.MIME), ";"); mime {
	case "audio/wav", "audio/x-wav", "audio/wave", "audio/vnd.wave":
		format = "wav"
	case "audio/mp3", "audio/mpeg":
		format = "mp3"
	default:
		return formats.CannotCarry(*p, "it takes audio as WAV or MP3 only, not as %s", llm.Clip(p.Media.MIME, 64))
	}
	w.b = append(append(w.b, `{"type":"input_audio","input_audio":{"data":"`...), p.Media.Data...)
	w.b = append(append(append(w.b, `","format":"`...), format...), `"}}`...)
	return nil
}

// file writes a document: a PDF as it is, a text as a text.
func (w *writer) file(p *llm.Part) *formats.Unsupported {
	m := p.Media
	mime, _, _ := strings.Cut(strings.ToLower(m.MIME), ";")
	switch {
	case m.URL != nil:
		return formats.CannotCarry(*p, "it takes documents as data only, not as a URL")
	case mime == "application/pdf" || mime == "":
		w.b = append(w.b, `{"type":"file","file":{"filename":`...)
		if m.Name.Empty() {
			w.b = append(w.b, `"document.pdf"`...)
		} else {
			w.b = append(w.b, m.Name...)
		}
		w.b = append(w.b, `,"file_data":`...)
		w.dataURL("application/pdf", m.Data)
		w.b = append(w.b, "}}"...)
		return nil
	case strings.HasPrefix(mime, "text/") || mime == "application/json":
		text, err := base64.StdEncoding.DecodeString(string(m.Data))
		if err != nil {
			return formats.CannotCarry(*p, "its data is no base64")
		}
		if !m.Name.Empty() {
			w.Lose("filename")
		}
		w.text(formats.Encoded(string(text)))
		return nil
	}
	return formats.CannotCarry(*p, "it takes documents as PDF only, not as %s", llm.Clip(m.MIME, 64))
}
