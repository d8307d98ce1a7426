package formats

import (
	"bytes"
	"slices"

	"github.com/aiclient2api/caddy-aiclient2api/llm"
)

// Where the answers of a protocol have no place for images, an image is written
// into the text in Markdown, as chat programs show it.
const (
	picture     = "![image](data:"
	pictureData = ";base64,"

	// PictureEnd is what follows an image's data.
	PictureEnd = ")"

	// PictureFrame is how many characters an image has beside its type and its
	// data.
	PictureFrame = int64(len(picture) + len(pictureData) + len(PictureEnd))
)

// AppendPicture appends the beginning of an image of a type, inside a text. The
// data in base64 and PictureEnd follow.
func AppendPicture(dst []byte, mime llm.Literal) []byte {
	dst = append(append(dst, picture...), mime.Inner()...)
	return append(dst, pictureData...)
}

// Pictures reads the images that were written into the texts of an answer, when
// it comes back, so that a model gets them as images and not as millions of letters.
func Pictures(content []llm.Part) []llm.Part {
	has := func(p llm.Part) bool { return p.Kind == llm.Text && bytes.Contains(p.Text, []byte(picture)) }
	if !slices.ContainsFunc(content, has) {
		return content
	}
	var out []llm.Part
	for _, p := range content {
		if !has(p) {
			out = append(out, p)
			continue
		}
		in := p.Text.Inner()
		text := func(b []byte) {
			if len(b) > 0 {
				out = append(out, llm.Part{Kind: llm.Text, Text: slices.Concat(llm.Literal{'"'}, b, llm.Literal{'"'}), Turn: p.Turn, At: p.At})
			}
		}
		for {
			at := bytes.Index(in, []byte(picture))
			if at < 0 {
				break
			}
			link, after, closed := bytes.Cut(in[at+len(picture):], []byte(PictureEnd))
			mime, data, ok := bytes.Cut(link, []byte(pictureData))
			if !closed || !ok || !bytes.HasPrefix(mime, []byte("image/")) || len(data) == 0 || !IsBase64(data) {
				break
			}
			text(in[:at])
			out = append(out, llm.Part{Kind: llm.Image, Media: &llm.Media{MIME: string(mime), Data: data}, Turn: p.Turn, At: p.At})
			in = after
		}
		text(in)
		last := &out[len(out)-1]
		last.Cache, last.Signature, last.Origin = p.Cache, p.Signature, p.Origin
	}
	return out
}
