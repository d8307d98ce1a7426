//go:build unix

package agents

import (
	"fmt"
	"strings"
)

func responsesCalls(calls []call) []string {
	items := []string{
		`{"id":"rs_1","type":"reasoning","summary":[{"type":"summary_text","text":` + quoted(thought) + `}],"encrypted_content":` + quoted(signature) + `}`,
	}
	for i, c := range calls {
		items = append(items, fmt.Sprintf(`{"id":"fc_%d","type":"function_call","status":"completed","call_id":%q,"name":%q,"arguments":%s}`,
			i, c.id, c.name, quoted(arguments(c))))
	}
	return responsesStream(items)
}

func responsesSays(said string) []string {
	return responsesStream([]string{
		`{"id":"msg_1","type":"message","role":"assistant","status":"completed","content":[{"type":"output_text","text":` + quoted(said) + `,"annotations":[]}]}`,
	})
}

// responsesStream is a stream of whole items, each with the one delta that it
// has.
func responsesStream(items []string) []string {
	events := []string{`{"type":"response.created","response":` + response("in_progress", nil) + `}`}
	for i, item := range items {
		v := decoded(item)
		events = append(events, fmt.Sprintf(`{"type":"response.output_item.added","output_index":%d,"item":%s}`, i, opened(v)))
		switch at(v, "type") {
		case "message":
			events = append(events,
				fmt.Sprintf(`{"type":"response.content_part.added","item_id":"msg_1","output_index":%d,"content_index":0,"part":{"type":"output_text","text":"","annotations":[]}}`, i),
				fmt.Sprintf(`{"type":"response.output_text.delta","item_id":"msg_1","output_index":%d,"content_index":0,"delta":%s}`, i, quoted(text(at(v, "content", 0, "text")))))
		case "function_call":
			events = append(events,
				fmt.Sprintf(`{"type":"response.function_call_arguments.delta","item_id":%q,"output_index":%d,"delta":%s}`, v["id"], i, quoted(text(v["arguments"]))))
		case "reasoning":
			events = append(events,
				fmt.Sprintf(`{"type":"response.reasoning_summary_part.added","item_id":"rs_1","output_index":%d,"summary_index":0,"part":{"type":"summary_text","text":""}}`, i),
				fmt.Sprintf(`{"type":"response.reasoning_summary_text.delta","item_id":"rs_1","output_index":%d,"summary_index":0,"delta":%s}`, i, quoted(thought)))
		}
		events = append(events, fmt.Sprintf(`{"type":"response.output_item.done","output_index":%d,"item":%s}`, i, item))
	}
	events = append(events, `{"type":"response.completed","response":`+response("completed", items)+`}`)
	for i, e := range events {
		name := text(at(decoded(e), "type"))
		events[i] = fmt.Sprintf("event: %s\ndata: %s,\"sequence_number\":%d}", name, strings.TrimSuffix(e, "}"), i)
	}
	return events
}

// opened is an item of Responses as it begins: without what comes in deltas.
func opened(item map[string]any) string {
	begun := map[string]any{}
	for name, v := range item {
		switch name {
		case "content", "summary":
			v = []any{}
		case "arguments":
			v = ""
		case "status":
			v = "in_progress"
		case "encrypted_content":
			continue
		}
		begun[name] = v
	}
	return encoded(begun)
}

func response(status string, items []string) string {
	usage := "null"
	if status == "completed" {
		usage = `{"input_tokens":11,"input_tokens_details":{"cached_tokens":0},"output_tokens":7,"output_tokens_details":{"reasoning_tokens":3},"total_tokens":18}`
	}
	return `{"id":"resp_1","object":"response","created_at":1700000000,"status":"` + status + `","model":"gpt-5.5","error":null,"incomplete_details":null,` +
		`"output":[` + strings.Join(items, ",") + `],"usage":` + usage + `}`
}

func responsesOffered(body map[string]any) (names []string) {
	for _, t := range list(body["tools"]) {
		names = append(names, text(at(t, "name")))
	}
	return names
}

func responsesResults(body map[string]any) (all []result) {
	for _, item := range list(body["input"]) {
		if text(at(item, "type")) == "function_call_output" {
			all = append(all, result{text(at(item, "call_id")), encoded(at(item, "output"))})
		}
	}
	return all
}
