package jsonschema

import (
	"bytes"

	"github.com/aiclient2api/caddy-aiclient2api/formats"
)

// AppendClosed appends a response schema as Anthropic's structured outputs
// take it (https://docs.claude.com/en/docs/build-with-claude/structured-outputs#json-schema-limitations):
// every object is closed, oneOf is anyOf, limits and formats that are not known
// there stand in the description, where Anthropic's own SDKs put them. allOf,
// which closed objects would contradict, is merged. Of two unions of one value
// the second is told only. lossy reports a changed meaning. The error is that of
// a schema which cannot be said so: one that contains itself, or an object in it
// that may have any members.
func (b *Budget) AppendClosed(dst, schema []byte) (out []byte, lossy bool, err error) {
	schema = bytes.TrimSpace(schema)
	if !isObject(schema) || isEmpty(schema) {
		return dst, false, ErrAnything
	}
	b = b.or(schema)
	if schema, err = b.Current(schema); err != nil {
		return dst, false, err
	}
	c := closer{document: document{Budget: b, root: schema}, base: len(dst)}
	if bytes.Contains(schema, []byte(`"$ref"`)) {
		if err := c.rings(schema, map[string]bool{`"#"`: true}, 0); err != nil {
			return dst, false, err
		}
	}
	out = c.append(dst, schema, 0)
	switch {
	case c.err != nil:
		return dst, false, c.err
	case !c.made(len(out) - len(dst)):
		return dst, false, ErrSize
	}
	return out, c.lossy, nil
}

// closer writes closed schemas.
type closer struct {
	document
	base  int // of what is written
	lossy bool
	err   error
}

// open reports whether a schema is that of an object with any members, of
// which closing would leave {}.
func (c *closer) open(schema []byte) bool {
	object := false
	for m := formats.MembersOf(schema); m.Next(); {
		switch v := m.Value(); word(m.Key) {
		case "type":
			object = says(v, "object")
		case "properties":
			if !isEmpty(v) {
				return false
			}
		case "additionalProperties":
			if string(v) == "false" {
				return false
			}
		case "anyOf", "oneOf", "allOf", "$ref", "enum", "const":
			return false
		}
	}
	return object
}

// append appends one schema.
func (c *closer) append(dst, schema []byte, depth int) []byte {
	if depth > maxDepth || !c.read(schema) || len(dst)-c.base > c.writing {
		c.err = ErrSize
	}
	if c.err != nil || !isObject(schema) {
		return append(dst, schema...)
	}
	var kind, description, properties, list, tuple, items []byte
	for m := formats.MembersOf(schema); m.Next(); {
		switch v := m.Value(); word(m.Key) {
		case "type":
			kind = v
		case "description":
			description = v
		case "properties":
			properties = v
		case "allOf":
			list = v
		case "prefixItems":
			if isArray(v) && !isEmpty(v) {
				tuple = v
			}
		case "items":
			items = v
		}
	}
	if isArray(list) {
		merged := c.merged(schema, list)
		if merged == nil {
			c.err = ErrSize
			return dst
		}
		return c.append(dst, merged, depth+1)
	}
	if says(kind, "object") && c.open(schema) {
		c.err = ErrAnything
		return dst
	}
	var rest told
	dst = append(dst, '{')
	if kind == nil && properties != nil {
		dst = append(dst, `"type":"object"`...)
	}
	union := false // the value is one of several
	for m := formats.MembersOf(schema); m.Next(); {
		switch name := word(m.Key); {
		case tuple != nil && name == "prefixItems":
			dst = c.elements(appendMember(dst, "items"), tuple, items, depth)
		case tuple != nil && name == "items":
		case union && (name == "anyOf" || name == "oneOf"):
			c.lossy = true
			rest.add(name, m.Value())
		default:
			union = union || name == "anyOf" || name == "oneOf"
			dst = c.member(dst, name, m.Key, m.Value(), &rest, depth)
		}
	}
	if says(kind, "object") || properties != nil {
		dst = append(appendMember(dst, "additionalProperties"), "false"...)
	}
	if !isString(description) {
		description = nil
	}
	if len(rest) > 0 || description != nil {
		dst = rest.appendDescription(appendMember(dst, "description"), description)
	}
	return append(dst, '}')
}

// member appends a member of a schema, or notes it for the description.
func (c *closer) member(dst []byte, name string, key, v []byte, rest *told, depth int) []byte {
	switch name {
	case "description", "$schema", "$id", "$comment", "examples", "example", "propertyOrdering":
		return dst
	case "additionalProperties":
		c.lossy = c.lossy || string(v) != "false"
		return dst
	case "properties", "$defs", "definitions":
		return c.named(appendMember(dst, key), v, depth)
	case "items":
		return c.append(appendMember(dst, key), v, depth+1)
	case "anyOf", "oneOf":
		return c.listed(appendMember(dst, "anyOf"), v, depth)
	case "minItems":
		if n, ok := formats.Int(v); ok && n <= 1 {
			return append(appendMember(dst, key), v...)
		}
	case "format":
		if known(v) {
			return append(appendMember(dst, key), v...)
		}
	case "$ref":
		if len(v) < 2 || v[1] != '#' {
			c.err = ErrReference
		}
		return append(appendMember(dst, key), v...)
	case "type": // Google writes it in capitals
		return append(appendMember(dst, key), bytes.ToLower(v)...)
	case "title", "enum", "const", "required", "default":
		return append(appendMember(dst, key), v...)
	}
	c.lossy = true
	rest.add(name, v)
	return dst
}

// elements appends a tuple, which Anthropic does not have, as what each of its
// elements may be.
func (c *closer) elements(dst, tuple, items []byte, depth int) []byte {
	c.lossy = true
	dst = c.listed(append(dst, `{"anyOf":`...), tuple, depth)
	if isObject(items) {
		if dst[len(dst)-2] == '[' {
			dst = dst[:len(dst)-1]
		} else {
			dst[len(dst)-1] = ','
		}
		dst = append(c.append(dst, items, depth+1), ']')
	}
	return append(dst, '}')
}

// known reports whether Anthropic enforces a format of strings.
func known(format []byte) bool {
	switch string(format) {
	case `"date-time"`, `"time"`, `"date"`, `"duration"`, `"email"`, `"hostname"`, `"uri"`, `"ipv4"`, `"ipv6"`, `"uuid"`:
		return true
	}
	return false
}

// named appends an object of schemas.
func (c *closer) named(dst, object []byte, depth int) []byte {
	if !isObject(object) {
		return append(dst, object...)
	}
	dst = append(dst, '{')
	for m := formats.MembersOf(object); m.Next() && c.err == nil; {
		dst = c.append(appendMember(dst, m.Key), m.Value(), depth+1)
	}
	return append(dst, '}')
}

// listed appends an array of schemas.
func (c *closer) listed(dst, array []byte, depth int) []byte {
	if !isArray(array) {
		return append(dst, array...)
	}
	dst = append(dst, '[')
	for e := formats.ElementsOf(array); e.Next() && c.err == nil; {
		if dst[len(dst)-1] != '[' {
			dst = append(dst, ',')
		}
		dst = c.append(dst, e.Value(), depth+1)
	}
	return append(dst, ']')
}

// merged returns a schema with the schemas of its allOf in it. Those of objects
// become one object; a single one of another type lends its members. It is nil
// if that grows too large.
func (c *closer) merged(schema, list []byte) []byte {
	var parts composite
	count, objects := 0, true
	var last []byte
	for e := formats.ElementsOf(list); e.Next(); count++ {
		last = e.Value()
		objects = objects && c.isOfObject(last, 0)
	}
	if count > 0 && objects && (count > 1 || !isEmpty(last)) && !c.single(schema, count, last) {
		c.lossy = !c.collect(&parts, schema, 0) || parts.lossy || c.lossy
		if c.reading <= 0 || !c.made(parts.size+len(schema)) {
			return nil
		}
		return parts.append(nil, schema)
	}
	if !c.made(len(schema)) {
		return nil
	}
	c.lossy = c.lossy || count > 1
	out := []byte{'{'}
	own := make(map[string]bool)
	for m := formats.MembersOf(schema); m.Next(); {
		if name := word(m.Key); name != "allOf" {
			own[name] = true
			out = append(appendMember(out, m.Key), m.Value()...)
		}
	}
	for e := formats.ElementsOf(list); e.Next(); {
		if !isObject(e.Value()) {
			continue
		}
		for m := formats.MembersOf(e.Value()); m.Next(); {
			name := word(m.Key)
			if own[name] {
				c.lossy = c.lossy || name != "description" && name != "title"
				continue
			}
			own[name] = true
			out = append(appendMember(out, m.Key), m.Value()...)
		}
	}
	return append(out, '}')
}

// single reports whether an allOf is nothing but a $ref with annotations beside
// it, which can stand together.
func (c *closer) single(schema []byte, count int, last []byte) bool {
	if count != 1 {
		return false
	}
	for m := formats.MembersOf(schema); m.Next(); {
		switch word(m.Key) {
		case "properties", "required", "$ref", "anyOf", "oneOf":
			return false
		}
	}
	return isObject(last)
}

// isOfObject reports whether a schema, $refs followed, is one of an object.
func (d *document) isOfObject(schema []byte, depth int) bool {
	if depth > 16 || !isObject(schema) || !d.read(schema) {
		return false
	}
	for m := formats.MembersOf(schema); m.Next(); {
		switch v := m.Value(); word(m.Key) {
		case "type":
			return says(v, "object")
		case "properties", "required":
			return true
		case "$ref":
			target, ok := d.find(v)
			return ok && d.isOfObject(target, depth+1)
		case "allOf":
			for e := formats.ElementsOf(v); e.Next(); {
				if d.isOfObject(e.Value(), depth+1) {
					return true
				}
			}
		}
	}
	return false
}
