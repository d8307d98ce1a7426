package llm

// What an estimate takes for a token, where no provider counts.
const (
	lettersPerToken = 4    // of ASCII
	tokensPerTurn   = 4    // for its role and borders
	tokensPerTool   = 8    // beside its texts
	tokensPerMedium = 1000 // an image of middle size, a page or two
)

// Estimate returns about how many tokens the request is as a prompt. It is for
// clients that plan ahead, not for bills: a quarter of the letters, and each
// character of other scripts, counts as a token.
func (r *Request) Estimate() int64 {
	var e estimate
	for _, t := range r.Turns {
		e.tokens += tokensPerTurn
		e.parts(t.Parts)
	}
	for _, t := range r.Tools {
		e.tokens += tokensPerTool
		e.text(t.Name)
		e.text(t.Description)
		e.text(t.Schema)
		e.text(t.Grammar)
	}
	e.text(r.Output.Schema)
	return e.tokens + (e.letters+lettersPerToken-1)/lettersPerToken
}

type estimate struct{ tokens, letters int64 }

func (e *estimate) parts(parts []Part) {
	for _, p := range parts {
		e.text(p.Text)
		e.text(p.Name)
		e.text(p.Args)
		if p.Media != nil {
			if p.Media.Plain != nil {
				e.text(p.Media.Plain)
			} else {
				e.tokens += tokensPerMedium
			}
		}
		e.parts(p.Content)
	}
}

// text counts a text, escaped or not.
func (e *estimate) text(b []byte) {
	for i := 0; i < len(b); i++ {
		switch c := b[i]; {
		case c >= 0xc0:
			e.tokens++
		case c >= 0x80: // not the first byte of a character
		case c == '\\' && i+5 < len(b) && b[i+1] == 'u':
			e.tokens++
			i += 5
		default:
			e.letters++
		}
	}
}
