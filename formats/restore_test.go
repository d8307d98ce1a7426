package formats

import (
	"fmt"
	"strings"
	"testing"

	"github.com/aiclient2api/caddy-aiclient2api/llm"
)

func shown(events []llm.Event) string {
	var b strings.Builder
	for _, e := range events {
		switch e.Step {
		case llm.Open:
			fmt.Fprintf(&b, " open %d%s", e.Kind, e.Name)
		case llm.Delta:
			fmt.Fprintf(&b, " +%s", e.Text)
		case llm.Close:
			b.WriteString(" close")
		case llm.Finish:
			fmt.Fprintf(&b, " finish %d", e.Reason)
		}
	}
	return strings.TrimSpace(b.String())
}

func TestRestore(t *testing.T) {
	open := func(name string) llm.Event {
		return llm.Event{Step: llm.Open, Kind: llm.Call, ID: llm.Literal(`"1"`), Name: llm.Literal(name)}
	}
	delta := func(s string) llm.Event { return llm.Event{Step: llm.Delta, Text: Encoded(s)} }
	closing, calls := llm.Event{Step: llm.Close}, llm.Event{Step: llm.Finish, Reason: llm.Calls}
	renamed := Names{Alphabet: Alphabet{Most: 64}}
	sent := string(renamed.Sent(llm.Literal(`"a.b"`)))
	for _, tc := range []struct {
		name   string
		sent   Sent
		events []llm.Event
		want   string
	}{
		{"nothing to do", Sent{}, []llm.Event{open(`"f"`), closing, calls}, `open 5"f" close finish 2`},
		{"a name", Sent{Names: renamed}, []llm.Event{open(sent), delta("{}"), closing, calls}, `open 5"a.b" +"{}" close finish 2`},
		{"the forced tool is a text", Sent{Forced: llm.Literal(`"json"`)}, []llm.Event{open(`"json"`), delta(`{"a"`), delta(`:1}`), closing, calls}, `open 0 +"{\"a\"" +":1}" close finish 0`},
		{"and an empty one an object", Sent{Forced: llm.Literal(`"json"`)}, []llm.Event{open(`"json"`), closing, calls}, `open 0 +"{}" close finish 0`},
		{"beside a call of the client's", Sent{Forced: llm.Literal(`"json"`)}, []llm.Event{open(`"f"`), closing, open(`"json"`), delta(`{}`), closing, calls}, `open 5"f" close open 0 +"{}" close finish 2`},
		{"a plain text", Sent{Wrapped: []llm.Literal{llm.Literal(`"p"`)}}, []llm.Event{open(`"p"`), delta(`{"inp`), delta(`ut":"a \"b\" \u00e4"}`), closing, calls}, `open 5"p" +"a \"b\" \u00e4" close finish 2`},
		{"one that is not what was asked for", Sent{Wrapped: []llm.Literal{llm.Literal(`"p"`)}}, []llm.Event{open(`"p"`), delta(`{"other":1}`), closing, calls}, `open 5"p" +"{\"other\":1}" close finish 2`},
		{"no text", Sent{Wrapped: []llm.Literal{llm.Literal(`"p"`)}}, []llm.Event{open(`"p"`), closing, calls}, `open 5"p" close finish 2`},
	} {
		all := shown(tc.sent.Restore(append([]llm.Event{{Step: llm.Start}}, tc.events...)))
		if all != tc.want {
			t.Errorf("%s: got %s, want %s", tc.name, all, tc.want)
		}
		tc.sent.Restore([]llm.Event{{Step: llm.Start}})
		var one []string
		for _, e := range tc.events { // one at a time, as of a stream
			if s := shown(tc.sent.Restore([]llm.Event{e})); s != "" {
				one = append(one, s)
			}
		}
		if got := strings.Join(one, " "); got != tc.want {
			t.Errorf("%s, streamed: got %s, want %s", tc.name, got, tc.want)
		}
	}
}

func TestAppendWrapped(t *testing.T) {
	if got := string(AppendWrapped(nil, []byte("a \"b\"\n"))); got != `{"input":"a \"b\"\n"}` {
		t.Errorf("got %s", got)
	}
}
