package formattest

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// scenario is a file of the corpus.
type scenario struct {
	name     string
	about    string
	feature  string // group: name
	without  []without
	sections []section
}

// without says why some formats have no section of a kind.
type without struct {
	kind    string
	formats []string
	why     string
}

// section is one of a scenario's parts: title is what follows the kind, up to
// the word "from" or "through", only what stands behind that. notes are the
// lines that it begins with.
type section struct {
	kind  string
	title []string
	only  []string
	notes []note
	body  string
}

// note is a line "word: value" or "word (formats): value".
type note struct {
	word    string
	formats []string
	value   string
}

// load reads the corpus.
func load(t testing.TB) (list []scenario) {
	t.Helper()
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no corpus: %v", err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		s, err := parse(string(text))
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		s.name = strings.TrimSuffix(filepath.Base(file), ".txt")
		list = append(list, s)
	}
	return list
}

// parse reads a scenario.
func parse(text string) (s scenario, err error) {
	head := true
	for line := range strings.Lines(text) {
		trimmed := strings.TrimRight(line, "\n")
		title, isTitle := strings.CutPrefix(trimmed, "-- ")
		title, closed := strings.CutSuffix(title, " --")
		switch {
		case isTitle && closed:
			s.sections = append(s.sections, titled(strings.Fields(title)))
			head = false
		case head:
			if err := s.head(trimmed); err != nil {
				return s, err
			}
		default:
			last := &s.sections[len(s.sections)-1]
			if n, ok := noted(trimmed); ok && last.body == "" {
				last.notes = append(last.notes, n)
			} else {
				last.body += line
			}
		}
	}
	if strings.TrimSpace(s.about) == "" || len(s.sections) < 2 {
		return s, fmt.Errorf("it says not what it is about, or has not two sections")
	}
	for _, sec := range s.sections {
		if !slices.Contains([]string{"request", "expect", "answer", "stream", "whole", "back"}, sec.kind) || len(sec.title) == 0 {
			return s, fmt.Errorf("the section %s %v is of no known kind", sec.kind, sec.title)
		}
	}
	return s, nil
}

// titled makes a section of the words of its title.
func titled(words []string) section {
	sec := section{kind: words[0], title: words[1:]}
	for i, w := range words {
		if w == "from" || w == "through" {
			sec.title, sec.only = words[1:i], words[i+1:]
			break
		}
	}
	return sec
}

// head reads a line of what stands before the sections.
func (s *scenario) head(line string) error {
	if name, ok := strings.CutPrefix(line, "feature: "); ok {
		s.feature = name
		return nil
	}
	rest, ok := strings.CutPrefix(line, "no ")
	if kind, rest, found := strings.Cut(rest, " "); ok && found && (kind == "request" || kind == "expect" || kind == "answer") {
		list, why, _ := strings.Cut(rest, ": ")
		if why == "" {
			return fmt.Errorf("%q says not why", line)
		}
		s.without = append(s.without, without{kind, strings.Split(list, ", "), why})
		return nil
	}
	s.about += line + "\n"
	return nil
}

// noted reads a line that a section may begin with.
func noted(line string) (n note, ok bool) {
	before, value, ok := strings.Cut(line, ":")
	if !ok {
		return n, false
	}
	before, list, some := strings.Cut(before, " (")
	if before != "lost" && before != "error" && before != "emulated" {
		return n, false
	}
	n = note{word: before, value: strings.TrimSpace(value)}
	if some {
		n.formats = strings.Fields(strings.TrimSuffix(list, ")"))
	}
	return n, true
}

// note returns the value of a line for a format, "" if there is none.
func (s section) note(word, format string) (value string) {
	for _, n := range s.notes {
		switch {
		case n.word != word:
		case slices.Contains(n.formats, format):
			return n.value
		case n.formats == nil:
			value = n.value
		}
	}
	return value
}

// lost returns the names of what is lost for a format, in the order of the alphabet.
func (s section) lost(format string) string {
	value := s.note("lost", format)
	if value == "" {
		return ""
	}
	return sorted(strings.Split(value, ", "))
}

// of returns the sections of a kind.
func (s scenario) of(kind string) (list []section) {
	for _, sec := range s.sections {
		if sec.kind == kind {
			list = append(list, sec)
		}
	}
	return list
}

// forOne returns the sections of a kind for a format.
func (s scenario) forOne(kind, format string) (list []section) {
	for _, sec := range s.of(kind) {
		if sec.title[0] == format {
			list = append(list, sec)
		}
	}
	return list
}

// chosen returns those of the sections that are for a format: one that is for
// some formats only goes before one of the same title for all.
func chosen(list []section, format string) (out []section) {
	for _, sec := range list {
		if sec.only == nil {
			if i := slices.IndexFunc(list, func(o section) bool {
				return slices.Equal(o.title, sec.title) && slices.Contains(o.only, format)
			}); i >= 0 {
				sec = list[i]
			}
			out = append(out, sec)
		} else if slices.Contains(sec.only, format) && !slices.ContainsFunc(list, func(o section) bool {
			return o.only == nil && slices.Equal(o.title, sec.title)
		}) {
			out = append(out, sec)
		}
	}
	return out
}

// lacks returns why a format has no section of a kind, "" if that is not said.
func (s scenario) lacks(kind, format string) string {
	for _, w := range s.without {
		if w.kind == kind && slices.Contains(w.formats, format) {
			return w.why
		}
	}
	return ""
}

// sorted returns names as one text, in the order of the alphabet.
func sorted(names []string) string {
	return strings.Join(slices.Sorted(slices.Values(names)), ", ")
}

// differ says where two JSON texts differ, "" if they do not.
func differ(want, got string) string {
	var w, g any
	if err := json.Unmarshal([]byte(want), &w); err != nil {
		return "the expectation is no JSON: " + err.Error()
	}
	if err := json.Unmarshal([]byte(got), &g); err != nil {
		return "what came is no JSON: " + err.Error()
	}
	return differAt("", w, g)
}

func differAt(at string, want, got any) string {
	switch w := want.(type) {
	case map[string]any:
		g, ok := got.(map[string]any)
		if !ok {
			return fmt.Sprintf("%s: want an object, got %v", at, brief(got))
		}
		_, open := w["*"]
		for k, v := range w {
			if k == "*" {
				continue
			}
			if _, ok := g[k]; !ok {
				return fmt.Sprintf("%s.%s is missing, want %s", at, k, brief(v))
			}
			if d := differAt(at+"."+k, v, g[k]); d != "" {
				return d
			}
		}
		for k, v := range g {
			if _, ok := w[k]; !ok && !open {
				return fmt.Sprintf("%s.%s is not wanted: %s", at, k, brief(v))
			}
		}
		return ""
	case []any:
		g, ok := got.([]any)
		if !ok || len(g) != len(w) {
			return fmt.Sprintf("%s: want %s, got %s", at, brief(want), brief(got))
		}
		for i := range w {
			if d := differAt(fmt.Sprintf("%s[%d]", at, i), w[i], g[i]); d != "" {
				return d
			}
		}
		return ""
	case string:
		if s, ok := got.(string); w == "*" && ok && s != "" {
			return ""
		}
	}
	if want != got {
		return fmt.Sprintf("%s: want %s, got %s", at, brief(want), brief(got))
	}
	return ""
}

func brief(v any) string {
	b, _ := json.Marshal(v)
	if len(b) > 300 {
		return string(b[:300]) + "…"
	}
	return string(b)
}
