package gemini_test

import (
	"testing"

	"github.com/aiclient2api/caddy-aiclient2api/llm"
)

const config = "generationConfig"

// thinking is a case of how much a model is to think.
func thinking(name, model string, r llm.Reasoning, want string, lost ...string) requestCase {
	return requestCase{name: "thinking: " + name, model: model, lost: lost, want: map[string]string{config + ".thinkingConfig": want},
		r: one(func(q *llm.Request) { q.Reasoning = r })}
}

func effort(e llm.Effort) llm.Reasoning { return llm.Reasoning{Effort: e} }

func budget(n int64) llm.Reasoning { return llm.Reasoning{Budget: llm.Tokens(n)} }

var configCases = []requestCase{
	{name: "sampling",
		r: one(func(r *llm.Request) {
			r.Temperature, r.TopP, r.TopK, r.MaxTokens = llm.Number("0"), llm.Number("0.95"), llm.Number("40"), llm.Number("100")
			r.Candidates, r.Seed = 2, llm.Number("-7")
			r.PresencePenalty, r.FrequencyPenalty = llm.Number("0.5"), llm.Number("-1")
			r.Logprobs, r.TopLogprobs = true, llm.Number("3")
		}),
		want: map[string]string{config: `{"temperature":0,"topP":0.95,"topK":40,"maxOutputTokens":100,"candidateCount":2,"seed":-7,"responseLogprobs":true,"logprobs":3}`}, lost: []string{"presence_penalty", "frequency_penalty"}},
	{name: "images of a model that makes some", model: "gemini-2.5-flash-image",
		r: one(func(r *llm.Request) { r.Output.Media = []llm.Kind{llm.Image} }), want: map[string]string{config: `{"responseModalities":["TEXT","IMAGE"]}`}},
	{name: "penalties before they were refused", model: "gemini-2.0-flash",
		r:    one(func(r *llm.Request) { r.PresencePenalty, r.FrequencyPenalty = llm.Number("0.5"), llm.Number("-1") }),
		want: map[string]string{config: `{"presencePenalty":0.5,"frequencyPenalty":-1}`}},
	{name: "penalties to a model that is not known", model: "gemini-exp-1206",
		r: one(func(r *llm.Request) { r.PresencePenalty = llm.Number("0.5") }), want: map[string]string{config: ""}, lost: []string{"presence_penalty"}},
	{name: "an effort comes on top of the limit",
		r:    one(func(r *llm.Request) { r.MaxTokens, r.Reasoning = llm.Number("1000"), effort(llm.EffortLow) }),
		want: map[string]string{config: `{"maxOutputTokens":5096,"thinkingConfig":{"thinkingBudget":4096,"includeThoughts":true}}`}},
	{name: "a budget is a part of the limit",
		r:    one(func(r *llm.Request) { r.MaxTokens, r.Reasoning = llm.Number("9000"), budget(2000) }),
		want: map[string]string{config: `{"maxOutputTokens":9000,"thinkingConfig":{"thinkingBudget":2000,"includeThoughts":true}}`}},
	{name: "a budget that leaves nothing for the answer",
		r:    one(func(r *llm.Request) { r.MaxTokens, r.Reasoning = llm.Number("1000"), budget(5000) }),
		want: map[string]string{config: `{"maxOutputTokens":1000,"thinkingConfig":{"thinkingBudget":500,"includeThoughts":true}}`}, lost: []string{"reasoning_effort"}},
	{name: "what means nothing is not sent",
		r: one(func(r *llm.Request) {
			r.Candidates, r.PresencePenalty, r.FrequencyPenalty = 1, llm.Number("0"), llm.Number("0.0")
			r.Stop = []llm.Literal{lit("")}
		}),
		want: map[string]string{config: ""}},
	{name: "a seed that is too large", r: one(func(r *llm.Request) { r.Seed = llm.Number("2147483648") }), want: map[string]string{config: ""}, lost: []string{"seed"}},
	{name: "a seed with a fraction", r: one(func(r *llm.Request) { r.Seed = llm.Number("1.5") }), want: map[string]string{config: ""}, lost: []string{"seed"}},
	{name: "top_k that is off", r: one(func(r *llm.Request) { r.TopK = llm.Number("-1") }), want: map[string]string{config: ""}, lost: []string{"top_k"}},
	{name: "five stops",
		r: one(func(r *llm.Request) {
			r.Stop = []llm.Literal{lit("a"), lit(""), lit("\n"), lit("c"), lit("d"), lit("e"), lit("f")}
		}),
		want: map[string]string{config + ".stopSequences": `["a","\n","c","d","e"]`}, lost: []string{"stop"}},
	{name: "JSON", r: one(func(r *llm.Request) { r.Output.Form = llm.JSON }), want: map[string]string{config: `{"responseMimeType":"application/json"}`}},
	{name: "JSON to a schema",
		r:    one(func(r *llm.Request) { r.Output = llm.Output{Form: llm.ToSchema, Schema: object, Strict: &yes} }),
		want: map[string]string{config: `{"responseMimeType":"application/json","responseJsonSchema":` + string(object) + `}`}},
	{name: "JSON to a schema on an older model", model: "models/gemini-1.5-pro-002",
		r:    one(func(r *llm.Request) { r.Output = llm.Output{Form: llm.ToSchema, Schema: object, Description: lit("d")} }),
		want: map[string]string{config + ".responseJsonSchema": "", config + ".responseSchema.type": `"OBJECT"`}, lost: []string{"response_format description"}},

	thinking("not asked", "gemini-2.5-pro", llm.Reasoning{}, ""),
	thinking("an effort", "gemini-2.5-flash", effort(llm.EffortMedium), `{"thinkingBudget":8192,"includeThoughts":true}`),
	thinking("the most", "gemini-2.5-flash", effort(llm.EffortMax), `{"thinkingBudget":24576,"includeThoughts":true}`, "reasoning_effort"),
	thinking("a budget", "gemini-2.5-pro", budget(40000), `{"thinkingBudget":32768,"includeThoughts":true}`),
	thinking("a small one", "gemini-2.5-flash-lite-preview-09-2025", budget(1), `{"thinkingBudget":512,"includeThoughts":true}`),
	thinking("off", "gemini-2.5-flash", effort(llm.EffortNone), `{"thinkingBudget":0}`),
	thinking("off by budget", "gemini-2.5-flash-lite", budget(0), `{"thinkingBudget":0}`),
	thinking("off where it cannot be", "gemini-2.5-pro", effort(llm.EffortNone), `{"thinkingBudget":128}`, "reasoning_effort"),
	thinking("left to the model", "gemini-2.5-pro", llm.Reasoning{Adaptive: true}, `{"thinkingBudget":-1,"includeThoughts":true}`),
	thinking("left to the model by budget", "gemini-2.5-pro", budget(-1), `{"thinkingBudget":-1,"includeThoughts":true}`),
	thinking("adaptive with an effort", "gemini-2.5-pro", llm.Reasoning{Adaptive: true, Effort: llm.EffortLow}, `{"thinkingBudget":4096,"includeThoughts":true}`),
	thinking("hidden", "gemini-2.5-pro", llm.Reasoning{Effort: llm.EffortLow, Hide: true}, `{"thinkingBudget":4096}`),
	thinking("an effort of another vendor", "gemini-2.5-pro", effort("auto"), `{"thinkingBudget":-1,"includeThoughts":true}`),
	thinking("none before 2.5", "gemini-2.0-flash", effort(llm.EffortLow), "", "reasoning_effort"),
	thinking("off before 2.5", "gemini-1.5-pro", effort(llm.EffortNone), ""),
	thinking("none of images", "gemini-2.5-flash-image", effort(llm.EffortLow), "", "reasoning_effort"),
	thinking("none of Gemma 3", "gemma-3-27b-it", effort(llm.EffortLow), "", "reasoning_effort"),
	thinking("a level", "gemini-3-flash-preview", effort(llm.EffortMinimal), `{"thinkingLevel":"MINIMAL","includeThoughts":true}`),
	thinking("a level by budget", "gemini-3-flash-preview", budget(9000), `{"thinkingLevel":"MEDIUM","includeThoughts":true}`),
	thinking("two levels", "gemini-3-pro-preview", effort(llm.EffortMedium), `{"thinkingLevel":"HIGH","includeThoughts":true}`, "reasoning_effort"),
	thinking("three levels", "gemini-3.1-pro-preview", effort(llm.EffortMinimal), `{"thinkingLevel":"LOW","includeThoughts":true}`, "reasoning_effort"),
	thinking("three levels of a later flash", "models/gemini-3.7-flash", effort(llm.EffortMinimal), `{"thinkingLevel":"LOW","includeThoughts":true}`, "reasoning_effort"),
	thinking("one level", "gemini-3-pro-image-preview", effort(llm.EffortLow), `{"thinkingLevel":"HIGH","includeThoughts":true}`, "reasoning_effort"),
	thinking("off by level", "gemini-3.1-flash-lite", effort(llm.EffortNone), `{"thinkingLevel":"MINIMAL"}`, "reasoning_effort"),
	thinking("left to Gemini 3", "gemini-3-pro-preview", llm.Reasoning{Adaptive: true}, `{"includeThoughts":true}`),
	thinking("an alias of the newest", "gemini-flash-latest", effort(llm.EffortXHigh), `{"thinkingLevel":"HIGH","includeThoughts":true}`, "reasoning_effort"),
	thinking("a name that says nothing", "my-model", effort(llm.EffortLow), `{"thinkingBudget":4096,"includeThoughts":true}`),
	thinking("a number that is no version", "gemini-exp-1206", effort(llm.EffortLow), `{"thinkingBudget":4096,"includeThoughts":true}`),
}

func TestEncodeConfig(t *testing.T) { runRequests(t, configCases) }

// Nothing in a model's name makes the encoder stumble.
func TestAnyModelName(t *testing.T) {
	for _, name := range []string{"", "/", "gemini-", "gemini--latest", "gemini-latest", "gemini-99999999999999999999.1-pro", "gemini-3.", "gemini-3.x-pro", "gemini-live-", "models/"} {
		if _, no := up.Encode(nil, one(func(*llm.Request) {}), name); no != nil {
			t.Errorf("%q: %s", name, no.What)
		}
	}
}
