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

// LastObject returns the last object in b that follows a member's name, which
// is given with its quotes, and all that stands behind it; nil if there is none.
// b may begin and end anywhere in JSON.
func LastObject(b []byte, name string) (object []byte) {
	for at := range Occurrences(b, name) {
		if v := bytes.TrimLeft(b[at+len(name):], " \t\r\n:"); len(v) > 0 && v[0] == '{' {
			object = v
		}
	}
	return object
}
