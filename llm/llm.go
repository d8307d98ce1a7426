// Package llm is the neutral form in which a conversation travels between a
// client's format and a provider's: a Request one way, Events, Usage and Error
// the other. It knows no wire format and imports the standard library only.
//
// With it N client formats and M provider formats need N+M translations. Each
// format decodes into this form and encodes from it, and what it writes must
// follow from these doc comments alone.
package llm

import (
	"strings"
	"time"
)

// Error is a failure in neutral terms: what a provider said, or what the
// gateway itself has to say, before it takes the shape of a client's protocol.
type Error struct {
	// Status is the HTTP status that the failure has or would have had.
	Status int

	// Type, Code and Param are the words of the protocol that the error came
	// from, empty where it had none. An empty Type is filled in from Status
	// by the client's format.
	Type, Code, Param string

	// Message is for people. It never holds a credential.
	Message string

	// Raw is the provider's own body, a copy, if it can be handed to clients of
	// its protocol as it is; nil if it cannot.
	Raw []byte

	// RetryAfter is after how long to try again, if the provider says so in the
	// error itself; 0 if it does not.
	RetryAfter time.Duration

	// RequestID is the gateway's own id of the request, for errors that the
	// gateway writes; empty for one that goes to the client as it is.
	RequestID string
}

// Error returns the message.
func (e *Error) Error() string { return e.Message }

// Count is a number of tokens. The zero value is unknown, which is not zero:
// a number that no provider stated is never made up.
type Count struct {
	N     int64
	Known bool
}

// Tokens returns a known count of n.
func Tokens(n int64) Count { return Count{N: n, Known: true} }

// Usage is the token usage of one answer.
type Usage struct {
	// Input covers the whole prompt, cached tokens included.
	Input Count
	// Output covers all that was generated, reasoning included.
	Output Count
	// Cached is the part of Input that was read from a prompt cache.
	Cached Count
	// Written is the part of Input that was written to a prompt cache.
	Written Count
	// Reasoning is the part of Output that is reasoning.
	Reasoning Count
}

// Clip cuts a text of somebody else's, before it goes into a message or a log,
// to at most so many bytes of whole characters.
func Clip(s string, most int) string {
	if len(s) > most {
		s = s[:most] + "…"
	}
	return strings.ToValidUTF8(s, "")
}

// Brief returns the message as it goes into logs.
func (e *Error) Brief() string { return Clip(e.Message, 512) }
