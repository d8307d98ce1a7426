package formattest

import (
	"encoding/json"
	"strings"
	"testing"
)

func collectChat(t *testing.T, stream []byte) string {
	t.Helper()

	var answer object
	var choices []any
	done := false
	for frame := range strings.SplitSeq(strings.TrimSuffix(string(stream), "\n\n"), "\n\n") {
		data := strings.TrimPrefix(frame, "data: ")
		if data == "[DONE]" {
			done = true
			continue
		}
		var chunk object
		if err := json.Unmarshal([]byte(apart(data)), &chunk); err != nil || done {
			t.Fatalf("%v in %q, after the end: %v", err, frame, done)
		}
		if chunk["error"] != nil {
			return data
		}
		list, _ := chunk["choices"].([]any)
		delete(chunk, "choices")
		if answer == nil {
			answer = chunk
			answer["object"] = "chat.completion"
		}
		if u := chunk["usage"]; u != nil {
			answer["usage"] = u
		}
		for _, c := range list {
			delta := c.(object)
			at := int(delta["index"].(float64))
			for len(choices) <= at {
				choices = append(choices, object{"index": float64(len(choices)), "message": object{}, "logprobs": nil, "finish_reason": nil})
			}
			choice := choices[at].(object)
			if choice["finish_reason"] != nil {
				t.Errorf("a chunk after the finish: %s", data)
			}
			merge(choice["message"].(object), delta["delta"].(object))
			choice["finish_reason"] = delta["finish_reason"]
			if delta["logprobs"] != nil {
				choice["logprobs"] = delta["logprobs"]
			}
		}
	}
	if !done {
		t.Errorf("no terminator: %s", stream)
	}
	for _, c := range choices {
		m := c.(object)["message"].(object)
		calls, _ := m["tool_calls"].([]any)
		for _, call := range calls {
			delete(call.(object), "index")
		}
		if m["content"] == "" && (calls != nil || m["function_call"] != nil) {
			m["content"] = nil
		}
	}
	answer["choices"] = choices
	b, _ := json.Marshal(answer)
	return together(string(b))
}

// apart keeps the escapes of surrogates as they are: Go would replace the half
// of a character, which clients in JavaScript put together with the other.
// together is the way back.
func apart(s string) string    { return strings.ReplaceAll(s, `\ud`, `\\ud`) }
func together(s string) string { return strings.ReplaceAll(s, `\\ud`, `\ud`) }

// merge adds a delta to a message: texts grow, lists too, but calls and details
// of the reasoning by their index.
func merge(into, delta map[string]any) {
	for k, v := range delta {
		switch v := v.(type) {
		case string:
			if old, ok := into[k].(string); ok && k != "role" && k != "type" && k != "format" {
				v = old + v
			}
			into[k] = v
		case map[string]any:
			old, ok := into[k].(map[string]any)
			if !ok {
				old = map[string]any{}
				into[k] = old
			}
			merge(old, v)
		case []any:
			old, _ := into[k].([]any)
			for _, e := range v {
				m, _ := e.(map[string]any)
				if at, ok := m["index"].(float64); ok && (k == "tool_calls" || k == "reasoning_details") && int(at) < len(old) {
					merge(old[int(at)].(map[string]any), m)
					continue
				}
				old = append(old, e)
			}
			into[k] = old
		default:
			if into[k] == nil {
				into[k] = v
			}
		}
	}
}

// collectCompletion puts a stream of the legacy completions together.
func collectCompletion(t *testing.T, stream []byte) string {
	t.Helper()
	var answer map[string]any
	var choices []any
	frames := strings.Split(strings.TrimSuffix(string(stream), "\n\n"), "\n\n")
	if frames[len(frames)-1] != "data: [DONE]" {
		t.Fatalf("no terminator: %s", stream)
	}
	for _, frame := range frames[:len(frames)-1] {
		var chunk map[string]any
		if err := json.Unmarshal([]byte(apart(strings.TrimPrefix(frame, "data: "))), &chunk); err != nil {
			t.Fatalf("%v in %q", err, frame)
		}
		if chunk["error"] != nil {
			return strings.TrimPrefix(frame, "data: ")
		}
		for _, c := range chunk["choices"].([]any) {
			c := c.(map[string]any)
			at := int(c["index"].(float64))
			for len(choices) <= at {
				choices = append(choices, map[string]any{"text": ""})
			}
			into := choices[at].(map[string]any)
			if into["finish_reason"] != nil {
				t.Errorf("a chunk after the finish: %s", frame)
			}
			c["text"] = into["text"].(string) + c["text"].(string)
			choices[at] = c
		}
		if answer == nil {
			answer = chunk
		}
		if u := chunk["usage"]; u != nil {
			answer["usage"] = u
		}
	}
	answer["choices"] = choices
	b, _ := json.Marshal(answer)
	return together(string(b))
}
