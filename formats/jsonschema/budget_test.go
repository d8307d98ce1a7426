package jsonschema_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/aiclient2api/caddy-aiclient2api/formats/jsonschema"
)

// spreading is a schema of an object that is 11^4 texts with its $refs in place.
func spreading() string {
	var b strings.Builder
	b.WriteString(`{"type":"object","properties":{"p":{"$ref":"#/$defs/a0"}},"$defs":{`)
	for i := range 4 {
		fmt.Fprintf(&b, `"a%d":{"type":"object","properties":{"":{}`, i)
		for j := range 11 {
			fmt.Fprintf(&b, `,"%c":{"$ref":"#/$defs/a%d"}`, 'a'+j, i+1)
		}
		b.WriteString(`}},`)
	}
	b.WriteString(`"a4":{"type":"string"}}}`)
	return b.String()
}

// Many tools together make no more of their schemas than the request may.
func TestTheSchemasOfARequestShareABudget(t *testing.T) {
	schema := []byte(spreading())
	const tools = 200
	for name, write := range map[string]func(*jsonschema.Budget, []byte) ([]byte, error){
		"reduced": func(b *jsonschema.Budget, dst []byte) ([]byte, error) {
			out, _, err := b.AppendReduced(dst, schema)
			return out, err
		},
		"closed": func(b *jsonschema.Budget, dst []byte) ([]byte, error) {
			out, _, err := b.AppendClosed(dst, []byte(doubling(14, `{"allOf":[{"$ref":"#/$defs/N"},{"$ref":"#/$defs/N"}]}`)))
			return out, err
		},
		"tool input": func(b *jsonschema.Budget, dst []byte) ([]byte, error) {
			out, _, err := b.AppendToolInput(dst, []byte(doubling(14, `{"allOf":[`+strings.Repeat(`{"$ref":"#/$defs/N"},`, 4)+`{}]}`)))
			return out, err
		},
	} {
		t.Run(name, func(t *testing.T) {
			budget := jsonschema.BudgetOf(tools * len(schema))
			var out []byte
			var err error
			n := 0
			for ; n < tools && err == nil; n++ {
				before := len(out)
				if out, err = write(budget, out); err != nil && len(out) != before {
					t.Errorf("%d bytes of a schema that is refused", len(out)-before)
				}
			}
			t.Logf("%d schemas, %d bytes: %v", n, len(out), err)
			if !errors.Is(err, jsonschema.ErrSize) || n < 3 || len(out) > 8<<20 {
				t.Errorf("%d schemas, %d bytes: %v", n, len(out), err)
			}
		})
	}
}

// What a client wrote stays inside of the strings that it is told in, wherever
// it stands.
func TestNothingOfASchemaLeavesItsPlace(t *testing.T) {
	const evil = `\"]}},\"stray\":{\"a\":[\"\n`
	keywords := strings.Fields("type description title format enum const required default pattern minLength minimum minItems example nullable propertyOrdering not if additionalProperties patternProperties $id $ref items properties anyOf oneOf allOf $defs " + evil)
	values := []string{`"E"`, `["E"]`, `{"E":"E"}`, `{"E":{"E":"E","description":["E"]}}`, `[{"E":["E"]},{"minLength":1,"E":{}}]`, `1e9`, `null`, `[["E"]]`}
	texts := []string{evil, `\\`, `\u0022`, `\ud800`}
	var stray func(v any) bool
	stray = func(v any) bool {
		switch v := v.(type) {
		case map[string]any:
			for name, inner := range v {
				if name == "stray" || stray(inner) {
					return true
				}
			}
		case []any:
			for _, inner := range v {
				if stray(inner) {
					return true
				}
			}
		}
		return false
	}
	for _, keyword := range keywords {
		for _, value := range values {
			for _, text := range texts {
				for _, frame := range []string{`{"type":"object","properties":{"a":{"type":"string","K":V,"maxLength":1,"foo":2}},"K":V}`, `{"allOf":[{"type":"object","K":V},{"properties":{"a":{"K":V,"foo":1}}}],"foo":1}`, `{"anyOf":[{"K":V},{"type":"object"}],"K":V}`} {
					schema := strings.NewReplacer("K", keyword, "V", strings.ReplaceAll(value, "E", text)).Replace(frame)
					if !json.Valid([]byte(schema)) {
						t.Fatalf("the test's own schema is not valid: %s", schema)
					}
					input, _, _ := fresh.AppendToolInput(nil, []byte(schema))
					closed, _, err := fresh.AppendClosed(nil, []byte(schema))
					if err != nil {
						closed = []byte("0")
					}
					reduced, _, err := fresh.AppendReduced(nil, []byte(schema))
					if err != nil {
						reduced = []byte("0")
					}
					for _, out := range [][]byte{input, closed, reduced} {
						var v any
						if err := json.Unmarshal(out, &v); err != nil || stray(v) {
							t.Fatalf("%v: %s\nof %s", err, out, schema)
						}
					}
				}
			}
		}
	}
}
