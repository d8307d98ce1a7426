package chaos

import (
	"bytes"
	"fmt"
	"os"
	"runtime"
	"runtime/pprof"
	"sort"
	"strings"
	"time"
)

// resources is what a process holds.
type resources struct{ goroutines, descriptors, connections int }

func (g *gateway) resources() resources {
	r := resources{goroutines: runtime.NumGoroutine(), descriptors: -1}
	for _, m := range g.mocks() {
		r.connections += m.connections()
	}
	if open, err := os.ReadDir("/proc/self/fd"); err == nil {
		r.descriptors = len(open)
	}
	return r
}

func (r resources) String() string {
	return fmt.Sprintf("%d goroutines, %d connections to providers, %d descriptors", r.goroutines, r.connections, r.descriptors)
}

// within reports whether there is nothing more than there was.
func (r resources) within(was resources) bool {
	return r.goroutines <= was.goroutines && r.connections <= was.connections && r.descriptors <= was.descriptors
}

// settled waits until all that a run has taken is given back, and returns what
// there is at last.
func (g *gateway) settled(ok func(resources) bool) (now resources, settled bool) {
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		if now = g.resources(); ok(now) {
			return now, true
		}
		if time.Now().After(end) {
			return now, false
		}
	}
}

// stacks are the stacks of all goroutines, the most frequent first.
func stacks() string {
	var b bytes.Buffer
	_ = pprof.Lookup("goroutine").WriteTo(&b, 1)
	all := strings.Split(b.String(), "\n\n")
	sort.SliceStable(all, func(i, j int) bool { return len(all[i]) > 0 && len(all[j]) > 0 && count(all[i]) > count(all[j]) })
	return strings.Join(all[:min(len(all), 12)], "\n\n")
}

func count(stack string) (n int) {
	_, _ = fmt.Sscanf(stack, "%d @", &n)
	return n
}
