package chat

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aiclient2api/caddy-aiclient2api/llm"
)

// decoded reads a request whose members stand in place of the dots; messages are added.
func decoded(t *testing.T, members string) *llm.Request {
	t.Helper()
	if !strings.Contains(members, `"messages"`) {
		members = `"messages":[{"role":"user","content":"hi"}],` + members
	}
	r, err := Client{}.Decode([]byte(`{"model":"m",` + strings.TrimSuffix(members, ",") + `}`))
	if err != nil {
		t.Fatalf("%s: %v", members, err)
	}
	return r
}

// show renders what a request says of its turns, for tables.
func show(turns []llm.Turn) string {
	var b strings.Builder
	for i, t := range turns {
		if i > 0 {
			b.WriteByte(' ')
		}
		fmt.Fprintf(&b, "%s(", [...]string{"user", "assistant", "system", "developer"}[t.Role])
		showParts(&b, t.Parts)
		b.WriteByte(')')
	}
	return b.String()
}

func showParts(b *strings.Builder, parts []llm.Part) {
	for i, p := range parts {
		if i > 0 {
			b.WriteByte(' ')
		}
		fmt.Fprintf(b, "%s", [...]string{"text", "image", "audio", "video", "file", "call", "result", "thought", "sealed", "refusal"}[p.Kind])
		for _, f := range []struct{ name, value string }{
			{"", string(p.Text)}, {"id=", string(p.ID)}, {"name=", string(p.Name)}, {"args=", string(p.Args)},
			{"sig=", string(p.Signature)}, {"of=", string(p.Origin)}, {"cache=", string(p.Cache)},
		} {
			if f.value != "" {
				b.WriteString(":" + f.name + f.value)
			}
		}
		if m := p.Media; m != nil {
			for _, f := range []struct{ name, value string }{
				{"mime=", m.MIME}, {"data=", string(m.Data)}, {"url=", string(m.URL)}, {"file=", string(m.FileID)},
				{"name=", string(m.Name)}, {"detail=", string(m.Detail)},
			} {
				if f.value != "" {
					b.WriteString(":" + f.name + f.value)
				}
			}
		}
		if p.Content != nil {
			b.WriteByte('[')
			showParts(b, p.Content)
			b.WriteByte(']')
		}
	}
}

func TestDecodeTurns(t *testing.T) {
	for name, tc := range map[string]struct{ messages, want string }{
		"system and developer messages anywhere, in order": {
			`{"role":"system","content":"a"},{"role":"developer","content":[{"type":"text","text":"b"}]},{"role":"user","content":"c"},{"role":"system","content":"d"},{"role":"user","content":"e"}`,
			`system(text:"a") developer(text:"b") user(text:"c") system(text:"d") user(text:"e")`,
		},
		"images by URL and as data": {
			`{"role":"user","content":[{"type":"image_url","image_url":{"url":"https://x/y.png","detail":"low"}},{"type":"image_url","image_url":{"url":"data:image\/png;base64,AA\/B"}},{"type":"image_url","image_url":"data:image/gif;base64,R0lG"}]}`,
			`user(image:url="https://x/y.png":detail="low" image:mime=image/png:data=AA/B image:mime=image/gif:data=R0lG)`,
		},
		"files, audio and video": {
			`{"role":"user","content":[{"type":"file","file":{"filename":"a.pdf","file_data":"data:application/pdf;base64,JVBE"}},{"type":"file","file":{"file_id":"file-1"}},{"type":"file","file":{"filename":"n.txt","file_data":"aGk="}},{"type":"file","file":{"file_data":"data:text/plain,a%20b"}},{"type":"input_audio","input_audio":{"data":"UklG","format":"wav"}},{"type":"video_url","video_url":{"url":"https://x/v.mp4"}}]}`,
			`user(file:mime=application/pdf:data=JVBE:name="a.pdf" file:file="file-1" file:mime=text/plain:data=aGk=:name="n.txt" file:mime=text/plain:data=YSBi audio:mime=audio/wav:data=UklG video:url="https://x/v.mp4")`,
		},
		"calls and results": {
			`{"role":"assistant","content":null,"tool_calls":[{"id":"c1","type":"function","function":{"name":"f","arguments":"{\"a\":\"\\n\"}"}},{"id":"c2","type":"custom","custom":{"name":"p","input":"raw \"text\""}}]},{"role":"tool","tool_call_id":"c2","content":[{"type":"text","text":"r2"}]},{"role":"tool","tool_call_id":"c1","content":"r1"}`,
			`assistant(call:id="c1":name="f":args={"a":"\n"} call:id="c2":name="p":args=raw "text") user(result:id="c2"[text:"r2"]) user(result:id="c1"[text:"r1"])`,
		},
		"arguments missing, empty and an object": {
			`{"role":"assistant","tool_calls":[{"id":"1","function":{"name":"f"}},{"id":"2","function":{"name":"f","arguments":""}},{"id":"3","function":{"name":"f","arguments":{"a":1}}}]}`,
			`assistant(call:id="1":name="f" call:id="2":name="f" call:id="3":name="f":args={"a":1})`,
		},
		"text beside a call, and a refusal": {
			`{"role":"assistant","content":"wait","refusal":"no","tool_calls":[{"id":"1","function":{"name":"f","arguments":"{}"}}]},{"role":"assistant","content":[{"type":"refusal","refusal":"never"}]}`,
			`assistant(text:"wait" refusal:"no" call:id="1":name="f":args={}) assistant(refusal:"never")`,
		},
		"content null, empty and missing": {
			`{"role":"assistant","content":null},{"role":"assistant"},{"role":"assistant","content":""},{"role":"assistant","content":[]}`,
			`assistant() assistant() assistant(text:"") assistant()`,
		},
		"reasoning without a signature": {
			`{"role":"assistant","reasoning_content":"think","content":"x"},{"role":"assistant","reasoning":"think","content":"x"}`,
			`assistant(thought:"think" text:"x") assistant(thought:"think" text:"x")`,
		},
		"signed, sealed and split reasoning": {
			`{"role":"assistant","reasoning_content":"ab","reasoning_details":[{"type":"reasoning.text","text":"a","format":"anthropic-claude-v1","index":0},{"type":"reasoning.text","text":"b","signature":"S","format":"anthropic-claude-v1","index":0},{"type":"reasoning.encrypted","data":"D","format":"anthropic-claude-v1","index":1}],"content":"x"}`,
			`assistant(thought:"ab":sig="S":of=anthropic-claude-v1 sealed:sig="D":of=anthropic-claude-v1 text:"x")`,
		},
		"a signature whose text stands beside it": {
			`{"role":"assistant","reasoning_content":"ab","reasoning_details":[{"type":"reasoning.text","signature":"S","format":"anthropic-claude-v1"}]}`,
			`assistant()`, // perhaps it is not the whole text, and Anthropic refuses another
		},
		"reasoning in the places where it was": {
			`{"role":"assistant","content":"ab\u00e9d","reasoning_details":[{"type":"reasoning.text","text":"1","signature":"S","format":"anthropic-claude-v1","id":"at-0-0"},{"type":"reasoning.text","text":"2","signature":"T","format":"anthropic-claude-v1","id":"at-0-3"},{"type":"reasoning.encrypted","data":"D","format":"anthropic-claude-v1","id":"at-1-4"}],"tool_calls":[{"id":"1","function":{"name":"f"}},{"id":"2","function":{"name":"g"}}]}`,
			`assistant(thought:"1":sig="S":of=anthropic-claude-v1 text:"ab\u00e9" thought:"2":sig="T":of=anthropic-claude-v1 text:"d" call:id="1":name="f" sealed:sig="D":of=anthropic-claude-v1 call:id="2":name="g")`,
		},
		"places behind what there is": {
			`{"role":"assistant","content":"a","reasoning_details":[{"type":"reasoning.text","text":"1","signature":"S","id":"at-7-90"},{"type":"reasoning.text","text":"2","signature":"T","id":"at-0-0"},{"type":"reasoning.text","text":"3","signature":"U","id":"at--5-x"}]}`,
			`assistant(text:"a" thought:"1":sig="S" thought:"2":sig="T" thought:"3":sig="U")`,
		},
		"an image that an answer had": {
			`{"role":"assistant","content":"a![image](data:image/png;base64,AAAA)b","extra_content":{"google":{"thought_signature":"T"}},"reasoning_details":[{"type":"reasoning.text","text":"1","signature":"S","id":"at-0-37"}]}`,
			`assistant(text:"a" image:mime=image/png:data=AAAA thought:"1":sig="S" text:"b":sig="T":of=google-gemini-v1)`,
		},
		"what only looks like an image": {
			`{"role":"assistant","content":"![image](data:image/png;base64,)![image](data:text/html;base64,AAAA)![image](data:image/png;base64,AA"}`,
			`assistant(text:"![image](data:image/png;base64,)![image](data:text/html;base64,AAAA)![image](data:image/png;base64,AA")`,
		},
		"a format that a client joined of its pieces": {
			`{"role":"assistant","reasoning_details":[{"type":"reasoning.text","text":"a","signature":"S","format":"anthropic-claude-v1anthropic-claude-v1"}]}`,
			`assistant(thought:"a":sig="S":of=anthropic-claude-v1)`,
		},
		"base64 for addresses, with line ends, in capitals": {
			`{"role":"user","content":[{"type":"image_url","image_url":{"url":"DATA:image/PNG;charset=utf-8;BASE64,-_\nAA"}},{"type":"file","file":{"filename":"a.pdf","file_data":"data:application/octet-stream;base64,JVBE"}}]}`,
			`user(image:mime=image/png:data=+/AA file:mime=application/pdf:data=JVBE:name="a.pdf")`,
		},
		"a signature whose text was kept back": {
			`{"role":"assistant","reasoning_details":[{"type":"reasoning.text","text":"","signature":"S","format":"anthropic-claude-v1"}]}`,
			`assistant(thought:"":sig="S":of=anthropic-claude-v1)`,
		},
		"thinking blocks in Anthropic's form": {
			`{"role":"assistant","thinking_blocks":[{"type":"thinking","thinking":"t","signature":"S"},{"type":"redacted_thinking","data":"D"}],"content":[{"type":"text","text":"x"}]}`,
			`assistant(thought:"t":sig="S":of=anthropic-claude-v1 sealed:sig="D":of=anthropic-claude-v1 text:"x")`,
		},
		"Google's signatures on a call and on a message": {
			`{"role":"assistant","content":"x","extra_content":{"google":{"thought_signature":"T"}},"tool_calls":[{"id":"1","function":{"name":"f","arguments":"{}"},"extra_content":{"google":{"thought_signature":"C"}}}]}`,
			`assistant(text:"x":sig="T":of=google-gemini-v1 call:id="1":name="f":args={}:sig="C":of=google-gemini-v1)`,
		},
		"sealed data that names a call": {
			`{"role":"assistant","reasoning_details":[{"type":"reasoning.encrypted","data":"D","id":"1","format":"google-gemini-v1"}],"tool_calls":[{"id":"1","function":{"name":"f","arguments":"{}"}}]}`,
			`assistant(call:id="1":name="f":args={}:sig="D":of=google-gemini-v1)`,
		},
		"cache marks on a part and on a message": {
			`{"role":"system","content":[{"type":"text","text":"a","cache_control":{"type":"ephemeral"}}]},{"role":"user","content":"b","cache_control":{"type":"ephemeral"}}`,
			`system(text:"a":cache={"type":"ephemeral"}) user(text:"b":cache={"type":"ephemeral"})`,
		},
		"functions, before there were tools": {
			`{"role":"assistant","content":null,"function_call":{"name":"f","arguments":"{}"}},{"role":"function","name":"f","content":"r"}`,
			`assistant(call:name="f":args={}) user(result:name="f"[text:"r"])`,
		},
		"half of a surrogate pair": {
			`{"role":"user","content":"\ud83d"}`, `user(text:"\ud83d")`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			if got := show(decoded(t, `"messages":[`+tc.messages+`]`).Turns); got != tc.want {
				t.Errorf("got  %s\nwant %s", got, tc.want)
			}
		})
	}
}

func TestDecodeMembers(t *testing.T) {
	for members, check := range map[string]func(*llm.Request) bool{
		`"temperature":0`:                                 func(r *llm.Request) bool { return string(r.Temperature) == "0" },
		`"max_tokens":5,"max_completion_tokens":7`:        func(r *llm.Request) bool { return string(r.MaxTokens) == "7" },
		`"max_tokens":5`:                                  func(r *llm.Request) bool { return string(r.MaxTokens) == "5" },
		`"stop":"x"`:                                      func(r *llm.Request) bool { return len(r.Stop) == 1 && string(r.Stop[0]) == `"x"` },
		`"stop":["x","y"]`:                                func(r *llm.Request) bool { return len(r.Stop) == 2 },
		`"stop":null,"seed":null,"tools":null,"n":null`:   func(r *llm.Request) bool { return r.Stop == nil && r.Seed == nil && r.Advice == nil },
		`"n":3,"logprobs":true,"top_logprobs":2,"seed":1`: func(r *llm.Request) bool { return r.Candidates == 3 && r.Logprobs && string(r.TopLogprobs) == "2" },
		`"parallel_tool_calls":false`:                     func(r *llm.Request) bool { return r.Serial },
		`"tool_choice":"none"`:                            func(r *llm.Request) bool { return r.ToolChoice.Mode == llm.None },
		`"tool_choice":"required"`:                        func(r *llm.Request) bool { return r.ToolChoice.Mode == llm.Required },
		`"tool_choice":{"type":"function","function":{"name":"f"}}`: func(r *llm.Request) bool {
			return r.ToolChoice.Mode == llm.Named && string(r.ToolChoice.Names[0]) == `"f"`
		},
		`"tool_choice":{"type":"custom","custom":{"name":"f"}}`: func(r *llm.Request) bool { return r.ToolChoice.Mode == llm.Named },
		`"functions":[{"name":"f","parameters":{}}],"function_call":{"name":"f"}`: func(r *llm.Request) bool {
			return r.Legacy && r.Serial && r.ToolChoice.Mode == llm.Named && len(r.Tools) == 1
		},
		`"tools":[{"type":"custom","custom":{"name":"f","format":{"type":"text"}}}]`: func(r *llm.Request) bool { return r.Tools[0].Plain && r.Tools[0].Grammar != nil },
		`"tool_choice":{"type":"allowed_tools","allowed_tools":{"mode":"required","tools":[{"type":"function","function":{"name":"f"}},{"type":"custom","custom":{"name":"g"}}]}}`: func(r *llm.Request) bool {
			return r.ToolChoice.Mode == llm.Allowed && r.ToolChoice.Must && len(r.ToolChoice.Names) == 2
		},
		`"tools":[{"type":"function","function":{"name":"f","description":"d","parameters":{"type":"object"},"strict":true}},{"type":"web_search"}]`: func(r *llm.Request) bool {
			return len(r.Tools) == 1 && *r.Tools[0].Strict && strings.Join(r.Advice, " ") == "tools.web_search"
		},
		`"response_format":{"type":"json_object"}`: func(r *llm.Request) bool { return r.Output.Form == llm.JSON },
		`"response_format":{"type":"json_schema","json_schema":{"name":"n","schema":{"type":"object"},"strict":true}}`: func(r *llm.Request) bool {
			return r.Output.Form == llm.ToSchema && string(r.Output.Schema) == `{"type":"object"}` && *r.Output.Strict
		},
		`"reasoning_effort":"minimal"`:                       func(r *llm.Request) bool { return r.Reasoning.Effort == llm.EffortMinimal },
		`"reasoning":{"max_tokens":2000,"exclude":true}`:     func(r *llm.Request) bool { return r.Reasoning.Budget == llm.Tokens(2000) && r.Reasoning.Hide },
		`"thinking":{"type":"enabled","budget_tokens":1024}`: func(r *llm.Request) bool { return r.Reasoning.Budget.N == 1024 },
		`"reasoning":{"enabled":false}`:                      func(r *llm.Request) bool { return r.Reasoning.Off() },
		`"extra_body":{"google":{"safety_settings":[]},"x":1}`: func(r *llm.Request) bool {
			return strings.Join(r.Advice, " ") == "google.safety_settings extra_body.x"
		},
		`"modalities":["text","audio","image"]`: func(r *llm.Request) bool {
			return slices.Equal(r.Output.Media, []llm.Kind{llm.Audio, llm.Image})
		},
		`"reasoning_effort":"default"`: func(r *llm.Request) bool {
			return r.Reasoning.Effort == "" && strings.Join(r.Advice, "") == "reasoning_effort"
		},
		`"response_format":{"type":"json_schema"}`:                                         func(r *llm.Request) bool { return r.Output.Form == llm.JSON },
		`"response_format":{"type":"json_object","schema":{"type":"object"}}`:              func(r *llm.Request) bool { return r.Output.Form == llm.ToSchema },
		`"functions":[{"name":"f"}],"tools":[{"type":"function","function":{"name":"g"}}]`: func(r *llm.Request) bool { return !r.Legacy && len(r.Tools) == 2 },
		`"thinking":{"type":"disabled"}`:                                                   func(r *llm.Request) bool { return r.Reasoning.Off() },
		`"extra_body":{"google":{"thinking_config":{"thinking_budget":-1}}}`: func(r *llm.Request) bool {
			return r.Reasoning.Adaptive && !r.Reasoning.Budget.Known
		},
		`"stream":true,"stream_options":{"include_usage":true}`:  func(r *llm.Request) bool { return r.Stream && r.StreamUsage },
		`"stream":true,"stream_options":{"include_usage":false}`: func(r *llm.Request) bool { return r.Stream && !r.StreamUsage },
		`"user":"u","safety_identifier":"s"`:                     func(r *llm.Request) bool { return string(r.User) == `"u"` },
		`"store":true,"prediction":{},"logit_bias":{"1":2}`:      func(r *llm.Request) bool { return len(r.Advice) == 3 },
		`"store":false,"logit_bias":{},"modalities":["text"]`:    func(r *llm.Request) bool { return len(r.Advice) == 0 },
		`"mess\u0061ge_unknown":1`:                               func(r *llm.Request) bool { return strings.Join(r.Advice, "") == "message_unknown" },
	} {
		if r := decoded(t, members); !check(r) {
			t.Errorf("%s: %+v", members, r)
		}
	}
}

// What cannot be read is the client's fault, and the error says where.
func TestDecodeErrors(t *testing.T) {
	for members, want := range map[string]string{
		`"messages":[]`:                                                                "messages",
		`"messages":"x"`:                                                               "messages",
		`"messages":[{"content":"x"}]`:                                                 "'messages[0]' has no role",
		`"messages":[{"role":"robot","content":"x"}]`:                                  "'messages[0]' has the unknown role",
		`"messages":[{"role":"user","content":5}]`:                                     "messages[0].content",
		`"messages":[{"role":"user","content":[{"type":"smell"}]}]`:                    "messages[0].content[0]",
		`"messages":[{"role":"user","content":[{"type":"text"}]}]`:                     "messages[0].content[0].text",
		`"messages":[{"role":"user","content":[{"type":"image_url","image_url":{}}]}]`: "messages[0].content[0].image_url",
		`"messages":[{"role":"assistant","audio":{"id":"a"}}]`:                         "audio",
		`"messages":[{"role":"assistant","tool_calls":[{"id":"1"}]}]`:                  "'messages[0].tool_calls[0]' has no name",
		`"temperature":"hot"`:                                                          "temperature",
		`"n":0`:                                                                        "'n'",
		`"stop":5`:                                                                     "stop",
		`"tools":[{"type":"function","function":{}}]`:                                  "tools[0] has no name",
		`"tool_choice":"perhaps"`:                                                      "tool_choice",
		`"tool_choice":{"type":"file_search"}`:                                         "file_search",
		`"response_format":{"type":"xml"}`:                                             "response_format",
		`"response_format":{"type":"json_schema","json_schema":{"schema":[]}}`:         "schema",
		`"modalities":["text","smell"]`:                                                "smell",
		`"extra_body":{"google":{"cached_content":"c/1"}}`:                             "cached at Google",
	} {
		if !strings.Contains(members, `"messages"`) {
			members = `"messages":[{"role":"user","content":"hi"}],` + members
		}
		_, err := Client{}.Decode([]byte(`{` + members + `}`))
		if err == nil || err.Status != 400 || !strings.Contains(err.Message, want) {
			t.Errorf("%s: %v, want %q", members, err, want)
		}
	}
	if _, err := (Client{}).Decode([]byte(`{"messages":[{"role":"user","content":"\x01"}]}`)); err == nil {
		t.Error("a body that is no JSON was read")
	}
}

// A request is read in a time that grows with its length.
func TestDecodeIsBounded(t *testing.T) {
	many := func(n int, element string) string { return strings.TrimSuffix(strings.Repeat(element+",", n), ",") }
	var unknown strings.Builder
	for i := range 40_000 {
		fmt.Fprintf(&unknown, `"a%06d":0,`, i)
	}
	for name, tc := range map[string]struct {
		body string
		bad  bool
	}{
		"unknown members": {`{` + unknown.String() + `"messages":[{"role":"user","content":"x"}]}`, false},
		"tools":           {`{"messages":[{"role":"user","content":"x"}],"tools":[` + many(20_000, `{"type":"function","function":{"name":"f"}}`) + `]}`, true},
		"messages":        {`{"messages":[` + many(100_000, `{"role":"user","content":"x"}`) + `]}`, true},
		"parts":           {`{"messages":[{"role":"user","content":[` + many(20_000, `{"type":"text","text":"x"}`) + `]}]}`, true},
		"calls":           {`{"messages":[{"role":"assistant","tool_calls":[` + many(20_000, `{"id":"a","function":{"name":"f"}}`) + `]}]}`, true},
		"details":         {`{"messages":[{"role":"assistant","content":"x","reasoning_details":[` + many(50_000, `{"type":"reasoning.text","text":"a","index":0}`) + `]}]}`, false},
	} {
		r, err := Client{}.Decode([]byte(tc.body))
		if (err != nil) != tc.bad || err == nil && len(r.Advice) > mostAdvice {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// What is wrong inside a tool is not passed over.
func TestBrokenJSONInATool(t *testing.T) {
	for _, tools := range []string{`[{"function":{"name":"x"},"custom":,"a":1}]`, `[{"function":{"name":"x",}}]`, `[{"function":{"name":"x"}},]`} {
		if _, err := (Client{}).Decode([]byte(`{"messages":[{"role":"user","content":"x"}],"tools":` + tools + `}`)); err == nil {
			t.Errorf("%s was read", tools)
		}
	}
}
