package echo

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/tidwall/gjson"
)

// ask sends a request and returns status and body.
func ask(t *testing.T, p *Provider, body string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://echo.invalid/v1/chat/completions", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	res, err := p.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	got, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(got)
}

// completion is a whole answer, or a chunk of one.
type completion struct {
	ID, Object, Model string
	Choices           []struct {
		Message, Delta struct {
			Role      string
			Content   *string
			ToolCalls []struct {
				Index    *int
				ID, Type string
				Function struct{ Name, Arguments string }
			} `json:"tool_calls"`
		}
		FinishReason *string `json:"finish_reason"`
	}
	Usage *struct {
		PromptTokens     int `json:"prompt_tokens"`
		CompletionTokens int `json:"completion_tokens"`
		TotalTokens      int `json:"total_tokens"`
	}
}

// chunks reads a stream, which must end as it should.
func chunks(t *testing.T, stream string) (out []completion) {
	t.Helper()
	rest, done := strings.CutSuffix(stream, "data: [DONE]\n\n")
	if !done {
		t.Fatalf("no terminator: %s", stream)
	}
	for part := range strings.SplitSeq(strings.TrimSuffix(rest, "\n\n"), "\n\n") {
		var c completion
		if err := json.Unmarshal([]byte(strings.TrimPrefix(part, "data: ")), &c); err != nil {
			t.Fatalf("%v in %s", err, part)
		}
		out = append(out, c)
	}
	return out
}

func TestWhole(t *testing.T) {
	for _, tc := range []struct {
		name, messages, want string
		repeat               int
		in, out              int
	}{
		{name: "last text of the user", messages: `{"role":"system","content":"be brief"},{"role":"user","content":"first"},{"role":"assistant","content":"x"},{"role":"user","content":"hello  world\n"}`, want: "hello  world\n", in: 6, out: 2},
		{name: "parts", messages: `{"role":"user","content":[{"type":"text","text":"a"},{"type":"image_url","image_url":{"url":"u"}},{"type":"text","text":"b"}]}`, want: "a\nb", in: 2, out: 2},
		{name: "unicode", messages: `{"role":"user","content":"Grüße 🌍 \"quoted\" \u2028"}`, want: "Grüße 🌍 \"quoted\" \u2028", in: 3, out: 4},
		{name: "repeated", messages: `{"role":"user","content":"a b"}`, repeat: 3, want: "a b a b a b", in: 2, out: 6},
		{name: "nothing", messages: `{"role":"user","content":""}`, repeat: 3, want: ""},
		{name: "no user", messages: `{"role":"system","content":"x"}`, want: "", in: 1},
	} {
		t.Run(tc.name, func(t *testing.T) {
			status, body := ask(t, &Provider{Repeat: tc.repeat}, `{"model":"echo","messages":[`+tc.messages+`]}`)
			var c completion
			if err := json.Unmarshal([]byte(body), &c); err != nil || status != 200 {
				t.Fatalf("%d %s: %v", status, body, err)
			}
			m := c.Choices[0]
			if *m.Message.Content != tc.want || *m.FinishReason != "stop" || c.Object != "chat.completion" || c.Model != "echo" {
				t.Errorf("got %s", body)
			}
			if u := c.Usage; u.PromptTokens != tc.in || u.CompletionTokens != tc.out || u.TotalTokens != tc.in+tc.out {
				t.Errorf("usage %+v", u)
			}
		})
	}
}

func TestStream(t *testing.T) {
	for _, usage := range []bool{false, true} {
		body := `{"model":"echo","stream":true,"messages":[{"role":"user","content":"one two"}]}`
		if usage {
			body = strings.Replace(body, `"stream":true`, `"stream":true,"stream_options":{"include_usage":true}`, 1)
		}
		_, stream := ask(t, &Provider{Repeat: 2}, body)
		list := chunks(t, stream)
		text, finishes := "", 0
		for i, c := range list {
			if c.ID != list[0].ID || c.Object != "chat.completion.chunk" || c.Model != "echo" {
				t.Errorf("chunk %d: %+v", i, c)
			}
			if len(c.Choices) == 0 {
				if !usage || i != len(list)-1 || c.Usage.CompletionTokens != 4 || c.Usage.PromptTokens != 2 {
					t.Errorf("chunk %d: %+v", i, c.Usage)
				}
				continue
			}
			if (c.Choices[0].Delta.Role == "assistant") != (i == 0) {
				t.Errorf("chunk %d has role %q", i, c.Choices[0].Delta.Role)
			}
			if s := c.Choices[0].Delta.Content; s != nil {
				text += *s
			}
			if f := c.Choices[0].FinishReason; f != nil {
				finishes++
			}
		}
		if text != "one two one two" || finishes != 1 || usage != (list[len(list)-1].Usage != nil) {
			t.Errorf("text %q, %d finishes: %s", text, finishes, stream)
		}
	}
}

const tools = `"tools":[{"type":"function","function":{"name":"other"}},{"type":"function","function":{"name":"get_weather","parameters":{"type":"object","required":["city","days","unit","where","list"],
	"properties":{"city":{"type":"string"},"days":{"type":"integer","minimum":3},"unit":{"enum":["C","F"]},"where":{"type":"object","required":["lat"],"properties":{"lat":{"type":["number","null"]}}},"list":{"type":"array","items":{"type":"boolean"},"minItems":1},"optional":{"type":"string"}}}}}]`

func TestToolCall(t *testing.T) {
	const want = `{"city":"echo","days":3,"unit":"C","where":{"lat":1},"list":[true]}`
	_, body := ask(t, new(Provider), `{"model":"echo","messages":[{"role":"user","content":"please get_weather now"}],`+tools+`}`)
	var c completion
	if err := json.Unmarshal([]byte(body), &c); err != nil {
		t.Fatal(err)
	}
	call := c.Choices[0].Message.ToolCalls[0]
	if call.Function.Name != "get_weather" || call.Function.Arguments != want || call.ID == "" || call.Type != "function" || *c.Choices[0].FinishReason != "tool_calls" || c.Choices[0].Message.Content != nil {
		t.Errorf("got %s", body)
	}

	_, stream := ask(t, new(Provider), `{"model":"echo","stream":true,"messages":[{"role":"user","content":"get_weather"}],`+tools+`}`)
	names, arguments, reason := "", "", ""
	for _, c := range chunks(t, stream) {
		for _, call := range c.Choices[0].Delta.ToolCalls {
			names += call.Function.Name
			arguments += call.Function.Arguments
			if call.Index == nil || *call.Index != 0 {
				t.Errorf("call %+v", call)
			}
		}
		if f := c.Choices[0].FinishReason; f != nil {
			reason = *f
		}
	}
	if names != "get_weather" || arguments != want || reason != "tool_calls" {
		t.Errorf("call %q of %q, finish %q: %s", arguments, names, reason, stream)
	}
}

// A client that hands back a tool's result gets a text, or it would call for
// ever; and a name inside a longer one is not named.
func TestNoToolCall(t *testing.T) {
	for name, body := range map[string]string{
		"after a result": `{"messages":[{"role":"user","content":"get_weather"},{"role":"assistant","tool_calls":[]},{"role":"tool","content":"7"}],` + tools + `}`,
		"switched off":   `{"messages":[{"role":"user","content":"get_weather"}],"tool_choice":"none",` + tools + `}`,
		"a longer name":  `{"messages":[{"role":"user","content":"forget_weather get_weather2"}],` + tools + `}`,
		"not named":      `{"messages":[{"role":"user","content":"hello"}],` + tools + `}`,
	} {
		_, body := ask(t, new(Provider), body)
		if strings.Contains(body, "tool_calls") {
			t.Errorf("%s: %s", name, body)
		}
	}
}

func TestBadRequests(t *testing.T) {
	for _, body := range []string{"", "{", `{"messages":"x"}`, `{"messages":[]}`, `{}`} {
		if status, got := ask(t, new(Provider), body); status != 400 || !strings.Contains(got, `"invalid_request_error"`) {
			t.Errorf("%q: %d %s", body, status, got)
		}
	}
}

// A stream that nobody reads any more ends at once, however long its delay.
func TestAStreamEndsWithItsClient(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	r, _ := http.NewRequestWithContext(ctx, http.MethodPost, "http://echo.invalid", strings.NewReader(`{"stream":true,"messages":[{"role":"user","content":"x"}]}`))
	res, err := (&Provider{Delay: caddy.Duration(time.Hour)}).RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	if _, err := res.Body.Read(make([]byte, 100)); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	r, _ = http.NewRequestWithContext(ctx, http.MethodPost, "http://echo.invalid", strings.NewReader(`{"messages":[{"role":"user","content":"x"}]}`))
	if _, err := (&Provider{Delay: caddy.Duration(time.Hour)}).RoundTrip(r); !errors.Is(err, context.Canceled) {
		t.Errorf("whole: got %v", err)
	}
}

// A stranger's text must not be multiplied into memory.
func TestRepeatIsBounded(t *testing.T) {
	p := Provider{Repeat: maxRepeat}
	a := p.reply(question{text: strings.Repeat("word ", 1<<18)})
	n := 0
	for i := range a.count() {
		blank, word := a.word(i)
		n += len(blank) + len(word)
	}
	if n > 2*maxSaid {
		t.Errorf("%d bytes", n)
	}
}

// Every request has schemas of a stranger's: what is made of them is bounded,
// whatever they say, and only made for the tool that is called.
func TestSamplesAreBounded(t *testing.T) {
	schema := `{"type":"string"}`
	for range 12 {
		schema = `{"type":"object","required":["a","a","b","c","d","e","f","g","h","i","j"],"properties":{"a":` + schema +
			strings.Repeat(`,"z":{}`, 1) + `,"b":` + `{"type":"object","required":["x"],"properties":{"x":{"enum":[1]}}}}}`
	}
	_, body := ask(t, new(Provider), `{"messages":[{"role":"user","content":"f"}],"tools":[{"function":{"name":"f","parameters":`+schema+`}}]}`)
	if !json.Valid([]byte(body)) || len(body) > 4*maxSample {
		t.Errorf("%d bytes: %.200s", len(body), body)
	}
	wide := `"` + strings.Repeat("x", 1000) + `"`
	schema = `{"type":"array","minItems":1,"items":{"const":` + wide + `}}`
	schema = `{"type":"object","required":[` + strings.Repeat(`"a",`, 5000) + `"b"],"properties":{"a":` + schema + `}}`
	if got := appendSample(nil, gjson.Parse(schema), 0); len(got) > 2000 {
		t.Errorf("a name that is required many times is said many times: %d bytes", len(got))
	}
}

func TestSplit(t *testing.T) {
	for text, want := range map[string]int{"": 0, " ": 1, "a": 1, "a b": 2, " a\n\nb ": 2, "a  b\tc": 3} {
		words := split(text)
		if strings.Join(words, "") != text || len(words) != want {
			t.Errorf("%q: %q", text, words)
		}
	}
}

func TestWords(t *testing.T) {
	for _, tc := range []struct {
		line string
		want Provider
		mine bool
		bad  bool
	}{
		{line: "delay 20ms", want: Provider{Delay: caddy.Duration(20 * time.Millisecond)}, mine: true},
		{line: "repeat 7", want: Provider{Repeat: 7}, mine: true},
		{line: "lb_policy first"},
		{line: "delay", mine: true, bad: true},
		{line: "delay soon", mine: true, bad: true},
		{line: "delay 1s 2s", mine: true, bad: true},
		{line: "repeat 0", mine: true, bad: true},
		{line: "repeat x", mine: true, bad: true},
	} {
		var p Provider
		d := caddyfile.NewTestDispenser(tc.line)
		d.Next()
		mine, err := p.UnmarshalWord(d)
		if mine != tc.mine || (err != nil) != tc.bad || !tc.bad && p != tc.want {
			t.Errorf("%s: %+v, %v, %v", tc.line, p, mine, err)
		}
	}
	for p, bad := range map[Provider]bool{{}: false, {Delay: -1}: true, {Repeat: -1}: true, {Repeat: maxRepeat + 1}: true, {Repeat: maxRepeat}: false} {
		if err := p.Validate(); (err != nil) != bad {
			t.Errorf("%+v: %v", p, err)
		}
	}
}

// FuzzRoundTrip: whatever is asked, nothing panics and what is answered is JSON.
func FuzzRoundTrip(f *testing.F) {
	f.Add([]byte(`{"model":"echo","messages":[{"role":"user","content":"get_weather"}],` + tools + `}`))
	f.Add([]byte(`{"stream":true,"messages":[{"role":"user","content":[{"text":1}]}],"tools":[{"function":{"name":"","parameters":{"required":[1,{}]}}}]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		res, err := new(Provider).RoundTrip(httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/v1/chat/completions", bytes.NewReader(body)))
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		got, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		if res.Header.Get("Content-Type") == "application/json" {
			if !json.Valid(got) {
				t.Fatalf("%q became %q", body, got)
			}
			return
		}
		chunks(t, string(got))
	})
}

func benchmark(b *testing.B, body string) {
	b.ReportAllocs()
	for b.Loop() {
		res, err := new(Provider).RoundTrip(httptest.NewRequestWithContext(b.Context(), http.MethodPost, "/v1/chat/completions", strings.NewReader(body)))
		if err != nil {
			b.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, res.Body)
		_ = res.Body.Close()
	}
}

func BenchmarkStream(b *testing.B) {
	benchmark(b, `{"model":"echo","stream":true,"messages":[{"role":"user","content":"`+strings.Repeat("word ", 100)+`"}]}`)
}

func BenchmarkCall(b *testing.B) {
	benchmark(b, `{"model":"echo","messages":[{"role":"user","content":"get_weather"}],`+tools+`}`)
}
