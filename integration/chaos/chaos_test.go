package chaos

import (
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2"
)

// number reads an environment variable.
func number(t *testing.T, name string, otherwise uint64) uint64 {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return n
}

// Whatever providers, clients and reloads do: each request that somebody could
// answer is answered, once and as it was said; others are told so in their own
// protocol; nothing stays behind, and no secret is told.
func TestChaos(t *testing.T) {
	r := &run{
		t:       t,
		seed:    number(t, "CHAOS_SEED", uint64(time.Now().UnixNano()%1e9)),
		total:   int(number(t, "CHAOS_REQUESTS", 2000)),
		clients: newClients(),
	}
	t.Logf("CHAOS_SEED=%d", r.seed)
	r.gateway = newGateway(t, r.seed)
	t.Cleanup(func() {
		if err := caddy.Stop(); err != nil {
			t.Errorf("stopping Caddy: %v", err)
		}
	})

	// what there is when Caddy has been reloaded and nothing was asked
	r.load(variant{})
	r.load(variant{})
	was, _ := r.gateway.settled(stands())
	start := time.Now()
	r.requests()
	took := time.Since(start)
	r.clients.close()
	r.load(variant{}) // the connections of the one before are closed with it
	now, settled := r.gateway.settled(func(now resources) bool { return now.within(was) })

	p, err := r.report(was, now, settled)
	if err != nil {
		t.Fatal(err)
	}
	t.Log(r.write(p, was, now, took))
	const most = 8 // of each kind are shown
	for _, v := range []verdict{wrong, lost} {
		for i, k := range p.of[v] {
			switch {
			case i >= most:
			case k.token == "": // it is of no request
				t.Errorf("%s: %s", v, k.why)
			default:
				t.Errorf("%s: %s, %s client, %s, stream %t, way %d, from %v to %v: %s",
					v, k.token, k.client.name, k.model, k.stream, k.way, k.start.Sub(start), k.end.Sub(start), k.why)
			}
		}
	}
	for i, what := range p.leaked {
		if i < most {
			t.Errorf("leaked: %s", what)
		}
	}
	if !settled {
		t.Logf("what there is:\n%s", stacks())
	}
	for i, where := range p.told {
		if i < most {
			t.Errorf("a secret is told in %s", where)
		}
	}
	if n := len(p.of[starved]); n*100 > mostStarved*len(r.records) {
		t.Errorf("%d of %d requests timed out while this machine stalled: it has no time for this test", n, len(r.records))
	}
	if r.tooMany(p) {
		t.Errorf("%d of %d requests died at reloads; of a plain reverse_proxy's only %d of %d", len(p.of[died]), len(r.records), len(p.plain[died]), len(r.plain))
	}
	for _, v := range []verdict{wrong, lost, broken} {
		for i, k := range p.plain[v] {
			if i < 3 {
				t.Logf("the plain site: %s: %s", v, k.why)
			}
		}
	}
}

// stands is true when nothing has changed for a while.
func stands() func(resources) bool {
	var last resources
	same := 0
	return func(now resources) bool {
		if same++; now != last {
			last, same = now, 0
		}
		return same >= 50
	}
}
