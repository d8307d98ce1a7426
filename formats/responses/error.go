package responses

import (
	"bytes"
	"math"
	"net/http"
	"strconv"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/aiclient2api/caddy-aiclient2api/formats"
	"github.com/aiclient2api/caddy-aiclient2api/llm"
)

// KeepAlive is a comment of the event stream.
func (Client) KeepAlive() string { return ": keep-alive\n\n" }

// AppendError appends e as {"error":{"message","type","param","code"}}, the
// shape of https://platform.openai.com/docs/guides/error-codes; errors that the
// gateway made bear its request id as one more member. In a stream it is an
// event, of whose number is known only that it is higher than all before.
func (Client) AppendError(dst []byte, e *llm.Error, inStream bool) []byte {
	if inStream {
		return append(appendErrorEvent(dst, e, math.MaxInt32), "}\n\n"...)
	}
	dst = appendErrorObject(append(dst, `{"error":`...), e)
	if e.RequestID != "" {
		dst = append(dst, `,"request_id":`...)
		dst = formats.AppendString(dst, e.RequestID)
	}
	return append(dst, '}')
}

// appendErrorEvent appends the event error up to its closing brace. The
// reference has its members at the top
// (https://platform.openai.com/docs/api-reference/responses-streaming/error),
// OpenAI's servers send them in an object error, by which its SDKs know that
// they have to throw. Clients of either kind are served.
func appendErrorEvent(dst []byte, e *llm.Error, number int64) []byte {
	dst = append(dst, "event: error\ndata: "+`{"type":"error","code":`...)
	dst = appendOrNull(dst, e.Code)
	dst = append(dst, `,"message":`...)
	dst = formats.AppendString(dst, e.Message)
	dst = append(dst, `,"param":`...)
	dst = appendOrNull(dst, e.Param)
	dst = appendErrorObject(append(dst, `,"error":`...), e)
	dst = append(dst, `,"sequence_number":`...)
	return strconv.AppendInt(dst, number, 10)
}

func appendErrorObject(dst []byte, e *llm.Error) []byte {
	dst = append(dst, `{"message":`...)
	dst = formats.AppendString(dst, e.Message)
	dst = append(dst, `,"type":`...)
	kind := e.Type
	if kind == "" {
		kind = typeOf(e.Status)
	}
	dst = formats.AppendString(dst, kind)
	dst = append(dst, `,"param":`...)
	dst = appendOrNull(dst, e.Param)
	dst = append(dst, `,"code":`...)
	dst = appendOrNull(dst, e.Code)
	return append(dst, '}')
}

func appendOrNull(dst []byte, s string) []byte {
	if s == "" {
		return append(dst, "null"...)
	}
	return formats.AppendString(dst, s)
}

// typeOf returns OpenAI's type word for an HTTP status.
func typeOf(status int) string {
	switch {
	case status == http.StatusUnauthorized:
		return "authentication_error"
	case status == http.StatusForbidden:
		return "permission_error"
	case status == http.StatusTooManyRequests:
		return "rate_limit_error"
	case status >= 500:
		return "server_error"
	default:
		return "invalid_request_error"
	}
}

// Error reads an answer with an error's status. The protocol's own shape has a
// member "error", an object or, in a dialect, a text. Others are read as far as
// SDKs do not: the members at the top level, FastAPI's detail, Google's list.
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
			readError(e, inner)
		case inner.Type == gjson.String:
			e.Message = inner.Str
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

// statuses are the usual HTTP statuses of the words that stand in an error's
// code or type when it came inside a 200 and bears no number. The first word
// that is found decides.
var statuses = []struct {
	word   string
	status int
}{
	{"insufficient_quota", http.StatusTooManyRequests},
	{"rate_limit", http.StatusTooManyRequests},
	{"too_many_requests", http.StatusTooManyRequests},
	{"authentication", http.StatusUnauthorized},
	{"invalid_api_key", http.StatusUnauthorized},
	{"unauthorized", http.StatusUnauthorized},
	{"permission", http.StatusForbidden},
	{"forbidden", http.StatusForbidden},
	{"insufficient_credits", http.StatusPaymentRequired},
	{"not_found", http.StatusNotFound},
	{"timeout", http.StatusGatewayTimeout},
	{"overloaded", http.StatusServiceUnavailable},
	{"unavailable", http.StatusServiceUnavailable},
	{"server_error", http.StatusInternalServerError},
	{"internal", http.StatusInternalServerError},
	{"api_error", http.StatusInternalServerError},
	{"failed_to_download", http.StatusBadRequest},
	{"context_length", http.StatusBadRequest},
	{"content_filter", http.StatusBadRequest},
	{"content_policy", http.StatusBadRequest},
	{"bio_policy", http.StatusBadRequest},
	{"image", http.StatusBadRequest},
	{"invalid", http.StatusBadRequest},
	{"bad_request", http.StatusBadRequest},
}

// failure reads the value in the place of an error inside an answer that said
// 200, and gives it the status that it would have had. body is what it stands
// in, if that can go down as an error's body; it does if all that the protocol
// requires is there.
func failure(v gjson.Result, body []byte) *llm.Error {
	e := &llm.Error{}
	if v.Type == gjson.String {
		e.Message = v.String()
	} else {
		readError(e, v)
	}
	if e.Message == "" {
		e.Message = formats.Clip(v.Raw)
	}
	if e.Message == "" {
		e.Message = "the provider failed and did not say why"
	}
	e.Status = statusInside(v)
	if len(body) > 0 {
		inner := gjson.GetBytes(body, "error")
		if inner.Get("message").Type == gjson.String && inner.Get("type").Type == gjson.String &&
			textOrNull(inner.Get("param")) && textOrNull(inner.Get("code")) {
			e.Raw = bytes.Clone(body)
		}
	}
	return e
}

func textOrNull(v gjson.Result) bool {
	return v.Exists() && (v.Type == gjson.String || v.Type == gjson.Null)
}

// statusInside finds the status of an error that came inside a 200: a number
// in code, status or status_code, or what its words usually go with.
func statusInside(v gjson.Result) int {
	for _, name := range [...]string{"code", "status_code", "status", "http_status"} {
		field := v.Get(name)
		n := int(field.Int())
		if field.Type == gjson.String {
			n, _ = strconv.Atoi(field.Str)
		}
		if n >= 400 && n <= 599 {
			return n
		}
	}
	words := strings.ToLower(v.Get("code").Str + " " + v.Get("type").Str)
	for _, s := range statuses {
		if strings.Contains(words, s.word) {
			return s.status
		}
	}
	return http.StatusBadGateway
}

// readError fills e from an error object.
func readError(e *llm.Error, v gjson.Result) {
	e.Message = v.Get("message").String()
	e.Type = v.Get("type").String()
	e.Param = v.Get("param").String()
	e.Code = v.Get("code").String()
	if raw := v.Get("metadata.raw"); raw.Type == gjson.String && raw.Str != "" && e.Message != "" {
		e.Message += ": " + formats.Clip(raw.Str) // OpenRouter: what the vendor behind it said
	}
	if e.Message == "" {
		if detail := v.Get("detail"); detail.Type == gjson.String {
			e.Message = detail.String()
		} else if detail.Exists() {
			e.Message = formats.Clip(detail.Raw)
		}
	}
}
