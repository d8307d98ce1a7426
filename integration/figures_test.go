package integration

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// Figures in time decide no test. These tests print them, when FIGURES says how
// many requests to make; without it they are left out.
func figures(t *testing.T) int {
	t.Helper()
	n, err := strconv.Atoi(os.Getenv("FIGURES"))
	if err != nil || n < 1 {
		t.Skip("prints figures where FIGURES is a number of requests")
	}
	return n
}

// spread is the median, the 99th of a hundred, and the most of times.
func spread(times []time.Duration) string {
	slices.Sort(times)
	return fmt.Sprintf("median %v, p99 %v, most %v of %d", times[len(times)/2], times[len(times)*99/100], times[len(times)-1], len(times))
}

// TestFigureOfReloads has as many streams in flight over a reload, and counts
// those that are cut.
func TestFigureOfReloads(t *testing.T) {
	n := figures(t)
	d := newDouble(t)
	release := make(chan struct{})
	d.set("key-a", func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "text/event-stream")
		io.WriteString(w, wordEvent("before"))
		w.(http.Flusher).Flush()
		<-release
		io.WriteString(w, wordEvent("after")+stopEvent+usageEvent+doneEvent)
	})
	g := run(t, setup{directive: "key client " + clientKey + "\nprovider openai {\napi_key key-a\nupstream " + d.url + "\n}"})
	client := g.client(t)
	var begun, ended sync.WaitGroup
	cut := make(chan string, n)
	for range n {
		begun.Add(1)
		ended.Go(func() {
			res, err := client.Do(g.chat(t, streamBody))
			if err != nil {
				begun.Done()
				cut <- err.Error()
				return
			}
			defer res.Body.Close()
			r := bufio.NewReader(res.Body)
			first, _ := r.ReadString('\n')
			begun.Done()
			rest, err := io.ReadAll(r)
			if got := first + string(rest); err != nil || got != wordEvent("before")+wordEvent("after")+stopEvent+usageEvent+doneEvent {
				cut <- fmt.Sprintf("%q, %v", got, err)
			}
		})
	}
	begun.Wait()
	g.load(t, setup{directive: "key client " + clientKey + "\nprovider echo"})
	close(release)
	ended.Wait()
	close(cut)
	for c := range cut {
		t.Errorf("cut: %s", c)
	}
	t.Logf("%d streams in flight over a reload that removes their provider: %d cut", n, len(cut))
}

// TestFigureOfLeaving measures from a client's leaving to the provider's
// noticing, while nothing flows.
func TestFigureOfLeaving(t *testing.T) {
	n := figures(t)
	for _, proto := range []string{"HTTP/1.1", "HTTP/2.0", "HTTP/3.0"} {
		t.Run(proto, func(t *testing.T) {
			d := newDouble(t)
			gone := make(chan time.Time, 1)
			d.set("key-a", func(w http.ResponseWriter, r *http.Request) {
				io.Copy(io.Discard, r.Body)
				w.Header().Set("Content-Type", "text/event-stream")
				io.WriteString(w, wordEvent("word"))
				w.(http.Flusher).Flush()
				<-r.Context().Done()
				gone <- time.Now()
			})
			g := run(t, setup{secure: proto != "HTTP/1.1", directive: "key client " + clientKey + "\nprovider openai {\napi_key key-a\nupstream " + d.url + "\n}"})
			g.awaitTLS(t)
			client := g.client(t)
			if proto == "HTTP/3.0" {
				client = g.client3(t)
			}
			var times []time.Duration
			for range n {
				ctx, cancel := context.WithCancel(t.Context())
				res, err := client.Do(g.chat(t, streamBody).WithContext(ctx))
				if err != nil {
					t.Fatal(err)
				}
				if res.Proto != proto {
					t.Fatalf("the answer came over %s", res.Proto)
				}
				readEvent(t, bufio.NewReader(res.Body))
				left := time.Now()
				cancel()
				times = append(times, receive(t, "the provider's request ends", gone, patience).Sub(left))
				res.Body.Close()
			}
			t.Logf("%s, from the client's leaving to the provider's noticing: %s", proto, spread(times))
		})
	}
}

// TestFigureOfSwitching measures what it adds to a request that the first
// account refuses it with a 429 and the next one answers.
func TestFigureOfSwitching(t *testing.T) {
	n := figures(t)
	d := newDouble(t)
	g := run(t, setup{directive: "key client " + clientKey + "\nprovider openai {\napi_key key-a key-b\nupstream " + d.url + "\nlb_policy first\n}"})
	client := g.client(t)
	measure := func(serve http.HandlerFunc) (times []time.Duration) {
		for i := range n + 10 {
			d.set("key-a", serve) // which makes all accounts well
			began := time.Now()
			if got := do(t, client, g.chat(t, plainBody)); got.status != http.StatusOK || (serve != nil) != strings.Contains(got.body, "key-b") {
				t.Fatalf("%d %s", got.status, got.body)
			}
			if i >= 10 { // the first ones open connections
				times = append(times, time.Since(began))
			}
		}
		return times
	}
	plain := measure(nil)
	switched := measure(refusing(http.StatusTooManyRequests, "slow down"))
	t.Logf("one account asked: %s", spread(plain))
	t.Logf("a switch after a 429: %s", spread(switched))
}
