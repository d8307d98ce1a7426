package exchange

import (
	"net/http"
	"strings"

	"github.com/aiclient2api/caddy-aiclient2api/llm"
)

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
	// RateLimit: the account has used up its rate for a while.
	RateLimit
	// Quota: the account has used up what it may use, as a 429 says.
	Quota
	// Overloaded: the provider has too much to do.
	Overloaded
	// Server: the provider failed.
	Server
	// Payment: the account has no money left.
	Payment
	// Timeout: the answer did not come in time.
	Timeout
	// Broken: the answer was none, or broke off.
	Broken
	// Unreachable: no connection, no TLS, no DNS.
	Unreachable
	// Credential: the provider refuses the operator's credential.
	Credential
	// Forbidden: the provider refuses the model to the operator's account.
	Forbidden
	// Unavailable: nobody was asked, because no account may be at present.
	Unavailable
	// Unsupported: nobody was asked, because the target cannot carry the request.
	Unsupported
)

// Classes is how many there are.
const Classes = int(Unsupported) + 1

var classNames = [Classes]string{
	"answered", "client_fault", "caller_credential", "rate_limit", "quota", "overloaded", "server_error",
	"payment", "timeout", "broken_answer", "unreachable", "credential", "forbidden", "unavailable", "unsupported",
}

// String returns the class's name in logs.
func (c Class) String() string { return classNames[c] }

// Classify says what a provider's error means. own is true if the credential
// is the operator's, false if the caller brought it along.
//
// This is the only place where that is decided.
func Classify(e *llm.Error, own bool) Class {
	switch {
	case !own && (e.Status == http.StatusUnauthorized || e.Status == http.StatusForbidden ||
		e.Status == http.StatusPaymentRequired || e.Status == http.StatusTooManyRequests):
		return CallerCredential
	case e.Status == http.StatusUnauthorized:
		return Credential
	case e.Status == http.StatusPaymentRequired, e.Status == http.StatusBadRequest && own && isUnpaid(e):
		return Payment
	case e.Status == http.StatusForbidden && isSpent(e):
		return Payment
	case e.Status == http.StatusForbidden && e.Raw == nil && e.Code == "" && e.Type == "":
		return Broken // not the provider's own word, but that of something before it
	case e.Status == http.StatusForbidden:
		return Forbidden
	case e.Status == http.StatusTooManyRequests && isSpent(e):
		return Quota
	case e.Status == http.StatusTooManyRequests:
		return RateLimit
	case e.Status == http.StatusServiceUnavailable, e.Status == 529:
		return Overloaded
	case e.Status >= 500, e.Status == http.StatusRequestTimeout:
		return Server
	case e.Status >= 400:
		return ClientFault
	case e.Status >= 200 && e.Status < 300:
		return Answered
	default:
		return Broken
	}
}

// unpaid is how Anthropic begins a 400 to an account without money
// (https://docs.claude.com/en/api/errors). It is the begin that counts: what
// follows in a 400 may be the client's own text.
const (
	unpaid     = "Your credit balance is too low"
	unpaidType = "invalid_request_error"
)

func isUnpaid(e *llm.Error) bool {
	return strings.HasPrefix(e.Message, unpaid) && (e.Type == unpaidType || e.Code == unpaidType)
}

// spentCodes are the words by which vendors tell a quota that does not come
// back by itself from a rate, in an error's code or type
// (https://platform.openai.com/docs/guides/error-codes); spentTexts are those
// that stand in the message.
var (
	spentCodes = [...]string{"insufficient_quota", "exceeded_current_quota", "billing", "insufficient_balance", "insufficient_credits", "insufficient_funds"}
	spentTexts = [...]string{"insufficient balance", "insufficient credits", "insufficient funds", "credit balance", "available credits", "any credits"}
)

func isSpent(e *llm.Error) bool {
	return contains(e.Code, spentCodes[:]) || contains(e.Type, spentCodes[:]) ||
		contains(strings.ToLower(llm.Clip(e.Message, 512)), spentTexts[:])
}

// Retry reports whether another account or target may answer.
func (c Class) Retry() bool { return c > CallerCredential }

// status returns what a client is told for a provider's status. The
// operator's credential is not the caller's business, and a 401 would make
// the caller look for a fault in its own.
func (c Class) status(upstream int) int {
	switch c {
	case Credential, Forbidden, Broken, Unreachable:
		return http.StatusBadGateway
	case Payment, Unavailable:
		return http.StatusServiceUnavailable
	case Timeout:
		return http.StatusGatewayTimeout
	default:
		return upstream
	}
}
