package upstream_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig"
	_ "github.com/caddyserver/caddy/v2/modules/standard"

	_ "github.com/aiclient2api/caddy-aiclient2api"
	"github.com/aiclient2api/caddy-aiclient2api/internal/caddytest"
)

const answer = `{"choices":[{"message":{"role":"assistant","content":"hi"},"finish_reason":"stop"}]}`

// gateway is a Caddy with our handler, in this process: these tests do not run
// in parallel.
type gateway struct {
	url    string
	client *http.Client
	extra  string // further directives of the site
}

// start serves with a handler whose block is lines, and returns when it
// answers.
func start(t *testing.T, lines string) *gateway {
	t.Helper()
	g := &gateway{client: &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{}}}
	g.url = "http://" + freeAddress(t)
	g.load(t, lines)
	t.Cleanup(func() {
		g.client.CloseIdleConnections()
		if err := caddy.Stop(); err != nil {
			t.Error(err)
		}
	})
	return g
}

// load loads another configuration of the handler.
func (g *gateway) load(t *testing.T, lines string) {
	t.Helper()
	config := fmt.Sprintf(`{
	admin off
	auto_https off
	storage file_system %s
	log default {
		output discard
	}
}
%s {
	bind 127.0.0.1
	aiclient2api {
		open
		%s
	}
	%s
	respond "not ours" 418
}
`, caddytest.StorageDir(t), g.url, lines, g.extra)
	adapted, _, err := caddyconfig.GetAdapter("caddyfile").Adapt([]byte(config), map[string]any{"filename": "Caddyfile"})
	if err != nil {
		t.Fatal(err)
	}
	g.client.CloseIdleConnections() // those to the old configuration end
	if err := caddy.Load(adapted, true); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(5 * time.Second); ; {
		res, err := g.client.Get(g.url + "/health")
		if err == nil {
			res.Body.Close()
			return
		}
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
}

// ask sends a chat request and returns status, header and body of the answer.
func (g *gateway) ask(t *testing.T, header http.Header, body string) (int, http.Header, string) {
	t.Helper()
	status, got, text, err := g.try(header, body)
	if err != nil {
		t.Fatal(err)
	}
	return status, got, text
}

// try is ask for goroutines, which must not end the test.
func (g *gateway) try(header http.Header, body string) (int, http.Header, string, error) {
	r, err := http.NewRequestWithContext(context.Background(), http.MethodPost, g.url+"/v1/chat/completions", strings.NewReader(body))
	if err != nil {
		return 0, nil, "", err
	}
	for name, values := range header {
		r.Header[name] = values
	}
	res, err := g.client.Do(r)
	if err != nil {
		return 0, nil, "", err
	}
	defer res.Body.Close()
	got, err := io.ReadAll(res.Body)
	return res.StatusCode, res.Header, string(got), err
}

// vendor is a provider's API: it counts what it is asked and answers as f does.
type vendor struct {
	*httptest.Server
	asked atomic.Int32
}

func newVendor(t *testing.T, f http.HandlerFunc) *vendor {
	t.Helper()
	v := new(vendor)
	v.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v.asked.Add(1)
		f(w, r)
	}))
	t.Cleanup(v.Close)
	return v
}

// answers answers every request well.
func answers(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	w.Header().Set("Content-Type", "application/json")
	_, _ = io.WriteString(w, answer)
}

// fails answers every request with a status and an error.
func fails(status int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, `{"error":{"message":"no","type":"t","param":null,"code":null}}`)
	}
}

func freeAddress(t *testing.T) string {
	t.Helper()
	return fmt.Sprintf("127.0.0.1:%d", caddytest.FreePort(t))
}

const question = `{"model":"m","messages":[{"role":"user","content":"hi"}]}`
