package chat

import (
	"bytes"

	"github.com/tidwall/gjson"

	"github.com/aiclient2api/caddy-aiclient2api/formats"
	"github.com/aiclient2api/caddy-aiclient2api/llm"
	"github.com/aiclient2api/caddy-aiclient2api/sse"
)

// done is the data of the event that ends a stream.
const done = "[DONE]"

// Opening says what an event at the start of a stream is. Chunks without
// choices (Azure opens with one) and deltas with a role and nothing else are
// the preamble.
func (Upstream) Opening(ev sse.Event) (formats.Opening, *llm.Error) {
	if ev.Data == nil {
		return formats.Preamble, nil
	}
	if len(ev.Data) == 0 || ev.Data[0] != '{' || !formats.Balanced(ev.Data) {
		return formats.Content, nil // the terminator, or what is not ours to judge
	}
	if s, ok := (*usual)(nil).read(ev.Data); ok && string(ev.Name) != "error" {
		if len(s.content) > len(`""`) || len(s.reasoning) > len(`""`) {
			return formats.Content, nil
		}
		return formats.Preamble, nil
	}
	return opens(ev)
}

// opens looks at any chunk.
func opens(ev sse.Event) (formats.Opening, *llm.Error) {
	chunk := gjson.ParseBytes(ev.Data)
	if v := chunk.Get("error"); v.Exists() && v.Type != gjson.Null {
		return formats.Failure, failure(v, ev.Data)
	}
	if string(ev.Name) == "error" {
		return formats.Failure, failure(chunk, ev.Data)
	}
	opening := formats.Preamble
	if u := chunk.Get("usage"); u.IsObject() && !chunk.Get("choices.0").Exists() {
		opening = formats.Content
	}
	chunk.Get("choices").ForEach(func(_, choice gjson.Result) bool {
		if says(choice) {
			opening = formats.Content
		}
		return opening == formats.Preamble
	})
	return opening, nil
}

// says reports whether a choice of a chunk holds anything of an answer.
func says(choice gjson.Result) bool {
	found := false
	choice.ForEach(func(key, v gjson.Result) bool {
		switch key.Str {
		case "delta", "message":
			v.ForEach(func(key, v gjson.Result) bool {
				found = found || key.Str != "role" && !empty(v)
				return !found
			})
		case "finish_reason", "text":
			found = found || !empty(v)
		}
		return !found
	})
	return found
}

func empty(v gjson.Result) bool {
	return v.Type == gjson.Null || v.Raw == `""` || v.Raw == "[]" || v.Raw == "{}"
}

// Whole looks at an answer that is not streamed. An object with an error and
// no choices is a failure whatever its status said; one without any of the
// lists that answers have is something else.
func (Upstream) Whole(body []byte) (usage llm.Usage, fail *llm.Error, ok bool) {
	var answer, choices bool
	var failed gjson.Result
	m := formats.MembersOf(body)
	for m.Next() {
		switch string(m.Key) {
		case "error":
			failed = gjson.ParseBytes(m.Value())
		case "choices", "data", "results":
			v := m.Value()
			answer = true
			choices = choices || v[0] == '[' && len(bytes.TrimSpace(v[1:len(v)-1])) > 0
		case "usage":
			usage = readUsage(m.Value())
		}
	}
	if m.Err != nil {
		return llm.Usage{}, nil, false
	}
	if failed.Exists() && failed.Type != gjson.Null && !choices {
		return llm.Usage{}, failure(failed, body), true
	}
	return usage, nil, answer
}

// Ended reports whether a stream came to its own end: the terminator, an error
// or, since several dialects send no terminator, a finish reason. The words are
// looked for with their quotes, which inside a text would be escaped.
func (Upstream) Ended(tail []byte, inOrder bool) bool {
	return hasTerminator(tail) || hasValue(tail, `"error"`) || inOrder && hasValue(tail, `"finish_reason"`)
}

// Terminates reports whether an event is the terminator.
func (Upstream) Terminates(ev sse.Event) bool { return string(ev.Data) == done }

// Complete reports whether data is the terminator or whole JSON.
func (Upstream) Complete(data []byte) bool {
	return string(data) == done || formats.Balanced(data)
}

func hasTerminator(tail []byte) bool {
	for at := range formats.Occurrences(tail, done) {
		line := bytes.TrimRight(tail[:at], " ")
		if n := len(line) - len("data:"); n >= 0 && string(line[n:]) == "data:" &&
			(n == 0 || line[n-1] == '\n' || line[n-1] == '\r') {
			return true
		}
	}
	return false
}

// hasValue reports whether a member of that name, quotes included, stands in
// b with a value other than null and "".
func hasValue(b []byte, name string) bool {
	for v := range formats.Values(b, name) {
		if v[0] != 'n' && !bytes.HasPrefix(v, []byte(`""`)) {
			return true
		}
	}
	return false
}

// Usage finds the last usage object in the last bytes of a stream.
func (Upstream) Usage(tail []byte) llm.Usage {
	return readUsage(formats.LastObject(tail, `"usage"`))
}

// readUsage reads a usage object, after which anything may stand. Dialects name
// the cached tokens in their own ways, and xAI leaves the reasoning out of the
// completion, which the total tells.
func readUsage(v []byte) (u llm.Usage) {
	if len(v) == 0 || v[0] != '{' {
		return u
	}
	var total llm.Count
	for m := formats.MembersOf(v); m.Next(); {
		v := m.Value()
		switch string(m.Key) {
		case "prompt_tokens":
			u.Input = formats.AsCount(v)
		case "completion_tokens":
			u.Output = formats.AsCount(v)
		case "total_tokens":
			total = formats.AsCount(v)
		case "prompt_tokens_details":
			for m := formats.MembersOf(v); m.Next(); {
				switch string(m.Key) {
				case "cached_tokens":
					u.Cached = first(formats.AsCount(m.Value()), u.Cached)
				case "cache_write_tokens", "cache_creation_tokens":
					u.Written = formats.AsCount(m.Value())
				}
			}
		case "completion_tokens_details":
			u.Reasoning = first(formats.AsCount(formats.Member(v, "reasoning_tokens")), u.Reasoning)
		case "prompt_cache_hit_tokens", "num_cached_tokens", "cached_tokens":
			u.Cached = first(u.Cached, formats.AsCount(v))
		case "reasoning_tokens":
			u.Reasoning = first(u.Reasoning, formats.AsCount(v))
		}
	}
	if u.Reasoning.N > 0 && u.Output.Known && total.N == u.Input.N+u.Output.N+u.Reasoning.N {
		u.Output.N += u.Reasoning.N
	}
	return u
}
