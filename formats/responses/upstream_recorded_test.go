package responses_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tidwall/gjson"

	"github.com/aiclient2api/caddy-aiclient2api/formats"
	"github.com/aiclient2api/caddy-aiclient2api/sse"
)

// Every recorded answer of a provider that speaks this protocol can be read.
func TestRecordedResponses(t *testing.T) {
	root := filepath.Join("..", "..", "..", "shared", "fixtures", "openai-responses")
	folders, _ := filepath.Glob(filepath.Join(root, "*"))
	if len(folders) == 0 {
		t.Skip("the recordings are not here: ", root)
	}
	for _, folder := range folders {
		t.Run(filepath.Base(folder), func(t *testing.T) {
			if body, err := os.ReadFile(filepath.Join(folder, "response.json")); err == nil {
				recordedBody(t, string(body))
			} else if body, err := os.ReadFile(filepath.Join(folder, "response.sse")); err == nil {
				recordedStream(t, body)
			}
		})
	}
}

func recordedBody(t *testing.T, body string) {
	got := readBody(t, body)
	_, fail, ok := upstream.Whole([]byte(body))
	isError := !gjson.Get(body, "output").Exists()
	if strings.Contains(got, "fail(") != isError || got == "no answer" || !ok || (fail != nil) != isError {
		t.Errorf("got %s, failure %v", got, fail)
	}
}

func recordedStream(t *testing.T, body []byte) {
	dec := upstream.Decoder(new(formats.Sent), "id")
	var o sequence
	var b strings.Builder
	for rest := body; ; {
		ev, next, ok := sse.Next(rest)
		if !ok {
			break
		}
		rest = next
		events := dec.Decode(nil, ev)
		o.check(t, events)
		recount(&b, events)
	}
	events, complete := dec.Finish(nil, true)
	o.check(t, events)
	o.ended(t)
	recount(&b, events)
	isError := strings.Contains(string(body), "event: error")
	if strings.Contains(b.String(), "fail(") != isError || !complete {
		t.Errorf("complete %v: %s", complete, b.String())
	}
	tail := body[max(0, len(body)-4096):]
	if u := upstream.Usage(tail); !upstream.Ended(tail, true) || !isError && !u.Input.Known {
		t.Errorf("the end is not seen, or not the usage: %+v", u)
	}
	if cut := body[:len(body)/2]; upstream.Ended(cut[max(0, len(cut)-4096):], false) {
		t.Error("half of the stream is said to be all")
	}
}
