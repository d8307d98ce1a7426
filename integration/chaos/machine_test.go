package chaos

import (
	"slices"
	"time"
)

// machine watches whether this process gets the time that it needs. An account
// that is healthy looks sick when nobody is there to carry its answer; what went
// wrong then is counted apart, and only where it says that time ran out.
type machine struct {
	begun time.Time
	beats []time.Duration // when they came, after begun
}

// beatEvery is how often the machine is watched.
const beatEvery = 100 * time.Millisecond

// watch watches until done is closed.
func (m *machine) watch(done <-chan struct{}) {
	m.begun = time.Now()
	every(beatEvery, done, func(int) { m.beats = append(m.beats, time.Since(m.begun)) })
}

// stalled reports whether in a time nothing ran for a second at once, or half of
// the beats did not come.
func (m *machine) stalled(start, end time.Time) bool {
	from, to := start.Sub(m.begun), end.Sub(m.begun)
	at, _ := slices.BinarySearch(m.beats, from)
	last, seen := from, 0
	for ; at < len(m.beats) && m.beats[at] <= to; at++ {
		if m.beats[at]-last > time.Second {
			return true
		}
		last = m.beats[at]
		seen++
	}
	return to-last > time.Second || seen < int((to-from)/beatEvery)/2
}

// longest is the longest time that nothing ran.
func (m *machine) longest() (longest time.Duration) {
	var last time.Duration
	for _, beat := range m.beats {
		longest = max(longest, beat-last)
		last = beat
	}
	return longest
}
