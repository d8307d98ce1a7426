package exchange

import (
	"bytes"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/aiclient2api/caddy-aiclient2api/internal/buffer"
	"github.com/aiclient2api/caddy-aiclient2api/llm"
)

// Bounds of what is read of an answer before it is handed on.
const (
	maxWhole   = 1 << 20  // of an answer that is not streamed
	maxError   = 64 << 10 // of an error's body
	errorDelay = 5 * time.Second
)

// Attempt is what an exchange has to know of the attempt whose answer it
// looks at.
type Attempt struct {
	// Own is whether the credential is the operator's, not the caller's.
	Own bool
	// Secret is the credential, which some providers repeat in their errors.
	Secret []byte

	rare int // place of the byte by which it is searched for
}

// NewAttempt returns what has to be known of an attempt with a credential.
func NewAttempt(secret []byte, own bool) Attempt {
	return Attempt{Own: own, Secret: secret, rare: rarest(secret)}
}

// Hide returns the text of an error without the credential, "" for none.
func (a Attempt) Hide(err error) string {
	if err == nil {
		return ""
	}
	text := []byte(err.Error())
	a.mask(text)
	return llm.Clip(string(text), 512)
}

// hide overwrites the credential in an error of the provider's: where its JSON
// escaped it, it was not found in the body.
func (a Attempt) hide(e *llm.Error) {
	found := false
	for _, s := range [...]*string{&e.Message, &e.Code, &e.Type, &e.Param} {
		if len(a.Secret) >= 8 && strings.Contains(*s, string(a.Secret)) {
			text := []byte(*s)
			a.mask(text)
			*s, found = string(text), true
		}
	}
	if found {
		e.Raw = nil // it stands there too
	}
}

// Answer looks at what came back from an attempt. It returns the response to
// hand on, or an error if the attempt failed in a way that another account
// may mend.
func (x *Exchange) Answer(res *http.Response, a Attempt) (*http.Response, error) {
	res.Body = x.watch.over(res.Body)
	if err := decode(res); err != nil {
		return x.broken(res, err.Error())
	}
	switch {
	case res.StatusCode >= 400 && res.StatusCode <= 599:
		return x.refused(res, a)
	case res.StatusCode < 200 || res.StatusCode > 299:
		// anything else makes reverse_proxy do something that we do not want:
		// panic at 042, follow a protocol switch, carry keys to another host
		return x.broken(res, fmt.Sprintf("it answered with status %d", res.StatusCode))
	case x.isStream(res):
		if x.Rung == Translate {
			return x.translateStream(res, a)
		}
		return x.stream(res, a)
	default:
		if x.Rung == Translate {
			return x.translateWhole(res, a)
		}
		return x.whole(res, a)
	}
}

// isStream reports whether an answer is an event stream. Some servers call
// theirs something else; then what was asked for decides.
func (x *Exchange) isStream(res *http.Response) bool {
	kind := res.Header.Get("Content-Type")
	if kind != eventStream && kind != jsonContent {
		kind, _, _ = mime.ParseMediaType(kind)
	}
	switch kind {
	case eventStream:
		return true
	case "", "text/plain", "application/octet-stream":
		return x.Head.Stream
	default:
		return false
	}
}

const eventStream = "text/event-stream"

// whole reads an answer that is not streamed. One that is longer than is
// looked at is relayed from there on.
func (x *Exchange) whole(res *http.Response, a Attempt) (*http.Response, error) {
	x.Commit.leave()
	body, all, err := buffer.Begin(res.Body, res.ContentLength, maxWhole)
	if err != nil {
		return x.brokeOff(res, "the answer broke off", err)
	}
	defer body.Release() // what is handed on holds it too
	a.mask(body.Bytes())
	begun := [][]byte{body.Bytes()}
	if !all {
		if !isObject(body.Bytes()) {
			return x.broken(res, notJSON(res))
		}
		if x.Commit.Early() {
			return x.misfit(res)
		}
		relayed := &long{x: x, begun: body.Reader(begun), rest: res.Body, attempt: a}
		return x.handOn(res, relayed, res.ContentLength), nil
	}
	usage, fail, ok := x.format.Whole(body.Bytes())
	if !x.Op.Answers() && fail == nil {
		usage, ok = llm.Usage{}, isObject(body.Bytes()) || len(body.Bytes()) == 0
	}
	if !ok {
		return x.broken(res, notJSON(res))
	}
	if fail != nil {
		return x.refuse(res, a, fail)
	}
	x.Usage = usage
	_ = res.Body.Close()
	if x.Commit.Early() {
		return x.misfit(res)
	}
	out := x.handOn(res, body.Reader(begun), int64(len(body.Bytes())))
	if !strings.Contains(out.Header.Get("Content-Type"), "json") {
		out.Header["Content-Type"] = []string{jsonContent} // what it is, whatever it was called
	}
	return out, nil
}

// misfit is an answer that is no stream where the client's stream has begun. It
// is nobody's fault, and nobody else is asked.
func (x *Exchange) misfit(res *http.Response) (*http.Response, error) {
	_ = res.Body.Close()
	f := &Failure{
		Class: Unsupported, Status: http.StatusBadGateway,
		Err: x.ours(fmt.Sprintf("provider %q answered without a stream, after this one had begun", x.Provider)),
	}
	x.note(f)
	return x.conclude(res, f), nil
}

func isObject(b []byte) bool {
	b = bytes.TrimLeft(b, " \t\r\n")
	return len(b) > 0 && b[0] == '{'
}

func notJSON(res *http.Response) string {
	return fmt.Sprintf("it answered with status %d and no JSON object", res.StatusCode)
}

// long is an answer that is longer than was looked at.
type long struct {
	x     *Exchange
	begun io.ReadCloser // nil when it was read
	rest  io.ReadCloser
	tail  tail

	attempt Attempt
}

// Read relays.
func (l *long) Read(p []byte) (n int, err error) {
	if l.begun != nil {
		if n, err = l.begun.Read(p); err == nil {
			l.tail.note(p[:n])
			return n, nil
		}
		_ = l.begun.Close()
		l.begun = nil
	}
	n, err = l.rest.Read(p)
	l.attempt.mask(p[:n])
	l.tail.note(p[:n])
	if err != nil && err != io.EOF {
		if l.x.Gone() {
			return n, io.EOF
		}
		l.x.interrupt(l.x.why(err))
	}
	return n, err
}

// Close ends the attempt.
func (l *long) Close() error {
	if l.begun != nil {
		_ = l.begun.Close()
		l.begun = nil
	}
	l.x.Usage = l.x.format.Usage(l.tail.bytes())
	return l.rest.Close()
}

// handOn makes body the answer of the exchange. The response is a new one:
// net/http writes trailers, which do not come down, into the old.
func (x *Exchange) handOn(res *http.Response, body io.ReadCloser, length int64) *http.Response {
	x.over, x.handed, x.class = true, true, Answered
	x.watch.begun()
	x.FirstToken = time.Since(x.Start)
	header := downward(res.Header, x.Debug)
	if length >= 0 {
		header["Content-Length"] = []string{strconv.FormatInt(length, 10)}
	}
	if x.Lossy != "" {
		header[lossyHeader] = []string{x.Lossy}
	}
	x.DebugHeaders(header)
	return response(res, res.StatusCode, header, body, length)
}

func response(res *http.Response, status int, header http.Header, body io.ReadCloser, length int64) *http.Response {
	return &http.Response{
		Status:        strconv.Itoa(status) + " " + http.StatusText(status),
		StatusCode:    status,
		Proto:         res.Proto,
		ProtoMajor:    res.ProtoMajor,
		ProtoMinor:    res.ProtoMinor,
		Header:        header,
		Body:          body,
		ContentLength: length,
	}
}
