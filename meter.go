package aiclient2api

import (
	"strings"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/aiclient2api/caddy-aiclient2api/internal/exchange"
	"github.com/aiclient2api/caddy-aiclient2api/internal/glob"
	"github.com/aiclient2api/caddy-aiclient2api/llm"
)

// outcome is what became of a request: a class, or one of these.
type outcome uint8

const (
	// interrupted: the answer broke off after it had begun.
	interrupted = outcome(exchange.Classes) + iota
	// cancelled: the client left.
	cancelled
	// refused: the gateway did not want to ask anybody for it.
	refused
	outcomes
)

// String returns the outcome's name.
func (o outcome) String() string {
	switch o {
	case interrupted:
		return "interrupted"
	case cancelled:
		return "cancelled"
	case refused:
		return "refused"
	default:
		return exchange.Class(o).String()
	}
}

// outcome returns what became of the call.
func (c *call) outcome() outcome {
	switch f := c.Failure; {
	case c.Interrupted != "":
		return interrupted
	case c.Gone():
		return cancelled
	case c.answered, c.last.provider != nil && c.last.Handed():
		return outcome(exchange.Answered)
	case f == nil, f.Class == exchange.Unsupported:
		return refused
	default:
		return outcome(f.Class)
	}
}

// account counts a call when it is over.
func (h *Handler) account(c *call) {
	m := h.meter
	if p := c.last.provider; p != nil {
		m = p.meter
	}
	m.note(c)
}

// anyModel is the label of models that the configuration does not name.
const anyModel = "other"

// measure makes the meters of the handler's providers, and one for requests
// that none was asked for.
func (h *Handler) measure(registry *prometheus.Registry) error {
	if err := register(registry); err != nil {
		return err
	}
	names := h.named()
	h.meter = newMeter("", names)
	for _, p := range h.Providers {
		p.meter = newMeter(p.Name, names)
	}
	return nil
}

// named returns the models that the configuration names.
func (h *Handler) named() (names []string) {
	add := func(models ...string) {
		for _, m := range models {
			if m != "" && glob.Literal(m) {
				names = append(names, m)
			}
		}
	}
	for _, r := range h.router.rules {
		add(r.pattern)
		for _, t := range r.targets {
			add(t.model)
		}
	}
	for _, t := range h.router.fallback {
		add(t.model)
	}
	for _, p := range h.Providers {
		add(p.models...)
		if p.pool != nil {
			for _, a := range p.pool.Accounts {
				add(a.Models...)
			}
		}
	}
	return names
}

// meter counts the requests that go to a provider. Its series are made when
// they are needed first; from then on counting costs atomics only.
type meter struct {
	provider string
	models   map[string]*modelMeter
	other    *modelMeter
	first    atomic.Pointer[prometheus.Observer]
}

func newMeter(provider string, models []string) *meter {
	m := &meter{
		provider: provider,
		models:   make(map[string]*modelMeter, len(models)),
		other:    &modelMeter{provider: provider, model: anyModel},
	}
	for _, name := range models {
		m.models[name] = &modelMeter{provider: provider, model: strings.ToValidUTF8(name, "\uFFFD")}
	}
	return m
}

// model returns what counts for a call: by the name that the client used, if
// the configuration has it, or by that of the model at the provider.
func (m *meter) model(c *call) *modelMeter {
	if named := m.models[c.Head.Model]; named != nil {
		return named
	}
	if named := m.models[c.Model]; named != nil {
		return named
	}
	return m.other
}

// note counts a call that is over.
func (m *meter) note(c *call) {
	by := m.model(c)
	by.outcome(c.outcome()).Inc()
	if c.Stream && c.FirstToken > 0 {
		m.observer().Observe(c.FirstToken.Seconds())
	}
	for kind, n := range [...]llm.Count{c.Usage.Input, c.Usage.Output, c.Usage.Cached, c.Usage.Reasoning} {
		if n.Known && n.N > 0 {
			by.used(kind).Add(float64(n.N))
		}
	}
}

// observer returns the provider's series of times to the first token.
func (m *meter) observer() prometheus.Observer {
	if o := m.first.Load(); o != nil {
		return *o
	}
	o := firstToken.WithLabelValues(m.provider)
	m.first.Store(&o)
	return o
}

// modelMeter counts the requests that go to a provider for a model.
type modelMeter struct {
	provider, model string
	outcomes        [outcomes]atomic.Pointer[prometheus.Counter]
	tokens          [len(tokenKinds)]atomic.Pointer[prometheus.Counter]
}

// tokenKinds are the labels of what a request used.
var tokenKinds = [...]string{"input", "output", "cached", "reasoning"}

// outcome returns the series of an outcome.
func (m *modelMeter) outcome(o outcome) prometheus.Counter {
	if c := m.outcomes[o].Load(); c != nil {
		return *c
	}
	c := requests.WithLabelValues(m.provider, m.model, o.String())
	m.outcomes[o].Store(&c)
	return c
}

// used returns the series of a kind of tokens.
func (m *modelMeter) used(kind int) prometheus.Counter {
	if c := m.tokens[kind].Load(); c != nil {
		return *c
	}
	c := tokensUsed.WithLabelValues(m.provider, m.model, tokenKinds[kind])
	m.tokens[kind].Store(&c)
	return c
}
