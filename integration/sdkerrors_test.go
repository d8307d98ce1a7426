package integration

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"
)

// checkError checks that the SDK understood an error.
func checkError(t *testing.T, err error, status int, code string) *openai.Error {
	t.Helper()
	var e *openai.Error
	if !errors.As(err, &e) {
		t.Fatalf("error is %T (%v), want the SDK's own", err, err)
	}
	if e.StatusCode != status || code != "" && e.Code != code {
		t.Errorf("status %d with code %q, want %d with %q: %s", e.StatusCode, e.Code, status, code, e.RawJSON())
	}
	if e.Message == "" || e.Type == "" {
		t.Errorf("the error has no message or no type: %s", e.RawJSON())
	}
	return e
}

// counting counts the requests that the SDK makes, its own retries included.
func counting(n *atomic.Int64) option.RequestOption {
	return option.WithMiddleware(func(r *http.Request, next option.MiddlewareNext) (*http.Response, error) {
		n.Add(1)
		return next(r)
	})
}

func TestSDKErrorsKeepTheirClass(t *testing.T) {
	s, client := strictGateway(t)
	for _, tt := range []struct {
		upstream, want int
		says           string // a part of the message
	}{
		{upstream: 400, want: 400, says: "strictmock: error asked for"},
		{upstream: 401, want: 502, says: "refused the gateway's credential"},
		{upstream: 402, want: 503, says: "wants payment"},
		{upstream: 403, want: 502, says: "refused the gateway's credential"},
		{upstream: 404, want: 404, says: "strictmock: error asked for"},
		{upstream: 422, want: 422, says: "strictmock: error asked for"},
		{upstream: 429, want: 429, says: "strictmock: error asked for"},
		{upstream: 500, want: 500, says: "strictmock: error asked for"},
		{upstream: 503, want: 503, says: "strictmock: error asked for"},
	} {
		t.Run(fmt.Sprint(tt.upstream), func(t *testing.T) {
			s.reset(t)
			params := say(fmt.Sprintf("strictmock:error-%d", tt.upstream))
			_, err := client.Chat.Completions.New(t.Context(), params, option.WithMaxRetries(0))
			whole := checkError(t, err, tt.want, "")
			forget()
			stream := client.Chat.Completions.NewStreaming(t.Context(), params, option.WithMaxRetries(0))
			if stream.Next() {
				t.Error("the stream of an error has content")
			}
			checkError(t, stream.Err(), tt.want, "")

			if !strings.Contains(whole.Message, tt.says) {
				t.Errorf("message is %q, want %q in it", whole.Message, tt.says)
			}
			if strings.Contains(whole.RawJSON(), operatorKey) {
				t.Errorf("the error tells the operator's key: %s", whole.RawJSON())
			}
			if got := whole.Response.Header.Get("Retry-After"); (tt.upstream == 429 || tt.upstream == 503) != (got == "1") {
				t.Errorf("Retry-After is %q", got)
			}
			checkUpward(t, s, 2)
		})
	}
	t.Run("a request that the provider finds wrong", func(t *testing.T) {
		params := say("Hello!")
		params.Temperature = openai.Float(9)
		_, err := client.Chat.Completions.New(t.Context(), params)
		if e := checkError(t, err, http.StatusBadRequest, ""); !strings.Contains(e.RawJSON(), "temperature") {
			t.Errorf("the error does not name the member: %s", e.RawJSON())
		}
	})
	t.Run("a stream that fails halfway", func(t *testing.T) {
		stream := client.Chat.Completions.NewStreaming(t.Context(), say("strictmock:stream-error"))
		chunks := 0
		for stream.Next() {
			chunks++
		}
		if chunks == 0 || stream.Err() == nil || !strings.Contains(stream.Err().Error(), "server_error") {
			t.Errorf("%d chunks, then %v, want some and the provider's error", chunks, stream.Err())
		}
	})
}

// A wrong key of the operator does not heal by asking again: each request of
// the SDK must cost one request upstream, and none more once an account was
// left to ask instead.
func TestSDKDoesNotStormOverTheOperatorsKey(t *testing.T) {
	s := newStrict(t)
	for _, tt := range []struct {
		name, keys   string
		client, asks int
	}{
		{name: "one account", keys: "sk-wrong-1", client: 3, asks: 3}, // the SDK's own patience
		{name: "two accounts", keys: "sk-wrong-1 sk-wrong-2", client: 1, asks: 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s.reset(t)
			g := run(t, setup{directive: `
				key client ` + clientKey + `
				provider openai {
					api_key ` + tt.keys + `
					upstream ` + s.url + `/v1
				}`})
			var made atomic.Int64
			client := g.sdk(t, clientKey, counting(&made))
			_, err := client.Chat.Completions.New(t.Context(), say("Hello!"))
			checkError(t, err, http.StatusBadGateway, "")
			if asks := len(s.log(t)); int(made.Load()) > tt.client || asks > tt.asks {
				t.Errorf("the SDK made %d requests and the gateway %d, want at most %d and %d", made.Load(), asks, tt.client, tt.asks)
			}
		})
	}
}

func TestSDKUnknownModel(t *testing.T) {
	d := newDouble(t)
	g := run(t, setup{directive: `
		key client ` + clientKey + `
		provider openai {
			api_key key-a
			upstream ` + d.url + `
			models gpt-*
		}
		provider echo`})
	client := g.sdk(t, clientKey)
	_, err := client.Chat.Completions.New(t.Context(), openai.ChatCompletionNewParams{
		Model:    "no-such-model",
		Messages: []openai.ChatCompletionMessageParamUnion{openai.UserMessage("Hello!")},
	})
	e := checkError(t, err, http.StatusNotFound, "model_not_found")
	if e.Param != "model" || !strings.Contains(e.Message, "no-such-model") {
		t.Errorf("the error does not name the model: %s", e.RawJSON())
	}
	if _, err = client.Models.Get(t.Context(), "no-such-model"); err == nil {
		t.Error("an unknown model is listed")
	} else {
		checkError(t, err, http.StatusNotFound, "model_not_found")
	}
	if asked := d.keys(); len(asked) > 0 {
		t.Errorf("the provider was asked %d times for a model that nobody has", len(asked))
	}
}
