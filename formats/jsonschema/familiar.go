package jsonschema

import (
	"hash/maphash"
	"sync/atomic"
)

// familiar remembers schemas of which something was found, so that it need not
// be looked for again: an agent sends the same tools with every request. It
// keeps fingerprints, not schemas, as many as there is room for, and newer ones
// take the places of older ones. That two schemas have the same one of 2^63
// is not to be expected; who sends them would only see a provider refuse one.
//
// Its methods may be used by several goroutines at once.
type familiar struct {
	seed  maphash.Seed
	marks [1 << 12]atomic.Uint64
}

func newFamiliar() *familiar { return &familiar{seed: maphash.MakeSeed()} }

// mark returns a schema's fingerprint, which is not 0, and its place.
func (f *familiar) mark(schema []byte) (mark uint64, at *atomic.Uint64) {
	mark = maphash.Bytes(f.seed, schema) | 1
	return mark, &f.marks[mark>>1%uint64(len(f.marks))]
}

// knows reports whether the schema was added, and is not forgotten yet.
func (f *familiar) knows(schema []byte) bool {
	mark, at := f.mark(schema)
	return at.Load() == mark
}

// add remembers a schema.
func (f *familiar) add(schema []byte) {
	mark, at := f.mark(schema)
	at.Store(mark)
}

var (
	// current are schemas that have nothing of an older draft in them.
	current = newFamiliar()
	// inputs are schemas that Anthropic takes for a tool's input as they are.
	inputs = newFamiliar()
)
