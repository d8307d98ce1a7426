package exchange

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/aiclient2api/caddy-aiclient2api/llm"
)

// retryAfter returns after how long a provider says that it may be asked again,
// 0 if it does not: in the error itself, in Retry-After or its form in
// milliseconds, in the headers that tell when a rate limit is reset, or in words.
// Those headers say nothing of a quota.
func retryAfter(e *llm.Error, class Class, h http.Header, now time.Time) time.Duration {
	if e.RetryAfter > 0 {
		return e.RetryAfter
	}
	if ms, err := strconv.ParseFloat(h.Get("Retry-After-Ms"), 64); err == nil && ms > 0 {
		return bounded(ms / 1000)
	}
	if d := moment(h.Get("Retry-After"), now); d > 0 {
		return d
	}
	if e.Status != http.StatusTooManyRequests || class == Quota {
		return 0
	}
	if d := reset(h, now); d > 0 {
		return d
	}
	return inWords(e.Message)
}

// longest bounds what is believed of a provider's time, so that it can be
// reckoned with.
const longest = 366 * 24 * time.Hour

func bounded(seconds float64) time.Duration {
	if !(seconds < longest.Seconds()) {
		return longest
	}
	return time.Duration(seconds * float64(time.Second))
}

// moment reads a time: seconds, a duration (6m0s), a date of HTTP's or of RFC
// 3339, or, if the number is too large for seconds, seconds or milliseconds
// since 1970. It returns how far off it is, 0 if it is over or none.
func moment(text string, now time.Time) time.Duration {
	text = strings.TrimSpace(text)
	if text == "" {
		return 0
	}
	if n, err := strconv.ParseFloat(text, 64); err == nil {
		switch {
		case !(n > 0):
			return 0
		case n > 1e11:
			return max(0, bounded(n/1000-float64(now.UnixMilli())/1000))
		case n > 1e9:
			return max(0, bounded(n-float64(now.UnixMilli())/1000))
		}
		return bounded(n)
	}
	if d, err := time.ParseDuration(text); err == nil {
		return min(max(0, d), longest)
	}
	at, err := http.ParseTime(text)
	if err != nil {
		at, err = time.Parse(time.RFC3339, text)
	}
	if err != nil {
		return 0
	}
	return min(max(0, at.Sub(now)), longest)
}

// limits are the headers of rate limits by vendor, remaining and reset in
// pairs: OpenAI's and its dialects'
// (https://platform.openai.com/docs/guides/rate-limits), Anthropic's
// (https://docs.claude.com/en/api/rate-limits).
var limits = [...][2]string{
	{"X-Ratelimit-Remaining-Requests", "X-Ratelimit-Reset-Requests"},
	{"X-Ratelimit-Remaining-Tokens", "X-Ratelimit-Reset-Tokens"},
	{"X-Ratelimit-Remaining", "X-Ratelimit-Reset"},
	{"Ratelimit-Remaining", "Ratelimit-Reset"},
	{"Anthropic-Ratelimit-Requests-Remaining", "Anthropic-Ratelimit-Requests-Reset"},
	{"Anthropic-Ratelimit-Tokens-Remaining", "Anthropic-Ratelimit-Tokens-Reset"},
	{"Anthropic-Ratelimit-Input-Tokens-Remaining", "Anthropic-Ratelimit-Input-Tokens-Reset"},
	{"Anthropic-Ratelimit-Output-Tokens-Remaining", "Anthropic-Ratelimit-Output-Tokens-Reset"},
	{"Anthropic-Ratelimit-Unified-Remaining", "Anthropic-Ratelimit-Unified-Reset"},
}

// reset returns when the limits that are used up are reset: all of them, so
// the last one. One that does not say what remains counts as used up; one of
// which something remains only tells when it would be full.
func reset(h http.Header, now time.Time) (used time.Duration) {
	for _, names := range limits {
		left, err := strconv.ParseFloat(h.Get(names[0]), 64)
		if err != nil || left <= 0 {
			used = max(used, moment(h.Get(names[1]), now))
		}
	}
	return used
}

// inWords reads "Please try again in 6m0.5s." and "Please retry in 12.3s.", as
// vendors end what they say of a rate.
func inWords(message string) time.Duration {
	for _, words := range [...]string{"try again in ", "retry in ", "retry after "} {
		_, rest, found := strings.Cut(message, words)
		if !found {
			continue
		}
		text, unit, _ := strings.Cut(rest, " ")
		text = strings.TrimRight(text, ".,;)")
		if strings.HasPrefix(unit, "second") {
			text += "s"
		}
		if d, err := time.ParseDuration(text); err == nil && d > 0 {
			return min(d, longest)
		}
	}
	return 0
}
