package integration

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// This file is the face that the vendors' own clients have for the matrix of
// clients and providers: what is asked, and what must come out, is the same for
// all of them. Their adapters are in the files of the vendors.

// sdk is a vendor's client for a gateway.
type sdk interface {
	// begin begins a conversation.
	begin(topic) talk
	// list returns the names of the models, get one of them.
	list(context.Context) ([]string, error)
	get(ctx context.Context, model string) (string, error)
	// fault reads an error of the client's own type; nil if it is none.
	fault(error) *sdkError
}

// counter is a vendor's client that can ask for the size of a prompt.
type counter interface {
	count(ctx context.Context, model, text string) (int64, error)
}

// topic is what a conversation begins with.
type topic struct {
	model, text string
	tool        bool // offer get_weather
	think       bool
}

// talk is a conversation that grows.
type talk interface {
	// ask sends the conversation, and adds the answer to it as the client has
	// answers go back.
	ask(ctx context.Context, stream bool) (said, error)
	// tell adds the results of the calls of the last answer.
	tell(results []string)
}

// said is what a client made of an answer.
type said struct {
	text, thought            string
	calls                    []called
	stop                     string // the protocol's own word
	model                    string
	input, output, reasoning int64 // tokens, those of the output include the reasoning
}

// called is a call of a tool.
type called struct{ id, name, arguments string }

// sdkError is an error as a client understood it.
type sdkError struct {
	status        int // 0 within a stream if the protocol has no word for it there
	kind, message string
}

// provider returns a provider of the matrix.
func provider(name string) vendor {
	return providers[slices.IndexFunc(providers, func(v vendor) bool { return v.name == name })]
}

// errUnfinished is for streams that end without an error and without their
// protocol's end: a client may take that for an answer.
var errUnfinished = errors.New("the stream just ended")

// placeSchema are the parameters of the tool that is offered.
var placeSchema = map[string]any{
	"type":                 "object",
	"properties":           map[string]any{"location": map[string]string{"type": "string"}},
	"required":             []string{"location"},
	"additionalProperties": false,
}

// client is a kind of sdk.
type client struct {
	name string // of the protocol, as of the upstream that speaks it
	open func(t *testing.T, url, key string, c *http.Client) sdk

	// what the protocol says of an answer that is complete, that has calls and
	// that was cut, and of errors
	done, calling, cut string
	kinds              map[int]string
}

// clients are those that the matrix has.
var clients = []client{chatClient, responsesClient, anthropicClient, googleClient}

// providers are the upstreams of the matrix, by the formats that they speak.
var providers = []vendor{
	{name: "chat", model: "gpt-5-mini", key: "Authorization", path: "/v1/chat/completions"},
	{name: "responses", model: "gpt-5.1", key: "Authorization", path: "/v1/responses"},
	{
		name: "anthropic", model: "claude-sonnet-4-5", key: "X-Api-Key", path: "/v1/messages",
		own: map[string]string{"Anthropic-Version": "2023-06-01"},
	},
	{name: "gemini", model: "gemini-3-pro-preview", key: "X-Goog-Api-Key", path: "/v1beta/models/"},
}

// providing is the block of the directive for the providers of the matrix, all
// of them the strict double.
func providing(s strict, more string) string {
	provider := func(name, kind, base, words string) string {
		return "provider " + name + " " + kind + " {\n api_key " + operatorKey + "\n upstream " + s.url + base + "\n" + words + "\n}\n"
	}
	return "key client " + clientKey + "\n" +
		provider("chat", "openai", "/v1", "formats chat\n models gpt-5-mini") +
		provider("responses", "openai", "/v1", "formats responses\n models gpt-5.1") +
		provider("anthropic", "", "", "models claude-sonnet-4-5") +
		provider("gemini", "", "", "models gemini-3-pro-preview") + more
}

// pair is a client and a provider of the matrix.
type pair struct {
	client
	sdk      sdk
	provider vendor
	s        strict
	seen     *headers // of the last answer
}

// headers keeps those of the last answer that a client got.
type headers struct {
	http.RoundTripper
	got http.Header
}

func (h *headers) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := h.RoundTripper.RoundTrip(r)
	if err == nil {
		h.got = res.Header
	}
	return res, err
}

// native reports whether the provider speaks the client's protocol.
func (p pair) native() bool { return p.client.name == p.provider.name }

// onPairs runs a test on each client with each provider, on one gateway.
func onPairs(t *testing.T, test func(t *testing.T, p pair)) {
	s := newStrict(t)
	g := run(t, setup{directive: providing(s, "")})
	for _, c := range clients {
		for _, v := range providers {
			t.Run(c.name+" to "+v.name, func(t *testing.T) {
				s.reset(t)
				connection := g.client(t)
				seen := &headers{RoundTripper: connection.Transport}
				connection.Transport = seen
				test(t, pair{c, c.open(t, g.url, clientKey, connection), v, s, seen})
			})
		}
	}
}

// onStreams runs a test for whole answers and for streams.
func onStreams(t *testing.T, p pair, test func(t *testing.T, stream bool)) {
	for _, way := range []struct {
		name   string
		stream bool
	}{{name: "whole"}, {name: "stream", stream: true}} {
		t.Run(way.name, func(t *testing.T) {
			p.s.reset(t)
			test(t, way.stream)
		})
	}
}

// ask asks for an answer, which must come.
func ask(t *testing.T, talk talk, stream bool) said {
	t.Helper()
	got, err := talk.ask(t.Context(), stream)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// checkWentUp checks that what arrived at the provider is its own kind of
// request, with the operator's key and nothing of the client's, and that it
// had nothing to say against it.
func checkWentUp(t *testing.T, p pair, want int) []came {
	t.Helper()
	log := p.s.came(t)
	if len(log) != want {
		t.Fatalf("%d requests arrived at the provider, want %d", len(log), want)
	}
	for _, r := range log {
		checkTaken(t, r)
		if path, query := p.provider.pathOf(r); r.Path != path || r.Query != query {
			t.Errorf("it arrived at %s?%s, want %s?%s", r.Path, r.Query, path, query)
		}
		key := operatorKey
		if p.provider.key == "Authorization" {
			key = "Bearer " + operatorKey
		}
		for name, values := range r.Headers {
			version, own := p.provider.own[name]
			switch {
			case name == p.provider.key && !slices.Equal(values, []string{key}):
				t.Errorf("%s is %q, want the operator's key", name, values)
			case own && !slices.Equal(values, []string{version}):
				t.Errorf("%s is %q, want %q", name, values, version)
			case name == "User-Agent" && !strings.HasPrefix(values[0], "aiclient2api"):
				t.Errorf("%s is %q, want ours", name, values)
			case name == p.provider.key, own, slices.Contains(arriving, name):
			case !p.native() || !strings.HasPrefix(name, "X-Stainless-"):
				t.Errorf("header %s arrived: %q", name, values)
			}
			if strings.Contains(strings.Join(values, "\n"), clientKey) {
				t.Errorf("header %s bears the client's key", name)
			}
		}
	}
	return log
}

// marshal is a value as JSON.
func marshal(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(text)
}
