package chaos

import (
	"fmt"
	"strings"
	"time"
)

// enRoute is how long after an account's refusal requests may still arrive that
// had chosen it before.
const enRoute = 3 * time.Second

// forgotten returns what the gateway has forgotten of accounts at reloads: one
// that has refused its credential or wants payment is out for ten minutes, and
// as there is always somebody else, it is not asked again in a run. kept is how
// many of those it has kept in mind.
func (r *run) forgotten() (what []string, kept int) {
	heard := make(map[string]bool) // by token: the gateway has surely read what it was answered
	for _, k := range r.records {
		heard[k.token] = k.verdict != leftEarly && k.verdict != lost && k.end.Sub(k.start) < hangAllowed
	}
	refused := make(map[string]attempt)
	asked := make(map[string]time.Time) // last
	for token, attempts := range r.gateway.ledger.attempts {
		for _, a := range attempts {
			if first, was := refused[a.account]; heard[token] && (a.fault == "401" || a.fault == "402") && (!was || a.at.Before(first.at)) {
				refused[a.account] = a
			}
			if a.at.After(asked[a.account]) {
				asked[a.account] = a.at
			}
		}
	}
	for _, p := range r.gateway.providers {
		for _, a := range p.accounts {
			first, was := refused[a.name]
			late := asked[a.name].Sub(first.at)
			switch {
			case !was || a.renewed || strings.HasPrefix(p.name, "bad-"):
			case late > enRoute:
				what = append(what, fmt.Sprintf("%s was still asked %v after it had answered %s", a.name, late, first.fault))
			default:
				kept++
			}
		}
	}
	return what, kept
}
