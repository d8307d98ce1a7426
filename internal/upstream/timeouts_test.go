package upstream_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aiclient2api/caddy-aiclient2api/internal/upstream"
)

const streamed = `{"model":"m","stream":true,"messages":[{"role":"user","content":"hi"}]}`

// Events of a chat stream: what commits to nothing, content, the end.
const (
	preamble = "data: {\"choices\":[{\"delta\":{\"role\":\"assistant\"}}]}\n\n"
	content  = "data: {\"choices\":[{\"delta\":{\"content\":\"hi\"}}]}\n\n"
	ending   = "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n"
)

// says sends what it is given, piece by piece, and then is silent until its
// caller has gone, unless the stream has come to its end.
func says(pieces ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // or it does not see its caller leave
		w.Header().Set("Content-Type", "text/event-stream")
		_ = http.NewResponseController(w).Flush()
		for _, p := range pieces {
			_, _ = io.WriteString(w, p)
			_ = http.NewResponseController(w).Flush()
		}
		if len(pieces) == 0 || pieces[len(pieces)-1] != ending {
			<-r.Context().Done()
		}
	}
}

// hangs answers nothing until its caller has gone.
func hangs(_ http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	<-r.Context().Done()
}

// lastClass returns the class of an account's last failure.
func lastClass(t *testing.T, provider, account string) string {
	t.Helper()
	for _, s := range upstream.All() {
		if s.Provider == provider && s.Account == account {
			return s.Report(time.Now()).Last.Class
		}
	}
	t.Fatalf("no account %s of %s", account, provider)
	return ""
}

// An account that takes too long until its first content gives way to the next.
func TestFirstTokenTimeout(t *testing.T) {
	for i, tc := range []struct {
		name, body string
		f          http.HandlerFunc
	}{
		{"no status", question, hangs},
		{"no event", streamed, says()},
		{"no content", streamed, says(preamble, ": working\n\n")},
		{"half an answer", question, func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			_, _ = io.WriteString(w, answer[:10])
			_ = http.NewResponseController(w).Flush()
			<-r.Context().Done()
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			k := newKeys(t)
			name := fmt.Sprint("late", i)
			g := start(t, k.provider(name, "first_token_timeout 100ms", "a", "b"))
			k.set("a", tc.f)
			k.set("b", answers)
			if tc.body == streamed {
				k.set("b", says(content, ending))
			}
			for range 2 {
				if status, _, body := g.ask(t, nil, tc.body); status != 200 || !strings.Contains(body, "hi") {
					t.Errorf("%d %s", status, body)
				}
			}
			if a, b := k.count("a"), k.count("b"); a != 1 || b != 2 {
				t.Errorf("asked %d and %d times", a, b)
			}
			if class := lastClass(t, name, "1"); class != "timeout" {
				t.Errorf("class %s", class)
			}
		})
	}
}

// Nobody else is left: 504, in the client's shape.
func TestFirstTokenTimeoutOfAll(t *testing.T) {
	k := newKeys(t)
	g := start(t, k.provider("latest", "first_token_timeout 50ms", "a"))
	k.set("a", hangs)
	if status, _, body := g.ask(t, nil, question); status != 504 || !strings.Contains(body, "it took too long") {
		t.Errorf("%d %s", status, body)
	}
}

// A provider that does not even read the request does not hold it for ever.
func TestTimeoutWhileTheRequestIsSent(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	accepted := make(chan net.Conn, 10)
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			accepted <- conn
		}
	}()
	g := start(t, "provider deaf openai {\n api_key k\n upstream http://"+l.Addr().String()+"/v1\n first_token_timeout 100ms\n }")
	large := strings.Replace(question, "hi", strings.Repeat("x", 16<<20), 1)
	if status, _, body := g.ask(t, nil, large); status != 504 {
		t.Errorf("%d %s", status, body)
	}
	(<-accepted).Close()
}

// A stream that falls silent ends with the protocol's error, and its account
// is not the next one's.
func TestIdleTimeout(t *testing.T) {
	k := newKeys(t)
	g := start(t, k.provider("idle", "idle_timeout 100ms", "a", "b"))
	k.set("a", says(content, content))
	k.set("b", says(content, ending))
	status, _, body := g.ask(t, nil, streamed)
	if status != 200 || strings.Count(body, "hi") != 2 || !strings.Contains(body, "took too long") || !strings.HasSuffix(body, "data: [DONE]\n\n") {
		t.Errorf("%d %s", status, body)
	}
	if class := lastClass(t, "idle", "1"); class != "timeout" {
		t.Errorf("class %s", class)
	}
	if status, _, body := g.ask(t, nil, streamed); status != 200 || strings.Count(body, "hi") != 1 || k.count("b") != 1 {
		t.Errorf("the next: %d %s", status, body)
	}
}

// A stream that is slow, but not silent, goes on; in all it has its bound, too.
func TestTotalTimeout(t *testing.T) {
	k := newKeys(t)
	g := start(t, k.provider("total", "idle_timeout 1m\n total_timeout 150ms", "a"))
	k.set("a", func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "text/event-stream")
		for r.Context().Err() == nil {
			_, _ = io.WriteString(w, content)
			_ = http.NewResponseController(w).Flush()
			select {
			case <-r.Context().Done():
			case <-time.After(20 * time.Millisecond):
			}
		}
	})
	began := time.Now()
	status, _, body := g.ask(t, nil, streamed)
	if status != 200 || !strings.Contains(body, "took too long") || !strings.HasSuffix(body, "data: [DONE]\n\n") {
		t.Errorf("%d %s", status, body)
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("it took %v", took)
	}
}

// A client that is slow to read does not make its provider a silent one.
func TestASlowClientIsNotAnIdleProvider(t *testing.T) {
	k := newKeys(t)
	g := start(t, k.provider("patient", "idle_timeout 150ms", "a"))
	large := "data: {\"choices\":[{\"delta\":{\"content\":\"" + strings.Repeat("x", 64<<10) + "\"}}]}\n\n"
	const events = 200 // more than sockets hold
	k.set("a", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		for range events {
			_, _ = io.WriteString(w, large)
		}
		_, _ = io.WriteString(w, ending)
	})
	conn, err := net.Dial("tcp", strings.TrimPrefix(g.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "POST /v1/chat/completions HTTP/1.1\r\nHost: %s\r\nContent-Length: %d\r\n\r\n%s", strings.TrimPrefix(g.url, "http://"), len(streamed), streamed)
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	time.Sleep(500 * time.Millisecond) // the client's own pace
	body, err := io.ReadAll(res.Body)
	if err != nil || strings.Count(string(body), "xx\"") != events || !strings.HasSuffix(string(body), "data: [DONE]\n\n") {
		t.Errorf("%d bytes, %v: …%s", len(body), err, body[max(0, len(body)-300):])
	}
}

// A client that leaves while nothing flows takes its attempt along, and counts
// against nobody.
func TestLeavingWhileNothingFlows(t *testing.T) {
	for i, f := range []func(chan struct{}) http.HandlerFunc{
		func(seen chan struct{}) http.HandlerFunc {
			return func(w http.ResponseWriter, r *http.Request) {
				_, _ = io.Copy(io.Discard, r.Body)
				close(seen)
				<-r.Context().Done()
			}
		},
		func(seen chan struct{}) http.HandlerFunc {
			return func(w http.ResponseWriter, r *http.Request) {
				_, _ = io.Copy(io.Discard, r.Body)
				w.Header().Set("Content-Type", "text/event-stream")
				_, _ = io.WriteString(w, content)
				_ = http.NewResponseController(w).Flush()
				close(seen)
				<-r.Context().Done()
			}
		},
	} {
		k := newKeys(t)
		name := fmt.Sprint("left", i)
		g := start(t, k.provider(name, "", "a"))
		seen, gone := make(chan struct{}), make(chan struct{})
		k.set("a", func(w http.ResponseWriter, r *http.Request) {
			f(seen)(w, r)
			close(gone)
		})
		ctx, cancel := context.WithCancel(t.Context())
		r, _ := http.NewRequestWithContext(ctx, http.MethodPost, g.url+"/v1/chat/completions", strings.NewReader(streamed))
		done := make(chan struct{})
		go func() {
			defer close(done)
			if res, err := g.client.Do(r); err == nil {
				_, _ = io.Copy(io.Discard, res.Body)
				res.Body.Close()
			}
		}()
		<-seen
		cancel()
		select {
		case <-gone:
		case <-time.After(5 * time.Second):
			t.Fatal("the provider still works for nobody")
		}
		<-done
		if class := lastClass(t, name, "1"); class != "" {
			t.Errorf("it counted as %s", class)
		}
	}
}
