package formats

import "github.com/tidwall/gjson"

// AppendString appends s as a JSON string literal. Bytes that are no UTF-8
// become U+FFFD.
func AppendString(dst []byte, s string) []byte { return gjson.AppendJSONString(dst, s) }
