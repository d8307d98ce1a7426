package jsonschema

import (
	"bytes"
	"slices"

	"github.com/aiclient2api/caddy-aiclient2api/formats"
)

// anyInput is the input schema of a tool that says nothing about its input.
const anyInput = `{"type":"object","properties":{}}`

// AppendToolInput appends a tool's schema as Anthropic takes it
// (https://docs.claude.com/en/docs/agents-and-tools/tool-use/implement-tool-use):
// an object whose type is said, without anyOf, oneOf, allOf or $ref at its top.
// Those are merged into one object; all else stays byte for byte. lossy reports
// a changed meaning.
func AppendToolInput(dst, schema []byte) (out []byte, lossy bool) {
	schema = bytes.TrimSpace(schema)
	if !isObject(schema) {
		return append(dst, anyInput...), len(schema) > 0 && string(schema) != "null" && string(schema) != "true"
	}
	if isEmpty(schema) {
		return append(dst, anyInput...), false
	}
	var kind []byte
	merged := false
	for m := formats.MembersOf(schema); m.Next(); {
		switch string(m.Name()) {
		case "type":
			kind = m.Value()
		case "anyOf", "oneOf", "allOf", "$ref":
			merged = true
		}
	}
	switch {
	case merged:
	case string(kind) == `"object"`:
		return append(dst, schema...), false
	case kind == nil:
		return append(append(dst, `{"type":"object",`...), schema[1:]...), false
	}
	d := documentOf(schema)
	var c composite
	lossy = !d.collect(&c, schema, 0) || kind != nil && !says(kind, "object")
	return c.append(dst, schema), lossy || c.lossy
}

// composite is an object that is put together from several schemas.
type composite struct {
	properties []property
	places     map[string]int // of properties, by name
	required   [][]byte       // literals
	lossy      bool
}

// maxSaid is how much is kept of what is said of one property, and how many
// properties can be required: each new one is compared with all before.
const maxSaid = 1000

// property is a property of a composite: all that is said of it at once, and
// what is said of it in one alternative or another.
type property struct {
	key      []byte
	all, any [][]byte
}

// collect adds what a schema says of an object. It returns false if that is
// not all there is.
func (d *document) collect(c *composite, schema []byte, depth int) bool {
	if depth > 16 || !d.read(schema) {
		return false
	}
	if !isObject(schema) {
		return string(schema) == "true"
	}
	whole := true
	for m := formats.MembersOf(schema); m.Next(); {
		v := m.Value()
		switch string(m.Name()) {
		case "properties":
			if !isObject(v) {
				continue
			}
			for p := formats.MembersOf(v); p.Next(); {
				c.property(p.Key).say(p.Value())
			}
		case "required":
			c.require(v)
		case "$ref":
			target, ok := d.find(v)
			whole = ok && d.collect(c, target, depth+1) && whole
		case "allOf":
			for e := formats.ElementsOf(v); e.Next(); {
				whole = d.collect(c, e.Value(), depth+1) && whole
			}
		case "anyOf", "oneOf":
			c.lossy = true
			d.alternatives(c, v, depth+1)
		case "type":
			whole = whole && (depth == 0 || says(v, "object"))
		case "additionalProperties", "description", "title", "$schema", "$id", "$comment", "$defs", "definitions", "default", "examples":
		default:
			whole = whole && depth == 0
		}
	}
	return whole
}

// alternatives adds the properties of all alternatives; required is what all of
// them require.
func (d *document) alternatives(c *composite, list []byte, depth int) {
	var required [][]byte
	first := true
	for e := formats.ElementsOf(list); e.Next(); {
		var branch composite
		d.collect(&branch, e.Value(), depth)
		for i := range branch.properties {
			p := &branch.properties[i]
			c.property(p.key).offer(p.appendValue(nil))
		}
		if first {
			required, first = branch.required, false
			continue
		}
		required = slices.DeleteFunc(required, func(r []byte) bool { return !branch.requires(r) })
	}
	for _, r := range required {
		if !c.requires(r) {
			c.required = append(c.required, r)
		}
	}
}

// property returns the property of that name, a new one if there is none.
func (c *composite) property(key []byte) *property {
	name := word(key)
	if at, ok := c.places[name]; ok {
		return &c.properties[at]
	}
	if c.places == nil {
		c.places = make(map[string]int)
	}
	c.places[name] = len(c.properties)
	c.properties = append(c.properties, property{key: key})
	return &c.properties[len(c.properties)-1]
}

func (p *property) say(v []byte)   { p.all = addOnce(p.all, v) }
func (p *property) offer(v []byte) { p.any = addOnce(p.any, v) }

func addOnce(list [][]byte, v []byte) [][]byte {
	if len(list) == maxSaid || slices.ContainsFunc(list, func(o []byte) bool { return bytes.Equal(o, v) }) {
		return list
	}
	return append(list, v)
}

// require adds the names of a list.
func (c *composite) require(list []byte) {
	if !isArray(list) {
		return
	}
	for e := formats.ElementsOf(list); e.Next(); {
		if v := e.Value(); isString(v) && len(c.required) < maxSaid && !c.requires(v) {
			c.required = append(c.required, v)
		}
	}
}

func (c *composite) requires(name []byte) bool {
	return slices.ContainsFunc(c.required, func(r []byte) bool { return sameName(r, name) })
}

// append appends the object, with what else base, the schema itself, says.
func (c *composite) append(dst, base []byte) []byte {
	dst = append(dst, `{"type":"object"`...)
	var properties, required bool
	for m := formats.MembersOf(base); m.Next(); {
		switch string(m.Name()) {
		case "type", "anyOf", "oneOf", "allOf", "$ref":
		case "properties":
			dst = c.appendProperties(dst)
			properties = true
		case "required":
			dst = c.appendRequired(dst)
			required = true
		default:
			dst = appendMember(dst, m.Key)
			dst = append(dst, m.Value()...)
		}
	}
	if !properties {
		dst = c.appendProperties(dst)
	}
	if !required && len(c.required) > 0 {
		dst = c.appendRequired(dst)
	}
	return append(dst, '}')
}

// appendMember appends the name of a member, and a comma if it is not the first.
func appendMember[K string | []byte](dst []byte, key K) []byte {
	if dst[len(dst)-1] != '{' {
		dst = append(dst, ',')
	}
	return append(append(append(dst, '"'), key...), `":`...)
}

func (c *composite) appendProperties(dst []byte) []byte {
	dst = append(appendMember(dst, "properties"), '{')
	for i := range c.properties {
		dst = appendMember(dst, c.properties[i].key)
		dst = c.properties[i].appendValue(dst)
	}
	return append(dst, '}')
}

func (c *composite) appendRequired(dst []byte) []byte {
	return appendList(appendMember(dst, "required"), c.required)
}

// appendList appends an array.
func appendList(dst []byte, list [][]byte) []byte {
	dst = append(dst, '[')
	for i, v := range list {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, v...)
	}
	return append(dst, ']')
}

// appendValue appends the schema of a property.
func (p *property) appendValue(dst []byte) []byte {
	switch {
	case len(p.any) == 0 && len(p.all) == 1:
		return append(dst, p.all[0]...)
	case len(p.all) == 0 && len(p.any) == 1:
		return append(dst, p.any[0]...)
	}
	dst = append(dst, '{')
	if len(p.any) > 0 {
		dst = appendList(appendMember(dst, "anyOf"), p.any)
	}
	if len(p.all) > 0 {
		dst = appendList(appendMember(dst, "allOf"), p.all)
	}
	return append(dst, '}')
}
