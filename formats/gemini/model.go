package gemini

import (
	"strings"

	"github.com/aiclient2api/caddy-aiclient2api/llm"
)

// traits are what a model takes, as far as its name tells. A name that says
// nothing gets those of Gemini 2.5 Flash: they are the ones that later models
// still understand.
type traits struct {
	// schema is whether it takes JSON Schema; else it takes a subset of OpenAPI.
	schema bool
	// third is whether it is of Gemini 3 or later: it wants thought signatures
	// back, takes media in the results of functions, and gives JSON beside them.
	third bool
	// instructed is whether it takes a system instruction.
	instructed bool
	// images is whether it makes images.
	images bool
	// penalties is whether it takes penalties: later models and those of another
	// kind refuse any but 0 ("Penalty is not enabled for this model").
	penalties bool

	// most is the largest thinking budget, 0 if it takes none; least the
	// smallest, beside 0, which switches thinking off if off is true
	// (https://ai.google.dev/gemini-api/docs/thinking#set-budget).
	least, most int64
	off         bool
	// levels are the thinking levels that it takes in the place of a budget,
	// from the lowest (https://ai.google.dev/gemini-api/docs/thinking#levels).
	levels []llm.Effort
}

// Levels of thinking by model, from the lowest.
var (
	allLevels   = []llm.Effort{llm.EffortMinimal, llm.EffortLow, llm.EffortMedium, llm.EffortHigh}
	upperLevels = allLevels[1:]
	twoLevels   = []llm.Effort{llm.EffortLow, llm.EffortHigh}
	outerLevels = []llm.Effort{llm.EffortMinimal, llm.EffortHigh}
	highLevel   = allLevels[3:]
)

// traitsOf reads a model's name, with or without the path of its resource.
func traitsOf(model string) traits {
	name := strings.ToLower(model[strings.LastIndexByte(model, '/')+1:])
	is := func(word string) bool { return strings.Contains(name, word) }
	switch {
	case strings.HasPrefix(name, "gemma-4"):
		return traits{instructed: true, levels: outerLevels}
	case strings.HasPrefix(name, "gemma"):
		return traits{}
	case strings.HasPrefix(name, "learnlm"):
		return traits{instructed: true}
	}
	major, minor := generation(name)
	silent := is("tts") || is("native-audio") || is("embedding")
	t := traits{instructed: true, schema: major == 0 || major > 2 || major == 2 && minor >= 5, third: major > 2}
	t.penalties, t.images = !t.schema, is("image")
	switch {
	case silent || !t.schema:
	case t.third:
		t.levels = levelsOf(is, major, minor)
	case t.images:
	case is("pro"):
		t.least, t.most = 128, 32768
	case is("lite"):
		t.least, t.most, t.off = 512, 24576, true
	default:
		t.least, t.most, t.off = 1, 24576, true
	}
	return t
}

// levelsOf returns the levels of a model of Gemini 3 or later.
func levelsOf(is func(string) bool, major, minor int) []llm.Effort {
	later := func(than int) bool { return major > 3 || minor > than }
	switch {
	case is("image") && is("flash"):
		return outerLevels
	case is("image"):
		return highLevel
	case is("lite"), is("flash") && !later(6):
		return allLevels
	case is("flash"), later(0):
		return upperLevels
	default:
		return twoLevels
	}
}

// latest stands for the version of a name that follows the newest model, such
// as gemini-flash-latest.
const latest = 99

// generation reads the version out of a name such as gemini-2.5-flash; 0 if
// there is none.
func generation(name string) (major, minor int) {
	_, rest, ok := strings.Cut(name, "gemini-")
	if !ok {
		return 0, 0
	}
	rest = strings.TrimPrefix(rest, "live-")
	if strings.HasSuffix(rest, "-latest") && (rest[0] < '0' || rest[0] > '9') {
		return latest, 0
	}
	major, rest = digits(rest)
	if major > 0 && strings.HasPrefix(rest, ".") {
		minor, _ = digits(rest[1:])
	}
	return major, minor
}

// digits reads a number of at most two digits at the start of s; 0 if there
// is none.
func digits(s string) (n int, rest string) {
	at := 0
	for at < len(s) && s[at] >= '0' && s[at] <= '9' {
		if at == 2 {
			return 0, s
		}
		n = n*10 + int(s[at]-'0')
		at++
	}
	return n, s[at:]
}
