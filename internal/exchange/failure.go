package exchange

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/aiclient2api/caddy-aiclient2api/llm"
)

// Failure is an attempt that did not answer.
type Failure struct {
	Class Class
	// Status is what the client is told.
	Status int
	// Err is what happened.
	Err *llm.Error
	// Header are the provider's headers that come down with it.
	Header http.Header
	// Body is the provider's own words, if they can go down as they are.
	Body []byte
}

// Render returns the body that tells the client of f, and completes the
// headers that go with it. After a failover it asks SDKs not to repeat the
// request: each of their attempts would be multiplied here.
func (f *Failure) Render(c *Call) []byte {
	body := f.Body
	if body == nil {
		e := *f.Err
		e.Status, e.RequestID = f.Status, c.RequestID
		body = c.Client.AppendError(nil, &e, false)
	}
	if f.Header == nil {
		f.Header = make(http.Header, 4)
	}
	f.Header["Content-Type"] = []string{"application/json"}
	f.Header["Content-Length"] = []string{strconv.Itoa(len(body))}
	if c.Attempts > 1 {
		f.Header["X-Should-Retry"] = []string{"false"}
	}
	c.DebugHeaders(f.Header)
	return body
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
func (r *RetryableError) Error() string { return r.Class.String() + ": " + r.Err.Brief() }

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
