package formats

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"github.com/aiclient2api/caddy-aiclient2api/llm"
)

// Alphabet is what names of tools, or ids of calls, may look like in a format.
type Alphabet struct {
	// Most is the most bytes, 11 at least; 0 for no limit.
	Most int
	// Extra are the characters beside letters, digits, _ and -.
	Extra string
	// Letter is whether the first character must be a letter or _.
	Letter bool
}

// plain reports whether a name, still escaped, is legal whatever the alphabet
// has beside letters, digits and _; nearly all are.
func (a Alphabet) plain(name []byte) bool {
	if len(name) == 0 || a.Most > 0 && len(name) > a.Most || name[0]-'0' <= 9 {
		return false
	}
	for _, c := range name {
		if c-'0' > 9 && c|0x20-'a' > 25 && c != '_' {
			return false
		}
	}
	return true
}

// takes reports whether s is legal.
func (a Alphabet) takes(s string) bool {
	return s != "" && (a.Most == 0 || len(s) <= a.Most) && a.clean(s) == s
}

// clean replaces what is not legal.
func (a Alphabet) clean(s string) string {
	s = strings.Map(func(r rune) rune {
		if r == '_' || r == '-' || r|0x20 >= 'a' && r|0x20 <= 'z' && r < 0x80 || r >= '0' && r <= '9' || strings.ContainsRune(a.Extra, r) {
			return r
		}
		return '_'
	}, s)
	if a.Letter && s != "" && (s[0] >= '0' && s[0] <= '9' || s[0] == '-' || strings.IndexByte(a.Extra, s[0]) >= 0) {
		s = "_" + s
	}
	return s
}

// Legal returns the literal as it may be sent: itself, if it is legal, else a
// readable one with a hash of the original. The same literal always gives the
// same, so that an id of a call and that of its result stay equal.
func (a Alphabet) Legal(l llm.Literal) llm.Literal {
	if a.plain(l.Inner()) {
		return l
	}
	s := Decoded(l)
	if a.takes(s) {
		return l
	}
	sum := sha256.Sum256([]byte(s))
	tail := "_" + hex.EncodeToString(sum[:5])
	s = a.clean(s)
	if a.Most > 0 && len(s)+len(tail) > a.Most {
		s = s[:max(a.Most-len(tail), 0)]
	}
	return Encoded(s + tail)
}

// Names are the names of tools that were changed on the way to a provider, so
// that they can be changed back in its answer. The zero value, with an
// Alphabet, is ready for use.
type Names struct {
	Alphabet
	changed map[string]llm.Literal // the client's name by the one that was sent
}

// Sent returns the name of a tool as the provider gets it.
func (n *Names) Sent(name llm.Literal) llm.Literal {
	sent := n.Legal(name)
	if string(sent) != string(name) {
		if n.changed == nil {
			n.changed = make(map[string]llm.Literal)
		}
		n.changed[string(sent)] = name
	}
	return sent
}

// Client returns the name of a tool as the client knows it.
func (n *Names) Client(sent llm.Literal) llm.Literal {
	if name, ok := n.changed[string(sent)]; ok {
		return name
	}
	return sent
}
