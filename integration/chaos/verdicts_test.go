package chaos

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

// The oracle is right: what it must not accept, it does not.
func TestVerdicts(t *testing.T) {
	first := attempt{account: "a", fault: "500", phase: before, pieces: pieces("tok-1-1", "a", 3, true, false)}
	second := attempt{account: "b", fault: "right", phase: right, pieces: pieces("tok-1-1", "b", 4, true, false)}
	breaks := second
	breaks.fault, breaks.phase = "reset midway", midway
	refuses := want{statuses: []int{429}, retryAfter: true, within: time.Second}

	for _, p := range []struct {
		client  *protocol
		dialect dialect
	}{{chatClient, chat{}}, {messagesClient, messages{}}} {
		// stream writes a stream of pieces; close is whether it comes to its end.
		stream := func(pieces []string, closes bool) string {
			var b strings.Builder
			b.WriteString(p.dialect.opening())
			for _, piece := range pieces {
				b.WriteString(p.dialect.delta(piece))
			}
			if closes {
				b.WriteString(p.dialect.closing())
			}
			return b.String()
		}
		text := strings.Join(second.pieces, "")
		failure := p.dialect.failure("rate_limit_error", "no")
		failed := p.dialect.failureEvent("api_error", "no")
		twice := append(append([]string(nil), second.pieces...), second.pieces...)
		spliced := append(append([]string(nil), first.pieces[:5]...), second.pieces[5:]...)
		some := second.pieces[:4]
		header := func(kind string, more ...string) http.Header {
			h := http.Header{"Content-Type": {kind}}
			for _, name := range more {
				h.Set(name, "1")
			}
			return h
		}
		const eventStream, jsonType = "text/event-stream", "application/json"
		for _, tt := range []struct {
			name     string
			stream   bool
			want     *want
			attempts []attempt
			got      outcome
			verdict  verdict
		}{
			{name: "a stream", stream: true, attempts: []attempt{first, second}, verdict: answered,
				got: outcome{status: 200, header: header(eventStream), body: stream(second.pieces, true)}},
			{name: "a stream as something else", stream: true, attempts: []attempt{first, second}, verdict: wrong,
				got: outcome{status: 200, header: header(jsonType), body: stream(second.pieces, true)}},
			{name: "a stream without its end", stream: true, attempts: []attempt{second}, verdict: lost,
				got: outcome{status: 200, header: header(eventStream), body: stream(second.pieces, false)}},
			{name: "a stream that is cut", stream: true, attempts: []attempt{second}, verdict: lost,
				got: outcome{status: 200, header: header(eventStream), body: stream(some, false), err: io.ErrUnexpectedEOF}},
			{name: "a stream that is cut within an event", stream: true, attempts: []attempt{breaks}, verdict: lost,
				got: outcome{status: 200, header: header(eventStream), body: stream(some, false) + "data: {"}},
			{name: "a stream with half an event before its error", stream: true, attempts: []attempt{breaks}, verdict: wrong,
				got: outcome{status: 200, header: header(eventStream), body: stream(some, false) + "data: {\n\n" + failed}},
			{name: "a text that comes twice", stream: true, attempts: []attempt{second}, verdict: wrong,
				got: outcome{status: 200, header: header(eventStream), body: stream(twice, true)}},
			{name: "a stream that comes twice", stream: true, attempts: []attempt{second}, verdict: wrong,
				got: outcome{status: 200, header: header(eventStream), body: stream(second.pieces, true) + stream(second.pieces, true)}},
			{name: "a text that lacks a part", stream: true, attempts: []attempt{second}, verdict: wrong,
				got: outcome{status: 200, header: header(eventStream), body: stream(append(append([]string(nil), second.pieces[:2]...), second.pieces[3:]...), true)}},
			{name: "a text of two accounts", stream: true, attempts: []attempt{first, second}, verdict: wrong,
				got: outcome{status: 200, header: header(eventStream), body: stream(spliced, true)}},
			{name: "a text of the account before", stream: true, attempts: []attempt{first, second}, verdict: wrong,
				got: outcome{status: 200, header: header(eventStream), body: stream(first.pieces, true)}},
			{name: "a broken stream that looks complete", stream: true, attempts: []attempt{breaks}, verdict: wrong,
				got: outcome{status: 200, header: header(eventStream), body: stream(some, true)}},
			{name: "a broken stream with its error", stream: true, attempts: []attempt{first, breaks}, verdict: broken,
				got: outcome{status: 200, header: header(eventStream), body: stream(some, false) + failed}},
			{name: "a broken stream with another text", stream: true, attempts: []attempt{breaks}, verdict: wrong,
				got: outcome{status: 200, header: header(eventStream), body: stream(first.pieces[:4], false) + failed}},
			{name: "a broken stream that goes on after its error", stream: true, attempts: []attempt{breaks}, verdict: wrong,
				got: outcome{status: 200, header: header(eventStream), body: stream(some, false) + failed + p.dialect.delta("more")}},
			{name: "an error in a stream that was right", stream: true, attempts: []attempt{second}, verdict: lost,
				got: outcome{status: 200, header: header(eventStream), body: stream(some, false) + failed}},
			{name: "no event at all", stream: true, attempts: []attempt{second}, verdict: lost,
				got: outcome{status: 200, header: header(eventStream)}},
			{name: "who left has a part", stream: true, attempts: []attempt{second}, verdict: leftEarly,
				got: outcome{status: 200, header: header(eventStream), body: stream(some, false) + "data: {", left: true}},
			{name: "who left has a part of nothing", stream: true, attempts: []attempt{second}, verdict: wrong,
				got: outcome{status: 200, header: header(eventStream), body: stream(first.pieces[:4], false), left: true}},
			{name: "an answer", attempts: []attempt{first, second}, verdict: answered,
				got: outcome{status: 200, header: header(jsonType), body: p.dialect.whole(text)}},
			{name: "an answer that is cut", attempts: []attempt{second}, verdict: wrong,
				got: outcome{status: 200, header: header(jsonType), body: p.dialect.whole(text)[:100]}},
			{name: "an answer whose connection broke", attempts: []attempt{second}, verdict: lost,
				got: outcome{status: 200, header: header(jsonType), body: p.dialect.whole(text)[:100], err: io.ErrUnexpectedEOF}},
			{name: "another answer", attempts: []attempt{second}, verdict: wrong,
				got: outcome{status: 200, header: header(jsonType), body: p.dialect.whole(text + " ")}},
			{name: "an answer of nobody", verdict: wrong,
				got: outcome{status: 200, header: header(jsonType), body: p.dialect.whole(text)}},
			{name: "an answer of an account that was asked twice", attempts: []attempt{second, second}, verdict: wrong,
				got: outcome{status: 200, header: header(jsonType), body: p.dialect.whole(text)}},
			{name: "an error for which somebody was there", attempts: []attempt{first}, verdict: lost,
				got: outcome{status: 429, header: header(jsonType, "Retry-After"), body: failure}},
			{name: "the right error", want: &refuses, attempts: []attempt{first}, verdict: rightError,
				got: outcome{status: 429, header: header(jsonType, "Retry-After"), body: failure}},
			{name: "the right error, with nobody asked", want: &refuses, verdict: rightError,
				got: outcome{status: 429, header: header(jsonType, "Retry-After"), body: failure}},
			{name: "a late error", want: &refuses, verdict: wrong,
				got: outcome{status: 429, header: header(jsonType, "Retry-After"), body: failure, took: 2 * time.Second}},
			{name: "an error without Retry-After", want: &refuses, verdict: wrong,
				got: outcome{status: 429, header: header(jsonType), body: failure}},
			{name: "an error with another status", want: &refuses, verdict: wrong,
				got: outcome{status: 500, header: header(jsonType, "Retry-After"), body: failure}},
			{name: "an error in no shape", want: &refuses, verdict: wrong,
				got: outcome{status: 429, header: header(jsonType, "Retry-After"), body: `{"error":"no"}`}},
			{name: "an error that is a page", want: &refuses, verdict: wrong,
				got: outcome{status: 429, header: header("text/html", "Retry-After"), body: failure}},
			{name: "no connection", verdict: died, got: outcome{err: io.EOF}},
			{name: "no connection any more", attempts: []attempt{second}, verdict: lost, got: outcome{err: io.EOF}},
			{name: "no answer in time", verdict: lost, got: outcome{err: context.DeadlineExceeded}},
			{name: "who left has nothing", attempts: []attempt{first}, verdict: leftEarly, got: outcome{err: context.Canceled, left: true}},
			{name: "a connection that we did not end", verdict: lost, got: outcome{err: errors.New("what?"), left: true}},
		} {
			q := &request{token: "tok-1-1", client: p.client, model: "m", stream: tt.stream, want: tt.want}
			if v, why := judge(q, &tt.got, tt.attempts); v != tt.verdict {
				t.Errorf("%s client: %s: it is %s (%s), want %s", p.client.name, tt.name, v, why, tt.verdict)
			}
		}
	}
}

// The mocks do what the oracle believes that they do: without a gateway
// between them and a client, what is right is an answer, and nothing else is.
func TestMocksDoWhatTheySay(t *testing.T) {
	clients := newClients()
	defer clients.close()
	var faults []*fault
	seen := make(map[string]bool)
	for _, f := range append(ills(), well()...) {
		if f.serve != nil && !strings.HasPrefix(f.name, "hang") && !strings.HasPrefix(f.name, "signs") && f.name != "101" && !seen[f.name] {
			faults = append(faults, f, f) // streamed and not
		}
		seen[f.name] = true
	}
	var checking sync.WaitGroup
	for client, d := range map[*protocol]dialect{chatClient: chat{}, messagesClient: messages{}} {
		ledger := newLedger()
		m := &mock{account: "a", dialect: d, faults: faults, ledger: ledger, calm: true}
		if err := m.listen(); err != nil {
			t.Fatal(err)
		}
		defer m.stop()
		checking.Go(func() {
			for n, f := range faults {
				q := &request{token: planned(1, n).token, client: client, stream: n%2 == 0}
				phase := f.whole
				if q.stream {
					phase = f.stream
				}
				v, why := judge(q, clients.ask(q, "http://"+m.address, "sk-a-1", ledger), ledger.of(q.token))
				odd := strings.Contains(f.name, "compressed") || strings.Contains(f.name, "content type") || strings.Contains(f.name, "called HTML")
				switch {
				case (v == answered) != (phase == right) && !odd,
					v == broken && f.name != "error inside a 200, midway",
					v == died || v == leftEarly || v == rightError:
					t.Errorf("%s client, stream %t: %s is %s: %s", client.name, q.stream, f.name, v, why)
				}
			}
			if len(ledger.oddities) > 0 {
				t.Errorf("requests are odd: %.1000q", ledger.oddities)
			}
		})
	}
	checking.Wait()
}
