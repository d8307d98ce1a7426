package exchange

import (
	"bytes"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/tidwall/gjson"

	"github.com/aiclient2api/caddy-aiclient2api/formats"
	"github.com/aiclient2api/caddy-aiclient2api/formats/chat"
	"github.com/aiclient2api/caddy-aiclient2api/formats/gemini"
	"github.com/aiclient2api/caddy-aiclient2api/formats/messages"
	"github.com/aiclient2api/caddy-aiclient2api/llm"
	"github.com/aiclient2api/caddy-aiclient2api/sse"
)

// wary is a format whose decoders read every event.
type wary struct{ formats.Listener }

func (w wary) Decoder(sent *formats.Sent, id string) formats.Decoder {
	return struct{ formats.Decoder }{w.Listener.Decoder(sent, id)}
}

// heard returns what a client gets for a stream of a provider, read in
// pieces of n bytes, and how the answer ended.
func heard(t testing.TB, client formats.Client, provider formats.Listener, stream string, n int) (body, end string) {
	t.Helper()
	request := hiStream
	if client.Name() == messages.Name {
		request = `{"model":"m","stream":true,"max_tokens":9,"messages":[{"role":"user","content":"hi"}]}`
	}
	return heardOf(t, request, client, provider, stream, n)
}

// heardOf is heard for a request.
func heardOf(t testing.TB, request string, client formats.Client, provider formats.Listener, stream string, n int) (body, end string) {
	t.Helper()
	c := newCall(t, request)
	c.Client, c.Start = client, time.Unix(1760000000, 0) // which answers bear
	x, bad := Plan(c, Target{Provider: "p", Model: "m", Formats: []formats.Upstream{provider}})
	if bad != nil {
		t.Fatal(bad)
	}
	x.Begin(0, "1")
	res, err := x.Answer(answer(200, "text/event-stream", &pieces{s: stream, n: n, err: io.EOF}), Attempt{})
	if err != nil {
		return "", err.Error()
	}
	all, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	return string(all), x.Interrupted
}

// An event that is not read, because it is written as the one before, must say
// what it would have said.
func TestEventsInAGrooveSayTheSame(t *testing.T) {
	const (
		start  = "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"msg_1\",\"model\":\"m\",\"usage\":{\"input_tokens\":1}}}\n\n"
		opened = "event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"\"}}\n\n"
		closed = "event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":0}\n\n"
		stop   = "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n"
		ping   = "event: ping\ndata: {\"type\":\"ping\"}\n\n"
		call   = "event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":1,\"content_block\":{\"type\":\"tool_use\",\"id\":\"t\",\"name\":\"f\",\"input\":{}}}\n\n"
	)
	piece := func(text string) string {
		return "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":" + text + "}}\n\n"
	}
	args := func(text string) string {
		return "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":1,\"delta\":{\"type\":\"input_json_delta\",\"partial_json\":" + text + "}}\n\n"
	}
	chunk := func(delta string) string {
		return `data: {"id":"c","model":"m","choices":[{"index":0,"delta":` + delta + `,"finish_reason":null}]}` + "\n\n"
	}
	const toChat, toMessages = true, false
	for name, tc := range map[string]struct {
		toChat bool
		stream string
	}{
		"texts":              {toChat, start + opened + piece(`"a"`) + piece(`"b"`) + piece(`"c"`) + closed + stop},
		"a text as a member": {toChat, start + opened + piece(`"text"`) + piece(`"text"`) + piece(`"delta"`) + piece(`"index"`) + closed + stop},
		"escapes":            {toChat, start + opened + piece(`"a"`) + piece(`"\"}}"`) + piece(`"\\"`) + piece(`"\ud83d"`) + piece(`"\ude00"`) + closed + stop},
		"an empty one":       {toChat, start + opened + piece(`"a"`) + piece(`""`) + piece(`"b"`) + closed + stop},
		"none":               {toChat, start + opened + piece(`"a"`) + piece(`null`) + piece(`"b"`) + closed + stop},
		"a broken one":       {toChat, start + opened + piece(`"a"`) + piece("\"\x01\"") + piece(`"b"`) + closed + stop},
		"more behind":        {toChat, start + opened + piece(`"a"`) + strings.Replace(piece(`"b"`), "}}", "},\"x\":{}}", 1) + piece(`"c"`) + closed + stop},
		"two data lines":     {toChat, start + opened + piece(`"a"`) + strings.Replace(piece(`"b"`), "}}\n", "}\ndata: }\n", 1) + piece(`"c"`) + closed + stop},
		"other line ends":    {toChat, start + opened + piece(`"a"`) + strings.ReplaceAll(piece(`"b"`), "\n", "\r\n") + piece(`"c"`) + closed + stop},
		"behind its block":   {toChat, start + opened + piece(`"a"`) + closed + piece(`"b"`) + closed + stop},
		"no data between":    {toChat, start + opened + piece(`"a"`) + "data:\n\n" + piece(`"b"`) + closed + stop},
		"a ping between":     {toChat, start + opened + piece(`"a"`) + ping + piece(`"b"`) + ": comment\n\n" + piece(`"c"`) + closed + stop},
		"behind the end":     {toChat, start + opened + piece(`"a"`) + closed + stop + piece(`"b"`)},
		"a call":             {toChat, start + opened + piece(`"a"`) + closed + call + args(`"{\"a\":"`) + args(`"1"`) + args(`"}"`) + strings.Replace(closed, `:0`, `:1`, 1) + stop},
		"it breaks off":      {toChat, start + opened + piece(`"a"`) + piece(`"b"`) + piece(`"c"`)[:90]},
		"an error":           {toChat, start + opened + piece(`"a"`) + piece(`"b"`) + "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"m\"}}\n\n"},

		"chunks":            {toMessages, chunk(`{"role":"assistant","content":""}`) + chunk(`{"content":"a"}`) + chunk(`{"content":"b"}`) + chunk(`{"content":"c"}`) + finish + end},
		"thoughts and text": {toMessages, chunk(`{"reasoning_content":"a"}`) + chunk(`{"reasoning_content":"b"}`) + chunk(`{"reasoning_content":"c"}`) + chunk(`{"content":"d"}`) + chunk(`{"content":"e"}`) + chunk(`{"reasoning_content":"f"}`) + finish + end},
		"both at once":      {toMessages, chunk(`{"content":"a","reasoning_content":""}`) + chunk(`{"content":"b","reasoning_content":""}`) + chunk(`{"content":"c","reasoning_content":"d"}`) + chunk(`{"content":"c","reasoning_content":"d"}`) + finish + end},
		"text amid a call":  {toMessages, chunk(`{"content":"a"}`) + chunk(`{"content":"b"}`) + chunk(`{"tool_calls":[{"index":0,"id":"t","function":{"name":"f","arguments":"{"}}]}`) + chunk(`{"content":"c"}`) + chunk(`{"content":"d"}`) + chunk(`{"tool_calls":[{"index":0,"function":{"arguments":"}"}}]}`) + finish + end},
		"no data in chat":   {toMessages, chunk(`{"content":"a"}`) + chunk(`{"content":"b"}`) + "data: \n\n" + chunk(`{"content":"c"}`) + finish + end},
		"behind the last":   {toMessages, chunk(`{"content":"a"}`) + finish + end + chunk(`{"content":"b"}`)},
		"nothing":           {toMessages, chunk(`{"content":"a"}`) + chunk(`{"content":""}`) + chunk(`{"content":null}`) + chunk(`{"content":"b"}`) + finish + end},
	} {
		t.Run(name, func(t *testing.T) {
			var client formats.Client = messages.Client{}
			var provider formats.Listener = chat.Upstream{}
			if tc.toChat {
				client, provider = chat.Client{}, messages.Upstream{}
			}
			want, wantEnd := heard(t, client, wary{provider}, tc.stream, 1<<20)
			for how, n := range cuts {
				if got, end := heard(t, client, provider, tc.stream, n); got != want || end != wantEnd {
					t.Errorf("%s: got\n%s%s\nwant\n%s%s", how, got, end, want, wantEnd)
				}
			}
		})
	}
}

// What is unwrapped may become an error, behind which nothing is said.
func TestAnErrorEndsAGroove(t *testing.T) {
	const request = `{"model":"m","stream":true,"messages":[{"role":"user","content":"hi"}],"tools":[{"type":"custom","custom":{"name":"f"}}]}`
	var b strings.Builder
	b.WriteString("data: {\"type\":\"message_start\",\"message\":{\"id\":\"i\"}}\n\n")
	b.WriteString("data: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"tool_use\",\"id\":\"t\",\"name\":\"f\",\"input\":{}}}\n\n")
	args := func(text string) {
		b.WriteString("data: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"input_json_delta\",\"partial_json\":\"" + text + "\"}}\n\n")
	}
	args(`{\"input\":\"`)
	for range 280 { // more than is unwrapped
		args(strings.Repeat("x", 64<<10))
	}
	got, end := heardOf(t, request, chat.Client{}, messages.Upstream{}, b.String(), 1<<20)
	want, wantEnd := heardOf(t, request, chat.Client{}, wary{messages.Upstream{}}, b.String(), 1<<20)
	if n := strings.Count(got, `"error"`); n != 1 || got != want || end != wantEnd {
		t.Errorf("%d errors, %d bytes, want %d bytes: %s", n, len(got), len(want), end)
	}
}

// The groove is worth nothing if nobody is in it.
func TestUsualStreamsAreInAGroove(t *testing.T) {
	for name, tc := range map[string]struct {
		provider formats.Listener
		stream   []byte
	}{
		"messages": {messages.Upstream{}, deltas()},
		"chat":     {chat.Upstream{}, chunks()},
	} {
		reads := 0
		provider := numbered{tc.provider, &reads}
		var client formats.Client = messages.Client{}
		if name == "messages" {
			client = chat.Client{}
		}
		heard(t, client, provider, string(tc.stream), 1<<20)
		if reads == 0 || reads > 12 {
			t.Errorf("%s: %d of some hundred events were decoded", name, reads)
		}
	}
}

// numbered is a format whose decoders count what they read.
type numbered struct {
	formats.Listener
	reads *int
}

func (c numbered) Decoder(sent *formats.Sent, id string) formats.Decoder {
	return &counting{c.Listener.Decoder(sent, id).(formats.Steady), c.reads}
}

type counting struct {
	steady
	reads *int
}

type steady = formats.Steady // whose method Steady would be hidden by a field of that name

func (c *counting) Decode(dst []llm.Event, ev sse.Event) []llm.Event {
	*c.reads++
	return c.steady.Decode(dst, ev)
}

// FuzzTranslateStream: whatever a provider sends, the client gets events of valid
// JSON and one end, the same whether events in a groove are read or not.
func FuzzTranslateStream(f *testing.F) {
	f.Add(uint8(0), deltas())
	f.Add(uint8(1), []byte("data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"a\",\"thoughtSignature\":\"S\"},{\"functionCall\":{\"name\":\"f\"}}]},\"finishReason\":\"STOP\"}]}\r\n\r\n{\"error\":{}}"))
	f.Add(uint8(2), chunks())
	f.Fuzz(func(t *testing.T, which uint8, stream []byte) {
		provider := []formats.Listener{messages.Upstream{}, gemini.Upstream{}, chat.Upstream{}}[which%3]
		if which%3 == 2 {
			got, end := heard(t, messages.Client{}, provider, string(stream), 1<<20)
			if want, wantEnd := heard(t, messages.Client{}, wary{provider}, string(stream), 1<<20); got != want || end != wantEnd {
				t.Errorf("got\n%s%s\nwant\n%s%s", got, end, want, wantEnd)
			}
			return
		}
		got, end := heard(t, chat.Client{}, provider, string(stream), 1<<20)
		if want, wantEnd := heard(t, chat.Client{}, wary{provider}, string(stream), 1<<20); got != want || end != wantEnd {
			t.Errorf("got\n%s%s\nwant\n%s%s", got, end, want, wantEnd)
		}
		if !strings.HasPrefix(got, "data: ") {
			return
		}
		frames := strings.Split(strings.TrimSuffix(got, "\n\n"), "\n\n")
		for i, frame := range frames {
			data, ok := strings.CutPrefix(frame, "data: ")
			if last := i == len(frames)-1; !ok || last != (data == "[DONE]") || !last && !gjson.Valid(data) {
				t.Fatalf("frame %d of %d: %q", i, len(frames), frame)
			}
		}
	})
}

// BenchmarkGroove is that of an event in it.
func BenchmarkGroove(b *testing.B) {
	raw := bytes.SplitAfter(deltas(), []byte("\n\n"))[5]
	var g groove
	at := bytes.Index(raw, []byte(`"some`))
	g.before, g.behind = raw[:at], raw[bytes.LastIndexByte(raw, '"')+1:]
	b.ReportAllocs()
	for b.Loop() {
		if _, end := g.next(raw); end != len(raw) {
			b.Fatal(end)
		}
	}
}
