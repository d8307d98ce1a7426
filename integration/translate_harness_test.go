package integration

import (
	"bytes"
	"encoding/json"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"
)

// vendor is a provider that does not speak OpenAI's protocol, as the tests of
// translation see it.
type vendor struct {
	name     string
	model    string
	older    string            // a model that takes less
	thinkers []string          // models whose reasoning must come back signed
	key      string            // the header that bears the operator's key
	path     string            // of its requests, up to the model if that is in it
	own      map[string]string // headers that it must get
	refusal  string            // what the strict double says when it declines
}

// vendors are those that OpenAI's client is tried on.
var vendors = []vendor{
	{
		name: "anthropic", model: "claude-sonnet-4-5", older: "claude-sonnet-4-0",
		thinkers: []string{"claude-sonnet-4-5", "claude-opus-4-8"},
		key:      "X-Api-Key", path: "/v1/messages", own: map[string]string{"Anthropic-Version": "2023-06-01"},
		refusal: "I can't help with that.",
	},
	{
		name: "gemini", model: "gemini-2.5-flash", older: "gemini-2.0-flash",
		thinkers: []string{"gemini-3-pro-preview", "gemini-2.5-flash"},
		key:      "X-Goog-Api-Key", path: "/v1beta/models/",
	},
}

// onVendors runs a test on each vendor, with a gateway of its own in front of
// the strict double.
func onVendors(t *testing.T, test func(t *testing.T, v vendor, s strict, client openai.Client)) {
	s := newStrict(t)
	for _, v := range vendors {
		t.Run(v.name, func(t *testing.T) {
			s.reset(t)
			test(t, v, s, translating(t, s, "").sdk(t, clientKey, noisy()...))
		})
	}
}

// translating runs a gateway with the strict double as each of the vendors
// and as OpenAI. more are more words of the directive.
func translating(t *testing.T, s strict, more string) *gateway {
	t.Helper()
	return run(t, setup{directive: translatingTo(s, more)})
}

// translatingTo is the block of the directive for translating.
func translatingTo(s strict, more string) string {
	return `
		key client ` + clientKey + `
		provider anthropic {
			api_key ` + operatorKey + `
			upstream ` + s.url + `
			models claude-*
		}
		provider gemini {
			api_key ` + operatorKey + `
			upstream ` + s.url + `
			models gemini-*
		}
		provider openai {
			api_key ` + operatorKey + `
			upstream ` + s.url + `/v1
			models gpt-*
		}
		` + more
}

// noisy are the options of a client that sends more than it need.
func noisy() (opts []option.RequestOption) {
	for name, value := range noise {
		opts = append(opts, option.WithHeader(name, value))
	}
	return append(opts, option.WithMaxRetries(0))
}

// way is a way of asking.
type way struct {
	name   string
	stream bool
	ask    func(*testing.T, openai.Client, openai.ChatCompletionNewParams) openai.ChatCompletion
}

var ways = []way{{name: "whole", ask: complete}, {name: "stream", stream: true, ask: accumulate}}

// sayTo is a conversation with one turn for a model.
func sayTo(model, text string) openai.ChatCompletionNewParams {
	params := say(text)
	params.Model = model
	return params
}

// came is a request that the strict double got, with what became of it.
type came struct {
	arrived
	Status  int    `json:"status"`
	Sent    int    `json:"sent_bytes"`
	Aborted string `json:"aborted"`
	Stream  bool   `json:"stream"`
}

// came returns what arrived since the last reset.
func (s strict) came(t *testing.T) []came {
	t.Helper()
	res, err := http.Get(s.url + "/_log")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var log struct {
		Requests []came `json:"requests"`
	}
	if err := json.NewDecoder(res.Body).Decode(&log); err != nil {
		t.Fatal(err)
	}
	return log.Requests
}

// tell makes the strict double behave: "_next" for the next request, "_config"
// for all until it is reset.
func (s strict) tell(t *testing.T, what string, how map[string]any) {
	t.Helper()
	forget()
	body, err := json.Marshal(how)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.Post(s.url+"/"+what, "application/json", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != http.StatusOK {
		t.Fatalf("telling the strict double %s %s: %s", what, body, res.Status)
	}
}

// arriving are the headers that a vendor may get, beside its own.
var arriving = []string{
	"Accept", "Accept-Encoding", "Content-Length", "Content-Type", "Host", "User-Agent",
}

// checkSent checks that what arrived at a vendor is its own kind of request,
// with the operator's key and nothing of the client's, and that the vendor had
// nothing to say against it.
func checkSent(t *testing.T, s strict, v vendor, want int) []came {
	t.Helper()
	log := s.came(t)
	if len(log) != want {
		t.Errorf("%d requests arrived at the provider, want %d", len(log), want)
	}
	for _, r := range log {
		checkTaken(t, r)
		path, query := v.pathOf(r)
		if r.Path != path || r.Query != query {
			t.Errorf("it arrived at %s?%s, want %s?%s", r.Path, r.Query, path, query)
		}
		if got := r.Headers[v.key]; !slices.Equal(got, []string{operatorKey}) {
			t.Errorf("%s: %s is %q, want the operator's key", r.Path, v.key, got)
		}
		if got := r.Headers["User-Agent"]; len(got) != 1 || !strings.HasPrefix(got[0], "aiclient2api") {
			t.Errorf("%s: User-Agent is %q, want ours", r.Path, got)
		}
		for name, values := range r.Headers {
			want, own := v.own[name]
			if !own && name != v.key && !slices.Contains(arriving, name) {
				t.Errorf("%s: header %s arrived: %q", r.Path, name, values)
			}
			if own && !slices.Equal(values, []string{want}) {
				t.Errorf("%s: header %s is %q, want %q", r.Path, name, values, want)
			}
			if strings.Contains(strings.Join(values, "\n"), clientKey) {
				t.Errorf("%s: header %s bears the client's key", r.Path, name)
			}
		}
		for name := range v.own {
			if r.Headers[name] == nil {
				t.Errorf("%s: header %s is missing", r.Path, name)
			}
		}
	}
	return log
}

// checkTaken checks that the strict double had nothing to say against a
// request.
func checkTaken(t *testing.T, r came) {
	t.Helper()
	if r.Verdict != "ok" || len(r.Warnings) > 0 || len(r.Problems) > 0 {
		t.Errorf("%s: verdict %q, warnings %q, problems %v: %s", r.Path, r.Verdict, r.Warnings, r.Problems, r.Body)
	}
}

// pathOf returns where a request must have gone.
func (v vendor) pathOf(r came) (path, query string) {
	if v.name != "gemini" {
		return v.path, ""
	}
	model, verb, _ := strings.Cut(strings.TrimPrefix(r.Path, v.path), ":")
	if model != v.older && !slices.Contains(v.thinkers, model) {
		model = v.model
	}
	if verb == "streamGenerateContent" {
		return v.path + model + ":" + verb, "alt=sse"
	}
	return v.path + model + ":generateContent", ""
}

// node is a value of JSON on the way to one inside it.
type node struct{ v any }

// read reads JSON.
func read(t *testing.T, raw []byte) node {
	t.Helper()
	var v any
	if err := json.Unmarshal(raw, &v); err != nil {
		t.Fatalf("this is not JSON: %v: %s", err, raw)
	}
	return node{v}
}

// at goes to a value by names of members and indexes of elements; a negative
// index counts from the end. What is not there is nil.
func (n node) at(path ...any) node {
	for _, step := range path {
		switch step := step.(type) {
		case string:
			m, _ := n.v.(map[string]any)
			n = node{m[step]}
		case int:
			l, _ := n.v.([]any)
			if step < 0 {
				step += len(l)
			}
			if step < 0 || step >= len(l) {
				return node{}
			}
			n = node{l[step]}
		}
	}
	return n
}

// len is the number of elements.
func (n node) len() int {
	l, _ := n.v.([]any)
	return len(l)
}

// String is the value as JSON.
func (n node) String() string {
	text, _ := json.Marshal(n.v)
	return string(text)
}

// is compares the value with one that is written as JSON.
func (n node) is(t *testing.T, what, want string) {
	t.Helper()
	if !reflect.DeepEqual(n.v, read(t, []byte(want)).v) {
		t.Errorf("%s is %s, want %s", what, n, want)
	}
}
