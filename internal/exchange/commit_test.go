package exchange

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// Pings are written while a provider is waited for, and only then; the first
// begins the answer, and nothing is written after the end.
func TestCommit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := httptest.NewRecorder()
		c := NewCommit(w, 10*time.Second, "p")
		said := func(want string) {
			t.Helper()
			synctest.Wait()
			if got := w.Body.String(); got != want {
				t.Errorf("at %q, want %q", got, want)
			}
		}
		time.Sleep(60 * time.Second)
		said("") // nobody waits
		if c.Early() {
			t.Error("early")
		}
		c.enter()
		time.Sleep(5 * time.Second) // nothing was written for long
		said("p")
		if !c.Early() || w.Code != http.StatusOK || w.Header().Get("Content-Type") != eventStream {
			t.Errorf("not begun: %d %v", w.Code, w.Header())
		}
		time.Sleep(10 * time.Second)
		said("pp")
		c.leave()
		c.WriteHeader(http.StatusBadRequest) // too late
		_, _ = io.WriteString(c, "x")
		time.Sleep(60 * time.Second)
		said("ppx")
		c.enter()
		time.Sleep(5 * time.Second)
		said("ppxp")
		c.End()
		time.Sleep(60 * time.Second)
		said("ppxp")
		if w.Code != http.StatusOK {
			t.Errorf("status %d", w.Code)
		}
	})
}

// Once an answer is known to be an error, nothing begins a stream before it is
// written.
func TestNoPingBehindAnError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newExchange(t, true)
		w := httptest.NewRecorder()
		x.Commit = NewCommit(w, time.Second, "p")
		defer x.Commit.End()
		x.Commit.enter()
		const refusal = `{"error":{"message":"no","type":"t","param":null,"code":null}}`
		res, err := x.Answer(answer(http.StatusBadRequest, "application/json", strings.NewReader(refusal)), Attempt{Own: true})
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		body, _ := io.ReadAll(res.Body)
		if w.Body.Len() != 0 || res.StatusCode != http.StatusBadRequest || string(body) != refusal {
			t.Errorf("%q before %d %s", w.Body, res.StatusCode, body)
		}
		x.Abandon()
	})
}
