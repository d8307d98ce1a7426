package messages

import (
	"testing"

	"github.com/aiclient2api/caddy-aiclient2api/llm"
)

// The short way takes deltas as Anthropic writes them, and nothing else: what it
// leaves alone is read member by member.
func TestUsualDeltas(t *testing.T) {
	const head = `{"type":"content_block_delta","index":`
	for data, want := range map[string]string{
		head + `0,"delta":{"type":"text_delta","text":"a\"b"}}`:                             `"a\"b"`,
		head + `12,"delta":{"type":"text_delta","text":""}    }`:                            `""`,
		head + `3,"delta":{"type":"thinking_delta","thinking":"t"}   }`:                     `"t"`,
		head + `3,"delta":{"type":"input_json_delta","partial_json":"{\"a"}}`:               `"{\"a"`,
		head + `0,"delta":{"type":"text_delta","text":"a"}`:                                 "",
		head + `0,"delta":{"type":"text_delta","text":"a"}}}`:                               "",
		head + `0,"delta":{"type":"text_delta","text":"a","x":1}}`:                          "",
		head + `0,"delta":{"type":"text_delta","text":"a"},"x":1}`:                          "",
		head + `0,"delta":{"type":"text_delta","text":"\x"}}`:                               "",
		head + `0,"delta":{"type":"text_delta","text":5}}`:                                  "",
		head + `,"delta":{"type":"text_delta","text":"a"}}`:                                 "",
		head + `1234567,"delta":{"type":"text_delta","text":"a"}}`:                          "",
		head + `0,"delta":{"type":"signature_delta","signature":"s"}}`:                      "",
		`{"index":0,"type":"content_block_delta","delta":{"type":"text_delta","text":"a"}}`: "",
	} {
		_, kind, text, ok := usual([]byte(data))
		if ok != (want != "") || ok && string(text) != want {
			t.Errorf("%s: %q %v %v", data, text, kind, ok)
		}
	}
	if index, kind, _, _ := usual([]byte(head + `12,"delta":{"type":"thinking_delta","thinking":"t"}}`)); index != 12 || kind != llm.Thought {
		t.Errorf("index %d, kind %v", index, kind)
	}
}
