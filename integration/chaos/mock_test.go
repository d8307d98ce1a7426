package chaos

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"regexp"
	"strings"
	"sync"
	"time"
)

// mock is a provider's account: a server on a socket of its own. It speaks
// HTTP/1.1 by hand, because most of what it does no server of net/http would.
type mock struct {
	account string // its name, which stands in its keys too
	dialect dialect
	faults  []*fault // what it does, one after the other, again and again
	calm    bool     // it never closes an idle connection, and has no secrets
	ledger  *ledger
	address string

	mu       sync.Mutex
	listener net.Listener // nil while it refuses
	reopen   int          // when it listens again, in requests of the clients
	lines    map[*line]bool
	opened   int // connections so far
	asked    int
	stopped  bool
	serving  sync.WaitGroup
}

// line is a connection from the gateway.
type line struct {
	net.Conn
	br     *bufio.Reader
	idle   bool // guarded by the mock's mu
	closed bool // guarded by the mock's mu
	served int
	tired  int // it closes when this many requests were served and one more begins
}

// host is where the mocks listen: on a loopback address of this process's own,
// where the system has them. So nobody else gets the port of one that refuses
// connections for a while.
var host = fmt.Sprintf("127.%d.%d.2", 1+os.Getpid()>>8&0x7f, os.Getpid()&0xff)

// listen starts the mock.
func (m *mock) listen() error {
	l, err := net.Listen("tcp", host+":0")
	if err != nil {
		if l, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
			return err
		}
	}
	m.address = l.Addr().String()
	m.lines = make(map[*line]bool)
	m.accept(l)
	return nil
}

func (m *mock) accept(l net.Listener) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.listener = l
	m.serving.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			m.begin(conn)
		}
	})
}

func (m *mock) begin(conn net.Conn) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.stopped {
		conn.Close()
		return
	}
	m.opened++
	l := &line{Conn: conn, br: bufio.NewReaderSize(conn, 8<<10), idle: true}
	if m.opened%5 == 0 && !m.calm {
		l.tired = 1 + m.opened%4
	}
	m.lines[l] = true
	m.serving.Go(func() { m.serve(l) })
}

// serve serves the requests of a connection.
func (m *mock) serve(l *line) {
	defer func() {
		l.Close()
		m.mu.Lock()
		delete(m.lines, l)
		m.mu.Unlock()
	}()
	for {
		_, err := l.br.Peek(1)
		m.mu.Lock()
		gone := l.closed || err != nil
		l.idle = false
		m.mu.Unlock()
		if gone {
			return
		}
		if l.served++; l.tired > 0 && l.served > l.tired {
			// as a balancer does that had given the connection up just before:
			// what was sent is not read, which makes a reset of it
			m.ledger.count("idle connection closed under a request")
			return
		}
		if !m.exchange(l) {
			return
		}
		m.mu.Lock()
		l.idle = true
		refuses := m.listener == nil
		m.mu.Unlock()
		if refuses {
			return
		}
	}
}

// token is what makes a request known.
var token = regexp.MustCompile(`tok-[0-9a-f]+-[0-9]+`)

// exchange answers one request and reports whether the connection goes on.
func (m *mock) exchange(l *line) (keep bool) {
	r, err := http.ReadRequest(l.br)
	if err != nil {
		return false
	}
	body := make([]byte, 2<<10)
	n, err := io.ReadFull(r.Body, body)
	body = body[:n]
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return false
	}
	asked := string(token.Find(body))
	if asked == "" {
		if r.ContentLength < 0 || int64(n) < min(r.ContentLength, 2<<10) {
			return false // it was cut short: nobody has been asked
		}
		m.ledger.odd("%s: a request without a token: %.200s", m.account, body)
		return false
	}
	if key := m.dialect.key(r); !strings.HasPrefix(key, "sk-"+m.account+"-") {
		m.ledger.odd("%s: asked with another account's key", m.account)
	}
	f, turn := m.next()
	stream := bytes.Contains(body, []byte(`"stream":true`))
	if !f.early {
		rest, err := io.ReadAll(r.Body)
		if err != nil {
			return false
		}
		if body = append(body, rest...); !json.Valid(body) || bytes.Count(body, []byte(asked)) != 1 {
			m.ledger.odd("%s: the request for %s is not what a client sent: %.300s", m.account, asked, body)
		}
	}
	if want := m.dialect.path(); !strings.HasSuffix(r.URL.Path, want) {
		m.ledger.odd("%s: asked at %s, want %s", m.account, r.URL.Path, want)
	}
	answer := &reply{
		mock: m, line: l, out: bufio.NewWriterSize(l, 32<<10), stream: stream,
		key: m.dialect.key(r), turn: turn, pieces: pieces(asked, m.account, turn, stream, f.large),
	}
	phase := f.whole
	if stream {
		phase = f.stream
	}
	m.ledger.note(asked, attempt{account: m.account, fault: f.name, phase: phase, pieces: answer.pieces, at: time.Now()})
	return f.serve(answer) && answer.flush()
}

// connections returns how many there are.
func (m *mock) connections() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.lines)
}

// stop ends the mock and all that it serves.
func (m *mock) stop() {
	m.mu.Lock()
	m.stopped = true
	if m.listener != nil {
		m.listener.Close()
	}
	for l := range m.lines {
		l.Close()
	}
	m.mu.Unlock()
	m.serving.Wait()
}

// hangs is how long a mock waits for the gateway to give up.
const hangs = 30 * time.Second
