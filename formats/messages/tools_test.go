package messages_test

import (
	"strings"
	"testing"

	"github.com/tidwall/gjson"

	"github.com/aiclient2api/caddy-aiclient2api/llm"
)

// TestTools: the tools and what of them is changed.
func TestTools(t *testing.T) {
	yes := true
	for _, tc := range []struct {
		name string
		tool llm.Tool
		want string
		lost string
	}{
		{name: "as it is", tool: llm.Tool{Name: lit("f"), Description: lit("D"), Schema: llm.Value(`{"type":"object", "x":1}`)},
			want: `{"name":"f","description":"D","input_schema":{"type":"object", "x":1}}`},
		{name: "without a schema", tool: llm.Tool{Name: lit("f")}, want: `{"name":"f","input_schema":{"type":"object","properties":{}}}`},
		{name: "strict", tool: llm.Tool{Name: lit("f"), Strict: &yes}, want: `{"name":"f","input_schema":{"type":"object","properties":{}}}`, lost: "strict"},
		{name: "a name with dots", tool: llm.Tool{Name: lit("a.b")}, want: `{"name":"a_b_2e7336dc8e","input_schema":{"type":"object","properties":{}}}`},
		{name: "plain", tool: llm.Tool{Name: lit("p"), Plain: true}, want: `{"name":"p","input_schema":{"type":"object","properties":{"input":{"type":"string"}},"required":["input"]}}`},
		{name: "plain with a grammar", tool: llm.Tool{Name: lit("p"), Plain: true, Grammar: llm.Value(`{"type":"grammar","grammar":{"syntax":"lark","definition":"start: \"a\""}}`)},
			want: `{"name":"p","input_schema":{"type":"object","properties":{"input":{"type":"string","description":"A text of this grammar (lark):\nstart: \"a\""}},"required":["input"]}}`, lost: "grammar"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			body, sent := encode(t, asking(func(r *llm.Request) { r.Tools = []llm.Tool{tc.tool} }), "claude-sonnet-4-5")
			if got := gjson.Get(body, "tools.0").Raw; got != tc.want || strings.Join(sent.Lost, ",") != tc.lost {
				t.Errorf("got %s, lost %v\nwant %s", got, sent.Lost, tc.want)
			}
		})
	}
}

// TestPlainCalls: a call of a tool that takes a text is wrapped as the tool is,
// and unwrapped in the answer.
func TestPlainCalls(t *testing.T) {
	_, sent := encode(t, asking(func(r *llm.Request) { r.Tools = []llm.Tool{{Name: lit("p"), Plain: true}} }), "claude-sonnet-4-5")
	d := up.Decoder(sent, "id")
	events, ok := d.Whole(nil, []byte(`{"id":"m","content":[{"type":"tool_use","id":"c","name":"p","input":{"input":"a\nb"}}],"stop_reason":"tool_use"}`))
	if got := show(sent.Restore(events)); !ok || !strings.Contains(got, `open call c p|+a\nb|close`) {
		t.Errorf("got %s", got)
	}
	body, _ := encode(t, &llm.Request{
		Turns: []llm.Turn{user(text("U")), assistant(call("c", "p", "a\nb")), user(result("c"))},
		Tools: []llm.Tool{{Name: lit("p"), Plain: true}},
	}, "claude-sonnet-4-5")
	if got := gjson.Get(body, "messages.1.content.0.input").Raw; got != `{"input":"a\nb"}` {
		t.Errorf("got %s", got)
	}
}

// TestToolChoice: the ways of choosing.
func TestToolChoice(t *testing.T) {
	names := func(s ...string) (out []llm.Literal) {
		for _, name := range s {
			out = append(out, lit(name))
		}
		return out
	}
	for _, tc := range []struct {
		name   string
		choice llm.ToolChoice
		serial bool
		none   bool // no tools
		want   string
		tools  string
		lost   string
		bad    string
	}{
		{name: "auto", tools: "f,g"},
		{name: "serial", serial: true, want: `{"type":"auto","disable_parallel_tool_use":true}`, tools: "f,g"},
		{name: "none", choice: llm.ToolChoice{Mode: llm.None}, serial: true, want: `{"type":"none"}`, tools: "f,g"},
		{name: "required", choice: llm.ToolChoice{Mode: llm.Required}, want: `{"type":"any"}`, tools: "f,g"},
		{name: "named", choice: llm.ToolChoice{Mode: llm.Named, Names: names("g")}, serial: true, want: `{"type":"tool","name":"g","disable_parallel_tool_use":true}`, tools: "f,g"},
		{name: "allowed", choice: llm.ToolChoice{Mode: llm.Allowed, Names: names("g")}, tools: "g"},
		{name: "allowed and required", choice: llm.ToolChoice{Mode: llm.Allowed, Names: names("g", "f"), Must: true}, want: `{"type":"any"}`, tools: "f,g"},
		{name: "allowed but not there", choice: llm.ToolChoice{Mode: llm.Allowed, Names: names("h")}, bad: "tool_choice"},
		{name: "required of none", choice: llm.ToolChoice{Mode: llm.Required}, none: true, lost: "tool_choice"},
		{name: "none of none", choice: llm.ToolChoice{Mode: llm.None}, serial: true, none: true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := asking(func(r *llm.Request) {
				r.Tools, r.ToolChoice, r.Serial = []llm.Tool{tool("f"), tool("g")}, tc.choice, tc.serial
				if tc.none {
					r.Tools = nil
				}
			})
			sent, bad := up.Encode(nil, r, "claude-sonnet-4-5")
			if tc.bad != "" {
				if bad == nil || bad.Field != tc.bad {
					t.Errorf("got %+v", bad)
				}
				return
			}
			if bad != nil {
				t.Fatalf("refused: %+v", bad)
			}
			var offered []string
			for _, v := range gjson.GetBytes(sent.Body, "tools.#.name").Array() {
				offered = append(offered, v.String())
			}
			if got := gjson.GetBytes(sent.Body, "tool_choice").Raw; got != tc.want || strings.Join(offered, ",") != tc.tools || strings.Join(sent.Lost, ",") != tc.lost {
				t.Errorf("got %s of %v, lost %v", got, offered, sent.Lost)
			}
		})
	}
}

// TestOutput: JSON by a structured output where there is one, else by a tool.
func TestOutput(t *testing.T) {
	const object = `{"type":"object","properties":{"a":{"type":"string"}},"required":["a"],"additionalProperties":false}`
	yes := true
	schema := func(s string) llm.Output { return llm.Output{Form: llm.ToSchema, Schema: llm.Value(s), Strict: &yes} }
	for _, tc := range []struct {
		name   string
		model  string
		output llm.Output
		tools  []llm.Tool
		choice llm.ToolMode
		want   string // output_config, tool_choice, names of tools, schema of the last
		lost   string
		bad    bool
	}{
		{name: "structured", model: "claude-sonnet-4-5", output: schema(object), tools: []llm.Tool{tool("f")},
			want: `{"format":{"type":"json_schema","schema":` + object + `}}||["f"]|{"type":"object","properties":{"a":{"type":"string"}}}`},
		{name: "older", model: "claude-sonnet-4-0", output: schema(object),
			want: `|{"type":"tool","name":"json_output","disable_parallel_tool_use":true}|["json_output"]|` + object, lost: "strict"},
		{name: "no Claude", model: "glm-4.6", output: schema(object),
			want: `|{"type":"tool","name":"json_output","disable_parallel_tool_use":true}|["json_output"]|` + object, lost: "strict"},
		{name: "older beside tools", model: "claude-3-5-haiku-latest", output: schema(object), tools: []llm.Tool{tool("f"), tool("json_output")},
			want: `|{"type":"any"}|["f","json_output","json_output_2"]|` + object, lost: "strict"},
		{name: "older beside tools that are switched off", model: "claude-3-5-haiku-latest", output: schema(object), tools: []llm.Tool{tool("f")}, choice: llm.None,
			want: `|{"type":"tool","name":"json_output","disable_parallel_tool_use":true}|["f","json_output"]|` + object, lost: "strict"},
		{name: "older beside a forced call", model: "claude-3-5-haiku-latest", output: schema(object), tools: []llm.Tool{tool("f")}, choice: llm.Required,
			want: `|{"type":"any"}|["f"]|{"type":"object","properties":{"a":{"type":"string"}}}`, lost: "response_format"},
		{name: "JSON", model: "claude-sonnet-4-5", output: llm.Output{Form: llm.JSON},
			want: `|{"type":"tool","name":"json_output","disable_parallel_tool_use":true}|["json_output"]|{"type":"object","additionalProperties":true}`},
		{name: "no object", model: "claude-3-5-haiku-latest", output: schema(`{"type":"array","items":{"type":"string"}}`), bad: true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			sent, bad := up.Encode(nil, asking(func(r *llm.Request) {
				r.Output, r.Tools, r.ToolChoice.Mode = tc.output, tc.tools, tc.choice
			}), tc.model)
			if tc.bad {
				if bad == nil || bad.Field != "response_format" {
					t.Errorf("got %+v", bad)
				}
				return
			}
			if bad != nil {
				t.Fatalf("refused: %+v", bad)
			}
			v := gjson.ParseBytes(sent.Body)
			tools := v.Get("tools").Array()
			got := v.Get("output_config").Raw + "|" + v.Get("tool_choice").Raw + "|" + v.Get("tools.#.name").Raw + "|" + tools[len(tools)-1].Get("input_schema").Raw
			if lost := strings.Join(sent.Lost, ","); got != tc.want || lost != tc.lost {
				t.Errorf("got  %s, lost %q\nwant %s, lost %q", got, lost, tc.want, tc.lost)
			}
		})
	}
}
