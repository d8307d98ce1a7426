package gemini_test

import (
	"strings"
	"testing"
)

// streamed is a chunk with a piece of a call.
func streamed(f string, more ...string) string {
	return parts(`{"functionCall":{`+f+`}}`, more...)
}

// Arguments that are streamed come out as one object.
func TestStreamedArguments(t *testing.T) {
	const open = `"name":"f","willContinue":true`
	for _, tc := range []struct {
		name   string
		chunks []string
		want   string
	}{
		{"texts, numbers and lists", []string{
			streamed(open),
			streamed(`"partialArgs":[{"jsonPath":"$.a[0].b","stringValue":"x\"","willContinue":true}],"willContinue":true`),
			streamed(`"partialArgs":[{"jsonPath":"$.a[0].b","stringValue":"\u00e9"}],"willContinue":true`),
			streamed(`"partialArgs":[{"jsonPath":"$.a[1]","numberValue":0.5},{"jsonPath":"$['k.y']","boolValue":true},{"jsonPath":"$.n","nullValue":"NULL_VALUE"}],"willContinue":true`),
			streamed(``, stop)},
			`delta("{\"a\":[{\"b\":\"x\\\"\\u00e9\"},0.5],\"k.y\":true,\"n\":null}") close finish(calls) end`},
		{"no close: the next name", []string{streamed(open), streamed(`"partialArgs":[{"jsonPath":"$.a","numberValue":1}],"willContinue":true`), streamed(`"name":"g","args":{}`, stop)},
			`delta("{\"a\":1}") close open(call call_id-1_2 g) delta("{}") close finish(calls) end`},
		{"no close: a text", []string{streamed(open), parts(`{"text":"t"}`, stop)},
			`delta("{}") close open(text) delta("t") close finish(calls) end`},
		{"no close: the end", []string{streamed(open), streamed(`"partialArgs":[{"jsonPath":"$.a","structValue":{"b":[1]}}],"willContinue":true`), parts(``, stop)},
			`delta("{\"a\":{\"b\":[1]}}") close finish(calls) end`},
		{"all of it in the last piece", []string{streamed(open), streamed(`"partialArgs":[{"jsonPath":"$.a","numberValue":1}]`, stop)},
			`delta("{\"a\":1}") close finish(calls) end`},
		{"a start that came whole", []string{streamed(open + `,"args":{"a":{"b":"x"},"c":[1]}`), streamed(`"partialArgs":[{"jsonPath":"$.a.b","stringValue":"y"},{"jsonPath":"$.c[1]","numberValue":2}]`, stop)},
			`delta("{\"a\":{\"b\":\"xy\"},\"c\":[1,2]}") close finish(calls) end`},
		{"a value of another kind", []string{streamed(open), streamed(`"partialArgs":[{"jsonPath":"$.a","numberValue":1},{"jsonPath":"$.a.b","numberValue":2},{"jsonPath":"$.a[0]","stringValue":"z"}]`, stop)},
			`delta("{\"a\":[\"z\"]}") close finish(calls) end`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			events, _ := stream(t, tc.chunks...)
			if got, want := show(events), `start open(call call_id-1_1 f) `+tc.want; got != want {
				t.Errorf("got  %s\nwant %s", got, want)
			}
		})
	}
}

// Arguments that cannot be put together, or grow without end, are an error and
// not an object with holes.
func TestStreamedArgumentsThatCannotBe(t *testing.T) {
	long := strings.Repeat("x", 1<<19)
	for name, pieces := range map[string][]string{
		"no path":           {`{"stringValue":"x"}`},
		"no root":           {`{"jsonPath":"a","stringValue":"x"}`},
		"a wildcard":        {`{"jsonPath":"$.*","stringValue":"x"}`},
		"any depth":         {`{"jsonPath":"$..a","stringValue":"x"}`},
		"a slice":           {`{"jsonPath":"$.a[0:2]","stringValue":"x"}`},
		"an open bracket":   {`{"jsonPath":"$.a[","stringValue":"x"}`},
		"a large index":     {`{"jsonPath":"$.a[99999999999999999999]","stringValue":"x"}`},
		"a deep path":       {`{"jsonPath":"$` + strings.Repeat(".a", 1000) + `","stringValue":"x"}`},
		"many lists":        {`{"jsonPath":"$.a[4095]` + strings.Repeat("[4095]", 60) + `","stringValue":"x"}`},
		"a text that grows": {`{"jsonPath":"$.a","stringValue":"` + long + `"}`, `{"jsonPath":"$.a","stringValue":"` + long + `"}`, `{"jsonPath":"$.a","stringValue":"` + long + `"}`},
		"not valid":         {`{"jsonPath":"$.a","structValue":{"a":tru}}`},
		"not a piece":       {`7`},
	} {
		chunks := []string{streamed(`"name":"f","willContinue":true`)}
		for _, p := range pieces {
			chunks = append(chunks, streamed(`"partialArgs":[`+p+`],"willContinue":true`))
		}
		events, complete := stream(t, chunks...)
		if got := show(events); !complete || !strings.HasSuffix(got, "streamed could not be read)") {
			t.Errorf("%s: %s", name, got)
		}
	}
}
