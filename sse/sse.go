// Package sse frames event streams: it finds where one event ends and what its
// fields are, by reference, without copying and without knowing what the data
// means. The rules are those of the WHATWG standard
// (https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream).
//
// An event ends at an empty line. A line ends with LF, CR or CRLF. A CRLF that
// is cut between its two bytes is harmless here: the LF that comes later is
// one more empty line, and an empty line without fields before it is no event.
package sse

import (
	"bytes"
	"slices"
)

// Event is one event of a stream. Its slices are parts of the bytes that it
// was parsed from, unless it had several data lines, and are valid as long as
// those.
type Event struct {
	// Name is the value of the last "event" field, nil if there was none.
	Name []byte

	// Data is the value of the "data" fields, joined by LF where there are
	// several, nil if there was none: comments and bare retry or id fields
	// are frames of a stream too.
	Data []byte
}

// bom may stand once, before the first event.
var bom = []byte("\xef\xbb\xbf")

// Next cuts the first whole event from b. It returns the event and what
// follows it; ok is false when b holds no whole event. At the start of a
// stream a byte order mark is passed over.
func Next(b []byte) (ev Event, rest []byte, ok bool) {
	if ev, end := plain(b); end > 0 {
		return ev, b[end:], true
	}
	b = bytes.TrimPrefix(b, bom)
	for at := 0; ; {
		if at < len(b) && b[at] == '\n' {
			return ev, b[at+1:], true
		}
		line, next := cutLine(b[at:])
		if next < 0 {
			return Event{}, nil, false
		}
		at += next
		if len(line) == 0 {
			return ev, b[at:], true
		}
		ev.field(line)
	}
}

// plain reads an event that is written as nearly all are: a name or none, one
// line of data, and lines that end with LF. end is where the next one begins, 0
// if it is written in another way.
func plain(b []byte) (ev Event, end int) {
	at := 0
	if len(b) > len(event) && string(b[:len(event)]) == event {
		n := bytes.IndexByte(b, '\n')
		if n < 0 {
			return Event{}, 0
		}
		ev.Name, at = b[len(event):n], n+1
	}
	from := at + len(data)
	if len(b) < from || string(b[at:from]) != data {
		return Event{}, 0
	}
	n := bytes.IndexByte(b[from:], '\n')
	if end = from + n; n < 0 || end+1 == len(b) || b[end+1] != '\n' || bytes.IndexByte(b[:end], '\r') >= 0 {
		return Event{}, 0
	}
	ev.Data = b[from:end:end]
	return ev, end + 2
}

// The fields that matter, as most senders write them.
const data, event = "data: ", "event: "

// Last parses b, the end of a stream that has no empty line, as if there was
// one: not all senders finish their last event. ok is false when b holds no
// field at all.
func Last(b []byte) (ev Event, ok bool) {
	b = bytes.TrimPrefix(b, bom)
	for len(b) > 0 {
		line, next := cutLine(b)
		if next < 0 {
			line, next = b, len(b)
		}
		b = b[next:]
		if len(line) > 0 {
			ev.field(line)
		}
	}
	return ev, ev.Data != nil || ev.Name != nil
}

// Final parses the last event of b, whether the empty line behind it has come or
// not. before is what stands in front of it, which ends between two events or
// is empty. ok is false when b holds no line.
func Final(b []byte) (ev Event, before []byte, ok bool) {
	b = bytes.TrimRight(b, "\r\n")
	if len(b) == 0 {
		return Event{}, nil, false
	}
	cut := Boundary(b)
	ev, _ = Last(b[cut:])
	return ev, b[:cut], true
}

// Boundary returns the length of the longest prefix of b that ends with an
// empty line, 0 if there is none: up to there b can be handed on without
// cutting an event in two, if it begins at such a border.
func Boundary(b []byte) int {
	for end := len(b); end > 1; {
		at := bytes.LastIndexAny(b[:end], "\r\n")
		if at < 1 {
			return 0
		}
		if endsEmptyLine(b[:at+1]) {
			return at + 1
		}
		end = at
	}
	return 0
}

// endsEmptyLine reports whether b, which ends with CR or LF, ends with an
// empty line.
func endsEmptyLine(b []byte) bool {
	n := len(b) - 1
	if n > 0 && b[n] == '\n' && b[n-1] == '\r' {
		n--
	}
	return n > 0 && (b[n-1] == '\n' || b[n-1] == '\r')
}

// cutLine returns the first line of b without its end, and where the next one
// begins, or -1 if the line has no end.
func cutLine(b []byte) (line []byte, next int) {
	n := lineEnd(b)
	switch {
	case n < 0:
		return nil, -1
	case b[n] == '\r' && n+1 < len(b) && b[n+1] == '\n':
		return b[:n], n + 2
	default:
		return b[:n], n + 1
	}
}

// lineEnd returns the index of the first CR or LF in b, -1 if there is none.
// It looks in windows that grow, so that a stream whose lines all end with the
// one is not searched to its end for the other, again and again.
func lineEnd(b []byte) int {
	for from, size := 0, 1024; from < len(b); from, size = from+size, 2*size {
		part := b[from:min(from+size, len(b))]
		lf := bytes.IndexByte(part, '\n')
		if lf >= 0 {
			part = part[:lf]
		}
		if cr := bytes.IndexByte(part, '\r'); cr >= 0 {
			return from + cr
		}
		if lf >= 0 {
			return from + lf
		}
	}
	return -1
}

// field takes one line that is not empty.
func (e *Event) field(line []byte) {
	if len(line) > len(data) && string(line[:len(data)]) == data && e.Data == nil {
		e.Data = slices.Clip(line[len(data):])
		return
	}
	if len(line) > len(event) && string(line[:len(event)]) == event {
		e.Name = line[len(event):]
		return
	}
	name, value, _ := bytes.Cut(line, []byte{':'})
	if len(value) > 0 && value[0] == ' ' {
		value = value[1:]
	}
	switch string(name) {
	case "data":
		if e.Data == nil {
			e.Data = slices.Clip(value)
			if e.Data == nil {
				e.Data = []byte{}
			}
			return
		}
		e.Data = append(append(e.Data, '\n'), value...)
	case "event":
		e.Name = value
	}
}
