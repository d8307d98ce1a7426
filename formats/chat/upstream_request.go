package chat

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/aiclient2api/caddy-aiclient2api/formats"
	"github.com/aiclient2api/caddy-aiclient2api/formats/jsonschema"
	"github.com/aiclient2api/caddy-aiclient2api/llm"
)

// Alphabets of names and ids. OpenAI refuses others, as most vendors do.
var (
	names = formats.Alphabet{Most: 64}
	ids   = formats.Alphabet{Most: 40}
)

// id returns the id of a call as the model's vendor takes it. Mistral wants
// nine letters and digits.
func (w *writer) id(l llm.Literal) llm.Literal {
	if !w.model.nine {
		return ids.Legal(l)
	}
	s := formats.Decoded(l)
	if len(s) == 9 && strings.IndexFunc(s, func(r rune) bool { return r > 'z' || r < '0' || r > '9' && r < 'A' || r > 'Z' && r < 'a' }) < 0 {
		return l
	}
	sum := sha256.Sum256([]byte(s))
	return formats.Encoded(hex.EncodeToString(sum[:5])[:9])
}

// writer writes one request. Members always come in the same order, and
// nothing is added that varies, so that prompt caches hit.
type writer struct {
	*formats.Sent
	b      []byte
	r      *llm.Request
	model  model
	effort llm.Effort
	json   bool // the word stands in the conversation
	// work is what all schemas may make, plain are the names of tools that take a text,
	// allowed those to choose from, nil for all.
	work           *jsonschema.Budget
	plain, allowed map[string]bool
}

// Encode writes a conversation as a request for a chat completion
// (https://platform.openai.com/docs/api-reference/chat/create).
func (Upstream) Encode(dst []byte, r *llm.Request, name string) (*formats.Sent, *formats.Unsupported) {
	w := &writer{Sent: &formats.Sent{Names: formats.Names{Alphabet: names}}, b: dst, r: r, model: modelOf(name), work: jsonschema.BudgetFor(r)}
	if no := formats.OnlyText(r); no != nil {
		return nil, no
	}
	w.lookUp()
	for _, advice := range r.Advice {
		w.Lose(advice)
	}
	w.b = append(w.b, `{"model":`...)
	w.b = formats.AppendString(w.b, name)
	w.b = append(w.b, `,"messages":[`...)
	if no := w.messages(); no != nil {
		return nil, no
	}
	w.b = append(w.b, ']')
	if no := w.tools(); no != nil {
		return nil, no
	}
	if no := w.output(); no != nil {
		return nil, no
	}
	w.reasoning()
	if no := w.sampling(); no != nil {
		return nil, no
	}
	switch {
	case r.User.Empty():
	case formats.Characters(r.User) > maxUser:
		w.Lose("user")
	default:
		w.member("user", r.User)
	}
	if r.Stream {
		w.b = append(w.b, `,"stream":true,"stream_options":{"include_usage":true}`...)
	}
	w.Body = append(w.b, '}')
	return w.Sent, nil
}

// member appends a member with a value that is JSON.
func (w *writer) member(name string, value []byte) {
	w.b = append(append(append(w.b, `,"`...), name...), `":`...)
	w.b = append(w.b, value...)
}

// output writes the form that the answer must have
// (https://platform.openai.com/docs/guides/structured-outputs).
func (w *writer) output() *formats.Unsupported {
	o := w.r.Output
	switch o.Form {
	case llm.JSON:
		w.b = append(w.b, `,"response_format":{"type":"json_object"}`...)
	case llm.ToSchema:
		w.b = append(w.b, `,"response_format":{"type":"json_schema","json_schema":{"name":`...)
		if o.Name.Empty() {
			w.b = append(w.b, `"answer"`...)
		} else {
			w.b = append(w.b, names.Legal(o.Name)...)
		}
		if !o.Description.Empty() {
			w.member("description", o.Description)
		}
		if len(o.Schema) > 0 && !formats.IsNull(o.Schema) {
			schema, err := w.work.Current(o.Schema)
			if err != nil {
				return formats.CannotTake("response_format", "the schema of the answer: %v", err)
			}
			w.member("schema", schema)
		}
		w.strict(o.Strict)
		w.b = append(w.b, "}}"...)
	}
	return nil
}

func (w *writer) strict(strict *bool) {
	if strict != nil && *strict {
		w.b = append(w.b, `,"strict":true`...)
	} else if strict != nil {
		w.b = append(w.b, `,"strict":false`...)
	}
}

// reasoning writes how hard to think.
func (w *writer) reasoning() {
	effort, lost := w.model.effortOf(w.r.Reasoning)
	if lost {
		w.Lose("reasoning_effort")
	}
	if w.effort = effort; effort != "" {
		w.b = append(append(append(w.b, `,"reasoning_effort":"`...), effort...), '"')
	}
}

// sampling writes the limits and the sampling, as far as the model takes it.
// A value that is the default is no loss.
func (w *writer) sampling() *formats.Unsupported {
	r, m := w.r, w.model
	if r.MaxTokens != nil && m.reasons {
		w.member("max_completion_tokens", r.MaxTokens)
	} else if r.MaxTokens != nil {
		w.member("max_tokens", r.MaxTokens)
	}
	refused := m.fixed || m.rigid && w.effort != "" && w.effort != llm.EffortNone
	for _, s := range [...]struct {
		name   string
		value  llm.Number
		normal float64
	}{
		{"temperature", r.Temperature, 1},
		{"top_p", r.TopP, 1},
		{"frequency_penalty", r.FrequencyPenalty, 0},
		{"presence_penalty", r.PresencePenalty, 0},
	} {
		switch {
		case s.value == nil:
		case refused && gjson.ParseBytes(s.value).Float() != s.normal:
			w.Lose(s.name)
		default:
			w.member(s.name, s.value)
		}
	}
	if r.TopK != nil {
		w.Lose("top_k")
	}
	if r.Seed != nil {
		w.member("seed", r.Seed)
	}
	w.stop()
	if r.Candidates > 1 {
		w.b = append(w.b, `,"n":`...)
		w.b = appendInt(w.b, r.Candidates)
	}
	if r.Logprobs {
		if refused {
			return formats.WouldLack("logprobs", "the model does not tell how probable tokens are")
		}
		w.b = append(w.b, `,"logprobs":true`...)
		if r.TopLogprobs != nil {
			w.member("top_logprobs", r.TopLogprobs)
		}
	}
	return nil
}

// maxStops is how many stop sequences there may be.
const maxStops = 4

// maxUser is the most characters of a user's id that OpenAI takes.
const maxUser = 64

func (w *writer) stop() {
	stops := w.r.Stop
	if len(stops) == 0 {
		return
	}
	if !w.model.stops {
		w.Lose("stop")
		return
	}
	if len(stops) > maxStops {
		w.Lose("stop")
		stops = stops[:maxStops]
	}
	w.b = append(w.b, `,"stop":[`...)
	for i, s := range stops {
		if i > 0 {
			w.b = append(w.b, ',')
		}
		w.b = append(w.b, s...)
	}
	w.b = append(w.b, ']')
}

// mention notes whether a text has the word JSON in it, without which OpenAI
// refuses to be asked for a JSON object.
func (w *writer) mention(text []byte) {
	if w.r.Output.Form != llm.JSON || w.json {
		return
	}
	for at := 0; at+4 <= len(text); at++ {
		next := bytes.IndexAny(text[at:], "jJ")
		if next < 0 {
			return
		}
		if at += next; at+4 <= len(text) && bytes.EqualFold(text[at:at+4], []byte("json")) {
			w.json = true
			return
		}
	}
}
