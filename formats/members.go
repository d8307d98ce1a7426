package formats

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/tidwall/gjson"
)

// MaxDepth is how deep the JSON of a client or a provider may nest. Parsers
// behind this package recurse, and a few megabytes of opening brackets would
// overflow their stack, which no recover catches.
const MaxDepth = 1000

// Errors of Members.
var (
	// ErrDepth: the JSON nests deeper than MaxDepth.
	ErrDepth = fmt.Errorf("JSON is nested deeper than %d levels", MaxDepth)
	// ErrSyntax: what was read is not one JSON object.
	ErrSyntax = errors.New("not a JSON object")
)

// Members walks over the members of one JSON object in a single flat pass:
//
//	for m := MembersOf(b); m.Next(); { use m.Key, m.Value() }
//	if m.Err != nil …
//
// It checks the object's own grammar, that brackets pair up and how deep they
// nest, not what stands inside nested values. It does not recurse and does not
// allocate. Invariant: b[:at] has been read; at ≤ len(b).
type Members struct {
	// Key is the current member's name without quotes, still escaped.
	Key []byte
	// Start and End are the borders of the current member's value in the object.
	Start, End int
	// Err is what ended the walk, nil after a whole object.
	Err error

	b     []byte
	at    int
	begun bool
}

// MembersOf returns a walk over the object in b.
func MembersOf(b []byte) Members { return Members{b: b} }

// Value returns the bytes of the current value, a part of the object.
func (m *Members) Value() []byte { return m.b[m.Start:m.End] }

// Is reports whether the current member is called name, escapes resolved.
func (m *Members) Is(name string) bool {
	if string(m.Key) == name {
		return true
	}
	return bytes.IndexByte(m.Key, '\\') >= 0 && unescape(m.Key) == name
}

// Name is the current member's name, escapes resolved.
func (m *Members) Name() []byte {
	if bytes.IndexByte(m.Key, '\\') < 0 {
		return m.Key
	}
	return []byte(unescape(m.Key))
}

// Member returns the value of the first member of that name in the object b;
// nil if there is none, if it is null or if b is no object.
func Member(b []byte, name string) []byte {
	for m := MembersOf(b); m.Next(); {
		if m.Is(name) {
			if v := m.Value(); !IsNull(v) {
				return v
			}
			return nil
		}
	}
	return nil
}

// unescape resolves the escapes of a key.
func unescape(key []byte) string {
	quoted := make([]byte, 0, len(key)+2)
	quoted = append(append(append(quoted, '"'), key...), '"')
	return gjson.ParseBytes(quoted).String()
}

// Next goes to the next member. It returns false at the end of the object and
// at the first fault, which Err tells apart.
func (m *Members) Next() bool {
	m.blanks()
	switch c := m.byte(); {
	case !m.begun && c == '{':
		m.begun = true
		m.at++
		m.blanks()
		if m.byte() == '}' {
			return m.end()
		}
	case m.begun && c == ',':
		m.at++
		m.blanks()
	case m.begun && c == '}':
		return m.end()
	default:
		return m.fail(ErrSyntax)
	}
	start := m.at + 1
	if m.byte() != '"' || !m.string() {
		return m.fail(ErrSyntax)
	}
	m.Key = m.b[start : m.at-1]
	m.blanks()
	if m.byte() != ':' {
		return m.fail(ErrSyntax)
	}
	m.at++
	m.blanks()
	m.Start = m.at
	if err := m.value(); err != nil {
		return m.fail(err)
	}
	m.End = m.at
	return true
}

// Elements walks over the elements of one JSON array, as Members does over an
// object's members.
type Elements struct{ m Members }

// ElementsOf returns a walk over the array in b.
func ElementsOf(b []byte) Elements { return Elements{Members{b: b}} }

// Value returns the bytes of the current element.
func (e *Elements) Value() []byte { return e.m.Value() }

// Err is what ended the walk, nil after a whole array.
func (e *Elements) Err() error { return e.m.Err }

// Next goes to the next element.
func (e *Elements) Next() bool {
	m := &e.m
	m.blanks()
	switch c := m.byte(); {
	case !m.begun && c == '[':
		m.begun = true
		m.at++
		m.blanks()
		if m.byte() == ']' {
			return m.end()
		}
	case m.begun && c == ',':
		m.at++
		m.blanks()
	case m.begun && c == ']':
		return m.end()
	default:
		return m.fail(ErrSyntax)
	}
	m.Start = m.at
	if err := m.value(); err != nil {
		return m.fail(err)
	}
	m.End = m.at
	return true
}

// Balanced reports whether b is one object or array whose brackets pair up and
// which does not nest too deep: it may be handed to a parser that recurses.
func Balanced(b []byte) bool {
	m := Members{b: b}
	m.blanks()
	if c := m.byte(); c != '{' && c != '[' || m.nested() != nil {
		return false
	}
	m.blanks()
	return m.at == len(b)
}

// end takes the closing brace; only blanks may follow.
func (m *Members) end() bool {
	m.at++
	m.blanks()
	if m.at < len(m.b) {
		m.Err = ErrSyntax
	}
	return false
}

func (m *Members) fail(err error) bool {
	m.Err = err
	return false
}

// byte returns the next byte, 0 at the end: no JSON token begins with it.
func (m *Members) byte() byte {
	if m.at < len(m.b) {
		return m.b[m.at]
	}
	return 0
}

func (m *Members) blanks() {
	for m.at < len(m.b) {
		switch m.b[m.at] {
		case ' ', '\t', '\n', '\r':
			m.at++
		default:
			return
		}
	}
}

// string passes over a string whose opening quote is next. It looks for the
// closing quote, not at each character: long texts are most of a body.
func (m *Members) string() bool {
	for i := m.at + 1; ; i++ {
		n := bytes.IndexByte(m.b[i:], '"')
		if n < 0 {
			return false
		}
		i += n
		slashes := i
		for slashes > m.at && m.b[slashes-1] == '\\' {
			slashes--
		}
		if (i-slashes)%2 == 0 {
			m.at = i + 1
			return true
		}
	}
}

// value passes over one value.
func (m *Members) value() error {
	switch m.byte() {
	case '"':
		if !m.string() {
			return ErrSyntax
		}
		return nil
	case '{', '[':
		return m.nested()
	}
	start := m.at
	for m.at < len(m.b) && isScalar(m.b[m.at]) {
		m.at++
	}
	if m.at == start || !gjson.ValidBytes(m.b[start:m.at]) {
		return ErrSyntax
	}
	return nil
}

// isScalar reports whether c can be part of a number, true, false or null.
func isScalar(c byte) bool {
	return c-'0' <= 9 || c|0x20-'a' <= 25 || c == '-' || c == '+' || c == '.'
}

// nested passes over an object or array, and checks that brackets pair up.
func (m *Members) nested() error {
	var square [MaxDepth/64 + 1]uint64 // one bit a level: opened by [
	depth := 0
	for m.at < len(m.b) {
		switch c := m.b[m.at]; c {
		case '"':
			if !m.string() {
				return ErrSyntax
			}
			continue
		case '{', '[':
			if depth++; depth >= MaxDepth {
				return ErrDepth
			}
			square[depth>>6] &^= 1 << (depth & 63)
			if c == '[' {
				square[depth>>6] |= 1 << (depth & 63)
			}
		case '}', ']':
			if square[depth>>6]>>(depth&63)&1 == 1 != (c == ']') {
				return ErrSyntax
			}
			if depth--; depth == 0 {
				m.at++
				return nil
			}
		}
		m.at++
	}
	return ErrSyntax
}
