package gemini

import (
	"bytes"
	"slices"

	"github.com/aiclient2api/caddy-aiclient2api/formats"
	"github.com/aiclient2api/caddy-aiclient2api/llm"
)

// maxNesting is how deep a schema may nest. Each level is walked over again.
const maxNesting = 64

// schemaTypes are the types in Google's words, by their numbers, and in those
// of JSON Schema (https://ai.google.dev/api/caching#Type).
var schemaTypes = [...]struct{ google, json string }{
	{`"TYPE_UNSPECIFIED"`, ""}, {`"STRING"`, `"string"`}, {`"NUMBER"`, `"number"`}, {`"INTEGER"`, `"integer"`},
	{`"BOOLEAN"`, `"boolean"`}, {`"ARRAY"`, `"array"`}, {`"OBJECT"`, `"object"`}, {`"NULL"`, `"null"`},
}

// schema returns a schema as JSON Schema. One that is said to be in that
// language stays as it is, unless its types are Google's: clients mix the two.
// Google's own is a subset of OpenAPI's (https://ai.google.dev/api/caching#Schema).
func (d *reader) schema(name string, v []byte, google bool) llm.Value {
	if v[0] != '{' {
		d.fail(name, "'%s' must be an object", name)
		return nil
	}
	if !google && !slices.ContainsFunc(schemaTypes[:], func(t struct{ google, json string }) bool { return bytes.Contains(v, []byte(t.google)) }) {
		return v
	}
	out, ok := appendSchema(make([]byte, 0, len(v)+64), v, 0)
	if !ok {
		d.fail(name, "'%s' is nested deeper than %d levels", name, maxNesting)
	}
	return out
}

// appendSchema appends a schema of Google's as JSON Schema; ok is false if it
// nests too deep.
func appendSchema(dst, v []byte, depth int) (out []byte, ok bool) {
	if v[0] != '{' { // true, false
		return append(dst, v...), true
	}
	if depth > maxNesting {
		return dst, false
	}
	var ordering []byte
	nullable, typed := false, false
	for m := formats.MembersOf(v); m.Next(); {
		switch string(camel(m.Name())) {
		case "nullable":
			nullable = string(m.Value()) == "true"
		case "type":
			typed = true
		case "propertyOrdering":
			ordering = m.Value()
		}
	}
	dst, ok = append(dst, '{'), true
	for m := formats.MembersOf(v); ok && m.Next(); {
		v := m.Value()
		name := camel(m.Name())
		mark := len(dst)
		if dst[mark-1] != '{' {
			dst = append(dst, ',')
		}
		dst = append(append(append(dst, '"'), name...), `":`...)
		begun := len(dst)
		switch string(name) {
		case "default", "const", "examples":
			dst = append(dst, v...)
			continue
		}
		if formats.IsNull(v) {
			dst = dst[:mark]
			continue
		}
		switch string(name) {
		case "nullable", "propertyOrdering":
		case "type":
			dst = appendTypes(dst, v, nullable)
		case "format":
			if string(v) != `"enum"` {
				dst = append(dst, v...)
			}
		case "enum":
			dst = appendWithNull(append(dst, v...), nullable, "null")
		case "example":
			dst = append(append(append(dst[:begun-2], `s":[`...), v...), ']')
		case "ref":
			dst = append(append(dst[:begun-len(`"ref":`)], `"$ref":`...), bytes.Replace(v, []byte(`"#/defs/`), []byte(`"#/$defs/`), 1)...)
		case "defs":
			dst, ok = appendSchemas(append(dst[:begun-len(`"defs":`)], `"$defs":`...), v, nil, depth)
		case "maxItems", "minItems", "maxLength", "minLength", "maxProperties", "minProperties", "maximum", "minimum":
			if in := formats.StringOf(v).Inner(); formats.AsNumber(in) != nil && formats.Valid(in) {
				v = in // proto3 JSON quotes large integers
			}
			dst = append(dst, v...)
		case "properties":
			dst, ok = appendSchemas(dst, v, ordering, depth)
		case "$defs", "definitions", "patternProperties", "dependentSchemas":
			dst, ok = appendSchemas(dst, v, nil, depth)
		case "items", "additionalProperties", "not", "if", "then", "else", "contains", "propertyNames", "anyOf", "oneOf", "allOf", "prefixItems":
			dst, ok = appendSubschemas(dst, v, depth)
			dst = appendWithNull(dst, nullable && !typed && string(name) == "anyOf", `{"type":"null"}`)
		default:
			dst = append(append(append(dst[:begun-len(name)-3], '"'), m.Key...), `":`...)
			dst = append(dst, v...)
			continue
		}
		if len(dst) == begun {
			dst = dst[:mark]
		}
	}
	return append(dst, '}'), ok
}

// appendTypes appends a type or a list of types, and null if that is allowed too.
func appendTypes(dst, v []byte, nullable bool) []byte {
	if v[0] == '[' {
		dst = append(dst, '[')
		for e := formats.ElementsOf(v); e.Next(); {
			if w := jsonType(e.Value()); len(w) > 0 {
				if dst[len(dst)-1] != '[' {
					dst = append(dst, ',')
				}
				dst = append(dst, w...)
			}
		}
		return appendWithNull(append(dst, ']'), nullable && !bytes.Contains(bytes.ToLower(v), []byte(`"null"`)), `"null"`)
	}
	w := jsonType(v)
	if !nullable || len(w) == 0 || string(w) == `"null"` {
		return append(dst, w...)
	}
	return append(append(append(dst, '['), w...), `,"null"]`...)
}

// jsonType returns the type in JSON Schema's words; what is none of Google's
// stays.
func jsonType(v []byte) []byte {
	for i, t := range schemaTypes {
		if bytes.EqualFold(v, []byte(t.google)) || len(v) == 1 && v[0] == byte('0'+i) {
			return []byte(t.json)
		}
	}
	return v
}

// appendWithNull adds null to the list that dst ends with.
func appendWithNull(dst []byte, nullable bool, null string) []byte {
	if !nullable || dst[len(dst)-1] != ']' {
		return dst
	}
	dst = bytes.TrimRight(dst[:len(dst)-1], " \t\r\n")
	if dst[len(dst)-1] != '[' {
		dst = append(dst, ',')
	}
	return append(append(dst, null...), ']')
}

// appendSubschemas appends a schema, or a list of them.
func appendSubschemas(dst, v []byte, depth int) (out []byte, ok bool) {
	if v[0] != '[' {
		return appendSchema(dst, v, depth+1)
	}
	dst, ok = append(dst, '['), true
	for e := formats.ElementsOf(v); ok && e.Next(); {
		if dst[len(dst)-1] != '[' {
			dst = append(dst, ',')
		}
		dst, ok = appendSchema(dst, e.Value(), depth+1)
	}
	return append(dst, ']'), ok
}

// named is a schema with a name.
type named struct {
	key, schema []byte
	rank        int
}

// appendSchemas appends an object of schemas, in an order that is told apart
// from it: it is the one in which the model writes.
func appendSchemas(dst, v, ordering []byte, depth int) (out []byte, ok bool) {
	if v[0] != '{' {
		return append(dst, v...), true
	}
	var list []named
	for m := formats.MembersOf(v); m.Next(); {
		list = append(list, named{key: m.Key, schema: m.Value()})
	}
	if len(ordering) > 0 && ordering[0] == '[' {
		ranks := make(map[string]int)
		for e := formats.ElementsOf(ordering); e.Next(); {
			name := formats.Decoded(formats.StringOf(e.Value()))
			if _, known := ranks[name]; !known {
				ranks[name] = len(ranks) - len(ordering) // those that are not in it come last
			}
		}
		for i := range list {
			list[i].rank = ranks[keyOf(list[i].key)]
		}
		slices.SortStableFunc(list, func(a, b named) int { return a.rank - b.rank })
	}
	dst, ok = append(dst, '{'), true
	for i, s := range list {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(append(append(dst, '"'), s.key...), `":`...)
		if dst, ok = appendSchema(dst, s.schema, depth+1); !ok {
			break
		}
	}
	return append(dst, '}'), ok
}
