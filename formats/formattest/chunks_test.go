package formattest

import (
	"bytes"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/aiclient2api/caddy-aiclient2api/formats"
	"github.com/aiclient2api/caddy-aiclient2api/llm"
	"github.com/aiclient2api/caddy-aiclient2api/sse"
)

// TestStreamsCutInTwo: where a read of the network ends says nothing. Every
// stream gives the same events whatever its line ends are and wherever it is
// cut in two, and no event is made of bytes that were given back.
func TestStreamsCutInTwo(t *testing.T) {
	for _, s := range load(t) {
		for _, from := range s.of("stream") {
			l := listener(t, from.title[0])
			want := flow(t, l, []byte(from.body+"\n\n"))
			t.Run(s.name+"/"+from.title[0], func(t *testing.T) {
				for _, end := range []string{"\n", "\r\n", "\r"} {
					stream := []byte(strings.ReplaceAll(from.body+"\n\n", "\n", end))
					for at := range stream {
						if end != "\n" && !bytes.ContainsAny(stream[max(0, at-1):at+1], "\r\n") {
							continue // a cut within a line is the same with any line ends
						}
						if got := flow(t, l, stream[:at], stream[at:]); !reflect.DeepEqual(got, want) {
							t.Fatalf("line end %q, cut at %d behind %q: %s", end, at, stream[max(0, at-40):at], difference(want, got))
						}
					}
				}
			})
		}
	}
}

// flow reads a stream that comes in pieces, as the gateway does: what is no
// whole event yet waits in a buffer. What an event was made of is overwritten
// before the decoder is called again.
func flow(t *testing.T, l formats.Listener, pieces ...[]byte) (events []llm.Event) {
	t.Helper()
	d := l.Decoder(new(formats.Sent), "0123456789abcdef")
	var buffer []byte
	for _, piece := range pieces {
		buffer = append(buffer, piece...)
		for {
			ev, rest, ok := next(buffer)
			if !ok {
				break
			}
			if ev.Data != nil {
				frame := sse.Event{Name: bytes.Clone(ev.Name), Data: bytes.Clone(ev.Data)}
				events = append(events, clone(d.Decode(nil, frame))...)
				for _, b := range [][]byte{frame.Name, frame.Data} {
					for i := range b {
						b[i] = '#'
					}
				}
			}
			buffer = rest
		}
	}
	last, complete := d.Finish(nil, true)
	if !complete {
		t.Fatal("the stream is not complete")
	}
	events = append(events, clone(last)...)
	for i := range events {
		if e := events[i].Err; e != nil {
			e.Raw = nil // has the line ends that it came with
		}
	}
	return events
}

// difference says which event is another one.
func difference(want, got []llm.Event) string {
	for i := range min(len(want), len(got)) {
		if !reflect.DeepEqual(want[i], got[i]) {
			return fmt.Sprintf("event %d: want %s, got %s", i, tell(want[i]), tell(got[i]))
		}
	}
	return fmt.Sprintf("want %d events, got %d", len(want), len(got))
}

func tell(e llm.Event) string {
	return fmt.Sprintf("step %d, choice %d, kind %d, id %s, name %s, text %s, signature %s, usage %v, error %v",
		e.Step, e.Choice, e.Kind, e.ID, e.Name, e.Text, e.Signature, e.Usage, e.Err)
}
