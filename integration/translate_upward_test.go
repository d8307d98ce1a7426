package integration

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"
)

// The provider sees a request of its own protocol, made by the gateway: not
// the client's headers, nor the names by which OpenAI's SDK calls itself.
func TestTranslatedHeaders(t *testing.T) {
	onVendors(t, func(t *testing.T, v vendor, s strict, client openai.Client) {
		const beta = "context-1m-2025-08-07,interleaved-thinking-2025-05-14"
		for _, way := range ways {
			s.reset(t)
			way.ask(t, client, sayTo(v.model, "Hello!"))
			checkSent(t, s, v, 1)
		}
		s.reset(t)
		_, err := client.Chat.Completions.New(t.Context(), sayTo(v.model, "Hello!"),
			option.WithHeader("anthropic-beta", beta),
			option.WithHeader("Anthropic-Version", "2026-10-21"), // what is sent is made for the other one
			option.WithHeader("OpenAI-Organization", "org-of-the-client"),
			option.WithHeader("OpenAI-Beta", "assistants=v2"),
			option.WithHeader("Anthropic-Dangerous-Direct-Browser-Access", "true"),
			option.WithHeader("X-Goog-User-Project", "project-of-the-client"),
			option.WithHeader("Accept-Encoding", "gzip, br"),
			option.WithQuery("beta", "true"), option.WithQuery("alt", "media"),
		)
		if err != nil {
			t.Fatal(err)
		}
		if v.name == "anthropic" {
			own := map[string]string{"Anthropic-Beta": beta}
			for name, value := range v.own {
				own[name] = value
			}
			v.own = own
		}
		checkSent(t, s, v, 1)
	})
}

// What comes down is the id of the provider's request, nothing of what
// describes its servers, the operator's account or the bytes that it sent.
func TestTranslatedAnswersBearNoForeignHeaders(t *testing.T) {
	s := newStrict(t)
	g := translating(t, s, "")
	client := g.client(t)
	foreign := map[string]string{
		"Anthropic-Organization-Id": "org-of-the-operator", "Anthropic-Ratelimit-Requests-Remaining": "1",
		"X-Ratelimit-Remaining-Tokens": "1", "Set-Cookie": "a=b", "Server": "scaffolding", "Etag": `"1"`,
		"Alt-Svc": `h3=":443"`, "Server-Timing": "gfet4t7; dur=1", "Vary": "Origin", "Access-Control-Allow-Origin": "*",
		"X-Gemini-Service-Tier": "standard", "Cf-Ray": "1", "Strict-Transport-Security": "max-age=1",
	}
	headers := map[string]string{"Request-Id": "req_of_the_provider"}
	for name, value := range foreign {
		headers[name] = value
	}
	for _, v := range vendors {
		for _, stream := range []bool{false, true} {
			for name, next := range map[string]map[string]any{
				"answer": {"scenario": "text", "headers": headers},
				"error":  {"status": 400, "body": `{"error":{"code":400,"message":"no","status":"INVALID_ARGUMENT"}}`, "headers": headers},
			} {
				t.Run(fmt.Sprintf("%s/%s/stream %v", v.name, name, stream), func(t *testing.T) {
					s.reset(t)
					s.tell(t, "_next", next)
					got := do(t, client, g.chat(t, fmt.Sprintf(`{"model":%q,"stream":%v,"messages":[{"role":"user","content":"Hello!"}]}`, v.model, stream)))
					for name, value := range foreign {
						if got.header.Get(name) == value {
							t.Errorf("%s came down: %q", name, value)
						}
					}
					if id := got.header.Get("Request-Id"); id != "req_of_the_provider" {
						t.Errorf("the id of the provider's request is %q", id)
					}
					if id := got.header.Get("Aiclient2api-Request-Id"); id == "" {
						t.Error("there is no id of ours")
					}
					checkSent(t, s, v, 1)
				})
			}
		}
	}
}

// A client that leaves ends the provider's request, before the answer and in
// the middle of it.
func TestTranslatedClientsThatLeave(t *testing.T) {
	s := newStrict(t)
	for name, secure := range map[string]bool{"HTTP/1.1": false, "HTTP/2.0": true} {
		t.Run(name, func(t *testing.T) {
			g := run(t, setup{secure: secure, directive: translatingTo(s, "")})
			if secure {
				g.awaitTLS(t)
			}
			client := g.client(t)
			for _, v := range vendors {
				leaving(t, s, g, client, v)
			}
		})
	}
}

func leaving(t *testing.T, s strict, g *gateway, client *http.Client, v vendor) {
	for _, tt := range []struct {
		name   string
		stream bool
		how    map[string]any
		reads  bool // the client leaves when it has read a part
	}{
		{name: "before a whole answer", how: map[string]any{"delay_ms": 60_000}},
		{name: "before a stream", stream: true, how: map[string]any{"delay_ms": 60_000}},
		{name: "amid a whole answer", how: map[string]any{"chunk_bytes": 8, "chunk_delay_ms": 200}},
		{name: "amid a stream", stream: true, how: map[string]any{"chunk_bytes": 32, "chunk_delay_ms": 20}, reads: true},
	} {
		t.Run(v.name+"/"+tt.name, func(t *testing.T) {
			s.reset(t)
			s.tell(t, "_next", tt.how)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			r := g.chat(t, fmt.Sprintf(`{"model":%q,"stream":%v,"messages":[{"role":"user","content":"Hello!"}]}`, v.model, tt.stream)).WithContext(ctx)
			if tt.reads {
				res, err := client.Do(r)
				if err != nil {
					t.Fatal(err)
				}
				defer res.Body.Close()
				for body := bufio.NewReader(res.Body); !strings.Contains(readEvent(t, body), "Hello"); {
				}
			} else {
				ended := make(chan struct{})
				go func() {
					defer close(ended)
					if res, err := client.Do(r); err == nil {
						res.Body.Close()
						t.Errorf("there was an answer: %s", res.Status)
					}
				}()
				defer func() { receive(t, "the client's request ends", ended, patience) }()
				eventually(t, "the provider is asked", func() bool { return len(s.came(t)) == 1 })
			}
			cancel()
			eventually(t, "the provider sees the client leave", func() bool { return s.came(t)[0].Aborted != "" })
			checkSent(t, s, v, 1)
		})
	}
	t.Run(v.name+"/afterwards", func(t *testing.T) {
		s.reset(t)
		got := do(t, client, g.chat(t, `{"model":"`+v.model+`","messages":[{"role":"user","content":"Hello!"}]}`))
		if got.status != http.StatusOK {
			t.Errorf("the gateway does not work any more: %d %s", got.status, got.body)
		}
		checkSent(t, s, v, 1)
	})
}
