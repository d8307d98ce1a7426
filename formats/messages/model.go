package messages

import (
	"strings"

	"github.com/aiclient2api/caddy-aiclient2api/llm"
)

// What a model takes depends on its generation, and Anthropic says so in prose
// only. This file is the one place that knows it, by the model's name:
// https://docs.claude.com/en/docs/about-claude/models/overview (most output),
// https://platform.claude.com/docs/en/build-with-claude/extended-thinking,
// https://platform.claude.com/docs/en/build-with-claude/adaptive-thinking,
// https://platform.claude.com/docs/en/build-with-claude/effort,
// https://platform.claude.com/docs/en/build-with-claude/structured-outputs,
// https://platform.claude.com/docs/en/about-claude/models/whats-new-claude-4-6#prefill-removal.

// thinking is the way in which a model is told to think.
type thinking uint8

const (
	never    thinking = iota // it cannot
	budgeted                 // {"type":"enabled","budget_tokens":n}
	adaptive                 // {"type":"adaptive"} and an effort
)

// generation is what the models from one version to the next have in common.
type generation struct {
	// until is the version of the first model that is newer: 406 is 4.6.
	until int
	// output is the max_tokens of clients that name none, which Anthropic
	// requires; most is the highest number that the models take, 0 if it does
	// not matter here.
	output, most int64
	thinking     thinking
	// thinks is whether the models think unless told otherwise.
	thinks bool
	// omits is whether they leave the text of thoughts out unless asked for it.
	omits bool
	// top is the highest effort next to max, which all with efforts take.
	top llm.Effort
	// replies is whether they answer the user only: no turn of the assistant's
	// can be last, for them to go on with it.
	replies bool
	// one is whether temperature and top_p exclude each other, fixed whether
	// neither may be changed.
	one, fixed bool
	// schemas is whether there are structured outputs, late whether there may
	// be instructions behind a turn of the user.
	schemas, late bool
}

// generations are in the order of their versions; the last has no end.
var generations = [...]generation{
	{until: 305, output: 4096},
	{until: 307, output: 8192},
	{until: 401, output: 32000, most: 64000, thinking: budgeted},
	{until: 406, output: 32000, most: 64000, thinking: budgeted, one: true, schemas: true},
	{until: 407, output: 32000, thinking: adaptive, top: llm.EffortHigh, replies: true, one: true, schemas: true},
	{until: 408, output: 32000, thinking: adaptive, top: llm.EffortXHigh, replies: true, omits: true, fixed: true, schemas: true},
	{until: 500, output: 32000, thinking: adaptive, top: llm.EffortXHigh, replies: true, omits: true, fixed: true, schemas: true, late: true},
	{output: 32000, thinking: adaptive, top: llm.EffortXHigh, thinks: true, replies: true, omits: true, fixed: true, schemas: true, late: true},
}

// foreigner is a model that is no Claude but speaks Anthropic's protocol, as
// those of DeepSeek, Moonshot and Z.ai do: they take what was the protocol when
// they began to.
var foreigner = generation{output: 32000, thinking: budgeted}

// model is what is known of a model from its name.
type model struct {
	generation
	// off is the thinking object that ends thinking, "" if there is none. For
	// models that do not think by themselves it is not needed.
	off string
}

// modelOf returns what is known of the model of that name. A Claude whose name
// has no version is taken for one of the newest.
func modelOf(name string) model {
	claude, family, version := parse(name)
	if !claude {
		return model{generation: foreigner}
	}
	m := model{generation: generations[len(generations)-1]}
	for _, g := range generations[:len(generations)-1] {
		if version > 0 && version < g.until {
			m.generation = g
			break
		}
	}
	switch {
	case version == 0:
		m.late = false // claude-mythos-preview
	case version < 405 && family == "opus" && m.most > 0:
		m.most = 32000
	case version < 500 || version >= 600: // nothing to end, or not known
	case family == "haiku", version < 505 && (family == "opus" || family == "sonnet"):
		m.off = `{"type":"disabled"}`
	case family == "sonnet":
		m.off = `{"type":"between_tools"}`
	}
	return m
}

// parse reads a model's name: whether it is a Claude, of which family and
// version (405 is 4.5, 0 is none). Names come dated, with the vendor's name
// before them, with the version before the family or behind it:
// claude-3-5-sonnet-20241022, anthropic/claude-opus-4.1,
// us.anthropic.claude-sonnet-4-5-20250929-v1:0.
func parse(name string) (claude bool, family string, version int) {
	name = strings.ToLower(name)
	at := strings.LastIndex(name, "claude")
	if at < 0 {
		return false, "", 0
	}
	numbers := 0 // of the version; two at most
	for word := range strings.FieldsFuncSeq(name[at+len("claude"):], separates) {
		if numbers == 0 {
			word = strings.TrimPrefix(word, "v")
		}
		switch n, ok := number(word); {
		case ok && numbers < 2:
			version = 100*version + n
			numbers++
		case !ok:
			if family == "" {
				family = word
			}
			if numbers == 1 {
				version, numbers = 100*version, 2
			}
		}
	}
	if numbers == 1 {
		version *= 100
	}
	return true, family, version
}

// separates reports whether r stands between the words of a model's name.
func separates(r rune) bool {
	switch r {
	case '-', '.', '_', '@', ':', '/', '[', ' ':
		return true
	}
	return false
}

// number reads one or two digits; a date has more.
func number(word string) (n int, ok bool) {
	if len(word) == 0 || len(word) > 2 {
		return 0, false
	}
	for _, c := range []byte(word) {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = 10*n + int(c-'0')
	}
	return n, true
}
