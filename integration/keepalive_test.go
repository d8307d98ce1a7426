package integration

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
)

// closer is a provider that closes each connection after one answer without
// having said so, as providers and the load balancers before them do when a
// connection was idle for long.
type closer struct {
	url string

	mu     sync.Mutex
	reused int // connections on which another request had begun when they were closed
}

// newCloser starts a closer. If it is late, it closes when the next request on
// the connection begins: then the request has surely gone to a dead end.
func newCloser(t *testing.T, late bool) *closer {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &closer{url: "http://" + l.Addr().String() + "/v1"}
	var serving sync.WaitGroup
	var mu sync.Mutex
	open := make(map[net.Conn]bool)
	serving.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			mu.Lock()
			open[conn] = true
			mu.Unlock()
			serving.Go(func() {
				c.serve(conn, late)
				mu.Lock()
				delete(open, conn)
				mu.Unlock()
			})
		}
	})
	t.Cleanup(func() {
		l.Close()
		mu.Lock()
		for conn := range open {
			conn.Close()
		}
		mu.Unlock()
		serving.Wait()
	})
	return c
}

func (c *closer) serve(conn net.Conn, late bool) {
	defer conn.Close()
	br := bufio.NewReader(conn)
	r, err := http.ReadRequest(br)
	if err != nil {
		return
	}
	if _, err := io.Copy(io.Discard, r.Body); err != nil {
		return
	}
	body := wholeAnswer("closer")
	fmt.Fprintf(conn, "HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
	if !late {
		return
	}
	if _, err := br.ReadByte(); err == nil {
		c.mu.Lock()
		c.reused++
		c.mu.Unlock()
	}
}

// A kept-alive connection that the provider closed is nobody's fault: no
// client sees an error, and an account that is counted out at its first
// failure is not counted out.
func TestClosedConnectionsAreNobodysFault(t *testing.T) {
	large := strings.Replace(plainBody, "hi", strings.Repeat("x", 1<<20), 1)
	for _, tt := range []struct {
		name string
		late bool
		n    int
		body string
	}{
		{name: "closed after the answer", n: 200, body: plainBody},
		{name: "closed after the answer, large requests", n: 20, body: large},
		{name: "closed when the next request begins", late: true, n: 200, body: plainBody},
		{name: "closed when the next request begins, large requests", late: true, n: 20, body: large},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := newCloser(t, tt.late)
			g := run(t, setup{directive: `
				key client ` + clientKey + `
				provider openai {
					api_key key-a
					upstream ` + c.url + `
					max_fails 1
					fail_duration 10s
				}`})
			client := g.client(t)
			failed := 0
			for i := range tt.n {
				got := do(t, client, g.chat(t, tt.body))
				if got.status == http.StatusOK && got.body == wholeAnswer("closer") {
					continue
				}
				if failed++; failed <= 2 {
					t.Errorf("request %d: %d %s", i+1, got.status, got.body)
				}
			}
			if failed > 0 {
				t.Fatalf("%d of %d requests failed", failed, tt.n)
			}
			c.mu.Lock()
			defer c.mu.Unlock()
			if tt.late && c.reused < tt.n/2 {
				t.Errorf("only %d of %d requests went to a dead connection: the test does not test", c.reused, tt.n)
			}
		})
	}
}
