package integration

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
)

// post makes a request of a client that is no SDK.
func (g *gateway) post(t *testing.T, path, body string) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, g.url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	return r
}

// byKey is post with the client key.
func (g *gateway) byKey(t *testing.T, path, body string) *http.Request {
	t.Helper()
	r := g.post(t, path, body)
	r.Header.Set("Authorization", "Bearer "+clientKey)
	return r
}

// The shortest requests of the protocols.
const (
	geminiHello = `{"contents":[{"role":"user","parts":[{"text":"Hello!"}]}]}`
	askHello    = `"max_tokens":100,"messages":[{"role":"user","content":"Hello!"}]}`
)

// Codex tries a WebSocket first, and goes on with a POST at once if it is told
// 426.
func TestClientsThatTryAWebSocket(t *testing.T) {
	s := newStrict(t)
	g := run(t, setup{directive: providing(s, "")})
	for _, path := range []string{"/v1/responses", "/responses/v1/responses"} {
		t.Run(path, func(t *testing.T) {
			r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, g.url+path, nil)
			if err != nil {
				t.Fatal(err)
			}
			for name, value := range map[string]string{
				"Connection": "Upgrade", "Upgrade": "websocket", "Authorization": "Bearer " + clientKey,
				"Sec-Websocket-Version": "13", "Sec-Websocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
			} {
				r.Header.Set(name, value)
			}
			got := do(t, g.client(t), r)
			if got.status != http.StatusUpgradeRequired || got.header.Get("Upgrade") == "" {
				t.Errorf("the answer is %d %q: %s", got.status, got.header.Get("Upgrade"), got.body)
			}
			if e := read(t, []byte(got.body)); e.at("error", "message").v == nil || e.at("error", "type").v == nil {
				t.Errorf("the error is %s", e)
			}
		})
	}
	if log := s.came(t); len(log) > 0 {
		t.Errorf("%d requests arrived at a provider", len(log))
	}
}

// Google's clients write paths in several ways; all lead to the model.
func TestClientsPathsOfGoogle(t *testing.T) {
	s := newStrict(t)
	g := run(t, setup{directive: providing(s, "")})
	client := g.client(t)
	for _, tt := range []struct{ path, provider string }{
		{path: "/v1beta/models/gpt-5-mini", provider: "chat"},
		{path: "/v1beta/models/chat/gpt-5-mini", provider: "chat"},
		{path: "/v1beta/chat/gpt-5-mini", provider: "chat"},
		{path: "/v1beta/models/chat%2Fgpt-5-mini", provider: "chat"},
		{path: "/responses/v1beta/models/gpt-5.1", provider: "responses"},
		{path: "/v1/models/gpt-5.1", provider: "responses"},
		{path: "/v1beta1/publishers/google/models/claude-sonnet-4-5", provider: "anthropic"},
		{path: "/anthropic/v1beta/models/claude-sonnet-4-5", provider: "anthropic"},
		{path: "/v1beta/models/gemini-3-pro-preview", provider: "gemini"},
		{path: "/gemini/v1beta/models/gemini-3-pro-preview", provider: "gemini"},
	} {
		t.Run(strings.TrimPrefix(tt.path, "/"), func(t *testing.T) {
			s.reset(t)
			p := pair{client: googleClient, provider: provider(tt.provider), s: s}
			got := do(t, client, g.byKey(t, tt.path+":generateContent", geminiHello))
			if got.status != http.StatusOK {
				t.Fatalf("the answer is %d %s", got.status, got.body)
			}
			answer := read(t, []byte(got.body))
			answer.at("candidates", 0, "content", "parts", 0, "text").is(t, "the text", marshal(strictText))
			answer.at("modelVersion").is(t, "the model", marshal(p.provider.model))
			checkWentUp(t, p, 1)

			got = do(t, client, g.byKey(t, tt.path+":streamGenerateContent?alt=sse", geminiHello))
			if got.status != http.StatusOK || got.header.Get("Content-Type") != "text/event-stream" {
				t.Errorf("the stream is %d %q: %s", got.status, got.header.Get("Content-Type"), got.body)
			}
			checkWentUp(t, p, 2)
		})
	}
}

// Without alt=sse a stream of Google's protocol is one JSON array, also when
// it fails.
func TestClientsStreamsAsOneArray(t *testing.T) {
	s := newStrict(t)
	g := run(t, setup{directive: providing(s, "")})
	client := g.client(t)
	for _, v := range providers {
		for _, tt := range []struct {
			name, text string
			next       map[string]any
			fails      bool
		}{
			{name: "text", text: "Hello!"},
			{name: "byte by byte", text: "Hello!", next: map[string]any{"chunk_bytes": 1}},
			{name: "an error within", text: "strictmock:stream-error", fails: true},
		} {
			t.Run(v.name+"/"+tt.name, func(t *testing.T) {
				s.reset(t)
				if tt.next != nil {
					s.tell(t, "_next", tt.next)
				}
				got := do(t, client, g.byKey(t, "/v1beta/models/"+v.model+":streamGenerateContent", strings.Replace(geminiHello, "Hello!", tt.text, 1)))
				if got.status != http.StatusOK || !strings.HasPrefix(got.header.Get("Content-Type"), "application/json") {
					t.Fatalf("the answer is %d %q: %s", got.status, got.header.Get("Content-Type"), got.body)
				}
				list := read(t, []byte(got.body))
				var text strings.Builder
				for i := range list.len() {
					piece, _ := list.at(i, "candidates", 0, "content", "parts", 0, "text").v.(string)
					text.WriteString(piece)
				}
				end := list.at(-1)
				if tt.fails {
					if end.at("error", "code").v == nil || end.at("error", "message").v == nil || end.at("error", "status").v == nil {
						t.Errorf("the end is no error: %s", end)
					}
					if !strings.HasPrefix(strictText, text.String()) || text.Len() == 0 {
						t.Errorf("before the error came %q, want a part of the answer", text.String())
					}
				} else {
					end.at("candidates", 0, "finishReason").is(t, "the end", `"STOP"`)
					end.at("usageMetadata", "candidatesTokenCount").is(t, "the usage", `7`)
					if list.len() < 3 || text.String() != strictText {
						t.Errorf("%d pieces say %q, want several that say %q", list.len(), text.String(), strictText)
					}
				}
				checkWentUp(t, pair{client: googleClient, provider: v, s: s}, 1)
			})
		}
	}
}

// Each vendor's clients send the key in a way of their own, and each way is
// good for every protocol.
func TestClientsWaysOfSendingTheKey(t *testing.T) {
	s := newStrict(t)
	g := run(t, setup{directive: providing(s, "")})
	client := g.client(t)
	for _, request := range []struct{ path, body string }{
		{path: "/v1/chat/completions", body: `{"model":"claude-sonnet-4-5",` + askHello},
		{path: "/v1/responses", body: `{"model":"claude-sonnet-4-5","input":"Hello!"}`},
		{path: "/v1/messages", body: `{"model":"claude-sonnet-4-5",` + askHello},
		{path: "/v1beta/models/claude-sonnet-4-5:generateContent", body: geminiHello},
	} {
		for _, tt := range []struct{ name, header, value, query string }{
			{name: "Bearer", header: "Authorization", value: "Bearer "},
			{name: "x-api-key", header: "X-Api-Key"},
			{name: "x-goog-api-key", header: "X-Goog-Api-Key"},
			{name: "query", query: "?key="},
		} {
			t.Run(strings.TrimPrefix(request.path, "/")+"/"+tt.name, func(t *testing.T) {
				for _, key := range []string{clientKey, "client-key-that-is-wrong"} {
					s.reset(t)
					path := request.path
					if tt.query != "" {
						path += tt.query + key
					}
					r := g.post(t, path, request.body)
					if tt.header != "" {
						r.Header.Set(tt.header, tt.value+key)
					}
					got := do(t, client, r)
					if key != clientKey {
						if log := s.came(t); got.status != http.StatusUnauthorized || len(log) > 0 {
							t.Errorf("with a wrong key the answer is %d, and %d requests arrived: %s", got.status, len(log), got.body)
						}
						continue
					}
					if got.status != http.StatusOK {
						t.Errorf("the answer is %d %s", got.status, got.body)
					}
					checkWentUp(t, pair{provider: provider("anthropic"), s: s}, 1)
				}
			})
		}
	}
}

// What only OpenAI's servers hold goes to them as it is, and is refused by
// name for others.
func TestClientsResponsesThatServersHold(t *testing.T) {
	s := newStrict(t)
	g := run(t, setup{directive: providing(s, "")})
	client := g.client(t)
	for _, tt := range []struct{ param, value string }{
		{param: "previous_response_id", value: `"resp_123"`},
		{param: "conversation", value: `"conv_123"`},
		{param: "conversation", value: `{"id":"conv_123"}`},
		{param: "background", value: `true`},
		{param: "prompt", value: `{"id":"pmpt_123"}`},
	} {
		for _, v := range providers {
			t.Run(tt.param+" "+tt.value+"/"+v.name, func(t *testing.T) {
				s.reset(t)
				body := `{ "model": "` + v.model + `", "input": "Hello!", "` + tt.param + `": ` + tt.value + ` }`
				got := do(t, client, g.byKey(t, "/v1/responses", body))
				p := pair{client: responsesClient, provider: v, s: s}
				if p.native() {
					if got.status != http.StatusOK {
						t.Errorf("the answer is %d %s", got.status, got.body)
					}
					var want bytes.Buffer // the log leaves out white space
					if err := json.Compact(&want, []byte(body)); err != nil {
						t.Fatal(err)
					}
					if log := checkWentUp(t, p, 1); string(log[0].Body) != want.String() {
						t.Errorf("what arrived is %s, want %s", log[0].Body, &want)
					}
					return
				}
				e := read(t, []byte(got.body)).at("error")
				message, _ := e.at("message").v.(string)
				if got.status != http.StatusBadRequest || e.at("param").v != tt.param || !strings.Contains(message, tt.param) {
					t.Errorf("the answer is %d %s, want a refusal of %s", got.status, got.body, tt.param)
				}
				checkWentUp(t, p, 0)
			})
		}
	}
}
