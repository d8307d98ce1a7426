package upstream

import (
	"time"

	"github.com/aiclient2api/caddy-aiclient2api/internal/cooldown"
	"github.com/aiclient2api/caddy-aiclient2api/internal/exchange"
)

// penalties say what a failure means for the account that was asked. This is
// the one table of it; docs/accounts.md shows it, and a test compares them.
//
// What vendors limit or refuse by model, and what depends on how long a model
// takes, keeps the account out for that model only. A class that is not here
// says nothing of the account.
var penalties = [exchange.Classes]cooldown.Penalty{
	exchange.RateLimit:   {Model: true, First: time.Second, Most: time.Minute, Stated: true},
	exchange.Overloaded:  {Model: true, First: time.Second, Most: 15 * time.Second, Stated: true},
	exchange.Timeout:     {Model: true, First: time.Second, Most: 15 * time.Second},
	exchange.Forbidden:   {Model: true, First: refusal, Most: refusal},
	exchange.Server:      {First: time.Second, Most: 15 * time.Second, Stated: true},
	exchange.Broken:      {First: time.Second, Most: 15 * time.Second},
	exchange.Unreachable: {First: time.Second, Most: 15 * time.Second},
	exchange.Credential:  {First: refusal, Most: refusal},
	exchange.Payment:     {First: refusal, Most: refusal},
	exchange.Quota:       {First: refusal, Most: refusal, Stated: true},
}

// refusal is how long what an operator has to mend keeps an account out, until
// the next attempt shows whether it was mended.
const refusal = 10 * time.Minute
