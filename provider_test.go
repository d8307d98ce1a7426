package aiclient2api

import (
	"encoding/json"
	"testing"

	"github.com/caddyserver/caddy/v2"

	"github.com/aiclient2api/caddy-aiclient2api/providers/echo"
)

func TestMergeKind(t *testing.T) {
	for _, tc := range []struct{ name, provider, account, want string }{
		{name: "nothing", want: `{}`},
		{name: "the name goes", provider: `{"kind":"echo","delay":1}`, want: `{"delay":1}`},
		{name: "an account's word wins", provider: `{"kind":"echo","delay":1,"repeat":2}`, account: `{"delay":3}`, want: `{"delay":3,"repeat":2}`},
		{name: "null undoes", provider: `{"kind":"echo","delay":1}`, account: `{"delay":null}`, want: `{"delay":null}`},
		{name: "strange names", provider: `{"a.b":1,"c*":{"d":2},"0":3,"-1":4}`, want: `{"a.b":1,"c*":{"d":2},"0":3,"-1":4}`},
		{name: "another kind", provider: `{"kind":"echo"}`, account: `{"kind":"openai"}`},
		{name: "no object", account: `[]`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := mergeKind(json.RawMessage(tc.provider), json.RawMessage(tc.account))
			if (err != nil) != (tc.want == "") || err == nil && string(got) != tc.want {
				t.Errorf("got %s, %v", got, err)
			}
		})
	}
	undone := echo.Provider{}
	if err := caddy.StrictUnmarshalJSON([]byte(`{"delay":null}`), &undone); err != nil || undone.Delay != 0 {
		t.Errorf("null is %v, %v", undone.Delay, err)
	}
}

func TestParseBase(t *testing.T) {
	for base, want := range map[string]string{
		"https://api.openai.com/v1":  "https://api.openai.com/v1",
		"https://api.openai.com/v1/": "https://api.openai.com/v1",
		"http://127.0.0.1:8000":      "http://127.0.0.1:8000",
		"http://[::1]:8000/":         "http://[::1]:8000",
		"https://a/x?api-version=1":  "https://a/x?api-version=1",
		"api.openai.com/v1":          "",
		"localhost:8000":             "",
		"ftp://a/v1":                 "",
		"https://":                   "",
		"https://user:secret@a/v1":   "",
		"https://a/v1#x":             "",
		"https://a b/v1":             "",
		"":                           "",
	} {
		u, err := parseBase(base)
		if (err != nil) != (want == "") || err == nil && u.String() != want {
			t.Errorf("%q: %v, %v", base, u, err)
		}
	}
}
