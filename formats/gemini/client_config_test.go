package gemini_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aiclient2api/caddy-aiclient2api/llm"
)

// short writes what is not the conversation in a line.
func short(r *llm.Request) string {
	var out []string
	add := func(name string, value any) {
		if s := fmt.Sprint(value); s != "" && s != "false" {
			out = append(out, name+"="+s)
		}
	}
	for _, tool := range r.Tools {
		add("tool", fmt.Sprintf("%s %s %s", tool.Name, tool.Description, tool.Schema))
	}
	if c := r.ToolChoice; c.Mode != llm.Auto {
		add("choice", fmt.Sprintf("%s%v%s", [...]string{"auto", "none", "required", "named", "allowed"}[c.Mode], c.Must, slices.Concat(c.Names...)))
	}
	for name, n := range map[string]llm.Number{
		"max": r.MaxTokens, "temperature": r.Temperature, "p": r.TopP, "k": r.TopK, "presence": r.PresencePenalty,
		"frequency": r.FrequencyPenalty, "seed": r.Seed, "top": r.TopLogprobs,
	} {
		add(name, string(n))
	}
	add("stop", string(slices.Concat(r.Stop...)))
	if r.Candidates > 0 {
		add("n", r.Candidates)
	}
	add("logprobs", r.Logprobs)
	add("json", r.Output.Form == llm.JSON)
	add("schema", string(r.Output.Schema))
	for _, kind := range r.Output.Media {
		add("media", int(kind))
	}
	add("effort", r.Reasoning.Effort)
	if r.Reasoning.Budget.Known {
		add("budget", fmt.Sprint(r.Reasoning.Budget.N, " tokens"))
	}
	add("adaptive", r.Reasoning.Adaptive)
	add("shown", !r.Reasoning.Hide)
	add("advice", strings.Join(r.Advice, ","))
	slices.Sort(out)
	return strings.Join(out, " ")
}

func TestClientMembers(t *testing.T) {
	for in, want := range map[string]string{
		`"generationConfig":{}`: "",
		`"generationConfig":{"temperature":0,"topP":0.5,"topK":2.0,"maxOutputTokens":"100","seed":7,"presencePenalty":-1.5,"frequencyPenalty":1,"candidateCount":2,"stopSequences":["a","b"]}`: `frequency=1 k=2 max=100 n=2 p=0.5 presence=-1.5 seed=7 stop="a""b" temperature=0`,
		`"generation_config":{"top_p":1,"top_k":40,"max_output_tokens":5,"stop_sequences":"x","temperature":null}`:                                                                             `k=40 max=5 p=1 stop="x"`,
		`"generationConfig":{"responseLogprobs":true,"logprobs":3}`:                                                                                                                            `logprobs=true top=3`,
		`"generationConfig":{"logprobs":3}`:                                                                                                                         "",
		`"generationConfig":{"responseMimeType":"application/json"}`:                                                                                                `json=true`,
		`"generationConfig":{"responseMimeType":"text/plain","responseModalities":["TEXT"]}`:                                                                        "",
		`"generationConfig":{"responseMimeType":"text/x.enum","responseSchema":{"type":"STRING","enum":["a"]}}`:                                                     `advice=generationConfig.responseMimeType`,
		`"generationConfig":{"responseMimeType":"application/json","responseSchema":{"type":"OBJECT","properties":{"a":{"type":"STRING","nullable":true}}}}`:        `schema={"type":"object","properties":{"a":{"type":["string","null"]}}}`,
		`"generationConfig":{"response_mime_type":"application/json","_responseJsonSchema":{"type": "object"}}`:                                                     `schema={"type": "object"}`,
		`"generationConfig":{"responseMimeType":"application/json","responseJsonSchema":{"type":"OBJECT"},"responseSchema":{"type":"STRING"}}`:                      `schema={"type":"object"}`,
		`"generationConfig":{"responseModalities":["TEXT","IMAGE","MODALITY_UNSPECIFIED",1,3]}`:                                                                     fmt.Sprintf("media=%d media=%d", llm.Image, llm.Audio),
		`"generationConfig":{"thinkingConfig":{"thinkingBudget":-1}}`:                                                                                               `adaptive=true`,
		`"generationConfig":{"thinkingConfig":{"thinkingBudget":0}}`:                                                                                                `budget=0 tokens`,
		`"generationConfig":{"thinkingConfig":{"thinkingBudget":1024,"includeThoughts":true}}`:                                                                      `budget=1024 tokens shown=true`,
		`"generationConfig":{"thinking_config":{"thinking_level":"LOW","include_thoughts":false}}`:                                                                  `effort=low`,
		`"generationConfig":{"thinkingConfig":{"thinkingLevel":"THINKING_LEVEL_UNSPECIFIED"}}`:                                                                      "",
		`"generationConfig":{"thinkingConfig":{"includeThoughts":true}}`:                                                                                            `adaptive=true shown=true`,
		`"generationConfig":{"speechConfig":{"languageCode":"de"},"mediaResolution":"MEDIA_RESOLUTION_LOW","enableAffectiveDialog":false}`:                          `advice=generationConfig.speechConfig,generationConfig.mediaResolution`,
		`"safetySettings":[{"category":"X","threshold":"BLOCK_NONE"}],"labels":{"a":"b"},"store":true,"serviceTier":"flex"`:                                         `advice=safetySettings,labels,store,serviceTier`,
		`"safetySettings":[],"labels":{},"store":false,"serviceTier":"standard","cachedContent":"","model":"models/x"`:                                              "",
		`"tools":[{"functionDeclarations":[{"name":"f","description":"d","parameters":{"type":"OBJECT"}},{"name":"g"}]},{"googleSearch":{}},{"code_execution":{}}]`: `advice=tools.googleSearch,tools.codeExecution tool="f" "d" {"type":"object"} tool="g"  `,
		`"tools":{"function_declarations":{"name":"f","parameters_json_schema":{"type":"object", "$defs":{}},"behavior":"BLOCKING"}}`:                               `tool="f"  {"type":"object", "$defs":{}}`,
		`"tools":[{"functionDeclarations":null},null]`:                                                                                                              "",
		`"toolConfig":{"functionCallingConfig":{"mode":"AUTO"}}`:                                                                                                    "",
		`"toolConfig":{"functionCallingConfig":{"mode":"none","allowedFunctionNames":["f"]}}`:                                                                       `choice=nonefalse`,
		`"tool_config":{"function_calling_config":{"mode":"ANY"}}`:                                                                                                  `choice=requiredfalse`,
		`"toolConfig":{"functionCallingConfig":{"mode":2}}`:                                                                                                         `choice=requiredfalse`,
		`"toolConfig":{"functionCallingConfig":{"allowedFunctionNames":["f"],"mode":"ANY"}}`:                                                                        `choice=namedfalse"f"`,
		`"toolConfig":{"functionCallingConfig":{"mode":"ANY","allowed_function_names":["f","g"]}}`:                                                                  `choice=allowedtrue"f""g"`,
		`"toolConfig":{"functionCallingConfig":{"mode":"VALIDATED"}}`:                                                                                               "",
		`"toolConfig":{"functionCallingConfig":{"mode":"VALIDATED","allowedFunctionNames":["f"]}}`:                                                                  `choice=allowedfalse"f"`,
		`"toolConfig":{"functionCallingConfig":{"mode":"MODE_UNSPECIFIED"},"retrievalConfig":{"languageCode":"de"}}`:                                                `advice=toolConfig.retrievalConfig`,
	} {
		if got := short(asked(t, in)); got != want {
			t.Errorf("%s:\n got %s\nwant %s", in, got, want)
		}
	}
}

// A request to count tokens may hold one for an answer.
func TestClientCountsTokens(t *testing.T) {
	r := asked(t, `"generateContentRequest":{"model":"models/m","contents":[{"parts":[{"text":"a"}]}],"systemInstruction":{"parts":[{"text":"s"}]}}`)
	if got := showTurns(r.Turns); got != `system(text:"s") user(text:"a")` {
		t.Error(got)
	}
	if got := string(client.AppendCount(nil, 12)); got != `{"totalTokens":12}` {
		t.Error(got)
	}
}

func TestClientSchema(t *testing.T) {
	for in, want := range map[string]string{
		`{"type":"STRING","format":"enum","enum":["a","b"]}`:                                                                               `{"type":"string","enum":["a","b"]}`,
		`{"nullable":true,"type":"STRING","enum":["a"]}`:                                                                                   `{"type":["string","null"],"enum":["a",null]}`,
		`{"type":"ARRAY","items":{"type":"INTEGER","format":"int32"},"min_items":"2"}`:                                                     `{"type":"array","items":{"type":"integer","format":"int32"},"minItems":2}`,
		`{"anyOf":[{"type":"STRING"},{"type":"NUMBER"}],"nullable":true}`:                                                                  `{"anyOf":[{"type":"string"},{"type":"number"},{"type":"null"}]}`,
		`{"type":"OBJECT","properties":{"b":{"type":"BOOLEAN"},"a":{"type":"NULL"},"c":{}},"propertyOrdering":["a","b"],"required":["a"]}`: `{"type":"object","properties":{"a":{"type":"null"},"b":{"type":"boolean"},"c":{}},"required":["a"]}`,
		`{"type":"OBJECT","properties":{"type":{"type":"STRING"},"nullable":{"type":"STRING"}}}`:                                           `{"type":"object","properties":{"type":{"type":"string"},"nullable":{"type":"string"}}}`,
		`{"type":"TYPE_UNSPECIFIED","description":null,"title":"t","example":1,"default":null}`:                                            `{"title":"t","examples":[1],"default":null}`,
		`{"type":6,"properties":{"a":{"type":1}}}`:                                                                                         `{"type":"object","properties":{"a":{"type":"string"}}}`,
		`{"type":["STRING","NULL"]}`:                                                                                                       `{"type":["string","null"]}`,
		`{"type":["string","integer"],"nullable":true}`:                                                                                    `{"type":["string","integer","null"]}`,
		`{"ref":"#/defs/A","defs":{"A":{"type":"STRING"}}}`:                                                                                `{"$ref":"#/$defs/A","$defs":{"A":{"type":"string"}}}`,
		`{"type":"object","properties":{"a":{"type":"string","pattern":"x"}},"additionalProperties":false,"x-y":1,"$schema":"s"}`:          `{"type":"object","properties":{"a":{"type":"string","pattern":"x"}},"additionalProperties":false,"x-y":1,"$schema":"s"}`,
		`{"type":"ARRAY","prefixItems":[{"type":"STRING"},true],"items":false}`:                                                            `{"type":"array","prefixItems":[{"type":"string"},true],"items":false}`,
		`{}`: `{}`,
	} {
		r := asked(t, `"tools":[{"functionDeclarations":[{"name":"f","parameters":`+in+`}]}]`)
		if got := string(r.Tools[0].Schema); got != want || !json.Valid([]byte(got)) {
			t.Errorf("%s:\n got %s\nwant %s", in, got, want)
		}
	}
	deep := strings.Repeat(`{"items":`, 200) + "{}" + strings.Repeat("}", 200)
	if _, err := client.Decode([]byte(`{"contents":"a","tools":[{"functionDeclarations":[{"name":"f","parameters":` + deep + `}]}]}`)); err == nil || err.Param != "parameters" {
		t.Errorf("deep: %v", err)
	}
}
