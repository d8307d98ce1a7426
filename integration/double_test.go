package integration

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
)

// double plays a provider that speaks OpenAI's protocol. It tells accounts
// apart by their keys.
type double struct {
	url string // the base URL, as the SDK's base URL setting has it

	mu    sync.Mutex
	serve map[string]http.HandlerFunc // by key
	asked []string                    // the keys, in the order of the requests
}

// newDouble starts a provider. An account without a handler answers.
func newDouble(t *testing.T) *double {
	t.Helper()
	d := &double{serve: make(map[string]http.HandlerFunc)}
	srv := httptest.NewServer(d)
	t.Cleanup(srv.Close)
	d.url = srv.URL + "/v1"
	return d
}

// ServeHTTP notes who asks and lets the account's handler answer.
func (d *double) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	key := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
	d.mu.Lock()
	d.asked = append(d.asked, key)
	serve := d.serve[key]
	d.mu.Unlock()
	if serve == nil {
		serve = answering(key)
	}
	serve(w, r)
}

// set makes an account behave, and forgets who asked.
func (d *double) set(key string, serve http.HandlerFunc) {
	forget()
	d.mu.Lock()
	defer d.mu.Unlock()
	d.serve[key], d.asked = serve, nil
}

// keys returns who asked since the last set.
func (d *double) keys() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return append([]string(nil), d.asked...)
}

// answering answers properly, as a stream if one is asked for, with words that
// name the account.
func answering(key string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if !strings.Contains(string(body), `"stream":true`) {
			w.Header().Set("Content-Type", "application/json")
			io.WriteString(w, wholeAnswer(key))
			return
		}
		w.Header().Set("Content-Type", "text/event-stream")
		io.WriteString(w, streamAnswer(key))
	}
}

// wholeAnswer is an answer that is not streamed.
func wholeAnswer(text string) string {
	return fmt.Sprintf(`{"id":"chatcmpl-1","object":"chat.completion","created":1700000000,"model":"gpt-test",`+
		`"choices":[{"index":0,"message":{"role":"assistant","content":%q,"refusal":null},"logprobs":null,"finish_reason":"stop"}],`+
		`"usage":{"prompt_tokens":7,"completion_tokens":5,"total_tokens":12}}`, text)
}

// streamAnswer is a streamed answer.
func streamAnswer(text string) string {
	return roleEvent + wordEvent(text) + stopEvent + usageEvent + doneEvent
}

// The events of a stream.
const (
	roleEvent  = `data: {"id":"c1","object":"chat.completion.chunk","created":1700000000,"model":"gpt-test","choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}]}` + "\n\n"
	stopEvent  = `data: {"id":"c1","object":"chat.completion.chunk","created":1700000000,"model":"gpt-test","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}` + "\n\n"
	usageEvent = `data: {"id":"c1","object":"chat.completion.chunk","created":1700000000,"model":"gpt-test","choices":[],"usage":{"prompt_tokens":7,"completion_tokens":5,"total_tokens":12}}` + "\n\n"
	doneEvent  = "data: [DONE]\n\n"
)

// wordEvent is an event with a piece of text, which must need no escapes.
func wordEvent(text string) string {
	return `data: {"id":"c1","object":"chat.completion.chunk","created":1700000000,"model":"gpt-test","choices":[{"index":0,"delta":{"content":"` +
		text + `"},"finish_reason":null}]}` + "\n\n"
}

// The requests of tests that are not about requests.
const (
	plainBody  = `{"model":"gpt-test","messages":[{"role":"user","content":"hi"}]}`
	streamBody = `{"model":"gpt-test","stream":true,"messages":[{"role":"user","content":"hi"}]}`
)

// refusing answers with a status and OpenAI's error shape.
func refusing(status int, message string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("X-Request-Id", "req_refused")
		if status == http.StatusTooManyRequests {
			w.Header().Set("Retry-After", "7")
		}
		w.WriteHeader(status)
		io.WriteString(w, errorBody(message))
	}
}

func errorBody(message string) string {
	return fmt.Sprintf(`{"error":{"message":%q,"type":"some_error","param":null,"code":"some_code"}}`, message)
}

// saying answers 200 with a body.
func saying(contentType, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", contentType)
		io.WriteString(w, body)
	}
}

// hangingUp closes the connection without an answer.
func hangingUp(w http.ResponseWriter, r *http.Request) {
	io.Copy(io.Discard, r.Body)
	panic(http.ErrAbortHandler)
}

// breakingOff closes the connection in the middle of a whole answer.
func breakingOff(w http.ResponseWriter, r *http.Request) {
	io.Copy(io.Discard, r.Body)
	body := wholeAnswer("never to be seen")
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", fmt.Sprint(len(body)))
	io.WriteString(w, body[:len(body)/2])
	w.(http.Flusher).Flush()
	panic(http.ErrAbortHandler)
}
