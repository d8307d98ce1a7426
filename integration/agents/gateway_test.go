//go:build unix

package agents

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig"
	_ "github.com/caddyserver/caddy/v2/modules/standard"

	_ "github.com/aiclient2api/caddy-aiclient2api"
	"github.com/aiclient2api/caddy-aiclient2api/internal/caddytest"
)

// The key of the agents, and the one that the vendors know.
const (
	clientKey   = "client-key-0123456789"
	operatorKey = "operator-key-0123456789"
)

// gateway is a running Caddy with one provider, to which all models lead.
type gateway struct {
	url string // without a final slash
	log string // the file of its access log
}

// run starts Caddy in front of a vendor. Nothing of it reaches beyond the test.
func run(t *testing.T, w wire, vendor string) gateway {
	t.Helper()
	dir, port := caddytest.StorageDir(t), caddytest.FreePort(t)
	g := gateway{url: fmt.Sprintf("http://127.0.0.1:%d", port), log: filepath.Join(dir, "access.log")}
	config := fmt.Sprintf(`{
	admin off
	persist_config off
	storage file_system %q
	log default {
		output file %q
		level WARN
	}
}
http://:%d {
	bind 127.0.0.1
	log {
		output file %q
		format aiclient2api
	}
	aiclient2api {
		key client %s
		provider %s {
			api_key %s
			upstream %s
			formats %s
		}
		model * %s/%s
	}
}
`, dir, filepath.Join(dir, "caddy.log"), port, g.log, clientKey,
		w.kind, operatorKey, vendor+w.base, w.format, w.kind, w.model)
	adapted, _, err := caddyconfig.GetAdapter("caddyfile").Adapt([]byte(config), nil)
	if err != nil {
		t.Fatalf("adapting the Caddyfile: %v\n%s", err, config)
	}
	if err := caddy.Load(adapted, true); err != nil {
		t.Fatalf("loading the configuration: %v", err)
	}
	t.Cleanup(func() {
		if err := caddy.Stop(); err != nil {
			t.Errorf("stopping Caddy: %v", err)
		}
	})
	return g
}

// entry is a line of the access log, as far as it is looked at.
type entry struct {
	Request struct {
		Method string `json:"method"`
		URI    string `json:"uri"`
	} `json:"request"`
	Status int `json:"status"`
	Facts  struct {
		Format      string `json:"format"`
		Lossy       string `json:"lossy"`
		Lost        string `json:"lost"`
		Failure     string `json:"failure"`
		Interrupted string `json:"interrupted"`
	} `json:"aiclient2api"`
}

// entries reads the access log.
func (g gateway) entries(t *testing.T) (all []entry) {
	t.Helper()
	f, err := os.Open(g.log)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var e entry
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			t.Fatalf("a line of the access log is not JSON: %q", lines.Text())
		}
		all = append(all, e)
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

// border is a proxy that lets nothing through and keeps in mind who was asked
// for.
type border struct {
	*httptest.Server

	mu    sync.Mutex
	hosts []string
}

// newBorder starts a border.
func newBorder(t *testing.T) *border {
	t.Helper()
	b := &border{}
	b.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.hosts = append(b.hosts, r.Host)
		http.Error(w, "this is a test: loopback only", http.StatusForbidden)
	}))
	t.Cleanup(b.Close)
	return b
}

// asked returns the hosts that were asked for.
func (b *border) asked() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.hosts
}
