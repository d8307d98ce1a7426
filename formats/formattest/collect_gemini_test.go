package formattest

import (
	"encoding/json"
	"strings"
	"testing"
)

// collectGemini puts a stream of Gemini together, of events or as a list. A text
// goes on in the next chunk: Google's SDKs leave the joining to the client.
func collectGemini(t *testing.T, stream []byte) string {
	t.Helper()
	var answer map[string]any
	candidates := []any{}
	for i, data := range chunksOfGemini(t, string(stream)) {
		var chunk map[string]any
		if err := json.Unmarshal([]byte(apart(data)), &chunk); err != nil {
			t.Fatalf("chunk %d: %v in %s", i, err, data)
		}
		if chunk["error"] != nil {
			answer = chunk
			continue
		}
		if answer != nil && answer["error"] != nil {
			t.Errorf("a chunk after the error: %s", data)
		}
		list, _ := chunk["candidates"].([]any)
		delete(chunk, "candidates")
		for name, v := range answer {
			if _, ok := chunk[name]; !ok {
				chunk[name] = v
			}
		}
		answer = chunk
		for _, c := range list {
			c := c.(map[string]any)
			at := int(c["index"].(float64))
			for len(candidates) <= at {
				candidates = append(candidates, map[string]any{})
			}
			addCandidate(t, candidates[at].(map[string]any), c)
		}
	}
	if answer["error"] == nil {
		for i, c := range candidates {
			if c.(map[string]any)["finishReason"] == nil {
				t.Errorf("candidate %d did not finish", i)
			}
		}
		answer["candidates"] = candidates
	}
	b, _ := json.Marshal(answer)
	return together(string(b))
}

// chunksOfGemini returns the objects of a stream.
func chunksOfGemini(t *testing.T, stream string) (out []string) {
	t.Helper()
	if !strings.HasPrefix(stream, "[") {
		for event := range strings.SplitSeq(strings.TrimSuffix(stream, "\r\n\r\n"), "\r\n\r\n") {
			data, ok := strings.CutPrefix(event, "data: ")
			if !ok {
				t.Fatalf("an event without data: %q", event)
			}
			out = append(out, data)
		}
		return out
	}
	var list []json.RawMessage
	if err := json.Unmarshal([]byte(stream), &list); err != nil {
		t.Fatalf("%v in %s", err, stream)
	}
	for _, e := range list {
		out = append(out, string(e))
	}
	return out
}

// addCandidate adds what a chunk says of a candidate.
func addCandidate(t *testing.T, into, c map[string]any) {
	t.Helper()
	if into["finishReason"] != nil {
		t.Errorf("a chunk after the finish: %v", c)
	}
	for name, v := range c {
		switch name {
		case "content":
			content := v.(map[string]any)
			old, _ := into["content"].(map[string]any)
			if old == nil {
				old = map[string]any{"role": content["role"], "parts": []any{}}
				into["content"] = old
			}
			parts := old["parts"].([]any)
			for _, p := range content["parts"].([]any) {
				parts = addPart(parts, p.(map[string]any))
			}
			old["parts"] = parts
		case "logprobsResult":
			if into[name] == nil {
				into[name] = map[string]any{}
			}
			merge(into[name].(map[string]any), v.(map[string]any))
		default:
			into[name] = v
		}
	}
}

// addPart adds a part to those that came before: one of text goes on where the
// last one ended, until that has its signature. An empty text that ends a stream
// says nothing if there was any part.
func addPart(parts []any, p map[string]any) []any {
	text, isText := p["text"].(string)
	if len(parts) > 0 {
		last := parts[len(parts)-1].(map[string]any)
		old, wasText := last["text"].(string)
		switch {
		case isText && wasText && last["thought"] == p["thought"] && last["thoughtSignature"] == nil:
			last["text"] = old + text
			if s := p["thoughtSignature"]; s != nil {
				last["thoughtSignature"] = s
			}
			return parts
		case isText && text == "" && p["thoughtSignature"] == nil:
			return parts
		}
	}
	return append(parts, p)
}
