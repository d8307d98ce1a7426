package exchange

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tidwall/gjson"

	"github.com/aiclient2api/caddy-aiclient2api/formats"
	"github.com/aiclient2api/caddy-aiclient2api/formats/messages"
)

// planned returns an exchange of a chat client with a target of another format.
func planned(t testing.TB, body string, to Target) *Exchange {
	t.Helper()
	x, bad := Plan(newCall(t, body), to)
	if bad != nil {
		t.Fatal(bad)
	}
	x.Begin(0, "1")
	return x
}

const (
	hi       = `{"model":"m","messages":[{"role":"user","content":"hi"}]}`
	hiStream = `{"model":"m","stream":true,"stream_options":{"include_usage":true},"messages":[{"role":"user","content":"hi"}]}`
)

func TestPlanOfATranslation(t *testing.T) {
	c := newCall(t, `{"model":"m","seed":7,"logit_bias":{"1":2},"messages":[{"role":"user","content":"hi"}]}`)
	c.Header = http.Header{"Anthropic-Beta": {"b"}, "Anthropic-Version": {"2026-10-21"}, "X-Stainless-Lang": {"go"}, "Idempotency-Key": {"k"}}
	c.Query = "beta=true"
	x, bad := Plan(c, claude())
	if bad != nil {
		t.Fatal(bad)
	}
	x.Begin(0, "1")
	memory, parts, length := x.Upload()
	body := string(bytes.Join(parts, nil))
	if x.Rung != Translate || memory == c.Body || length != int64(len(body)) {
		t.Errorf("rung %v, %d bytes", x.Rung, length)
	}
	if gjson.Get(body, "model").Str != "claude-sonnet-4-5" || gjson.Get(body, "messages.0.content.0.text").Str+gjson.Get(body, "messages.0.content").Str == "" {
		t.Errorf("sent %s", body)
	}
	if path, query := x.Path(); path != "/v1/messages" || query != "" {
		t.Errorf("to %s?%s", path, query)
	}
	h := x.Upward()
	if h.Get("Anthropic-Beta") != "b" || h.Get("Idempotency-Key") != "k" || len(h) != 2 {
		t.Errorf("headers %v", h)
	}
	if x.Lossy != "logit_bias, seed" && x.Lossy != "seed, logit_bias" {
		t.Errorf("lost %q", x.Lossy)
	}
	x.Release()
	x.Release() // harmless
}

// What a target cannot carry is the client's fault there, and says where; with
// strict so is what would be left out.
func TestTargetsThatCannotCarry(t *testing.T) {
	for _, tc := range []struct {
		name, body, param, says string
		strict                  bool
	}{
		{name: "a part", body: `{"model":"m","messages":[{"role":"system","content":"x"},{"role":"user","content":[{"type":"text","text":"a"},{"type":"input_audio","input_audio":{"data":"UklG","format":"wav"}}]}]}`, param: "messages[1].content[1]", says: `provider "claude"`},
		{name: "a member", body: `{"model":"m","n":2,"messages":[{"role":"user","content":"hi"}]}`, param: "n", says: "n cannot be sent"},
		{name: "strict", body: `{"model":"m","seed":1,"messages":[{"role":"user","content":"hi"}]}`, param: "seed", says: "strict", strict: true},
		{name: "unreadable", body: `{"model":"m","messages":[]}`, param: "messages", says: "at least one message"},
	} {
		c := newCall(t, tc.body)
		c.Strict = tc.strict
		_, bad := Plan(c, claude())
		if bad == nil || bad.Status != 400 || bad.Param != tc.param || !strings.Contains(bad.Message, tc.says) {
			t.Errorf("%s: %+v", tc.name, bad)
		}
	}
	if _, bad := Plan(newCall(t, hi), Target{Provider: "p", Model: "m"}); bad == nil || bad.Code != "unsupported_operation" {
		t.Errorf("no format: %v", bad)
	}
}

// A client's names go into a header.
func TestLossyIsAHeader(t *testing.T) {
	got := lossy([]string{"seed", "bad\r\nSet-Cookie: x", "größe", strings.Repeat("x", 500)})
	if strings.ContainsAny(got, "\r\n:") || len(got) > 200 || !strings.HasPrefix(got, "seed, bad??Set-Cookie? x, gr??e, x") {
		t.Errorf("%q", got)
	}
	if got := lossy(make([]string, 1000)); len(got) > 1000 {
		t.Errorf("%d bytes", len(got))
	}
}

// translated returns what the client gets of a provider's stream.
func translated(t testing.TB, to Target, r io.Reader) (string, *Exchange) {
	t.Helper()
	x := planned(t, hiStream, to)
	res, err := x.Answer(answer(200, "text/event-stream", r), Attempt{Own: true, Secret: []byte("sk-secret-of-ours")})
	if err != nil {
		t.Fatal(err)
	}
	if got := res.Header.Get("Content-Type"); got != "text/event-stream" || res.Header.Get("X-Accel-Buffering") != "no" || res.ContentLength != -1 {
		t.Errorf("header %v", res.Header)
	}
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatalf("the body ended with %v", err)
	}
	_ = res.Body.Close()
	return string(body), x
}

// A stream is the same however the network cuts it.
func TestTranslationWhateverTheCuts(t *testing.T) {
	streams := map[string]string{"written": string(deltas())}
	files, _ := filepath.Glob("../../../shared/fixtures/anthropic-messages/*/response.sse")
	for _, f := range files {
		if b, err := os.ReadFile(f); err == nil && len(b) < 40<<10 && !bytes.Contains(b, []byte(`"type":"error"`)) {
			streams[filepath.Base(filepath.Dir(f))] = string(b)
		}
	}
	if len(files) == 0 {
		t.Log("skipped: the recordings beside the project are not here")
	}
	for name, stream := range streams {
		t.Run(name, func(t *testing.T) {
			want, _ := translated(t, claude(), strings.NewReader(stream))
			if !strings.HasSuffix(want, "data: [DONE]\n\n") {
				t.Fatalf("no end: %s", want)
			}
			for how, n := range cuts {
				got, x := translated(t, claude(), &pieces{s: stream, n: n, err: io.EOF})
				if sameButTime(got) != sameButTime(want) {
					t.Errorf("%s: got\n%s\nwant\n%s", how, got, want)
				}
				if x.Interrupted != "" || !x.Stream {
					t.Errorf("outcome %+v", x.Outcome)
				}
			}
			if got, _ := translated(t, claude(), strings.NewReader(crlf(stream))); sameButTime(got) != sameButTime(want) {
				t.Errorf("CRLF: got\n%s\nwant\n%s", got, want)
			}
		})
	}
}

// sameButTime takes the time out of a stream.
func sameButTime(s string) string {
	at := strings.Index(s, `"created":`)
	if at < 0 {
		return s
	}
	created := s[at:]
	return strings.ReplaceAll(s, created[:strings.IndexByte(created, ',')], "")
}

func TestTranslatedStreamsThatEndEarly(t *testing.T) {
	whole := string(deltas())
	at := strings.Index(whole, "event: content_block_stop")
	for name, tc := range map[string]struct {
		stream string
		err    error
		says   string
	}{
		"cut between events":       {whole[:at], io.EOF, "broke off: the connection was closed"},
		"cut within an event":      {whole[:at+10], io.ErrUnexpectedEOF, "broke off: the connection was closed"},
		"reset":                    {whole[:at], errors.New("reset"), "broke off"},
		"an error in mid-stream":   {whole[:at] + "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"Overloaded\"}}\n\n", io.EOF, "Overloaded"},
		"an event that is no JSON": {whole[:at] + "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",,}\n\n", io.EOF, "JSON"},
		"too large an event":       {whole[:at] + "data: {\"x\":\"" + strings.Repeat("x", maxTranslatedEvent+chunk), io.EOF, "more than"},
	} {
		t.Run(name, func(t *testing.T) {
			got, x := translated(t, claude(), &pieces{s: tc.stream, n: 32 << 10, err: tc.err})
			frames := strings.Split(strings.TrimSuffix(got, "\n\n"), "\n\n")
			if last := frames[len(frames)-2]; !strings.Contains(gjson.Get(strings.TrimPrefix(last, "data: "), "error.message").Str, tc.says) || frames[len(frames)-1] != "data: [DONE]" {
				t.Errorf("it ended with %q", frames[len(frames)-2:])
			}
			if strings.Contains(got, "finish_reason\":\"") || x.Interrupted == "" {
				t.Errorf("%q, interrupted %q", got[len(got)-300:], x.Interrupted)
			}
		})
	}
}

// A stream that ended in its own way is whole, whatever the connection did
// afterwards, and also without a last empty line.
func TestTranslatedStreamsThatEndOddly(t *testing.T) {
	whole := string(deltas())
	for name, stream := range map[string]string{
		"reset behind the end": whole,
		"no empty line":        strings.TrimSuffix(whole, "\n\n"),
		"no message_stop":      whole[:strings.Index(whole, "event: message_stop")],
	} {
		err := io.EOF
		if name == "reset behind the end" {
			err = errors.New("reset")
		}
		got, x := translated(t, claude(), &pieces{s: stream, n: 100, err: err})
		if !strings.HasSuffix(got, "data: [DONE]\n\n") || strings.Contains(got, `"error"`) || x.Interrupted != "" {
			t.Errorf("%s: %q", name, got[len(got)-300:])
		}
		if x.Usage.Output.N != 100 || !strings.Contains(got, `"usage":{"prompt_tokens":10,"completion_tokens":100`) {
			t.Errorf("%s: usage %+v", name, x.Usage)
		}
	}
}

// Google's servers end a stream that breaks with JSON which is no event.
func TestABareErrorInAStream(t *testing.T) {
	stream := "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"Hello\"}]}}]}\r\n\r\n" +
		"{\n  \"error\": {\n    \"code\": 503,\n    \"message\": \"The model is overloaded.\",\n    \"status\": \"UNAVAILABLE\"\n  }\n}\n"
	for how, n := range cuts {
		got, x := translated(t, google(), &pieces{s: stream, n: n, err: io.EOF})
		if !strings.Contains(got, `"content":"Hello"`) || !strings.Contains(got, `"message":"The model is overloaded."`) || x.Interrupted == "" {
			t.Errorf("%s: %s", how, got)
		}
	}
	// as the first thing it is an error with its own status
	x := planned(t, hiStream, google())
	_, err := x.Answer(answer(200, "text/event-stream", strings.NewReader(stream[strings.Index(stream, "{\n"):])), Attempt{Own: true})
	var failed *RetryableError
	if !errors.As(err, &failed) || failed.Status != 503 || failed.Err.Raw != nil {
		t.Errorf("%v", err)
	}
}

// An error of a provider's reaches the client in the client's own shape, with
// its status and message, and with the provider's word as the code.
func TestErrorsAreTranslated(t *testing.T) {
	x := planned(t, hi, claude())
	res, err := x.Answer(answer(400, "application/json", strings.NewReader(`{"type":"error","error":{"type":"invalid_request_error","message":"prompt is too long"},"request_id":"req_1"}`)), Attempt{Own: true})
	if err != nil {
		t.Fatal(err)
	}
	body, _ := io.ReadAll(res.Body)
	if got := string(body); res.StatusCode != 400 || got != `{"error":{"message":"prompt is too long","type":"invalid_request_error","param":null,"code":"invalid_request_error"}}` &&
		gjson.Get(got, "error.message").Str != "prompt is too long" {
		t.Errorf("%d %s", res.StatusCode, body)
	}
	for status, says := range map[int]string{529: "Overloaded", 429: "slow down"} {
		x := planned(t, hi, claude())
		_, err := x.Answer(answer(status, "application/json", strings.NewReader(`{"type":"error","error":{"type":"overloaded_error","message":"`+says+`"}}`)), Attempt{Own: true})
		var failed *RetryableError
		if !errors.As(err, &failed) || failed.Status != status || failed.Err.Message != says || failed.Err.Raw != nil || failed.Err.Type != "" || failed.Err.Code != "overloaded_error" {
			t.Errorf("%d: %+v", status, err)
		}
	}
}

// Google tells in the error itself after how long to try again.
func TestRetryAfterInTheBody(t *testing.T) {
	x := planned(t, hi, google())
	_, err := x.Answer(answer(429, "application/json", strings.NewReader(`{"error":{"code":429,"message":"quota","status":"RESOURCE_EXHAUSTED","details":[{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"26.2s"}]}}`)), Attempt{Own: true})
	var failed *RetryableError
	if !errors.As(err, &failed) || failed.Header.Get("Retry-After") != "27" || failed.Err.Code != "RESOURCE_EXHAUSTED" {
		t.Errorf("%+v", err)
	}
}

// What a broken stream has cost is known as far as it was said.
func TestUsageOfABrokenStream(t *testing.T) {
	whole := string(deltas())
	_, x := translated(t, claude(), strings.NewReader(whole[:strings.Index(whole, "event: content_block_stop")]))
	if x.Usage.Input.N != 10 || x.Usage.Output.Known {
		t.Errorf("%+v", x.Usage)
	}
}

// A body that was asked for as a stream becomes one, and the other way round is
// no answer.
func TestWhatWasNotAskedFor(t *testing.T) {
	const body = `{"id":"msg_1","type":"message","role":"assistant","model":"claude","content":[{"type":"text","text":"Hello"}],"stop_reason":"end_turn","usage":{"input_tokens":3,"output_tokens":5}}`
	x := planned(t, hiStream, claude())
	res, err := x.Answer(answer(200, "application/json", strings.NewReader(body)), Attempt{Own: true})
	if err != nil {
		t.Fatal(err)
	}
	got, _ := io.ReadAll(res.Body)
	if res.Header.Get("Content-Type") != "text/event-stream" || !strings.HasSuffix(string(got), "data: [DONE]\n\n") || !strings.Contains(string(got), `"content":"Hello"`) {
		t.Errorf("%v %s", res.Header, got)
	}
	x = planned(t, hi, claude())
	if _, err := x.Answer(answer(200, "text/event-stream", bytes.NewReader(deltas())), Attempt{Own: true}); err == nil {
		t.Error("a stream was taken for a body")
	}
	for name, r := range map[string]io.Reader{
		"no JSON":        strings.NewReader("hello"),
		"another object": strings.NewReader(`[1]`),
		"cut":            &pieces{s: body[:40], n: 10, err: io.ErrUnexpectedEOF},
		"endless":        io.LimitReader(endless{}, maxTranslated+10),
	} {
		x := planned(t, hi, claude())
		_, err := x.Answer(answer(200, "application/json", r), Attempt{Own: true})
		var failed *RetryableError
		if !errors.As(err, &failed) || failed.Class != Broken {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// endless is a body that does not end.
type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}

// A credential that a provider repeats is not told in a translation either.
func TestTranslationsHideTheCredential(t *testing.T) {
	stream := strings.Replace(string(deltas()), "some words", "sk-secret-of-ours", 1)
	if got, _ := translated(t, claude(), strings.NewReader(stream)); strings.Contains(got, "sk-secret") {
		t.Error("it was told")
	}
}

// A piece of a stream costs no memory: what a stream of a hundred needs beyond
// one of two is what the larger buffers cost, not something for each.
func TestTranslatedPiecesDoNotAllocate(t *testing.T) {
	c := newCall(t, hiStream)
	buf := make([]byte, 64<<10)
	cost := func(stream []byte) float64 {
		r := bytes.NewReader(nil)
		return testing.AllocsPerRun(50, func() {
			x, _ := Plan(c, claude())
			x.Begin(0, "1")
			r.Reset(stream)
			res, err := x.Answer(answer(http.StatusOK, "text/event-stream", r), Attempt{})
			if err != nil {
				t.Fatal(err)
			}
			for {
				if _, err := res.Body.Read(buf); err != nil {
					break
				}
			}
			_ = res.Body.Close()
			x.Release()
		})
	}
	long := deltas()
	first := bytes.Index(long, []byte("event: content_block_delta"))
	last := bytes.LastIndex(long, []byte("event: content_block_delta"))
	short := append(bytes.Clone(long[:first]), long[last:]...)
	if few, many := cost(short), cost(long); many > few+10 {
		t.Errorf("%v allocations for one piece, %v for a hundred", few, many)
	}
}

// Citations are written at the end of their block, long after the event that
// they came in was overwritten.
func TestCitationsOutliveTheirEvent(t *testing.T) {
	whole := string(deltas())
	at := strings.Index(whole, "event: content_block_delta")
	cite := "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"citations_delta\",\"citation\":{\"type\":\"web_search_result_location\",\"url\":\"https://example.com/page\",\"title\":\"A Title\",\"cited_text\":\"x\",\"encrypted_index\":\"e\"}}}\n\n"
	end := strings.Index(whole, "event: content_block_stop")
	stream := whole[:at] + cite + strings.Repeat(whole[at:end], 20) + whole[end:]
	got, _ := translated(t, claude(), &pieces{s: stream, n: 4096, err: io.EOF})
	if !strings.Contains(got, `"url":"https://example.com/page","title":"A Title"`) {
		t.Errorf("the citation is gone: %s", got[len(got)-600:])
	}
}

// What Restore returns is other memory than what was decoded into: an answer of
// a wrapped tool kept its finish only if the two did not meet.
func TestRestoredEventsAreNotDecodedInto(t *testing.T) {
	const body = `{"model":"m","stream":true,"messages":[{"role":"user","content":"hi"}],"tools":[{"type":"custom","custom":{"name":"p"}}]}`
	event := func(kind, rest string) string {
		return "event: " + kind + "\ndata: {\"type\":\"" + kind + "\"" + rest + "}\n\n"
	}
	cites := strings.TrimSuffix(strings.Repeat(`{"type":"web_search_result_location","url":"https://a","title":"t"},`, 4), ",")
	stream := event("message_start", `,"message":{"id":"m1","model":"claude","content":[]}`) +
		event("content_block_start", `,"index":0,"content_block":{"type":"text","text":"see","citations":[`+cites+`]}`) +
		event("content_block_start", `,"index":1,"content_block":{"type":"tool_use","id":"t1","name":"p","input":{}}`) +
		event("content_block_delta", `,"index":1,"delta":{"type":"input_json_delta","partial_json":"{\"input\":\"x\"}"}`) +
		event("message_delta", `,"delta":{"stop_reason":"tool_use"}`) + event("message_stop", "")
	x := planned(t, body, claude())
	res, err := x.Answer(answer(200, "text/event-stream", strings.NewReader(stream)), Attempt{})
	if err != nil {
		t.Fatal(err)
	}
	got, _ := io.ReadAll(res.Body)
	if !strings.Contains(string(got), `"finish_reason":"tool_calls"`) || !strings.Contains(string(got), `"custom":{"input":"x"}`) {
		t.Errorf("got %s", got)
	}
}

// What a stream ends with is due when the provider says that it ended, not when
// it closes the connection.
func TestTheEndDoesNotWaitForTheConnection(t *testing.T) {
	r, w := io.Pipe()
	defer w.Close()
	go func() { _, _ = w.Write(deltas()) }()
	x := planned(t, hiStream, claude())
	res, err := x.Answer(answer(200, "text/event-stream", r), Attempt{})
	if err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(res.Body) // would hang
	if err != nil || !strings.HasSuffix(string(got), "data: [DONE]\n\n") {
		t.Errorf("%v, %s", err, got)
	}
}

// A name that each chunk repeats is no means to make much of little.
func TestALongIDIsNotRepeated(t *testing.T) {
	stream := strings.Replace(string(deltas()), "msg_1", strings.Repeat("x", 1<<20), 1)
	if got, _ := translated(t, claude(), strings.NewReader(stream)); len(got) > 100<<10 || !strings.HasPrefix(got, `data: {"id":"chatcmpl-id"`) {
		t.Errorf("%d bytes: %.100s", len(got), got)
	}
}

// What is no event of the format is no answer: another account can still give one.
func TestAForeignStreamIsNoAnswer(t *testing.T) {
	for _, stream := range []string{"data: <html>oops</html>\n\n", "data: \"upstream overloaded\"\n\n", "data: null\n\n", "data: {\"a\":\n\n"} {
		x := planned(t, hiStream, claude())
		_, err := x.Answer(answer(200, "text/event-stream", strings.NewReader(stream)), Attempt{Own: true})
		var failed *RetryableError
		if !errors.As(err, &failed) || failed.Class != Broken {
			t.Errorf("%q: %v", stream, err)
		}
	}
}

// An encoder may have escaped the credential in the error that repeats it.
func TestAnEscapedCredentialIsHidden(t *testing.T) {
	const secret = "abcDEF123/456+789=="
	for _, said := range []string{`abcDEF123\/456+789==`, `abcDEF123/456+789\u003d\u003d`} {
		body := `{"type":"error","error":{"type":"invalid_request_error","message":"bad key ` + said + `"}}`
		x := planned(t, hi, claude())
		res, err := x.Answer(answer(400, "application/json", strings.NewReader(body)), Attempt{Own: true, Secret: []byte(secret)})
		if err != nil {
			t.Fatal(err)
		}
		if got, _ := io.ReadAll(res.Body); strings.Contains(string(got), "DEF123") {
			t.Errorf("told: %s", got)
		}
		stream := string(deltas())
		stream = stream[:strings.Index(stream, "event: content_block_stop")] + "event: error\ndata: " + body + "\n\n"
		x = planned(t, hiStream, claude())
		res, err = x.Answer(answer(200, "text/event-stream", strings.NewReader(stream)), Attempt{Own: true, Secret: []byte(secret)})
		if err != nil {
			t.Fatal(err)
		}
		if got, _ := io.ReadAll(res.Body); strings.Contains(string(got), "DEF123") || strings.Contains(x.Interrupted, "DEF123") {
			t.Errorf("told in a stream: %s, %s", got, x.Interrupted)
		}
	}
}

// A provider's delay can be any number.
func TestRetryAfterIsBounded(t *testing.T) {
	x := planned(t, hi, google())
	_, err := x.Answer(answer(429, "application/json", strings.NewReader(`{"error":{"code":429,"message":"q","status":"RESOURCE_EXHAUSTED","details":[{"retryDelay":"9223372036.8s"}]}}`)), Attempt{Own: true})
	var failed *RetryableError
	if !errors.As(err, &failed) || failed.Header.Get("Retry-After") != "86400" {
		t.Errorf("%+v", err)
	}
}

// Interface guards: what the benchmarks and tests here rely on.
var _ formats.Listener = messages.Upstream{}
