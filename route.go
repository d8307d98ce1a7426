package aiclient2api

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/caddyserver/caddy/v2"

	"github.com/aiclient2api/caddy-aiclient2api/internal/exchange"
	"github.com/aiclient2api/caddy-aiclient2api/internal/glob"
	"github.com/aiclient2api/caddy-aiclient2api/llm"
)

// Rule says where the models of a pattern go.
type Rule struct {
	// The pattern of the model's name as the client writes it; `*` is any run
	// of characters.
	Pattern string `json:"pattern"`

	// Where they go: `<provider>`, or `<provider>/<model there>`, in order.
	// The later ones are asked when the earlier ones cannot answer. Those in
	// front may have shares of the requests, which make a hundred: `90%:openai`,
	// `10%:azure/gpt-5`.
	Targets []string `json:"targets"`

	// For which faults of a request the next target is asked too:
	// `context_length`, `content_filter`, `model_not_found` (404), `too_large`
	// (413), `bad_request` (any other 400 or 422). Default: none; the client is told.
	FallbackOn []string `json:"fallback_on,omitempty"`
}

// target is a provider and the model's name there, "" for the name that was
// asked for, and its share of the requests in percent, 0 if it has none.
type target struct {
	provider *Provider
	model    string
	percent  int
}

// plan returns the target for a model's name.
func (t target) plan(asked string) exchange.Target {
	out := t.provider.target
	if out.Model = t.model; out.Model == "" {
		out.Model = asked
	}
	return out
}

// router knows where models go. It does not change after it was made.
type router struct {
	providers []*Provider
	byName    map[string]*Provider
	rules     []rule
	fallback  []target
}

type rule struct {
	pattern    string
	targets    []target
	fallbackOn exchange.Faults
}

func newRouter(providers []*Provider, rules []*Rule, fallback []string, repl *caddy.Replacer) (*router, error) {
	rt := &router{providers: providers, byName: make(map[string]*Provider)}
	names := make(map[string]bool)
	for _, p := range providers {
		if err := checkName("provider", p.Name, names); err != nil {
			return nil, err
		}
		rt.byName[p.Name] = p
	}
	said := make(map[string]bool)
	for i, r := range rules {
		if r == nil {
			return nil, fmt.Errorf("model rule %d is null", i+1)
		}
		pattern, err := resolve(repl, r.Pattern)
		if err != nil {
			return nil, fmt.Errorf("model %q: %w", r.Pattern, err)
		}
		switch {
		case pattern == "":
			return nil, fmt.Errorf("model %q: the pattern is empty", r.Pattern)
		case said[pattern]:
			return nil, fmt.Errorf("model %q: the pattern has a rule already", pattern)
		}
		said[pattern] = true
		targets, err := rt.targets(r.Targets, repl)
		if err != nil {
			return nil, fmt.Errorf("model %q: %w", pattern, err)
		}
		on, err := faults(r.FallbackOn)
		if err != nil {
			return nil, fmt.Errorf("model %q: fallback_on: %w", pattern, err)
		}
		rt.rules = append(rt.rules, rule{pattern, targets, on})
	}
	var err error
	if len(fallback) > 0 {
		if rt.fallback, err = rt.targets(fallback, repl); err != nil {
			return nil, fmt.Errorf("default: %w", err)
		}
	}
	return rt, nil
}

// targets resolves the targets of a rule.
func (rt *router) targets(written []string, repl *caddy.Replacer) (out []target, err error) {
	if len(written) == 0 {
		return nil, fmt.Errorf("no target")
	}
	var plain []string
	for _, w := range written {
		resolved, err := resolve(repl, w)
		if err != nil {
			return nil, fmt.Errorf("target %q: %w", w, err)
		}
		plain = append(plain, resolved)
		percent, bare, _ := share(resolved)
		name, model, slash := strings.Cut(bare, "/")
		p := rt.byName[name]
		if p == nil {
			return nil, fmt.Errorf("target %q: there is no provider %q", resolved, name)
		}
		if slash && model == "" {
			return nil, fmt.Errorf("target %q: the model is missing", resolved)
		}
		out = append(out, target{p, model, percent})
	}
	return out, checkShares(plain)
}

// faults returns the faults of these names.
func faults(names []string) (all exchange.Faults, err error) {
	for _, name := range names {
		f := exchange.Fault(name)
		switch {
		case f == 0:
			return 0, fmt.Errorf("%q is none of %s", name, strings.Join(exchange.FaultNames[:], ", "))
		case all&f != 0:
			return 0, errors.New(strconv.Quote(name) + " stands twice")
		}
		all |= f
	}
	return all, nil
}

// resolve returns where a model goes, by the first of: the pin, the rules, a
// provider's name before the model's, the providers' models, the default, the
// only provider. It returns nil if nothing claims it. on are the faults for which
// the next target is asked.
func (rt *router) resolve(pin *Provider, model string) (targets []target, on exchange.Faults) {
	if pin != nil {
		return pin.self, 0
	}
	for i := range rt.rules {
		if r := &rt.rules[i]; glob.Match(r.pattern, model) {
			return r.targets, r.fallbackOn
		}
	}
	if name, rest, slash := strings.Cut(model, "/"); slash && rest != "" {
		if p := rt.byName[name]; p != nil {
			return []target{{provider: p, model: rest}}, 0
		}
	}
	for _, p := range rt.providers {
		if glob.Any(p.models, model) {
			return p.self, 0
		}
	}
	if rt.fallback != nil {
		return rt.fallback, 0
	}
	if len(rt.providers) == 1 {
		return rt.providers[0].self, 0
	}
	if only := rt.only(); only != nil {
		return only.self, 0
	}
	return nil, 0
}

// only returns the only provider that was not left out, if there is one only.
func (rt *router) only() (only *Provider) {
	for _, p := range rt.providers {
		if p.pool != nil {
			if only != nil {
				return nil
			}
			only = p
		}
	}
	return only
}

// serving returns the targets that were not left out. If none is left, the
// error names the providers.
func serving(targets []target) ([]target, *llm.Error) {
	out := targets
	for i, t := range targets {
		if t.provider.pool == nil {
			out = make([]target, 0, len(targets))
			out = append(out, targets[:i]...)
			for _, t := range targets[i:] {
				if t.provider.pool != nil {
					out = append(out, t)
				}
			}
			break
		}
	}
	if len(out) > 0 {
		return out, nil
	}
	names := make([]string, len(targets))
	for i, t := range targets {
		names[i] = t.provider.Name
	}
	return nil, &llm.Error{
		Status:  http.StatusServiceUnavailable,
		Code:    "provider_not_configured",
		Message: "the gateway has no API key for provider " + strings.Join(names, ", ") + ", so that it was left out",
	}
}

// keeping returns who keeps earlier responses: no model says whose one is.
func (rt *router) keeping(ep endpoint, who caller) ([]target, *llm.Error) {
	var found []target
	for _, p := range rt.providers {
		if (ep.pin == nil || ep.pin == p) && p.target.Takes(ep.client, ep.op) && who.may(p.Name+"/") {
			found = append(found, p.self...)
		}
	}
	if len(found) == 1 {
		return serving(found)
	}
	bad := &llm.Error{Status: http.StatusNotFound, Code: "not_found", Message: "no provider that keeps responses is open to you here"}
	if len(found) > 1 {
		bad = &llm.Error{
			Status: http.StatusBadRequest, Code: "provider_required",
			Message: "several providers keep responses: name one in the path (/" + found[0].provider.Name + "/v1/responses/…) or in the header Model-Provider",
		}
	}
	return nil, bad
}

// noModel says that nothing claims a model, or that the caller may not use it.
func noModel(model string) *llm.Error {
	return &llm.Error{
		Status:  http.StatusNotFound,
		Type:    "invalid_request_error",
		Param:   "model",
		Code:    "model_not_found",
		Message: fmt.Sprintf("The model %q does not exist or you do not have access to it.", clip(model)),
	}
}
