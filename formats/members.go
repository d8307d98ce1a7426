package formats

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"

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

	b      []byte
	at     int
	begun  bool
	inner  bool // what follows the object is not ours
	ended  bool
	strict bool // all that is passed over must be valid
}

// MembersOf returns a walk over the object in b.
func MembersOf(b []byte) Members { return Members{b: b} }

// StrictMembersOf is MembersOf of a walk that also checks all that it passes
// over, which then need not be checked again: what the walk has returned, when
// it ended without an error, is valid JSON, and so is the object as a whole.
func StrictMembersOf(b []byte) Members { return Members{b: b, strict: true} }

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
func (m *Members) Next() bool { return m.NextKey() && m.Pass() }

// NextKey goes to the next member as Next does, but leaves its value unread:
// Pass must follow, or a walk into it by Enter and Leave. It is for what
// nests, whose bytes would otherwise be passed over once a level.
func (m *Members) NextKey() bool {
	if m.Err != nil {
		return false
	}
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
	return true
}

// Ended reports whether the object was read to its closing brace, whatever
// follows it.
func (m *Members) Ended() bool { return m.ended }

// Peek returns the first byte of the value that NextKey has come to.
func (m *Members) Peek() byte { return m.byte() }

// Pass passes over the value that NextKey has come to. It returns false if that
// is none.
func (m *Members) Pass() bool {
	if m.strict {
		end := valid(m.b, m.at)
		if end < 0 {
			return m.fail(ErrSyntax)
		}
		m.at, m.End = end, end
		return true
	}
	if err := m.value(); err != nil {
		return m.fail(err)
	}
	m.End = m.at
	return true
}

// Enter returns a walk over the object that NextKey has come to. Leave must
// follow when it has ended.
func (m *Members) Enter() Members {
	return Members{b: m.b, at: m.at, inner: true, strict: m.strict}
}

// Leave goes behind the object that a walk has read. Of one that was not an
// object, or not read to its end, the value is passed over.
func (m *Members) Leave(inner *Members) bool {
	if !inner.ended {
		return m.Pass()
	}
	m.at, m.End = inner.at, inner.at
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
func (e *Elements) Next() bool { return e.NextValue() && e.m.Pass() }

// NextValue goes to the next element and leaves it unread, as NextKey does.
func (e *Elements) NextValue() bool {
	m := &e.m
	if m.Err != nil {
		return false
	}
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
	return true
}

// Enter and Leave are those of Members.
func (e *Elements) Enter() Members            { return e.m.Enter() }
func (e *Elements) Leave(inner *Members) bool { return e.m.Leave(inner) }

// EnterList returns a walk over the array that NextKey has come to, LeaveList
// goes behind it.
func (m *Members) EnterList() Elements { return Elements{m.Enter()} }

// LeaveList is Leave for a list.
func (m *Members) LeaveList(inner *Elements) bool { return m.Leave(&inner.m) }

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
	m.ended = true
	if m.inner {
		return false
	}
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

// string passes over a string whose opening quote is next.
func (m *Members) string() bool {
	var end int
	if m.strict {
		end = literal(m.b, m.at)
	} else {
		end = pass(m.b, m.at)
	}
	if end < 0 {
		return false
	}
	m.at = end
	return true
}

// pass returns what follows the string whose opening quote is b[i], -1 if it
// has no end. Names and most values are short: their ends are looked for in
// words of eight bytes, those of long texts, which are most of a body, by a search.
func pass(b []byte, i int) int {
	i++
	for n := 0; n < short && i+8 <= len(b); n++ {
		w := binary.LittleEndian.Uint64(b[i:])
		found := (zeros(w^('"'*ones)) | zeros(w^('\\'*ones))) & highs
		if found == 0 {
			i += 8
			continue
		}
		if i += bits.TrailingZeros64(found) / 8; b[i] == '"' {
			return i + 1
		}
		i += 2
	}
	for first := i; i < len(b); i++ { // i may be one behind an escape
		n := bytes.IndexByte(b[i:], '"')
		if n < 0 {
			return -1
		}
		i += n
		slashes := i
		for slashes > first && b[slashes-1] == '\\' {
			slashes--
		}
		if (i-slashes)%2 == 0 {
			return i + 1
		}
	}
	return -1
}

// short is in how many words the end of a string is looked for before a search
// for it is set up.
const short = 6

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
	if m.at == start || !Valid(m.b[start:m.at]) {
		return ErrSyntax
	}
	return nil
}

// isScalar reports whether c can be part of a number, true, false or null.
func isScalar(c byte) bool {
	return c-'0' <= 9 || c|0x20-'a' <= 25 || c == '-' || c == '+' || c == '.'
}

// nested passes over an object or array, and checks that brackets pair up. It
// is where most of the time of a walk goes, hence the local variables.
func (m *Members) nested() error {
	var square [MaxDepth/64 + 1]uint64 // one bit a level: opened by [
	b, i, depth := m.b, m.at, 0
	for i < len(b) {
		switch c := b[i]; c {
		case '"':
			if i = pass(b, i); i < 0 {
				return ErrSyntax
			}
		case '{', '[':
			i++
			if depth++; depth >= MaxDepth {
				return ErrDepth
			}
			bit := uint64(1) << (depth & 63)
			if c == '[' {
				square[depth>>6] |= bit
			} else {
				square[depth>>6] &^= bit
			}
		case '}', ']':
			i++
			if square[depth>>6]>>(depth&63)&1 == 1 != (c == ']') {
				return ErrSyntax
			}
			if depth--; depth == 0 {
				m.at = i
				return nil
			}
		default:
			i++
		}
	}
	return ErrSyntax
}
