package gemini

import (
	"net/url"
	"strings"

	"github.com/aiclient2api/caddy-aiclient2api/formats"
)

// Path returns where a model's method stands below a base URL such as
// https://generativelanguage.googleapis.com. Without alt=sse a stream would
// come as one JSON array.
func (Upstream) Path(op formats.Operation, model string, stream bool) (path, query string) {
	path = "/v1beta/" + resource(model)
	switch {
	case op == formats.CountTokens:
		return path + ":countTokens", ""
	case stream:
		return path + ":streamGenerateContent", "alt=sse"
	default:
		return path + ":generateContent", ""
	}
}

// resource returns the name of a model as a resource, each of its segments
// escaped: the name comes from the client, and stays below its collection.
func resource(model string) string {
	collection := "models/"
	for _, known := range [...]string{"models/", "tunedModels/"} {
		if rest, ok := strings.CutPrefix(model, known); ok {
			collection, model = known, rest
			break
		}
	}
	segments := strings.Split(model, "/")
	for i, s := range segments {
		switch s {
		case ".", "..":
			segments[i] = strings.ReplaceAll(s, ".", "%2E")
		default:
			// behind a colon stands the method
			segments[i] = strings.ReplaceAll(url.PathEscape(s), ":", "%3A")
		}
	}
	return collection + strings.Join(segments, "/")
}
