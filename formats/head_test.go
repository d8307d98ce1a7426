package formats_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/aiclient2api/caddy-aiclient2api/formats"
)

func TestScan(t *testing.T) {
	deep := strings.Repeat("[", 999) + strings.Repeat("]", 999)
	for _, tc := range []struct {
		name, body string
		model      string
		stream     bool
		err        string // part of the message, "" for none
		param      string
	}{
		{name: "plain", body: `{"model":"gpt-4o","messages":[]}`, model: "gpt-4o"},
		{name: "model last", body: `{"messages":[{"model":"no"}],"stream":true,"model":"gpt-4o"}`, model: "gpt-4o", stream: true},
		{name: "blanks everywhere", body: " \r\n\t{ \"model\" : \"a\" ,\n\"stream\" : false } \n", model: "a"},
		{name: "escapes in the model", body: `{"model":"a\/b\u00fc"}`, model: "a/bü"},
		{name: "escapes in the member's name", body: `{"\u006dodel":"a"}`, model: "a"},
		{name: "brackets and quotes in texts", body: `{"t":"}]{\"\\","model":"a"}`, model: "a"},
		{name: "no model", body: `{}`},
		{name: "null is missing", body: `{"model":null,"stream":null}`},
		{name: "deep but allowed", body: `{"a":` + deep + `,"model":"m"}`, model: "m"},
		{name: "nested model twice", body: `{"a":{"model":"x","model":"y"},"model":"z"}`, model: "z"},

		{name: "empty body", body: "", err: "not a JSON object"},
		{name: "a list", body: `[]`, err: "not a JSON object"},
		{name: "a string", body: `"x"`, err: "not a JSON object"},
		{name: "cut off", body: `{"model":"a"`, err: "not a JSON object"},
		{name: "cut off in a text", body: `{"model":"a\"}`, err: "not a JSON object"},
		{name: "text after the object", body: `{"model":"a"} x`, err: "not a JSON object"},
		{name: "two objects", body: `{"model":"a"}{"model":"b"}`, err: "not a JSON object"},
		{name: "comma at the end", body: `{"model":"a",}`, err: "not a JSON object"},
		{name: "no comma", body: `{"model":"a" "b":1}`, err: "not a JSON object"},
		{name: "no colon", body: `{"model" "a"}`, err: "not a JSON object"},
		{name: "brackets do not pair", body: `{"a":[}],"model":"a"}`, err: "not a JSON object"},
		{name: "bare word", body: `{"model":gpt}`, err: "not a JSON object"},
		{name: "bad number", body: `{"n":01e}`, err: "not a JSON object"},
		{name: "too deep", body: `{"a":` + strings.Repeat("[", 8<<20), err: "deeper than 1000"},
		{name: "model is a number", body: `{"model":1}`, err: "must be a string", param: "model"},
		{name: "stream is a text", body: `{"stream":"yes"}`, err: "must be a boolean", param: "stream"},
		{name: "model twice", body: `{"model":"a","model":"a"}`, err: "twice", param: "model"},
		{name: "model twice by escapes", body: `{"model":"a","mode\u006c":"b"}`, err: "twice", param: "model"},
		{name: "stream twice", body: `{"stream":true,"x":1,"stream":false}`, err: "twice", param: "stream"},
		{name: "model in another case", body: `{"model":"a","Model":"b"}`, err: "not written", param: "model"},
		{name: "only in another case", body: `{"MODEL":"b"}`, err: "not written", param: "model"},
		{name: "bytes that are no text", body: "{\"model\":\"a\xff\"}", err: "UTF-8", param: "model"},
		{name: "long model", body: `{"model":"` + strings.Repeat("a", 513) + `"}`, err: "longer than", param: "model"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			head, err := formats.Scan([]byte(tc.body))
			if tc.err != "" {
				if err == nil || !strings.Contains(err.Message, tc.err) || err.Status != 400 || err.Param != tc.param {
					t.Fatalf("got error %+v, want %q about %q", err, tc.err, tc.param)
				}
				return
			}
			if err != nil {
				t.Fatalf("got error %q", err.Message)
			}
			if head.Model != tc.model || head.Stream != tc.stream {
				t.Errorf("got %+v", head)
			}
			if head.Model != "" {
				var model string
				if err := json.Unmarshal([]byte(tc.body)[head.ModelStart:head.ModelEnd], &model); err != nil || model != tc.model {
					t.Errorf("the borders hold %q, %v", tc.body[head.ModelStart:head.ModelEnd], err)
				}
			}
		})
	}
}

// FuzzScan: what encoding/json takes for an object, Scan does too, and both
// read the same model; and whatever comes, nothing panics.
func FuzzScan(f *testing.F) {
	f.Add([]byte(`{"model":"a","stream":true,"messages":[{"role":"user","content":"x"}]}`))
	f.Add([]byte(`{"\u006dodel":"a\\\""}`))
	f.Add([]byte(`{"a":[[{}]],"b":-1.5e+3}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		head, err := formats.Scan(body)
		formats.Balanced(body)
		var members map[string]json.RawMessage
		if json.Unmarshal(body, &members) != nil || members == nil {
			return
		}
		if err != nil {
			if err.Param == "" {
				t.Fatalf("%q: %s", body, err.Message)
			}
			return // model or stream are not what they should be
		}
		var model string
		if raw, ok := members["model"]; ok && json.Unmarshal(raw, &model) == nil && model != head.Model {
			t.Fatalf("%q: model %q, want %q", body, head.Model, model)
		}
	})
}

func BenchmarkScan(b *testing.B) {
	text := strings.Repeat(`a long text with \"quotes\" and lines\n`, 20)
	for name, body := range map[string]string{
		"200B":    `{"model":"gpt-4o","messages":[{"role":"user","content":"hello, how are you today?"}],"stream":true}`,
		"tools":   `{"model":"gpt-4o","tools":[` + strings.Repeat(`{"type":"function","function":{"name":"f","parameters":{"type":"object","properties":{"a":{"type":"string"}}}}},`, 32) + `{}]}`,
		"1MB":     `{"messages":[{"content":"` + strings.Repeat(text, 1400) + `"}],"model":"gpt-4o"}`,
		"1MBbase": `{"messages":[{"content":"` + strings.Repeat("QUJD", 1<<18) + `"}],"model":"gpt-4o"}`,
	} {
		b.Run(name, func(b *testing.B) {
			src := []byte(body)
			b.SetBytes(int64(len(src)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := formats.Scan(src); err != nil {
					b.Fatal(err.Message)
				}
			}
		})
	}
}
