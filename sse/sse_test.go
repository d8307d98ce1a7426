package sse_test

import (
	"bytes"
	"testing"

	"github.com/aiclient2api/caddy-aiclient2api/sse"
)

// events parses a whole stream, the unfinished end included.
func events(b []byte) (evs []sse.Event) {
	for {
		ev, rest, ok := sse.Next(b)
		if !ok {
			break
		}
		b = rest
		evs = append(evs, ev)
	}
	if ev, ok := sse.Last(b); ok {
		evs = append(evs, ev)
	}
	return evs
}

func TestEventsOfTheStandard(t *testing.T) {
	for _, tc := range []struct {
		name, stream string
		data, event  string
		frames       int
	}{
		{name: "plain", stream: "data: a\n\n", data: "a", frames: 1},
		{name: "no blank after the colon", stream: "data:a\n\n", data: "a", frames: 1},
		{name: "one blank only is cut", stream: "data:  a\n\n", data: " a", frames: 1},
		{name: "several data lines", stream: "data: a\ndata\ndata: b\n\n", data: "a\n\nb", frames: 1},
		{name: "crlf", stream: "event: e\r\ndata: a\r\n\r\n", data: "a", event: "e", frames: 1},
		{name: "cr", stream: "event: e\rdata: a\r\r", data: "a", event: "e", frames: 1},
		{name: "byte order mark", stream: "\xef\xbb\xbfdata: a\n\n", data: "a", frames: 1},
		{name: "comment is a frame", stream: ": hi\n\n", frames: 1},
		{name: "unknown fields", stream: "id: 1\nretry: 2\nfoo: bar\ndata: a\n\n", data: "a", frames: 1},
		{name: "no final empty line", stream: "data: a", data: "a", frames: 1},
		{name: "a colon in the data", stream: "data: a:b\n\n", data: "a:b", frames: 1},
		{name: "nothing", stream: "", frames: 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			evs := events([]byte(tc.stream))
			if len(evs) != tc.frames {
				t.Fatalf("got %d frames, want %d", len(evs), tc.frames)
			}
			if tc.frames > 0 && (string(evs[0].Data) != tc.data || string(evs[0].Name) != tc.event) {
				t.Errorf("got data %q event %q", evs[0].Data, evs[0].Name)
			}
		})
	}
}

func TestAppendingToDataLeavesTheStreamAlone(t *testing.T) {
	b := []byte("data: a\ndata: b\n\ndata: c\n\n")
	want := string(b)
	events(b)
	if string(b) != want {
		t.Errorf("the stream was overwritten: %q", b)
	}
}

func TestFinal(t *testing.T) {
	for _, tc := range []struct{ stream, data, before string }{
		{"data: a\n\ndata: b\n\n", "b", "data: a\n\n"},
		{"data: a\n\ndata: b\n\n\n\n", "b", "data: a\n\n"},
		{"data: a\n\ndata: b", "b", "data: a\n\n"},
		{"data: a\r\n\r\nevent: e\r\ndata: b\r\n", "b", "data: a\r\n\r\n"},
		{"data: a\r\rdata: b\r\r", "b", "data: a\r\r"},
		{"lf of it\n\ndata: a\ndata: b\n\n", "a\nb", "lf of it\n\n"},
		{"data: b\n\n", "b", ""},
		{"data: a\n\n: comment\n\n", "", "data: a\n\n"},
	} {
		ev, before, ok := sse.Final([]byte(tc.stream))
		if !ok || string(ev.Data) != tc.data || string(before) != tc.before {
			t.Errorf("%q: %q behind %q, %v", tc.stream, ev.Data, before, ok)
		}
	}
	for _, none := range []string{"", "\n", "\r\n\r\n"} {
		if _, _, ok := sse.Final([]byte(none)); ok {
			t.Errorf("%q has an event", none)
		}
	}
}

func TestBoundary(t *testing.T) {
	for stream, want := range map[string]int{
		"":                           0,
		"data: a":                    0,
		"data: a\n":                  0,
		"data: a\n\n":                9,
		"data: a\r\n\r\n":            11,
		"data: a\r\r":                9,
		"data: a\n\ndata":            9,
		"data: a\r\n\r\ndata: b\r\n": 11,
		"a\n\nb\nc\n":                3,
	} {
		if got := sse.Boundary([]byte(stream)); got != want {
			t.Errorf("Boundary(%q) = %d, want %d", stream, got, want)
		}
	}
}

// FuzzUsualEvents: an event that is read in one go is what it is if a comment
// before it has it read line by line.
func FuzzUsualEvents(f *testing.F) {
	for _, s := range []string{
		"data: a\n\n", "event: x\ndata: y\n\ndata: z\n\n", "event: x\r\ndata: y\r\n\r\n", "data: a\rdata: b\n\n", "data: a\ndata: b\n\n",
		"event: a\rb\ndata: c\n\n", "data: \n\n", "event: \ndata: a\n\n", "data: a\n\r\n", "data: a\n", "event: a\n\ndata: b\n\n", "event: a\ndata: b\nid: c\n\n",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if bytes.HasPrefix(b, []byte("\xef\xbb\xbf")) {
			return
		}
		ev, rest, ok := sse.Next(b)
		want, wantRest, wantOK := sse.Next(append([]byte(":\n"), b...))
		if ok != wantOK || !bytes.Equal(ev.Data, want.Data) || !bytes.Equal(ev.Name, want.Name) ||
			(ev.Data == nil) != (want.Data == nil) || ok && !bytes.Equal(rest, wantRest) {
			t.Errorf("%q: %q %q, then %q, %v; want %q %q, then %q, %v", b, ev.Name, ev.Data, rest, ok, want.Name, want.Data, wantRest, wantOK)
		}
	})
}

// FuzzCutAnywhere: cutting a stream at its borders and parsing the pieces
// gives the events of the whole, and no event is ever cut in two.
func FuzzCutAnywhere(f *testing.F) {
	for _, s := range []string{"data: a\n\ndata: b\n\n", ": c\r\n\r\nevent: x\r\ndata: y\r\n\r\n", "data: a\r\r\rdata", "\n\n\ndata:\n\n"} {
		f.Add([]byte(s), 3)
	}
	f.Fuzz(func(t *testing.T, b []byte, cut int) {
		if bytes.HasPrefix(b, []byte("\xef\xbb\xbf")) {
			return // a mark is passed over at the start of a stream only
		}
		before := bytes.Clone(b)
		n := sse.Boundary(b)
		if n > 0 && !bytes.Contains([]byte("\r\n"), b[n-1:n]) {
			t.Fatalf("Boundary(%q) = %d", b, n)
		}
		whole := withData(events(b))
		if bytes.HasPrefix(b[n:], []byte("\xef\xbb\xbf")) || (n > 0 && n < len(b) && b[n-1] == '\r' && b[n] == '\n') {
			return
		}
		parts := withData(append(events(b[:n]), events(b[n:])...))
		if len(whole) != len(parts) {
			t.Fatalf("%q cut at %d: %d events instead of %d", b, n, len(parts), len(whole))
		}
		for i := range whole {
			if !bytes.Equal(whole[i].Data, parts[i].Data) {
				t.Fatalf("%q cut at %d: event %d is %q, not %q", b, n, i, parts[i].Data, whole[i].Data)
			}
		}
		if !bytes.Equal(before, b) {
			t.Fatalf("the stream was written to")
		}
	})
}

func withData(evs []sse.Event) (out []sse.Event) {
	for _, e := range evs {
		if e.Data != nil {
			out = append(out, e)
		}
	}
	return out
}

func BenchmarkNext(b *testing.B) {
	frame := []byte("data: {\"id\":\"chatcmpl-1\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"word\"}}]}\n\n")
	b.SetBytes(int64(len(frame)))
	b.ReportAllocs()
	for b.Loop() {
		if _, _, ok := sse.Next(frame); !ok {
			b.Fatal("no event")
		}
	}
}
