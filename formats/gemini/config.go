package gemini

import (
	"bytes"
	"math"
	"slices"
	"strconv"

	"github.com/tidwall/gjson"

	"github.com/aiclient2api/caddy-aiclient2api/formats"
	"github.com/aiclient2api/caddy-aiclient2api/llm"
)

// maxStops is how many texts may end an answer.
const maxStops = 5

// config writes the generation config, if there is anything in it
// (https://ai.google.dev/api/generate-content#generationconfig).
func (w *writer) config() *formats.Unsupported {
	mark := len(w.b)
	w.key("generationConfig")
	w.b = append(w.b, '{')
	begun := len(w.b)
	w.sampling()
	if no := w.media(); no != nil {
		return no
	}
	if no := w.output(); no != nil {
		return no
	}
	w.thinking()
	if len(w.b) == begun {
		w.b = w.b[:mark]
		return nil
	}
	w.b = append(w.b, '}')
	return nil
}

// media asks for images, where the model makes some
// (https://ai.google.dev/gemini-api/docs/image-generation).
func (w *writer) media() *formats.Unsupported {
	only := len(w.r.Output.Media) > 0 && !slices.ContainsFunc(w.r.Output.Media, func(k llm.Kind) bool { return k != llm.Image })
	if !w.images || !only {
		return formats.OnlyText(w.r)
	}
	w.key("responseModalities")
	w.b = append(w.b, `["TEXT","IMAGE"]`...)
	return nil
}

func (w *writer) sampling() {
	r := w.r
	w.number("temperature", r.Temperature)
	w.number("topP", r.TopP)
	if n, _ := formats.Int(r.TopK); n > 0 {
		w.number("topK", r.TopK)
	} else if r.TopK != nil {
		w.Lose("top_k")
	}
	w.number("maxOutputTokens", w.room())
	if r.Candidates > 1 {
		w.key("candidateCount")
		w.b = strconv.AppendInt(w.b, int64(r.Candidates), 10)
	}
	if seed, ok := formats.Int(r.Seed); r.Seed != nil {
		if ok && seed >= math.MinInt32 && seed <= math.MaxInt32 && !bytes.ContainsAny(r.Seed, ".eE") {
			w.number("seed", r.Seed)
		} else {
			w.Lose("seed")
		}
	}
	w.penalty("presencePenalty", "presence_penalty", r.PresencePenalty)
	w.penalty("frequencyPenalty", "frequency_penalty", r.FrequencyPenalty)
	if r.Logprobs {
		w.key("responseLogprobs")
		w.b = append(w.b, "true"...)
		if n, _ := formats.Int(r.TopLogprobs); n > 0 {
			w.number("logprobs", r.TopLogprobs)
		}
	}
	w.stops()
}

func (w *writer) number(name string, n llm.Number) {
	if n != nil {
		w.key(name)
		w.b = append(w.b, n...)
	}
}

// penalty writes a penalty. One of 0, which many clients send, is none.
func (w *writer) penalty(name, theirs string, n llm.Number) {
	switch {
	case n == nil || gjson.ParseBytes(n).Float() == 0:
	case w.penalties:
		w.number(name, n)
	default:
		w.Lose(theirs)
	}
}

// stops writes the texts that end the answer.
func (w *writer) stops() {
	n := 0
	for _, s := range w.r.Stop {
		switch {
		case s.Empty():
			continue
		case n == maxStops:
			w.Lose("stop")
			continue
		case n == 0:
			w.key("stopSequences")
			w.b = append(w.b, '[')
		default:
			w.b = append(w.b, ',')
		}
		w.b = append(w.b, s...)
		n++
	}
	if n > 0 {
		w.b = append(w.b, ']')
	}
}

// output writes the form of the answer.
func (w *writer) output() *formats.Unsupported {
	if !w.form {
		return nil
	}
	w.key("responseMimeType")
	w.b = append(w.b, `"application/json"`...)
	schema := w.r.Output.Schema
	if w.r.Output.Form != llm.ToSchema || len(schema) == 0 || formats.IsNull(schema) {
		return nil
	}
	if !w.r.Output.Description.Empty() {
		w.Lose("response_format description")
	}
	if w.schema {
		current, err := w.work.Current(schema)
		if err != nil {
			return formats.CannotTake("response_format", "the schema of the answer: %v", err)
		}
		w.key("responseJsonSchema")
		w.b = append(w.b, current...)
		return nil
	}
	w.key("responseSchema")
	return w.reduced(schema, "response_format", "the schema of the answer", "response_format.json_schema")
}

// maxOutput is the most that Gemini 2.5 puts out, thoughts included.
const maxOutput = 65536

// room returns the most tokens of the answer. Google counts thoughts among
// them, so that a budget comes on top of what the client allows: there would be
// none left for the answer. A client that names a budget itself counts so too.
func (w *writer) room() llm.Number {
	n, ok := formats.Int(w.r.MaxTokens)
	r := w.r.Reasoning
	if !ok || n < 1 || n >= maxOutput || w.most == 0 || !r.Asked() || r.Off() || r.Budget.Known {
		return w.r.MaxTokens
	}
	return strconv.AppendInt(nil, min(n+max(w.tokens(false, r.Tokens(-1)), 0), maxOutput), 10)
}

// thinking writes how much the model is to think: a budget for Gemini 2.5, a
// level for Gemini 3 and later, never both
// (https://ai.google.dev/gemini-api/docs/thinking). Summaries of the thoughts
// come only if they are asked for.
func (w *writer) thinking() {
	r := w.r.Reasoning
	if !r.Asked() {
		return
	}
	tokens := r.Tokens(-1) // less than none: the model decides
	if w.most == 0 && w.levels == nil {
		if !r.Off() {
			w.Lose("reasoning_effort")
		}
		return
	}
	w.key("thinkingConfig")
	w.b = append(w.b, '{')
	switch {
	case w.levels == nil:
		budget := w.tokens(r.Off(), tokens)
		if !r.Means(budget) {
			w.Lose("reasoning_effort")
		}
		w.key("thinkingBudget")
		w.b = strconv.AppendInt(w.b, budget, 10)
	case r.Off():
		w.Lose("reasoning_effort")
		w.level(w.levels[0])
	case tokens >= 0:
		asked := r.Level(llm.EffortMedium)
		sent := w.nearest(asked)
		if sent != asked {
			w.Lose("reasoning_effort")
		}
		w.level(sent)
	}
	if !r.Off() && !r.Hide {
		w.key("includeThoughts")
		w.b = append(w.b, "true"...)
	}
	w.b = append(w.b, '}')
}

// tokens returns the budget of a model of Gemini 2.5; -1 leaves it to the model.
// One of the client's that is no less than its limit of the answer is half of that.
func (w *writer) tokens(none bool, tokens int64) int64 {
	if n, ok := formats.Int(w.r.MaxTokens); w.r.Reasoning.Budget.Known && ok && n > 0 && tokens >= n {
		tokens = n / 2
	}
	switch {
	case tokens < 0:
		return -1
	case !none:
		return min(max(tokens, w.least), w.most)
	case w.off:
		return 0
	default:
		w.Lose("reasoning_effort")
		return w.least
	}
}

func (w *writer) level(e llm.Effort) {
	w.key("thinkingLevel")
	w.b = append(w.b, '"')
	w.b = append(w.b, bytes.ToUpper([]byte(e))...)
	w.b = append(w.b, '"')
}

// nearest returns the level next to an effort, the higher of two.
func (w *writer) nearest(e llm.Effort) llm.Effort {
	rank, ok := e.Rank()
	if !ok {
		return w.levels[len(w.levels)-1]
	}
	best, distance := w.levels[0], math.MaxInt
	for _, level := range w.levels {
		at, _ := level.Rank()
		if d := max(at-rank, rank-at); d <= distance {
			best, distance = level, d
		}
	}
	return best
}
