package aiclient2api_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig"
	_ "github.com/caddyserver/caddy/v2/modules/standard"

	aiclient2api "github.com/aiclient2api/caddy-aiclient2api"
	"github.com/aiclient2api/caddy-aiclient2api/internal/caddytest"
)

// How the tests of the configuration work: a Caddyfile is adapted to JSON
// (adaptFile), JSON is loaded without being served (validate) or served by
// Caddy in this process (load). Caddy in a process is one and global, and so
// is its log: none of these tests may be parallel.

// adaptFile adapts a Caddyfile that bears the name Caddyfile.
func adaptFile(text string) ([]byte, []caddyconfig.Warning, error) {
	return caddyconfig.GetAdapter("caddyfile").Adapt([]byte(text), map[string]any{"filename": "Caddyfile"})
}

// mustAdapt adapts a Caddyfile that is right.
func mustAdapt(t *testing.T, text string) []byte {
	t.Helper()
	config, _, err := adaptFile(text)
	if err != nil {
		t.Fatalf("adapting: %v\n%s", err, text)
	}
	return config
}

// adaptBlock adapts the handler from what stands in its block.
func adaptBlock(t *testing.T, block string) []byte {
	t.Helper()
	found := handlersOf(t, mustAdapt(t, ":8080 {\naiclient2api {\n"+block+"\n}\n}\n"))
	if len(found) != 1 {
		t.Fatalf("adapting gave %d handlers, want 1", len(found))
	}
	return found[0]
}

// handlersOf returns the handlers of ours in a configuration, in the order of
// their routes.
func handlersOf(t *testing.T, config []byte) (found [][]byte) {
	t.Helper()
	var walk func(json.RawMessage)
	walk = func(raw json.RawMessage) {
		var list []json.RawMessage
		var object map[string]json.RawMessage
		switch {
		case json.Unmarshal(raw, &list) == nil:
			for _, v := range list {
				walk(v)
			}
		case json.Unmarshal(raw, &object) == nil && string(object["handler"]) == `"aiclient2api"`:
			found = append(found, raw)
		case json.Unmarshal(raw, &object) == nil:
			for _, v := range object {
				walk(v)
			}
		}
	}
	walk(config)
	return found
}

// handlerMembers are a handler's JSON without its module name, which Caddy
// takes out before it loads the module.
func handlerMembers(t *testing.T, raw []byte) []byte {
	t.Helper()
	var members map[string]json.RawMessage
	if err := json.Unmarshal(raw, &members); err != nil {
		t.Fatalf("%v in %s", err, raw)
	}
	delete(members, "handler")
	rest, err := json.Marshal(members)
	if err != nil {
		t.Fatal(err)
	}
	return rest
}

// strictHandler loads a handler's JSON as Caddy does: no unknown member.
func strictHandler(t *testing.T, raw []byte) *aiclient2api.Handler {
	t.Helper()
	h := new(aiclient2api.Handler)
	if err := caddy.StrictUnmarshalJSON(handlerMembers(t, raw), h); err != nil {
		t.Fatalf("loading handler: %v\n%s", err, raw)
	}
	return h
}

// decode makes JSON comparable, whatever the order of its members.
func decode(t *testing.T, raw []byte) (v any) {
	t.Helper()
	if err := json.Unmarshal(raw, &v); err != nil {
		t.Fatalf("%v in %s", err, raw)
	}
	return v
}

// server wraps a handler's JSON in a configuration that listens on addresses.
func server(handler string, listen ...string) string {
	addresses, _ := json.Marshal(listen)
	return fmt.Sprintf(`{"admin":{"disabled":true},"apps":{"http":{"servers":{"srv0":{"listen":%s,"routes":[{"handle":[%s]}]}}}}}`,
		addresses, handler)
}

// quiet lets the default log of a configuration go to memory, unless the
// configuration says where it goes, and keeps its files where they go away.
func quiet(t *testing.T, config string, to *logBuffer) []byte {
	t.Helper()
	root := decode(t, []byte(config)).(map[string]any)
	at := func(m map[string]any, name string) map[string]any {
		if _, ok := m[name].(map[string]any); !ok {
			m[name] = make(map[string]any)
		}
		return m[name].(map[string]any)
	}
	log := at(at(at(root, "logging"), "logs"), "default")
	if log["writer"] == nil {
		log["writer"] = map[string]any{"output": "aiclient2api_test", "id": to.id}
	}
	at(root, "admin")["disabled"] = true
	at(at(root, "admin"), "config")["persist"] = false
	if root["storage"] == nil {
		root["storage"] = map[string]any{"module": "file_system", "root": caddytest.StorageDir(t)}
	}
	out, err := json.Marshal(root)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// validate does what `caddy validate` does: everything is provisioned and
// given back, nothing listens. It returns the log with the error.
func validate(t *testing.T, config string) (*logBuffer, error) {
	t.Helper()
	log := newLogBuffer(t)
	var cfg caddy.Config
	if err := caddy.StrictUnmarshalJSON(quiet(t, config, log), &cfg); err != nil {
		t.Fatalf("%v in %s", err, config)
	}
	return log, caddy.Validate(&cfg)
}

// load lets Caddy serve a configuration until the end of the test.
func load(t *testing.T, config string) (*logBuffer, error) {
	t.Helper()
	log := newLogBuffer(t)
	t.Cleanup(func() {
		if err := caddy.Stop(); err != nil {
			t.Errorf("stopping Caddy: %v", err)
		}
	})
	return log, caddy.Load(quiet(t, config, log), true)
}

// mustLoad serves a configuration that is right.
func mustLoad(t *testing.T, config string) *logBuffer {
	t.Helper()
	log, err := load(t, config)
	if err != nil {
		t.Fatalf("loading: %v", err)
	}
	return log
}

// deadline is how long something may take that takes no time.
const deadline = 10 * time.Second

// answer sends a request until a server answers, at most until the deadline,
// and returns the status and the body.
func answer(t *testing.T, client *http.Client, method, url, body string) (int, string) {
	t.Helper()
	if client == nil {
		// connections are not kept: each test has a server of its own
		client = &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: deadline}
	}
	until := time.Now().Add(deadline)
	for {
		req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/json")
		res, err := client.Do(req)
		if err != nil {
			if time.Now().After(until) {
				t.Fatalf("nobody answers: %v", err)
			}
			time.Sleep(5 * time.Millisecond) // the pause of the poll
			continue
		}
		text, err := io.ReadAll(res.Body)
		_ = res.Body.Close()
		if err != nil {
			t.Fatalf("reading the answer of %s: %v", url, err)
		}
		return res.StatusCode, string(text)
	}
}

func init() { caddy.RegisterModule(logWriter{}) }

// logBuffer is a log in memory.
type logBuffer struct {
	id   string
	mu   sync.Mutex
	text bytes.Buffer
}

// logBuffers are the logs of the tests that run, by id.
var logBuffers sync.Map

func newLogBuffer(t *testing.T) *logBuffer {
	t.Helper()
	b := &logBuffer{id: fmt.Sprintf("%s/%p", t.Name(), new(int))}
	logBuffers.Store(b.id, b)
	return b
}

func (b *logBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (*logBuffer) Close() error { return nil }

func (b *logBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// entries returns the entries whose message contains a text.
func (b *logBuffer) entries(t *testing.T, msg string) (found []map[string]any) {
	t.Helper()
	for line := range strings.Lines(b.String()) {
		entry, _ := decode(t, []byte(line)).(map[string]any)
		if text, _ := entry["msg"].(string); strings.Contains(text, msg) {
			found = append(found, entry)
		}
	}
	return found
}

// logWriter is a Caddy log output that goes to a logBuffer.
type logWriter struct {
	ID string `json:"id"`
}

func (logWriter) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{
		ID:  "caddy.logging.writers.aiclient2api_test",
		New: func() caddy.Module { return new(logWriter) },
	}
}

func (w logWriter) String() string    { return w.WriterKey() }
func (w logWriter) WriterKey() string { return "aiclient2api_test:" + w.ID }

func (w logWriter) OpenWriter() (io.WriteCloser, error) {
	b, ok := logBuffers.Load(w.ID)
	if !ok {
		return nil, fmt.Errorf("no log %q", w.ID)
	}
	return b.(io.WriteCloser), nil
}
