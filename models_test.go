package aiclient2api_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	aiclient2api "github.com/aiclient2api/caddy-aiclient2api"
)

// ids returns the ids of a list of models, as id@owner.
func ids(t *testing.T, got reply) string {
	t.Helper()
	var list struct {
		Object string
		Data   []struct {
			ID, Object string
			OwnedBy    string `json:"owned_by"`
			Created    *int64
		}
	}
	if err := json.Unmarshal([]byte(got.body), &list); err != nil || list.Object != "list" || got.status != 200 {
		t.Fatalf("%d %s", got.status, got.body)
	}
	var out []string
	for _, m := range list.Data {
		if m.Object != "model" || m.Created == nil {
			t.Errorf("not a model of OpenAI's: %s", got.body)
		}
		out = append(out, m.ID+"@"+m.OwnedBy)
	}
	return strings.Join(out, " ")
}

// The list has the literal names of rules and models words, and what
// providers without models say themselves, under a name that leads there.
func TestListOfModels(t *testing.T) {
	v := newVendor(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/v1/models" || r.Header.Get("Authorization") != "Bearer k" || r.Header.Get("X-Team") != "blue" {
			w.WriteHeader(http.StatusNotFound)
		}
		_, _ = io.WriteString(w, `{"object":"list","data":[{"id":"m1"},{"id":"smart"},{"id":"x/m2"},{"id":7},{}]}`)
	})
	block := "key all all-the-models\nkey few few-of-them {\nmodels m1 own/* echo\n}\n" +
		"provider echo\nprovider own openai {\napi_key k\nupstream " + v.URL + "/v1\nheader_up X-Team blue\n}\n" +
		"provider lit openai {\napi_key k\nupstream " + v.URL + "/v1\nmodels lit-1 lit-* echo\n}\n" +
		"model smart echo\nmodel pattern-* echo\n"
	all := []string{"Authorization", "Bearer all-the-models"}
	few := []string{"Authorization", "Bearer few-of-them"}

	s := serve(t, block)
	for _, tc := range []struct {
		name, path string
		headers    []string
		want       string
	}{
		{"all", "/v1/models", all, "smart@echo echo@echo own/m1@own own/smart@own own/x/m2@own lit-1@lit"},
		{"what the key may use", "/v1/models", few, "echo@echo own/m1@own own/smart@own own/x/m2@own"},
		{"pinned by path", "/own/v1/models", all, "m1@own smart@own x/m2@own"},
		{"pinned by header", "/v1/models", append([]string{"Model-Provider", "lit"}, all...), "lit-1@lit echo@lit"},
		{"pinned, what the key may use", "/echo/v1/models", few, ""},
	} {
		if got := ids(t, s.ask(t, "GET", tc.path, "", tc.headers...)); got != tc.want {
			t.Errorf("%s:\n%s, want\n%s", tc.name, got, tc.want)
		}
	}
	for path, want := range map[string]string{
		"/v1/models/echo":         "echo",
		"/v1/models/own/x/m2":     "own",
		"/v1/models/own%2Fx%2Fm2": "own",
		"/v1/models/pattern-7":    "echo",
		"/v1/models/lit-9":        "lit",
		"/v1/models/m1":           "",
		"/own/v1/models/m1":       "own",
		"/own/v1/models/own/m1":   "",
	} {
		got := s.ask(t, "GET", path, "", all...)
		var m struct {
			OwnedBy string `json:"owned_by"`
		}
		_ = json.Unmarshal([]byte(got.body), &m)
		if m.OwnedBy != want || (got.status == 200) != (want != "") {
			t.Errorf("%s: %d %s", path, got.status, got.body)
		}
	}
	if n := v.asked.Load(); n != 1 {
		t.Errorf("the provider was asked %d times", n)
	}

	// with a default, the provider's names alone lead there, but for the one
	// that a rule has taken
	s = serve(t, block+"default own")
	if got, want := ids(t, s.ask(t, "GET", "/v1/models", "", all...)), "smart@echo echo@echo m1@own own/smart@own x/m2@own lit-1@lit"; got != want {
		t.Errorf("with a default:\n%s, want\n%s", got, want)
	}
}

// Anthropic's clients ask at the same path, and say who they are.
func TestListOfModelsForAnthropicsClients(t *testing.T) {
	s := serve(t, "key a a-secret-key\nprovider echo\nmodel claude-x echo")
	headers := []string{"Anthropic-Version", "2023-06-01", "X-Api-Key", "a-secret-key"}
	const x = `{"type":"model","id":"claude-x","display_name":"claude-x","created_at":"1970-01-01T00:00:00Z"}`
	for path, want := range map[string]reply{
		"/v1/models":             {status: 200, body: `{"data":[` + x + `,{"type":"model","id":"echo","display_name":"echo","created_at":"1970-01-01T00:00:00Z"}],"has_more":false,"first_id":"claude-x","last_id":"echo"}`},
		"/v1/models?limit=1000":  {status: 200, body: `"has_more":false`},
		"/v1/models/claude-x":    {status: 200, body: x},
		"/v1/models/claude-none": {status: 404, body: `{"type":"error","error":{"type":"not_found_error","message":`},
	} {
		if got := s.ask(t, "GET", path, "", headers...); got.status != want.status || !strings.Contains(got.body, want.body) {
			t.Errorf("%s: %d %s", path, got.status, got.body)
		}
	}
	if got := s.ask(t, "GET", "/v1/models", "", headers[:2]...); got.status != 401 || !strings.HasPrefix(got.body, `{"type":"error","error":{"type":"authentication_error",`) {
		t.Errorf("without a key: %d %s", got.status, got.body)
	}
}

// Each vendor's list is asked for where it is, with the vendor's own headers.
func TestListsOfModelsOfOtherVendors(t *testing.T) {
	v := newVendor(t, func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/v1/models" && r.Header.Get("X-Api-Key") == "ka" && r.Header.Get("Anthropic-Version") == "2023-06-01" && r.URL.RawQuery == "limit=1000":
			_, _ = io.WriteString(w, `{"data":[{"type":"model","id":"claude-x"}],"has_more":false}`)
		case r.URL.Path == "/v1beta/models" && r.Header.Get("X-Goog-Api-Key") == "kg" && r.URL.RawQuery == "pageSize=1000":
			_, _ = io.WriteString(w, `{"models":[{"name":"models/gemini-x","supportedGenerationMethods":["generateContent"]},{"name":"models/embed","supportedGenerationMethods":["embedContent"]}]}`)
		default:
			w.WriteHeader(http.StatusNotFound)
		}
	})
	s := serve(t, "open\nprovider anthropic {\napi_key ka\nupstream "+v.URL+"\n}\nprovider gemini {\napi_key kg\nupstream "+v.URL+"\n}\nmodel gemini-* gemini")
	if got := ids(t, s.ask(t, "GET", "/v1/models", "")); got != "anthropic/claude-x@anthropic gemini-x@gemini" {
		t.Errorf("got %s", got)
	}
}

// A provider that cannot tell its models is no reason not to tell the others'.
func TestListOfModelsWithoutAProvider(t *testing.T) {
	block := make(chan struct{})
	v := newVendor(t, func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-block:
		case <-r.Context().Done():
		}
	})
	defer close(block)
	s := serve(t, "open\nprovider echo\nprovider slow openai {\napi_key k\nupstream "+v.URL+"/v1\n}\nprovider down openai {\napi_key k\nupstream http://127.0.0.1:1/v1\n}")
	begun := time.Now()
	if got := ids(t, s.ask(t, "GET", "/v1/models", "")); got != "echo@echo" {
		t.Errorf("got %s", got)
	}
	if took := time.Since(begun); took > 5*time.Second {
		t.Errorf("it took %v", took)
	}
}

// net/http repeats what the provider sent in its errors. A list of models and
// a health check are asked for with the credential too, and what goes wrong
// with them is logged.
func TestWhatIsLoggedOfBackgroundRequests(t *testing.T) {
	const secret = "sk-operator-secret"
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			if r, err := http.ReadRequest(bufio.NewReader(conn)); err == nil {
				fmt.Fprintf(conn, "HTTP/1.1 %s\r\n\r\n", strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "))
			}
			conn.Close()
		}
	}()
	s := serve(t, "open\nprovider own openai {\napi_key "+secret+"\nupstream http://"+l.Addr().String()+"/v1\nhealth_uri /ready\nhealth_interval 1h\n}")
	s.ask(t, "GET", "/v1/models", "")
	for _, msg := range []string{"fetching a provider's list of models", "HTTP request failed"} {
		for until := time.Now().Add(deadline); len(s.log.entries(t, msg)) == 0; {
			if time.Now().After(until) {
				t.Fatalf("nothing is logged of %q: %s", msg, s.log)
			}
		}
	}
	if text := s.log.String(); strings.Contains(text, secret) || !strings.Contains(text, "****") {
		t.Errorf("the log: %s", text)
	}
}

// A provider's list is kept for a while, and what is old is served while a new
// one is fetched.
func TestListOfModelsIsKept(t *testing.T) {
	clock := aiclient2api.SetClock(t)
	v := newVendor(t, nil)
	list := make(chan string, 2)
	v.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		v.asked.Add(1)
		_, _ = io.WriteString(w, <-list)
	})
	s := serve(t, "open\nprovider own openai {\napi_key k\nupstream "+v.URL+"/v1\n}")
	list <- `{"data":[{"id":"old"}]}`
	for range 3 {
		if got := ids(t, s.ask(t, "GET", "/v1/models", "")); got != "old@own" {
			t.Fatalf("got %s", got)
		}
	}
	if n := v.asked.Load(); n != 1 {
		t.Errorf("asked %d times", n)
	}
	clock(time.Hour)
	if got := ids(t, s.ask(t, "GET", "/v1/models", "")); got != "old@own" {
		t.Errorf("while a new one is fetched: %s", got)
	}
	list <- `{"data":[{"id":"new"}]}`
	for until := time.Now().Add(deadline); ; {
		got := ids(t, s.ask(t, "GET", "/v1/models", ""))
		if got == "new@own" {
			break
		}
		if time.Now().After(until) {
			t.Fatalf("the new list never came: %s", got)
		}
	}
	if n := v.asked.Load(); n != 2 {
		t.Errorf("asked %d times", n)
	}
}
