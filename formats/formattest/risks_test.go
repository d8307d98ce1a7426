package formattest

import (
	"slices"
	"strings"
	"testing"
)

// risks are what is known to go wrong between these formats, each with the
// scenarios that show it does not: what users of other gateways reported, what
// a translator of requests and one of answers must respect, and what vendors do
// that their documents do not say.
var risks = []struct{ risk, scenarios string }{
	// tools
	{"1 index, id and name of calls in a stream", "answer-calls-amid-text dialects-of-calls answer-streamed-arguments"},
	{"2 blocks do not overlap, text before and after calls", "answer-calls-amid-text answer-paused n-and-logprobs"},
	{"3 results of one turn are one message, text beside them survives", "results-out-of-order results-of-several-texts text-beside-calls-and-results"},
	{"4 a result has the function's name; ways of choosing a tool", "results-out-of-order calls-without-ids tool-choice-none tool-choice-required tool-choice-named failed-result"},
	{"5 schemas that a provider does not take", "tool-schemas tool-schema-union-on-top tool-schema-recursive tool-schema-of-an-old-draft schema-answer schema-answer-open schema-answer-open-within schema-answer-recursive tools-without-schema schema-of-google"},
	{"6 names of tools, ids of calls", "tool-names-and-ids"},
	{"7 parallel calls, strict, allowed tools", "one-call-at-a-time tool-strict tool-choice-allowed-auto tool-choice-allowed-required"},
	{"8 empty arguments, empty content", "empty-arguments empty-contents answer-empty"},
	// reasoning
	{"9 thoughts come back unchanged and in place", "thoughts-signed-by-claude thoughts-with-hidden-text answer-thoughts-of-claude answer-thoughts-omitted answer-thoughts-of-openai answer-reasoning-without-summary thoughts-signed-by-openai"},
	{"10 Gemini's signatures, thoughts do not leak into the text", "thoughts-signed-by-gemini answer-thoughts-of-gemini"},
	{"12 who wants reasoning back and who refuses it", "thoughts-without-signature dialects-of-reasoning"},
	{"13 effort, budget and level per generation", "effort-high effort-none effort-minimal effort-beyond-the-model thinking-budget-of-the-client thinking-left-to-the-model"},
	// usage, stop, sampling
	{"14 usage is asked for, merged and counted as the client counts", "limits-stops-and-advice answer-text answer-usage"},
	{"15 one finish reason, never the provider's word", "answer-cut-short answer-paused answer-refused answer-prompt-blocked answer-malformed-call answer-of-a-call-gone-wrong answer-hosted-calls-only"},
	{"16 sampling, limits and what has no place", "temperature-zero limits-stops-and-advice n-and-logprobs logprobs-while-thinking sampling-while-thinking advice-of-responses advice-of-claude advice-of-gemini"},
	{"17 one id, one terminator", "answer-text dialects-of-streams"},
	{"18 instructions anywhere", "system-anywhere system-behind-user developer-alone"},
	// content
	{"19 images, documents, sounds, results with images", "image-by-url media-at-foreign-addresses documents-as-data audio file-of-another-vendor results-out-of-order result-of-an-image-only image-in-instructions documents-of-claude video-as-data file-of-google image-detail"},
	{"20 marks of the prompt cache", "cache-marks cache-marks-of-openai"},
	{"21 members that nobody knows", "limits-stops-and-advice members-of-sdks answer-with-unknown-members"},
	{"22 characters and frames cut anywhere", "halves-of-characters dialects-of-streams"},
	// errors
	{"23 the error in the client's own shape", "failure-in-the-stream"},
	{"25 an answer that breaks ends with the client's own error", "failure-in-the-stream"},

	// habits of vendors
	{"Claude's generations differ in sampling and late instructions", "temperature-zero system-behind-user effort-high"},
	{"members that OpenAI's own SDKs add", "members-of-sdks"},
	{"Gemini 3 wants signatures, schemas by their generation", "results-out-of-order thoughts-signed-by-gemini tool-schemas"},
	{"xAI's and Google's ways of counting", "answer-usage"},
	{"comments, no terminator, a JSON array", "dialects-of-streams answer-gemini-as-array"},

	// requests
	{"neighbours of one role, empty messages, prefill, a lone developer", "neighbours-of-one-role empty-contents prefill developer-alone"},
	{"calls without ids pair by order and name", "calls-without-ids legacy-functions legacy-functions-two-calls"},
	{"missing parameters, closed answers, unions on top", "tool-schemas schema-answer tool-schema-union-on-top"},
	{"thinking gives way to forced calls, prefill and broken loops", "thinking-with-a-forced-tool thinking-with-a-forced-form prefill thoughts-without-signature"},
	{"sampling that a model refuses", "sampling-while-thinking temperature-zero"},
	{"meaning that cannot be carried is refused", "file-of-another-vendor media-at-foreign-addresses audio output-that-is-no-text hosted-tool-forced n-and-logprobs state-of-openai state-of-google file-of-google video-as-data completion-with-suffix"},
	{"advice is never refused", "hosted-tool-on-offer cache-marks limits-stops-and-advice image-detail deferred-tools hosted-tools-in-history"},
	{"tools that take plain text", "custom-tools custom-tools-native"},
	{"the form of the answer, with tools and without", "json-answer schema-answer schema-answer-beside-tools"},
	{"arguments in which a model erred", "arguments-that-are-no-json"},

	// answers
	{"the finish is held back", "answer-text answer-cut-short dialects-of-streams failure-in-the-stream"},
	{"the opening of Azure, changing ids, parts for content, empty shells", "dialects-of-streams dialects-of-calls dialects-of-reasoning dialects-of-claude"},
	{"blocks of hosted tools, pings, empty pieces, sealed thoughts", "answer-paused answer-text answer-calls-amid-text answer-thoughts-of-claude"},
	{"streamed arguments, missing ids, signatures on empty texts, blocked prompts", "answer-streamed-arguments answer-calls-amid-text answer-thoughts-of-gemini answer-prompt-blocked"},
	{"an explanation is no text", "answer-refused answer-malformed-call"},
	{"refusals, sources, images", "answer-refusal-text answer-citations answer-image images-out"},

	// agents and older clients
	{"11 sealed reasoning is replayed", "answer-thoughts-of-openai answer-reasoning-without-summary thoughts-signed-by-openai codex"},
	{"29 what Claude Code, Codex and Google's clients send", "claude-code codex gemini-dialects namespaces additional-tools deferred-tools custom-tools-native"},
	{"the history of hosted tools", "hosted-tools-in-history"},
	{"state of one vendor's inside another's protocol", "thoughts-signed-by-claude thoughts-signed-by-gemini thoughts-signed-by-openai answer-thoughts-omitted"},
	{"completions on models for conversations", "completion completion-with-suffix answer-text"},
}

// TestRisks: each risk has its scenarios, and each scenario is there for a risk.
func TestRisks(t *testing.T) {
	var there []string
	for _, s := range load(t) {
		there = append(there, s.name)
	}
	known := make(map[string]bool)
	for _, r := range risks {
		for _, name := range strings.Fields(r.scenarios) {
			known[name] = true
			if !slices.Contains(there, name) {
				t.Errorf("%s: the scenario %s is missing", r.risk, name)
			}
		}
	}
	for _, name := range there {
		if !known[name] {
			t.Errorf("the scenario %s is for no risk", name)
		}
	}
}
