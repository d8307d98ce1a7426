package gemini_test

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/aiclient2api/caddy-aiclient2api/llm"
	"github.com/aiclient2api/caddy-aiclient2api/sse"
)

// Whatever a provider sends: the events keep their order, their literals are
// valid, and the whole and the streamed reading do not panic. Chunks are
// parted by a line with a bar.
func FuzzDecoder(f *testing.F) {
	for _, tc := range decodeCases {
		var seed []byte
		for i, c := range tc.chunks {
			if i > 0 {
				seed = append(seed, "\n|\n"...)
			}
			seed = append(seed, c...)
		}
		f.Add(seed)
	}
	f.Add([]byte(parts(`{"text":"abc"}`, grounding+stop)))
	f.Add([]byte(streamed(`"name":"f","willContinue":true`) + "\n|\n" + streamed(`"partialArgs":[{"jsonPath":"$.a[0]['b']","stringValue":"x"},{"jsonPath":"$.c","structValue":{"d":[1]}},{"jsonPath":"$.c.d[2]","boolValue":true}],"willContinue":true`)))
	f.Fuzz(func(t *testing.T, input []byte) {
		var events []llm.Event
		d := up.Decoder(nil, "id")
		for chunk := range bytes.SplitSeq(input, []byte("\n|\n")) {
			up.Opening(sse.Event{Data: chunk})
			events = append(events, kept(d.Decode(nil, sse.Event{Data: bytes.Clone(chunk)}))...)
		}
		rest, complete := d.Finish(nil, true)
		if !complete && len(rest) > 0 {
			t.Fatalf("not complete, and %s", show(rest))
		}
		events = append(events, rest...)
		if err := inOrder(events, complete); err != nil {
			t.Fatalf("%v: %s", err, show(events))
		}
		arguments(t, events)
		if all, ok := up.Decoder(nil, "id").Whole(nil, input); ok {
			if err := inOrder(all, true); err != nil {
				t.Fatalf("%v: %s", err, show(all))
			}
		}
		up.Whole(input)
		up.Usage(input)
		up.Ended(input, true)
		up.Complete(input)
		if e := up.Error(500, nil, input); e.Message == "" {
			t.Fatal("an error without a message")
		}
	})
}

// arguments checks that those of calls which were streamed are JSON. What a
// provider sends as a text of its own is its business.
func arguments(t *testing.T, events []llm.Event) {
	t.Helper()
	inCall := false
	for _, e := range events {
		switch {
		case e.Step == llm.Open:
			inCall = e.Kind == llm.Call
		case e.Step == llm.Delta && inCall:
			var text string
			if err := json.Unmarshal(e.Text, &text); err != nil {
				t.Fatalf("%s: %v", e.Text, err)
			}
		}
	}
}
