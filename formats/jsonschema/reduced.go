package jsonschema

import (
	"bytes"

	"github.com/aiclient2api/caddy-aiclient2api/formats"
)

// AppendReduced appends a schema as Google's Schema, a subset of OpenAPI's
// (https://ai.google.dev/api/caching#Schema): types in capitals, $refs and
// allOf in place, const as enum, enums of texts only, lists of types and unions
// with null as nullable or anyOf. Properties keep their order. What a Schema
// has no word for is told in its description. lossy reports a changed meaning.
//
// The parameters of a function must be an object: AppendToolInput first brings
// a union at the top into one.
func (b *Budget) AppendReduced(dst, schema []byte) (out []byte, lossy bool, err error) {
	schema = bytes.TrimSpace(schema)
	b = b.or(schema)
	if schema, err = b.Current(schema); err != nil {
		return dst, false, err
	}
	r := reducer{document: document{Budget: b, root: schema}, base: len(dst)}
	out = r.append(dst, []source{{raw: schema}}, 0)
	if !r.made(len(out) - len(dst)) {
		r.fail(ErrSize)
	}
	if r.err != nil {
		return dst, false, r.err
	}
	return out, r.lossy, nil
}

// reducer writes reduced schemas. Invariant: len(out) - base is no more than
// may be written, but for the last thing that was appended.
type reducer struct {
	document
	base  int // of what is written
	lossy bool
	err   error
}

// source is a schema to read, and the $refs that led to it, against rings.
type source struct {
	raw []byte
	via *reference
}

type reference struct {
	to []byte // literal
	up *reference
}

// facets are all that is said of one value, by one schema or several at once.
// The first that says something has the word.
type facets struct {
	types    types
	typed    bool
	nullable bool
	open     bool // there is talk of additional properties

	title, description, format, sample, fallback []byte

	enum     [][]byte // values, as they are
	isEnum   bool
	values   []valueOf
	places   map[string]int // of values, by name; nil if it is not made yet
	required [][]byte       // literals
	ordering []byte
	items    []source // what is said of each element at once
	tuple    []source // what is said of one element or another
	union    []source
	limits   [len(limits)][]byte
	told     told
	changed  bool // what a part says is left out
}

// valueOf is a property: all that is said of it at once.
type valueOf struct {
	key []byte
	all []source
}

// limit is a keyword that limits values of a type.
type limit struct {
	name string
	of   types
	text bool // its value is a text, else a number
}

// limits are those that a Schema has too.
var limits = [...]limit{
	{"minLength", texts, false},
	{"maxLength", texts, false},
	{"pattern", texts, true},
	{"minimum", numbers, false},
	{"maximum", numbers, false},
	{"minItems", arrays, false},
	{"maxItems", arrays, false},
	{"minProperties", objects, false},
	{"maxProperties", objects, false},
}

// fail notes the first error.
func (r *reducer) fail(err error) {
	if r.err == nil {
		r.err = err
	}
}

// gather adds what a schema says. depth is that of $refs and allOf in it.
func (r *reducer) gather(f *facets, s source, depth int) {
	if depth > maxDepth || !r.read(s.raw) {
		r.fail(ErrSize)
	}
	if r.err != nil || !isObject(s.raw) {
		return
	}
	var later []source
	for m := formats.MembersOf(s.raw); m.Next(); {
		v := m.Value()
		switch name := word(m.Key); name {
		case "$ref":
			target, ok := r.follow(s, v)
			if !ok {
				return
			}
			later = append(later, target)
		case "allOf":
			later = append(later, r.each(s, v)...)
		case "anyOf", "oneOf":
			if f.union != nil {
				f.told.add(name, v)
				continue
			}
			f.union = r.each(s, v)
		case "properties":
			r.properties(f, s, v)
		case "items", "prefixItems":
			switch {
			case isArray(v):
				f.tuple = append(f.tuple, r.each(s, v)...)
			case string(v) != "false":
				f.items = append(f.items, source{v, s.via})
			}
		default:
			f.keyword(name, v)
		}
	}
	for _, l := range later {
		r.gather(f, l, depth+1)
	}
}

// follow returns the schema that a $ref leads to.
func (r *reducer) follow(s source, ref []byte) (source, bool) {
	for up := s.via; up != nil; up = up.up {
		if bytes.Equal(up.to, ref) {
			r.fail(ErrRing)
			return source{}, false
		}
	}
	target, ok := r.find(ref)
	switch {
	case r.reading <= 0:
		r.fail(ErrSize)
	case !ok:
		r.fail(ErrReference)
	}
	return source{target, &reference{ref, s.via}}, ok
}

// each returns the schemas of a list.
func (r *reducer) each(s source, list []byte) (out []source) {
	if !isArray(list) {
		return nil
	}
	for e := formats.ElementsOf(list); e.Next(); {
		if v := e.Value(); string(v) != "false" {
			out = append(out, source{v, s.via})
		}
	}
	return out
}

// properties adds properties. A property that may not be there is left out.
func (r *reducer) properties(f *facets, s source, object []byte) {
	if !isObject(object) {
		return
	}
	fresh := len(f.values) == 0 // the names of one schema differ
	if !fresh && f.places == nil {
		f.places = make(map[string]int, len(f.values))
		for i, p := range f.values {
			f.places[word(p.key)] = i
		}
	}
	for m := formats.MembersOf(object); m.Next(); {
		if string(m.Value()) == "false" {
			continue
		}
		if !r.work(64) {
			r.fail(ErrSize)
			return
		}
		said := source{m.Value(), s.via}
		if !fresh {
			name := word(m.Key)
			if at, ok := f.places[name]; ok {
				f.values[at].all = append(f.values[at].all, said)
				continue
			}
			f.places[name] = len(f.values)
		}
		f.values = append(f.values, valueOf{m.Key, []source{said}})
	}
}

// keyword adds what one of the simple keywords says.
func (f *facets) keyword(name string, v []byte) {
	switch name {
	case "type":
		f.restrict(v)
	case "nullable":
		f.nullable = f.nullable || string(v) == "true"
	case "enum", "const":
		f.enumerate(name, v)
	case "required":
		if isArray(v) {
			for e := formats.ElementsOf(v); e.Next(); {
				f.required = append(f.required, e.Value())
			}
		}
	case "title":
		first(&f.title, v, isString)
	case "description":
		first(&f.description, v, isString)
	case "format":
		first(&f.format, v, isString)
	case "propertyOrdering":
		first(&f.ordering, v, isArray)
	case "example":
		first(&f.sample, v, func([]byte) bool { return true })
	case "default":
		first(&f.fallback, v, func([]byte) bool { return true })
	case "additionalProperties":
		if isObject(v) && !isEmpty(v) {
			f.told.add(name, v)
		}
		f.open = true
	case "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "uniqueItems", "not", "if", "then", "else", "contains", "minContains", "maxContains",
		"dependentRequired", "dependentSchemas", "patternProperties", "propertyNames", "unevaluatedProperties", "unevaluatedItems", "additionalItems":
		if string(v) != "false" {
			f.told.add(name, v)
		}
	default:
		for i, l := range limits {
			if l.name == name {
				first(&f.limits[i], v, l.legal)
			}
		}
	}
}

// first takes a value if it is legal and none was taken.
func first(to *[]byte, v []byte, legal func([]byte) bool) {
	if *to == nil && legal(v) {
		*to = v
	}
}

// enumerate adds the values that are allowed.
func (f *facets) enumerate(name string, v []byte) {
	switch {
	case f.isEnum:
		f.told.add(name, v)
	case name == "const":
		f.isEnum = true
		f.enum = append(f.enum, v)
	case isArray(v):
		f.isEnum = true
		for e := formats.ElementsOf(v); e.Next(); {
			f.enum = append(f.enum, e.Value())
		}
	}
}

// legal reports whether a value of a limit is one that Google takes. It writes
// whole numbers as texts too.
func (l limit) legal(v []byte) bool {
	if l.text {
		return isString(v)
	}
	if isString(v) && l.of != numbers {
		v = v[1 : len(v)-1]
	}
	if formats.AsNumber(v) == nil {
		return false
	}
	for _, c := range v {
		if l.of != numbers && (c < '0' || c > '9') {
			return false
		}
	}
	return true
}
