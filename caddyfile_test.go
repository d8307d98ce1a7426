package aiclient2api_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2"

	aiclient2api "github.com/aiclient2api/caddy-aiclient2api"
)

var update = flag.Bool("update", false, "rewrite the expected halves of testdata/adapt")

// goldenEnv is the environment that the goldens are adapted and provisioned in.
var goldenEnv = map[string]string{
	"OPENAI_API_KEY": "sk-from-the-environment",
	"KEY_A":          "sk-a",
	"KEY_B":          "sk-b",
	"UNSET_KEY":      "",
	"ALICE_KEY":      "alice-secret-from-env",
	"EXTRA_MODEL":    "extra-model",
	"VLLM_BASE":      "http://10.0.0.1:8000/v1",
	"PROVIDER":       "vllm",
}

// TestAdapt compares what Caddyfiles become with what they should, and loads
// it: adapting must not give JSON that loading refuses.
func TestAdapt(t *testing.T) {
	for name, value := range goldenEnv {
		t.Setenv(name, value)
	}
	files, err := filepath.Glob("testdata/adapt/*.caddyfiletest")
	if err != nil || len(files) == 0 {
		t.Fatalf("no goldens: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".caddyfiletest"), func(t *testing.T) { golden(t, file) })
	}
}

func golden(t *testing.T, file string) {
	const line = "\n----------\n"
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	text, want, found := strings.Cut(strings.ReplaceAll(string(content), "\r\n", "\n"), line)
	if !found {
		t.Fatalf("%s has no line of ten dashes", file)
	}
	adapted, warnings, err := adaptFile(text + "\n")
	if err != nil {
		t.Fatalf("adapting: %v", err)
	}
	for _, w := range warnings {
		t.Errorf("adapting warns: %s", w)
	}
	var got bytes.Buffer
	if err := json.Indent(&got, adapted, "", "\t"); err != nil {
		t.Fatal(err)
	}
	switch {
	case *update:
		if err := os.WriteFile(file, []byte(text+line+got.String()+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	case got.String() != strings.TrimSpace(want):
		t.Errorf("adapting gives\n%s\nwant\n%s", got.String(), want)
	}

	// what adapting gives is what the handler's own JSON is
	for _, raw := range handlersOf(t, adapted) {
		again, err := json.Marshal(strictHandler(t, raw))
		if err != nil {
			t.Fatal(err)
		}
		want := decode(t, raw).(map[string]any)
		delete(want, "handler")
		if got := decode(t, again); !reflect.DeepEqual(got, want) {
			t.Errorf("loaded and marshalled again it is\n%s\nwant\n%s", again, raw)
		}
	}
	if _, err := validate(t, string(adapted)); err != nil {
		t.Errorf("loading: %v", err)
	}
}

// TestAdaptRefuses holds every rule of the configuration against a Caddyfile
// that breaks it. The error must say where, what, and mostly what to do. The
// comment #! marks the line that it must name; without one it is that of the
// directive. Rows without "open" or "key" of their own get "open", rows
// without a provider get echo.
func TestAdaptRefuses(t *testing.T) {
	for _, tt := range []struct {
		name  string
		block string
		want  []string
	}{
		// who may call
		{"open and key", "open\nkey alice alice-secret", []string{"'open'", "'key'", "excludes"}},
		{"key without secret", "key alice #!", []string{"argument", "alice"}},
		{"key without name", "key #!", []string{"argument", "key"}},
		{"bad key name", "key al/ice alice-secret #!", []string{`key "al/ice"`, "letters"}},
		{"key name begins with a dot", "key .alice alice-secret #!", []string{`key ".alice"`, "begins with"}},
		{"empty key name", `key "" alice-secret #!`, []string{`key ""`, "letters"}},
		{"two keys of a name", "key alice alice-secret\nkey alice other-secret #!", []string{`key "alice"`, "taken"}},
		{"short secret", "key alice 1234567 #!", []string{`key "alice"`, "7 bytes", "at least 8"}},
		{"empty secret", `key alice alice-secret "" #!`, []string{`key "alice"`, "empty"}},
		{"models of a key twice", "key alice alice-secret {\nmodels a\nmodels b #!\n}", []string{"'models'", "twice"}},
		{"models of a key without pattern", "key alice alice-secret {\nmodels #!\n}", []string{"argument", "models"}},
		{"unknown word in a key", "key alice alice-secret {\nmodel a #!\n}", []string{`key "alice"`, "'model'", "unrecognized"}},
		{"argument of open", "open loopback #!", []string{"argument", "loopback"}},
		{"block of open", "open { #!\nmodels a\n}", []string{"unrecognized", "'{'"}},

		// who is called
		{"bad provider name", "provider open/ai openai #!", []string{`provider "open/ai"`, "letters"}},
		{"provider name begins with a dash", "provider -echo echo #!", []string{`provider "-echo"`, "begins with"}},
		{"provider v1", "provider v1 echo #!", []string{`provider "v1"`, "reserved"}},
		{"provider v1beta", "provider v1beta echo #!", []string{`provider "v1beta"`, "reserved"}},
		{"provider health", "provider health echo #!", []string{`provider "health"`, "reserved"}},
		{"two providers of a name", "provider echo\nprovider echo openai #!", []string{`provider "echo"`, "taken"}},
		{"unknown kind", "provider acme #!", []string{`provider "acme"`, `kind "acme"`, "there are", "openai_compatible"}},
		{"unknown kind of a named one", "provider work acme #!", []string{`provider "work"`, `kind "acme"`, "there are", "openai_compatible"}},
		{"provider without name", "provider #!", []string{"argument", "provider"}},
		{"provider with three arguments", "provider a echo b #!", []string{"argument", "b"}},
		{"no address", "provider vllm openai_compatible #!", []string{`provider "vllm"`, "openai_compatible", "'upstream"}},
		{"no address of an account", "provider vllm openai_compatible { #!\naccount a {\napi_key secret\n}\n}", []string{`provider "vllm"`, "'upstream"}},
		{"empty secret of an account", "provider openai {\napi_key sk-1 \"\" #!\n}", []string{`provider "openai"`, "empty", "'optional'"}},
		{"api_key without secret", "provider openai {\napi_key #!\n}", []string{`provider "openai"`, "empty", "'optional'"}},
		{"account's api_key without secret", "provider openai {\naccount a {\napi_key #!\n}\n}", []string{`provider "openai"`, "empty", "'optional'"}},
		{"account with two secrets", "provider openai {\naccount a {\napi_key b c #!\n}\n}", []string{"'api_key' takes one secret", "account \"a\""}},
		{"upstream without URL", "provider openai {\nupstream #!\n}", []string{"argument", "upstream"}},
		{"account's upstream without URL", "provider openai {\naccount a {\nupstream #!\n}\n}", []string{"argument", "upstream"}},
		{"account with two upstreams", "provider openai {\naccount a {\nupstream http://a http://b #!\n}\n}", []string{"argument", "http://b"}},
		{"upstream without scheme", "provider openai {\nupstream api.example.com/v1 #!\n}", []string{`provider "openai"`, "upstream", "api.example.com", "https://"}},
		{"upstream with a port only", "provider openai {\nupstream localhost:8000 #!\n}", []string{`provider "openai"`, "upstream", "localhost:8000", "https://"}},
		{"upstream by ftp", "provider openai {\nupstream ftp://example.com/v1 #!\n}", []string{`provider "openai"`, "upstream", "ftp://", "https://"}},
		{"upstream with a credential", "provider openai {\nupstream https://me:swordfish@example.com/v1 #!\n}", []string{`provider "openai"`, "upstream", "credential", "'api_key'"}},
		{"upstream with a fragment", "provider openai {\nupstream https://a.example.com/v1 https://example.com/v1#x #!\n}", []string{`provider "openai"`, "upstream", "fragment"}},
		{"upstream that is no URL", "provider openai {\nupstream http://[::1/v1 #!\n}", []string{`provider "openai"`, "upstream", "not a URL"}},
		{"account's bad upstream", "provider openai {\naccount a {\nupstream example.com #!\n}\n}", []string{`provider "openai"`, "upstream", "https://"}},
		{"account without name", "provider openai {\naccount #!\n}", []string{"argument", "account"}},
		{"account with two names", "provider openai {\naccount a b #!\n}", []string{"argument", "a"}},
		{"bad account name", "provider openai {\naccount a:b { #!\napi_key c\n}\n}", []string{`provider "openai"`, `account "a:b"`, "letters"}},
		{"two accounts of a name", "provider openai {\naccount a {\napi_key b\n}\naccount a { #!\napi_key c\n}\n}", []string{`provider "openai"`, `account "a"`, "taken"}},
		{"account named as an api_key's", "provider openai { #!\napi_key sk-1\naccount 1 {\napi_key sk-2\n}\n}", []string{`provider "openai"`, `account "1"`, "taken"}},
		{"models of a provider without pattern", "provider echo {\nmodels #!\n}", []string{"argument", "models"}},
		{"models of an account without pattern", "provider echo {\naccount a {\nmodels #!\n}\n}", []string{"argument", "models"}},
		{"formats without format", "provider echo {\nformats #!\n}", []string{"argument", "formats"}},
		{"unknown format", "provider echo {\nformats chat morse #!\n}", []string{`provider "echo"`, `"morse"`, "chat"}},
		{"format twice", "provider echo {\nformats chat chat #!\n}", []string{`provider "echo"`, `"chat"`, "twice"}},
		{"argument of optional", "provider echo {\noptional yes #!\n}", []string{"argument", "yes"}},
		{"delay without duration", "provider echo {\ndelay #!\n}", []string{"argument", "delay"}},
		{"delay that is none", "provider echo {\ndelay soon #!\n}", []string{"delay", "soon", "duration"}},
		{"repeat 0", "provider echo {\nrepeat 0 #!\n}", []string{"repeat", `"0"`, "from 1"}},
		{"repeat in an account", "provider echo {\naccount a {\nrepeat often #!\n}\n}", []string{"repeat", `"often"`, "from 1"}},
		{"kind's word in another kind", "provider openai {\ndelay 1s #!\n}", []string{"delay", "unrecognized"}},
		{"kind's word in another kind's account", "provider openai {\naccount a {\ndelay 1s #!\n}\n}", []string{`account "a"`, "'delay'", "unrecognized"}},
		{"reverse_proxy's word in an account", "provider openai {\naccount a {\nmax_fails 1 #!\n}\n}", []string{`account "a"`, "'max_fails'", "unrecognized"}},

		// which model goes where
		{"rule for an unknown provider", "model a echo nobody/b #!", []string{`"nobody/b"`, `no provider "nobody"`}},
		{"rule with an empty model", "model a echo/ #!", []string{`"echo/"`, "model is missing"}},
		{"rule without target", "model a #!", []string{"argument", "a"}},
		{"rule without pattern", "model #!", []string{"argument", "model"}},
		{"rule with an empty pattern", `model "" echo #!`, []string{"pattern", "empty"}},
		{"two rules for a pattern", "model a* echo\nmodel a* echo #!", []string{`model "a*"`, "already"}},
		{"unknown word in a rule", "model a echo {\nfallback echo #!\n}", []string{`model "a"`, "'fallback'", "unrecognized"}},
		{"default for an unknown provider", "default nobody #!", []string{`"nobody"`, "no provider"}},
		{"default with an empty model", "default echo/ #!", []string{`"echo/"`, "model is missing"}},
		{"default without target", "default #!", []string{"argument", "default"}},

		// the rest
		{"max_body without size", "max_body #!", []string{"argument", "max_body"}},
		{"max_body that is none", "max_body plenty #!", []string{"max_body", `"plenty"`, "size"}},
		{"max_body 0", "max_body 0 #!", []string{"max_body", `"0"`, "range"}},
		{"max_body below 0", "max_body -1 #!", []string{"max_body", `"-1"`}},
		{"max_body beyond all bounds", "max_body 16EiB #!", []string{"max_body", `"16EiB"`}},
		{"max_body with two sizes", "max_body 1MiB 2MiB #!", []string{"argument", "1MiB"}},
		{"argument of strict", "strict yes #!", []string{"argument", "yes"}},
		{"argument of debug_headers", "debug_headers on #!", []string{"argument", "on"}},
		{"unknown word", "frobnicate #!", []string{"'frobnicate'", "unrecognized"}},

		// accounts and failover
		{"weight 0", "provider echo {\naccount a {\nweight 0 #!\n}\n}", []string{"weight", `"0"`, "from 1"}},
		{"weight that is none", "provider echo {\naccount a {\nweight heavy #!\n}\n}", []string{"weight", `"heavy"`, "from 1"}},
		{"weight beside lb_policy", "provider echo {\nlb_policy first\naccount a {\nweight 3 #!\n}\n}", []string{`provider "echo"`, "'weight'", "'lb_policy'"}},
		{"weight of a provider", "provider echo {\nweight 3 #!\n}", []string{"weight", "unrecognized"}},
		{"max_requests 0", "provider echo {\naccount a {\nmax_requests 0 #!\n}\n}", []string{"max_requests", `"0"`, "from 1"}},
		{"timeout 0", "provider echo {\nidle_timeout 0s #!\n}", []string{"idle_timeout", "more than 0"}},
		{"timeout below 0", "provider echo {\ntotal_timeout -1s #!\n}", []string{"total_timeout", "more than 0"}},
		{"timeout that is none", "provider echo {\nfirst_token_timeout soon #!\n}", []string{"first_token_timeout", `"soon"`, "duration"}},
		{"timeout of an account", "provider echo {\naccount a {\nidle_timeout 1s #!\n}\n}", []string{`account "a"`, "'idle_timeout'", "unrecognized"}},
		{"max_attempts 0", "max_attempts 0 #!", []string{"max_attempts", `"0"`, "from 1"}},
		{"commit_after without duration", "commit_after #!", []string{"argument", "commit_after"}},
		{"affinity of nothing", "affinity #!", []string{"argument", "affinity"}},
		{"affinity of something else", "affinity cookie #!", []string{"affinity", `"cookie"`, "header, key, prefix"}},
		{"affinity of a header without its name", "affinity header #!", []string{"affinity header", "name"}},
		{"affinity of a header that is none", `affinity header "X Y" #!`, []string{"affinity header", "name"}},
		{"affinity of a key with a name", "affinity key X-A #!", []string{"affinity key", "no name"}},
		{"affinity of two headers", "affinity header X-A X-B #!", []string{"argument"}},
		{"fallback_on nothing", "model a echo {\nfallback_on #!\n}", []string{"argument", "fallback_on"}},
		{"fallback_on something else", "model a echo {\nfallback_on too_large rain #!\n}", []string{`model "a"`, "fallback_on", `"rain"`, "context_length"}},
		{"fallback_on one fault twice", "model a echo {\nfallback_on too_large too_large #!\n}", []string{`model "a"`, `"too_large"`, "twice"}},
		{"shares that make more than all", "model a 90%:echo 20%:echo/b #!", []string{`model "a"`, "110%", "100%"}},
		{"a share for an unknown provider", "model a 90%:echo 10%:nobody #!", []string{`"10%:nobody"`, `no provider "nobody"`}},
		{"a share behind", "default echo 100%:echo/b #!", []string{"default", `"100%:echo/b"`, "come first"}},
	} {
		t.Run(tt.name, func(t *testing.T) { refused(t, tt.block, tt.want...) })
	}
}

// TestAdaptNeedsItsParts tells what is missing, at the directive.
func TestAdaptNeedsItsParts(t *testing.T) {
	for _, tt := range []struct {
		name string
		site string
		want []string
	}{
		{"no block", "aiclient2api #!", []string{"'key'", "'open'"}},
		{"nobody may call", "aiclient2api { #!\nprovider echo\n}", []string{"'key'", "'open'"}},
		{"nobody is called", "aiclient2api { #!\nopen\n}", []string{"'provider'"}},
		{"argument beside the matcher", "aiclient2api /v1/* open { #!\nprovider echo\n}", []string{"argument", "open"}},
	} {
		t.Run(tt.name, func(t *testing.T) { refusedSite(t, tt.site, tt.want...) })
	}
}

// TestAdaptWordTwice: of two words only one could count, and which one would
// be a guess.
func TestAdaptWordTwice(t *testing.T) {
	for _, tt := range []struct{ in, word, first, second string }{
		{"", "open", "", ""},
		{"", "default", "echo", "echo"},
		{"", "max_body", "1MiB", "2MiB"},
		{"", "strict", "", ""},
		{"", "debug_headers", "", ""},
		{"", "max_attempts", "2", "3"},
		{"", "affinity", "key", "prefix"},
		{"", "commit_after", "1s", "2s"},
		{"model a echo", "fallback_on", "too_large", "bad_request"},
		{"provider x openai", "first_token_timeout", "1s", "2s"},
		{"provider x openai", "idle_timeout", "1s", "2s"},
		{"provider x openai", "total_timeout", "1s", "2s"},
		{"provider x openai", "api_key", "a", "b"},
		{"provider x openai", "upstream", "http://a/v1", "http://b/v1"},
		{"provider x openai", "models", "a", "b"},
		{"provider x openai", "formats", "chat", "chat"},
		{"provider x openai", "optional", "", ""},
		{"provider x echo", "delay", "1s", "2s"},
		{"provider x echo", "repeat", "1", "2"},
		{"provider x openai", "lb_policy", "first", "random"},
		{"provider x openai", "lb_retries", "1", "2"},
		{"provider x openai", "fail_duration", "1s", "2s"},
		{"provider x openai", "max_fails", "1", "2"},
		{"provider x openai", "unhealthy_latency", "1s", "2s"},
		{"provider x openai", "unhealthy_request_count", "1", "2"},
		{"provider x openai", "health_uri", "/a", "/b"},
		{"provider x openai", "flush_interval", "1", "-1"},
		{"provider x openai", "stream_timeout", "1h", "2h"},
		{"provider x openai", "stream_close_delay", "1m", "2m"},
		{"provider x openai", "stream_buffer_size", "4KiB", "8KiB"},
		{"provider x openai", "verbose_logs", "", ""},
		{"provider x openai", "transport", "http", "http"},
		{"account y", "api_key", "a", "b"},
		{"account y", "upstream", "http://a/v1", "http://b/v1"},
		{"account y", "models", "a", "b"},
		{"account y", "delay", "1s", "2s"},
		{"account y", "weight", "1", "2"},
		{"account y", "max_requests", "1", "2"},
	} {
		t.Run(strings.TrimSpace(tt.in+" "+tt.word), func(t *testing.T) {
			block := tt.word + " " + tt.first + "\n" + tt.word + " " + tt.second + " #!"
			switch {
			case tt.in == "":
			case strings.HasPrefix(tt.in, "account"):
				block = "provider x echo {\n" + tt.in + " {\n" + block + "\n}\n}"
			default:
				block = tt.in + " {\n" + block + "\n}"
			}
			refused(t, block, "'"+tt.word+"'", "twice")
		})
	}
}

// TestAdaptFutureWords: words of later versions are unknown until then, and
// nothing else has taken their names.
func TestAdaptFutureWords(t *testing.T) {
	for in, words := range map[string][]string{
		"": {
			"keys_file", "key_from", "limits", "queue", "store", "cache",
			"prices", "system_prompt", "prompt_log", "redact", "max_upload", "server_timing", "dashboard",
		},
		"key alice alice-secret": {"requests", "tokens", "concurrency", "budget"},
	} {
		for _, word := range words {
			t.Run(strings.TrimSpace(in+" "+word), func(t *testing.T) {
				block := word + " 1 #!"
				switch {
				case in == "":
				case strings.HasPrefix(in, "account"):
					block = "provider x openai {\n" + in + " {\n" + block + "\n}\n}"
				default:
					block = in + " {\n" + block + "\n}"
				}
				refused(t, block, word, "unrecognized")
			})
		}
	}
}

// TestAdaptRefusesProxyWords: subdirectives of reverse_proxy that would work
// against the gateway are refused, each with what to write instead.
func TestAdaptRefusesProxyWords(t *testing.T) {
	for _, tt := range []struct{ name, lines, subject, advice string }{
		{"to", "to 10.0.0.1:80 #!", "'to'", "'upstream"},
		{"dynamic", "dynamic a example.com 80 #!", "'dynamic'", "'upstream"},
		{"weighted_round_robin", "lb_policy weighted_round_robin 3 1 #!", "weighted_round_robin", "'weight'"},
		{"weighted_round_robin as a fallback", "lb_policy header X-A {\nfallback weighted_round_robin 3 1 #!\n}", "weighted_round_robin", "'weight'"},
		{"lb_retry_match", "lb_retry_match { #!\nmethod POST\n}", "'lb_retry_match'", "'fallback_on'"},
		{"lb_try_duration", "lb_try_duration 5s #!", "'lb_try_duration'", "'lb_retries'"},
		{"lb_try_interval", "lb_try_interval 250ms #!", "'lb_try_interval'", "'lb_retries'"},
		{"lb_retries 0", "lb_retries 0 #!", "lb_retries", "at least 1"},
		{"lb_retries 00", "lb_retries 00 #!", "lb_retries", "at least 1"},
		{"lb_retries below 0", "lb_retries -1 #!", "lb_retries", "at least 1"},
		{"unhealthy_status", "unhealthy_status 5xx #!", "'unhealthy_status'", "'max_fails'"},
		{"circuit_breaker", "circuit_breaker latency #!", "'circuit_breaker'", "'max_fails'"},
		{"method", "method GET #!", "'method'", "format"},
		{"rewrite", "rewrite /v2{uri} #!", "'rewrite'", "'upstream"},
		{"request_buffers", "request_buffers 4KiB #!", "'request_buffers'", "'max_body'"},
		{"response_buffers", "response_buffers 4KiB #!", "'response_buffers'", "never buffered"},
		{"trusted_proxies", "trusted_proxies private_ranges #!", "'trusted_proxies'", "'servers'"},
		{"handle_response", "handle_response { #!\nrespond ok\n}", "'handle_response'", "'header_down'"},
		{"replace_status", "replace_status 200 #!", "'replace_status'", "provider's status"},
		{"proxy_status_name", "proxy_status_name gateway #!", "'proxy_status_name'", "nothing is refused"},
		{"matcher", "@failed status 5xx #!", "named matchers", "no place"},
		{"matcher with a block", "@failed { #!\nstatus 5xx\n}", "named matchers", "no place"},
		{"health_port", "health_port 8081 #!", "'health_port'", "'health_uri"},
		{"health_upstream", "health_upstream 10.0.0.1:8081 #!", "'health_upstream'", "'health_uri"},
		{"transport fastcgi", "transport fastcgi #!", "transport fastcgi", "'transport http'"},
		{"transport by a placeholder", "transport {$TRANSPORT:fastcgi} #!", "transport fastcgi", "'transport http'"},
		{"proxy_protocol", "transport http {\ndial_timeout 1s\nproxy_protocol v1 #!\n}", "proxy_protocol", "no address of a client"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			// not the first word, nor the last: the line must be its own
			block := "provider work openai {\nmax_fails 2\n" + tt.lines + "\nfail_duration 1s\n}"
			refused(t, block, `provider "work"`, tt.subject, tt.advice)
		})
	}
}

// TestAdaptKeepsLinesOfProxyWords: what only reverse_proxy's own parser can
// find wrong is named by file and line as well, though it sees the words of
// the block in another place.
func TestAdaptKeepsLinesOfProxyWords(t *testing.T) {
	for _, tt := range []struct {
		name  string
		lines string
		want  []string
	}{
		{"unknown word", "max_fials 3 #!", []string{"max_fials", "unrecognized"}},
		{"unknown word after our own and the kind's", "models a\ndelay 1s\nmax_fials 3 #!\nrepeat 2", []string{"max_fials", "unrecognized"}},
		{"unknown word with a block", "max_fials { #!\na b\n}", []string{"max_fials", "unrecognized"}},
		{"block of a word of ours", "models a { #!\nb\n}", []string{"{", "unrecognized"}},
		{"block of a word of the kind", "delay 1s { #!\nb\n}", []string{"{", "unrecognized"}},
		{"bad number", "header_up X-A b\nmax_fails many #!", []string{"fail", "many"}},
		{"bad duration", "fail_duration soon #!", []string{"duration", "soon"}},
		{"missing argument", "fail_duration #!", []string{"argument", "fail_duration"}},
		{"unknown policy", "lb_policy wisest #!", []string{"wisest", "not registered"}},
		{"unknown option of the transport", "transport http {\ndial_timeuot 3s #!\n}", []string{"dial_timeuot", "unrecognized"}},
	} {
		t.Run(tt.name, func(t *testing.T) { refused(t, "provider x echo {\n"+tt.lines+"\n}", tt.want...) })
	}
}

// TestAdaptKeepsLinesOfImports: the line is the one in the snippet.
func TestAdaptKeepsLinesOfImports(t *testing.T) {
	const snippet = `(extra) {
	models {args[0]}
	%s
}

:8080 {
	aiclient2api {
		open
		provider echo {
			max_fails 2
			import extra a
			fail_duration 10s
		}
	}
}
`
	for _, tt := range []struct {
		name string
		line string
		want []string
	}{
		{"reverse_proxy's word", "max_fials 3", []string{"max_fials", "unrecognized"}},
		{"refused word", "rewrite /{args[0]}", []string{"'rewrite'", "'upstream"}},
		{"word of ours", "models b", []string{"'models'", "twice"}},
		{"kind's word", "repeat {args[0]}", []string{"repeat", `"a"`}},
		{"word that stands outside, too", "max_fails 3", []string{"'max_fails'", "twice"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, _, err := adaptFile(strings.Replace(snippet, "%s", tt.line, 1))
			wantError(t, err, append(tt.want, "Caddyfile:3")...)
		})
	}
}

// TestAdaptTellsNoSecret: what is wrong about a secret is told without it, for
// errors are copied to where they are read by others.
func TestAdaptTellsNoSecret(t *testing.T) {
	for _, tt := range []struct{ name, block string }{
		{"short secret of a key", "key alice sword"},
		{"account with two secrets", "provider openai {\naccount a {\napi_key first-sword second-sword\n}\n}"},
		{"key with a wrong block", "key alice a-long-sword {\nx y\n}"},
		{"upstream with a password", "provider openai {\nupstream https://me:sword@example.com/v1\n}"},
		{"upstream with a token", "provider openai {\nupstream https://sword@example.com/v1\n}"},
		{"upstream by ftp with a token", "provider openai {\nupstream ftp://sword@example.com/v1\n}"},
		{"upstream with a password that is no URL", "provider openai {\nupstream https://me:sword@[::1/v1\n}"},
		{"upstream with a bad port and a password", "provider openai {\nupstream https://me:sword@example.com:x/v1\n}"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, _, err := adaptFile(":8080 {\naiclient2api {\n" + tt.block + "\n}\n}\n")
			wantError(t, err, "Caddyfile:")
			if strings.Contains(err.Error(), "sword") {
				t.Errorf("the error tells the secret: %v", err)
			}
		})
	}
}

// provisioned provisions a handler alone, until the end of the test.
func provisioned(t *testing.T, raw []byte) *aiclient2api.Handler {
	t.Helper()
	log := newLogBuffer(t)
	var cfg caddy.Config
	if err := caddy.StrictUnmarshalJSON(quiet(t, `{}`, log), &cfg); err != nil {
		t.Fatal(err)
	}
	parent, err := caddy.ProvisionContext(&cfg)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := caddy.NewContext(parent)
	t.Cleanup(cancel)
	loaded, err := ctx.LoadModuleByID("http.handlers.aiclient2api", handlerMembers(t, raw))
	if err != nil {
		t.Fatalf("provisioning: %v\n%s", err, raw)
	}
	return loaded.(*aiclient2api.Handler)
}

// identities are the accounts' addresses for reverse_proxy, which hold a hash
// of all that makes an account: kind, base URL, name, secret, options.
func identities(h *aiclient2api.Handler) (all []string) {
	for _, p := range h.Providers {
		for _, u := range p.Proxy.Upstreams {
			all = append(all, u.Dial)
		}
	}
	return all
}

// TestHandwrittenJSON: what somebody writes who has read the documentation of
// the JSON, and what a Caddyfile becomes, are the same handler.
func TestHandwrittenJSON(t *testing.T) {
	t.Setenv("OPENAI_API_KEY", "sk-from-the-environment")
	for _, tt := range []struct {
		name      string
		block     string
		json      string
		different bool // as JSON, but the same accounts
	}{
		{
			name:  "minimal",
			block: "open\nprovider echo",
			json:  `{"handler":"aiclient2api","open":true,"providers":[{"name":"echo","kind":{"kind":"echo"}}]}`,
		},
		{
			name:      "kind of the provider's name",
			block:     "open\nprovider openai",
			json:      `{"handler":"aiclient2api","open":true,"providers":[{"name":"openai"}]}`,
			different: true,
		},
		{
			name:      "the one account of the kind's defaults",
			block:     "open\nprovider work openai",
			json:      `{"handler":"aiclient2api","open":true,"providers":[{"name":"work","kind":{"kind":"openai"},"accounts":[{"name":"1"}]}]}`,
			different: true,
		},
		{
			name:      "defaults written out",
			block:     "open\nprovider openai",
			json:      `{"handler":"aiclient2api","open":true,"providers":[{"name":"openai","accounts":[{"name":"1","api_key":"{env.OPENAI_API_KEY}","upstream":"https://api.openai.com/v1"}]}]}`,
			different: true,
		},
		{
			name: "all members",
			block: `key alice 12345678 abcdefgh {
				models a b
			}
			provider work openai_compatible {
				api_key k1 k2
				upstream http://a.invalid/v1
				account extra {
					api_key k3
					models c
				}
				models a b
				formats chat
				optional
				max_fails 2
			}
			provider echo {
				repeat 2
				account 1 {
					delay 1s
				}
			}
			model a work/x echo
			default echo
			max_body 1KiB
			strict
			debug_headers`,
			json: `{"handler":"aiclient2api",
				"keys":[{"name":"alice","secrets":["12345678","abcdefgh"],"models":["a","b"]}],
				"providers":[
					{"name":"work","accounts":[
						{"name":"1","api_key":"k1","upstream":"http://a.invalid/v1"},
						{"name":"2","api_key":"k2","upstream":"http://a.invalid/v1"},
						{"name":"extra","api_key":"k3","upstream":"http://a.invalid/v1","models":["c"]}],
					 "models":["a","b"],"formats":["chat"],"optional":true,"kind":{"kind":"openai_compatible"},
					 "reverse_proxy":{"health_checks":{"passive":{"max_fails":2}}}},
					{"name":"echo","kind":{"kind":"echo","repeat":2},"accounts":[{"name":"1","kind":{"delay":1000000000}}]}],
				"models":[{"pattern":"a","targets":["work/x","echo"]}],
				"default":["echo"],"max_body":1024,"strict":true,"debug_headers":true}`,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			adapted := adaptBlock(t, tt.block)
			if same := reflect.DeepEqual(decode(t, adapted), decode(t, []byte(tt.json))); same == tt.different {
				t.Errorf("the same JSON: %t, want %t\nadapted: %s\nwritten: %s", same, !tt.different, adapted, tt.json)
			}
			got, want := identities(provisioned(t, adapted)), identities(provisioned(t, []byte(tt.json)))
			if !reflect.DeepEqual(got, want) || len(want) == 0 {
				t.Errorf("accounts differ: %q adapted, %q written", got, want)
			}
		})
	}
}

// TestAccountUndoesTheProvidersWord: an account's options are laid over the
// provider's, so the zero that undoes a word must not get lost on the way.
func TestAccountUndoesTheProvidersWord(t *testing.T) {
	h := strictHandler(t, adaptBlock(t, "open\nprovider echo {\ndelay 1s\nrepeat 3\naccount quick {\ndelay 0s\n}\n}"))
	if raw := string(h.Providers[0].Accounts[0].KindRaw); raw != `{"delay":null}` {
		t.Errorf("the account's options are %q: they do not undo the provider's delay", raw)
	}
}

// refused adapts a block that is wrong, see TestAdaptRefuses.
func refused(t *testing.T, block string, want ...string) {
	t.Helper()
	says := func(word string) bool {
		return strings.HasPrefix(block, word) || strings.Contains(block, "\n"+word)
	}
	if !says("open") && !says("key") {
		block = "open\n" + block
	}
	if !says("provider") {
		block += "\nprovider echo"
	}
	refusedSite(t, "aiclient2api {\n"+block+"\n}", want...)
}

// refusedSite adapts a site that is wrong, and looks for the line that is
// marked.
func refusedSite(t *testing.T, site string, want ...string) {
	t.Helper()
	text := ":8080 {\n" + site + "\n}\n"
	line := 2
	if before, _, marked := strings.Cut(text, "#!"); marked {
		line = 1 + strings.Count(before, "\n")
	}
	_, _, err := adaptFile(text)
	wantError(t, err, append(want, fmt.Sprintf("Caddyfile:%d", line))...)
}

// wantError looks for what an error must say. Whole numbers only: a line 1 is
// not a line 12.
func wantError(t *testing.T, err error, want ...string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, want one about %q", want)
	}
	for _, w := range want {
		_, after, found := strings.Cut(err.Error(), w)
		if !found || after != "" && w[len(w)-1] >= '0' && w[len(w)-1] <= '9' && after[0] >= '0' && after[0] <= '9' {
			t.Errorf("the error does not say %q:\n%v", w, err)
		}
	}
}
