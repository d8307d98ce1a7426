package chaos

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"syscall"
	"time"
)

// verdict says what became of a request.
type verdict string

const (
	answered   verdict = "answered"         // completely, correctly and once
	rightError verdict = "right error"      // nobody could answer, and the client was told so
	broken     verdict = "broken midway"    // by the provider, with the right end
	leftEarly  verdict = "left early"       // by the client, and right so far
	died       verdict = "died at a reload" // before anybody was asked
	wrong      verdict = "wrong"            // not what an account said, or not in the client's protocol
	lost       verdict = "lost"             // somebody could have answered
	starved    verdict = "timed out while this machine stalled"
)

// longestWait is how long a client may wait for its answer: for three accounts
// that hang, a slow answer, and a machine that has other things to do.
const longestWait = 3*hangAllowed + 15*time.Second

// outcome is what a client got.
type outcome struct {
	err    error // of the connection, before or in the answer
	status int   // 0 if there was none
	header http.Header
	body   string
	left   bool // the client gave up, on purpose
	took   time.Duration
}

// timedOut reports whether time may have run out: the answer says so, or it
// took as long as an attempt may, and one that would have been right was given up.
func (o *outcome) timedOut(attempts []attempt) bool {
	if o.status == http.StatusGatewayTimeout || o.took > longestWait || strings.Contains(o.body, "took too long") {
		return true
	}
	return o.took > hangAllowed && slices.ContainsFunc(attempts, func(a attempt) bool { return a.phase == right })
}

// judge compares what a client got with what the mocks did. why says what is
// not as it must be.
func judge(q *request, o *outcome, attempts []attempt) (v verdict, why string) {
	switch {
	case o.status == 0 && o.left && errors.Is(o.err, context.Canceled):
		return leftEarly, ""
	case o.status == 0 && len(attempts) == 0 && isClosed(o.err):
		return died, o.err.Error()
	case o.status == 0:
		return lost, "no answer: " + o.err.Error()
	case o.took > longestWait:
		return lost, fmt.Sprintf("it took %v", o.took)
	case o.status >= 400:
		return judgeError(q, o, attempts)
	case o.status != http.StatusOK:
		return wrong, fmt.Sprintf("the status is %d", o.status)
	case len(attempts) == 0:
		return wrong, "an answer without an attempt"
	case q.stream:
		return judgeStream(q, o, attempts)
	case o.left:
		return leftEarly, ""
	case o.err != nil:
		return lost, "the answer broke off: " + o.err.Error()
	}
	text, err := q.client.whole(o.body)
	if err != nil {
		return wrong, err.Error()
	}
	return judgeText(o, "application/json", text, attempts)
}

// judgeText judges a complete answer.
func judgeText(o *outcome, kind, text string, attempts []attempt) (verdict, string) {
	last := attempts[len(attempts)-1]
	switch {
	case !strings.HasPrefix(o.header.Get("Content-Type"), kind):
		return wrong, "the content type is " + o.header.Get("Content-Type")
	case last.phase != right && last.phase != either:
		return wrong, "it looks complete, but the last attempt was not: " + last.fault
	case !last.says(text, true):
		return wrong, fmt.Sprintf("it is not what %s said: %.300q", last.account, text)
	}
	return judgeAttempts(attempts)
}

// judgeAttempts checks that nobody was asked twice. Who closed the connection
// before a byte of an answer may be asked again: the connection may have been
// an old one, which is nobody's fault.
func judgeAttempts(attempts []attempt) (verdict, string) {
	var asked []string
	for _, a := range attempts {
		if slices.Contains(asked, a.account) {
			return wrong, a.account + " was asked twice"
		}
		if a.fault != "reset before the answer" && a.fault != "closed before the answer" {
			asked = append(asked, a.account)
		}
	}
	return answered, ""
}

// says reports whether text is what the account said, or the beginning of it.
func (a attempt) says(text string, complete bool) bool {
	for _, piece := range a.pieces {
		rest, found := strings.CutPrefix(text, piece)
		if !found {
			return !complete && strings.HasPrefix(piece, text)
		}
		text = rest
	}
	return text == ""
}

// judgeStream judges a stream.
func judgeStream(q *request, o *outcome, attempts []attempt) (verdict, string) {
	r := q.client.stream()
	left, err := read(o.body, r)
	if err != nil {
		return wrong, err.Error()
	}
	got, last := r.got(), attempts[len(attempts)-1]
	switch {
	case o.left && !got.ended:
		if !slices.ContainsFunc(attempts, func(a attempt) bool { return a.says(got.text.String(), false) }) {
			return wrong, fmt.Sprintf("the part that came is of no answer: %.300q", got.text.String())
		}
		return leftEarly, ""
	case !o.left && (o.err != nil || left != ""):
		return lost, fmt.Sprintf("the stream broke off, %v after %d bytes, of which without an end: %.100q", o.err, len(o.body), left)
	case !got.ended:
		return lost, fmt.Sprintf("the stream ends without its terminator after %.300q; the last attempt was %s", got.text.String(), last.fault)
	case !got.failed:
		return judgeText(o, "text/event-stream", got.text.String(), attempts)
	case last.phase != midway:
		return lost, "the stream ends with an error, but the last attempt did not break midway: " + last.fault
	case !last.says(got.text.String(), false):
		return wrong, fmt.Sprintf("the part that came is not what %s said: %.300q", last.account, got.text.String())
	}
	if v, why := judgeAttempts(attempts); v != answered {
		return v, why
	}
	return broken, ""
}

// judgeError judges an answer that says that there is none.
func judgeError(q *request, o *outcome, attempts []attempt) (verdict, string) {
	switch {
	case o.left:
		return leftEarly, ""
	case o.err != nil:
		return wrong, "the error broke off: " + o.err.Error()
	}
	if err := q.client.failure(o.body); err != nil {
		return wrong, fmt.Sprintf("status %d: %v", o.status, err)
	}
	if kind := o.header.Get("Content-Type"); kind != "application/json" {
		return wrong, "the content type of an error is " + kind
	}
	switch w := q.want; {
	case w == nil:
		said := make([]string, len(attempts))
		for i, a := range attempts {
			said[i] = a.account + ": " + a.fault
		}
		return lost, fmt.Sprintf("status %d for %s, which a healthy account serves: %.300q; attempts: %q", o.status, q.model, o.body, said)
	case !slices.Contains(w.statuses, o.status):
		return wrong, fmt.Sprintf("status %d for %s, want one of %v: %.300q", o.status, q.model, w.statuses, o.body)
	case w.retryAfter && o.header.Get("Retry-After") == "":
		return wrong, fmt.Sprintf("status %d for %s without Retry-After", o.status, q.model)
	case w.once && len(attempts) != 1:
		return wrong, fmt.Sprintf("%d attempts for %s", len(attempts), q.model)
	case o.took > w.within:
		return wrong, fmt.Sprintf("the error for %s took %v, want at most %v", q.model, o.took, w.within)
	}
	if v, why := judgeAttempts(attempts); v != answered {
		return v, why
	}
	return rightError, ""
}

// isClosed reports whether an error says that the connection was closed or
// that there was none.
func isClosed(err error) bool {
	var timeout net.Error
	if errors.As(err, &timeout) && timeout.Timeout() {
		return false
	}
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET) ||
		errors.Is(err, syscall.EPIPE) || errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, net.ErrClosed) ||
		strings.Contains(err.Error(), "server closed idle connection") || strings.Contains(err.Error(), "http2: server sent GOAWAY")
}
