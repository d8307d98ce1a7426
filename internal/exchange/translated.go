package exchange

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"

	"github.com/aiclient2api/caddy-aiclient2api/formats"
	"github.com/aiclient2api/caddy-aiclient2api/internal/buffer"
	"github.com/aiclient2api/caddy-aiclient2api/llm"
	"github.com/aiclient2api/caddy-aiclient2api/sse"
)

// This file turns answers of a provider's format into those of the client's.
// Both a body and a stream are decoded to events, and the client's encoder
// makes of them what the client asked for.

// Bounds of what is held of an answer that is translated.
const (
	maxTranslated      = 64 << 20 // of a body
	maxTranslatedEvent = 16 << 20 // of an event of a stream
)

// codec is a decoder and an encoder in a row.
type codec struct {
	x       *Exchange
	decoder formats.Decoder
	encoder formats.Encoder
	attempt Attempt
	failed  bool // an error was encoded; nothing follows
}

func (x *Exchange) newCodec(a Attempt) codec {
	t := x.translation
	return codec{
		x:       x,
		attempt: a,
		decoder: t.listener.Decoder(t.sent, x.RequestID),
		encoder: t.speaker.Encoder(formats.Answer{
			Request: t.request, Model: x.Target.Model, ID: x.RequestID, Created: x.Start.Unix(), List: x.Head.List,
		}),
	}
}

// take notes what events say of the answer as such, and gives the client's
// names back.
func (c *codec) take(events []llm.Event) []llm.Event {
	events = c.x.translation.sent.Restore(events)
	for i := range events {
		switch e := &events[i]; e.Step {
		case llm.Stated:
			c.x.Usage = e.Usage
		case llm.Lost:
			c.lose(e.What)
		case llm.Fail:
			c.failed = true
			*e.Err = foreign(*e.Err)
			c.attempt.hide(e.Err)
			c.x.interrupt(Classify(e.Err, c.attempt.Own), e.Err.Brief())
			return events[:i+1]
		}
	}
	return events
}

// lose notes what of the answer was lost, once.
func (c *codec) lose(names ...string) {
	for _, name := range names {
		if !slices.Contains(c.x.Lost, name) {
			c.x.Lost = append(c.x.Lost, name)
		}
	}
}

// foreign is an error of a provider's as a client of another protocol can read
// it: the words of its type are none of that protocol's.
func foreign(e llm.Error) llm.Error {
	if e.Code == "" {
		e.Code = e.Type
	}
	e.Type, e.Param, e.Raw = "", "", nil
	return e
}

// translateWhole translates an answer that is not streamed.
func (x *Exchange) translateWhole(res *http.Response, a Attempt) (*http.Response, error) {
	body, all, err := buffer.Begin(res.Body, res.ContentLength, maxTranslated)
	if err != nil {
		return x.brokeOff(res, "the answer broke off", err)
	}
	defer body.Release()
	if !all {
		return x.broken(res, fmt.Sprintf("the answer has more than %d bytes", maxTranslated))
	}
	a.mask(body.Bytes())
	c, s := x.newCodec(a), newScratch()
	defer s.release()
	events, ok := c.decoder.Whole(s.events[:0], body.Bytes())
	s.events = events[:0]
	if !ok {
		return x.broken(res, notJSON(res))
	}
	if n := len(events); n > 0 && events[n-1].Step == llm.Fail {
		return x.refuse(res, a, events[n-1].Err)
	}
	events = c.take(events)
	out := buffer.Get(len(body.Bytes()) + 512)
	kind := jsonContent
	if x.Head.Stream { // some servers do not stream; the client need not know
		out, kind = c.encoder.Append(out, events), x.streamKind()
	} else {
		out = c.encoder.AppendWhole(out, events)
	}
	c.lose(c.encoder.Lost()...)
	_ = res.Body.Close()
	translated := buffer.Of(out)
	defer translated.Release()
	x.Stream = x.Head.Stream
	return x.handOnAs(kind, res, translated.Reader([][]byte{out}), int64(len(out))), nil
}

const jsonContent = "application/json"

// streamKind is the type of a stream as the client asked for it.
func (x *Exchange) streamKind() string {
	if x.Head.List {
		return jsonContent
	}
	return eventStream
}

// handOnAs makes body the answer, whatever type the provider's had.
func (x *Exchange) handOnAs(kind string, res *http.Response, body io.ReadCloser, length int64) *http.Response {
	out := x.handOn(res, body, length)
	out.Header["Content-Type"] = []string{kind}
	if x.Stream {
		delete(out.Header, "Content-Length")
		out.ContentLength = -1
		unbuffered(out.Header)
	}
	return out
}

// translateStream hands on what translates a stream.
func (x *Exchange) translateStream(res *http.Response, a Attempt) (*http.Response, error) {
	if !x.Head.Stream {
		return x.broken(res, "it answered with a stream, which was not asked for")
	}
	s, failed, err := x.opened(res, a)
	if s == nil {
		return failed, err
	}
	format, _ := x.format.(formats.Terminated)
	body := &translator{codec: x.newCodec(a), scratch: s, src: res.Body, format: format}
	body.steady, _ = body.decoder.(formats.Steady)
	return x.handOnAs(x.streamKind(), res, body, -1), nil
}

// translator is the body of a stream that is translated. It is pulled: each
// Read translates all whole events that have come.
type translator struct {
	codec
	*scratch
	src io.ReadCloser
	// format tells what event ends the stream in its protocol: what is held back
	// is due then, whenever the provider closes the connection. It may be nil.
	format formats.Terminated
	steady formats.Steady // the decoder, nil if it is none
	given  int            // of out
	last   error          // what ended the stream, while there are events left
	ended  bool
}

// Read returns what has been translated, and waits only if there is nothing.
// It never returns an error but io.EOF: a stream that breaks off ends with the
// client format's error event.
func (t *translator) Read(p []byte) (int, error) {
	if t.scratch == nil {
		return 0, io.EOF
	}
	for t.given == len(t.out) {
		if t.ended {
			return 0, io.EOF
		}
		t.out, t.given = t.out[:0], 0
		switch n := t.whole(); {
		case n > 0:
			t.attempt.mask(t.buf[t.at : t.at+n])
			t.at += t.translate(t.buf[t.at : t.at+n])
		case len(t.buf)-t.at > maxTranslatedEvent:
			t.breakOff(Broken, fmt.Sprintf("an event has more than %d bytes", maxTranslatedEvent))
		case t.last != nil:
			t.finish(t.last)
		default:
			t.x.Commit.enter()
			err := t.fill(t.src)
			t.x.Commit.leave()
			if err != nil {
				t.finish(err)
			}
		}
	}
	n := copy(p, t.out[t.given:])
	t.given += n
	return n, nil
}

// enough is how much is translated before it is handed on: a provider's few
// bytes can be many of the client's.
const enough = 256 << 10

// translate translates whole events, and returns how many bytes of them it did.
func (t *translator) translate(events []byte) int {
	left := events
	for len(left) > 0 && !t.ended && len(t.out) < enough {
		if text, end := t.groove.next(left); end > 0 {
			t.hand(llm.AppendDelta(t.events[:0], t.groove.choice, text))
			left = left[end:]
			continue
		}
		ev, rest, ok := sse.Next(left)
		if !ok {
			return len(events)
		}
		raw := left[:len(left)-len(rest)]
		t.event(bare(ev, raw), raw)
		left = rest
	}
	return len(events) - len(left)
}

// bare reads JSON that stands in a stream without being an event: Google's
// servers end a stream so that breaks. raw is all of what ev was read from.
func bare(ev sse.Event, raw []byte) sse.Event {
	if ev.Data == nil {
		ev.Data = loose(raw)
	}
	return ev
}

func loose(raw []byte) []byte {
	if raw = bytes.TrimSpace(raw); len(raw) > 1 && (raw[0] == '{' || raw[0] == '[') {
		return raw
	}
	return nil
}

// event translates one, which was read from raw.
func (t *translator) event(ev sse.Event, raw []byte) {
	if ev.Data == nil {
		return
	}
	events := t.decoder.Decode(t.events[:0], ev)
	if t.steady != nil && t.steady.Steady() && len(events) == 1 {
		t.groove.learn(raw, ev.Data, &events[0])
	} else {
		t.groove.leave()
	}
	t.hand(events)
	if !t.ended && t.format != nil && t.format.Terminates(ev) {
		t.conclude(true)
	}
}

// hand hands events on to the encoder. Behind an error nothing is said.
func (t *translator) hand(events []llm.Event) {
	t.events = events[:0] // what take returns may be other memory
	t.out = t.encoder.Append(t.out, t.take(events))
	t.ended = t.failed
}

// conclude writes what was held back to the end. It returns false if the stream
// has not come to its own end.
func (t *translator) conclude(inOrder bool) bool {
	events, complete := t.decoder.Finish(t.events[:0], inOrder)
	if complete {
		t.ended = true
		t.out = t.encoder.Append(t.out, t.take(events))
	}
	return complete
}

// finish takes the end of the stream.
func (t *translator) finish(err error) {
	if t.x.Gone() {
		t.ended = true
		return
	}
	t.attempt.mask(t.buf[t.at:])
	n := t.whole() // a last read may have brought bytes and the end
	for done := 0; done < n && !t.ended; {
		done += t.translate(t.buf[t.at+done : t.at+n])
		if len(t.out) >= enough && done < n { // the rest in the next reads
			t.at += done
			t.last = err
			return
		}
	}
	left := t.buf[t.at+n:]
	t.at = len(t.buf)
	if last, _ := sse.Last(left); !t.ended {
		last = bare(last, left)
		if last.Data != nil && t.x.format.Complete(last.Data) {
			t.event(last, left)
		}
	}
	if t.ended {
		return
	}
	if !t.conclude(errors.Is(err, io.EOF)) {
		t.breakOff(t.x.why(err))
	}
}

// breakOff ends the client's stream with an error, which the encoder gives the
// place that it has in what was written.
func (t *translator) breakOff(class Class, why string) {
	t.ended = true
	t.x.interrupt(class, why)
	e := t.x.ours(fmt.Sprintf("the stream of provider %q broke off: %s", t.x.Provider, why))
	t.out = t.encoder.Append(t.out, append(t.events[:0], llm.Event{Step: llm.Fail, Err: e}))
}

// Close ends the attempt.
func (t *translator) Close() error {
	if t.scratch == nil {
		return nil
	}
	t.lose(t.encoder.Lost()...)
	t.release()
	t.scratch = nil
	return t.src.Close()
}
