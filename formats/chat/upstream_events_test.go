package chat_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/tidwall/gjson"

	"github.com/aiclient2api/caddy-aiclient2api/formats"
	"github.com/aiclient2api/caddy-aiclient2api/llm"
	"github.com/aiclient2api/caddy-aiclient2api/sse"
)

// heard decodes a stream, one event a line, and says what came out of it. The
// last line may be CUT or CLOSE: the connection broke, or was closed in order.
func heard(t testing.TB, lines ...string) string {
	t.Helper()
	dec := up.Decoder(&formats.Sent{}, "id")
	var o order
	var b strings.Builder
	for _, line := range lines {
		switch line {
		case "CUT", "CLOSE":
			events, complete := dec.Finish(nil, line == "CLOSE")
			o.check(t, events)
			tell(&b, events)
			if !complete {
				b.WriteString("broken ")
			} else if len(events) > 0 {
				o.ended(t)
			}
		default:
			ev := sse.Event{Data: []byte(line)}
			if rest, ok := strings.CutPrefix(line, "ERROR "); ok {
				ev = sse.Event{Name: []byte("error"), Data: []byte(rest)}
			}
			events := dec.Decode(nil, ev)
			o.check(t, events)
			tell(&b, events)
			clear(ev.Data) // nothing may refer to it any more
		}
	}
	return strings.TrimSpace(b.String())
}

// read decodes a body.
func read(t testing.TB, body string) string {
	t.Helper()
	events, ok := up.Decoder(&formats.Sent{}, "id").Whole(nil, []byte(body))
	if !ok {
		return "no answer"
	}
	var o order
	o.check(t, events)
	o.ended(t)
	var b strings.Builder
	tell(&b, events)
	return strings.TrimSpace(b.String())
}

var kinds = [...]string{"text", "image", "audio", "video", "file", "call", "result", "thought", "sealed", "refusal"}

// tell writes events so that they can be read.
func tell(b *strings.Builder, events []llm.Event) {
	for i := range events {
		e := &events[i]
		if e.Choice > 0 {
			fmt.Fprintf(b, "%d:", e.Choice)
		}
		switch e.Step {
		case llm.Start:
			fmt.Fprintf(b, "start(%s,%s) ", e.ID.Inner(), e.Name.Inner())
		case llm.Open:
			fmt.Fprintf(b, "<%s", kinds[e.Kind])
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
			fmt.Fprintf(b, "cite(%s,%s,%v,%v) ", e.Citation.URL.Inner(), e.Citation.Title.Inner(), e.Citation.From.N, e.Citation.To.N)
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

// order checks that events keep the order of llm.Event.
type order struct {
	started, over bool
	choices       map[int]*struct {
		open, finished bool
		calls          int
	}
}

func (o *order) check(t testing.TB, events []llm.Event) {
	t.Helper()
	if o.choices == nil {
		o.choices = make(map[int]*struct {
			open, finished bool
			calls          int
		})
	}
	for i := range events {
		e := &events[i]
		c := o.choices[e.Choice]
		if c == nil {
			c = new(struct {
				open, finished bool
				calls          int
			})
			o.choices[e.Choice] = c
		}
		bad := o.over || !o.started && e.Step != llm.Start && e.Step != llm.Fail && e.Step != llm.Lost
		switch e.Step {
		case llm.Start:
			bad = bad || o.started
			o.started = true
		case llm.Open:
			bad = bad || c.open || c.finished
			c.open = true
			if e.Kind == llm.Call {
				c.calls++
				bad = bad || e.ID.Empty() || e.Name.Empty()
			}
		case llm.Delta, llm.Sign, llm.Cite:
			bad = bad || !c.open
		case llm.Close:
			bad = bad || !c.open
			c.open = false
		case llm.Finish:
			bad = bad || c.open || c.finished || e.Reason == llm.Calls && c.calls == 0
			c.finished = true
		case llm.End, llm.Fail:
			o.over = true
		}
		for _, l := range []llm.Literal{e.ID, e.Name, e.Text, e.Signature} {
			if l != nil && (formats.AsLiteral(l) == nil || !gjson.ValidBytes(l)) {
				t.Errorf("event %d: %q is no literal", i, l)
			}
		}
		if bad {
			var b strings.Builder
			tell(&b, events)
			t.Fatalf("event %d is out of order: %s", i, b.String())
		}
	}
}

// ended checks that the answer came to its end.
func (o *order) ended(t testing.TB) {
	t.Helper()
	if !o.over {
		t.Error("the answer has no end")
	}
}
