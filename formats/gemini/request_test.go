package gemini_test

import (
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/tidwall/gjson"

	"github.com/aiclient2api/caddy-aiclient2api/formats"
	"github.com/aiclient2api/caddy-aiclient2api/llm"
)

// lit is the literal of a text.
func lit(s string) llm.Literal {
	b, _ := json.Marshal(s)
	return b
}

func said(role llm.Role, text string) llm.Turn {
	return llm.Turn{Role: role, Parts: []llm.Part{{Kind: llm.Text, Text: lit(text)}}}
}

func turn(role llm.Role, parts ...llm.Part) llm.Turn { return llm.Turn{Role: role, Parts: parts} }

func called(id, name, args string) llm.Part {
	return llm.Part{Kind: llm.Call, ID: lit(id), Name: lit(name), Args: []byte(args)}
}

func result(id string, content ...llm.Part) llm.Part {
	return llm.Part{Kind: llm.Result, ID: lit(id), Content: content}
}

func text(s string) llm.Part { return llm.Part{Kind: llm.Text, Text: lit(s)} }

func medium(kind llm.Kind, m llm.Media) llm.Part { return llm.Part{Kind: kind, Media: &m} }

// signed returns the part with a signature.
func signed(p llm.Part, origin llm.Origin, signature string) llm.Part {
	p.Origin, p.Signature = origin, lit(signature)
	return p
}

var png = []byte(base64.StdEncoding.EncodeToString([]byte("\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR")))

// one is a request of one turn.
func one(set func(*llm.Request)) *llm.Request {
	r := &llm.Request{Turns: []llm.Turn{said(llm.User, "hi")}}
	set(r)
	return r
}

// requestCase is a request, and what of the body it becomes: path → JSON, ""
// for a member that must not be there.
type requestCase struct {
	name  string
	model string // gemini-2.5-flash if empty
	r     *llm.Request
	want  map[string]string
	lost  []string
	fails string
}

func (tc requestCase) target() string {
	if tc.model == "" {
		return "gemini-2.5-flash"
	}
	return tc.model
}

func runRequests(t *testing.T, cases []requestCase) {
	t.Helper()
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			sent, no := up.Encode(nil, tc.r, tc.target())
			if no != nil || tc.fails != "" {
				if no == nil || tc.fails == "" || !strings.Contains(no.What, tc.fails) {
					t.Fatalf("refused: %+v", no)
				}
				return
			}
			if !json.Valid(sent.Body) {
				t.Fatalf("no JSON: %s", sent.Body)
			}
			for path, want := range tc.want {
				got := gjson.GetBytes(sent.Body, path).Raw
				if got != want {
					t.Errorf("%s: got %s, want %s\n%s", path, got, want, sent.Body)
				}
			}
			slices.Sort(tc.lost)
			got := slices.Clone(sent.Lost)
			slices.Sort(got)
			if !slices.Equal(got, tc.lost) {
				t.Errorf("lost %q, want %q", got, tc.lost)
			}
		})
	}
}

var conversations = []requestCase{
	{name: "a text, and nothing that the client did not say",
		r:    one(func(*llm.Request) {}),
		want: map[string]string{"@this": `{"contents":[{"role":"user","parts":[{"text":"hi"}]}]}`}},
	{name: "instructions stand apart",
		r:    &llm.Request{Turns: []llm.Turn{said(llm.System, "be"), said(llm.Developer, "brief"), said(llm.User, "hi")}},
		want: map[string]string{"systemInstruction": `{"parts":[{"text":"be"},{"text":"brief"}]}`, "contents.#": "1"}},
	{name: "instructions in the middle lose their place",
		r:    &llm.Request{Turns: []llm.Turn{said(llm.User, "a"), said(llm.System, "s"), said(llm.User, "b")}},
		want: map[string]string{"systemInstruction.parts.0.text": `"s"`, "contents.#.parts.#.text": `[["a","b"]]`},
		lost: []string{"system message position"}},
	{name: "instructions alone are said by the user",
		r:    &llm.Request{Turns: []llm.Turn{said(llm.System, "s")}},
		want: map[string]string{"systemInstruction": "", "contents": `[{"role":"user","parts":[{"text":"s"}]}]`}},
	{name: "a model without instructions", model: "gemma-3-27b-it",
		r:    &llm.Request{Turns: []llm.Turn{said(llm.System, "s"), said(llm.User, "u")}},
		want: map[string]string{"systemInstruction": "", "contents": `[{"role":"user","parts":[{"text":"s"},{"text":"u"}]}]`},
		lost: []string{"system message position"}},
	{name: "an image in the instructions",
		r: &llm.Request{Turns: []llm.Turn{turn(llm.System, text("a"), medium(llm.Image, llm.Media{MIME: "image/png", Data: png})), said(llm.User, "u")}}, fails: "text only"},
	{name: "a document of text in the instructions",
		r:    &llm.Request{Turns: []llm.Turn{turn(llm.System, medium(llm.File, llm.Media{Plain: lit("doc")})), said(llm.User, "u")}},
		want: map[string]string{"systemInstruction.parts": `[{"text":"doc"}]`}},
	{name: "no conversation", r: &llm.Request{}, fails: "empty"},
	{name: "neighbours of one role are one turn",
		r:    &llm.Request{Turns: []llm.Turn{said(llm.User, "a"), said(llm.User, "b"), said(llm.Assistant, "c"), said(llm.Assistant, "d"), said(llm.User, "e")}},
		want: map[string]string{"contents.#.role": `["user","model","user"]`, "contents.#.parts.#": `[2,2,1]`}},
	{name: "a turn of dropped thoughts joins its neighbours",
		r: &llm.Request{Turns: []llm.Turn{said(llm.User, "a"),
			turn(llm.Assistant, llm.Part{Kind: llm.Thought, Text: lit("t")}), said(llm.User, "b")}},
		want: map[string]string{"contents": `[{"role":"user","parts":[{"text":"a"},{"text":"b"}]}]`},
		lost: []string{"reasoning_content"}},
	{name: "escapes stay as they are",
		r:    &llm.Request{Turns: []llm.Turn{turn(llm.User, llm.Part{Kind: llm.Text, Text: llm.Literal(`"\ud83d\u00e9\/"`)})}},
		want: map[string]string{"contents.0.parts.0.text": `"\ud83d\u00e9\/"`}},
	{name: "a refusal is text",
		r:    &llm.Request{Turns: []llm.Turn{said(llm.User, "a"), turn(llm.Assistant, llm.Part{Kind: llm.Refusal, Text: lit("no")}), said(llm.User, "b")}},
		want: map[string]string{"contents.1": `{"role":"model","parts":[{"text":"no"}]}`}},
	{name: "marks for caches",
		r:    &llm.Request{Turns: []llm.Turn{turn(llm.User, llm.Part{Kind: llm.Text, Text: lit("a"), Cache: llm.Value(`{"type":"ephemeral"}`)})}},
		lost: []string{"cache_control"}},
	{name: "advice is named",
		r:    one(func(r *llm.Request) { r.User = lit("me"); r.Advice = []string{"store", "logit_bias"} }),
		lost: []string{"user", "store", "logit_bias"}},
}

var calls = []requestCase{
	{name: "results in the order of the calls, with the function's name, text behind them",
		r: &llm.Request{Turns: []llm.Turn{said(llm.User, "a"),
			turn(llm.Assistant, text("wait"), called("1", "f", `{"x": 1}`), called("2", "g", ``)),
			turn(llm.User, text("b"), result("2", text("two")), result("1", text("o"), text(""), text("ne"), medium(llm.File, llm.Media{Plain: lit("doc")})))}},
		want: map[string]string{
			"contents.1.parts": `[{"text":"wait"},{"functionCall":{"id":"1","name":"f","args":{"x": 1}}},{"functionCall":{"id":"2","name":"g","args":{}}}]`,
			"contents.2.parts": `[{"functionResponse":{"id":"1","name":"f","response":{"output":"o\nne\ndoc"}}},{"functionResponse":{"id":"2","name":"g","response":{"output":"two"}}},{"text":"b"}]`}},
	{name: "calls without ids",
		r: &llm.Request{Turns: []llm.Turn{said(llm.User, "a"),
			turn(llm.Assistant, llm.Part{Kind: llm.Call, Name: lit("f")}), turn(llm.User, llm.Part{Kind: llm.Result})}},
		want: map[string]string{"contents.2.parts": `[{"functionResponse":{"id":"call_1_0","name":"f","response":{"output":""}}}]`}},
	{name: "a result of a call that is further back",
		r: &llm.Request{Turns: []llm.Turn{said(llm.User, "a"), turn(llm.Assistant, called("1", "f", ``)),
			said(llm.User, "wait"), said(llm.Assistant, "yes"), turn(llm.User, result("1", text("r")))}},
		want: map[string]string{"contents.4.parts.0.functionResponse.name": `"f"`}},
	{name: "a result of no call",
		r: &llm.Request{Turns: []llm.Turn{turn(llm.User, result("1", text("r")))}}, fails: "not in the conversation"},
	{name: "a failed result",
		r: &llm.Request{Turns: []llm.Turn{said(llm.User, "a"), turn(llm.Assistant, called("1", "f", ``)),
			turn(llm.User, llm.Part{Kind: llm.Result, ID: lit("1"), Failed: true, Content: []llm.Part{text("bad")}})}},
		want: map[string]string{"contents.2.parts.0.functionResponse.response": `{"error":"bad"}`}},
	{name: "arguments that are no object",
		r: &llm.Request{Turns: []llm.Turn{said(llm.User, "a"),
			turn(llm.Assistant, called("1", "f", `[1]`), called("2", "f", `{"a":`), called("3", "f", " \n{}\n"), called("4", "f", "null")), turn(llm.User, result("1"), result("2"), result("3"), result("4"))}},
		want: map[string]string{"contents.1.parts.#.functionCall.args": `[{"arguments":"[1]"},{"arguments":"{\"a\":"},{},{}]`},
		lost: []string{"arguments"}},
	{name: "a plain tool",
		r: &llm.Request{Tools: []llm.Tool{{Name: lit("sh"), Plain: true, Grammar: llm.Value(`{"type":"grammar","grammar":{"syntax":"lark","definition":"x"}}`)}},
			Turns: []llm.Turn{said(llm.User, "a"), turn(llm.Assistant, called("1", "sh", "ls \"x\"\n")), turn(llm.User, result("1", text("r")))}},
		want: map[string]string{"contents.1.parts.0.functionCall.args": `{"input":"ls \"x\"\n"}`,
			"tools.0.functionDeclarations.0.parametersJsonSchema": `{"type":"object","properties":{"input":{"type":"string","description":"A text of this grammar (lark):\nx"}},"required":["input"]}`}, lost: []string{"grammar"}},
	{name: "media of a result follow on Gemini 2.5",
		r: &llm.Request{Turns: []llm.Turn{said(llm.User, "a"), turn(llm.Assistant, called("1", "f", ``)),
			turn(llm.User, result("1", text("see"), medium(llm.Image, llm.Media{MIME: "image/png", Data: []byte("AAAA")})), text("b"))}},
		want: map[string]string{"contents.2.parts": `[{"functionResponse":{"id":"1","name":"f","response":{"output":"see"}}},{"inlineData":{"mimeType":"image/png","data":"AAAA"}},{"text":"b"}]`}},
	{name: "media of a result stand in it on Gemini 3, but for sounds", model: "gemini-3-flash-preview",
		r: &llm.Request{Turns: []llm.Turn{said(llm.User, "a"), turn(llm.Assistant, signed(called("1", "f", ``), llm.Google, "c2ln")),
			turn(llm.User, result("1", medium(llm.Image, llm.Media{MIME: "image/png", Data: []byte("AAAA")}), medium(llm.Audio, llm.Media{MIME: "audio/wav", Data: []byte("BBBB")}), medium(llm.File, llm.Media{MIME: "application/pdf", Data: []byte("CCCC")})))}},
		want: map[string]string{"contents.2.parts": `[{"functionResponse":{"id":"1","name":"f","response":{"output":""},"parts":[{"inlineData":{"mimeType":"image/png","data":"AAAA"}},{"inlineData":{"mimeType":"application/pdf","data":"CCCC"}}]}},{"inlineData":{"mimeType":"audio/wav","data":"BBBB"}}]`}},
}

var signatures = []requestCase{
	{name: "Google's go back where they were",
		r: &llm.Request{Turns: []llm.Turn{said(llm.User, "a"), turn(llm.Assistant,
			signed(llm.Part{Kind: llm.Thought, Text: lit("t")}, llm.Google, "YQ=="), signed(text("x"), llm.Google, "Yg=="),
			signed(called("1", "f", ""), llm.Google, "Y_-="), signed(llm.Part{Kind: llm.Sealed}, llm.Google, "ZA==")), turn(llm.User, result("1"))}},
		want: map[string]string{"contents.1.parts": `[{"text":"t","thought":true,"thoughtSignature":"YQ=="},{"text":"x","thoughtSignature":"Yg=="},` +
			`{"functionCall":{"id":"1","name":"f","args":{}},"thoughtSignature":"Y_-="},{"text":"","thoughtSignature":"ZA=="}]`}},
	{name: "that of an image",
		r: &llm.Request{Turns: []llm.Turn{said(llm.User, "a"),
			turn(llm.Assistant, signed(medium(llm.Image, llm.Media{MIME: "image/png", Data: png}), llm.Google, "YQ==")), said(llm.User, "b")}},
		want: map[string]string{"contents.1.parts.0.thoughtSignature": `"YQ=="`}},
	{name: "one that a client kept before the call returns to the call", model: "gemini-3-pro-preview",
		r: &llm.Request{Turns: []llm.Turn{said(llm.User, "a"), turn(llm.Assistant, llm.Part{Kind: llm.Thought, Text: lit("t"), Origin: llm.Google},
			signed(llm.Part{Kind: llm.Thought}, llm.Google, "YQ=="), called("1", "f", ""), called("2", "f", "")), turn(llm.User, result("1"), result("2"))}},
		want: map[string]string{"contents.1.parts.#.thoughtSignature": `["YQ=="]`, "contents.1.parts.0.thoughtSignature": `"YQ=="`, "contents.1.parts.#": "2"}},
	{name: "those of others are dropped",
		r: &llm.Request{Turns: []llm.Turn{said(llm.User, "a"), turn(llm.Assistant,
			signed(llm.Part{Kind: llm.Thought, Text: lit("t")}, llm.Anthropic, "YQ=="), signed(llm.Part{Kind: llm.Sealed}, llm.OpenAI, "ZA=="), text("x")), said(llm.User, "b")}},
		want: map[string]string{"contents.1.parts": `[{"text":"x"}]`},
		lost: []string{"reasoning signature", "reasoning_content"}},
	{name: "Google's own thoughts are no loss",
		r: &llm.Request{Turns: []llm.Turn{said(llm.User, "a"),
			turn(llm.Assistant, llm.Part{Kind: llm.Thought, Text: lit("t"), Origin: llm.Google}, text("x")), said(llm.User, "b")}},
		want: map[string]string{"contents.1.parts": `[{"text":"x"}]`}},
	{name: "the first unsigned call of each step of the current turn on Gemini 3", model: "gemini-3.1-pro-preview",
		r: &llm.Request{Turns: []llm.Turn{
			said(llm.User, "a"), turn(llm.Assistant, called("1", "f", "")), turn(llm.User, result("1")), said(llm.Assistant, "done"),
			said(llm.User, "b"), turn(llm.Assistant, called("2", "f", ""), called("3", "f", "")), turn(llm.User, result("2"), result("3"), text("hurry")),
			turn(llm.Assistant, signed(called("4", "f", ""), llm.Anthropic, "YQ==")), turn(llm.User, result("4"))}},
		want: map[string]string{"contents.#.parts.#.thoughtSignature": `[[],[],[],[],[],["skip_thought_signature_validator"],[],["skip_thought_signature_validator"],[]]`},
		lost: []string{"reasoning signature"}},
	{name: "none is made up before Gemini 3",
		r:    &llm.Request{Turns: []llm.Turn{said(llm.User, "b"), turn(llm.Assistant, called("2", "f", "")), turn(llm.User, result("2"))}},
		want: map[string]string{"contents.1.parts.0.thoughtSignature": ""}},
}

var mediaCases = []requestCase{
	{name: "data",
		r: &llm.Request{Turns: []llm.Turn{turn(llm.User, medium(llm.Image, llm.Media{MIME: "image/jpg", Data: []byte("AAAA")}),
			medium(llm.Audio, llm.Media{MIME: "audio/wav", Data: []byte("BBBB")}), medium(llm.Video, llm.Media{MIME: "video/mp4", Data: []byte("CCCC")}))}},
		want: map[string]string{"contents.0.parts": `[{"inlineData":{"mimeType":"image/jpeg","data":"AAAA"}},{"inlineData":{"mimeType":"audio/wav","data":"BBBB"}},{"inlineData":{"mimeType":"video/mp4","data":"CCCC"}}]`}},
	{name: "a type that the client does not say",
		r:    &llm.Request{Turns: []llm.Turn{turn(llm.User, medium(llm.Image, llm.Media{Data: png}), medium(llm.File, llm.Media{Data: []byte("JVBERi0xLjcK")}))}},
		want: map[string]string{"contents.0.parts.#.inlineData.mimeType": `["image/png","application/pdf"]`}},
	{name: "a type that the client does not know",
		r: &llm.Request{Turns: []llm.Turn{turn(llm.User, medium(llm.Image, llm.Media{MIME: "application/octet-stream", Data: png}),
			medium(llm.File, llm.Media{MIME: "application/octet-stream", Data: []byte("AAAAAAAA"), Name: lit("a.CSV")}))}},
		want: map[string]string{"contents.0.parts.#.inlineData.mimeType": `["image/png","text/csv"]`}, lost: []string{"filename"}},
	{name: "a type that nobody knows", r: &llm.Request{Turns: []llm.Turn{turn(llm.User, medium(llm.File, llm.Media{MIME: "application/octet-stream", Data: []byte("AAAAAAAA")}))}}, fails: "unknown type"},
	{name: "an unknown type", r: &llm.Request{Turns: []llm.Turn{turn(llm.User, medium(llm.File, llm.Media{Data: []byte("AAAAAAAA")}))}}, fails: "unknown type"},
	{name: "data that is no base64 stays inside its string",
		r:    &llm.Request{Turns: []llm.Turn{turn(llm.User, medium(llm.Image, llm.Media{MIME: "image/png", Data: []byte(`AA"}},{"text":"x`)}))}},
		want: map[string]string{"contents.0.parts.#": "1", "contents.0.parts.0.inlineData.data": `"AA\"}},{\"text\":\"x"`}},
	{name: "a document of text, its name and a look at details",
		r: &llm.Request{Turns: []llm.Turn{turn(llm.User, medium(llm.File, llm.Media{Plain: lit("doc"), Name: lit("a.txt")}),
			medium(llm.Image, llm.Media{MIME: "image/png", Data: png, Detail: lit("high")}), medium(llm.Image, llm.Media{MIME: "image/png", Data: png, Detail: lit("auto")}))}},
		want: map[string]string{"contents.0.parts.0": `{"text":"doc"}`}, lost: []string{"filename", "detail"}},
	{name: "an image by URL, before Gemini 2.5", model: "gemini-2.0-flash", r: &llm.Request{Turns: []llm.Turn{turn(llm.User, medium(llm.Image, llm.Media{URL: lit("https://example.com/a.png")}))}}, fails: "media by URL"},
	{name: "an image by URL", r: &llm.Request{Turns: []llm.Turn{turn(llm.User, medium(llm.Image, llm.Media{URL: lit("https://example.com/a.png?b=c")}))}},
		want: map[string]string{"contents.0.parts": `[{"fileData":{"mimeType":"image/png","fileUri":"https://example.com/a.png?b=c"}}]`}},
	{name: "a URL that only looks like Google's",
		r: &llm.Request{Turns: []llm.Turn{turn(llm.User, medium(llm.Video, llm.Media{URL: lit("https://youtube.com@example.com/")}))}}, fails: "media by URL"},
	{name: "a file by id", r: &llm.Request{Turns: []llm.Turn{turn(llm.User, medium(llm.File, llm.Media{FileID: lit("file-1")}))}}, fails: "by id"},
	{name: "Google's files and YouTube",
		r: &llm.Request{Turns: []llm.Turn{turn(llm.User, medium(llm.Video, llm.Media{URL: lit("https://www.youtube.com/watch?v=1")}),
			medium(llm.File, llm.Media{MIME: "application/pdf", URL: lit("https://generativelanguage.googleapis.com/v1beta/files/x")}))}},
		want: map[string]string{"contents.0.parts": `[{"fileData":{"fileUri":"https://www.youtube.com/watch?v=1"}},{"fileData":{"mimeType":"application/pdf","fileUri":"https://generativelanguage.googleapis.com/v1beta/files/x"}}]`}},
}

func TestEncodeConversation(t *testing.T) { runRequests(t, conversations) }
func TestEncodeCalls(t *testing.T)        { runRequests(t, calls) }
func TestEncodeSignatures(t *testing.T)   { runRequests(t, signatures) }
func TestEncodeMedia(t *testing.T)        { runRequests(t, mediaCases) }

// The error names the place in the client's own messages.
func TestUnsupportedNamesThePlace(t *testing.T) {
	p := medium(llm.Image, llm.Media{URL: lit("http://example.com/a.png")})
	p.Turn, p.At = 5, 3
	r := &llm.Request{Turns: []llm.Turn{{Role: llm.User, Parts: []llm.Part{p}}}}
	if _, no := up.Encode(nil, r, "gemini-2.5-flash"); no == nil || no.Turn != 5 || no.Part != 3 {
		t.Errorf("got %+v", no)
	}
}

// Who cannot make the media that are asked for would give less than that.
func TestOtherMediaThanText(t *testing.T) {
	for model, kind := range map[string]llm.Kind{"gemini-2.5-flash": llm.Image, "gemini-2.5-flash-image": llm.Audio} {
		r := one(func(r *llm.Request) { r.Output.Media = []llm.Kind{kind} })
		if _, no := up.Encode(nil, r, model); no == nil || no.Field != "modalities" || !no.Less {
			t.Errorf("%s: %+v", model, no)
		}
		if _, no := up.Encode(nil, formats.Without(r, "modalities"), model); no != nil || len(r.Output.Media) == 0 {
			t.Errorf("%s without: %+v", model, no)
		}
	}
}

// A request is encoded for several providers: it must not change.
func TestEncodeLeavesTheRequestAlone(t *testing.T) {
	for _, tc := range slices.Concat(conversations, calls, signatures, mediaCases, toolCases, configCases) {
		before, _ := json.Marshal(tc.r)
		first, _ := up.Encode(nil, tc.r, tc.target())
		if after, _ := json.Marshal(tc.r); string(before) != string(after) {
			t.Errorf("%s: changed", tc.name)
		}
		prefix := []byte("before ")
		second, _ := up.Encode(prefix, tc.r, tc.target())
		if first != nil && string(second.Body) != "before "+string(first.Body) {
			t.Errorf("%s: %s, then %s", tc.name, first.Body, second.Body)
		}
	}
}
