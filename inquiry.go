package aiclient2api

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"github.com/tidwall/gjson"

	"github.com/aiclient2api/caddy-aiclient2api/formats"
	"github.com/aiclient2api/caddy-aiclient2api/internal/exchange"
	"github.com/aiclient2api/caddy-aiclient2api/llm"
	"github.com/aiclient2api/caddy-aiclient2api/sse"
)

// The bounds of an inquiry: the answer's bytes, what is told of the text, and
// its time, which is another one in tests.
const (
	inquiryAnswer = 4 << 20
	inquiryText   = 64 << 10
)

var inquiryTime = time.Minute

// inquiry is a question of the operator's to a model. It takes the way of a
// chat client's request through the handler, and is the writer of its answer:
// nobody outside has a writer of this type, so that one that is seen there opens
// without a client key (call.inquire).
type inquiry struct {
	model, message string
	stream         bool

	call     *call
	attempts []inquiryAttempt
	cancel   context.CancelFunc

	header http.Header
	status int
	events bool // the answer is an event stream
	body   bytes.Buffer
	long   bool // the answer has more than is kept
}

// inquiryAttempt is one attempt with an account.
type inquiryAttempt struct {
	Provider string `json:"provider"`
	Account  string `json:"account"`
	Model    string `json:"upstream_model"`
	Class    string `json:"class"`
	Message  string `json:"message,omitempty"`
}

// inquiryError is why there was no answer.
type inquiryError struct {
	Status  int    `json:"status"`
	Type    string `json:"type,omitempty"`
	Code    string `json:"code,omitempty"`
	Message string `json:"message"`
}

// inquiryUsage is what the provider stated of an answer; what it did not state
// is not there.
type inquiryUsage struct {
	Input     *int64 `json:"input_tokens,omitempty"`
	Output    *int64 `json:"output_tokens,omitempty"`
	Cached    *int64 `json:"cached_tokens,omitempty"`
	Reasoning *int64 `json:"reasoning_tokens,omitempty"`
}

// finding is what came of an inquiry.
type finding struct {
	OK            bool             `json:"ok"`
	Handler       string           `json:"handler"`
	Model         string           `json:"model"`
	Provider      string           `json:"provider,omitempty"`
	Account       string           `json:"account,omitempty"`
	UpstreamModel string           `json:"upstream_model,omitempty"`
	Format        string           `json:"format,omitempty"`
	Stream        bool             `json:"stream"`
	Status        int              `json:"status"`
	Attempts      []inquiryAttempt `json:"attempts"`
	LatencyMS     int64            `json:"latency_ms"`
	FirstMS       *int64           `json:"ttft_ms,omitempty"`
	Usage         *inquiryUsage    `json:"usage,omitempty"`
	Lossy         string           `json:"lossy,omitempty"`
	Text          string           `json:"text,omitempty"`
	Error         *inquiryError    `json:"error,omitempty"`
}

// inquire notes that a call is the operator's own, if it is.
func (c *call) inquire(w http.ResponseWriter) {
	if q, ours := w.(*inquiry); ours {
		c.inquiry, q.call, c.Witness = q, c, q.witness
	}
}

// witness notes an attempt. One that was answered and then broke off is told of
// twice, and is one.
func (q *inquiry) witness(class exchange.Class, text string) {
	c := q.call
	if last := len(q.attempts) - 1; last >= 0 && q.attempts[last].Class == exchange.Answered.String() {
		q.attempts = q.attempts[:last]
	}
	q.attempts = append(q.attempts, inquiryAttempt{c.Provider, c.Account, c.Model, class.String(), text})
}

// ask asks a handler, and returns what came of it.
func (q *inquiry) ask(ctx context.Context, at runner) (finding, error) {
	ctx, q.cancel = context.WithTimeout(ctx, inquiryTime)
	defer q.cancel()
	q.header = make(http.Header)
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://localhost/v1/chat/completions", bytes.NewReader(q.request()))
	if err != nil {
		return finding{}, fmt.Errorf("making request: %w", err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.RequestURI, r.RemoteAddr = r.URL.RequestURI(), "127.0.0.1:1"
	r = caddyhttp.PrepareRequest(r, caddy.NewReplacer(), q, at.server)

	begun := time.Now()
	if err := q.serve(at, r); err != nil {
		return finding{}, err
	}
	took := time.Since(begun)
	if q.call == nil {
		return finding{}, errors.New("the handler did not take the request")
	}
	return q.find(at, took, ctx.Err()), nil
}

// request is the body that a chat client would send.
func (q *inquiry) request() []byte {
	b := formats.AppendString([]byte(`{"model":`), q.model)
	b = formats.AppendString(append(b, `,"messages":[{"role":"user","content":`...), q.message)
	b = append(b, `}]`...)
	if q.stream {
		b = append(b, `,"stream":true,"stream_options":{"include_usage":true}`...)
	}
	return append(b, '}')
}

// serve lets the handler serve the request. It takes the server's place, which
// is where an answer that the handler aborts ends.
func (q *inquiry) serve(at runner, r *http.Request) error {
	defer func() {
		if err := recover(); err != nil && err != http.ErrAbortHandler { //nolint:errorlint // it is what net/http compares too
			panic(err)
		}
	}()
	return at.ServeHTTP(q, r, caddyhttp.HandlerFunc(func(http.ResponseWriter, *http.Request) error { return nil }))
}

// find makes the finding of the answer. ended is why the request's time was
// over, nil if it was not.
func (q *inquiry) find(at runner, took time.Duration, ended error) finding {
	c := q.call
	f := finding{
		Handler: at.name(), Model: q.model,
		Provider: c.Provider, Account: c.Account, UpstreamModel: c.Model, Format: c.Format,
		Stream: c.Stream, Status: q.status, Attempts: q.attempts, LatencyMS: took.Milliseconds(), Lossy: c.Lossy,
	}
	if f.Attempts == nil {
		f.Attempts = []inquiryAttempt{}
	}
	if c.FirstToken > 0 {
		f.FirstMS = new(c.FirstToken.Milliseconds())
	}
	if u := (inquiryUsage{stated(c.Usage.Input), stated(c.Usage.Output), stated(c.Usage.Cached), stated(c.Usage.Reasoning)}); u != (inquiryUsage{}) {
		f.Usage = &u
	}
	if !q.long {
		f.Text, f.Error = q.read()
		f.Text = llm.Clip(f.Text, inquiryText)
	}
	switch {
	case q.long:
		f.Error = &inquiryError{Status: http.StatusBadGateway, Message: fmt.Sprintf("the answer has more than %d bytes", inquiryAnswer)}
	case errors.Is(ended, context.DeadlineExceeded):
		f.Error = &inquiryError{Status: http.StatusGatewayTimeout, Message: fmt.Sprintf("there was no whole answer within %v", inquiryTime)}
	case ended != nil:
		f.Error = &inquiryError{Status: q.status, Message: "who asked has left"}
	case f.Error == nil && c.outcome() != outcome(exchange.Answered):
		f.Error = &inquiryError{Status: http.StatusBadGateway, Message: cmp.Or(c.Interrupted, "there was no answer: "+c.outcome().String())}
	}
	f.OK = f.Error == nil
	return f
}

// stated returns a number of tokens, nil if it is unknown.
func stated(n llm.Count) *int64 {
	if !n.Known {
		return nil
	}
	return &n.N
}

// read returns the text of the answer, or the error that it is.
func (q *inquiry) read() (text string, bad *inquiryError) {
	if !q.events {
		answer := gjson.ParseBytes(q.body.Bytes())
		return answer.Get("choices.0.message.content").String(), q.errorOf(answer)
	}
	var all bytes.Buffer
	for rest := q.body.Bytes(); ; {
		ev, after, more := sse.Next(rest)
		if !more {
			return all.String(), bad
		}
		rest = after
		chunk := gjson.ParseBytes(ev.Data)
		all.WriteString(chunk.Get("choices.0.delta.content").String())
		if e := q.errorOf(chunk); bad == nil {
			bad = e
		}
	}
}

// errorOf returns the error that an answer or an event of one is, nil if it is
// none.
func (q *inquiry) errorOf(answer gjson.Result) *inquiryError {
	e := answer.Get("error")
	if q.status < 300 && !e.Exists() {
		return nil
	}
	return &inquiryError{
		Status: q.status, Type: e.Get("type").String(), Code: e.Get("code").String(),
		Message: cmp.Or(llm.Clip(e.Get("message").String(), 1<<10), http.StatusText(q.status)),
	}
}

// Header returns the headers of the answer.
func (q *inquiry) Header() http.Header { return q.header }

// WriteHeader notes the status; informational ones are passed over.
func (q *inquiry) WriteHeader(status int) {
	if q.status == 0 && status >= 200 {
		q.status = status
		q.events = strings.HasPrefix(q.header.Get("Content-Type"), "text/event-stream")
	}
}

// Write keeps the answer. One that is too long is not waited for.
func (q *inquiry) Write(p []byte) (int, error) {
	q.WriteHeader(http.StatusOK)
	if q.body.Len()+len(p) > inquiryAnswer {
		q.long = true
		q.cancel()
		return len(p), nil
	}
	return q.body.Write(p)
}

// Flush does nothing: the answer is read at its end.
func (q *inquiry) Flush() {}

// Interface guards
var (
	_ http.ResponseWriter = (*inquiry)(nil)
	_ http.Flusher        = (*inquiry)(nil)
)
