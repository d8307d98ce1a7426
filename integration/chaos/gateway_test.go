package chaos

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig"
	_ "github.com/caddyserver/caddy/v2/modules/standard"

	_ "github.com/aiclient2api/caddy-aiclient2api"
	"github.com/aiclient2api/caddy-aiclient2api/internal/caddytest"
)

// hangAllowed is what the timeouts of providers are set to. An account that is
// healthy answers within it even on a machine that has other things to do.
const hangAllowed = 4 * time.Second

// clientKey is the key of the clients.
const clientKey = "ck-" + secret + "-client"

// account is an account of a provider in the configuration.
type account struct {
	*mock          // nil: an address where nobody listens
	name    string // also the mock's
	renewed bool   // its key is a new one at each change, so that what is known of it is forgotten
}

// provider is a provider in the configuration.
type provider struct {
	name     string
	kind     string
	dialect  dialect
	accounts []account
}

// gateway is a Caddy in this process, with the providers behind it.
type gateway struct {
	dir         string
	port, plain int // of the gateway's site, and of that of a plain reverse_proxy
	providers   []provider
	direct      *mock // behind the plain site
	ledger      *ledger
}

// newGateway starts the mocks.
func newGateway(t *testing.T, seed uint64) *gateway {
	t.Helper()
	g := &gateway{dir: caddytest.StorageDir(t), ledger: newLedger()}
	kinds := map[string]dialect{"openai": chat{}, "openai_compatible": chat{}, "anthropic": messages{}}
	add := func(name, kind string, accounts ...account) {
		for i := range accounts {
			a := &accounts[i]
			if a.name = fmt.Sprintf("%s-%d", name, i+1); a.mock != nil {
				a.mock.account, a.mock.dialect, a.mock.ledger = a.name, kinds[kind], g.ledger
			}
		}
		g.providers = append(g.providers, provider{name, kind, kinds[kind], accounts})
	}
	n := 0
	flaky := func(count int, renewed, slow bool) (list []account) {
		for range count {
			n++
			list = append(list, account{mock: &mock{faults: cycle(seed, n, slow)}, renewed: renewed})
		}
		return list
	}
	healthy := func() account { return account{mock: &mock{faults: well()}} }

	add("alpha", "openai", append(append(flaky(4, true, false), flaky(1, false, false)...), healthy())...)
	add("beta", "anthropic", append(append(flaky(1, false, false), healthy()), flaky(4, true, false)...)...)
	add("delta", "anthropic", flaky(3, true, false)...)
	add("delta-next", "openai", healthy())
	add("gamma", "openai_compatible", append(flaky(3, true, true), flaky(1, false, true)...)...)
	add("gamma-next", "anthropic", healthy())
	for i, b := range bad {
		account := func() account {
			f := badFault(b.fault)
			if f == nil {
				return account{}
			}
			return account{mock: &mock{faults: []*fault{f}}}
		}
		add(badModel(i), []string{"openai", "anthropic"}[i%2], account(), account())
	}
	g.direct = &mock{account: "plain", dialect: chat{}, ledger: g.ledger, calm: true, faults: well()[4:9]}

	for _, m := range g.mocks() {
		if err := m.listen(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(m.stop)
	}
	g.port, g.plain = caddytest.FreePort(t), caddytest.FreePort(t) // of those that the mocks left
	return g
}

// mocks returns all of them.
func (g *gateway) mocks() []*mock {
	all := []*mock{g.direct}
	for _, p := range g.providers {
		for _, a := range p.accounts {
			if a.mock != nil {
				all = append(all, a.mock)
			}
		}
	}
	return all
}

// variant is a configuration.
type variant struct {
	generation int  // of the keys that are renewed
	without    bool // the provider gamma
	debug      bool // headers, and sessions that stay with an account
}

// The files of Caddy's logs.
func (g *gateway) log() string       { return filepath.Join(g.dir, "caddy.log") }
func (g *gateway) accessLog() string { return filepath.Join(g.dir, "access.log") }

// caddyfile writes a configuration.
func (g *gateway) caddyfile(v variant) string {
	var b strings.Builder
	fmt.Fprintf(&b, `{
	admin off
	persist_config off
	auto_https off
	storage file_system %q
	storage_clean_interval off
	log default {
		output file %q {
			roll_disabled
		}
		level DEBUG
	}
	servers {
		protocols h1 h2c
	}
}
http://:%d {
	bind 127.0.0.1
	reverse_proxy %s {
		transport http {
			keepalive off
		}
	}
}
http://:%d {
	bind 127.0.0.1
	log {
		output file %q {
			roll_disabled
		}
		format aiclient2api
	}
	aiclient2api {
		key client %s
`, g.dir, g.log(), g.plain, g.direct.address, g.port, g.accessLog(), clientKey)
	for _, p := range g.providers {
		if p.name != "gamma" || !v.without {
			p.write(&b, v)
		}
	}
	chain := "gamma/gamma-there gamma-next"
	if v.without {
		chain = "gamma-next"
	}
	fmt.Fprintf(&b, `
		model alpha-* alpha
		model spliced alpha/another-name
		model beta-*  beta
		model gamma-* %s
		model delta-* delta delta-next/delta-there
`, chain)
	if v.debug {
		b.WriteString("debug_headers\naffinity prefix\n")
	}
	b.WriteString("}\n}\n")
	return b.String()
}

// write writes the provider's block.
func (p provider) write(b *strings.Builder, v variant) {
	fmt.Fprintf(b, "provider %s %s {\n", p.name, p.kind)
	base := ""
	if p.dialect == (chat{}) {
		base = "/v1"
		b.WriteString("formats chat\n")
	}
	if strings.HasPrefix(p.name, "bad-") {
		fmt.Fprintf(b, "models %s\n", p.name)
	}
	fmt.Fprintf(b, "first_token_timeout %v\nidle_timeout %v\n%s\n", hangAllowed, hangAllowed, p.policy(v))
	for i, a := range p.accounts {
		address, generation := "127.0.0.1:1", 0 // nobody listens there
		if a.mock != nil {
			address = a.address
		}
		if a.renewed {
			generation = v.generation
		}
		fmt.Fprintf(b, "account %s {\napi_key sk-%s-%s-%d\nupstream http://%s%s\n", a.name, a.name, secret, generation, address, base)
		if p.name == "gamma" {
			fmt.Fprintf(b, "weight %d\n", i+1)
		}
		b.WriteString("}\n")
	}
	b.WriteString("}\n")
}

// policy is how a provider's account is chosen. It changes at reloads, which
// makes no other account of one.
func (p provider) policy(v variant) string {
	policies := []string{"", "lb_policy round_robin", "lb_policy least_conn", "lb_policy first"}
	switch p.name {
	case "alpha":
		return policies[v.generation/2%4]
	case "beta":
		return policies[v.generation/3%3]
	}
	return ""
}

// adapt returns a configuration as Caddy loads it.
func (g *gateway) adapt(v variant) ([]byte, error) {
	adapted, _, err := caddyconfig.GetAdapter("caddyfile").Adapt([]byte(g.caddyfile(v)), nil)
	if err != nil {
		return nil, fmt.Errorf("adapting: %w in\n%s", err, g.caddyfile(v))
	}
	return adapted, nil
}

// load makes Caddy run a configuration, even if it is the one that runs.
func (g *gateway) load(v variant) error {
	adapted, err := g.adapt(v)
	if err != nil {
		return err
	}
	return caddy.Load(adapted, true)
}
