package jsonschema

import "github.com/aiclient2api/caddy-aiclient2api/llm"

// Budget bounds the work that the schemas of one request make, all of them
// together: a small schema can mean much by its $refs, and a request has many
// tools. Reading is counted as walking over values, whose cost is their length;
// writing is counted in bytes that are made, also in between.
//
// A nil Budget is a fresh one for each schema.
type Budget struct{ reading, writing int }

// BudgetOf returns the budget of a request whose schemas have that many bytes.
func BudgetOf(size int) *Budget {
	return &Budget{
		reading: 8<<20 + min(64*size, 128<<20+4*size),
		writing: 4<<20 + 4*size,
	}
}

// BudgetFor returns the budget of a request.
func BudgetFor(r *llm.Request) *Budget {
	size := len(r.Output.Schema)
	for i := range r.Tools {
		size += len(r.Tools[i].Schema)
	}
	return BudgetOf(size)
}

// or returns the budget, or a fresh one for a schema.
func (b *Budget) or(schema []byte) *Budget {
	if b == nil {
		return BudgetOf(len(schema))
	}
	return b
}

// read takes the cost of walking over a value from the budget. It returns
// false when that is used up.
func (b *Budget) read(v []byte) bool { return b.work(len(v) + 16) }

// work takes n from what may be read.
func (b *Budget) work(n int) bool {
	b.reading -= n
	return b.reading > 0
}

// made takes n bytes from what may be written.
func (b *Budget) made(n int) bool {
	b.writing -= n
	return b.writing > 0
}
