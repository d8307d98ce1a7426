package echo

import (
	"strings"

	"github.com/tidwall/gjson"

	"github.com/aiclient2api/caddy-aiclient2api/formats"
	"github.com/aiclient2api/caddy-aiclient2api/llm"
)

// question is what echo hears of a request.
type question struct {
	text  string // the last text of the user
	words int    // of all turns
	tools []tool // none if the client wants no call
}

// tool is one tool on offer.
type tool struct {
	name       string
	parameters gjson.Result // the schema of its arguments
}

// hear reads a request.
func hear(r *llm.Request) (q question) {
	last := llm.Part{}
	for _, t := range r.Turns {
		text := textOf(t.Parts)
		q.words += countWords(text)
		if t.Role == llm.User && len(t.Parts) > 0 {
			last = t.Parts[len(t.Parts)-1]
			if t.Parts[0].Kind != llm.Result {
				q.text = text
			}
		} else {
			last = llm.Part{}
		}
	}
	if len(q.text) > maxText {
		q.text = strings.ToValidUTF8(q.text[:maxText], "")
	}
	// after a tool's result comes a text, or a client would call for ever
	if last.Kind == llm.Result || r.ToolChoice.Mode == llm.None {
		return q
	}
	for _, t := range r.Tools[:min(len(r.Tools), maxTools)] {
		q.tools = append(q.tools, tool{name: formats.Decoded(t.Name), parameters: gjson.ParseBytes(t.Schema)})
	}
	return q
}

// textOf returns the texts of a turn, those of results among them.
func textOf(parts []llm.Part) string {
	var texts []string
	for _, p := range parts {
		switch p.Kind {
		case llm.Text:
			texts = append(texts, formats.Decoded(p.Text))
		case llm.Result:
			texts = append(texts, textOf(p.Content))
		}
	}
	return strings.Join(texts, "\n")
}

// answer is what is said to it: words, or a call.
type answer struct {
	words  []string // of the text, once, with the blanks before them
	repeat int
	call   *tool
}

// maxText bounds the text that is said, and maxSaid what it is repeated to, in
// bytes.
const (
	maxText = 1 << 20
	maxSaid = 16 << 20
)

// reply decides what to say.
func (p *Provider) reply(q question) answer {
	for i, t := range q.tools {
		if hasWord(q.text, t.name) {
			return answer{call: &q.tools[i]}
		}
	}
	repeat := max(1, min(p.Repeat, maxSaid/max(1, len(q.text))))
	return answer{words: split(q.text), repeat: repeat}
}

// count is how many words are said.
func (a answer) count() int { return len(a.words) * a.repeat }

// word returns the i-th word that is said, and the blank before it.
func (a answer) word(i int) (blank, word string) {
	if i > 0 && i%len(a.words) == 0 {
		blank = " "
	}
	return blank, a.words[i%len(a.words)]
}

// tokens is what the answer counts as: one a word.
func (a answer) tokens() int {
	if a.call != nil {
		return countWords(a.call.arguments()) + 1
	}
	return a.count()
}

// split cuts a text into words; the blanks between two words stand before the
// second one.
func split(s string) (words []string) {
	for len(s) > 0 {
		lead := len(s) - len(strings.TrimLeft(s, " \t\r\n"))
		end := strings.IndexAny(s[lead:], " \t\r\n")
		if end < 0 || strings.TrimLeft(s[lead+end:], " \t\r\n") == "" {
			return append(words, s)
		}
		words = append(words, s[:lead+end])
		s = s[lead+end:]
	}
	return words
}

func countWords(s string) (n int) {
	for range strings.FieldsSeq(s) {
		n++
	}
	return n
}

// hasWord reports whether name stands in text, not as part of a longer name.
func hasWord(text, name string) bool {
	isName := func(s string, i int) bool {
		return i >= 0 && i < len(s) && (s[i] == '_' || s[i] == '-' || s[i]-'0' <= 9 || s[i]|0x20-'a' <= 25)
	}
	for at := 0; name != ""; {
		n := strings.Index(text[at:], name)
		if n < 0 {
			return false
		}
		at += n
		if !isName(text, at-1) && !isName(text, at+len(name)) {
			return true
		}
		at++
	}
	return false
}
