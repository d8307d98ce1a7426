package messages_test

import (
	"encoding/base64"
	"strings"
	"testing"

	"github.com/tidwall/gjson"

	"github.com/aiclient2api/caddy-aiclient2api/llm"
)

const head = `{"model":"claude-sonnet-4-5","max_tokens":32000`

// TestTurns: the conversation as it is sent, and what of it is named as lost.
func TestTurns(t *testing.T) {
	cached := text("C")
	cached.Cache = llm.Value(`{"type":"ephemeral","ttl":"1h"}`)
	failed := result("c1", text("R"))
	failed.Failed = true
	mute := result("c1")
	mute.Failed = true
	signedCall := call("c1", "f", "{}")
	signedCall.Signature, signedCall.Origin = lit("s"), llm.Google
	sealed := llm.Part{Kind: llm.Sealed, Signature: lit("D"), Origin: llm.Anthropic}
	refusal := llm.Part{Kind: llm.Refusal, Text: lit("no")}
	for _, tc := range []struct {
		name  string
		turns []llm.Turn
		want  string // the members system and messages
		lost  string
	}{
		{name: "text", turns: []llm.Turn{user(text("U"))},
			want: `"messages":[{"role":"user","content":[{"type":"text","text":"U"}]}]`},
		{name: "a thought at the end of a turn that goes on", turns: []llm.Turn{assistant(text("A"), thoughtOf(llm.Anthropic, "T", "s")), user(text(" ")), assistant(text("B")), user(text("U"))}, lost: "reasoning_content",
			want: `"messages":[{"role":"assistant","content":[{"type":"text","text":"A"},{"type":"text","text":"B"}]},{"role":"user","content":[{"type":"text","text":"U"}]}]`},
		{name: "instructions first", turns: []llm.Turn{system(text("S"), cached), user(text("U"))},
			want: `"system":[{"type":"text","text":"S"},{"type":"text","text":"C","cache_control":{"type":"ephemeral","ttl":"1h"}}],"messages":[{"role":"user","content":[{"type":"text","text":"U"}]}]`},
		{name: "the billing header that varies", turns: []llm.Turn{system(text("x-anthropic-billing-header: cc_version=1"), text("S")), user(text("U"))},
			want: `"system":[{"type":"text","text":"S"}],"messages":[{"role":"user","content":[{"type":"text","text":"U"}]}]`},
		{name: "instructions in the middle", turns: []llm.Turn{user(text("U")), system(text("S"))},
			want: `"system":[{"type":"text","text":"S"}],"messages":[{"role":"user","content":[{"type":"text","text":"U"}]}]`, lost: "system message position"},
		{name: "nothing but instructions", turns: []llm.Turn{system(text("S"))},
			want: `"messages":[{"role":"user","content":[{"type":"text","text":"S"}]}]`},
		{name: "white space", turns: []llm.Turn{user(text(" "), text("U")), assistant(text(`\n`)), user(text("V"))},
			want: `"messages":[{"role":"user","content":[{"type":"text","text":"U"},{"type":"text","text":"V"}]}]`},
		{name: "a turn to be continued", turns: []llm.Turn{user(text("U")), assistant(text(`A\n `))},
			want: `"messages":[{"role":"user","content":[{"type":"text","text":"U"}]},{"role":"assistant","content":[{"type":"text","text":"A"}]}]`},
		{name: "white space of the user between others", turns: []llm.Turn{user(text("U")), assistant(text("A")), user(text(" ")), assistant(text("B")), user(text("V"))},
			want: `"messages":[{"role":"user","content":[{"type":"text","text":"U"}]},{"role":"assistant","content":[{"type":"text","text":"A"},{"type":"text","text":"B"}]},{"role":"user","content":[{"type":"text","text":"V"}]}]`},
		{name: "thoughts in a turn to be continued, before which the model does not think", turns: []llm.Turn{user(text("U")), assistant(thoughtOf(llm.Anthropic, "T", "S"), text("A")), user(text(" ")), assistant(sealed, text("B"))},
			want: `"messages":[{"role":"user","content":[{"type":"text","text":"U"}]},{"role":"assistant","content":[{"type":"text","text":"A"},{"type":"text","text":"B"}]}]`, lost: "reasoning_content"},
		{name: "one id of calls in two turns", turns: []llm.Turn{user(text("U")), assistant(call("c", "f", "{}")), user(result("c", text("X"))), assistant(call("c", "g", "{}")), user(result("c", text("Y")))},
			want: `"messages":[{"role":"user","content":[{"type":"text","text":"U"}]},{"role":"assistant","content":[{"type":"tool_use","id":"c","name":"f","input":{}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"c","content":"X"}]},` +
				`{"role":"assistant","content":[{"type":"tool_use","id":"c_2","name":"g","input":{}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"c_2","content":"Y"}]}]`},
		{name: "one id of two calls", turns: []llm.Turn{user(text("U")), assistant(call("c", "f", "{}"), call("c", "g", "{}")), user(result("c", text("X")), result("c", text("Y")))},
			want: `"messages":[{"role":"user","content":[{"type":"text","text":"U"}]},{"role":"assistant","content":[{"type":"tool_use","id":"c","name":"f","input":{}},{"type":"tool_use","id":"c_2","name":"g","input":{}}]},` +
				`{"role":"user","content":[{"type":"tool_result","tool_use_id":"c","content":"X"},{"type":"tool_result","tool_use_id":"c_2","content":"Y"}]}]`},
		{name: "a refusal", turns: []llm.Turn{user(text("U")), assistant(refusal), user(text("V"))},
			want: `"messages":[{"role":"user","content":[{"type":"text","text":"U"}]},{"role":"assistant","content":[{"type":"text","text":"no"}]},{"role":"user","content":[{"type":"text","text":"V"}]}]`},
		{name: "calls and results out of order", turns: []llm.Turn{
			user(text("U")), assistant(text("A"), call("c1", "f", `{"a": 1}`), call("c2", "g", "")),
			user(text("V"), result("c2", text("Y"))), user(result("c1", text("X")))},
			want: `"messages":[{"role":"user","content":[{"type":"text","text":"U"}]},` +
				`{"role":"assistant","content":[{"type":"text","text":"A"},{"type":"tool_use","id":"c1","name":"f","input":{"a": 1}},{"type":"tool_use","id":"c2","name":"g","input":{}}]},` +
				`{"role":"user","content":[{"type":"tool_result","tool_use_id":"c1","content":"X"},{"type":"tool_result","tool_use_id":"c2","content":"Y"},{"type":"text","text":"V"}]}]`},
		{name: "ids of other vendors", turns: []llm.Turn{user(text("U")), assistant(call("call.1|x", "f", "{}")), user(result("call.1|x", text("X")))},
			want: `"messages":[{"role":"user","content":[{"type":"text","text":"U"}]},{"role":"assistant","content":[{"type":"tool_use","id":"call_1_x_4e413e2e76","name":"f","input":{}}]},` +
				`{"role":"user","content":[{"type":"tool_result","tool_use_id":"call_1_x_4e413e2e76","content":"X"}]}]`},
		{name: "arguments that are no object", turns: []llm.Turn{user(text("U")), assistant(call("c1", "f", `{"a`), call("c2", "f", "null")), user(result("c1"), result("c2"))},
			want: `"messages":[{"role":"user","content":[{"type":"text","text":"U"}]},{"role":"assistant","content":[{"type":"tool_use","id":"c1","name":"f","input":{"arguments":"{\"a"}},{"type":"tool_use","id":"c2","name":"f","input":{}}]},` +
				`{"role":"user","content":[{"type":"tool_result","tool_use_id":"c1"},{"type":"tool_result","tool_use_id":"c2"}]}]`, lost: "arguments"},
		{name: "a failed result", turns: []llm.Turn{user(text("U")), assistant(call("c1", "f", "{}")), user(failed)},
			want: `"messages":[{"role":"user","content":[{"type":"text","text":"U"}]},{"role":"assistant","content":[{"type":"tool_use","id":"c1","name":"f","input":{}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"c1","content":"R","is_error":true}]}]`},
		{name: "a failed result without words", turns: []llm.Turn{user(text("U")), assistant(call("c1", "f", "{}")), user(mute)},
			want: `"messages":[{"role":"user","content":[{"type":"text","text":"U"}]},{"role":"assistant","content":[{"type":"tool_use","id":"c1","name":"f","input":{}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"c1","content":"error","is_error":true}]}]`},
		{name: "results of several parts", turns: []llm.Turn{user(text("U")), assistant(call("c1", "f", "{}")), user(result("c1", text(""), text("X"), cached, llm.Part{Kind: llm.Image, Media: &llm.Media{URL: lit("https://h/i.png")}}))},
			want: `"messages":[{"role":"user","content":[{"type":"text","text":"U"}]},{"role":"assistant","content":[{"type":"tool_use","id":"c1","name":"f","input":{}}]},` +
				`{"role":"user","content":[{"type":"tool_result","tool_use_id":"c1","content":[{"type":"text","text":"X"},{"type":"text","text":"C"},{"type":"image","source":{"type":"url","url":"https://h/i.png"}}],"cache_control":{"type":"ephemeral","ttl":"1h"}}]}]`},
		{name: "thoughts of its own", turns: []llm.Turn{user(text("U")), assistant(thoughtOf(llm.Anthropic, "", "S"), sealed, call("c1", "f", "{}"), thoughtOf(llm.Anthropic, "T", "S2"), text("A")), user(result("c1"))},
			want: `"messages":[{"role":"user","content":[{"type":"text","text":"U"}]},{"role":"assistant","content":[{"type":"thinking","thinking":"","signature":"S"},{"type":"redacted_thinking","data":"D"},{"type":"tool_use","id":"c1","name":"f","input":{}},{"type":"thinking","thinking":"T","signature":"S2"},{"type":"text","text":"A"}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"c1"}]}]`},
		{name: "thoughts of others", turns: []llm.Turn{user(text("U")), assistant(thoughtOf(llm.OpenAI, "T", "S"), llm.Part{Kind: llm.Thought, Text: lit("T"), Origin: llm.Anthropic}, text("A")), user(text("V"))},
			want: `"messages":[{"role":"user","content":[{"type":"text","text":"U"}]},{"role":"assistant","content":[{"type":"text","text":"A"}]},{"role":"user","content":[{"type":"text","text":"V"}]}]`, lost: "reasoning_content"},
		{name: "a turn that ends with a thought", turns: []llm.Turn{user(text("U")), assistant(text("A"), thoughtOf(llm.Anthropic, "T", "S"), sealed), user(text("V"))},
			want: `"messages":[{"role":"user","content":[{"type":"text","text":"U"}]},{"role":"assistant","content":[{"type":"text","text":"A"}]},{"role":"user","content":[{"type":"text","text":"V"}]}]`, lost: "reasoning_content"},
		{name: "a signature on a call", turns: []llm.Turn{user(text("U")), assistant(signedCall), user(result("c1"))},
			want: `"messages":[{"role":"user","content":[{"type":"text","text":"U"}]},{"role":"assistant","content":[{"type":"tool_use","id":"c1","name":"f","input":{}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"c1"}]}]`, lost: "reasoning signature"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			body, sent := encode(t, &llm.Request{Turns: tc.turns}, "claude-sonnet-4-5")
			if want := head + "," + tc.want + "}"; body != want {
				t.Errorf("got  %s\nwant %s", body, want)
			}
			if got := strings.Join(sent.Lost, ","); got != tc.lost {
				t.Errorf("lost %q, want %q", got, tc.lost)
			}
		})
	}
}

// TestLateInstructions: newer models take them where they stand.
func TestLateInstructions(t *testing.T) {
	r := &llm.Request{Turns: []llm.Turn{user(text("U")), system(text("S")), assistant(text("A")), user(text("V"))}}
	body, sent := encode(t, r, "claude-opus-4-8")
	if got := gjson.Get(body, "messages.#.role").Raw; got != `["user","system","assistant","user"]` || sent.Lost != nil {
		t.Errorf("got %s, lost %v", got, sent.Lost)
	}
	body, sent = encode(t, r, "claude-mythos-preview")
	if got := gjson.Get(body, "messages.#.role").Raw; got != `["user","assistant","user"]` || len(sent.Lost) != 1 {
		t.Errorf("got %s, lost %v", got, sent.Lost)
	}
}

// TestMedia: images and documents, by value and by address.
func TestMedia(t *testing.T) {
	png := "iVBORw0KGgoAAAAN"
	webp := base64.StdEncoding.EncodeToString([]byte("RIFF\x10\x00\x00\x00WEBPVP8 "))
	for _, tc := range []struct {
		name  string
		kind  llm.Kind
		media llm.Media
		want  string // the block
		lost  string
		bad   string
	}{
		{name: "image", media: llm.Media{MIME: "image/png", Data: []byte(png)}, want: `{"type":"image","source":{"type":"base64","media_type":"image/png","data":"` + png + `"}}`},
		{name: "image of a type that is wrong", media: llm.Media{MIME: "image/jpeg", Data: []byte(png)}, want: `{"type":"image","source":{"type":"base64","media_type":"image/png","data":"` + png + `"}}`},
		{name: "image without a type", media: llm.Media{Data: []byte(webp)}, want: `{"type":"image","source":{"type":"base64","media_type":"image/webp","data":"` + webp + `"}}`},
		{name: "JPG", media: llm.Media{MIME: "image/JPG; x=y", Data: []byte("AAAA")}, want: `{"type":"image","source":{"type":"base64","media_type":"image/jpeg","data":"AAAA"}}`},
		{name: "detail", media: llm.Media{URL: lit("https://h/i"), Detail: lit("high")}, want: `{"type":"image","source":{"type":"url","url":"https://h/i"}}`, lost: "detail"},
		{name: "detail auto", media: llm.Media{URL: lit("https://h/i"), Detail: lit("auto")}, want: `{"type":"image","source":{"type":"url","url":"https://h/i"}}`},
		{name: "image in a file", kind: llm.File, media: llm.Media{MIME: "image/gif", Data: []byte("AAAA")}, want: `{"type":"image","source":{"type":"base64","media_type":"image/gif","data":"AAAA"}}`},
		{name: "PDF", kind: llm.File, media: llm.Media{Data: []byte("JVBERi0x"), Name: lit("a.pdf")}, want: `{"type":"document","source":{"type":"base64","media_type":"application/pdf","data":"JVBERi0x"},"title":"a.pdf"}`},
		{name: "PDF by address", kind: llm.File, media: llm.Media{MIME: "application/pdf", URL: lit("https://h/a")}, want: `{"type":"document","source":{"type":"url","url":"https://h/a"}}`},
		{name: "PDF that is called an image", media: llm.Media{MIME: "application/pdf", Data: []byte("JVBERi0x")}, want: `{"type":"document","source":{"type":"base64","media_type":"application/pdf","data":"JVBERi0x"}}`},
		{name: "type by name", kind: llm.File, media: llm.Media{MIME: "application/octet-stream", Data: []byte("YQ=="), Name: lit("a.TXT")}, want: `{"type":"document","source":{"type":"text","media_type":"text/plain","data":"a"},"title":"a.TXT"}`},
		{name: "type that is not known", kind: llm.File, media: llm.Media{MIME: "application/octet-stream", Data: []byte("YQ==")}, bad: "neither PDF nor text"},
		{name: "text", kind: llm.File, media: llm.Media{MIME: "text/markdown; charset=utf-8", Data: []byte("w7wi")}, want: `{"type":"document","source":{"type":"text","media_type":"text/plain","data":"ü\""}}`},
		{name: "text as such", kind: llm.File, media: llm.Media{Plain: lit("D")}, want: `{"type":"document","source":{"type":"text","media_type":"text/plain","data":"D"}}`},
		{name: "other image", media: llm.Media{MIME: "image/bmp", Data: []byte("AAAA")}, bad: "none of JPEG, PNG, GIF and WebP"},
		{name: "other document", kind: llm.File, media: llm.Media{MIME: "application/zip", Data: []byte("AAAA")}, bad: "neither PDF nor text"},
		{name: "text by address", kind: llm.File, media: llm.Media{MIME: "text/plain", URL: lit("https://h/a")}, bad: "neither PDF nor text"},
		{name: "text of another encoding", kind: llm.File, media: llm.Media{MIME: "text/plain", Data: []byte("/w==")}, bad: "not text in UTF-8"},
		{name: "without encryption", media: llm.Media{URL: lit("http://h/i")}, bad: "public https address"},
		{name: "Google's storage", media: llm.Media{URL: lit("gs://b/i")}, bad: "public https address"},
		{name: "Google's files", media: llm.Media{URL: lit("https://generativelanguage.googleapis.com/v1beta/files/x")}, bad: "public https address"},
		{name: "YouTube", kind: llm.File, media: llm.Media{URL: lit("https://www.youtube.com/watch?v=1")}, bad: "public https address"},
		{name: "another vendor's file", kind: llm.File, media: llm.Media{FileID: lit("file-1")}, bad: "uploaded to another provider"},
		{name: "data with a quote", media: llm.Media{MIME: "image/png", Data: []byte(`AA"A`)}, bad: "not base64"},
		{name: "audio", kind: llm.Audio, media: llm.Media{MIME: "audio/wav", Data: []byte("AAAA")}, bad: "text, images and documents only"},
		{name: "video", kind: llm.Video, media: llm.Media{MIME: "video/mp4", Data: []byte("AAAA")}, bad: "text, images and documents only"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			kind := llm.Image
			if tc.kind != 0 {
				kind = tc.kind
			}
			part := llm.Part{Kind: kind, Media: &tc.media, Turn: 2, At: 3}
			for _, parts := range [][]llm.Part{{text("T"), part}, {result("c1", text("T"), part)}} {
				turn := user(parts...)
				sent, bad := up.Encode(nil, &llm.Request{Turns: []llm.Turn{user(text("U")), assistant(call("c1", "f", "{}")), turn}}, "claude-sonnet-4-5")
				if tc.bad != "" {
					if bad == nil || !strings.Contains(bad.What, tc.bad) || bad.Turn != 2 {
						t.Errorf("got %+v, want %q", bad, tc.bad)
					}
					continue
				}
				if bad != nil {
					t.Fatalf("refused: %+v", bad)
				}
				got := gjson.GetBytes(sent.Body, "messages.2.content.1").Raw
				if got == "" {
					got = gjson.GetBytes(sent.Body, "messages.2.content.0.content.1").Raw
				}
				if got != tc.want || strings.Join(sent.Lost, ",") != tc.lost {
					t.Errorf("got %s, lost %v\nwant %s, lost %s", got, sent.Lost, tc.want, tc.lost)
				}
			}
		})
	}
}

// TestMarks: at most four, those of the tools and instructions before others
// and of the turns the last.
func TestMarks(t *testing.T) {
	mark := llm.Value(`{"type":"ephemeral"}`)
	marked := func(s string) llm.Part { p := text(s); p.Cache = mark; return p }
	turns := []llm.Turn{system(marked("S")), user(marked("1"), marked("2"), text("3")), assistant(marked("4")), user(marked("5"))}
	marks := func(body string) string {
		var out []string
		for _, path := range []string{"tools", "system", "messages.0.content", "messages.1.content", "messages.2.content"} {
			for _, v := range gjson.Get(body, path).Array() {
				if v.Get("cache_control").Exists() {
					out = append(out, v.Get("text").String()+v.Get("name").String())
				}
			}
		}
		return strings.Join(out, ",")
	}
	f := tool("f")
	f.Cache = mark
	body, sent := encode(t, &llm.Request{Turns: turns, Tools: []llm.Tool{f, tool("g")}}, "claude-sonnet-4-5")
	if got := marks(body); got != "f,S,4,5" || strings.Join(sent.Lost, ",") != "cache_control" {
		t.Errorf("got %s, lost %v", got, sent.Lost)
	}
	body, sent = encode(t, &llm.Request{Turns: []llm.Turn{user(marked("1"))}, Tools: []llm.Tool{f, f, f, f, f}}, "claude-sonnet-4-5")
	if got := marks(body); got != "f,f,f,f" || gjson.Get(body, "tools.0.cache_control").Exists() || len(sent.Lost) != 1 {
		t.Errorf("got %s, lost %v", got, sent.Lost)
	}
	odd := text("1")
	odd.Cache = llm.Value(`{"type":"forever"}`)
	blank := text(" ")
	blank.Cache = mark
	for _, p := range []llm.Part{odd, blank} {
		body, sent = encode(t, &llm.Request{Turns: []llm.Turn{user(p, text("2"))}}, "claude-sonnet-4-5")
		if got := marks(body); got != "" || strings.Join(sent.Lost, ",") != "cache_control" {
			t.Errorf("got %s, lost %v", got, sent.Lost)
		}
	}
}

// TestMembers: what there is no member for is refused if it is meaning, and
// named if it is advice.
func TestMembers(t *testing.T) {
	for _, tc := range []struct {
		name   string
		change func(*llm.Request)
		lost   string
		bad    string // the field
	}{
		{name: "several answers", change: func(r *llm.Request) { r.Candidates = 2 }, bad: "n"},
		{name: "one answer", change: func(r *llm.Request) { r.Candidates = 1 }},
		{name: "logprobs", change: func(r *llm.Request) { r.Logprobs = true }, bad: "logprobs"},
		{name: "penalties", change: func(r *llm.Request) {
			r.FrequencyPenalty, r.PresencePenalty = llm.Number("0.5"), llm.Number("-1")
		}, lost: "frequency_penalty,presence_penalty"},
		{name: "no penalties", change: func(r *llm.Request) { r.FrequencyPenalty, r.PresencePenalty = llm.Number("0"), llm.Number("0.0") }},
		{name: "advice", change: func(r *llm.Request) { r.Seed, r.Advice = llm.Number("0"), []string{"logit_bias", "store"} }, lost: "logit_bias,store,seed"},
		{name: "nothing", change: func(r *llm.Request) { r.Turns = nil }, bad: "messages"},
		{name: "an image in instructions", change: func(r *llm.Request) {
			r.Turns = append([]llm.Turn{system(llm.Part{Kind: llm.Image, Media: &llm.Media{URL: lit("https://h")}, Turn: -1})}, r.Turns...)
		}, bad: "instructions can be text only"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			sent, bad := up.Encode(nil, asking(tc.change), "claude-sonnet-4-5")
			switch {
			case tc.bad != "":
				if bad == nil || bad.Field != tc.bad && bad.What != tc.bad || bad.Turn != -1 {
					t.Errorf("got %+v", bad)
				}
			case bad != nil:
				t.Errorf("refused: %+v", bad)
			case strings.Join(sent.Lost, ",") != tc.lost:
				t.Errorf("lost %v, want %s", sent.Lost, tc.lost)
			}
		})
	}
	for name, turns := range map[string][]llm.Turn{
		"white space only":                          {user(text(" "))},
		"white space to be answered":                {user(text("U")), assistant(text("A")), {Parts: []llm.Part{text(" ")}, At: 2}},
		"white space to be answered as instructed":  {user(text("U")), assistant(text("A")), {Parts: []llm.Part{text(" ")}, At: 2}, system(text("S"))},
		"a turn that the model does not go on with": {user(text("U")), {Role: llm.Assistant, Parts: []llm.Part{text("A")}, At: 1}},
	} {
		_, bad := up.Encode(nil, &llm.Request{Turns: turns}, "claude-opus-4-8")
		if bad == nil || bad.Turn != min(len(turns)-1, 2) || bad.Part != -1 {
			t.Errorf("%s: %+v", name, bad)
		}
	}
}

// TestPrefill: which models go on with a turn of their own.
func TestPrefill(t *testing.T) {
	for model, want := range map[string]bool{
		"claude-3-haiku-20240307": true, "claude-sonnet-4-5": true, "kimi-k2": true,
		"claude-sonnet-4-6": false, "claude-opus-4-6": false, "claude-opus-4-7": false, "claude-opus-5": false, "claude-mythos-preview": false,
	} {
		if _, bad := up.Encode(nil, &llm.Request{Turns: []llm.Turn{user(text("U")), assistant(text("A"))}}, model); (bad == nil) != want {
			t.Errorf("%s: %+v", model, bad)
		}
	}
}

// TestStopAndUser: what is left out of lists and of ids.
func TestStopAndUser(t *testing.T) {
	body, sent := encode(t, asking(func(r *llm.Request) {
		r.Stop, r.User, r.Stream = []llm.Literal{lit("a"), lit(`\n`), lit("b")}, lit("u"), true
	}), "claude-sonnet-4-5")
	want := head + `,"stream":true,"messages":[{"role":"user","content":[{"type":"text","text":"U"}]}],"stop_sequences":["a","b"],"metadata":{"user_id":"u"}}`
	if body != want || strings.Join(sent.Lost, ",") != "stop" {
		t.Errorf("got %s, lost %v", body, sent.Lost)
	}
	body, sent = encode(t, asking(func(r *llm.Request) {
		r.Stop, r.User = []llm.Literal{lit(" ")}, lit(strings.Repeat("u", 513))
	}), "claude-sonnet-4-5")
	if gjson.Get(body, "stop_sequences").Exists() || gjson.Get(body, "metadata").Exists() || strings.Join(sent.Lost, ",") != "stop,user" {
		t.Errorf("got %s, lost %v", body, sent.Lost)
	}
}

// TestUserID: what names a person is refused as the id of one.
func TestUserID(t *testing.T) {
	for id, sent := range map[string]bool{
		"u-1": true, "42": true, "5f0c2a77-1111": true, "a1234567": true, "ann@example.com": false, `ann\u0040example.com`: false,
		"+49 (30) 123-456": false, "5551234567": false,
	} {
		body, s := encode(t, asking(func(r *llm.Request) { r.User = lit(id) }), "claude-sonnet-4-5")
		if got := gjson.Get(body, "metadata.user_id").Exists(); got != sent || (len(s.Lost) == 0) != sent {
			t.Errorf("%s: %v, lost %v", id, got, s.Lost)
		}
	}
}
