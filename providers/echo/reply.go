package echo

import (
	"context"
	"io"
	"strings"
	"time"

	"github.com/tidwall/gjson"
)

// question is what a request says, whatever format it came in.
type question struct {
	model        string
	text         string // the last text of the user
	words        int    // of all turns
	tools        []tool // none if the client wants no call
	stream       bool
	includeUsage bool
}

// tool is one tool on offer.
type tool struct {
	name       string
	parameters gjson.Result // the schema of its arguments
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

// text is all that is said.
func (a answer) text() string {
	var b strings.Builder
	for i := range a.count() {
		blank, word := a.word(i)
		b.WriteString(blank)
		b.WriteString(word)
	}
	return b.String()
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

// stream hands out one frame a Read, each after a delay. It is pulled: there
// is no goroutine that could stay behind.
type stream struct {
	ctx    context.Context
	delay  time.Duration
	frames frames
	rest   []byte
}

// frames yields the bytes of a stream piece by piece, nil at the end.
type frames interface{ next() []byte }

// Read waits for the delay and copies the next frame.
func (s *stream) Read(b []byte) (int, error) {
	if len(s.rest) == 0 {
		if err := sleep(s.ctx, s.delay); err != nil {
			return 0, err
		}
		if s.rest = s.frames.next(); s.rest == nil {
			return 0, io.EOF
		}
	}
	n := copy(b, s.rest)
	s.rest = s.rest[n:]
	return n, nil
}

// Close does nothing: nothing is open.
func (*stream) Close() error { return nil }

// sleep waits for d or until ctx is done.
func sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
