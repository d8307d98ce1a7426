package aiclient2api_test

import (
	"os/exec"
	"strings"
	"testing"
)

const self = "github.com/aiclient2api/caddy-aiclient2api"

// mayImport is who may import whom, by the first folders of a path in this
// module. What is not listed may not.
var mayImport = map[string][]string{
	"":                   {"internal/upstream", "internal/cooldown", "internal/exchange", "internal/buffer", "internal/glob", "formats", "formats/*", "llm", "providers", "providers/standard", "sse"},
	"internal/upstream":  {"internal/cooldown", "internal/exchange", "internal/buffer", "internal/glob", "formats", "llm", "providers"},
	"internal/exchange":  {"internal/buffer", "formats", "llm", "sse"},
	"internal/buffer":    {},
	"internal/cooldown":  {},
	"internal/caddytest": {}, // tests import it, nobody else
	"internal/glob":      {},
	"formats":            {"llm", "sse"},
	"formats/standard":   {"formats", "formats/*"},
	"formats/*":          {"formats", "formats/jsonschema", "llm", "sse"},
	"formats/jsonschema": {"formats", "llm"},
	"formats/formattest": {"formats", "formats/*", "llm", "sse"}, // tests import it, nobody else
	"llm":                {},
	"sse":                {},
	"providers":          {"formats", "llm"},
	"providers/standard": {"providers/*"},
	"providers/*":        {"providers", "formats", "formats/standard", "llm"}, // echo decodes and encodes
	"cmd/caddy":          {""},
}

// The house stays a house: the order of the packages is checked, not hoped for.
func TestImports(t *testing.T) {
	out, err := exec.CommandContext(t.Context(), "go", "list", "-f", "{{.ImportPath}}: {{join .Imports \" \"}}", "./...").Output()
	if err != nil {
		t.Skipf("go list cannot be run here: %v", err)
	}
	for line := range strings.Lines(string(out)) {
		path, imports, _ := strings.Cut(strings.TrimSpace(line), ":")
		name := strings.TrimPrefix(strings.TrimPrefix(path, self), "/")
		rule, known := ruleOf(name)
		if !known {
			t.Errorf("%s: there is no rule for it", name)
			continue
		}
		for _, imported := range strings.Fields(imports) {
			rest, ours := strings.CutPrefix(imported, self)
			inner := strings.TrimPrefix(rest, "/")
			if ours && !allowed(rule, inner) {
				t.Errorf("%q must not import %q", name, inner)
			}
			if strings.HasPrefix(imported, "github.com/caddyserver/") && knowsNoCaddy(name) {
				t.Errorf("%q must not know Caddy, and imports %s", name, imported)
			}
			if strings.HasSuffix(imported, "/reverseproxy") && name != "" && name != "internal/upstream" {
				t.Errorf("%q must not import %s: internal/upstream joins it to accounts", name, imported)
			}
		}
	}
}

func ruleOf(name string) (rule []string, known bool) {
	if rule, known = mayImport[name]; known {
		return rule, true
	}
	folder, _, _ := strings.Cut(name, "/")
	rule, known = mayImport[folder+"/*"]
	return rule, known
}

func allowed(rule []string, name string) bool {
	folder, _, nested := strings.Cut(name, "/")
	for _, r := range rule {
		if r == name || nested && r == folder+"/*" {
			return true
		}
	}
	return false
}

func knowsNoCaddy(name string) bool {
	for _, folder := range []string{"llm", "sse", "formats", "internal/exchange", "internal/buffer", "internal/glob"} {
		if name == folder || strings.HasPrefix(name, folder+"/") {
			return true
		}
	}
	return false
}
