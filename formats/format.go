// Package formats is the contract of the wire formats: what the gateway asks
// of a protocol that clients or providers speak. Each format has a folder of
// its own with both directions in it; package standard lists those that ship.
// A format knows bytes and llm's terms, nothing of Caddy, accounts or routes.
package formats

import (
	"net/http"

	"github.com/aiclient2api/caddy-aiclient2api/llm"
	"github.com/aiclient2api/caddy-aiclient2api/sse"
)

// Operation is what a client asks for.
type Operation uint8

// The operations. A conversation can be carried by every format, and a
// completion be made one; the others are one vendor's protocol, relayed to
// providers that speak it.
const (
	Conversation Operation = iota
	Completions
	Embeddings
	Moderations
	CountTokens
	Compact // a conversation, by the provider, to state that only it can read
	Stored  // what the provider keeps of an earlier answer
)

var operationNames = [...]string{"conversation", "completions", "embeddings", "moderations", "count_tokens", "compact", "stored_responses"}

// Translates reports whether the operation can be carried by other formats
// than the client's: a conversation, and what can be made one.
func (o Operation) Translates() bool { return o == Conversation || o == Completions }

// Shared reports whether the operation is asked in OpenAI's protocol of any
// provider that offers it; others belong to the client's own format.
func (o Operation) Shared() bool { return o == Completions || o == Embeddings || o == Moderations }

// String returns the operation's name as providers list it in their Spec.
func (o Operation) String() string { return operationNames[o] }

// NeedsModel reports whether the protocol requires the request to name a model.
func (o Operation) NeedsModel() bool { return o != Moderations && o != Stored }

// Answers reports whether what comes back has the form of an answer; else it is
// any object.
func (o Operation) Answers() bool { return o < CountTokens }

// Client is a format as clients speak it.
type Client interface {
	// Name is the format's name in the configuration and in logs.
	Name() string

	// AppendError appends e in the protocol's error shape: a whole body, or,
	// in a stream that has begun, the events that end it.
	AppendError(dst []byte, e *llm.Error, inStream bool) []byte

	// KeepAlive is what keeps a stream alive in which nothing is said: clients
	// of the protocol skip it, also as the first thing of a stream.
	KeepAlive() string

	// AppendModel and AppendModels append a model and a list of models, as
	// the protocol's endpoints for them answer.
	AppendModel(dst []byte, m Model) []byte
	AppendModels(dst []byte, list []Model) []byte
}

// Model is an entry of the list of models.
type Model struct {
	ID    string // as clients write it
	Owner string // the provider's name
}

// Upstream is a format as providers speak it.
type Upstream interface {
	// Name is the format's name in the configuration and in logs.
	Name() string

	// Path is the path of an operation below the provider's base URL, escaped,
	// and the query that belongs to it. Some protocols say there which model
	// is asked and whether for a stream.
	Path(op Operation, model string, stream bool) (path, query string)

	// Opening says what an event at the start of a stream is. For a Failure
	// the error is returned with it.
	Opening(ev sse.Event) (Opening, *llm.Error)

	// Whole looks at an answer with a status of 200 to 299 that is not
	// streamed: the usage that it states, and the error if it is one in
	// truth. ok is false if the body is no answer of this format at all.
	Whole(body []byte) (usage llm.Usage, failure *llm.Error, ok bool)

	// Error reads an answer whose status says that it is an error. If the body
	// has not the format's shape (HTML, nothing, another protocol) the error
	// is as good as could be made of it, and bears no Raw.
	Error(status int, header http.Header, body []byte) *llm.Error

	// Ended reports whether a stream whose last bytes are tail came to its
	// end in the protocol's own way: a terminator or an error, or, if the
	// connection was closed in order, a finish.
	Ended(tail []byte, inOrder bool) bool

	// Complete reports whether the data of an event that has no end is all
	// there.
	Complete(data []byte) bool

	// Usage reads the usage from the last bytes of a stream.
	Usage(tail []byte) llm.Usage
}

// Opening is what an event at the start of a stream can be.
type Opening uint8

const (
	// Preamble commits to nothing: a comment, a bare role, an empty delta.
	Preamble Opening = iota
	// Content is part of an answer.
	Content
	// Failure is an error in the place of an answer.
	Failure
)
