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
	sections []section
}

// section is one of its parts; title is what the kind is followed by.
type section struct {
	kind  string
	title []string
	body  string
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
		s := scenario{name: strings.TrimSuffix(filepath.Base(file), ".txt")}
		about := true
		for line := range strings.Lines(string(text)) {
			title, isTitle := strings.CutPrefix(strings.TrimRight(line, "\n"), "-- ")
			title, closed := strings.CutSuffix(title, " --")
			switch {
			case isTitle && closed:
				words := strings.Fields(title)
				s.sections = append(s.sections, section{kind: words[0], title: words[1:]})
				about = false
			case about:
				s.about += line
			default:
				s.sections[len(s.sections)-1].body += line
			}
		}
		if strings.TrimSpace(s.about) == "" || len(s.sections) < 2 {
			t.Fatalf("%s says not what it is about, or has not two sections", file)
		}
		list = append(list, s)
	}
	return list
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

// whole returns what a client is to get from a provider.
func (s scenario) whole(client, provider string) (string, bool) {
	for _, title := range []string{client + " from " + provider, client} {
		for _, sec := range s.of("whole") {
			if strings.Join(sec.title, " ") == title {
				return sec.body, true
			}
		}
	}
	return "", false
}

// expectation is the body of an expect section.
type expectation struct{ lost, failure, body string }

func (s section) expectation() (e expectation) {
	e.body = s.body
	for {
		line, rest, _ := strings.Cut(e.body, "\n")
		switch word, value, _ := strings.Cut(line, ":"); word {
		case "lost":
			e.lost = sorted(strings.Split(strings.TrimSpace(value), ", "))
		case "error":
			e.failure = strings.TrimSpace(value)
		default:
			return e
		}
		e.body = rest
	}
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
		for k, v := range w {
			if _, ok := g[k]; !ok {
				return fmt.Sprintf("%s.%s is missing, want %s", at, k, brief(v))
			}
			if d := differAt(at+"."+k, v, g[k]); d != "" {
				return d
			}
		}
		for k, v := range g {
			if _, ok := w[k]; !ok {
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
