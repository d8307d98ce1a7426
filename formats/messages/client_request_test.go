package messages_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/aiclient2api/caddy-aiclient2api/formats"
	"github.com/aiclient2api/caddy-aiclient2api/llm"
)

// read decodes a request that can be read.
func read(t *testing.T, body string) *llm.Request {
	t.Helper()
	r, bad := client.Decode([]byte(body))
	if bad != nil {
		t.Fatalf("%s: %v", body, bad)
	}
	return r
}

// turns writes the conversation as a test reads it.
func turns(r *llm.Request) string {
	var out []string
	for _, t := range r.Turns {
		out = append(out, fmt.Sprintf("%c%d:%s", "uasd"[t.Role], t.At, parts(t.Parts, t.At)))
	}
	return strings.Join(out, "|")
}

func parts(list []llm.Part, turn int) string {
	var out []string
	for _, p := range list {
		var s string
		switch p.Kind {
		case llm.Text:
			s = string(p.Text)
		case llm.Thought:
			s = "thought " + string(p.Text)
		case llm.Sealed:
			s = "sealed"
		case llm.Call:
			s = fmt.Sprintf("call %s %s %s", p.ID.Inner(), p.Name.Inner(), p.Args)
		case llm.Result:
			s = fmt.Sprintf("result %s [%s]", p.ID.Inner(), parts(p.Content, turn))
			if p.Failed {
				s += " failed"
			}
		default:
			s = map[llm.Kind]string{llm.Image: "image", llm.File: "file"}[p.Kind]
			for name, l := range map[string][]byte{"data": p.Media.Data, "url": p.Media.URL, "id": p.Media.FileID, "plain": p.Media.Plain} {
				if l != nil {
					s += fmt.Sprintf(" %s=%s", name, l)
				}
			}
			if p.Media.MIME != "" {
				s += " " + p.Media.MIME
			}
			if p.Media.Name != nil {
				s += " called " + string(p.Media.Name)
			}
		}
		if p.Signature != nil {
			s += fmt.Sprintf(" (%s %s)", p.Signature.Inner(), p.Origin)
		}
		if p.Cache != nil {
			s += " cached"
		}
		if p.Turn != turn {
			s += fmt.Sprintf(" in turn %d", p.Turn)
		}
		out = append(out, fmt.Sprintf("%d %s", p.At, s))
	}
	return strings.Join(out, ", ")
}

// wrapped is state of another vendor's as a client holds it.
func wrapped(list ...llm.Part) string { return string(formats.AppendCarried(nil, list...)) }

func TestDecodeTurns(t *testing.T) {
	state := func(k llm.Kind, s string) llm.Part {
		return llm.Part{Kind: k, Signature: lit(s), Origin: llm.Google}
	}
	thinking := func(text, signature string) string {
		return `{"type":"thinking","thinking":"` + text + `","signature":"` + signature + `"}`
	}
	const use = `{"type":"tool_use","id":"c","name":"f","input":{"a":1},"caller":{"type":"direct"}}`
	for _, tc := range []struct{ name, body, want, lost string }{
		{"texts and their marks", `{"system":"S","messages":[{"role":"user","content":"A"},{"content":[{"type":"text","text":"B","cache_control":{"type":"ephemeral"},"citations":null}],"role":"assistant"}]}`,
			`s-1:-1 "S"|u0:-1 "A"|a1:0 "B" cached`, ""},
		{"instructions behind the messages and amid them", `{"messages":[{"role":"user","content":"A"},{"role":"system","content":"B"}],"system":[{"type":"text","text":"S"},{"type":"text","text":"T","cache_control":{"type":"ephemeral"}}]}`,
			`s-1:0 "S", 1 "T" cached|u0:-1 "A"|s1:-1 "B"`, ""},
		{"Claude Code's books", `{"system":[{"type":"text","text":"x-anthropic-billing-header: cc_version=1"},{"type":"text","text":"S"}],"messages":[{"role":"user","content":"A"}]}`,
			`s-1:1 "S"|u0:-1 "A"`, ""},
		{"nothing but those", `{"system":[{"type":"text","text":"x-anthropic-billing-header: cc_version=1"}],"messages":[{"role":"user","content":"A"}]}`, `u0:-1 "A"`, ""},
		{"tools that are added on the way", `{"messages":[{"role":"user","content":"A"},{"role":"system","content":[{"type":"tool_addition","tool":{"type":"tool_reference","name":"f"}}]}]}`,
			`u0:-1 "A"|s1:`, "hosted tools"},
		{"media", `{"messages":[{"role":"user","content":[
			{"type":"image","source":{"type":"base64","media_type":"image/png","data":"AA\nBB\/="}},
			{"type":"image","source":{"type":"url","url":"https://a"},"cache_control":{"type":"ephemeral"}},
			{"type":"image","source":{"type":"file","file_id":"file_1"}},
			{"type":"document","source":{"type":"base64","media_type":"application/pdf","data":"AA=="},"title":"T","context":"C","citations":{"enabled":true}},
			{"type":"document","source":{"type":"url","url":"https://b"},"citations":{"enabled":false}},
			{"type":"document","source":{"type":"text","media_type":"text/plain","data":"D"},"title":null},
			{"type":"document","source":{"type":"content","content":"E"}},
			{"type":"document","source":{"type":"content","content":[{"type":"text","text":"F"},{"type":"image","source":{"type":"url","url":"https://c"}}]},"cache_control":{"type":"ephemeral"}},
			{"type":"document","source":{"type":"file","file_id":"file_2"}}]}]}`,
			`u0:0 image data=AABB/= image/png, 1 image url="https://a" cached, 2 image id="file_1", 3 file data=AA== application/pdf called "T", 4 file url="https://b" application/pdf, ` +
				`5 file plain="D" text/plain, 6 file plain="E", 7 "F", 7 image url="https://c" cached, 8 file id="file_2"`, "context citations"},
		{"an image that an answer had", `{"messages":[{"role":"user","content":"![image](data:image/png;base64,AAAA)"},{"role":"assistant","content":"a![image](data:image/png;base64,AAAA)b"}]}`,
			`u0:-1 "![image](data:image/png;base64,AAAA)"|a1:-1 "a", -1 image data=AAAA image/png, -1 "b"`, ""},
		{"what the client found", `{"messages":[{"role":"user","content":[{"type":"search_result","title":"T","source":"https://a","content":[{"type":"text","text":"x"},{"type":"text","text":"y"}]}]}]}`,
			`u0:0 "T\nhttps://a\nx\ny"`, ""},
		{"calls and results", `{"messages":[{"role":"user","content":"A"},{"role":"assistant","content":[{"type":"text","text":"B"},` + use + `,{"type":"tool_use","id":"d","name":"g","input":{}}]},
			{"role":"user","content":[{"type":"tool_result","tool_use_id":"d","content":"R","is_error":true},{"type":"tool_result","tool_use_id":"c","cache_control":{"type":"ephemeral"},"content":[{"type":"text","text":"x"},
			{"type":"image","source":{"type":"url","url":"https://a"}},{"type":"tool_reference","tool_name":"h"}]},{"type":"tool_result","tool_use_id":"e"},{"type":"text","text":"C"}]}]}`,
			`u0:-1 "A"|a1:0 "B", 1 call c f {"a":1}, 2 call d g {}|u2:0 result d [0 "R"] failed, 1 result c [1 "x", 1 image url="https://a", 1 "h"] cached, 2 result e [], 3 "C"`, ""},
		{"Anthropic's own thoughts", `{"messages":[{"role":"user","content":"A"},{"role":"assistant","content":[` + thinking("T", "S") + `,` + thinking("", "R") + `,{"type":"redacted_thinking","data":"D"},` + use + `]}]}`,
			`u0:-1 "A"|a1:0 thought "T" (S anthropic-claude-v1), 1 thought "" (R anthropic-claude-v1), 2 sealed (D anthropic-claude-v1), 3 call c f {"a":1}`, ""},
		{"thoughts without a signature", `{"messages":[{"role":"user","content":"A"},{"role":"assistant","content":[` + thinking("T", "") + `,` + thinking("", "") + `,{"type":"text","text":"B"}]}]}`,
			`u0:-1 "A"|a1:0 thought "T", 2 "B"`, ""},
		{"others' thoughts", `{"messages":[{"role":"user","content":"A"},{"role":"assistant","content":[` + thinking("T", wrapped(state(llm.Thought, "S"))) + `,{"type":"redacted_thinking","data":"` + wrapped(state(llm.Sealed, "D")) + `"},` +
			thinking("", wrapped(llm.Part{Kind: llm.Thought, Text: lit("kept"), Signature: lit("R"), Origin: llm.OpenAI})) + `]}]}`,
			`u0:-1 "A"|a1:0 thought "T" (S google-gemini-v1), 1 sealed (D google-gemini-v1), 2 thought "kept" (R openai-responses-v1)`, ""},
		{"others' signatures of texts and calls", `{"messages":[{"role":"user","content":"A"},{"role":"assistant","content":[{"type":"text","text":"B"},` + thinking("", wrapped(state(llm.Text, "S"))) + `,` +
			thinking("", wrapped(state(llm.Call, "R"))) + `,` + use + `,` + use + `,` + thinking("", wrapped(state(llm.Text, "Q"))) + `]}]}`,
			`u0:-1 "A"|a1:0 "B" (S google-gemini-v1), 3 call c f {"a":1} (R google-gemini-v1), 4 call c f {"a":1}, 5 "" (Q google-gemini-v1)`, ""},
		{"a signature whose call stands in the next message", `{"messages":[{"role":"assistant","content":[` + thinking("", wrapped(state(llm.Call, "R"))) + `]},{"role":"assistant","content":[` + use + `]}]}`,
			`a0:|a1:0 call c f {"a":1} (R google-gemini-v1)`, ""},
		{"a signature whose call is gone", `{"messages":[{"role":"assistant","content":[` + thinking("", wrapped(state(llm.Call, "R"))) + `]},{"role":"user","content":"A"},{"role":"assistant","content":[` + use + `]}]}`,
			`a0:|u1:-1 "A"|a2:0 call c f {"a":1}`, ""},
		{"wrapped state that was cut off", `{"messages":[{"role":"assistant","content":[` + thinking("T", wrapped(state(llm.Call, "R"))[:40]) + `]}]}`, `a0:0 thought "T"`, ""},
		{"the history of hosted tools", `{"messages":[{"role":"assistant","content":[{"type":"server_tool_use","id":"s","name":"web_search","input":{}},{"type":"web_search_tool_result","tool_use_id":"s","content":[]},
			{"type":"mcp_tool_use","id":"m"},{"type":"of_tomorrow"},{"type":"text","text":"B","citations":[{"type":"web_search_result_location","url":"u"}]}]},{"role":"user","content":[{"type":"container_upload","file_id":"f"},{"type":"text","text":"C"}]}]}`,
			`a0:4 "B"|u1:1 "C"`, "hosted tools"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := read(t, tc.body)
			if got := turns(r); got != tc.want {
				t.Errorf("got  %s\nwant %s", got, tc.want)
			}
			if got := strings.Join(r.Advice, " "); got != tc.lost {
				t.Errorf("lost %q, want %q", got, tc.lost)
			}
		})
	}
}

// number is a JSON number.
func number(s string) llm.Number { return llm.Number(s) }

func TestDecodeMembers(t *testing.T) {
	yes := true
	schema := `{"type":"object","properties":{}}`
	for _, tc := range []struct {
		members string
		want    llm.Request
	}{
		{`"model":"m","max_tokens":5,"temperature":0,"top_p":0.5,"top_k":3,"stream":true,"stop_sequences":["a","b"],"metadata":{"user_id":"u"}`,
			llm.Request{MaxTokens: number("5"), Temperature: number("0"), TopP: number("0.5"), TopK: number("3"), Stream: true, Stop: []llm.Literal{lit("a"), lit("b")}, User: lit("u")}},
		{`"metadata":{"user_id":null},"service_tier":"auto","context_management":{},"mcp_servers":[],"betas":[],"speed":null,"container":null,"thinking":null,"tools":[],"tool_choice":null`, llm.Request{}},
		{`"service_tier":"standard_only","context_management":{"edits":[]},"mcp_servers":[{}],"container":"c","cache_control":{"type":"ephemeral"},"metadata":{"a":1},"novelty":1`,
			llm.Request{Advice: []string{"service_tier", "context_management", "mcp_servers", "container", "cache_control", "metadata", "novelty"}}},
		{`"thinking":{"type":"enabled","budget_tokens":2048}`, llm.Request{Reasoning: llm.Reasoning{Budget: llm.Tokens(2048)}}},
		{`"thinking":{"type":"disabled"},"output_config":{"effort":"high"}`, llm.Request{Reasoning: llm.Reasoning{Budget: llm.Tokens(0)}}},
		{`"thinking":{"type":"adaptive","display":"omitted"},"output_config":{"effort":"xhigh"}`, llm.Request{Reasoning: llm.Reasoning{Adaptive: true, Hide: true, Effort: llm.EffortXHigh}}},
		{`"output_config":{"effort":"low","format":null},"thinking":{"type":"adaptive","display":"summarized"}`, llm.Request{Reasoning: llm.Reasoning{Adaptive: true, Effort: llm.EffortLow}}},
		{`"output_config":{"effort":"low"},"thinking":{"type":"enabled","budget_tokens":1024}`, llm.Request{Reasoning: llm.Reasoning{Budget: llm.Tokens(1024)}, Advice: []string{"output_config.effort"}}},
		{`"thinking":{"type":"between_tools"},"output_config":{"effort":"huge"}`, llm.Request{Advice: []string{"thinking", "output_config.effort"}}},
		{`"output_config":{"format":{"type":"json_schema","schema":` + schema + `},"task_budget":{}}`,
			llm.Request{Output: llm.Output{Form: llm.ToSchema, Schema: llm.Value(schema)}, Advice: []string{"output_config.task_budget"}}},
		{`"output_format":{"schema":` + schema + `,"type":"json_schema"}`, llm.Request{Output: llm.Output{Form: llm.ToSchema, Schema: llm.Value(schema)}}},
		{`"tools":[{"name":"f","description":"D","input_schema":` + schema + `,"strict":true,"cache_control":{"type":"ephemeral"},"eager_input_streaming":true,"defer_loading":true,"type":"custom"},
			{"type":"web_search_20250305","name":"web_search"},{"name":"g","type":null,"input_schema":` + schema + `,"input_examples":[{}]}],"tool_choice":{"type":"auto","disable_parallel_tool_use":true}`,
			llm.Request{Serial: true, Tools: []llm.Tool{
				{Name: lit("f"), Description: lit("D"), Schema: llm.Value(schema), Strict: &yes, Cache: llm.Value(`{"type":"ephemeral"}`)}, {Name: lit("g"), Schema: llm.Value(schema), At: 2},
			}, Advice: []string{"tools.eager_input_streaming", "tools.defer_loading", "tools.web_search_20250305", "tools.input_examples"}}},
		{`"tool_choice":{"type":"any"},"tools":[{"name":"f","input_schema":{}}]`,
			llm.Request{ToolChoice: llm.ToolChoice{Mode: llm.Required}, Tools: []llm.Tool{{Name: lit("f"), Schema: llm.Value(`{}`)}}}},
		{`"tool_choice":{"type":"tool","name":"f"}`, llm.Request{ToolChoice: llm.ToolChoice{Mode: llm.Named, Names: []llm.Literal{lit("f")}}}},
		{`"tool_choice":{"type":"none"}`, llm.Request{ToolChoice: llm.ToolChoice{Mode: llm.None}}},
	} {
		r := read(t, `{`+tc.members+`,"messages":[{"role":"user","content":"A"}]}`)
		r.Turns, tc.want.StreamUsage = nil, true
		if len(r.Tools) == 0 {
			r.Tools = nil
		}
		if !reflect.DeepEqual(*r, tc.want) {
			t.Errorf("%s\ngot  %+v\nwant %+v", tc.members, *r, tc.want)
		}
	}
}

// What of a message, a block or a tool is not known is named, once and not at
// any length; what says nothing, and what hosted tools bring along, is not.
func TestUnknownMembersAreNamed(t *testing.T) {
	long := strings.Repeat("x", 1000)
	r := read(t, `{"tools":[{"name":"f","defer_loading":false,"allowed_callers":["direct"],"nov\u0065lty":1},{"name":"g","novelty":2,"allowed_callers":["direct","code"]},{"type":"bash_1","name":"b","other":1}],
		"messages":[{"role":"user","id":"m","weight":1,"content":[{"type":"text","text":"A","novelty":{}},{"type":"image","source":{"type":"url","url":"https://a"},"crop":1}]},
		{"role":"assistant","content":[{"type":"thinking","thinking":"B","novelty":1},{"type":"tool_use","id":"a","name":"f","input":{},"caller":{"type": "direct"}},{"type":"tool_use","id":"b","name":"f","input":{},"caller":{"type":"code"}},
		{"type":"server_tool_use","id":"s","other":1}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"a","`+long+`":1,"content":[{"type":"text","text":"C","inner":1}]}]}]}`)
	want := []string{"tools.novelty", "tools.allowed_callers", "tools.bash_1", "messages.content.crop", "messages.weight", "messages.content.novelty", "messages.content.caller", "hosted tools", "messages.content." + long[:40] + "…", "messages.content.inner"}
	if !reflect.DeepEqual(r.Advice, want) {
		t.Errorf("got  %q\nwant %q", r.Advice, want)
	}
}

// many is a list of n times the same.
func many(s string, n int) string { return strings.Repeat(s+",", n-1) + s }

func TestDecodeRefuses(t *testing.T) {
	for _, tc := range []struct{ members, param string }{
		{`"messages":[]`, "messages"},
		{`"messages":{}`, "messages"},
		{`"system":"S"`, "messages"},
		{`"messages":[1]`, "messages.0"},
		{`"messages":[{"role":"user"}]`, "messages.0.content"},
		{`"messages":[{"role":"user","content":1}]`, "messages.0"},
		{`"messages":[{"role":"user","content":null}]`, "messages.0"},
		{`"messages":[{"content":"A"}]`, "messages.0.role"},
		{`"messages":[{"role":"user","content":"A"},{"role":"tool","content":"A"}]`, "messages.1.role"},
		{`"messages":[{"role":"user","content":["A"]}]`, "messages.0.content.0"},
		{`"messages":[{"role":"user","content":[{"text":"A"}]}]`, "messages.0.content.0.type"},
		{`"messages":[{"role":"user","content":[{"type":"text","text":"A"},{"type":"video"}]}]`, "messages.0.content.1"},
		{`"messages":[{"role":"user","content":[{"type":"text"}]}]`, "messages.0.content.0.text"},
		{`"messages":[{"role":"user","content":[{"type":"image","source":"A"}]}]`, "messages.0.content.0.source.type"},
		{`"messages":[{"role":"user","content":[{"type":"image","source":{"type":"base64"}}]}]`, "messages.0.content.0.source.data"},
		{`"messages":[{"role":"user","content":[{"type":"image","source":{"type":"text","data":"A"}}]}]`, "messages.0.content.0.source.data"},
		{`"messages":[{"role":"user","content":[{"type":"image","source":{"type":"content","content":[]}}]}]`, "messages.0.content.0.source.content"},
		{`"messages":[{"role":"user","content":[{"type":"document","source":{"type":"content","content":[{"type":"document"}]}}]}]`, "messages.0.content.0.source.content"},
		{`"messages":[{"role":"user","content":[{"type":"document","source":{"type":"content","content":{}}}]}]`, "messages.0.content.0.source.content"},
		{`"messages":[{"role":"user","content":[{"type":"document","source":{"type":"content"}}]}]`, "messages.0.content.0.source.content"},
		{`"messages":[{"role":"user","content":[{"type":"tool_result"}]}]`, "messages.0.content.0.tool_use_id"},
		{`"messages":[{"role":"user","content":[{"type":"tool_result","tool_use_id":"c","content":{}}]}]`, "messages.0.content.0.content"},
		{`"messages":[{"role":"user","content":[{"type":"tool_result","tool_use_id":"c","content":[1]}]}]`, "messages.0.content.0.content"},
		{`"messages":[{"role":"user","content":[{"type":"tool_result","tool_use_id":"c","content":[{"type":"odd"}]}]}]`, "messages.0.content.0"},
		{`"messages":[{"role":"assistant","content":[{"type":"tool_use","id":"c"}]}]`, "messages.0.content.0"},
		{`"messages":[{"role":"user","content":"A"}],"system":1`, "system"},
		{`"messages":[{"role":"user","content":"A"}],"system":[{"type":"image","source":{"type":"url","url":"u"}}]`, "system.0"},
		{`"messages":[{"role":"user","content":"A"}],"system":[{"type":"odd"}]`, "system.0"},
		{`"messages":[{"role":"user","content":"A"}],"max_tokens":"5"`, "max_tokens"},
		{`"messages":[{"role":"user","content":"A"}],"stop_sequences":"a"`, "stop_sequences"},
		{`"messages":[{"role":"user","content":"A"}],"stop_sequences":[1]`, "stop_sequences"},
		{`"messages":[{"role":"user","content":"A"}],"metadata":{"user_id":1}`, "metadata.user_id"},
		{`"messages":[` + many(`{"role":"user","content":"A"}`, 1<<16+1) + `]`, "messages"},
		{`"messages":[{"role":"user","content":[` + many(`{"type":"text","text":"A"}`, 1<<13+1) + `]}]`, "messages.0"},
		{`"messages":[{"role":"user","content":[{"type":"tool_result","tool_use_id":"c","content":[` + many(`{"type":"text","text":"A"}`, 1<<13+1) + `]}]}]`, "messages.0.content.0.content"},
		{`"messages":[{"role":"user","content":"A"}],"tools":[` + many(`{"name":"f"}`, 1<<12+1) + `]`, "tools"},
		{`"messages":[{"role":"user","content":"A"}],"output_config":{"format":{"type":"text"}}`, "output_config.format.type"},
		{`"messages":[{"role":"user","content":"A"}],"output_format":{"type":"json_schema"}`, "output_format.schema"},
		{`"messages":[{"role":"user","content":"A"}],"tools":{}`, "tools"},
		{`"messages":[{"role":"user","content":"A"}],"tools":[{}]`, "tools"},
		{`"messages":[{"role":"user","content":"A"}],"tool_choice":"auto"`, "tool_choice.type"},
		{`"messages":[{"role":"user","content":"A"}],"tool_choice":{"type":"tool"}`, "tool_choice.name"},
		{`"messages":[{"role":"user","content":"A"}],"tool_choice":{"type":"tool","name":"web_search"},"tools":[{"type":"web_search_20250305","name":"web_search"},{"name":"f"}]`, "tool_choice"},
		{`"messages":[{"role":"user","content":"A"}],"tool_choice":{"type":"any"},"tools":[{"type":"web_search_20250305","name":"web_search"}]`, "tool_choice"},
		{`"messages":[{"role":"user","content":"A"}],"a":[1,}`, ""},
		{`"messages":[{"role":"user","content":[{"type":"text","text":"\x"}]}]`, ""},
		{`"messages":[{"role":"user","content":[{"type":"text"]}]`, ""},
	} {
		_, bad := client.Decode([]byte(`{` + tc.members + `}`))
		if bad == nil || bad.Status != 400 || bad.Param != tc.param || bad.Message == "" || !strings.HasPrefix(bad.Message, tc.param) {
			t.Errorf("%s: %+v", llm.Clip(tc.members, 200), bad)
		}
	}
}

// A request of each block once, whose bytes are cut off anywhere or changed, is
// refused or read, and what is read is valid.
func TestDecodeCut(t *testing.T) {
	const body = `{"system":[{"type":"text","text":"S"}],"messages":[{"role":"user","content":[{"type":"image","source":{"type":"url","url":"u"}}]},
		{"role":"assistant","content":[{"type":"thinking","thinking":"T","signature":"S"},{"type":"tool_use","id":"c","name":"f","input":{}}]}],"tools":[{"name":"f"}]}`
	for n := range len(body) {
		if _, bad := client.Decode([]byte(body[:n])); bad == nil {
			t.Fatalf("%s was read", body[:n])
		}
		changed := []byte(body)
		changed[n] = '['
		if r, bad := client.Decode(changed); bad == nil && !json.Valid(changed) {
			t.Fatalf("%s was read: %+v", changed, r)
		}
	}
}

func TestPlace(t *testing.T) {
	for want, at := range map[string][2]int{"system": {-1, -1}, "system.2": {-1, 2}, "messages.3": {3, -1}, "messages.3.content.0": {3, 0}} {
		if got := client.Place(at[0], at[1]); got != want {
			t.Errorf("%v: %s", at, got)
		}
	}
}

func TestAppendCount(t *testing.T) {
	if got := string(client.AppendCount([]byte("x"), 12)); got != `x{"input_tokens":12}` {
		t.Error(got)
	}
}
