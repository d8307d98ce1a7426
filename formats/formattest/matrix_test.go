package formattest

import (
	"slices"
	"strings"
	"testing"

	"github.com/aiclient2api/caddy-aiclient2api/formats"
	"github.com/aiclient2api/caddy-aiclient2api/formats/chat"
	"github.com/aiclient2api/caddy-aiclient2api/formats/gemini"
	"github.com/aiclient2api/caddy-aiclient2api/formats/messages"
	"github.com/aiclient2api/caddy-aiclient2api/formats/responses"
	"github.com/aiclient2api/caddy-aiclient2api/formats/standard"
	"github.com/aiclient2api/caddy-aiclient2api/llm"
)

// clients are the formats that take part in every scenario as clients, all of
// them, and those of the completions; providers are those of providers.
var (
	clients    = []string{chat.Name, responses.Name, messages.Name, gemini.Name}
	allClients = append(slices.Clone(clients), chat.CompletionsName)
	providers  = clients
)

// speaker returns a client's format.
func speaker(t testing.TB, name string) formats.Speaker {
	t.Helper()
	s, ok := standard.Client(name).(formats.Speaker)
	if !ok {
		t.Fatalf("there is no client's format %q", name)
	}
	return s
}

// listener returns a provider's format.
func listener(t testing.TB, name string) formats.Listener {
	t.Helper()
	l, ok := standard.Upstream(name).(formats.Listener)
	if !ok {
		t.Fatalf("there is no provider's format %q", name)
	}
	return l
}

// TestEveryPair: a scenario says of every client and every provider what comes
// of it, or why nothing does.
func TestEveryPair(t *testing.T) {
	check := func(t *testing.T, s scenario, kind, format string, there bool) {
		t.Helper()
		switch why := s.lacks(kind, format); {
		case !there && why == "":
			t.Errorf("there is no %s of %s, and it is not said why", kind, format)
		case there && why != "":
			t.Errorf("it says why there is no %s of %s, and there is one", kind, format)
		}
	}
	for _, s := range load(t) {
		t.Run(s.name, func(t *testing.T) {
			if group, name, ok := strings.Cut(s.feature, ": "); !ok || group == "" || name == "" {
				t.Errorf("the feature is %q", s.feature)
			}
			if s.of("request") != nil {
				for _, client := range clients {
					check(t, s, "request", client, s.forOne("request", client) != nil)
				}
			}
			if s.of("expect") != nil {
				for _, provider := range providers {
					check(t, s, "expect", provider, s.forOne("expect", provider) != nil)
				}
			}
			if s.of("answer") == nil && s.of("stream") == nil {
				return
			}
			for _, provider := range providers {
				there := s.answers(provider) != nil
				check(t, s, "answer", provider, there)
				for _, client := range clients {
					for _, from := range s.answers(provider) {
						if s.lacks("request", client) == "" && len(s.wholes(client, from)) != 1 {
							t.Errorf("it does not say what %s is to get from the %s of %s", client, from.kind, provider)
						}
					}
				}
			}
		})
	}
}

// answers returns what a provider answers.
func (s scenario) answers(provider string) []section {
	return append(s.forOne("answer", provider), s.forOne("stream", provider)...)
}

// wholes returns what a client is to get for an answer.
func (s scenario) wholes(client string, from section) []section {
	provider, list := from.title[0], s.forOne("whole", client)
	if special := chosen(list, provider+"."+from.kind); len(special) == 1 && special[0].only != nil {
		return special
	}
	return chosen(list, provider)
}

// expectations returns what providers are to get for the request of a client.
func (s scenario) expectations(client string) []section {
	return chosen(s.of("expect"), client)
}

// outcome is what became of a request on its way: a body, or the place that a
// provider cannot carry. less is whether the request goes on without that, if no
// other provider has it.
type outcome struct {
	body, lost, refused, why string
	less                     bool
}

// carry translates a client's request for a provider of a model.
func carry(t *testing.T, from, to section) outcome {
	t.Helper()
	client := speaker(t, from.title[0])
	if _, err := formats.Scan([]byte(from.body)); err != nil {
		t.Fatal(err)
	}
	r, bad := client.Decode([]byte(from.body))
	if bad != nil {
		return outcome{refused: bad.Param, why: bad.Message}
	}
	return encode(t, client, r, to)
}

// encode encodes a request for a provider of a model.
func encode(t *testing.T, client formats.Speaker, r *llm.Request, to section) outcome {
	t.Helper()
	sent, no := listener(t, to.title[0]).Encode(nil, r, to.title[1])
	if no == nil {
		return outcome{body: string(sent.Body), lost: sorted(sent.Lost)}
	}
	place := client.Field(no.Field)
	if no.Turn >= 0 || no.Field == "" {
		place = client.Place(no.Turn, no.Part)
	}
	return outcome{refused: place, why: no.What, lost: no.Field, less: no.Less}
}

// TestRequests: every client's request reaches every provider as it should.
func TestRequests(t *testing.T) {
	for _, s := range load(t) {
		for _, from := range s.of("request") {
			client := from.title[0]
			for _, to := range s.expectations(client) {
				t.Run(s.name+"/"+client+" to "+strings.Join(to.title, " "), func(t *testing.T) {
					got := carry(t, from, to)
					if want := to.note("error", client); got.refused != want {
						t.Fatalf("refused at %q, want %q (%s)\nsent %s, lost %q", got.refused, want, got.why, got.body, got.lost)
					}
					if got.refused != "" {
						return
					}
					if d := differ(to.body, got.body); d != "" {
						t.Errorf("%s\nsent %s", d, got.body)
					}
					if want := to.lost(client); got.lost != want {
						t.Errorf("lost %q, want %q", got.lost, want)
					}
				})
			}
		}
	}
}

// TestARequestIsGoodForEveryTarget: what is encoded for one target is the same
// whatever targets it was encoded for before.
func TestARequestIsGoodForEveryTarget(t *testing.T) {
	for _, s := range load(t) {
		for _, from := range s.of("request") {
			client := speaker(t, from.title[0])
			r, bad := client.Decode([]byte(from.body))
			if bad != nil {
				continue
			}
			for range 2 {
				for _, to := range s.expectations(client.Name()) {
					if got, want := encode(t, client, r, to), carry(t, from, to); got != want {
						t.Errorf("%s: %s to %s: %+v\nwant %+v", s.name, client.Name(), strings.Join(to.title, " "), got, want)
					}
				}
			}
		}
	}
}

// TestAnswers: every provider's answer reaches every client as it should,
// whole, as a stream, and as the one in the place of the other.
func TestAnswers(t *testing.T) {
	for _, s := range load(t) {
		for _, provider := range providers {
			for _, from := range s.answers(provider) {
				for _, client := range allClients {
					for _, want := range s.wholes(client, from) {
						t.Run(s.name+"/"+from.kind+" "+provider+" to "+client, func(t *testing.T) {
							for _, asked := range s.requests(client) {
								answered(t, s, asked, from, want)
							}
						})
					}
				}
			}
		}
	}
}

// requests returns a client's requests, or one that says nothing if the scenario
// has none at all.
func (s scenario) requests(client string) []section {
	if s.of("request") == nil {
		return []section{{title: []string{client}}}
	}
	return s.forOne("request", client)
}

// answered checks what a client gets for an answer to its request.
func answered(t *testing.T, s scenario, asked, from, want section) {
	t.Helper()
	client := asked.title[0]
	r, events := heard(t, s, asked, from)
	var lost []string
	for _, e := range events {
		if e.Step == llm.Lost {
			lost = append(lost, e.What)
		}
	}
	if got := sorted(lost); got != from.lost("") {
		t.Errorf("lost %q, want %q", got, from.lost(""))
	}
	body, left := whole(t, client, r, events)
	if d := differ(want.body, body); d != "" {
		t.Errorf("whole: %s\ngot %s", d, body)
	}
	if left != want.lost("") {
		t.Errorf("whole: %s has no place for %q, want %q", client, left, want.lost(""))
	}
	for _, list := range []bool{false, true} {
		if list && client != gemini.Name {
			continue
		}
		stream, left := streamed(t, client, r, events, list)
		if left != want.lost("") {
			t.Errorf("stream: %s has no place for %q, want %q", client, left, want.lost(""))
		}
		got := collect[client](t, stream)
		if d := differ(want.body, got); d != "" {
			t.Errorf("stream (list %v): %s\ngot %s\nof %s", list, d, got, stream)
		}
	}
}

// whole writes an answer as a body, and says what had no place in it.
func whole(t *testing.T, client string, r *llm.Request, events []llm.Event) (body, lost string) {
	t.Helper()
	encoder := speaker(t, client).Encoder(formats.Answer{Request: r, Model: "asked", ID: "id", Created: 1})
	body = string(encoder.AppendWhole(nil, events))
	return body, sorted(encoder.Lost())
}

// streamed writes an answer as a stream.
func streamed(t *testing.T, client string, r *llm.Request, events []llm.Event, list bool) (stream []byte, lost string) {
	t.Helper()
	encoder := speaker(t, client).Encoder(formats.Answer{Request: r, Model: "asked", ID: "id", Created: 1, List: list})
	stream = encoder.Append(nil, events)
	return stream, sorted(encoder.Lost())
}

// heard decodes an answer to a client's request.
func heard(t *testing.T, s scenario, asked, from section) (*llm.Request, []llm.Event) {
	t.Helper()
	l := listener(t, from.title[0])
	r, sent := new(llm.Request), new(formats.Sent)
	if asked.body != "" {
		var bad *llm.Error
		if r, bad = speaker(t, asked.title[0]).Decode([]byte(asked.body)); bad != nil {
			t.Fatal(bad)
		}
	}
	for _, to := range s.expectations(asked.title[0]) { // what the names of tools became
		if to.title[0] == from.title[0] {
			if sent, _ = l.Encode(nil, r, to.title[1]); sent == nil {
				sent = new(formats.Sent)
			}
		}
	}
	r.StreamUsage = true
	events := clone(sent.Restore(decode(t, l.Decoder(sent, "0123456789abcdef"), from)))
	order(t, events)
	return r, events
}

// collect puts the stream of a client's protocol together, as its SDKs do, to
// what the whole answer would have been, and checks its grammar.
var collect = map[string]func(*testing.T, []byte) string{
	chat.Name:            collectChat,
	chat.CompletionsName: collectCompletion,
	gemini.Name:          collectGemini,
	messages.Name:        collectMessages,
	responses.Name:       collectResponses,
}
