package echo

import "github.com/tidwall/gjson"

// Bounds of what a stranger can make of a schema: how many tools are looked
// at, how deep sample arguments go and how long they may grow, in bytes.
const (
	maxTools  = 128
	maxDepth  = 8
	maxSample = 16 << 10
)

// arguments are sample arguments that obey the tool's schema.
func (t tool) arguments() string { return string(appendSample(nil, t.parameters, 0)) }

// appendSample appends a value that obeys a JSON schema, as far as type, enum,
// const, required and properties go. Beyond the bounds it is no longer filled.
func appendSample(dst []byte, schema gjson.Result, depth int) []byte {
	if c := schema.Get("const"); c.Exists() {
		return append(dst, c.Raw...)
	}
	if e := schema.Get("enum.0"); e.Exists() {
		return append(dst, e.Raw...)
	}
	kind := schema.Get("type")
	if kind.IsArray() {
		kind = kind.Get("0")
	}
	switch kind.Str {
	case "string":
		return append(dst, `"echo"`...)
	case "integer", "number":
		if low := schema.Get("minimum"); low.Exists() {
			return append(dst, low.Raw...)
		}
		return append(dst, '1')
	case "boolean":
		return append(dst, "true"...)
	case "null":
		return append(dst, "null"...)
	case "array":
		if schema.Get("minItems").Int() < 1 || depth > maxDepth {
			return append(dst, "[]"...)
		}
		return append(appendSample(append(dst, '['), schema.Get("items"), depth+1), ']')
	}
	if depth > maxDepth {
		return append(dst, "{}"...)
	}
	dst = append(dst, '{')
	properties := schema.Get("properties").Map()
	said := make(map[string]bool)
	schema.Get("required").ForEach(func(_, name gjson.Result) bool {
		if said[name.Str] || name.Type != gjson.String {
			return true
		}
		if len(said) > 0 {
			dst = append(dst, ',')
		}
		said[name.Str] = true
		dst = append(append(dst, name.Raw...), ':')
		dst = appendSample(dst, properties[name.Str], depth+1)
		return len(dst) < maxSample
	})
	return append(dst, '}')
}
