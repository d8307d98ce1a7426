package llm

// Request is a conversation that a model is to continue, in neutral terms. A
// client's format decodes it from a body, a provider's format encodes it for
// its API; one decoded request may be encoded for several providers.
//
// Its Literals, Numbers and Values are parts of the client's body, which must
// be valid JSON and outlive the request. A field that is zero or nil was not
// said by the client: an encoder leaves it out, unless its API requires one.
type Request struct {
	// Turns are the conversation in the client's order, instructions among
	// them. Neighbours may have the same role; Dialogue brings that into the
	// order that stricter formats want.
	Turns []Turn

	// Tools are what the model may call, ToolChoice whether it may or must.
	Tools      []Tool
	ToolChoice ToolChoice
	// Serial is whether the client forbids several calls in one answer.
	Serial bool

	// Output is the form that the answer's text must have.
	Output Output

	// Reasoning is how much the model is to think.
	Reasoning Reasoning

	// Sampling. Stop are the texts that end the answer, Candidates is how many
	// answers are wanted (0 is one), TopLogprobs goes with Logprobs.
	MaxTokens        Number
	Temperature      Number
	TopP             Number
	TopK             Number
	FrequencyPenalty Number
	PresencePenalty  Number
	Seed             Number
	Stop             []Literal
	Candidates       int
	Logprobs         bool
	TopLogprobs      Number

	// User is the client's own id of who asks.
	User Literal

	// Stream is whether the client wants a stream, StreamUsage whether it
	// wants to be told the usage in it.
	Stream, StreamUsage bool

	// Legacy is whether the client speaks an older form of its format, which
	// that format's encoder then writes too (OpenAI's functions, before there
	// were tools).
	Legacy bool

	// Advice are the names of what else the client said and no other format
	// has a place for (logit_bias, store, prediction …). It is lost wherever
	// the request is translated, and named as such.
	Advice []string
}

// Role is who speaks in a turn.
type Role uint8

// The roles. Results of tools are parts of the user's turns.
const (
	User Role = iota
	Assistant
	System
	Developer // instructions too; a format that has one word for both says System
)

// Instructs reports whether the role is one of instructions.
func (r Role) Instructs() bool { return r == System || r == Developer }

// Turn is one message.
type Turn struct {
	Role  Role
	Parts []Part
	// At is the message's place in the client's list, for errors.
	At int
}

// Kind is what a part of a turn, or a block of an answer, is.
type Kind uint8

// The kinds of parts.
const (
	// Text is text: Part.Text.
	Text Kind = iota
	// Image, Audio, Video and File are Part.Media.
	Image
	Audio
	Video
	File
	// Call is the model's call of a tool: ID, Name and Args.
	Call
	// Result is what came of a call: ID, and Content, a list of texts and
	// media. Name is the tool's, if the client's format says it. Failed is
	// whether the tool failed.
	Result
	// Thought is reasoning: Text, and the Signature without which its origin
	// does not take it back.
	Thought
	// Sealed is reasoning that only its origin can read: Signature is all there is.
	Sealed
	// Refusal is text with which the model declined.
	Refusal
)

// Part is a piece of a turn.
type Part struct {
	Kind  Kind
	Text  Literal
	Media *Media

	ID, Name Literal
	// Args are the arguments of a call as the model wrote them, unescaped:
	// the text of a JSON object, as a rule, but models err. Empty is `{}`. Of
	// a tool that takes plain text (Tool.Plain) they are that text.
	Args    []byte
	Content []Part
	Failed  bool

	// Signature is opaque state that belongs to the part (Thought, Sealed,
	// Call or Text) and came from Origin. It goes back there and nowhere else.
	Signature Literal
	Origin    Origin

	// Cache is the client's mark that a prompt cache should end here, as
	// Anthropic writes it ({"type":"ephemeral"}). It is advice.
	Cache Value

	// Turn and At are the part's place for errors: the message in the client's
	// list and the place in its content, -1 if the content is no list or the
	// part none of it.
	Turn, At int
}

// Origin is whose opaque state a signature is: the model family, not the
// address, because a vendor's own state is valid wherever its models run. The
// words are those of the member "format" in OpenRouter's reasoning_details
// (https://openrouter.ai/docs/use-cases/reasoning-tokens).
type Origin string

// The origins.
const (
	Anthropic Origin = "anthropic-claude-v1"
	Google    Origin = "google-gemini-v1"
	OpenAI    Origin = "openai-responses-v1"
)

// Media is an image, a sound, a film or a document. Exactly one of Data, Plain,
// URL and FileID is set.
type Media struct {
	// MIME is the type, "" if the client does not say.
	MIME string
	// Data is the content in base64 with the standard alphabet.
	Data []byte
	// Plain is a document's content as text.
	Plain Literal
	// URL is where it can be fetched.
	URL Literal
	// FileID is a vendor's own name of an uploaded file.
	FileID Literal
	// Name is the file's name, Detail how closely to look at an image (low,
	// high, auto): both are advice.
	Name, Detail Literal
}

// Tool is a function that the model may call and the client runs.
type Tool struct {
	Name        Literal
	Description Literal
	// Schema is the JSON Schema of the arguments, nil if there is none.
	Schema Value
	// Strict is whether arguments must obey the schema to the letter; nil if
	// the client does not say.
	Strict *bool
	// Plain is whether the tool takes one plain text in the place of a JSON
	// object (OpenAI's custom tools). Grammar is the form of that text, as
	// the client wrote it.
	Plain   bool
	Grammar Value
	// Space and Short are the namespace and the name in it of a tool that the
	// client has in one (OpenAI's Responses); Name is then a flat name that
	// stands for both, and the client's encoder gives them back.
	Space, Short Literal
	Cache        Value
	At           int
}

// ToolChoice is whether and which tools the model may call.
type ToolChoice struct {
	Mode ToolMode
	// Names are the tools of the modes Named (one) and Allowed.
	Names []Literal
	// Must goes with Allowed: one of them must be called.
	Must bool
}

// ToolMode is a way of choosing.
type ToolMode uint8

// The modes.
const (
	Auto     ToolMode = iota // the model decides; also what a client means that says nothing
	None                     // no call
	Required                 // a call of any tool
	Named                    // a call of that tool
	Allowed                  // as Auto or Required, but only of those tools
)

// Output is the form of the answer's text.
type Output struct {
	Form OutputForm
	// Name, Description, Schema and Strict go with ToSchema.
	Name, Description Literal
	Schema            Value
	Strict            *bool

	// Media are the kinds that the answer is to have beside text or in its place:
	// Image, Audio.
	Media []Kind
}

// OutputForm is a form of text.
type OutputForm uint8

// The forms.
const (
	Free     OutputForm = iota // any text
	JSON                       // a JSON object
	ToSchema                   // JSON that obeys Output.Schema
)

// Reasoning is how much the model is to think, in the terms in which the
// client says it: an effort, a budget or neither. Formats that have the other
// term convert by EffortOf and BudgetOf.
type Reasoning struct {
	// Effort is one of none, minimal, low, medium, high, xhigh and max, ""
	// if the client does not say.
	Effort Effort
	// Budget is the most tokens to think with, if known. Zero is not to think.
	Budget Count
	// Adaptive is whether the client leaves it to the model.
	Adaptive bool
	// Hide is whether the client wants no text of the thoughts.
	Hide bool
}

// Asked reports whether the client said anything.
func (r Reasoning) Asked() bool { return r.Effort != "" || r.Budget.Known || r.Adaptive }

// Off reports whether the client wants no thinking.
func (r Reasoning) Off() bool {
	return r.Effort == EffortNone || r.Effort == "" && r.Budget.Known && r.Budget.N == 0
}
