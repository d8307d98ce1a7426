package upstream_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2"
)

// These are facts of Caddy that this package leans on. When one of these tests
// fails after an upgrade of Caddy, the fact has changed, not the vendor.

// The transport finds the account by the dial info's upstream and dials the
// URL's host, so that a name that resolves to nothing is never looked up.
func TestFactDialAddressIsNeverDialled(t *testing.T) {
	v := newVendor(t, answers)
	g := start(t, "provider p openai {\n api_key k\n upstream "+v.URL+"/v1\n }")
	if status, _, body := g.ask(t, nil, question); status != 200 || body != answer {
		t.Errorf("%d %s", status, body)
	}
}

// The client's own context knows no 1xx trace: with reverse_proxy's, a failing
// account's early hints, cookies included, would reach the client.
func TestFact1xxOfAProviderDoesNotComeDown(t *testing.T) {
	v := newVendor(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Set-Cookie", "account=secret")
		w.WriteHeader(http.StatusEarlyHints)
		answers(w, r)
	})
	g := start(t, "provider p openai {\n api_key k\n upstream "+v.URL+"/v1\n }")
	conn, err := net.Dial("tcp", strings.TrimPrefix(g.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "POST /v1/chat/completions HTTP/1.1\r\nHost: %s\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s",
		strings.TrimPrefix(g.url, "http://"), len(question), question)
	got, _ := io.ReadAll(conn)
	if !strings.HasPrefix(string(got), "HTTP/1.1 200") || strings.Contains(string(got), "secret") {
		t.Errorf("got %s", got)
	}
}

// A POST is retried only because RetryMatch says so, and each account is asked
// once; the selector answers nil when the exchange is over.
func TestFactRetriesAreOurs(t *testing.T) {
	bad := newVendor(t, fails(500))
	g := start(t, "provider p openai {\n api_key a b c\n upstream "+bad.URL+"/v1\n }")
	if status, header, _ := g.ask(t, nil, question); status != 500 || header.Get("X-Should-Retry") != "false" {
		t.Errorf("status %d, header %v", status, header)
	}
	if n := bad.asked.Load(); n != 3 {
		t.Errorf("asked %d times for 3 accounts", n)
	}
	fault := newVendor(t, fails(400))
	g.load(t, "provider p openai {\n api_key a b c\n upstream "+fault.URL+"/v1\n }")
	if status, _, _ := g.ask(t, nil, question); status != 400 || fault.asked.Load() != 1 {
		t.Errorf("a client's fault: status %d, asked %d times", status, fault.asked.Load())
	}
}

func TestFactLbRetriesBoundsTheAttempts(t *testing.T) {
	bad := newVendor(t, fails(500))
	g := start(t, "provider p openai {\n api_key a b c d\n upstream "+bad.URL+"/v1\n lb_retries 1\n }")
	g.ask(t, nil, question)
	if n := bad.asked.Load(); n != 2 {
		t.Errorf("asked %d times", n)
	}
}

// A dial error is retried whatever RetryMatch says; ours hides it, so that it
// is decided in one place, and the last one is an error of ours.
func TestFactDialErrors(t *testing.T) {
	v := newVendor(t, answers)
	nobody := "http://" + freeAddress(t)
	g := start(t, fmt.Sprintf("provider p openai {\n api_key k\n upstream %s/v1 %s/v1\n lb_policy first\n }", nobody, v.URL))
	if status, _, body := g.ask(t, nil, question); status != 200 {
		t.Errorf("%d %s", status, body)
	}
	g.load(t, fmt.Sprintf("provider p openai {\n api_key k\n upstream %s/v1\n }", nobody))
	status, _, body := g.ask(t, nil, question)
	if status != 502 || !strings.Contains(body, "connection refused") || strings.Contains(body, "127.0.0.1") {
		t.Errorf("%d %s", status, body)
	}
}

// Asking a policy moves its counters: asked once too often, round_robin would
// go to one account for ever.
func TestFactPoliciesAreAskedOnceAnAttempt(t *testing.T) {
	var mu sync.Mutex
	byKey := map[string]int{}
	v := newVendor(t, func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		byKey[r.Header.Get("Authorization")]++
		mu.Unlock()
		answers(w, r)
	})
	g := start(t, "provider p openai {\n api_key a b\n upstream "+v.URL+"/v1\n lb_policy round_robin\n }")
	for range 10 {
		g.ask(t, nil, question)
	}
	if byKey["Bearer a"] != 5 || byKey["Bearer b"] != 5 {
		t.Errorf("asked %v", byKey)
	}
}

// lb_policy sees the client's request, though the proxy is handed a bare one.
func TestFactPoliciesSeeTheClientsRequest(t *testing.T) {
	v := newVendor(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Request-Id", r.Header.Get("Authorization"))
		answers(w, r)
	})
	g := start(t, "provider p openai {\n api_key a b c d\n upstream "+v.URL+"/v1\n lb_policy header X-User\n }")
	seen := map[string]bool{}
	for i := range 20 {
		who := http.Header{"X-User": {fmt.Sprint(i)}}
		_, first, _ := g.ask(t, who, question)
		_, second, _ := g.ask(t, who, question)
		if first.Get("X-Request-Id") != second.Get("X-Request-Id") {
			t.Fatal("one user went to two accounts")
		}
		seen[first.Get("X-Request-Id")] = true
	}
	if len(seen) < 2 {
		t.Errorf("all users went to %v", seen)
	}
}

// Every error of RoundTrip counts against the account when fail_duration is
// set, but a client's fault, which is a response, does not.
func TestFactFailDurationCountsErrorsOnly(t *testing.T) {
	for _, tc := range []struct {
		status int
		asked  int32
	}{{500, 1}, {400, 3}} {
		v := newVendor(t, fails(tc.status))
		g := start(t, "provider p openai {\n api_key k\n upstream "+v.URL+"/v1\n max_fails 1\n fail_duration 1m\n }")
		for range 3 {
			g.ask(t, nil, question)
		}
		if n := v.asked.Load(); n != tc.asked {
			t.Errorf("%d: asked %d times, want %d", tc.status, n, tc.asked)
		}
		if err := caddy.Stop(); err != nil {
			t.Error(err)
		}
	}
}

// Caddy's state of a host is keyed by the dial address, ours by the account's
// identity: equal accounts share the count of requests in flight over a
// reload, and a changed credential starts afresh. (Failures that fail_duration
// counts do not survive: Caddy forgets them with the configuration.)
func TestFactRequestsInFlightAreCountedOverReloads(t *testing.T) {
	entered, leave := make(chan struct{}), make(chan struct{})
	v := newVendor(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Openai-Beta") == "slow" {
			close(entered)
			<-leave
		}
		answers(w, r)
	})
	lines := "provider p openai {\n api_key %s\n upstream " + v.URL + "/v1\n unhealthy_request_count 1\n }"
	g := start(t, fmt.Sprintf(lines, "first-key"))
	done := make(chan int)
	go func() {
		status, _, _, _ := g.try(http.Header{"Openai-Beta": {"slow"}}, question)
		done <- status
	}()
	<-entered
	g.load(t, fmt.Sprintf(lines, "first-key")+"\n max_body 1MiB")
	if status, _, body := g.ask(t, nil, question); status != 503 {
		t.Errorf("the account is full, and was asked after the reload: %d %s", status, body)
	}
	g.load(t, fmt.Sprintf(lines, "other-key"))
	if status, _, body := g.ask(t, nil, question); status != 200 {
		t.Errorf("another account: %d %s", status, body)
	}
	close(leave)
	if status := <-done; status != 200 {
		t.Errorf("the request in flight: %d", status)
	}
}

// header_up comes last but for the credential, placeholders included; without
// a User-Agent net/http would send its own.
func TestFactHeaderUpIsAppliedLast(t *testing.T) {
	var got http.Header
	v := newVendor(t, func(w http.ResponseWriter, r *http.Request) {
		got = r.Header
		answers(w, r)
	})
	g := start(t, "provider p openai {\n api_key k\n upstream "+v.URL+"/v1\n"+
		" header_up X-Tenant {http.request.header.X-Team}\n header_up Authorization wrong\n header_up -User-Agent\n header_up +Openai-Beta more\n }")
	g.ask(t, http.Header{"X-Team": {"blue"}, "Openai-Beta": {"one"}, "Cookie": {"a=b"}, "X-Forwarded-For": {"1.2.3.4"}}, question)
	for name, want := range map[string]string{
		"X-Tenant": "blue", "Authorization": "Bearer k", "User-Agent": "", "Openai-Beta": "one,more",
		"Cookie": "", "X-Forwarded-For": "", "Via": "", "X-Forwarded-Host": "", "X-Idempotency-Key": "", "Accept-Encoding": "identity",
	} {
		if have := strings.Join(got[name], ","); have != want {
			t.Errorf("%s: %q, want %q", name, have, want)
		}
	}
}

// Replacements are done in place: values that requests share must not be what
// they are done to, or each request adds to the last one's, for all providers.
func TestFactHeaderUpReplacesInPlace(t *testing.T) {
	var mu sync.Mutex
	seen := map[string]bool{}
	v := newVendor(t, func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		seen[r.Header.Get("User-Agent")+" "+r.Header.Get("Openai-Beta")] = true
		mu.Unlock()
		fails(500)(w, r)
	})
	g := start(t, "provider p openai {\n api_key a b\n upstream "+v.URL+"/v1\n header_up User-Agent aiclient2api my-aiclient2api\n header_up Openai-Beta x xx\n }")
	for range 3 {
		g.ask(t, http.Header{"Openai-Beta": {"x"}}, question)
	}
	if len(seen) != 1 {
		t.Errorf("six attempts went out in %d ways: %v", len(seen), seen)
	}
}

// What took too long is not repeated, though the connection was a kept one:
// the provider may be at work, and would be paid twice.
func TestFactTimeoutsAreNotRepeated(t *testing.T) {
	block := make(chan struct{})
	v := newVendor(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Openai-Beta") == "slow" {
			<-block
		}
		answers(w, r)
	})
	defer close(block)
	g := start(t, "provider p openai {\n api_key k\n upstream "+v.URL+"/v1\n transport http {\n response_header_timeout 200ms\n }\n }")
	g.ask(t, nil, question) // the connection is kept
	if status, _, body := g.ask(t, http.Header{"Openai-Beta": {"slow"}}, question); status != 504 || !strings.Contains(body, "took too long") {
		t.Errorf("%d %s", status, body)
	}
	if n := v.asked.Load(); n != 2 {
		t.Errorf("asked %d times", n)
	}
}

// net/http repeats bytes of the provider's in its errors, among which may be
// the credential: a client gets fixed words.
func TestFactErrorsOfNetHTTPTellWhatTheProviderSent(t *testing.T) {
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
				fmt.Fprintf(conn, "HTTP/1.1 %s\r\n\r\n", r.Header.Get("Authorization"))
			}
			conn.Close()
		}
	}()
	g := start(t, "provider p openai {\n api_key sk-operator-secret\n upstream http://"+l.Addr().String()+"/v1\n }")
	if status, _, body := g.ask(t, nil, question); status != 502 || strings.Contains(body, "secret") || strings.Contains(body, "malformed") {
		t.Errorf("%d %s", status, body)
	}
}

func TestFactOurUserAgent(t *testing.T) {
	agents := make(chan string, 100)
	v := newVendor(t, func(w http.ResponseWriter, r *http.Request) {
		agents <- r.Header.Get("User-Agent") + " " + r.Header.Get("Authorization") + " " + r.URL.Path
		answers(w, r)
	})
	g := start(t, "provider p openai {\n api_key k\n upstream "+v.URL+"/v1\n health_uri /ready\n health_interval 1h\n }")
	g.ask(t, nil, question)
	paths := map[string]bool{}
	for len(paths) < 2 {
		select {
		case a := <-agents:
			agent, rest, _ := strings.Cut(a, " (+https://github.com/aiclient2api/caddy-aiclient2api) Bearer k ")
			if !strings.HasPrefix(agent, "aiclient2api") || rest == "" {
				t.Fatalf("asked as %q", a)
			}
			paths[rest] = true
		case <-time.After(5 * time.Second):
			t.Fatalf("asked at %v only", paths)
		}
	}
	if !paths["/ready"] || !paths["/v1/chat/completions"] {
		t.Errorf("asked at %v", paths)
	}
}

// Active health checks take the same way through our transport, to the
// account's own host.
func TestFactHealthChecksTakeAccountsOut(t *testing.T) {
	v := newVendor(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/ready" {
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		answers(w, r)
	})
	g := start(t, "provider p openai {\n api_key k\n upstream "+v.URL+"/v1\n health_uri /ready\n health_interval 20ms\n }\n provider echo")
	for deadline := time.Now().Add(5 * time.Second); ; {
		res, err := g.client.Get(g.url + "/health")
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(res.Body)
		res.Body.Close()
		if strings.Contains(string(body), `"status":"degraded"`) && strings.Contains(string(body), `"p":{"status":"unhealthy"}`) {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("health %s", body)
		}
	}
}

// A status outside 200–299 and 400–599 must not reach reverse_proxy: 042 makes
// it panic, and a redirect would carry keys to another host.
func TestFactStrangeStatuses(t *testing.T) {
	elsewhere := newVendor(t, answers)
	for _, status := range []string{"042 Odd", "304 Not Modified", "307 Temporary Redirect", "600 Odd", "999 Odd"} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		go func() {
			for {
				conn, err := l.Accept()
				if err != nil {
					return
				}
				if _, err := http.ReadRequest(bufio.NewReader(conn)); err == nil {
					fmt.Fprintf(conn, "HTTP/1.1 %s\r\nLocation: %s/v1/chat/completions\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", status, elsewhere.URL)
				}
				conn.Close()
			}
		}()
		g := start(t, "provider p openai {\n api_key k\n upstream http://"+l.Addr().String()+"/v1\n }")
		if got, _, body := g.ask(t, nil, question); got != 502 {
			t.Errorf("%s: %d %s", status, got, body)
		}
		l.Close()
		if err := caddy.Stop(); err != nil {
			t.Error(err)
		}
	}
	if n := elsewhere.asked.Load(); n != 0 {
		t.Errorf("a redirect was followed %d times", n)
	}
}

// The directive encode compresses event streams by default; ours say no.
func TestFactEncodeLeavesStreamsAlone(t *testing.T) {
	g := start(t, "provider echo {\n repeat 500\n }")
	g.extra = "encode gzip"
	g.load(t, "provider echo {\n repeat 500\n }")
	ask := http.Header{"Accept-Encoding": {"gzip"}}
	streamed := strings.Replace(question, `"model":"m"`, `"model":"echo","stream":true`, 1)
	if _, header, body := g.ask(t, ask, streamed); header.Get("Content-Encoding") != "" || !strings.HasSuffix(body, "data: [DONE]\n\n") {
		t.Errorf("a stream was compressed: %v", header)
	}
	if _, header, _ := g.ask(t, ask, strings.Replace(question, `"m"`, `"echo"`, 1)); header.Get("Content-Encoding") != "gzip" {
		t.Errorf("encode does nothing here: %v", header)
	}
}

// Each event reaches the client when it comes, not when a buffer is full.
func TestFactEventsAreFlushed(t *testing.T) {
	next := make(chan struct{})
	v := newVendor(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		for i := range 3 {
			fmt.Fprintf(w, "data: {\"choices\":[{\"delta\":{\"content\":\"%d\"}}]}\n\n", i)
			_ = http.NewResponseController(w).Flush()
			<-next
		}
		fmt.Fprint(w, "data: [DONE]\n\n")
	})
	g := start(t, "provider p openai {\n api_key k\n upstream "+v.URL+"/v1\n }")
	res, err := g.client.Post(g.url+"/v1/chat/completions", "application/json", strings.NewReader(`{"model":"m","stream":true}`))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	lines := bufio.NewScanner(res.Body)
	for i := range 3 {
		for lines.Scan() && lines.Text() == "" {
		}
		if !strings.Contains(lines.Text(), fmt.Sprintf(`"%d"`, i)) {
			t.Fatalf("event %d: %q", i, lines.Text())
		}
		next <- struct{}{} // the vendor waits for it: nothing more can have come
	}
}

// A handler's error of 500 and more makes the server print the request, with
// the client's credentials: ours returns none.
func TestFactErrorsAreWrittenNotReturned(t *testing.T) {
	bad := newVendor(t, fails(503))
	g := start(t, "provider p openai {\n api_key k\n upstream "+bad.URL+"/v1\n }")
	g.extra = "handle_errors {\n respond \"returned\" 599\n }"
	g.load(t, "provider p openai {\n api_key k\n upstream "+bad.URL+"/v1\n }")
	if status, _, body := g.ask(t, nil, question); status != 503 || body == "returned" {
		t.Errorf("%d %s", status, body)
	}
}
