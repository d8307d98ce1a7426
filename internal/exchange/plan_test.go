package exchange

import (
	"bytes"
	"strings"
	"testing"

	"github.com/aiclient2api/caddy-aiclient2api/formats"
)

func TestPlan(t *testing.T) {
	for _, tc := range []struct {
		name, body, model string
		op                formats.Operation
		rung              Rung
		want              string // body that goes up, "" if the target cannot carry it
	}{
		{name: "verbatim", body: `{ "x":1e400,"model" : "m"}`, model: "m", rung: Verbatim, want: `{ "x":1e400,"model" : "m"}`},
		{name: "another model", body: `{"a":[1,2],"model":"p/m","b":{}}`, model: "m", rung: Splice, want: `{"a":[1,2],"model":"m","b":{}}`},
		{name: "the new name is escaped", body: `{"model":"m"}`, model: `a"b`, rung: Splice, want: `{"model":"a\"b"}`},
		{name: "an escaped name is the same", body: `{"model":"a\/b"}`, model: "a/b", rung: Verbatim, want: `{"model":"a\/b"}`},
		{name: "embeddings", op: formats.Embeddings, body: `{"model":"m"}`, model: "m", want: `{"model":"m"}`},
		{name: "not offered", op: formats.Moderations, body: `{"model":"m"}`, model: "m"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := newCall(t, tc.body)
			c.Op = tc.op
			x, bad := Plan(c, target(tc.model))
			if tc.want == "" {
				if bad == nil || bad.Status != 400 || !strings.Contains(bad.Message, `"p"`) {
					t.Fatalf("got %+v", bad)
				}
				return
			}
			if bad != nil {
				t.Fatal(bad.Message)
			}
			_, segments, length := x.Upload()
			if got := string(bytes.Join(segments, nil)); got != tc.want || length != int64(len(tc.want)) || x.Rung != tc.rung {
				t.Errorf("got %s (%d bytes), %v", got, length, x.Rung)
			}
		})
	}
}

// A model's name may be missing where the protocol allows it, and a target may
// still say one.
func TestPlanWithoutAModel(t *testing.T) {
	c := newCall(t, `{"input":"x"}`)
	c.Op = formats.Embeddings
	x, bad := Plan(c, target("m"))
	if bad != nil {
		t.Fatal(bad.Message)
	}
	_, segments, _ := x.Upload()
	if got := string(bytes.Join(segments, nil)); got != `{"model":"m","input":"x"}` {
		t.Errorf("got %s", got)
	}
	if x, _ = Plan(c, target("")); x.Rung != Verbatim {
		t.Errorf("rung %v", x.Rung)
	}
}

// A null in the place of the name is replaced: a second member would leave it
// to the provider's parser which of them counts.
func TestPlanReplacesANullModel(t *testing.T) {
	c := newCall(t, `{"model":null,"input":"x"}`)
	c.Op = formats.Embeddings
	x, bad := Plan(c, target("m"))
	if bad != nil {
		t.Fatal(bad.Message)
	}
	_, segments, _ := x.Upload()
	if got := string(bytes.Join(segments, nil)); got != `{"model":"m","input":"x"}` {
		t.Errorf("got %s", got)
	}
}

func BenchmarkPlan(b *testing.B) {
	c := newCall(b, `{"model":"p/m","messages":[]}`)
	for name, model := range map[string]string{"verbatim": "p/m", "splice": "m"} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, bad := Plan(c, target(model)); bad != nil {
					b.Fatal(bad.Message)
				}
			}
		})
	}
}
