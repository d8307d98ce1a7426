package exchange

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// slow gives a byte after each pause.
type slow struct{ pauses []time.Duration }

func (s *slow) Read(p []byte) (int, error) {
	if len(s.pauses) == 0 {
		return 0, io.EOF
	}
	time.Sleep(s.pauses[0])
	s.pauses = s.pauses[1:]
	p[0] = 'x'
	return 1, nil
}

func (*slow) Close() error { return nil }

// The limits hold to the moment: the first until content, silence between two
// reads but not while nobody reads, the whole in any case.
func TestWatch(t *testing.T) {
	const s = time.Second
	for _, tc := range []struct {
		name    string
		limits  Limits
		first   []time.Duration // of reads before the content
		pauses  []time.Duration // of reads after it
		between time.Duration   // that the client takes after each of these
		least   time.Duration   // after which it is late, 0 if it never is
		most    time.Duration
	}{
		{name: "no limits", first: []time.Duration{1000 * s}, pauses: []time.Duration{1000 * s}},
		{name: "in time", limits: Limits{First: 10 * s, Idle: 5 * s}, first: []time.Duration{4 * s, 4 * s}, pauses: []time.Duration{4 * s, 4 * s, 4 * s}},
		{name: "late content", limits: Limits{First: 10 * s, Idle: 5 * s}, first: []time.Duration{4 * s, 4 * s, 4 * s}, least: 10 * s, most: 10 * s},
		{name: "silence before the content", limits: Limits{Idle: 5 * s}, first: []time.Duration{100 * s}},
		{name: "silence", limits: Limits{First: 10 * s, Idle: 8 * s}, pauses: []time.Duration{3 * s, 20 * s}, least: 11 * s, most: 12 * s},
		{name: "a client that is slow", limits: Limits{Idle: 8 * s}, pauses: []time.Duration{3 * s, 3 * s, 3 * s}, between: 100 * s},
		{name: "too long in all", limits: Limits{Idle: 5 * s, Total: 9 * s}, pauses: []time.Duration{2 * s, 2 * s, 2 * s, 2 * s, 2 * s}, least: 9 * s, most: 9 * s},
		{name: "too long in all, by the client", limits: Limits{Idle: 5 * s, Total: 9 * s}, pauses: []time.Duration{s, s}, between: 6 * s, least: 9 * s, most: 9 * s},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				began := time.Now()
				w := watched(t.Context(), tc.limits)
				var late time.Duration
				done := make(chan struct{})
				go func() {
					defer close(done)
					<-w.Done()
					if w.late.Load() {
						late = time.Since(began)
					}
				}()
				b := w.over(&slow{append(append([]time.Duration{}, tc.first...), tc.pauses...)})
				p := make([]byte, 1)
				for range tc.first {
					_, _ = b.Read(p)
				}
				w.begun()
				for range tc.pauses {
					_, _ = b.Read(p)
					time.Sleep(tc.between)
				}
				_ = b.Close()
				<-done
				if late < tc.least || late > tc.most {
					t.Errorf("late after %v, want from %v to %v", late, tc.least, tc.most)
				}
				if total := w.total.Load(); total != (tc.least > 0 && strings.HasPrefix(tc.name, "too long")) {
					t.Errorf("of the whole: %v", total)
				}
			})
		})
	}
}

// A watch that was stopped is over, also if it was just looking: it would hold
// on to the request for ever.
func TestAStoppedWatchIsOver(t *testing.T) {
	for i := range 2000 {
		w := watched(t.Context(), Limits{Idle: 400 * time.Microsecond})
		w.begun()
		for end := time.Now().Add(50*time.Microsecond + time.Duration(i%200)*100); time.Now().Before(end); {
		}
		w.stop()
		w.mu.Lock() // ring, if it runs, has ended
		active := w.timer.Stop()
		w.mu.Unlock()
		if active {
			t.Fatal("it goes on")
		}
	}
}

// What is said when a limit was passed is that, whatever the reading failed with.
func TestLateReads(t *testing.T) {
	x := newExchange(t, true)
	if class, why := x.why(errors.New("context canceled")); class != Broken || why == tooLong {
		t.Errorf("%v: %s", class, why)
	}
	x.watch.late.Store(true)
	if class, why := x.why(errors.New("context canceled")); class != Timeout || why != tooLong {
		t.Errorf("%v: %s", class, why)
	}
}
