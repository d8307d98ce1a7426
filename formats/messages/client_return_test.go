package messages_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tidwall/gjson"

	"github.com/aiclient2api/caddy-aiclient2api/formats"
	"github.com/aiclient2api/caddy-aiclient2api/llm"
	"github.com/aiclient2api/caddy-aiclient2api/sse"
)

// accumulated is the content of a stream as Anthropic's SDKs put it together.
func accumulated(t *testing.T, stream []byte) string {
	t.Helper()
	var content []map[string]any
	var input string
	for {
		ev, rest, ok := sse.Next(stream)
		if !ok {
			break
		}
		stream = rest
		e := gjson.ParseBytes(ev.Data)
		switch e.Get("type").Str {
		case "content_block_start":
			content = append(content, e.Get("content_block").Value().(map[string]any))
			input = ""
		case "content_block_delta":
			b := content[e.Get("index").Int()]
			for _, name := range []string{"text", "thinking", "signature"} {
				if v := e.Get("delta." + name); v.Exists() {
					b[name] = b[name].(string) + v.Str
				}
			}
			input += e.Get("delta.partial_json").Str
		case "content_block_stop":
			if b := content[e.Get("index").Int()]; input != "" {
				b["input"] = json.RawMessage(input)
			}
		}
	}
	raw, err := json.Marshal(content)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// TestReturn: what an answer holds comes back in the history as it was,
// whoever's it is, streamed or not.
func TestReturn(t *testing.T) {
	events := []llm.Event{
		starting,
		opening(llm.Thought), say("a\"\u00e9"), signing("S1", llm.Google), closing,
		opening(llm.Thought), say("free"), closing,
		{Step: llm.Open, Kind: llm.Thought, Origin: llm.Anthropic}, say("b"), signing("S2", llm.Anthropic), closing,
		{Step: llm.Open, Kind: llm.Sealed, Signature: lit("S3"), Origin: llm.OpenAI}, closing,
		{Step: llm.Open, Kind: llm.Sealed, Signature: lit("S4"), Origin: llm.Anthropic}, closing,
		{Step: llm.Open, Kind: llm.Thought, Origin: llm.Anthropic}, say("unsigned"), closing,
		opening(llm.Text), say("c"), signing("S5", llm.Google), closing,
		opening(llm.Text), say("d"), closing,
		signed(calling("c1", "f"), "S6"), say(`{"x":1}`), closing, calling("c2", "f"), closing, signed(calling("c3", "f"), "S7"), closing,
		signed(opening(llm.Text), "S8"), closing,
		finish(llm.Calls), end,
	}
	for _, hide := range []bool{false, true} {
		shown, free := "", `thought "free"|`
		unsigned := `thought "unsigned"|`
		if hide {
			shown, free, unsigned = "", "", ""
		}
		want := `thought "a\"é" (S1 google-gemini-v1)|` + free + `thought "b" (S2 anthropic-claude-v1)|sealed (S3 openai-responses-v1)|sealed (S4 anthropic-claude-v1)|` +
			unsigned + `"c" (S5 google-gemini-v1)|"d"|call c1 f {"x":1} (S6 google-gemini-v1)|call c2 f {}|call c3 f {} (S7 google-gemini-v1)|"" (S8 google-gemini-v1)` + shown
		if hide { // Anthropic's own is sealed in its signature
			want = strings.Replace(want, `thought "b"`, `thought ""`, 1)
		}
		r := &llm.Request{Reasoning: llm.Reasoning{Hide: hide}}
		for name, content := range map[string]string{
			"stream": accumulated(t, writer(r).Append(nil, events)),
			"whole":  gjson.GetBytes(writer(r).AppendWhole(nil, events), "content").Raw,
		} {
			back := read(t, `{"messages":[{"role":"assistant","content":`+content+`}]}`)
			var got []string
			for _, p := range back.Turns[0].Parts {
				got = append(got, strings.TrimLeft(parts([]llm.Part{p}, 0), "0123456789 "))
			}
			if s := strings.Join(got, "|"); s != want {
				t.Errorf("%s, hide %v\ngot  %s\nwant %s", name, hide, s, want)
			}
		}
	}
}

// TestRewriteRecordings: recorded answers of Anthropic's, decoded and written anew,
// hold what they held, and recorded requests can be read.
func TestRewriteRecordings(t *testing.T) {
	const shelf = "../../../shared/fixtures/anthropic-messages"
	cases, _ := filepath.Glob(filepath.Join(shelf, "*"))
	if len(cases) == 0 {
		t.Skip("there are no recordings in " + shelf)
	}
	for _, dir := range cases {
		if body, err := os.ReadFile(filepath.Join(dir, "request.json")); err == nil {
			r, bad := client.Decode(body)
			if bad != nil {
				t.Errorf("%s: %v", dir, bad)
			} else if r.Stream != gjson.GetBytes(body, "stream").Bool() || len(r.Turns) < len(gjson.GetBytes(body, "messages").Array()) {
				t.Errorf("%s: %+v", dir, r)
			}
		}
		var events []llm.Event
		ok := false
		if body, err := os.ReadFile(filepath.Join(dir, "response.sse")); err == nil {
			events, ok = follow(up.Decoder(nil, "id"), body, true)
		} else if body, err := os.ReadFile(filepath.Join(dir, "response.json")); err == nil && gjson.GetBytes(body, "content").Exists() {
			events, ok = up.Decoder(nil, "id").Whole(nil, body)
		}
		if !ok {
			continue
		}
		want := meaning(events)
		again, complete := follow(up.Decoder(nil, "id"), writer(new(llm.Request)).Append(nil, events), true)
		if err := check(again); !complete || err != nil || meaning(again) != want {
			t.Errorf("%s, stream: %v\ngot  %s\nwant %s", dir, err, meaning(again), want)
		}
		if events[len(events)-1].Step == llm.Fail { // a body is an answer or an error
			continue
		}
		if again, ok = up.Decoder(nil, "id").Whole(nil, writer(new(llm.Request)).AppendWhole(nil, events)); !ok || meaning(again) != want {
			t.Errorf("%s, whole:\ngot  %s\nwant %s", dir, meaning(again), want)
		}
	}
}

// meaning writes events without what is lost, how texts were cut, and how often
// usage was stated.
func meaning(events []llm.Event) string {
	var out []string
	var usage string
	last := func() string { return out[len(out)-1] }
	for i, e := range events {
		s := show(events[i : i+1])
		switch e.Step {
		case llm.Lost, llm.Cite:
			continue
		case llm.Stated:
			usage = s
			continue
		case llm.Delta:
			text, _ := json.Marshal(formats.Decoded(e.Text))
			s = "+" + string(text[1:len(text)-1])
			if strings.HasPrefix(last(), "+") {
				out[len(out)-1] += s[1:]
				continue
			}
		case llm.Close:
			switch { // an empty text is none; the arguments of a call have no blanks to keep
			case last() == "open text":
				out = out[:len(out)-1]
				continue
			case strings.HasPrefix(last(), "+{"):
				out[len(out)-1] = strings.ReplaceAll(last(), " ", "")
			}
		}
		out = append(out, s)
	}
	return fmt.Sprint(strings.Join(out, "|"), usage)
}
