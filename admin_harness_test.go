package aiclient2api_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2"
	"github.com/tidwall/gjson"
	"github.com/tidwall/sjson"

	"github.com/aiclient2api/caddy-aiclient2api/internal/caddytest"
)

// administered is a Caddy with its admin endpoint, and one site for each block.
type administered struct {
	admin string   // the admin API's address
	ports []string // of the sites
	log   *logBuffer
}

// administer serves handlers' blocks until the end of the test, each on a site
// of its own, with the admin endpoint.
func administer(t *testing.T, blocks ...string) *administered {
	t.Helper()
	a := &administered{admin: "127.0.0.1:" + strconv.Itoa(caddytest.FreePort(t)), log: newLogBuffer(t)}
	for range blocks {
		a.ports = append(a.ports, strconv.Itoa(caddytest.FreePort(t)))
	}
	slices.Sort(a.ports) // as Caddy sorts the servers
	t.Cleanup(func() {
		// the endpoint would outlive Stop
		if err := caddy.Load([]byte(`{"admin":{"disabled":true,"config":{"persist":false}}}`), true); err != nil {
			t.Errorf("ending the admin endpoint: %v", err)
		}
		if err := caddy.Stop(); err != nil {
			t.Errorf("stopping Caddy: %v", err)
		}
	})
	a.load(t, blocks...)
	return a
}

// load makes Caddy run the blocks. Called again it is a reload.
func (a *administered) load(t *testing.T, blocks ...string) {
	t.Helper()
	var b strings.Builder
	b.WriteString("{\nauto_https off\nmetrics\n}\n")
	for i, block := range blocks {
		fmt.Fprintf(&b, "http://127.0.0.1:%s {\nbind 127.0.0.1\naiclient2api {\n%s\n}\n}\n", a.ports[i], block)
	}
	a.loadFile(t, b.String())
	for i := range blocks {
		answer(t, nil, http.MethodGet, a.site(i)+"/health", "")
	}
}

// loadFile makes Caddy run a Caddyfile, with the admin endpoint.
func (a *administered) loadFile(t *testing.T, caddyfile string) {
	t.Helper()
	config := quiet(t, string(mustAdapt(t, caddyfile)), a.log)
	config, err := sjson.DeleteBytes(config, "admin.disabled")
	if err == nil {
		config, err = sjson.SetBytes(config, "admin.listen", a.admin)
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := caddy.Load(config, true); err != nil {
		t.Fatalf("loading: %v", err)
	}
}

// site is the URL of a site.
func (a *administered) site(i int) string { return "http://127.0.0.1:" + a.ports[i] }

// chat asks a site for a model with the client key, and returns the status.
func (a *administered) chat(t *testing.T, site int, model string, stream bool) int {
	t.Helper()
	name, _ := json.Marshal(model)
	body := fmt.Sprintf(`{"model":%s,"stream":%t,"messages":[{"role":"user","content":"Hello"}]}`, name, stream)
	status, _ := answer(t, nil, http.MethodPost, a.site(site)+"/v1/chat/completions?key="+adminClientKey, body)
	return status
}

// adminClientKey is the client key of the blocks that want one.
const adminClientKey = "canary-client-key-5d1e"

// do asks the admin API.
func (a *administered) do(t *testing.T, method, path, body string) (int, gjson.Result) {
	t.Helper()
	status, text := answer(t, nil, method, "http://"+a.admin+path, body)
	if !gjson.Valid(text) {
		t.Fatalf("%s %s answers with no JSON: %d %s", method, path, status, text)
	}
	return status, gjson.Parse(text)
}

// account returns how an account is.
func (a *administered) account(t *testing.T, provider, account string) gjson.Result {
	t.Helper()
	status, list := a.do(t, http.MethodGet, "/aiclient2api/providers", "")
	found := list.Get(fmt.Sprintf(`providers.#(name=="%s").accounts.#(name=="%s")`, provider, account))
	if status != http.StatusOK || !found.Exists() {
		t.Fatalf("account %s/%s is not told of: %d %s", provider, account, status, list)
	}
	return found
}

// metric returns the value of a series, "" if it is not there.
func (a *administered) metric(t *testing.T, series string) string {
	t.Helper()
	_, text := answer(t, nil, http.MethodGet, "http://"+a.admin+"/metrics", "")
	for line := range strings.Lines(text) {
		if value, found := strings.CutPrefix(strings.TrimSpace(line), series+" "); found {
			return value
		}
	}
	return ""
}

// repeating is a vendor that refuses keys that begin with a status, and
// repeats them in all it says: plainly, and with a letter that its JSON escaped.
func repeating(t *testing.T) *vendor {
	return newVendor(t, func(w http.ResponseWriter, r *http.Request) {
		key := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
		body, _ := io.ReadAll(r.Body)
		status, _ := strconv.Atoi(key[:3])
		w.Header().Set("Content-Type", "application/json")
		switch {
		case status >= 400:
			if status == http.StatusTooManyRequests {
				w.Header().Set("Retry-After", "600")
			}
			w.WriteHeader(status)
			fmt.Fprintf(w, `{"error":{"message":"refused %s, or %s\u%04x%s","type":"t","code":"c"}}`, key, key[:4], key[4], key[5:])
		case bytes.Contains(body, []byte(`"stream":true`)):
			w.Header().Set("Content-Type", "text/event-stream")
			io.WriteString(w, `data: {"id":"x","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"role":"assistant","content":"fi"},"finish_reason":null}]}`+"\n\n")
			io.WriteString(w, `data: {"id":"x","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"content":"ne"},"finish_reason":"stop"}],"usage":{"prompt_tokens":7,"completion_tokens":3,"total_tokens":10,"prompt_tokens_details":{"cached_tokens":5}}}`+"\n\n")
			if bytes.Contains(body, []byte(`"breaks"`)) {
				_ = http.NewResponseController(w).Flush()
				panic(http.ErrAbortHandler)
			}
			io.WriteString(w, "data: [DONE]\n\n")
		default:
			text := "fine"
			if bytes.Contains(body, []byte(`"huge"`)) {
				text = strings.Repeat("x", 5<<20)
			}
			fmt.Fprintf(w, `{"id":"x","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"message":{"role":"assistant","content":%q},"finish_reason":"stop"}],"usage":{"prompt_tokens":7,"completion_tokens":3,"total_tokens":10}}`, text)
		}
	})
}
