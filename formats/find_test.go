package formats

import (
	"slices"
	"testing"
)

// The last bytes of a stream begin and end anywhere.
func TestFindingInACutStream(t *testing.T) {
	const b = `ge":1}` + "\n\n" + `data: {"usage" : null,"text":"\"usage\":{\"no\":1}"}` + "\n\n" + `data: {"usage":{"a":1},"type" :"error"}` + "\n\n" + `data: {"x":["usage",{}],"usage":`
	var values []byte
	for v := range Values([]byte(b), `"usage"`) {
		values = append(values, v[0])
	}
	if string(values) != "n{" {
		t.Errorf("values begin with %q", values)
	}
	if o := LastObject([]byte(b), `"usage"`); len(o) < 8 || string(o[:7]) != `{"a":1}` {
		t.Errorf("the last object is %s", o)
	}
	if !HasType([]byte(b), `"error"`) || HasType([]byte(b), `"usage"`) || HasType([]byte(`"kind":"error"`), `"error"`) {
		t.Error("types")
	}
	if at := slices.Collect(Occurrences([]byte("aaa"), "aa")); !slices.Equal(at, []int{0, 1}) {
		t.Errorf("places %v", at)
	}
}
