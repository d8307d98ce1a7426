package aiclient2api_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

// Secrets that nothing may tell. Those of accounts begin with the status that
// the vendor answers.
const (
	fineKey    = "200-canary-fine-77aa01"
	refusedKey = "401-canary-refused-77aa02"
	limitedKey = "429-canary-limited-77aa03"
	queryKey   = "canary-query-77aa04"
)

// accountsBlock has an account of each kind, of which the policy asks the first first.
func accountsBlock(v *vendor, more string) string {
	return fmt.Sprintf(`
		key client %s
		provider openai {
			account refused {
				api_key %s
				upstream %s?token=%s
			}
			account limited {
				api_key %s
				upstream %[3]s
			}
			account fine {
				api_key %[6]s
				upstream %[3]s
			}
			models gpt-* named
			lb_policy first
		}
		%[7]s`, adminClientKey, refusedKey, v.URL, queryKey, limitedKey, fineKey, more)
}

// The list tells of each account whether it may be asked, why not and until
// when, and no secret.
func TestAdminProviders(t *testing.T) {
	v := repeating(t)
	a := administer(t, accountsBlock(v, ""))
	if got := a.account(t, "openai", "refused").Get("state").String(); got != "ready" {
		t.Errorf("an account that was not asked yet is %s", got)
	}
	if status := a.chat(t, 0, "gpt-4o", false); status != http.StatusOK {
		t.Fatalf("status is %d", status)
	}

	refused := a.account(t, "openai", "refused")
	for path, want := range map[string]string{
		"upstream": v.URL, "state": "cooling", "reason": "credential", "stated": "false", "failures": "1", "in_flight": "0",
		"attempts": `{"credential":1}`, "last_error.class": "credential", "models": "[]",
	} {
		if got := refused.Get(path).String(); got != want {
			t.Errorf("refused: %s is %s, want %s", path, got, want)
		}
	}
	if refused.Get("id").String() == "" {
		t.Error("refused: there is no id")
	}
	limited := a.account(t, "openai", "limited")
	for path, want := range map[string]string{
		"state": "ready", "attempts": `{"rate_limit":1}`, "models.#": "1", "models.0.model": "gpt-4o",
		"models.0.state": "cooling", "models.0.reason": "rate_limit", "models.0.stated": "true",
	} {
		if got := limited.Get(path).String(); got != want {
			t.Errorf("limited: %s is %s, want %s", path, got, want)
		}
	}
	for name, at := range map[string]string{
		"until": refused.Get("until").String(), "last error": refused.Get("last_error.at").String(), "model": limited.Get("models.0.until").String(),
	} {
		if when, err := time.Parse(time.RFC3339, at); err != nil || time.Until(when).Abs() > time.Hour {
			t.Errorf("%s: %q is not the time that is meant: %v", name, at, err)
		}
	}
	if got := a.account(t, "openai", "fine").Get("attempts").String(); got != `{"answered":1}` {
		t.Errorf("fine: attempts are %s", got)
	}
}

// Whatever the vendor repeats, the admin API, the commands and the log tell no
// secret.
func TestAdminTellsNoSecret(t *testing.T) {
	v := repeating(t)
	a := administer(t, accountsBlock(v, `
		provider bad openai {
			api_key `+refusedKey+`
			upstream `+v.URL+`?token=`+queryKey+`
		}`))
	a.chat(t, 0, "gpt-4o", false)
	var seen strings.Builder
	note := func(_ int, text string) { seen.WriteString(text) }
	for _, body := range []string{`{"model":"bad/gpt-4o"}`, `{"model":"gpt-4o"}`, `{"model":"gpt-4o","stream":true}`} {
		note(answer(t, nil, http.MethodPost, "http://"+a.admin+"/aiclient2api/test", body))
	}
	note(answer(t, nil, http.MethodGet, "http://"+a.admin+"/aiclient2api/providers", ""))
	note(answer(t, nil, http.MethodPost, "http://"+a.admin+"/aiclient2api/providers/bad/accounts/1/disable", ""))
	note(answer(t, nil, http.MethodGet, "http://"+a.admin+"/metrics", ""))
	for _, args := range [][]string{{"status"}, {"status", "--json"}, {"test", "bad/gpt-4o"}, {"test", "gpt-4o", "--json"}} {
		text, err := runCommand(t, a, args...)
		seen.WriteString(text)
		if err != nil {
			seen.WriteString(err.Error())
		}
	}
	if !strings.Contains(seen.String(), "refused ") {
		t.Error("the vendor's words are not told at all")
	}
	for _, secret := range []string{fineKey, refusedKey, limitedKey, queryKey, adminClientKey} {
		for where, text := range map[string]string{"an answer": seen.String(), "the log": a.log.String()} {
			if at := strings.Index(text, secret); at >= 0 {
				t.Errorf("%s is told by %s: …%s…", secret, where, text[max(0, at-80):at+len(secret)])
			}
		}
	}
}

// What an operator does with an account holds for all of its name, and over
// reloads.
func TestAdminActions(t *testing.T) {
	v := repeating(t)
	site := func(key string) string {
		return "open\nprovider openai {\napi_key " + key + "\nupstream " + v.URL + "\n}\n"
	}
	first, second := site(fineKey), site("200-canary-other-77aa05")
	a := administer(t, first, second)
	states := func(answer string, want ...string) {
		t.Helper()
		_, list := a.do(t, http.MethodGet, "/aiclient2api/providers", "")
		var got []string
		for _, state := range list.Get("providers.0.accounts.#.state").Array() {
			got = append(got, state.String())
		}
		if strings.Join(got, " ") != strings.Join(want, " ") {
			t.Errorf("after %s the accounts are %v, want %v", answer, got, want)
		}
	}
	act := func(action string) {
		t.Helper()
		status, hit := a.do(t, http.MethodPost, "/aiclient2api/providers/openai/accounts/1/"+action, "")
		accounts := hit.Get("providers.0.accounts.#").Int()
		if status != http.StatusOK || accounts != 2 || hit.Get("providers.0.accounts.0.id").Raw == hit.Get("providers.0.accounts.1.id").Raw {
			t.Errorf("%s answers %d %s, and should list both sites' account", action, status, hit)
		}
	}
	states("the start", "ready", "ready")
	act("disable")
	states("disable", "disabled", "disabled")
	for i := range 2 {
		if status := a.chat(t, i, "gpt-4o", false); status != http.StatusServiceUnavailable {
			t.Errorf("site %d: a disabled account gives status %d", i, status)
		}
	}
	if v.asked.Load() != 0 {
		t.Error("a disabled account was asked")
	}

	a.load(t, first+"debug_headers\n", second)
	states("a reload", "disabled", "disabled")
	act("enable")
	states("enable", "ready", "ready")
	if status := a.chat(t, 0, "gpt-4o", false); status != http.StatusOK {
		t.Errorf("an enabled account gives status %d", status)
	}

	a.load(t, site(refusedKey), second)
	a.chat(t, 0, "gpt-4o", false)
	if got := a.account(t, "openai", "1"); !strings.Contains(got.Raw, "credential") {
		_, all := a.do(t, http.MethodGet, "/aiclient2api/providers", "")
		if !strings.Contains(all.Raw, `"state":"cooling"`) {
			t.Fatalf("no account is cooling: %s", all)
		}
	}
	act("reset")
	states("reset", "ready", "ready")
}

// What is not there is told in the shape of Caddy's admin API.
func TestAdminErrors(t *testing.T) {
	a := administer(t, "open\nprovider echo")
	for _, tt := range []struct {
		name, method, path, body string
		status                   int
		want                     string
	}{
		{name: "another path", method: "GET", path: "/aiclient2api/nowhere", status: 404, want: "there is nothing here"},
		{name: "list with POST", method: "POST", path: "/aiclient2api/providers", status: 405, want: "takes GET"},
		{name: "action with GET", method: "GET", path: "/aiclient2api/providers/echo/accounts/1/disable", status: 405, want: "takes POST"},
		{name: "unknown action", method: "POST", path: "/aiclient2api/providers/echo/accounts/1/delete", status: 404, want: "enable, disable and reset"},
		{name: "unknown provider", method: "POST", path: "/aiclient2api/providers/nobody/accounts/1/disable", status: 404, want: `no provider \"nobody\"`},
		{name: "unknown account", method: "POST", path: "/aiclient2api/providers/echo/accounts/7/disable", status: 404, want: `no account \"7\"`},
		{name: "test with GET", method: "GET", path: "/aiclient2api/test", status: 405, want: "takes POST"},
		{name: "test without a model", method: "POST", path: "/aiclient2api/test", body: `{}`, status: 400, want: "wants a model"},
		{name: "test without a body", method: "POST", path: "/aiclient2api/test", status: 400, want: "wants a model"},
		{name: "test with garbage", method: "POST", path: "/aiclient2api/test", body: `{"model":`, status: 400, want: "JSON"},
		{name: "test with an unknown member", method: "POST", path: "/aiclient2api/test", body: `{"model":"echo","modell":1}`, status: 400, want: "modell"},
		{name: "test of another handler", method: "POST", path: "/aiclient2api/test", body: `{"model":"echo","handler":"elsewhere"}`, status: 404, want: "there are 0: 127.0.0.1 ("},
	} {
		t.Run(tt.name, func(t *testing.T) {
			status, got := a.do(t, tt.method, tt.path, tt.body)
			if status != tt.status || !strings.Contains(got.Get("error").Raw, tt.want) {
				t.Errorf("answer is %d %s, want %d with %s", status, got, tt.status, tt.want)
			}
		})
	}
}
