package llm

import (
	"fmt"
	"strings"
	"testing"
)

func TestLiteral(t *testing.T) {
	for in, want := range map[string]struct {
		empty, blank bool
		trimmed      string
	}{
		``:                    {true, true, ``},
		`""`:                  {true, true, `""`},
		`" "`:                 {false, true, `""`},
		`"\n\t \u0020\u00a0"`: {false, true, `""`},
		`"a"`:                 {false, false, `"a"`},
		`" a b \r\n"`:         {false, false, `" a b"`},
		`"a\\n"`:              {false, false, `"a\\n"`}, // a backslash and an n
		`"a\\\n"`:             {false, false, `"a\\"`},
		`"\u2028"`:            {false, false, `"\u2028"`},
		"\"a\u00a0\"":         {false, false, `"a"`},
	} {
		l := Literal(in)
		if l.Empty() != want.empty || l.Blank() != want.blank || string(l.TrimRight()) != want.trimmed {
			t.Errorf("%s: empty %v, blank %v, trimmed %s", in, l.Empty(), l.Blank(), l.TrimRight())
		}
	}
}

func FuzzLiteral(f *testing.F) {
	f.Add(`"a \n"`)
	f.Add(`"\u00`)
	f.Fuzz(func(t *testing.T, s string) {
		l := Literal(s)
		l.Blank()
		if n := len(l.TrimRight()); n > len(l) {
			t.Errorf("%q grew", s)
		}
	})
}

func TestEfforts(t *testing.T) {
	for _, tc := range []struct {
		r      Reasoning
		tokens int64
		level  Effort
		off    bool
		asked  bool
	}{
		{r: Reasoning{}, tokens: -1, level: "?"},
		{r: Reasoning{Effort: EffortNone}, tokens: 0, level: EffortNone, off: true, asked: true},
		{r: Reasoning{Effort: EffortMinimal}, tokens: 1024, level: EffortMinimal, asked: true},
		{r: Reasoning{Effort: EffortHigh}, tokens: 24576, level: EffortHigh, asked: true},
		{r: Reasoning{Effort: EffortMax}, tokens: 32768, level: EffortMax, asked: true},
		{r: Reasoning{Budget: Tokens(0)}, tokens: 0, level: EffortNone, off: true, asked: true},
		{r: Reasoning{Budget: Tokens(1)}, tokens: 1, level: EffortMinimal, asked: true},
		{r: Reasoning{Budget: Tokens(8191)}, tokens: 8191, level: EffortLow, asked: true},
		{r: Reasoning{Budget: Tokens(100000)}, tokens: 100000, level: EffortXHigh, asked: true},
		{r: Reasoning{Adaptive: true}, tokens: -1, level: "?", asked: true},
	} {
		if got := tc.r.Tokens(-1); got != tc.tokens {
			t.Errorf("%+v: %d tokens", tc.r, got)
		}
		if got := tc.r.Level("?"); got != tc.level || tc.r.Off() != tc.off || tc.r.Asked() != tc.asked {
			t.Errorf("%+v: level %q, off %v, asked %v", tc.r, got, tc.r.Off(), tc.r.Asked())
		}
	}
	if EffortMinimal.Clamp(EffortLow, EffortHigh) != EffortLow || EffortMax.Clamp(EffortLow, EffortHigh) != EffortHigh || EffortMedium.Clamp(EffortLow, EffortHigh) != EffortMedium {
		t.Error("clamping")
	}
}

// A budget that was brought into a model's range is the client's wish as long as
// it goes with the same effort.
func TestBudgetsThatMeanSomethingElse(t *testing.T) {
	for _, tc := range []struct {
		asked Reasoning
		sent  int64
		means bool
	}{
		{Reasoning{Effort: EffortHigh}, 24576, true},
		{Reasoning{Effort: EffortHigh}, 16000, false},
		{Reasoning{Effort: EffortMax}, 32768, true},
		{Reasoning{Effort: EffortMax}, 24576, false},
		{Reasoning{Effort: EffortMinimal}, 4096, false},
		{Reasoning{Effort: EffortNone}, 128, false},
		{Reasoning{Budget: Tokens(1)}, 1024, true},
		{Reasoning{Budget: Tokens(9000)}, 4500, false},
		{Reasoning{Budget: Tokens(9000), Effort: EffortLow}, 8500, true},
		{Reasoning{Adaptive: true}, 8192, true},
		{Reasoning{Adaptive: true}, -1, true},
	} {
		if got := tc.asked.Means(tc.sent); got != tc.means {
			t.Errorf("%+v, %d: %v", tc.asked, tc.sent, got)
		}
	}
}

func TestEstimate(t *testing.T) {
	r := &Request{Turns: talk("u:abcd a:(1 u:)1")}
	few := r.Estimate()
	r.Turns = append(r.Turns, Turn{Parts: []Part{{Text: Literal(`"` + strings.Repeat("word ", 800) + `"`)}}})
	more := r.Estimate()
	r.Turns = append(r.Turns, Turn{Parts: []Part{{Text: Literal(`"漢字\u6f22"`)}, {Kind: Image, Media: new(Media)}}})
	r.Tools = []Tool{{Name: Literal(`"f"`), Schema: Value(`{"type":"object"}`)}}
	if few < 12 || few > 30 || more-few < 900 || more-few > 1100 || r.Estimate()-more < 1003 || r.Estimate()-more > 1050 {
		t.Errorf("%d, %d, %d", few, more, r.Estimate())
	}
}

// talk makes turns of a short text: s, d, u, a for the roles, then the parts: a
// letter is a text, (x a call of x, )x a result of x, - an empty text.
func talk(s string) (turns []Turn) {
	roles := map[byte]Role{'s': System, 'd': Developer, 'u': User, 'a': Assistant}
	for i, word := range strings.Fields(s) {
		t := Turn{Role: roles[word[0]], At: i}
		for rest := word[2:]; rest != ""; {
			p := Part{Text: Literal(`"` + rest[:1] + `"`)}
			switch rest[0] {
			case '(', ')':
				p = Part{Kind: Call, ID: Literal(`"` + rest[1:2] + `"`), Name: Literal(`"n` + rest[1:2] + `"`)}
				if rest[0] == ')' {
					p = Part{Kind: Result, ID: p.ID}
				}
				rest = rest[1:]
			case '-':
				p.Text = Literal(`""`)
			}
			t.Parts = append(t.Parts, p)
			rest = rest[1:]
		}
		turns = append(turns, t)
	}
	return turns
}

func told(d Dialogue) string {
	var b strings.Builder
	show := func(parts []Part) {
		for _, p := range parts {
			switch p.Kind {
			case Call:
				fmt.Fprintf(&b, "(%s", p.ID.Inner())
			case Result:
				fmt.Fprintf(&b, ")%s", p.ID.Inner())
				if string(p.Name) != `"n`+string(p.ID.Inner())+`"` {
					b.WriteString("?")
				}
			default:
				b.Write(p.Text.Inner())
			}
		}
	}
	b.WriteString("[")
	show(d.System)
	b.WriteString("]")
	for _, t := range d.Turns {
		b.WriteString(" " + string("uasd"[t.Role]) + ":")
		show(t.Parts)
	}
	if d.Moved {
		b.WriteString(" moved")
	}
	return b.String()
}

func TestDialogue(t *testing.T) {
	for _, tc := range []struct{ in, early, late string }{
		{"s:a d:b u:c", "[ab] u:c", ""},
		{"s:a u:b s:c u:d", "[ac] u:bd moved", "[a] u:b s:c u:d"},
		{"u:a s:b a:c", "[b] u:a a:c moved", "[] u:a s:b a:c"},
		{"u:a a:b s:c u:d", "[c] u:a a:b u:d moved", ""}, // not behind the assistant
		{"u:a s:b s:c a:d", "[bc] u:a a:d moved", "[] u:a s:bc a:d"},
		{"d:a", "[] u:a", ""},
		{"s:- u:a-", "[] u:a", ""},
		{"u:a a:- u:b", "[] u:ab", ""},
		{"u:a a:b a:c u:d u:e", "[] u:a a:bc u:de", ""},
		{"u:a a:(1(2 u:)2 u:)1x", "[] u:a a:(1(2 u:)1)2x", ""},
		{"u:a a:(1 u:x)1", "[] u:a a:(1 u:)1x", ""},
		{"u:a a:(1 u:)1)9", "[] u:a a:(1 u:)1)9?", ""}, // of no call: left to the provider
		{"u:a a:b(1 a:(2 u:)1)2", "[] u:a a:b(1(2 u:)1)2", ""},
	} {
		r := &Request{Turns: talk(tc.in)}
		before := fmt.Sprintf("%+v", r)
		if got := told(r.Dialogue(false)); got != tc.early {
			t.Errorf("%s: got %s, want %s", tc.in, got, tc.early)
		}
		late := tc.late
		if late == "" {
			late = tc.early
		}
		if got := told(r.Dialogue(true)); got != late {
			t.Errorf("%s, late: got %s, want %s", tc.in, got, late)
		}
		if after := fmt.Sprintf("%+v", r); after != before {
			t.Errorf("%s: the request was changed", tc.in)
		}
	}
}

// A conversation is one request of one caller: what it costs grows with its
// length, not with the square of it.
func TestDialogueIsLinear(t *testing.T) {
	turns := make([]Turn, 0, 100_000)
	for range 50_000 {
		turns = append(turns, Turn{Parts: []Part{{Text: Literal(`"a"`)}}})
	}
	calls, results := Turn{Role: Assistant}, Turn{}
	for range 20_000 {
		calls.Parts = append(calls.Parts, Part{Kind: Call, ID: Literal(`"a"`), Name: Literal(`"f"`)})
		results.Parts = append(results.Parts, Part{Kind: Result, ID: Literal(`"b"`)})
	}
	d := (&Request{Turns: append(turns, calls, results)}).Dialogue(false) // took minutes
	if len(d.Turns) != 3 || len(d.Turns[0].Parts) != 50_000 || len(d.Turns[2].Parts) != 20_000 {
		t.Errorf("%d turns", len(d.Turns))
	}
}

// Calls of one ID are told apart, and results find them by order.
func TestDialogueWithOneIDForTwoCalls(t *testing.T) {
	var ids, answers []string
	turns := []Turn{{Role: Assistant}, {}}
	for i, id := range []string{`"a"`, `"a_2"`, `"a"`, `"b"`, `"a"`} {
		turns[0].Parts = append(turns[0].Parts, Part{Kind: Call, ID: Literal(id), Name: Literal(`"f"`)})
		turns[1].Parts = append(turns[1].Parts, Part{Kind: Result, ID: Literal(id), Text: Literal(fmt.Sprint(i))})
	}
	r := &Request{Turns: turns}
	d := r.Dialogue(false)
	for i, p := range d.Turns[1].Parts {
		ids = append(ids, string(d.Turns[0].Parts[i].ID.Inner()))
		answers = append(answers, string(p.ID.Inner())+string(p.Text))
	}
	if got := fmt.Sprint(ids, answers); got != "[a a_2 a_3 b a_4] [a0 a_21 a_32 b3 a_44]" {
		t.Errorf("got %s", got)
	}
	if string(turns[0].Parts[2].ID) != `"a"` {
		t.Error("the request was changed")
	}
}

// Calls without ids get some, and results find them by name and order.
// Servers that number the calls of each answer from the beginning give the same
// IDs in every turn.
func TestDialogueWithTheSameIDInSeveralTurns(t *testing.T) {
	call := func(id string) Part { return Part{Kind: Call, ID: Literal(id), Name: Literal(`"f"`)} }
	result := func(id, text string) Part { return Part{Kind: Result, ID: Literal(id), Text: Literal(text)} }
	r := &Request{Turns: []Turn{
		{Role: Assistant, Parts: []Part{call(`"0"`), call(`"1"`)}}, {Parts: []Part{result(`"1"`, "b"), result(`"0"`, "a")}},
		{Role: Assistant, Parts: []Part{call(`"0"`), call(`"0_2"`)}}, {Parts: []Part{result(`"0_2"`, "d"), result(`"0"`, "c"), result(`"9"`, "?")}},
		{Role: Assistant, Parts: []Part{{Text: Literal(`"x"`)}, call(`"1"`), call(`"0"`), call(`"0"`)}}, {Parts: []Part{result(`"0"`, "f"), result(`"0"`, "g"), result(`"1"`, "e")}},
	}}
	before := fmt.Sprintf("%+v", r)
	d := r.Dialogue(false)
	d.Distinguish()
	var got []string
	for _, turn := range d.Turns {
		for _, p := range turn.Parts {
			got = append(got, string(p.ID.Inner())+string(p.Text))
		}
	}
	if got, want := strings.Join(got, " "), `0 1 0a 1b 0_3 0_2 0_3c 0_2d 9? "x" 1_2 0_4 0_2_2 1_2e 0_4f 0_2_2g`; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if after := fmt.Sprintf("%+v", r); after != before {
		t.Error("the request was changed")
	}
	again := r.Dialogue(false)
	again.Distinguish()
	if fmt.Sprintf("%+v", again.Turns) != fmt.Sprintf("%+v", d.Turns) {
		t.Error("the same conversation has got other IDs")
	}
}

func TestDialogueWithoutIDs(t *testing.T) {
	call := func(name string) Part { return Part{Kind: Call, Name: Literal(name)} }
	result := func(name, text string) Part {
		return Part{Kind: Result, Name: Literal(name), Content: []Part{{Text: Literal(text)}}}
	}
	r := &Request{Turns: []Turn{
		{Role: Assistant, Parts: []Part{call(`"f"`), call(`"g"`), call(`"f"`)}},
		{Parts: []Part{result(`"g"`, `"2"`), result(`"f"`, `"1"`), result(`"f"`, `"3"`)}},
	}}
	d := r.Dialogue(false)
	for i, p := range d.Turns[1].Parts {
		c := d.Turns[0].Parts[i]
		if c.ID.Empty() || string(p.ID) != string(c.ID) || string(p.Name) != string(c.Name) || string(p.Content[0].Text) != fmt.Sprintf(`"%d"`, i+1) {
			t.Errorf("%d: call %s %s, result %s %s", i, c.ID, c.Name, p.ID, p.Content[0].Text)
		}
	}
	if !r.Turns[0].Parts[0].ID.Empty() {
		t.Error("the request was changed")
	}
}
