package exchange

import (
	"context"
	"net/http"
	"strings"

	"github.com/aiclient2api/caddy-aiclient2api/llm"
)

// Faults are kinds of a request's own fault that another model may not find in
// it. They are bits.
type Faults uint8

// The kinds.
const (
	// ContextLength: the prompt is longer than the model takes.
	ContextLength Faults = 1 << iota
	// ContentFilter: the provider's policy refuses the content.
	ContentFilter
	// ModelNotFound: the provider does not know the model.
	ModelNotFound
	// TooLarge: the body is larger than the provider takes.
	TooLarge
	// BadRequest: the provider refuses the request as such.
	BadRequest
)

// FaultNames are their names in the configuration, in the order of the bits.
var FaultNames = [...]string{"context_length", "content_filter", "model_not_found", "too_large", "bad_request"}

// Fault returns the kind of that name, 0 if there is none.
func Fault(name string) Faults {
	for i, n := range FaultNames {
		if n == name {
			return 1 << i
		}
	}
	return 0
}

// How vendors name faults, in an error's code or type, or in its message.
var (
	lengthCodes = [...]string{"context_length", "context_window", "string_above_max_length"}
	lengthTexts = [...]string{"prompt is too long", "maximum context length", "context length", "context window", "input token count", "input is too long", "too many tokens", "maximum prompt length"}
	filterCodes = [...]string{"content_filter", "content_policy", "invalid_prompt", "data_inspection_failed", "moderation", "safety"}
	filterTexts = [...]string{"content management policy", "content policy", "content filter", "usage policy", "safety system", "violating our"}
)

// faultsOf returns the kinds that an error is of.
func faultsOf(e *llm.Error) Faults {
	code := strings.ToLower(llm.Clip(e.Code, 64) + " " + llm.Clip(e.Type, 64))
	text := strings.ToLower(llm.Clip(e.Message, 512))
	switch {
	case e.Status == http.StatusNotFound:
		return ModelNotFound
	case contains(code, lengthCodes[:]) || contains(text, lengthTexts[:]):
		return ContextLength
	case contains(code, filterCodes[:]) || contains(text, filterTexts[:]):
		return ContentFilter
	case e.Status == http.StatusRequestEntityTooLarge:
		return TooLarge
	case contains(code, []string{"model_not_found"}):
		return ModelNotFound
	case e.Status == http.StatusBadRequest, e.Status == http.StatusUnprocessableEntity:
		return BadRequest
	}
	return 0
}

// contains reports whether one of the words stands in s.
func contains(s string, words []string) bool {
	for _, w := range words {
		if strings.Contains(s, w) {
			return true
		}
	}
	return false
}

// MovedError is the error of an attempt after which the next target is asked,
// though the request was at fault. reverse_proxy takes it for a client that has
// left, and so counts it against nobody.
type MovedError struct{ *Failure }

// Is makes reverse_proxy take it so.
func (m *MovedError) Is(target error) bool { return target == context.Canceled }

// Error returns the message.
func (m *MovedError) Error() string { return m.Err.Brief() }
