package jsonschema

import (
	"math/bits"
	"strings"

	"github.com/aiclient2api/caddy-aiclient2api/formats"
)

// types is a set of the types of JSON values.
type types uint8

const (
	texts types = 1 << iota
	fractions
	integers
	booleans
	arrays
	objects
	nulls

	numbers = fractions | integers // "number" is both
)

// typeNames are the types in Google's words; JSON Schema has them in small
// letters.
var typeNames = [...]struct {
	set  types
	name string
}{
	{texts, "STRING"}, {numbers, "NUMBER"}, {integers, "INTEGER"}, {booleans, "BOOLEAN"}, {arrays, "ARRAY"}, {objects, "OBJECT"}, {nulls, "NULL"},
}

// typesOf returns the types that a value of the keyword type allows, 0 for none
// that is known.
func typesOf(v []byte) (set types) {
	if isString(v) {
		for _, t := range typeNames {
			if strings.EqualFold(string(v[1:len(v)-1]), t.name) {
				return t.set
			}
		}
		return 0
	}
	if isArray(v) {
		for e := formats.ElementsOf(v); e.Next(); {
			if isString(e.Value()) {
				set |= typesOf(e.Value())
			}
		}
	}
	return set
}

// split returns the types of a set, one by one.
func (t types) split() (list []types) {
	for rest := t; rest != 0; {
		one := types(1) << bits.TrailingZeros8(uint8(rest))
		if rest&numbers == numbers && one&numbers != 0 {
			one = numbers
		}
		list = append(list, one)
		rest &^= one
	}
	return list
}

// name is Google's word for a single type.
func (t types) name() string {
	for _, n := range typeNames {
		if n.set == t {
			return n.name
		}
	}
	if t == fractions {
		return "NUMBER"
	}
	return "STRING"
}

// restrict adds the types that a schema allows. Null is what Google calls
// nullable, unless nothing else is allowed.
func (f *facets) restrict(v []byte) {
	set := typesOf(v)
	if set == 0 {
		return
	}
	if set != nulls && set&nulls != 0 {
		f.nullable = true
		set &^= nulls
	}
	if f.typed {
		if both := f.types & set; both != 0 {
			f.types = both
		} else {
			f.changed = true
		}
		return
	}
	f.types, f.typed = set, true
}

// infer finds the type of a value from what else is said of it.
func (f *facets) infer() (set types, known bool) {
	switch {
	case len(f.values) > 0 || len(f.required) > 0 || f.open:
		return objects, true
	case len(f.items) > 0 || len(f.tuple) > 0:
		return arrays, true
	}
	for i, l := range limits {
		if f.limits[i] != nil {
			return l.of, true
		}
	}
	return texts, f.format != nil
}
