package chaos

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
)

// dialect is the protocol that a provider speaks.
type dialect interface {
	// path is where conversations are asked for, below the base URL.
	path() string
	// key returns the credential of a request.
	key(r *http.Request) string
	// whole is an answer that is not streamed.
	whole(text string) string
	// opening, delta and closing are the events of a streamed one; the opening
	// has no content yet.
	opening() string
	delta(text string) string
	closing() string
	// failure is the body of an error, and failureEvent that of one in a stream.
	failure(kind, message string) string
	failureEvent(kind, message string) string
}

// quoted is a JSON string. encoding/json escapes more than it has to, which is
// as good a test as any.
func quoted(s string) string {
	b, err := json.Marshal(s)
	if err != nil {
		panic(err)
	}
	return string(b)
}

// chat is OpenAI's chat completions.
type chat struct{}

func (chat) path() string { return "/chat/completions" }

func (chat) key(r *http.Request) string {
	return strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
}

func (chat) whole(text string) string {
	return `{"id":"chatcmpl-1","object":"chat.completion","created":1700000000,"model":"m","choices":[{"index":0,` +
		`"message":{"role":"assistant","content":` + quoted(text) + `,"refusal":null},"logprobs":null,"finish_reason":"stop"}],` +
		`"usage":{"prompt_tokens":7,"completion_tokens":5,"total_tokens":12}}`
}

// chunk is an event of a chat stream.
func (chat) chunk(choices, more string) string {
	return `data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1700000000,"model":"m","choices":[` + choices + `]` + more + "}\n\n"
}

func (c chat) opening() string {
	return c.chunk(`{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}`, "")
}

func (c chat) delta(text string) string {
	return c.chunk(`{"index":0,"delta":{"content":`+quoted(text)+`},"finish_reason":null}`, "")
}

func (c chat) closing() string {
	return c.chunk(`{"index":0,"delta":{},"finish_reason":"stop"}`, "") +
		c.chunk("", `,"usage":{"prompt_tokens":7,"completion_tokens":5,"total_tokens":12}`) + "data: [DONE]\n\n"
}

func (chat) failure(kind, message string) string {
	return fmt.Sprintf(`{"error":{"message":%s,"type":%q,"param":null,"code":null}}`, quoted(message), kind)
}

func (c chat) failureEvent(kind, message string) string {
	return "data: " + c.failure(kind, message) + "\n\n"
}

// messages is Anthropic's Messages.
type messages struct{}

func (messages) path() string { return "/v1/messages" }

func (messages) key(r *http.Request) string { return r.Header.Get("X-Api-Key") }

func (messages) whole(text string) string {
	return `{"id":"msg_1","type":"message","role":"assistant","model":"m","content":[{"type":"text","text":` + quoted(text) +
		`}],"stop_reason":"end_turn","stop_sequence":null,"usage":{"input_tokens":7,"output_tokens":5}}`
}

func (messages) event(name, members string) string {
	return "event: " + name + "\ndata: {\"type\":\"" + name + "\"" + members + "}\n\n"
}

func (m messages) opening() string {
	return m.event("message_start", `,"message":{"id":"msg_1","type":"message","role":"assistant","model":"m","content":[],`+
		`"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":7,"output_tokens":1}}`) +
		m.event("content_block_start", `,"index":0,"content_block":{"type":"text","text":""}`) + m.event("ping", "")
}

func (m messages) delta(text string) string {
	return m.event("content_block_delta", `,"index":0,"delta":{"type":"text_delta","text":`+quoted(text)+`}`)
}

func (m messages) closing() string {
	return m.event("content_block_stop", `,"index":0`) +
		m.event("message_delta", `,"delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"output_tokens":5}`) +
		m.event("message_stop", "")
}

func (messages) failure(kind, message string) string {
	return fmt.Sprintf(`{"type":"error","error":{"type":%q,"message":%s},"request_id":"req_1"}`, kind, quoted(message))
}

func (m messages) failureEvent(kind, message string) string {
	return "event: error\ndata: " + m.failure(kind, message) + "\n\n"
}
