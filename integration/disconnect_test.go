package integration

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"
)

// soon is how long the end of a client may take to reach the provider.
const soon = 3 * time.Second

// A client that leaves must cost the operator nothing more: the provider's
// request ends with it, whatever the stream was doing, and nothing stays behind.
func TestClientsThatLeaveCancelTheUpstream(t *testing.T) {
	const times = 8 // for each case, so that something that stays behind is seen
	started, gone := make(chan struct{}, times), make(chan struct{}, times)
	watched := func(during func(w http.ResponseWriter, r *http.Request)) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			io.Copy(io.Discard, r.Body) // or net/http does not see the end
			during(w, r)
			<-r.Context().Done()
			gone <- struct{}{}
		}
	}
	event := func(w http.ResponseWriter) error {
		_, err := io.WriteString(w, wordEvent("word"))
		w.(http.Flusher).Flush()
		return err
	}
	phases := []struct {
		name    string
		answers bool // the client gets an answer before it leaves
		serve   http.HandlerFunc
	}{
		{name: "before the answer", serve: watched(func(http.ResponseWriter, *http.Request) {
			started <- struct{}{}
		})},
		{name: "in the silence after the headers", serve: watched(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/event-stream")
			w.(http.Flusher).Flush()
			started <- struct{}{}
		})},
		{name: "in the silence after an event", answers: true, serve: watched(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/event-stream")
			_ = event(w)
			started <- struct{}{}
		})},
		{name: "while the stream flows", answers: true, serve: watched(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "text/event-stream")
			started <- struct{}{}
			pace := time.NewTicker(time.Millisecond)
			defer pace.Stop()
			for event(w) == nil {
				select {
				case <-pace.C:
				case <-r.Context().Done():
					return
				}
			}
		})},
	}
	for _, proto := range []struct {
		name   string
		secure bool
	}{
		{name: "HTTP/1.1"},
		{name: "HTTP/2.0", secure: true},
		{name: "HTTP/3.0", secure: true},
	} {
		t.Run(proto.name, func(t *testing.T) {
			d := newDouble(t)
			g := run(t, setup{secure: proto.secure, directive: `
				key client ` + clientKey + `
				provider openai {
					api_key key-a
					upstream ` + d.url + `
					max_fails 1
					fail_duration 1h
				}`})
			g.awaitTLS(t)
			client := g.client(t)
			if proto.name == "HTTP/3.0" {
				client = g.client3(t)
			}
			works := func() {
				t.Helper()
				d.set("key-a", nil)
				got := do(t, client, g.chat(t, streamBody))
				if got.status != http.StatusOK || got.body != streamAnswer("key-a") {
					t.Fatalf("the gateway does not work any more: %d %s", got.status, got.body)
				}
			}
			works()
			baseline := runtime.NumGoroutine()
			for _, phase := range phases {
				t.Run(phase.name, func(t *testing.T) {
					d.set("key-a", phase.serve)
					for range times {
						leave(t, g, client, proto.name, phase.answers, started)
						receive(t, "the provider's request ends", gone, soon)
					}
					works() // a client that left is no fault of the account's
					eventually(t, "no goroutine stays behind", func() bool {
						return runtime.NumGoroutine() < baseline+times
					})
				})
			}
		})
	}
}

// leave makes a request and gives it up when it has started.
func leave(t *testing.T, g *gateway, client *http.Client, proto string, answers bool, started <-chan struct{}) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	r := g.chat(t, streamBody).WithContext(ctx)
	if !answers {
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			if res, err := client.Do(r); err == nil {
				res.Body.Close()
				t.Errorf("there was an answer: %s", res.Status)
			}
		}()
		receive(t, "the provider is asked", started, patience)
		cancel()
		receive(t, "the client's request ends", ended, patience)
		return
	}
	res, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.Proto != proto {
		t.Fatalf("the answer came over %s, want %s", res.Proto, proto)
	}
	if got := readEvent(t, bufio.NewReader(res.Body)); got != wordEvent("word") {
		t.Fatalf("the first event is %q", got)
	}
	receive(t, "the provider is asked", started, patience)
}

// readEvent reads one event of a stream.
func readEvent(t *testing.T, r *bufio.Reader) string {
	t.Helper()
	var event strings.Builder
	for {
		line, err := r.ReadString('\n')
		event.WriteString(line)
		if err != nil {
			t.Fatalf("reading an event: %v after %q", err, event.String())
		}
		if line == "\n" {
			return event.String()
		}
	}
}
