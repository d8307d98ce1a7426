package chaos

import (
	"encoding/json"
	"fmt"
	"strings"
)

// protocol is what a client speaks. Its readers are strict: they accept what
// the vendor's documents say and nothing else.
type protocol struct {
	name    string
	path    string
	request func(model, text, padding string, stream bool) string
	whole   func(body string) (text string, err error)
	stream  func() reader
	failure func(body string) error // that a body is an error in the protocol's shape
}

// reader reads a stream, event by event.
type reader interface {
	// event takes the name of an event, if it has one, and its data.
	event(name, data string) error
	// got returns what was read so far.
	got() *reading
}

// reading is what a stream says.
type reading struct {
	text   strings.Builder
	ended  bool // the protocol's end was reached
	failed bool // by an error
}

func (r *reading) got() *reading { return r }

// read reads a stream as far as it consists of whole events. It returns what is
// left, which has no end.
func read(body string, into reader) (left string, err error) {
	body = strings.ReplaceAll(body, "\r\n", "\n")
	for n := 1; ; n++ {
		event, rest, found := strings.Cut(body, "\n\n")
		if !found {
			return body, nil
		}
		body = rest
		var name, data string
		var has bool
		for line := range strings.SplitSeq(event, "\n") {
			field, value, _ := strings.Cut(line, ":")
			value = strings.TrimPrefix(value, " ")
			switch {
			case field == "": // a comment
			case field == "event" && name == "":
				name = value
			case field == "data" && !has:
				data, has = value, true
			default:
				return "", fmt.Errorf("event %d has a line %.80q", n, line)
			}
		}
		if !has {
			continue // a comment
		}
		if err := into.event(name, data); err != nil {
			return "", fmt.Errorf("event %d: %w in %.200q", n, err, data)
		}
	}
}

// chatClient is a client of OpenAI's chat completions.
var chatClient = &protocol{
	name: "chat",
	path: "/v1/chat/completions",
	request: func(model, text, padding string, stream bool) string {
		return fmt.Sprintf(`{"model":%q,"stream":%t,"messages":[{"role":"system","content":"Be brief."},{"role":"user","content":%s},`+
			`{"role":"assistant","content":"Yes?"},{"role":"user","content":%q}]}`, model, stream, quoted(text), "Go on."+padding)
	},
	whole: func(body string) (string, error) {
		var v struct {
			Object  string
			Choices []struct {
				Message struct {
					Role    string
					Content *string
				}
				FinishReason string `json:"finish_reason"`
			}
		}
		if err := json.Unmarshal([]byte(body), &v); err != nil {
			return "", err
		}
		if v.Object != "chat.completion" || len(v.Choices) != 1 || v.Choices[0].Message.Role != "assistant" ||
			v.Choices[0].Message.Content == nil || v.Choices[0].FinishReason != "stop" {
			return "", fmt.Errorf("it is no whole completion: %.300q", body)
		}
		return *v.Choices[0].Message.Content, nil
	},
	stream: func() reader { return new(chatReader) },
	failure: func(body string) error {
		var v struct {
			Error *struct {
				Message, Type *string
				Param, Code   json.RawMessage
			}
		}
		if err := json.Unmarshal([]byte(body), &v); err != nil {
			return err
		}
		if v.Error == nil || v.Error.Message == nil || v.Error.Type == nil || *v.Error.Message == "" || v.Error.Param == nil || v.Error.Code == nil {
			return fmt.Errorf("it is no error of OpenAI's: %.300q", body)
		}
		return nil
	},
}

// chatReader reads chunks: a role, contents, a finish reason, the terminator.
type chatReader struct {
	reading
	begun, finished, usage bool
}

func (r *chatReader) event(name, data string) error {
	switch {
	case name != "":
		return fmt.Errorf("it has the name %q", name)
	case r.ended && !(r.failed && data == "[DONE]"): // after an error the terminator may follow
		return fmt.Errorf("it comes after the end")
	case data == "[DONE]":
		if !r.failed && !r.finished {
			return fmt.Errorf("the end comes without a finish reason")
		}
		r.ended = true
		return nil
	}
	var v struct {
		Object  string
		Error   json.RawMessage
		Usage   json.RawMessage
		Choices []struct {
			Index int
			Delta struct {
				Role    string
				Content *string
			}
			FinishReason *string `json:"finish_reason"`
		}
	}
	if err := json.Unmarshal([]byte(data), &v); err != nil {
		return err
	}
	if v.Error != nil {
		r.ended, r.failed = true, true
		return chatClient.failure(data)
	}
	switch {
	case v.Object != "chat.completion.chunk" || len(v.Choices) > 1:
		return fmt.Errorf("it is no chunk")
	case len(v.Choices) == 0:
		if v.Usage == nil || !r.finished || r.usage {
			return fmt.Errorf("it has no choice")
		}
		r.usage = true
		return nil
	}
	c := v.Choices[0]
	switch {
	case c.Index != 0 || r.finished:
		return fmt.Errorf("it is out of order")
	case !r.begun && c.Delta.Role != "assistant":
		return fmt.Errorf("the first one has no role")
	}
	r.begun = true
	if c.Delta.Content != nil {
		r.text.WriteString(*c.Delta.Content)
	}
	if c.FinishReason != nil {
		r.finished = true
		if *c.FinishReason != "stop" {
			return fmt.Errorf("the finish reason is %q", *c.FinishReason)
		}
	}
	return nil
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
