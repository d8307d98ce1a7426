package upstream

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aiclient2api/caddy-aiclient2api/internal/buffer"
)

// packed returns a parcel of a text that stands in two segments or in one, the
// memory of the text, and the request that sends it.
func packed(t *testing.T, url, text string, segments int) (*parcel, *buffer.Body, *http.Request) {
	t.Helper()
	memory, err := buffer.Read(strings.NewReader(text), int64(len(text)), 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	b := memory.Bytes()
	parts := [][]byte{b}
	if segments == 2 {
		parts = [][]byte{b[:len(b)/2], b[len(b)/2:]}
	}
	p := pack(memory, parts, int64(len(b)))
	out, err := http.NewRequestWithContext(p.traced(t.Context()), http.MethodPost, url, p.open())
	if err != nil {
		t.Fatal(err)
	}
	out.ContentLength = int64(len(b))
	out.GetBody = func() (io.ReadCloser, error) { return p.open(), nil }
	return p, memory, out
}

// Memory that is not given back is allocated anew for each request.
func TestMemoryOfWhatWasSentIsGivenBack(t *testing.T) {
	got := make(chan string, 1)
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got <- string(body)
	}))
	defer s.Close()
	for _, size := range []int{0, 1, 100, small, small + 1, 300_000} {
		for _, segments := range []int{1, 2} {
			text := strings.Repeat("x", size)
			p, memory, out := packed(t, s.URL, text, segments)
			res, err := p.send(out, http.DefaultTransport)
			if err != nil {
				t.Fatal(err)
			}
			if sent := <-got; sent != text {
				t.Errorf("%d bytes in %d segments: %d bytes were sent", size, segments, len(sent))
			}
			_, _ = io.Copy(io.Discard, res.Body)
			_ = res.Body.Close()
			memory.Release()
			if size > 0 && size <= small && (memory.Bytes() != nil || p.memory.Bytes() != nil) {
				t.Errorf("%d bytes in %d segments: the memory is held", size, segments)
			}
		}
	}
}

// A provider may answer before it has read all; net/http goes on sending then,
// and what it sends must not become another request's memory.
func TestMemoryIsNotGivenBackWhileItIsSent(t *testing.T) {
	ours, theirs := net.Pipe()
	defer theirs.Close()
	via := &http.Transport{
		Dial:            func(string, string) (net.Conn, error) { return ours, nil },
		WriteBufferSize: 512, // less than the body
	}
	defer via.CloseIdleConnections()
	text := strings.Repeat("first ", 2000)
	p, memory, out := packed(t, "http://provider.invalid", text, 1)
	read := make(chan []byte, 1)
	more := make(chan struct{})
	go func() {
		var b bytes.Buffer
		_, _ = io.CopyN(&b, theirs, 1000)
		_, _ = io.WriteString(theirs, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
		<-more
		for !bytes.HasSuffix(b.Bytes(), []byte(text[len(text)-20:])) {
			if _, err := io.CopyN(&b, theirs, 1); err != nil {
				break
			}
		}
		_, body, _ := bytes.Cut(b.Bytes(), []byte("\r\n\r\n"))
		read <- body
	}()
	res, err := p.send(out, via)
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	memory.Release()
	if memory.Bytes() == nil {
		t.Error("the memory was given back")
	}
	for range 64 { // which would take it
		other, _ := buffer.Read(strings.NewReader(strings.Repeat("other ", 2000)), int64(len(text)), 1<<20)
		other.Release()
	}
	close(more)
	if body := <-read; !strings.HasPrefix(text, string(body)) {
		t.Errorf("%q was sent", body[:min(len(body), 100)])
	}
}

// Of a request that is repeated there are two readers, and nobody knows which of
// them net/http is done with.
func TestMemoryOfARepeatedRequestIsNotGivenBack(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
	}))
	defer s.Close()
	p, memory, out := packed(t, s.URL, "text", 1)
	again, _ := out.GetBody()
	defer again.Close()
	res, err := p.send(out, http.DefaultTransport)
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	memory.Release()
	if string(memory.Bytes()) != "text" {
		t.Errorf("the memory is %q", memory.Bytes())
	}
}
