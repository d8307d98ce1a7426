package gemini_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/aiclient2api/caddy-aiclient2api/formats"
	"github.com/aiclient2api/caddy-aiclient2api/formats/gemini"
)

var up gemini.Upstream

// A model's name comes from the client: it must not reach another path, query
// or method.
func TestPath(t *testing.T) {
	for model, want := range map[string]string{
		"gemini-2.5-flash":         "models/gemini-2.5-flash",
		"models/gemini-2.5-flash":  "models/gemini-2.5-flash",
		"tunedModels/mine-123":     "tunedModels/mine-123",
		"google/gemini-2.5-pro":    "models/google/gemini-2.5-pro",
		"a?key=b#c":                "models/a%3Fkey=b%23c",
		"a%2fb":                    "models/a%252fb",
		"../../v1/files":           "models/%2E%2E/%2E%2E/v1/files",
		"models/./x":               "models/%2E/x",
		"x:countTokens":            "models/x%3AcountTokens",
		"mödel 1":                  "models/m%C3%B6del%201",
		"models/tunedModels/extra": "models/tunedModels/extra",
	} {
		path, query := up.Path(formats.Conversation, model, false)
		if path != "/v1beta/"+want+":generateContent" || query != "" {
			t.Errorf("%s: %s?%s", model, path, query)
		}
		u, err := url.Parse("https://generativelanguage.googleapis.com" + path)
		if err != nil || u.RawQuery != "" || u.Fragment != "" || !strings.HasPrefix(u.EscapedPath(), "/v1beta/") {
			t.Errorf("%s: %v %v", model, u, err)
		}
	}
	if path, query := up.Path(formats.Conversation, "m", true); path != "/v1beta/models/m:streamGenerateContent" || query != "alt=sse" {
		t.Errorf("%s?%s", path, query)
	}
}
