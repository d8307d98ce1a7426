package chaos

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"
)

// leave says when a client leaves.
type leave int

const (
	stays leave = iota
	early       // when a provider has been asked
	amid        // when a part of the answer has come
)

// request is what a client asks for.
type request struct {
	token  string
	client *protocol
	model  string
	stream bool
	padded bool  // it has a megabyte
	leaves leave // one in ten does
	events int   // of a stream, after which the client leaves amid
	way    int   // of connecting
	want   *want // nil: a healthy account serves the model
}

// want is what a client is told when nobody can answer.
type want struct {
	statuses   []int
	retryAfter bool
	once       bool // nobody else may be asked
	within     time.Duration
}

// ways are how clients connect: kept-alive HTTP/1.1, a connection for each
// request, HTTP/2.
const ways = 3

// bad are the models all of whose accounts are always bad in the same manner.
// When they cool down the client may also be told that nobody is there.
var bad = []struct {
	fault string
	want  want
}{
	{"401", want{statuses: []int{502, 503}}},
	{"402", want{statuses: []int{503}}},
	{"403", want{statuses: []int{502, 503}}},
	{"429 with Retry-After in seconds", want{statuses: []int{429}, retryAfter: true}},
	{"429 with Retry-After as a date", want{statuses: []int{429}, retryAfter: true}},
	{"429 with retry-after-ms", want{statuses: []int{429}}},
	{"429 without Retry-After", want{statuses: []int{429}}},
	{"500", want{statuses: []int{500, 503}}},
	{"502 with a page of HTML", want{statuses: []int{502, 503}}},
	{"503 without a body", want{statuses: []int{503}}},
	{"529", want{statuses: []int{529, 503}}},
	{"reset before the answer", want{statuses: []int{502, 503}}},
	{"closed before the answer", want{statuses: []int{502, 503}}},
	{"hang before the answer", want{statuses: []int{504, 503}}},
	{"hang in the opening", want{statuses: []int{504, 503}}},
	{"signs of life and nothing else", want{statuses: []int{504, 503}}},
	{"error inside a 200, at the start", want{statuses: []int{500, 503}}},
	{"error inside a 200, after the opening", want{statuses: []int{503, 529}}},
	{"truncated before the content", want{statuses: []int{502, 503}}},
	{"garbage instead of HTTP", want{statuses: []int{502, 503}}},
	{"garbage instead of an answer", want{statuses: []int{502, 503}}},
	{"reset midway", want{statuses: []int{502, 503}}},
	{"truncated midway, in order", want{statuses: []int{502, 503}}},
	{"error inside a 200, midway", want{statuses: []int{500, 503}}},
	{"400", want{statuses: []int{400}, once: true}},
	{"422", want{statuses: []int{422}, once: true}},
	{"connections refused", want{statuses: []int{502, 503}}},
}

// badFault returns what the accounts of a bad model do; nil is to refuse
// connections.
func badFault(name string) *fault {
	switch name {
	case "connections refused":
		return nil
	case "400":
		return status(400, "invalid_request_error", "", name)
	case "422":
		return status(422, "invalid_request_error", "", name)
	}
	return ill(name)
}

// badModel is the name of a bad model, and of its provider.
func badModel(i int) string { return fmt.Sprintf("bad-%d", i) }

// planned returns the n-th request of a run. It depends on nothing else.
func planned(seed uint64, n int) *request {
	rnd := rand.New(rand.NewPCG(seed, uint64(n))) //nolint:gosec // repeatable on purpose
	q := &request{
		token:  fmt.Sprintf("tok-%x-%d", seed, n),
		client: []*protocol{chatClient, messagesClient}[rnd.IntN(2)],
		stream: rnd.IntN(5) < 3,
		padded: rnd.IntN(100) == 0,
		way:    rnd.IntN(ways),
		events: 1 + rnd.IntN(8),
	}
	switch p := rnd.IntN(100); {
	case p < 5:
		q.leaves = early
	case p < 10:
		q.leaves = amid
	}
	if p := rnd.IntN(100); p < 88 {
		q.model = []string{"alpha-1", "spliced", "beta-1", "gamma-1", "gamma-2", "delta-1", "alpha/direct", "beta/direct"}[rnd.IntN(8)]
		return q
	}
	i := rnd.IntN(len(bad))
	if name := bad[i].fault; (strings.HasPrefix(name, "hang") || strings.HasPrefix(name, "signs")) && rnd.IntN(2) > 0 {
		i = 0 // they are slow
	}
	w := bad[i].want
	w.within = 2*hangAllowed + 5*time.Second // two accounts
	q.model, q.want = badModel(i), &w
	return q
}

// body is what the client sends.
func (q *request) body() string {
	padding := ""
	if q.padded {
		padding = strings.Repeat(" and on", (1<<20)/7)
	}
	return q.client.request(q.model, "Ask "+q.token+", please. ü 🌍", padding, q.stream)
}

// cycle is what an account does: each of the faults and as many right answers,
// in an order that is its own. A slow one answers slowly where it answers.
func cycle(seed uint64, account int, slow bool) []*fault {
	list := append(ills(), well()[:37]...)
	for i, f := range list {
		if slow && f.name == "right" {
			list[i] = slowly
		}
	}
	rnd := rand.New(rand.NewPCG(seed, 1<<32+uint64(account))) //nolint:gosec // repeatable on purpose
	rnd.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	return list
}
