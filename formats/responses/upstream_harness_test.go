package responses_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/tidwall/gjson"

	"github.com/aiclient2api/caddy-aiclient2api/formats"
	"github.com/aiclient2api/caddy-aiclient2api/formats/responses"
	"github.com/aiclient2api/caddy-aiclient2api/llm"
	"github.com/aiclient2api/caddy-aiclient2api/sse"
)

var upstream = responses.Upstream{}

// listen decodes a stream, one event a line, and says what came out of it. The
// last line may be CUT or CLOSE: the connection broke, or was closed in order.
// A line may begin with the event's name and a colon.
func listen(t testing.TB, sent *formats.Sent, lines ...string) string {
	t.Helper()
	dec := upstream.Decoder(sent, "id")
	var o sequence
	var b strings.Builder
	for _, line := range lines {
		switch line {
		case "CUT", "CLOSE":
			events, complete := dec.Finish(nil, line == "CLOSE")
			o.check(t, events)
			recount(&b, events)
			if !complete {
				b.WriteString("broken ")
			} else if len(events) > 0 {
				o.ended(t)
			}
		default:
			var ev sse.Event
			if name, data, named := strings.Cut(line, ": "); named && !strings.ContainsAny(name, `{"`) {
				ev.Name, line = []byte(name), data
			}
			ev.Data = []byte(line)
			events := dec.Decode(nil, ev)
			o.check(t, events)
			recount(&b, events)
			clear(ev.Data) // nothing may refer to it any more
		}
	}
	return strings.TrimSpace(b.String())
}

// readBody decodes a body.
func readBody(t testing.TB, body string) string {
	t.Helper()
	events, ok := upstream.Decoder(new(formats.Sent), "id").Whole(nil, []byte(body))
	if !ok {
		return "no answer"
	}
	var o sequence
	o.check(t, events)
	o.ended(t)
	var b strings.Builder
	recount(&b, events)
	return strings.TrimSpace(b.String())
}

var kindNames = [...]string{"text", "image", "audio", "video", "file", "call", "result", "thought", "sealed", "refusal"}

// recount writes events so that they can be read.
func recount(b *strings.Builder, events []llm.Event) {
	for i := range events {
		e := &events[i]
		switch e.Step {
		case llm.Start:
			fmt.Fprintf(b, "start(%s,%s) ", e.ID.Inner(), e.Name.Inner())
		case llm.Open:
			fmt.Fprintf(b, "<%s", kindNames[e.Kind])
			for _, s := range []llm.Literal{e.ID, e.Name, e.Signature, llm.Literal(" " + string(e.Origin) + " ")} {
				if len(s) > 2 {
					fmt.Fprintf(b, " %s", s.Inner())
				}
			}
			b.WriteString("> ")
		case llm.Delta:
			fmt.Fprintf(b, "%s ", e.Text)
			for _, p := range e.Logprobs {
				fmt.Fprintf(b, "%s=%s(%d) ", p.Token, p.Logprob, len(p.Top))
			}
		case llm.Sign:
			fmt.Fprintf(b, "sign(%s,%s) ", e.Signature.Inner(), e.Origin)
		case llm.Cite:
			fmt.Fprintf(b, "cite(%s,%s,%v,%v) ", e.Citation.URL.Inner(), e.Citation.Title.Inner(), e.Citation.From, e.Citation.To)
		case llm.Close:
			b.WriteString("/ ")
		case llm.Finish:
			fmt.Fprintf(b, "%s ", [...]string{"stopped", "length", "calls", "filtered"}[e.Reason])
		case llm.Stated:
			for _, c := range []llm.Count{e.Usage.Input, e.Usage.Output, e.Usage.Cached, e.Usage.Written, e.Usage.Reasoning} {
				if c.Known {
					fmt.Fprintf(b, "%d", c.N)
				}
				b.WriteString(",")
			}
			b.WriteString(" ")
		case llm.Lost:
			fmt.Fprintf(b, "lost(%s) ", e.What)
		case llm.Fail:
			fmt.Fprintf(b, "fail(%d %s) ", e.Err.Status, e.Err.Message)
		case llm.End:
			b.WriteString("end ")
		}
	}
}

// sequence checks that events keep the order of llm.Event.
type sequence struct{ started, open, finished, calls, over bool }

func (o *sequence) check(t testing.TB, events []llm.Event) {
	t.Helper()
	for i := range events {
		e := &events[i]
		bad := o.over || e.Choice != 0 || !o.started && e.Step != llm.Start && e.Step != llm.Fail
		switch e.Step {
		case llm.Start:
			bad = bad || o.started
			o.started = true
		case llm.Open:
			bad = bad || o.open || o.finished
			o.open = true
			if e.Kind == llm.Call {
				o.calls = true
				bad = bad || e.ID.Empty() || e.Name.Empty()
			}
		case llm.Delta, llm.Sign, llm.Cite:
			bad = bad || !o.open
		case llm.Close:
			bad = bad || !o.open
			o.open = false
		case llm.Finish:
			bad = bad || o.open || o.finished || (e.Reason == llm.Calls) && !o.calls
			o.finished = true
		case llm.End, llm.Fail:
			o.over = true
		}
		literals := []llm.Literal{e.ID, e.Name, e.Text, e.Signature}
		if c := e.Citation; c != nil {
			literals = append(literals, c.URL, c.Title)
		}
		for _, p := range e.Logprobs {
			literals = append(literals, p.Token)
		}
		for _, l := range literals {
			if l != nil && (formats.AsLiteral(l) == nil || !gjson.ValidBytes(l)) {
				t.Errorf("event %d: %q is no literal", i, l)
			}
		}
		if bad {
			var b strings.Builder
			recount(&b, events)
			t.Fatalf("event %d is out of order: %s", i, b.String())
		}
	}
}

// ended checks that the answer came to its end.
func (o *sequence) ended(t testing.TB) {
	t.Helper()
	if !o.over {
		t.Error("the answer has no end")
	}
}
