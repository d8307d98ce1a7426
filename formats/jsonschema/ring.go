package jsonschema

import "github.com/aiclient2api/caddy-aiclient2api/formats"

// rings returns ErrRing if a schema contains itself, by its $refs, ErrSize if it
// is too large to tell. via are the $refs that were followed, true for those that
// led here.
func (d *document) rings(schema []byte, via map[string]bool, depth int) (err error) {
	if depth > formats.MaxDepth || !d.read(schema) {
		return ErrSize
	}
	if !isObject(schema) {
		return nil
	}
	for m := formats.MembersOf(schema); m.Next() && err == nil; {
		switch v := m.Value(); word(m.Key) {
		case "$ref":
			err = d.ringsBy(v, via, depth)
		case "properties", "patternProperties", "$defs", "definitions", "dependentSchemas":
			for p := formats.MembersOf(v); isObject(v) && err == nil && p.Next(); {
				err = d.rings(p.Value(), via, depth+1)
			}
		case "anyOf", "oneOf", "allOf", "prefixItems":
			for e := formats.ElementsOf(v); isArray(v) && err == nil && e.Next(); {
				err = d.rings(e.Value(), via, depth+1)
			}
		case "items", "additionalProperties", "additionalItems", "not", "if", "then", "else", "contains", "propertyNames":
			err = d.rings(v, via, depth+1)
		}
	}
	return err
}

// ringsBy follows a $ref. One that leads nowhere is none.
func (d *document) ringsBy(ref []byte, via map[string]bool, depth int) error {
	if !isString(ref) {
		return nil
	}
	inside, known := via[string(ref)]
	if inside {
		return ErrRing
	}
	target, ok := d.find(ref)
	if known || !ok {
		return nil
	}
	via[string(ref)] = true
	err := d.rings(target, via, depth+1)
	via[string(ref)] = false
	return err
}
