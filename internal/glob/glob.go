// Package glob matches the names of models against the patterns of the
// configuration, in which * is any run of characters, "/" included, and
// nothing else is special.
package glob

import "strings"

// Match reports whether name matches pattern. It takes time proportional to
// the product of their lengths at worst, and does not allocate.
func Match(pattern, name string) bool {
	head, rest, star := strings.Cut(pattern, "*")
	if !star {
		return pattern == name
	}
	if !strings.HasPrefix(name, head) {
		return false
	}
	name = name[len(head):]
	for {
		// between two stars the first place is as good as any
		piece, after, more := strings.Cut(rest, "*")
		if !more {
			return strings.HasSuffix(name, piece)
		}
		at := strings.Index(name, piece)
		if at < 0 {
			return false
		}
		name, rest = name[at+len(piece):], after
	}
}

// Literal reports whether pattern matches itself only.
func Literal(pattern string) bool { return !strings.Contains(pattern, "*") }

// Any reports whether one of the patterns matches name.
func Any(patterns []string, name string) bool {
	for _, p := range patterns {
		if Match(p, name) {
			return true
		}
	}
	return false
}
