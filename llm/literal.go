package llm

import "bytes"

// Literal is a JSON string, quotes and escapes included, exactly as it stood
// in the body or event that it came from. All formats are JSON, so texts move
// between them without being decoded: a surrogate pair whose halves came in two
// events survives. Nil is a string that is not there, which `""` is not.
//
// A Literal is a part of somebody's buffer: it is read, never changed, and
// valid as long as the doc comment of what holds it says.
type Literal []byte

// Inner returns what stands between the quotes, still escaped.
func (l Literal) Inner() []byte {
	if len(l) < 2 {
		return nil
	}
	return l[1 : len(l)-1]
}

// Empty reports whether the string is not there or has no characters.
func (l Literal) Empty() bool { return len(l) <= 2 }

// Blank reports whether the string is not there or is white space only.
func (l Literal) Blank() bool {
	in := l.Inner()
	return blanks(in) == len(in)
}

// blanks returns how many bytes of white space an escaped text begins with.
func blanks(in []byte) int {
	at := 0
	for at < len(in) {
		n := blank(in[at:])
		if n == 0 {
			break
		}
		at += n
	}
	return at
}

// blank returns the length of the white space character that in begins with,
// 0 if it begins with another.
func blank(in []byte) int {
	switch in[0] {
	case ' ':
		return 1
	case '\\':
		if len(in) > 1 && bytes.IndexByte([]byte("nrt"), in[1]) >= 0 {
			return 2
		}
		if len(in) >= 6 && in[1] == 'u' && in[2] == '0' && in[3] == '0' {
			switch string(bytes.ToLower(in[4:6])) {
			case "20", "09", "0a", "0d", "a0":
				return 6
			}
		}
	case 0xc2: // U+00A0
		if len(in) > 1 && in[1] == 0xa0 {
			return 2
		}
	}
	return 0
}

// TrimRight returns the string without the white space at its end. It is a
// new one if there was any.
func (l Literal) TrimRight() Literal {
	in := l.Inner()
	end := 0 // behind the last character that is no white space
	for at := 0; at < len(in); {
		if n := blank(in[at:]); n > 0 {
			at += n
			continue
		}
		if in[at] == '\\' {
			at++ // what follows belongs to it
		}
		at++
		end = min(at, len(in))
	}
	if end == len(in) {
		return l
	}
	out := make(Literal, 0, end+2)
	return append(append(append(out, '"'), in[:end]...), '"')
}

// Number is a JSON number as it stood in the client's body; nil is one that
// is not there, which 0 is not.
type Number []byte

// Value is any JSON value as it stood in the client's body; nil is none.
type Value []byte
