package formattest

import (
	"bytes"
	"testing"

	"github.com/aiclient2api/caddy-aiclient2api/formats"
	"github.com/aiclient2api/caddy-aiclient2api/llm"
	"github.com/aiclient2api/caddy-aiclient2api/sse"
)

// decode reads all events of an answer.
func decode(t *testing.T, d formats.Decoder, from section) (events []llm.Event) {
	t.Helper()
	if from.kind == "answer" {
		events, ok := d.Whole(nil, []byte(from.body))
		if !ok {
			t.Fatal("the answer was not read")
		}
		return events
	}
	for rest := []byte(from.body + "\n\n"); ; {
		ev, after, ok := next(rest)
		if !ok {
			break
		}
		rest = after
		if ev.Data != nil {
			events = append(events, clone(d.Decode(nil, ev))...)
		}
		if n := len(events); n > 0 && events[n-1].Step == llm.Fail {
			return events
		}
	}
	last, complete := d.Finish(nil, true)
	if !complete {
		t.Fatal("the stream is not complete")
	}
	return append(events, clone(last)...)
}

// next cuts the first event from a stream. An object that stands bare in the
// place of one is its data: so Google ends a stream that broke.
func next(stream []byte) (ev sse.Event, rest []byte, ok bool) {
	if ev, rest, ok = sse.Next(stream); ok && ev.Data == nil {
		if raw := bytes.TrimSpace(stream[:len(stream)-len(rest)]); len(raw) > 0 && raw[0] == '{' {
			ev.Data = raw
		}
	}
	return ev, rest, ok
}

// clone copies events out of the decoder's memory.
func clone(events []llm.Event) []llm.Event {
	out := make([]llm.Event, 0, len(events))
	for _, e := range events {
		for _, l := range []*llm.Literal{&e.ID, &e.Name, &e.Text, &e.Signature} {
			*l = bytes.Clone(*l)
		}
		if c := e.Citation; c != nil {
			e.Citation = &llm.Citation{URL: bytes.Clone(c.URL), Title: bytes.Clone(c.Title), Quote: bytes.Clone(c.Quote), From: c.From, To: c.To}
		}
		e.Logprobs = cloneTokens(e.Logprobs)
		out = append(out, e)
	}
	return out
}

func cloneTokens(tokens []llm.TokenLogprob) (out []llm.TokenLogprob) {
	for _, t := range tokens {
		out = append(out, llm.TokenLogprob{Token: bytes.Clone(t.Token), Logprob: bytes.Clone(t.Logprob), Top: cloneTokens(t.Top)})
	}
	return out
}

// order checks what llm.Event says of the order of events.
func order(t *testing.T, events []llm.Event) {
	t.Helper()
	open, finished, calls := map[int]bool{}, map[int]bool{}, map[int]bool{}
	for i, e := range events {
		fault := ""
		switch e.Step {
		case llm.Start:
			if i != 0 {
				fault = "a second start"
			}
		case llm.Open:
			if open[e.Choice] || finished[e.Choice] {
				fault = "a block opens in another, or after the finish"
			}
			open[e.Choice] = true
			calls[e.Choice] = calls[e.Choice] || e.Kind == llm.Call
			if e.Kind == llm.Call && (e.ID.Empty() || e.Name.Empty()) {
				fault = "a call without id or name"
			}
		case llm.Delta, llm.Sign, llm.Cite:
			if !open[e.Choice] {
				fault = "a delta without a block"
			}
		case llm.Close:
			if !open[e.Choice] {
				fault = "a close without a block"
			}
			open[e.Choice] = false
		case llm.Finish:
			if open[e.Choice] || finished[e.Choice] {
				fault = "a finish in a block, or a second one"
			}
			finished[e.Choice] = true
			if e.Reason == llm.Calls && !calls[e.Choice] {
				fault = "it finished for calls, and there are none"
			}
		case llm.End, llm.Fail:
			if i != len(events)-1 {
				fault = "it goes on after the end"
			}
		case llm.Stated, llm.Lost:
		}
		if fault != "" {
			t.Errorf("event %d (step %d): %s", i, e.Step, fault)
		}
	}
	if n := len(events); n == 0 || events[0].Step != llm.Start && events[0].Step != llm.Fail || events[n-1].Step != llm.End && events[n-1].Step != llm.Fail {
		t.Errorf("%d events do not begin with a start and end with an end", n)
	}
}
