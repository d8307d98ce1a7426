package exchange

import (
	"net/http"
	"net/url"
	"strings"
)

// The tables of what passes between client and provider. What is not in them
// does not pass: no cookie, no credential, no address of the client goes up,
// nothing that describes the operator's account or the provider's servers
// comes down.

// up are the request headers that go up as they are.
var up = map[string]bool{
	"Anthropic-Beta":      true,
	"Anthropic-Version":   true,
	"Idempotency-Key":     true,
	"Openai-Beta":         true,
	"Openai-Organization": true,
	"Openai-Project":      true,
}

// upPrefix is the prefix of the headers by which vendors' SDKs name
// themselves, which go up too.
const upPrefix = "X-Stainless-"

// upQuery are the query parameters that go up.
var upQuery = map[string]bool{
	"alt":  true, // events or one body, nothing else: it would be no answer
	"beta": true,

	// of an earlier response
	"after":          true,
	"include":        true,
	"include[]":      true,
	"limit":          true,
	"order":          true,
	"starting_after": true,
	"stream":         true,
}

// down are the response headers that come down as they are.
var down = map[string]bool{
	"Content-Language":          true,
	"Content-Type":              true,
	"Openai-Model":              true,
	"Openai-Processing-Ms":      true,
	"Openai-Version":            true,
	"Retry-After":               true,
	"Retry-After-Ms":            true,
	"X-Should-Retry":            true,
	"Anthropic-Fast-Mode":       false,
	"Openai-Organization":       false, // says whose account it is
	"Anthropic-Organization-Id": false,
}

// rateLimits are parts of the names of headers that describe the rate of an
// account, which is the operator's business: with debug_headers only.
var rateLimits = [...]string{"Ratelimit-", "Rate-Limit-"}

// Upward returns what of a client's headers and query goes up.
func Upward(h http.Header, rawQuery string) (http.Header, string) {
	var out http.Header
	for name, values := range h {
		if up[name] || strings.HasPrefix(name, upPrefix) {
			if out == nil {
				out = make(http.Header, 4)
			}
			out[name] = values
		}
	}
	if rawQuery == "" {
		return out, ""
	}
	query, kept := url.Values{}, false
	asked, _ := url.ParseQuery(rawQuery) // what cannot be read stays here
	for name, values := range asked {
		if upQuery[name] && (name != "alt" || values[0] == "sse" || values[0] == "json") {
			query[name], kept = values, true
		}
	}
	if !kept {
		return out, ""
	}
	return out, query.Encode()
}

// downward takes away what of a provider's headers does not come down, and
// returns the others.
func downward(h http.Header, debug bool) http.Header {
	for name := range h {
		if !down[name] && !isRequestID(name) && !(debug && isRateLimit(name)) {
			delete(h, name)
		}
	}
	return h
}

// isRequestID reports whether a header is a provider's id of the request. One
// that is called as ours is none.
func isRequestID(name string) bool {
	return strings.HasSuffix(name, "Request-Id") && !strings.HasPrefix(name, "Aiclient2api-")
}

func isRateLimit(name string) bool {
	for _, part := range rateLimits {
		if strings.Contains(name, part) {
			return true
		}
	}
	return false
}
