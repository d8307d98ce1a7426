package aiclient2api

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"

	"github.com/caddyserver/caddy/v2/caddyconfig"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp/reverseproxy"
	"github.com/tidwall/gjson"
	"github.com/tidwall/sjson"

	"github.com/aiclient2api/caddy-aiclient2api/providers"
)

// providerParser parses one provider block. Its words interleave: ours and
// the kind's are consumed, all others are collected and handed to
// reverse_proxy's own parser at the end, in one piece.
type providerParser struct {
	*parser
	head caddyfile.Token // the provider's name
	p    *Provider
	spec providers.Spec
	kind providers.Provider

	said       map[string]bool
	names      map[string]bool   // of accounts
	keys       []string          // of api_key
	empty      []caddyfile.Token // secrets without a value, or their word
	upstreams  []string
	blocks     []*Account
	proxy      []caddyfile.Token // reverse_proxy's subdirectives
	proxyWords map[string]bool
	weight     caddyfile.Token // the last of them
}

// provider parses a provider.
func (p *parser) provider() error {
	args, tokens := p.args()
	if len(args) < 1 || len(args) > 2 {
		return p.ArgErr()
	}
	name, kind := args[0], args[len(args)-1]
	if err := checkName("provider", name, p.providers); err != nil {
		return errAt(tokens[0], err)
	}
	guest, err := newKind(kind)
	if err != nil {
		return errAt(tokens[len(tokens)-1], subject("provider", name, err))
	}
	q := providerParser{
		parser: p, head: tokens[0], kind: guest, spec: guest.Spec(), p: &Provider{Name: name},
		said: make(map[string]bool), names: make(map[string]bool), proxyWords: make(map[string]bool),
	}
	for nesting := p.Nesting(); p.NextBlock(nesting); {
		if err := q.word(); err != nil {
			return err
		}
	}
	if err := q.finish(kind); err != nil {
		return err
	}
	p.h.Providers = append(p.h.Providers, q.p)
	return nil
}

// word parses one subdirective of a provider.
func (q *providerParser) word() error {
	word := q.Val()
	switch word {
	case "api_key", "upstream", "models", "formats", "optional", "first_token_timeout", "idle_timeout", "total_timeout":
		if err := q.once(word, q.said); err != nil {
			return err
		}
	}
	switch word {
	case "api_key":
		q.keys = q.secrets()
		return nil
	case "upstream":
		args, tokens := q.args()
		if len(args) == 0 {
			return q.ArgErr()
		}
		q.upstreams = args
		return q.checkBases(args, tokens)
	case "account":
		return q.account()
	case "models":
		var err error
		q.p.Models, err = q.patterns()
		return err
	case "formats":
		var tokens []caddyfile.Token
		if q.p.Formats, tokens = q.args(); len(tokens) == 0 {
			return q.ArgErr()
		}
		said := make(map[string]bool)
		for i, f := range q.p.Formats {
			if said[f] {
				return errAt(tokens[i], fmt.Errorf("provider %q: format %q stands twice", q.p.Name, f))
			}
			said[f] = true
			if err := checkFormat(q.spec, q.kind.CaddyModule().ID.Name(), f); err != nil {
				return errAt(tokens[i], subject("provider", q.p.Name, err))
			}
		}
		return nil
	case "optional":
		q.p.Optional = true
		return q.bare()
	case "first_token_timeout":
		return q.duration(&q.p.FirstTokenTimeout)
	case "idle_timeout":
		return q.duration(&q.p.IdleTimeout)
	case "total_timeout":
		return q.duration(&q.p.TotalTimeout)
	}
	if mine, err := kindWord(q.kind, q.Dispenser, q.said); mine || err != nil {
		return err
	}
	return q.proxyWord()
}

// kindWord offers a word to the kind. A word of the kind may stand once only.
func kindWord(kind providers.Provider, d *caddyfile.Dispenser, said map[string]bool) (mine bool, err error) {
	words, ok := kind.(providers.Words)
	if !ok {
		return false, nil
	}
	word, at := d.Val(), d.Token()
	mine, err = words.UnmarshalWord(d)
	if mine && err == nil {
		if said[word] {
			return true, errAt(at, fmt.Errorf("'%s' stands twice", word))
		}
		said[word] = true
	}
	return mine, err
}

// repeated are the subdirectives of reverse_proxy that may stand several times.
var repeated = map[string]bool{"header_up": true, "header_down": true}

// proxyWord collects a subdirective of reverse_proxy.
func (q *providerParser) proxyWord() error {
	word := q.Val()
	if !repeated[word] {
		if err := q.once(word, q.proxyWords); err != nil {
			return err
		}
	}
	segment := q.NextSegment()
	if at, why := refusal(segment); why != "" {
		return errAt(at, subject("provider", q.p.Name, errors.New(why)))
	}
	q.proxy = append(q.proxy, segment...)
	return nil
}

// account parses an account block.
func (q *providerParser) account() error {
	var name string
	if !q.AllArgs(&name) {
		return q.ArgErr()
	}
	head := q.Token()
	if err := checkName("account", name, q.names); err != nil {
		return errAt(head, subject("provider", q.p.Name, err))
	}
	a := &Account{Name: name}
	kind, err := newKind(q.kind.CaddyModule().ID.Name())
	if err != nil {
		return err
	}
	said := make(map[string]bool)
	var words []string
	for nesting := q.Nesting(); q.NextBlock(nesting); {
		word := q.Val()
		switch word {
		case "api_key", "upstream", "models", "weight", "max_requests":
			if err := q.once(word, said); err != nil {
				return err
			}
		}
		switch word {
		case "api_key":
			secrets := q.secrets()
			if len(secrets) > 1 {
				return q.Errf("provider %q: account %q: 'api_key' takes one secret", q.p.Name, name)
			}
			a.APIKey = &secrets[0]
		case "upstream":
			args, tokens := q.args()
			if len(args) != 1 {
				return q.ArgErr()
			}
			a.Upstream = args[0]
			if err := q.checkBases(args, tokens); err != nil {
				return err
			}
		case "models":
			if a.Models, err = q.patterns(); err != nil {
				return err
			}
		case "weight":
			q.weight = q.Token()
			if err := q.number(&a.Weight, maxWeight); err != nil {
				return err
			}
		case "max_requests":
			if err := q.number(&a.MaxRequests, math.MaxInt32); err != nil {
				return err
			}
		default:
			mine, err := kindWord(kind, q.Dispenser, said)
			if err != nil {
				return err
			}
			if !mine {
				return q.Errf("provider %q: account %q: unrecognized subdirective '%s'", q.p.Name, name, word)
			}
			words = append(words, word)
		}
	}
	if len(words) > 0 {
		if a.KindRaw, err = differing(kind, words); err != nil {
			return err
		}
	}
	q.blocks = append(q.blocks, a)
	return nil
}

// differing returns a kind's options as an account has them. A word whose
// value is the default, which is left out, undoes the provider's: null.
func differing(kind providers.Provider, words []string) (json.RawMessage, error) {
	raw, err := json.Marshal(kind)
	for _, word := range words {
		if err == nil && !gjson.GetBytes(raw, word).Exists() {
			raw, err = sjson.SetRawBytes(raw, word, []byte("null"))
		}
	}
	return raw, err
}

// secrets parses the secrets of an api_key. One without a value is empty, which
// is complained of at the end, unless the provider is optional.
func (q *providerParser) secrets() []string {
	word := q.Token()
	secrets, tokens := q.args()
	if len(secrets) == 0 {
		secrets, tokens = []string{""}, []caddyfile.Token{word}
	}
	for i, s := range secrets {
		if s == "" {
			q.empty = append(q.empty, tokens[i])
		}
	}
	return secrets
}

// checkBases checks base URLs that hold no placeholder.
func (q *providerParser) checkBases(bases []string, tokens []caddyfile.Token) error {
	for i, b := range bases {
		if hasPlaceholder(b) {
			continue
		}
		if _, err := parseBase(b); err != nil {
			return errAt(tokens[i], subject("provider", q.p.Name, fmt.Errorf("upstream: %w", err)))
		}
	}
	return nil
}

// finish makes the accounts, the kind's options and the proxy.
func (q *providerParser) finish(kind string) error {
	if err := q.makeAccounts(); err != nil {
		return err
	}
	if q.weight.Text != "" && q.proxyWords["lb_policy"] {
		return errAt(q.weight, subject("provider", q.p.Name, errWeightAndPolicy))
	}
	q.p.KindRaw = caddyconfig.JSONModuleObject(q.kind, kindKey, kind, nil)
	if len(q.proxy) == 0 {
		return nil
	}
	first, open, end := q.head, q.head, q.head
	first.Text, open.Text, end.Text = "reverse_proxy", "{", "}"
	last := q.proxy[len(q.proxy)-1]
	end.File, end.Line = last.File, last.Line+1
	tokens := append([]caddyfile.Token{first, open}, q.proxy...)
	q.p.Proxy = new(reverseproxy.Handler)
	if err := q.p.Proxy.UnmarshalCaddyfile(caddyfile.NewDispenser(append(tokens, end))); err != nil {
		return err
	}
	return q.p.Proxy.FinalizeUnmarshalCaddyfile(q.helper)
}

// makeAccounts makes the accounts: each key at each base URL, keys outer, then
// the blocks. Without an api_key there is one key, the kind's default, unless
// the blocks stand in its place; a kind that needs no key has one account at
// each base URL in any case.
func (q *providerParser) makeAccounts() error {
	if len(q.empty) > 0 && !q.p.Optional {
		return errAt(q.empty[0], subject("provider", q.p.Name, errNoSecret))
	}
	if len(q.keys) == 0 && len(q.upstreams) == 0 && len(q.blocks) == 0 {
		if q.spec.BaseURL == "" {
			return q.noAddress()
		}
		return nil // the kind's defaults
	}
	keys := make([]*string, 0, len(q.keys)+1)
	for i := range q.keys {
		keys = append(keys, &q.keys[i])
	}
	if len(keys) == 0 && (len(q.blocks) == 0 || q.spec.Secret == "" && len(q.upstreams) > 0) {
		keys = append(keys, nil)
	}
	bases := q.upstreams
	if len(bases) == 0 {
		bases = []string{""}
	}
	for _, key := range keys {
		for _, base := range bases {
			a := &Account{Name: strconv.Itoa(len(q.p.Accounts) + 1), APIKey: key, Upstream: base}
			if err := checkName("account", a.Name, q.names); err != nil {
				return errAt(q.head, subject("provider", q.p.Name, err))
			}
			q.p.Accounts = append(q.p.Accounts, a)
		}
	}
	for _, a := range q.blocks {
		if a.Upstream == "" {
			a.Upstream = bases[0]
		}
		q.p.Accounts = append(q.p.Accounts, a)
	}
	for _, a := range q.p.Accounts {
		if a.Upstream == "" && q.spec.BaseURL == "" {
			return q.noAddress()
		}
	}
	return nil
}

// noAddress says that a kind without a public address has been given none.
func (q *providerParser) noAddress() error {
	return errAt(q.head, subject("provider", q.p.Name, noAddress(q.kind.CaddyModule().ID.Name())))
}

// subject puts before an error what it is about.
func subject(what, name string, err error) error {
	return fmt.Errorf("%s %q: %w", what, name, err)
}
