package chat

import (
	"bytes"

	"github.com/aiclient2api/caddy-aiclient2api/formats"
)

// This file reads the chunks of which nearly all of a stream is made: a piece
// of a text or of a thought in the first choice, and nothing else that says
// anything. They are written by machines, without white space but for a blank
// behind colons and commas, so that one pass is enough, which takes nothing but
// what it knows. Any other chunk is left to reader.chunk, which reads these too,
// to the same end, but passes over their bytes once a level.

// usual reads usual chunks. As a rule they have the same bytes before their
// text, and the same behind it: what was walked over once means the same again.
type usual struct {
	head []byte // of the last chunk, up to its first text
	stop stop   // which is one of this kind
	tail []byte // of the last chunk that had one text, behind it
}

// longest bounds what is kept of a chunk.
const longest = 1 << 10

// read reads a chunk. ok is false for any other than a usual one, which says
// nothing about it. u may be nil; then nothing is kept for the next chunk.
func (u *usual) read(data []byte) (s said, ok bool) {
	w, stop := u.first(data)
	var tail []byte
	for ; stop != theEnd; stop = w.next() {
		if stop == unusual {
			return s, false
		}
		to := &s.content
		if stop == aThought {
			to = &s.reasoning
		}
		text, rest, ok := formats.CutLiteral(data[w.at:])
		if !ok || *to != nil {
			return s, false
		}
		if *to = text; u != nil && tail == nil && len(u.tail) > 0 && bytes.Equal(rest, u.tail) {
			return s, true
		}
		w.at, tail = len(data)-len(rest), rest
	}
	if u != nil && (s.content == nil) != (s.reasoning == nil) && len(tail) <= longest {
		u.tail = append(u.tail[:0], tail...)
	}
	return s, true
}

// first goes to the first text of a chunk.
func (u *usual) first(data []byte) (walk, stop) {
	if u != nil && len(u.head) > 0 && bytes.HasPrefix(data, u.head) {
		return walk{b: data, at: len(u.head), level: 3, begun: true, choices: true, delta: true}, u.stop
	}
	w := walk{b: data}
	stop := w.next()
	if u != nil && (stop == aText || stop == aThought) && w.at <= longest {
		u.head, u.stop = append(u.head[:0], data[:w.at]...), stop
	}
	return w, stop
}

// walk is a walk over a chunk.
type walk struct {
	b       []byte
	at      int
	level   int  // 0 is before the chunk, 1 in it, 2 in its choice, 3 in the delta
	begun   bool // the object has members before at
	choices bool // there was that member
	delta   bool
}

// stop is what a walk has come to.
type stop uint8

const (
	unusual stop = iota
	aText
	aThought
	theEnd
)

// next goes on to the next piece of a text, whose literal is next then, or to
// the end.
func (w *walk) next() stop {
	for {
		if w.level == 0 && !w.enter("{") {
			return unusual
		}
		if w.begun && !w.take(",") {
			switch {
			case !w.take("}"):
				return unusual
			case w.level == 1:
				if w.choices && w.at == len(w.b) {
					return theEnd
				}
				return unusual
			case w.level == 2 && (!w.delta || !w.take("]")):
				return unusual
			}
			w.level--
			continue
		}
		if w.begun {
			w.take(" ")
		}
		w.begun = true
		if stop, ok := w.member(); !ok {
			return stop
		}
	}
}

// member passes over a member, or into it. ok is false where next stops.
func (w *walk) member() (stop stop, ok bool) {
	name := w.name()
	switch {
	case len(name) == 0:
		return unusual, false
	case w.level == 3:
		switch string(name) {
		case "content":
			return aText, w.take("null")
		case "reasoning_content":
			return aThought, w.take("null")
		case "role":
			return unusual, w.plain()
		}
	case w.level == 2:
		switch string(name) {
		case "index":
			return unusual, w.take("0")
		case "delta":
			ok, w.delta = !w.delta && w.enter("{"), true
			return unusual, ok
		}
	default:
		switch string(name) {
		case "choices":
			ok, w.choices = !w.choices && w.enter("[{"), true
			return unusual, ok
		case "error", "usage", "x_groq":
		default:
			return unusual, w.plain()
		}
	}
	return unusual, w.take("null")
}

// enter goes into an object.
func (w *walk) enter(token string) bool {
	if !w.take(token) {
		return false
	}
	w.level, w.begun = w.level+1, false
	return true
}

// take passes over a token, if it is next.
func (w *walk) take(token string) bool {
	stop := w.at + len(token)
	if stop > len(w.b) || string(w.b[w.at:stop]) != token {
		return false
	}
	w.at = stop
	return true
}

// name passes over the name of a member and the colon, and returns it. It is
// empty if there is none, or one with an escape.
func (w *walk) name() []byte {
	from := w.at + 1
	if !w.string() || !w.take(":") {
		return nil
	}
	name := w.b[from : w.at-2]
	w.take(" ")
	return name
}

// string passes over a string without escapes.
func (w *walk) string() bool {
	if !w.take(`"`) {
		return false
	}
	w.at = formats.Plain(w.b, w.at)
	return w.take(`"`)
}

// plain passes over a string without escapes, a natural number or null.
func (w *walk) plain() bool {
	if w.at == len(w.b) {
		return false
	}
	switch c := w.b[w.at]; {
	case c == '"':
		return w.string()
	case c-'1' < 9:
		for w.at < len(w.b) && w.b[w.at]-'0' <= 9 {
			w.at++
		}
		return true
	}
	return w.take("null")
}

// tellUsual tells what a usual chunk says.
func (d *reader) tellUsual(s *said) {
	if len(d.choices) == 0 {
		d.choices = append(d.choices, alternative{current: -1})
	}
	c := &d.choices[0]
	c.seen = true
	d.tell(0, c, s, nil)
}
