package formats

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/aiclient2api/caddy-aiclient2api/llm"
)

// mostWords is how much of a provider's text goes into a message, in bytes.
const mostWords = 512

// Clip cuts a provider's text that goes into a message.
func Clip(s string) string { return llm.Clip(s, mostWords) }

// Foreign makes the message of an error whose body has not the shape of its
// format: nothing, a page of HTML, or somebody else's words.
func Foreign(status int, contentType string, body []byte) string {
	text := strings.TrimSpace(string(body[:min(len(body), 2*mostWords)]))
	what := "the provider answered " + strconv.Itoa(status) + " " + http.StatusText(status)
	switch {
	case text == "":
		return what + " without a body"
	case strings.Contains(contentType, "html") || strings.HasPrefix(text, "<"):
		return what + " with an HTML page"
	default:
		return what + ": " + Clip(text)
	}
}
