//go:build unix

package agents

import (
	"fmt"
)

func chatCalls(calls []call) []string {
	events := []string{chatChunk(`{"role":"assistant","content":null}`, "null")}
	for i, c := range calls {
		head, tail := halves(c)
		events = append(events,
			chatChunk(fmt.Sprintf(`{"tool_calls":[{"index":%d,"id":%q,"type":"function","function":{"name":%q,"arguments":""}}]}`, i, c.id, c.name), "null"),
			chatChunk(fmt.Sprintf(`{"tool_calls":[{"index":%d,"function":{"arguments":%s}}]}`, i, quoted(head)), "null"),
			chatChunk(fmt.Sprintf(`{"tool_calls":[{"index":%d,"function":{"arguments":%s}}]}`, i, quoted(tail)), "null"))
	}
	return append(events, chatEnd("tool_calls")...)
}

func chatSays(text string) []string {
	return append([]string{chatChunk(`{"role":"assistant","content":`+quoted(text)+`}`, "null")}, chatEnd("stop")...)
}

func chatEnd(reason string) []string {
	return []string{
		chatChunk(`{}`, `"`+reason+`"`),
		`data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1700000000,"model":"gpt-4.1","choices":[],"usage":{"prompt_tokens":11,"completion_tokens":7,"total_tokens":18}}`,
		`data: [DONE]`,
	}
}

func chatChunk(delta, reason string) string {
	return `data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1700000000,"model":"gpt-4.1",` +
		`"choices":[{"index":0,"delta":` + delta + `,"finish_reason":` + reason + `}]}`
}

func chatOffered(body map[string]any) (names []string) {
	for _, t := range list(body["tools"]) {
		names = append(names, text(at(t, "function", "name")))
	}
	return names
}

func chatResults(body map[string]any) (all []result) {
	for _, m := range list(body["messages"]) {
		if text(at(m, "role")) == "tool" {
			all = append(all, result{text(at(m, "tool_call_id")), text(at(m, "content"))})
		}
	}
	return all
}
