// Package messages is the wire format of Anthropic's Messages API
// (https://docs.claude.com/en/api/overview). There is what a list of models
// needs at present: the shapes of the list and of errors.
package messages

import (
	"net/http"

	"github.com/aiclient2api/caddy-aiclient2api/formats"
	"github.com/aiclient2api/caddy-aiclient2api/llm"
)

// Name is the format's name in the configuration.
const Name = "messages"

// Client is the format as clients speak it.
type Client struct{}

// Name returns "messages".
func (Client) Name() string { return Name }

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

// AppendModel appends a model. When it was released is not known here; the
// epoch stands for that (https://docs.claude.com/en/api/models-list).
func (Client) AppendModel(dst []byte, m formats.Model) []byte {
	dst = append(dst, `{"type":"model","id":`...)
	dst = formats.AppendString(dst, m.ID)
	dst = append(dst, `,"display_name":`...)
	dst = formats.AppendString(dst, m.ID)
	return append(dst, `,"created_at":"1970-01-01T00:00:00Z"}`...)
}

// AppendModels appends a list, all of it on one page.
func (c Client) AppendModels(dst []byte, list []formats.Model) []byte {
	dst = append(dst, `{"data":[`...)
	for i, m := range list {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = c.AppendModel(dst, m)
	}
	dst = append(dst, `],"has_more":false,"first_id":`...)
	if len(list) == 0 {
		return append(dst, `null,"last_id":null}`...)
	}
	dst = formats.AppendString(dst, list[0].ID)
	dst = append(dst, `,"last_id":`...)
	dst = formats.AppendString(dst, list[len(list)-1].ID)
	return append(dst, '}')
}

// Interface guards
var _ formats.Client = Client{}
