package upstream

import (
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aiclient2api/caddy-aiclient2api/internal/cooldown"
	"github.com/aiclient2api/caddy-aiclient2api/internal/exchange"
)

// Shared is what is known of an account in this process: of its identity,
// whatever handlers and configurations have it.
type Shared struct {
	// Provider, Kind and Account are names, Base is the base URL without what may
	// hold a secret, for people. ID tells accounts apart whose names are the same.
	Provider, Kind, Account, Base, ID string

	cooldown.State
	// InFlight counts the attempts under way, streams included.
	InFlight atomic.Int64
	// Attempts counts those that came to an end, by class.
	Attempts Tally

	tally   *Tally
	holders int       // configurations that have it
	left    time.Time // when the last of them went
}

// Tally counts the attempts that came to an end, by class.
type Tally [exchange.Classes]atomic.Int64

// Tally returns what is counted under the names of the provider and the account,
// whatever credential or address these have had. It never goes back.
func (s *Shared) Tally() *Tally { return s.tally }

// count counts an attempt that came to an end.
func (s *Shared) count(class exchange.Class) {
	s.Attempts[class].Add(1)
	s.tally[class].Add(1)
}

// registry keeps what is shared, by the account's identity.
//
// It is not one of Caddy's usage pools, because these forget at once: an
// account that a configuration leaves out and the next one takes in again
// should not be asked meanwhile what it has refused, and a request that is
// still under way in a configuration that has gone should not write to what
// nobody reads.
type registry struct {
	mu      sync.Mutex
	by      map[string]*Shared
	tallies map[[2]string]*Tally // by provider and account
}

var accounts = registry{by: make(map[string]*Shared), tallies: make(map[[2]string]*Tally)}

// remembered is how long an account is remembered that no configuration has.
const remembered = cooldown.Longest

// take returns what is shared of an account, and notes one more holder.
func (r *registry) take(identity string, a *Account, kind, provider string, now time.Time) *Shared {
	r.mu.Lock()
	defer r.mu.Unlock()
	for id, s := range r.by {
		if s.holders == 0 && now.Sub(s.left) > remembered {
			delete(r.by, id)
		}
	}
	s := r.by[identity]
	if s == nil {
		s = &Shared{
			Provider: provider, Kind: kind, Account: a.Name, Base: shown(a.Base), ID: idOf(identity),
			tally: r.tally(provider, a.Name),
		}
		r.by[identity] = s
	}
	s.holders++
	return s
}

// tally returns what is counted under these names; r is locked.
func (r *registry) tally(provider, account string) *Tally {
	names := [2]string{provider, account}
	t := r.tallies[names]
	if t == nil {
		t = new(Tally)
		r.tallies[names] = t
	}
	return t
}

// shown returns a base URL for people: without its query and its user, where
// some put a credential.
func shown(base *url.URL) string {
	u := *base
	u.User, u.RawQuery, u.ForceQuery, u.Fragment, u.RawFragment = nil, "", false, "", ""
	return u.String()
}

// give notes one holder less.
func (r *registry) give(s *Shared, now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	s.holders--
	s.left = now
}

// All returns the accounts of the configurations that run, by provider, kind and name.
func All() []*Shared {
	accounts.mu.Lock()
	defer accounts.mu.Unlock()
	var all []*Shared
	for _, s := range accounts.by {
		if s.holders > 0 {
			all = append(all, s)
		}
	}
	slices.SortFunc(all, func(a, b *Shared) int {
		for _, pair := range [...][2]string{{a.Provider, b.Provider}, {a.Kind, b.Kind}, {a.Account, b.Account}, {a.Base, b.Base}, {a.ID, b.ID}} {
			if n := strings.Compare(pair[0], pair[1]); n != 0 {
				return n
			}
		}
		return 0
	})
	return all
}
