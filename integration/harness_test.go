package integration

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig"
	_ "github.com/caddyserver/caddy/v2/modules/standard"
	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"
	"github.com/quic-go/quic-go/http3"

	_ "github.com/aiclient2api/caddy-aiclient2api"
	"github.com/aiclient2api/caddy-aiclient2api/internal/caddytest"
	"github.com/aiclient2api/caddy-aiclient2api/internal/upstream"
)

// clientKey is the client key of the gateways that are not about keys.
const clientKey = "client-key-0123456789"

// patience is how long a condition may take to come true. It is a bound for
// failing tests: those that pass do not wait for it.
const patience = 15 * time.Second

// setup says how a gateway is configured.
type setup struct {
	global    string // more global options
	site      string // more directives of the site
	directive string // the block of aiclient2api; "" leaves the directive out
	secure    bool   // serve TLS with a certificate of Caddy's internal issuer
	log       string // the default log's block; default: warnings, shown when the test fails
	more      string // more sites
	address   string // of the site, if not that of the gateway's port
}

// gateway is a running Caddy.
type gateway struct {
	url  string // without a final slash
	dir  string // of Caddy's storage and logs
	port int
	json []byte // the configuration as it was adapted

	httpPort, httpsPort int
}

// run starts Caddy. It is stopped at the end of the test.
func run(t *testing.T, s setup) *gateway {
	t.Helper()
	g := prepare(t)
	g.load(t, s)
	forget()
	return g
}

// forget makes all accounts well, whatever was asked of them before: what they
// did in one test, or in one row of it, is not to be felt in the next.
func forget() {
	for _, a := range upstream.All() {
		a.Reset()
	}
}

// prepare chooses ports and a directory for a gateway that is loaded later.
func prepare(t *testing.T) *gateway {
	t.Helper()
	g := &gateway{dir: caddytest.StorageDir(t), port: caddytest.FreePort(t), httpPort: caddytest.FreePort(t), httpsPort: caddytest.FreePort(t)}
	t.Cleanup(func() {
		if err := caddy.Stop(); err != nil {
			t.Errorf("stopping Caddy: %v", err)
		}
		if t.Failed() {
			g.showLog(t)
		}
	})
	return g
}

// load makes Caddy run the configuration. Called again it is a reload.
func (g *gateway) load(t *testing.T, s setup) {
	t.Helper()
	adapted, warnings, err := caddyconfig.GetAdapter("caddyfile").Adapt([]byte(g.caddyfile(s)), nil)
	if err != nil {
		t.Fatalf("adapting the Caddyfile: %v\n%s", err, g.caddyfile(s))
	}
	for _, w := range warnings {
		if !strings.Contains(w.Message, "not formatted") {
			t.Errorf("adapting the Caddyfile: warning: %s", w)
		}
	}
	reload := g.json != nil
	g.json = adapted
	if err := caddy.Load(adapted, true); err != nil {
		t.Fatalf("loading the configuration: %v", err)
	}
	if reload {
		g.settle(t)
	}
}

// settle waits until the old configuration's socket is closed. For a moment
// both listen, and a connection that waits in the old one's queue is reset:
// that is Caddy's, and no provider has been asked then.
func (g *gateway) settle(t *testing.T) {
	t.Helper()
	_, address, _ := strings.Cut(g.url, "://")
	if !strings.Contains(address, ":") {
		return // not a site that is reloaded in a test
	}
	well := 0
	eventually(t, "new connections are answered", func() bool {
		conn, err := net.DialTimeout("tcp", address, patience)
		if err != nil {
			well = 0
			return false
		}
		defer conn.Close()
		// a socket that has an owner keeps the connection open for a moment
		_ = conn.SetReadDeadline(time.Now().Add(5 * time.Millisecond))
		_, err = conn.Read(make([]byte, 1))
		var timeout net.Error
		if well++; !errors.As(err, &timeout) || !timeout.Timeout() {
			well = 0
		}
		return well == 10
	})
}

// caddyfile writes the configuration. Nothing of it reaches beyond the test:
// no admin endpoint, no autosave, no trust store, loopback only.
func (g *gateway) caddyfile(s setup) string {
	var b strings.Builder
	log := s.log
	if log == "" {
		log = "level WARN"
	}
	fmt.Fprintf(&b, "{\n\tadmin off\n\tpersist_config off\n\tskip_install_trust\n"+
		"\tstorage file_system %q\n\tstorage_clean_interval off\n\thttp_port %d\n\thttps_port %d\n"+
		"\tlog default {\n\t\toutput file %q\n%s\n\t}\n%s\n}\n",
		g.dir, g.httpPort, g.httpsPort, g.logFile(), log, s.global)
	address, secure := s.address, ""
	if address == "" {
		address = fmt.Sprintf("http://:%d", g.port)
		g.url = fmt.Sprintf("http://127.0.0.1:%d", g.port)
	}
	if s.secure {
		address, secure = fmt.Sprintf("https://127.0.0.1:%d", g.port), "\ttls internal\n"
		g.url = address
	}
	fmt.Fprintf(&b, "%s {\n\tbind 127.0.0.1\n%s%s\n", address, secure, s.site)
	if s.directive != "" {
		fmt.Fprintf(&b, "\taiclient2api {\n%s\n\t}\n", s.directive)
	}
	fmt.Fprintf(&b, "}\n%s\n", s.more)
	return b.String()
}

// logFile is where Caddy's default log goes.
func (g *gateway) logFile() string { return filepath.Join(g.dir, "caddy.log") }

// showLog prints the end of Caddy's log.
func (g *gateway) showLog(t *testing.T) {
	t.Helper()
	log, err := os.ReadFile(g.logFile())
	if err != nil || len(log) == 0 {
		return
	}
	const most = 4 << 10
	t.Logf("the end of Caddy's log:\n%s", log[max(0, len(log)-most):])
}

// client returns an HTTP client with connections of its own: HTTP/2 where the
// gateway serves TLS, HTTP/1.1 elsewhere.
func (g *gateway) client(t *testing.T) *http.Client {
	t.Helper()
	transport := &http.Transport{ForceAttemptHTTP2: true, DisableCompression: true}
	if strings.HasPrefix(g.url, "https:") {
		transport.TLSClientConfig = &tls.Config{RootCAs: g.roots(t)}
	}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: 2 * patience}
}

// client3 returns an HTTP client that speaks HTTP/3 to a gateway that serves TLS.
func (g *gateway) client3(t *testing.T) *http.Client {
	t.Helper()
	transport := &http3.Transport{TLSClientConfig: &tls.Config{RootCAs: g.roots(t)}, DisableCompression: true}
	t.Cleanup(func() { transport.Close() })
	return &http.Client{Transport: transport, Timeout: 2 * patience}
}

// roots are the certificates of Caddy's internal issuer.
func (g *gateway) roots(t *testing.T) *x509.CertPool {
	t.Helper()
	pem, err := os.ReadFile(g.rootFile())
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		t.Fatal("no certificate in the internal issuer's root file")
	}
	return pool
}

// rootFile is where Caddy's internal issuer keeps its root certificate.
func (g *gateway) rootFile() string {
	return filepath.Join(g.dir, "pki", "authorities", "local", "root.crt")
}

// sdk returns OpenAI's own client for the gateway.
func (g *gateway) sdk(t *testing.T, key string, opts ...option.RequestOption) openai.Client {
	t.Helper()
	return openai.NewClient(append([]option.RequestOption{
		option.WithBaseURL(g.url + "/v1"),
		option.WithAPIKey(key),
		option.WithHTTPClient(g.client(t)),
	}, opts...)...)
}

// chat makes a request for a conversation with the client key.
func (g *gateway) chat(t *testing.T, body string) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, g.url+"/v1/chat/completions", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer "+clientKey)
	return r
}

// answer is what a client got.
type answer struct {
	status int
	header http.Header
	body   string
}

// do sends a request and reads the answer to its end, which must be a proper
// one.
func do(t *testing.T, c *http.Client, r *http.Request) answer {
	t.Helper()
	res, err := c.Do(r)
	if err != nil {
		t.Fatalf("%s %s: %v", r.Method, r.URL.Path, err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatalf("%s %s: reading the answer: %v after %d bytes", r.Method, r.URL.Path, err, len(body))
	}
	return answer{res.StatusCode, res.Header, string(body)}
}

// begin sends a request in the background. The channel is closed without an
// answer if there is none.
func begin(t *testing.T, c *http.Client, r *http.Request) <-chan answer {
	t.Helper()
	got := make(chan answer, 1)
	go func() {
		defer close(got)
		res, err := c.Do(r)
		if err != nil {
			t.Errorf("%s %s: %v", r.Method, r.URL.Path, err)
			return
		}
		defer res.Body.Close()
		body, err := io.ReadAll(res.Body)
		if err != nil {
			t.Errorf("%s %s: reading the answer: %v", r.Method, r.URL.Path, err)
			return
		}
		got <- answer{res.StatusCode, res.Header, string(body)}
	}()
	return got
}

// deadline is a time in the future.
func deadline(d time.Duration) time.Time { return time.Now().Add(d) }

// eventually polls until ok holds.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := deadline(patience); !ok(); {
		if time.Now().After(end) {
			t.Fatalf("this did not come true in %v: %s", patience, what)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// receive waits for a channel.
func receive[T any](t *testing.T, what string, c <-chan T, within time.Duration) (v T) {
	t.Helper()
	select {
	case v = <-c:
	case <-time.After(within):
		t.Fatalf("this did not happen in %v: %s", within, what)
	}
	return v
}
