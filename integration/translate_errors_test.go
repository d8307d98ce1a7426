package integration

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/openai/openai-go/v3"
)

// kindOf returns OpenAI's word for the type of an error.
func kindOf(status int) string {
	switch {
	case status == http.StatusTooManyRequests:
		return "rate_limit_error"
	case status >= 500:
		return "server_error"
	default:
		return "invalid_request_error"
	}
}

// An error keeps its status and its message, in OpenAI's shape, whatever
// shape the provider gave it.
func TestTranslatedErrorsKeepTheirClass(t *testing.T) {
	onVendors(t, func(t *testing.T, v vendor, s strict, client openai.Client) {
		for _, tt := range []struct {
			upstream, want int
			says           string // a part of the message
		}{
			{upstream: 400, want: 400},
			{upstream: 401, want: 502, says: "refused the gateway's credential"},
			{upstream: 402, want: 503, says: "wants payment"},
			{upstream: 403, want: 502, says: "refused the gateway's credential"},
			{upstream: 404, want: 404},
			{upstream: 413, want: 413},
			{upstream: 422, want: 422},
			{upstream: 429, want: 429},
			{upstream: 500, want: 500},
			{upstream: 503, want: 503},
			{upstream: 504, want: 504},
			{upstream: 529, want: 529},
		} {
			t.Run(fmt.Sprint(tt.upstream), func(t *testing.T) {
				s.reset(t)
				params := sayTo(v.model, fmt.Sprintf("strictmock:error-%d", tt.upstream))
				_, err := client.Chat.Completions.New(t.Context(), params)
				whole := checkError(t, err, tt.want, "")
				forget()
				stream := client.Chat.Completions.NewStreaming(t.Context(), params)
				if stream.Next() {
					t.Error("the stream of an error has content")
				}
				for _, e := range []*openai.Error{whole, checkError(t, stream.Err(), tt.want, "")} {
					if !strings.Contains(e.Message, "strictmock: error asked for") || !strings.Contains(e.Message, tt.says) {
						t.Errorf("message is %q, want the provider's words and %q in it", e.Message, tt.says)
					}
					if e.Type != kindOf(tt.want) {
						t.Errorf("type is %q, want %q", e.Type, kindOf(tt.want))
					}
					retry := tt.upstream == 429 || tt.upstream == 503 || tt.upstream == 529
					if got := e.Response.Header.Get("Retry-After"); retry != (got == "1") {
						t.Errorf("Retry-After is %q", got)
					}
					if got := e.Response.Header.Get("Content-Type"); got != "application/json" {
						t.Errorf("Content-Type is %q", got)
					}
					if strings.Contains(e.RawJSON(), operatorKey) {
						t.Errorf("the error tells the operator's key: %s", e.RawJSON())
					}
				}
				checkSent(t, s, v, 2)
			})
		}
	})
}

// What the provider itself finds wrong with a request the client is told, by
// the provider's words.
func TestTranslatedErrorsOfTheRequest(t *testing.T) {
	onVendors(t, func(t *testing.T, v vendor, s strict, client openai.Client) {
		params := sayTo(v.model, "Hello!")
		params.TopP = openai.Float(7)
		_, err := client.Chat.Completions.New(t.Context(), params)
		if e := checkError(t, err, http.StatusBadRequest, ""); !strings.Contains(e.Message, "top_p") {
			t.Errorf("the error does not name the member: %s", e.RawJSON())
		}
	})
}

// A wrong key of the operator is not the client's fault, though Google calls it
// an invalid argument.
func TestTranslatedErrorsOfTheOperatorsKey(t *testing.T) {
	s := newStrict(t)
	g := run(t, setup{directive: strings.ReplaceAll(translatingTo(s, ""), operatorKey, "sk-wrong-operator-key")})
	client := g.sdk(t, clientKey, noisy()...)
	for _, v := range vendors {
		t.Run(v.name, func(t *testing.T) {
			_, err := client.Chat.Completions.New(t.Context(), sayTo(v.model, "Hello!"))
			if e := checkError(t, err, http.StatusBadGateway, ""); !strings.Contains(e.Message, "refused the gateway's credential") {
				t.Errorf("the error is %s", e.RawJSON())
			}
		})
	}
}

// A stream that fails halfway tells so, and does not look finished.
func TestTranslatedStreamsThatFailHalfway(t *testing.T) {
	s := newStrict(t)
	g := translating(t, s, "")
	client := g.client(t)
	sdk := g.sdk(t, clientKey, noisy()...)
	for _, v := range vendors {
		for _, chunk := range []int{0, 1} {
			t.Run(fmt.Sprintf("%s/pieces of %d", v.name, chunk), func(t *testing.T) {
				s.reset(t)
				s.tell(t, "_config", map[string]any{"chunk_bytes": chunk})
				stream := sdk.Chat.Completions.NewStreaming(t.Context(), sayTo(v.model, "strictmock:stream-error"))
				var text strings.Builder
				for stream.Next() {
					for _, choice := range stream.Current().Choices {
						text.WriteString(choice.Delta.Content)
					}
				}
				if text.Len() == 0 || !strings.HasPrefix(strictText, text.String()) {
					t.Errorf("before the error came %q, want a part of the answer", text.String())
				}
				if err := stream.Err(); err == nil || !strings.Contains(strings.ToLower(err.Error()), "overloaded") {
					t.Errorf("the stream ended with %v, want the provider's words", err)
				}
				got := do(t, client, g.chat(t, `{"model":"`+v.model+`","stream":true,"messages":[{"role":"user","content":"strictmock:stream-error"}]}`))
				checkFailed(t, got, "verloaded")
				checkSent(t, s, v, 2)
			})
		}
	}
}

// checkFailed checks that a stream ends with an error and the terminator, and
// has not finished.
func checkFailed(t *testing.T, got answer, says string) {
	t.Helper()
	events := strings.Split(strings.TrimSuffix(got.body, "\n\n"), "\n\n")
	if got.status != http.StatusOK || len(events) < 3 || events[len(events)-1] != "data: [DONE]" {
		t.Fatalf("the client got %d %q, want events, an error and the terminator", got.status, got.body)
	}
	var failure struct {
		Error struct {
			Message, Type string
			Code          any
		}
	}
	if err := json.Unmarshal([]byte(strings.TrimPrefix(events[len(events)-2], "data: ")), &failure); err != nil {
		t.Fatalf("the last event is %q: %v", events[len(events)-2], err)
	}
	if e := failure.Error; !strings.Contains(e.Message, says) || e.Type != "server_error" {
		t.Errorf("the error is %+v, want %q in it", e, says)
	}
	if strings.Contains(got.body, `"finish_reason":"`) || strings.Count(got.body, `"error"`) != 1 {
		t.Errorf("the stream finished, or failed twice: %s", got.body)
	}
}

// A connection that is cut before the answer began is an error with a status,
// one that is cut later ends the stream with an error: at whatever byte.
func TestTranslatedStreamsThatAreCut(t *testing.T) {
	s := newStrict(t)
	g := translating(t, s, "")
	client := g.client(t)
	for _, v := range vendors {
		t.Run(v.name, func(t *testing.T) {
			s.reset(t)
			body := `{"model":"` + v.model + `","stream":true,"messages":[{"role":"user","content":"strictmock:thinking"}]}`
			do(t, client, g.chat(t, body))
			size := s.came(t)[0].Sent
			const step = 61 // no divisor of anything, so that all places are met
			begun, unbegun, asked := 0, 0, 1
			// the last event may be whole without its end
			for at := 1; at < size-400; at += step {
				s.tell(t, "_next", map[string]any{"close_after_bytes": at})
				got := do(t, client, g.chat(t, body))
				asked++
				if got.status == http.StatusBadGateway {
					unbegun++
					if e := read(t, []byte(got.body)); e.at("error", "type").v != "server_error" || e.at("error", "message").v == nil {
						t.Errorf("cut at %d: %s", at, got.body)
					}
					continue
				}
				begun++
				checkFailed(t, got, "broke off")
			}
			if begun < 5 || unbegun < 2 {
				t.Errorf("%d answers were cut after they began and %d before: the test does not test", begun, unbegun)
			}
			checkSent(t, s, v, asked)

			s.tell(t, "_next", map[string]any{"close_after_bytes": 200})
			got := do(t, client, g.chat(t, strings.Replace(body, `"stream":true`, `"stream":false`, 1)))
			if got.status != http.StatusBadGateway || !strings.Contains(got.body, "broke off") {
				t.Errorf("a whole answer that is cut is %d %s", got.status, got.body)
			}
		})
	}
}
