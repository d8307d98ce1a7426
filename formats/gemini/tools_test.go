package gemini_test

import (
	"strings"
	"testing"

	"github.com/aiclient2api/caddy-aiclient2api/llm"
)

const (
	declarations = "tools.0.functionDeclarations"
	calling      = "toolConfig.functionCallingConfig"
)

var (
	yes, no = true, false
	object  = llm.Value(`{"type":"object","properties":{"a":{"type":"string","const":"x"}},"additionalProperties":false}`)
	two     = []llm.Tool{{Name: lit("f"), Schema: object}, {Name: lit("g")}}
)

// tooled is a request with tools.
func tooled(tools []llm.Tool, choice llm.ToolChoice) *llm.Request {
	return one(func(r *llm.Request) { r.Tools, r.ToolChoice = tools, choice })
}

var toolCases = []requestCase{
	{name: "JSON Schema goes as it is",
		r: tooled([]llm.Tool{{Name: lit("f"), Description: lit("d"), Schema: object}, {Name: lit("g"), Schema: llm.Value("null")}, {Name: lit("h"), Schema: llm.Value("{ }")}}, llm.ToolChoice{}),
		want: map[string]string{"tools": `[{"functionDeclarations":[{"name":"f","description":"d","parametersJsonSchema":` + string(object) + `},{"name":"g"},{"name":"h"}]}]`,
			"toolConfig": ""}},
	{name: "the type is said",
		r:    tooled([]llm.Tool{{Name: lit("a"), Schema: llm.Value(` {"properties":{}}`)}, {Name: lit("b"), Schema: llm.Value(`{"type":["object","null"]}`)}, {Name: lit("c"), Schema: llm.Value(`{"type":"OBJECT"}`)}}, llm.ToolChoice{}),
		want: map[string]string{declarations + ".#.parametersJsonSchema": `[{"type":"object","properties":{}},{"type":"object"},{"type":"object"}]`}},
	{name: "parameters that are no object", r: tooled([]llm.Tool{{Name: lit("a"), Schema: llm.Value(`{"type":"string"}`)}}, llm.ToolChoice{}), fails: "no object"},
	{name: "an older model takes less", model: "gemini-2.0-flash", r: tooled(two, llm.ToolChoice{}),
		want: map[string]string{declarations + ".0.parametersJsonSchema": "", declarations + ".0.parameters.type": `"OBJECT"`, declarations + ".0.parameters.properties.a": `{"type":"STRING","enum":["x"]}`}},
	{name: "names", r: tooled([]llm.Tool{{Name: lit("ns.do:it-1")}, {Name: lit("1st tool")}, {Name: lit(strings.Repeat("x", 70))}}, llm.ToolChoice{Mode: llm.Named, Names: []llm.Literal{lit("1st tool")}}),
		want: map[string]string{declarations + ".0.name": `"ns.do:it-1"`, declarations + ".1.name": `"_1st_tool_30395d68e8"`, calling + ".allowedFunctionNames": `["_1st_tool_30395d68e8"]`}},
	{name: "strict", r: tooled([]llm.Tool{{Name: lit("f"), Strict: &yes}}, llm.ToolChoice{}), lost: []string{"strict"}},
	{name: "not strict", r: tooled([]llm.Tool{{Name: lit("f"), Strict: &no}}, llm.ToolChoice{})},
	{name: "a mark for caches", r: tooled([]llm.Tool{{Name: lit("f"), Cache: llm.Value(`{}`)}}, llm.ToolChoice{}), lost: []string{"cache_control"}},
	{name: "one after the other", r: one(func(r *llm.Request) { r.Tools, r.Serial = two, true }), lost: []string{"parallel_tool_calls"}},
	{name: "none", r: tooled(two, llm.ToolChoice{Mode: llm.None}), want: map[string]string{calling: `{"mode":"NONE"}`}, lost: nil},
	{name: "required", r: tooled(two, llm.ToolChoice{Mode: llm.Required}), want: map[string]string{calling: `{"mode":"ANY"}`}},
	{name: "named", r: tooled(two, llm.ToolChoice{Mode: llm.Named, Names: []llm.Literal{lit("g")}}), want: map[string]string{calling: `{"mode":"ANY","allowedFunctionNames":["g"]}`}},
	{name: "allowed", r: tooled(two, llm.ToolChoice{Mode: llm.Allowed, Names: []llm.Literal{lit("f"), lit("g")}}), want: map[string]string{calling: `{"mode":"VALIDATED","allowedFunctionNames":["f","g"]}`}},
	{name: "one of those allowed", r: tooled(two, llm.ToolChoice{Mode: llm.Allowed, Must: true, Names: []llm.Literal{lit("f")}}), want: map[string]string{calling: `{"mode":"ANY","allowedFunctionNames":["f"]}`}},
	{name: "a choice without tools", r: tooled(nil, llm.ToolChoice{Mode: llm.Required}), want: map[string]string{"toolConfig": "", "tools": ""}, lost: []string{"tool_choice"}},

	{name: "JSON beside tools is a forced call",
		r: one(func(r *llm.Request) {
			r.Tools = two
			r.Output = llm.Output{Form: llm.ToSchema, Schema: object, Name: lit("n"), Description: lit("d")}
		}),
		want: map[string]string{declarations + ".2": `{"name":"json_output","description":"d","parametersJsonSchema":` + string(object) + `}`, calling: `{"mode":"ANY"}`, "generationConfig": ""}},
	{name: "its name is free, and allowed",
		r: one(func(r *llm.Request) {
			r.Tools = []llm.Tool{{Name: lit("json_output")}}
			r.Output = llm.Output{Form: llm.ToSchema, Schema: object}
			r.ToolChoice = llm.ToolChoice{Mode: llm.Allowed, Names: []llm.Literal{lit("json_output")}}
		}),
		want: map[string]string{declarations + ".1.name": `"json_output_"`, calling: `{"mode":"ANY","allowedFunctionNames":["json_output","json_output_"]}`}},
	{name: "JSON beside tools on Gemini 3", model: "gemini-3-pro-preview",
		r:    one(func(r *llm.Request) { r.Tools, r.Output.Form = two, llm.JSON }),
		want: map[string]string{declarations + ".#": "2", calling: "", "generationConfig": `{"responseMimeType":"application/json"}`}},
	{name: "JSON beside tools that must not be called",
		r:    one(func(r *llm.Request) { r.Tools, r.Output.Form, r.ToolChoice.Mode = two, llm.JSON, llm.None }),
		want: map[string]string{"tools": "", "toolConfig": "", "generationConfig": `{"responseMimeType":"application/json"}`}},
	{name: "JSON beside a call that is required",
		r:    one(func(r *llm.Request) { r.Tools, r.Output.Form, r.ToolChoice.Mode = two, llm.JSON, llm.Required }),
		want: map[string]string{declarations + ".#": "2", calling: `{"mode":"ANY"}`, "generationConfig": ""}, lost: []string{"response_format"}},
	{name: "JSON without a schema beside tools",
		r:    one(func(r *llm.Request) { r.Tools, r.Output.Form = two, llm.JSON }),
		want: map[string]string{declarations + ".#": "2", calling: "", "generationConfig": ""}, lost: []string{"response_format"}},
	{name: "a list beside tools",
		r: one(func(r *llm.Request) {
			r.Tools = two
			r.Output = llm.Output{Form: llm.ToSchema, Schema: llm.Value(`{"type":"array"}`)}
		}), fails: "no object"},
}

func TestEncodeTools(t *testing.T) { runRequests(t, toolCases) }

// Names that were changed on the way are changed back, and the forced call
// becomes the answer's text.
func TestNamesComeBack(t *testing.T) {
	r := tooled([]llm.Tool{{Name: lit("1st tool")}}, llm.ToolChoice{})
	r.Output = llm.Output{Form: llm.ToSchema, Schema: object}
	sent, unsupported := up.Encode(nil, r, "gemini-2.5-flash")
	if unsupported != nil {
		t.Fatal(unsupported.What)
	}
	events := whole(t, `{"candidates":[{"content":{"parts":[{"functionCall":{"name":"_1st_tool_30395d68e8"}}]},"finishReason":"STOP"}]}`)
	if got := string(sent.Restore(events)[1].Name); got != `"1st tool"` {
		t.Errorf("name %s", got)
	}
	events = sent.Restore(whole(t, `{"candidates":[{"content":{"parts":[{"functionCall":{"name":"json_output","args":{"a":1}}}]},"finishReason":"STOP"}]}`))
	if got := show(events); got != `start open(text) delta("{\"a\":1}") close finish(stopped) end` {
		t.Error(got)
	}
}
