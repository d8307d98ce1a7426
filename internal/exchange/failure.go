package exchange

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/aiclient2api/caddy-aiclient2api/formats"
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
	// After is for how long the provider does not want to be asked, 0 if it does
	// not say.
	After time.Duration
}

// Render returns the body that tells the client of f, and completes the
// headers that go with it. After a failover it asks SDKs not to repeat the
// request: each of their attempts would be multiplied here.
func (f *Failure) Render(c *Call) []byte {
	body := f.Err.Raw
	early := c.Commit.Early()
	if body == nil || early {
		e := *f.Err
		e.Status, e.RequestID = f.Status, c.RequestID
		body = c.Client.AppendError(nil, &e, early)
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

// Wait tells the client after how long to try again: in whole seconds, as HTTP
// has it, and in milliseconds, as vendors' SDKs read it.
func (f *Failure) Wait(d time.Duration) {
	d = min(d, longestWait)
	if f.Header == nil {
		f.Header = make(http.Header, 4)
	}
	f.Header["Retry-After"] = []string{strconv.FormatInt(int64((d+time.Second-1)/time.Second), 10)}
	f.Header["Retry-After-Ms"] = []string{strconv.FormatInt(int64((d+time.Millisecond-1)/time.Millisecond), 10)}
}

// longestWait bounds what clients are told.
const longestWait = 24 * time.Hour

// Unanswered notes that an attempt came to nothing: no connection, or one
// that ended before there was an answer.
func (x *Exchange) Unanswered(err error) error {
	x.watch.stop()
	if x.Gone() {
		x.over = true
		return context.Canceled // reverse_proxy counts this against nobody
	}
	class, why := Unreachable, reason(err)
	switch {
	case x.watch.late.Load():
		class, why = Timeout, tooLong
	case isTimeout(err) && !isDial(err):
		class = Timeout
	}
	return x.failed(&Failure{
		Class: class,
		Err:   x.ours(fmt.Sprintf("provider %q did not answer: %s", x.Provider, why)),
	})
}

// refused reads an answer whose status says that it is an error.
func (x *Exchange) refused(res *http.Response, a Attempt) (*http.Response, error) {
	late := time.AfterFunc(errorDelay, func() { _ = res.Body.Close() })
	body, err := io.ReadAll(io.LimitReader(res.Body, maxError+1))
	late.Stop()
	a.mask(body)
	e := x.format.Error(res.StatusCode, res.Header, body)
	if err != nil || len(body) > maxError {
		e.Raw = nil // it is not whole
	}
	return x.refuse(res, a, e)
}

// refuse makes an error of an attempt.
func (x *Exchange) refuse(res *http.Response, a Attempt, e *llm.Error) (*http.Response, error) {
	x.Commit.leave() // what is said below depends on whether the answer has begun
	_ = res.Body.Close()
	a.hide(e)
	if x.Rung == Translate {
		*e = foreign(*e)
	}
	said := x.unquoted(e)
	class := Classify(said, a.Own)
	f := &Failure{
		Class:  class,
		Status: class.status(e.Status),
		Err:    e,
		After:  retryAfter(e, class, res.Header, time.Now()),
	}
	f.Header = downward(res.Header, x.Debug)
	if f.After > 0 && f.Header["Retry-After"] == nil {
		f.Wait(f.After)
	}
	if f.Status != e.Status {
		// words about the operator's credential would be taken for words
		// about the caller's: the message stays, its code does not
		f.Err = x.ours(fmt.Sprintf("provider %q refused the gateway's credential: %s", x.Provider, e.Message))
		if class == Payment {
			f.Err.Message = fmt.Sprintf("provider %q wants payment: %s", x.Provider, e.Message)
		}
	}
	if class.Retry() {
		return nil, x.failed(f)
	}
	// the client's own fault is an answer, unless somebody else may find none
	x.note(f)
	switch {
	case class == ClientFault && x.Op == formats.Stored && e.Status == http.StatusNotFound:
		x.elsewhere = true
		return nil, &RetryableError{f}
	case class == ClientFault && x.FallbackOn&faultsOf(said) != 0:
		x.over = true
		x.fell(class)
		return nil, &MovedError{f}
	}
	return x.conclude(res, f), nil
}

// note takes a failure for what became of the attempt.
func (x *Exchange) note(f *Failure) {
	x.class, x.failure = f.Class, f
	x.Fail(f)
}

// conclude makes a failure the exchange's answer.
func (x *Exchange) conclude(res *http.Response, f *Failure) *http.Response {
	x.over = true
	body := f.Render(x.Call)
	return response(res, f.Status, f.Header, io.NopCloser(bytes.NewReader(body)), int64(len(body)))
}

// unquoted returns an error without the model's name, which is the client's own
// text: what is read out of the message are the provider's words.
func (x *Exchange) unquoted(e *llm.Error) *llm.Error {
	own := *e
	for _, model := range [...]string{x.Head.Model, x.Target.Model} {
		if model != "" {
			own.Message = strings.ReplaceAll(own.Message, model, "")
		}
	}
	return &own
}

// broken makes a failure of something that was no answer.
func (x *Exchange) broken(res *http.Response, what string) (*http.Response, error) {
	return x.spoilt(res, Broken, what)
}

// brokeOff makes a failure of an answer whose reading failed.
func (x *Exchange) brokeOff(res *http.Response, what string, err error) (*http.Response, error) {
	class, why := x.why(err)
	return x.spoilt(res, class, what+": "+why)
}

func (x *Exchange) spoilt(res *http.Response, class Class, what string) (*http.Response, error) {
	_ = res.Body.Close()
	if x.Gone() {
		x.over = true
		return nil, context.Canceled
	}
	return nil, x.failed(&Failure{
		Class: class,
		Err:   x.ours(fmt.Sprintf("provider %q gave no answer: %s", x.Provider, what)),
	})
}

// failed notes a failure that another account may mend and returns the error
// that says so.
func (x *Exchange) failed(f *Failure) error {
	f.Status = f.Class.status(f.Err.Status)
	x.note(f)
	x.fell(f.Class)
	return &RetryableError{f}
}

// RetryableError is the error of an attempt that another account may mend.
type RetryableError struct{ *Failure }

// Error returns the class and the message.
func (r *RetryableError) Error() string { return r.Class.String() + ": " + r.Err.Brief() }

// interrupt notes that an answer broke off that had been handed on.
func (x *Exchange) interrupt(class Class, why string) {
	x.class, x.Interrupted = class, why
}

// why returns what it means that the reading of an answer failed.
func (x *Exchange) why(err error) (Class, string) {
	if x.watch.late.Load() {
		return Timeout, tooLong
	}
	if isTimeout(err) {
		return Timeout, reason(err)
	}
	return Broken, reason(err)
}

// tooLong is what is said of what passed a limit.
const tooLong = "it took too long"

// ours is an error that the gateway made.
func (x *Exchange) ours(message string) *llm.Error {
	return &llm.Error{Status: http.StatusBadGateway, Code: "upstream_error", Message: message, RequestID: x.RequestID}
}

// reason returns what an error of the network means, in fixed words and those
// of the system: net/http's own words may hold addresses, which a client need
// not know, and bytes of the provider's, among them a credential.
func reason(err error) string {
	var errno syscall.Errno
	var dns *net.DNSError
	var cert *tls.CertificateVerificationError
	switch {
	case IsClosed(err):
		return "the connection was closed"
	case isTimeout(err):
		return tooLong
	case errors.As(err, &errno):
		return errno.Error()
	case errors.As(err, &dns):
		return "no such host"
	case errors.As(err, &cert):
		return "its certificate is not trusted"
	}
	if text := err.Error(); strings.HasPrefix(text, "dial ") { // Caddy's DialError does not unwrap
		return text[strings.LastIndex(text, ": ")+2:]
	}
	return "the connection failed"
}

// IsClosed reports whether an error says that the other side had closed the
// connection in the middle.
func IsClosed(err error) bool {
	return errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) || errors.Is(err, net.ErrClosed)
}

// isDial reports whether an error is of the attempt to connect.
func isDial(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "dial" || strings.HasPrefix(err.Error(), "dial ") ||
		strings.Contains(err.Error(), "TLS handshake timeout") // net/http's own, which is not exported
}

func isTimeout(err error) bool {
	var timed interface{ Timeout() bool }
	return errors.Is(err, context.DeadlineExceeded) || errors.As(err, &timed) && timed.Timeout() ||
		strings.HasPrefix(err.Error(), "dial ") && strings.HasSuffix(err.Error(), "i/o timeout")
}
