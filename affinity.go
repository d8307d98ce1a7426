package aiclient2api

import (
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/aiclient2api/caddy-aiclient2api/internal/exchange"
)

// Affinity is what a session is known by. Its requests go to one account, whose
// prompt cache they find, as long as that account may be asked; while it may
// not they go to others, and then return.
type Affinity struct {
	// What it is: `header`, `key` (the client key), or `prefix` (the prompt's
	// instructions and first message, which the requests of one conversation share).
	By string `json:"by"`

	// The header's name. Required with `header`.
	Header string `json:"header,omitempty"`
}

// check checks the words.
func (a *Affinity) check() error {
	switch {
	case a.By == "header" && !validName.MatchString(a.Header):
		return errors.New("affinity header wants the header's name")
	case a.By == "header" && slices.Contains(credentials[:], http.CanonicalHeaderKey(a.Header)):
		return fmt.Errorf("affinity header %s: it is a credential, which is not kept: say 'affinity key'", a.Header)
	case a.By != "header" && a.Header != "":
		return fmt.Errorf("affinity %s takes no name", a.By)
	case a.By != "header" && a.By != "key" && a.By != "prefix":
		return fmt.Errorf("affinity: %q is none of header, key, prefix", a.By)
	}
	return nil
}

// session returns what stands for the session of a call, 0 if it is part of none.
func (a *Affinity) session(c *call, r *http.Request) uint64 {
	if a == nil {
		return 0
	}
	switch a.By {
	case "header":
		return exchange.Session(r.Header.Get(a.Header))
	case "key":
		return exchange.Session(c.key)
	default:
		return c.Prefix()
	}
}
