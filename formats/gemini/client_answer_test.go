package gemini_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/aiclient2api/caddy-aiclient2api/formats"
	"github.com/aiclient2api/caddy-aiclient2api/llm"
	"github.com/aiclient2api/caddy-aiclient2api/sse"
)

// What a client sends back of an answer is what the model said: for clients
// that keep all, for those that drop thoughts, and for those that keep
// signatures on calls only.
func TestClientRoundTrip(t *testing.T) {
	events := []llm.Event{
		start, openThought(llm.Anthropic), delta("h"), delta("m"), sign("S", llm.Anthropic), shut,
		{Step: llm.Open, Kind: llm.Sealed, Signature: lit("E"), Origin: llm.Anthropic}, shut,
		open(llm.Text), delta("I "), delta("call"), shut, openCall("1", "f"), delta(`{"a":1}`), shut, openCall("2", "g"), shut,
		finish(llm.Calls), over,
	}
	const want = `thought:"hm":sig="S":of=anthropic-claude-v1 sealed:sig="E":of=anthropic-claude-v1`
	const calls = ` call:id="1":name="f":args={"a":1} call:id="2":name="g":args={}`
	answer := formats.Answer{Request: &llm.Request{}}
	whole := client.Encoder(answer).AppendWhole(nil, events)
	chunks := objects(t, client.Encoder(answer).Append(nil, events))
	for name, keeps := range map[string]func(part map[string]any) bool{
		"all": func(map[string]any) bool { return true },
		"no thoughts": func(p map[string]any) bool {
			return p["thought"] == nil
		},
		"signatures of calls": func(p map[string]any) bool {
			if p["functionCall"] == nil {
				delete(p, "thoughtSignature")
			}
			return p["thought"] == nil
		},
	} {
		for _, bodies := range [][]string{{string(whole)}, chunks} {
			var contents []string
			for _, body := range bodies {
				var o struct {
					Candidates []struct {
						Content struct {
							Role  string           `json:"role"`
							Parts []map[string]any `json:"parts"`
						} `json:"content"`
					} `json:"candidates"`
				}
				if err := json.Unmarshal([]byte(body), &o); err != nil {
					t.Fatal(err)
				}
				c := o.Candidates[0].Content
				keep := c.Parts[:0]
				for _, p := range c.Parts {
					if keeps(p) {
						keep = append(keep, p)
					}
				}
				c.Parts = keep
				b, _ := json.Marshal(c)
				contents = append(contents, string(b))
			}
			text := ` text:"I call"`
			if len(bodies) > 1 {
				text = ` text:"I " text:"call"`
			}
			r, err := client.Decode([]byte(`{"contents":["q",` + strings.Join(contents, ",") + `]}`))
			if err != nil {
				t.Fatal(err)
			}
			if got := showTurns(r.Turns[1:]); got != "model("+want+text+calls+")" {
				t.Errorf("%s: %s", name, got)
			}
		}
	}
}

func TestClientError(t *testing.T) {
	for want, e := range map[string]llm.Error{
		`{"error":{"code":400,"message":"m","status":"INVALID_ARGUMENT"}}`:    {Status: 400, Message: "m", Code: "context_length"},
		`{"error":{"code":400,"message":"m","status":"FAILED_PRECONDITION"}}`: {Status: 400, Message: "m", Code: "FAILED_PRECONDITION"},
		`{"error":{"code":403,"message":"m","status":"PERMISSION_DENIED"}}`:   {Status: 403, Message: "m", Code: "NOT_FOUND"},
		`{"error":{"code":418,"message":"m","status":"INVALID_ARGUMENT"}}`:    {Status: 418, Message: "m"},
		`{"error":{"code":500,"message":"m","status":"INTERNAL"}}`:            {Status: 500, Message: "m"},
		`{"error":{"code":429,"message":"m","status":"RESOURCE_EXHAUSTED","details":[{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"2s"},{"@type":"type.googleapis.com/google.rpc.RequestInfo","requestId":"r"}]}}`: {
			Status: 429, Message: "m", RetryAfter: 1500 * time.Millisecond, RequestID: "r",
		},
		`{"error":{"code":400,"message":"m","status":"INVALID_ARGUMENT","details":[{"@type":"type.googleapis.com/google.rpc.BadRequest","fieldViolations":[{"field":"contents[0]","description":"m"}]}]}}`: {
			Status: 400, Message: "m", Param: "contents[0]",
		},
	} {
		if got := string(client.AppendError(nil, &e, false)); got != want {
			t.Errorf("got %s\nwant %s", got, want)
		}
		if got := string(client.AppendError(nil, &e, true)); got != "data: "+want+"\r\n\r\n" {
			t.Errorf("in a stream: %s", got)
		}
		back := up.Error(e.Status, nil, []byte(want))
		if back.Message != "m" || back.RetryAfter > 2*time.Second {
			t.Errorf("%+v", back)
		}
	}
}

func TestClientModels(t *testing.T) {
	const a = `{"name":"models/a/b","displayName":"a/b","supportedGenerationMethods":["generateContent","streamGenerateContent","countTokens"]}`
	list := []formats.Model{{ID: "a/b", Owner: "x"}, {ID: "c"}}
	if got := string(client.AppendModel(nil, list[0])); got != a {
		t.Error(got)
	}
	if got, want := string(client.AppendModels(nil, list)), `{"models":[`+a+`,`+strings.ReplaceAll(a, "a/b", "c")+`]}`; got != want {
		t.Error(got)
	}
	if got := string(client.AppendModels(nil, nil)); got != `{"models":[]}` {
		t.Error(got)
	}
}

// spoken returns what an answer says, in the reading of this package.
func spoken(events []llm.Event) (said string, err error) {
	var b strings.Builder
	kind := map[int]llm.Kind{}
	for _, e := range events {
		switch e.Step {
		case llm.Open:
			kind[e.Choice] = e.Kind
			if e.Kind == llm.Call && e.Choice == 0 {
				b.WriteString("(" + string(e.Name.Inner()) + ")")
			}
		case llm.Delta:
			if kind[e.Choice] == llm.Text && e.Choice == 0 {
				var s string
				if err := json.Unmarshal(e.Text, &s); err != nil {
					return "", err
				}
				b.WriteString(s)
			}
		case llm.Fail:
			return b.String(), errors.New("failed")
		}
	}
	return b.String(), nil
}

// Whatever a provider answers: what the client gets is valid in all three
// forms, and says the same.
func FuzzClientEncode(f *testing.F) {
	for _, tc := range decodeCases {
		var seed []byte
		for i, c := range tc.chunks {
			if i > 0 {
				seed = append(seed, "\n|\n"...)
			}
			seed = append(seed, c...)
		}
		f.Add(seed, false)
	}
	f.Add([]byte(parts(`{"text":"abc"}`, grounding+stop)), true)
	f.Fuzz(func(t *testing.T, input []byte, hide bool) {
		answer := formats.Answer{Request: &llm.Request{Reasoning: llm.Reasoning{Hide: hide}}, Model: "m", ID: "x"}
		d, e := up.Decoder(nil, "id"), client.Encoder(answer)
		answer.List = true
		l := client.Encoder(answer)
		var all []llm.Event
		var out, list []byte
		take := func(events []llm.Event) {
			all = append(all, kept(events)...)
			out, list = e.Append(out, events), l.Append(list, events)
		}
		for chunk := range bytes.SplitSeq(input, []byte("\n|\n")) {
			take(d.Decode(nil, sse.Event{Data: bytes.Clone(chunk)}))
		}
		events, complete := d.Finish(nil, true)
		take(events)
		if !complete {
			events = []llm.Event{{Step: llm.Fail, Err: &llm.Error{Status: 502, Message: "broke off"}}}
			take(events)
		}
		if !json.Valid(list) {
			t.Fatalf("list: %s", list)
		}
		var again []llm.Event
		r := up.Decoder(nil, "id")
		for _, o := range objects(t, out) {
			again = append(again, kept(r.Decode(nil, sse.Event{Data: []byte(o)}))...)
		}
		want, failed := spoken(all)
		got, failedAgain := spoken(again)
		if got != want && failed == nil || (failed == nil) != (failedAgain == nil) {
			t.Fatalf("%q became %q (%v, %v) in %s", want, got, failed, failedAgain, out)
		}
		body := client.Encoder(answer).AppendWhole(nil, all)
		if !json.Valid(body) {
			t.Fatalf("whole: %s", body)
		}
	})
}
