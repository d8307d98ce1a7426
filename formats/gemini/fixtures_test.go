package gemini_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aiclient2api/caddy-aiclient2api/llm"
	"github.com/aiclient2api/caddy-aiclient2api/sse"
)

// recordings are answers of real providers, which stand beside the repository.
const recordings = "../../../shared/fixtures/gemini-generatecontent"

// Every recorded answer is read to its end, in the order of llm.Event.
func TestRecordings(t *testing.T) {
	files, _ := filepath.Glob(filepath.Join(recordings, "*", "response.*"))
	if len(files) == 0 {
		t.Skipf("there are no recordings in %s", recordings)
	}
	for _, file := range files {
		body, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		meta, _ := os.ReadFile(filepath.Join(filepath.Dir(file), "meta.json"))
		var status struct {
			Status int `json:"http_status"`
		}
		_ = json.Unmarshal(meta, &status)
		name := filepath.Base(filepath.Dir(file))
		if status.Status >= 400 {
			if e := up.Error(status.Status, nil, body); e.Code == "" || e.Message == "" {
				t.Errorf("%s: %+v", name, e)
			}
			continue
		}
		var events []llm.Event
		switch filepath.Ext(file) {
		case ".sse":
			d := up.Decoder(nil, "id")
			rest := body
			for {
				ev, next, ok := sse.Next(rest)
				if !ok {
					break
				}
				rest = next
				events = append(events, kept(d.Decode(nil, ev))...)
			}
			if ev, ok := sse.Last(rest); ok && ev.Data != nil {
				events = d.Decode(events, ev)
			} else if strings.HasPrefix(strings.TrimSpace(string(rest)), "{") { // an error outside of all events
				events = d.Decode(events, sse.Event{Data: rest})
			}
			var complete bool
			if events, complete = d.Finish(events, true); !complete {
				t.Errorf("%s: not complete: %s", name, show(events))
			}
			if !up.Ended(body[max(0, len(body)-4<<10):], true) {
				t.Errorf("%s: its end is not seen", name)
			}
		case ".json":
			var ok bool
			if events, ok = up.Decoder(nil, "id").Whole(nil, body); !ok {
				if strings.HasPrefix(filepath.Base(file), "response.chunks") || !strings.Contains(string(body), `"candidates"`) {
					continue
				}
				t.Errorf("%s: no answer", name)
			}
		}
		if err := inOrder(events, true); err != nil {
			t.Errorf("%s: %v: %.1000s", name, err, show(events))
		}
		if n := len(events); n > 0 && events[n-1].Step == llm.Fail && !strings.Contains(string(body), `"error"`) {
			t.Errorf("%s: %+v", name, events[n-1].Err)
		}
	}
}
