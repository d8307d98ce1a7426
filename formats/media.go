package formats

import (
	"encoding/base64"
	"path"
	"slices"
	"strings"

	"github.com/aiclient2api/caddy-aiclient2api/llm"
)

// magic are bytes near the beginning by which files are known. The first row
// that fits decides.
var magic = [...]struct {
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

// byExtension are the types of files of which the name is all that tells.
var byExtension = map[string]string{
	".pdf": "application/pdf", ".txt": "text/plain", ".md": "text/markdown", ".csv": "text/csv", ".xml": "text/xml",
	".html": "text/html", ".htm": "text/html", ".json": "application/json", ".png": "image/png", ".jpg": "image/jpeg",
	".jpeg": "image/jpeg", ".gif": "image/gif", ".webp": "image/webp", ".bmp": "image/bmp", ".mp4": "video/mp4", ".webm": "video/webm",
	".mp3": "audio/mp3", ".wav": "audio/wav",
}

// TypeOfName returns the type of a file by its name, "" if that tells none.
func TypeOfName(name string) string { return byExtension[strings.ToLower(path.Ext(name))] }

// Sniff returns the type of a file by its first bytes, which are in base64; ""
// if they tell none.
func Sniff(data []byte) string {
	var head [15]byte
	n, _ := base64.StdEncoding.Decode(head[:], data[:min(len(data)&^3, 20)])
	for _, row := range magic {
		if end := row.at + len(row.bytes); end <= n && string(head[row.at:end]) == row.bytes {
			return row.kind
		}
	}
	return ""
}

// IsBase64 reports whether data has nothing in it that is no base64, of either
// alphabet: then it can stand in a string as it is.
func IsBase64(data []byte) bool {
	for _, c := range data {
		if c-'0' > 9 && c|0x20-'a' > 25 && c != '+' && c != '/' && c != '-' && c != '_' && c != '=' {
			return false
		}
	}
	return true
}

// IsPublic reports whether a URL of one of the schemes is one that anybody can
// fetch: none that only Google opens, of its Files API or YouTube.
func IsPublic(url llm.Literal, schemes ...string) bool {
	scheme, host, ok := strings.Cut(strings.ToLower(Decoded(url)), "://")
	if at := strings.IndexAny(host, "/?#"); at >= 0 {
		host = host[:at]
	}
	for _, closed := range [...]string{"youtube.com", "youtu.be", "generativelanguage.googleapis.com"} {
		if host == closed || strings.HasSuffix(host, "."+closed) {
			return false
		}
	}
	return ok && host != "" && slices.Contains(schemes, scheme)
}

// IsDataURL reports whether a URL holds the data itself.
func IsDataURL(url llm.Literal) bool {
	const scheme = "data:"
	in := url.Inner()
	return len(in) >= len(scheme) && strings.EqualFold(string(in[:len(scheme)]), scheme)
}
