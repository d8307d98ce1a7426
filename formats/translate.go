package formats

import (
	"fmt"
	"slices"

	"github.com/aiclient2api/caddy-aiclient2api/llm"
	"github.com/aiclient2api/caddy-aiclient2api/sse"
)

// This file is the part of the contract that is needed where client and
// provider speak different formats.

// Speaker is a client's format whose conversations can be translated.
type Speaker interface {
	Client

	// Decode reads a conversation's request into neutral terms. body is a
	// JSON object that Scan took; the request's pieces are parts of it. The
	// error is the client's fault, and says where.
	Decode(body []byte) (*llm.Request, *llm.Error)

	// Place names a part of a message for people, as the protocol's own
	// errors do (messages[3].content[1]); part is -1 for the message itself.
	Place(turn, part int) string

	// Field names a member of a request as the protocol does. name is
	// chat's word for it, by which an Unsupported and a loss name it.
	Field(name string) string

	// Encoder returns what writes one answer.
	Encoder(Answer) Encoder
}

// Counter is a client's format in which a prompt's tokens can be asked for.
type Counter interface {
	// AppendCount appends the answer that the prompt has that many tokens.
	AppendCount(dst []byte, tokens int64) []byte
}

// Answer is what an Encoder has to know of the answer that it writes.
type Answer struct {
	// Request is what it answers.
	Request *llm.Request
	// Model is the model's name if the provider does not say it.
	Model string
	// ID is unique to the answer, of ASCII letters, digits and -.
	ID string
	// Created is the time in Unix seconds.
	Created int64
	// List is whether a stream is one JSON list in the place of events: Gemini's
	// form for clients that do not ask for alt=sse.
	List bool
}

// Encoder writes one answer as the client's protocol has it. The events obey
// the order of llm.Event. It is used either for a stream or for a body.
type Encoder interface {
	// Append appends what the events say as events of a stream. It may hold
	// back what it needs later, but no text.
	Append(dst []byte, events []llm.Event) []byte

	// AppendWhole appends a whole body; events are all of the answer.
	AppendWhole(dst []byte, events []llm.Event) []byte

	// Lost are names of what of the answer the protocol has no place for, each
	// once. It is asked when all is written.
	Lost() []string
}

// Losses are what an Encoder has left out.
type Losses struct{ names []string }

// Lose notes that something of the answer was left out. The names are few, and
// none is a provider's text.
func (l *Losses) Lose(name string) {
	if !slices.Contains(l.names, name) {
		l.names = append(l.names, name)
	}
}

// LoseIf is Lose if lost is true.
func (l *Losses) LoseIf(lost bool, name string) {
	if lost {
		l.Lose(name)
	}
}

// Lost returns the names.
func (l *Losses) Lost() []string { return l.names }

// Listener is a provider's format into which conversations can be translated.
type Listener interface {
	Upstream

	// Encode writes a conversation as the provider's API has it, for a model
	// there, and appends the body to dst. The error says that the API, or the
	// model as far as its name tells, cannot carry what the client means.
	Encode(dst []byte, r *llm.Request, model string) (*Sent, *Unsupported)

	// Decoder returns what reads the one answer to a request that was sent so.
	// id is unique to the answer, for ids that the provider leaves out.
	Decoder(s *Sent, id string) Decoder
}

// Sent is a request as a provider gets it.
type Sent struct {
	// Body is the JSON body. It may hold parts of the client's body by copy,
	// never by reference.
	Body []byte
	// Lost are names of what was left out, for the client; see Lose.
	Lost []string
	// Names are the names of tools as they were sent.
	Names Names
	// Forced is the name of a tool that was added to get JSON from a model
	// that has no other way: the arguments of its call are the answer's text.
	// Nil if there is none.
	Forced llm.Literal
	// Wrapped are the client's names of tools that take a plain text and were
	// sent as functions with the one argument PlainArgument.
	Wrapped []llm.Literal

	restored restored
}

// PlainArgument is the argument of a function that stands for a tool which
// takes a plain text (llm.Tool.Plain).
const PlainArgument = "input"

// Lose notes that something of the request was left out. The name is that of
// the member in the client's request, or what says best what it is.
func (s *Sent) Lose(name string) {
	if len(s.Lost) < mostLost && !slices.Contains(s.Lost, name) {
		s.Lost = append(s.Lost, name)
	}
}

// mostLost bounds the names of losses: unknown members are a client's text.
const mostLost = 64

// Terminated is a provider's format whose streams have an event that ends them.
type Terminated interface {
	// Terminates reports whether an event is that.
	Terminates(ev sse.Event) bool
}

// Unsupported says what of a request a provider cannot carry.
type Unsupported struct {
	// Turn and Part are the place (llm.Part.Turn, llm.Part.At), Turn is -1 if
	// it is none in the conversation. Part is -1 for a whole message.
	Turn, Part int
	// Field is the member of the request if Turn is -1.
	Field string
	// Less is whether the request makes sense without the field: the answer has
	// less than was asked for, but nothing of it is wrong. Then another target is
	// tried first, and in the end the field is left out and named.
	Less bool
	// What completes the sentence "… cannot be sent to this provider: ".
	What string
}

// CannotCarry is the Unsupported of a part of a conversation.
func CannotCarry(part llm.Part, format string, args ...any) *Unsupported {
	return &Unsupported{Turn: part.Turn, Part: part.At, What: fmt.Sprintf(format, args...)}
}

// CannotTake is the Unsupported of a member of the request.
func CannotTake(field, format string, args ...any) *Unsupported {
	return &Unsupported{Turn: -1, Part: -1, Field: field, What: fmt.Sprintf(format, args...)}
}

// WouldLack is the Unsupported of a member without which the answer lacks
// something that was asked for beside it.
func WouldLack(field, format string, args ...any) *Unsupported {
	u := CannotTake(field, format, args...)
	u.Less = true
	return u
}

// OnlyText returns the Unsupported of a request for other media than text.
func OnlyText(r *llm.Request) *Unsupported {
	if len(r.Output.Media) == 0 {
		return nil
	}
	return WouldLack("modalities", "it answers with text only")
}

// Without returns the request without the fields of WouldLack.
func Without(r *llm.Request, field string) *llm.Request {
	less := *r
	switch field {
	case "n":
		less.Candidates = 0
	case "logprobs":
		less.Logprobs, less.TopLogprobs = false, nil
	case "modalities":
		less.Output.Media = nil
	}
	return &less
}

// Decoder reads one answer. It checks what it hands on: the events' literals
// are valid whatever the provider sent, and keep the order of llm.Event. The
// events that it returns are valid until its next call.
type Decoder interface {
	// Decode reads an event of a stream, whose data is whole, and appends
	// what it says. An event that cannot be read, or is an error, appends
	// llm.Fail; nothing is decoded after that.
	Decode(dst []llm.Event, ev sse.Event) []llm.Event

	// Finish appends what is held back to the end of the stream. complete is
	// false if the stream has not come to its own end; then nothing is
	// appended. inOrder is whether the connection was closed in order.
	Finish(dst []llm.Event, inOrder bool) (events []llm.Event, complete bool)

	// Whole reads a body that is not streamed, all of it. ok is false if it
	// is no answer of this format.
	Whole(dst []llm.Event, body []byte) (events []llm.Event, ok bool)
}

// Steady is a Decoder that knows when it needs not read the next event.
type Steady interface {
	Decoder

	// Steady reports whether the event that was read last became one Delta, of
	// whose text the literal is a part of the event's data, and nothing else. An
	// event that follows and differs from it in that literal only, which is not
	// that of an empty text, becomes the same Delta with that text, and leaves
	// the decoder as it is: it need not be decoded.
	Steady() bool
}
