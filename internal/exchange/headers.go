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

// up reports whether a request header goes up as it is.
func up(name string) bool {
	switch name {
	case "Anthropic-Beta",
		"Anthropic-Version",
		"Idempotency-Key",
		"Openai-Beta",
		"Openai-Organization",
		"Openai-Project":
		return true
	}
	return strings.HasPrefix(name, "X-Stainless-") // by which vendors' SDKs name themselves
}

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

// down reports whether a response header comes down as it is. Those that say
// whose account it is (Openai-Organization, Anthropic-Organization-Id) do not.
func down(name string) bool {
	switch name {
	case "Content-Language",
		"Content-Type",
		"Openai-Model",
		"Openai-Processing-Ms",
		"Openai-Version",
		"Retry-After",
		"Retry-After-Ms",
		"X-Should-Retry":
		return true
	}
	return isRequestID(name)
}

// rateLimits are parts of the names of headers that describe the rate of an
// account, which is the operator's business: with debug_headers only.
var rateLimits = [...]string{"Ratelimit-", "Rate-Limit-"}

// Upward returns what of a client's headers and query goes up.
func Upward(h http.Header, rawQuery string) (http.Header, string) {
	var out http.Header
	for name, values := range h {
		if up(name) {
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
	if h == nil {
		return make(http.Header, 4) // others are added
	}
	for name := range h {
		if !down(name) && (!debug || !isRateLimit(name)) {
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
