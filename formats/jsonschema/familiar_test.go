package jsonschema

import (
	"fmt"
	"sync"
	"testing"
)

// A schema that is known must come out as it did when it was new, and one that
// differs in a byte, or took another's place, must not be taken for it.
func TestFamiliarSchemas(t *testing.T) {
	f := newFamiliar()
	schema := func(i int) []byte { return fmt.Appendf(nil, `{"type":"object","title":"%d"}`, i) }
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			for j := i; j < 3*len(f.marks); j += 4 { // more than there is room for
				f.add(schema(j))
			}
		})
	}
	wg.Wait()
	known := 0
	for i := range 4 * len(f.marks) {
		switch knows := f.knows(schema(i)); {
		case knows && i >= 3*len(f.marks):
			t.Fatalf("%s was never added", schema(i))
		case knows:
			known++
		}
	}
	if known == 0 || known > len(f.marks) {
		t.Errorf("%d of %d are known", known, len(f.marks))
	}
	last := schema(3*len(f.marks) - 1)
	f.add(last)
	if !f.knows(last) {
		t.Error("what was added last is not known")
	}
}

func TestToolInputIsTheSameAgain(t *testing.T) {
	for _, schema := range []string{
		`{"type":"object","properties":{"a":{"type":"string"}}}`,
		` {"type":"object","properties":{"a":{"type":"string"}}} `,
		`{"type":"object","properties":{"a":{"items":[{}]}}}`, // known in the newer words only
		`{"type":"object","properties":{"a":{"prefixItems":[{}]}}}`,
		`{"type":"object","anyOf":[{"properties":{"a":{}}}]}`,
		`{"properties":{"a":{}}}`,
		`{"type":"object"}`,
	} {
		var b *Budget
		first, lossy, err := b.AppendToolInput(nil, []byte(schema))
		for range 2 {
			again, stillLossy, stillErr := b.AppendToolInput(nil, []byte(schema))
			if string(again) != string(first) || stillLossy != lossy || stillErr != err {
				t.Errorf("%s: first %s, then %s, %v", schema, first, again, stillErr)
			}
		}
	}
	if knows := inputs.knows([]byte(`{"type":"object","properties":{"a":{"items":[{}]}}}`)); knows {
		t.Error("a schema in older words is taken as it is")
	}
}
