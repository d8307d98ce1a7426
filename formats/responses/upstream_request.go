package responses

import (
	"bytes"

	"github.com/tidwall/gjson"

	"github.com/aiclient2api/caddy-aiclient2api/formats"
	"github.com/aiclient2api/caddy-aiclient2api/formats/jsonschema"
	"github.com/aiclient2api/caddy-aiclient2api/llm"
)

// Alphabets of names and ids. OpenAI refuses others.
var (
	sentNames = formats.Alphabet{Most: 64}
	sentIDs   = formats.Alphabet{Most: 64}
)

// minTokens is the least that an answer's limit may be
// (https://platform.openai.com/docs/api-reference/responses/create#responses-create-max_output_tokens).
const minTokens = 16

// maxUser is the most characters of a user's id that OpenAI takes.
const maxUser = 64

// writer writes one request. Members always come in the same order, and
// nothing is added that varies, so that prompt caches hit.
type writer struct {
	*formats.Sent
	b      []byte
	r      *llm.Request
	model  model
	effort llm.Effort
	json   bool            // the word stands in the conversation
	plains map[string]bool // names of tools that take a plain text
	work   *jsonschema.Budget
}

// Encode writes a conversation as a request for a response
// (https://platform.openai.com/docs/api-reference/responses/create). Nothing is
// left with the provider: it stores none, and seals its reasoning for us to
// bring back (https://platform.openai.com/docs/guides/reasoning#encrypted-reasoning-items).
func (Upstream) Encode(dst []byte, r *llm.Request, name string) (*formats.Sent, *formats.Unsupported) {
	w := &writer{Sent: &formats.Sent{Names: formats.Names{Alphabet: sentNames}}, b: dst, r: r, model: modelOf(name), work: jsonschema.BudgetFor(r)}
	for _, advice := range r.Advice {
		w.Lose(advice)
	}
	if no := formats.OnlyText(r); no != nil {
		return nil, no
	}
	if r.Candidates > 1 {
		return nil, formats.WouldLack("n", "it gives one answer to a request")
	}
	for i := range r.Tools {
		if r.Tools[i].Plain {
			if w.plains == nil {
				w.plains = make(map[string]bool)
			}
			w.plains[string(r.Tools[i].Name)] = true
		}
	}
	w.b = append(w.b, `{"model":`...)
	w.b = formats.AppendString(w.b, name)
	w.b = append(w.b, `,"input":[`...)
	if no := w.input(); no != nil {
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
	w.b = append(w.b, `,"store":false`...)
	if r.Stream {
		w.b = append(w.b, `,"stream":true`...)
	}
	w.Body = append(w.b, '}')
	return w.Sent, nil
}

// member appends a member with a value that is JSON.
func (w *writer) member(name string, value []byte) {
	w.b = append(append(append(w.b, `,"`...), name...), `":`...)
	w.b = append(w.b, value...)
}

// comma separates what comes from what stands before it in a list.
func (w *writer) comma() {
	if w.b[len(w.b)-1] != '[' {
		w.b = append(w.b, ',')
	}
}

// output writes the form that the answer must have
// (https://platform.openai.com/docs/guides/structured-outputs?api-mode=responses).
func (w *writer) output() *formats.Unsupported {
	o := w.r.Output
	switch o.Form {
	case llm.JSON:
		w.b = append(w.b, `,"text":{"format":{"type":"json_object"}}`...)
	case llm.ToSchema:
		w.b = append(w.b, `,"text":{"format":{"type":"json_schema","name":`...)
		if o.Name.Empty() {
			w.b = append(w.b, `"answer"`...)
		} else {
			w.b = append(w.b, sentNames.Legal(o.Name)...)
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
		} else {
			w.b = append(w.b, `,"schema":{}`...)
		}
		if o.Strict != nil {
			w.strict(*o.Strict)
		}
		w.b = append(w.b, "}}"...)
	}
	return nil
}

func (w *writer) strict(strict bool) {
	if strict {
		w.b = append(w.b, `,"strict":true`...)
	} else {
		w.b = append(w.b, `,"strict":false`...)
	}
}

// reasoning writes how hard to think, and asks for a summary of it.
func (w *writer) reasoning() {
	effort, lost := w.model.effortOf(w.r.Reasoning)
	if lost {
		w.Lose("reasoning_effort")
	}
	if w.effort = effort; effort == "" {
		return
	}
	w.b = append(append(append(w.b, `,"reasoning":{"effort":"`...), effort...), '"')
	if effort != llm.EffortNone && !w.r.Reasoning.Hide {
		w.b = append(w.b, `,"summary":"auto"`...)
	}
	w.b = append(w.b, '}')
}

// seals reports whether the model may reason, so that what it thought has to be
// asked for. Models that do not refuse to be asked.
func (w *writer) seals() bool {
	if w.effort == "" {
		return w.model.origin != ""
	}
	return w.effort != llm.EffortNone
}

// sampling writes the limits and the sampling, as far as the model takes it.
// A value that is the default is no loss.
func (w *writer) sampling() *formats.Unsupported {
	r, m := w.r, w.model
	if n, ok := formats.Int(r.MaxTokens); ok && n < minTokens {
		w.Lose("max_tokens")
		w.b = append(w.b, `,"max_output_tokens":16`...)
	} else if r.MaxTokens != nil {
		w.member("max_output_tokens", r.MaxTokens)
	}
	refused := m.fixed || m.rigid && w.effort != "" && w.effort != llm.EffortNone
	for _, s := range [...]struct {
		name   string
		value  llm.Number
		normal float64
		known  bool
	}{
		{"temperature", r.Temperature, 1, true},
		{"top_p", r.TopP, 1, true},
		{"frequency_penalty", r.FrequencyPenalty, 0, false},
		{"presence_penalty", r.PresencePenalty, 0, false},
	} {
		switch {
		case s.value == nil:
		case s.known && !refused:
			w.member(s.name, s.value)
		case gjson.ParseBytes(s.value).Float() != s.normal:
			w.Lose(s.name)
		}
	}
	for _, s := range [...]struct {
		name string
		said bool
	}{{"top_k", r.TopK != nil}, {"seed", r.Seed != nil}, {"stop", len(r.Stop) > 0}} {
		if s.said {
			w.Lose(s.name)
		}
	}
	if r.Logprobs && refused {
		return formats.WouldLack("logprobs", "the model does not tell how probable tokens are")
	}
	if r.Logprobs && r.TopLogprobs != nil {
		w.member("top_logprobs", r.TopLogprobs)
	}
	w.include()
	return nil
}

// include asks for what does not come by itself
// (https://platform.openai.com/docs/api-reference/responses/create#responses-create-include).
func (w *writer) include() {
	seals := w.seals()
	if !seals && !w.r.Logprobs {
		return
	}
	w.b = append(w.b, `,"include":[`...)
	if seals {
		w.b = append(w.b, `"reasoning.encrypted_content"`...)
	}
	if w.r.Logprobs {
		w.comma()
		w.b = append(w.b, `"message.output_text.logprobs"`...)
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
