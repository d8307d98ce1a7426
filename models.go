package aiclient2api

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/aiclient2api/caddy-aiclient2api/formats"
	"github.com/aiclient2api/caddy-aiclient2api/internal/glob"
	"github.com/aiclient2api/caddy-aiclient2api/internal/upstream"
)

// serveModels answers the list of models, or one of them, with what the
// caller may use.
func (h *Handler) serveModels(w http.ResponseWriter, r *http.Request, ep endpoint, c *call, who caller) error {
	if ep.what == modelList {
		write(w, http.StatusOK, c.Client.AppendModels(nil, h.list(r.Context(), ep.pin, who)))
		return nil
	}
	m, ok := h.find(r.Context(), ep, who)
	if !ok {
		return c.fail(w, noModel(ep.model))
	}
	write(w, http.StatusOK, c.Client.AppendModel(nil, m))
	return nil
}

// list returns the models that the caller may use: the names in the rules,
// then each provider's, in the providers' order.
func (h *Handler) list(ctx context.Context, pin *Provider, who caller) (out []formats.Model) {
	said := make(map[string]bool)
	add := func(id, asked, owner string) {
		if !said[id] && who.may(asked) {
			said[id] = true
			out = append(out, formats.Model{ID: id, Owner: owner})
		}
	}
	if pin == nil {
		for _, rule := range h.router.rules {
			targets, err := serving(rule.targets)
			if err == nil && glob.Literal(rule.pattern) {
				add(rule.pattern, rule.pattern, targets[0].provider.Name)
			}
		}
	}
	h.fetch(ctx, pin)
	for _, p := range h.Providers {
		if p.pool == nil || pin != nil && p != pin {
			continue
		}
		for _, id := range p.models {
			switch {
			case !glob.Literal(id):
			case pin != nil:
				add(id, p.Name+"/"+id, p.Name)
			default:
				add(id, id, p.Name)
			}
		}
		for _, id := range h.catalogs[p].known() {
			long := p.Name + "/" + id
			switch {
			case pin != nil:
				add(id, long, p.Name)
			case h.leadsTo(id, p):
				add(id, id, p.Name)
			default:
				add(long, long, p.Name)
			}
		}
	}
	return out
}

// leadsTo reports whether a model's name alone goes to that model at p.
func (h *Handler) leadsTo(id string, p *Provider) bool {
	resolved, _ := h.router.resolve(nil, id)
	targets, err := serving(resolved)
	return err == nil && targets[0].provider == p && targets[0].plan(id).Model == id
}

// find returns one model: one of the list, or one that a pattern names.
func (h *Handler) find(ctx context.Context, ep endpoint, who caller) (formats.Model, bool) {
	asked := ep.model
	if ep.pin != nil {
		asked = ep.pin.Name + "/" + asked
	}
	if !who.may(asked) {
		return formats.Model{}, false
	}
	list := h.list(ctx, ep.pin, who)
	if i := slices.IndexFunc(list, func(m formats.Model) bool { return m.ID == ep.model }); i >= 0 {
		return list[i], true
	}
	for _, rule := range h.router.rules {
		if ep.pin == nil && glob.Match(rule.pattern, ep.model) {
			if targets, err := serving(rule.targets); err == nil {
				return formats.Model{ID: ep.model, Owner: targets[0].provider.Name}, true
			}
		}
	}
	for _, p := range h.Providers {
		if p.pool != nil && (ep.pin == nil || ep.pin == p) && glob.Any(p.models, ep.model) {
			return formats.Model{ID: ep.model, Owner: p.Name}, true
		}
	}
	return formats.Model{}, false
}

// How long a provider's list is good for, how long until the next try after
// one that failed, how long a client waits for the first, and how long a
// provider may take.
const (
	catalogFresh = 5 * time.Minute
	catalogRetry = 30 * time.Second
	catalogWait  = 2 * time.Second
	catalogTake  = 15 * time.Second
)

// clock is what catalogs tell the time by, another one in tests.
var clock = time.Now

// catalog is a provider's own list of models. It is fetched in the background
// when somebody asks and it is old; what is old is served meanwhile.
type catalog struct {
	now func() time.Time

	mu      sync.Mutex
	ids     []string
	due     time.Time     // of the next fetch
	pending chan struct{} // closed at the end of the fetch under way, nil if there is none
	ever    bool          // a fetch has ended
}

// known returns the list as it is.
func (k *catalog) known() []string {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.ids
}

// refresh starts a fetch if one is due, and returns what to wait for: nil if
// there is a list already.
func (k *catalog) refresh(fetch func(context.Context) ([]string, error), failed func(error)) <-chan struct{} {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.pending == nil && !k.now().Before(k.due) {
		pending := make(chan struct{})
		k.pending = pending
		go func() {
			ctx, cancel := context.WithTimeout(context.Background(), catalogTake)
			defer cancel()
			ids, err := fetch(ctx)
			k.mu.Lock()
			defer k.mu.Unlock()
			k.pending, k.ever, k.due = nil, true, k.now().Add(catalogFresh)
			if err == nil {
				k.ids = ids
			} else {
				k.due = k.now().Add(catalogRetry)
				failed(err)
			}
			close(pending)
		}()
	}
	if k.ever {
		return nil
	}
	return k.pending
}

// fetch refreshes the lists of the providers that have to be asked, and waits
// for those that were never there, all in all as long as a client waits.
func (h *Handler) fetch(ctx context.Context, pin *Provider) {
	ctx, cancel := context.WithTimeout(ctx, catalogWait)
	defer cancel()
	var wait []<-chan struct{}
	for _, p := range h.Providers {
		if p.pool == nil || p.models != nil || pin != nil && p != pin {
			continue
		}
		pending := h.catalogs[p].refresh(p.pool.Models, func(err error) {
			if errors.Is(err, upstream.ErrNoList) {
				return
			}
			h.logger.Warn("fetching a provider's list of models", zap.String("provider", p.Name), zap.Error(err))
		})
		if pending != nil {
			wait = append(wait, pending)
		}
	}
	for _, pending := range wait {
		select {
		case <-pending:
		case <-ctx.Done():
			return
		}
	}
}
