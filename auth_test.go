package aiclient2api

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/caddyserver/caddy/v2"
)

func testCallers(t *testing.T, open bool, keys ...*Key) *callers {
	t.Helper()
	c, err := newCallers(open, keys, caddy.NewReplacer())
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// Any one of the credentials that matches is enough, wherever it stands; a
// wrong one beside it does no harm, and Basic is ignored.
func TestIdentify(t *testing.T) {
	c := testCallers(t, false,
		&Key{Name: "alice", Secrets: []string{"alice-old-key", "alice-new-key"}},
		&Key{Name: "bob", Secrets: []string{"bob-key-123"}})
	for _, tc := range []struct {
		name   string
		header http.Header
		query  string
		want   string // the key's name, "" if nobody may call
	}{
		{name: "bearer", header: http.Header{"Authorization": {"Bearer alice-new-key"}}, want: "alice"},
		{name: "scheme in another case", header: http.Header{"Authorization": {"bearer  alice-old-key "}}, want: "alice"},
		{name: "Anthropic's header", header: http.Header{"X-Api-Key": {"bob-key-123"}}, want: "bob"},
		{name: "Google's header", header: http.Header{"X-Goog-Api-Key": {"bob-key-123"}}, want: "bob"},
		{name: "query", query: "beta=true&key=bob-key-123", want: "bob"},
		{name: "escaped query", query: "%6Bey=bob%2Dkey-123", want: "bob"},
		{name: "websocket", header: http.Header{"Sec-Websocket-Protocol": {"realtime, openai-insecure-api-key.bob-key-123"}}, want: "bob"},
		{name: "one of two", header: http.Header{"Authorization": {"Bearer wrong-key"}, "X-Api-Key": {"bob-key-123"}}, want: "bob"},
		{name: "two headers of one name", header: http.Header{"X-Api-Key": {"wrong-key", "bob-key-123"}}, want: "bob"},
		{name: "basic beside it", header: http.Header{"Authorization": {"Basic YTpi", "Bearer bob-key-123"}}, want: "bob"},
		{name: "none"},
		{name: "empty", header: http.Header{"Authorization": {"Bearer "}, "X-Api-Key": {""}}, query: "key="},
		{name: "wrong", header: http.Header{"Authorization": {"Bearer bob-key-124"}}},
		{name: "prefix of one", header: http.Header{"Authorization": {"Bearer bob-key-12"}}},
		{name: "the secret without its scheme", header: http.Header{"Authorization": {"bob-key-123"}}},
		{name: "as basic", header: http.Header{"Authorization": {"Basic bob-key-123"}}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := httptest.NewRequest(http.MethodPost, "/v1/models?"+tc.query, nil)
			r.Header = tc.header.Clone()
			if r.Header == nil {
				r.Header = http.Header{}
			}
			who, ok := c.identify(r)
			if ok != (tc.want != "") || ok && who.key.Name != tc.want {
				t.Errorf("got %+v, %v", who.key, ok)
			}
		})
	}
}

// All credentials are taken out, right or wrong, also for anybody: what goes
// further must not hold one.
func TestCredentialsAreTakenOut(t *testing.T) {
	for _, open := range []bool{false, true} {
		r := httptest.NewRequest(http.MethodPost, "/v1/models?a=1&key=secret-1&b=%20&key=secret-2&%6bey=secret-3&keys=kept", nil)
		r.Header = http.Header{
			"Authorization": {"Bearer s", "Basic s"}, "X-Api-Key": {"s"}, "X-Goog-Api-Key": {"s"},
			"Sec-Websocket-Protocol": {"openai-insecure-api-key.s"}, "Accept": {"kept"},
		}
		testCallers(t, open).identify(r)
		if len(r.Header) != 1 || r.Header.Get("Accept") != "kept" {
			t.Errorf("open %v: header %v", open, r.Header)
		}
		if want := "a=1&b=%20&keys=kept"; r.URL.RawQuery != want || r.RequestURI != "/v1/models?"+want {
			t.Errorf("open %v: query %q, URI %q", open, r.URL.RawQuery, r.RequestURI)
		}
	}
}

// A provider's credential may be the one that the client shows us: it is
// resolved before that is taken out.
func TestCredentialsOfTheCaller(t *testing.T) {
	c := testCallers(t, true)
	a := c.templates.add("{http.request.header.Authorization}")
	b := c.templates.add("{http.request.header.X-Openai-Key}")
	if again := c.templates.add("{http.request.header.Authorization}"); again != a || b == a {
		t.Errorf("templates stand at %d, %d, %d", a, b, again)
	}
	r := httptest.NewRequest(http.MethodPost, "/", nil)
	r.Header.Set("Authorization", "Bearer sk-caller")
	repl := caddy.NewReplacer()
	repl.Map(func(name string) (any, bool) {
		if name == "http.request.header.Authorization" {
			return r.Header.Get("Authorization"), true
		}
		return "", true
	})
	who, _ := c.identify(r.WithContext(context.WithValue(r.Context(), caddy.ReplacerCtxKey, repl)))
	if len(who.secrets) != 2 || who.secrets[a] != "sk-caller" || who.secrets[b] != "" {
		t.Errorf("got %q", who.secrets)
	}
}

func TestMay(t *testing.T) {
	who := caller{key: &Key{Models: []string{"gpt-*", "local/llama"}}}
	for model, want := range map[string]bool{"gpt-4o": true, "local/llama": true, "openai/gpt-4o": false, "": false, "o1": false} {
		if who.may(model) != want {
			t.Errorf("%q: %v", model, !want)
		}
	}
	if !(caller{}).may("anything") || !(caller{key: &Key{}}).may("anything") {
		t.Error("without patterns all models are allowed")
	}
}

func BenchmarkIdentify(b *testing.B) {
	c, err := newCallers(false, []*Key{{Name: "a", Secrets: []string{"a-long-secret-of-a-client"}}}, caddy.NewReplacer())
	if err != nil {
		b.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodPost, "/v1/chat/completions", nil)
	value := []string{"Bearer a-long-secret-of-a-client"}
	b.ReportAllocs()
	for b.Loop() {
		r.Header["Authorization"] = value
		if _, ok := c.identify(r); !ok {
			b.Fatal("not identified")
		}
	}
}
