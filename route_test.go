package aiclient2api

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2"

	"github.com/aiclient2api/caddy-aiclient2api/formats"
	"github.com/aiclient2api/caddy-aiclient2api/internal/exchange"
	"github.com/aiclient2api/caddy-aiclient2api/internal/upstream"
)

// testRouter has the providers a (models a-*), b and, left out, c.
func testRouter(t *testing.T, rules []*Rule, fallback ...string) *router {
	t.Helper()
	var list []*Provider
	for _, name := range []string{"a", "b", "c"} {
		p := &Provider{Name: name}
		p.target.Provider = name
		p.self = []target{{provider: p}}
		if name != "c" {
			p.pool = new(upstream.Pool)
		}
		list = append(list, p)
	}
	list[0].models = []string{"a-*"}
	rt, err := newRouter(list, rules, fallback, caddy.NewReplacer())
	if err != nil {
		t.Fatal(err)
	}
	return rt
}

// leads writes targets as the configuration has them.
func leads(targets []target, model string) string {
	var out []string
	for _, x := range targets {
		p := x.plan(model)
		out = append(out, p.Provider+"/"+p.Model)
	}
	return strings.Join(out, " ")
}

// The order is: the pin, the rules, a provider's name before the model's, the
// providers' models, the default.
func TestResolve(t *testing.T) {
	rules := []*Rule{
		{Pattern: "smart", Targets: []string{"b/big", "a"}},
		{Pattern: "a/ruled", Targets: []string{"b"}},
		{Pattern: "a-ruled*", Targets: []string{"b/x/y"}},
		{Pattern: "smart*", Targets: []string{"a"}},
	}
	rt := testRouter(t, rules, "b/fallback")
	for _, tc := range []struct{ pin, model, want string }{
		{"", "smart", "b/big a/smart"},
		{"", "smarter", "a/smarter"},
		{"", "a/ruled", "b/a/ruled"},
		{"", "a-ruled-1", "b/x/y"},
		{"", "a/other", "a/other"},
		{"", "b/a-model", "b/a-model"},
		{"", "b/x/y:free", "b/x/y:free"},
		{"", "a-model", "a/a-model"},
		{"", "unknown/model", "b/fallback"},
		{"", "b/", "b/fallback"},
		{"", "", "b/fallback"},
		{"a", "smart", "a/smart"},
		{"a", "b/x", "a/b/x"},
		{"c", "m", "c/m"},
	} {
		targets, _ := rt.resolve(rt.byName[tc.pin], tc.model)
		if got := leads(targets, tc.model); got != tc.want {
			t.Errorf("pin %q, model %q: %q, want %q", tc.pin, tc.model, got, tc.want)
		}
	}
}

func TestResolveWithoutADefault(t *testing.T) {
	rt := testRouter(t, nil)
	if got, _ := rt.resolve(nil, "m"); got != nil {
		t.Errorf("two providers: %q", leads(got, "m"))
	}
	rt.byName["b"].pool = nil
	only, _ := rt.resolve(nil, "m")
	if got := leads(only, "m"); got != "a/m" {
		t.Errorf("the only one that is left: %q", got)
	}
}

// Shares are kept, a session always draws the same lot, and whoever has not
// drawn it is asked afterwards.
func TestSplit(t *testing.T) {
	rt := testRouter(t, []*Rule{{Pattern: "x", Targets: []string{"70%:a/big", "30%:b", "c"}, FallbackOn: []string{"too_large"}}})
	targets, on := rt.resolve(nil, "x")
	if on != exchange.TooLarge {
		t.Errorf("faults %b", on)
	}
	seen := map[string]int{}
	for range 10000 {
		seen[leads(split(targets, 0), "x")]++
	}
	if n := seen["a/big b/x c/x"]; len(seen) != 2 || n < 6700 || n > 7300 || seen["b/x a/big c/x"] != 10000-n {
		t.Errorf("drawn %v", seen)
	}
	seen = map[string]int{}
	for i := range 10000 {
		session := exchange.Session(fmt.Sprint("session ", i))
		first := leads(split(targets, session), "x")
		if leads(split(targets, session), "x") != first {
			t.Fatal("a session drew two lots")
		}
		seen[first]++
	}
	if n := seen["a/big b/x c/x"]; n < 6700 || n > 7300 {
		t.Errorf("sessions drew %v", seen)
	}
	if leads(targets, "x") != "a/big b/x c/x" {
		t.Error("the rule's own targets were moved")
	}
}

func TestShares(t *testing.T) {
	for written, want := range map[string]string{
		"a b":           "",
		"90%:a 10%:b":   "",
		"100%:a b":      "",
		"50%:a 50%:b c": "",
		"90%:a 20%:b":   "make 110%",
		"50%:a":         "make 50%",
		"a 100%:b":      "come first",
		"50%:a c 50%:b": "come first",
		"0%:a 100%:b":   "from 1% to 100%",
		"101%:a":        "from 1% to 100%",
	} {
		err := checkShares(strings.Fields(written))
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", written, err, want)
		}
	}
}

// Targets whose provider was left out are skipped; if none is left the error
// names them.
func TestServing(t *testing.T) {
	rt := testRouter(t, []*Rule{{Pattern: "x", Targets: []string{"c", "a", "c", "b"}}})
	resolved, _ := rt.resolve(nil, "x")
	targets, err := serving(resolved)
	if err != nil || leads(targets, "x") != "a/x b/x" {
		t.Errorf("%q, %v", leads(targets, "x"), err)
	}
	if _, err := serving(rt.byName["c"].self); err == nil || err.Status != http.StatusServiceUnavailable || !strings.Contains(err.Message, "provider c") {
		t.Errorf("got %+v", err)
	}
}

func TestEndpoint(t *testing.T) {
	rt := testRouter(t, nil)
	for _, tc := range []struct {
		path   string
		what   what
		op     formats.Operation
		pin    string
		model  string
		stream bool
		client string // chat if empty
		no     bool   // none of ours
	}{
		{path: "/v1/chat/completions"},
		{path: "/v1/completions", op: formats.Completions, client: "completions"},
		{path: "/v1/responses", client: "responses"},
		{path: "/v1/responses/input_tokens", op: formats.CountTokens, client: "responses"},
		{path: "/v1/responses/compact", op: formats.Compact, client: "responses"},
		{path: "/v1/responses/resp_1-a", op: formats.Stored, client: "responses"},
		{path: "/a/v1/responses/resp_1/cancel", op: formats.Stored, client: "responses", pin: "a"},
		{path: "/v1/responses/resp_1/input_items", op: formats.Stored, client: "responses"},
		{path: "/v1/responses/", no: true},
		{path: "/v1/responses/resp_1/", no: true},
		{path: "/v1/responses/resp_1/delete", no: true},
		{path: "/v1/responses/../x", no: true},
		{path: "/v1/responses/a%2Fb", no: true},
		{path: "/v1/messages", client: "messages"},
		{path: "/a/v1/messages", client: "messages", pin: "a"},
		{path: "/v1/messages/count_tokens", op: formats.CountTokens, client: "messages"},
		{path: "/v1beta/models/gemini-x:generateContent", client: "gemini", model: "gemini-x"},
		{path: "/v1beta/models/openai/gpt-5.1:streamGenerateContent", client: "gemini", model: "openai/gpt-5.1", stream: true},
		{path: "/v1beta/openai/gpt-5.1:streamGenerateContent", client: "gemini", model: "openai/gpt-5.1", stream: true},
		{path: "/v1beta1/publishers/google/models/x:generateContent", client: "gemini", model: "x"},
		{path: "/v1/models/gemini-x:generateContent", client: "gemini", model: "gemini-x"},
		{path: "/v1beta/models/ns:model:tag:countTokens", client: "gemini", op: formats.CountTokens, model: "ns:model:tag"},
		{path: "/a/v1beta/models/x:generateContent", client: "gemini", model: "x", pin: "a"},
		{path: "/v1beta/models", what: modelList, client: "gemini"},
		{path: "/v1beta/models/x", what: oneModel, client: "gemini", model: "x"},
		{path: "/v1beta/models/x:embedContent", what: oneModel, client: "gemini", model: "x:embedContent"},
		{path: "/v1beta/models/:generateContent", what: oneModel, client: "gemini", model: ":generateContent"},
		{path: "/v1beta/:generateContent", no: true},
		{path: "/v1/embeddings", op: formats.Embeddings},
		{path: "/v1/moderations", op: formats.Moderations},
		{path: "/a/v1/chat/completions", pin: "a"},
		{path: "/c/v1/models", pin: "c", what: modelList},
		{path: "/v1/models", what: modelList},
		{path: "/v1/models/gpt-4o", what: oneModel, model: "gpt-4o"},
		{path: "/v1/models/openai/gpt-4o", what: oneModel, model: "openai/gpt-4o"},
		{path: "/a/v1/models/x/y", what: oneModel, model: "x/y", pin: "a"},
		{path: "/health", what: health},
		{path: "/a/health", no: true},
		{path: "/unknown/v1/chat/completions", no: true},
		{path: "/v1/chat/completions/", no: true},
		{path: "/v1/models/", no: true},
		{path: "/v1/files", no: true},
		{path: "/V1/chat/completions", no: true},
		{path: "//v1/chat/completions", no: true},
		{path: "/", no: true},
		{path: "", no: true},
		{path: "/a", no: true},
	} {
		ep, ok := rt.endpoint(tc.path)
		if ok == tc.no {
			t.Errorf("%s: ours is %v", tc.path, ok)
			continue
		}
		pin := ""
		if ep.pin != nil {
			pin = ep.pin.Name
		}
		if tc.client == "" {
			tc.client = "chat"
		}
		if !tc.no && (ep.what != tc.what || ep.op != tc.op || pin != tc.pin || ep.model != tc.model || ep.stream != tc.stream || ep.client.Name() != tc.client) {
			t.Errorf("%s: got %+v", tc.path, ep)
		}
	}
}

func BenchmarkResolve(b *testing.B) {
	p := &Provider{Name: "a", models: []string{"x-*"}}
	p.self = []target{{provider: p}}
	rt, err := newRouter([]*Provider{p}, []*Rule{{Pattern: "gpt-*", Targets: []string{"a"}}}, nil, caddy.NewReplacer())
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		rt.resolve(nil, "gpt-4o-mini")
	}
}
