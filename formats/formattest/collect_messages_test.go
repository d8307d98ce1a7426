package formattest

import (
	"encoding/json"
	"strings"
	"testing"
)

// collectMessages puts a stream of Anthropic's together
// (https://docs.claude.com/en/docs/build-with-claude/streaming#event-types).
func collectMessages(t *testing.T, stream []byte) string {
	t.Helper()
	var c messageCollector
	frames := strings.Split(strings.TrimSuffix(string(stream), "\n\n"), "\n\n")
	for i, frame := range frames {
		name, data, ok := strings.Cut(strings.TrimPrefix(frame, "event: "), "\ndata: ")
		var event map[string]any
		if err := json.Unmarshal([]byte(apart(data)), &event); !ok || err != nil {
			t.Fatalf("frame %d: %v in %q", i, err, frame)
		}
		if event["type"] != name {
			t.Errorf("the event %s has the type %v", name, event["type"])
		}
		last := i == len(frames)-1
		switch name {
		case "error":
			if !last {
				t.Errorf("it goes on after the error: %s", frames[i+1])
			}
			return data
		case "message_stop":
			if !last || c.message["stop_reason"] == nil {
				t.Errorf("it ends before its end, or without a reason: %s", stream)
			}
		default:
			if fault := c.add(name, event); fault != "" {
				t.Errorf("%s: %s", fault, frame)
			}
			if last {
				t.Errorf("no terminator: %s", stream)
			}
		}
	}
	b, _ := json.Marshal(c.message)
	return together(string(b))
}

// messageCollector is a message as far as it has come. open is the block that is
// open, json the arguments in it.
type messageCollector struct {
	message map[string]any
	open    map[string]any
	json    string
}

// add adds an event and says what is wrong with it.
func (c *messageCollector) add(name string, event map[string]any) (fault string) {
	if (c.message == nil) != (name == "message_start") {
		return "the message starts twice, or not"
	}
	if c.message != nil && c.message["stop_reason"] != nil {
		return "it goes on after its reason"
	}
	if name == "message_start" {
		c.message = event["message"].(map[string]any)
		return ""
	}
	content := c.message["content"].([]any)
	at := len(content)
	if c.open != nil {
		at--
	}
	if i, ok := event["index"].(float64); ok && int(i) != at {
		return "the index is another"
	}
	switch name {
	case "content_block_start":
		if c.open != nil {
			return "a block begins in another"
		}
		c.open, c.json = event["content_block"].(map[string]any), ""
		c.message["content"] = append(content, c.open)
	case "content_block_delta":
		if c.open == nil {
			return "a delta without a block"
		}
		return c.delta(event["delta"].(map[string]any))
	case "content_block_stop":
		if c.open == nil {
			return "no block is open"
		}
		if c.open["type"] == "tool_use" && c.json != "" {
			var input map[string]any
			if err := json.Unmarshal([]byte(c.json), &input); err != nil {
				input = map[string]any{"arguments": c.json}
			}
			c.open["input"] = input
		}
		c.open = nil
	case "message_delta":
		if c.open != nil {
			return "it ends in a block"
		}
		merge(c.message, event["delta"].(map[string]any))
		c.message["stop_reason"] = event["delta"].(map[string]any)["stop_reason"]
		usage, _ := c.message["usage"].(map[string]any)
		for k, v := range event["usage"].(map[string]any) {
			usage[k] = v
		}
	default:
		return "an unknown event"
	}
	return ""
}

// delta adds to the open block.
func (c *messageCollector) delta(d map[string]any) (fault string) {
	for _, kind := range []struct{ delta, block, member string }{
		{"text_delta", "text", "text"},
		{"thinking_delta", "thinking", "thinking"},
		{"signature_delta", "thinking", "signature"},
	} {
		if d["type"] == kind.delta && c.open["type"] == kind.block {
			old, _ := c.open[kind.member].(string)
			c.open[kind.member] = old + d[kind.member].(string)
			return ""
		}
	}
	if d["type"] == "input_json_delta" && c.open["type"] == "tool_use" {
		c.json += d["partial_json"].(string)
		return ""
	}
	return "the delta is of another kind than its block"
}
