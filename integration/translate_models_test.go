package integration

import (
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/aiclient2api/caddy-aiclient2api/internal/caddytest"
)

// lister is a vendor that is asked for its models only.
type lister struct {
	url string

	mu  sync.Mutex
	got []*http.Request
}

func newLister(t *testing.T, list string) *lister {
	t.Helper()
	l := new(lister)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		l.mu.Lock()
		l.got = append(l.got, r.Clone(r.Context()))
		l.mu.Unlock()
		w.Header().Set("Content-Type", "application/json")
		io.WriteString(w, list)
	}))
	t.Cleanup(srv.Close)
	l.url = srv.URL
	return l
}

// The lists of models that vendors have.
const (
	anthropicModels = `{"data":[{"type":"model","id":"claude-opus-4-1-20250805","display_name":"Claude Opus 4.1","created_at":"2025-08-05T00:00:00Z"},` +
		`{"type":"model","id":"claude-sonnet-4-5","display_name":"Claude Sonnet 4.5","created_at":"2025-09-29T00:00:00Z"}],` +
		`"has_more":false,"first_id":"claude-opus-4-1-20250805","last_id":"claude-sonnet-4-5"}`
	googleModels = `{"models":[{"name":"models/gemini-2.5-flash","version":"001","displayName":"Gemini 2.5 Flash","inputTokenLimit":1048576,` +
		`"outputTokenLimit":65536,"supportedGenerationMethods":["generateContent","countTokens"]},` +
		`{"name":"models/gemini-3-pro-preview","version":"3","supportedGenerationMethods":["generateContent"]}]}`
)

// OpenAI's client sees the models of all vendors in one list, by names that
// it can ask for.
func TestTranslatedModelLists(t *testing.T) {
	anthropic, google := newLister(t, anthropicModels), newLister(t, googleModels)
	both := []string{
		"anthropic/claude-opus-4-1-20250805", "anthropic/claude-sonnet-4-5",
		"gemini/gemini-2.5-flash", "gemini/gemini-3-pro-preview",
	}
	ofAnthropic := "provider anthropic {\n api_key " + operatorKey + "\n upstream " + anthropic.url + "\n}\n"
	ofGoogle := "provider gemini {\n api_key " + operatorKey + "\n upstream " + google.url + "\n}\n"
	for _, tt := range []struct {
		name, providers string
		want            []string
	}{
		{name: "both", providers: ofAnthropic + ofGoogle, want: both},
		{name: "the only provider is Anthropic", providers: ofAnthropic, want: []string{"claude-opus-4-1-20250805", "claude-sonnet-4-5"}},
		{name: "the only provider is Google", providers: ofGoogle, want: []string{"gemini-2.5-flash", "gemini-3-pro-preview"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			client := run(t, setup{directive: "key client " + clientKey + "\n" + tt.providers}).sdk(t, clientKey, noisy()...)
			page, err := client.Models.List(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, m := range page.Data {
				got = append(got, m.ID)
				if one, err := client.Models.Get(t.Context(), m.ID); err != nil || one.ID != m.ID || one.OwnedBy != m.OwnedBy {
					t.Errorf("asked for %s the answer is %+v (%v)", m.ID, one, err)
				}
				if vendor := map[bool]string{true: "anthropic", false: "gemini"}[strings.Contains(m.ID, "claude")]; m.OwnedBy != vendor {
					t.Errorf("%s is owned by %s, want %s", m.ID, m.OwnedBy, vendor)
				}
			}
			slices.Sort(got)
			if !slices.Equal(got, tt.want) {
				t.Errorf("models are %q, want %q", got, tt.want)
			}
		})
	}
	for _, tt := range []struct {
		lister *lister
		uri    string
		header map[string]string
	}{
		{lister: anthropic, uri: "/v1/models?limit=1000", header: map[string]string{"X-Api-Key": operatorKey, "Anthropic-Version": "2023-06-01"}},
		{lister: google, uri: "/v1beta/models?pageSize=1000", header: map[string]string{"X-Goog-Api-Key": operatorKey}},
	} {
		tt.lister.mu.Lock()
		got := tt.lister.got
		tt.lister.mu.Unlock()
		if len(got) != 2 { // one for each of two gateways
			t.Errorf("%d lists were asked for, want 2", len(got))
		}
		for _, r := range got {
			if r.URL.RequestURI() != tt.uri || r.Method != http.MethodGet {
				t.Errorf("asked for was %s %s, want %s", r.Method, r.URL.RequestURI(), tt.uri)
			}
			for name, want := range tt.header {
				if got := r.Header.Get(name); got != want {
					t.Errorf("%s: %s is %q, want %q", tt.uri, name, got, want)
				}
			}
			for name, values := range r.Header {
				if tt.header[name] == "" && !slices.Contains(arriving, name) {
					t.Errorf("%s: header %s arrived: %q", tt.uri, name, values)
				}
			}
		}
	}
}

// A model of the list goes to its vendor under the vendor's own name for it.
func TestTranslatedModelsByTheirLongNames(t *testing.T) {
	s := newStrict(t)
	client := run(t, setup{directive: strings.NewReplacer("models claude-*", "", "models gemini-*", "").Replace(translatingTo(s, ""))}).
		sdk(t, clientKey, noisy()...)
	for _, v := range vendors {
		t.Run(v.name, func(t *testing.T) {
			s.reset(t)
			got := complete(t, client, sayTo(v.name+"/"+v.model, "Hello!"))
			if got.Choices[0].Message.Content != strictText || got.Model != v.model {
				t.Errorf("model %q said %q", got.Model, got.Choices[0].Message.Content)
			}
			checkSent(t, s, v, 1)
		})
	}
}

// What an operator wants to know of a translated call stands in the access log.
func TestTranslatedCallsInTheAccessLog(t *testing.T) {
	s := newStrict(t)
	accessLog := filepath.Join(caddytest.StorageDir(t), "access.log")
	g := run(t, setup{
		site:      "log {\n output file " + accessLog + "\n format aiclient2api\n}",
		directive: translatingTo(s, "model smart anthropic/claude-sonnet-4-5 gemini/gemini-2.5-flash"),
	})
	client := g.client(t)
	const usage = `"messages":[{"role":"user","content":"Hello!"}]}`
	for i, tt := range []struct {
		name, body string
		next       map[string]any
		status     int
		want       map[string]any
		unknown    []string
	}{
		{
			name: "whole answer of Anthropic's", body: `{"model":"claude-sonnet-4-5",` + usage, status: 200,
			want: map[string]any{
				"key": "client", "model": "claude-sonnet-4-5", "upstream_model": "claude-sonnet-4-5", "provider": "anthropic", "account": "1",
				"format": "messages", "rung": "translate", "attempts": 1.0, "input_tokens": 11.0, "output_tokens": 7.0, "stream": false,
			},
			unknown: []string{"failure", "lossy", "lost", "interrupted", "reasoning_tokens"},
		},
		{
			name: "stream of Google's with a loss", body: `{"model":"gemini-2.5-flash","stream":true,"logit_bias":{"1":1},` + usage, status: 200,
			want: map[string]any{
				"provider": "gemini", "format": "gemini", "rung": "translate", "attempts": 1.0,
				"input_tokens": 11.0, "output_tokens": 7.0, "stream": true, "lossy": "logit_bias",
			},
			unknown: []string{"failure", "interrupted"},
		},
		{
			name: "a stream that thinks", body: `{"model":"gemini-2.5-flash","stream":true,"reasoning_effort":"low",` + usage, status: 200,
			want: map[string]any{"input_tokens": 11.0, "output_tokens": 10.0, "reasoning_tokens": 3.0},
		},
		{
			name: "a failover between formats", body: `{"model":"smart","seed":1,` + usage, status: 200, next: map[string]any{"scenario": "error-529"},
			want: map[string]any{
				"model": "smart", "upstream_model": "gemini-2.5-flash", "provider": "gemini", "format": "gemini", "rung": "translate",
				"attempts": 2.0, "input_tokens": 11.0, "output_tokens": 7.0,
			},
			unknown: []string{"lossy"},
		},
		{
			name: "the client's own format", body: `{"model":"gpt-4o-mini",` + usage, status: 200,
			want: map[string]any{"provider": "openai", "format": "chat", "rung": "verbatim"},
		},
		{
			name: "an error", body: strings.Replace(`{"model":"claude-sonnet-4-5",`+usage, "Hello!", "strictmock:error-429", 1), status: 429,
			want: map[string]any{
				"provider": "anthropic", "format": "messages", "rung": "translate", "failure": "rate_limit", "attempts": 1.0,
			},
			unknown: []string{"input_tokens", "output_tokens"},
		},
		{
			name: "what cannot be carried", body: `{"model":"claude-sonnet-4-5","messages":[{"role":"user","content":[{"type":"video_url","video_url":{"url":"https://example.com/v.mp4"}}]}]}`, status: 400,
			want:    map[string]any{"model": "claude-sonnet-4-5", "attempts": 0.0},
			unknown: []string{"rung", "format", "input_tokens", "output_tokens"},
		},
		{
			name: "a stream that breaks off", body: `{"model":"claude-sonnet-4-5","stream":true,` + usage, status: 200, next: map[string]any{"close_after_bytes": 1200},
			want: map[string]any{"rung": "translate", "stream": true, "interrupted": "the connection was closed"},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s.reset(t)
			if tt.next != nil {
				s.tell(t, "_next", tt.next)
			}
			if got := do(t, client, g.chat(t, tt.body)); got.status != tt.status {
				t.Fatalf("status is %d, want %d: %s", got.status, tt.status, got.body)
			}
			eventually(t, "the request is in the access log", func() bool { return len(entries(t, accessLog)) > i })
			e := entries(t, accessLog)[i]
			for name, want := range tt.want {
				if e.Facts[name] != want {
					t.Errorf("%s is %v, want %v: %v", name, e.Facts[name], want, e.Facts)
				}
			}
			for _, name := range tt.unknown {
				if v, is := e.Facts[name]; is {
					t.Errorf("%s is %v, which nobody said", name, v)
				}
			}
			for _, r := range s.came(t) {
				checkTaken(t, r)
			}
		})
	}
}
