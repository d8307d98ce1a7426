// Package llm holds what every wire format has in common: the neutral terms
// in which errors and token usage travel between a provider's format and a
// client's. It imports the standard library only.
package llm

import "strings"

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

	// RequestID is the gateway's own id of the request, for errors that the
	// gateway made; empty for a provider's.
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
