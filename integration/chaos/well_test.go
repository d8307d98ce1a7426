package chaos

import (
	"fmt"
	"time"
)

// well are the ways to answer. Healthy accounts answer in each of them.
func well() []*fault {
	answers := func(name string, m manner) *fault {
		return &fault{name: name, serve: func(r *reply) bool { return r.answer(m) }}
	}
	called := func(kind, otherwise string) *fault {
		return &fault{name: fmt.Sprintf("right, content type %q", kind), serve: func(r *reply) bool {
			k := kind
			if r.stream && otherwise != "" {
				k = otherwise
			}
			return r.answer(manner{kind: &k})
		}}
	}
	huge := answers("right, with an event of 8 MB", manner{})
	huge.large = true
	all := []*fault{
		answers("right, compressed unasked", manner{gzip: true}),
		answers("right, in pieces of a few bytes", manner{split: true}),
		answers("right, trickling", manner{pause: 30 * time.Millisecond}),
		slowly,
		answers("right, with early hints and trailers", manner{hints: true}),
		answers("right, ended by the connection's end", manner{closes: true}),
		answers("right, of known length", manner{announce: true}),
		answers("right, after signs of life", manner{waits: true}),
		answers("right, with lines that end in CR LF", manner{crlf: true}),
		answers("right, in pieces, with CR LF, compressed", manner{crlf: true, gzip: true, split: true}),
		called("text/plain", ""),
		called("", ""),
		called("application/octet-stream", ""),
		called("text/html", "text/event-stream"), // an HTML stream is none
	}
	plain := answers("right", manner{})
	list := make([]*fault, 0, 8*len(all)+1)
	for i := range 4 { // one in two is plain, and large ones are rare
		for _, f := range all {
			list = append(list, plain, f)
		}
		if i == 1 {
			list = append(list, huge)
		}
	}
	return list
}

// slowly is a right answer that takes longer than it is to the next reload.
var slowly = &fault{name: "right, trickling slowly", serve: func(r *reply) bool {
	return r.answer(manner{pause: 120 * time.Millisecond})
}}
