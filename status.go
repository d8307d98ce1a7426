package aiclient2api

import (
	"time"

	"github.com/aiclient2api/caddy-aiclient2api/internal/cooldown"
	"github.com/aiclient2api/caddy-aiclient2api/internal/exchange"
	"github.com/aiclient2api/caddy-aiclient2api/internal/upstream"
)

// providerList is what the admin API tells of providers.
type providerList struct {
	Providers []providerStatus `json:"providers"`
}

// providerStatus is a provider of the running configuration; several sites may
// have one of the same name.
type providerStatus struct {
	Name     string          `json:"name"`
	Kind     string          `json:"kind"`
	Accounts []accountStatus `json:"accounts"`
}

// accountStatus is how an account is. ID tells accounts apart whose names and
// upstreams are the same.
type accountStatus struct {
	Name     string `json:"name"`
	Upstream string `json:"upstream"`
	ID       string `json:"id"`
	State    string `json:"state"`
	spellStatus
	InFlight  int64            `json:"in_flight"`
	Attempts  map[string]int64 `json:"attempts"`
	LastError *failureStatus   `json:"last_error,omitempty"`
	Models    []modelStatus    `json:"models"`
}

// modelStatus is a model for which an account is out of use, or not proven yet.
type modelStatus struct {
	Model string `json:"model"`
	State string `json:"state"`
	spellStatus
}

// spellStatus is why and until when something is out of use.
type spellStatus struct {
	Reason   string `json:"reason,omitempty"`
	Until    string `json:"until,omitempty"`
	Stated   bool   `json:"stated"` // the provider named the time
	Failures int    `json:"failures"`
}

// failureStatus is a failure.
type failureStatus struct {
	Class   string `json:"class"`
	Message string `json:"message"`
	At      string `json:"at"`
}

// status returns how accounts are, by provider. They are in the order of
// upstream.All.
func status(all []*upstream.Shared, now time.Time) (list providerList) {
	list.Providers = []providerStatus{}
	for _, s := range all {
		last := len(list.Providers) - 1
		if last < 0 || list.Providers[last].Name != s.Provider || list.Providers[last].Kind != s.Kind {
			list.Providers = append(list.Providers, providerStatus{Name: s.Provider, Kind: s.Kind})
			last++
		}
		p := &list.Providers[last]
		p.Accounts = append(p.Accounts, accountOf(s, now))
	}
	return list
}

// accountOf returns how an account is.
func accountOf(s *upstream.Shared, now time.Time) accountStatus {
	r := s.Report(now)
	a := accountStatus{
		Name: s.Account, Upstream: s.Base, ID: s.ID, State: r.Grade.String(),
		InFlight: s.InFlight.Load(), Attempts: make(map[string]int64), Models: []modelStatus{},
	}
	for class := range exchange.Class(exchange.Classes) {
		if n := s.Attempts[class].Load(); n > 0 {
			a.Attempts[class.String()] = n
		}
	}
	if !r.LastAt.IsZero() {
		a.LastError = &failureStatus{r.Last.Class, r.Last.Text, timestamp(r.LastAt)}
	}
	spells := r.Spells
	if r.Grade != cooldown.Fit && len(spells) > 0 && spells[0].Model == "" { // the account's own
		a.spellStatus, spells = spellOf(spells[0]), spells[1:]
	}
	for _, sp := range spells {
		a.Models = append(a.Models, modelStatus{sp.Model, sp.Grade.String(), spellOf(sp)})
	}
	return a
}

// spellOf returns what is told of a spell.
func spellOf(sp cooldown.Spell) spellStatus {
	return spellStatus{sp.Class, timestamp(sp.Until), sp.Stated, sp.Failures}
}

// timestamp writes a time for programs and people.
func timestamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }
