package chaos

import (
	"bufio"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"
)

// manner is how a right answer is given.
type manner struct {
	kind     *string // the content type, if it is not the right one
	gzip     bool    // compressed, unasked
	split    bool    // in pieces of a few bytes
	pause    time.Duration
	hints    bool // an early answer and trailers go with it
	closes   bool // its end is that of the connection
	announce bool // of known length even if it is a stream
	waits    bool // there are signs of life before it
	crlf     bool // the lines of events end as those of HTTP
}

// body is what a manner makes of the connection: each event is written and
// sent by itself.
type body struct {
	io.Writer
	flush func() bool
	end   func()
}

// chunks frames a body.
type chunks struct{ *bufio.Writer }

func (c chunks) Write(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	fmt.Fprintf(c.Writer, "%x\r\n", len(p))
	_, _ = c.Writer.Write(p)
	return len(p), errOf(c.WriteString("\r\n"))
}

func errOf(_ int, err error) error { return err }

// begin writes the head of an answer that says 200 and returns its body.
func (r *reply) begin(m manner, length int) body {
	kind := "application/json"
	if r.stream {
		kind = "text/event-stream; charset=utf-8"
	}
	if m.kind != nil {
		kind = *m.kind
	}
	if m.hints {
		fmt.Fprintf(r.out, "HTTP/1.1 103 Early Hints\r\nSet-Cookie: %s-hints\r\n\r\n", secret)
	}
	var more string
	if m.gzip {
		more = "Content-Encoding: gzip\r\n"
	}
	b := body{Writer: r.out, flush: r.flush, end: func() {}}
	switch {
	case m.closes:
		more += "Connection: close\r\n"
	case length > 0 && !m.gzip && (!r.stream || m.announce):
		more += fmt.Sprintf("Content-Length: %d\r\n", length)
	default:
		trailers := ""
		if m.hints {
			more += "Trailer: X-Trailer\r\n"
			trailers = "X-Trailer: " + secret + "-trailer\r\n"
		}
		more += "Transfer-Encoding: chunked\r\n"
		b.Writer = chunks{r.out}
		b.end = func() { fmt.Fprintf(r.out, "0\r\n%s\r\n", trailers) }
	}
	r.head(http.StatusOK, kind, more+"X-Request-Id: req_1\r\n")
	_, _ = r.out.WriteString("\r\n")
	if m.gzip {
		z, end := gzip.NewWriter(b.Writer), b.end
		b.Writer = z
		b.flush = func() bool { return z.Flush() == nil && r.flush() }
		b.end = func() { z.Close(); end() }
	}
	return b
}

// answer gives a right answer, in some manner.
func (r *reply) answer(m manner) bool {
	if m.split {
		r.out = bufio.NewWriterSize(splitter{r.line}, 32<<10)
	}
	if !r.stream {
		text := r.dialect.whole(strings.Join(r.pieces, ""))
		if m.waits {
			text = "\n\n   \n" + text
		}
		b := r.begin(m, len(text))
		_, _ = io.WriteString(b, text)
		b.flush()
		b.end()
		return r.flush() && !m.closes
	}
	events := make([]string, 0, len(r.pieces)+2)
	if m.waits {
		events = append(events, alive, alive)
	}
	events = append(events, r.dialect.opening())
	for _, piece := range r.pieces {
		events = append(events, r.event(piece))
	}
	events = append(events, r.dialect.closing())
	length := 0
	for i, event := range events {
		if m.crlf {
			events[i] = strings.ReplaceAll(event, "\n", "\r\n")
		}
		length += len(events[i])
	}
	b := r.begin(m, length)
	for _, event := range events {
		if _, err := io.WriteString(b, event); err != nil || !b.flush() {
			return false
		}
		if m.pause > 0 {
			time.Sleep(m.pause) // the provider thinks; nobody waits for this
		}
	}
	b.end()
	return r.flush() && !m.closes
}

// event is the event of a piece; that of the large one is made once.
func (r *reply) event(piece string) string {
	if len(piece) < len(filler) {
		return r.dialect.delta(piece)
	}
	return large(r.dialect)
}

// filler is the text of an event of 8 MB; a part that is lost or comes twice is
// seen.
var filler = func() string {
	var b strings.Builder
	for i := 0; b.Len() < 8<<20; i++ {
		fmt.Fprintf(&b, "%d ", i)
	}
	return b.String()
}()

// Its event, in each dialect.
var (
	largeChat     = sync.OnceValue(func() string { return chat{}.delta(filler) })
	largeMessages = sync.OnceValue(func() string { return messages{}.delta(filler) })
)

func large(d dialect) string {
	if d == (chat{}) {
		return largeChat()
	}
	return largeMessages()
}

// started gives a right answer up to some place in the middle of its text, or
// of its bytes if it is not streamed.
func (r *reply) started(m manner) body {
	if !r.stream {
		text := r.dialect.whole(strings.Join(r.pieces, ""))
		b := r.begin(m, len(text))
		_, _ = io.WriteString(b, text[:len(text)/3+r.turn%(len(text)/3)])
		b.flush()
		return b
	}
	b := r.begin(m, 0)
	_, _ = io.WriteString(b, r.dialect.opening())
	b.flush()
	for _, piece := range r.pieces[:1+r.turn%(len(r.pieces)-1)] {
		_, _ = io.WriteString(b, r.dialect.delta(piece))
		b.flush()
	}
	return b
}

// splitter writes a few bytes at a time.
type splitter struct{ io.Writer }

func (s splitter) Write(p []byte) (n int, err error) {
	for at := 0; at < len(p); at += n {
		if n, err = s.Writer.Write(p[at:min(at+1+(at*7)%11, len(p))]); err != nil {
			return at, err
		}
	}
	return len(p), nil
}
