package formattest

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/aiclient2api/caddy-aiclient2api/formats/chat"
	"github.com/aiclient2api/caddy-aiclient2api/formats/gemini"
	"github.com/aiclient2api/caddy-aiclient2api/formats/messages"
	"github.com/aiclient2api/caddy-aiclient2api/formats/responses"
)

// TestReturn: what a provider answered comes back to it when the client sends
// the answer as history: its own thoughts, signatures and calls, whatever
// protocol they went through, whole or streamed.
func TestReturn(t *testing.T) {
	for _, s := range load(t) {
		for _, client := range clients {
			for _, want := range chosen(s.of("back"), client) {
				for _, from := range s.answers(want.title[0]) {
					t.Run(s.name+"/"+from.kind+" "+want.title[0]+" through "+client, func(t *testing.T) {
						for _, asked := range s.requests(client) {
							r, events := heard(t, s, asked, from)
							body, _ := whole(t, client, r, events)
							returned(t, client, want, body)
							stream, _ := streamed(t, client, r, events, false)
							returned(t, client, want, collect[client](t, stream))
						}
					})
				}
			}
		}
	}
}

// returned sends an answer back.
func returned(t *testing.T, client string, want section, answer string) {
	t.Helper()
	body := history[client](t, answer)
	got := carry(t, section{title: []string{client}, body: body}, want)
	if got.refused != "" {
		t.Fatalf("refused at %s: %s\nfor %s", got.refused, got.why, body)
	}
	if d := differ(want.body, said[want.title[0]](t, got.body)); d != "" {
		t.Errorf("%s\nfor %s\nsent %s", d, body, got.body)
	}
}

type object = map[string]any

// history makes the request that follows an answer, as clients do: the answer as
// it came, a result for each call, and something new to say.
var history = map[string]func(*testing.T, string) string{
	chat.Name: func(t *testing.T, answer string) string {
		message := at(t, answer, "choices", 0, "message").(object)
		list := []any{object{"role": "user", "content": "Go."}, message}
		calls, _ := message["tool_calls"].([]any)
		for _, c := range calls {
			list = append(list, object{"role": "tool", "tool_call_id": c.(object)["id"], "content": "ok"})
		}
		return written(object{"model": "any", "messages": append(list, object{"role": "user", "content": "On."})})
	},
	responses.Name: func(t *testing.T, answer string) string {
		list := []any{object{"role": "user", "content": "Go."}}
		output := at(t, answer, "output").([]any)
		list = append(list, output...)
		for _, item := range output {
			if id := item.(object)["call_id"]; id != nil {
				list = append(list, object{"type": "function_call_output", "call_id": id, "output": "ok"})
			}
		}
		return written(object{"model": "any", "input": append(list, object{"role": "user", "content": "On."})})
	},
	messages.Name: func(t *testing.T, answer string) string {
		content := at(t, answer, "content").([]any)
		var results []any
		for _, b := range content {
			if b := b.(object); b["type"] == "tool_use" {
				results = append(results, object{"type": "tool_result", "tool_use_id": b["id"], "content": "ok"})
			}
		}
		return written(object{"model": "any", "max_tokens": 100, "messages": []any{
			object{"role": "user", "content": "Go."},
			object{"role": "assistant", "content": content},
			object{"role": "user", "content": append(results, object{"type": "text", "text": "On."})},
		}})
	},
	gemini.Name: func(t *testing.T, answer string) string {
		content := at(t, answer, "candidates", 0, "content").(object)
		var results []any
		for _, p := range content["parts"].([]any) {
			if call, ok := p.(object)["functionCall"].(object); ok {
				results = append(results, object{"functionResponse": object{"id": call["id"], "name": call["name"], "response": object{"output": "ok"}}})
			}
		}
		return written(object{"contents": []any{
			object{"role": "user", "parts": []any{object{"text": "Go."}}},
			content,
			object{"role": "user", "parts": append(results, object{"text": "On."})},
		}})
	},
}

// said takes what the assistant said out of a request that a provider gets.
var said = map[string]func(*testing.T, string) string{
	chat.Name:     func(t *testing.T, body string) string { return written(at(t, body, "messages", 1)) },
	messages.Name: func(t *testing.T, body string) string { return written(at(t, body, "messages", 1)) },
	gemini.Name:   func(t *testing.T, body string) string { return written(at(t, body, "contents", 1)) },
	responses.Name: func(t *testing.T, body string) string {
		var items []any
		for _, item := range at(t, body, "input").([]any) {
			switch item := item.(object); {
			case item["role"] == "user", strings.HasSuffix(item["type"].(string), "_output"):
			default:
				items = append(items, item)
			}
		}
		return written(items)
	},
}

// at returns what stands in a JSON text at a path of members and places.
func at(t *testing.T, text string, path ...any) any {
	t.Helper()
	var v any
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	for _, step := range path {
		switch step := step.(type) {
		case string:
			o, _ := v.(object)
			v = o[step]
		case int:
			l, _ := v.([]any)
			if step >= len(l) {
				t.Fatalf("there is no %v in %s", path, text)
			}
			v = l[step]
		}
	}
	if v == nil {
		t.Fatalf("there is no %v in %s", path, text)
	}
	return v
}

func written(v any) string {
	b, _ := json.Marshal(v)
	return string(b)
}
