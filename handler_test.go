package aiclient2api_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/aiclient2api/caddy-aiclient2api/internal/caddytest"
)

// site is a Caddy with our handler, before a handler that answers 418.
type site struct {
	url string
	log *logBuffer
}

// serve serves a handler's block until the end of the test.
func serve(t *testing.T, block string) *site {
	t.Helper()
	port := strconv.Itoa(caddytest.FreePort(t))
	s := &site{url: "http://127.0.0.1:" + port}
	s.log = mustLoad(t, string(mustAdapt(t, fmt.Sprintf(
		"{\nauto_https off\n}\nhttp://127.0.0.1:%s {\nbind 127.0.0.1\nheader >X-Facts %q\naiclient2api {\n%s\n}\nrespond \"not ours\" 418\n}\n",
		port, facts, block))))
	answer(t, nil, http.MethodGet, s.url+"/health", "")
	return s
}

// facts are the placeholders, which a header shows.
const facts = "{http.aiclient2api.key}|{http.aiclient2api.model}|{http.aiclient2api.provider}|{http.aiclient2api.account}|" +
	"{http.aiclient2api.upstream_model}|{http.aiclient2api.format}|{http.aiclient2api.attempts}"

// reply is an answer as a client sees it.
type reply struct {
	status int
	header http.Header
	body   string
}

// ask sends a request with headers given as name, value, name, value …
func (s *site) ask(t *testing.T, method, path, body string, headers ...string) reply {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, s.url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: deadline}
	res, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	got, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return reply{res.StatusCode, res.Header, string(got)}
}

// vendor is a provider's API that counts what it is asked.
type vendor struct {
	*httptest.Server
	asked atomic.Int32
}

func newVendor(t *testing.T, f http.HandlerFunc) *vendor {
	t.Helper()
	v := new(vendor)
	v.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v.asked.Add(1)
		w.Header().Set("Content-Type", "application/json")
		f(w, r)
	}))
	t.Cleanup(v.Close)
	return v
}

const hello = `{"model":"echo","messages":[{"role":"user","content":"hello"}]}`

// Each fault of a request has its status and OpenAI's shape, and never
// reaches a provider.
func TestFaultsOfARequest(t *testing.T) {
	s := serve(t, "key alice alice-secret {\nmodels echo gpt-*\n}\nkey bob bob-secret-1\nmax_body 200\nprovider echo\nprovider gone openai {\napi_key {env.UNSET_FOR_THIS_TEST}\noptional\n}\nmodel left gone\nmodel chain gone echo")
	const bob = "Bearer bob-secret-1"
	for _, tc := range []struct {
		name, method, path, body string
		headers                  []string
		status                   int
		says, code, param        string
	}{
		{name: "no key", path: "/v1/chat/completions", body: hello, status: 401, says: "no valid API key", code: "invalid_api_key"},
		{name: "wrong key", path: "/v1/chat/completions", body: hello, headers: []string{"Authorization", "Bearer nobody's"}, status: 401, code: "invalid_api_key"},
		{name: "no key for the list", method: "GET", path: "/v1/models", status: 401, code: "invalid_api_key"},
		{name: "wrong method", method: "GET", path: "/v1/chat/completions", status: 405, says: "POST"},
		{name: "wrong method for the list", method: "DELETE", path: "/v1/models", status: 405, says: "GET, HEAD"},
		{name: "not JSON", path: "/v1/chat/completions", body: "hello", headers: []string{"Authorization", bob}, status: 400, says: "could not be read"},
		{name: "no body", path: "/v1/chat/completions", headers: []string{"Authorization", bob}, status: 400, says: "could not be read"},
		{name: "no model", path: "/v1/chat/completions", body: `{"messages":[]}`, headers: []string{"Authorization", bob}, status: 400, says: "'model'", param: "model"},
		{name: "empty model", path: "/v1/chat/completions", body: `{"model":""}`, headers: []string{"Authorization", bob}, status: 400, says: "'model'", param: "model"},
		{name: "model twice", path: "/v1/chat/completions", body: `{"model":"a","model":"b"}`, headers: []string{"Authorization", bob}, status: 400, says: "twice", param: "model"},
		{name: "too large", path: "/v1/chat/completions", body: strings.Repeat(" ", 201), headers: []string{"Authorization", bob}, status: 413, says: "200 bytes", code: "request_too_large"},
		{name: "not allowed to the key", path: "/v1/chat/completions", body: `{"model":"left"}`, headers: []string{"X-Api-Key", "alice-secret"}, status: 404, code: "model_not_found", param: "model"},
		{name: "not allowed by a pin", path: "/echo/v1/chat/completions", body: hello, headers: []string{"X-Api-Key", "alice-secret"}, status: 404, code: "model_not_found", param: "model"},
		{name: "unknown pin in the header", path: "/v1/chat/completions", body: hello, headers: []string{"Authorization", bob, "Model-Provider", "nobody"}, status: 404, says: `"nobody"`, code: "provider_not_found"},
		{name: "provider was left out", path: "/v1/chat/completions", body: `{"model":"left"}`, headers: []string{"Authorization", bob}, status: 503, says: "provider gone", code: "provider_not_configured"},
		{name: "operation is not offered", path: "/v1/embeddings", body: `{"model":"echo","input":"x"}`, headers: []string{"Authorization", bob}, status: 400, says: "embeddings", code: "unsupported_operation", param: "model"},
		{name: "no such model in the list", method: "GET", path: "/v1/models/nothing", headers: []string{"Authorization", bob}, status: 404, code: "model_not_found", param: "model"},
		{name: "the provider says so", path: "/v1/chat/completions", body: `{"model":"echo"}`, headers: []string{"Authorization", bob}, status: 400, says: "'messages'", param: "messages"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if tc.method == "" {
				tc.method = http.MethodPost
			}
			got := s.ask(t, tc.method, tc.path, tc.body, tc.headers...)
			var body struct {
				Error *struct {
					Message, Type string
					Param, Code   *string
				}
				RequestID string `json:"request_id"`
			}
			if err := json.Unmarshal([]byte(got.body), &body); err != nil || body.Error == nil || body.Error.Type == "" {
				t.Fatalf("%d %s: not OpenAI's shape", got.status, got.body)
			}
			text := func(s *string) string {
				if s == nil {
					return ""
				}
				return *s
			}
			if got.status != tc.status || !strings.Contains(body.Error.Message, tc.says) || text(body.Error.Code) != tc.code || text(body.Error.Param) != tc.param {
				t.Errorf("got %d %s", got.status, got.body)
			}
			id := got.header.Get("Aiclient2api-Request-Id")
			if !regexp.MustCompile(`^[0-9a-f-]{36}$`).MatchString(id) || body.RequestID != id && body.RequestID != "" {
				t.Errorf("request id %q, in the body %q", id, body.RequestID)
			}
			if tc.status == 405 && got.header.Get("Allow") != tc.says {
				t.Errorf("Allow: %q", got.header.Get("Allow"))
			}
		})
	}
	// a chain goes on past what was left out
	if got := s.ask(t, "POST", "/v1/chat/completions", `{"model":"chain","messages":[{"role":"user","content":"hi"}]}`, "Authorization", bob); got.status != 200 {
		t.Errorf("the chain's second target: %d %s", got.status, got.body)
	}
}

// A page that a user visits can post to the gateway on the user's machine,
// without a key and without being asked: it must not spend its accounts.
func TestPagesOfOtherSites(t *testing.T) {
	open := serve(t, "open\nprovider echo")
	for _, tc := range []struct {
		from, kind string
		status     int
	}{
		{"cross-site", "text/plain", 403},
		{"cross-site", "", 403},
		{"same-site", "application/x-www-form-urlencoded", 403},
		{"cross-site", "application/json; charset=utf-8", 200}, // the browser has asked
		{"same-origin", "text/plain", 200},
		{"none", "text/plain", 200},
		{"", "application/x-www-form-urlencoded", 200}, // curl
	} {
		got := open.ask(t, "POST", "/v1/chat/completions", hello, "Sec-Fetch-Site", tc.from, "Content-Type", tc.kind)
		if got.status != tc.status {
			t.Errorf("%q, %q: %d %s", tc.from, tc.kind, got.status, got.body)
		}
	}
	keyed := serve(t, "key a a-secret-key\nprovider echo")
	if got := keyed.ask(t, "POST", "/v1/chat/completions", hello, "Sec-Fetch-Site", "cross-site", "Authorization", "Bearer a-secret-key"); got.status != 200 {
		t.Errorf("with a key: %d %s", got.status, got.body)
	}
}

func TestWhatIsNotOursGoesOn(t *testing.T) {
	s := serve(t, "key a a-secret-key\nprovider echo")
	for _, path := range []string{"/", "/index.html", "/v1/files", "/v2/chat/completions", "/nobody/v1/models"} {
		if got := s.ask(t, "GET", path, "", "Authorization", "Bearer other"); got.status != 418 || got.header.Get("Aiclient2api-Request-Id") != "" {
			t.Errorf("%s: %d %s", path, got.status, got.body)
		}
	}
}

func TestFactsAndDebugHeaders(t *testing.T) {
	v := newVendor(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Ratelimit-Remaining-Requests", "7")
		w.Header().Set("X-Request-Id", "req_1")
		w.Header().Set("Set-Cookie", "a=b")
		body, _ := io.ReadAll(r.Body)
		fmt.Fprintf(w, `{"choices":[{}],"asked":%s}`, body)
	})
	block := "key alice alice-secret\nprovider first openai {\napi_key k1\nupstream http://127.0.0.1:1/v1\n}\nprovider second openai {\napi_key k2\nupstream " + v.URL + "/v1\n}\nmodel smart first second/gpt-4o\n"
	s := serve(t, block)
	got := s.ask(t, "POST", "/v1/chat/completions", `{"model":"smart","x":[1]}`, "Authorization", "Bearer alice-secret")
	if got.status != 200 || got.body != `{"choices":[{}],"asked":{"model":"gpt-4o","x":[1]}}` {
		t.Fatalf("%d %s", got.status, got.body)
	}
	if f := got.header.Get("X-Facts"); f != "alice|smart|second|1|gpt-4o|chat|2" {
		t.Errorf("facts %q", f)
	}
	for _, name := range []string{"Aiclient2api-Provider", "X-Ratelimit-Remaining-Requests", "Set-Cookie"} {
		if v := got.header.Get(name); v != "" {
			t.Errorf("%s: %q", name, v)
		}
	}
	if got.header.Get("X-Request-Id") != "req_1" {
		t.Error("the provider's request id is lost")
	}

	// another account than the one that the first part has seen fail
	s = serve(t, strings.Replace(block, "k1", "k3", 1)+"debug_headers")
	got = s.ask(t, "POST", "/v1/chat/completions", `{"model":"smart"}`, "Authorization", "Bearer alice-secret")
	for name, want := range map[string]string{
		"Aiclient2api-Provider": "second", "Aiclient2api-Account": "1", "Aiclient2api-Attempts": "2",
		"Aiclient2api-Failed":            "first/1 unreachable",
		"X-Ratelimit-Remaining-Requests": "7", "Set-Cookie": "",
	} {
		if v := got.header.Get(name); v != want {
			t.Errorf("with debug headers: %s: %q", name, v)
		}
	}
}

// A credential that the caller brings along is the caller's: without it nobody
// is asked, and what the provider says of it comes down as it is.
func TestTheCallersOwnCredential(t *testing.T) {
	v := newVendor(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer sk-good" {
			w.WriteHeader(http.StatusUnauthorized)
			_, _ = io.WriteString(w, `{"error":{"message":"bad key","type":"t","param":null,"code":"invalid_api_key"}}`)
			return
		}
		_, _ = io.WriteString(w, `{"choices":[{}]}`)
	})
	s := serve(t, "open\nprovider openai {\napi_key {http.request.header.Authorization}\nupstream "+v.URL+"/v1\n}\nprovider echo\ndefault openai echo")
	if got := s.ask(t, "POST", "/v1/chat/completions", `{"model":"m"}`, "Authorization", "Bearer sk-good"); got.status != 200 {
		t.Errorf("good: %d %s", got.status, got.body)
	}
	got := s.ask(t, "POST", "/v1/chat/completions", `{"model":"m"}`, "Authorization", "Bearer sk-bad")
	if got.status != 401 || got.body != `{"error":{"message":"bad key","type":"t","param":null,"code":"invalid_api_key"}}` {
		t.Errorf("bad: %d %s", got.status, got.body)
	}
	asked := v.asked.Load()
	s = serve(t, "open\nprovider openai {\napi_key {http.request.header.Authorization}\nupstream "+v.URL+"/v1\n}")
	if got = s.ask(t, "POST", "/v1/chat/completions", `{"model":"m"}`); got.status != 401 || !strings.Contains(got.body, "missing_provider_credential") {
		t.Errorf("none: %d %s", got.status, got.body)
	}
	if got = s.ask(t, "GET", "/v1/models", ""); got.status != 200 || got.body != `{"object":"list","data":[]}` {
		t.Errorf("list: %d %s", got.status, got.body)
	}
	if n := v.asked.Load(); n != asked {
		t.Errorf("the provider was asked %d times without a credential", n-asked)
	}
}

// A provider's error in the client's own format comes down byte for byte.
func TestAnErrorComesDownAsItIs(t *testing.T) {
	const words = "{ \"error\" : {\"message\":\"slow\",\"type\":\"rate\",\"param\":null,\"code\":\"x\",\"more\":1} }\n"
	v := newVendor(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "7")
		w.Header().Set("Retry-After-Ms", "6500")
		w.WriteHeader(http.StatusTooManyRequests)
		_, _ = io.WriteString(w, words)
	})
	s := serve(t, "open\nprovider openai {\napi_key k\nupstream "+v.URL+"/v1\n}")
	got := s.ask(t, "POST", "/v1/chat/completions", `{"model":"m"}`)
	if got.status != 429 || got.body != words || got.header.Get("Retry-After") != "7" || got.header.Get("Retry-After-Ms") != "6500" || got.header.Get("X-Should-Retry") != "" {
		t.Errorf("%d %s %v", got.status, got.body, got.header)
	}
}

// The other operations go the same way, to providers that offer them.
func TestOtherOperations(t *testing.T) {
	v := newVendor(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		_, _ = fmt.Fprintf(w, `{"data":[1],"path":%q,"body":%s}`, r.URL.Path, body)
	})
	s := serve(t, "open\nprovider openai {\napi_key k\nupstream "+v.URL+"/v1\nformats chat\n}")
	for path, body := range map[string]string{
		"/v1/completions": `{"model":"m","prompt":"x"}`,
		"/v1/embeddings":  `{"model":"m","input":[1,2]}`,
		"/v1/moderations": `{"input":"x"}`, // its protocol does not require a model
	} {
		got := s.ask(t, "POST", path, body)
		if want := fmt.Sprintf(`{"data":[1],"path":%q,"body":%s}`, path, body); got.status != 200 || got.body != want {
			t.Errorf("%s: %d %s", path, got.status, got.body)
		}
	}
}

// What a provider keeps of an earlier response is asked of who keeps some.
func TestStoredResponses(t *testing.T) {
	v := newVendor(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = fmt.Fprintf(w, `{"asked":"%s %s"}`, r.Method, r.URL.RequestURI())
	})
	const openai = "provider %s openai {\napi_key k\nupstream %s/v1\n}\n"
	one := serve(t, "open\nprovider echo\n"+fmt.Sprintf(openai, "a", v.URL))
	for asked, want := range map[string]string{
		"GET /v1/responses/resp_1?include[]=x&key=1":   `{"asked":"GET /v1/responses/resp_1?include%5B%5D=x"}`,
		"DELETE /v1/responses/resp_1":                  `{"asked":"DELETE /v1/responses/resp_1"}`,
		"POST /a/v1/responses/resp_1/cancel":           `{"asked":"POST /v1/responses/resp_1/cancel"}`,
		"GET /v1/responses/resp_1/input_items?limit=2": `{"asked":"GET /v1/responses/resp_1/input_items?limit=2"}`,
		"POST /v1/responses/resp_1":                    "this path takes GET, DELETE",
		"GET /echo/v1/responses/resp_1":                "no provider that keeps responses",
	} {
		method, path, _ := strings.Cut(asked, " ")
		if got := one.ask(t, method, path, ""); !strings.Contains(got.body, want) {
			t.Errorf("%s: %d %s", asked, got.status, got.body)
		}
	}
	two := serve(t, "open\n"+fmt.Sprintf(openai, "a", v.URL)+fmt.Sprintf(openai, "b", v.URL))
	if got := two.ask(t, "GET", "/v1/responses/resp_1", ""); got.status != 400 || !strings.Contains(got.body, "provider_required") {
		t.Errorf("%d %s", got.status, got.body)
	}
	if got := two.ask(t, "GET", "/b/v1/responses/resp_1", ""); got.status != 200 {
		t.Errorf("%d %s", got.status, got.body)
	}
	restricted := serve(t, "key k secret-of-a-client {\nmodels gpt-*\n}\n"+fmt.Sprintf(openai, "a", v.URL))
	if got := restricted.ask(t, "GET", "/v1/responses/resp_1", "", "Authorization", "Bearer secret-of-a-client"); got.status != 404 {
		t.Errorf("%d %s", got.status, got.body)
	}
}

func TestHealth(t *testing.T) {
	s := serve(t, "key a a-secret-key\nprovider echo\nprovider openai {\napi_key k\nupstream http://127.0.0.1:1/v1\nmax_fails 1\nfail_duration 1m\n}\nprovider gone openai {\napi_key {env.UNSET_FOR_THIS_TEST}\noptional\n}")
	health := func(path string, status int, want string) {
		t.Helper()
		got := s.ask(t, "GET", path, "")
		var body struct {
			Status, Timestamp string
			Providers         map[string]struct{ Status string }
		}
		if err := json.Unmarshal([]byte(got.body), &body); err != nil || body.Timestamp == "" {
			t.Fatalf("%s", got.body)
		}
		have := fmt.Sprintf("%s echo:%s openai:%s %d", body.Status, body.Providers["echo"].Status, body.Providers["openai"].Status, len(body.Providers))
		if got.status != status || have != want {
			t.Errorf("%s: %d %s, want %d %s", path, got.status, have, status, want)
		}
	}
	health("/health", 200, "healthy echo:healthy openai:healthy 2")
	s.ask(t, "POST", "/openai/v1/chat/completions", `{"model":"m"}`, "Authorization", "Bearer a-secret-key")
	health("/health", 200, "degraded echo:healthy openai:unhealthy 2")
	health("/health?ready", 200, "degraded echo:healthy openai:unhealthy 2")

	s = serve(t, "open\nprovider openai {\napi_key k2\nupstream http://127.0.0.1:1/v1\nmax_fails 1\nfail_duration 1m\n}")
	s.ask(t, "POST", "/v1/chat/completions", `{"model":"m"}`)
	if got := s.ask(t, "GET", "/health", ""); got.status != 200 || !strings.Contains(got.body, `"status":"unhealthy"`) {
		t.Errorf("a liveness probe: %d %s", got.status, got.body)
	}
	if got := s.ask(t, "GET", "/health?ready", ""); got.status != 503 {
		t.Errorf("a readiness probe: %d %s", got.status, got.body)
	}
	// nobody is asked when no account may be
	if got := s.ask(t, "POST", "/v1/chat/completions", `{"model":"m"}`); got.status != 503 || !strings.Contains(got.body, "no_account_available") {
		t.Errorf("no account: %d %s", got.status, got.body)
	}
}
