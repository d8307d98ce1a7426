// Package providers is the contract of the provider kinds: who is called, and
// as whom. A kind is an address, a credential and habits; what it speaks is a
// format, which lives elsewhere. Each kind is a Caddy guest module in the
// namespace http.aiclient2api.providers and has a folder of its own; package
// standard lists those that ship, and third parties add theirs with
// xcaddy --with.
package providers

import (
	"net/http"
	"net/url"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
)

// Namespace is the namespace of the guest modules, without a final dot.
const Namespace = "http.aiclient2api.providers"

// Provider is one account's view of a provider kind: the module is loaded once
// an account, with the account's words merged over the provider's. Its methods
// are safe for concurrent use.
type Provider interface {
	caddy.Module

	// Spec returns the constants of the kind. It is asked on a zero value
	// while adapting, and while provisioning, never per request.
	Spec() Spec

	// Sign adds the credential to an attempt. It is the last step before the
	// request is sent, after the operator's header_up. An empty Secret means
	// that the account has none.
	Sign(*Outbound) error
}

// Spec is what is constant about a kind.
type Spec struct {
	// BaseURL is the vendor's public base URL as its own SDK writes it, ""
	// if the operator has to say one with `upstream`.
	BaseURL string

	// Secret is a placeholder for the credential's default, the environment
	// variable that the vendor's own SDK reads. "" means that the kind works
	// without a credential.
	Secret string

	// Formats are the conversation formats that the provider speaks natively,
	// best first.
	Formats []string

	// Operations are the names of the other operations that it offers
	// (embeddings …), in its vendor's own protocol.
	Operations []string

	// ModelList is the path, below the base URL, and the query by which the
	// provider's list of models is asked for; "" is "/models". The answer is
	// {"data":[{"id"}]} or, as Google has it, {"models":[{"name"}]}.
	ModelList string

	// Models are patterns of the models that it serves when the operator
	// names none; nil if the provider has to be asked.
	Models []string
}

// Outbound is an attempt that is about to be sent.
type Outbound struct {
	Method string
	URL    *url.URL // must not be changed in place
	Header http.Header
	Body   [][]byte // segments of the body, read only
	Secret string
}

// The optional powers of a kind, found by type assertion while adapting and
// provisioning.
type (
	// Words is a kind with words of its own in the Caddyfile. They stand among
	// ours and reverse_proxy's; a word that is not the kind's is left alone.
	Words interface {
		// UnmarshalWord reads the segment that the dispenser stands on, if
		// its word is one of the kind's.
		UnmarshalWord(*caddyfile.Dispenser) (mine bool, err error)
	}

	// Local is a kind that answers by itself, without a network: it stands
	// where Caddy's http transport would.
	Local interface{ http.RoundTripper }
)

// Bearer signs out with its secret as a bearer token, if there is one.
func Bearer(out *Outbound) {
	if out.Secret != "" {
		out.Header["Authorization"] = []string{"Bearer " + out.Secret}
	}
}
