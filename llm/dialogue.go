package llm

import (
	"slices"
	"strconv"
)

// Dialogue is a conversation in the order that stricter formats want:
//
//   - instructions stand apart, in System, and Turns are of the user and the
//     assistant in alternation;
//   - every turn has a part, and no text is empty;
//   - the results of a turn's calls come first in the turn that follows, in
//     the order of the calls, and bear the call's ID and its tool's Name.
type Dialogue struct {
	System []Part
	// Turns alternate between User and Assistant. With late instructions
	// allowed, a turn of the role System may stand right behind one of the user.
	Turns []Turn
	// Moved is whether instructions from the middle of the conversation were
	// put into System, where their place is lost.
	Moved bool
}

// Dialogue returns the conversation so. late is whether the format takes
// instructions in the middle, behind a turn of the user. The request is not
// changed. A conversation of nothing but instructions becomes the user's.
func (r *Request) Dialogue(late bool) Dialogue {
	d := Dialogue{Turns: make([]Turn, 0, len(r.Turns))}
	for _, t := range r.Turns {
		parts := said(t.Parts)
		switch {
		case len(parts) == 0:
		case !t.Role.Instructs():
			d.join(Turn{Role: t.Role, Parts: parts, At: t.At})
		case len(d.Turns) == 0:
			d.System = append(d.System, parts...)
		case late && d.Turns[len(d.Turns)-1].Role != Assistant:
			d.join(Turn{Role: System, Parts: parts, At: t.At})
		default:
			d.Moved = true
			d.System = append(d.System, parts...)
		}
	}
	if len(d.Turns) == 0 && len(d.System) > 0 {
		d.Turns = append(d.Turns, Turn{Role: User, Parts: d.System})
		d.System = nil
	}
	d.pair()
	return d
}

// said returns the parts without empty texts.
func said(parts []Part) []Part {
	empty := func(p Part) bool {
		return (p.Kind == Text || p.Kind == Refusal) && p.Text.Empty() && p.Signature.Empty()
	}
	if !slices.ContainsFunc(parts, empty) {
		return parts
	}
	return slices.DeleteFunc(slices.Clone(parts), empty)
}

// join adds a turn, or its parts to the last one if that has the same role.
func (d *Dialogue) join(t Turn) {
	if n := len(d.Turns); n > 0 && d.Turns[n-1].Role == t.Role {
		last := &d.Turns[n-1]
		last.Parts = append(slices.Clip(last.Parts), t.Parts...)
		return
	}
	d.Turns = append(d.Turns, t)
}

// pair brings results and calls together.
func (d *Dialogue) pair() {
	var calls []Part // of the last turn of the assistant
	for i := range d.Turns {
		t := &d.Turns[i]
		switch {
		case t.Role == Assistant:
			t.Parts = named(t.Parts, i)
			calls = calls[:0]
			for _, p := range t.Parts {
				if p.Kind == Call {
					calls = append(calls, p)
				}
			}
		case t.Role == User && slices.ContainsFunc(t.Parts, isResult):
			t.Parts = inOrder(t.Parts, calls)
			calls = calls[:0]
		}
	}
}

// named returns the parts of the i-th turn with an ID for each call.
func named(parts []Part, i int) []Part {
	nameless := func(p Part) bool { return p.Kind == Call && p.ID.Empty() }
	if !slices.ContainsFunc(parts, nameless) {
		return parts
	}
	parts = slices.Clone(parts)
	for j := range parts {
		if nameless(parts[j]) {
			parts[j].ID = Literal(`"call_` + strconv.Itoa(i) + "_" + strconv.Itoa(j) + `"`)
		}
	}
	return parts
}

func isResult(p Part) bool { return p.Kind == Result }

// inOrder returns the parts of a turn with the results first, in the order of
// the calls that they answer.
func inOrder(parts, calls []Part) []Part {
	out := make([]Part, 0, len(parts))
	used := make([]bool, len(parts))
	for _, c := range calls {
		for _, match := range [...]func(Part) bool{
			func(p Part) bool { return !p.ID.Empty() && string(p.ID) == string(c.ID) },
			func(p Part) bool { return p.ID.Empty() && string(p.Name) == string(c.Name) },
			func(p Part) bool { return p.ID.Empty() && p.Name.Empty() },
		} {
			at := -1
			for i := range parts {
				if parts[i].Kind == Result && !used[i] && match(parts[i]) {
					at = i
					break
				}
			}
			if at >= 0 {
				used[at] = true
				answer := parts[at]
				answer.ID, answer.Name = c.ID, c.Name
				out = append(out, answer)
				break
			}
		}
	}
	for _, results := range [...]bool{true, false} { // those of no call before what is no result
		for i, p := range parts {
			if !used[i] && isResult(p) == results {
				out = append(out, p)
			}
		}
	}
	return out
}
