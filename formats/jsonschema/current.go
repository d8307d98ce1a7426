package jsonschema

import (
	"bytes"

	"github.com/aiclient2api/caddy-aiclient2api/formats"
)

// This file says what older drafts of JSON Schema have other words for in those
// of draft 2020-12 (https://json-schema.org/draft/2020-12/release-notes), by
// which providers check schemas: one tool in the words of draft 4 has the whole
// request refused.
//
//   - items that is a list is prefixItems, additionalItems beside it is items;
//   - exclusiveMinimum that is true makes minimum exclusive, as Maximum does;
//   - the type any is none;
//   - required that is true stands at a property, not in a list.

// Current returns a schema in the words of draft 2020-12: itself, if there is
// nothing older in it. The error is ErrSize.
func (b *Budget) Current(schema []byte) ([]byte, error) {
	if current.knows(schema) {
		return schema, nil
	}
	if !isOld(schema) {
		current.add(schema)
		return schema, nil
	}
	c := renewer{Budget: b.or(schema)}
	out := c.append(make([]byte, 0, len(schema)), schema, 0)
	if c.large || !c.made(len(out)) {
		return nil, ErrSize
	}
	return out, nil
}

// isOld reports whether a schema may have something of an older draft in it.
// It looks at what stands around colons, also at those in texts: then it says
// so once too often.
func isOld(schema []byte) bool {
	for rest := schema; ; {
		at := bytes.IndexByte(rest, ':')
		if at < 0 {
			return false
		}
		name, value := rest[:at], rest[at+1:]
		for len(value) > 0 && (value[0] == ' ' || value[0] == '\n' || value[0] == '\t' || value[0] == '\r') {
			value = value[1:]
		}
		if len(value) == 0 {
			return false
		}
		rest = value
		switch value[0] {
		case '"':
			if bytes.HasPrefix(value, []byte(`"any"`)) {
				return true
			}
		case '[':
			name = bytes.TrimRight(name, " \t\r\n")
			if bytes.HasSuffix(name, []byte(`"items"`)) || bytes.HasSuffix(name, []byte(`"type"`)) && bytes.Contains(value, []byte(`"any"`)) {
				return true
			}
		case 't', 'f':
			name = bytes.TrimRight(name, " \t\r\n")
			if bytes.HasSuffix(name, []byte(`"required"`)) || bytes.HasSuffix(name, []byte(`"exclusiveMinimum"`)) || bytes.HasSuffix(name, []byte(`"exclusiveMaximum"`)) {
				return true
			}
		}
	}
}

// renewer writes schemas in the newer words.
type renewer struct {
	*Budget
	large bool
}

// older is what of a schema's members is said in older words.
type older struct {
	minimum, maximum   []byte   // that are exclusive
	tuple              bool     // items is a list
	rest               []byte   // additionalItems beside it
	required, listed   [][]byte // names: of properties that say so, and of the list
	prefixed, requires bool     // there are prefixItems, and a list of the required ones
}

// append appends a schema.
func (c *renewer) append(dst, schema []byte, depth int) []byte {
	if depth > maxDepth || !c.read(schema) {
		c.large = true
	}
	if c.large || !isObject(schema) {
		return append(dst, schema...)
	}
	o := olderOf(schema)
	dst = append(dst, '{')
	for m := formats.MembersOf(schema); m.Next(); {
		dst = c.member(dst, &o, m.Key, m.Value(), depth)
	}
	if len(o.required) > 0 && !o.requires {
		dst = appendList(appendMember(dst, "required"), o.required)
	}
	return append(dst, '}')
}

// olderOf looks for what is said in older words.
func olderOf(schema []byte) (o older) {
	var minimum, maximum []byte
	var least, most bool
	for m := formats.MembersOf(schema); m.Next(); {
		switch v := m.Value(); word(m.Key) {
		case "minimum":
			minimum = v
		case "maximum":
			maximum = v
		case "exclusiveMinimum":
			least = string(v) == "true"
		case "exclusiveMaximum":
			most = string(v) == "true"
		case "items":
			o.tuple = isArray(v)
		case "additionalItems":
			o.rest = v
		case "prefixItems":
			o.prefixed = true
		case "required":
			o.requires = isArray(v)
			for e := formats.ElementsOf(v); isArray(v) && e.Next(); {
				o.listed = append(o.listed, e.Value())
			}
		case "properties":
			for p := formats.MembersOf(v); isObject(v) && p.Next(); {
				if isObject(p.Value()) && string(formats.Member(p.Value(), "required")) == "true" {
					o.required = append(o.required, append(append([]byte{'"'}, p.Key...), '"'))
				}
			}
		}
	}
	if least {
		o.minimum = minimum
	}
	if most {
		o.maximum = maximum
	}
	return o
}

// member appends a member of a schema.
func (c *renewer) member(dst []byte, o *older, key, v []byte, depth int) []byte {
	switch name := word(key); name {
	case "minimum", "maximum":
		if name == "minimum" && o.minimum != nil || name == "maximum" && o.maximum != nil {
			return dst
		}
	case "exclusiveMinimum", "exclusiveMaximum":
		if string(v) != "true" && string(v) != "false" {
			break
		}
		limit := o.minimum
		if name == "exclusiveMaximum" {
			limit = o.maximum
		}
		if limit == nil {
			return dst
		}
		return append(appendMember(dst, key), limit...)
	case "type":
		if says(v, "any") {
			return dst
		}
	case "required":
		return o.appendRequired(dst, key, v)
	case "items":
		if o.tuple {
			return c.tuple(dst, o, v, depth)
		}
		return c.append(appendMember(dst, key), v, depth+1)
	case "additionalItems":
		if o.tuple {
			return dst
		}
		return c.append(appendMember(dst, key), v, depth+1)
	case "additionalProperties", "not", "if", "then", "else", "contains", "propertyNames", "unevaluatedItems", "unevaluatedProperties":
		return c.append(appendMember(dst, key), v, depth+1)
	case "properties", "patternProperties", "$defs", "definitions", "dependentSchemas":
		if isObject(v) {
			return c.named(appendMember(dst, key), v, depth)
		}
	case "anyOf", "oneOf", "allOf", "prefixItems":
		if isArray(v) {
			return c.listed(appendMember(dst, key), v, depth)
		}
	}
	return append(appendMember(dst, key), v...)
}

// appendRequired appends the names of required properties, each once.
func (o *older) appendRequired(dst, key, v []byte) []byte {
	switch {
	case !isArray(v) && (string(v) == "true" || string(v) == "false"):
		return dst
	case len(o.required) == 0:
		return append(appendMember(dst, key), v...)
	}
	var all once
	for _, name := range append(o.listed, o.required...) {
		all.add(name)
	}
	return appendList(appendMember(dst, key), all.list)
}

// tuple appends a list of items by its newer name, and what more there may be.
func (c *renewer) tuple(dst []byte, o *older, v []byte, depth int) []byte {
	if !o.prefixed && !isEmpty(v) {
		dst = c.listed(appendMember(dst, "prefixItems"), v, depth)
	}
	if o.rest != nil {
		dst = c.append(appendMember(dst, "items"), o.rest, depth+1)
	}
	return dst
}

func (c *renewer) named(dst, object []byte, depth int) []byte {
	dst = append(dst, '{')
	for m := formats.MembersOf(object); m.Next() && !c.large; {
		dst = c.append(appendMember(dst, m.Key), m.Value(), depth+1)
	}
	return append(dst, '}')
}

func (c *renewer) listed(dst, array []byte, depth int) []byte {
	dst = append(dst, '[')
	for e := formats.ElementsOf(array); e.Next() && !c.large; {
		if dst[len(dst)-1] != '[' {
			dst = append(dst, ',')
		}
		dst = c.append(dst, e.Value(), depth+1)
	}
	return append(dst, ']')
}
