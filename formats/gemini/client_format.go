package gemini

import (
	"strconv"
	"time"

	"github.com/aiclient2api/caddy-aiclient2api/formats"
	"github.com/aiclient2api/caddy-aiclient2api/llm"
)

// Client is the format as clients speak it.
type Client struct{}

// Name returns "gemini".
func (Client) Name() string { return Name }

// KeepAlive is an empty event: Google's SDKs take a comment for a broken event.
func (Client) KeepAlive() string { return "\n\n" }

// AppendError appends e as {"error":{"code","message","status"}}
// (https://cloud.google.com/apis/design/errors#http_mapping), in a stream as
// the data of an event. What else is known of it stands in the details, in the
// messages that Google has for that.
func (Client) AppendError(dst []byte, e *llm.Error, inStream bool) []byte {
	if inStream {
		dst = append(dst, eventHead...)
	}
	dst = append(dst, `{"error":{"code":`...)
	dst = strconv.AppendInt(dst, int64(e.Status), 10)
	dst = append(dst, `,"message":`...)
	dst = formats.AppendString(dst, e.Message)
	dst = append(append(append(dst, `,"status":"`...), statusOf(e)...), '"')
	details := 0
	detail := func(kind string) {
		if details++; details == 1 {
			dst = append(dst, `,"details":[`...)
		} else {
			dst = append(dst, ',')
		}
		dst = append(append(append(dst, `{"@type":"type.googleapis.com/google.rpc.`...), kind...), '"')
	}
	if e.Param != "" {
		detail("BadRequest")
		dst = append(dst, `,"fieldViolations":[{"field":`...)
		dst = formats.AppendString(dst, e.Param)
		dst = append(dst, `,"description":`...)
		dst = append(formats.AppendString(dst, e.Message), "}]}"...)
	}
	if e.RetryAfter > 0 {
		detail("RetryInfo")
		dst = append(dst, `,"retryDelay":"`...)
		dst = strconv.AppendInt(dst, int64((e.RetryAfter+time.Second-1)/time.Second), 10)
		dst = append(dst, `s"}`...)
	}
	if e.RequestID != "" {
		detail("RequestInfo")
		dst = append(dst, `,"requestId":`...)
		dst = append(formats.AppendString(dst, e.RequestID), '}')
	}
	if details > 0 {
		dst = append(dst, ']')
	}
	dst = append(dst, "}}"...)
	if inStream {
		dst = append(dst, eventTail...)
	}
	return dst
}

// statusOf returns Google's word for an error. A word that the provider gave
// stays, if it is one for the same status.
func statusOf(e *llm.Error) string {
	if statuses[e.Code] == e.Status && e.Status != 0 {
		return e.Code
	}
	switch s := e.Status; {
	case s == 401:
		return "UNAUTHENTICATED"
	case s == 403:
		return "PERMISSION_DENIED"
	case s == 404:
		return "NOT_FOUND"
	case s == 409:
		return "ABORTED"
	case s == 402, s == 429:
		return "RESOURCE_EXHAUSTED"
	case s == 405, s == 501:
		return "UNIMPLEMENTED"
	case s == 408, s == 504:
		return "DEADLINE_EXCEEDED"
	case s == 412:
		return "FAILED_PRECONDITION"
	case s == 499:
		return "CANCELLED"
	case s == 502, s == 503, s == 529:
		return "UNAVAILABLE"
	case s >= 500:
		return "INTERNAL"
	default:
		return "INVALID_ARGUMENT"
	}
}

// AppendModel appends a model (https://ai.google.dev/api/models#Model). How
// many tokens it takes is not known here.
func (Client) AppendModel(dst []byte, m formats.Model) []byte {
	dst = append(dst, `{"name":`...)
	dst = formats.AppendString(dst, "models/"+m.ID)
	dst = append(dst, `,"displayName":`...)
	dst = formats.AppendString(dst, m.ID)
	return append(dst, `,"supportedGenerationMethods":["generateContent","streamGenerateContent","countTokens"]}`...)
}

// AppendModels appends a list of models.
func (c Client) AppendModels(dst []byte, list []formats.Model) []byte {
	dst = append(dst, `{"models":[`...)
	for i, m := range list {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = c.AppendModel(dst, m)
	}
	return append(dst, "]}"...)
}

// AppendCount appends the answer of countTokens
// (https://ai.google.dev/api/tokens#response-body).
func (Client) AppendCount(dst []byte, tokens int64) []byte {
	dst = append(dst, `{"totalTokens":`...)
	return append(strconv.AppendInt(dst, tokens, 10), '}')
}

// Interface guards
var _ formats.Speaker = Client{}
