package exchange

// tailSize is how many bytes of an answer's end are kept.
const tailSize = 4 << 10

// tail keeps the last bytes of what was handed on. What it returns does not
// depend on how the bytes were cut into pieces.
type tail struct {
	buf [2 * tailSize]byte
	n   int // bytes in buf
}

// note takes the next bytes.
func (t *tail) note(b []byte) {
	if len(b) >= tailSize {
		t.n = copy(t.buf[:], b[len(b)-tailSize:])
		return
	}
	if t.n+len(b) > len(t.buf) {
		t.n = copy(t.buf[:], t.buf[t.n-tailSize:t.n])
	}
	t.n += copy(t.buf[t.n:], b)
}

// bytes returns the last bytes, valid until the next note.
func (t *tail) bytes() []byte { return t.buf[max(0, t.n-tailSize):t.n] }
