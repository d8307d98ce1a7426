package chaos

import (
	"encoding/json"
	"net/http"
)

// dialect is the protocol that a provider speaks.
type dialect interface {
	// path is where conversations are asked for, below the base URL.
	path() string
	// key returns the credential of a request.
	key(r *http.Request) string
	// whole is an answer that is not streamed.
	whole(text string) string
	// opening, delta and closing are the events of a streamed one; the opening
	// has no content yet.
	opening() string
	delta(text string) string
	closing() string
	// failure is the body of an error, and failureEvent that of one in a stream.
	failure(kind, message string) string
	failureEvent(kind, message string) string
}

// quoted is a JSON string. encoding/json escapes more than it has to, which is
// as good a test as any.
func quoted(s string) string {
	b, err := json.Marshal(s)
	if err != nil {
		panic(err)
	}
	return string(b)
}
