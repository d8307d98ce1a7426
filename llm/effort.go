package llm

// Effort is how hard to think, in OpenAI's words.
type Effort string

// The efforts, from none to most.
const (
	EffortNone    Effort = "none"
	EffortMinimal Effort = "minimal"
	EffortLow     Effort = "low"
	EffortMedium  Effort = "medium"
	EffortHigh    Effort = "high"
	EffortXHigh   Effort = "xhigh"
	EffortMax     Effort = "max"
)

// efforts is the one table by which efforts and budgets, in tokens, are
// converted. Vendors name no rate; each effort is the budget that stands
// beside it, and a budget is the highest effort that it pays for.
var efforts = [...]struct {
	effort Effort
	budget int64
}{
	{EffortNone, 0},
	{EffortMinimal, 1024},
	{EffortLow, 4096},
	{EffortMedium, 8192},
	{EffortHigh, 24576},
	{EffortXHigh, 32768},
	{EffortMax, 32768},
}

// Rank is the effort's place among all, from 0, none; ok is false for a word
// that is none of them.
func (e Effort) Rank() (rank int, ok bool) {
	for i, row := range efforts {
		if row.effort == e {
			return i, true
		}
	}
	return 0, false
}

// Clamp returns the nearest effort from least to most.
func (e Effort) Clamp(least, most Effort) Effort {
	rank, _ := e.Rank()
	if low, _ := least.Rank(); rank < low {
		return least
	}
	if high, _ := most.Rank(); rank > high {
		return most
	}
	return e
}

// Tokens is the budget that goes with a thinking effort. A client that names
// neither effort nor budget gets fallback.
func (r Reasoning) Tokens(fallback int64) int64 {
	if r.Budget.Known {
		return r.Budget.N
	}
	if rank, ok := r.Effort.Rank(); ok {
		return efforts[rank].budget
	}
	return fallback
}

// Level is the effort that goes with a budget. A client that names neither
// gets fallback.
func (r Reasoning) Level(fallback Effort) Effort {
	if r.Effort != "" {
		return r.Effort
	}
	if !r.Budget.Known {
		return fallback
	}
	return levelOf(r.Budget.N)
}

// levelOf is the highest effort that a budget pays for; any budget at all is
// worth the least.
func levelOf(budget int64) (level Effort) {
	level = EffortNone
	for _, row := range efforts[:len(efforts)-1] {
		if budget >= row.budget || budget > 0 && row.effort == EffortMinimal {
			level = row.effort
		}
	}
	return level
}

// Means reports whether a budget that is sent means the effort that the client
// asked for, or the budget.
func (r Reasoning) Means(budget int64) bool {
	asked := r.Tokens(-1)
	return asked < 0 || levelOf(asked) == levelOf(budget)
}
