package upstream

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp/reverseproxy"
	"github.com/tidwall/gjson"
)

// The defaults that Caddy's transport lacks: a timeout of the TLS handshake,
// and a buffer that takes a burst of events in one read.
func TestFactTransportDefaults(t *testing.T) {
	for _, tc := range []struct {
		raw    string
		secure bool
		want   string
	}{
		{"", false, `{"protocol":"http","read_buffer_size":32768,"write_buffer_size":16384}`},
		{"", true, `{"protocol":"http","read_buffer_size":32768,"write_buffer_size":16384,"tls":{"handshake_timeout":10000000000}}`},
		{`{"protocol":"http","tls":{}}`, false, `{"protocol":"http","tls":{"handshake_timeout":10000000000},"read_buffer_size":32768,"write_buffer_size":16384}`},
		{`{"protocol":"http","read_buffer_size":1,"write_buffer_size":2,"tls":{"handshake_timeout":2}}`, true, `{"protocol":"http","read_buffer_size":1,"write_buffer_size":2,"tls":{"handshake_timeout":2}}`},
	} {
		got, err := completeTransport([]byte(tc.raw), tc.secure)
		if err != nil || string(got) != tc.want {
			t.Errorf("%s: %s, %v", tc.raw, got, err)
		}
	}
}

// The dial address is an account's identity: it changes with all that makes
// the account, and with nothing else, and it does not tell the credential.
func TestIdentity(t *testing.T) {
	base := func(s string) *url.URL { u, _ := url.Parse(s); return u }
	a := func() *Account { return &Account{Name: "1", Secret: "s", Base: base("https://a/v1")} }
	same := a().dial("openai", "p")
	if same != a().dial("openai", "p") {
		t.Error("equal accounts differ")
	}
	for name, change := range map[string]func(*Account){
		"name":       func(a *Account) { a.Name = "2" },
		"credential": func(a *Account) { a.Secret = "t" },
		"base URL":   func(a *Account) { a.Base = base("https://b/v1") },
		"words":      func(a *Account) { a.Words = []byte(`{"delay":1}`) },
	} {
		b := a()
		if change(b); b.dial("openai", "p") == same {
			t.Errorf("another %s is the same account", name)
		}
	}
	if a().dial("other", "p") == same {
		t.Error("another kind is the same account")
	}
}

func TestURL(t *testing.T) {
	for _, tc := range []struct{ base, query, want string }{
		{"https://a/v1", "", "https://a/v1/models"},
		{"https://a", "beta=true", "https://a/models?beta=true"},
		{"https://a/x?api-version=1", "", "https://a/x/models?api-version=1"},
		{"https://a/x?api-version=1", "beta=true", "https://a/x/models?api-version=1&beta=true"},
		{"https://a/x%2Fy", "", "https://a/x%2Fy/models"},
	} {
		u, err := url.Parse(tc.base)
		if err != nil {
			t.Fatal(err)
		}
		a := &Account{Base: u}
		if got := a.url("/models", tc.query).String(); got != tc.want || u.String() != tc.base {
			t.Errorf("%s: %s, base %s", tc.base, got, u)
		}
	}
	for base, want := range map[string]string{ // a path is escaped, and stays so
		"https://a":       "https://a/models/x%3Fy%2Fz:g?alt=sse",
		"https://a/b%2Fc": "https://a/b%2Fc/models/x%3Fy%2Fz:g?alt=sse",
	} {
		u, _ := url.Parse(base)
		if got := (&Account{Base: u}).url("/models/x%3Fy%2Fz:g", "alt=sse").String(); got != want {
			t.Errorf("%s: %s", base, got)
		}
	}
}

// Vendors have two shapes of a list, and Google's names what cannot hold a
// conversation too.
func TestModelIDs(t *testing.T) {
	for list, want := range map[string]string{
		`{"data":[{"id":"a"},{"id":""},{},{"id":3},{"id":"b/c"}]}`: "a b/c",
		`{"data":[]}`: "",
		`{}`:          "",
		`{"models":[{"name":"models/gemini-x","supportedGenerationMethods":["generateContent","countTokens"]},{"name":"models/embed","supportedGenerationMethods":["embedContent"]},{"name":"tunedModels/t"}]}`: "gemini-x tunedModels/t",
	} {
		if got := strings.Join(modelIDs(gjson.Parse(list)), " "); got != want {
			t.Errorf("%s: %q", list, got)
		}
	}
}

func TestCheckTakesAnEmptyProxy(t *testing.T) {
	if err := Check(new(reverseproxy.Handler)); err != nil {
		t.Error(err)
	}
}

// What is known of an account outlives the configurations that had it for a
// while, and not for ever.
func TestRegistry(t *testing.T) {
	now := time.Now()
	r := registry{by: make(map[string]*Shared), tallies: make(map[[2]string]*Tally)}
	base, _ := url.Parse("https://a/v1")
	a := &Account{Name: "1", Base: base}
	first := r.take("x", a, "openai", "p", now)
	if r.take("x", a, "openai", "p", now) != first || r.take("y", a, "openai", "p", now) == first {
		t.Error("equal accounts do not share, or others do")
	}
	r.give(first, now)
	r.give(first, now)
	if r.take("x", a, "openai", "p", now.Add(remembered)) != first {
		t.Error("forgotten too soon")
	}
	r.give(first, now.Add(remembered))
	if r.take("x", a, "openai", "p", now.Add(2*remembered+time.Second)) == first || len(r.by) != 2 {
		t.Errorf("never forgotten: %d are known", len(r.by))
	}
}
