package aiclient2api

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/aiclient2api/caddy-aiclient2api/internal/cooldown"
	"github.com/aiclient2api/caddy-aiclient2api/internal/exchange"
	"github.com/aiclient2api/caddy-aiclient2api/internal/upstream"
)

// The collectors live as long as the process, because a configuration's
// registry goes with it: each one gets them anew (register). What is counted
// for an account is kept with the account and only shown here (accountMetrics).
//
// Labels are names from the configuration and words of ours, never a client's
// text: a name that nobody configured would make a series for each client's idea.
var (
	requests = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "aiclient2api_requests_total",
		Help: "Requests of AI clients by the provider that answered or was asked last, the model and what became of them.",
	}, []string{"provider", "model", "outcome"})

	firstToken = prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name:    "aiclient2api_time_to_first_token_seconds",
		Help:    "Time from a request for a stream to the first content of the answer.",
		Buckets: []float64{.05, .1, .2, .3, .5, .75, 1, 1.5, 2, 3, 5, 7.5, 10, 15, 30, 60, 120, 300},
	}, []string{"provider"})

	tokensUsed = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "aiclient2api_tokens_total",
		Help: "Tokens as providers stated them; cached ones are part of the input, reasoning of the output.",
	}, []string{"provider", "model", "kind"})

	collectors = [...]prometheus.Collector{requests, firstToken, tokensUsed, accountMetrics{}}
)

// register makes the collectors known to a configuration's registry, which
// another handler of it may have done already.
func register(registry *prometheus.Registry) error {
	if registry == nil {
		return nil
	}
	for _, c := range collectors {
		err := registry.Register(c)
		if _, twice := errors.AsType[prometheus.AlreadyRegisteredError](err); err != nil && !twice {
			return fmt.Errorf("registering metrics: %w", err)
		}
	}
	return nil
}

// accountMetrics shows the accounts of the configurations that run. Accounts
// of the same names are one series: of their states it is the worst.
type accountMetrics struct{}

var (
	attemptsDesc = prometheus.NewDesc("aiclient2api_attempts_total",
		"Attempts with an account that came to an end, by what they meant.", []string{"provider", "account", "class"}, nil)
	stateDesc = prometheus.NewDesc("aiclient2api_account_state",
		"Whether an account may be asked: 0 ready, 1 half-open or probing, 2 cooling, 3 disabled.", []string{"provider", "account"}, nil)
	inFlightDesc = prometheus.NewDesc("aiclient2api_in_flight",
		"Attempts with an account that are under way, streams included.", []string{"provider", "account"}, nil)
)

// Describe names what is collected.
func (accountMetrics) Describe(to chan<- *prometheus.Desc) {
	for _, d := range [...]*prometheus.Desc{attemptsDesc, stateDesc, inFlightDesc} {
		to <- d
	}
}

// stateValues are the values of the account's state.
var stateValues = [...]float64{cooldown.Fit: 0, cooldown.Due: 1, cooldown.Probed: 1, cooldown.Out: 2, cooldown.Disabled: 3}

// Collect reads the accounts.
func (accountMetrics) Collect(to chan<- prometheus.Metric) {
	all := upstream.All()
	slices.SortStableFunc(all, func(a, b *upstream.Shared) int {
		return cmp.Or(strings.Compare(a.Provider, b.Provider), strings.Compare(a.Account, b.Account))
	})
	now := time.Now()
	for i := 0; i < len(all); {
		first, state, inFlight := all[i], 0.0, int64(0)
		for ; i < len(all) && all[i].Provider == first.Provider && all[i].Account == first.Account; i++ {
			state = max(state, stateValues[all[i].Report(now).Grade])
			inFlight += all[i].InFlight.Load()
		}
		to <- prometheus.MustNewConstMetric(stateDesc, prometheus.GaugeValue, state, first.Provider, first.Account)
		to <- prometheus.MustNewConstMetric(inFlightDesc, prometheus.GaugeValue, float64(inFlight), first.Provider, first.Account)
		for class := range exchange.Class(exchange.Classes) {
			if n := first.Tally()[class].Load(); n > 0 {
				to <- prometheus.MustNewConstMetric(attemptsDesc, prometheus.CounterValue, float64(n), first.Provider, first.Account, class.String())
			}
		}
	}
}
