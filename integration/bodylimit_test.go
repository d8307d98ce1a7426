package integration

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
)

// sized returns a request's body of so many bytes.
func sized(n int) string {
	const head, foot = `{"model":"echo","messages":[{"role":"user","content":"`, `"}]}`
	return head + strings.Repeat("x", n-len(head)-len(foot)) + foot
}

// limited runs a gateway that takes 1 KiB.
func limited(t *testing.T) *gateway {
	t.Helper()
	return run(t, setup{directive: "key client " + clientKey + "\nprovider echo\nmax_body 1KiB"})
}

// checkRefused checks that an error is in the client's protocol.
func checkRefused(t *testing.T, status, want int, body, says string) {
	t.Helper()
	var e struct {
		Error struct{ Message, Type, Code string }
	}
	if err := json.Unmarshal([]byte(body), &e); err != nil {
		t.Errorf("the answer is not in the client's protocol: %q", body)
	}
	if status != want || e.Error.Type != "invalid_request_error" || !strings.Contains(e.Error.Message, says) {
		t.Errorf("the client got %d %s, want %d and %q", status, body, want, says)
	}
}

func TestBodyLimit(t *testing.T) {
	g := limited(t)
	client := g.client(t)
	for _, tt := range []struct {
		name    string
		size    int
		chunked bool
		over    bool
	}{
		{name: "at the limit", size: 1024},
		{name: "over the limit", size: 1025, over: true},
		{name: "far over the limit", size: 100 << 10, over: true},
		{name: "of unknown length, at the limit", size: 1024, chunked: true},
		{name: "of unknown length, over the limit", size: 1025, chunked: true, over: true},
		{name: "of unknown length, far over the limit", size: 100 << 10, chunked: true, over: true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := g.chat(t, sized(tt.size))
			if tt.chunked {
				r.ContentLength, r.GetBody = -1, nil
			}
			got := do(t, client, r)
			if tt.over {
				checkRefused(t, got.status, http.StatusRequestEntityTooLarge, got.body, "1024")
			} else if got.status != http.StatusOK {
				t.Errorf("the client got %d %s, want an answer", got.status, got.body)
			}
		})
	}
}

// A client that asks before it sends its body must get the answer at once if
// the body is not wanted, and must not be told to go on.
func TestRefusedBodiesAreNotAskedFor(t *testing.T) {
	g := limited(t)
	for _, tt := range []struct {
		name string
		key  string
		size int
		want []int // statuses in their order
		says string
	}{
		{name: "over the limit", key: clientKey, size: 2000, want: []int{413}, says: "1024"},
		{name: "wrong key", key: "client-key-that-is-wrong", size: 500, want: []int{401}, says: "API key"},
		{name: "below the limit", key: clientKey, size: 500, want: []int{100, 200}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			conn, err := net.Dial("tcp", strings.TrimPrefix(g.url, "http://"))
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			if err := conn.SetDeadline(deadline(soon)); err != nil {
				t.Fatal(err)
			}
			fmt.Fprintf(conn, "POST /v1/chat/completions HTTP/1.1\r\nHost: gateway.example.com\r\nAuthorization: Bearer %s\r\n"+
				"Content-Type: application/json\r\nContent-Length: %d\r\nExpect: 100-continue\r\n\r\n", tt.key, tt.size)
			r := bufio.NewReader(conn)
			for _, want := range tt.want {
				res, err := http.ReadResponse(r, nil) // a 1xx is an answer of its own here
				if err != nil {
					t.Fatalf("the client does not send and waits for the %d, which does not come: %v", want, err)
				}
				if res.StatusCode != want {
					t.Fatalf("the client got %s, want %d", res.Status, want)
				}
				if want == http.StatusContinue {
					io.WriteString(conn, sized(tt.size))
					continue
				}
				body, err := io.ReadAll(res.Body)
				if err != nil {
					t.Fatal(err)
				}
				if tt.says != "" {
					checkRefused(t, res.StatusCode, want, string(body), tt.says)
				}
			}
		})
	}
}
