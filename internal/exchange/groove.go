package exchange

import (
	"bytes"

	"github.com/aiclient2api/caddy-aiclient2api/formats"
	"github.com/aiclient2api/caddy-aiclient2api/llm"
)

// groove is how a stream wrote its last event, if that was a mere piece of text:
// the bytes in front of the text's literal and those behind it. Nearly all events
// of a stream differ from the one before in nothing else, and what they say is
// known without taking them apart.
type groove struct {
	before, behind []byte
	choice         int
}

// longestGroove bounds what is kept of an event.
const longestGroove = 1 << 10

// next reads the event that b begins with, if it is one of the groove. end is
// where the next one begins, 0 if it is another.
func (g *groove) next(b []byte) (text llm.Literal, end int) {
	if len(g.before) == 0 || !bytes.HasPrefix(b, g.before) {
		return nil, 0
	}
	text, rest, ok := formats.CutLiteral(b[len(g.before):])
	if !ok || text.Empty() || !bytes.HasPrefix(rest, g.behind) {
		return nil, 0
	}
	return text, len(b) - len(rest) + len(g.behind)
}

// learn takes the groove of an event, whose data is a part of raw, and which
// became that piece of a text; whatever it was before is forgotten.
func (g *groove) learn(raw, data []byte, piece *llm.Event) {
	g.leave()
	// The literal is a part of the data, which is the last field but for the
	// empty line; if it is written elsewhere, or anew, there is no groove.
	from := len(raw) - len(data) - len("\n\n")
	at := from + len(data) - cap(piece.Text)
	if from < 0 || at < from || at+len(piece.Text) > len(raw) || len(raw) > longestGroove ||
		&raw[at] != &piece.Text[0] || string(raw[from+len(data):]) != "\n\n" {
		return
	}
	g.before = append(g.before, raw[:at]...)
	g.behind = append(g.behind, raw[at+len(piece.Text):]...)
	g.choice = piece.Choice
}

// leave forgets the groove.
func (g *groove) leave() { g.before, g.behind = g.before[:0], g.behind[:0] }
