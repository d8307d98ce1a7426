package responses

import (
	"strconv"

	"github.com/tidwall/gjson"

	"github.com/aiclient2api/caddy-aiclient2api/llm"
)

// readUsage reads a usage object, after which anything may stand. In OpenAI's
// terms the input covers what was cached and the output covers the reasoning,
// as in ours (https://platform.openai.com/docs/api-reference/responses/object).
func readUsage(v []byte) llm.Usage {
	if len(v) == 0 || v[0] != '{' {
		return llm.Usage{}
	}
	var u llm.Usage
	read := func(c *llm.Count, n gjson.Result) {
		if n.Type == gjson.Number && n.Num >= 0 {
			*c = llm.Tokens(n.Int())
		}
	}
	o := gjson.ParseBytes(v)
	read(&u.Input, o.Get("input_tokens"))
	read(&u.Output, o.Get("output_tokens"))
	read(&u.Cached, o.Get("input_tokens_details.cached_tokens"))
	read(&u.Written, o.Get("input_tokens_details.cache_write_tokens"))
	read(&u.Reasoning, o.Get("output_tokens_details.reasoning_tokens"))
	return u
}

// appendUsage appends a usage object, or null where one of the two numbers that
// it is made of is not known. The others are members that the protocol
// requires, and 0 where nothing was said.
func appendUsage(dst []byte, u llm.Usage) []byte {
	if !u.Input.Known || !u.Output.Known {
		return append(dst, "null"...)
	}
	dst = append(dst, `{"input_tokens":`...)
	dst = strconv.AppendInt(dst, u.Input.N, 10)
	dst = append(dst, `,"input_tokens_details":{"cached_tokens":`...)
	dst = strconv.AppendInt(dst, u.Cached.N, 10)
	if u.Written.Known && u.Written.N > 0 {
		dst = append(dst, `,"cache_write_tokens":`...)
		dst = strconv.AppendInt(dst, u.Written.N, 10)
	}
	dst = append(dst, `},"output_tokens":`...)
	dst = strconv.AppendInt(dst, u.Output.N, 10)
	dst = append(dst, `,"output_tokens_details":{"reasoning_tokens":`...)
	dst = strconv.AppendInt(dst, u.Reasoning.N, 10)
	dst = append(dst, `},"total_tokens":`...)
	dst = strconv.AppendInt(dst, u.Input.N+u.Output.N, 10)
	return append(dst, '}')
}

// AppendCount appends the answer to a question for the tokens of a prompt
// (https://platform.openai.com/docs/api-reference/responses/input-tokens).
func (Client) AppendCount(dst []byte, tokens int64) []byte {
	dst = append(dst, `{"object":"response.input_tokens","input_tokens":`...)
	return append(strconv.AppendInt(dst, tokens, 10), '}')
}
