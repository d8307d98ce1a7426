package messages_test

import (
	"strings"
	"testing"

	"github.com/tidwall/gjson"

	"github.com/aiclient2api/caddy-aiclient2api/llm"
)

// TestThinking: max_tokens, thinking and output_config by generation.
func TestThinking(t *testing.T) {
	effort := func(e llm.Effort) llm.Reasoning { return llm.Reasoning{Effort: e} }
	budget := func(n int64) llm.Reasoning { return llm.Reasoning{Budget: llm.Tokens(n)} }
	loop := []llm.Turn{user(text("U")), assistant(call("c1", "f", "{}")), user(result("c1", text("R")))}
	loops := []llm.Turn{
		user(text("U")), assistant(thoughtOf(llm.Anthropic, "T", "S"), call("c1", "f", "{}")), user(result("c1", text("R"))),
		assistant(call("c2", "f", "{}")), user(result("c2", text("R"))),
	}
	foreign := []llm.Turn{user(text("U")), assistant(thoughtOf(llm.Google, "T", "S"), call("c1", "f", "{}")), user(result("c1", text("R")))}
	past := append(append([]llm.Turn{}, loop...), assistant(text("A")), user(text("V")))
	prefill := []llm.Turn{user(text("U")), assistant(text("A"))}
	forced := llm.ToolChoice{Mode: llm.Required}
	for _, tc := range []struct {
		name      string
		model     string
		reasoning llm.Reasoning
		max       string
		turns     []llm.Turn
		choice    llm.ToolChoice
		want      string // max_tokens, thinking, output_config
		lost      string
	}{
		{name: "not asked", model: "claude-sonnet-4-5", want: "32000||"},
		{name: "not asked, small model", model: "claude-3-haiku-20240307", want: "4096||"},
		{name: "not asked, 3.5", model: "claude-3-5-haiku-latest", want: "8192||"},
		{name: "effort as budget", model: "claude-sonnet-4-5", reasoning: effort(llm.EffortLow), want: `36096|{"type":"enabled","budget_tokens":4096}|`},
		{name: "effort and max_tokens", model: "claude-sonnet-4-5", reasoning: effort(llm.EffortHigh), max: "100", want: `24676|{"type":"enabled","budget_tokens":24576}|`},
		{name: "budget", model: "claude-3-7-sonnet-latest", reasoning: budget(2000), want: `34000|{"type":"enabled","budget_tokens":2000}|`},
		{name: "a budget that is a part of max_tokens", model: "claude-sonnet-4-5", reasoning: budget(2000), max: "9000.0", want: `9000|{"type":"enabled","budget_tokens":2000}|`},
		{name: "a budget that leaves nothing for the answer", model: "claude-sonnet-4-5", reasoning: budget(9000), max: "9000", want: `9000|{"type":"enabled","budget_tokens":4500}|`, lost: "reasoning_effort"},
		{name: "a budget beyond a small max_tokens", model: "claude-sonnet-4-5", reasoning: budget(9000), max: "1025", want: `1025|{"type":"enabled","budget_tokens":1024}|`, lost: "reasoning_effort"},
		{name: "a budget and no room for the least", model: "claude-sonnet-4-5", reasoning: budget(9000), max: "1024", want: "1024||", lost: "reasoning_effort"},
		{name: "a budget too small", model: "claude-haiku-4-5", reasoning: budget(1), max: "2000", want: `2000|{"type":"enabled","budget_tokens":1024}|`},
		{name: "as far as the model goes", model: "claude-sonnet-4-5", reasoning: effort(llm.EffortMax), max: "64000", want: `64000|{"type":"enabled","budget_tokens":32000}|`, lost: "reasoning_effort"},
		{name: "as far as Opus 4 goes", model: "claude-opus-4-20250514", reasoning: effort(llm.EffortHigh), max: "20000", want: `32000|{"type":"enabled","budget_tokens":16000}|`, lost: "reasoning_effort"},
		{name: "left to the model", model: "claude-sonnet-4-5", reasoning: llm.Reasoning{Adaptive: true}, want: `40192|{"type":"enabled","budget_tokens":8192}|`},
		{name: "no Claude", model: "kimi-k2-thinking", reasoning: effort(llm.EffortLow), max: "10", want: `4106|{"type":"enabled","budget_tokens":4096}|`},
		{name: "cannot think", model: "claude-3-5-sonnet-20241022", reasoning: effort(llm.EffortLow), want: "8192||", lost: "reasoning_effort"},
		{name: "off", model: "claude-sonnet-4-5", reasoning: effort(llm.EffortNone), want: "32000||"},
		{name: "off by budget", model: "claude-opus-4-7", reasoning: budget(0), want: "32000||"},

		{name: "adaptive", model: "claude-opus-4-6", reasoning: effort(llm.EffortMedium), max: "9", want: `9|{"type":"adaptive"}|{"effort":"medium"}`},
		{name: "adaptive by budget", model: "claude-sonnet-4-6", reasoning: budget(5000), want: `32000|{"type":"adaptive"}|{"effort":"low"}`},
		{name: "adaptive, no effort", model: "claude-sonnet-4-6", reasoning: llm.Reasoning{Adaptive: true}, want: `32000|{"type":"adaptive"}|`},
		{name: "xhigh before it was there", model: "claude-opus-4-6", reasoning: effort(llm.EffortXHigh), want: `32000|{"type":"adaptive"}|{"effort":"high"}`, lost: "reasoning_effort"},
		{name: "hidden where it is shown", model: "claude-opus-4-6", reasoning: llm.Reasoning{Adaptive: true, Hide: true}, want: `32000|{"type":"adaptive","display":"omitted"}|`},
		{name: "shown where it is hidden", model: "claude-opus-4-7", reasoning: effort(llm.EffortXHigh), want: `32000|{"type":"adaptive","display":"summarized"}|{"effort":"xhigh"}`},
		{name: "minimal", model: "claude-opus-5", reasoning: llm.Reasoning{Effort: llm.EffortMinimal, Hide: true}, want: `32000|{"type":"adaptive"}|{"effort":"low"}`, lost: "reasoning_effort"},
		{name: "max", model: "claude-fable-5-1", reasoning: effort(llm.EffortMax), want: `32000|{"type":"adaptive","display":"summarized"}|{"effort":"max"}`},

		{name: "off, thinks by itself", model: "claude-opus-5", reasoning: effort(llm.EffortNone), want: `32000|{"type":"disabled"}|`},
		{name: "off, Haiku 5.5", model: "claude-haiku-5-5", reasoning: effort(llm.EffortNone), want: `32000|{"type":"disabled"}|`},
		{name: "off, Sonnet 5.5", model: "claude-sonnet-5-5", reasoning: effort(llm.EffortNone), want: `32000|{"type":"between_tools"}|`},
		{name: "off, cannot be", model: "claude-opus-5-5", reasoning: effort(llm.EffortNone), want: `32000||{"effort":"low"}`, lost: "reasoning_effort"},
		{name: "off, not known", model: "claude-mythos-preview", reasoning: effort(llm.EffortNone), want: `32000||{"effort":"low"}`, lost: "reasoning_effort"},

		{name: "forced call", model: "claude-sonnet-4-5", reasoning: effort(llm.EffortLow), choice: forced, want: "32000||", lost: "reasoning_effort"},
		{name: "forced call, adaptive", model: "claude-opus-4-7", reasoning: effort(llm.EffortLow), choice: forced, want: "32000||", lost: "reasoning_effort"},
		{name: "forced call, thinks by itself", model: "claude-opus-5", reasoning: effort(llm.EffortLow), choice: forced, want: `32000|{"type":"adaptive","display":"summarized"}|{"effort":"low"}`},
		{name: "prefill", model: "claude-sonnet-4-5", reasoning: effort(llm.EffortLow), turns: prefill, want: "32000||", lost: "reasoning_effort"},
		{name: "calls under way without a thought", model: "claude-sonnet-4-5", reasoning: effort(llm.EffortLow), turns: loop, want: "32000||", lost: "reasoning_effort"},
		{name: "calls under way with a thought of another", model: "claude-sonnet-4-5", reasoning: effort(llm.EffortLow), turns: foreign, want: "32000||", lost: "reasoning_content,reasoning_effort"},
		{name: "calls under way with a thought first", model: "claude-sonnet-4-5", reasoning: effort(llm.EffortLow), turns: loops, want: `36096|{"type":"enabled","budget_tokens":4096}|`},
		{name: "calls of an earlier turn", model: "claude-sonnet-4-5", reasoning: effort(llm.EffortLow), turns: past, want: `36096|{"type":"enabled","budget_tokens":4096}|`},
		{name: "calls under way, adaptive", model: "claude-opus-4-6", reasoning: effort(llm.EffortLow), turns: loop, want: `32000|{"type":"adaptive"}|{"effort":"low"}`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := asking(func(r *llm.Request) {
				r.Reasoning, r.ToolChoice, r.Tools = tc.reasoning, tc.choice, []llm.Tool{tool("f")}
				if tc.max != "" {
					r.MaxTokens = llm.Number(tc.max)
				}
				if tc.turns != nil {
					r.Turns = tc.turns
				}
			})
			body, sent := encode(t, r, tc.model)
			v := gjson.Parse(body)
			got := v.Get("max_tokens").Raw + "|" + v.Get("thinking").Raw + "|" + v.Get("output_config").Raw
			if lost := strings.Join(sent.Lost, ","); got != tc.want || lost != tc.lost {
				t.Errorf("got  %s, lost %q\nwant %s, lost %q", got, lost, tc.want, tc.lost)
			}
		})
	}
}

// TestSampling: what goes with which generation, with and without thinking.
func TestSampling(t *testing.T) {
	for _, tc := range []struct {
		name, model      string
		thinks           bool
		heat, topP, topK string
		want, lost       string
	}{
		{name: "zero", model: "claude-sonnet-4-5", heat: "0", want: "0||"},
		{name: "as it is written", model: "claude-3-5-haiku-latest", heat: "0.50", topP: "0.9", topK: "40", want: "0.50|0.9|40"},
		{name: "over 1", model: "claude-sonnet-4-5", heat: "1.5", want: "1||", lost: "temperature"},
		{name: "top_k that means no limit", model: "claude-sonnet-4-5", topK: "-1", want: "||", lost: "top_k"},
		{name: "one of two", model: "claude-sonnet-4-5", heat: "0.5", topP: "0.9", want: "0.5||", lost: "top_p"},
		{name: "both, older", model: "claude-sonnet-4-20250514", heat: "0.5", topP: "0.9", want: "0.5|0.9|"},
		{name: "top_p", model: "claude-sonnet-4-5", topP: "0.9", topK: "40.0", want: "|0.9|40"},
		{name: "thinking", model: "claude-sonnet-4-5", thinks: true, heat: "0.5", topP: "0.9", topK: "40", want: "||", lost: "temperature,top_p,top_k"},
		{name: "thinking, defaults", model: "claude-sonnet-4-20250514", thinks: true, heat: "1", topP: "0.95", want: "1|0.95|"},
		{name: "fixed", model: "claude-opus-4-7", heat: "0", topP: "0.95", topK: "1", want: "||", lost: "temperature,top_p,top_k"},
		{name: "fixed, defaults", model: "claude-sonnet-5", heat: "1", topP: "0.99", want: "1|0.99|"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			number := func(s string) llm.Number {
				if s == "" {
					return nil
				}
				return llm.Number(s)
			}
			body, sent := encode(t, asking(func(r *llm.Request) {
				r.Temperature, r.TopP, r.TopK = number(tc.heat), number(tc.topP), number(tc.topK)
				r.Reasoning.Adaptive = tc.thinks
			}), tc.model)
			v := gjson.Parse(body)
			got := v.Get("temperature").Raw + "|" + v.Get("top_p").Raw + "|" + v.Get("top_k").Raw
			if lost := strings.Join(sent.Lost, ","); got != tc.want || lost != tc.lost {
				t.Errorf("got %s, lost %q; want %s, lost %q", got, lost, tc.want, tc.lost)
			}
		})
	}
}
