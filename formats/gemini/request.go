package gemini

import (
	"github.com/aiclient2api/caddy-aiclient2api/formats"
	"github.com/aiclient2api/caddy-aiclient2api/formats/jsonschema"
	"github.com/aiclient2api/caddy-aiclient2api/llm"
)

// names are the names of functions that Google takes
// (https://ai.google.dev/api/caching#FunctionDeclaration).
var names = formats.Alphabet{Most: 64, Extra: ".:", Letter: true}

// forced is the name of the function that stands for a form of the answer.
const forced = "json_output"

// writer writes one request.
type writer struct {
	*formats.Sent
	traits
	r *llm.Request
	b []byte
	// work is what all schemas may make, plain are the names of tools that take a text,
	// calls the names of the tools of all calls by their ids once they are known.
	work  *jsonschema.Budget
	plain map[string]bool
	calls map[string]llm.Literal

	// content is whether a content has been begun, role whose it is.
	content bool
	role    llm.Role
	// declare is whether functions are declared, form whether the form of the
	// answer is asked for in the generation config.
	declare, form bool
}

// Encode writes a request. What is the same in every request of a
// conversation comes first: prompt caches look at beginnings.
func (Upstream) Encode(dst []byte, r *llm.Request, model string) (*formats.Sent, *formats.Unsupported) {
	w := writer{
		Sent:   &formats.Sent{Names: formats.Names{Alphabet: names}},
		traits: traitsOf(model), r: r, b: append(dst, '{'),
		work: jsonschema.BudgetFor(r),
	}
	for _, t := range r.Tools {
		if t.Plain {
			if w.plain == nil {
				w.plain = make(map[string]bool)
			}
			w.plain[string(t.Name)] = true
		}
	}
	d := r.Dialogue(false)
	if len(d.Turns) == 0 {
		return nil, formats.CannotTake("messages", "the conversation is empty")
	}
	if d.Moved {
		w.Lose("system message position")
	}
	for _, step := range [...]func() *formats.Unsupported{
		w.plan,
		func() *formats.Unsupported { return w.instructions(&d) },
		w.tools,
		func() *formats.Unsupported { return w.contents(d.Turns) },
		w.config,
	} {
		if no := step(); no != nil {
			return nil, no
		}
	}
	if !r.User.Empty() {
		w.Lose("user")
	}
	for _, name := range r.Advice {
		w.Lose(name)
	}
	w.Body = append(w.b, '}')
	return w.Sent, nil
}

// plan settles how the form of the answer is asked for. Models before Gemini 3
// give no JSON beside functions ("Function calling with a response mime type:
// 'application/json' is unsupported"): there the answer is the call of one
// more function, which is forced.
func (w *writer) plan() *formats.Unsupported {
	choice := w.r.ToolChoice
	schema := w.r.Output.Schema
	w.declare = len(w.r.Tools) > 0
	w.form = w.r.Output.Form != llm.Free
	if !w.form || !w.declare || w.third {
		return nil
	}
	if choice.Mode == llm.None {
		w.declare = false // what must not be called need not be known
		return nil
	}
	w.form = false
	switch {
	case choice.Mode == llm.Required || choice.Mode == llm.Named || choice.Must,
		// a call is the answer, there is no text to form
		w.r.Output.Form == llm.JSON || len(schema) == 0 || formats.IsNull(schema):
		// the model fills in only what a schema lists, so that without one it
		// would give an empty object; clients say in words too that they want JSON
		w.Lose("response_format")
	default:
		w.Forced = w.unused(forced)
	}
	return nil
}

// unused returns a name that no tool of the client is sent by.
func (w *writer) unused(name string) llm.Literal {
	taken := make(map[string]bool, len(w.r.Tools))
	for _, t := range w.r.Tools {
		taken[string(w.Names.Sent(t.Name))] = true
	}
	for {
		l := formats.Encoded(name)
		if !taken[string(l)] {
			return l
		}
		name += "_"
	}
}

// instructions writes the system instruction, which holds text only
// (https://ai.google.dev/api/generate-content#request-body).
func (w *writer) instructions(d *llm.Dialogue) *formats.Unsupported {
	if len(d.System) == 0 {
		return nil
	}
	if !w.instructed {
		w.Lose("system message position")
		d.Turns = append([]llm.Turn{{Role: llm.User, Parts: d.System}}, d.Turns...)
		return nil
	}
	w.key("systemInstruction")
	w.b = append(w.b, `{"parts":[`...)
	for i, p := range d.System {
		text := p.Text
		if p.Kind != llm.Text && p.Kind != llm.Refusal {
			if p.Media == nil || p.Media.Plain == nil {
				return formats.CannotCarry(p, "instructions can be text only")
			}
			text = p.Media.Plain
		}
		w.cached(p.Cache)
		if i > 0 {
			w.b = append(w.b, ',')
		}
		w.text(text)
		w.b = append(w.b, '}')
	}
	w.b = append(w.b, "]}"...)
	return nil
}

// key begins a member of the object that is being written.
func (w *writer) key(name string) {
	if w.b[len(w.b)-1] != '{' {
		w.b = append(w.b, ',')
	}
	w.b = append(append(append(w.b, '"'), name...), `":`...)
}

// text begins a part with a text.
func (w *writer) text(l llm.Literal) {
	if l == nil {
		l = llm.Literal(`""`)
	}
	w.b = append(append(w.b, `{"text":`...), l...)
}

// cached notes that a mark for a prompt cache is left out: Google's caches
// are implicit or objects of their own.
func (w *writer) cached(mark llm.Value) {
	if mark != nil {
		w.Lose("cache_control")
	}
}
