package integration

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aiclient2api/caddy-aiclient2api/internal/caddytest"
)

// canaries are secrets that must be seen nowhere, by where they live. Each
// place has one of its own, so that one that is seen tells who leaked it.
var canaries = map[string]string{
	"client key in Authorization":        "canary-client-bearer-91f3",
	"client key in X-Api-Key":            "canary-client-xapikey-91f3",
	"client key in X-Goog-Api-Key":       "canary-client-goog-91f3",
	"client key in ?key=":                "canary-client-query-91f3",
	"client key in a subprotocol":        "canary-client-websocket-91f3",
	"wrong key in Authorization":         "canary-wrong-bearer-91f3",
	"wrong key in X-Api-Key":             "canary-wrong-xapikey-91f3",
	"wrong key in X-Goog-Api-Key":        "canary-wrong-goog-91f3",
	"wrong key in ?key=":                 "canary-wrong-query-91f3",
	"wrong key in a subprotocol":         "canary-wrong-websocket-91f3",
	"operator's key":                     "canary-operator-first-91f3",
	"operator's second key":              "canary-operator-second-91f3",
	"caller's own key for the provider":  "canary-caller-provider-91f3",
	"user and password in Authorization": "Y2FuYXJ5OmNhbmFyeS1iYXNpYy05MWYz",
}

// placing puts a secret into a request, in each place where clients put keys.
var placing = map[string]func(r *http.Request, secret string){
	"Authorization":  func(r *http.Request, s string) { r.Header.Set("Authorization", "Bearer "+s) },
	"X-Api-Key":      func(r *http.Request, s string) { r.Header.Set("X-Api-Key", s) },
	"X-Goog-Api-Key": func(r *http.Request, s string) { r.Header.Set("X-Goog-Api-Key", s) },
	"?key=":          func(r *http.Request, s string) { r.URL.RawQuery = "alt=sse&key=" + s },
	"a subprotocol": func(r *http.Request, s string) {
		r.Header.Set("Sec-WebSocket-Protocol", "realtime, openai-insecure-api-key."+s)
	},
}

// talkative is a provider that repeats the key that it got wherever it says
// something of its own. What it does is what the model is called.
func talkative(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	key := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
	words := errorBody("Incorrect API key provided: " + key)
	event := "data: " + words + "\n\n"
	if r.Method == http.MethodGet { // the list of models
		w.WriteHeader(http.StatusUnauthorized)
		io.WriteString(w, words)
		return
	}
	for _, status := range []int{400, 401, 402, 403, 404, 422, 429, 500, 503} {
		if bytes.Contains(body, fmt.Appendf(nil, `"model":"status-%d"`, status)) {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(status)
			io.WriteString(w, words)
			return
		}
	}
	switch {
	case bytes.Contains(body, []byte(`"model":"html"`)):
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(http.StatusBadGateway)
		io.WriteString(w, "<html>"+key+"</html>")
	case bytes.Contains(body, []byte(`"model":"text"`)):
		w.Header().Set("Content-Type", "text/plain")
		w.WriteHeader(http.StatusInternalServerError)
		io.WriteString(w, "no such key: "+key)
	case bytes.Contains(body, []byte(`"model":"inside"`)):
		w.Header().Set("Content-Type", "application/json")
		io.WriteString(w, words)
	case bytes.Contains(body, []byte(`"model":"first-event"`)):
		w.Header().Set("Content-Type", "text/event-stream")
		io.WriteString(w, event+doneEvent)
	case bytes.Contains(body, []byte(`"model":"later-event"`)):
		w.Header().Set("Content-Type", "text/event-stream")
		io.WriteString(w, roleEvent+wordEvent("one")+event+doneEvent)
	case bytes.Contains(body, []byte(`"model":"cut"`)):
		panic(http.ErrAbortHandler)
	case bytes.Contains(body, []byte(`"stream":true`)):
		w.Header().Set("Content-Type", "text/event-stream")
		io.WriteString(w, streamAnswer("fine"))
	default:
		w.Header().Set("Content-Type", "application/json")
		io.WriteString(w, wholeAnswer("fine"))
	}
}

// canaryGateway runs a gateway whose every secret is a canary, with all of
// Caddy's logs at their most talkative.
func canaryGateway(t *testing.T) (g *gateway, accessLog string) {
	t.Helper()
	d := newDouble(t)
	for _, key := range []string{"operator's key", "operator's second key", "caller's own key for the provider"} {
		d.set(canaries[key], talkative)
	}
	for name, secret := range canaries {
		t.Setenv(envOf(name), secret)
	}
	var keys strings.Builder
	for place := range placing {
		fmt.Fprintf(&keys, " {env.%s}", envOf("client key in "+place))
	}
	accessLog = filepath.Join(caddytest.StorageDir(t), "access.log")
	return run(t, setup{
		global: "debug",
		log:    "level DEBUG",
		site: `
			log {
				output file ` + accessLog + `
				format aiclient2api
			}
			respond /elsewhere 204`,
		directive: `
			key client` + keys.String() + `
			provider first openai {
				api_key {env.` + envOf("operator's key") + `}
				upstream ` + d.url + `
			}
			provider second openai {
				api_key {env.` + envOf("operator's second key") + `}
				upstream ` + d.url + `
			}
			provider own openai {
				api_key {http.request.header.X-Provider-Key}
				upstream ` + d.url + `
				verbose_logs
			}
			model chained first/status-429 second/status-500
			default first
			debug_headers`,
	}), accessLog
}

// envOf is the environment variable that holds a canary.
func envOf(name string) string {
	return "CANARY_" + strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' {
			return r
		}
		return '_'
	}, name)
}

// No log line, no answer and no adapted configuration tells a secret, at the
// most talkative level and whatever goes wrong.
func TestSecretsAreSeenNowhere(t *testing.T) {
	g, accessLog := canaryGateway(t)
	client := g.client(t)
	seen := func(t *testing.T, where, text string) {
		t.Helper()
		for name, secret := range canaries {
			if name == "caller's own key for the provider" && where == "the access log" {
				// X-Provider-Key is a header of the operator's own choice.
				// Caddy's access log prints all headers, and our log format
				// hides those that it can know: whoever takes keys in
				// another one hides it there too.
				continue
			}
			if at := strings.Index(text, secret); at >= 0 {
				t.Errorf("the %s is seen in %s: %q", name, where, clipped(text, at))
			}
		}
	}
	seen(t, "the adapted configuration", string(g.json))

	asked := 0
	ask := func(t *testing.T, r *http.Request, want int) {
		t.Helper()
		asked++
		got := do(t, client, r)
		if got.status != want {
			t.Errorf("status is %d, want %d: %s", got.status, want, got.body)
		}
		var header strings.Builder
		_ = got.header.Write(&header)
		seen(t, "the headers of an answer", header.String())
		seen(t, "the body of an answer", got.body)
	}
	request := func(t *testing.T, model string, stream bool) *http.Request {
		t.Helper()
		body := strings.Replace(plainBody, "gpt-test", model, 1)
		if stream {
			body = strings.Replace(streamBody, "gpt-test", model, 1)
		}
		r := g.chat(t, body)
		placing["Authorization"](r, canaries["client key in Authorization"])
		return r
	}

	for place, put := range placing {
		for name, ok := range map[string]bool{"client key in " + place: true, "wrong key in " + place: false} {
			t.Run(name, func(t *testing.T) {
				for _, tt := range []struct {
					path, model   string
					right, wrong  int
					stream, other bool // other: beside a client key that is right
				}{
					{model: "gpt-test", right: 200, wrong: 401},
					{model: "gpt-test", right: 200, wrong: 401, stream: true},
					{model: "status-500", right: 500, wrong: 401},
					{model: "status-500", right: 500, wrong: 500, other: true},
					{path: "/elsewhere", model: "gpt-test", right: 204, wrong: 204},
				} {
					r := request(t, tt.model, tt.stream)
					if tt.path != "" {
						r.URL.Path = tt.path
					}
					if tt.other && place == "Authorization" {
						continue // there is one only
					}
					if !tt.other {
						r.Header.Del("Authorization")
					}
					put(r, canaries[name])
					if ok {
						ask(t, r, tt.right)
					} else {
						ask(t, r, tt.wrong)
					}
				}
			})
		}
	}
	t.Run("user and password", func(t *testing.T) {
		r := request(t, "gpt-test", false)
		r.Header.Set("Authorization", "Basic "+canaries["user and password in Authorization"])
		ask(t, r, 401)
	})
	for _, tt := range []struct {
		model    string
		status   int // with the operator's key
		ownsKeys int // with the caller's
	}{
		{model: "fine", status: 200, ownsKeys: 200},
		{model: "status-400", status: 400, ownsKeys: 400},
		{model: "status-401", status: 502, ownsKeys: 401},
		{model: "status-402", status: 503, ownsKeys: 402},
		{model: "status-403", status: 502, ownsKeys: 403},
		{model: "status-404", status: 404, ownsKeys: 404},
		{model: "status-422", status: 422, ownsKeys: 422},
		{model: "status-429", status: 429, ownsKeys: 429},
		{model: "status-500", status: 500, ownsKeys: 500},
		{model: "status-503", status: 503, ownsKeys: 503},
		{model: "html", status: 502, ownsKeys: 502},
		{model: "text", status: 500, ownsKeys: 500},
		{model: "inside", status: 502, ownsKeys: 502},
		{model: "first-event", status: 502, ownsKeys: 502},
		{model: "later-event", status: 200, ownsKeys: 200},
		{model: "cut", status: 502, ownsKeys: 502},
		{model: "chained", status: 429, ownsKeys: 200},
	} {
		t.Run(tt.model, func(t *testing.T) {
			ask(t, request(t, tt.model, false), tt.status)
			ask(t, request(t, tt.model, true), tt.status)
			r := request(t, tt.model, true)
			r.Header.Set("X-Provider-Key", canaries["caller's own key for the provider"])
			r.Header.Set("Model-Provider", "own")
			ask(t, r, tt.ownsKeys)
		})
	}
	t.Run("models", func(t *testing.T) {
		r := request(t, "", false)
		r.Method, r.URL.Path, r.Body, r.ContentLength = http.MethodGet, "/v1/models", nil, 0
		ask(t, r, 200)
	})
	t.Run("a caller without a key of its own", func(t *testing.T) {
		r := request(t, "own/fine", false)
		ask(t, r, 401)
	})

	// the logs, when the last request is in them; a part of each that must
	// be there shows that it was looked at
	read := func(file string) string {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	eventually(t, "each request is in the access log", func() bool {
		return strings.Count(read(accessLog), `"status":`) >= asked
	})
	access, log := read(accessLog), read(g.logFile())
	for _, tt := range []struct{ where, text, part string }{
		{where: "the access log", text: access, part: `"aiclient2api":{`},
		{where: "the default log", text: log, part: `"level":"debug"`},
		{where: "the default log", text: log, part: `"attempt failed"`},
	} {
		if !strings.Contains(tt.text, tt.part) {
			t.Errorf("%s has no %s: the test does not test", tt.where, tt.part)
		}
		seen(t, tt.where, tt.text)
	}
}

// Our log format may stand inside another filter of the operator's, which is
// the natural way to hide one field more. It must still hide what it hides.
func TestLogFormatHidesKeysInsideAnotherFilter(t *testing.T) {
	accessLog := filepath.Join(caddytest.StorageDir(t), "access.log")
	g := run(t, setup{
		site: `
			log {
				output file ` + accessLog + `
				format filter {
					wrap aiclient2api
					fields {
						request>headers>User-Agent delete
					}
				}
			}`,
		directive: "key client " + clientKey + "\nprovider echo",
	})
	client := g.client(t)
	for place, put := range placing {
		r := g.chat(t, strings.Replace(plainBody, "gpt-test", "echo", 1))
		r.Header.Del("Authorization")
		put(r, clientKey)
		if got := do(t, client, r); got.status != http.StatusOK {
			t.Errorf("key in %s: status is %d: %s", place, got.status, got.body)
		}
	}
	eventually(t, "each request is in the access log", func() bool { return len(entries(t, accessLog)) == len(placing) })
	text, err := os.ReadFile(accessLog)
	if err != nil {
		t.Fatal(err)
	}
	if at := strings.Index(string(text), clientKey); at >= 0 {
		t.Errorf("the access log tells the client's key: %q", clipped(string(text), at))
	}
}
