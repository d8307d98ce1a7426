package chaos

import (
	"fmt"
	"strings"
)

// protocol is what a client speaks. Its readers are strict: they accept what
// the vendor's documents say and nothing else.
type protocol struct {
	name    string
	path    string
	request func(model, text, padding string, stream bool) string
	whole   func(body string) (text string, err error)
	stream  func() reader
	failure func(body string) error // that a body is an error in the protocol's shape
}

// reader reads a stream, event by event.
type reader interface {
	// event takes the name of an event, if it has one, and its data.
	event(name, data string) error
	// got returns what was read so far.
	got() *reading
}

// reading is what a stream says.
type reading struct {
	text   strings.Builder
	ended  bool // the protocol's end was reached
	failed bool // by an error
}

func (r *reading) got() *reading { return r }

// read reads a stream as far as it consists of whole events. It returns what is
// left, which has no end.
func read(body string, into reader) (left string, err error) {
	body = strings.ReplaceAll(body, "\r\n", "\n")
	for n := 1; ; n++ {
		event, rest, found := strings.Cut(body, "\n\n")
		if !found {
			return body, nil
		}
		body = rest
		var name, data string
		var has bool
		for line := range strings.SplitSeq(event, "\n") {
			field, value, _ := strings.Cut(line, ":")
			value = strings.TrimPrefix(value, " ")
			switch {
			case field == "": // a comment
			case field == "event" && name == "":
				name = value
			case field == "data" && !has:
				data, has = value, true
			default:
				return "", fmt.Errorf("event %d has a line %.80q", n, line)
			}
		}
		if !has {
			continue // a comment
		}
		if err := into.event(name, data); err != nil {
			return "", fmt.Errorf("event %d: %w in %.200q", n, err, data)
		}
	}
}
