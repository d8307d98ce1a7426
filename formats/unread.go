package formats

import (
	"slices"

	"github.com/aiclient2api/caddy-aiclient2api/llm"
)

// Unread are names of members of an object that its decoder does not read, as
// long as it is not known what the object is.
type Unread []string

// Bounds of them: they are a client's text.
const (
	mostUnread    = 16 // of one object
	longestUnread = 40
)

// Note notes a member, unless its value says no more than its absence.
func (u *Unread) Note(name, v []byte) {
	switch string(v) {
	case "null", "false", "{}", "[]", `""`:
		return
	}
	if n := llm.Clip(string(name), longestUnread); len(*u) < mostUnread && !slices.Contains(*u, n) {
		*u = append(*u, n)
	}
}

// Lose hands the names to lose, behind that of where the object stands.
func (u Unread) Lose(lose func(name string), place string) {
	for _, name := range u {
		lose(place + name)
	}
}

// IsDirect reports whether a value is {"type":"direct"} or ["direct"]: that a tool
// is called by the model itself and by no program, as goes without saying.
func IsDirect(v []byte) bool {
	if len(v) > 0 && v[0] == '[' {
		e := ElementsOf(v)
		return e.Next() && string(e.Value()) == `"direct"` && !e.Next()
	}
	return string(Member(v, "type")) == `"direct"`
}
