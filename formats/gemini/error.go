package gemini

import (
	"bytes"
	"net/http"
	"time"

	"github.com/tidwall/gjson"

	"github.com/aiclient2api/caddy-aiclient2api/formats"
	"github.com/aiclient2api/caddy-aiclient2api/llm"
)

// statuses are the HTTP statuses of google.rpc.Code
// (https://cloud.google.com/apis/design/errors#handling_errors).
var statuses = map[string]int{
	"INVALID_ARGUMENT":    http.StatusBadRequest,
	"FAILED_PRECONDITION": http.StatusBadRequest,
	"OUT_OF_RANGE":        http.StatusBadRequest,
	"UNAUTHENTICATED":     http.StatusUnauthorized,
	"PERMISSION_DENIED":   http.StatusForbidden,
	"NOT_FOUND":           http.StatusNotFound,
	"ABORTED":             http.StatusConflict,
	"ALREADY_EXISTS":      http.StatusConflict,
	"RESOURCE_EXHAUSTED":  http.StatusTooManyRequests,
	"CANCELLED":           499,
	"DATA_LOSS":           http.StatusInternalServerError,
	"UNKNOWN":             http.StatusInternalServerError,
	"INTERNAL":            http.StatusInternalServerError,
	"UNIMPLEMENTED":       http.StatusNotImplemented,
	"UNAVAILABLE":         http.StatusServiceUnavailable,
	"DEADLINE_EXCEEDED":   http.StatusGatewayTimeout,
}

// Error reads an answer with an error's status: {"error":{code, message,
// status, details}}, which stands in a list where a stream without events was
// asked for.
func (Upstream) Error(status int, header http.Header, body []byte) *llm.Error {
	e := &llm.Error{Status: status}
	if formats.Balanced(body) {
		v := gjson.ParseBytes(body)
		own := v.IsObject()
		if v.IsArray() {
			v = v.Get("0")
		}
		switch inner := v.Get("error"); {
		case inner.IsObject():
			own = readError(e, inner) && own
		case inner.Type == gjson.String: // OAuth: {"error", "error_description"}
			own = false
			e.Code, e.Message = inner.String(), v.Get("error_description").String()
		default:
			own = false
			readError(e, v)
		}
		if own && e.Message != "" {
			e.Raw = bytes.Clone(body)
		}
	}
	if e.Message == "" {
		e.Message = formats.Foreign(status, header.Get("Content-Type"), body)
	}
	return e
}

// failure reads the error in an answer that said 200, and gives it the status
// that it would have had. body is what it stands in.
func failure(value, body []byte) *llm.Error {
	e := &llm.Error{}
	v := gjson.ParseBytes(value)
	if v.Type == gjson.String {
		e.Message = v.String()
	}
	e.Status = int(v.Get("code").Int())
	if e.Status < 400 || e.Status > 599 {
		e.Status = statuses[v.Get("status").String()]
	}
	if e.Status == 0 {
		e.Status = http.StatusBadGateway
	}
	own := v.IsObject() && readError(e, v)
	if e.Message == "" {
		e.Message, own = formats.Clip(v.Raw), false
	}
	if own && v.Get("code").Type == gjson.Number && v.Get("status").Type == gjson.String &&
		gjson.GetBytes(body, "error").Raw == v.Raw {
		e.Raw = bytes.Clone(body)
	}
	return e
}

// readError fills e from an error object. It reports whether the object can go
// to a client as it is, because its status is the one of the answer.
func readError(e *llm.Error, v gjson.Result) (own bool) {
	e.Message = v.Get("message").String()
	e.Code = v.Get("status").String()
	own = true
	v.Get("details").ForEach(func(_, detail gjson.Result) bool {
		if detail.Get("reason").String() == "API_KEY_INVALID" {
			// Google says 400 INVALID_ARGUMENT, which would be the request's
			// fault; it is the credential's.
			e.Status, e.Code, own = http.StatusUnauthorized, "UNAUTHENTICATED", false
		}
		if delay, err := time.ParseDuration(detail.Get("retryDelay").String()); err == nil && delay > 0 {
			e.RetryAfter = delay // google.rpc.RetryInfo
		}
		return own
	})
	return own
}
