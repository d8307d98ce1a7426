package messages

import "strconv"

// AppendCount appends the answer that a prompt has that many tokens
// (https://docs.claude.com/en/api/messages-count-tokens).
func (Client) AppendCount(dst []byte, tokens int64) []byte {
	dst = append(dst, `{"input_tokens":`...)
	return append(strconv.AppendInt(dst, tokens, 10), '}')
}
