package chaos

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
)

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

// messagesClient is a client of Anthropic's Messages.
var messagesClient = &protocol{
	name: "messages",
	path: "/v1/messages",
	request: func(model, text, padding string, stream bool) string {
		return fmt.Sprintf(`{"model":%q,"stream":%t,"max_tokens":1000,"system":"Be brief.","messages":[{"role":"user","content":%s},`+
			`{"role":"assistant","content":"Yes?"},{"role":"user","content":[{"type":"text","text":%q}]}]}`, model, stream, quoted(text), "Go on."+padding)
	},
	whole: func(body string) (string, error) {
		var v struct {
			Type, Role string
			Content    []struct{ Type, Text string }
			StopReason string `json:"stop_reason"`
		}
		if err := json.Unmarshal([]byte(body), &v); err != nil {
			return "", err
		}
		if v.Type != "message" || v.Role != "assistant" || len(v.Content) != 1 || v.Content[0].Type != "text" || v.StopReason != "end_turn" {
			return "", fmt.Errorf("it is no whole message: %.300q", body)
		}
		return v.Content[0].Text, nil
	},
	stream: func() reader { return new(messagesReader) },
	failure: func(body string) error {
		var v struct {
			Type  string
			Error struct{ Type, Message string }
		}
		if err := json.Unmarshal([]byte(body), &v); err != nil {
			return err
		}
		if v.Type != "error" || v.Error.Type == "" || v.Error.Message == "" {
			return fmt.Errorf("it is no error of Anthropic's: %.300q", body)
		}
		return nil
	},
}

// messagesReader reads events, each of which may only follow certain others.
type messagesReader struct {
	reading
	last string // event that was no ping
}

// follows says which event may come after which.
var follows = map[string]string{
	"message_start":       "",
	"content_block_start": "message_start",
	"content_block_delta": "content_block_start content_block_delta",
	"content_block_stop":  "content_block_delta",
	"message_delta":       "content_block_stop",
	"message_stop":        "message_delta",
}

func (r *messagesReader) event(name, data string) error {
	var v struct {
		Type  string
		Index *int
		Delta struct {
			Type, Text string
			StopReason string `json:"stop_reason"`
		}
	}
	if err := json.Unmarshal([]byte(data), &v); err != nil {
		return err
	}
	switch {
	case r.ended:
		return fmt.Errorf("it comes after the end")
	case name != v.Type:
		return fmt.Errorf("it has the name %q", name)
	case name == "ping":
		return nil
	case name == "error":
		r.ended, r.failed = true, true
		return messagesClient.failure(data)
	}
	if after, known := follows[name]; !known || r.last == "" && after != "" || !strings.Contains(" "+after+" ", " "+r.last+" ") {
		return fmt.Errorf("%q comes after %q", name, r.last)
	}
	r.last = name
	switch name {
	case "content_block_delta":
		r.text.WriteString(v.Delta.Text)
		fallthrough
	case "content_block_start", "content_block_stop":
		if v.Index == nil || *v.Index != 0 {
			return fmt.Errorf("its index is not 0")
		}
	case "message_delta":
		if v.Delta.StopReason != "end_turn" {
			return fmt.Errorf("the stop reason is %q", v.Delta.StopReason)
		}
	case "message_stop":
		r.ended = true
	}
	return nil
}
