package jsonschema

import (
	"testing"

	"github.com/tidwall/gjson"
)

var inputs = map[string]bool{
	`{"properties":{"a":{"type":"string"}},"required":["a"],"type":"object"}`: true,
	`{"properties": {}, "type": "object"}`:                                    true,
	`{"type":"object"}`:                                                       true,
	`{"type":"string","type":"object"}`:                                       true,
	`{"type":"object","properties":{}}`:                                       false,
	`{"a":{"type":"object"}}`:                                                 false,
	`{"anyOf":[],"type":"object"}`:                                            false,
	`{"\u0061nyOf":[],"type":"object"}`:                                       false,
	`{"$ref":"#/a","type":"object"}`:                                          false,
	`{"properties":{"a":{"oneOf":[]}},"type":"object"}`:                       false,
	`{"a":"\",\"type\":\"object\"}","b":1}`:                                   false,
	`{"a":"x","b":{"type":"object"}   }`:                                      false,
	`{"type":"array"}`:                                                        false,
	`{"type":["object"]}`:                                                     false,
}

// What is taken for plain is, whatever is looked at.
func checkInput(t *testing.T, schema []byte) {
	t.Helper()
	if !isObject(schema) || isEmpty(schema) || !isPlainInput(schema) {
		return
	}
	if kind, merged := lookAtInput(schema); string(kind) != `"object"` || merged {
		t.Errorf("%s: type %s, merged %v", schema, kind, merged)
	}
}

func TestPlainInput(t *testing.T) {
	for schema, want := range inputs {
		if got := isPlainInput([]byte(schema)); got != want {
			t.Errorf("%s: %v", schema, got)
		}
		checkInput(t, []byte(schema))
	}
}

func FuzzPlainInput(f *testing.F) {
	for schema := range inputs {
		f.Add([]byte(schema))
	}
	f.Fuzz(func(t *testing.T, schema []byte) {
		if len(schema) > 0 && schema[len(schema)-1] == '}' && gjson.ValidBytes(schema) {
			checkInput(t, schema)
		}
	})
}
