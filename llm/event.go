package llm

// Event is one step of an answer. A provider's format decodes a stream, or a
// body that is not streamed, into events; a client's format encodes them as a
// stream or folds them into a body.
//
// The order, which decoders keep and encoders rely on:
//
//   - Start is first and comes once. It may know neither ID nor Model.
//   - Each alternative answer (Choice, counted from 0) is a sequence of blocks
//     that do not overlap: Open, then any number of Delta, Sign and Cite, then
//     Close. Blocks of different choices may interleave.
//   - Finish comes once a choice, after its last block, held back to the end of
//     the stream, because providers go on after they have said it.
//   - Usage may come anywhere between Start and End and more than once; each
//     states all that is known by then and replaces what came before.
//   - Lost may come anywhere.
//   - The last event is End, or Fail, which may also come first, or in the
//     middle of a block, whose Close it spares.
//
// The Literals of an event are valid JSON strings, and parts of the bytes that
// were decoded: they are valid until the decoder is called again.
type Event struct {
	Step   Step
	Choice int

	// Kind, ID, Name, Signature and Origin go with Open. Kind is Text, Thought,
	// Sealed, Call, Refusal or Image. The signature is complete for Sealed, and
	// for Call and Text whose provider signs those; a Thought is signed by Sign,
	// at its end, and has its Origin at Open if that is to be expected. Start has ID and Model (as Name).
	Kind     Kind
	ID, Name Literal

	// Text is a piece of the open block: of its text, or of the text of a
	// call's arguments (a JSON object, escaped as a string). A block of
	// arguments without any Delta means `{}`. An Image has its data in base64
	// here and its type in Name.
	Text Literal

	// Signature and Origin also go with Sign: opaque state of the block.
	Signature Literal
	Origin    Origin

	Citation *Citation

	Usage Usage

	// Reason goes with Finish. Text is then the provider's own explanation, if
	// it gave one; it is not part of the answer.
	Reason Reason

	// Logprobs go with Delta: those of the tokens of the text.
	Logprobs []TokenLogprob

	// What was lost of the provider's answer goes with Lost: a name for logs.
	What string

	// Err goes with Fail.
	Err *Error
}

// AppendDelta appends a Delta, which is what nearly all events are. It fills the
// event in its place: an event is large, and copying it is what would take most
// of the time.
func AppendDelta(events []Event, choice int, text Literal) []Event {
	events = append(events, Event{})
	e := &events[len(events)-1]
	e.Step, e.Choice, e.Text = Delta, choice, text
	return events
}

// Step is what an event says.
type Step uint8

// The steps.
const (
	Start Step = iota
	Open
	Delta
	Sign
	Cite
	Close
	Finish
	Stated // Usage
	Lost
	Fail
	End
)

// Reason is why a choice ended.
type Reason uint8

// The reasons.
const (
	// Stopped: the model had no more to say, or came to a stop sequence.
	Stopped Reason = iota
	// Length: the answer came to its limit or the model to that of its context.
	Length
	// Calls: the model waits for results of its calls. It goes with at least
	// one block of the kind Call.
	Calls
	// Filtered: the model or a filter of the provider declined.
	Filtered
)

// Citation is where a text comes from.
type Citation struct {
	URL, Title Literal
	// Quote is what is cited.
	Quote Literal
	// From and To are the borders of the text that the citation is for, in
	// characters of all text of the choice; unknown if the provider does not say.
	From, To Count
}

// TokenLogprob is how probable a token was.
type TokenLogprob struct {
	Token   Literal
	Logprob Number
	Top     []TokenLogprob // alternatives
}
