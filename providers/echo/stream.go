package echo

import (
	"context"
	"crypto/rand"
	"io"
	"time"

	"github.com/aiclient2api/caddy-aiclient2api/formats"
	"github.com/aiclient2api/caddy-aiclient2api/llm"
)

// events yields an answer in neutral terms, step by step: the start, each word
// or the call, the end.
type events struct {
	q     question
	a     answer
	model llm.Literal
	step  int
}

// next appends the events of the next step, none at the end. The last step is
// one behind the words.
func (e *events) next(dst []llm.Event) []llm.Event {
	step := e.step
	e.step++
	words := e.a.count()
	if e.a.call != nil {
		words = 1
	}
	switch {
	case step == 0:
		dst = append(dst, llm.Event{Step: llm.Start, Name: e.model}, e.open())
		if words > 0 {
			return dst
		}
		e.step++
		return e.end(dst)
	case step <= words:
		return append(dst, llm.Event{Step: llm.Delta, Text: e.word(step - 1)})
	case step == words+1:
		return e.end(dst)
	}
	return dst
}

// all returns all events.
func (e *events) all() (list []llm.Event) {
	for {
		n := len(list)
		if list = e.next(list); len(list) == n {
			return list
		}
	}
}

func (e *events) open() llm.Event {
	if e.a.call == nil {
		return llm.Event{Step: llm.Open, Kind: llm.Text}
	}
	return llm.Event{
		Step: llm.Open, Kind: llm.Call,
		ID: formats.Encoded("call_" + rand.Text()), Name: formats.Encoded(e.a.call.name),
	}
}

func (e *events) word(i int) llm.Literal {
	if e.a.call != nil {
		return formats.Encoded(e.a.call.arguments())
	}
	blank, word := e.a.word(i)
	return formats.Encoded(blank + word)
}

func (e *events) end(dst []llm.Event) []llm.Event {
	finish := llm.Event{Step: llm.Finish}
	if e.a.call != nil {
		finish.Reason = llm.Calls
	}
	usage := llm.Usage{Input: llm.Tokens(int64(e.q.words)), Output: llm.Tokens(int64(e.a.tokens()))}
	return append(dst, llm.Event{Step: llm.Close}, finish, llm.Event{Step: llm.Stated, Usage: usage}, llm.Event{Step: llm.End})
}

// stream hands out one frame a Read, each after a delay. It is pulled: there
// is no goroutine that could stay behind.
type stream struct {
	ctx    context.Context
	delay  time.Duration
	events events
	writer formats.Encoder
	batch  []llm.Event
	frame  []byte
	rest   []byte
}

// Read waits for the delay and copies the next frame.
func (s *stream) Read(b []byte) (int, error) {
	if len(s.rest) == 0 {
		if err := sleep(s.ctx, s.delay); err != nil {
			return 0, err
		}
		s.batch = s.events.next(s.batch[:0])
		if len(s.batch) == 0 {
			return 0, io.EOF
		}
		s.frame = s.writer.Append(s.frame[:0], s.batch)
		s.rest = s.frame
	}
	n := copy(b, s.rest)
	s.rest = s.rest[n:]
	return n, nil
}

// Close does nothing: nothing is open.
func (*stream) Close() error { return nil }

// sleep waits for d or until ctx is done.
func sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
