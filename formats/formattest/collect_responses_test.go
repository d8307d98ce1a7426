package formattest

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
)

// collectResponses puts a stream of OpenAI's Responses together: the response of
// its last event, which must be what the events before it made of it
// (https://platform.openai.com/docs/api-reference/responses-streaming). Of a
// stream that failed it returns the event error as a body.
func collectResponses(t *testing.T, stream []byte) string {
	t.Helper()
	c := responseCollector{t: t}
	for frame := range strings.SplitSeq(strings.TrimSuffix(string(stream), "\n\n"), "\n\n") {
		name, data, ok := strings.Cut(strings.TrimPrefix(frame, "event: "), "\ndata: ")
		var event map[string]any
		if err := json.Unmarshal([]byte(apart(data)), &event); !ok || err != nil {
			t.Fatalf("%v in %q", err, frame)
		}
		if event["type"] != name {
			t.Errorf("the event %s has the type %v", name, event["type"])
		}
		if n := event["sequence_number"]; n != float64(c.count) {
			t.Errorf("the event %s has the number %v, want %d", name, n, c.count)
		}
		c.count++
		if fault := c.add(name, event); fault != "" {
			t.Errorf("%s: %s", fault, frame)
		}
	}
	switch {
	case c.failure != nil:
		b, _ := json.Marshal(map[string]any{"error": c.failure["error"]})
		return together(string(b))
	case c.final == nil:
		t.Fatalf("no terminator: %s", stream)
	case !reflect.DeepEqual(c.final["output"], c.output()):
		t.Errorf("the last event lists %v, the others made %v", c.final["output"], c.output())
	}
	b, _ := json.Marshal(c.final)
	return together(string(b))
}

// responseCollector is a response as far as it has come.
type responseCollector struct {
	t       *testing.T
	count   int
	id      any
	items   []any
	done    []bool
	open    map[string]any // the part that is open
	failure map[string]any
	final   map[string]any
	texts   map[string]string // what deltas have made, by the place that they are for
}

func (c *responseCollector) output() []any {
	if c.items == nil {
		return []any{}
	}
	return c.items
}

// add adds an event and says what is wrong with it.
func (c *responseCollector) add(name string, event map[string]any) (fault string) {
	name = strings.TrimPrefix(name, "response.")
	if c.final != nil || c.failure != nil && name != "failed" {
		return "it goes on after the end"
	}
	if c.count == 1 && name != "created" && name != "error" {
		return "it does not begin with created"
	}
	switch name {
	case "created", "in_progress":
		response := event["response"].(map[string]any)
		if c.id != nil && c.id != response["id"] || response["status"] != "in_progress" {
			return "another response"
		}
		c.id = response["id"]
	case "error":
		c.failure = event
	case "completed", "incomplete", "failed":
		c.final = event["response"].(map[string]any)
		switch {
		case c.final["id"] != c.id || c.final["status"] != name:
			return "another response"
		case name == "failed" && (c.failure == nil || c.final["error"] == nil):
			return "it failed without an error"
		case name != "failed" && len(c.items) > 0 && !c.done[len(c.items)-1]:
			return "an item is open"
		}
	case "output_item.added", "output_item.done":
		return c.item(name, int(event["output_index"].(float64)), event["item"].(map[string]any))
	default:
		return c.inside(name, event)
	}
	return ""
}

// item begins or ends an item.
func (c *responseCollector) item(name string, at int, item map[string]any) (fault string) {
	if name == "output_item.added" {
		if at != len(c.items) || at > 0 && !c.done[at-1] {
			return "the item before is open, or the index is another"
		}
		for _, old := range c.items {
			if old.(map[string]any)["id"] == item["id"] {
				return "two items of one id"
			}
		}
		c.items, c.done = append(c.items, item), append(c.done, false)
		c.texts = map[string]string{}
		return ""
	}
	if at != len(c.items)-1 || c.done[at] || c.open != nil {
		return "that item is not open, or a part in it is"
	}
	c.done[at] = true
	begun := c.items[at].(map[string]any)
	for _, name := range []string{"id", "type", "call_id", "name", "namespace", "role"} {
		if begun[name] != item[name] {
			return name + " is another at the end"
		}
	}
	if list, ok := begun["content"].([]any); ok && !reflect.DeepEqual(list, item["content"]) {
		return "the item's content is not what its parts made"
	}
	if list, ok := begun["summary"].([]any); ok && !reflect.DeepEqual(list, item["summary"]) {
		return "the item's summary is not what its parts made"
	}
	for _, name := range []string{"arguments", "input"} {
		if text, ok := item[name].(string); ok && text != c.texts[name] {
			return "the item's " + name + " are not what the deltas made"
		}
	}
	c.items[at] = item
	return ""
}

// inside takes an event about what is in an item.
func (c *responseCollector) inside(name string, event map[string]any) (fault string) {
	if len(c.items) == 0 || c.done[len(c.items)-1] {
		return "no item is open"
	}
	item := c.items[len(c.items)-1].(map[string]any)
	if event["item_id"] != item["id"] || event["output_index"] != float64(len(c.items)-1) {
		return "the event is about another item"
	}
	part, _ := event["part"].(map[string]any)
	switch name {
	case "content_part.added":
		return c.begin(item, "content", event["content_index"], part)
	case "content_part.done":
		return c.end(item, "content", event["content_index"], part)
	case "reasoning_summary_part.added":
		return c.begin(item, "summary", event["summary_index"], part)
	case "reasoning_summary_part.done":
		return c.end(item, "summary", event["summary_index"], part)
	case "output_text.delta":
		c.logprobs(event)
		return c.grow("text", event)
	case "output_text.done", "reasoning_summary_text.done":
		return c.grown("text", event["text"])
	case "reasoning_summary_text.delta":
		return c.grow("text", event)
	case "refusal.delta":
		return c.grow("refusal", event)
	case "refusal.done":
		return c.grown("refusal", event["refusal"])
	case "function_call_arguments.delta":
		c.texts["arguments"] += event["delta"].(string)
	case "custom_tool_call_input.delta":
		c.texts["input"] += event["delta"].(string)
	case "function_call_arguments.done":
		if event["arguments"] != c.texts["arguments"] {
			return "the arguments are not what the deltas made"
		}
	case "custom_tool_call_input.done":
		if event["input"] != c.texts["input"] {
			return "the input is not what the deltas made"
		}
	case "output_text.annotation.added":
		list, _ := c.open["annotations"].([]any)
		if event["annotation_index"] != float64(len(list)) {
			return "the annotation's index is another"
		}
		c.open["annotations"] = append(list, event["annotation"])
	case "image_generation_call.in_progress", "image_generation_call.generating", "image_generation_call.completed":
		if item["type"] != "image_generation_call" {
			return "the item is no image"
		}
	default:
		return "an unknown event"
	}
	return ""
}

// begin begins a part of an item.
func (c *responseCollector) begin(item map[string]any, list string, at any, part map[string]any) (fault string) {
	parts, _ := item[list].([]any)
	if c.open != nil || at != float64(len(parts)) {
		return "a part is open, or the index is another"
	}
	c.open = part
	item[list] = append(parts, part)
	return ""
}

// end ends it. How probable tokens were has more members here than in deltas.
func (c *responseCollector) end(item map[string]any, list string, at any, part map[string]any) (fault string) {
	parts, _ := item[list].([]any)
	if c.open == nil || at != float64(len(parts)-1) {
		return "no part is open, or the index is another"
	}
	tokens, _ := part["logprobs"].([]any)
	said, _ := c.open["logprobs"].([]any)
	if fmt.Sprint(names(tokens)) != fmt.Sprint(names(said)) {
		return "the part's tokens are not those of the deltas"
	}
	if c.open["logprobs"] != nil {
		c.open["logprobs"] = part["logprobs"]
	}
	if !reflect.DeepEqual(c.open, part) {
		return fmt.Sprintf("the part is not what the deltas made, %v", c.open)
	}
	c.open = nil
	return ""
}

// names returns the tokens of a list.
func names(tokens []any) (out []any) {
	for _, t := range tokens {
		out = append(out, t.(map[string]any)["token"])
	}
	return out
}

// logprobs takes the tokens of a delta.
func (c *responseCollector) logprobs(event map[string]any) {
	if c.open != nil {
		old, _ := c.open["logprobs"].([]any)
		c.open["logprobs"] = append(old, event["logprobs"].([]any)...)
	}
}

// grow adds a delta to the open part.
func (c *responseCollector) grow(member string, event map[string]any) (fault string) {
	old, ok := c.open[member].(string)
	if !ok {
		return "no part for it is open"
	}
	c.open[member] = old + event["delta"].(string)
	return ""
}

// grown compares a part's text at its end.
func (c *responseCollector) grown(member string, text any) (fault string) {
	if c.open[member] != text {
		return "the text is not what the deltas made"
	}
	return ""
}
