package formattest

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/aiclient2api/caddy-aiclient2api/formats/chat"
	"github.com/aiclient2api/caddy-aiclient2api/formats/gemini"
	"github.com/aiclient2api/caddy-aiclient2api/formats/messages"
	"github.com/aiclient2api/caddy-aiclient2api/formats/responses"
	"github.com/aiclient2api/caddy-aiclient2api/llm"
)

var write = flag.Bool("write", false, "write docs/fidelity.md")

const fidelityFile = "../../docs/fidelity.md"

// TestFidelity: docs/fidelity.md says what the scenarios show. With -write it is
// written.
func TestFidelity(t *testing.T) {
	page := fidelity(t, load(t))
	if *write {
		if err := os.WriteFile(fidelityFile, []byte(page), 0o644); err != nil { //nolint:gosec // a page of the documentation
			t.Fatal(err)
		}
		return
	}
	there, err := os.ReadFile(fidelityFile)
	if err != nil {
		t.Fatal(err)
	}
	if string(there) != page {
		t.Error("docs/fidelity.md is out of date: go generate ./formats/formattest")
	}
}

// formatNames are the formats in words.
var formatNames = map[string]string{
	chat.Name: "OpenAI chat completions", responses.Name: "OpenAI Responses", messages.Name: "Anthropic Messages",
	gemini.Name: "Gemini generateContent", chat.CompletionsName: "OpenAI legacy completions",
}

const fidelityHead = `# Fidelity

What becomes of each feature on its way between a client and a provider of another format. This page is
made from the scenarios of [formats/formattest](../formats/formattest/testdata), each of which is run for
every pair, by ` + "`go generate ./formats/formattest`" + `; a test fails if it is out of date. What stands behind the
words is explained in [formats.md](formats.md).

A provider that speaks the client's own format is left out of the tables: it gets the request byte for
byte, and the client its answer, so that nothing is lost.

| | |
|---|---|
| ✓ | carried: the other format has the same thing |
| ≈ *how* | emulated: it has not, but something that comes to the same |
| − ` + "`name`" + ` | lost and named: of a request in the header ` + "`Aiclient2api-Lossy`" + `, of an answer in the log |
| ✗ | refused with 400, if no other target of the chain can carry it |
| ↷ ` + "`name`" + ` | other targets of the chain are asked first; if none has it, it is lost and named |
| | providers of that format do not answer so |

A cell with several of these depends on the model, or on how the feature is used. What is in the table of
another client only, this one's format cannot say.
`

// fidelity makes the page.
func fidelity(t *testing.T, list []scenario) string {
	t.Helper()
	var b strings.Builder
	b.WriteString(fidelityHead)
	for _, client := range allClients {
		var columns []string
		for _, p := range providers {
			if p != client {
				columns = append(columns, p)
			}
		}
		fmt.Fprintf(&b, "\n## Clients of %s (`%s`)\n", formatNames[client], client)
		table(&b, "Request", columns, rows(list, func(s scenario, provider string) []string { return requested(t, s, client, provider) }, columns))
		table(&b, "Answer", columns, rows(list, func(s scenario, provider string) []string { return answers(t, s, client, provider) }, columns))
	}
	return b.String()
}

// row is a feature with what becomes of it at each provider.
type row struct {
	group, name string
	cells       [][]string
}

// rows collects what the scenarios show, by their features. Those of which
// nothing is shown are left out.
func rows(list []scenario, show func(s scenario, provider string) []string, columns []string) (out []row) {
	for _, s := range list {
		group, name, _ := strings.Cut(s.feature, ": ")
		at := slices.IndexFunc(out, func(r row) bool { return r.group == group && r.name == name })
		if at < 0 {
			at = len(out)
			out = append(out, row{group, name, make([][]string, len(columns))})
		}
		for i, provider := range columns {
			for _, what := range show(s, provider) {
				if !slices.Contains(out[at].cells[i], what) {
					out[at].cells[i] = append(out[at].cells[i], what)
				}
			}
		}
	}
	out = slices.DeleteFunc(out, func(r row) bool {
		return !slices.ContainsFunc(r.cells, func(c []string) bool { return c != nil })
	})
	slices.SortStableFunc(out, func(a, b row) int {
		return strings.Compare(order0(a.group)+a.group+a.name, order0(b.group)+b.group+b.name)
	})
	return out
}

// groups are the groups of features in their order on the page.
var groups = []string{
	"Completions", "Turns", "Media", "Tools", "Calls and results", "Structured output", "Reasoning", "Sampling and limits",
	"Prompt cache", "State", "Agents", "Answers", "Thoughts",
}

func order0(group string) string { return fmt.Sprintf("%02d ", slices.Index(groups, group)) }

// table writes a table, in which a group is a row of its own.
func table(b *strings.Builder, title string, columns []string, list []row) {
	if len(list) == 0 {
		return
	}
	fmt.Fprintf(b, "\n| %s | `%s` |\n|---%s|\n", title, strings.Join(columns, "` | `"), strings.Repeat("|---", len(columns)))
	group := ""
	for _, r := range list {
		if r.group != group {
			group = r.group
			fmt.Fprintf(b, "| **%s** |%s\n", group, strings.Repeat(" |", len(columns)))
		}
		fmt.Fprintf(b, "| %s |", r.name)
		for _, c := range r.cells {
			slices.SortStableFunc(c, func(x, y string) int { return rank(x) - rank(y) })
			b.WriteString(" " + strings.Join(c, "; ") + " |")
		}
		b.WriteString("\n")
	}
}

// signs are what a cell may begin with, best first.
var signs = []string{"✓", "≈", "−", "↷", "✗"}

func rank(what string) int {
	return slices.IndexFunc(signs, func(s string) bool { return strings.HasPrefix(what, s) })
}

// requested says what becomes of a client's request at the models of a provider.
func requested(t *testing.T, s scenario, client, provider string) (out []string) {
	t.Helper()
	for _, from := range s.forOne("request", client) {
		for _, to := range s.expectations(client) {
			if to.title[0] != provider {
				continue
			}
			switch got := carry(t, from, to); {
			case got.less:
				out = append(out, "↷ `"+got.lost+"`")
			case got.refused != "":
				out = append(out, "✗")
			default:
				out = append(out, told(to.note("emulated", client), got.lost))
			}
		}
	}
	return out
}

// answers says what becomes of a provider's answers at a client.
func answers(t *testing.T, s scenario, client, provider string) (out []string) {
	t.Helper()
	for _, from := range s.answers(provider) {
		for _, to := range s.wholes(client, from) {
			for _, asked := range s.requests(client) {
				_, events := heard(t, s, asked, from)
				lost := to.note("lost", "")
				for _, e := range events {
					if e.Step == llm.Lost && !strings.Contains(lost, e.What) {
						lost = strings.TrimPrefix(lost+", "+e.What, ", ")
					}
				}
				out = append(out, told(to.note("emulated", ""), lost))
			}
		}
	}
	return out
}

// told says how something was carried.
func told(emulated, lost string) string {
	sign := "✓"
	if emulated != "" {
		sign = "≈ *" + emulated + "*"
	}
	if lost == "" {
		return sign
	}
	names := "− `" + strings.ReplaceAll(lost, ", ", "` `") + "`"
	if emulated != "" {
		return sign + ", " + names
	}
	return names
}
