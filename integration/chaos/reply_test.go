package chaos

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"time"
)

// secret is what every secret of the test has in it.
const secret = "S3CR3T"

// reply is the answer to one request, in the making.
type reply struct {
	*mock
	line   *line
	out    *bufio.Writer
	stream bool
	key    string
	turn   int      // of the account
	pieces []string // of the text
}

// flush sends what was written.
func (r *reply) flush() bool { return r.out.Flush() == nil }

// private are headers that describe the account and the provider's servers:
// none of them may come down.
const private = "Set-Cookie: session=" + secret + "-cookie\r\nOpenai-Organization: org-" + secret +
	"\r\nAnthropic-Organization-Id: org-" + secret + "\r\nX-Internal-Key: " + secret + "-internal\r\nVia: 1.1 " + secret +
	"\r\nAlt-Svc: h3=\"" + secret + ".invalid:443\"\r\n"

// head writes the head of an answer; more are further headers, each with its
// line's end.
func (r *reply) head(status int, contentType, more string) {
	fmt.Fprintf(r.out, "HTTP/1.1 %03d %s\r\n%s", status, http.StatusText(status), more)
	if !r.calm {
		_, _ = r.out.WriteString(private)
	}
	if contentType != "" {
		fmt.Fprintf(r.out, "Content-Type: %s\r\n", contentType)
	}
}

// status answers with a body of known length.
func (r *reply) status(status int, contentType, more, body string) bool {
	r.head(status, contentType, more)
	fmt.Fprintf(r.out, "Content-Length: %d\r\n\r\n%s", len(body), body)
	return r.flush()
}

// words is the message of an error: it tells the key, as some providers do.
func (r *reply) words() string { return "Incorrect use of the API key " + r.key + " of this account" }

// fails answers with an error in the provider's own shape.
func (r *reply) fails(status int, kind, more string) bool {
	return r.status(status, "application/json", more, r.dialect.failure(kind, r.words()))
}

// reset makes the connection end with a reset.
func (r *reply) reset() bool {
	r.flush()
	if tcp, ok := r.line.Conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	return false
}

// hang waits until the gateway gives up.
func (r *reply) hang() bool {
	r.flush()
	_ = r.line.SetReadDeadline(time.Now().Add(hangs))
	if _, err := r.line.br.Peek(1); errors.Is(err, os.ErrDeadlineExceeded) {
		r.ledger.leaks("%s: the gateway did not give up a request that hangs", r.account)
	}
	return false
}

// livesOn sends signs of life until the gateway gives up.
func (r *reply) livesOn() bool {
	b := r.begin(manner{}, 1<<20)
	sign := alive
	if !r.stream {
		sign = " \n"
	}
	for end := time.Now().Add(hangs); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		if _, err := io.WriteString(b, sign); err != nil || !b.flush() {
			return false
		}
	}
	r.ledger.leaks("%s: the gateway did not give up a request of which only comments come", r.account)
	return false
}

// alive is a comment in a stream.
const alive = ": the provider is at work\n\n"
