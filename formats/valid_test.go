package formats

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
)

var documents = []string{
	`{}`, `[]`, ` {"a" : [ 1 , -2.5e+3, true,false ,null, "x" ] } `, `"a"`, `0`, `-0`, `01`, `1.`, `.5`, `1e`, `-`, `+1`, `tru`, `nulll`, ``, ` `,
	`{`, `[`, `{]`, `[}`, `{"a"}`, `{"a":}`, `{"a":1,}`, `[1,]`, `[,1]`, `{,}`, `{"a":1 "b":2}`, `{1:2}`, `[1 2]`, `{} {}`, `]`, `"`, `"\`, `"\x"`, `"\u12G4"`,
	`"\u00e4\"\\\/\b\f\n\r\t"`, "\"\x01\"", "\"12345678\x1f\"", "\"\x7f\xff\xc3\"", `{"":{"":[[[]]]}}`, `[[],{}]`, `[{}]`, `{"a":[}]`, `"aaaaaaaaaaaaaaa\"`,
	`"!!!!!!!!!!!!!!!"`, `"################"`, `"[[[[[[[[]]]]]]]]"`,
}

func TestValid(t *testing.T) {
	for _, d := range documents {
		if got, want := Valid([]byte(d)), json.Valid([]byte(d)); got != want {
			t.Errorf("%q: %v", d, got)
		}
		inner := `{"k":"` + strings.Repeat("long text ", 20) + `","v":` + d + `}`
		if got, want := Valid([]byte(inner)), json.Valid([]byte(inner)); got != want {
			t.Errorf("%q: %v", inner, got)
		}
	}
	deep := func(n int) []byte { return []byte(strings.Repeat("[", n) + strings.Repeat("]", n)) }
	if !Valid(deep(MaxDepth-1)) || Valid(deep(MaxDepth)) || Valid([]byte(strings.Repeat("[", 8<<20))) {
		t.Error("depth")
	}
}

// Strings are looked at eight bytes at a time: what ends them must be found
// wherever it stands, and nothing else be taken for it, whatever is before it.
func TestEndsOfStringsAreFoundAnywhere(t *testing.T) {
	for _, before := range []byte{'a', ' ', '!', '#', '[', ']', 0x7f, 0x80, 0xa2, 0xff} {
		for c := range 256 {
			for at := range 20 {
				b := bytes.Repeat([]byte{before}, 24)
				b[at] = byte(c)
				want := len(b)
				if c == '"' || c == '\\' || c < ' ' {
					want = at
				}
				if got := special(b, 0); got != want {
					t.Fatalf("%q: %d, want %d", b, got, want)
				}
			}
		}
	}
	for n := range 150 {
		for slashes := range 5 {
			text := strings.Repeat("x", n) + strings.Repeat(`\`, slashes)
			b := []byte(`"` + text + `"` + `y" `)
			want := len(text) + 2
			if slashes%2 == 1 {
				want += 2 // the next one
			}
			if got := pass(b, 0); got != want {
				t.Errorf("%s: %d, want %d", b, got, want)
			}
			if got := pass(b[:want-1], 0); got != -1 {
				t.Errorf("%s: %d, want no end", b[:want-1], got)
			}
		}
	}
}

// What is valid is what encoding/json takes for it.
func FuzzValid(f *testing.F) {
	for _, d := range documents {
		f.Add([]byte(d))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if got, want := Valid(b), json.Valid(b); got != want && !(want && strings.Count(string(b), "[")+strings.Count(string(b), "{") >= MaxDepth) {
			t.Errorf("%q: %v", b, got)
		}
		if l := AsLiteral(b); l != nil && !json.Valid(l) {
			t.Errorf("%q is taken for a string", b)
		}
	})
}

func BenchmarkValid(b *testing.B) {
	for name, body := range map[string]string{
		"text":   `{"messages":[{"role":"user","content":"` + strings.Repeat("some words of a question ", 160) + `"}]}`,
		"schema": `[` + strings.Repeat(`{"type":"object","properties":{"path":{"type":"string","description":"where it is"},"limit":{"type":"integer"}},"required":["path"]},`, 30) + `{}]`,
	} {
		b.Run(name, func(b *testing.B) {
			in := []byte(body)
			b.SetBytes(int64(len(in)))
			b.ReportAllocs()
			for b.Loop() {
				if !Valid(in) {
					b.Fatal("not valid")
				}
			}
		})
	}
}
