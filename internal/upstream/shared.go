package upstream

import (
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
	// Provider, Kind and Account are names, Base is the base URL, for people.
	Provider, Kind, Account, Base string

	cooldown.State
	// InFlight counts the attempts under way, streams included.
	InFlight atomic.Int64
	// Attempts counts those that came to an end, by class.
	Attempts [exchange.Classes]atomic.Int64

	holders int       // configurations that have it
	left    time.Time // when the last of them went
}

// registry keeps what is shared, by the account's identity.
//
// It is not one of Caddy's usage pools, because these forget at once: an
// account that a configuration leaves out and the next one takes in again
// should not be asked meanwhile what it has refused, and a request that is
// still under way in a configuration that has gone should not write to what
// nobody reads.
type registry struct {
	mu sync.Mutex
	by map[string]*Shared
}

var accounts = registry{by: make(map[string]*Shared)}

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
		s = &Shared{Provider: provider, Kind: kind, Account: a.Name, Base: a.Base.Redacted()}
		r.by[identity] = s
	}
	s.holders++
	return s
}

// give notes one holder less.
func (r *registry) give(s *Shared, now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	s.holders--
	s.left = now
}

// All returns the accounts of the configurations that run, by provider and name.
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
		for _, pair := range [...][2]string{{a.Provider, b.Provider}, {a.Account, b.Account}, {a.Base, b.Base}} {
			if n := strings.Compare(pair[0], pair[1]); n != 0 {
				return n
			}
		}
		return 0
	})
	return all
}
