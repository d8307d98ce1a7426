package integration

import (
	"crypto/tls"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/openai/openai-go/v3/option"
	"github.com/quic-go/quic-go/http3"
	acme "github.com/smallstep/certificates/acme"
)

// awaitTLS waits until the gateway has its certificate, if it serves TLS.
func (g *gateway) awaitTLS(t *testing.T) {
	t.Helper()
	addr, secure := strings.CutPrefix(g.url, "https://")
	if !secure {
		return
	}
	eventually(t, "the gateway has a certificate", func() bool {
		conn, err := tls.Dial("tcp", addr, &tls.Config{RootCAs: g.roots(t)})
		if err != nil {
			return false
		}
		return conn.Close() == nil
	})
}

// Automatic HTTPS is Caddy's and must stay so with the gateway in it: a site
// gets its certificate over ACME, from an authority that is another site of
// the same process, and clients use it over HTTP/2 and HTTP/3.
func TestAutomaticHTTPS(t *testing.T) {
	g := prepare(t)
	// the authority validates names at these ports instead of 80 and 443
	http01, alpn01 := acme.InsecurePortHTTP01, acme.InsecurePortTLSALPN01
	t.Cleanup(func() { acme.InsecurePortHTTP01, acme.InsecurePortTLSALPN01 = http01, alpn01 })
	acme.InsecurePortHTTP01, acme.InsecurePortTLSALPN01 = g.httpPort, g.httpsPort

	// the authority comes first: its root certificate is part of our site
	authority := setup{
		address: fmt.Sprintf("https://127.0.0.1:%d", g.port),
		site:    "\ttls internal\n\tacme_server\n",
	}
	g.load(t, authority)
	d := newDouble(t)
	authority.more = fmt.Sprintf(`
		localhost {
			bind 127.0.0.1
			tls {
				issuer acme {
					dir https://127.0.0.1:%d/acme/local/directory
					trusted_roots %s
				}
			}
			aiclient2api {
				key client %s
				provider openai {
					api_key key-a
					upstream %s
				}
			}
		}`, g.port, g.rootFile(), clientKey, d.url)
	g.load(t, authority)
	g.url = fmt.Sprintf("https://localhost:%d", g.httpsPort)
	g.awaitTLS(t)

	t.Run("the certificate is the authority's", func(t *testing.T) {
		res, err := g.client(t).Get(g.url + "/health")
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		leaf := res.TLS.PeerCertificates[0]
		if err := leaf.VerifyHostname("localhost"); err != nil || !strings.Contains(leaf.Issuer.CommonName, "Caddy Local Authority") {
			t.Errorf("the certificate of %q is by %q (%v)", leaf.DNSNames, leaf.Issuer.CommonName, err)
		}
	})
	t.Run("stream of the SDK over HTTP/2", func(t *testing.T) {
		var proto string
		client := g.sdk(t, clientKey, option.WithMiddleware(func(r *http.Request, next option.MiddlewareNext) (*http.Response, error) {
			res, err := next(r)
			if err == nil {
				proto = res.Proto
			}
			return res, err
		}))
		got := accumulate(t, client, say("hi"))
		if got.Choices[0].Message.Content != "key-a" || got.Choices[0].FinishReason != "stop" {
			t.Errorf("the answer is %+v", got.Choices[0])
		}
		if proto != "HTTP/2.0" {
			t.Errorf("the answer came over %s, want HTTP/2.0", proto)
		}
	})
	t.Run("HTTP/3", func(t *testing.T) {
		transport := &http3.Transport{TLSClientConfig: &tls.Config{RootCAs: g.roots(t)}}
		t.Cleanup(func() { transport.Close() })
		for _, body := range []string{plainBody, streamBody} {
			res, err := transport.RoundTrip(g.chat(t, body))
			if err != nil {
				t.Fatal(err)
			}
			res.Body.Close()
			if res.StatusCode != http.StatusOK || res.Proto != "HTTP/3.0" {
				t.Errorf("the answer is %s over %s, want 200 over HTTP/3.0", res.Status, res.Proto)
			}
			checkOnly(t, do(t, &http.Client{Transport: transport, Timeout: 2 * patience}, g.chat(t, body)), body, "key-a")
		}
	})
	if d.keys()[0] != "key-a" {
		t.Errorf("the provider was asked by %q", d.keys())
	}
}
