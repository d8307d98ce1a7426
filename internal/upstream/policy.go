package upstream

import (
	"math"
	"net/http"
	"sync"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp/reverseproxy"
)

// choose chooses among the accounts that may be asked: for a session that has
// an affinity always the same one as long as that may be asked, otherwise as
// the policy does.
func (s selector) choose(t *trial, left reverseproxy.UpstreamPool, w http.ResponseWriter) *reverseproxy.Upstream {
	if t.Affinity != 0 {
		return s.near(t.Affinity, left)
	}
	return s.policy.Select(left, t.Request, w)
}

// near returns the account that is the session's own by rendezvous hashing:
// when one goes its sessions are spread over the others, and when it returns
// they do too. An account's share of the sessions is that of its weight.
func (s selector) near(session uint64, left reverseproxy.UpstreamPool) (best *reverseproxy.Upstream) {
	most := math.Inf(-1)
	for _, u := range left {
		a := s.byUpstream[u]
		// a number in (0, 1) that depends on both, -w/ln of which is the score
		// (https://www.snia.org/sites/default/files/SDC15_presentations/dist_sys/Jason_Resch_New_Consistent_Hashings_Rev.pdf)
		h := mix(session ^ mix(a.hash))
		score := -float64(max(1, a.Weight)) / math.Log((float64(h>>11)+0.5)/(1<<53))
		if score > most {
			best, most = u, score
		}
	}
	return best
}

// mix is the finalizer of SplitMix64.
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// policy returns what chooses among accounts: the operator's policy, or weights.
func (p *Pool) policy(configured reverseproxy.Selector) reverseproxy.Selector {
	for _, a := range p.Accounts {
		if a.Weight > 0 {
			return &byWeight{byUpstream: p.byUpstream, credit: make(map[*Account]int, len(p.Accounts))}
		}
	}
	return configured
}

// byWeight gives each account its share of the requests in an even sequence,
// as smooth weighted round-robin does. Caddy's own weighs by position in the
// list, and here the list holds only those that may be asked.
type byWeight struct {
	byUpstream map[*reverseproxy.Upstream]*Account

	mu     sync.Mutex
	credit map[*Account]int
}

// Select returns the account with the most credit.
func (w *byWeight) Select(left reverseproxy.UpstreamPool, _ *http.Request, _ http.ResponseWriter) *reverseproxy.Upstream {
	w.mu.Lock()
	defer w.mu.Unlock()
	var best *Account
	total := 0
	for _, u := range left {
		a := w.byUpstream[u]
		total += a.Weight
		w.credit[a] += a.Weight
		if best == nil || w.credit[a] > w.credit[best] {
			best = a
		}
	}
	if best == nil {
		return nil
	}
	w.credit[best] -= total
	return best.upstream
}
