package aiclient2api

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp/reverseproxy"
	"github.com/tidwall/gjson"
	"github.com/tidwall/sjson"
	"go.uber.org/zap"

	"github.com/aiclient2api/caddy-aiclient2api/formats/standard"
	"github.com/aiclient2api/caddy-aiclient2api/internal/exchange"
	"github.com/aiclient2api/caddy-aiclient2api/internal/upstream"
	"github.com/aiclient2api/caddy-aiclient2api/providers"
)

// Provider is who is called: a vendor or a server, and our accounts there.
type Provider struct {
	// The provider's name, unique, for routing and logs.
	Name string `json:"name"`

	// The accounts. Default: one, with the kind's defaults.
	Accounts []*Account `json:"accounts,omitempty"`

	// Patterns of the models that the provider serves, for routing and for
	// the list of models; `*` is any run of characters. Default: the kind's
	// own; without any, the provider is asked for its list.
	Models []string `json:"models,omitempty"`

	// Speak only these of the provider's native conversation formats, in this
	// order of preference. Default: all that the kind speaks.
	Formats []string `json:"formats,omitempty"`

	// Leave out accounts without a secret, and the provider if no account is
	// left, with a log line, instead of failing. Default: `false`.
	Optional bool `json:"optional,omitempty"`

	// How long an account may take until the first content of a stream, or the
	// whole of an answer that is not streamed. Default: `10m`.
	FirstTokenTimeout caddy.Duration `json:"first_token_timeout,omitempty"`

	// How long a stream may be silent. Default: `5m`.
	IdleTimeout caddy.Duration `json:"idle_timeout,omitempty"`

	// How long an answer may take from the beginning to the end.
	// Default: no limit.
	TotalTimeout caddy.Duration `json:"total_timeout,omitempty"`

	// The provider's kind and its options. Default: the kind of the
	// provider's name.
	KindRaw json.RawMessage `json:"kind,omitempty" caddy:"namespace=http.aiclient2api.providers inline_key=kind"`

	// Caddy's reverse_proxy, which calls the accounts: load balancing, health
	// checks, headers and transport. What has no place here is refused.
	Proxy *reverseproxy.Handler `json:"reverse_proxy,omitempty"`

	pool   *upstream.Pool  // nil if the provider was left out
	target exchange.Target // but for the model
	models []string        // resolved patterns
	self   []target        // the provider with the model as it was asked for
	meter  *meter
}

// Account is one credential at one base URL.
type Account struct {
	// The account's name, unique in the provider.
	Name string `json:"name"`

	// The credential. A placeholder that depends on the request, such as
	// {http.request.header.X-Openai-Key}, is resolved for each one. Default:
	// what the vendor's own SDK reads from the environment.
	APIKey *string `json:"api_key,omitempty"`

	// The base URL, in the form of the vendor's SDK's own setting. Default:
	// the vendor's public one.
	Upstream string `json:"upstream,omitempty"`

	// Patterns of the models that the account serves. Default: all.
	Models []string `json:"models,omitempty"`

	// How often the account is chosen, in relation to the others: `3` beside
	// `1` is three requests of four. Excludes a selection policy. Default: `1` if
	// another account of the provider has a weight, else the selection policy chooses.
	Weight int `json:"weight,omitempty"`

	// The most requests that the account is asked at a time, streams included;
	// more go to others. It is approximate. Default: no bound.
	MaxRequests int `json:"max_requests,omitempty"`

	// What differs from the provider's options of the kind, without the
	// kind's name. Default: nothing.
	KindRaw json.RawMessage `json:"kind,omitempty"`
}

// kindKey is the member of the kind's options that names it.
const kindKey = "kind"

// kind returns the name of the provider's kind.
func (p *Provider) kind() string {
	if kind := gjson.GetBytes(p.KindRaw, kindKey); kind.Exists() {
		return kind.String()
	}
	return p.Name
}

// provision resolves and loads the provider and builds its pool, unless the
// provider is optional and has no account.
func (p *Provider) provision(ctx caddy.Context, repl *caddy.Replacer, templates *secretTemplates) error {
	spec, err := specOf(p.kind())
	if err != nil {
		return err
	}
	p.target = exchange.Target{Provider: p.Name, Operations: spec.Operations}
	if p.target.Limits, err = p.limits(); err != nil {
		return err
	}
	formats := p.Formats
	if len(formats) == 0 {
		formats = spec.Formats
	}
	for i, name := range formats {
		if err := checkFormat(spec, p.kind(), name); err != nil {
			return err
		}
		if slices.Contains(formats[:i], name) {
			return fmt.Errorf("format %q stands twice", name)
		}
		p.target.Formats = append(p.target.Formats, standard.Upstream(name))
	}
	if p.models, err = resolveAll(repl, p.Models); err != nil {
		return fmt.Errorf("models: %w", err)
	}
	if p.models == nil {
		p.models = spec.Models
	}
	p.self = []target{{provider: p}}

	if p.Proxy == nil {
		p.Proxy = new(reverseproxy.Handler)
	}
	if err := upstream.Check(p.Proxy); err != nil {
		return err
	}
	pool := &upstream.Pool{Provider: p.Name, Kind: p.kind(), Proxy: p.Proxy}
	accounts := p.Accounts
	if len(accounts) == 0 {
		accounts = []*Account{{Name: "1"}}
	}
	names := make(map[string]bool)
	for i, a := range accounts {
		if a == nil {
			return fmt.Errorf("account %d is null", i+1)
		}
		if err := checkName("account", a.Name, names); err != nil {
			return err
		}
		account, err := p.account(ctx, repl, spec, a, templates)
		switch {
		case errors.Is(err, errNoSecret) && p.Optional:
			ctx.Logger().Info("leaving out account without a secret",
				zap.String("provider", p.Name), zap.String("account", a.Name))
		case err != nil:
			return fmt.Errorf("account %q: %w", a.Name, err)
		default:
			pool.Accounts = append(pool.Accounts, account)
		}
	}
	if len(pool.Accounts) == 0 {
		ctx.Logger().Info("leaving out provider without accounts", zap.String("provider", p.Name))
		return nil
	}
	if err := p.weigh(pool); err != nil {
		return err
	}
	p.pool = pool
	return pool.Provision(ctx)
}

// The defaults of the timeouts: the first is that of the vendors' SDKs.
const (
	defaultFirstToken = 10 * time.Minute
	defaultIdle       = 5 * time.Minute
)

// limits returns the limits of an attempt.
func (p *Provider) limits() (exchange.Limits, error) {
	for name, d := range map[string]caddy.Duration{
		"first_token_timeout": p.FirstTokenTimeout, "idle_timeout": p.IdleTimeout, "total_timeout": p.TotalTimeout,
	} {
		if d < 0 {
			return exchange.Limits{}, fmt.Errorf("%s must not be negative: %v", name, time.Duration(d))
		}
	}
	return exchange.Limits{
		First: cmp.Or(time.Duration(p.FirstTokenTimeout), defaultFirstToken),
		Idle:  cmp.Or(time.Duration(p.IdleTimeout), defaultIdle),
		Total: time.Duration(p.TotalTimeout),
	}, nil
}

// maxWeight bounds an account's weight, so that sums of them are numbers.
const maxWeight = 1_000_000

// weigh completes the weights: if one account has one, all have.
func (p *Provider) weigh(pool *upstream.Pool) error {
	weighted := slices.ContainsFunc(p.Accounts, func(a *Account) bool { return a.Weight != 0 })
	if !weighted {
		return nil
	}
	if lb := p.Proxy.LoadBalancing; lb != nil && lb.SelectionPolicyRaw != nil {
		return errWeightAndPolicy
	}
	for _, a := range pool.Accounts {
		a.Weight = max(1, a.Weight)
	}
	return nil
}

// errWeightAndPolicy says that two things would choose among the accounts.
var errWeightAndPolicy = errors.New("'weight' in an account chooses among the accounts: it excludes 'lb_policy'")

// errNoSecret says that an account has no credential.
var errNoSecret = errors.New("its secret is empty: say 'api_key', or 'optional' to leave the account out")

// account resolves and loads one account.
func (p *Provider) account(ctx caddy.Context, repl *caddy.Replacer, spec providers.Spec, a *Account, templates *secretTemplates) (*upstream.Account, error) {
	if err := checkShare(a.Weight, a.MaxRequests); err != nil {
		return nil, err
	}
	out := &upstream.Account{Name: a.Name, SecretAt: -1, Weight: a.Weight, MaxRequests: a.MaxRequests}

	secret := spec.Secret
	if a.APIKey != nil {
		secret = *a.APIKey
	}
	if perRequest(secret) {
		out.SecretAt = templates.add(secret)
	} else {
		var err error
		if out.Secret, err = resolveSecret(repl, secret); err != nil {
			return nil, err
		}
		if out.Secret == "" && (a.APIKey != nil || spec.Secret != "") {
			return nil, errNoSecret
		}
	}

	base := a.Upstream
	if base == "" {
		base = spec.BaseURL
	}
	if base == "" {
		return nil, noAddress(p.kind())
	}
	var err error
	if base, err = resolve(repl, base); err != nil {
		return nil, fmt.Errorf("upstream: %w", err)
	}
	if out.Base, err = parseBase(base); err != nil {
		return nil, fmt.Errorf("upstream: %w", err)
	}
	if out.Models, err = resolveAll(repl, a.Models); err != nil {
		return nil, fmt.Errorf("models: %w", err)
	}

	if out.Words, err = mergeKind(p.KindRaw, a.KindRaw); err != nil {
		return nil, fmt.Errorf("kind: %w", err)
	}
	loaded, err := ctx.LoadModuleByID(providers.Namespace+"."+p.kind(), out.Words)
	if err != nil {
		return nil, fmt.Errorf("loading kind: %w", err)
	}
	out.Provider = loaded.(providers.Provider)
	return out, nil
}

// checkShare checks what an account says of its share; 0 is not said.
func checkShare(weight, maxRequests int) error {
	if weight < 0 || weight > maxWeight {
		return fmt.Errorf("weight must be from 1 to %d: %d", maxWeight, weight)
	}
	if maxRequests < 0 {
		return fmt.Errorf("max_requests must be at least 1: %d", maxRequests)
	}
	return nil
}

// specOf returns the constants of a kind.
func specOf(kind string) (providers.Spec, error) {
	p, err := newKind(kind)
	if err != nil {
		return providers.Spec{}, err
	}
	return p.Spec(), nil
}

// newKind returns a zero value of a kind.
func newKind(kind string) (providers.Provider, error) {
	info, err := caddy.GetModule(providers.Namespace + "." + kind)
	if err != nil {
		kinds := caddy.GetModules(providers.Namespace)
		known := make([]string, len(kinds))
		for i, k := range kinds {
			known[i] = k.ID.Name()
		}
		return nil, fmt.Errorf("unknown kind %q: there are %s", kind, strings.Join(known, ", "))
	}
	p, ok := info.New().(providers.Provider)
	if !ok {
		return nil, fmt.Errorf("kind %q is not a provider", kind)
	}
	return p, nil
}

// checkFormat checks a word of `formats`.
func checkFormat(spec providers.Spec, kind, name string) error {
	if !slices.Contains(spec.Formats, name) || standard.Upstream(name) == nil {
		return fmt.Errorf("kind %q does not speak format %q, but %s", kind, name, strings.Join(spec.Formats, ", "))
	}
	return nil
}

// noAddress says that a kind needs a base URL.
func noAddress(kind string) error {
	return fmt.Errorf("kind %q has no public address: say 'upstream <base URL>'", kind)
}

// parseBase parses a base URL.
func parseBase(base string) (*url.URL, error) {
	u, err := url.Parse(base)
	if err != nil {
		return nil, errors.New("not a URL") // the parser's words would repeat it
	}
	bare := *u // what an error may repeat
	bare.RawQuery, bare.Fragment = "", ""
	switch {
	case u.User != nil:
		return nil, errors.New("a URL must not hold a credential: say 'api_key'")
	case u.Scheme != "http" && u.Scheme != "https" || u.Host == "":
		return nil, fmt.Errorf("%q is no base URL such as https://api.example.com/v1", bare.String())
	case u.Fragment != "":
		return nil, fmt.Errorf("%q has a fragment", bare.String())
	}
	u.Path = strings.TrimRight(u.Path, "/")
	u.RawPath = strings.TrimRight(u.RawPath, "/")
	return u, nil
}

// mergeKind lays an account's options over the provider's and takes the
// kind's name out.
func mergeKind(provider, account json.RawMessage) (json.RawMessage, error) {
	if gjson.GetBytes(account, kindKey).Exists() {
		return nil, errors.New("an account is of its provider's kind: leave the name out")
	}
	merged := []byte("{}")
	for _, raw := range []json.RawMessage{provider, account} {
		if len(raw) > 0 && !gjson.ParseBytes(raw).IsObject() {
			return nil, errors.New("it must be an object")
		}
		var err error
		gjson.ParseBytes(raw).ForEach(func(key, value gjson.Result) bool {
			if key.Str != kindKey {
				merged, err = sjson.SetRawBytes(merged, escapePath(key.Str), []byte(value.Raw))
			}
			return err == nil
		})
		if err != nil {
			return nil, err
		}
	}
	return merged, nil
}

// escapePath makes a member's name a path of sjson's.
func escapePath(name string) string {
	return strings.NewReplacer(`\`, `\\`, ".", `\.`, "*", `\*`, "?", `\?`, ":", `\:`).Replace(name)
}
