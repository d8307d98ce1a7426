package jsonschema

import (
	"net/url"
	"strconv"
	"strings"

	"github.com/aiclient2api/caddy-aiclient2api/formats"
)

// document is a whole schema, in which $refs are looked up, at the expense of
// a budget.
type document struct {
	*Budget
	root []byte
	// inside are the values of the members of each object, or the elements of
	// each array, that a pointer has led through.
	inside map[string]map[string][]byte
}

// pointed resolves the escapes of a JSON pointer.
var pointed = strings.NewReplacer("~1", "/", "~0", "~")

// find returns the value that the literal of a $ref leads to: a JSON pointer in
// a fragment (https://www.rfc-editor.org/rfc/rfc6901#section-6).
func (d *document) find(ref []byte) (value []byte, ok bool) {
	if !isString(ref) || len(ref) > 1024 {
		return nil, false
	}
	pointer, err := url.PathUnescape(formats.Decoded(ref))
	if err != nil {
		return nil, false
	}
	pointer, ok = strings.CutPrefix(pointer, "#")
	if !ok || pointer != "" && pointer[0] != '/' {
		return nil, false
	}
	value = d.root
	for at := 0; at < len(pointer); {
		end := strings.IndexByte(pointer[at+1:], '/')
		if end < 0 {
			end = len(pointer)
		} else {
			end += at + 1
		}
		name := pointed.Replace(pointer[at+1 : end])
		if value, ok = d.members(pointer[:at], value)[name]; !ok {
			return nil, false
		}
		at = end
	}
	return value, true
}

// members returns what stands in the value at a pointer, by name.
func (d *document) members(pointer string, value []byte) map[string][]byte {
	if !d.work(len(pointer) + 16) {
		return nil
	}
	if in, known := d.inside[pointer]; known || !d.read(value) {
		return in
	}
	in := make(map[string][]byte)
	if isObject(value) {
		for m := formats.MembersOf(value); m.Next(); {
			in[word(m.Key)] = m.Value()
		}
	} else if isArray(value) {
		for e := formats.ElementsOf(value); e.Next(); {
			in[strconv.Itoa(len(in))] = e.Value()
		}
	}
	if d.inside == nil {
		d.inside = make(map[string]map[string][]byte)
	}
	d.inside[pointer] = in
	return in
}
