package exchange

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/aiclient2api/caddy-aiclient2api/formats"
	"github.com/aiclient2api/caddy-aiclient2api/formats/gemini"
	"github.com/aiclient2api/caddy-aiclient2api/llm"
	"github.com/aiclient2api/caddy-aiclient2api/sse"
)

const (
	role   = `data: {"id":"1","choices":[{"index":0,"delta":{"role":"assistant","content":""}}]}` + "\n\n"
	word   = `data: {"id":"1","choices":[{"index":0,"delta":{"content":"Grüße 🌍"}}]}` + "\n\n"
	finish = `data: {"id":"1","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}` + "\n\n"
	usage  = `data: {"id":"1","choices":[],"usage":{"prompt_tokens":3,"completion_tokens":5}}` + "\n\n"
	end    = "data: [DONE]\n\n"
)

// other is the end of one of several choices.
const other = `data: {"id":"1","choices":[{"index":1,"delta":{},"finish_reason":"stop"}]}` + "\n\n"

// huge is an event that is larger than any buffer on its way.
var huge = `data: {"choices":[{"delta":{"content":"` + strings.Repeat("0123456789", 20_000) + `"}}]}` + "\n\n"

// giant is the beginning of one that is larger than what is held back.
var giant = `data: {"choices":[{"delta":{"content":"` + strings.Repeat("0123456789", 200_000)

func crlf(s string) string { return strings.ReplaceAll(s, "\n", "\r\n") }

// relayed returns what a client gets of a stream.
func relayed(t *testing.T, r io.Reader) (string, *Exchange) {
	t.Helper()
	x := newExchange(t, true)
	res, err := x.Answer(answer(200, "text/event-stream", r), Attempt{Own: true})
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatalf("the body ended with %v", err)
	}
	if err := res.Body.Close(); err != nil {
		t.Fatal(err)
	}
	return string(body), x
}

func TestStreamsAreVerbatimWhateverTheCuts(t *testing.T) {
	for name, stream := range map[string]string{
		"normal":           role + word + word + finish + usage + end,
		"no terminator":    role + word + finish,
		"comments":         ": hi\n\n" + role + ": ho\n\n" + word + finish + end,
		"crlf":             crlf(role + word + finish + end),
		"cr":               strings.ReplaceAll(role+word+finish+end, "\n", "\r"),
		"byte order mark":  "\xef\xbb\xbf" + role + word + finish + end,
		"no final newline": role + word + finish + "data: [DONE]",
		"huge event":       role + huge + word + finish + end,
		"giant event":      role + giant + `"}}]}` + "\n\n" + word + finish + end,
		"error inside":     role + word + `data: {"error":{"message":"m"}}` + "\n\n",
		"error and an end": role + word + word + `data: {"error":{"message":"m"}}` + "\r\n\r\n" + end,
		"error, no border": role + word + `data: {"error":{"message":"m"}}`,
		"only a finish":    finish,
		"only the end":     end,
	} {
		for how, n := range cuts {
			t.Run(name+"/"+how, func(t *testing.T) {
				got, x := relayed(t, &pieces{s: stream, n: n, err: io.EOF})
				if got != stream {
					t.Errorf("got %d bytes instead of %d: %.300q", len(got), len(stream), got)
				}
				if strings.Contains(stream, "usage") && x.Usage != (llm.Usage{Input: llm.Tokens(3), Output: llm.Tokens(5)}) {
					t.Errorf("usage %+v", x.Usage)
				}
				if fails := strings.HasPrefix(name, "error"); (x.Interrupted != "") != fails || !x.Stream {
					t.Errorf("outcome %+v", x.Outcome)
				}
			})
		}
	}
}

// That Google's model botched a call is how an answer ended, and no fault of the
// account's; an error that Google puts there is.
func TestHowAnAnswerEndedIsNoError(t *testing.T) {
	const text = `data: {"candidates":[{"content":{"parts":[{"text":"a"}],"role":"model"},"index":0}]}` + "\r\n\r\n"
	for last, fails := range map[string]bool{
		`{"candidates":[{"content":{},"finishReason":"MALFORMED_FUNCTION_CALL","index":0}]}`: false,
		`{"candidates":[{"content":{},"finishReason":"STOP","index":0}]}`:                    false,
		`{"error":{"code":503,"message":"The model is overloaded.","status":"UNAVAILABLE"}}`: true,
	} {
		c := newCall(t, `{"contents":[{"parts":[{"text":"hi"}]}]}`)
		c.Client, c.Head = gemini.Client{}, formats.Head{Model: "gemini-2.5-flash", Stream: true, InPath: true}
		x, bad := Plan(c, google())
		if bad != nil {
			t.Fatal(bad)
		}
		x.Begin(0, "1")
		res, err := x.Answer(answer(200, "text/event-stream", strings.NewReader(text+"data: "+last+"\r\n\r\n")), Attempt{Own: true})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadAll(res.Body); err != nil || (x.Interrupted != "") != fails {
			t.Errorf("%s: %v, interrupted %q", last, err, x.Interrupted)
		}
		_ = res.Body.Close()
	}
}

// A stream that breaks off ends with the protocol's own error, and never with
// half an event, whatever the cuts and whether the connection broke or the
// provider just stopped.
func TestAStreamThatBreaksOffEndsWithAnError(t *testing.T) {
	const broke = `data: {"error":{"message":"the stream of provider \"p\" broke off: the connection was closed","type":"server_error","param":null,"code":"upstream_error"},"request_id":"id"}` + "\n\n" + end
	for name, tc := range map[string]struct{ stream, want string }{
		"between events":     {role + word, role + word + broke},
		"in an event":        {role + word + word[:40], role + word + broke},
		"in a character":     {role + word + word[:strings.Index(word, "ü")+1], role + word + broke},
		"in the line's end":  {role + word + strings.TrimSuffix(word, "\n"), role + word + broke},
		"in a large event":   {role + word + huge[:150_000], role + word + broke},
		"after half a CRLF":  {strings.TrimSuffix(crlf(role+word), "\n"), crlf(role+word) + broke},
		"in a giant event":   {role + word + giant, ""},
		"before the content": {role + word[:20], "-"},
		"beside a finish":    {role + word + other + word[:20], role + word + other + broke},
	} {
		for how, n := range cuts {
			if name == "in a giant event" && n == 1 {
				continue // two million reads tell no more
			}
			for reason, err := range map[string]error{"stopped": io.EOF, "broke": io.ErrUnexpectedEOF} {
				t.Run(name+"/"+how+"/"+reason, func(t *testing.T) {
					if tc.want == "-" {
						x := newExchange(t, true)
						if _, err := x.Answer(answer(200, "text/event-stream", &pieces{tc.stream, n, err}), Attempt{Own: true}); err == nil || !x.Retry() {
							t.Errorf("nothing had been handed on, and it was not retried: %v", err)
						}
						return
					}
					got, x := relayed(t, &pieces{tc.stream, n, err})
					if tc.want != "" && got != tc.want {
						t.Errorf("got\n%s", got)
					}
					if !strings.HasSuffix(got, "\n"+broke) || x.Interrupted == "" {
						t.Errorf("no error at the end: …%q, %q", got[len(got)-200:], x.Interrupted)
					}
					for rest := []byte(got); len(rest) > 0; {
						var ok bool
						if _, rest, ok = sse.Next(rest); !ok {
							t.Fatalf("half an event at the end: %q", rest)
						}
					}
				})
			}
		}
	}
}

// When the client has left, the body just ends: any error would make
// reverse_proxy abort, and an error event would go to nobody.
func TestABodyEndsQuietlyWhenTheClientHasLeft(t *testing.T) {
	x := newExchange(t, true)
	src := &pieces{s: role + word, n: 1 << 30, err: errors.New("context canceled")}
	res, err := x.Answer(answer(200, "text/event-stream", src), Attempt{Own: true})
	if err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 4096)
	if n, err := res.Body.Read(b); err != nil || string(b[:n]) != role+word {
		t.Fatalf("got %q, %v", b[:n], err)
	}
	gone(x)
	if n, err := res.Body.Read(b); n != 0 || err != io.EOF {
		t.Errorf("got %q, %v", b[:n], err)
	}
	if x.Interrupted != "" {
		t.Errorf("it counts as interrupted: %q", x.Interrupted)
	}
}

// Each Read returns all whole events that have come, and waits for no more.
func TestReadDoesNotWaitForMore(t *testing.T) {
	r, w := io.Pipe()
	defer w.Close()
	x := newExchange(t, true)
	go func() { _, _ = io.WriteString(w, role+word+word[:10]) }()
	res, err := x.Answer(answer(200, "text/event-stream", r), Attempt{Own: true})
	if err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 4096)
	n, err := res.Body.Read(b)
	if err != nil || string(b[:n]) != role+word {
		t.Fatalf("got %q, %v", b[:n], err)
	}
	go func() { _, _ = io.WriteString(w, word[10:]) }()
	if n, err = res.Body.Read(b); err != nil || string(b[:n]) != word {
		t.Errorf("got %q, %v", b[:n], err)
	}
}

func TestSmallBuffersAreServed(t *testing.T) {
	x := newExchange(t, true)
	stream := role + word + finish + end
	res, err := x.Answer(answer(200, "text/event-stream", strings.NewReader(stream)), Attempt{Own: true})
	if err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(iotest.OneByteReader(res.Body))
	if err != nil || string(got) != stream {
		t.Errorf("got %q, %v", got, err)
	}
}

// A provider that never comes to the point must not cost more than it sends:
// what was looked at is not looked at again.
func TestAHostileOpeningIsReadOnce(t *testing.T) {
	for name, stream := range map[string]string{
		"empty lines":    strings.Repeat("\n", 600<<10) + strings.Repeat("x", 400<<10),
		"CR lines":       strings.Repeat(":\r", 500<<10),
		"CR events":      strings.Repeat(":\r\r", 300<<10),
		"comments":       strings.Repeat(":\n\n", 300<<10),
		"one long event": "data: " + strings.Repeat("x", 1<<20),
	} {
		x := newExchange(t, true)
		r := &counted{Reader: &pieces{stream, 512, io.EOF}}
		if _, err := x.Answer(answer(200, "text/event-stream", r), Attempt{Own: true, Secret: []byte("sk-secret-1")}); err == nil && r.n > maxOpening+chunk {
			t.Errorf("%s: %d bytes were read for the opening", name, r.n)
		}
	}
}

// counted counts what is read.
type counted struct {
	io.Reader
	n int
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.n += n
	return n, err
}

func TestStreamHeaders(t *testing.T) {
	x := newExchange(t, true)
	in := answer(200, "application/octet-stream", strings.NewReader(word+end))
	in.ContentLength = 5
	in.Header["Set-Cookie"] = []string{"a=b"}
	in.Header["Content-Length"] = []string{"5"}
	res, err := x.Answer(in, Attempt{Own: true})
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"Content-Type": "text/event-stream", "Cache-Control": "no-cache, no-transform",
		"X-Accel-Buffering": "no", "Set-Cookie": "", "Content-Length": "",
	} {
		if got := res.Header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if res.ContentLength != -1 {
		t.Errorf("length %d", res.ContentLength)
	}
}

// FuzzRelay: whatever a provider streams and however it is cut, the client
// gets the same bytes: all of the provider's if the stream ended as it should.
func FuzzRelay(f *testing.F) {
	f.Add(role+word+finish+end, 3)
	f.Add(role+word, 5)
	f.Add("data: {\r\rdata:\n\r\n[DONE]", 1)
	f.Fuzz(func(t *testing.T, stream string, n int) {
		read := func(n int) (string, bool) {
			x := newExchange(t, true)
			res, err := x.Answer(answer(200, "text/event-stream", &pieces{stream, n, io.EOF}), Attempt{Own: true})
			if err != nil {
				return x.class.String(), false
			}
			body, err := io.ReadAll(res.Body)
			if err != nil || res.Body.Close() != nil {
				t.Fatalf("%q: %v", stream, err)
			}
			return string(body), x.Interrupted == ""
		}
		n = 1 + max(n, -n)&0xff
		whole, ended := read(1 << 30)
		// one more empty line before the error is no difference
		if cut, _ := read(n); strip(cut) != strip(whole) {
			t.Fatalf("%q in pieces of %d:\n%q\nwhole:\n%q", stream, n, cut, whole)
		}
		if ended && whole != stream && whole != ClientFault.String() {
			t.Fatalf("%q became %q", stream, whole)
		}
	})
}

func strip(s string) string { return strings.NewReplacer("\r", "", "\n", "").Replace(s) }

// The text path of a stream must not allocate: a gateway has thousands.
func TestRelayingDoesNotAllocate(t *testing.T) {
	src := &loop{frame: []byte(word)}
	x := newExchange(t, true)
	res, err := x.Answer(answer(200, "text/event-stream", src), Attempt{Own: true})
	if err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 32<<10)
	if n := testing.AllocsPerRun(1000, func() { _, _ = res.Body.Read(b) }); n != 0 {
		t.Errorf("%v allocations a read", n)
	}
}

// loop gives the same frame again and again.
type loop struct{ frame []byte }

func (l *loop) Read(p []byte) (int, error) { return copy(p, l.frame), nil }

func BenchmarkRelay(b *testing.B) {
	src := &loop{frame: []byte(word)}
	x := newExchange(b, true)
	res, err := x.Answer(answer(200, "text/event-stream", src), Attempt{Own: true})
	if err != nil {
		b.Fatal(err)
	}
	buf := make([]byte, 32<<10)
	b.SetBytes(int64(len(word)))
	b.ReportAllocs()
	for b.Loop() {
		_, _ = res.Body.Read(buf)
	}
}
