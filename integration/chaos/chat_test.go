package chaos

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
)

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
