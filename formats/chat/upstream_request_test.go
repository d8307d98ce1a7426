package chat_test

import (
	"strings"
	"testing"

	"github.com/tidwall/gjson"

	"github.com/aiclient2api/caddy-aiclient2api/formats"
	"github.com/aiclient2api/caddy-aiclient2api/formats/chat"
	"github.com/aiclient2api/caddy-aiclient2api/llm"
)

func says(r llm.Role, parts ...llm.Part) llm.Turn { return llm.Turn{Role: r, Parts: parts} }

func words(s string) llm.Part { return llm.Part{Kind: llm.Text, Text: formats.Encoded(s)} }

func calls(id, name, args string) llm.Part {
	return llm.Part{Kind: llm.Call, ID: formats.Encoded(id), Name: formats.Encoded(name), Args: []byte(args)}
}

func answers(id string, content ...llm.Part) llm.Part {
	return llm.Part{Kind: llm.Result, ID: formats.Encoded(id), Content: content}
}

func holds(k llm.Kind, m llm.Media) llm.Part { return llm.Part{Kind: k, Media: &m} }

// asking is a request of one turn, with what else f says.
func asking(f func(*llm.Request)) *llm.Request {
	r := &llm.Request{Turns: []llm.Turn{says(llm.User, words("hi"))}}
	f(r)
	return r
}

const hi = `{"role":"user","content":"hi"}`

func TestEncode(t *testing.T) {
	yes := true
	tool := llm.Tool{Name: llm.Literal(`"f"`), Schema: llm.Value(`{"type":"object","properties":{"a":{"type":"string"}}}`)}
	sentTool := `{"type":"function","function":{"name":"f","parameters":{"type":"object","properties":{"a":{"type":"string"}}}}}`
	for _, tc := range []struct {
		name, model string
		r           *llm.Request
		want        string // behind the model
		lost        string
	}{
		{name: "instructions at their places", model: "gpt-4o", r: &llm.Request{Turns: []llm.Turn{
			says(llm.System, words("a")), says(llm.Developer, words("b")), says(llm.User, words("c"), words("d")), says(llm.Assistant, words("e")), says(llm.System, words("f")), says(llm.User, words("g")),
		}}, want: `"messages":[{"role":"system","content":"a"},{"role":"system","content":"b"},{"role":"user","content":[{"type":"text","text":"c"},{"type":"text","text":"d"}]},{"role":"assistant","content":"e"},{"role":"system","content":"f"},{"role":"user","content":"g"}]`},
		{name: "developers of newer models", model: "gpt-5.1", r: &llm.Request{Turns: []llm.Turn{says(llm.Developer, words("b")), says(llm.User, words("c"))}},
			want: `"messages":[{"role":"developer","content":"b"},{"role":"user","content":"c"}]`},
		{name: "instructions alone", model: "gpt-4o", r: &llm.Request{Turns: []llm.Turn{says(llm.System, words("a"))}}, want: `"messages":[{"role":"system","content":"a"}]`},
		{name: "empty turns", model: "gpt-4o", r: &llm.Request{Turns: []llm.Turn{says(llm.User, words("hi")), says(llm.Assistant, words("")), says(llm.User), says(llm.User, words("b"))}},
			want: `"messages":[` + hi + `,{"role":"user","content":"b"}]`},
		{name: "calls and results, each a turn of its own, out of order", model: "gpt-4o", r: &llm.Request{Turns: []llm.Turn{
			says(llm.User, words("hi")), says(llm.Assistant, calls("1", "f", `{"a":"é\n"}`)), says(llm.Assistant, calls("2", "f", ``)), says(llm.Assistant, words("let me")),
			says(llm.System, words("late")), says(llm.User, answers("2", words("two"))), says(llm.User, answers("1", words("one"), words("more"))), says(llm.User, words("go on")),
		}}, want: `"messages":[` + hi + `,{"role":"assistant","content":"let me","tool_calls":[{"id":"1","type":"function","function":{"name":"f","arguments":"{\"a\":\"é\\n\"}"}},{"id":"2","type":"function","function":{"name":"f","arguments":"{}"}}]},` +
			`{"role":"tool","content":[{"type":"text","text":"one"},{"type":"text","text":"more"}],"tool_call_id":"1"},{"role":"tool","content":"two","tool_call_id":"2"},{"role":"system","content":"late"},{"role":"user","content":"go on"}]`},
		{name: "a failed result with an image", model: "gpt-4o", r: &llm.Request{Turns: []llm.Turn{
			says(llm.User, words("hi")), says(llm.Assistant, calls("1", "f", `{}`), calls("2", "f", `{}`)),
			says(llm.User, llm.Part{Kind: llm.Result, ID: llm.Literal(`"1"`), Failed: true, Content: []llm.Part{words("no")}}, answers("2", holds(llm.Image, llm.Media{MIME: "image/png", Data: []byte("AAAA")}))),
		}}, want: `"messages":[` + hi + `,{"role":"assistant","content":null,"tool_calls":[{"id":"1","type":"function","function":{"name":"f","arguments":"{}"}},{"id":"2","type":"function","function":{"name":"f","arguments":"{}"}}]},` +
			`{"role":"tool","content":"no","tool_call_id":"1"},{"role":"tool","content":"The result follows in the next message.","tool_call_id":"2"},{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA"}}]}]`, lost: "is_error"},
		{name: "an empty result", model: "gpt-4o", r: &llm.Request{Turns: []llm.Turn{says(llm.Assistant, calls("1", "f", `{}`)), says(llm.User, answers("1"))}},
			want: `"messages":[{"role":"assistant","content":null,"tool_calls":[{"id":"1","type":"function","function":{"name":"f","arguments":"{}"}}]},{"role":"tool","content":"","tool_call_id":"1"}]`},
		{name: "ids and names that are not legal", model: "gpt-4o", r: &llm.Request{Turns: []llm.Turn{says(llm.Assistant, calls(strings.Repeat("x", 50), "a.b", `{}`)), says(llm.User, answers(strings.Repeat("x", 50), words("r")))}},
			want: `"messages":[{"role":"assistant","content":null,"tool_calls":[{"id":"xxxxxxxxxxxxxxxxxxxxxxxxxxxxx_77cf12060d","type":"function","function":{"name":"a_b_2e7336dc8e","arguments":"{}"}}]},{"role":"tool","content":"r","tool_call_id":"xxxxxxxxxxxxxxxxxxxxxxxxxxxxx_77cf12060d"}]`},
		{name: "ids of Mistral", model: "mistral-large-latest", r: &llm.Request{Turns: []llm.Turn{says(llm.Assistant, calls("toolu_01", "f", `{}`), calls("abcABC123", "f", `{}`)), says(llm.User, answers("toolu_01", words("r")), answers("abcABC123", words("r")))}},
			want: `"messages":[{"role":"assistant","content":null,"tool_calls":[{"id":"7a95b7039","type":"function","function":{"name":"f","arguments":"{}"}},{"id":"abcABC123","type":"function","function":{"name":"f","arguments":"{}"}}]},{"role":"tool","content":"r","tool_call_id":"7a95b7039"},{"role":"tool","content":"r","tool_call_id":"abcABC123"}]`},
		{name: "refusal", model: "gpt-4o", r: &llm.Request{Turns: []llm.Turn{says(llm.User, words("hi")), says(llm.Assistant, llm.Part{Kind: llm.Refusal, Text: llm.Literal(`"no"`)}), says(llm.User, words("b"))}},
			want: `"messages":[` + hi + `,{"role":"assistant","content":null,"refusal":"no"},{"role":"user","content":"b"}]`},
		{name: "thoughts are left out", model: "gpt-5.1", r: &llm.Request{Turns: []llm.Turn{says(llm.Assistant, llm.Part{Kind: llm.Thought, Text: llm.Literal(`"hm"`)}, calls("1", "f", "{}")), says(llm.User, answers("1", words("r")))}},
			want: `"messages":[{"role":"assistant","content":null,"tool_calls":[{"id":"1","type":"function","function":{"name":"f","arguments":"{}"}}]},{"role":"tool","content":"r","tool_call_id":"1"}]`, lost: "reasoning_content"},
		{name: "thoughts beside calls go back to those that want them", model: "deepseek-chat", r: &llm.Request{Turns: []llm.Turn{says(llm.Assistant, llm.Part{Kind: llm.Thought, Text: llm.Literal(`"hm"`)}, calls("1", "f", "{}")), says(llm.User, answers("1", words("r"), words("s")))}},
			want: `"messages":[{"role":"assistant","content":null,"reasoning_content":"hm","tool_calls":[{"id":"1","type":"function","function":{"name":"f","arguments":"{}"}}]},{"role":"tool","content":"r\ns","tool_call_id":"1"}]`},
		{name: "signed thoughts go back to OpenRouter", model: "anthropic/claude-sonnet-4.5", r: &llm.Request{Turns: []llm.Turn{says(llm.User, words("hi")), says(llm.Assistant, llm.Part{Kind: llm.Thought, Text: llm.Literal(`"hm"`), Signature: llm.Literal(`"S"`), Origin: llm.Anthropic}, words("a")), says(llm.User, words("b"))}},
			want: `"messages":[` + hi + `,{"role":"assistant","content":"a","reasoning_details":[{"type":"reasoning.text","text":"hm","signature":"S","format":"anthropic-claude-v1","index":0}]},{"role":"user","content":"b"}]`},
		{name: "Google's signatures go back to Google", model: "gemini-3-pro", r: &llm.Request{Turns: []llm.Turn{says(llm.Assistant, llm.Part{Kind: llm.Call, ID: llm.Literal(`"1"`), Name: llm.Literal(`"f"`), Signature: llm.Literal(`"S"`), Origin: llm.Google}), says(llm.User, answers("1", words("r")))}},
			want: `"messages":[{"role":"assistant","content":null,"tool_calls":[{"id":"1","type":"function","function":{"name":"f","arguments":"{}"},"extra_content":{"google":{"thought_signature":"S"}}}]},{"role":"tool","content":"r","tool_call_id":"1"}]`},
		{name: "media", model: "gpt-4o", r: &llm.Request{Turns: []llm.Turn{says(llm.User,
			holds(llm.Image, llm.Media{URL: llm.Literal(`"https://x/a.png"`), Detail: llm.Literal(`"low"`)}), holds(llm.Image, llm.Media{Data: []byte("/9j/AA==")}),
			holds(llm.Audio, llm.Media{MIME: "audio/mpeg", Data: []byte("AAAA")}), holds(llm.File, llm.Media{MIME: "application/pdf", Data: []byte("JVBE")}),
			holds(llm.File, llm.Media{MIME: "text/plain", Data: []byte("aGkK")}), holds(llm.File, llm.Media{Plain: llm.Literal(`"doc"`)}), words("see"))}},
			want: `"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"https://x/a.png","detail":"low"}},{"type":"image_url","image_url":{"url":"data:image/jpeg;base64,/9j/AA=="}},` +
				`{"type":"input_audio","input_audio":{"data":"AAAA","format":"mp3"}},{"type":"file","file":{"filename":"document.pdf","file_data":"data:application/pdf;base64,JVBE"}},{"type":"text","text":"hi\n"},{"type":"text","text":"doc"},{"type":"text","text":"see"}]}]`},
		{name: "marks of a cache", model: "gpt-4o", r: &llm.Request{Turns: []llm.Turn{says(llm.User, llm.Part{Kind: llm.Text, Text: llm.Literal(`"hi"`), Cache: llm.Value(`{"type":"ephemeral"}`)})}}, want: `"messages":[` + hi + `]`, lost: "cache_control"},

		{name: "sampling", model: "gpt-4o", r: asking(func(r *llm.Request) {
			r.MaxTokens, r.Temperature, r.TopP, r.TopK, r.Seed = llm.Number("9"), llm.Number("0"), llm.Number("0.5"), llm.Number("3"), llm.Number("7")
			r.FrequencyPenalty, r.PresencePenalty = llm.Number("0.1"), llm.Number("-1")
			r.Stop = []llm.Literal{llm.Literal(`"1"`), llm.Literal(`"2"`), llm.Literal(`"3"`), llm.Literal(`"4"`), llm.Literal(`"5"`)}
			r.Candidates, r.Logprobs, r.TopLogprobs, r.User, r.Stream = 2, true, llm.Number("5"), llm.Literal(`"u"`), true
		}), want: `"messages":[` + hi + `],"max_tokens":9,"temperature":0,"top_p":0.5,"frequency_penalty":0.1,"presence_penalty":-1,"seed":7,"stop":["1","2","3","4"],"n":2,"logprobs":true,"top_logprobs":5,"user":"u","stream":true,"stream_options":{"include_usage":true}`, lost: "top_k, stop"},
		{name: "the longest id of a user", model: "gpt-4o", r: asking(func(r *llm.Request) { r.User = llm.Literal(`"` + strings.Repeat("é", 64) + `"`) }), want: `"messages":[` + hi + `],"user":"` + strings.Repeat("é", 64) + `"`},
		{name: "one that is longer", model: "gpt-4o", r: asking(func(r *llm.Request) { r.User = llm.Literal(`"` + strings.Repeat("u", 65) + `"`) }), want: `"messages":[` + hi + `]`, lost: "user"},
		{name: "no sampling for models that reason", model: "o3-mini", r: asking(func(r *llm.Request) {
			r.MaxTokens, r.Temperature, r.TopP, r.Stop = llm.Number("9"), llm.Number("0"), llm.Number("1"), []llm.Literal{llm.Literal(`"1"`)}
		}), want: `"messages":[` + hi + `],"max_completion_tokens":9,"top_p":1`, lost: "temperature, stop"},
		{name: "no sampling while a model reasons", model: "gpt-5.1", r: asking(func(r *llm.Request) {
			r.Temperature, r.Reasoning.Effort = llm.Number("0.5"), llm.EffortXHigh
		}), want: `"messages":[` + hi + `],"reasoning_effort":"high"`, lost: "reasoning_effort, temperature"},
		{name: "sampling while it does not", model: "openai/gpt-5.1", r: asking(func(r *llm.Request) {
			r.Temperature, r.Reasoning.Effort = llm.Number("0.5"), llm.EffortNone
		}), want: `"messages":[` + hi + `],"reasoning_effort":"none","temperature":0.5`},
		{name: "a budget", model: "gpt-5-mini", r: asking(func(r *llm.Request) { r.Reasoning.Budget = llm.Tokens(1024) }), want: `"messages":[` + hi + `],"reasoning_effort":"minimal"`},
		{name: "a model that always reasons", model: "gpt-5", r: asking(func(r *llm.Request) { r.Reasoning.Budget = llm.Tokens(0) }), want: `"messages":[` + hi + `],"reasoning_effort":"minimal"`, lost: "reasoning_effort"},
		{name: "thinking as the model likes", model: "gpt-5.2", r: asking(func(r *llm.Request) { r.Reasoning.Adaptive = true }), want: `"messages":[` + hi + `],"reasoning_effort":"medium"`},
		{name: "a model that does not reason", model: "gpt-4.1", r: asking(func(r *llm.Request) { r.Reasoning.Effort = llm.EffortHigh }), want: `"messages":[` + hi + `]`, lost: "reasoning_effort"},

		{name: "tools", model: "gpt-4o", r: asking(func(r *llm.Request) {
			r.Tools = []llm.Tool{tool, {Name: llm.Literal(`"g"`), Description: llm.Literal(`"d"`), Strict: &yes}}
			r.Serial = true
			r.ToolChoice = llm.ToolChoice{Mode: llm.Named, Names: []llm.Literal{llm.Literal(`"g"`)}}
		}), want: `"messages":[` + hi + `],"tools":[` + sentTool + `,{"type":"function","function":{"name":"g","description":"d","strict":true}}],"tool_choice":{"type":"function","function":{"name":"g"}},"parallel_tool_calls":false`},
		{name: "no tools, no choice", model: "gpt-4o", r: asking(func(r *llm.Request) {
			r.Serial, r.ToolChoice.Mode = true, llm.Required
		}), want: `"messages":[` + hi + `]`, lost: "tool_choice"},
		{name: "choices", model: "gpt-4o", r: asking(func(r *llm.Request) {
			r.Tools, r.ToolChoice.Mode = []llm.Tool{tool}, llm.None
		}), want: `"messages":[` + hi + `],"tools":[` + sentTool + `],"tool_choice":"none"`},
		{name: "allowed tools", model: "gpt-5", r: asking(func(r *llm.Request) {
			r.Tools = []llm.Tool{tool, {Name: llm.Literal(`"g"`)}}
			r.ToolChoice = llm.ToolChoice{Mode: llm.Allowed, Must: true, Names: []llm.Literal{llm.Literal(`"g"`)}}
		}), want: `"messages":[` + hi + `],"tools":[` + sentTool + `,{"type":"function","function":{"name":"g"}}],"tool_choice":{"type":"allowed_tools","allowed_tools":{"mode":"required","tools":[{"type":"function","function":{"name":"g"}}]}}`},
		{name: "allowed tools elsewhere", model: "qwen3", r: asking(func(r *llm.Request) {
			r.Tools = []llm.Tool{tool, {Name: llm.Literal(`"g"`)}}
			r.ToolChoice = llm.ToolChoice{Mode: llm.Allowed, Names: []llm.Literal{llm.Literal(`"g"`)}}
		}), want: `"messages":[` + hi + `],"tools":[{"type":"function","function":{"name":"g"}}],"tool_choice":"auto"`},
		{name: "a tool that takes a text", model: "gpt-5", r: asking(func(r *llm.Request) {
			r.Tools = []llm.Tool{{Name: llm.Literal(`"p"`), Plain: true, Grammar: llm.Value(`{"type":"grammar","syntax":"lark","definition":"x"}`)}}
			r.Turns = append(r.Turns, says(llm.Assistant, calls("1", "p", `a "b"`)), says(llm.User, answers("1", words("r"))))
		}), want: `"messages":[` + hi + `,{"role":"assistant","content":null,"tool_calls":[{"id":"1","type":"custom","custom":{"name":"p","input":"a \"b\""}}]},{"role":"tool","content":"r","tool_call_id":"1"}],"tools":[{"type":"custom","custom":{"name":"p","format":{"type":"grammar","grammar":{"definition":"x","syntax":"lark"}}}}]`},
		{name: "a tool that takes a text, elsewhere", model: "glm-4.6", r: asking(func(r *llm.Request) {
			r.Tools = []llm.Tool{{Name: llm.Literal(`"p"`), Plain: true}}
			r.Turns = append(r.Turns, says(llm.Assistant, calls("1", "p", `a "b"`)), says(llm.User, answers("1", words("r"))))
		}), want: `"messages":[` + hi + `,{"role":"assistant","content":null,"tool_calls":[{"id":"1","type":"function","function":{"name":"p","arguments":"{\"input\":\"a \\\"b\\\"\"}"}}]},{"role":"tool","content":"r","tool_call_id":"1"}],"tools":[{"type":"function","function":{"name":"p","parameters":{"type":"object","properties":{"input":{"type":"string"}},"required":["input"]}}}]`},
		{name: "a schema", model: "gpt-4o", r: asking(func(r *llm.Request) {
			r.Output = llm.Output{Form: llm.ToSchema, Name: llm.Literal(`"my answer"`), Schema: llm.Value(`{"type":"object"}`), Strict: &yes}
		}), want: `"messages":[` + hi + `],"response_format":{"type":"json_schema","json_schema":{"name":"my_answer_acf8b9d3cf","schema":{"type":"object"},"strict":true}}`},
		{name: "a JSON object", model: "gpt-4o", r: &llm.Request{Turns: []llm.Turn{says(llm.User, words("in JSON please"))}, Output: llm.Output{Form: llm.JSON}},
			want: `"messages":[{"role":"user","content":"in JSON please"}],"response_format":{"type":"json_object"}`},
		{name: "a JSON object that nobody speaks of", model: "gpt-4o", r: asking(func(r *llm.Request) { r.Output.Form = llm.JSON }),
			want: `"messages":[` + hi + `,{"role":"system","content":"Answer with a JSON object."}],"response_format":{"type":"json_object"}`},
		{name: "advice", model: "gpt-4o", r: asking(func(r *llm.Request) { r.Advice = []string{"store", "logit_bias"} }), want: `"messages":[` + hi + `]`, lost: "store, logit_bias"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			sent, no := up.Encode([]byte("x"), tc.r, tc.model)
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
func TestEncodeRefuses(t *testing.T) {
	turn := func(r llm.Role, k llm.Kind, m llm.Media) *llm.Request {
		return &llm.Request{Turns: []llm.Turn{{Role: llm.User, Parts: []llm.Part{words("hi")}}, {Role: r, Parts: []llm.Part{{Kind: k, Media: &m, Turn: 7, At: 4}}}}}
	}
	url := llm.Literal(`"https://x"`)
	for name, tc := range map[string]struct {
		r     *llm.Request
		model string
		turn  int
		field string
	}{
		"a file by URL":         {turn(llm.User, llm.File, llm.Media{URL: url, MIME: "application/pdf"}), "gpt-4o", 7, ""},
		"a file by id":          {turn(llm.User, llm.File, llm.Media{FileID: url}), "gpt-4o", 7, ""},
		"an image by id":        {turn(llm.User, llm.Image, llm.Media{FileID: url}), "gpt-4o", 7, ""},
		"a document of Word":    {turn(llm.User, llm.File, llm.Media{MIME: "application/msword", Data: []byte("AAAA")}), "gpt-4o", 7, ""},
		"audio by URL":          {turn(llm.User, llm.Audio, llm.Media{URL: url}), "gpt-4o", 7, ""},
		"audio of another type": {turn(llm.User, llm.Audio, llm.Media{MIME: "audio/flac", Data: []byte("AAAA")}), "gpt-4o", 7, ""},
		"video":                 {turn(llm.User, llm.Video, llm.Media{MIME: "video/mp4", Data: []byte("AAAA")}), "gpt-4o", 7, ""},
		"an image of a system":  {turn(llm.System, llm.Image, llm.Media{URL: url}), "gpt-4o", 7, ""},
		"an image of its own":   {turn(llm.Assistant, llm.Image, llm.Media{URL: url}), "gpt-4o", 7, ""},
		"data of its own":       {turn(llm.User, llm.Image, llm.Media{MIME: "image/png", Data: []byte(`AA"}},{"text":"x`)}), "gpt-4o", 7, ""},
		"nothing":               {&llm.Request{}, "gpt-4o", -1, "messages"},
		"probabilities":         {asking(func(r *llm.Request) { r.Logprobs = true }), "o3", -1, "logprobs"},
	} {
		_, no := up.Encode(nil, tc.r, tc.model)
		if no == nil || no.Turn != tc.turn || no.Field != tc.field || no.What == "" || tc.turn >= 0 && no.Part != 4 {
			t.Errorf("%s: got %+v", name, no)
		}
	}
}

// Names that were changed on the way are the client's again in the answer.
// An image at an address that the provider cannot open is refused by its place
// in the request; Google's models open what is Google's.
func TestImagesThatNobodyCanFetchAreRefused(t *testing.T) {
	for url, opens := range map[string]bool{
		"https://example.com/a.png": true, "http://10.0.0.1/a.png": true, "data:image/png;base64,iVBO": true,
		"gs://bucket/a.png": false, "s3://bucket/a.png": false, "file:///a.png": false, "https:///a.png": false,
		"https://generativelanguage.googleapis.com/v1beta/files/abc": false, "https://www.youtube.com/watch?v=x": false,
	} {
		for model, takes := range map[string]bool{"gpt-5": opens, "google/gemini-2.5-flash": true} {
			image := holds(llm.Image, llm.Media{URL: formats.Encoded(url)})
			image.Turn, image.At = 3, 1
			_, no := (chat.Upstream{}).Encode(nil, asking(func(r *llm.Request) { r.Turns[0].Parts = append(r.Turns[0].Parts, image) }), model)
			if takes != (no == nil) || no != nil && (no.Turn != 3 || no.Part != 1) {
				t.Errorf("%s to %s: %+v", url, model, no)
			}
		}
	}
}

func TestNamesComeBack(t *testing.T) {
	r := asking(func(r *llm.Request) { r.Tools = []llm.Tool{{Name: llm.Literal(`"a.b"`)}} })
	sent, _ := up.Encode(nil, r, "gpt-4o")
	name := gjson.GetBytes(sent.Body, "tools.0.function.name").Str
	events, _ := up.Decoder(sent, "id").Whole(nil, []byte(`{"choices":[{"message":{"tool_calls":[{"id":"t","function":{"name":"`+name+`","arguments":"{}"}}]}}]}`))
	var b strings.Builder
	tell(&b, sent.Restore(events))
	if got := b.String(); !strings.Contains(got, "<call t a.b>") {
		t.Errorf("got %s", got)
	}
}

// What a client of this protocol says comes out as it was.
func FuzzEncode(f *testing.F) {
	f.Add([]byte(`{"model":"m","messages":[{"role":"system","content":"s"},{"role":"assistant","tool_calls":[{"id":"1","function":{"name":"f","arguments":"{}"}}]},{"role":"tool","tool_call_id":"1","content":[{"type":"text","text":"a"}]}],"tools":[{"type":"function","function":{"name":"f","parameters":{"anyOf":[{}]}}}],"temperature":1,"stop":"a","reasoning_effort":"high"}`), "gpt-5.1")
	f.Fuzz(func(t *testing.T, body []byte, model string) {
		if !gjson.ValidBytes(body) || !formats.Balanced(body) {
			t.Skip()
		}
		r, bad := chat.Client{}.Decode(body)
		if bad != nil {
			return
		}
		if sent, no := up.Encode(nil, r, model); no == nil && !gjson.ValidBytes(sent.Body) {
			t.Fatalf("%s became %s", body, sent.Body)
		}
	})
}

func BenchmarkEncode(b *testing.B) {
	tool := llm.Tool{Name: llm.Literal(`"read"`), Description: llm.Literal(`"Reads a file"`), Schema: llm.Value(`{"type":"object","properties":{"path":{"type":"string"}},"required":["path"]}`)}
	r := &llm.Request{Tools: []llm.Tool{tool, tool, tool, tool}, Stream: true, MaxTokens: llm.Number("1000"), Turns: []llm.Turn{
		says(llm.System, words(strings.Repeat("be good ", 100))), says(llm.User, words("hi")), says(llm.Assistant, words("ok"), calls("1", "read", `{"path":"a"}`)), says(llm.User, answers("1", words(strings.Repeat("line\n", 100)))),
	}}
	var dst []byte
	b.ReportAllocs()
	for b.Loop() {
		sent, _ := up.Encode(dst[:0], r, "gpt-5.1")
		dst = sent.Body
	}
	b.SetBytes(int64(len(dst)))
}
