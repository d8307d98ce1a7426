package integration

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
)

// fault is a way in which an account fails that another one can mend.
type fault struct {
	name  string
	body  string // of the request for which it makes sense
	serve http.HandlerFunc
}

func faults() []fault {
	all := []fault{
		{"connection cut before the answer", plainBody, hangingUp},
		{"connection cut before the stream", streamBody, hangingUp},
		{"whole answer cut in the middle", plainBody, breakingOff},
		{"whole answer of unknown length cut in the middle", plainBody, func(w http.ResponseWriter, r *http.Request) {
			io.Copy(io.Discard, r.Body)
			w.Header().Set("Content-Type", "application/json")
			io.WriteString(w, wholeAnswer("never to be seen")[:100])
			w.(http.Flusher).Flush()
			panic(http.ErrAbortHandler)
		}},
		{"error inside a 200", plainBody, saying("application/json",
			`{"error":{"message":"never to be seen","type":"server_error","code":503}}`)},
		{"rate limit inside a 200", plainBody, saying("application/json",
			`{"error":{"message":"never to be seen","type":"rate_limit_error","code":"rate_limit_exceeded"}}`)},
		{"error as the first event", streamBody, saying("text/event-stream",
			`data: {"error":{"message":"never to be seen","type":"server_error","code":null}}`+"\n\n"+doneEvent)},
		{"error after the preamble", streamBody, saying("text/event-stream",
			": comment\n\n"+roleEvent+`data: {"error":{"message":"never to be seen","code":502}}`+"\n\n")},
		{"stream that ends before its first content", streamBody, saying("text/event-stream", roleEvent)},
		{"HTML instead of an answer", plainBody, saying("text/html", "<html>never to be seen</html>")},
		{"redirect", plainBody, func(w http.ResponseWriter, r *http.Request) {
			io.Copy(io.Discard, r.Body)
			http.Redirect(w, r, "https://never-to-be-seen.invalid/", http.StatusTemporaryRedirect)
		}},
	}
	for _, status := range []int{401, 402, 403, 408, 429, 500, 502, 503, 529} {
		all = append(all,
			fault{fmt.Sprint(status), plainBody, refusing(status, "never to be seen")},
			fault{fmt.Sprintf("%d to a stream", status), streamBody, refusing(status, "never to be seen")})
	}
	return all
}

// checkOnly checks that the client sees the second account's answer and
// nothing of the first one's.
func checkOnly(t *testing.T, got answer, body, want string) {
	t.Helper()
	whole := wholeAnswer(want)
	if body == streamBody {
		whole = streamAnswer(want)
	}
	if got.status != http.StatusOK || got.body != whole {
		t.Errorf("the client got %d %q, want 200 and only the second one's answer", got.status, got.body)
	}
	if id := got.header.Get("X-Request-Id"); id != "" {
		t.Errorf("the client got a header of the first one's: X-Request-Id %q", id)
	}
	if s := got.header.Get("X-Should-Retry"); s != "" {
		t.Errorf("an answer bears X-Should-Retry: %q", s)
	}
}

// checkAsked checks who was asked. net/http may repeat a request that died on
// a kept-alive connection, so the first may have been asked twice.
func checkAsked(t *testing.T, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(slices.Compact(got), want) {
		t.Errorf("asked were %q, want %q", got, want)
	}
}

func TestFailoverToTheNextAccount(t *testing.T) {
	d := newDouble(t)
	g := run(t, setup{directive: `
		key client ` + clientKey + `
		provider openai {
			api_key key-a key-b
			upstream ` + d.url + `
			lb_policy first
		}`})
	client := g.client(t)
	for _, f := range faults() {
		t.Run(f.name, func(t *testing.T) {
			d.set("key-a", f.serve)
			checkOnly(t, do(t, client, g.chat(t, f.body)), f.body, "key-b")
			checkAsked(t, d.keys(), "key-a", "key-b")
		})
	}
}

func TestFailoverToTheNextTarget(t *testing.T) {
	d := newDouble(t)
	g := run(t, setup{directive: `
		key client ` + clientKey + `
		provider a openai {
			api_key key-a
			upstream ` + d.url + `
		}
		provider b openai {
			api_key key-b
			upstream ` + d.url + `
		}
		provider gone openai {
			api_key key-gone
			upstream http://` + refusingAddress(t) + `/v1
		}
		model gpt-test a b
		model gpt-gone gone b
		model gpt-away a/elsewhere b/elsewhere`})
	client := g.client(t)
	for _, f := range faults() {
		t.Run(f.name, func(t *testing.T) {
			d.set("key-a", f.serve)
			checkOnly(t, do(t, client, g.chat(t, f.body)), f.body, "key-b")
			checkAsked(t, d.keys(), "key-a", "key-b")
		})
	}
	for _, body := range []string{plainBody, streamBody} {
		t.Run("nobody listens for "+body, func(t *testing.T) {
			d.set("key-a", nil)
			got := do(t, client, g.chat(t, strings.Replace(body, "gpt-test", "gpt-gone", 1)))
			checkOnly(t, got, body, "key-b")
			checkAsked(t, d.keys(), "key-b")
		})
	}
	t.Run("each target has its own model name", func(t *testing.T) {
		var bodies []string
		seen := func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			bodies = append(bodies, string(body)) // one request at a time
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		d.set("key-a", seen)
		d.set("key-b", seen)
		defer d.set("key-b", nil)
		do(t, client, g.chat(t, strings.Replace(plainBody, "gpt-test", "gpt-away", 1)))
		want := strings.Replace(plainBody, "gpt-test", "elsewhere", 1)
		if !slices.Equal(bodies, []string{want, want}) {
			t.Errorf("what went up is %q, want twice %q", bodies, want)
		}
	})
}

// refusingAddress is an address where connections are refused.
func refusingAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// What is the client's own fault no other account can mend: it is told at
// once, in the provider's own words.
func TestClientFaultsAreNotRetried(t *testing.T) {
	d := newDouble(t)
	g := run(t, setup{directive: `
		key client ` + clientKey + `
		provider a openai {
			api_key key-a key-b
			upstream ` + d.url + `
			lb_policy first
		}
		provider b openai {
			api_key key-c
			upstream ` + d.url + `
		}
		model gpt-test a b`})
	client := g.client(t)
	for _, status := range []int{400, 404, 413, 422} {
		for _, body := range []string{plainBody, streamBody} {
			t.Run(fmt.Sprint(status), func(t *testing.T) {
				d.set("key-a", refusing(status, "the client's fault"))
				got := do(t, client, g.chat(t, body))
				if got.status != status || got.body != errorBody("the client's fault") {
					t.Errorf("the client got %d %q, want the provider's words", got.status, got.body)
				}
				if id := got.header.Get("X-Request-Id"); id != "req_refused" {
					t.Errorf("the provider's request id is lost: %q", id)
				}
				if s := got.header.Get("X-Should-Retry"); s != "" {
					t.Errorf("X-Should-Retry is %q after one attempt", s)
				}
				checkAsked(t, d.keys(), "key-a")
			})
		}
	}
}

// When all fail, the client is told what tells it most, and the SDK is kept
// from repeating the request: each repetition would be multiplied here.
func TestAllFailTellsTheMost(t *testing.T) {
	d := newDouble(t)
	accounts := setup{directive: `
		key client ` + clientKey + `
		provider openai {
			api_key key-a key-b
			upstream ` + d.url + `
			lb_policy first
		}`}
	targets := setup{directive: `
		key client ` + clientKey + `
		provider a openai {
			api_key key-a
			upstream ` + d.url + `
		}
		provider b openai {
			api_key key-b
			upstream ` + d.url + `
		}
		model gpt-* a b`}
	for _, over := range []struct {
		name  string
		setup setup
	}{
		{name: "accounts", setup: accounts},
		{name: "targets", setup: targets},
	} {
		t.Run(over.name, func(t *testing.T) {
			g := run(t, over.setup)
			var made atomic.Int64
			client := g.sdk(t, clientKey, counting(&made))
			for _, tt := range []struct {
				name, says string
				a, b       http.HandlerFunc
				want       int
				retryAfter string
			}{
				{name: "401 and 429", a: refusing(401, "bad key"), b: refusing(429, "slow down"), want: 429, says: "slow down", retryAfter: "7"},
				{name: "429 and 500", a: refusing(429, "slow down"), b: refusing(500, "broken"), want: 429, says: "slow down", retryAfter: "2"}, // the second may be asked then
				{name: "500 and 403", a: refusing(500, "broken"), b: refusing(403, "bad key"), want: 500, says: "broken"},
				{name: "402 and 503", a: refusing(402, "pay"), b: refusing(503, "too busy"), want: 503, says: "too busy"},
				{name: "402 and 401", a: refusing(402, "pay"), b: refusing(401, "bad key"), want: 503, says: "pay"},
				{name: "401 and a cut", a: refusing(401, "bad key"), b: hangingUp, want: 502, says: "did not answer"},
				{name: "401 twice", a: refusing(401, "bad key"), b: refusing(401, "bad key"), want: 502, says: "bad key"},
				{name: "500 and the client's fault", a: refusing(500, "broken"), b: refusing(400, "wrong"), want: 400, says: "wrong"},
			} {
				t.Run(tt.name, func(t *testing.T) {
					d.set("key-a", tt.a)
					d.set("key-b", tt.b)
					made.Store(0)
					_, err := client.Chat.Completions.New(t.Context(), say("hi"))
					e := checkError(t, err, tt.want, "")
					if !strings.Contains(e.Message, tt.says) {
						t.Errorf("message is %q, want %q in it", e.Message, tt.says)
					}
					header := e.Response.Header
					if got := header.Get("X-Should-Retry"); got != "false" {
						t.Errorf("X-Should-Retry is %q, want false", got)
					}
					if got := header.Get("Retry-After"); got != tt.retryAfter {
						t.Errorf("Retry-After is %q, want %q", got, tt.retryAfter)
					}
					if made.Load() != 1 {
						t.Errorf("the SDK made %d requests, want 1", made.Load())
					}
					checkAsked(t, d.keys(), "key-a", "key-b")
				})
			}
		})
	}
}
