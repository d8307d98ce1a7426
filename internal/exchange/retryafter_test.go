package exchange

import (
	"net/http"
	"testing"
	"time"

	"github.com/aiclient2api/caddy-aiclient2api/llm"
)

// Each vendor says in its own way when it may be asked again.
func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)
	for _, tc := range []struct {
		name   string
		status int
		class  Class
		header http.Header
		e      llm.Error
		want   time.Duration
	}{
		{name: "nothing", status: 429},
		{name: "seconds", status: 503, header: http.Header{"Retry-After": {"7"}}, want: 7 * time.Second},
		{name: "part of a second", status: 429, header: http.Header{"Retry-After": {"0.25"}}, want: 250 * time.Millisecond},
		{name: "date", status: 429, header: http.Header{"Retry-After": {"Sun, 29 Nov 2026 12:01:30 GMT"}}, want: 90 * time.Second},
		{name: "a date that is over", status: 429, header: http.Header{"Retry-After": {"Sun, 29 Nov 2026 11:59:00 GMT"}}},
		{name: "milliseconds come first", status: 429, header: http.Header{"Retry-After-Ms": {"1500"}, "Retry-After": {"2"}}, want: 1500 * time.Millisecond},
		{name: "zero, negative and nonsense are nothing", status: 429, header: http.Header{"Retry-After": {"0"}, "Retry-After-Ms": {"-1"}, "X-Ratelimit-Reset": {"soon"}}},
		{name: "not a number", status: 429, header: http.Header{"Retry-After": {"NaN"}, "Retry-After-Ms": {"NaN"}}},
		{name: "endless", status: 429, header: http.Header{"Retry-After": {"Inf"}}, want: longest},
		{name: "large", status: 429, header: http.Header{"Retry-After": {"900000000"}}, want: longest},
		{name: "OpenAI, the limit that is used up", status: 429, header: http.Header{
			"X-Ratelimit-Remaining-Requests": {"0"}, "X-Ratelimit-Reset-Requests": {"8.64s"},
			"X-Ratelimit-Remaining-Tokens": {"1000"}, "X-Ratelimit-Reset-Tokens": {"6m0s"},
		}, want: 8640 * time.Millisecond},
		{name: "both used up", status: 429, header: http.Header{
			"X-Ratelimit-Remaining-Requests": {"0"}, "X-Ratelimit-Reset-Requests": {"8s"},
			"X-Ratelimit-Remaining-Tokens": {"0"}, "X-Ratelimit-Reset-Tokens": {"20ms"},
		}, want: 8 * time.Second},
		{name: "none used up", status: 429, header: http.Header{
			"X-Ratelimit-Remaining-Requests": {"5"}, "X-Ratelimit-Reset-Requests": {"12h"},
			"X-Ratelimit-Remaining-Tokens": {"3"}, "X-Ratelimit-Reset-Tokens": {"2s"},
		}},
		{name: "none used up, but in words", status: 429, header: http.Header{
			"X-Ratelimit-Remaining-Requests": {"499"}, "X-Ratelimit-Reset-Requests": {"8ms"},
			"X-Ratelimit-Remaining-Tokens": {"3000"}, "X-Ratelimit-Reset-Tokens": {"54s"},
		}, e: llm.Error{Message: "Rate limit reached. Please try again in 4s."}, want: 4 * time.Second},
		{name: "a quota", status: 429, class: Quota, header: http.Header{"X-Ratelimit-Remaining-Requests": {"0"}, "X-Ratelimit-Reset-Requests": {"8ms"}}},
		{name: "a quota with a time", status: 429, class: Quota, header: http.Header{"Retry-After": {"3600"}}, want: time.Hour},
		{name: "OpenRouter, milliseconds since 1970", status: 429, header: http.Header{"X-Ratelimit-Remaining": {"0"}, "X-Ratelimit-Reset": {"1795953630000"}}, want: 30 * time.Second},
		{name: "seconds since 1970", status: 429, header: http.Header{"X-Ratelimit-Reset": {"1795953610"}}, want: 10 * time.Second},
		{name: "Anthropic", status: 429, header: http.Header{
			"Anthropic-Ratelimit-Input-Tokens-Remaining": {"0"}, "Anthropic-Ratelimit-Input-Tokens-Reset": {"2026-11-29T12:00:42Z"},
			"Anthropic-Ratelimit-Requests-Remaining": {"49"}, "Anthropic-Ratelimit-Requests-Reset": {"2026-11-29T12:00:01Z"},
		}, want: 42 * time.Second},
		{name: "limits say nothing of a failure", status: 500, header: http.Header{"X-Ratelimit-Remaining-Requests": {"0"}, "X-Ratelimit-Reset-Requests": {"8s"}}},
		{name: "Google, in the body", status: 429, header: http.Header{"Retry-After": {"1"}}, e: llm.Error{RetryAfter: 13 * time.Second}, want: 13 * time.Second},
		{name: "OpenAI's words", status: 429, e: llm.Error{Message: "Rate limit reached for gpt-4o. Please try again in 6m0.5s. Visit …"}, want: 6*time.Minute + 500*time.Millisecond},
		{name: "milliseconds in words", status: 429, e: llm.Error{Message: "Please try again in 359ms."}, want: 359 * time.Millisecond},
		{name: "Google's words", status: 429, e: llm.Error{Message: "Quota exceeded. Please retry in 12.3s."}, want: 12300 * time.Millisecond},
		{name: "seconds in words", status: 429, e: llm.Error{Message: "Please retry after 20 seconds."}, want: 20 * time.Second},
		{name: "words without a time", status: 429, e: llm.Error{Message: "Please try again in a while."}},
	} {
		tc.e.Status = tc.status
		if got := retryAfter(&tc.e, tc.class, tc.header, now); got != tc.want {
			t.Errorf("%s: %v, want %v", tc.name, got, tc.want)
		}
	}
}

func FuzzRetryAfter(f *testing.F) {
	f.Add("12", "8s", "try again in 3s")
	f.Add("Sun, 29 Nov 2026 12:01:30 GMT", "1795953630000", "retry after 1e300 seconds")
	f.Fuzz(func(t *testing.T, after, reset, message string) {
		h := http.Header{"Retry-After": {after}, "Retry-After-Ms": {reset}, "X-Ratelimit-Reset": {reset}}
		if d := retryAfter(&llm.Error{Status: 429, Message: message}, RateLimit, h, time.Now()); d < 0 || d > longest {
			t.Errorf("%v", d)
		}
	})
}
