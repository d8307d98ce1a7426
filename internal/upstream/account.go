// Package upstream joins our accounts to Caddy's reverse_proxy: each provider
// holds a proxy whose upstreams are the provider's accounts. It is the only
// place that imports reverseproxy's seam, three small types over one Pool.
package upstream

import (
	"crypto/sha256"
	"encoding/base32"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp/reverseproxy"

	"github.com/aiclient2api/caddy-aiclient2api/internal/exchange"
	"github.com/aiclient2api/caddy-aiclient2api/providers"
)

// Account is one credential at one base URL. It does not change after Provision.
type Account struct {
	// Name is unique in the provider.
	Name string
	// Secret is the credential, "" if there is none or if it comes with the request.
	Secret string
	// SecretAt is where the credential stands among those that a request
	// brings along, -1 if it is the operator's own.
	SecretAt int
	// Base is the base URL.
	Base *url.URL
	// Models are the patterns of the models that the account serves, nil for all.
	Models []string
	// Provider signs, and answers if it is local.
	Provider providers.Provider
	// Words are the kind's words, for the account's identity.
	Words []byte
	// Weight is how often the account is chosen, in relation to the others; all
	// are 0 if a policy of Caddy's chooses.
	Weight int
	// MaxRequests bounds the requests in flight, 0 is no bound.
	MaxRequests int

	index    int
	known    exchange.Attempt // with the secret
	upstream *reverseproxy.Upstream
	shared   *Shared
	hash     uint64 // of its identity
	local    http.RoundTripper
}

// own reports whether the credential is the operator's.
func (a *Account) own() bool { return a.SecretAt < 0 }

// dial returns the account's address for reverse_proxy, which keys its state
// by nothing else. It is never dialled: the transport sets the URL. It holds
// a hash of all that makes the account, so that equal accounts share their
// state over handlers and reloads, and a changed one starts afresh.
func (a *Account) dial(kind, provider string) string {
	h := sha256.New()
	secret := sha256.Sum256([]byte(a.Secret))
	for _, part := range []string{kind, a.Base.String(), a.Name, string(secret[:]), string(a.Words)} {
		fmt.Fprintf(h, "%d:%s,", len(part), part)
	}
	id := base32.HexEncoding.EncodeToString(h.Sum(nil)[:10])
	return a.Name + "." + provider + "." + strings.ToLower(id) + zone
}

// zone is the domain of the accounts' addresses.
const zone = ".aiclient2api.invalid:443"

// idOf returns the hash in an account's address.
func idOf(dial string) string {
	rest := strings.TrimSuffix(dial, zone)
	return rest[strings.LastIndexByte(rest, '.')+1:]
}

// lacks reports whether the account's credential should have come with the
// request and did not.
func (a *Account) lacks(secrets []string) bool { return !a.own() && secrets[a.SecretAt] == "" }

// secret returns the credential for a call.
func (a *Account) secret(secrets []string) string {
	if a.own() {
		return a.Secret
	}
	return secrets[a.SecretAt]
}

// attempt is what an exchange has to know of an attempt with the account.
func (a *Account) attempt(secrets []string) exchange.Attempt {
	if a.own() {
		return a.known
	}
	return exchange.NewAttempt([]byte(secrets[a.SecretAt]), false)
}

// hide returns an error of the network's without the account's credential,
// which net/http repeats if the provider does.
func (a *Account) hide(err error) error {
	return errors.New(a.known.Hide(err))
}

// url returns the address of a path, which is escaped, below the base URL.
func (a *Account) url(path, query string) *url.URL {
	u := *a.Base
	plain, err := url.PathUnescape(path)
	if err != nil {
		plain = path
	}
	if u.RawPath != "" || plain != path {
		u.RawPath = u.EscapedPath() + path
	}
	u.Path += plain
	switch {
	case query == "":
	case u.RawQuery == "":
		u.RawQuery = query
	default:
		u.RawQuery += "&" + query
	}
	return &u
}
