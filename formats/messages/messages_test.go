package messages_test

import (
	"testing"

	"github.com/aiclient2api/caddy-aiclient2api/formats"
	"github.com/aiclient2api/caddy-aiclient2api/formats/messages"
	"github.com/aiclient2api/caddy-aiclient2api/llm"
)

var client messages.Client

func TestAppendError(t *testing.T) {
	for status, want := range map[int]string{
		400: "invalid_request_error", 401: "authentication_error", 402: "billing_error", 403: "permission_error",
		404: "not_found_error", 405: "invalid_request_error", 413: "request_too_large", 429: "rate_limit_error",
		500: "api_error", 502: "api_error", 503: "overloaded_error", 504: "timeout_error", 529: "overloaded_error",
	} {
		// a code or a type of another protocol is not Anthropic's
		e := &llm.Error{Status: status, Type: "server_error", Code: "c", Message: `a "b"`}
		if got := string(client.AppendError(nil, e, false)); got != `{"type":"error","error":{"type":"`+want+`","message":"a \"b\""}}` {
			t.Errorf("%d: %s", status, got)
		}
	}
	e := &llm.Error{Status: 404, Message: "m", RequestID: "id"}
	if got := string(client.AppendError(nil, e, true)); got != "event: error\ndata: "+`{"type":"error","error":{"type":"not_found_error","message":"m"},"request_id":"id"}`+"\n\n" {
		t.Errorf("in a stream: %q", got)
	}
}

func TestAppendModels(t *testing.T) {
	const a = `{"type":"model","id":"a","display_name":"a","created_at":"1970-01-01T00:00:00Z"}`
	for _, tc := range []struct {
		list []formats.Model
		want string
	}{
		{nil, `{"data":[],"has_more":false,"first_id":null,"last_id":null}`},
		{[]formats.Model{{ID: "a"}}, `{"data":[` + a + `],"has_more":false,"first_id":"a","last_id":"a"}`},
		{[]formats.Model{{ID: "a"}, {ID: "a"}, {ID: `"`}}, `{"data":[` + a + `,` + a + `,{"type":"model","id":"\"","display_name":"\"","created_at":"1970-01-01T00:00:00Z"}],"has_more":false,"first_id":"a","last_id":"\""}`},
	} {
		if got := string(client.AppendModels(nil, tc.list)); got != tc.want {
			t.Errorf("%v: %s", tc.list, got)
		}
	}
}

func BenchmarkAppendError(b *testing.B) {
	e := &llm.Error{Status: 429, Message: "slow down, please"}
	var dst []byte
	b.ReportAllocs()
	for b.Loop() {
		dst = client.AppendError(dst[:0], e, false)
	}
}

func BenchmarkAppendModels(b *testing.B) {
	list := make([]formats.Model, 100)
	for i := range list {
		list[i] = formats.Model{ID: "claude-sonnet-4-5", Owner: "anthropic"}
	}
	var dst []byte
	b.ReportAllocs()
	for b.Loop() {
		dst = client.AppendModels(dst[:0], list)
	}
}
