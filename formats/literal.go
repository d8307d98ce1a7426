package formats

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/aiclient2api/caddy-aiclient2api/llm"
)

// AppendString appends s as a JSON string literal. Bytes that are no UTF-8
// become U+FFFD.
func AppendString(dst []byte, s string) []byte { return gjson.AppendJSONString(dst, s) }

// AppendQuoted appends raw bytes of JSON as the literal of a string that holds
// them: arguments of a call that are an object here and a text there.
func AppendQuoted(dst, raw []byte) []byte {
	if bytes.IndexByte(raw, '\\') < 0 && isPlain(raw) {
		dst = append(dst, '"')
		for len(raw) > 0 {
			n := bytes.IndexByte(raw, '"')
			if n < 0 {
				dst = append(dst, raw...)
				break
			}
			dst = append(append(dst, raw[:n]...), `\"`...)
			raw = raw[n+1:]
		}
		return append(dst, '"')
	}
	return gjson.AppendJSONString(dst, string(raw))
}

// isPlain reports whether b is printable ASCII.
func isPlain(b []byte) bool {
	for _, c := range b {
		if c < ' ' || c > '~' {
			return false
		}
	}
	return true
}

// AsLiteral returns a JSON value as a string literal, nil if it is no string or
// not a valid one. It is how a decoder takes a piece of a provider's bytes that
// it hands on as it is.
func AsLiteral(value []byte) llm.Literal {
	if len(value) < 2 || value[0] != '"' || literal(value, 0) != len(value) {
		return nil
	}
	return value
}

// CutLiteral returns the string that b begins with, and what follows it; ok is
// false if there is none that is valid.
func CutLiteral(b []byte) (l llm.Literal, rest []byte, ok bool) {
	if len(b) == 0 || b[0] != '"' {
		return nil, nil, false
	}
	end := literal(b, 0)
	if end < 0 {
		return nil, nil, false
	}
	return b[:end], b[end:], true
}

// StringOf is AsLiteral for a part of what is known to be valid JSON, which it
// does not look through again.
func StringOf(value []byte) llm.Literal {
	if len(value) < 2 || value[0] != '"' {
		return nil
	}
	return value
}

// escape returns the length of the escape that b begins with, 0 if it is none.
func escape(b []byte) int {
	if len(b) < 2 || b[0] != '\\' {
		return 0
	}
	switch b[1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return 2
	case 'u':
		if len(b) < 6 {
			return 0
		}
		for _, c := range b[2:6] {
			if c-'0' > 9 && c|0x20-'a' > 5 {
				return 0
			}
		}
		return 6
	}
	return 0
}

// Decoded returns the string that a literal stands for, "" for none.
func Decoded(l llm.Literal) string {
	if len(l) < 2 {
		return ""
	}
	if bytes.IndexByte(l, '\\') < 0 {
		return string(l.Inner())
	}
	return gjson.ParseBytes(l).String()
}

// Encoded returns the literal of a string.
func Encoded(s string) llm.Literal { return AppendString(nil, s) }

// Characters counts the characters (Unicode code points) of a literal; an
// escaped surrogate pair, whole or not, counts as one by its second half.
func Characters(l llm.Literal) (n int64) {
	in := l.Inner()
	for at := 0; at < len(in); at++ {
		for ; at+8 <= len(in); at += 8 { // as long as nothing is escaped
			w := binary.LittleEndian.Uint64(in[at:])
			if zeros(w^('\\'*ones))&highs != 0 {
				break
			}
			n += int64(8 - bits.OnesCount64(w&^(w<<1)&highs))
		}
		if at == len(in) {
			break
		}
		switch c := in[at]; {
		case c&0xc0 == 0x80: // not the first byte of one
		case c != '\\' || at+1 >= len(in):
			n++
		case in[at+1] != 'u':
			n++
			at++
		case at+5 < len(in):
			if h := in[at+2 : at+4]; h[0]|0x20 != 'd' || !strings.ContainsRune("89abAB", rune(h[1])) {
				n++
			}
			at += 5
		}
	}
	return n
}

// AsNumber returns a JSON value as a number, nil if it is none. The value is
// one that a walk has found, so that what begins like a number is one.
func AsNumber(value []byte) llm.Number {
	if len(value) == 0 || value[0] != '-' && value[0]-'0' > 9 {
		return nil
	}
	return value
}

// IsNull reports whether a JSON value is null.
func IsNull(value []byte) bool { return string(value) == "null" }

// Int returns a JSON number as an integer, cut at the point; ok is false for
// what is no number or too large.
func Int(value []byte) (n int64, ok bool) {
	if AsNumber(value) == nil {
		return 0, false
	}
	plain := len(value) <= 18
	for i, c := range value {
		if c-'0' > 9 && (i > 0 || c != '-') {
			plain = false
		}
	}
	if !plain {
		f := gjson.ParseBytes(value).Float()
		if f < -(1<<53) || f > 1<<53 || f != f {
			return 0, false
		}
		return int64(f), true
	}
	for i, c := range value {
		if i > 0 || c != '-' {
			n = n*10 + int64(c-'0')
		}
	}
	if value[0] == '-' {
		n = -n
	}
	return n, true
}

// AsCount returns a JSON value as a number of tokens; what is no number, or
// less than none, is unknown.
func AsCount(value []byte) llm.Count {
	if n, ok := Int(value); ok && n >= 0 {
		return llm.Tokens(n)
	}
	return llm.Count{}
}

// Unescaped returns the bytes of a string, of which base64 and URLs have no
// need to be escaped, so that they are a part of the literal as a rule.
func Unescaped(l llm.Literal) []byte {
	if bytes.IndexByte(l, '\\') < 0 {
		return l.Inner()
	}
	return []byte(Decoded(l))
}
