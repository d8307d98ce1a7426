package messages

import (
	"strconv"

	"github.com/aiclient2api/caddy-aiclient2api/formats"
	"github.com/aiclient2api/caddy-aiclient2api/llm"
)

// Budgets of thinking: the least that the API takes, and that of a client who
// leaves it to the model.
const (
	leastBudget = 1024
	freeBudget  = 8192
)

// thought is how the model is told to think.
type thought struct {
	on     bool       // it may think
	off    string     // the object that ends thinking
	budget int64      // of the generation that is given one
	effort llm.Effort // of the generation that is given one
}

// readThought decides on thinking, and returns max_tokens, of which thinking
// is a part. Where thinking would be refused beside something else of the
// request, that counts for more:
//
//   - a forced call; models that think by themselves take it;
//   - a turn of the assistant that is to be continued;
//   - calls and results under way whose first turn has not the thoughts that
//     came with it, for instance because another provider gave it.
func (e *encoder) readThought() (maxTokens []byte) {
	m, asked := e.model, e.r.Reasoning
	e.thought.on = m.thinks
	switch {
	case !asked.Asked():
	case asked.Off() && !m.thinks:
	case asked.Off() && m.off != "":
		e.thought.on, e.thought.off = false, m.off
	case asked.Off():
		e.Lose("reasoning_effort")
		e.thought.effort = llm.EffortLow
	case m.thinking == never,
		!m.thinks && (e.choice.forces() || e.prefilled()),
		m.thinking == budgeted && e.interrupted():
		e.Lose("reasoning_effort")
	case m.thinking == adaptive:
		e.thought.on = true
		e.thought.effort = e.effort()
	default:
		e.thought.on = true
		return e.room()
	}
	if e.r.MaxTokens != nil {
		return integer(e.r.MaxTokens)
	}
	return strconv.AppendInt(nil, m.output, 10)
}

// effort returns the effort that the client asks for, as the model takes it,
// "" for that of the model's own choice.
func (e *encoder) effort() llm.Effort {
	level := e.r.Reasoning.Level("")
	if _, ok := level.Rank(); !ok {
		return ""
	}
	sent := level.Clamp(llm.EffortLow, llm.EffortMax)
	if sent == llm.EffortXHigh {
		sent = e.model.top
	}
	e.loseIf(sent != level, "reasoning_effort")
	return sent
}

// room decides on the tokens to think with, and returns max_tokens. That of
// the client is taken for the length of the answer, so that the budget comes on
// top, as far as the model goes. A client that names a budget itself means it as
// a part of its max_tokens.
func (e *encoder) room() (maxTokens []byte) {
	most, answer := e.model.most, e.model.output
	budget := max(e.r.Reasoning.Tokens(freeBudget), leastBudget)
	if e.r.MaxTokens != nil {
		n, ok := formats.Int(e.r.MaxTokens)
		if !ok || n < 1 {
			e.thought.budget = leastBudget
			return e.r.MaxTokens // the provider says what is wrong with it
		}
		if e.r.Reasoning.Budget.Known {
			e.within(n, budget)
			return integer(e.r.MaxTokens)
		}
		answer = n
	}
	budget = min(budget, 1<<30)
	total := answer + budget
	if most > 0 && total > most {
		total = max(most, answer)
		budget = max(min(budget, max(total-answer, total/2)), leastBudget)
	}
	e.thought.budget = budget
	e.loseIf(!e.r.Reasoning.Means(budget), "reasoning_effort")
	return strconv.AppendInt(nil, total, 10)
}

// within decides on the tokens to think with, of total: the budget, or half of
// them if that leaves none for the answer. Where there is no room for the least
// budget, the model does not think.
func (e *encoder) within(total, budget int64) {
	if budget >= total {
		budget = max(total/2, leastBudget)
	}
	if budget >= total {
		e.thought.on = false
		e.Lose("reasoning_effort")
		return
	}
	e.thought.budget = budget
	e.loseIf(!e.r.Reasoning.Means(budget), "reasoning_effort")
}

// prefilled reports whether the model is to go on with a turn of its own.
func (e *encoder) prefilled() bool {
	return len(e.turns) > 0 && e.turns[len(e.turns)-1].Role == llm.Assistant
}

// interrupted reports whether the conversation ends amid calls and results that
// did not begin with a thought
// (https://docs.claude.com/en/docs/build-with-claude/extended-thinking#preserving-thinking-blocks).
func (e *encoder) interrupted() bool {
	at := len(e.turns) - 1
	if at < 1 || !answers(e.turns[at]) {
		return false
	}
	for at--; at >= 2 && answers(e.turns[at-1]); at -= 2 {
	}
	first := e.turns[at].Parts[0].Kind
	return first != llm.Thought && first != llm.Sealed
}

// answers reports whether a turn begins with the result of a call.
func answers(t llm.Turn) bool { return t.Role == llm.User && t.Parts[0].Kind == llm.Result }

// appendThought appends the member "thinking". The newer models leave the text
// of their thoughts out unless they are asked to sum it up
// (https://platform.claude.com/docs/en/build-with-claude/thinking#controlling-thinking-display).
func (e *encoder) appendThought(dst []byte) []byte {
	switch t, hide := &e.thought, e.r.Reasoning.Hide; {
	case t.off != "":
		return append(append(dst, `,"thinking":`...), t.off...)
	case !t.on || !e.r.Reasoning.Asked() || e.r.Reasoning.Off():
		return dst
	case t.budget > 0:
		dst = append(dst, `,"thinking":{"type":"enabled","budget_tokens":`...)
		return append(strconv.AppendInt(dst, t.budget, 10), '}')
	case hide == e.model.omits:
		return append(dst, `,"thinking":{"type":"adaptive"}`...)
	case hide:
		return append(dst, `,"thinking":{"type":"adaptive","display":"omitted"}`...)
	default:
		return append(dst, `,"thinking":{"type":"adaptive","display":"summarized"}`...)
	}
}
