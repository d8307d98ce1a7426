package chaos

import (
	"fmt"
	"io"
	"net/http"
	"time"
)

// phase says how far an answer comes.
type phase int

const (
	// right is an answer that is right, however odd it is.
	right phase = iota
	// before is a failure before the first content: another account can still
	// answer.
	before
	// midway is a failure after the first content.
	midway
	// either is a right answer that the gateway may take for a failure.
	either
)

// fault is what a mock does to a request.
type fault struct {
	name   string
	whole  phase // if the answer is not streamed
	stream phase // if it is
	large  bool  // the text is
	early  bool  // the request is not read to its end
	serve  func(r *reply) (keep bool)
}

// refused is the turn of an account to refuse connections.
var refused = &fault{name: "connections refused (times)"}

// ills are the ways to fail.
func ills() []*fault {
	list := make([]*fault, 0, 64)
	fails := func(name string, serve func(r *reply) bool) {
		list = append(list, &fault{name: name, whole: before, stream: before, serve: serve})
	}
	breaks := func(name string, serve func(r *reply) bool) {
		list = append(list, &fault{name: name, whole: before, stream: midway, serve: serve})
	}
	list = append(list, refused,
		status(401, "authentication_error", "", "401"),
		status(402, "billing_error", "", "402"),
		status(403, "permission_error", "", "403"),
		status(429, "rate_limit_error", "Retry-After: 1\r\n", "429 with Retry-After in seconds"),
		status(429, "rate_limit_error", "", "429 without Retry-After"),
		status(429, "rate_limit_error", "Retry-After-Ms: 700\r\n", "429 with retry-after-ms"),
		status(500, "api_error", "", "500"),
		status(529, "overloaded_error", "", "529"),
	)
	fails("429 with Retry-After as a date", func(r *reply) bool {
		at := time.Now().Add(2 * time.Second).UTC().Format(http.TimeFormat)
		return r.fails(429, "rate_limit_error", "Retry-After: "+at+"\r\n")
	})
	fails("502 with a page of HTML", func(r *reply) bool {
		return r.status(502, "text/html", "", "<html><title>502 "+secret+"-html</title></html>")
	})
	fails("503 without a body", func(r *reply) bool { return r.status(503, "", "", "") })
	list = append(list, &fault{name: "429 before the request is read", whole: before, stream: before, early: true, serve: func(r *reply) bool {
		r.fails(429, "rate_limit_error", "Connection: close\r\n")
		return false
	}})
	fails("reset before the answer", (*reply).reset)
	fails("closed before the answer", func(*reply) bool { return false })
	fails("hang before the answer", (*reply).hang)
	fails("hang after the headers", func(r *reply) bool {
		r.begin(manner{}, 1000)
		return r.hang()
	})
	fails("signs of life and nothing else", (*reply).livesOn)
	fails("200 without a body", func(r *reply) bool { return r.status(200, "application/json", "", "") })
	fails("204", func(r *reply) bool { return r.status(204, "", "", "") })
	fails("101", func(r *reply) bool {
		r.head(101, "", "Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
		return r.hang()
	})
	fails("hang in the opening", func(r *reply) bool {
		b := r.begin(manner{}, 1000)
		if r.stream {
			_, _ = io.WriteString(b, r.dialect.opening())
		}
		return r.hang()
	})
	fails("error inside a 200, at the start", func(r *reply) bool {
		text := r.dialect.failure("api_error", r.words())
		if r.stream {
			text = r.dialect.failureEvent("api_error", r.words())
		}
		b := r.begin(manner{}, len(text))
		_, _ = io.WriteString(b, text)
		b.end()
		return r.flush()
	})
	fails("error inside a 200, after the opening", func(r *reply) bool {
		if !r.stream {
			return r.status(200, "application/json", "", r.dialect.failure("overloaded_error", r.words()))
		}
		b := r.begin(manner{}, 0)
		_, _ = io.WriteString(b, r.dialect.opening()+r.dialect.failureEvent("overloaded_error", r.words()))
		b.end()
		return r.flush()
	})
	fails("truncated before the content", func(r *reply) bool {
		if !r.stream {
			r.started(manner{})
			return false
		}
		b := r.begin(manner{}, 0)
		_, _ = io.WriteString(b, r.dialect.opening())
		b.end()
		return r.flush()
	})
	fails("garbage instead of HTTP", func(r *reply) bool {
		fmt.Fprintf(r.out, "%s\x00\xff\xfe %s garbage\r\n\r\n", r.key, r.key)
		r.flush()
		return false
	})
	fails("garbage instead of an answer", func(r *reply) bool {
		b := r.begin(manner{}, 600)
		_, _ = io.WriteString(b, garbage(r.turn, 600))
		b.end()
		return r.flush()
	})
	fails("garbage in events", func(r *reply) bool {
		text := `{"choices":[{"message":{"content":` + garbage(r.turn, 300)
		if r.stream {
			text = "data: {" + garbage(r.turn, 100) + "\n\ndata: " + garbage(r.turn, 200) + "\n\n"
		}
		b := r.begin(manner{}, len(text))
		_, _ = io.WriteString(b, text)
		b.end()
		return r.flush()
	})
	fails("JSON of something else", func(r *reply) bool {
		text := `{"status":"ok","detail":"this is not what was asked for"}`
		if r.stream {
			text = "data: " + text + "\n\n"
		}
		b := r.begin(manner{}, len(text))
		_, _ = io.WriteString(b, text)
		b.end()
		return r.flush()
	})
	fails("a page of HTML that says 200", func(r *reply) bool {
		return r.status(200, "text/html", "", "<html>"+secret+"-html, please log in</html>")
	})
	fails("redirect", func(r *reply) bool {
		return r.status(307, "text/plain", "Location: http://"+r.address+"/elsewhere\r\n", "elsewhere")
	})
	fails("status 042", func(r *reply) bool { return r.status(42, "text/plain", "", "what?") })
	fails("garbage that says it is compressed", func(r *reply) bool {
		return r.status(200, "application/json", "Content-Encoding: gzip\r\n", garbage(r.turn, 300))
	})
	list = append(list, &fault{name: "stream that is called HTML", whole: right, stream: either, serve: func(r *reply) bool {
		kind := "text/html"
		return r.answer(manner{kind: &kind})
	}})
	breaks("reset midway", func(r *reply) bool { r.started(manner{}); return r.reset() })
	breaks("closed midway", func(r *reply) bool { r.started(manner{}); return false })
	breaks("closed midway, compressed", func(r *reply) bool { r.started(manner{gzip: true}); return false })
	breaks("closed midway, without a length", func(r *reply) bool { r.started(manner{closes: true}); return false })
	breaks("truncated midway, in order", func(r *reply) bool {
		if !r.stream {
			r.started(manner{closes: true})
			return false
		}
		r.started(manner{}).end()
		return r.flush()
	})
	breaks("truncated within an event", func(r *reply) bool {
		b := r.started(manner{})
		if !r.stream {
			return false
		}
		event := r.dialect.delta("never to be seen")
		_, _ = io.WriteString(b, event[:len(event)/2])
		b.end()
		return r.flush()
	})
	breaks("garbage midway", func(r *reply) bool {
		r.started(manner{})
		_, _ = r.out.WriteString(garbage(r.turn, 100))
		r.flush()
		return false
	})
	breaks("error inside a 200, midway", func(r *reply) bool {
		if !r.stream {
			return r.status(200, "application/json", "", r.dialect.failure("api_error", r.words()))
		}
		b := r.started(manner{})
		_, _ = io.WriteString(b, r.dialect.failureEvent("api_error", r.words()))
		b.end()
		return r.flush()
	})
	breaks("hang midway", func(r *reply) bool { r.started(manner{}); return r.hang() })
	return list
}

// garbage is no HTTP, no JSON and no event.
func garbage(turn, n int) string {
	b := make([]byte, n)
	for i := range b {
		turn = turn*1103515245 + 12345
		if b[i] = byte(turn >> 16); b[i] == '\n' || b[i] == '\r' {
			b[i] = '\\'
		}
	}
	return string(b)
}

// ill returns the fault of a name.
func ill(name string) *fault {
	for _, f := range ills() {
		if f.name == name {
			return f
		}
	}
	panic("no such fault: " + name)
}

// status answers with an error in the provider's shape.
func status(code int, kind, header, name string) *fault {
	return &fault{name: name, whole: before, stream: before, serve: func(r *reply) bool { return r.fails(code, kind, header) }}
}
