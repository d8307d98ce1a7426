package responses_test

import (
	"strings"
	"testing"

	"github.com/tidwall/gjson"

	"github.com/aiclient2api/caddy-aiclient2api/formats"
	"github.com/aiclient2api/caddy-aiclient2api/formats/responses"
	"github.com/aiclient2api/caddy-aiclient2api/llm"
)

func turnOf(r llm.Role, parts ...llm.Part) llm.Turn { return llm.Turn{Role: r, Parts: parts} }

func textOf(s string) llm.Part { return llm.Part{Kind: llm.Text, Text: formats.Encoded(s)} }

func callOf(id, name, args string) llm.Part {
	return llm.Part{Kind: llm.Call, ID: formats.Encoded(id), Name: formats.Encoded(name), Args: []byte(args)}
}

func resultOf(id string, content ...llm.Part) llm.Part {
	return llm.Part{Kind: llm.Result, ID: formats.Encoded(id), Content: content}
}

func mediumOf(k llm.Kind, m llm.Media) llm.Part { return llm.Part{Kind: k, Media: &m} }

func thoughtOf(text, signature string, origin llm.Origin) llm.Part {
	p := llm.Part{Kind: llm.Thought, Text: formats.Encoded(text), Origin: origin}
	if signature != "" {
		p.Signature = formats.Encoded(signature)
	}
	return p
}

// requestOf is a request of one turn, with what else f says.
func requestOf(f func(*llm.Request)) *llm.Request {
	r := &llm.Request{Turns: []llm.Turn{turnOf(llm.User, textOf("hi"))}}
	f(r)
	return r
}

const (
	hiItem  = `{"type":"message","role":"user","content":"hi"}`
	noStore = `,"store":false`
	sealed  = `,"include":["reasoning.encrypted_content"]`
)

func TestEncodeResponses(t *testing.T) {
	yes := true
	tool := llm.Tool{Name: llm.Literal(`"f"`), Schema: llm.Value(`{"type":"object","properties":{"a":{"type":"string"}}}`)}
	const sentTool = `{"type":"function","name":"f","parameters":{"type":"object","properties":{"a":{"type":"string"}}},"strict":false}`
	const anyTool = `{"type":"function","name":"g","parameters":{"type":"object","properties":{}},"strict":false}`
	for _, tc := range []struct {
		name, model string
		r           *llm.Request
		want        string // behind the model
		lost        string
	}{
		{name: "instructions at their places", model: "gpt-4o", r: &llm.Request{Turns: []llm.Turn{
			turnOf(llm.System, textOf("a")), turnOf(llm.Developer, textOf("b")), turnOf(llm.User, textOf("c"), textOf("d")), turnOf(llm.Assistant, textOf("e")), turnOf(llm.System, textOf("f")), turnOf(llm.User, textOf("g")),
		}}, want: `"input":[{"type":"message","role":"system","content":"a"},{"type":"message","role":"system","content":"b"},{"type":"message","role":"user","content":[{"type":"input_text","text":"c"},{"type":"input_text","text":"d"}]},` +
			`{"type":"message","role":"assistant","content":"e"},{"type":"message","role":"system","content":"f"},{"type":"message","role":"user","content":"g"}]` + noStore},
		{name: "developers of newer models", model: "gpt-5.1", r: &llm.Request{Turns: []llm.Turn{turnOf(llm.Developer, textOf("b"))}},
			want: `"input":[{"type":"message","role":"developer","content":"b"}]` + sealed + noStore},
		{name: "empty turns", model: "gpt-4o", r: &llm.Request{Turns: []llm.Turn{turnOf(llm.User, textOf("hi")), turnOf(llm.Assistant, textOf("")), turnOf(llm.User), turnOf(llm.User, textOf("b"))}},
			want: `"input":[` + hiItem + `,{"type":"message","role":"user","content":"b"}]` + noStore},
		{name: "what the model said, with a refusal", model: "gpt-4o", r: &llm.Request{Turns: []llm.Turn{turnOf(llm.User, textOf("hi")), turnOf(llm.Assistant, textOf("a"), llm.Part{Kind: llm.Refusal, Text: llm.Literal(`"no"`)})}},
			want: `"input":[` + hiItem + `,{"type":"message","role":"assistant","content":[{"type":"output_text","text":"a"},{"type":"refusal","refusal":"no"}]}]` + noStore},
		{name: "calls and results, each a turn of its own, out of order", model: "gpt-4o", r: &llm.Request{Turns: []llm.Turn{
			turnOf(llm.User, textOf("hi")), turnOf(llm.Assistant, callOf("1", "f", `{"a":"é\n"}`)), turnOf(llm.Assistant, callOf("2", "f", ``)), turnOf(llm.Assistant, textOf("let me")),
			turnOf(llm.System, textOf("late")), turnOf(llm.User, resultOf("2", textOf("two"))), turnOf(llm.User, resultOf("1", textOf("one"), textOf("more"))), turnOf(llm.User, textOf("go on")),
		}}, want: `"input":[` + hiItem + `,{"type":"function_call","call_id":"1","name":"f","arguments":"{\"a\":\"é\\n\"}"},{"type":"function_call","call_id":"2","name":"f","arguments":"{}"},{"type":"message","role":"assistant","content":"let me"},` +
			`{"type":"function_call_output","call_id":"1","output":[{"type":"input_text","text":"one"},{"type":"input_text","text":"more"}]},{"type":"function_call_output","call_id":"2","output":"two"},{"type":"message","role":"system","content":"late"},{"type":"message","role":"user","content":"go on"}]` + noStore},
		{name: "a failed result with an image, and one of nothing", model: "gpt-4o", r: &llm.Request{Turns: []llm.Turn{
			turnOf(llm.Assistant, callOf("1", "f", `{}`), callOf("2", "f", `{}`)),
			turnOf(llm.User, llm.Part{Kind: llm.Result, ID: llm.Literal(`"1"`), Failed: true, Content: []llm.Part{mediumOf(llm.Image, llm.Media{MIME: "image/png", Data: []byte("AAAA")})}}, resultOf("2")),
		}}, want: `"input":[{"type":"function_call","call_id":"1","name":"f","arguments":"{}"},{"type":"function_call","call_id":"2","name":"f","arguments":"{}"},` +
			`{"type":"function_call_output","call_id":"1","output":[{"type":"input_image","image_url":"data:image/png;base64,AAAA"}]},{"type":"function_call_output","call_id":"2","output":""}]` + noStore, lost: "is_error"},
		{name: "ids and names that are not legal", model: "gpt-4o", r: &llm.Request{Turns: []llm.Turn{turnOf(llm.Assistant, callOf(strings.Repeat("x", 65), "a.b", `{}`)), turnOf(llm.User, resultOf(strings.Repeat("x", 65), textOf("r")))}},
			want: `"input":[{"type":"function_call","call_id":"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_9537c5fdf1","name":"a_b_2e7336dc8e","arguments":"{}"},{"type":"function_call_output","call_id":"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_9537c5fdf1","output":"r"}]` + noStore},

		{name: "images and documents", model: "gpt-4o", r: &llm.Request{Turns: []llm.Turn{turnOf(llm.User,
			mediumOf(llm.Image, llm.Media{URL: llm.Literal(`"https:\/\/x"`), Detail: llm.Literal(`"low"`)}),
			mediumOf(llm.Image, llm.Media{Data: []byte("R0lGODlh")}),
			mediumOf(llm.Image, llm.Media{FileID: llm.Literal(`"file-1"`)}),
			mediumOf(llm.File, llm.Media{MIME: "application/pdf", Data: []byte("AAAA"), Name: llm.Literal(`"a.pdf"`)}),
			mediumOf(llm.File, llm.Media{URL: llm.Literal(`"https://x/a.pdf"`)}),
			mediumOf(llm.File, llm.Media{MIME: "text/plain", Data: []byte("aGk="), Name: llm.Literal(`"a.txt"`)}),
			mediumOf(llm.File, llm.Media{Plain: llm.Literal(`"p"`)}),
		)}}, want: `"input":[{"type":"message","role":"user","content":[{"type":"input_image","image_url":"https:\/\/x","detail":"low"},{"type":"input_image","image_url":"data:image/gif;base64,R0lGODlh"},{"type":"input_image","file_id":"file-1"},` +
			`{"type":"input_file","filename":"a.pdf","file_data":"data:application/pdf;base64,AAAA"},{"type":"input_file","file_url":"https://x/a.pdf"},{"type":"input_text","text":"hi"},{"type":"input_text","text":"p"}]}]` + noStore, lost: "filename"},

		{name: "reasoning goes back to where it was sealed", model: "gpt-5.1", r: &llm.Request{Turns: []llm.Turn{turnOf(llm.User, textOf("hi")), turnOf(llm.Assistant,
			thoughtOf("s", "BB", llm.OpenAI), llm.Part{Kind: llm.Sealed, Signature: llm.Literal(`"CC"`), Origin: llm.OpenAI}, callOf("1", "f", "{}")), turnOf(llm.User, resultOf("1", textOf("r")))}},
			want: `"input":[` + hiItem + `,{"type":"reasoning","summary":[{"type":"summary_text","text":"s"}],"encrypted_content":"BB"},{"type":"reasoning","summary":[],"encrypted_content":"CC"},{"type":"function_call","call_id":"1","name":"f","arguments":"{}"},{"type":"function_call_output","call_id":"1","output":"r"}]` + sealed + noStore},
		{name: "and nowhere else, nor alone", model: "gpt-5.1", r: &llm.Request{Turns: []llm.Turn{turnOf(llm.User, textOf("hi")), turnOf(llm.Assistant,
			thoughtOf("s", "BB", llm.Anthropic), thoughtOf("s", "", ""), llm.Part{Kind: llm.Text, Text: llm.Literal(`"a"`), Signature: llm.Literal(`"G"`), Origin: llm.Google}, thoughtOf("s", "DD", llm.OpenAI)), turnOf(llm.User, textOf("hi"))}},
			want: `"input":[` + hiItem + `,{"type":"message","role":"assistant","content":"a"},` + hiItem + `]` + sealed + noStore, lost: "reasoning_content, reasoning signature"},
		{name: "nor to a model that does not reason", model: "gpt-4o", r: &llm.Request{Turns: []llm.Turn{turnOf(llm.Assistant, thoughtOf("s", "BB", llm.OpenAI), textOf("a")), turnOf(llm.User, textOf("hi"))}},
			want: `"input":[{"type":"message","role":"assistant","content":"a"},` + hiItem + `]` + noStore, lost: "reasoning_content"},
		{name: "Grok's goes back to Grok", model: "grok-4", r: &llm.Request{Turns: []llm.Turn{turnOf(llm.Assistant, thoughtOf("", "BB", "xai-responses-v1"), textOf("a"))}},
			want: `"input":[{"type":"reasoning","summary":[],"encrypted_content":"BB"},{"type":"message","role":"assistant","content":"a"}]` + sealed + noStore},

		{name: "efforts", model: "gpt-5.1", r: requestOf(func(r *llm.Request) { r.Reasoning.Effort = llm.EffortXHigh }), want: `"input":[` + hiItem + `],"reasoning":{"effort":"high","summary":"auto"}` + sealed + noStore, lost: "reasoning_effort"},
		{name: "a hidden one", model: "gpt-5-mini", r: requestOf(func(r *llm.Request) { r.Reasoning = llm.Reasoning{Budget: llm.Tokens(1024), Hide: true} }), want: `"input":[` + hiItem + `],"reasoning":{"effort":"minimal"}` + sealed + noStore},
		{name: "none", model: "gpt-5.2", r: requestOf(func(r *llm.Request) { r.Reasoning.Effort = llm.EffortNone }), want: `"input":[` + hiItem + `],"reasoning":{"effort":"none"}` + noStore},
		{name: "none of a model that always reasons", model: "o3", r: requestOf(func(r *llm.Request) { r.Reasoning.Effort = llm.EffortNone }), want: `"input":[` + hiItem + `],"reasoning":{"effort":"low","summary":"auto"}` + sealed + noStore, lost: "reasoning_effort"},
		{name: "of a model that does not reason", model: "gpt-4.1", r: requestOf(func(r *llm.Request) { r.Reasoning.Adaptive = true }), want: `"input":[` + hiItem + `]` + noStore, lost: "reasoning_effort"},

		{name: "sampling and limits", model: "gpt-4o", r: requestOf(func(r *llm.Request) {
			r.MaxTokens, r.Temperature, r.TopP, r.Seed, r.TopK = llm.Number("100"), llm.Number("0"), llm.Number("0.5"), llm.Number("7"), llm.Number("40")
			r.FrequencyPenalty, r.PresencePenalty = llm.Number("0"), llm.Number("0.5")
			r.Stop, r.User, r.Stream, r.StreamUsage = []llm.Literal{llm.Literal(`"x"`)}, llm.Literal(`"me"`), true, true
		}), want: `"input":[` + hiItem + `],"max_output_tokens":100,"temperature":0,"top_p":0.5,"user":"me","store":false,"stream":true`, lost: "presence_penalty, top_k, seed, stop"},
		{name: "the longest id of a user", model: "gpt-4o", r: requestOf(func(r *llm.Request) { r.User = llm.Literal(`"` + strings.Repeat("é", 64) + `"`) }), want: `"input":[` + hiItem + `],"user":"` + strings.Repeat("é", 64) + `"` + noStore},
		{name: "one that is longer", model: "gpt-4o", r: requestOf(func(r *llm.Request) { r.User = llm.Literal(`"` + strings.Repeat("u", 65) + `"`) }), want: `"input":[` + hiItem + `]` + noStore, lost: "user"},
		{name: "a limit that is too low", model: "gpt-4o", r: requestOf(func(r *llm.Request) { r.MaxTokens = llm.Number("1") }), want: `"input":[` + hiItem + `],"max_output_tokens":16` + noStore, lost: "max_tokens"},
		{name: "no sampling beside reasoning", model: "gpt-5", r: requestOf(func(r *llm.Request) { r.Temperature, r.TopP = llm.Number("0.5"), llm.Number("1") }), want: `"input":[` + hiItem + `]` + sealed + noStore, lost: "temperature"},
		{name: "probabilities", model: "gpt-4o", r: requestOf(func(r *llm.Request) { r.Logprobs, r.TopLogprobs = true, llm.Number("3") }), want: `"input":[` + hiItem + `],"top_logprobs":3,"include":["message.output_text.logprobs"]` + noStore},

		{name: "tools", model: "gpt-4o", r: requestOf(func(r *llm.Request) {
			r.Tools = []llm.Tool{tool, {Name: llm.Literal(`"h"`), Description: llm.Literal(`"d"`), Strict: &yes, Cache: llm.Value(`{}`)}}
			r.Serial = true
			r.ToolChoice = llm.ToolChoice{Mode: llm.Named, Names: []llm.Literal{llm.Literal(`"h"`)}}
		}), want: `"input":[` + hiItem + `],"tools":[` + sentTool + `,{"type":"function","name":"h","description":"d","parameters":{"type":"object","properties":{}},"strict":true}],"tool_choice":{"type":"function","name":"h"},"parallel_tool_calls":false` + noStore, lost: "cache_control"},
		{name: "no tools, no choice", model: "gpt-4o", r: requestOf(func(r *llm.Request) { r.Serial, r.ToolChoice.Mode = true, llm.Required }), want: `"input":[` + hiItem + `]` + noStore, lost: "tool_choice"},
		{name: "choices", model: "gpt-4o", r: requestOf(func(r *llm.Request) { r.Tools, r.ToolChoice.Mode = []llm.Tool{tool}, llm.None }), want: `"input":[` + hiItem + `],"tools":[` + sentTool + `],"tool_choice":"none"` + noStore},
		{name: "allowed tools", model: "gpt-4o", r: requestOf(func(r *llm.Request) {
			r.Tools = []llm.Tool{tool, {Name: llm.Literal(`"g"`)}}
			r.ToolChoice = llm.ToolChoice{Mode: llm.Allowed, Must: true, Names: []llm.Literal{llm.Literal(`"g"`)}}
		}), want: `"input":[` + hiItem + `],"tools":[` + sentTool + `,` + anyTool + `],"tool_choice":{"type":"allowed_tools","mode":"required","tools":[{"type":"function","name":"g"}]}` + noStore},
		{name: "allowed tools elsewhere", model: "qwen3", r: requestOf(func(r *llm.Request) {
			r.Tools = []llm.Tool{tool, {Name: llm.Literal(`"g"`)}}
			r.ToolChoice = llm.ToolChoice{Mode: llm.Allowed, Names: []llm.Literal{llm.Literal(`"g"`)}}
		}), want: `"input":[` + hiItem + `],"tools":[` + anyTool + `],"tool_choice":"auto"` + noStore},
		{name: "a tool that takes a text", model: "gpt-5.1", r: requestOf(func(r *llm.Request) {
			r.Tools = []llm.Tool{{Name: llm.Literal(`"p"`), Plain: true, Grammar: llm.Value(`{"type":"grammar","grammar":{"syntax":"lark","definition":"x"}}`)}, {Name: llm.Literal(`"q"`), Plain: true, Grammar: llm.Value(`{"type":"text"}`)}}
			r.Turns = append(r.Turns, turnOf(llm.Assistant, callOf("1", "p", `a "b"`)), turnOf(llm.User, resultOf("1", textOf("r"))))
			r.ToolChoice = llm.ToolChoice{Mode: llm.Named, Names: []llm.Literal{llm.Literal(`"p"`)}}
		}), want: `"input":[` + hiItem + `,{"type":"custom_tool_call","call_id":"1","name":"p","input":"a \"b\""},{"type":"custom_tool_call_output","call_id":"1","output":"r"}],"tools":[{"type":"custom","name":"p","format":{"type":"grammar","syntax":"lark","definition":"x"}},{"type":"custom","name":"q","format":{"type":"text"}}],"tool_choice":{"type":"custom","name":"p"}` + sealed + noStore},
		{name: "a tool that takes a text, elsewhere", model: "gpt-4o", r: requestOf(func(r *llm.Request) {
			r.Tools = []llm.Tool{{Name: llm.Literal(`"p"`), Plain: true}}
			r.Turns = append(r.Turns, turnOf(llm.Assistant, callOf("1", "p", `a "b"`)), turnOf(llm.User, resultOf("1", textOf("r"))))
		}), want: `"input":[` + hiItem + `,{"type":"function_call","call_id":"1","name":"p","arguments":"{\"input\":\"a \\\"b\\\"\"}"},{"type":"function_call_output","call_id":"1","output":"r"}],"tools":[{"type":"function","name":"p","parameters":{"type":"object","properties":{"input":{"type":"string"}},"required":["input"]},"strict":false}]` + noStore},

		{name: "a schema", model: "gpt-4o", r: requestOf(func(r *llm.Request) {
			r.Output = llm.Output{Form: llm.ToSchema, Name: llm.Literal(`"my answer"`), Description: llm.Literal(`"d"`), Schema: llm.Value(`{"type":"object"}`), Strict: &yes}
		}), want: `"input":[` + hiItem + `],"text":{"format":{"type":"json_schema","name":"my_answer_acf8b9d3cf","description":"d","schema":{"type":"object"},"strict":true}}` + noStore},
		{name: "a schema that is not said", model: "gpt-4o", r: requestOf(func(r *llm.Request) { r.Output.Form = llm.ToSchema }), want: `"input":[` + hiItem + `],"text":{"format":{"type":"json_schema","name":"answer","schema":{}}}` + noStore},
		{name: "a JSON object", model: "gpt-4o", r: &llm.Request{Turns: []llm.Turn{turnOf(llm.User, textOf("in JSON please"))}, Output: llm.Output{Form: llm.JSON}},
			want: `"input":[{"type":"message","role":"user","content":"in JSON please"}],"text":{"format":{"type":"json_object"}}` + noStore},
		{name: "a JSON object that nobody speaks of", model: "gpt-4o", r: requestOf(func(r *llm.Request) { r.Output.Form = llm.JSON }),
			want: `"input":[` + hiItem + `,{"type":"message","role":"system","content":"Answer with a JSON object."}],"text":{"format":{"type":"json_object"}}` + noStore},
		{name: "advice", model: "gpt-4o", r: requestOf(func(r *llm.Request) { r.Advice = []string{"store", "logit_bias"} }), want: `"input":[` + hiItem + `]` + noStore, lost: "store, logit_bias"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			sent, no := upstream.Encode([]byte("x"), tc.r, tc.model)
			if no != nil {
				t.Fatal(no)
			}
			want := `x{"model":"` + tc.model + `",` + tc.want + `}`
			if string(sent.Body) != want || strings.Join(sent.Lost, ", ") != tc.lost {
				t.Errorf("got  %s, lost %v\nwant %s", sent.Body, sent.Lost, want)
			}
			if !gjson.ValidBytes(sent.Body[1:]) {
				t.Error("it is no JSON")
			}
		})
	}
}

// What cannot be carried is refused, and the place of it named.
func TestEncodeResponsesRefuses(t *testing.T) {
	turn := func(r llm.Role, k llm.Kind, m llm.Media) *llm.Request {
		return &llm.Request{Turns: []llm.Turn{{Role: llm.User, Parts: []llm.Part{textOf("hi")}}, {Role: r, Parts: []llm.Part{{Kind: k, Media: &m, Turn: 7, At: 4}}}}}
	}
	url := llm.Literal(`"https://x"`)
	for name, tc := range map[string]struct {
		r     *llm.Request
		model string
		turn  int
		field string
	}{
		"a file of another vendor's":      {turn(llm.User, llm.File, llm.Media{FileID: llm.Literal(`"file_1"`)}), "gpt-4o", 7, ""},
		"a file of OpenAI's, elsewhere":   {turn(llm.User, llm.File, llm.Media{FileID: llm.Literal(`"file-1"`)}), "grok-4", 7, ""},
		"an image that is not on the Web": {turn(llm.User, llm.Image, llm.Media{URL: llm.Literal(`"gs://x"`)}), "gpt-4o", 7, ""},
		"a document of Word":              {turn(llm.User, llm.File, llm.Media{MIME: "application/msword", Data: []byte("AAAA")}), "gpt-4o", 7, ""},
		"audio":                           {turn(llm.User, llm.Audio, llm.Media{MIME: "audio/wav", Data: []byte("AAAA")}), "gpt-4o", 7, ""},
		"audio as a file":                 {turn(llm.User, llm.File, llm.Media{MIME: "audio/wav", URL: url}), "gpt-4o", 7, ""},
		"video":                           {turn(llm.User, llm.Video, llm.Media{MIME: "video/mp4", Data: []byte("AAAA")}), "gpt-4o", 7, ""},
		"an image of its own":             {turn(llm.Assistant, llm.Image, llm.Media{URL: url}), "gpt-4o", 7, ""},
		"data of its own":                 {turn(llm.User, llm.Image, llm.Media{MIME: "image/png", Data: []byte(`AA"}},{"text":"x`)}), "gpt-4o", 7, ""},
		"nothing":                         {&llm.Request{}, "gpt-4o", -1, "messages"},
		"several answers":                 {requestOf(func(r *llm.Request) { r.Candidates = 2 }), "gpt-4o", -1, "n"},
		"probabilities":                   {requestOf(func(r *llm.Request) { r.Logprobs = true }), "o3", -1, "logprobs"},
	} {
		_, no := upstream.Encode(nil, tc.r, tc.model)
		if no == nil || no.Turn != tc.turn || no.Field != tc.field || no.What == "" || tc.turn >= 0 && no.Part != 4 {
			t.Errorf("%s: got %+v", name, no)
		}
	}
}

// Names that were changed on the way are the client's again in the answer.
func TestNamesOfToolsComeBack(t *testing.T) {
	r := requestOf(func(r *llm.Request) { r.Tools = []llm.Tool{{Name: llm.Literal(`"a.b"`)}} })
	sent, _ := upstream.Encode(nil, r, "gpt-4o")
	name := gjson.GetBytes(sent.Body, "tools.0.name").Str
	events, _ := upstream.Decoder(sent, "id").Whole(nil, []byte(`{"output":[{"type":"function_call","call_id":"t","name":"`+name+`","arguments":"{}"}]}`))
	var b strings.Builder
	recount(&b, sent.Restore(events))
	if got := b.String(); !strings.Contains(got, "<call t a.b>") {
		t.Errorf("got %s", got)
	}
}

// What a client of this protocol says comes out as JSON, whatever it was.
func FuzzEncodeResponses(f *testing.F) {
	f.Add([]byte(`{"model":"m","instructions":"i","input":[{"role":"user","content":[{"type":"input_text","text":"a"},{"type":"input_image","image_url":"https://x"}]},{"type":"reasoning","summary":[],"encrypted_content":"A"},{"type":"function_call","call_id":"1","name":"f","arguments":"{}"},{"type":"function_call_output","call_id":"1","output":"a"}],"tools":[{"type":"function","name":"f","parameters":{"anyOf":[{}]}},{"type":"custom","name":"p","format":{"type":"grammar","syntax":"lark","definition":"x"}}],"temperature":1,"max_output_tokens":3,"text":{"format":{"type":"json_object"}},"reasoning":{"effort":"high"}}`), "gpt-5.1")
	f.Fuzz(func(t *testing.T, body []byte, model string) {
		if !gjson.ValidBytes(body) || !formats.Balanced(body) {
			t.Skip()
		}
		r, bad := responses.Client{}.Decode(body)
		if bad != nil {
			return
		}
		if sent, no := upstream.Encode(nil, r, model); no == nil && !gjson.ValidBytes(sent.Body) {
			t.Fatalf("%s became %s", body, sent.Body)
		}
	})
}

func BenchmarkEncodeResponses(b *testing.B) {
	tool := llm.Tool{Name: llm.Literal(`"read"`), Description: llm.Literal(`"Reads a file"`), Schema: llm.Value(`{"type":"object","properties":{"path":{"type":"string"}},"required":["path"]}`)}
	r := &llm.Request{Tools: []llm.Tool{tool, tool, tool, tool}, Stream: true, MaxTokens: llm.Number("1000"), Turns: []llm.Turn{
		turnOf(llm.System, textOf(strings.Repeat("be good ", 100))), turnOf(llm.User, textOf("hi")), turnOf(llm.Assistant, textOf("ok"), callOf("1", "read", `{"path":"a"}`)), turnOf(llm.User, resultOf("1", textOf(strings.Repeat("line\n", 100)))),
	}}
	var dst []byte
	b.ReportAllocs()
	for b.Loop() {
		sent, _ := upstream.Encode(dst[:0], r, "gpt-5.1")
		dst = sent.Body
	}
	b.SetBytes(int64(len(dst)))
}
