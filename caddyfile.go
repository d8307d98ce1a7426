package aiclient2api

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"github.com/dustin/go-humanize"

	"github.com/aiclient2api/caddy-aiclient2api/internal/upstream"
)

// parseCaddyfile sets up the handler from Caddyfile tokens. Syntax:
//
//	aiclient2api [<matcher>] {
//		# who may call: key or open must stand here
//		key <name> <secret...> {
//			models <pattern...>
//		}
//		open
//
//		# who is called
//		provider <name> [<kind>] {
//			api_key  <secret...>
//			upstream <base URL...>
//			account <name> {
//				api_key  <secret>
//				upstream <base URL>
//				models   <pattern...>
//				weight   <n>
//				max_requests <n>
//				<options of the kind>
//			}
//			models   <pattern...>
//			formats  <format...>
//			optional
//			first_token_timeout <duration>
//			idle_timeout        <duration>
//			total_timeout       <duration>
//			<options of the kind>
//			<subdirectives of reverse_proxy>
//		}
//
//		# which model goes where
//		model   <pattern> <target...> {
//			fallback_on <class...>
//		}
//		default <target...>
//
//		affinity     header <name> | key | prefix
//		max_attempts <n>
//		commit_after <duration>
//		max_body     <size>
//		strict
//		debug_headers
//	}
//
// A target is <provider> or <provider>/<model there>, with a share of the
// requests in front where they are split, 90%:<provider>. Accounts are each
// api_key at each upstream, keys outer, named 1, 2 and so on, then the account
// blocks. The options of a kind and the subdirectives of reverse_proxy are
// described where they come from; some of the latter have no place in a
// provider and are refused.
func parseCaddyfile(helper httpcaddyfile.Helper) (caddyhttp.MiddlewareHandler, error) {
	d := helper.Dispenser
	d.Next() // consume directive name
	p := parser{
		Dispenser: d, helper: helper, h: new(Handler), head: d.Token(),
		said: make(map[string]bool), keys: make(map[string]bool),
		providers: make(map[string]bool), rules: make(map[string]bool),
	}
	if d.NextArg() {
		return nil, d.ArgErr()
	}
	for d.NextBlock(0) {
		if err := p.word(); err != nil {
			return nil, err
		}
	}
	if err := p.finish(); err != nil {
		return nil, err
	}
	return p.h, nil
}

// parser holds what is known while one directive is parsed.
type parser struct {
	*caddyfile.Dispenser
	helper httpcaddyfile.Helper
	h      *Handler
	head   caddyfile.Token

	said, keys, providers, rules map[string]bool
	targets                      []caddyfile.Token // to be checked when all providers are known
}

// word parses one of the directive's own subdirectives.
func (p *parser) word() error {
	word := p.Val()
	switch word {
	case "key", "provider", "model":
	default:
		if err := p.once(word, p.said); err != nil {
			return err
		}
	}
	switch word {
	case "key":
		return p.key()
	case "open":
		p.h.Open = true
		return p.bare()
	case "provider":
		return p.provider()
	case "model":
		return p.rule()
	case "default":
		targets, err := p.targetList()
		if err != nil {
			return err
		}
		p.h.Default = targets
		if err := checkShares(targets); err != nil {
			return p.Errf("default: %v", err)
		}
		return nil
	case "max_body":
		return p.maxBody()
	case "max_attempts":
		return p.number(&p.h.MaxAttempts, math.MaxInt32)
	case "affinity":
		return p.affinity()
	case "commit_after":
		return p.duration(&p.h.CommitAfter)
	case "strict":
		p.h.Strict = true
		return p.bare()
	case "debug_headers":
		p.h.DebugHeaders = true
		return p.bare()
	default:
		return p.Errf("unrecognized subdirective '%s'", word)
	}
}

// key parses a client key.
func (p *parser) key() error {
	args, tokens := p.args()
	if len(args) < 2 {
		return p.ArgErr()
	}
	k := &Key{Name: args[0], Secrets: args[1:]}
	if err := checkName("key", k.Name, p.keys); err != nil {
		return errAt(tokens[0], err)
	}
	for i, s := range k.Secrets {
		if hasPlaceholder(s) {
			continue
		}
		if err := checkSecret(s); err != nil {
			return errAt(tokens[i+1], subject("key", k.Name, err))
		}
	}
	said := make(map[string]bool)
	for nesting := p.Nesting(); p.NextBlock(nesting); {
		if err := p.once(p.Val(), said); err != nil {
			return err
		}
		if p.Val() != "models" {
			return p.Errf("key %q: unrecognized subdirective '%s'", k.Name, p.Val())
		}
		var err error
		if k.Models, err = p.patterns(); err != nil {
			return err
		}
	}
	p.h.Keys = append(p.h.Keys, k)
	return nil
}

// rule parses a model rule.
func (p *parser) rule() error {
	if !p.NextArg() {
		return p.ArgErr()
	}
	r := &Rule{Pattern: p.Val()}
	if r.Pattern == "" {
		return p.Errf("model: the pattern is empty")
	}
	if p.rules[r.Pattern] {
		return p.Errf("model %q: the pattern has a rule already", r.Pattern)
	}
	p.rules[r.Pattern] = true
	var err error
	if r.Targets, err = p.targetList(); err != nil {
		return err
	}
	if err := checkShares(r.Targets); err != nil {
		return p.Errf("model %q: %v", r.Pattern, err)
	}
	said := make(map[string]bool)
	for nesting := p.Nesting(); p.NextBlock(nesting); {
		if err := p.once(p.Val(), said); err != nil {
			return err
		}
		if p.Val() != "fallback_on" {
			return p.Errf("model %q: unrecognized subdirective '%s'", r.Pattern, p.Val())
		}
		var tokens []caddyfile.Token
		if r.FallbackOn, tokens = p.args(); len(tokens) == 0 {
			return p.ArgErr()
		}
		for i := range r.FallbackOn {
			if _, err := faults(r.FallbackOn[:i+1]); err != nil {
				return errAt(tokens[i], fmt.Errorf("model %q: fallback_on: %w", r.Pattern, err))
			}
		}
	}
	p.h.Models = append(p.h.Models, r)
	return nil
}

// targetList parses the targets on the rest of the line.
func (p *parser) targetList() ([]string, error) {
	targets, tokens := p.args()
	if len(targets) == 0 {
		return nil, p.ArgErr()
	}
	p.targets = append(p.targets, tokens...)
	return targets, nil
}

// affinity parses what a session is known by.
func (p *parser) affinity() error {
	args, tokens := p.args()
	if len(args) == 0 {
		return p.ArgErr()
	}
	p.h.Affinity = &Affinity{By: args[0]}
	if len(args) == 2 {
		p.h.Affinity.Header = args[1]
	}
	if len(args) > 2 {
		return p.ArgErr()
	}
	if err := p.h.Affinity.check(); err != nil {
		return errAt(tokens[0], err)
	}
	return nil
}

func (p *parser) maxBody() error {
	var size string
	if !p.AllArgs(&size) {
		return p.ArgErr()
	}
	n, err := humanize.ParseBytes(size)
	if err != nil {
		return p.Errf("max_body: %q is no size: %v", size, err)
	}
	if n == 0 || n > math.MaxInt64/2 {
		return p.Errf("max_body: %q is out of range", size)
	}
	p.h.MaxBody = int64(n)
	return nil
}

// finish checks what is known at the end of the block only.
func (p *parser) finish() error {
	switch {
	case !p.h.Open && len(p.h.Keys) == 0:
		return errAt(p.head, errNobody)
	case p.h.Open && len(p.h.Keys) > 0:
		return errAt(p.head, errOpenAndKeys)
	case len(p.h.Providers) == 0:
		return errAt(p.head, errNoProvider)
	}
	for _, t := range p.targets {
		_, bare, _ := share(t.Text)
		name, model, slash := strings.Cut(bare, "/")
		dispenser := caddyfile.NewDispenser([]caddyfile.Token{t})
		dispenser.Next()
		if !hasPlaceholder(name) && !p.providers[name] {
			return dispenser.Errf("target %q: there is no provider %q", t.Text, name)
		}
		if slash && model == "" {
			return dispenser.Errf("target %q: the model is missing", t.Text)
		}
	}
	return nil
}

// refusal returns what is wrong with a subdirective of reverse_proxy in a
// provider, and where; nil if it may stand there.
func refusal(segment caddyfile.Segment) (at caddyfile.Token, why string) {
	word := segment[0].Text
	if strings.HasPrefix(word, "@") {
		return segment[0], "named matchers have no place in a provider"
	}
	if advice, refused := upstream.Refused[word]; refused {
		return segment[0], "'" + word + "' has no place in a provider: " + advice
	}
	if len(segment) < 2 {
		return caddyfile.Token{}, ""
	}
	arg := segment[1]
	switch word {
	case "lb_policy":
		i := slices.IndexFunc(segment, func(t caddyfile.Token) bool { return t.Text == "weighted_round_robin" })
		if i >= 0 {
			return segment[i], "lb_policy " + upstream.RefusedPolicy
		}
	case "lb_retries":
		if n, err := strconv.Atoi(arg.Text); err == nil && n < 1 {
			return arg, "lb_retries: " + upstream.RefusedRetries
		}
	case "transport":
		if arg.Text != "http" {
			return arg, "transport " + arg.Text + ": " + upstream.RefusedTransport
		}
		for i := 2; i < len(segment); i++ {
			if segment[i].Text == "proxy_protocol" && segment[i].Line != segment[i-1].Line {
				return segment[i], "proxy_protocol: " + upstream.RefusedProxyProtocol
			}
		}
	}
	return caddyfile.Token{}, ""
}
