package gemini_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aiclient2api/caddy-aiclient2api/formats"
	"github.com/aiclient2api/caddy-aiclient2api/formats/gemini"
	"github.com/aiclient2api/caddy-aiclient2api/llm"
)

var client gemini.Client

// asked reads a request; contents are added to its members if they have none.
func asked(t testing.TB, members string) *llm.Request {
	t.Helper()
	if !strings.Contains(members, `"contents"`) {
		members = `"contents":[{"parts":[{"text":"hi"}]}],` + members
	}
	r, err := client.Decode([]byte("{" + strings.TrimSuffix(members, ",") + "}"))
	if err != nil {
		t.Fatalf("%s: %v", members, err)
	}
	return r
}

// showTurns writes turns in a line.
func showTurns(turns []llm.Turn) string {
	var b strings.Builder
	for i, t := range turns {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString([...]string{"user", "model", "system", "developer"}[t.Role] + "(")
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
		b.WriteString(kinds[p.Kind])
		if p.Failed {
			b.WriteString("!")
		}
		fields := []struct{ name, value string }{
			{"", string(p.Text)}, {"id=", string(p.ID)}, {"name=", string(p.Name)}, {"args=", string(p.Args)},
			{"sig=", string(p.Signature)}, {"of=", string(p.Origin)},
		}
		if m := p.Media; m != nil {
			fields = append(fields, []struct{ name, value string }{
				{"mime=", m.MIME}, {"data=", string(m.Data)}, {"url=", string(m.URL)}, {"called=", string(m.Name)},
			}...)
		}
		for _, f := range fields {
			if f.value != "" {
				b.WriteString(":" + f.name + f.value)
			}
		}
		if p.Kind == llm.Result {
			b.WriteByte('[')
			showParts(b, p.Content)
			b.WriteByte(']')
		}
	}
}

// state is what stands for state of another vendor's model in a signature.
func state(parts ...llm.Part) string { return string(formats.AppendCarried(nil, parts...)) }

var (
	claude = llm.Part{Kind: llm.Thought, Text: lit("hm"), Signature: lit("S"), Origin: llm.Anthropic}
	sealed = llm.Part{Kind: llm.Sealed, Signature: lit("E"), Origin: llm.Anthropic}
)

func TestClientTurns(t *testing.T) {
	for name, tc := range map[string]struct{ contents, want string }{
		"parts, roles in any place": {
			`[{"parts":[{"text":"a"},{"text":"b"}],"role":"user"},{"role":"model","parts":[{"text":"c"}]}]`,
			`user(text:"a" text:"b") model(text:"c")`,
		},
		"missing and unknown roles are the user's, of calls the model's": {
			`[{"parts":[{"text":"a"}]},{"role":null,"parts":[{"functionCall":{"name":"f"}}]},{"role":"function","parts":[{"functionResponse":{"name":"f","response":{"result":"x"}}}]},{"role":"X","parts":[{"text":"b"}]}]`,
			`user(text:"a") model(call:name="f") user(result:name="f"[text:"x"]) user(text:"b")`,
		},
		"what stands for a list": {
			`{"parts":{"text":"a"},"role":"user"}`, `user(text:"a")`,
		},
		"texts and parts in the place of contents": {
			`["a",{"text":"b"},null,{"role":"model","parts":"c"}]`, `user(text:"a") user(text:"b") model(text:"c")`,
		},
		"a text alone": {`"a"`, `user(text:"a")`},
		"null members and parts that say nothing": {
			`[{"role":"user","parts":[{"text":"a","thought":null,"inlineData":null},null,{},{"text":null}]},{"role":"model","parts":null},{"role":"user","parts":[{"text":"b"}]}]`,
			`user(text:"a") user(text:"b")`,
		},
		"chunks of a stream that a client kept as contents": {
			`[{"parts":[{"text":"q"}]},{"role":"model","parts":[{"text":"a"}]},{"role":"model","parts":[{"text":"b"}]},{"role":"model","parts":[{"text":""}]}]`,
			`user(text:"q") model(text:"a" text:"b" text:"")`,
		},
		"data in either spelling and alphabet": {
			`[{"parts":[{"inlineData":{"mimeType":"image/png","data":"AA-_"}},{"inline_data":{"mime_type":"application\/pdf","data":"AAA","display_name":"d.pdf"}},{"inlineData":{"data":"iVBORw0KGgoAAAANSUhEUgAA"}},{"inlineData":{"mimeType":"audio/wav","data":"AAAA"}}]}]`,
			`user(image:mime=image/png:data=AA+/ file:mime=application/pdf:data=AAA=:called="d.pdf" image:data=iVBORw0KGgoAAAANSUhEUgAA audio:mime=audio/wav:data=AAAA)`,
		},
		"data elsewhere": {
			`[{"parts":[{"fileData":{"mimeType":"image/png","fileUri":"https://x/y"}},{"file_data":{"file_uri":"https://www.youtube.com/watch?v=1"}},{"fileData":{"fileUri":"gs://b/c.pdf"}},{"fileData":{"fileUri":"https://x/y.png?z"}},{"fileData":{"mimeType":"video/mp4","fileUri":"https://generativelanguage.googleapis.com/v1beta/files/f"},"videoMetadata":{"fps":1}}]}]`,
			`user(image:mime=image/png:url="https://x/y" video:url="https://www.youtube.com/watch?v=1" file:url="gs://b/c.pdf" image:url="https://x/y.png?z" video:mime=video/mp4:url="https://generativelanguage.googleapis.com/v1beta/files/f")`,
		},
		"thoughts, calls and their signatures": {
			`[{"parts":[{"text":"q"}]},{"role":"model","parts":[{"text":"t","thought":true},{"text":"u","thought":true,"thoughtSignature":"A"},{"text":"v","thought_signature":"B"},{"functionCall":{"id":"1","name":"f","args":{"a": 1}},"thoughtSignature":"C"},{"thoughtSignature":"D"}]}]`,
			`user(text:"q") model(thought:"t" thought:"u":sig="A":of=google-gemini-v1 text:"v":sig="B":of=google-gemini-v1 call:id="1":name="f":args={"a": 1}:sig="C":of=google-gemini-v1 text:"":sig="D":of=google-gemini-v1)`,
		},
		"signatures that are none": {
			`[{"role":"model","parts":[{"functionCall":{"name":"f"},"thoughtSignature":"skip_thought_signature_validator"},{"functionCall":{"name":"g"},"thoughtSignature":"context_engineering_is_the_way_to_go"},{"functionCall":{"name":"h"},"thoughtSignature":""}]}]`,
			`model(call:name="f" call:name="g" call:name="h")`,
		},
		"results": {
			`[{"parts":[
				{"functionResponse":{"id":"1","name":"f","response":{"output":"a"}}},
				{"functionResponse":{"name":"f","response":{"result":{"b":[1]}}}},
				{"functionResponse":{"name":"f","response":{"error":"c"}}},
				{"function_response":{"name":"f","response":{"return_value":3}}},
				{"functionResponse":{"name":"f","response":{"name":"f","content":"d"}}},
				{"functionResponse":{"name":"f","response":{"content":[{"type":"text"}],"name":"f"}}},
				{"functionResponse":{"name":"f","response":{"temperature":"71"}}},
				{"functionResponse":{"name":"f","response":{"output":"a","error":"b"}}},
				{"functionResponse":{"name":"f","response":{}}},
				{"functionResponse":{"name":"f"}},
				{"functionResponse":{"name":"f","response":"e"}},
				{"functionResponse":{"name":"f","response":["g"]}}]}]`,
			`user(result:id="1":name="f"[text:"a"] result:name="f"[text:"{\"b\":[1]}"] result!:name="f"[text:"c"] result:name="f"[text:"3"] result:name="f"[text:"d"] ` +
				`result:name="f"[text:"[{\"type\":\"text\"}]"] result:name="f"[text:"{\"temperature\":\"71\"}"] result:name="f"[text:"{\"output\":\"a\",\"error\":\"b\"}"] ` +
				`result:name="f"[] result:name="f"[] result:name="f"[text:"e"] result:name="f"[text:"[\"g\"]"])`,
		},
		"media in results": {
			`[{"parts":[{"functionResponse":{"name":"f","parts":[{"inlineData":{"mimeType":"image/png","data":"AAAA"}},{"file_data":{"file_uri":"https://x/y","mime_type":"application/pdf"}}],"response":{"output":"a"}}}]}]`,
			`user(result:name="f"[text:"a" image:mime=image/png:data=AAAA file:mime=application/pdf:url="https://x/y"])`,
		},
		"arguments as a text, and none": {
			`[{"role":"model","parts":[{"functionCall":{"name":"f","args":"{\"a\":1}"}},{"functionCall":{"name":"f","args":null}}]}]`,
			`model(call:name="f":args={"a":1} call:name="f")`,
		},
		"results and texts of one content keep their speakers": {
			`[{"role":"model","parts":[{"text":"a"},{"functionCall":{"name":"f"}},{"functionResponse":{"name":"f","response":{"result":"x"}}},{"text":"b"}]}]`,
			`model(text:"a" call:name="f") user(result:name="f"[text:"x"]) model(text:"b")`,
		},
		"what Google ran": {
			`[{"role":"model","parts":[{"executableCode":{"code":"x"}},{"codeExecutionResult":{"output":"y"}},{"text":"a"}]}]`, `model(text:"a")`,
		},
		"a thought that a call carries goes in front": {
			`[{"parts":[{"text":"q"}]},{"role":"model","parts":[{"text":"a"},{"functionCall":{"name":"f"},"thoughtSignature":"` + state(claude, sealed) + `"},{"functionCall":{"name":"g"}}]}]`,
			`user(text:"q") model(thought:"hm":sig="S":of=anthropic-claude-v1 sealed:sig="E":of=anthropic-claude-v1 text:"a" call:name="f" call:name="g")`,
		},
		"in the place of what the client saw of it": {
			`[{"role":"model","parts":[{"text":"h","thought":true}]},{"role":"model","parts":[{"text":"m","thought":true}]},{"role":"model","parts":[{"text":"a"}]},{"role":"model","parts":[{"functionCall":{"name":"f"},"thoughtSignature":"` + state(claude) + `"}]}]`,
			`model(thought:"hm":sig="S":of=anthropic-claude-v1 text:"a" call:name="f")`,
		},
		"behind the call before": {
			`[{"role":"model","parts":[{"functionCall":{"name":"f"},"thoughtSignature":"` + state(claude) + `"},{"text":"a"},{"functionCall":{"name":"g"},"thoughtSignature":"` + state(sealed) + `"}]}]`,
			`model(thought:"hm":sig="S":of=anthropic-claude-v1 call:name="f" sealed:sig="E":of=anthropic-claude-v1 text:"a" call:name="g")`,
		},
		"what an empty text carries": {
			`[{"role":"model","parts":[{"text":"a"},{"text":"","thoughtSignature":"` + state(claude) + `"}]},{"parts":[{"text":"q"}]}]`,
			`model(thought:"hm":sig="S":of=anthropic-claude-v1 text:"a") user(text:"q")`,
		},
		"a signature of the call itself beside a thought": {
			`[{"role":"model","parts":[{"functionCall":{"name":"f"},"thoughtSignature":"` + state(sealed, llm.Part{Kind: llm.Call, Signature: lit("K"), Origin: llm.OpenAI}) + `"}]}]`,
			`model(sealed:sig="E":of=anthropic-claude-v1 call:name="f":sig="K":of=openai-responses-v1)`,
		},
		"carried state that was cut": {
			`[{"role":"model","parts":[{"functionCall":{"name":"f"},"thoughtSignature":"` + state(claude)[:40] + `"}]}]`, `model(call:name="f")`,
		},
	} {
		r, err := client.Decode([]byte(`{"contents":` + tc.contents + `}`))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got := showTurns(r.Turns); got != tc.want {
			t.Errorf("%s:\n got %s\nwant %s", name, got, tc.want)
		}
	}
}

func TestClientInstructions(t *testing.T) {
	for in, want := range map[string]string{
		`{"role":"user","parts":[{"text":"a"},{"text":"b"}]}`: `system(text:"a" text:"b") `,
		`{"parts":{"text":"a"}}`:                              `system(text:"a") `,
		`{"text":"a"}`:                                        `system(text:"a") `,
		`"a"`:                                                 `system(text:"a") `,
		`["a",{"text":"b"}]`:                                  `system(text:"a" text:"b") `,
		`{"parts":{"text":""}}`:                               ``,
		`{"parts":[]}`:                                        ``,
		`null`:                                                ``,
	} {
		for _, name := range []string{"systemInstruction", "system_instruction"} {
			if got := showTurns(asked(t, `"contents":"q","`+name+`":`+in).Turns); got != want+`user(text:"q")` {
				t.Errorf("%s: got %s", in, got)
			}
		}
	}
}

// Errors of a request say where they are.
func TestClientErrors(t *testing.T) {
	for body, place := range map[string]string{
		`{`:                                     "",
		`{"contents":[{"parts":[{"text":"a"}]}`: "",
		`{"contents":[{"parts":[{"text":"a" "b"}]}]}`:     "",
		`{"contents":[{"parts":[{"text":"a"}]}],"x":tru}`: "",
		`[]`:                             "",
		`{}`:                             "contents",
		`{"contents":[]}`:                "contents",
		`{"contents":[{"role":"user"}]}`: "contents",
		`{"systemInstruction":"a"}`:      "contents",
		`{"contents":[7]}`:               "contents[0]",
		`{"contents":["a",{"parts":["b",{"text":7}]}]}`:                                       "contents[1].parts[1].text",
		`{"contents":["a",{"parts":[{"functionCall":{}}]}]}`:                                  "contents[1].parts[0].functionCall.name",
		`{"contents":[{"parts":[{"functionResponse":{}}]}]}`:                                  "contents[0].parts[0].functionResponse.name",
		`{"contents":[{"parts":[{"inlineData":{"data":"a b"}}]}]}`:                            "contents[0].parts[0].inlineData.data",
		`{"contents":[{"parts":[{"inlineData":{}}]}]}`:                                        "contents[0].parts[0].inlineData.data",
		`{"contents":[{"parts":[{"fileData":{}}]}]}`:                                          "contents[0].parts[0].fileData.fileUri",
		`{"contents":"a","systemInstruction":[{"inlineData":{}}]}`:                            "systemInstruction.parts[0]",
		`{"contents":"a","cachedContent":"cachedContents/1"}`:                                 "cachedContent",
		`{"contents":"a","tools":{"functionDeclarations":[{}]}}`:                              "tools",
		`{"contents":"a","tools":[{"functionDeclarations":[{"name":"f","parameters":7}]}]}`:   "parameters",
		`{"contents":"a","toolConfig":{"functionCallingConfig":{"mode":"SOME"}}}`:             "toolConfig.functionCallingConfig.mode",
		`{"contents":"a","generationConfig":{"response_modalities":["SMELL"]}}`:               "generationConfig.responseModalities",
		`{"contents":"a","generationConfig":{"temperature":"warm"}}`:                          "generationConfig.temperature",
		`{"contents":"a","generationConfig":{"candidateCount":0}}`:                            "generationConfig.candidateCount",
		`{"contents":"a","generationConfig":{"stopSequences":[7]}}`:                           "generationConfig.stopSequences",
		`{"contents":"a","generationConfig":{"thinkingConfig":{"thinkingLevel":"SIDEWAYS"}}}`: "generationConfig.thinkingConfig.thinkingLevel",
		`{"generateContentRequest":{"generateContentRequest":{"contents":"a"}}}`:              "generateContentRequest",
	} {
		_, err := client.Decode([]byte(body))
		if err == nil || err.Status != 400 || err.Param != place || err.Message == "" {
			t.Errorf("%s: %+v", body, err)
		}
	}
}

func TestClientPlace(t *testing.T) {
	for want, at := range map[string][2]int{"contents[3].parts[1]": {3, 1}, "contents[3]": {3, -1}, "systemInstruction.parts[0]": {-1, 0}} {
		if got := client.Place(at[0], at[1]); got != want {
			t.Errorf("%v: %s", at, got)
		}
	}
	r := asked(t, `"contents":["a","b",{"role":"model","parts":[{"text":"c"},{"functionCall":{"name":"f"}}]},{"parts":["x",{"functionResponse":{"name":"f","parts":[{"inlineData":{"data":"AAAA"}}]}}]}]`)
	last := r.Turns[len(r.Turns)-1].Parts[1]
	if r.Turns[2].Parts[1].Turn != 2 || r.Turns[2].Parts[1].At != 1 || last.Turn != 3 || last.At != 1 || last.Content[0].Turn != 3 || last.Content[0].At != 1 {
		t.Errorf("%+v", r.Turns)
	}
}

// Every recorded request is read, or refused with its place named.
func TestClientRecordings(t *testing.T) {
	files, _ := filepath.Glob(filepath.Join(recordings, "*", "request.json"))
	if len(files) == 0 {
		t.Skipf("there are no recordings in %s", recordings)
	}
	for _, file := range files {
		body, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if r, err := client.Decode(body); err != nil {
			if err.Status != 400 || err.Param == "" {
				t.Errorf("%s: %+v", file, err)
			}
		} else if len(r.Turns) == 0 {
			t.Errorf("%s: no turns", file)
		}
	}
}

// literals checks that all that a request holds is valid.
func literals(t *testing.T, r *llm.Request) {
	t.Helper()
	check := func(l []byte) {
		if l != nil && !json.Valid(l) {
			t.Fatalf("%q is not valid", l)
		}
	}
	var walk func(parts []llm.Part)
	walk = func(parts []llm.Part) {
		for _, p := range parts {
			for _, l := range []llm.Literal{p.Text, p.ID, p.Name, p.Signature} {
				check(l)
			}
			if p.Media != nil {
				check(p.Media.URL)
				check(p.Media.Name)
				if !formats.IsBase64(p.Media.Data) || len(p.Media.Data)%4 != 0 {
					t.Fatalf("%q is no base64", p.Media.Data)
				}
			}
			walk(p.Content)
		}
	}
	for _, turn := range r.Turns {
		walk(turn.Parts)
	}
	for _, tool := range r.Tools {
		check(tool.Name)
		check(tool.Description)
		check(tool.Schema)
	}
	check(r.Output.Schema)
	for _, n := range []llm.Number{r.MaxTokens, r.Temperature, r.TopP, r.TopK, r.Seed, r.PresencePenalty, r.FrequencyPenalty, r.TopLogprobs} {
		check(n)
	}
	for _, s := range append(r.Stop, r.ToolChoice.Names...) {
		check(s)
	}
}

// Whatever a client sends: what is taken of it is valid.
func FuzzClientDecode(f *testing.F) {
	f.Add([]byte(`{"contents":[{"parts":[{"text":"a"},{"inline_data":{"data":"AA-_"}},{"functionResponse":{"name":"f","response":{"result":[1]},"parts":[{"fileData":{"fileUri":"x"}}]}}]},{"role":"model","parts":{"functionCall":{"name":"f","args":{}},"thoughtSignature":"` + state(claude) + `"}}]}`))
	f.Add([]byte(`{"systemInstruction":["a"],"contents":"b","tools":{"functionDeclarations":{"name":"f","parameters":{"type":"OBJECT","nullable":true,"properties":{"a":{"any_of":[{"type":1}],"example":1,"ref":"x","defs":{}}},"propertyOrdering":["a"]}}},"generationConfig":{"topK":"1e2","responseSchema":{"enum":[ ],"nullable":true}}}`))
	f.Add([]byte(`{"generateContentRequest":{"contents":[null,"a",{"text":"b"}],"toolConfig":{"functionCallingConfig":{"mode":1,"allowedFunctionNames":["f"]}}}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		if r, err := client.Decode(body); err == nil {
			if !json.Valid(body) {
				t.Fatal("it was taken")
			}
			literals(t, r)
		}
	})
}
