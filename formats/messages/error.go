package messages

import (
	"bytes"
	"net/http"

	"github.com/tidwall/gjson"

	"github.com/aiclient2api/caddy-aiclient2api/formats"
	"github.com/aiclient2api/caddy-aiclient2api/llm"
)

// KeepAlive is the protocol's own event for it
// (https://docs.claude.com/en/docs/build-with-claude/streaming#ping-events).
func (Client) KeepAlive() string { return "event: ping\ndata: {\"type\":\"ping\"}\n\n" }

// AppendError appends e as {"type":"error","error":{"type","message"}}, with
// the gateway's request id where it made the error; in a stream as an event
// (https://docs.claude.com/en/api/errors).
func (Client) AppendError(dst []byte, e *llm.Error, inStream bool) []byte {
	if inStream {
		dst = append(dst, "event: error\ndata: "...)
	}
	dst = append(dst, `{"type":"error","error":{"type":"`...)
	dst = append(dst, typeOf(e.Status)...)
	dst = append(dst, `","message":`...)
	dst = formats.AppendString(dst, e.Message)
	dst = append(dst, '}')
	if e.RequestID != "" {
		dst = append(dst, `,"request_id":`...)
		dst = formats.AppendString(dst, e.RequestID)
	}
	dst = append(dst, '}')
	if inStream {
		dst = append(dst, "\n\n"...)
	}
	return dst
}

// typeOf returns Anthropic's type word for an HTTP status.
func typeOf(status int) string {
	switch status {
	case http.StatusUnauthorized:
		return "authentication_error"
	case http.StatusPaymentRequired:
		return "billing_error"
	case http.StatusForbidden:
		return "permission_error"
	case http.StatusNotFound:
		return "not_found_error"
	case http.StatusRequestEntityTooLarge:
		return "request_too_large"
	case http.StatusTooManyRequests:
		return "rate_limit_error"
	case http.StatusGatewayTimeout:
		return "timeout_error"
	case http.StatusServiceUnavailable, 529:
		return "overloaded_error"
	}
	if status >= 500 {
		return "api_error"
	}
	return "invalid_request_error"
}

// statuses are the HTTP statuses of Anthropic's error types, for an error that
// came inside a 200 (https://docs.claude.com/en/api/errors#http-errors).
var statuses = map[string]int{
	"invalid_request_error": http.StatusBadRequest,
	"authentication_error":  http.StatusUnauthorized,
	"billing_error":         http.StatusPaymentRequired,
	"permission_error":      http.StatusForbidden,
	"not_found_error":       http.StatusNotFound,
	"request_too_large":     http.StatusRequestEntityTooLarge,
	"rate_limit_error":      http.StatusTooManyRequests,
	"api_error":             http.StatusInternalServerError,
	"timeout_error":         http.StatusGatewayTimeout,
	"overloaded_error":      529,
}

// Error reads an answer with an error's status. The protocol's own shape is
// {"type":"error","error":{"type","message"}}; what gateways in between say in
// the shape of others is read as far as it has a message.
func (Upstream) Error(status int, header http.Header, body []byte) *llm.Error {
	e := &llm.Error{Status: status}
	if formats.Balanced(body) {
		v := gjson.ParseBytes(body)
		if v.IsArray() {
			v = v.Get("0")
		}
		readError(e, v)
		e.Raw = raw(body)
	}
	if e.Message == "" {
		e.Message = formats.Foreign(status, header.Get("Content-Type"), body)
	}
	return e
}

// failure reads an error that came inside a 200: the object in which a member
// "error" stands. It gets the status that it would have had.
func failure(body []byte) *llm.Error {
	e := &llm.Error{}
	v := gjson.ParseBytes(body)
	readError(e, v)
	if e.Message == "" {
		e.Message = formats.Clip(v.Raw)
	}
	e.Status = statuses[e.Type]
	for _, name := range [...]string{"code", "status", "status_code"} {
		if n := int(v.Get("error." + name).Int()); e.Status == 0 && n >= 400 && n <= 599 {
			e.Status = n
		}
	}
	if e.Status == 0 {
		e.Status = http.StatusBadGateway
	}
	e.Raw = raw(body)
	return e
}

// raw returns a copy of an error's body if it is all that the protocol
// requires of one, else nil.
func raw(body []byte) []byte {
	v := gjson.ParseBytes(body)
	if v.Get("type").Str != "error" || v.Get("error.type").Type != gjson.String || v.Get("error.message").Type != gjson.String ||
		!formats.Valid(body) {
		return nil
	}
	return bytes.Clone(body)
}

// readError fills e from the object of an error, this protocol's or another's.
func readError(e *llm.Error, v gjson.Result) {
	switch inner := v.Get("error"); {
	case inner.IsObject():
		v = inner
	case inner.Type == gjson.String:
		e.Message = inner.Str
	}
	if text := v.Get("message"); e.Message == "" && text.Type == gjson.String {
		e.Message = text.Str
	}
	if kind := v.Get("type"); kind.Type == gjson.String && kind.Str != "error" {
		e.Type = kind.Str
	}
	if detail := v.Get("detail"); e.Message == "" && detail.Type == gjson.String {
		e.Message = detail.Str
	} else if e.Message == "" && detail.Exists() {
		e.Message = formats.Clip(detail.Raw)
	}
}

// broken is what is said of an answer that cannot be read.
func broken(what string) *llm.Error {
	return &llm.Error{Status: http.StatusBadGateway, Message: what}
}
