package chaos

import (
	"fmt"
	"sync"
	"testing"
	"time"
)

// How a run is set up.
const (
	workers      = 32 // clients of the gateway at a time
	plainWorkers = 8  // and of the plain site
	plainShare   = 4  // one request of the plain site for so many of the gateway
	reloadEvery  = 500 * time.Millisecond
	askEvery     = 8 * time.Millisecond  // the gateway, so that reloads come often enough
	closeEvery   = 40 * time.Millisecond // one mock's idle connections
)

// record is what is kept of a request until the end.
type record struct {
	*request
	verdict    verdict
	why        string
	attempts   int
	provider   string // of the account that was asked last
	timedOut   bool
	start, end time.Time
}

// run is a run of the test.
type run struct {
	t       *testing.T
	seed    uint64
	total   int
	gateway *gateway
	clients *clients

	mu      sync.Mutex
	records []record // of the gateway's requests
	plain   []record // of the plain site's
	secrets []string // where one was seen
	reloads []reload
	machine machine
}

// reload is when a configuration was loaded.
type reload struct {
	variant
	start, end time.Time
}

// load loads a configuration.
func (r *run) load(v variant) {
	start := time.Now()
	if err := r.gateway.load(v); err != nil {
		r.t.Fatalf("loading a configuration: %v", err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.reloads = append(r.reloads, reload{v, start, time.Now()})
}

// every calls f in a rhythm until done is closed.
func every(d time.Duration, done <-chan struct{}, f func(n int)) {
	beat := time.NewTicker(d)
	defer beat.Stop()
	for n := 0; ; n++ {
		select {
		case <-beat.C:
			f(n)
		case <-done:
			return
		}
	}
}

// variantOf is the configuration that is loaded n-th: it changes keys, does not
// change anything, goes without a provider, and takes it back.
func variantOf(n int) variant {
	v := variant{generation: 1 + n, debug: n%8 >= 4}
	switch n % 4 {
	case 1:
		v = variantOf(n - 1)
	case 2:
		v.without = true
	}
	return v
}

// requests sends all requests while everything else goes on.
func (r *run) requests() {
	done := make(chan struct{})
	var around, asking sync.WaitGroup
	mocks := r.gateway.mocks()
	around.Go(func() {
		every(closeEvery, done, func(n int) {
			// those of the good providers come first, and are asked the most
			mocks[n%20].closeIdle()
			mocks[n%len(mocks)].closeIdle()
		})
	})
	around.Go(func() { r.machine.watch(done) })
	around.Go(func() { every(reloadEvery, done, func(n int) { r.load(variantOf(n)) }) })

	jobs, plainJobs := make(chan int), make(chan int, plainWorkers)
	for range workers {
		asking.Go(func() {
			for n := range jobs {
				r.ask(planned(r.seed, n))
			}
		})
	}
	for range plainWorkers {
		asking.Go(func() {
			for n := range plainJobs {
				r.askPlain(planned(r.seed, r.total+n))
			}
		})
	}
	pace := time.NewTicker(askEvery)
	defer pace.Stop()
	for n := 1; n <= r.total; n++ {
		<-pace.C
		jobs <- n
		if n%plainShare == 0 {
			plainJobs <- n
		}
	}
	close(jobs)
	close(plainJobs)
	asking.Wait()
	close(done)
	around.Wait()
	for _, m := range mocks {
		if err := m.tick(forever); err != nil {
			r.t.Error(err)
		}
	}
}

// ask makes one request of the gateway and judges what came of it.
func (r *run) ask(q *request) {
	now := r.gateway.ledger.issue()
	for _, m := range r.gateway.mocks() {
		_ = m.tick(now)
	}
	start := time.Now()
	o := r.clients.ask(q, fmt.Sprintf("http://127.0.0.1:%d", r.gateway.port), clientKey, r.gateway.ledger)
	attempts := r.gateway.ledger.of(q.token)
	v, why := judge(q, o, attempts)
	told := o.tells()
	r.mu.Lock()
	defer r.mu.Unlock()
	if told != "" {
		r.secrets = append(r.secrets, q.token+": "+told)
	}
	k := record{request: q, verdict: v, why: why, attempts: len(attempts), timedOut: o.timedOut(attempts), start: start, end: time.Now()}
	if len(attempts) > 0 {
		k.provider = attempts[len(attempts)-1].account
	}
	r.records = append(r.records, k)
}

// askPlain makes one request of the plain site.
func (r *run) askPlain(q *request) {
	q.client, q.leaves, q.want = chatClient, stays, nil
	start := time.Now()
	o := r.clients.ask(q, fmt.Sprintf("http://127.0.0.1:%d", r.gateway.plain), "sk-plain-0", r.gateway.ledger)
	v, why := judge(q, o, r.gateway.ledger.of(q.token))
	r.mu.Lock()
	defer r.mu.Unlock()
	r.plain = append(r.plain, record{request: q, verdict: v, why: why, start: start, end: time.Now()})
}
