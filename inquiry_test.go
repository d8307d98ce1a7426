package aiclient2api_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	aiclient2api "github.com/aiclient2api/caddy-aiclient2api"
)

// A test asks a model as a client would, needs no key, and tells who answered
// and whom it asked before.
func TestInquiry(t *testing.T) {
	v := repeating(t)
	a := administer(t, accountsBlock(v, `
		provider echo
		provider bad openai {
			api_key `+refusedKey+`
			upstream `+v.URL+`
		}
		provider own openai {
			api_key {http.request.header.X-Own-Key}
			upstream `+v.URL+`
		}
		provider mute anthropic {
			api_key `+fineKey+`
			upstream http://127.0.0.1:1
		}
		model alias openai/gpt-4o`))
	for _, tt := range []struct {
		name, body string
		want       map[string]string
	}{
		{name: "answered after failover", body: `{"model":"alias","message":"Hi"}`, want: map[string]string{
			"ok": "true", "handler": "127.0.0.1 (127.0.0.1:" + a.ports[0] + ")", "model": "alias", "provider": "openai", "account": "fine", "upstream_model": "gpt-4o",
			"format": "chat", "stream": "false", "status": "200", "text": "fine", "usage": `{"input_tokens":7,"output_tokens":3}`,
			"attempts.#.account": `["refused","limited","fine"]`, "attempts.#.class": `["credential","rate_limit","answered"]`, "error": "",
		}},
		{name: "streamed", body: `{"model":"gpt-4o","stream":true}`, want: map[string]string{
			"ok": "true", "account": "fine", "stream": "true", "text": "fine", "usage": `{"input_tokens":7,"output_tokens":3,"cached_tokens":5}`,
		}},
		{name: "translated", body: `{"model":"echo","message":"Grüße \"🌍\""}`, want: map[string]string{
			"ok": "true", "provider": "echo", "account": "1", "text": `Grüße "🌍"`,
		}},
		{name: "refused", body: `{"model":"bad/x"}`, want: map[string]string{
			"ok": "false", "provider": "bad", "status": "502", "attempts.#.class": `["credential"]`, "error.status": "502", "text": "",
		}},
		{name: "unreachable", body: `{"model":"mute/x"}`, want: map[string]string{
			"ok": "false", "status": "502", "attempts.#.class": `["unreachable"]`, "error.message": `provider "mute" did not answer: connection refused`,
		}},
		{name: "wants a caller's key", body: `{"model":"own/x"}`, want: map[string]string{
			"ok": "false", "status": "401", "attempts": "[]", "error.code": "missing_provider_credential",
		}},
		{name: "breaks off", body: `{"model":"breaks","stream":true,"handler":"0"}`, want: map[string]string{"ok": "false", "status": "404"}},
		{name: "stream that breaks off", body: `{"model":"openai/breaks","stream":true}`, want: map[string]string{
			"ok": "false", "status": "200", "text": "fine", "attempts.#.class": `["rate_limit","broken_answer"]`, "error.status": "200",
		}},
		{name: "too long", body: `{"model":"openai/huge"}`, want: map[string]string{
			"ok": "false", "error.message": "the answer has more than 4194304 bytes", "error.status": "502", "text": "",
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			status, got := a.do(t, http.MethodPost, "/aiclient2api/test", tt.body)
			if status != http.StatusOK {
				t.Fatalf("status is %d: %s", status, got)
			}
			for path, want := range tt.want {
				if found := got.Get(path); found.String() != want {
					t.Errorf("%s is %s, want %s in %.600s", path, found, want, got)
				}
			}
		})
	}
	if status, _ := answer(t, nil, http.MethodPost, a.site(0)+"/v1/chat/completions", `{"model":"gpt-4o","messages":[]}`); status != http.StatusUnauthorized {
		t.Errorf("a client without a key gets %d", status)
	}
	status, got := a.do(t, http.MethodPost, "/aiclient2api/test", `{"model":"claude"}`)
	if status != http.StatusNotFound || !strings.Contains(got.String(), `no handler knows the model`) {
		t.Errorf("a model that nothing claims: %d %s", status, got)
	}
}

// Of several handlers the first that knows the model is asked, or the one that
// is named.
func TestInquiryChoosesTheHandler(t *testing.T) {
	a := administer(t,
		"open\nprovider one echo {\nmodels one-*\n}\nprovider other echo {\nmodels none\n}",
		"open\nprovider two echo {\nmodels one-* two-*\n}\nprovider other echo {\nmodels none\n}")
	for _, tt := range []struct{ model, handler, provider string }{
		{model: "one-a", provider: "one"},
		{model: "two-a", provider: "two"},
		{model: "one-a", handler: "1", provider: "two"},
		{model: "one-a", handler: "127.0.0.1:" + a.ports[1], provider: "two"},
		{model: "one-a", handler: "127.0.0.1:" + a.ports[0], provider: "one"},
	} {
		_, got := a.do(t, http.MethodPost, "/aiclient2api/test", fmt.Sprintf(`{"model":%q,"handler":%q}`, tt.model, tt.handler))
		if found := got.Get("provider").String(); found != tt.provider {
			t.Errorf("%+v is answered by %q: %s", tt, found, got)
		}
	}
}

// An error that comes after the stream's answer was begun is one.
func TestInquiryOfACommittedStream(t *testing.T) {
	arrived, proceed := make(chan struct{}), make(chan struct{})
	slow := newVendor(t, func(w http.ResponseWriter, r *http.Request) {
		close(arrived)
		<-proceed
		w.WriteHeader(http.StatusInternalServerError)
		_, _ = io.WriteString(w, `{"error":{"message":"too late"}}`)
	})
	a := administer(t, "open\ncommit_after 1ms\nprovider openai {\napi_key "+fineKey+"\nupstream "+slow.URL+"\n}")
	go func() {
		<-arrived
		time.Sleep(50 * time.Millisecond) // the answer is begun meanwhile
		close(proceed)
	}()
	_, got := a.do(t, http.MethodPost, "/aiclient2api/test", `{"model":"gpt-4o","stream":true}`)
	if got.Get("ok").Bool() || got.Get("status").Int() != http.StatusOK || got.Get("error.message").String() != "too late" {
		t.Errorf("the answer is %s", got)
	}
}

// Handlers are found wherever Caddy's own routes hold them.
func TestInquiryFindsHandlers(t *testing.T) {
	a := administer(t, "open\nprovider echo")
	handler := func(name string) string {
		return "aiclient2api {\nopen\nprovider " + name + " echo {\nmodels " + name + "\n}\nprovider other echo {\nmodels none\n}\n}\n"
	}
	a.loadFile(t, "{\nauto_https off\n}\n"+
		"&(shared) {\n"+handler("invoked")+"}\n"+
		"http://one.localhost:"+a.ports[0]+" {\nbind 127.0.0.1\ninvoke /shared/* shared\nhandle_path /ai/* {\n"+handler("mounted")+"}\nhandle {\nerror 404\n}\n"+
		"handle_errors {\n"+handler("errors")+"}\n}\n"+
		"http://two.localhost:"+a.ports[0]+" {\nbind 127.0.0.1\n"+handler("second")+"}\n")
	for model, handler := range map[string]string{
		"invoked": "127.0.0.1:", "mounted": "one.localhost (127.0.0.1:", "errors": "one.localhost (127.0.0.1:", "second": "two.localhost (127.0.0.1:",
	} {
		_, got := a.do(t, http.MethodPost, "/aiclient2api/test", fmt.Sprintf(`{"model":%q}`, model))
		if !got.Get("ok").Bool() || !strings.HasPrefix(got.Get("handler").String(), handler) {
			t.Errorf("%s: %s", model, got)
		}
	}
	_, got := a.do(t, http.MethodPost, "/aiclient2api/test", `{"model":"second","handler":"two.localhost"}`)
	if got.Get("provider").String() != "second" {
		t.Errorf("by its host: %s", got)
	}
}

// A test is over when its time is.
func TestInquiryIsBoundedInTime(t *testing.T) {
	aiclient2api.SetInquiryTime(t, 50*time.Millisecond)
	hangs := newVendor(t, func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		select {
		case <-r.Context().Done():
		case <-time.After(deadline):
		}
	})
	a := administer(t, "open\nprovider openai {\napi_key "+fineKey+"\nupstream "+hangs.URL+"\n}")
	_, got := a.do(t, http.MethodPost, "/aiclient2api/test", `{"model":"gpt-4o"}`)
	if got.Get("ok").Bool() || got.Get("error.status").Int() != http.StatusGatewayTimeout {
		t.Errorf("the answer is %s", got)
	}
	if state := a.account(t, "openai", "1"); state.Get("state").String() != "ready" || state.Get("in_flight").Int() != 0 {
		t.Errorf("an operator's impatience counts against the account: %s", state)
	}
}
