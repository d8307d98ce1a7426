package upstream_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

// When the first event takes long the answer begins without it and is kept
// alive; accounts are still asked one after the other, and what comes is whole.
func TestCommitAfter(t *testing.T) {
	k := newKeys(t)
	g := start(t, "commit_after 20ms\n"+k.provider("early", "first_token_timeout 150ms", "a", "b"))
	k.set("a", hangs)
	k.set("b", func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "text/event-stream")
		_, _ = io.WriteString(w, content)
		_ = http.NewResponseController(w).Flush()
		time.Sleep(100 * time.Millisecond) // the provider thinks
		_, _ = io.WriteString(w, content+ending)
	})
	status, header, body := g.ask(t, nil, streamed)
	begin, _, _ := strings.Cut(body, "data: ")
	if status != 200 || header.Get("Content-Type") != "text/event-stream" || strings.Count(begin, ": keep-alive\n\n") < 3 {
		t.Errorf("%d %v %q", status, header, body)
	}
	if strings.Count(strings.TrimPrefix(body, begin), ": keep-alive\n\n") < 2 {
		t.Errorf("silent in the middle: %q", body)
	}
	if said := strings.ReplaceAll(body, ": keep-alive\n\n", ""); said != content+content+ending {
		t.Errorf("said %q", said)
	}
	if a, b := k.count("a"), k.count("b"); a != 1 || b != 1 {
		t.Errorf("asked %d and %d times", a, b)
	}
}

// What fails after that is an error in the stream, in the client's protocol,
// whoever is at fault.
func TestCommittedErrors(t *testing.T) {
	k := newKeys(t)
	g := start(t, "commit_after 20ms\n"+k.provider("sorry", "", "a"))
	for name, f := range map[string]http.HandlerFunc{
		"the request": failing(400, refusal), "the provider": failing(500, refusal), "no stream": failing(200, answer),
	} {
		k.set("a", func(w http.ResponseWriter, r *http.Request) {
			time.Sleep(100 * time.Millisecond) // the provider thinks
			f(w, r)
		})
		status, _, body := g.ask(t, nil, streamed)
		said := strings.ReplaceAll(body, ": keep-alive\n\n", "")
		if status != 200 || said == body || !strings.HasPrefix(said, `data: {"error":{"message":"`) || !strings.HasSuffix(said, "data: [DONE]\n\n") {
			t.Errorf("%s: %d %q", name, status, body)
		}
	}
}

// What comes in time is as it would be without.
func TestNotCommitted(t *testing.T) {
	k := newKeys(t)
	g := start(t, "commit_after 10s\n"+k.provider("prompt", "", "a"))
	for _, tc := range []struct {
		f      http.HandlerFunc
		body   string
		status int
		want   string
	}{
		{says(content, ending), streamed, 200, content + ending},
		{failing(400, refusal), streamed, 400, refusal},
		{failing(500, refusal), streamed, 500, refusal},
		{answers, question, 200, answer},
	} {
		k.set("a", tc.f)
		if status, _, body := g.ask(t, nil, tc.body); status != tc.status || body != tc.want {
			t.Errorf("%d %q, want %d %q", status, body, tc.status, tc.want)
		}
	}
}
