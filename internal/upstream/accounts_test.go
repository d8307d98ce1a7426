package upstream_test

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aiclient2api/caddy-aiclient2api/internal/upstream"
)

// keys is a vendor that knows its callers by their keys, and answers each as it
// is told to.
type keys struct {
	*vendor
	mu    sync.Mutex
	by    map[string]http.HandlerFunc
	asked map[string]int
}

func newKeys(t *testing.T) *keys {
	t.Helper()
	k := &keys{by: make(map[string]http.HandlerFunc), asked: make(map[string]int)}
	k.vendor = newVendor(t, func(w http.ResponseWriter, r *http.Request) {
		key := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
		k.mu.Lock()
		k.asked[key]++
		f := k.by[key]
		k.mu.Unlock()
		if f == nil {
			f = answers
		}
		f(w, r)
	})
	return k
}

// set tells how a key's caller is answered from now on.
func (k *keys) set(key string, f http.HandlerFunc) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.by[key] = f
}

// hold has a key's next caller wait: entered is closed when it has come, and it
// is answered when leave is.
func (k *keys) hold(key string) (entered, leave chan struct{}) {
	entered, leave = make(chan struct{}), make(chan struct{})
	var first sync.Once
	k.set(key, func(w http.ResponseWriter, r *http.Request) {
		first.Do(func() {
			close(entered)
			<-leave
		})
		answers(w, r)
	})
	return entered, leave
}

// begin asks the question, and returns where the status comes.
func (g *gateway) begin() <-chan int {
	done := make(chan int, 1)
	go func() {
		status, _, _, _ := g.try(nil, question)
		done <- status
	}()
	return done
}

// count returns how often a key was asked since the last count.
func (k *keys) count(key string) int {
	k.mu.Lock()
	defer k.mu.Unlock()
	n := k.asked[key]
	k.asked[key] = 0
	return n
}

// failing answers with a status, headers and a body.
func failing(status int, body string, header ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		for i := 0; i < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

const refusal = `{"error":{"message":"no","type":"t","param":null,"code":null}}`

// provider is a provider with these keys; the first one is asked first. name
// makes its accounts others than those of other tests.
func (k *keys) provider(name string, lines string, keys ...string) string {
	return fmt.Sprintf("provider %s openai {\n api_key %s\n upstream %s/v1\n lb_policy first\n %s\n }", name, strings.Join(keys, " "), k.URL, lines)
}

// Each kind of failure keeps the account out for its time, of the model or of
// all, and the next request does not ask it.
func TestFailuresKeepAccountsOut(t *testing.T) {
	for i, tc := range []struct {
		name        string
		fail        http.HandlerFunc
		least, most time.Duration
		ofModel     bool
		grade       string
		stream      bool
	}{
		{name: "401", fail: failing(401, refusal), least: 10 * time.Minute, most: 10 * time.Minute},
		{name: "403", fail: failing(403, refusal), least: 10 * time.Minute, most: 10 * time.Minute, ofModel: true},
		{name: "402", fail: failing(402, refusal), least: 10 * time.Minute, most: 10 * time.Minute},
		{name: "quota", fail: failing(429, `{"error":{"message":"no","type":"insufficient_quota","param":null,"code":"insufficient_quota"}}`), least: 10 * time.Minute, most: 10 * time.Minute},
		{name: "429", fail: failing(429, refusal), least: time.Second, most: 1250 * time.Millisecond, ofModel: true},
		{name: "429 with a time", fail: failing(429, refusal, "Retry-After", "33"), least: 33 * time.Second, most: 33 * time.Second, ofModel: true},
		{name: "429 with a date", fail: func(w http.ResponseWriter, r *http.Request) {
			failing(429, refusal, "Retry-After", time.Now().Add(time.Minute).UTC().Format(http.TimeFormat))(w, r)
		}, least: 58 * time.Second, most: time.Minute, ofModel: true},
		{name: "429 for days", fail: failing(429, refusal, "Retry-After", "864000"), least: time.Hour, most: time.Hour, ofModel: true},
		{name: "429 with a reset", fail: failing(429, refusal, "X-Ratelimit-Remaining-Requests", "0", "X-Ratelimit-Reset-Requests", "1m30s"), least: 90 * time.Second, most: 90 * time.Second, ofModel: true},
		{name: "500", fail: failing(500, refusal), least: time.Second, most: 1250 * time.Millisecond},
		{name: "503 with a time", fail: failing(503, refusal, "Retry-After", "7"), least: 7 * time.Second, most: 7 * time.Second, ofModel: true},
		{name: "529", fail: failing(529, refusal), least: time.Second, most: 1250 * time.Millisecond, ofModel: true},
		{name: "502 in HTML", fail: failing(502, "<html>bad gateway</html>"), least: time.Second, most: 1250 * time.Millisecond},
		{name: "an error inside a 200", fail: failing(200, `{"error":{"message":"no","type":"rate_limit_error","param":null,"code":null}}`), least: time.Second, most: 1250 * time.Millisecond, ofModel: true},
		{name: "no answer inside a 200", fail: failing(200, `welcome`), least: time.Second, most: 1250 * time.Millisecond},
		{name: "a reset", fail: func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, least: time.Second, most: 1250 * time.Millisecond},
		{name: "an error as the first event", stream: true, fail: failing(200, "data: {\"error\":{\"message\":\"no\",\"code\":429}}\n\n", "Content-Type", "text/event-stream"), least: time.Second, most: 1250 * time.Millisecond, ofModel: true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			k := newKeys(t)
			name := fmt.Sprint("table", i)
			g := start(t, k.provider(name, "", "bad", "good"))
			k.set("bad", tc.fail)
			body := question
			if tc.stream {
				body = `{"model":"m","stream":true}`
				k.set("good", func(w http.ResponseWriter, _ *http.Request) {
					w.Header().Set("Content-Type", "text/event-stream")
					_, _ = io.WriteString(w, "data: {\"choices\":[{\"delta\":{\"content\":\"hi\"},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n")
				})
			}
			began := time.Now()
			for range 3 {
				if status, _, got := g.ask(t, nil, body); status != 200 {
					t.Fatalf("%d %s", status, got)
				}
			}
			if bad, good := k.count("bad"), k.count("good"); bad != 1 || good != 3 {
				t.Errorf("asked %d and %d times", bad, good)
			}
			until, ofModel := outUntil(t, name, "1")
			if d := until.Sub(began); d < tc.least-2*time.Second && d < tc.least || d > tc.most+time.Since(began) {
				t.Errorf("out for %v, want from %v to %v", d, tc.least, tc.most)
			}
			if ofModel != tc.ofModel {
				t.Errorf("of the model: %v", ofModel)
			}
			other := strings.Replace(body, `"m"`, `"other"`, 1)
			if status, _, got := g.ask(t, nil, other); status != 200 {
				t.Fatalf("%d %s", status, got)
			}
			if bad := k.count("bad"); (bad == 1) != tc.ofModel {
				t.Errorf("for another model asked %d times", bad)
			}
		})
	}
}

// outUntil returns until when an account is out, and whether for a model.
func outUntil(t *testing.T, provider, account string) (time.Time, bool) {
	t.Helper()
	for _, s := range upstream.All() {
		if s.Provider == provider && s.Account == account {
			r := s.Report(time.Now())
			if len(r.Spells) != 1 {
				t.Fatalf("spells %+v", r.Spells)
			}
			return r.Spells[0].Until, r.Spells[0].Model != ""
		}
	}
	t.Fatalf("no account %s of %s", account, provider)
	return time.Time{}, false
}

// What is the request's fault, and a client that leaves, counts against nobody.
func TestFaultsOfClientsKeepNobodyOut(t *testing.T) {
	for i, status := range []int{400, 404, 409, 413, 422} {
		k := newKeys(t)
		g := start(t, k.provider(fmt.Sprint("fault", i), "", "a", "b"))
		k.set("a", failing(status, refusal))
		for range 3 {
			if got, _, body := g.ask(t, nil, question); got != status || body != refusal {
				t.Errorf("%d %s", got, body)
			}
		}
		if a, b := k.count("a"), k.count("b"); a != 3 || b != 0 {
			t.Errorf("%d: asked %d and %d times", status, a, b)
		}
	}
}

// A blip of the only account is no outage: it is asked while it is cooling, as
// long as the provider has not named a time.
func TestOnlyAccount(t *testing.T) {
	k := newKeys(t)
	g := start(t, k.provider("only", "", "a"))
	for _, f := range []http.HandlerFunc{failing(500, refusal), failing(401, refusal), failing(429, refusal)} {
		k.set("a", f)
		if status, _, _ := g.ask(t, nil, question); status == 200 {
			t.Error("no failure")
		}
		k.set("a", answers)
		if status, _, body := g.ask(t, nil, question); status != 200 {
			t.Errorf("after one failure: %d %s", status, body)
		}
	}
	k.count("a")
	k.set("a", failing(429, refusal, "Retry-After", "60"))
	g.ask(t, nil, question)
	k.set("a", answers)
	status, header, body := g.ask(t, nil, question)
	if n := k.count("a"); status != 429 || n != 1 || header.Get("Retry-After") != "60" || !strings.Contains(body, "rate_limit_exceeded") {
		t.Errorf("after a stated time, asked %d times: %d %v %s", n, status, header, body)
	}
	if ms := header.Get("Retry-After-Ms"); len(ms) != 5 || header.Get("X-Should-Retry") != "" {
		t.Errorf("SDKs are told %v", header)
	}
}

// When all are out for a stated time, the answer comes at once and says when
// the first of them returns; when it is not about a rate it is a 503.
func TestAllAreOut(t *testing.T) {
	k := newKeys(t)
	g := start(t, k.provider("all", "", "a", "b"))
	k.set("a", failing(429, refusal, "Retry-After", "100"))
	k.set("b", failing(429, refusal, "Retry-After", "40"))
	status, header, _ := g.ask(t, nil, question)
	if status != 429 || header.Get("Retry-After") != "40" || header.Get("X-Should-Retry") != "false" {
		t.Errorf("the first: %d %v", status, header)
	}
	status, header, _ = g.ask(t, nil, question)
	if status != 429 || header.Get("Retry-After") != "40" {
		t.Errorf("the next: %d %v", status, header)
	}
	if a, b := k.count("a"), k.count("b"); a != 1 || b != 1 {
		t.Errorf("asked %d and %d times", a, b)
	}

	k.set("a", failing(503, refusal, "Retry-After", "20"))
	k.set("b", failing(503, refusal, "Retry-After", "30"))
	other := strings.Replace(question, `"m"`, `"other"`, 1)
	g.ask(t, nil, other)
	status, header, body := g.ask(t, nil, other)
	if status != 503 || header.Get("Retry-After") != "20" || !strings.Contains(body, "no_account_available") {
		t.Errorf("%d %v %s", status, header, body)
	}
}

// What is cooling is asked only when no target is left that is fit.
func TestTheNextTargetComesFirst(t *testing.T) {
	k, second := newKeys(t), newKeys(t)
	g := start(t, k.provider("chained", "", "a")+"\n"+second.provider("second", "", "b")+"\n model m chained second")
	k.set("a", failing(500, refusal))
	for range 3 {
		if status, _, body := g.ask(t, nil, question); status != 200 {
			t.Fatalf("%d %s", status, body)
		}
	}
	if a, b := k.count("a"), second.count("b"); a != 1 || b != 3 {
		t.Errorf("asked %d and %d times", a, b)
	}
	second.set("b", failing(500, refusal)) // and now nobody is left but the first
	k.set("a", answers)
	if status, _, body := g.ask(t, nil, question); status != 200 {
		t.Fatalf("%d %s", status, body)
	}
}

// After its time an account is asked by one request at a time, until one of
// them is answered: the others go elsewhere.
func TestOneProbe(t *testing.T) {
	k := newKeys(t)
	g := start(t, k.provider("probed", "", "a", "b"))
	k.set("a", failing(500, refusal, "Retry-After", "0.05"))
	g.ask(t, nil, question)
	entered, leave := k.hold("a")
	waitOut(t, "probed", "1")
	k.count("a")
	k.count("b")
	done := g.begin()
	<-entered
	for range 5 {
		if status, _, body := g.ask(t, nil, question); status != 200 {
			t.Errorf("%d %s", status, body)
		}
	}
	if a, b := k.count("a"), k.count("b"); a != 1 || b != 5 {
		t.Errorf("while one finds out: asked %d and %d times", a, b)
	}
	k.set("a", answers)
	close(leave)
	if status := <-done; status != 200 {
		t.Errorf("the probe: %d", status)
	}
	g.ask(t, nil, question)
	if a := k.count("a"); a != 1 {
		t.Errorf("well again, asked %d times", a)
	}
}

// waitOut waits until an account's time is over.
func waitOut(t *testing.T, provider, account string) {
	t.Helper()
	until, _ := outUntil(t, provider, account)
	time.Sleep(time.Until(until) + time.Millisecond) // what is waited for is a time
}

// A reload forgets nothing that accounts have done, and neither does one that
// leaves the provider out for a while.
func TestStateSurvivesReloads(t *testing.T) {
	k := newKeys(t)
	lines := k.provider("kept", "", "a", "b")
	g := start(t, lines)
	k.set("a", failing(401, refusal))
	g.ask(t, nil, question)
	k.count("a")
	g.load(t, lines+"\n max_body 1MiB")
	g.load(t, "provider echo")
	g.load(t, lines)
	if status, _, body := g.ask(t, nil, question); status != 200 {
		t.Errorf("%d %s", status, body)
	}
	if n := k.count("a"); n != 0 {
		t.Errorf("asked %d times though it refused its key", n)
	}
	k.set("a2", answers)
	g.load(t, k.provider("kept", "", "a2", "b"))
	g.ask(t, nil, question)
	if n := k.count("a2"); n != 1 {
		t.Errorf("with another key asked %d times", n)
	}
}

// Weights are kept whatever the order and whoever is out.
func TestWeights(t *testing.T) {
	k := newKeys(t)
	block := func(name string, weight int) string {
		return fmt.Sprintf("account %s {\n api_key %s\n upstream %s/v1\n weight %d\n }\n", name, name, k.URL, weight)
	}
	g := start(t, "provider heavy openai {\n"+block("a", 1)+block("b", 5)+block("c", 2)+"}")
	for range 80 {
		g.ask(t, nil, question)
	}
	if a, b, c := k.count("a"), k.count("b"), k.count("c"); a != 10 || b != 50 || c != 20 {
		t.Errorf("asked %d, %d and %d times", a, b, c)
	}
	k.set("b", failing(401, refusal))
	for range 30 {
		if status, _, body := g.ask(t, nil, question); status != 200 {
			t.Fatalf("%d %s", status, body)
		}
	}
	if a, b, c := k.count("a"), k.count("b"), k.count("c"); b != 1 || a < 9 || a > 11 || a+c != 30 {
		t.Errorf("without b asked %d, %d and %d times", a, b, c)
	}
}

// A session stays with its account, goes to another while that one is out, and
// returns; the sessions are spread over all.
func TestAffinity(t *testing.T) {
	k := newKeys(t)
	g := start(t, "affinity header X-Session\n provider near openai {\n api_key a b c\n upstream "+k.URL+"/v1\n }")
	ask := func(session string) (account string) {
		status, _, body := g.ask(t, http.Header{"X-Session": {session}}, question)
		if status != 200 {
			t.Fatalf("%d %s", status, body)
		}
		for _, key := range []string{"a", "b", "c"} {
			if n := k.count(key); n > 0 && account == "" {
				account = key
			} else if n > 0 {
				account += key
			}
		}
		return account
	}
	home := map[string]string{}
	seen := map[string]int{}
	for i := range 30 {
		session := fmt.Sprint("s", i)
		home[session] = ask(session)
		seen[home[session]]++
		for range 3 {
			if got := ask(session); got != home[session] {
				t.Errorf("%s went to %s, then to %s", session, home[session], got)
			}
		}
	}
	if len(seen) != 3 {
		t.Errorf("sessions went to %v", seen)
	}
	k.set("b", failing(500, refusal, "Retry-After", "0.3"))
	for session, key := range home {
		got := ask(session)
		if key != "b" && got != key {
			t.Errorf("%s of %s went to %s", session, key, got)
		}
		if key == "b" && !strings.ContainsAny(got, "ac") {
			t.Errorf("%s of b went to %s", session, got)
		}
	}
	k.set("b", answers)
	waitOut(t, "near", "2")
	for session, key := range home {
		if got := ask(session); got != key {
			t.Errorf("%s did not return to %s, but went to %s", session, key, got)
		}
	}
}

// One account takes only so much at a time, the rest goes to others.
func TestMaxRequests(t *testing.T) {
	k := newKeys(t)
	g := start(t, "provider bounded openai {\n lb_policy first\n account a {\n api_key a\n upstream "+k.URL+"/v1\n max_requests 1\n }\n account b {\n api_key b\n upstream "+k.URL+"/v1\n }\n }")
	entered, leave := k.hold("a")
	done := g.begin()
	<-entered
	for range 3 {
		g.ask(t, nil, question)
	}
	if a, b := k.count("a"), k.count("b"); a != 1 || b != 3 {
		t.Errorf("asked %d and %d times", a, b)
	}
	close(leave)
	<-done
}

// An outage is not multiplied by all accounts of all targets.
func TestMaxAttempts(t *testing.T) {
	k := newKeys(t)
	g := start(t, "max_attempts 3\n"+k.provider("first", "", "a", "b")+"\n"+k.provider("next", "", "c", "d")+"\n model m first next")
	for _, key := range []string{"a", "b", "c", "d"} {
		k.set(key, failing(500, refusal))
	}
	if status, _, body := g.ask(t, nil, question); status != 500 {
		t.Errorf("%d %s", status, body)
	}
	if n := k.count("a") + k.count("b") + k.count("c") + k.count("d"); n != 3 {
		t.Errorf("asked %d times", n)
	}
}

// Faults for which the operator wants the next target asked lead there; others
// are the client's to hear, and neither counts against an account.
func TestFallbackOn(t *testing.T) {
	k := newKeys(t)
	g := start(t, k.provider("short", "max_fails 1\n fail_duration 1m", "a", "a2")+"\n"+k.provider("long", "", "b")+"\n model m short long {\n fallback_on context_length\n }")
	k.set("a", failing(400, `{"error":{"message":"too long","type":"invalid_request_error","param":"messages","code":"context_length_exceeded"}}`))
	for range 2 {
		status, header, body := g.ask(t, nil, question)
		if status != 200 || body != answer {
			t.Errorf("%d %v %s", status, header, body)
		}
	}
	if a, a2, b := k.count("a"), k.count("a2"), k.count("b"); a != 2 || a2 != 0 || b != 2 {
		t.Errorf("asked %d, %d and %d times", a, a2, b)
	}
	k.set("b", failing(500, refusal))
	if status, _, body := g.ask(t, nil, question); status != 400 || !strings.Contains(body, "context_length_exceeded") {
		t.Errorf("nobody takes it: %d %s", status, body)
	}
	k.set("a", failing(400, refusal))
	k.count("b")
	if status, _, body := g.ask(t, nil, question); status != 400 || body != refusal || k.count("b") != 0 {
		t.Errorf("another fault: %d %s", status, body)
	}
}

// Vendors count questions for numbers of tokens apart: that they are refused says
// nothing of answers.
func TestLimitsOfOperations(t *testing.T) {
	k := newKeys(t)
	g := start(t, fmt.Sprintf("provider claude anthropic {\n api_key a\n upstream %s\n }", k.URL))
	k.by[""] = func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/count_tokens") {
			failing(429, `{"type":"error","error":{"type":"rate_limit_error","message":"no"}}`, "Retry-After", "60")(w, r)
			return
		}
		_, _ = io.WriteString(w, `{"id":"m","type":"message","role":"assistant","model":"m","content":[],"stop_reason":"end_turn","usage":{}}`)
	}
	ask := func(path string) int {
		res, err := g.client.Post(g.url+path, "application/json", strings.NewReader(`{"model":"m","max_tokens":9,"messages":[{"role":"user","content":"hi"}]}`))
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		_, _ = io.Copy(io.Discard, res.Body)
		return res.StatusCode
	}
	if status := ask("/v1/messages/count_tokens"); status != 429 {
		t.Errorf("counting: %d", status)
	}
	if status := ask("/v1/messages"); status != 200 {
		t.Errorf("answering: %d", status)
	}
	if status := ask("/v1/messages/count_tokens"); status != 429 || k.count("") != 2 {
		t.Errorf("counting again: %d", status)
	}
}

// An account that has just failed may still be asked, so a blip does not make
// the gateway unready; one that has refused its key does.
func TestReadiness(t *testing.T) {
	k := newKeys(t)
	g := start(t, k.provider("ready", "", "a"))
	ready := func() int {
		res, err := g.client.Get(g.url + "/health?ready")
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		_, _ = io.Copy(io.Discard, res.Body)
		return res.StatusCode
	}
	k.set("a", failing(500, refusal))
	g.ask(t, nil, question)
	if status := ready(); status != 200 {
		t.Errorf("after a blip: %d", status)
	}
	k.set("a", failing(401, refusal))
	g.ask(t, nil, question)
	if status := ready(); status != 503 {
		t.Errorf("without a key that is good: %d", status)
	}
	k.set("a", answers)
	g.ask(t, nil, question)
	if status := ready(); status != 200 {
		t.Errorf("well again: %d", status)
	}
}

// The table in the documentation is the one in the code.
func TestPenaltiesAreDocumented(t *testing.T) {
	doc, err := os.ReadFile("../../docs/accounts.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range upstream.PenaltyRows() {
		if !strings.Contains(string(doc), row) {
			t.Errorf("docs/accounts.md lacks the row\n%s", row)
		}
	}
}
