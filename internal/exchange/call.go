// Package exchange carries one client request through its attempts: how it is
// encoded for a target, what an attempt's answer means, and how the answer is
// handed on. It knows formats and HTTP, nothing of accounts or of Caddy.
package exchange

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/aiclient2api/caddy-aiclient2api/formats"
	"github.com/aiclient2api/caddy-aiclient2api/internal/buffer"
	"github.com/aiclient2api/caddy-aiclient2api/llm"
)

// Call is one request of a client, whatever targets it is tried on. It is
// used by one goroutine.
type Call struct {
	// Request is the client's, without its credentials. Attempts are built on
	// its context, policies look at it.
	Request *http.Request
	// Client is the format that the client speaks.
	Client formats.Client
	// Op is what it asks for.
	Op formats.Operation
	// Below is where it goes below the operation's path, "" or with a slash in front.
	Below string
	// Head is what was read of its body.
	Head formats.Head
	// Body is its body, nil for requests without one.
	Body *buffer.Body
	// Header and Query are what of it goes up.
	Header http.Header
	Query  string
	// Secrets are the credentials that the request brought along, in the
	// order of the handler's templates.
	Secrets []string
	// RequestID is our own id of the request.
	RequestID string
	// Debug is whether answers bear debug headers.
	Debug bool
	// Strict is whether nothing may be left out when a request is translated.
	Strict bool
	// Lenient is whether targets may answer that give less than was asked for;
	// Less is whether the last one that was planned would.
	Lenient, Less bool
	// FallbackOn are the faults of the request for which the next target is asked.
	FallbackOn Faults
	// Commit begins the answer before it is there, nil if it does not.
	Commit *Commit
	// Affinity stands for the session that the request is part of, so that it goes
	// to the account of the one before; 0 is none.
	Affinity uint64
	// MaxAttempts bounds the accounts that are asked, 0 is no bound.
	MaxAttempts int
	// Witness is told of each attempt that came to an end, its class and, if it
	// failed, why; nil if nobody wants to know.
	Witness func(class Class, text string)
	// Start is when the request came in.
	Start time.Time

	Outcome

	// the request in neutral terms, or why it cannot be read; once it was asked for
	request   *llm.Request
	undecoded *llm.Error
}

// Outcome is what became of a call: facts for the log, and the failure to
// report if there was no answer. It is complete when the handler returns.
type Outcome struct {
	// Provider and Account answered, or were asked last.
	Provider, Account string
	// Model is the model's name there, Format the format spoken with it.
	Model, Format string
	// Rung is how much was done to the request, "" if nobody was asked.
	Rung string
	// Lossy names what of the request was left out when it was translated, Lost
	// what of the answer was.
	Lossy string
	Lost  []string
	// Attempts counts the accounts that were asked.
	Attempts int
	// Failed are those that failed, each with why: openai/1 rate_limit.
	Failed []string
	// Stream is whether that answer is a stream.
	Stream bool
	// FirstToken is how long the first content took, 0 if there was none.
	FirstToken time.Duration
	// Usage is what the provider stated.
	Usage llm.Usage
	// Failure is the most telling one, nil if no attempt failed.
	Failure *Failure
	// Interrupted says why an answer that had begun broke off, "" if it did not.
	Interrupted string
}

// Fail notes a failure and keeps the most telling one.
func (c *Call) Fail(f *Failure) {
	if c.Failure == nil || f.Class < c.Failure.Class {
		c.Failure = f
	}
}

// fell notes that the account that was asked last did not answer.
func (c *Call) fell(class Class) {
	c.Failed = append(c.Failed, c.Provider+"/"+c.Account+" "+class.String())
}

// Spent reports whether as many accounts were asked as may be.
func (c *Call) Spent() bool { return c.MaxAttempts > 0 && c.Attempts >= c.MaxAttempts }

// Gone reports whether the client has left.
func (c *Call) Gone() bool { return c.Request.Context().Err() != nil }

// DebugHeaders sets the headers that tell who answered, if they are wanted.
func (c *Call) DebugHeaders(h http.Header) {
	if c.Debug && c.Provider != "" {
		h["Aiclient2api-Provider"] = []string{c.Provider}
		h["Aiclient2api-Account"] = []string{c.Account}
		h["Aiclient2api-Attempts"] = []string{strconv.Itoa(c.Attempts)}
		if len(c.Failed) > 0 {
			h["Aiclient2api-Failed"] = []string{strings.Join(c.Failed, ", ")}
		}
	}
}
