package cooldown

import (
	"fmt"
	"sync"
	"testing"
	"time"
)

var (
	rate   = Failure{Penalty: Penalty{Model: true, First: time.Second, Most: time.Minute, Stated: true}, Class: "rate_limit", Rate: true}
	server = Failure{Penalty: Penalty{First: time.Second, Most: 15 * time.Second, Stated: true}, Class: "server_error"}
	denied = Failure{Penalty: Penalty{First: 10 * time.Minute, Most: 10 * time.Minute}, Class: "credential"}
)

func after(f Failure, d time.Duration) Failure { f.After = d; return f }

// enter begins an attempt that must be possible.
func enter(t *testing.T, s *State, model string, now time.Time) Ticket {
	t.Helper()
	ticket, ok := s.Enter(model, now, false)
	if !ok {
		t.Fatalf("no attempt at %v: %+v", now, s.Fitness(model, now))
	}
	return ticket
}

func grade(t *testing.T, s *State, model string, now time.Time, want Grade) {
	t.Helper()
	if f := s.Fitness(model, now); f.Grade != want {
		t.Errorf("%s is %v at %v, want %v: %+v", model, f.Grade, now, want, f)
	}
}

func TestDelay(t *testing.T) {
	for _, tc := range []struct {
		p           Penalty
		behind      int
		least, most time.Duration
	}{
		{rate.Penalty, 0, time.Second, 1250 * time.Millisecond},
		{rate.Penalty, 3, 8 * time.Second, 10 * time.Second},
		{rate.Penalty, 6, 48 * time.Second, time.Minute},
		{rate.Penalty, 1000, 48 * time.Second, time.Minute},
		{server.Penalty, 4, 12 * time.Second, 15 * time.Second},
		{denied.Penalty, 7, 10 * time.Minute, 10 * time.Minute},
	} {
		seen := map[time.Duration]bool{}
		for range 100 {
			d := tc.p.delay(tc.behind)
			if d < tc.least || d > tc.most {
				t.Errorf("%+v after %d: %v", tc.p, tc.behind, d)
			}
			seen[d] = true
		}
		if tc.least != tc.most && len(seen) < 10 {
			t.Errorf("%+v after %d: %d different times", tc.p, tc.behind, len(seen))
		}
	}
}

// A failure keeps the account out, then one attempt finds out, and its answer
// lets all others in.
func TestLife(t *testing.T) {
	var s State
	now := time.Now()
	grade(t, &s, "m", now, Fit)
	a := enter(t, &s, "m", now)
	a.Fail(after(server, 4*time.Second), now)
	grade(t, &s, "m", now.Add(3999*time.Millisecond), Out)
	grade(t, &s, "other", now, Out)
	if f := s.Fitness("m", now); !f.Stated || !f.Until.Equal(now.Add(4*time.Second)) || f.Rate {
		t.Errorf("%+v", f)
	}
	if _, ok := s.Enter("m", now, false); ok {
		t.Error("asked while out")
	}

	now = now.Add(4 * time.Second)
	grade(t, &s, "m", now, Due)
	probe := enter(t, &s, "m", now)
	grade(t, &s, "m", now, Probed)
	if _, ok := s.Enter("other", now, false); ok {
		t.Error("two probes at a time")
	}
	probe.Succeed()
	grade(t, &s, "m", now, Fit)
	if s.out.Load() != 0 || len(s.Report(now).Spells) != 0 || s.Report(now).Last.Class != "server_error" {
		t.Errorf("%+v", s.Report(now))
	}
}

// A probe that fails doubles the time, one whose client left frees the place.
func TestProbes(t *testing.T) {
	var s State
	now := time.Now()
	a := enter(t, &s, "m", now)
	a.Fail(server, now)
	for i := 1; i < 4; i++ {
		now = s.Fitness("m", now).Until
		left := enter(t, &s, "m", now)
		left.Leave()
		grade(t, &s, "m", now, Due)
		probe := enter(t, &s, "m", now)
		probe.Fail(server, now)
		left.Leave() // again, which must not free another's place
		if d := s.Fitness("m", now).Until.Sub(now); d < time.Second<<i || d > time.Second<<i*5/4 {
			t.Errorf("after %d failures: %v", i+1, d)
		}
	}
	if r := s.Report(now); r.Grade != Out || r.Spells[0].Failures != 4 {
		t.Errorf("%+v", r)
	}
}

// Where a provider limits by model, the others are asked.
func TestModels(t *testing.T) {
	var s State
	now := time.Now()
	a := enter(t, &s, "a", now)
	a.Fail(after(rate, time.Minute), now)
	grade(t, &s, "a", now, Out)
	grade(t, &s, "b", now, Fit)
	b := enter(t, &s, "b", now)
	b.Fail(denied, now)
	grade(t, &s, "c", now, Out)
	if f := s.Fitness("a", now); f.Until.Sub(now) != time.Minute || !f.Rate || !f.Stated {
		t.Errorf("%+v", f) // when it may be asked for want of anybody else
	}
	if f := s.Fitness("c", now); f.Until.Sub(now) != 10*time.Minute || f.Rate || f.Stated {
		t.Errorf("%+v", f)
	}
	now = now.Add(10 * time.Minute)
	both := enter(t, &s, "a", now)
	grade(t, &s, "c", now, Probed)
	both.Succeed()
	grade(t, &s, "a", now, Fit)
	if n := s.out.Load(); n != 0 {
		t.Errorf("%d are out", n)
	}
}

// Attempts that were made at the same time and fail one after the other are
// one failure; an answer to one of them lets nobody in.
func TestBurst(t *testing.T) {
	var s State
	now := time.Now()
	var burst []Ticket
	for range 50 {
		burst = append(burst, enter(t, &s, "m", now))
	}
	for i := range burst[1:] {
		now = now.Add(time.Millisecond)
		burst[i+1].Fail(server, now)
	}
	if r := s.Report(now); r.Spells[0].Failures != 1 || r.Spells[0].Until.Sub(now) > 1250*time.Millisecond {
		t.Errorf("%+v", r.Spells[0])
	}
	burst[0].Succeed()
	grade(t, &s, "m", now, Out)
}

// What the provider said stands, whatever happens to attempts that were under
// way; its newest word counts, but not for longer than an hour.
func TestStated(t *testing.T) {
	var s State
	now := time.Now()
	a, b, c, d := enter(t, &s, "m", now), enter(t, &s, "m", now), enter(t, &s, "m", now), enter(t, &s, "m", now)
	for _, step := range []struct {
		ticket *Ticket
		after  time.Duration
		want   time.Duration
	}{
		{&a, time.Minute, time.Minute},
		{&b, 0, time.Minute},
		{&c, 5 * time.Second, 5 * time.Second},
		{&d, 48 * time.Hour, time.Hour},
	} {
		step.ticket.Fail(after(rate, step.after), now)
		if f := s.Fitness("m", now); f.Until.Sub(now) != step.want || !f.Stated || !f.Rate {
			t.Errorf("after %v: %+v", step.after, f)
		}
	}
}

// What an operator has to mend is not mended by another failure.
func TestRefusalsStay(t *testing.T) {
	var s State
	now := time.Now()
	a := enter(t, &s, "m", now)
	a.Fail(denied, now)
	forced, _ := s.Enter("m", now, true)
	forced.Fail(after(server, time.Millisecond), now)
	if f := s.Fitness("m", now); f.Until.Sub(now) != 10*time.Minute || f.Stated || s.Report(now).Spells[0].Class != "credential" {
		t.Errorf("%+v", f)
	}
}

// Whoever has to wait for the one that finds out is told when it has.
func TestProbe(t *testing.T) {
	var s State
	now := time.Now()
	if s.Probe("m") != nil {
		t.Error("a probe of a fit account")
	}
	for _, end := range []func(*Ticket){(*Ticket).Leave, func(p *Ticket) { p.Fail(server, now) }, (*Ticket).Succeed} {
		a, _ := s.Enter("m", now, true)
		a.Fail(server, now)
		now = s.Fitness("m", now).Until
		probe := enter(t, &s, "m", now)
		ended := s.Probe("m")
		if ended == nil || ended != s.Probe("m") {
			t.Fatal("nothing to wait for")
		}
		select {
		case <-ended:
			t.Error("ended too soon")
		default:
		}
		end(&probe)
		<-ended
	}
}

// A model that nobody has asked for since is forgotten.
func TestOldSpellsGo(t *testing.T) {
	var s State
	now := time.Now()
	a := enter(t, &s, "m", now)
	a.Fail(rate, now)
	grade(t, &s, "m", now.Add(2*time.Second), Due)
	grade(t, &s, "m", now.Add(2*time.Hour), Fit)
	if s.out.Load() != 0 {
		t.Error("it is still kept")
	}
}

// An attempt that is forced is made while the account is out, and its answer
// lets the others in.
func TestForced(t *testing.T) {
	var s State
	now := time.Now()
	a := enter(t, &s, "m", now)
	a.Fail(server, now)
	forced, ok := s.Enter("m", now, true)
	if !ok {
		t.Fatal("not made")
	}
	forced.Leave()
	grade(t, &s, "m", now, Out)
	forced, _ = s.Enter("m", now, true)
	forced.Succeed()
	grade(t, &s, "m", now, Fit)
}

func TestOperator(t *testing.T) {
	var s State
	now := time.Now()
	a := enter(t, &s, "m", now)
	a.Fail(denied, now)
	s.Disable(true)
	grade(t, &s, "m", now, Disabled)
	s.Disable(false)
	grade(t, &s, "m", now, Out)
	s.Disable(true)
	s.Reset()
	grade(t, &s, "m", now, Fit)
}

// Names of models are clients' texts: what is kept of them has a bound, and the
// count that the fast way looks at stays right.
func TestBound(t *testing.T) {
	var s State
	now := time.Now()
	for i := range 10 * mostModels {
		a := enter(t, &s, fmt.Sprint(i), now)
		a.Fail(after(rate, time.Duration(i+1)*time.Second), now)
	}
	if len(s.models) != mostModels || int(s.out.Load()) != mostModels {
		t.Errorf("%d models, %d out", len(s.models), s.out.Load())
	}
	a := enter(t, &s, "late", now.Add(2*time.Hour))
	a.Fail(rate, now.Add(2*time.Hour))
	if len(s.models) != 1 || s.out.Load() != 1 {
		t.Errorf("%d models, %d out, though all are over", len(s.models), s.out.Load())
	}
}

// Whatever happens at the same time, there is one probe, and nothing is left.
func TestConcurrent(t *testing.T) {
	var s State
	now := time.Now()
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for j := range 500 {
				at := now.Add(time.Duration(j) * 100 * time.Millisecond)
				model := fmt.Sprint("m", j%3)
				ticket, ok := s.Enter(model, at, j%7 == 0)
				if !ok {
					continue
				}
				switch (i + j) % 4 {
				case 0:
					ticket.Fail(rate, at)
				case 1:
					ticket.Fail(server, at)
				case 2:
					ticket.Succeed()
				default:
					ticket.Leave()
				}
				s.Fitness(model, at)
				s.Report(at)
			}
		})
	}
	wg.Wait()
	end := now.Add(time.Hour)
	for _, model := range []string{"m0", "m1", "m2"} {
		last := enter(t, &s, model, end)
		last.Succeed()
	}
	if n := s.out.Load(); n != 0 {
		t.Errorf("%d are out", n)
	}
}

func BenchmarkFit(b *testing.B) {
	var s State
	now := time.Now()
	b.ReportAllocs()
	for b.Loop() {
		if s.Fitness("m", now).Grade == Fit {
			ticket, _ := s.Enter("m", now, false)
			ticket.Succeed()
		}
	}
}
