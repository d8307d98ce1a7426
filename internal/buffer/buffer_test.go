package buffer

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
)

func TestReadWholeWhateverTheChunks(t *testing.T) {
	want := strings.Repeat("0123456789", 30_000)
	for _, length := range []int64{-1, int64(len(want))} {
		for name, r := range map[string]io.Reader{
			"whole":    strings.NewReader(want),
			"halves":   iotest.HalfReader(strings.NewReader(want)),
			"data+eof": iotest.DataErrReader(strings.NewReader(want)),
		} {
			b, err := Read(r, length, 1<<20)
			if err != nil || string(b.Bytes()) != want {
				t.Errorf("%s, length %d: %d bytes, %v", name, length, len(b.Bytes()), err)
			}
			b.Release()
		}
	}
}

func TestLimit(t *testing.T) {
	const limit = 10
	for size, want := range map[int]error{9: nil, 10: nil, 11: ErrTooLarge, 5000: ErrTooLarge} {
		r := &counting{r: bytes.NewReader(make([]byte, size))}
		_, err := Read(r, -1, limit)
		if !errors.Is(err, want) {
			t.Errorf("%d bytes: %v, want %v", size, err, want)
		}
		if r.n > limit+1 {
			t.Errorf("%d bytes: %d were read", size, r.n)
		}
	}
	r := &counting{r: bytes.NewReader(make([]byte, 20))}
	if _, err := Read(r, 20, limit); !errors.Is(err, ErrTooLarge) || r.n != 0 {
		t.Errorf("an announced length over the limit: %v after %d bytes", err, r.n)
	}
}

type counting struct {
	r io.Reader
	n int
}

func (c *counting) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += n
	return n, err
}

func TestAPromiseAllocatesNothing(t *testing.T) {
	b, err := Read(strings.NewReader("{}"), 1<<30, 1<<31)
	if err != nil {
		t.Fatal(err)
	}
	if cap(b.Bytes()) > most {
		t.Errorf("%d bytes were allocated on a promise", cap(b.Bytes()))
	}
}

// Buffers of one class serve all sizes of it, and grown ones never come back
// as smaller than what was asked for.
func TestClasses(t *testing.T) {
	for _, n := range []int{0, 1, least - 1, least, least + 1, 3 * least, 100_000, most - 1, most, most + 1, 3 * most} {
		for range 3 {
			b := get(n)
			if len(b) != 0 || cap(b) < n || n <= most && cap(b) > max(least, 2*n)+1 {
				t.Errorf("%d: %d of %d", n, len(b), cap(b))
			}
			put(b)
		}
		put(make([]byte, 0, n)) // of a size of its own
		if b := get(n); cap(b) < n {
			t.Errorf("%d: got back %d", n, cap(b))
		}
	}
}

func TestABrokenBodyIsAnError(t *testing.T) {
	if _, err := Read(iotest.TimeoutReader(iotest.OneByteReader(strings.NewReader("abc"))), -1, 100); err == nil {
		t.Error("no error")
	}
}

// Before there were references, a body went back to its pool while net/http
// was still sending it, and another request's bytes went upstream.
func TestMemoryIsNotReusedWhileAReaderIsOpen(t *testing.T) {
	b, err := Read(strings.NewReader("first"), 5, 100)
	if err != nil {
		t.Fatal(err)
	}
	r := b.Reader([][]byte{b.Bytes()})
	b.Release()
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 100 {
				other, _ := Read(strings.NewReader("other"), 5, 100)
				other.Release()
			}
		})
	}
	wg.Wait()
	if got, _ := io.ReadAll(r); string(got) != "first" {
		t.Errorf("read %q", got)
	}
	r.Close()
	r.Close()
	if _, err := r.Read(make([]byte, 1)); err == nil {
		t.Error("a closed reader still reads")
	}
}

func TestReaderOverSegments(t *testing.T) {
	b, _ := Read(strings.NewReader("hello"), 5, 100)
	defer b.Release()
	segments := [][]byte{b.Bytes()[:2], []byte("--"), {}, b.Bytes()[2:]}
	if err := iotest.TestReader(b.Reader(segments), []byte("he--llo")); err != nil {
		t.Error(err)
	}
}

func BenchmarkRead(b *testing.B) {
	for name, size := range map[string]int{"200B": 200, "4KB": 4 << 10, "1MB": 1 << 20} {
		b.Run(name, func(b *testing.B) {
			src := make([]byte, size)
			b.SetBytes(int64(size))
			b.ReportAllocs()
			for b.Loop() {
				body, err := Read(bytes.NewReader(src), int64(size), 64<<20)
				if err != nil {
					b.Fatal(err)
				}
				body.Release()
			}
		})
	}
}
