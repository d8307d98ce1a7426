package responses

import (
	"strconv"
	"strings"

	"github.com/aiclient2api/caddy-aiclient2api/llm"
)

// model is what a model's name tells of what its API takes. OpenAI's own models
// are the strictest, and each generation refuses something that the one before
// took (https://platform.openai.com/docs/guides/latest-model).
type model struct {
	// own is whether it is one of OpenAI's.
	own bool
	// developer is whether it knows the role.
	developer bool
	// fixed is whether it takes no sampling, rigid whether it takes none while
	// it reasons.
	fixed, rigid bool
	// custom is whether it knows tools that take a plain text.
	custom bool
	// effort is whether it takes an effort, from least to most. silent is
	// whether it can be told not to think.
	effort      bool
	least, most llm.Effort
	silent      bool
	// origin is whose sealed reasoning it gives and takes back, "" for nobody's.
	origin llm.Origin
}

// xai is the origin of what Grok seals, in OpenRouter's words.
const xai llm.Origin = "xai-responses-v1"

// modelOf reads a name. What stands before a slash is who serves or made it.
func modelOf(name string) model {
	name = strings.ToLower(name)
	m := model{least: llm.EffortLow, most: llm.EffortHigh}
	base := name[strings.LastIndexByte(name, '/')+1:]
	version, isGPT := strings.CutPrefix(base, "gpt-")
	major, minor := versionOf(version)
	switch {
	case len(base) > 1 && base[0] == 'o' && base[1] >= '1' && base[1] <= '9' && (len(base) == 2 || base[2] == '-'),
		strings.HasPrefix(base, "codex"):
		m.own, m.developer, m.fixed, m.effort = true, true, true, true
	case isGPT && major >= 5:
		m.own, m.developer, m.custom = true, true, true
		m.gpt(version, major, minor)
	case isGPT && major > 0 || strings.HasPrefix(base, "chatgpt"):
		m.own = true
	default:
		m.foreign(base)
	}
	if m.own && m.effort {
		m.origin = llm.OpenAI
	}
	return m
}

// gpt tells the generations since GPT-5 apart: GPT-5 always reasons, later ones
// can do without, and take sampling as long as they do.
func (m *model) gpt(version string, major, minor int) {
	has := func(word string) bool { return strings.Contains(version, word) }
	switch {
	case has("chat"):
		return
	case major == 5 && minor == 0:
		m.effort, m.fixed = true, true
		if !has("codex") {
			m.least = llm.EffortMinimal
		}
		if has("pro") {
			m.least = llm.EffortHigh
		}
	default:
		m.effort, m.silent, m.rigid = true, true, true
		if major > 5 || minor > 1 || has("codex-max") {
			m.most = llm.EffortXHigh
		}
		if has("pro") {
			m.least, m.silent, m.fixed = llm.EffortMedium, false, true
		}
	}
}

// effortless are words in the names of models of others that are refused an
// effort.
var effortless = [...]string{"llama", "mistral", "mixtral", "ministral", "codestral", "devstral", "pixtral", "magistral", "command", "grok", "gemma", "phi-"}

// foreign reads the name of a model that is not OpenAI's.
func (m *model) foreign(base string) {
	m.effort = true
	for _, word := range effortless {
		if strings.Contains(base, word) && !strings.Contains(base, "grok-3-mini") {
			m.effort = false
		}
	}
	m.silent = strings.Contains(base, "gemini") || strings.Contains(base, "qwen")
	if has := func(word string) bool { return strings.Contains(base, word) }; has("grok") && !has("grok-2") && !has("grok-3") && !has("non-reasoning") {
		m.origin = xai
	}
}

// versionOf reads the number that a text begins with: 5 and 1 of 5.1-mini.
func versionOf(s string) (major, minor int) {
	end := strings.IndexFunc(s, func(r rune) bool { return r != '.' && (r < '0' || r > '9') })
	if end < 0 {
		end = len(s)
	}
	first, second, _ := strings.Cut(s[:end], ".")
	major, _ = strconv.Atoi(first)
	minor, _ = strconv.Atoi(second)
	return major, minor
}

// effortOf returns the effort to ask for, "" for none, and whether that is
// less than what the client said.
func (m model) effortOf(r llm.Reasoning) (effort llm.Effort, lost bool) {
	switch {
	case !r.Asked():
		return "", false
	case !m.effort:
		return "", !r.Off()
	case r.Off():
		switch {
		case m.silent:
			return llm.EffortNone, false
		case m.own:
			return m.least, true
		}
		return "", true
	}
	effort = r.Level(llm.EffortMedium)
	if effort == llm.EffortNone { // a budget that leaves it to the model
		effort = llm.EffortMedium
	}
	clamped := effort.Clamp(m.least, m.most)
	return clamped, clamped != effort
}

// sealer returns whose sealed reasoning an answer holds, by the name of the
// model that gave it; "" if that is nobody's that we know. The servers of OpenAI
// and Azure call a model by its name or by an operator's own.
func sealer(model string) llm.Origin {
	model = strings.ToLower(model)
	switch vendor, _, known := strings.Cut(model, "/"); {
	case strings.Contains(model, "grok"):
		return xai
	case known && vendor != "openai":
		return ""
	}
	return llm.OpenAI
}
