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
// Those are merged into one object; all else stays byte for byte, but for the
// words of older drafts. lossy reports
// a changed meaning. The error is ErrSize.
func (b *Budget) AppendToolInput(dst, schema []byte) (out []byte, lossy bool, err error) {
	schema = bytes.TrimSpace(schema)
	if !isObject(schema) {
		return append(dst, anyInput...), len(schema) > 0 && string(schema) != "null" && string(schema) != "true", nil
	}
	if inputs.knows(schema) {
		return append(dst, schema...), false, nil
	}
	b = b.or(schema)
	if schema, err = b.Current(schema); err != nil {
		return dst, false, err
	}
	if isEmpty(schema) { // also for want of what was said in older words
		return append(dst, anyInput...), false, nil
	}
	kind, merged := lookAtInput(schema)
	switch {
	case merged:
	case string(kind) == `"object"`:
		inputs.add(schema)
		return append(dst, schema...), false, nil
	case kind == nil:
		return append(append(dst, `{"type":"object",`...), schema[1:]...), false, nil
	}
	d := document{Budget: b, root: schema}
	var c composite
	lossy = !d.collect(&c, schema, 0) || kind != nil && !says(kind, "object")
	if d.reading <= 0 || !d.made(c.size+len(schema)) {
		return dst, false, ErrSize
	}
	return c.append(dst, schema), lossy || c.lossy, nil
}

// lookAtInput returns the type of a schema and whether something has to be merged.
func lookAtInput(schema []byte) (kind []byte, merged bool) {
	for m := formats.MembersOf(schema); m.Next(); {
		switch string(m.Name()) {
		case "type":
			kind = m.Value()
		case "anyOf", "oneOf", "allOf", "$ref":
			merged = true
		}
	}
	return kind, merged
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
				c.say(p.Key, p.Value())
			}
		case "required":
			for e := formats.ElementsOf(v); e.Next(); {
				if isString(e.Value()) {
					c.require(e.Value())
				}
			}
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
		if !d.made(branch.size) {
			d.reading = 0 // nothing more is to be done
			return
		}
		for i := range branch.properties {
			p := &branch.properties[i]
			c.offer(p.key, p.appendValue(nil))
		}
		if first {
			required, first = branch.required, false
			continue
		}
		required = slices.DeleteFunc(required, func(r []byte) bool { return !branch.names[formats.Decoded(r)] })
	}
	for _, r := range required {
		c.require(r)
	}
}
