package exchange

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
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
}

// mask overwrites a credential wherever it stands in b. One of a few bytes
// would be found in texts that do not tell it.
func mask(b, secret []byte) {
	for len(secret) >= 8 {
		at := bytes.Index(b, secret)
		if at < 0 {
			return
		}
		for i := range secret {
			b[at+i] = '*'
		}
		b = b[at+len(secret):]
	}
}

// Answer looks at what came back from an attempt. It returns the response to
// hand on, or an error if the attempt failed in a way that another account
// may mend.
func (x *Exchange) Answer(res *http.Response, a Attempt) (*http.Response, error) {
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
		return x.stream(res, a)
	default:
		return x.whole(res, a)
	}
}

// Unanswered notes that an attempt came to nothing: no connection, or one
// that ended before there was an answer.
func (x *Exchange) Unanswered(err error) error {
	if x.Gone() {
		x.over = true
		return context.Canceled // reverse_proxy counts this against nobody
	}
	return x.failed(&Failure{
		Class: Unreachable,
		Err:   x.ours(fmt.Sprintf("provider %q did not answer: %s", x.Provider, reason(err))),
	})
}

// isStream reports whether an answer is an event stream. Some servers call
// theirs something else; then what was asked for decides.
func (x *Exchange) isStream(res *http.Response) bool {
	kind, _, _ := mime.ParseMediaType(res.Header.Get("Content-Type"))
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
	body, all, err := buffer.Begin(res.Body, res.ContentLength, maxWhole)
	if err != nil {
		return x.broken(res, "the answer broke off: "+reason(err))
	}
	mask(body.Bytes(), a.Secret)
	begun := body.Reader([][]byte{body.Bytes()})
	if !all {
		body.Release()
		return x.handOn(res, &long{x: x, begun: begun, rest: res.Body}, res.ContentLength), nil
	}
	defer body.Release()
	usage, fail, ok := x.format.Whole(body.Bytes())
	if !ok || fail != nil {
		_ = begun.Close()
	}
	if !ok {
		return x.broken(res, fmt.Sprintf("it answered with status %d and no JSON object", res.StatusCode))
	}
	if fail != nil {
		return x.refuse(res, a, fail, nil)
	}
	x.Usage = usage
	_ = res.Body.Close()
	out := x.handOn(res, begun, int64(len(body.Bytes())))
	if !strings.Contains(out.Header.Get("Content-Type"), "json") {
		out.Header["Content-Type"] = []string{"application/json"} // what it is, whatever it was called
	}
	return out, nil
}

// long is an answer that is longer than was looked at.
type long struct {
	x     *Exchange
	begun io.ReadCloser // nil when it was read
	rest  io.ReadCloser
	tail  tail
}

// Read relays.
func (l *long) Read(p []byte) (n int, err error) {
	if l.begun != nil {
		if n, err = l.begun.Read(p); err == nil {
			return n, nil
		}
		_ = l.begun.Close()
		l.begun = nil
	}
	n, err = l.rest.Read(p)
	l.tail.note(p[:n])
	if err != nil && err != io.EOF {
		if l.x.Gone() {
			return n, io.EOF
		}
		l.x.Interrupted = reason(err)
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
	x.over, x.Answered, x.class = true, true, Answered
	x.FirstToken = time.Since(x.Start)
	header := downward(res.Header, x.Debug)
	if length >= 0 {
		header["Content-Length"] = []string{strconv.FormatInt(length, 10)}
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

// DebugHeaders sets the headers that tell who answered, if they are wanted.
func (c *Call) DebugHeaders(h http.Header) {
	if c.Debug && c.Provider != "" {
		h["Aiclient2api-Provider"] = []string{c.Provider}
		h["Aiclient2api-Account"] = []string{c.Account}
		h["Aiclient2api-Attempts"] = []string{strconv.Itoa(c.Attempts)}
	}
}

// refused reads an answer whose status says that it is an error.
func (x *Exchange) refused(res *http.Response, a Attempt) (*http.Response, error) {
	late := time.AfterFunc(errorDelay, func() { _ = res.Body.Close() })
	body, err := io.ReadAll(io.LimitReader(res.Body, maxError+1))
	late.Stop()
	mask(body, a.Secret)
	e, ok := x.format.Error(res.StatusCode, res.Header, body)
	if !ok || err != nil || len(body) > maxError {
		body = nil
	}
	return x.refuse(res, a, e, body)
}

// refuse makes an error of an attempt. words are the provider's own, nil if
// they cannot go down as they are.
func (x *Exchange) refuse(res *http.Response, a Attempt, e *llm.Error, words []byte) (*http.Response, error) {
	_ = res.Body.Close()
	class := Classify(e.Status, a.Own)
	f := &Failure{
		Class:  class,
		Status: class.status(e.Status),
		Err:    e,
		Header: downward(res.Header, x.Debug),
		Body:   words,
	}
	if f.Status != e.Status {
		// words about the operator's credential would be taken for words
		// about the caller's: the message stays, its code does not
		f.Body = nil
		f.Err = x.ours(fmt.Sprintf("provider %q refused the gateway's credential: %s", x.Provider, e.Message))
		if class == Payment {
			f.Err.Message = fmt.Sprintf("provider %q wants payment: %s", x.Provider, e.Message)
		}
	}
	if class.Retry() {
		return nil, x.failed(f)
	}
	// the client's own fault is an answer, and counts against no account
	x.over, x.class = true, class
	x.Fail(f)
	body := f.Render(x.Call)
	return response(res, f.Status, f.Header, io.NopCloser(bytes.NewReader(body)), int64(len(body))), nil
}

// broken makes a failure of something that was no answer.
func (x *Exchange) broken(res *http.Response, what string) (*http.Response, error) {
	_ = res.Body.Close()
	if x.Gone() {
		x.over = true
		return nil, context.Canceled
	}
	return nil, x.failed(&Failure{
		Class: Broken,
		Err:   x.ours(fmt.Sprintf("provider %q gave no answer: %s", x.Provider, what)),
	})
}

// failed notes a failure that another account may mend and returns the error
// that says so.
func (x *Exchange) failed(f *Failure) error {
	f.Status = f.Class.status(f.Err.Status)
	x.class = f.Class
	x.Fail(f)
	return &RetryableError{f}
}

// RetryableError is the error of an attempt that another account may mend.
type RetryableError struct{ *Failure }

// Error returns the class and the message.
func (r *RetryableError) Error() string { return r.Class.String() + ": " + r.Err.Message }

// ours is an error that the gateway made.
func (x *Exchange) ours(message string) *llm.Error {
	return &llm.Error{Status: http.StatusBadGateway, Code: "upstream_error", Message: message, RequestID: x.RequestID}
}

// reason returns what an error of net/http means, without addresses, which a
// client need not know.
func reason(err error) string {
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		return "the connection was closed"
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return "it took too long"
	}
	for inner := errors.Unwrap(err); inner != nil; inner = errors.Unwrap(err) {
		err = inner
	}
	text := err.Error()
	if strings.HasPrefix(text, "dial ") { // Caddy's DialError does not unwrap
		text = text[strings.LastIndex(text, ": ")+1:]
	}
	return strings.TrimSpace(text)
}

// decode undoes a compression that was not asked for.
func decode(res *http.Response) error {
	coding := res.Header.Get("Content-Encoding")
	switch coding {
	case "", "identity":
		return nil
	case "gzip", "x-gzip":
		res.Body = &gunzip{ReadCloser: res.Body}
		res.ContentLength = -1
		return nil
	default:
		return fmt.Errorf("it answered in the content encoding %q, which was not asked for", coding)
	}
}

// gunzip decompresses as it is read; the header of the compressed stream is
// not waited for before the first read.
type gunzip struct {
	io.ReadCloser
	z *gzip.Reader
}

// Read decompresses.
func (g *gunzip) Read(p []byte) (int, error) {
	if g.z == nil {
		z, err := gzip.NewReader(g.ReadCloser)
		if err != nil {
			return 0, err
		}
		g.z = z
	}
	return g.z.Read(p)
}
