package exchange

import (
	"context"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aiclient2api/caddy-aiclient2api/formats"
	"github.com/aiclient2api/caddy-aiclient2api/formats/chat"
	"github.com/aiclient2api/caddy-aiclient2api/internal/buffer"
)

// newCall returns a call with that body.
func newCall(t testing.TB, body string) *Call {
	t.Helper()
	b, err := buffer.Read(strings.NewReader(body), int64(len(body)), 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	head, bad := formats.Scan(b.Bytes())
	if bad != nil {
		t.Fatal(bad.Message)
	}
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/v1/chat/completions", nil)
	return &Call{Request: r, Client: chat.Client{}, Head: head, Body: b, RequestID: "id", Start: time.Now()}
}

// target is provider p with the model m.
func target(model string) Target {
	return Target{Provider: "p", Model: model, Formats: []formats.Upstream{chat.Upstream{}}, Operations: []string{"embeddings"}}
}

// newExchange returns an exchange whose first account was asked.
func newExchange(t testing.TB, stream bool) *Exchange {
	t.Helper()
	body := `{"model":"m"}`
	if stream {
		body = `{"model":"m","stream":true}`
	}
	x, bad := Plan(newCall(t, body), target("m"))
	if bad != nil {
		t.Fatal(bad.Message)
	}
	x.Begin(0, "1")
	return x
}

// answer is a provider's response; its body comes as r gives it.
func answer(status int, contentType string, r io.Reader) *http.Response {
	return &http.Response{
		StatusCode: status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, ContentLength: -1,
		Header: http.Header{"Content-Type": {contentType}}, Body: io.NopCloser(r),
	}
}

// pieces reads s in pieces: n bytes at a time, at random cuts if n is 0.
type pieces struct {
	s   string
	n   int
	err error // at the end
}

func (p *pieces) Read(b []byte) (int, error) {
	if p.s == "" {
		return 0, p.err
	}
	n := p.n
	if n == 0 {
		n = 1 + rand.IntN(40)
	}
	n = min(n, len(p.s), len(b))
	copy(b, p.s[:n])
	p.s = p.s[n:]
	return n, nil
}

// cuts are the ways in which a stream is cut into pieces.
var cuts = map[string]int{"whole": 1 << 30, "bytes": 1, "sevens": 7, "random": 0}

// gone makes the client of an exchange leave.
func gone(x *Exchange) {
	ctx, cancel := context.WithCancel(x.Request.Context())
	cancel()
	x.Request = x.Request.WithContext(ctx)
}
