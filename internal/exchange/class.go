package exchange

import "net/http"

// Class is what a failed attempt means.
type Class uint8

// The classes, in the order in which they tell a client something: when
// several attempts failed, the answer is made of the one with the lowest.
const (
	// Answered is no failure.
	Answered Class = iota
	// ClientFault: the request is at fault, another account cannot mend it.
	ClientFault
	// CallerCredential: the provider refuses the credential, the quota or the
	// rate of the caller's own key, which the request brought along.
	CallerCredential
	// RateLimit: the account has used up its rate.
	RateLimit
	// Server: the provider failed or is overloaded.
	Server
	// Payment: the account has no money left.
	Payment
	// Timeout: the answer did not come in time.
	Timeout
	// Broken: the answer was none, or broke off before it was handed on.
	Broken
	// Unreachable: no connection, no TLS, no DNS.
	Unreachable
	// Credential: the provider refuses the operator's credential.
	Credential
	// Unavailable: nobody was asked, because no account may be at present.
	Unavailable
)

var classNames = [...]string{
	"answered", "client_fault", "caller_credential", "rate_limit", "server_error",
	"payment", "timeout", "broken_answer", "unreachable", "credential", "unavailable",
}

// String returns the class's name in logs.
func (c Class) String() string { return classNames[c] }

// Classify says what a status means. own is true if the credential is the
// operator's, false if the caller brought it along.
//
// This is the only place where that is decided.
func Classify(status int, own bool) Class {
	switch status {
	case http.StatusUnauthorized, http.StatusForbidden:
		if own {
			return Credential
		}
		return CallerCredential
	case http.StatusPaymentRequired:
		if own {
			return Payment
		}
		return CallerCredential
	case http.StatusTooManyRequests:
		if own {
			return RateLimit
		}
		return CallerCredential
	case http.StatusRequestTimeout:
		return Server
	}
	switch {
	case status >= 500:
		return Server
	case status >= 400:
		return ClientFault
	case status >= 200 && status < 300:
		return Answered
	default:
		return Broken
	}
}

// Retry reports whether another account or target may answer.
func (c Class) Retry() bool { return c > CallerCredential }

// status returns what a client is told for a provider's status. The
// operator's credential is not the caller's business, and a 401 would make
// the caller look for a fault in its own.
func (c Class) status(upstream int) int {
	switch c {
	case Credential, Broken, Unreachable:
		return http.StatusBadGateway
	case Payment, Unavailable:
		return http.StatusServiceUnavailable
	case Timeout:
		return http.StatusGatewayTimeout
	default:
		return upstream
	}
}
