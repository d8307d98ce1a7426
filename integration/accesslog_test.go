package integration

import (
	"bufio"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aiclient2api/caddy-aiclient2api/internal/caddytest"
)

// entry is a line of the access log, as far as it is looked at.
type entry struct {
	Msg    string         `json:"msg"`
	Status int            `json:"status"`
	Facts  map[string]any `json:"aiclient2api"`
}

// entries reads the access log.
func entries(t *testing.T, file string) (all []entry) {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		return nil // it is made with the first entry
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var e entry
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			t.Fatalf("a line of the access log is not JSON: %q", lines.Text())
		}
		all = append(all, e)
	}
	return all
}

// What an operator wants to know of each call stands in Caddy's own access log.
func TestAccessLogHasTheFacts(t *testing.T) {
	d := newDouble(t)
	accessLog := filepath.Join(caddytest.StorageDir(t), "access.log")
	g := run(t, setup{
		site: "log {\n output file " + accessLog + "\n format aiclient2api\n}",
		directive: `
			key client ` + clientKey + `
			provider openai {
				api_key key-a key-b
				upstream ` + d.url + `
				lb_policy first
			}
			model alias openai/gpt-test`,
	})
	client := g.client(t)
	alias := strings.NewReplacer("gpt-test", "alias")
	for i, tt := range []struct {
		name    string
		body    string
		key     string
		a, b    http.HandlerFunc
		status  int
		want    map[string]any
		unknown []string // facts that must not be made up
	}{
		{
			name: "whole answer", body: plainBody, key: clientKey, status: 200,
			want: map[string]any{
				"key": "client", "model": "gpt-test", "provider": "openai", "account": "1", "format": "chat",
				"attempts": 1.0, "input_tokens": 7.0, "output_tokens": 5.0, "stream": false,
			},
			unknown: []string{"cached_tokens", "reasoning_tokens", "failure"},
		},
		{
			name: "stream after a failover, by another name", body: alias.Replace(streamBody), key: clientKey, status: 200,
			a: refusing(500, "broken"),
			want: map[string]any{
				"key": "client", "model": "alias", "upstream_model": "gpt-test", "provider": "openai", "account": "2",
				"attempts": 2.0, "input_tokens": 7.0, "output_tokens": 5.0, "stream": true,
			},
		},
		{
			name: "nobody answers", body: plainBody, key: clientKey, status: 429,
			a: refusing(429, "slow down"), b: refusing(500, "broken"),
			want: map[string]any{
				"key": "client", "model": "gpt-test", "provider": "openai", "account": "2", "attempts": 2.0, "failure": "rate_limit",
			},
			unknown: []string{"input_tokens", "output_tokens"},
		},
		{
			name: "a stranger", body: plainBody, key: "client-key-that-is-wrong", status: 401,
			want:    map[string]any{"attempts": 0.0},
			unknown: []string{"key", "provider", "account", "input_tokens"},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d.set("key-a", tt.a)
			d.set("key-b", tt.b)
			r := g.chat(t, tt.body)
			r.Header.Set("Authorization", "Bearer "+tt.key)
			if got := do(t, client, r); got.status != tt.status {
				t.Fatalf("status is %d, want %d: %s", got.status, tt.status, got.body)
			}
			eventually(t, "the request is in the access log", func() bool { return len(entries(t, accessLog)) > i })
			e := entries(t, accessLog)[i]
			if e.Msg != "handled request" || e.Status != tt.status {
				t.Errorf("the entry is %+v", e)
			}
			for name, want := range tt.want {
				if e.Facts[name] != want {
					t.Errorf("%s is %v, want %v", name, e.Facts[name], want)
				}
			}
			for _, name := range tt.unknown {
				if v, is := e.Facts[name]; is {
					t.Errorf("%s is %v, which nobody said", name, v)
				}
			}
		})
	}
}
