package messages

import (
	"bytes"
	"encoding/base64"
	"strings"
	"unicode/utf8"

	"github.com/aiclient2api/caddy-aiclient2api/formats"
	"github.com/aiclient2api/caddy-aiclient2api/llm"
)

const pdf = "application/pdf"

// images are the types of images that the API takes.
var images = map[string]bool{"image/jpeg": true, "image/png": true, "image/gif": true, "image/webp": true}

// appendMedia appends an image or a document but for its closing brace
// (https://docs.claude.com/en/docs/build-with-claude/vision,
// https://docs.claude.com/en/docs/build-with-claude/pdf-support).
func (e *encoder) appendMedia(dst []byte, p llm.Part) ([]byte, *formats.Unsupported) {
	m := p.Media
	switch {
	case m == nil || p.Kind != llm.Image && p.Kind != llm.File:
		return nil, formats.CannotCarry(p, "it takes text, images and documents only")
	case m.FileID != nil:
		return nil, formats.CannotCarry(p, "a file that was uploaded to another provider")
	case m.Data != nil && (len(m.Data) == 0 || !formats.IsBase64(m.Data)):
		return nil, formats.CannotCarry(p, "a file whose content is not base64")
	case m.URL != nil && !formats.IsPublic(m.URL, "https"):
		return nil, formats.CannotCarry(p, "a file that is not at a public https address")
	}
	kind := kindOf(m)
	if kind != pdf && (p.Kind == llm.Image || strings.HasPrefix(kind, "image/")) { // clients call a PDF an image too
		return e.appendImage(dst, p, kind)
	}
	return appendDocument(dst, p, kind)
}

func (e *encoder) appendImage(dst []byte, p llm.Part, kind string) ([]byte, *formats.Unsupported) {
	m := p.Media
	e.loseIf(!m.Detail.Empty() && string(m.Detail) != `"auto"`, "detail")
	dst = append(dst, `{"type":"image","source":`...)
	switch {
	case m.URL != nil:
		return append(append(append(dst, `{"type":"url","url":`...), m.URL...), '}'), nil
	case m.Data != nil && images[kind]:
		return appendBase64(dst, kind, m.Data), nil
	default:
		return nil, formats.CannotCarry(p, "an image that is none of JPEG, PNG, GIF and WebP")
	}
}

func appendDocument(dst []byte, p llm.Part, kind string) ([]byte, *formats.Unsupported) {
	m := p.Media
	readable := strings.HasPrefix(kind, "text/") || kind == "application/json"
	dst = append(dst, `{"type":"document","source":`...)
	switch {
	case m.Plain != nil:
		dst = append(append(append(dst, `{"type":"text","media_type":"text/plain","data":`...), m.Plain...), '}')
	case m.URL != nil && (kind == pdf || kind == ""):
		dst = append(append(append(dst, `{"type":"url","url":`...), m.URL...), '}')
	case m.Data != nil && kind == pdf:
		dst = appendBase64(dst, kind, m.Data)
	case m.Data != nil && readable:
		text, err := base64.RawStdEncoding.DecodeString(string(bytes.TrimRight(m.Data, "=")))
		if err != nil || !utf8.Valid(text) {
			return nil, formats.CannotCarry(p, "a document that is not text in UTF-8")
		}
		dst = append(dst, `{"type":"text","media_type":"text/plain","data":`...)
		dst = append(formats.AppendString(dst, string(text)), '}')
	default:
		return nil, formats.CannotCarry(p, "a document that is neither PDF nor text")
	}
	if !m.Name.Empty() {
		dst = append(append(dst, `,"title":`...), m.Name...)
	}
	return dst, nil
}

// appendBase64 appends the source of a file whose data IsBase64 took.
func appendBase64(dst []byte, kind string, data []byte) []byte {
	dst = append(append(dst, `{"type":"base64","media_type":"`...), kind...)
	dst = append(append(dst, `","data":"`...), data...)
	return append(dst, `"}`...)
}

// kindOf returns the type of a file: what its first bytes say, since the API
// refuses an image that is declared to be another, else what the client says, or
// the name if that is nothing.
func kindOf(m *llm.Media) string {
	if kind := formats.Sniff(m.Data); images[kind] || kind == pdf {
		return kind
	}
	kind, _, _ := strings.Cut(m.MIME, ";")
	kind = strings.ToLower(strings.TrimSpace(kind))
	switch kind {
	case "image/jpg":
		return "image/jpeg"
	case "", "application/octet-stream":
		return formats.TypeOfName(formats.Decoded(m.Name))
	default:
		return kind
	}
}
