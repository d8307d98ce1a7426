package responses_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aiclient2api/caddy-aiclient2api/formats"
	"github.com/aiclient2api/caddy-aiclient2api/formats/responses"
	"github.com/aiclient2api/caddy-aiclient2api/llm"
)

var client responses.Client

// decoded reads a request of these members; an input is added if there is none.
func decoded(t *testing.T, members string) *llm.Request {
	t.Helper()
	if !strings.Contains(members, `"input":`) {
		members = `"input":"hi",` + members
	}
	r, err := client.Decode([]byte(`{"model":"m",` + strings.TrimSuffix(members, ",") + `}`))
	if err != nil {
		t.Fatalf("%s: %v", members, err)
	}
	return r
}

// shown renders the turns of a request, for tables.
func shown(turns []llm.Turn) string {
	var b strings.Builder
	for i, t := range turns {
		if i > 0 {
			b.WriteByte(' ')
		}
		fmt.Fprintf(&b, "%s%d(", [...]string{"user", "assistant", "system", "developer"}[t.Role], t.At)
		shownParts(&b, t.Parts)
		b.WriteByte(')')
	}
	return b.String()
}

func shownParts(b *strings.Builder, parts []llm.Part) {
	for i, p := range parts {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString([...]string{"text", "image", "audio", "video", "file", "call", "result", "thought", "sealed", "refusal"}[p.Kind])
		fields := []struct{ name, value string }{
			{"", string(p.Text)}, {"id=", string(p.ID)}, {"name=", string(p.Name)}, {"args=", string(p.Args)},
			{"sig=", string(p.Signature)}, {"of=", string(p.Origin)}, {"cache=", string(p.Cache)},
		}
		if m := p.Media; m != nil {
			fields = append(fields, []struct{ name, value string }{
				{"mime=", m.MIME}, {"data=", string(m.Data)}, {"url=", string(m.URL)}, {"file=", string(m.FileID)},
				{"name=", string(m.Name)}, {"detail=", string(m.Detail)},
			}...)
		}
		for _, f := range fields {
			if f.value != "" {
				b.WriteString(":" + f.name + f.value)
			}
		}
		if p.Content != nil {
			b.WriteByte('[')
			shownParts(b, p.Content)
			b.WriteByte(']')
		}
	}
}

// carried is wrapped state as a client sends it back, a literal.
func carried(parts ...llm.Part) string {
	return `"` + string(formats.AppendCarried(nil, parts...)) + `"`
}

func TestDecodeInput(t *testing.T) {
	for _, tc := range []struct{ name, input, want string }{
		{"a text", `"hi \"you\""`, `user0(text:"hi \"you\"")`},
		{
			"messages of every role, with type and without",
			`[{"role":"system","content":"a"},{"type":"message","role":"developer","content":[{"type":"input_text","text":"b"}]},{"role":"user","content":"c"},{"role":"assistant","content":"d"},{"role":"developer","content":"e"}]`,
			`system0(text:"a") developer1(text:"b") user2(text:"c") assistant3(text:"d") developer4(text:"e")`,
		},
		{
			"what an answer held: ids, status, phase, annotations",
			`[{"id":"msg_1","type":"message","role":"assistant","status":"completed","phase":"commentary","content":[{"type":"output_text","text":"x","annotations":[],"logprobs":[]},{"type":"refusal","refusal":"no"}]}]`,
			`assistant0(text:"x" refusal:"no")`,
		},
		{
			"images",
			`[{"role":"user","content":[{"type":"input_image","image_url":"https://x/y.png","detail":"low"},{"type":"input_image","image_url":"data:image\/png;base64,AA\/B"},{"type":"input_image","image_url":{"url":"data:image/gif;base64,R0lG"}},{"type":"input_image","file_id":"file-1","image_url":null}]}]`,
			`user0(image:url="https://x/y.png":detail="low" image:mime=image/png:data=AA/B image:mime=image/gif:data=R0lG image:file="file-1")`,
		},
		{
			"files and audio",
			`[{"role":"user","content":[{"type":"input_file","filename":"a.pdf","file_data":"data:application/pdf;base64,JVBE"},{"type":"input_file","file_id":"file-1"},{"type":"input_file","file_url":"https://x/a.pdf"},{"type":"input_file","file_id":"file-2","file_url":"https://x/a.pdf"},{"type":"input_file","filename":"n.txt","file_data":"aGk="},{"type":"input_file","file_data":"data:text/plain,a%20b"},{"type":"input_file","file_data":"JVBERi0xLjQKMSAwIG9iago="},{"type":"input_audio","input_audio":{"data":"UklG","format":"wav"}}]}]`,
			`user0(file:mime=application/pdf:data=JVBE:name="a.pdf" file:file="file-1" file:url="https://x/a.pdf" file:file="file-2" file:mime=text/plain:data=aGk=:name="n.txt" file:mime=text/plain:data=YSBi file:mime=application/pdf:data=JVBERi0xLjQKMSAwIG9iago= audio:mime=audio/wav:data=UklG)`,
		},
		{
			"a mark for the prompt cache",
			`[{"role":"user","content":[{"type":"input_text","text":"a","prompt_cache_breakpoint":{"mode":"explicit"}},{"type":"input_text","text":"b","prompt_cache_breakpoint":null}]}]`,
			`user0(text:"a":cache={"type":"ephemeral"} text:"b")`,
		},
		{
			"calls and results, each an item",
			`[{"type":"function_call","id":"fc_1","call_id":"c1","name":"f","arguments":"{\"a\":\"\\n\"}","status":"completed"},{"type":"function_call","call_id":"c2","name":"f","arguments":""},{"type":"function_call_output","call_id":"c2","output":"r2"},{"type":"function_call_output","id":"fco_1","call_id":"c1","output":[{"type":"input_text","text":"r1"},{"type":"input_image","image_url":"data:image/png;base64,AAAA"}]}]`,
			`assistant0(call:id="c1":name="f":args={"a":"\n"}) assistant1(call:id="c2":name="f") user2(result:id="c2"[text:"r2"]) user3(result:id="c1"[text:"r1" image:mime=image/png:data=AAAA])`,
		},
		{
			"custom tools, whose output may be a list",
			`[{"type":"custom_tool_call","id":"ctc_1","call_id":"c1","name":"apply_patch","input":"*** \"Begin\"\n"},{"type":"custom_tool_call_output","id":"ctco_1","call_id":"c1","output":[{"type":"input_text","text":"done"}]}]`,
			`assistant0(call:id="c1":name="apply_patch":args=*** "Begin"` + "\n" + `) user1(result:id="c1"[text:"done"])`,
		},
		{
			"a namespace is a part of the name",
			`[{"type":"function_call","call_id":"c1","namespace":"crm","name":"find","arguments":"{}"},{"type":"function_call_output","call_id":"c1","output":""}]`,
			`assistant0(call:id="c1":name="crm__find":args={}) user1(result:id="c1"[text:""])`,
		},
		{
			"OpenAI's reasoning, sealed and with a summary",
			`[{"type":"reasoning","id":"rs_1","summary":[],"content":null,"encrypted_content":"E"},{"type":"reasoning","summary":[{"type":"summary_text","text":"a"},{"type":"summary_text","text":"b"}],"encrypted_content":"F"},{"type":"reasoning","summary":[]}]`,
			`assistant0(sealed:sig="E":of=openai-responses-v1) assistant1(thought:"a\n\nb":sig="F":of=openai-responses-v1)`,
		},
		{
			"reasoning in plain text",
			`[{"type":"reasoning","summary":[{"type":"summary_text","text":"s"}],"content":[{"type":"reasoning_text","text":"all"}]},{"type":"reasoning","summary":[{"type":"summary_text","text":"s"}],"encrypted_content":null}]`,
			`assistant0(thought:"all") assistant1(thought:"s")`,
		},
		{
			"thoughts of another vendor",
			`[{"type":"reasoning","summary":[{"type":"summary_text","text":"t"}],"encrypted_content":` +
				carried(llm.Part{Kind: llm.Thought, Text: formats.Encoded("t"), Signature: formats.Encoded("S"), Origin: llm.Anthropic}) + `},{"type":"reasoning","summary":[],"encrypted_content":` +
				carried(llm.Part{Kind: llm.Sealed, Signature: formats.Encoded("D"), Origin: llm.Anthropic}) + `}]`,
			`assistant0(thought:"t":sig="S":of=anthropic-claude-v1) assistant1(sealed:sig="D":of=anthropic-claude-v1)`,
		},
		{
			"a signature of Google's for the call behind it, and only for that",
			`[{"type":"reasoning","summary":[],"encrypted_content":` + carried(llm.Part{Kind: llm.Call, Signature: formats.Encoded("S"), Origin: llm.Google}) + `},{"type":"function_call","call_id":"1","name":"f","arguments":"{}"},{"type":"function_call","call_id":"2","name":"f","arguments":"{}"}]`,
			`assistant1(call:id="1":name="f":args={}:sig="S":of=google-gemini-v1) assistant2(call:id="2":name="f":args={})`,
		},
		{
			"a signature of Google's for the text behind it",
			`[{"type":"reasoning","summary":[],"encrypted_content":` + carried(llm.Part{Kind: llm.Text, Signature: formats.Encoded("S"), Origin: llm.Google}) + `},{"role":"assistant","content":"x"}]`,
			`assistant1(text:"x":sig="S":of=google-gemini-v1)`,
		},
		{
			"a signature of Google's that came after the text",
			`[{"role":"assistant","content":"x"},{"type":"reasoning","summary":[],"encrypted_content":` + carried(llm.Part{Kind: llm.Text, Signature: formats.Encoded("S"), Origin: llm.Google}) + `},{"role":"user","content":"y"}]`,
			`assistant0(text:"x") assistant1(text:"":sig="S":of=google-gemini-v1) user2(text:"y")`,
		},
		{
			"a signature whose call is gone",
			`[{"type":"reasoning","summary":[],"encrypted_content":` + carried(llm.Part{Kind: llm.Call, Signature: formats.Encoded("S"), Origin: llm.Google}) + `},{"role":"user","content":"y"},{"type":"function_call","call_id":"1","name":"f","arguments":"{}"}]`,
			`user1(text:"y") assistant2(call:id="1":name="f":args={})`,
		},
		{
			"images that a model made, and one that it did not finish",
			`[{"type":"image_generation_call","id":"ig_1","status":"completed","result":"iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJ"},{"type":"image_generation_call","id":"ig_2","status":"failed","result":null}]`,
			`assistant0(image:mime=image/png:data=iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJ)`,
		},
		{
			"items of hosted tools are left out",
			`[{"role":"user","content":"a"},{"type":"web_search_call","id":"ws_1","status":"completed","action":{}},{"type":"mcp_list_tools","id":"m","tools":[]},{"type":"shell_call_output","call_id":"1","output":[]},{"type":"code_interpreter_call","id":"c"},{"role":"user","content":"b"}]`,
			`user0(text:"a") user5(text:"b")`,
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := decoded(t, `"input":`+tc.input)
			if got := shown(r.Turns); got != tc.want {
				t.Errorf("got  %s\nwant %s", got, tc.want)
			}
			for _, turn := range r.Turns {
				for _, p := range turn.Parts {
					if p.Turn != turn.At {
						t.Errorf("a part of item %d is placed in %d", turn.At, p.Turn)
					}
				}
			}
		})
	}
}

func TestDecodeInstructionsComeFirst(t *testing.T) {
	for _, members := range []string{`"instructions":"be","input":"hi"`, `"input":[{"role":"user","content":"hi"}],"instructions":"be"`} {
		if got := shown(decoded(t, members).Turns); got != `system-1(text:"be") user0(text:"hi")` {
			t.Errorf("%s: %s", members, got)
		}
	}
	if got := client.Place(-1, -1) + " " + client.Place(2, -1) + " " + client.Place(2, 1); got != "instructions input[2] input[2].content[1]" {
		t.Errorf("places: %s", got)
	}
}

// members renders all of a request but its turns and tools.
func members(r *llm.Request) string {
	var b strings.Builder
	say := func(format string, args ...any) { fmt.Fprintf(&b, format+" ", args...) }
	for _, f := range []struct{ name, value string }{
		{"max", string(r.MaxTokens)}, {"temperature", string(r.Temperature)}, {"top_p", string(r.TopP)}, {"top", string(r.TopLogprobs)}, {"user", string(r.User)},
		{"effort", string(r.Reasoning.Effort)}, {"form", [...]string{"", "json", "schema"}[r.Output.Form]}, {"name", string(r.Output.Name)}, {"schema", string(r.Output.Schema)},
	} {
		if f.value != "" {
			say("%s=%s", f.name, f.value)
		}
	}
	if r.Output.Strict != nil {
		say("strict=%v", *r.Output.Strict)
	}
	if r.Serial {
		say("serial")
	}
	if r.Logprobs {
		say("logprobs")
	}
	if r.Stream {
		say("stream")
	}
	if r.Advice != nil {
		say("advice=%s", strings.Join(r.Advice, ","))
	}
	return strings.TrimSuffix(b.String(), " ")
}

func TestDecodeMembers(t *testing.T) {
	for in, want := range map[string]string{
		`"max_output_tokens":100,"temperature":0,"top_p":0.5,"stream":true`: `max=100 temperature=0 top_p=0.5 stream`,
		`"parallel_tool_calls":false`:                                       `serial`,
		`"parallel_tool_calls":null,"temperature":null`:                     ``,
		`"reasoning":{"effort":"HIGH","summary":"auto"}`:                    `effort=high`,
		`"reasoning":{"effort":null,"summary":null}`:                        ``,
		`"reasoning":{"mode":"pro","context":"auto"}`:                       `advice=reasoning.mode`,
		`"text":{"format":{"type":"text"}}`:                                 ``,
		`"text":{"format":{"type":"json_object"}}`:                          `form=json`,
		`"text":{"verbosity":"low"}`:                                        `advice=text.verbosity`,
		`"text":{"verbosity":"medium"}`:                                     ``,
		`"user":"u","safety_identifier":"s"`:                                `user="u"`,
		`"safety_identifier":"s"`:                                           `user="s"`,
		`"include":["message.output_text.logprobs"]`:                        `logprobs`,
		`"top_logprobs":3`:                                                  `top=3 logprobs`,
		`"top_logprobs":0`:                                                  ``,
		`"store":false,"include":["reasoning.encrypted_content"],"background":false,"truncation":"disabled","metadata":{},"service_tier":"auto","stream_options":{"include_obfuscation":false}`: ``,
		`"store":true,"truncation":"auto","metadata":{"a":"b"},"service_tier":"flex","prompt_cache_key":"k","client_metadata":{},"max_tool_calls":3,"context_management":[]`:                    `advice=store,truncation,metadata,service_tier,prompt_cache_key,client_metadata,max_tool_calls,context_management`,
		`"previous_response_id":null,"conversation":null,"prompt":null`:                                ``,
		`"text":{"format":{"type":"json_schema","name":"n","strict":true,"schema":{"type":"object"}}}`: `form=schema name="n" schema={"type":"object"} strict=true`,
		`"new\u005fmember":1`: `advice=new_member`,
	} {
		if got := members(decoded(t, in)); got != want {
			t.Errorf("%s: got %s, want %s", in, got, want)
		}
	}
	if !decoded(t, `"stream":true`).StreamUsage {
		t.Error("the last event has no usage")
	}
}

func toolsShown(r *llm.Request) string {
	var b strings.Builder
	for _, t := range r.Tools {
		fmt.Fprintf(&b, "%s", t.Name.Inner())
		if t.Space != nil {
			fmt.Fprintf(&b, "(%s/%s)", t.Space.Inner(), t.Short.Inner())
		}
		if t.Plain {
			b.WriteString(" plain")
		}
		if t.Strict != nil {
			fmt.Fprintf(&b, " strict=%v", *t.Strict)
		}
		fmt.Fprintf(&b, "%s%s%s;", t.Description, t.Schema, t.Grammar)
	}
	c := r.ToolChoice
	fmt.Fprintf(&b, "%s", [...]string{"", "none", "required", "named", "allowed"}[c.Mode])
	for _, n := range c.Names {
		fmt.Fprintf(&b, " %s", n.Inner())
	}
	if c.Must {
		b.WriteString(" must")
	}
	if r.Advice != nil {
		fmt.Fprintf(&b, " lost %s", strings.Join(r.Advice, ","))
	}
	return b.String()
}

func TestDecodeTools(t *testing.T) {
	const f, g = `{"type":"function","name":"f","description":"d","parameters":{"type":"object"},"strict":true}`, `{"type":"function","name":"g"}`
	const space = `{"type":"namespace","name":"crm","description":"x","tools":[{"type":"function","name":"find","parameters":{}},{"type":"custom","name":"exec"}]}`
	for _, tc := range []struct{ name, in, want string }{
		{"functions", `"tools":[` + f + `,` + g + `]`, `f strict=true"d"{"type":"object"};g;`},
		{"a custom tool with a grammar", `"tools":[{"type":"custom","name":"p","format":{"type":"grammar","syntax":"lark","definition":"start: x"}}]`, `p plain{"type":"grammar","syntax":"lark","definition":"start: x"};`},
		{"a namespace", `"tools":[` + space + `]`, `crm__find(crm/find){};crm__exec(crm/exec) plain; lost tools.namespace.description`},
		{"hosted tools are named once", `"tools":[{"type":"web_search"},` + g + `,{"type":"web_search"},{"type":"mcp","allowed_tools":[]},{"type":"tool_search"}]`, `g; lost tools.web_search,tools.mcp,tools.tool_search`},
		{"deferred tools", `"tools":[{"type":"function","name":"g","defer_loading":true}]`, `g; lost tools.defer_loading`},
		{
			"tools in the input, the last of two that are the same",
			`"input":[{"type":"additional_tools","role":"developer","tools":[` + space + `,{"type":"function","name":"g","description":"new"}]},{"role":"user","content":"x"},{"type":"tool_search_output","tools":[` + f + `]}],"tools":[` + g + `]`,
			`g"new";crm__find(crm/find){};crm__exec(crm/exec) plain;f strict=true"d"{"type":"object"}; lost tools.namespace.description,hosted tools`,
		},
		{"none", `"tools":[` + g + `],"tool_choice":"none"`, `g;none`},
		{"required, said before the tools", `"tool_choice":"required","tools":[` + g + `]`, `g;required`},
		{"a named one", `"tool_choice":{"type":"function","name":"g"},"tools":[` + g + `]`, `g;named g`},
		{"a named custom one in a namespace", `"tool_choice":{"type":"custom","name":"exec"},"tools":[` + space + `]`, `crm__find(crm/find){};crm__exec(crm/exec) plain;named crm__exec lost tools.namespace.description`},
		{"some", `"tools":[` + f + `,` + g + `],"tool_choice":{"type":"allowed_tools","mode":"required","tools":[{"type":"function","name":"g"},{"type":"web_search"}]}`, `f strict=true"d"{"type":"object"};g;allowed g must lost tool_choice.tools.web_search`},
		{"a namespace of them", `"tools":[` + g + `,` + space + `],"tool_choice":{"type":"allowed_tools","mode":"auto","tools":[{"type":"namespace","name":"crm"}]}`, `g;crm__find(crm/find){};crm__exec(crm/exec) plain;allowed crm__find crm__exec lost tools.namespace.description`},
		{"hosted ones only", `"tools":[` + g + `],"tool_choice":{"type":"allowed_tools","mode":"auto","tools":[{"type":"web_search"}]}`, `g;none lost tool_choice.tools.web_search`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := toolsShown(decoded(t, tc.in)); got != tc.want {
				t.Errorf("got  %s\nwant %s", got, tc.want)
			}
		})
	}
}

// What of an item, a part or a tool is not known is named, once and not at any
// length; what says nothing, and what hosted tools bring along, is not.
func TestUnknownMembersAreNamed(t *testing.T) {
	long := strings.Repeat("x", 1000)
	for in, want := range map[string]string{
		`"input":[{"role":"user","content":"x","phase":"final_answer"},{"type":"message","role":"assistant","phase":"commentary","content":[]}]`:                 "input.phase",
		`"input":[{"role":"user","id":"m","status":"completed","content":[{"type":"input_text","text":"x","weight":1,"annotations":[1],"novelty":null}]}]`:       "input.content.weight",
		`"input":[{"type":"function_call","id":"i","call_id":"a","name":"f","namespace":"n","arguments":"{}","parsed_arguments":{"a":1},"caller":{"type":"x"}}]`: "input.caller",
		`"input":[{"type":"reasoning","summary":[],"encrypted_content":"e","novelty":1},{"type":"web_search_call","action":{"query":"q"}},{"role":"user"}]`:      "input.novelty hosted tools",
		`"input":[{"role":"user","content":"x","` + long + `":1}]`:                                                                                                 "input." + long[:40] + "…",
		`"tools":[{"type":"web_search","user_location":{}},{"user_location":{"a":1},"name":"f","allowed_callers":["direct"],"output_schema":{"a":1}}]`:             "tools.web_search tools.user_location tools.output_schema",
		`"tools":[{"type":"namespace","name":"n","description":"","novelty":1,"tools":[{"name":"f"}]}]`:                                                            "tools.namespace.novelty",
		`"include":["reasoning.encrypted_content","web_search_call.action.sources","computer_call_output.output.image_url","message.input_image.image_url","new"]`: "include.message.input_image.image_url include.new",
	} {
		if got := strings.Join(decoded(t, in).Advice, " "); got != want {
			t.Errorf("%s\ngot  %s\nwant %s", in, got, want)
		}
	}
}

func TestDecodeRefuses(t *testing.T) {
	for in, param := range map[string]string{
		`"input":[]`:                    "input",
		`"input":3`:                     "input",
		`"input":[3]`:                   "input[0]",
		`"input":"a","instructions":[]`: "instructions",
		`"input":"a","previous_response_id":"resp_1"`:                                                                    "previous_response_id",
		`"input":"a","conversation":{"id":"c"}`:                                                                          "conversation",
		`"prompt":{"id":"p"},"input":"a"`:                                                                                "prompt",
		`"input":"a","background":true`:                                                                                  "background",
		`"input":[{"type":"item_reference","id":"i"}]`:                                                                   "input[0]",
		`"input":[{"role":"user","content":"a"},{"id":"i"}]`:                                                             "input[1]",
		`"input":[{"type":"compaction","encrypted_content":"E"}]`:                                                        "input[0]",
		`"input":[{"type":"telepathy"}]`:                                                                                 "input[0]",
		`"input":[{"role":"robot","content":"a"}]`:                                                                       "input[0]",
		`"input":[{"type":"message","content":"a"}]`:                                                                     "input[0]",
		`"input":[{"role":"user","content":3}]`:                                                                          "input[0].content",
		`"input":[{"role":"user","content":[{"type":"input_video"}]}]`:                                                   "input[0].content[0]",
		`"input":[{"role":"user","content":[{"type":"input_text"}]}]`:                                                    "input[0].content[0]",
		`"input":[{"role":"user","content":[{"type":"input_text","text":"a"},{"type":"input_image"}]}]`:                  "input[0].content[1].image_url",
		`"input":[{"role":"user","content":[{"type":"input_image","image_url":"gs:x"}]}]`:                                "input[0].content[0].image_url",
		`"input":[{"role":"user","content":[{"type":"input_file","filename":"a"}]}]`:                                     "input[0].content[0].file_data",
		`"input":[{"role":"user","content":[{"type":"input_audio"}]}]`:                                                   "input[0].content[0].input_audio.data",
		`"input":[{"type":"function_call_output","call_id":"1","output":[{"type":"input_image","image_url":"data:x"}]}]`: "input[0].output[0].image_url",
		`"input":[{"type":"function_call","call_id":"1","arguments":"{}"}]`:                                              "input[0].name",
		`"input":"a","tools":{}`:                                                                                         "tools",
		`"input":"a","tools":[{"type":"function"}]`:                                                                      "tools",
		`"input":"a","tools":[{"type":"function","name":"a__b"},{"type":"namespace","name":"a","tools":[{"type":"function","name":"b"}]}]`: "tools",
		`"input":"a","tool_choice":{"type":"web_search"}`:                                               "tool_choice",
		`"input":"a","tool_choice":"required"`:                                                          "tool_choice",
		`"input":"a","tool_choice":"any"`:                                                               "tool_choice",
		`"input":"a","tool_choice":{"type":"function"}`:                                                 "tool_choice.name",
		`"input":"a","tool_choice":{"type":"allowed_tools","mode":"required","tools":[{"type":"mcp"}]}`: "tool_choice",
		`"input":"a","text":{"format":{"type":"xml"}}`:                                                  "text.format.type",
		`"input":"a","text":{"format":{"type":"json_schema"}}`:                                          "text.format.schema",
		`"input":"a","reasoning":{"effort":"extreme"}`:                                                  "reasoning.effort",
		`"input":"a","max_output_tokens":"many"`:                                                        "max_output_tokens",
		`"input":"a","temperature":01`:                                                                  "",
		`"input":[{"role":"user","content":"\q"}]`:                                                      "",
	} {
		_, err := client.Decode([]byte(`{"model":"m",` + in + `}`))
		if err == nil || err.Status != 400 || err.Param != param || err.Message == "" {
			t.Errorf("%s: %+v", in, err)
		}
	}
}

// What a request can make of us is bounded: names of what is lost, tools, and
// signatures that wait for their parts.
func TestDecodeBounds(t *testing.T) {
	repeat := func(n int, format string) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, format, i)
		}
		return strings.TrimSuffix(b.String(), ",")
	}
	if r := decoded(t, repeat(100, `"m%d":1,`)); len(r.Advice) != 64 {
		t.Errorf("%d names of what is lost", len(r.Advice))
	}
	const function = `{"type":"function","name":"f%d"},`
	for list, param := range map[string]string{
		`"tools":[` + repeat(4096, function) + `]`:                                                      "",
		`"tools":[` + repeat(4097, function) + `]`:                                                      "tools",
		`"tool_choice":{"type":"allowed_tools","mode":"auto","tools":[` + repeat(4096, function) + `]}`: "",
		`"tool_choice":{"type":"allowed_tools","mode":"auto","tools":[` + repeat(4097, function) + `]}`: "tool_choice",
	} {
		_, err := client.Decode([]byte(`{"input":"a",` + list + `}`))
		if param == "" && err != nil || param != "" && (err == nil || err.Param != param) {
			t.Errorf("%.60s: got %v, want an error at %q", list, err, param)
		}
	}

	waiting := make([]llm.Part, 1030)
	for i := range waiting {
		waiting[i] = llm.Part{Kind: llm.Call, Origin: llm.Google, Signature: llm.Literal(`"s"`)}
	}
	r := decoded(t, `"input":[{"type":"reasoning","encrypted_content":"`+string(formats.AppendCarried(nil, waiting...))+`"},`+
		repeat(len(waiting), `{"type":"function_call","call_id":"c%d","name":"f"},`)+`]`)
	signed := 0
	for _, turn := range r.Turns {
		for _, p := range turn.Parts {
			if p.Signature != nil {
				signed++
			}
		}
	}
	if signed != 1024 {
		t.Errorf("%d calls are signed", signed)
	}
}

// Every recorded request can be read, unless it needs what OpenAI's servers hold.
func TestDecodeRecordings(t *testing.T) {
	files, _ := filepath.Glob("../../../shared/fixtures/openai-responses/*/request.json")
	if len(files) == 0 {
		t.Skip("there are no recordings in ../shared/fixtures")
	}
	for _, file := range files {
		body, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		r, bad := client.Decode(body)
		if bad != nil {
			if bad.Param != "previous_response_id" && bad.Param != "conversation" {
				t.Errorf("%s: %v at %q", file, bad, bad.Param)
			}
			continue
		}
		var asked struct {
			Input json.RawMessage
			Tools []struct{ Type string }
		}
		if err := json.Unmarshal(body, &asked); err != nil {
			t.Fatal(err)
		}
		functions := 0
		for _, tool := range asked.Tools {
			if tool.Type == "function" || tool.Type == "custom" {
				functions++
			}
		}
		if len(r.Turns) == 0 || len(r.Tools) < functions {
			t.Errorf("%s: %d turns, %d tools of %d", file, len(r.Turns), len(r.Tools), functions)
		}
	}
}

// FuzzClientDecode: whatever a client sends, nothing panics, and what was read
// is made of valid literals and can be written down again.
func FuzzClientDecode(f *testing.F) {
	f.Add([]byte(`{"model":"m","instructions":"i","input":"hi"}`))
	f.Add([]byte(`{"input":[{"role":"user","content":[{"type":"input_image","image_url":"data:image/png;base64,AA"}]},{"type":"reasoning","summary":[{"text":"a"},{"text":"b"}],"encrypted_content":"E"},{"type":"function_call","namespace":"n","name":"f","arguments":"{\"a\":1}"},{"type":"function_call_output","output":[{"type":"input_text","text":"x"}]}],"tools":[{"type":"namespace","name":"n","tools":[{"type":"function","name":"f"}]}],"tool_choice":{"type":"allowed_tools","tools":[{"type":"namespace","name":"n"}]}}`))
	f.Add([]byte(`{"input":[{"type":"reasoning","encrypted_content":` + carried(llm.Part{Kind: llm.Text, Signature: formats.Encoded("S"), Origin: llm.Google}) + `},{"role":"assistant","content":["x"]}],"text":{"format":{"type":"json_schema","schema":{}}}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		if _, bad := formats.Scan(body); bad != nil {
			return
		}
		r, bad := client.Decode(body)
		if bad != nil {
			if bad.Status != 400 || bad.Message == "" {
				t.Fatalf("%+v", bad)
			}
			return
		}
		if !json.Valid(body) {
			t.Fatalf("%q was taken for JSON", body)
		}
		literals := func(list ...llm.Literal) {
			for _, l := range list {
				if l != nil && formats.AsLiteral(l) == nil {
					t.Fatalf("%q is no literal", l)
				}
			}
		}
		for _, turn := range r.Turns {
			for _, p := range turn.Parts {
				literals(p.Text, p.ID, p.Name, p.Signature)
			}
			r.Dialogue(false)
		}
		for _, tool := range r.Tools {
			literals(tool.Name, tool.Description, tool.Space, tool.Short)
		}
		literals(r.ToolChoice.Names...)
		out := client.Encoder(formats.Answer{Request: r, ID: "1"}).AppendWhole(nil, []llm.Event{{Step: llm.Start}, {Step: llm.End}})
		if !json.Valid(out) {
			t.Fatalf("not JSON: %s", out)
		}
	})
}
