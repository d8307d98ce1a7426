package chaos

import (
	"fmt"
	"strings"
	"sync"
	"time"
)

// ledger is what the mocks know: who was asked for which token, and what was
// done.
type ledger struct {
	mu       sync.Mutex
	issued   int // requests of the clients so far
	attempts map[string][]attempt
	waiting  map[string]chan struct{}
	done     map[string]int // what was done, how often
	oddities []string       // of requests that no client of ours would send
	leaked   []string
}

// attempt is a request that a mock read.
type attempt struct {
	account string
	fault   string
	phase   phase
	pieces  []string // of the text that it was answered with, or would have been
	at      time.Time
}

func newLedger() *ledger {
	return &ledger{attempts: make(map[string][]attempt), waiting: make(map[string]chan struct{}), done: make(map[string]int)}
}

// note notes that a mock is asked.
func (l *ledger) note(token string, a attempt) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.attempts[token] = append(l.attempts[token], a)
	l.done[a.fault]++
	if c := l.waiting[token]; c != nil {
		close(c)
		delete(l.waiting, token)
	}
}

// asked returns a channel that is closed when a mock is asked for a token.
func (l *ledger) asked(token string) <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	c := make(chan struct{})
	l.waiting[token] = c
	return c
}

// of returns the attempts that were made for a token.
func (l *ledger) of(token string) []attempt {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]attempt(nil), l.attempts[token]...)
}

// count counts something that was done to no request in particular.
func (l *ledger) count(what string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.done[what]++
}

// issue counts a request of a client's and returns how many there were.
func (l *ledger) issue() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.issued++
	return l.issued
}

// clock is the number of requests that were issued.
func (l *ledger) clock() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.issued
}

func (l *ledger) odd(format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.oddities = append(l.oddities, fmt.Sprintf(format, args...))
}

func (l *ledger) leaks(format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.leaked = append(l.leaked, fmt.Sprintf(format, args...))
}

// pieces is the text of an answer. Each attempt has a text of its own, so that
// parts of two in one answer are seen.
func pieces(token, account string, turn int, stream, large bool) []string {
	list := []string{
		"Grüße, ", token, " from " + account + "/",
		fmt.Sprint(turn), ": ", "\"quoted\" \\ and <escaped>\n\t", "🌍 ",
	}
	for i := range turn % 4 {
		list = append(list, strings.Repeat(fmt.Sprintf("word %d of %d ", i, turn), 1+turn%5))
	}
	switch {
	case large && stream:
		list = append(list, filler)
	case large:
		list = append(list, filler[:2<<20])
	}
	return append(list, "the end")
}
