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
//     the order of the calls, and bear the call's ID, which no other call of
//     that turn has, and its tool's Name.
type Dialogue struct {
	System []Part
	// Turns alternate between User and Assistant. With late instructions
	// allowed, a turn of the role System may stand right behind one of the user.
	Turns []Turn
	// Moved is whether instructions from the middle of the conversation were
	// put into System, where their place is lost.
	Moved bool

	own bool // the parts of the last turn are a copy
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
		case len(d.Turns) == 0 && d.System == nil:
			d.System = slices.Clip(parts) // the client's own, as those of turns are
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
		if !d.own {
			last.Parts, d.own = slices.Clip(last.Parts), true
		}
		last.Parts = append(last.Parts, t.Parts...)
		return
	}
	d.own = false
	d.Turns = append(d.Turns, t)
}

// pair brings results and calls together.
func (d *Dialogue) pair() {
	var calls []call // of the last turn of the assistant
	for i := range d.Turns {
		t := &d.Turns[i]
		switch {
		case t.Role == Assistant:
			own := t.Parts
			t.Parts = named(own, i)
			calls = calls[:0]
			for j, p := range t.Parts {
				if p.Kind == Call {
					calls = append(calls, call{id: p.ID, name: p.Name, own: own[j].ID})
				}
			}
		case t.Role == User && slices.ContainsFunc(t.Parts, isResult):
			t.Parts = inOrder(t.Parts, calls)
			calls = calls[:0]
		}
	}
}

// Distinguish gives each call an ID that no other of the conversation has, and
// its result the same: there are servers that count from the beginning in every
// answer. The same conversation always gets the same IDs.
func (d *Dialogue) Distinguish() {
	var count map[string]int // of the calls so far, by ID
	calls := 0
	for _, t := range d.Turns {
		for i := range t.Parts {
			if t.Role != Assistant || t.Parts[i].Kind != Call {
				continue
			}
			if calls++; count == nil {
				count = make(map[string]int)
			}
			count[string(t.Parts[i].ID)] = 0
		}
	}
	if len(count) == calls {
		return
	}
	for i := range d.Turns {
		if d.Turns[i].Role != Assistant {
			continue
		}
		changed := make(map[string]Literal) // of the calls of this turn, by their IDs
		for _, p := range d.Turns[i].Parts {
			if p.Kind != Call {
				continue
			}
			if id := numbered(p.ID, count); string(id) != string(p.ID) {
				changed[string(p.ID)] = id
			}
		}
		if len(changed) == 0 {
			continue
		}
		d.Turns[i].Parts = identified(d.Turns[i].Parts, Call, changed)
		if i+1 < len(d.Turns) {
			d.Turns[i+1].Parts = identified(d.Turns[i+1].Parts, Result, changed)
		}
	}
}

// identified returns the parts with other IDs of those of that kind.
func identified(parts []Part, kind Kind, ids map[string]Literal) []Part {
	parts = slices.Clone(parts)
	for i := range parts {
		if id, ok := ids[string(parts[i].ID)]; ok && parts[i].Kind == kind {
			parts[i].ID = id
		}
	}
	return parts
}

// call is a call as its result has to name it; own is the ID that the client
// gave it.
type call struct{ id, name, own Literal }

// named returns the parts of the i-th turn with an ID for each call, and none
// for two: some servers give all calls of an answer the same.
func named(parts []Part, i int) []Part {
	calls, nameless := 0, false
	for _, p := range parts {
		if p.Kind == Call {
			calls++
			nameless = nameless || p.ID.Empty()
		}
	}
	if calls < 2 && !nameless {
		return parts
	}
	if !nameless && calls <= few && distinct(parts) {
		return parts
	}
	count := make(map[string]int, calls) // of the calls with an ID
	for _, p := range parts {
		if p.Kind == Call {
			count[string(p.ID)] = 0
		}
	}
	if len(count) == calls && !nameless {
		return parts
	}
	parts = slices.Clone(parts)
	for j := range parts {
		p := &parts[j]
		if p.Kind != Call {
			continue
		}
		if p.ID.Empty() {
			p.ID = Literal(`"call_` + strconv.Itoa(i) + "_" + strconv.Itoa(j) + `"`)
		}
		p.ID = numbered(p.ID, count)
	}
	return parts
}

// few is how many are compared one by one, without a map.
const few = 16

// distinct reports whether no two calls have the same ID.
func distinct(parts []Part) bool {
	for i := range parts {
		for j := range parts[:i] {
			if parts[i].Kind == Call && parts[j].Kind == Call && string(parts[i].ID) == string(parts[j].ID) {
				return false
			}
		}
	}
	return true
}

// numbered returns an ID, with a number behind it if it is not the first of
// those that are the same, and none of all has that.
func numbered(id Literal, count map[string]int) Literal {
	out := id
	for taken := count[string(id)] > 0; taken; _, taken = count[string(out)] {
		count[string(id)]++
		out = Literal(`"` + string(id.Inner()) + "_" + strconv.Itoa(count[string(id)]) + `"`)
	}
	count[string(out)]++
	return out
}

func isResult(p Part) bool { return p.Kind == Result }

// inOrder returns the parts of a turn with the results first, in the order of
// the calls that they answer: by id, else by name, else as they come.
func inOrder(parts []Part, calls []call) []Part {
	out := make([]Part, 0, len(parts))
	used := make([]bool, len(parts))
	results := results{parts: parts, used: used}
	if len(parts) > few {
		results.sort()
	}
	for _, c := range calls {
		at := results.take(c)
		if at >= 0 {
			answer := parts[at]
			answer.ID, answer.Name = c.id, c.name
			out = append(out, answer)
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

// results are those of a turn that no call was found for yet. Those of a long
// turn are sorted by how they say which call they answer.
type results struct {
	parts        []Part
	used         []bool
	byID, byName map[string]*queue
	nameless     queue
}

// take returns the place of a call's result, -1 if there is none.
func (r *results) take(c call) int {
	for by := range 3 {
		if at := r.first(c, by); at >= 0 {
			r.used[at] = true
			return at
		}
	}
	return -1
}

// first returns the place of the first result that is a call's by its ID (0), by
// its name (1) or because it has neither (2).
func (r *results) first(c call, by int) int {
	if r.byID != nil {
		return [...]*queue{r.byID[string(c.own)], r.byName[string(c.name)], &r.nameless}[by].next(r.used)
	}
	for i := range r.parts {
		p := &r.parts[i]
		if p.Kind != Result || r.used[i] {
			continue
		}
		switch {
		case by == 0 && !p.ID.Empty() && string(p.ID) == string(c.own),
			by == 1 && p.ID.Empty() && !p.Name.Empty() && string(p.Name) == string(c.name),
			by == 2 && p.ID.Empty() && p.Name.Empty():
			return i
		}
	}
	return -1
}

// sort makes the queues.
func (r *results) sort() {
	r.byID, r.byName = map[string]*queue{}, map[string]*queue{}
	add := func(m map[string]*queue, key string, at int) {
		if m[key] == nil {
			m[key] = new(queue)
		}
		m[key].places = append(m[key].places, at)
	}
	for i, p := range r.parts {
		switch {
		case p.Kind != Result:
		case !p.ID.Empty():
			add(r.byID, string(p.ID), i)
		case !p.Name.Empty():
			add(r.byName, string(p.Name), i)
		default:
			r.nameless.places = append(r.nameless.places, i)
		}
	}
}

// queue are places of results, in their order.
type queue struct{ places []int }

// next returns the first place that was not taken, -1 if there is none.
func (q *queue) next(used []bool) int {
	for q != nil && len(q.places) > 0 {
		at := q.places[0]
		q.places = q.places[1:]
		if !used[at] {
			return at
		}
	}
	return -1
}
