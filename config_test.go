package aiclient2api_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/aiclient2api/caddy-aiclient2api/internal/caddytest"
)

// withProvider is a handler with a provider "work" of kind openai and one
// account "main", and further members of the provider.
func withProvider(members string) string {
	return `{"handler":"aiclient2api","open":true,"providers":[
		{"name":"work","kind":{"kind":"openai"},"accounts":[{"name":"main","api_key":"sk-1"}],` + members + `}]}`
}

// withAccount is one whose account "main" has these members.
func withAccount(kind, members string) string {
	return `{"handler":"aiclient2api","open":true,"providers":[
		{"name":"work","kind":{"kind":"` + kind + `"},"accounts":[{"name":"main",` + members + `}]}]}`
}

// withEcho is one that is right, and further members of the handler.
func withEcho(members string) string {
	return `{"handler":"aiclient2api","providers":[{"name":"echo"}],` + members + `}`
}

// TestLoadRefuses holds the rules of the configuration against JSON, which
// may come from an API, a template or another adapter.
func TestLoadRefuses(t *testing.T) {
	t.Setenv("NOBODY", "nobody")
	t.Setenv("UNSET", "")
	t.Setenv("SHORT", "1234567")
	for _, tt := range []struct {
		name    string
		handler string
		want    []string
	}{
		// who may call
		{"nobody may call", withEcho(`"strict":true`), []string{"'key'", "'open'"}},
		{"open and keys", withEcho(`"open":true,"keys":[{"name":"a","secrets":["12345678"]}]`), []string{"'open'", "excludes"}},
		{"key without name", withEcho(`"keys":[{"secrets":["12345678"]}]`), []string{`key ""`, "letters"}},
		{"bad key name", withEcho(`"keys":[{"name":"a b","secrets":["12345678"]}]`), []string{`key "a b"`, "letters"}},
		{"two keys of a name", withEcho(`"keys":[{"name":"a","secrets":["12345678"]},{"name":"a","secrets":["abcdefgh"]}]`), []string{`key "a"`, "taken"}},
		{"key without secrets", withEcho(`"keys":[{"name":"a"}]`), []string{`key "a"`, "no secret"}},
		{"short secret", withEcho(`"keys":[{"name":"a","secrets":["1234567"]}]`), []string{`key "a"`, "at least 8"}},
		{"short secret by a placeholder", withEcho(`"keys":[{"name":"a","secrets":["{env.SHORT}"]}]`), []string{`key "a"`, "at least 8"}},
		{"empty secret by a placeholder", withEcho(`"keys":[{"name":"a","secrets":["{env.UNSET}"]}]`), []string{`key "a"`, "empty"}},
		{"secret of two keys", withEcho(`"keys":[{"name":"a","secrets":["12345678"]},{"name":"b","secrets":["12345678"]}]`), []string{`key "a"`, `key "b"`}},
		{"secret from a missing file", withEcho(`"keys":[{"name":"a","secrets":["{file./nowhere/key}"]}]`), []string{`key "a"`, "empty"}},
		{"secret that depends on the request", withEcho(`"keys":[{"name":"a","secrets":["{http.request.header.X-Key}"]}]`), []string{`key "a"`, "placeholder"}},
		{"key's empty pattern", withEcho(`"keys":[{"name":"a","secrets":["12345678"],"models":["{env.UNSET}"]}]`), []string{`key "a"`, "models", "empty"}},

		// who is called
		{"nobody is called", `{"handler":"aiclient2api","open":true}`, []string{"'provider'"}},
		{"provider without name", `{"handler":"aiclient2api","open":true,"providers":[{"kind":{"kind":"echo"}}]}`, []string{`provider ""`, "letters"}},
		{"provider v1", `{"handler":"aiclient2api","open":true,"providers":[{"name":"v1","kind":{"kind":"echo"}}]}`, []string{`provider "v1"`, "reserved"}},
		{"provider v1beta", `{"handler":"aiclient2api","open":true,"providers":[{"name":"v1beta","kind":{"kind":"echo"}}]}`, []string{`provider "v1beta"`, "reserved"}},
		{"provider health", `{"handler":"aiclient2api","open":true,"providers":[{"name":"health","kind":{"kind":"echo"}}]}`, []string{`provider "health"`, "reserved"}},
		{"two providers of a name", `{"handler":"aiclient2api","open":true,"providers":[{"name":"echo"},{"name":"echo"}]}`, []string{`provider "echo"`, "taken"}},
		{"unknown kind", `{"handler":"aiclient2api","open":true,"providers":[{"name":"work"}]}`, []string{`provider "work"`, `kind "work"`, "there are", "openai_compatible"}},
		{"kind that is no object", `{"handler":"aiclient2api","open":true,"providers":[{"name":"echo","kind":"echo"}]}`, []string{`provider "echo"`, "kind"}},
		{"kind that is a list", `{"handler":"aiclient2api","open":true,"providers":[{"name":"echo","kind":[]}]}`, []string{`provider "echo"`, "kind"}},
		{"unknown option of the kind", `{"handler":"aiclient2api","open":true,"providers":[{"name":"work","kind":{"kind":"echo","dealy":1}}]}`, []string{`provider "work"`, `account "1"`, "dealy"}},
		{"bad option of the kind", `{"handler":"aiclient2api","open":true,"providers":[{"name":"work","kind":{"kind":"echo","repeat":-1}}]}`, []string{`provider "work"`, `account "1"`, "repeat"}},
		{"no address", `{"handler":"aiclient2api","open":true,"providers":[{"name":"work","kind":{"kind":"openai_compatible"}}]}`, []string{`provider "work"`, `account "1"`, "upstream"}},
		{"unknown format", withProvider(`"formats":["chat","morse"]`), []string{`provider "work"`, `"morse"`, "chat"}},
		{"format twice", withProvider(`"formats":["chat","chat"]`), []string{`provider "work"`, `"chat"`, "twice"}},
		{"empty pattern", withProvider(`"models":["{env.UNSET}"]`), []string{`provider "work"`, "models", "empty"}},

		// accounts
		{"account without name", `{"handler":"aiclient2api","open":true,"providers":[{"name":"echo","accounts":[{}]}]}`, []string{`provider "echo"`, `account ""`, "letters"}},
		{"two accounts of a name", `{"handler":"aiclient2api","open":true,"providers":[{"name":"echo","accounts":[{"name":"a"},{"name":"a"}]}]}`, []string{`provider "echo"`, `account "a"`, "taken"}},
		{"empty secret", withAccount("openai", `"api_key":""`), []string{`provider "work"`, `account "main"`, "empty", "'optional'"}},
		{"empty secret where none is needed", withAccount("echo", `"api_key":""`), []string{`provider "work"`, `account "main"`, "empty", "'optional'"}},
		{"empty secret by a placeholder", withAccount("openai", `"api_key":"{env.UNSET}"`), []string{`provider "work"`, `account "main"`, "empty", "'optional'"}},
		{"empty secret by default", withAccount("openai", `"models":["a"]`), []string{`provider "work"`, `account "main"`, "empty", "'optional'"}},
		{"unknown placeholder", withAccount("openai", `"api_key":"{nope.X}"`), []string{`provider "work"`, `account "main"`, "placeholder"}},
		{"bad base URL", withAccount("openai", `"api_key":"sk-1","upstream":"example.com/v1"`), []string{`provider "work"`, `account "main"`, "upstream", "https://"}},
		{"base URL that depends on the request", withAccount("openai", `"api_key":"sk-1","upstream":"https://{http.request.host}/v1"`), []string{`provider "work"`, `account "main"`, "upstream", "placeholder"}},
		{"bad base URL by a placeholder", withAccount("openai", `"api_key":"sk-1","upstream":"{env.NOBODY}"`), []string{`provider "work"`, `account "main"`, "upstream", `"nobody"`}},
		{"empty base URL by a placeholder", withAccount("openai", `"api_key":"sk-1","upstream":"{env.UNSET}"`), []string{`provider "work"`, `account "main"`, "upstream"}},
		{"base URL with a credential", withAccount("openai", `"api_key":"sk-1","upstream":"https://a:b@example.com"`), []string{`provider "work"`, `account "main"`, "upstream", "'api_key'"}},
		{"base URL with a fragment", withAccount("openai", `"api_key":"sk-1","upstream":"https://example.com/#a"`), []string{`provider "work"`, `account "main"`, "upstream", "fragment"}},
		{"account's empty pattern", withAccount("echo", `"models":["{env.UNSET}"]`), []string{`provider "work"`, `account "main"`, "models", "empty"}},
		{"account repeats its kind", withAccount("echo", `"kind":{"kind":"echo","repeat":2}`), []string{`provider "work"`, `account "main"`, "kind", "leave the name out"}},
		{"account of another kind", withAccount("echo", `"kind":{"kind":"openai"}`), []string{`provider "work"`, `account "main"`, "kind", "leave the name out"}},
		{"account's options are a list", withAccount("echo", `"kind":[]`), []string{`provider "work"`, `account "main"`, "kind"}},
		{"account's unknown option", withAccount("echo", `"kind":{"dealy":1}`), []string{`provider "work"`, `account "main"`, "dealy"}},
		{"account's bad option", withAccount("echo", `"kind":{"repeat":-1}`), []string{`provider "work"`, `account "main"`, "repeat"}},

		// which model goes where
		{"rule for an unknown provider", withEcho(`"open":true,"models":[{"pattern":"a","targets":["echo","nobody"]}]`), []string{`model "a"`, `"nobody"`}},
		{"rule for one unknown by a placeholder", withEcho(`"open":true,"models":[{"pattern":"a","targets":["{env.NOBODY}/b"]}]`), []string{`model "a"`, `provider "nobody"`}},
		{"rule with an empty model by a placeholder", withEcho(`"open":true,"models":[{"pattern":"a","targets":["echo/{env.UNSET}"]}]`), []string{`model "a"`, `"echo/"`, "missing"}},
		{"rule without targets", withEcho(`"open":true,"models":[{"pattern":"a"}]`), []string{`model "a"`, "target"}},
		{"rule without pattern", withEcho(`"open":true,"models":[{"targets":["echo"]}]`), []string{"model", "pattern", "empty"}},
		{"two rules for a pattern", withEcho(`"open":true,"models":[{"pattern":"nobody","targets":["echo"]},{"pattern":"{env.NOBODY}","targets":["echo"]}]`), []string{`model "nobody"`, "already"}},
		{"default for an unknown provider", withEcho(`"open":true,"default":["nobody"]`), []string{"default", `"nobody"`}},
		{"default for one unknown by a placeholder", withEcho(`"open":true,"default":["{env.NOBODY}"]`), []string{"default", `"nobody"`}},
		{"negative max_body", withEcho(`"open":true,"max_body":-1`), []string{"max_body", "-1"}},

		// what is not known is refused at each level
		{"unknown member", withEcho(`"open":true,"opne":true`), []string{"opne"}},
		{"unknown member of a key", withEcho(`"keys":[{"name":"a","secrets":["12345678"],"model":["a"]}]`), []string{`"model"`}},
		{"unknown member of a provider", withProvider(`"token_timeout":1`), []string{"token_timeout"}},
		{"unknown member of an account", withAccount("echo", `"share":1`), []string{"share"}},
		{"unknown member of a rule", withEcho(`"open":true,"models":[{"pattern":"a","targets":["echo"],"fallback":[]}]`), []string{"fallback"}},
		{"timeout below 0", withProvider(`"idle_timeout":-1`), []string{"idle_timeout", "negative"}},
		{"weight below 0", withAccount("echo", `"weight":-1`), []string{"weight", "from 1"}},
		{"max_requests below 0", withAccount("echo", `"max_requests":-1`), []string{"max_requests", "at least 1"}},
		{"weight beside a policy", withEcho(`"open":true,"providers":[{"name":"echo","accounts":[{"name":"a","weight":2}],"reverse_proxy":{"load_balancing":{"selection_policy":{"policy":"first"}}}}]`), []string{`provider "echo"`, "'weight'", "'lb_policy'"}},
		{"max_attempts below 0", withEcho(`"open":true,"max_attempts":-1`), []string{"max_attempts", "at least 1"}},
		{"commit_after below 0", withEcho(`"open":true,"commit_after":-1`), []string{"commit_after", "negative"}},
		{"affinity of something else", withEcho(`"open":true,"affinity":{"by":"cookie"}`), []string{"affinity", `"cookie"`}},
		{"affinity of no header", withEcho(`"open":true,"affinity":{"by":"header"}`), []string{"affinity header", "name"}},
		{"a fault that is none", withEcho(`"open":true,"models":[{"pattern":"a","targets":["echo"],"fallback_on":["rain"]}]`), []string{`model "a"`, "fallback_on", `"rain"`}},
		{"shares of less than all", withEcho(`"open":true,"default":["40%:echo"]`), []string{"default", "40%"}},
		{"unknown member of the proxy", withProvider(`"reverse_proxy":{"flush_intervall":1}`), []string{"flush_intervall"}},
		{"unknown option of the transport", withProvider(`"reverse_proxy":{"transport":{"protocol":"http","dial_timeuot":1}}`), []string{`provider "work"`, "dial_timeuot"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Setenv("OPENAI_API_KEY", "")
			_, err := validate(t, server(tt.handler, "127.0.0.1:0"))
			wantError(t, err, tt.want...)
		})
	}
}

// TestLoadRefusesProxyFields: the same as TestAdaptRefusesProxyWords.
func TestLoadRefusesProxyFields(t *testing.T) {
	for _, tt := range []struct{ name, proxy, subject, advice string }{
		{"upstreams", `"upstreams":[{"dial":"10.0.0.1:80"}]`, "upstreams", "'upstream"},
		{"dynamic_upstreams", `"dynamic_upstreams":{"source":"a","name":"example.com","port":"80"}`, "dynamic_upstreams", "'upstream"},
		{"circuit_breaker", `"circuit_breaker":{"type":"latency"}`, "circuit_breaker", "'max_fails'"},
		{"rewrite", `"rewrite":{"uri":"/v2{uri}"}`, "rewrite", "'upstream"},
		{"method", `"rewrite":{"method":"GET"}`, "rewrite", "method"},
		{"request_buffers", `"request_buffers":4096`, "request_buffers", "'max_body'"},
		{"response_buffers", `"response_buffers":-1`, "response_buffers", "never buffered"},
		{"trusted_proxies", `"trusted_proxies":["10.0.0.0/8"]`, "trusted_proxies", "'servers'"},
		{"handle_response", `"handle_response":[{"status_code":200}]`, "handle_response", "'header_down'"},
		{"proxy_status_name", `"proxy_status_name":"gateway"`, "proxy_status_name", "nothing is refused"},
		{"retry_match", `"load_balancing":{"retry_match":[{"method":["POST"]}]}`, "retry_match", "'fallback_on'"},
		{"try_duration", `"load_balancing":{"try_duration":1000}`, "try_duration", "'lb_retries'"},
		{"try_interval", `"load_balancing":{"try_interval":1000}`, "try_interval", "'lb_retries'"},
		{"retries below 0", `"load_balancing":{"retries":-1}`, "retries", "at least 1"},
		{"weighted_round_robin", `"load_balancing":{"selection_policy":{"policy":"weighted_round_robin","weights":[1]}}`, "weighted_round_robin", "'weight'"},
		{"weighted_round_robin as a fallback", `"load_balancing":{"selection_policy":{"policy":"header","field":"X-A","fallback":{"policy":"query","key":"a","fallback":{"policy":"weighted_round_robin","weights":[1]}}}}`, "weighted_round_robin", "'weight'"},
		{"active.port", `"health_checks":{"active":{"uri":"/","port":8081}}`, "health_checks.active.port", "'health_uri"},
		{"active.upstream", `"health_checks":{"active":{"uri":"/","upstream":"10.0.0.1:8081"}}`, "health_checks.active.upstream", "'health_uri"},
		{"passive.unhealthy_status", `"health_checks":{"passive":{"unhealthy_status":[5]}}`, "health_checks.passive.unhealthy_status", "'max_fails'"},
		{"transport fastcgi", `"transport":{"protocol":"fastcgi"}`, "transport", "'transport http'"},
		{"transport without protocol", `"transport":{"dial_timeout":1000}`, "transport", "'transport http'"},
		{"proxy_protocol", `"transport":{"protocol":"http","proxy_protocol":"v2"}`, "proxy_protocol", "no address of a client"},
		// encoding/json does not mind the case of a member's name
		{"weighted_round_robin in another case", `"load_balancing":{"selection_policy":{"policy":"header","field":"X-A","Fallback":{"policy":"weighted_round_robin","weights":[1]}}}`, "weighted_round_robin", "'weight'"},
		{"proxy_protocol in another case", `"transport":{"protocol":"http","Proxy_Protocol":"v2"}`, "proxy_protocol", "no address of a client"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := validate(t, server(withProvider(`"reverse_proxy":{`+tt.proxy+`}`), "127.0.0.1:0"))
			wantError(t, err, `provider "work"`, "reverse_proxy", tt.subject, tt.advice)
		})
	}
}

// TestLoadTellsNoSecret: errors of loading go to logs and to the admin API.
func TestLoadTellsNoSecret(t *testing.T) {
	t.Setenv("SECRET", "sword")
	t.Setenv("SECRET_BASE", "ftp://sword@example.com/v1")
	for _, tt := range []struct{ name, handler string }{
		{"brace in an api_key", withAccount("openai", `"api_key":"sword{fish}"`)},
		{"brace in a key's secret", withEcho(`"keys":[{"name":"a","secrets":["sword{fish}"]}]`)},
		{"short secret", withEcho(`"keys":[{"name":"a","secrets":["{env.SECRET}"]}]`)},
		{"secret of two keys", withEcho(`"keys":[{"name":"a","secrets":["longer-sword"]},{"name":"b","secrets":["longer-sword"]}]`)},
		{"credential in a base URL", withAccount("openai", `"api_key":"sk-1","upstream":"https://a:sword@example.com/v1"`)},
		{"token in a base URL", withAccount("openai", `"api_key":"sk-1","upstream":"https://sword@example.com/v1"`)},
		{"token in another URL", withAccount("openai", `"api_key":"sk-1","upstream":"{env.SECRET_BASE}"`)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			log, err := validate(t, server(tt.handler, "127.0.0.1:0"))
			wantError(t, err)
			if strings.Contains(err.Error(), "sword") {
				t.Errorf("the error tells the secret: %v", err)
			}
			if text := log.String(); strings.Contains(text, "sword") {
				t.Errorf("the log tells the secret: %s", text)
			}
		})
	}
}

// TestLoadNull: a list that a program wrote with a hole in it is an error to
// be told, and no reason to die.
func TestLoadNull(t *testing.T) {
	for _, tt := range []struct{ name, handler string }{
		{"key", withEcho(`"keys":[null]`)},
		{"provider", `{"handler":"aiclient2api","open":true,"providers":[null]}`},
		{"account", `{"handler":"aiclient2api","open":true,"providers":[{"name":"echo","accounts":[null]}]}`},
		{"rule", withEcho(`"open":true,"models":[null]`)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			defer func() {
				if v := recover(); v != nil {
					t.Errorf("panic: %v", v)
				}
			}()
			_, err := validate(t, server(tt.handler, "127.0.0.1:0"))
			wantError(t, err, tt.name)
		})
	}
}

// TestSecretsFromFiles: the file's last line break is no part of the secret,
// neither of a client key's nor of an account's.
func TestSecretsFromFiles(t *testing.T) {
	dir := t.TempDir()
	var seen atomic.Value
	vendor := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen.Store(r.Header.Get("Authorization"))
		fmt.Fprint(w, `{"object":"list","data":[]}`)
	}))
	t.Cleanup(vendor.Close)
	for name, content := range map[string]string{"client": "client-secret\n", "vendor": "vendor-secret\r\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	port := strconv.Itoa(caddytest.FreePort(t))
	mustLoad(t, server(fmt.Sprintf(`{"handler":"aiclient2api","keys":[{"name":"a","secrets":["{file.%[1]s/client}"]}],
		"providers":[{"name":"work","kind":{"kind":"openai_compatible"},
			"accounts":[{"name":"1","api_key":"{file.%[1]s/vendor}","upstream":"%[2]s"}]}]}`,
		filepath.ToSlash(dir), vendor.URL), "127.0.0.1:"+port))
	if status, body := answer(t, nil, "GET", "http://127.0.0.1:"+port+"/v1/models?key=client-secret", ""); status != 200 {
		t.Fatalf("status %d: %s", status, body)
	}
	if got := seen.Load(); got != "Bearer vendor-secret" {
		t.Errorf("the provider was shown %q", got)
	}
}

// TestEmptyLists: a list that is empty is one that is not there, as Caddy's
// own JSON has it, which drops such lists when it is written again.
func TestEmptyLists(t *testing.T) {
	port := strconv.Itoa(caddytest.FreePort(t))
	mustLoad(t, server(`{"handler":"aiclient2api","open":true,"keys":[],"models":[],"default":[],
		"providers":[{"name":"echo","accounts":[],"models":[],"formats":[]}]}`, "127.0.0.1:"+port))
	status, body := answer(t, nil, "POST", "http://127.0.0.1:"+port+"/v1/chat/completions",
		`{"model":"echo","messages":[{"role":"user","content":"ping"}]}`)
	if status != http.StatusOK {
		t.Errorf("status %d: %s", status, body)
	}
}

// TestProvisionAsksNobody: a configuration is checked offline.
func TestProvisionAsksNobody(t *testing.T) {
	var asked atomic.Int32
	vendor := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1) }))
	port := strconv.Itoa(caddytest.FreePort(t))
	handler := `{"handler":"aiclient2api","open":true,"providers":[{"name":"work","kind":{"kind":"openai_compatible"},
		"accounts":[{"name":"1","api_key":"sk-1","upstream":"` + vendor.URL + `"}]}]}`
	if _, err := validate(t, server(handler, "127.0.0.1:0")); err != nil {
		t.Error(err)
	}
	mustLoad(t, server(handler, "127.0.0.1:"+port))
	answer(t, nil, "GET", "http://127.0.0.1:"+port+"/health", "")
	vendor.Close() // waits for requests that are being answered
	if n := asked.Load(); n != 0 {
		t.Errorf("the provider was asked %d times before any client came", n)
	}
}

// TestFailedProvision: Caddy cleans up a handler whose provisioning failed,
// too. What was not provisioned must not be given back: that is a panic in
// reverse_proxy, and the end of a gateway that was reloaded with a mistake.
func TestFailedProvision(t *testing.T) {
	good := func(port string) string {
		return server(`{"handler":"aiclient2api","open":true,"providers":[{"name":"echo"},{"name":"second","kind":{"kind":"echo"}}]}`, "127.0.0.1:"+port)
	}
	for _, tt := range []struct{ name, second, want string }{
		{"unknown kind", `"kind":{"kind":"acme"}`, "acme"},
		{"bad option of the kind", `"kind":{"kind":"echo","repeat":-1}`, "repeat"},
		{"bad account", `"kind":{"kind":"echo"},"accounts":[{"name":"a"},{"name":"b","upstream":"nowhere"}]`, "nowhere"},
		{"refused field", `"kind":{"kind":"echo"},"reverse_proxy":{"request_buffers":1}`, "request_buffers"},
		{"bad transport", `"kind":{"kind":"echo"},"reverse_proxy":{"transport":{"protocol":"http","dial_timeout":"soon"}}`, "transport"},
		{"bad header_up", `"kind":{"kind":"echo"},"reverse_proxy":{"headers":{"request":{"replace":{"X-A":[{"search_regexp":"("}]}}}}`, "header_up"},
		{"unknown policy", `"kind":{"kind":"echo"},"reverse_proxy":{"load_balancing":{"selection_policy":{"policy":"wisest"}}}`, "wisest"},
		{"bad health check", `"kind":{"kind":"echo"},"reverse_proxy":{"health_checks":{"active":{"uri":"/","expect_body":"("}}}`, "expect"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			port := strconv.Itoa(caddytest.FreePort(t))
			url := "http://127.0.0.1:" + port + "/v1/models/echo"
			mustLoad(t, good(port))
			_, err := load(t, server(`{"handler":"aiclient2api","open":true,"providers":[
				{"name":"echo","reverse_proxy":{"health_checks":{"active":{"uri":"/"},"passive":{"max_fails":1}}}},
				{"name":"second",`+tt.second+`},
				{"name":"third","kind":{"kind":"echo"}}]}`, "127.0.0.1:"+port))
			wantError(t, err, `provider "second"`, tt.want)
			if status, body := answer(t, nil, "GET", url, ""); status != 200 {
				t.Errorf("after a reload that failed: status %d: %s", status, body)
			}
			mustLoad(t, good(port))
			if status, body := answer(t, nil, "GET", url, ""); status != 200 {
				t.Errorf("after the next reload: status %d: %s", status, body)
			}
		})
	}
}

// TestOptional: what has no secret is left out, with a line in the log, and
// models that lead to it alone are answered with the reason.
func TestOptional(t *testing.T) {
	t.Setenv("UNSET", "")
	t.Setenv("OPENAI_API_KEY", "")
	port := strconv.Itoa(caddytest.FreePort(t))
	log := mustLoad(t, string(mustAdapt(t, fmt.Sprintf(`{
	admin off
}
http://127.0.0.1:%s {
	bind 127.0.0.1
	aiclient2api {
		open
		provider echo
		provider gone openai {
			optional
		}
		provider forgotten openai {
			api_key
			optional
		}
		provider half openai_compatible {
			api_key {env.UNSET} sk-2
			upstream http://127.0.0.1:9/v1
			optional
		}
		model lost gone/gpt-5 forgotten
		model saved gone/gpt-5 echo
		default gone
	}
}
`, port))))

	left := make(map[string]bool)
	for _, e := range log.entries(t, "leaving out account") {
		left[fmt.Sprint(e["provider"], " ", e["account"], " ", e["level"])] = true
	}
	if want := map[string]bool{"gone 1 info": true, "forgotten 1 info": true, "half 1 info": true}; !reflect.DeepEqual(left, want) {
		t.Errorf("accounts left out by the log: %v, want %v", left, want)
	}
	left = make(map[string]bool)
	for _, e := range log.entries(t, "leaving out provider") {
		left[fmt.Sprint(e["provider"], " ", e["level"])] = true
	}
	if want := map[string]bool{"gone info": true, "forgotten info": true}; !reflect.DeepEqual(left, want) {
		t.Errorf("providers left out by the log: %v, want %v", left, want)
	}

	for _, tt := range []struct {
		model  string
		status int
		want   []string
	}{
		{"lost", http.StatusServiceUnavailable, []string{"gone", "forgotten"}},
		{"saved", http.StatusOK, []string{"ping"}},
		{"gpt-5", http.StatusServiceUnavailable, []string{"gone"}},
		{"gone/gpt-5", http.StatusServiceUnavailable, []string{"gone"}},
		{"echo", http.StatusOK, []string{"ping"}},
	} {
		t.Run(tt.model, func(t *testing.T) {
			status, body := answer(t, nil, "POST", "http://127.0.0.1:"+port+"/v1/chat/completions",
				`{"model":"`+tt.model+`","messages":[{"role":"user","content":"ping"}]}`)
			if status != tt.status {
				t.Errorf("status %d, want %d: %s", status, tt.status, body)
			}
			for _, w := range tt.want {
				if !strings.Contains(body, w) {
					t.Errorf("the answer does not say %q: %s", w, body)
				}
			}
		})
	}
}

// TestWarnsOfOpen: anybody may use the operator's accounts, and a site's
// address alone does not say who reaches it.
func TestWarnsOfOpen(t *testing.T) {
	t.Setenv("HOST", "127.0.0.1")
	const open = `{"handler":"aiclient2api","open":true,"providers":[{"name":"echo"}]}`
	const keys = `{"handler":"aiclient2api","keys":[{"name":"a","secrets":["12345678"]}],"providers":[{"name":"echo"}]}`
	site := func(bind string) string {
		return string(mustAdapt(t, "http://127.0.0.1:8080 {\n"+bind+"\naiclient2api {\nopen\nprovider echo\n}\n}\n"))
	}
	for _, tt := range []struct {
		name   string
		config string
		want   int
	}{
		{"loopback", server(open, "127.0.0.1:8080"), 0},
		{"another loopback", server(open, "127.0.0.2:8080"), 0},
		{"loopback of IPv6", server(open, "[::1]:8080"), 0},
		{"localhost", server(open, "localhost:8080"), 0},
		{"socket", server(open, "unix//tmp/a.sock"), 0},
		{"loopback by a placeholder", server(open, "{env.HOST}:8080"), 0},
		{"everywhere", server(open, ":8080"), 1},
		{"everywhere of IPv4", server(open, "0.0.0.0:8080"), 1},
		{"everywhere of IPv6", server(open, "[::]:8080"), 1},
		{"a name", server(open, "example.com:8080"), 1},
		{"loopback and more", server(open, "127.0.0.1:8080", "10.0.0.1:8080"), 1},
		{"keys", server(keys, ":8080"), 0},
		{"site on an address that is a matcher only", site(""), 1},
		{"site that is bound", site("bind 127.0.0.1"), 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			log, err := validate(t, tt.config)
			if err != nil {
				t.Fatal(err)
			}
			found := log.entries(t, "'open' is meant for loopback")
			if len(found) != tt.want {
				t.Fatalf("%d warnings, want %d: %s", len(found), tt.want, log)
			}
			for _, e := range found {
				if e["level"] != "warn" || e["listen"] == nil {
					t.Errorf("the entry is no warning or says no address: %v", e)
				}
			}
		})
	}
}

// TestWarnsOfAccessLog: Caddy's access log shows clients' keys, unless its own
// format hides them; that of some other log does not help.
func TestWarnsOfAccessLog(t *testing.T) {
	const filter = "format aiclient2api"
	for _, tt := range []struct {
		name   string
		global string
		site   string
		want   int
	}{
		{"no access log", "", "", 0},
		{"access log to nowhere", "", "log {\noutput discard\n}", 0},
		{"access log", "", "log", 1},
		{"access log with its own output", "", "log {\noutput file FILE\n}", 1},
		{"access log with another format", "", "log {\noutput file FILE\nformat json\n}", 1},
		{"access log with the filter", "", "log {\noutput file FILE\n" + filter + "\n}", 0},
		{"access log with the filter around another format", "", "log {\noutput file FILE\n" + filter + " {\nwrap console\n}\n}", 0},
		{"default log with the filter", "log {\n" + filter + "\n}", "log", 0},
		{"filter without access log", "log {\n" + filter + "\n}", "", 0},
		{"another log with the filter", "log other {\noutput file FILE\n" + filter + "\ninclude tls\n}", "log {\noutput file FILE\nformat json\n}", 1},
		// each configuration is judged by itself
		{"access log again", "", "log", 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			file := filepath.Join(caddytest.StorageDir(t), "access.log")
			log, err := validate(t, string(mustAdapt(t, strings.ReplaceAll("{\nadmin off\n"+tt.global+
				"\n}\n:8080 {\n"+tt.site+"\naiclient2api {\nkey a 12345678\nprovider echo\n}\n}\n", "FILE", file))))
			if err != nil {
				t.Fatal(err)
			}
			found := log.entries(t, "say 'format aiclient2api'")
			if len(found) != tt.want {
				t.Fatalf("%d warnings, want %d: %s", len(found), tt.want, log)
			}
			for _, e := range found {
				if e["level"] != "warn" {
					t.Errorf("the entry is no warning: %v", e)
				}
			}
		})
	}
}
