package gemini_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aiclient2api/caddy-aiclient2api/llm"
	"github.com/aiclient2api/caddy-aiclient2api/sse"
)

// timed logs how long f takes. That decides nothing: what is quadratic again is
// seen here, and runs into the time limit of the tests at last.
func timed(t *testing.T, f func()) {
	t.Helper()
	begun := time.Now()
	f()
	t.Logf("took %v", time.Since(begun))
}

// Requests of many small things are written in a time that grows as they do.
func TestManySmallThingsOfARequest(t *testing.T) {
	const many = 20000
	name := func(i int) string { return fmt.Sprintf("t%d", i) }
	for what, change := range map[string]func(r *llm.Request){
		"results far from their calls": func(r *llm.Request) {
			for i := range many {
				r.Turns = append(r.Turns, turn(llm.User, text("U"), result(name(i), text("R"))), turn(llm.Assistant, text("A")))
			}
			for i := range many {
				r.Turns = append(r.Turns, turn(llm.Assistant, called(name(i), "f", "{}")))
			}
			r.Turns = append(r.Turns, said(llm.User, "U"))
		},
		"calls, and tools that take a text": func(r *llm.Request) {
			for i := range many {
				r.Tools = append(r.Tools, llm.Tool{Name: lit(name(i)), Plain: true})
				r.Turns = append(r.Turns, turn(llm.Assistant, called(name(i), "f", "{}")), turn(llm.User, result(name(i), text("R"))))
			}
		},
	} {
		t.Run(what, func(t *testing.T) {
			r := one(change)
			timed(t, func() {
				if _, no := up.Encode(nil, r, "gemini-2.5-pro"); no != nil {
					t.Errorf("%+v", no)
				}
			})
		})
	}
}

// The first call with an id is the one that a result far from it is for.
func TestAResultOfACallElsewhere(t *testing.T) {
	r := one(func(r *llm.Request) {
		r.Turns = append(r.Turns, turn(llm.Assistant, called("1", "f", "{}"), called("2", "h", "{}")), said(llm.User, "U"), turn(llm.Assistant, called("2", "g", "{}")), said(llm.User, "V"),
			said(llm.Assistant, "A"), turn(llm.User, result("2", text("R"))))
	})
	s, no := up.Encode(nil, r, "gemini-2.5-pro")
	if no != nil || !strings.Contains(string(s.Body), `"functionResponse":{"id":"2","name":"h"`) {
		t.Errorf("%+v %+v", s, no)
	}
}

// The schemas of all tools together are bounded, and what is too large is refused.
func TestToolsThatMeanTooMuchTogether(t *testing.T) {
	schema := `{"type":"object","properties":{"p":{"$ref":"#/$defs/0"}},"$defs":{`
	for i := range 4 {
		schema += fmt.Sprintf(`"%d":{"type":"object","properties":{"":{"type":"string"}`, i)
		for j := range 11 {
			schema += fmt.Sprintf(`,"%c":{"$ref":"#/$defs/%d"}`, 'a'+j, i+1)
		}
		schema += `}},`
	}
	schema += `"4":{"type":"string"}}}`
	timed(t, func() {
		r := one(func(r *llm.Request) {
			for i := range 200 {
				r.Tools = append(r.Tools, llm.Tool{Name: lit(fmt.Sprintf("t%d", i)), Schema: llm.Value(schema)})
			}
		})
		if _, no := up.Encode(nil, r, "gemini-2.0-flash"); no == nil || no.Field != "tools" || !strings.Contains(no.What, "too large") {
			t.Errorf("%+v", no)
		}
		r.Tools = r.Tools[:1]
		if _, no := up.Encode(nil, r, "gemini-2.0-flash"); no != nil {
			t.Errorf("%+v", no)
		}
	})
}

// Looking up a member of arguments that has many costs as much as one that has few.
func TestStreamedArgumentsOfManyMembers(t *testing.T) {
	var pieces []string
	const members = 10000
	for i := range members {
		pieces = append(pieces, fmt.Sprintf(`{"jsonPath":"$.k%d","stringValue":"a"}`, i))
	}
	for i := range 5 * members {
		pieces = append(pieces, fmt.Sprintf(`{"jsonPath":"$.k%d","stringValue":"b"}`, i%members))
	}
	timed(t, func() {
		events, _ := stream(t, streamed(`"name":"f","willContinue":true,"args":{"k0":"x","k0":"y"}`), streamed(`"partialArgs":[`+strings.Join(pieces, ",")+`]`, stop))
		got := show(events)
		if !strings.Contains(got, `{\"k0\":\"x\",\"k0\":\"yabbbbb\",\"k1\":\"abbbbb\"`) || !strings.Contains(got, `\"k9999\":\"abbbbb\"}`) {
			t.Errorf("%.300s … %s", got, got[max(0, len(got)-100):])
		}
	})
}

// A value that gives way to another leaves nothing of its members behind.
func TestStreamedArgumentsThatAreReplaced(t *testing.T) {
	var pieces []string
	for i := range 50 {
		pieces = append(pieces, fmt.Sprintf(`{"jsonPath":"$.a.k%d","numberValue":1}`, i))
	}
	pieces = append(pieces, `{"jsonPath":"$.a","structValue":{"x":1}}`, `{"jsonPath":"$.a.k3","numberValue":2}`)
	events, _ := stream(t, streamed(`"name":"f","willContinue":true`), streamed(`"partialArgs":[`+strings.Join(pieces, ",")+`]`, stop))
	if got := show(events); !strings.Contains(got, `delta("{\"a\":{\"x\":1,\"k3\":2}}")`) {
		t.Error(got)
	}
}

// What a decoder keeps for later is a copy: the bytes of an event are used
// again for the next.
func TestNothingIsKeptOfAnEventsBytes(t *testing.T) {
	chunks := []string{parts(`{"text":"a"}`), streamed(`"name":"f","willContinue":true,"args":{"s":{"t":"u"}}`), streamed(`"partialArgs":[{"jsonPath":"$.s.t","stringValue":"v"},{"jsonPath":"$.n","structValue":{"m":1}}],"willContinue":true`),
		parts(`{"text":"b"}`, `,"finishReason":"SAFETY","finishMessage":"no"`)}
	read := func(spoil bool) (got string) {
		d := up.Decoder(nil, "id")
		for _, data := range chunks {
			b := []byte(data)
			got += show(d.Decode(nil, sse.Event{Data: b})) + " "
			for i := range b {
				if spoil {
					b[i] = '!'
				}
			}
		}
		end, _ := d.Finish(nil, true)
		return got + show(end)
	}
	if got, want := read(true), read(false); got != want || !strings.Contains(got, "no") {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
