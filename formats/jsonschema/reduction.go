package jsonschema

import (
	"bytes"
	"slices"
	"strconv"

	"github.com/aiclient2api/caddy-aiclient2api/formats"
)

// append appends the schema of a value of which all sources say something.
func (r *reducer) append(dst []byte, all []source, depth int) []byte {
	var f facets
	for _, s := range all {
		r.gather(&f, s, depth)
	}
	return r.write(dst, &f, depth)
}

// write appends the schema of a value of which all is gathered.
func (r *reducer) write(dst []byte, f *facets, depth int) []byte {
	if depth > maxDepth || len(dst)-r.base > r.writing {
		r.fail(ErrSize)
	}
	if r.err != nil {
		return dst
	}
	if r.settle(f, depth); len(f.union) > 1 {
		return r.writeUnion(dst, f, len(f.union), depth, func(b *facets, i int) { r.gather(b, f.union[i], depth+1) })
	}
	if f.isEnum {
		r.texts(f)
	}
	if !f.typed {
		types, known := f.infer()
		f.types = types
		r.lossy = r.lossy || !known // anything is not a text
		if !known && f.nullable && f.isEnum {
			f.types = nulls
		}
	}
	if kinds := f.types.split(); len(kinds) > 1 {
		return r.writeUnion(dst, f, len(kinds), depth, func(b *facets, i int) { b.types = kinds[i] })
	}
	return r.writeOne(dst, f, depth)
}

// settle takes out of a union what is no alternative: null makes the value
// nullable, and of a single schema all is said of the value itself.
func (r *reducer) settle(f *facets, depth int) {
	for len(f.union) > 0 && r.err == nil {
		union := slices.DeleteFunc(slices.Clone(f.union), func(s source) bool { return isNull(s.raw) })
		f.nullable = f.nullable || len(union) < len(f.union)
		f.union = union
		if len(union) > 1 {
			return
		}
		f.union = nil
		switch {
		case len(union) == 1:
			depth++
			r.gather(f, union[0], depth)
		case !f.typed:
			f.types, f.typed = nulls, true
		}
	}
}

// branch returns a copy of the facets for an alternative: without the union,
// and what is said of the value in any case.
func (f *facets) branch() *facets {
	b := *f
	b.union = nil
	b.title, b.description, b.sample, b.fallback, b.told = nil, nil, nil, nil, nil
	b.nullable = false
	b.values, b.places = slices.Clone(f.values), nil
	for i := range b.values {
		b.values[i].all = slices.Clip(b.values[i].all)
	}
	b.required = slices.Clip(f.required)
	b.enum = slices.Clip(f.enum)
	b.items = slices.Clip(f.items)
	b.tuple = slices.Clip(f.tuple)
	return &b
}

// weight is what it costs to copy the facets for an alternative, and to look
// at them there again.
func (f *facets) weight() int {
	n := 16 * (1 + len(f.values) + len(f.required) + len(f.enum) + len(f.items) + len(f.tuple))
	for _, p := range f.values {
		n += len(p.key)
	}
	for _, list := range [...][][]byte{f.required, f.enum, {f.ordering}} {
		for _, v := range list {
			n += len(v)
		}
	}
	for _, t := range f.tuple {
		n += len(t.raw)
	}
	return n
}

// isNull reports whether a schema allows null only.
func isNull(schema []byte) bool {
	if !isObject(schema) || len(schema) > 512 {
		return false
	}
	null := false
	for m := formats.MembersOf(schema); m.Next(); {
		switch v := m.Value(); word(m.Key) {
		case "type":
			null = typesOf(v) == nulls
		case "const":
			null = string(v) == "null"
		case "anyOf", "oneOf", "allOf":
			return false
		}
	}
	return null
}

// texts makes the values of an enum texts: Google has no others. Empty ones are
// refused there.
func (r *reducer) texts(f *facets) {
	var list [][]byte
	for _, v := range f.enum {
		switch {
		case isString(v):
			if len(v) > 2 {
				list = append(list, v)
			} else {
				r.lossy = true
			}
		case string(v) == "null":
			f.nullable = true
		case isObject(v) || isArray(v):
			f.told.add("const", v)
			r.lossy = true
		default:
			r.lossy = true
			list = append(list, formats.AppendQuoted(nil, v))
		}
	}
	f.enum = list
	switch {
	case len(list) > 0:
		f.types, f.typed, f.format = texts, true, nil
	case f.nullable && !f.typed && len(f.told) == 0:
		f.types, f.typed = nulls, true
	}
}

// writeUnion appends a schema that is one of several. say adds to what is said
// in any case what the i-th says.
func (r *reducer) writeUnion(dst []byte, f *facets, n, depth int, say func(b *facets, i int)) []byte {
	r.lossy = r.lossy || len(f.told) > 0 || f.changed
	dst = f.writeNotes(append(dst, '{'))
	dst = append(appendMember(dst, "anyOf"), '[')
	weight := f.weight()
	for i := range n {
		if !r.work(weight) {
			r.fail(ErrSize)
		}
		if r.err != nil {
			return dst
		}
		if i > 0 {
			dst = append(dst, ',')
		}
		b := f.branch()
		say(b, i)
		dst = r.write(dst, b, depth+1)
	}
	return append(dst, "]}"...)
}

// writeOne appends a schema of one type.
func (r *reducer) writeOne(dst []byte, f *facets, depth int) []byte {
	dst = append(append(append(dst, `{"type":"`...), f.types.name()...), '"')
	f.exclude()
	r.lossy = r.lossy || len(f.told) > 0 || f.changed
	if f.format != nil {
		if knows(f.types, f.format) {
			dst = append(appendMember(dst, "format"), f.format...)
		} else {
			f.told.add("format", f.format)
		}
	}
	dst = f.writeNotes(dst)
	for i, l := range limits {
		if v := f.limits[i]; v != nil && l.of&f.types != 0 {
			dst = append(appendMember(dst, l.name), v...)
		}
	}
	switch f.types {
	case texts:
		if len(f.enum) > 0 {
			dst = appendList(appendMember(dst, "enum"), f.enum)
		}
	case arrays:
		dst = r.writeItems(appendMember(dst, "items"), f, depth)
	case objects:
		dst = r.writeProperties(dst, f, depth)
	}
	return append(dst, '}')
}

// writeNotes appends what is said of the value whatever its type.
func (f *facets) writeNotes(dst []byte) []byte {
	if f.title != nil {
		dst = append(appendMember(dst, "title"), f.title...)
	}
	if f.description != nil || len(f.told) > 0 {
		dst = f.told.appendDescription(appendMember(dst, "description"), f.description)
	}
	if f.nullable && f.types != nulls {
		dst = append(appendMember(dst, "nullable"), "true"...)
	}
	if f.fallback != nil {
		dst = append(appendMember(dst, "default"), f.fallback...)
	}
	if f.sample != nil {
		dst = append(appendMember(dst, "example"), f.sample...)
	}
	return dst
}

// knows reports whether Google takes a format.
func knows(t types, format []byte) bool {
	switch string(format) {
	case `"enum"`, `"date-time"`:
		return t == texts
	case `"int32"`, `"int64"`:
		return t == integers
	case `"float"`, `"double"`:
		return t&fractions != 0
	}
	return false
}

// writeItems appends the schema of an array's elements, which Google requires.
func (r *reducer) writeItems(dst []byte, f *facets, depth int) []byte {
	if len(f.tuple) == 0 {
		return r.append(dst, f.items, depth+1)
	}
	r.lossy = true
	different := slices.CompactFunc(slices.Clone(f.tuple), func(a, b source) bool { return bytes.Equal(a.raw, b.raw) })
	if len(f.items) == 1 {
		different = append(different, f.items[0])
	}
	return r.write(dst, &facets{union: different}, depth+1)
}

// writeProperties appends the properties of an object. Google refuses required
// ones that are not among them.
func (r *reducer) writeProperties(dst []byte, f *facets, depth int) []byte {
	if len(f.values) == 0 {
		return dst
	}
	dst = append(appendMember(dst, "properties"), '{')
	for _, p := range f.values {
		if r.err != nil {
			return dst
		}
		dst = r.append(appendMember(dst, p.key), p.all, depth+1)
	}
	dst = append(dst, '}')
	dst = f.writeNames(dst, "required", f.required)
	var order [][]byte
	if f.ordering != nil {
		for e := formats.ElementsOf(f.ordering); e.Next(); {
			order = append(order, e.Value())
		}
	}
	return f.writeNames(dst, "propertyOrdering", order)
}

// writeNames appends a list of those names that are properties, each once.
func (f *facets) writeNames(dst []byte, member string, names [][]byte) []byte {
	if len(names) == 0 {
		return dst
	}
	open := make(map[string]bool, len(f.values))
	for _, p := range f.values {
		open[word(p.key)] = true
	}
	var list [][]byte
	for _, n := range names {
		if name := formats.Decoded(n); isString(n) && open[name] {
			delete(open, name)
			list = append(list, n)
		}
	}
	if len(list) == 0 {
		return dst
	}
	return appendList(appendMember(dst, member), list)
}

// exclude says an exclusive limit of an integer as an inclusive one.
func (f *facets) exclude() {
	if f.types != integers {
		return
	}
	f.told = slices.DeleteFunc(slices.Clone(f.told), func(k keyword) bool {
		step, name := int64(1), "minimum"
		switch k.name {
		case "exclusiveMinimum":
		case "exclusiveMaximum":
			step, name = -1, "maximum"
		default:
			return false
		}
		n, ok := formats.Int(k.value)
		if !ok || bytes.ContainsAny(k.value, ".eE") {
			return false
		}
		for i, l := range limits {
			if l.name == name && f.limits[i] == nil {
				f.limits[i] = strconv.AppendInt(nil, n+step, 10)
				return true
			}
		}
		return false
	})
}
