package jsonschema_test

import (
	"errors"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tidwall/gjson"

	"github.com/aiclient2api/caddy-aiclient2api/formats/jsonschema"
)

var fresh *jsonschema.Budget

func TestReduced(t *testing.T) {
	for _, tc := range []struct {
		name, schema, want string
		lossy              bool
	}{
		{name: "object", schema: `{"$schema":"x","type":"object","properties":{"b":{"type":"string","description":"B"},"a":{"type":"integer","minimum":1}},"required":["b"],"additionalProperties":false}`,
			want: `{"type":"OBJECT","properties":{"b":{"type":"STRING","description":"B"},"a":{"type":"INTEGER","minimum":1}},"required":["b"]}`},
		{name: "required of nothing", schema: `{"type":"object","properties":{"a":{"type":"string"}},"required":["a","b","a"]}`,
			want: `{"type":"OBJECT","properties":{"a":{"type":"STRING"}},"required":["a"]}`},
		{name: "nullable by type", schema: `{"type":["string","null"]}`, want: `{"type":"STRING","nullable":true}`},
		{name: "nullable by union", schema: `{"description":"D","anyOf":[{"type":"string","description":"inner"},{"type":"null"}],"default":null}`, want: `{"type":"STRING","description":"D","nullable":true,"default":null}`},
		{name: "several types", schema: `{"type":["string","number","null"],"description":"D"}`, want: `{"description":"D","nullable":true,"anyOf":[{"type":"STRING"},{"type":"NUMBER"}]}`},
		{name: "union", schema: `{"oneOf":[{"type":"string"},{"type":"array","items":{"type":"number"}},{"type":"null"}]}`, want: `{"nullable":true,"anyOf":[{"type":"STRING"},{"type":"ARRAY","items":{"type":"NUMBER"}}]}`},
		{name: "reference", schema: `{"$defs":{"a/b":{"type":"string","enum":["x"]}},"type":"object","properties":{"p":{"$ref":"#/$defs/a~1b","description":"D"}}}`,
			want: `{"type":"OBJECT","properties":{"p":{"type":"STRING","description":"D","enum":["x"]}}}`},
		{name: "the same reference twice is no ring", schema: `{"$defs":{"a":{"type":"string"}},"type":"object","properties":{"p":{"$ref":"#/$defs/a"},"q":{"$ref":"#/$defs/a"}}}`,
			want: `{"type":"OBJECT","properties":{"p":{"type":"STRING"},"q":{"type":"STRING"}}}`},
		{name: "const", schema: `{"const":"x"}`, want: `{"type":"STRING","enum":["x"]}`},
		{name: "enum of numbers", schema: `{"type":"integer","enum":[1,2,null]}`, want: `{"type":"STRING","nullable":true,"enum":["1","2"]}`, lossy: true},
		{name: "enum with an empty text", schema: `{"type":"string","enum":["","a"]}`, want: `{"type":"STRING","enum":["a"]}`, lossy: true},
		{name: "const null", schema: `{"const":null}`, want: `{"type":"NULL"}`},
		{name: "null", schema: `{"type":"null"}`, want: `{"type":"NULL"}`},
		{name: "formats", schema: `{"type":"object","properties":{"a":{"type":"string","format":"date-time"},"b":{"type":"string","format":"email"},"c":{"type":"integer","format":"int64"}}}`,
			want: `{"type":"OBJECT","properties":{"a":{"type":"STRING","format":"date-time"},"b":{"type":"STRING","description":"{format: \"email\"}"},"c":{"type":"INTEGER","format":"int64"}}}`},
		{name: "exclusive limits of an integer", schema: `{"type":"integer","exclusiveMinimum":0,"exclusiveMaximum":10}`, want: `{"type":"INTEGER","minimum":1,"maximum":9}`},
		{name: "exclusive limits of a number", schema: `{"type":"number","description":"D","exclusiveMinimum":0}`, want: `{"type":"NUMBER","description":"D\n\n{exclusiveMinimum: 0}"}`, lossy: true},
		{name: "array of anything", schema: `{"type":"array"}`, want: `{"type":"ARRAY","items":{"type":"STRING"}}`, lossy: true},
		{name: "tuple", schema: `{"type":"array","prefixItems":[{"type":"string"},{"type":"number"}],"items":false}`, want: `{"type":"ARRAY","items":{"anyOf":[{"type":"STRING"},{"type":"NUMBER"}]}}`, lossy: true},
		{name: "pair", schema: `{"type":"array","items":[{"type":"number"},{"type":"number"}],"minItems":2}`, want: `{"type":"ARRAY","minItems":2,"items":{"type":"NUMBER"}}`, lossy: true},
		{name: "missing type", schema: `{"properties":{"a":{"items":{"minimum":1}}}}`, want: `{"type":"OBJECT","properties":{"a":{"type":"ARRAY","items":{"type":"NUMBER","minimum":1}}}}`},
		{name: "all of", schema: `{"allOf":[{"type":"object","properties":{"a":{"type":"string"}},"required":["a"]},{"$ref":"#/$defs/B"}],"$defs":{"B":{"properties":{"b":{"type":"number"}},"required":["b"]}}}`,
			want: `{"type":"OBJECT","properties":{"a":{"type":"STRING"},"b":{"type":"NUMBER"}},"required":["a","b"]}`},
		{name: "union beside properties", schema: `{"type":"object","description":"D","properties":{"a":{"type":"string"},"b":{"type":"string"}},"anyOf":[{"required":["a"]},{"required":["b"]}]}`,
			want: `{"description":"D","anyOf":[{"type":"OBJECT","properties":{"a":{"type":"STRING"},"b":{"type":"STRING"}},"required":["a"]},{"type":"OBJECT","properties":{"a":{"type":"STRING"},"b":{"type":"STRING"}},"required":["b"]}]}`},
		{name: "map", schema: `{"type":"object","additionalProperties":{"type":"string"}}`, want: `{"type":"OBJECT","description":"{additionalProperties: {\"type\":\"string\"}}"}`, lossy: true},
		{name: "Google's own", schema: `{"type":"OBJECT","properties":{"a":{"type":"STRING","nullable":true}},"propertyOrdering":["a"]}`,
			want: `{"type":"OBJECT","properties":{"a":{"type":"STRING","nullable":true}},"propertyOrdering":["a"]}`},
		{name: "anything", schema: `{"type":"object","properties":{"a":true,"b":{},"c":false},"required":["c"]}`, want: `{"type":"OBJECT","properties":{"a":{"type":"STRING"},"b":{"type":"STRING"}}}`, lossy: true},
		{name: "words of draft 3 and 4", schema: `{"type":"object","properties":{"a":{"type":["any","null"],"required":true},"n":{"type":"integer","minimum":0,"exclusiveMinimum":true}}}`,
			want: `{"type":"OBJECT","properties":{"a":{"type":"STRING"},"n":{"type":"INTEGER","minimum":1}},"required":["a"]}`, lossy: true},
		{name: "nothing said", schema: `true`, want: `{"type":"STRING"}`, lossy: true},
		{name: "properties called as keywords", schema: `{"type":"object","properties":{"type":{"type":"string"},"enum":{"type":"boolean"},"$ref":{"type":"string"}}}`,
			want: `{"type":"OBJECT","properties":{"type":{"type":"STRING"},"enum":{"type":"BOOLEAN"},"$ref":{"type":"STRING"}}}`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, lossy, err := fresh.AppendReduced([]byte("x"), []byte(tc.schema))
			if err != nil || string(got) != "x"+tc.want || lossy != tc.lossy {
				t.Errorf("got  %s, %v, %v\nwant %s", got, lossy, err, tc.want)
			}
		})
	}
}

func TestToolInput(t *testing.T) {
	for _, tc := range []struct {
		name, schema, want string
		lossy              bool
	}{
		{name: "none", want: `{"type":"object","properties":{}}`},
		{name: "null", schema: `null`, want: `{"type":"object","properties":{}}`},
		{name: "empty", schema: `{ }`, want: `{"type":"object","properties":{}}`},
		{name: "no object", schema: `{"type":"string"}`, want: `{"type":"object","properties":{}}`, lossy: true},
		{name: "nothing but an older word", schema: `{"items":[]}`, want: `{"type":"object","properties":{}}`},
		{name: "any type", schema: `{"type":"any"}`, want: `{"type":"object","properties":{}}`},
		{name: "as it is", schema: `{"$schema":"x", "type":"object","properties":{"a":{"anyOf":[{"type":"string"}]}}}`, want: `{"$schema":"x", "type":"object","properties":{"a":{"anyOf":[{"type":"string"}]}}}`},
		{name: "no type", schema: `{"properties":{"a":{}}}`, want: `{"type":"object","properties":{"a":{}}}`},
		{name: "Google's type", schema: `{"type":"OBJECT","properties":{"a":{}},"required":["a"]}`, want: `{"type":"object","properties":{"a":{}},"required":["a"]}`},
		{name: "object or null", schema: `{"type":["object","null"],"properties":{"a":{}}}`, want: `{"type":"object","properties":{"a":{}}}`},
		{name: "escaped names are required too", schema: `{"allOf":[{"required":["\u0061","\u0062","a"]}],"properties":{}}`, want: `{"type":"object","properties":{},"required":["\u0061","\u0062"]}`},
		{name: "reference", schema: `{"$ref":"#/$defs/A","$defs":{"A":{"type":"object","properties":{"a":{"$ref":"#/$defs/A"}}}}}`,
			want: `{"type":"object","$defs":{"A":{"type":"object","properties":{"a":{"$ref":"#/$defs/A"}}}},"properties":{"a":{"$ref":"#/$defs/A"}}}`},
		{name: "all of", schema: `{"allOf":[{"properties":{"a":{"type":"string"}},"required":["a"]},{"properties":{"b":{},"a":{"minLength":1}},"required":["b"]}]}`,
			want: `{"type":"object","properties":{"a":{"allOf":[{"type":"string"},{"minLength":1}]},"b":{}},"required":["a","b"]}`},
		{name: "one of", schema: `{"oneOf":[{"type":"object","properties":{"k":{"const":1},"a":{}},"required":["k","a"]},{"type":"object","properties":{"k":{"const":2}},"required":["k"]}]}`,
			want: `{"type":"object","properties":{"k":{"anyOf":[{"const":1},{"const":2}]},"a":{}},"required":["k"]}`, lossy: true},
		{name: "words of older drafts inside", schema: `{"type":"object","properties":{"p":{"type":"array","items":[{"type":"number"}]}}}`, want: `{"type":"object","properties":{"p":{"type":"array","prefixItems":[{"type":"number"}]}}}`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, lossy, err := fresh.AppendToolInput([]byte("x"), []byte(tc.schema))
			if err != nil || string(got) != "x"+tc.want || lossy != tc.lossy {
				t.Errorf("got  %s, %v\nwant %s", got, lossy, tc.want)
			}
		})
	}
}

func TestClosed(t *testing.T) {
	for _, tc := range []struct {
		name, schema, want string
		lossy              bool
		err                error
	}{
		{name: "object", schema: `{"type":"object","properties":{"a":{"type":"object","properties":{}, "additionalProperties":false},"b":{"type":"string"}},"required":["a"]}`,
			want: `{"type":"object","properties":{"a":{"type":"object","properties":{},"additionalProperties":false},"b":{"type":"string"}},"required":["a"],"additionalProperties":false}`},
		{name: "limits", schema: `{"type":"object","properties":{"n":{"type":"integer","minimum":1,"maximum":5,"description":"D"},"l":{"type":"array","items":{"type":"string","minLength":2},"minItems":1,"maxItems":3}}}`,
			want:  `{"type":"object","properties":{"n":{"type":"integer","description":"D\n\n{minimum: 1, maximum: 5}"},"l":{"type":"array","items":{"type":"string","description":"{minLength: 2}"},"minItems":1,"description":"{maxItems: 3}"}},"additionalProperties":false}`,
			lossy: true},
		{name: "a description that is none", schema: `{"type":"string","description":["\"],\"x\":1"],"minLength":1}`, want: `{"type":"string","description":"{minLength: 1}"}`, lossy: true},
		{name: "a name that would end the description", schema: `{"type":"string","\"}},\"model\":\"m\"\n":1}`, want: `{"type":"string","description":"{\"}},\"model\":\"m\"\n: 1}"}`, lossy: true},
		{name: "a long name", schema: `{"type":"string","` + strings.Repeat("x", 99) + `":1}`, want: `{"type":"string","description":"{` + strings.Repeat("x", 64) + `…: 1}"}`, lossy: true},
		{name: "formats", schema: `{"type":"object","properties":{"a":{"type":"string","format":"email"},"b":{"type":"string","format":"byte"}}}`,
			want: `{"type":"object","properties":{"a":{"type":"string","format":"email"},"b":{"type":"string","description":"{format: \"byte\"}"}},"additionalProperties":false}`, lossy: true},
		{name: "one of", schema: `{"oneOf":[{"type":"object","properties":{"a":{}}},{"type":"null"}]}`, want: `{"anyOf":[{"type":"object","properties":{"a":{}},"additionalProperties":false},{"type":"null"}]}`},
		{name: "definitions", schema: `{"$schema":"x","type":"object","properties":{"a":{"$ref":"#/$defs/A"}},"$defs":{"A":{"properties":{"type":{"type":"string"}}}}}`,
			want: `{"type":"object","properties":{"a":{"$ref":"#/$defs/A"}},"$defs":{"A":{"type":"object","properties":{"type":{"type":"string"}},"additionalProperties":false}},"additionalProperties":false}`},
		{name: "all of one reference", schema: `{"type":"object","properties":{"a":{"allOf":[{"$ref":"#/$defs/A"}],"description":"D"}},"$defs":{"A":{"type":"string"}}}`,
			want: `{"type":"object","properties":{"a":{"$ref":"#/$defs/A","description":"D"}},"$defs":{"A":{"type":"string"}},"additionalProperties":false}`},
		{name: "all of objects", schema: `{"allOf":[{"type":"object","properties":{"a":{"type":"string"}},"required":["a"]},{"properties":{"b":{"type":"object","properties":{"c":{}}}}}]}`,
			want: `{"type":"object","properties":{"a":{"type":"string"},"b":{"type":"object","properties":{"c":{}},"additionalProperties":false}},"required":["a"],"additionalProperties":false}`},
		{name: "a map within", schema: `{"type":"object","properties":{"a":{"type":"object","additionalProperties":{"type":"string"}}}}`, err: jsonschema.ErrAnything},
		{name: "any object within", schema: `{"type":"object","properties":{"a":{"type":"array","items":{"type":["object","null"]}}}}`, err: jsonschema.ErrAnything},
		{name: "a map", schema: `{"type":"object","additionalProperties":{"type":"string"}}`, err: jsonschema.ErrAnything},
		{name: "anything", schema: `true`, err: jsonschema.ErrAnything},
		{name: "two unions of one value", schema: `{"anyOf":[{"type":"string"},{"type":"number"}],"oneOf":[{"enum":["a"]},{"minimum":1}]}`,
			want: `{"anyOf":[{"type":"string"},{"type":"number"}],"description":"{oneOf: [{\"enum\":[\"a\"]},{\"minimum\":1}]}"}`, lossy: true},
		{name: "two unions by an all of", schema: `{"oneOf":[{"type":"string"}],"allOf":[{"anyOf":[{"type":"number"}]}]}`, want: `{"anyOf":[{"type":"string"}],"description":"{anyOf: [{\"type\":\"number\"}]}"}`, lossy: true},
		{name: "what an all of says otherwise", schema: `{"type":"string","allOf":[{"type":"number"}]}`, want: `{"type":"string"}`, lossy: true},
		{name: "a ring", schema: `{"type":"object","properties":{"child":{"$ref":"#"}}}`, err: jsonschema.ErrRing},
		{name: "a ring of two", schema: `{"type":"object","properties":{"a":{"$ref":"#/$defs/A"}},"$defs":{"A":{"type":"object","properties":{"b":{"anyOf":[{"$ref":"#/$defs/B"},{"type":"null"}]}}},"B":{"type":"array","items":{"$ref":"#/$defs/A"}}}}`, err: jsonschema.ErrRing},
		{name: "a ring to what is around", schema: `{"type":"object","properties":{"a":{"type":"object","properties":{"b":{"$ref":"#/properties/a"}}}}}`, err: jsonschema.ErrRing},
		{name: "the same reference twice is no ring", schema: `{"type":"object","properties":{"a":{"$ref":"#/$defs/A"},"b":{"$ref":"#/$defs/A"}},"$defs":{"A":{"type":"string"}}}`,
			want: `{"type":"object","properties":{"a":{"$ref":"#/$defs/A"},"b":{"$ref":"#/$defs/A"}},"$defs":{"A":{"type":"string"}},"additionalProperties":false}`},
		{name: "a property called $ref", schema: `{"type":"object","properties":{"$ref":{"type":"string"}}}`, want: `{"type":"object","properties":{"$ref":{"type":"string"}},"additionalProperties":false}`},
		{name: "a tuple of draft 4", schema: `{"type":"array","items":[{"type":"string"},{"type":"object","properties":{"a":{"type":"string"}}}],"additionalItems":{"type":"number"}}`,
			want: `{"type":"array","items":{"anyOf":[{"type":"string"},{"type":"object","properties":{"a":{"type":"string"}},"additionalProperties":false},{"type":"number"}]}}`, lossy: true},
		{name: "a tuple", schema: `{"type":"array","prefixItems":[{"type":"string"}],"items":false}`, want: `{"type":"array","items":{"anyOf":[{"type":"string"}]}}`, lossy: true},
		{name: "an empty tuple", schema: `{"type":"array","items":[]}`, want: `{"type":"array"}`},
		{name: "words of draft 3 and 4", schema: `{"type":"object","properties":{"a":{"type":"any","required":true},"n":{"type":"integer","minimum":0,"exclusiveMinimum":true}}}`,
			want: `{"type":"object","properties":{"a":{},"n":{"type":"integer","description":"{exclusiveMinimum: 0}"}},"required":["a"],"additionalProperties":false}`, lossy: true},
		{name: "elsewhere", schema: `{"type":"object","properties":{"a":{"$ref":"https://example.com/a.json"}}}`, err: jsonschema.ErrReference},
		{name: "array", schema: `{"type":"array","items":{"type":"number"}}`, want: `{"type":"array","items":{"type":"number"}}`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, lossy, err := fresh.AppendClosed([]byte("x"), []byte(tc.schema))
			if string(got) != "x"+tc.want || lossy != tc.lossy || !errors.Is(err, tc.err) {
				t.Errorf("got  %s, %v, %v\nwant %s", got, lossy, err, tc.want)
			}
		})
	}
}

// One tool in the words of an older draft has a whole request refused: they are
// said in those of the current one, and all else is left as it is.
func TestOldDraftsAreSaidAnew(t *testing.T) {
	for _, tc := range []struct{ name, schema, want string }{
		{"a tuple", `{"items":[{"type":"string"},true],"additionalItems":false}`, `{"prefixItems":[{"type":"string"},true],"items":false}`},
		{"a tuple and more", `{"additionalItems":{"type":"any"},"items" : [ {} ]}`, `{"prefixItems":[{}],"items":{}}`},
		{"a tuple said twice", `{"prefixItems":[{}],"items":[{"type":"string"}]}`, `{"prefixItems":[{}]}`},
		{"no elements", `{"type":"array","items":[]}`, `{"type":"array"}`},
		{"exclusive limits", `{"minimum":0,"exclusiveMinimum":true,"maximum":9,"exclusiveMaximum":false}`, `{"exclusiveMinimum":0,"maximum":9}`},
		{"an exclusive limit of nothing", `{"exclusiveMaximum":true,"type":"number"}`, `{"type":"number"}`},
		{"any", `{"anyOf":[{"type":"any"},{"type":["string","any"]},{"type":"ANY","title":"any"},{"type":"string"}],"enum":["any"]}`, `{"anyOf":[{},{},{"title":"any"},{"type":"string"}],"enum":["any"]}`},
		{"required at the property", `{"properties":{"a":{"required":true},"b":{"required":false},"c":{"required":["d"],"properties":{"d":{"required":true}}}},"required":["c"]}`,
			`{"properties":{"a":{},"b":{},"c":{"required":["d"],"properties":{"d":{}}}},"required":["c","a"]}`},
		{"required at the property only", `{"properties":{"a":{"required":true}}}`, `{"properties":{"a":{}},"required":["a"]}`},
		{"properties that are called so", `{"properties":{"items":{"type":"string"},"required":{"type":"boolean"},"exclusiveMinimum":{"default":true}},"required":["items"]}`, ``},
		{"values that look so", `{"const":{"items":[1],"required":true},"default":{"exclusiveMinimum":true}}`, `{"const":{"items":[1],"required":true},"default":{"exclusiveMinimum":true}}`},
		{"everywhere", `{"$defs":{"A":{"items":[{}]}},"patternProperties":{"x":{"type":"any"}},"not":{"items":[{}]},"additionalProperties":{"type":"any"}}`,
			`{"$defs":{"A":{"prefixItems":[{}]}},"patternProperties":{"x":{}},"not":{"prefixItems":[{}]},"additionalProperties":{}}`},
		{"the current draft", benchmarked, ``},
	} {
		t.Run(tc.name, func(t *testing.T) {
			schema := []byte(tc.schema)
			got, err := fresh.Current(schema)
			if tc.want == "" {
				if err != nil || &got[0] != &schema[0] {
					t.Errorf("it was written anew: %s, %v", got, err)
				}
				return
			}
			if err != nil || string(got) != tc.want {
				t.Errorf("got  %s, %v\nwant %s", got, err, tc.want)
			}
		})
	}
}

// Schemas that are small and mean much: rings, doublings, depth. They must end
// soon, in an error or in a schema of bounded size.
var hostile = map[string]string{
	"ring":                              `{"$ref":"#"}`,
	"ring of two":                       `{"type":"object","properties":{"a":{"$ref":"#/$defs/A"}},"$defs":{"A":{"properties":{"b":{"$ref":"#/$defs/B"}}},"B":{"properties":{"a":{"$ref":"#/$defs/A"}}}}}`,
	"ring of all of":                    `{"allOf":[{"$ref":"#"},{"$ref":"#"}]}`,
	"ring of any of":                    `{"anyOf":[{"$ref":"#"},{"type":"object","anyOf":[{"$ref":"#"},{"$ref":"#"}]}]}`,
	"doubling":                          doubling(60, `{"properties":{"a":{"$ref":"#/$defs/N"},"b":{"$ref":"#/$defs/N"}}}`),
	"doubling all of":                   doubling(60, `{"allOf":[{"$ref":"#/$defs/N"},{"$ref":"#/$defs/N"}]}`),
	"doubling any of":                   doubling(60, `{"type":"object","anyOf":[{"$ref":"#/$defs/N"},{"$ref":"#/$defs/N"}]}`),
	"mixed":                             doubling(60, `{"allOf":[{"properties":{"x":{"allOf":[{"$ref":"#/$defs/N"},{"$ref":"#/$defs/N"}]}}},{"type":"object"}]}`),
	"deep":                              strings.Repeat(`{"items":`, 900) + "{}" + strings.Repeat("}", 900),
	"deep any of":                       strings.Repeat(`{"anyOf":[`, 400) + "{}" + strings.Repeat("]}", 400),
	"wide any of":                       `{"type":"object","properties":{` + members(3000) + `},"anyOf":[` + strings.Repeat(`{},`, 30000) + `{}]}`,
	"wide all of":                       `{"allOf":[` + strings.Repeat(`{"properties":{`+members(100)+`}},`, 3000) + `{}]}`,
	"wide enum":                         `{"enum":[` + strings.Repeat(`"",`, 100000) + `""],"anyOf":[` + strings.Repeat(`{},`, 100000) + `{}]}`,
	"wide required":                     `{"anyOf":[` + strings.Repeat(`{"$ref":"#/$defs/A"},`, 300) + `{"$ref":"#/$defs/A"}],"$defs":{"A":{"required":[` + names(1000) + `]}}}`,
	"wide order":                        `{"type":"object","properties":{"a":{}},"propertyOrdering":[` + names(30000) + `],"anyOf":[` + strings.Repeat(`{},`, 30000) + `{}]}`,
	"long required":                     `{"type":"object","properties":{"a":{}},"required":["` + strings.Repeat("x", 1<<20) + `"],"anyOf":[` + strings.Repeat(`{},`, 30000) + `{}]}`,
	"many members called properties":    `{"allOf":[{}],"properties":{` + members(10000) + `}` + strings.Repeat(`,"properties":{},"required":[]`, 10000) + `}`,
	"long pointers":                     `{"allOf":[` + strings.Repeat(`{"$ref":"#`+strings.Repeat("/a", 500)+`"},`, 2000) + `{}],"a":` + strings.Repeat(`{"a":`, 499) + `{"type":"object"}` + strings.Repeat("}", 499) + `}`,
	"long escaped names":                `{"allOf":[` + strings.Repeat(`{"properties":{"`+strings.Repeat(`\u0061`, 10000)+`":{}}},`, 100) + `{}]}`,
	"deep tuples":                       strings.Repeat(`{"items":[`, 400) + "{}" + strings.Repeat("]}", 400),
	"wide tuple":                        `{"items":[` + strings.Repeat(`{"type":"any"},`, 100000) + `{}]}`,
	"many that require themselves":      `{"properties":{` + strings.ReplaceAll(members(20000), "{}", `{"required":true}`) + `}}`,
	"references without end":            `{"type":"object","properties":{` + strings.ReplaceAll(members(3000), "{}", `{"$ref":"#/properties/p"}`) + `}}`,
	"wide alternatives of one property": `{"anyOf":[` + alternatives(50000) + `{}]}`,
}

func doubling(n int, body string) string {
	name := func(i int) string { return "A" + strings.Repeat("a", i) }
	defs := ""
	for i := range n {
		defs += `"` + name(i) + `":` + strings.ReplaceAll(body, "/N", "/"+name(i+1)) + ","
	}
	return `{"type":"object","properties":{"p":{"$ref":"#/$defs/A"}},"anyOf":[{"$ref":"#/$defs/A"}],"$defs":{` + defs + `"` + name(n) + `":{"type":"string"}}}`
}

func members(n int) string {
	list := make([]string, n)
	for i := range list {
		list[i] = `"p` + strings.Repeat("x", i%50) + string(rune('a'+i%26)) + time.Duration(i).String() + `":{}`
	}
	return strings.Join(list, ",")
}

func names(n int) string {
	list := make([]string, n)
	for i := range list {
		list[i] = `"` + time.Duration(i).String() + `"`
	}
	return strings.Join(list, ",")
}

func alternatives(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(`{"properties":{"a":{"title":"` + time.Duration(i).String() + `"}}},`)
	}
	return b.String()
}

func TestHostileSchemasAreBounded(t *testing.T) {
	for name, schema := range hostile {
		t.Run(name, func(t *testing.T) {
			if !gjson.Valid(schema) {
				t.Fatal("the test's own schema is not valid")
			}
			begun := time.Now()
			checkAll(t, []byte(schema))
			t.Logf("took %v", time.Since(begun))
		})
	}
}

// checkAll: what is written is valid JSON and no larger than it may be.
func checkAll(t *testing.T, schema []byte) {
	t.Helper()
	check := func(name string, out []byte, err error) {
		if err != nil {
			if len(out) > 0 {
				t.Errorf("%s: error %v and %d bytes", name, err, len(out))
			}
			return
		}
		if len(out) > 16<<20+64*len(schema) {
			t.Errorf("%s: %d bytes of %d", name, len(out), len(schema))
		}
		if !gjson.ValidBytes(out) {
			t.Errorf("%s: not valid: %.300s", name, out)
		}
	}
	out, _, err := fresh.AppendToolInput(nil, schema)
	check("tool input", out, err)
	out, _, err = fresh.AppendClosed(nil, schema)
	check("closed", out, err)
	out, _, err = fresh.AppendReduced(nil, schema)
	check("reduced", out, err)
	out, err = fresh.Current(schema)
	check("current", out, err)
}

func FuzzSchemas(f *testing.F) {
	for _, schema := range hostile {
		if len(schema) < 2000 {
			f.Add([]byte(schema))
		}
	}
	f.Add([]byte(benchmarked))
	f.Add([]byte(`{"type":["string","integer"],"enum":[1,"a",null,{}],"const":[],"items":[{},true],"required":[1,"a"],"propertyOrdering":["a"],"nullable":true,"prefixItems":[false],"minLength":"1","exclusiveMinimum":1,"format":"x"}`))
	f.Fuzz(func(t *testing.T, schema []byte) {
		if len(schema) > 1<<16 || !gjson.ValidBytes(schema) {
			t.Skip()
		}
		checkAll(t, schema)
	})
}

const benchmarked = `{"$schema":"http://json-schema.org/draft-07/schema#","type":"object","properties":{"path":{"type":"string","description":"The path"},"limit":{"type":"integer","minimum":1,"maximum":100},"mode":{"type":"string","enum":["read","write"]},"tags":{"type":"array","items":{"$ref":"#/$defs/Tag"}},"when":{"anyOf":[{"type":"string","format":"date-time"},{"type":"null"}]}},"required":["path"],"additionalProperties":false,"$defs":{"Tag":{"type":"object","properties":{"name":{"type":"string"}},"required":["name"]}}}`

// BenchmarkToolInput is that of a schema that comes again and again, and of ones
// that were not seen before.
func BenchmarkToolInput(b *testing.B) {
	var dst []byte
	for name, others := range map[string]int64{"familiar": 1, "new": 9000} {
		b.Run(name, func(b *testing.B) {
			schema := []byte(`{"title":1000,` + benchmarked[1:])
			b.ReportAllocs()
			for i := int64(0); b.Loop(); i++ {
				strconv.AppendInt(schema[:len(`{"title":`)], 1000+i%others, 10) // in place
				dst, _, _ = fresh.AppendToolInput(dst[:0], schema)
			}
		})
	}
}

func BenchmarkClosed(b *testing.B) {
	var dst []byte
	b.ReportAllocs()
	for b.Loop() {
		dst, _, _ = fresh.AppendClosed(dst[:0], []byte(benchmarked))
	}
}

func BenchmarkReduced(b *testing.B) {
	var dst []byte
	b.ReportAllocs()
	for b.Loop() {
		dst, _, _ = fresh.AppendReduced(dst[:0], []byte(benchmarked))
	}
}
