//go:build unix

package agents

import (
	"fmt"
)

func messagesCalls(calls []call) []string {
	events := messagesStart()
	events = append(events, messagesBlock(0, `{"type":"thinking","thinking":"","signature":""}`,
		`{"type":"thinking_delta","thinking":`+quoted(thought)+`}`,
		`{"type":"signature_delta","signature":`+quoted(signature)+`}`)...)
	for i, c := range calls {
		head, tail := halves(c)
		events = append(events, messagesBlock(i+1, fmt.Sprintf(`{"type":"tool_use","id":%q,"name":%q,"input":{}}`, c.id, c.name),
			`{"type":"input_json_delta","partial_json":`+quoted(head)+`}`,
			`{"type":"input_json_delta","partial_json":`+quoted(tail)+`}`)...)
	}
	return append(events, messagesEnd("tool_use")...)
}

func messagesSays(said string) []string {
	events := append(messagesStart(), messagesBlock(0, `{"type":"text","text":""}`, `{"type":"text_delta","text":`+quoted(said)+`}`)...)
	return append(events, messagesEnd("end_turn")...)
}

func messagesStart() []string {
	return []string{"event: message_start\n" + `data: {"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant","model":"claude-opus-4-8","content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":11,"output_tokens":1}}}`}
}

func messagesBlock(index int, block string, deltas ...string) []string {
	events := []string{fmt.Sprintf("event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":%d,\"content_block\":%s}", index, block)}
	for _, d := range deltas {
		events = append(events, fmt.Sprintf("event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":%d,\"delta\":%s}", index, d))
	}
	return append(events, fmt.Sprintf("event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":%d}", index))
}

func messagesEnd(reason string) []string {
	return []string{
		"event: message_delta\n" + `data: {"type":"message_delta","delta":{"stop_reason":"` + reason + `","stop_sequence":null},"usage":{"output_tokens":7}}`,
		"event: message_stop\n" + `data: {"type":"message_stop"}`,
	}
}

func messagesOffered(body map[string]any) []string { return responsesOffered(body) }

func messagesResults(body map[string]any) (all []result) {
	for _, m := range list(body["messages"]) {
		for _, block := range list(at(m, "content")) {
			if text(at(block, "type")) == "tool_result" {
				all = append(all, result{text(at(block, "tool_use_id")), encoded(at(block, "content"))})
			}
		}
	}
	return all
}
