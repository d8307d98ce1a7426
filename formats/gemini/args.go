package gemini

import (
	"slices"
	"strings"

	"github.com/aiclient2api/caddy-aiclient2api/formats"
	"github.com/aiclient2api/caddy-aiclient2api/llm"
)

// Bounds of arguments that are streamed.
const (
	maxArgs  = 1 << 20 // bytes, nodes included
	maxIndex = 1 << 12 // of a list
	maxSteps = 64      // of a path
	nodeSize = 64
	many     = 32 // members, which are looked up one by one below
)

// arguments collects the arguments of one call out of its pieces, each of
// which names its place by a JSON path: $.list[0].name
// (https://cloud.google.com/vertex-ai/generative-ai/docs/reference/rest/v1/Content#PartialArg).
// A text comes in several pieces of one place.
type arguments struct {
	root *node
	size int
}

// node is a value: an object or list of nodes, a text that may grow, or any
// other JSON.
type node struct {
	kind  nodeKind
	key   string  // in the object that it is a member of
	items []*node // of an object or a list
	// places are those of an object's items, by key, if they are many.
	places map[string]int
	bytes  []byte // of a text, without quotes, or of other JSON
}

type nodeKind uint8

const (
	unset nodeKind = iota
	object
	array
	growing // a text
	fixed   // other JSON
)

// seed takes arguments that came whole with the first piece.
func (a *arguments) seed(args []byte) bool {
	if args == nil {
		return true
	}
	if args[0] != '{' || !formats.Valid(args) || !a.pay(len(args)) {
		return false
	}
	if a.root == nil {
		a.root = new(node)
	}
	*a.root = node{kind: fixed, bytes: append([]byte(nil), args...)}
	return true
}

// add takes a list of pieces. It returns false for one that it does not
// understand, and for arguments that grow too large.
func (a *arguments) add(pieces []byte) bool {
	if a.root == nil {
		a.root = &node{kind: object}
	}
	if pieces == nil {
		return true
	}
	e := formats.ElementsOf(pieces)
	for e.Next() {
		if !a.piece(e.Value()) {
			return false
		}
	}
	return e.Err() == nil
}

// piece takes one.
func (a *arguments) piece(raw []byte) bool {
	var path llm.Literal
	var text, value []byte
	m := formats.MembersOf(raw)
	for m.Next() {
		switch string(m.Key) {
		case "jsonPath":
			path = formats.AsLiteral(m.Value())
		case "stringValue":
			text = m.Value()
		case "numberValue", "boolValue", "structValue", "listValue":
			value = m.Value()
		case "nullValue":
			value = []byte("null")
		}
	}
	if m.Err != nil || path == nil {
		return false
	}
	at := a.place(formats.Decoded(path))
	if at == nil {
		return false
	}
	switch {
	case text != nil && !formats.IsNull(text):
		l := formats.AsLiteral(text)
		if l == nil || !a.pay(len(l)) {
			return false
		}
		if at.kind != growing {
			*at = node{kind: growing, key: at.key}
		}
		at.bytes = append(at.bytes, l.Inner()...)
	case value != nil:
		if !formats.Valid(value) || !a.pay(len(value)) {
			return false
		}
		*at = node{kind: fixed, key: at.key, bytes: append([]byte(nil), value...)}
	case at.kind == unset:
		at.kind, at.bytes = fixed, []byte("null")
	}
	return true
}

// pay reports whether the arguments may grow by n bytes.
func (a *arguments) pay(n int) bool {
	a.size += n
	return a.size <= maxArgs
}

// place returns the node of a path, which it makes if there is none; nil for a
// path that it does not understand.
func (a *arguments) place(path string) *node {
	path, ok := strings.CutPrefix(path, "$")
	if !ok {
		return nil
	}
	at := a.root
	for steps := 0; path != ""; steps++ {
		var s step
		if path, ok = s.cut(path); !ok || steps == maxSteps {
			return nil
		}
		if at.kind == fixed && !a.expand(at) {
			return nil
		}
		if at = a.child(at, s); at == nil {
			return nil
		}
	}
	return at
}

// child returns a member or element of a node. A value of another kind in its
// place gives way.
func (a *arguments) child(at *node, s step) *node {
	if !s.indexed {
		if at.kind != object {
			*at = node{kind: object, key: at.key}
		}
		if item := at.find(s.key); item != nil {
			return item
		}
		if !a.pay(nodeSize + len(s.key)) {
			return nil
		}
		if at.places != nil {
			at.places[s.key] = len(at.items)
		}
		at.items = append(at.items, &node{key: s.key})
		return at.items[len(at.items)-1]
	}
	if at.kind != array {
		*at = node{kind: array, key: at.key}
	}
	for len(at.items) <= s.index {
		if !a.pay(nodeSize) {
			return nil
		}
		at.items = append(at.items, new(node))
	}
	return at.items[s.index]
}

// find returns the last member of that name, nil if there is none.
func (n *node) find(key string) *node {
	if len(n.items) >= many {
		if n.places == nil {
			n.places = make(map[string]int, 2*len(n.items))
			for i, item := range n.items {
				n.places[item.key] = i
			}
		}
		if i, ok := n.places[key]; ok {
			return n.items[i]
		}
		return nil
	}
	for _, item := range slices.Backward(n.items) { // the last is the likely one
		if item.key == key {
			return item
		}
	}
	return nil
}

// expand makes nodes of the members or elements of a value that came whole.
func (a *arguments) expand(at *node) bool {
	switch raw := at.bytes; raw[0] {
	case '{':
		*at = node{kind: object, key: at.key}
		m := formats.MembersOf(raw)
		for m.Next() {
			if !a.pay(nodeSize) {
				return false
			}
			at.items = append(at.items, &node{kind: fixed, key: keyOf(m.Key), bytes: m.Value()})
		}
	case '[':
		*at = node{kind: array, key: at.key}
		e := formats.ElementsOf(raw)
		for e.Next() {
			if !a.pay(nodeSize) {
				return false
			}
			at.items = append(at.items, &node{kind: fixed, bytes: e.Value()})
		}
	}
	for _, item := range at.items {
		if item.bytes[0] == '"' { // it may grow
			item.kind, item.bytes = growing, append([]byte(nil), item.bytes[1:len(item.bytes)-1]...)
		}
	}
	return true
}

// keyOf returns the name of a member, its escapes resolved.
func keyOf(raw []byte) string {
	quoted := append(append(append(make([]byte, 0, len(raw)+2), '"'), raw...), '"')
	return formats.Decoded(quoted)
}

// append appends the node as JSON.
func (n *node) append(dst []byte) []byte {
	switch n.kind {
	case object:
		dst = append(dst, '{')
		for i, item := range n.items {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = append(formats.AppendString(dst, item.key), ':')
			dst = item.append(dst)
		}
		return append(dst, '}')
	case array:
		dst = append(dst, '[')
		for i, item := range n.items {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = item.append(dst)
		}
		return append(dst, ']')
	case growing:
		return append(append(append(dst, '"'), n.bytes...), '"')
	case fixed:
		return append(dst, n.bytes...)
	default:
		return append(dst, "null"...)
	}
}

// step is one step of a JSON path: .key, ['key'] or [0].
type step struct {
	key     string
	index   int
	indexed bool
}

// cut takes the first step of a path.
func (s *step) cut(path string) (rest string, ok bool) {
	if path[0] == '.' {
		end := strings.IndexAny(path[1:], ".[")
		if end < 0 {
			end = len(path) - 1
		}
		s.key = path[1 : 1+end]
		return path[1+end:], s.key != "" && s.key != "*"
	}
	if len(path) < 3 || path[0] != '[' {
		return "", false
	}
	if quote := path[1]; quote == '\'' || quote == '"' {
		s.key, rest, ok = strings.Cut(path[2:], string(quote)+"]")
		return rest, ok
	}
	number, rest, ok := strings.Cut(path[1:], "]")
	s.indexed = true
	for _, c := range number {
		if c < '0' || c > '9' {
			return "", false
		}
		if s.index = s.index*10 + int(c-'0'); s.index >= maxIndex {
			return "", false
		}
	}
	return rest, ok && number != ""
}
