package messages

import (
	"strconv"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/aiclient2api/caddy-aiclient2api/formats"
	"github.com/aiclient2api/caddy-aiclient2api/formats/jsonschema"
	"github.com/aiclient2api/caddy-aiclient2api/llm"
)

// encoder writes one request. What is sent follows in steps: the turns and the
// tools decide whether the model may think, and that decides on max_tokens and
// the sampling. The order of the members is always the same, and nothing is
// added that varies, so that prompt caches hit.
type encoder struct {
	*formats.Sent
	r     *llm.Request
	model model
	// work is what all schemas may make, plain are the names of tools that take a text.
	work  *jsonschema.Budget
	plain map[string]bool

	system []llm.Part
	turns  []llm.Turn // of user and assistant, and late instructions
	tools  []llm.Tool // those that are offered
	choice choice
	// format is the schema of a structured output, forced that of the tool
	// which was added to get JSON; nil is none.
	format, forced []byte
	thought        thought
	marks          marks
}

// Encode writes a conversation as a request of the Messages API
// (https://docs.claude.com/en/api/messages).
func (Upstream) Encode(dst []byte, r *llm.Request, name string) (*formats.Sent, *formats.Unsupported) {
	e := &encoder{Sent: &formats.Sent{}, r: r, model: modelOf(name), work: jsonschema.BudgetFor(r)}
	e.Names.Alphabet = formats.Alphabet{Most: 128}
	for _, step := range [...]func() *formats.Unsupported{e.readMembers, e.readTurns, e.readTools, e.readOutput} {
		if bad := step(); bad != nil {
			return nil, bad
		}
	}
	most := e.readThought()
	e.countMarks()

	dst = append(dst, `{"model":`...)
	dst = formats.AppendString(dst, name)
	dst = append(dst, `,"max_tokens":`...)
	dst = append(dst, most...)
	if r.Stream {
		dst = append(dst, `,"stream":true`...)
	}
	dst = e.appendSystem(dst)
	dst, bad := e.appendTurns(dst)
	if bad != nil {
		return nil, bad
	}
	if dst, bad = e.appendTools(dst); bad != nil {
		return nil, bad
	}
	dst = e.appendChoice(dst)
	dst = e.appendThought(dst)
	dst = e.appendOutput(dst)
	dst = e.appendSampling(dst)
	dst = e.appendStop(dst)
	dst = e.appendUser(dst)
	e.Body = append(dst, '}')
	return e.Sent, nil
}

// loseIf notes that something was left out, if it was.
func (e *encoder) loseIf(lost bool, name string) {
	if lost {
		e.Lose(name)
	}
}

// readMembers refuses and names what the API has no member for.
func (e *encoder) readMembers() *formats.Unsupported {
	r := e.r
	if no := formats.OnlyText(r); no != nil {
		return no
	}
	if r.Candidates > 1 {
		return formats.WouldLack("n", "it gives one answer to a request")
	}
	if r.Logprobs {
		return formats.WouldLack("logprobs", "it does not tell how probable tokens are")
	}
	for _, name := range r.Advice {
		e.Lose(name)
	}
	for _, advice := range [...]struct {
		name  string
		value llm.Number
	}{
		{"frequency_penalty", r.FrequencyPenalty},
		{"presence_penalty", r.PresencePenalty},
		{"top_logprobs", r.TopLogprobs},
	} {
		if advice.value != nil && float(advice.value) != 0 {
			e.Lose(advice.name)
		}
	}
	if r.Seed != nil {
		e.Lose("seed")
	}
	return nil
}

// appendSystem appends the instructions as a list, which unlike a text can
// bear marks of the prompt cache.
func (e *encoder) appendSystem(dst []byte) []byte {
	for i, p := range e.system {
		if i == 0 {
			dst = append(dst, `,"system":[`...)
		} else {
			dst = append(dst, ',')
		}
		dst = append(append(dst, `{"type":"text","text":`...), p.Text...)
		dst = append(e.appendMark(dst, p.Cache, &e.marks.system), '}')
	}
	if len(e.system) > 0 {
		dst = append(dst, ']')
	}
	return dst
}

// appendSampling appends what the model takes of temperature, top_p and top_k.
// Thinking wants them at their defaults but for a top_p near to it, newer
// models want the same always; newer models also take one of temperature and
// top_p only
// (https://docs.claude.com/en/docs/build-with-claude/extended-thinking#feature-compatibility).
func (e *encoder) appendSampling(dst []byte) []byte {
	r, rigid := e.r, e.thought.on || e.model.fixed
	heat := false
	if r.Temperature != nil {
		switch t := float(r.Temperature); {
		case rigid && t != 1:
			e.Lose("temperature")
		case t > 1:
			e.Lose("temperature")
			dst, heat = append(dst, `,"temperature":1`...), true
		default:
			dst, heat = append(append(dst, `,"temperature":`...), r.Temperature...), true
		}
	}
	if r.TopP != nil {
		least := 0.95
		if e.model.fixed {
			least = 0.99
		}
		if rigid && float(r.TopP) < least || heat && e.model.one {
			e.Lose("top_p")
		} else {
			dst = append(append(dst, `,"top_p":`...), r.TopP...)
		}
	}
	if r.TopK != nil {
		if rigid || float(r.TopK) < 0 { // which is no limit to other servers
			e.Lose("top_k")
		} else {
			dst = append(append(dst, `,"top_k":`...), integer(r.TopK)...)
		}
	}
	return dst
}

// appendStop appends the stop sequences. One of white space only is refused.
func (e *encoder) appendStop(dst []byte) []byte {
	n := 0
	for _, stop := range e.r.Stop {
		if stop.Blank() {
			e.Lose("stop")
			continue
		}
		if n++; n == 1 {
			dst = append(dst, `,"stop_sequences":[`...)
		} else {
			dst = append(dst, ',')
		}
		dst = append(dst, stop...)
	}
	if n > 0 {
		dst = append(dst, ']')
	}
	return dst
}

// maxUser is the most characters of a user's id.
const maxUser = 512

func (e *encoder) appendUser(dst []byte) []byte {
	switch user := e.r.User; {
	case user.Empty():
		return dst
	case formats.Characters(user) > maxUser, identifies(formats.Decoded(user)):
		e.Lose("user")
		return dst
	default:
		dst = append(append(dst, `,"metadata":{"user_id":`...), user...)
		return append(dst, '}')
	}
}

// identifies reports whether a user's id is an e-mail address or the number of a
// telephone, which are refused there
// (https://docs.claude.com/en/api/messages#body-metadata-user-id).
func identifies(user string) bool {
	const shortest = 7 // of the numbers
	return strings.Contains(user, "@") || len(user) >= shortest && strings.Trim(user, "0123456789+-() ") == ""
}

// float returns a number's value.
func float(n llm.Number) float64 { return gjson.ParseBytes(n).Float() }

// integer returns a number as the integer that the API wants, if it is one.
func integer(n llm.Number) []byte {
	if i, ok := formats.Int(n); ok && float(n) == float64(i) {
		return strconv.AppendInt(nil, i, 10)
	}
	return n
}
