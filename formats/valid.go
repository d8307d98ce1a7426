package formats

import (
	"encoding/binary"
	"math/bits"
)

// Valid reports whether b is one JSON value that nests at most MaxDepth levels,
// by the grammar of RFC 8259. It does not recurse and does not allocate, and
// passes over long texts eight bytes at a time.
func Valid(b []byte) bool {
	end := valid(b, 0)
	return end >= 0 && skip(b, end) == len(b)
}

// valid returns what follows the value at b[i], -1 if that is not valid.
func valid(b []byte, i int) int {
	var square [MaxDepth/64 + 1]uint64 // one bit a level: opened by [
	depth := 0
	inArray := func() bool { return square[depth>>6]>>(depth&63)&1 == 1 }
value: // a value is next
	if i = skip(b, i); i == len(b) {
		return -1
	}
	switch c := b[i]; c {
	case '{', '[':
		if depth++; depth >= MaxDepth {
			return -1
		}
		bit := uint64(1) << (depth & 63)
		if c == '[' {
			square[depth>>6] |= bit
		} else {
			square[depth>>6] &^= bit
		}
		if i = skip(b, i+1); i < len(b) && b[i] == c+2 { // the closing one
			i++
			depth--
			goto after
		}
		if c == '[' {
			goto value
		}
		goto member
	case '"':
		i = literal(b, i)
	case 't':
		i = word(b, i, "true")
	case 'f':
		i = word(b, i, "false")
	case 'n':
		i = word(b, i, "null")
	default:
		i = numeral(b, i)
	}
	if i < 0 {
		return -1
	}
after: // a value has ended
	if depth == 0 {
		return i
	}
	if i = skip(b, i); i == len(b) {
		return -1
	}
	switch b[i] {
	case ',':
		if i = skip(b, i+1); inArray() {
			goto value
		}
		goto member
	case '}', ']':
		if inArray() != (b[i] == ']') {
			return -1
		}
		depth--
		i++
		goto after
	}
	return -1
member: // a name is next
	if i >= len(b) || b[i] != '"' {
		return -1
	}
	if i = literal(b, i); i < 0 {
		return -1
	}
	if i = skip(b, i); i == len(b) || b[i] != ':' {
		return -1
	}
	i++
	goto value
}

// skip returns the index of the first byte that is no white space.
func skip(b []byte, i int) int {
	for i < len(b) && b[i] <= ' ' && (b[i] == ' ' || b[i] == '\n' || b[i] == '\t' || b[i] == '\r') {
		i++
	}
	return i
}

// word returns what follows the word at b[i], -1 if it is another.
func word(b []byte, i int, w string) int {
	if end := i + len(w); end <= len(b) && string(b[i:end]) == w {
		return end
	}
	return -1
}

// numeral returns what follows the number at b[i], -1 if it is none.
func numeral(b []byte, i int) int {
	digits := func() bool {
		from := i
		for i < len(b) && b[i]-'0' <= 9 {
			i++
		}
		return i > from
	}
	if i < len(b) && b[i] == '-' {
		i++
	}
	if i < len(b) && b[i] == '0' {
		i++
	} else if !digits() {
		return -1
	}
	if i < len(b) && b[i] == '.' {
		if i++; !digits() {
			return -1
		}
	}
	if i < len(b) && b[i]|0x20 == 'e' {
		if i++; i < len(b) && (b[i] == '+' || b[i] == '-') {
			i++
		}
		if !digits() {
			return -1
		}
	}
	return i
}

// literal returns what follows the string whose opening quote is b[i], -1 if it
// is not valid.
func literal(b []byte, i int) int {
	for i++; ; {
		if i = special(b, i); i == len(b) {
			return -1
		}
		switch b[i] {
		case '"':
			return i + 1
		case '\\':
			n := escape(b[i:])
			if n == 0 {
				return -1
			}
			i += n
		default:
			return -1
		}
	}
}

// special returns the index of the first byte that is not simply a part of a
// string: a quote, a backslash or a control character; the length of b if there
// is none.
func special(b []byte, i int) int {
	for ; i+8 <= len(b); i += 8 {
		if found := specials(binary.LittleEndian.Uint64(b[i:])); found != 0 {
			return i + bits.TrailingZeros64(found)/8
		}
	}
	for ; i < len(b); i++ {
		if c := b[i]; c == '"' || c == '\\' || c < ' ' {
			return i
		}
	}
	return len(b)
}

// specials has the highest bit of each byte of w set that special looks for. Bits
// above the lowest may be wrong. With their second bit turned over, the quote
// (0x22) and the control characters, and nothing else, are less than 0x21.
func specials(w uint64) uint64 {
	return (((w^2*ones)-0x21*ones)&^w | zeros(w^('\\'*ones))) & highs
}

// A byte, and the highest bit of a byte, in each byte of a word.
const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// zeros has the highest bit of each byte set that is zero in w. Bits above the
// lowest of these may be wrong.
func zeros(w uint64) uint64 { return (w - ones) &^ w }

// Plain returns the index behind the bytes from b[i] on that stand in a string
// as they are: that of a quote, a backslash or a control character, or the
// length of b.
func Plain(b []byte, i int) int { return special(b, i) }
