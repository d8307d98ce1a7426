// Package jsonschema says the JSON Schemas of tools and of structured answers
// in the subsets that providers take: Anthropic's for a tool's input and for
// structured outputs, Google's Schema. What a subset cannot say is told in the
// schema's description, as the vendors' own SDKs do, and reported as lossy.
//
// All functions take valid JSON. What they read and what they write is bounded
// (Budget), whatever rings and doublings the schemas' $refs make.
package jsonschema

import (
	"bytes"
	"errors"

	"github.com/aiclient2api/caddy-aiclient2api/formats"
	"github.com/aiclient2api/caddy-aiclient2api/llm"
)

// Errors of schemas that a subset cannot express.
var (
	// ErrRing: the schema contains itself, by its $refs.
	ErrRing = errors.New("the schema refers to itself")
	// ErrSize: the schema is too deep, or too large with its $refs in place.
	ErrSize = errors.New("the schema is too large")
	// ErrReference: a $ref leads out of the schema or nowhere.
	ErrReference = errors.New("the schema has a $ref that leads nowhere in it")
	// ErrAnything: the schema says nothing about the value.
	ErrAnything = errors.New("the schema allows anything")
)

// maxDepth is how deep a schema may nest, $refs in place.
const maxDepth = 100

// word returns a member's name. Names of keywords are hardly ever escaped.
func word(key []byte) string {
	if bytes.IndexByte(key, '\\') < 0 {
		return string(key)
	}
	quoted := make([]byte, 0, len(key)+2)
	quoted = append(append(append(quoted, '"'), key...), '"')
	return formats.Decoded(quoted)
}

// isObject, isArray and isString report what a JSON value is.
func isObject(v []byte) bool { return len(v) > 0 && v[0] == '{' }
func isArray(v []byte) bool  { return len(v) > 0 && v[0] == '[' }
func isString(v []byte) bool { return len(v) > 1 && v[0] == '"' }

// isEmpty reports whether an object or array has nothing in it.
func isEmpty(v []byte) bool {
	return len(v) >= 2 && len(bytes.TrimSpace(v[1:len(v)-1])) == 0
}

// says reports whether a value of the keyword type is, or has in it, that type.
// Google writes types in capitals.
func says(types []byte, name string) bool {
	if isString(types) {
		return bytes.EqualFold(types[1:len(types)-1], []byte(name))
	}
	if !isArray(types) {
		return false
	}
	for e := formats.ElementsOf(types); e.Next(); {
		if v := e.Value(); isString(v) && bytes.EqualFold(v[1:len(v)-1], []byte(name)) {
			return true
		}
	}
	return false
}

// told are the keywords that go into a description.
type told []keyword

type keyword struct {
	name  string
	value []byte
}

// Bounds of what is told of a keyword: its value and its name.
const (
	maxTold = 512
	maxName = 64
)

// add notes a keyword. A value that is too long is named only.
func (t *told) add(name string, value []byte) {
	if len(value) > maxTold {
		value = []byte("…")
	}
	*t = append(*t, keyword{name, value})
}

// appendDescription appends the literal of a description, nil if there is none,
// with the keywords behind it in the form of Anthropic's SDKs:
//
//	the client's text\n\n{minimum: 1, maximum: 5}
//
// Names are the client's text too, whose escapes are resolved.
func (t told) appendDescription(dst, description []byte) []byte {
	if len(t) == 0 {
		return append(dst, description...)
	}
	dst = append(dst, '"')
	if len(description) > 2 {
		dst = append(append(dst, description[1:len(description)-1]...), `\n\n`...)
	}
	dst = append(dst, '{')
	for i, k := range t {
		if i > 0 {
			dst = append(dst, ", "...)
		}
		dst = append(appendWithin(dst, []byte(llm.Clip(k.name, maxName))), ": "...)
		dst = appendWithin(dst, k.value)
	}
	return append(dst, `}"`...)
}

// appendWithin appends a text inside of a literal.
func appendWithin(dst, text []byte) []byte {
	quoted := formats.AppendQuoted(nil, text)
	return append(dst, quoted[1:len(quoted)-1]...)
}
