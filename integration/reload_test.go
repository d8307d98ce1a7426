package integration

import (
	"bufio"
	"io"
	"net/http"
	"testing"
	"time"
)

// stepwise is a provider whose streams send an event for each step that the
// test takes, and end with the steps.
func stepwise(steps <-chan string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "text/event-stream")
		for {
			select {
			case text, more := <-steps:
				if !more {
					io.WriteString(w, stopEvent+usageEvent+doneEvent)
					return
				}
				io.WriteString(w, wordEvent(text))
				w.(http.Flusher).Flush()
			case <-r.Context().Done():
				return
			}
		}
	}
}

// A reload cuts nothing that is on its way: neither streams from a provider
// that stays nor from one that goes.
func TestReloadCutsNoStream(t *testing.T) {
	d := newDouble(t)
	var steps [3]chan string // one for each stream
	next := make(chan (<-chan string), len(steps))
	d.set("key-a", func(w http.ResponseWriter, r *http.Request) { stepwise(<-next)(w, r) })
	configured := func(more string) setup {
		return setup{directive: `
			key client ` + clientKey + `
			provider openai {
				api_key key-a
				upstream ` + d.url + `
			}` + more}
	}
	g := run(t, configured(""))

	var bodies [len(steps)]*bufio.Reader
	for i := range steps {
		steps[i] = make(chan string)
		next <- steps[i]
		sent := make(chan struct{})
		go func() {
			defer close(sent)
			select {
			case steps[i] <- "before":
			case <-time.After(patience): // the test has failed
			}
		}()
		res, err := g.client(t).Do(g.chat(t, streamBody))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { res.Body.Close() })
		receive(t, "the first event is sent", sent, patience)
		bodies[i] = bufio.NewReader(res.Body)
	}
	step := func(text string) {
		t.Helper()
		for i := range steps {
			select {
			case steps[i] <- text:
			case <-time.After(patience):
				t.Fatalf("stream %d: the provider's side has ended", i)
			}
			if got := readEvent(t, bodies[i]); got != wordEvent(text) {
				t.Fatalf("stream %d: event is %q, want %q", i, got, text)
			}
		}
	}
	for i := range bodies {
		if got := readEvent(t, bodies[i]); got != wordEvent("before") {
			t.Fatalf("stream %d: event is %q", i, got)
		}
	}
	step("still before")

	g.load(t, configured("\ndebug_headers\nmax_body 1MiB"))
	step("after a change")

	g.load(t, setup{directive: "key client " + clientKey + "\nprovider echo"})
	got := do(t, g.client(t), g.chat(t, plainBody))
	if got.status != http.StatusOK || len(d.keys()) != len(steps) {
		t.Errorf("the reload has no effect: %d, the provider was asked %d times", got.status, len(d.keys()))
	}
	step("after the provider went")

	for i := range steps {
		close(steps[i])
		rest, err := io.ReadAll(bodies[i])
		if err != nil || string(rest) != stopEvent+usageEvent+doneEvent {
			t.Errorf("stream %d ends with %q (%v)", i, rest, err)
		}
	}
}

// A request that was on its way at a reload keeps what its configuration
// promised: the next account, the next target.
func TestReloadKeepsTheFailoverOfRequestsInFlight(t *testing.T) {
	d := newDouble(t)
	arrived, proceed := make(chan struct{}, 1), make(chan struct{}, 1)
	failing := func(w http.ResponseWriter, r *http.Request) {
		arrived <- struct{}{}
		select {
		case <-proceed:
		case <-time.After(patience): // the test has failed
		}
		refusing(http.StatusInternalServerError, "broken")(w, r)
	}
	for _, tt := range []struct{ name, directive string }{
		{name: "accounts", directive: `
			key client ` + clientKey + `
			provider openai {
				api_key key-a key-b
				upstream ` + d.url + `
				lb_policy first
			}`},
		{name: "targets", directive: `
			key client ` + clientKey + `
			provider a openai {
				api_key key-a
				upstream ` + d.url + `
			}
			provider b openai {
				api_key key-b
				upstream ` + d.url + `
			}
			model gpt-* a b`},
	} {
		for _, body := range []string{plainBody, streamBody} {
			t.Run(tt.name+" for "+body, func(t *testing.T) {
				g := run(t, setup{directive: tt.directive})
				d.set("key-a", failing)
				got := begin(t, g.client(t), g.chat(t, body))
				receive(t, "the first account is asked", arrived, patience)
				g.load(t, setup{directive: "key client " + clientKey + "\nprovider echo"})
				proceed <- struct{}{}
				checkOnly(t, receive(t, "the answer", got, patience), body, "key-b")
				checkAsked(t, d.keys(), "key-a", "key-b")
			})
		}
	}
}
