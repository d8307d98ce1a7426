package formats

import (
	"bytes"
	"iter"
)

// Occurrences yields the places at which a word stands in b, from the front.
// Where the last one is wanted that is still the faster way: bytes.LastIndex
// looks at each byte, bytes.Index at many at once.
func Occurrences(b []byte, word string) iter.Seq[int] {
	return func(yield func(int) bool) {
		for at := 0; ; at++ {
			n := bytes.Index(b[at:], []byte(word))
			if n < 0 {
				return
			}
			if at += n; !yield(at) {
				return
			}
		}
	}
}

// Values yields what follows a member's name, which is given with its quotes,
// and a colon: a value and all that stands behind it. b may begin and end anywhere
// in JSON. Inside a text the quotes would be escaped.
func Values(b []byte, name string) iter.Seq[[]byte] {
	const blanks = " \t\r\n"
	return func(yield func([]byte) bool) {
		for at := range Occurrences(b, name) {
			v, ok := bytes.CutPrefix(bytes.TrimLeft(b[at+len(name):], blanks), []byte(":"))
			if v = bytes.TrimLeft(v, blanks); ok && len(v) > 0 && !yield(v) {
				return
			}
		}
	}
}

// LastObject returns the last object among the values of a member, and all that
// stands behind it; nil if there is none.
func LastObject(b []byte, name string) (object []byte) {
	for v := range Values(b, name) {
		if v[0] == '{' {
			object = v
		}
	}
	return object
}

// HasType reports whether a member "type" with that value, which is given with
// its quotes, stands in b.
func HasType(b []byte, value string) bool {
	for at := range Occurrences(b, value) {
		before, ok := bytes.CutSuffix(bytes.TrimRight(b[:at], " \t"), []byte(":"))
		if ok && bytes.HasSuffix(bytes.TrimRight(before, " \t"), []byte(`"type"`)) {
			return true
		}
	}
	return false
}
