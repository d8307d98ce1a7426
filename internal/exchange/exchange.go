package exchange

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/aiclient2api/caddy-aiclient2api/formats"
	"github.com/aiclient2api/caddy-aiclient2api/internal/buffer"
	"github.com/aiclient2api/caddy-aiclient2api/llm"
)

// Rung is how much has to be done to carry a request to a target and its
// answer back. Each exchange takes the first that it can.
type Rung uint8

// The rungs. Envelopes (unwrap) come with the first provider that has one.
const (
	// Verbatim: same format, same model name. The client's bytes go up, the
	// provider's come down.
	Verbatim Rung = iota
	// Splice: same format, another model name. Only those bytes change.
	Splice
	// Translate: the formats differ. The request and the answer pass through
	// the neutral form.
	Translate
)

// String returns the rung's name in logs.
func (r Rung) String() string { return [...]string{"verbatim", "splice", "translate"}[r] }

// Target is where a call may go: a provider and a model's name there.
type Target struct {
	Provider   string
	Model      string
	Formats    []formats.Upstream // conversation formats, in order of preference
	Operations []string           // its other operations
	Limits     Limits             // of an attempt
}

// Exchange is one call against one target. It is planned once, before any
// account is chosen, and is good for all accounts of the target.
type Exchange struct {
	*Call

	Target Target
	Rung   Rung

	translation *translation // nil on the other rungs
	format      formats.Upstream
	segments    [][]byte // of the body
	tried       []int    // accounts
	class       Class    // of the last attempt
	failure     *Failure // of the last attempt, nil if it was answered
	watch       *watch   // of the last attempt
	over        bool     // an answer was handed on, or nobody can mend the failure
	handed      bool     // an answer was handed on
	elsewhere   bool     // another account may keep what the last one does not know
}

// Plan encodes a call for a target. The error says that the target cannot
// carry it; it counts against no account.
//
// This is the one place where it is decided how much is done to a request.
func Plan(c *Call, t Target) (*Exchange, *llm.Error) {
	c.Less = false
	x := &Exchange{Call: c, Target: t, format: t.native(c.Client, c.Op)}
	body := c.Body.Bytes()
	switch {
	case c.Op.Translates() && (x.format == nil || c.rewritten()):
		if err := x.translate(); err != nil {
			return nil, err
		}
	case x.format == nil:
		return nil, cannot(c, t)
	case t.Model == c.Head.Model, c.Head.InPath:
		x.Rung = Verbatim
		x.segments = [][]byte{body}
	default:
		x.Rung = Splice
		x.segments = splice(body, c.Head, t.Model)
	}
	return x, nil
}

// Takes reports whether the target takes what clients of a protocol ask for as
// it is.
func (t Target) Takes(client formats.Client, op formats.Operation) bool {
	return t.native(client, op) != nil
}

// native returns the format in which the target takes a call as it is, nil if
// there is none.
func (t Target) native(client formats.Client, op formats.Operation) formats.Upstream {
	if op != formats.Conversation && !slices.Contains(t.Operations, op.String()) {
		return nil
	}
	for _, f := range t.Formats {
		if f.Name() == client.Name() {
			return f
		}
	}
	if op.Shared() && len(t.Formats) > 0 {
		return t.Formats[0]
	}
	return nil
}

// rewritten reports whether a conversation cannot go up as it is even to a
// provider of its own format: it holds what we wrapped, or its stream is to be
// written in a way in which we do not read it.
func (c *Call) rewritten() bool {
	return c.Op == formats.Conversation && (c.Head.List && c.Head.Stream || formats.Carries(c.Body.Bytes()))
}

// splice puts a model's name into a body, in the place of the client's or, if
// there is none, in front.
func splice(body []byte, head formats.Head, model string) [][]byte {
	name := formats.AppendString(nil, model)
	start, stop := head.ModelStart, head.ModelEnd
	if stop == 0 {
		start = bytes.IndexByte(body, '{') + 1
		stop = start
		name = append([]byte(`"model":`), name...)
		if rest := bytes.TrimLeft(body[start:], " \t\r\n"); rest[0] != '}' {
			name = append(name, ',')
		}
	}
	return [][]byte{body[:start], name, body[stop:]}
}

// UnsupportedOperation is the code of an error that says that a target does not
// offer what is asked for.
const UnsupportedOperation = "unsupported_operation"

func cannot(c *Call, t Target) *llm.Error {
	what := c.Op.String()
	if c.Op == formats.Conversation {
		what = "requests in the format " + c.Client.Name()
	}
	return &llm.Error{
		Status:  http.StatusBadRequest,
		Code:    UnsupportedOperation,
		Param:   "model",
		Message: fmt.Sprintf("provider %q does not take %s", t.Provider, what),
	}
}

// Path is where the exchange goes below an account's base URL, escaped, and
// the query that goes with it.
func (x *Exchange) Path() (path, query string) {
	op := x.Op
	if x.Rung == Translate {
		op = formats.Conversation
	}
	path, query = x.format.Path(op, x.Target.Model, x.Head.Stream)
	path += x.Below
	if x.Rung != Translate && query == "" {
		query = x.Query
	}
	return path, query
}

// Upload is the body that goes up: its parts, their length, and the memory
// that readers over them hold.
func (x *Exchange) Upload() (memory *buffer.Body, parts [][]byte, length int64) {
	for _, s := range x.segments {
		length += int64(len(s))
	}
	if x.translation != nil {
		return x.translation.body, x.segments, length
	}
	return x.Body, x.segments, length
}

// Begin notes that an account is about to be asked. It returns the attempt's
// context, which is the client's own, so that it knows nothing of the proxy's.
func (x *Exchange) Begin(account int, name string) context.Context {
	x.tried = append(x.tried, account)
	x.Provider, x.Account = x.Target.Provider, name
	x.Model, x.Format = x.Target.Model, x.format.Name()
	x.Call.Rung = x.Rung.String()
	x.Lossy, x.Lost = "", nil
	if x.translation != nil {
		x.Lossy = lossy(x.translation.sent.Lost)
	}
	x.Attempts++
	x.class, x.failure = Answered, nil
	x.watch = watched(x.Request.Context(), x.Target.Limits)
	x.Commit.enter()
	return x.watch
}

// End ends an attempt's part that the proxy waits for: from here on it is the
// proxy that writes.
func (x *Exchange) End() { x.Commit.leave() }

// Open reports whether an account may still be asked in this exchange.
func (x *Exchange) Open(account int) bool {
	return !x.over && !x.Spent() && !slices.Contains(x.tried, account)
}

// Tried returns how many accounts were asked in this exchange.
func (x *Exchange) Tried() int { return len(x.tried) }

// Retry reports whether the last attempt failed in a way that another
// account may mend.
func (x *Exchange) Retry() bool {
	return !x.over && (x.class.Retry() || x.elsewhere) && !x.Gone()
}

// Blameless reports whether the last failure says nothing of the account: the
// client chose as whom the provider was asked, or an answer that had begun was
// longer than the operator lets answers be.
func (x *Exchange) Blameless() bool {
	if x.class == Timeout {
		return x.Interrupted != "" && x.watch.total.Load()
	}
	return (x.class == Credential || x.class == Forbidden) &&
		slices.ContainsFunc(identities[:], func(name string) bool { return x.Header[name] != nil })
}

// identities are the client's headers that say as whom a provider is asked.
var identities = [...]string{"Openai-Organization", "Openai-Project"}

// Abandon ends what is left of the last attempt.
func (x *Exchange) Abandon() {
	if x.watch != nil {
		x.watch.stop()
	}
}

// Limited returns what a provider's limits are kept by: the model, and with it
// the operation where it is not that of answers, for which vendors count apart
// (https://docs.claude.com/en/docs/build-with-claude/token-counting).
func (x *Exchange) Limited() string {
	if x.Op.Answers() && x.Target.Model != "" {
		return x.Target.Model
	}
	return x.Op.String() + " " + x.Target.Model
}

// Handed reports whether the last attempt was answered, and the answer is the
// client's, or about to be.
func (x *Exchange) Handed() bool { return x.handed }

// Last returns what became of the last attempt: its class, and for how long
// the provider does not want to be asked, 0 if it did not say, with its words.
// After the answer has been handed on it is what became of that.
func (x *Exchange) Last() (class Class, after time.Duration, text string) {
	switch {
	case x.Interrupted != "":
		return x.class, 0, x.Interrupted
	case x.failure != nil:
		return x.class, x.failure.After, x.failure.Err.Brief()
	}
	return x.class, 0, ""
}
