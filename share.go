package aiclient2api

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
)

// share splits a target as it is written, 90%:openai/gpt-5, into its share of the
// requests and what is asked; weighed is false if it has none.
func share(written string) (percent int, target string, weighed bool) {
	number, rest, found := strings.Cut(written, "%:")
	if !found {
		return 0, written, false
	}
	percent, err := strconv.Atoi(number)
	if err != nil || number[0] == '+' || number[0] == '-' {
		return 0, written, false
	}
	return percent, rest, true
}

// checkShares checks the shares of a rule's targets. Those that have one come
// first and make a hundred; the others are asked when these cannot answer.
func checkShares(targets []string) error {
	sum, any, bare := 0, false, false
	for _, t := range targets {
		percent, _, weighed := share(t)
		switch {
		case !weighed:
			bare = true
			continue
		case bare:
			return fmt.Errorf("target %q: targets with a share come first", t)
		case percent < 1 || percent > 100:
			return fmt.Errorf("target %q: a share is from 1%% to 100%%", t)
		}
		any = true
		sum += percent
	}
	if any && sum != 100 {
		return fmt.Errorf("the targets' shares make %d%%, and should make 100%%", sum)
	}
	return nil
}

// split orders targets with shares for one request: the one whose lot it is
// first, the others as they are written. A session always draws the same lot.
func split(targets []target, session uint64) []target {
	if targets[0].percent == 0 || targets[0].percent == 100 {
		return targets
	}
	lot := rand.IntN(100) //nolint:gosec // a lot, which guards nothing
	if session != 0 {
		lot = int(session >> 16 % 100)
	}
	for i, t := range targets {
		if lot -= t.percent; lot < 0 {
			if i == 0 {
				return targets
			}
			out := make([]target, 0, len(targets))
			out = append(append(out, t), targets[:i]...)
			return append(out, targets[i+1:]...)
		}
	}
	return targets
}
