package upstream_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

// What a client is told to wait is how long it is until somebody may be asked,
// and a 429 is said only when nobody may.
func TestWhatClientsAreToldToWait(t *testing.T) {
	const hour = "3000"
	limited := failing(429, refusal, "Retry-After", hour)

	t.Run("another account has only had a blip", func(t *testing.T) {
		k := newKeys(t)
		g := start(t, k.provider("wait1", "", "a", "b"))
		k.set("a", limited)
		g.ask(t, nil, question)
		k.set("b", failing(429, refusal))
		status, header, _ := g.ask(t, nil, question)
		if after := header.Get("Retry-After"); status != 429 || after == hour {
			t.Errorf("%d, Retry-After %s", status, after)
		}
		k.set("b", answers)
		if status, _, _ := g.ask(t, nil, question); status != 200 {
			t.Errorf("the next: %d", status)
		}
	})
	t.Run("another target has only had a blip", func(t *testing.T) {
		k := newKeys(t)
		g := start(t, k.provider("wait2", "", "a")+"\n"+k.provider("wait2b", "", "b")+"\n model m wait2 wait2b")
		k.set("a", limited)
		g.ask(t, nil, question)
		k.set("b", failing(500, refusal))
		if status, header, body := g.ask(t, nil, question); status != 500 || header.Get("Retry-After") != "" {
			t.Errorf("%d %v %s", status, header, body)
		}
	})
	t.Run("another account is full", func(t *testing.T) {
		k := newKeys(t)
		g := start(t, "provider wait3 openai {\n lb_policy first\n upstream "+k.URL+"/v1\n account a {\n api_key a\n }\n account b {\n api_key b\n max_requests 1\n }\n }")
		k.set("a", limited)
		g.ask(t, nil, question)
		entered, leave := k.hold("b")
		done := g.begin()
		<-entered
		if status, header, body := g.ask(t, nil, question); status != 503 || header.Get("Retry-After") != "1" {
			t.Errorf("%d %v %s", status, header, body)
		}
		close(leave)
		if status := <-done; status != 200 {
			t.Errorf("the one that fills it: %d", status)
		}
	})
	t.Run("no attempt is left", func(t *testing.T) {
		k, second := newKeys(t), newKeys(t)
		g := start(t, "max_attempts 2\n"+k.provider("wait4", "", "a", "b")+"\n"+second.provider("wait4b", "", "c", "d")+"\n model m wait4 wait4b\n model n wait4b/m")
		second.set("c", limited)
		g.ask(t, nil, strings.Replace(question, `"m"`, `"n"`, 1))
		k.set("a", failing(500, refusal))
		k.set("b", failing(500, refusal))
		if status, header, body := g.ask(t, nil, question); status != 500 || header.Get("Retry-After") != "" {
			t.Errorf("%d %v %s", status, header, body)
		}
	})
	t.Run("another account's key is bad", func(t *testing.T) {
		k := newKeys(t)
		g := start(t, k.provider("wait5", "", "a", "b"))
		k.set("a", failing(401, refusal))
		k.set("b", failing(429, refusal, "Retry-After", "60"))
		for range 3 {
			if status, header, body := g.ask(t, nil, question); status != 429 || header.Get("Retry-After") != "60" {
				t.Errorf("%d %v %s", status, header, body)
			}
		}
		if a := k.count("a"); a != 1 {
			t.Errorf("the bad key was tried %d times", a)
		}
	})
	t.Run("another target wants the caller's own key", func(t *testing.T) {
		k := newKeys(t)
		g := start(t, k.provider("wait6", "", "a")+"\n provider own openai {\n api_key {http.request.header.X-Key}\n upstream "+k.URL+"/v1\n }\n model m wait6 own")
		k.set("a", failing(429, refusal, "Retry-After", "9"))
		if status, header, body := g.ask(t, nil, question); status != 429 || header.Get("Retry-After") != "9" {
			t.Errorf("%d %v %s", status, header, body)
		}
	})
	t.Run("another target cannot carry it", func(t *testing.T) {
		k := newKeys(t)
		g := start(t, fmt.Sprintf("provider claude anthropic {\n api_key x\n upstream %s\n }\n", k.URL)+k.provider("wait7", "", "a")+"\n model m claude wait7")
		k.set("a", failing(503, refusal, "Retry-After", "300"))
		for range 2 {
			res, err := g.client.Post(g.url+"/v1/embeddings", "application/json", strings.NewReader(`{"model":"m","input":"x"}`))
			if err != nil {
				t.Fatal(err)
			}
			_, _ = io.Copy(io.Discard, res.Body)
			res.Body.Close()
			if res.StatusCode != 503 || res.Header.Get("Retry-After") != "300" {
				t.Errorf("%d %v", res.StatusCode, res.Header)
			}
		}
	})
}

// Strangers must not be able to take accounts out: neither by whom they ask to
// be nor by what they write.
func TestStrangersKeepNobodyOut(t *testing.T) {
	for i, tc := range []struct {
		name   string
		header http.Header
		model  string
		f      http.HandlerFunc
		status int
	}{
		{"another organization", http.Header{"Openai-Organization": {"org-x"}}, "m", failing(401, `{"error":{"message":"no","type":"invalid_request_error","param":null,"code":"mismatched_organization"}}`), 502},
		{"a model that is called as a message", nil, "Your credit balance is too low", failing(400, `{"error":{"message":"Your credit balance is too low is not a valid model ID","type":"invalid_request_error","param":null,"code":null}}`), 400},
		{"a model that is called as another", nil, "insufficient credits", failing(404, `{"error":{"message":"no access to model insufficient credits","type":"t","param":null,"code":null}}`), 404},
		{"a model without access, called as a message", nil, "insufficient credits", failing(403, `{"error":{"message":"no access to model insufficient credits","type":"t","param":null,"code":null}}`), 502},
	} {
		t.Run(tc.name, func(t *testing.T) {
			k := newKeys(t)
			g := start(t, k.provider(fmt.Sprint("stranger", i), "", "a", "b"))
			k.set("a", tc.f)
			k.set("b", tc.f)
			if status, _, body := g.ask(t, tc.header, strings.Replace(question, `"m"`, fmt.Sprintf("%q", tc.model), 1)); status != tc.status {
				t.Errorf("%d %s", status, body)
			}
			k.set("a", answers)
			k.count("a")
			if status, _, _ := g.ask(t, nil, question); status != 200 || k.count("a") != 1 {
				t.Errorf("the next: %d", status)
			}
		})
	}
}

// A wall before a provider that refuses one prompt does not take the model out
// for ten minutes.
func TestAForeign403IsABrokenAnswer(t *testing.T) {
	k := newKeys(t)
	g := start(t, k.provider("walled", "", "a", "b"))
	k.set("a", failing(403, "<html>blocked</html>", "Content-Type", "text/html"))
	g.ask(t, nil, question)
	if until, _ := outUntil(t, "walled", "1"); time.Until(until) > 2*time.Second {
		t.Errorf("out until %v", until)
	}
}

// When the only account returns, one request finds out and the others wait for
// what it finds.
func TestTheHerdWaitsForOne(t *testing.T) {
	k := newKeys(t)
	g := start(t, k.provider("herd", "", "a"))
	k.set("a", failing(429, refusal, "Retry-After", "0.05"))
	g.ask(t, nil, question)
	waitOut(t, "herd", "1")
	k.count("a")
	entered, leave := k.hold("a")
	const herd = 20
	var statuses []<-chan int
	for range herd {
		statuses = append(statuses, g.begin())
	}
	<-entered
	for deadline := time.Now().Add(200 * time.Millisecond); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		k.mu.Lock()
		n := k.asked["a"]
		k.mu.Unlock()
		if n != 1 {
			t.Fatalf("%d were asked at once", n)
		}
	}
	close(leave)
	for _, done := range statuses {
		if status := <-done; status != 200 {
			t.Errorf("one of them: %d", status)
		}
	}
	if n := k.count("a"); n != herd {
		t.Errorf("asked %d times", n)
	}
}

// An answer that is longer than the operator lets answers be ends, and is no
// fault of the account's.
func TestTotalTimeoutKeepsNobodyOut(t *testing.T) {
	k := newKeys(t)
	g := start(t, k.provider("lengthy", "total_timeout 100ms", "a", "b"))
	k.set("a", says(content))
	if status, _, body := g.ask(t, nil, streamed); status != 200 || !strings.Contains(body, "took too long") {
		t.Errorf("%d %s", status, body)
	}
	k.count("a")
	k.set("a", says(content, ending))
	if status, _, _ := g.ask(t, nil, streamed); status != 200 || k.count("a") != 1 {
		t.Errorf("the next: %d", status)
	}
}

// What one account does not keep another may.
func TestStoredResponsesOfSeveralAccounts(t *testing.T) {
	k := newKeys(t)
	g := start(t, k.provider("keeping", "", "a", "b"))
	k.set("a", failing(404, refusal))
	k.set("b", func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodDelete {
			w.WriteHeader(http.StatusNoContent)
			return
		}
		_, _ = io.WriteString(w, `{"id":"resp_1","object":"response"}`)
	})
	for method, want := range map[string]int{http.MethodGet: 200, http.MethodDelete: 204} {
		r, _ := http.NewRequest(method, g.url+"/v1/responses/resp_1", nil)
		res, err := g.client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != want {
			t.Errorf("%s: %d", method, res.StatusCode)
		}
	}
	k.set("b", failing(404, refusal))
	res, err := g.client.Get(g.url + "/v1/responses/resp_2")
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if a, b := k.count("a"), k.count("b"); res.StatusCode != 404 || a != 3 || b != 3 {
		t.Errorf("nobody keeps it: %d, asked %d and %d times", res.StatusCode, a, b)
	}
	if class := lastClass(t, "keeping", "1"); class != "" {
		t.Errorf("it counted as %s", class)
	}
}
