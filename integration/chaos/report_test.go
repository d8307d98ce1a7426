package chaos

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"sort"
	"strings"
	"time"
)

// report is what a run comes to.
type report struct {
	of     map[verdict][]record
	plain  map[verdict][]record
	leaked []string
	told   []string // secrets
	kept   int      // accounts whose refusal was kept in mind over reloads
}

// report looks at all that was kept, when nothing is under way any more.
func (r *run) report(was, now resources, settled bool) (*report, error) {
	p := &report{of: make(map[verdict][]record), plain: make(map[verdict][]record), told: r.secrets}
	tokens := make(map[string]bool)
	for _, k := range append(append([]record(nil), r.records...), r.plain...) {
		if k.verdict == died {
			tokens[k.token] = true
		}
	}
	seen, problems, told, err := r.readLogs(tokens)
	if err != nil {
		return nil, err
	}
	p.told = append(p.told, told...)
	for i := range r.records {
		k := &r.records[i]
		switch after := len(r.gateway.ledger.of(k.token)); {
		case k.verdict == died && (after > 0 || seen[k.token]):
			k.verdict, k.why = lost, "the connection ended, but the gateway had the request: "+k.why
		case after != k.attempts && k.verdict != leftEarly && k.verdict != lost:
			k.verdict, k.why = wrong, fmt.Sprintf("%d attempts after it was %s", after-k.attempts, k.verdict)
		}
		if k.timedOut && (k.verdict == lost || k.verdict == wrong) && r.machine.stalled(k.start, k.end) {
			k.verdict = starved
		}
		p.of[k.verdict] = append(p.of[k.verdict], *k)
	}
	for _, k := range r.plain {
		p.plain[k.verdict] = append(p.plain[k.verdict], k)
	}
	forgotten, kept := r.forgotten()
	if p.kept = kept; len(p.of[starved]) == 0 { // else the healthy one may have looked sick
		problems = append(problems, forgotten...)
	}
	for _, what := range append(problems, r.gateway.ledger.oddities...) {
		p.of[wrong] = append(p.of[wrong], record{request: &request{client: chatClient}, why: what})
	}
	p.leaked = r.gateway.ledger.leaked
	if !settled {
		p.leaked = append(p.leaked, fmt.Sprintf("%v at the start, %v at the end", was, now))
	}
	return p, nil
}

// readLogs reads Caddy's logs. It returns which of the tokens stand in the
// access log, panics, and secrets.
func (r *run) readLogs(tokens map[string]bool) (seen map[string]bool, problems, told []string, err error) {
	seen = make(map[string]bool)
	for _, file := range []string{r.gateway.log(), r.gateway.accessLog()} {
		f, err := os.Open(file)
		if err != nil {
			return nil, nil, nil, err
		}
		defer f.Close()
		for lines := bufio.NewReaderSize(f, 1<<20); ; {
			line, err := lines.ReadString('\n')
			if at := strings.Index(line, secret); at >= 0 {
				told = append(told, fmt.Sprintf("%s: %s", file, around(line, at)))
			}
			if strings.Contains(line, "panic") {
				problems = append(problems, fmt.Sprintf("%s: %.2000s", file, line))
			}
			if file == r.gateway.accessLog() {
				if t := token.FindString(line); tokens[t] {
					seen[t] = true
				}
			}
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				return nil, nil, nil, err
			}
		}
	}
	return seen, problems, told, nil
}

// spans counts the streams that were under way when a configuration was
// loaded, and those of a provider that it took away.
func (r *run) spans() (over, removed int) {
	for _, k := range r.records {
		spanned, gone := false, false
		for _, l := range r.reloads {
			within := k.start.Before(l.start) && k.end.After(l.end)
			spanned = spanned || within
			gone = gone || within && l.without && strings.HasPrefix(k.provider, "gamma-") && k.provider != "gamma-next-1"
		}
		if k.stream && k.verdict == answered && spanned {
			over++
			if gone {
				removed++
			}
		}
	}
	return over, removed
}

// write writes the report.
func (r *run) write(p *report, was, now resources, took time.Duration) string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	over, removed := r.spans()
	var longest time.Duration
	for _, l := range r.reloads {
		longest = max(longest, l.end.Sub(l.start))
	}
	line("chaos: seed %d, %d requests in %v, %d reloads (the longest took %v), %d connections to providers",
		r.seed, len(r.records), took.Round(time.Second/10), len(r.reloads), longest.Round(time.Millisecond), r.opened())
	line("  streams answered over a reload %d, of them over the end of their provider %d", over, removed)
	line("  accounts that stayed out over reloads after a 401 or 402: %d", p.kept)
	line("  longest time that this machine did nothing for us %v", r.machine.longest().Round(time.Millisecond))
	line("  what the accounts did:")
	done := r.gateway.ledger.done
	names := make([]string, 0, len(done))
	for name := range done {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		line("    %6d  %s", done[name], name)
	}
	line("  what the clients got:")
	for _, v := range []verdict{answered, rightError, broken, leftEarly} {
		line("    %6d  %s", len(p.of[v]), v)
	}
	line("    %6d  %s, of %d (%s); of a plain reverse_proxy %d of %d (%s)", len(p.of[died]), died,
		len(r.records), byWay(p.of[died]), len(p.plain[died]), len(r.plain), byWay(p.plain[died]))
	line("    %6d  %s", len(p.of[starved]), starved)
	for _, v := range []verdict{wrong, lost} {
		line("    %6d  %s", len(p.of[v]), v)
	}
	line("    %6d  leaked (%v at the start, %v at the end)", len(p.leaked), was, now)
	line("    %6d  secrets", len(p.told))
	return b.String()
}

// byWay says how the clients of records were connected.
func byWay(records []record) string {
	var n [ways]int
	for _, k := range records {
		n[k.way]++
	}
	return fmt.Sprintf("%d kept alive, %d new connections, %d HTTP/2", n[0], n[1], n[2])
}

// mostStarved is how many requests of a hundred may fail because this machine had
// no time for them.
const mostStarved = 5

// tooMany reports whether more requests died at reloads than chance allows if
// it is Caddy alone that loses them.
func (r *run) tooMany(p *report) bool {
	rate := float64(len(p.plain[died])) / float64(max(1, len(r.plain)))
	expected := rate * float64(len(r.records))
	return float64(len(p.of[died])) > 2*expected+4*math.Sqrt(expected)+float64(10+len(r.records)/500)
}

func (r *run) opened() (n int) {
	for _, m := range r.gateway.mocks() {
		m.mu.Lock()
		n += m.opened
		m.mu.Unlock()
	}
	return n
}
