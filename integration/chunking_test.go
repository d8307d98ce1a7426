package integration

import (
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// recordedDir is where recorded traffic of real providers is, beside the project.
const recordedDir = "../../shared/fixtures"

// A cutting says how a provider's bytes are cut into writes: it returns where
// the piece that begins at a position ends.
type cutting struct {
	name string
	next func(at int) int
}

// cuttings are the ways in which each stream is served. The random ones are
// the same in each run.
func cuttings(size int) []cutting {
	random := func(seed uint64, most int) func(int) int {
		r := rand.New(rand.NewPCG(seed, 0))
		return func(at int) int { return at + 1 + r.IntN(most) }
	}
	return []cutting{
		{name: "whole", next: func(int) int { return size }},
		{name: "byte by byte", next: func(at int) int { return at + 1 }},
		{name: "random small pieces", next: random(1, 40)},
		{name: "random pieces", next: random(2, 4000)},
	}
}

// player is a provider that serves set bytes in set pieces. What it serves is
// set between requests.
type player struct {
	stream string
	next   func(at int) int
	cut    bool // close the connection at the end
}

func (p *player) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	io.Copy(io.Discard, r.Body)
	w.Header().Set("Content-Type", "text/event-stream")
	for at := 0; at < len(p.stream); {
		end := min(p.next(at), len(p.stream))
		if _, err := io.WriteString(w, p.stream[at:end]); err != nil {
			return
		}
		w.(http.Flusher).Flush()
		at = end
	}
	if p.cut {
		panic(http.ErrAbortHandler)
	}
}

// play runs a gateway with a player behind it.
func play(t *testing.T) (set func(*player), fetch func(t *testing.T) answer) {
	t.Helper()
	var now atomic.Pointer[player]
	d := newDouble(t)
	d.set("key-a", func(w http.ResponseWriter, r *http.Request) { now.Load().ServeHTTP(w, r) })
	g := run(t, setup{directive: `
		key client ` + clientKey + `
		provider openai {
			api_key key-a
			upstream ` + d.url + `
		}`})
	client := g.client(t)
	return func(p *player) { now.Store(p) }, func(t *testing.T) answer {
		t.Helper()
		return do(t, client, g.chat(t, streamBody))
	}
}

// longEvent is an event that is larger than any buffer on its way.
func longEvent() string {
	var text strings.Builder
	for text.Len() < 200<<10 {
		text.WriteString("a long answer — żółć 👋🏽 ")
	}
	return wordEvent(text.String())
}

// streams are well-formed streams in the ways that providers write them.
func streams() map[string]string {
	normal := streamAnswer("one") // its events end with LF LF
	return map[string]string{
		"normal":              roleEvent + wordEvent("one") + wordEvent(" two") + stopEvent + usageEvent + doneEvent,
		"CRLF":                strings.ReplaceAll(normal, "\n", "\r\n"),
		"CR":                  strings.ReplaceAll(normal, "\n", "\r"),
		"comments":            ": hello\n\n" + roleEvent + ": keep-alive\n\n" + wordEvent("one") + ": keep-alive\n\n" + stopEvent + doneEvent,
		"fields beside data":  "retry: 3000\n\nid: 1\nevent: message\n" + roleEvent + "id: 2\n" + wordEvent("one") + stopEvent + doneEvent,
		"data over two lines": roleEvent + strings.Replace(wordEvent("one"), "data: {", "data: {\ndata: ", 1) + stopEvent + doneEvent,
		"no blank":            strings.ReplaceAll(normal, "data: ", "data:"),
		"no terminator":       roleEvent + wordEvent("one") + stopEvent,
		"no last line end":    roleEvent + wordEvent("one") + stopEvent + "data: [DONE]",
		"no last empty line":  roleEvent + wordEvent("one") + strings.TrimSuffix(stopEvent, "\n"),
		"byte order mark":     "\ufeff" + normal,
		"multi-byte":          roleEvent + wordEvent("żółć — 日本語") + wordEvent("👋🏽🧑‍🤝‍🧑") + wordEvent(`\ud83d`) + wordEvent(`\udc4b`) + stopEvent + doneEvent,
		"long event":          roleEvent + wordEvent("one") + longEvent() + stopEvent + usageEvent + doneEvent,
		"long first event":    roleEvent + longEvent() + stopEvent + usageEvent + doneEvent,
	}
}

// However a network cuts a provider's stream, the client gets the same bytes,
// and they are the provider's.
func TestStreamsDoNotDependOnTheirCuts(t *testing.T) {
	set, fetch := play(t)
	for name, stream := range streams() {
		for _, c := range cuttings(len(stream)) {
			t.Run(name+"/"+c.name, func(t *testing.T) {
				set(&player{stream: stream, next: c.next})
				got := fetch(t)
				checkBytes(t, got, stream)
				if kind := got.header.Get("Content-Type"); kind != "text/event-stream" {
					t.Errorf("Content-Type is %q", kind)
				}
			})
		}
	}
}

func checkBytes(t *testing.T, got answer, want string) {
	t.Helper()
	if got.status != http.StatusOK {
		t.Fatalf("status is %d: %s", got.status, got.body)
	}
	if got.body == want {
		return
	}
	at := 0
	for at < min(len(got.body), len(want)) && got.body[at] == want[at] {
		at++
	}
	t.Errorf("the client got %d bytes, want %d; they differ from byte %d on:\n got %q\nwant %q",
		len(got.body), len(want), at, clipped(got.body, at), clipped(want, at))
}

// clipped returns what of s stands around a position.
func clipped(s string, at int) string { return s[max(0, at-40):min(len(s), at+200)] }

// requestID is what differs between two errors that the gateway made.
var requestID = regexp.MustCompile(`,"request_id":"[^"]*"`)

func TestRecordedStreamsDoNotDependOnTheirCuts(t *testing.T) {
	var files []string
	for _, format := range []string{"openai-chat", "openai-compat"} {
		found, err := filepath.Glob(filepath.Join(recordedDir, format, "*", "response.sse"))
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, found...)
	}
	if len(files) == 0 {
		t.Skip("the recorded traffic is not here: no folder shared/fixtures beside the project")
	}
	set, fetch := play(t)
	relayed := 0
	for _, file := range files {
		t.Run(filepath.Base(filepath.Dir(file)), func(t *testing.T) {
			stream, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var first answer
			for i, c := range cuttings(len(stream)) {
				set(&player{stream: string(stream), next: c.next})
				got := fetch(t)
				got.body = requestID.ReplaceAllString(got.body, "")
				if i == 0 {
					first = got
				}
				if got.status != first.status || got.body != first.body {
					t.Errorf("%s: the client got %d %q, want as in one piece %d %q", c.name, got.status, got.body, first.status, first.body)
				}
			}
			// some recordings are failures from their first event on, which
			// are answered with an error's status
			if first.status == http.StatusOK {
				relayed++
				checkBytes(t, first, string(stream))
			} else if !strings.Contains(string(stream), `"error"`) {
				t.Errorf("the client got %d %q for a stream without an error", first.status, first.body)
			}
		})
	}
	if relayed < len(files)/2 {
		t.Errorf("only %d of %d recorded streams were relayed", relayed, len(files))
	}
}

// A stream that breaks off in the middle of an event ends for the client with
// whole events, an error event, the terminator and a clean end of the body.
func TestBrokenStreamsEndWithAnError(t *testing.T) {
	set, fetch := play(t)
	begin := roleEvent + wordEvent("one")
	crlf := strings.ReplaceAll(begin, "\n", "\r\n")
	for _, tt := range []struct {
		name, stream string
		whole        string // the events that come through
	}{
		{name: "in the middle of an event", stream: begin + wordEvent("two")[:60], whole: begin},
		{name: "in the middle of a character", stream: begin + wordEvent("👋🏽")[:len(wordEvent("👋"))-40], whole: begin},
		{name: "in the middle of a field's name", stream: begin + "da", whole: begin},
		{name: "after an event's line", stream: begin + strings.TrimSuffix(wordEvent("two"), "\n"), whole: begin},
		{name: "between two events", stream: begin, whole: begin},
		{name: "with CRLF", stream: crlf + wordEvent("two")[:60], whole: crlf},
		{name: "in a comment", stream: begin + ": keep-al", whole: begin},
		{name: "in a long event", stream: begin + longEvent()[:150<<10], whole: begin},
	} {
		for _, end := range []struct {
			name string
			cut  bool
		}{
			{name: "clean", cut: false},
			{name: "cut", cut: true},
		} {
			t.Run(tt.name+"/"+end.name, func(t *testing.T) {
				var first answer
				for i, c := range cuttings(len(tt.stream)) {
					set(&player{stream: tt.stream, next: c.next, cut: end.cut})
					got := fetch(t)
					got.body = requestID.ReplaceAllString(got.body, "")
					if i == 0 {
						first = got
					}
					checkBroken(t, c.name, got, tt.whole)
					if got.body != first.body {
						t.Errorf("%s: the client got %d bytes, in one piece %d", c.name, len(got.body), len(first.body))
					}
				}
			})
		}
	}
}

// brokenEnd is how a stream that broke off ends.
var brokenEnd = regexp.MustCompile(`^data: \{"error":\{"message":"(?:[^"\\\n]|\\.)+","type":"server_error","param":null,"code":"upstream_error"\}\}\n\ndata: \[DONE\]\n\n$`)

func checkBroken(t *testing.T, name string, got answer, whole string) {
	t.Helper()
	rest, ok := strings.CutPrefix(got.body, whole)
	if got.status != http.StatusOK || !ok {
		t.Errorf("%s: the client got %d %q, want the whole events first", name, got.status, clipped(got.body, 0))
		return
	}
	if !brokenEnd.MatchString(rest) {
		t.Errorf("%s: after the whole events (%d bytes) the client got %d bytes, want an error event and the terminator only:\n%q … %q",
			name, len(whole), len(rest), clipped(rest, 0), clipped(rest, len(rest)))
	}
}

// A provider's CRLF may come in two pieces, and the stream may break off after
// it: the LF belongs to the event that was handed on already. Without it, a
// client whose lines end with LF takes the error event for a part of that line.
func TestBrokenStreamsKeepALineEndInTwoPieces(t *testing.T) {
	begin := strings.ReplaceAll(roleEvent+wordEvent("one"), "\n", "\r\n")
	first := begin[:len(begin)-1] // up to the CR
	arrived := make(chan struct{})
	d := newDouble(t)
	d.set("key-a", func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "text/event-stream")
		io.WriteString(w, first)
		w.(http.Flusher).Flush()
		select {
		case <-arrived:
		case <-time.After(time.Second): // the gateway may wait for the LF too
		}
		io.WriteString(w, begin[len(first):]+wordEvent("two")[:60])
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	})
	g := run(t, setup{directive: `
		key client ` + clientKey + `
		provider openai {
			api_key key-a
			upstream ` + d.url + `
		}`})
	res, err := g.client(t).Do(g.chat(t, streamBody))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	head := make([]byte, len(first))
	if _, err := io.ReadFull(res.Body, head); err != nil {
		t.Fatal(err)
	}
	close(arrived)
	rest, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	got := requestID.ReplaceAllString(string(head)+string(rest), "")
	checkBroken(t, "CR and LF apart", answer{res.StatusCode, res.Header, got}, begin)
}
