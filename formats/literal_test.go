package formats

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/aiclient2api/caddy-aiclient2api/llm"
)

func TestAsLiteral(t *testing.T) {
	for in, ok := range map[string]bool{
		`"a"`: true, `""`: true, `"\ud83d"`: true, `"\u00e4\n\"\\\/"`: true, `"ä"`: true,
		`"`: false, ``: false, `"a`: false, `a"`: false, `5`: false, "\"\n\"": false, `"\x"`: false, `"\u12"`: false, `"a"b"`: false, `"\"`: false,
	} {
		if got := AsLiteral([]byte(in)); (got != nil) != ok || ok && string(got) != in {
			t.Errorf("%s: %s", in, got)
		}
		if ok != json.Valid([]byte(in)) && in != "5" {
			t.Errorf("%s: the table is wrong", in)
		}
	}
}

func TestAppendQuoted(t *testing.T) {
	for _, in := range []string{`{}`, `{"a":"b"}`, `{"a":"\n \\ ä 🌍"}`, "{\n}", ``} {
		var got string
		if err := json.Unmarshal(AppendQuoted(nil, []byte(in)), &got); err != nil || got != in {
			t.Errorf("%q: %q, %v", in, got, err)
		}
	}
}

func TestCharacters(t *testing.T) {
	for in, want := range map[string]int64{`""`: 0, `"abc"`: 3, `"äö"`: 2, `"🌍"`: 1, `"\ud83c\udf0d"`: 1, `"\n\u00e4\\"`: 3,
		`"abcdefgh"`: 8, `"ab\ncdefgh"`: 9, `"abcdefg\nä"`: 9, `"äöüäöüäö\u00e4äöü"`: 12, `"🌍🌍🌍🌍\\🌍"`: 6, `"0123456\ud83c\udf0d01234567é"`: 17} {
		if got := Characters(llm.Literal(in)); got != want {
			t.Errorf("%s: %d", in, got)
		}
	}
}

func TestInt(t *testing.T) {
	for in, want := range map[string]struct {
		n  int64
		ok bool
	}{"5": {5, true}, "-5": {-5, true}, "1.9": {1, true}, "1e3": {1000, true}, "1e400": {0, false}, `"5"`: {0, false}, "": {0, false}, "null": {0, false}, "9007199254740993000": {0, false}} {
		if n, ok := Int([]byte(in)); ok != want.ok || ok && n != want.n {
			t.Errorf("%s: %d %v", in, n, ok)
		}
	}
	if AsCount([]byte("-1")).Known || !AsCount([]byte("0")).Known {
		t.Error("counts")
	}
}

// Names come back as they went, whatever a provider's alphabet is.
func TestNames(t *testing.T) {
	for name, alphabet := range map[string]Alphabet{
		"strict": {Most: 64}, "short": {Most: 16}, "dots": {Most: 64, Extra: ".:", Letter: true}, "no limit": {},
	} {
		n := Names{Alphabet: alphabet}
		seen := map[string]bool{}
		for _, client := range []string{"get_weather", "a.b", "a:b", "1st", "größe", "", "a b", "a  b", strings.Repeat("x", 100), strings.Repeat("x", 101), `quo"te`, "-x"} {
			sent := n.Sent(Encoded(client))
			if s := Decoded(sent); !alphabet.takes(s) {
				t.Errorf("%s: %q became %q", name, client, s)
			}
			if got := Decoded(n.Client(sent)); got != client {
				t.Errorf("%s: %q came back as %q", name, client, got)
			}
			if seen[string(sent)] {
				t.Errorf("%s: %s stands for two", name, sent)
			}
			seen[string(sent)] = true
			if string(n.Sent(Encoded(client))) != string(sent) {
				t.Errorf("%s: %q is not always the same", name, client)
			}
		}
	}
}

func TestEnter(t *testing.T) {
	const body = `{"a":{"x":[1,{"y":2}]},"list":[{"k":"v"},5,{"k":"w"}],"z":"end"}`
	var got []string
	m := MembersOf([]byte(body))
	for m.NextKey() {
		switch string(m.Key) {
		case "a":
			inner := m.Enter()
			for inner.Next() {
				got = append(got, string(inner.Key)+string(inner.Value()))
			}
			m.Leave(&inner)
		case "list":
			list := m.EnterList()
			for list.NextValue() {
				inner := list.Enter()
				for inner.Next() {
					got = append(got, string(inner.Value()))
				}
				list.Leave(&inner)
			}
			m.LeaveList(&list)
		default:
			m.Pass()
			got = append(got, string(m.Value()))
		}
	}
	if want := `x[1,{"y":2}] "v" "w" "end"`; strings.Join(got, " ") != want || m.Err != nil {
		t.Errorf("got %q, %v", got, m.Err)
	}
	// a walk that stops early, or finds no object, costs nothing but the pass
	m = MembersOf([]byte(`{"a":{"x":1,"y":2},"b":7,"c":8}`))
	for n := 0; m.NextKey(); n++ {
		inner := m.Enter()
		if n == 0 {
			inner.Next()
		} else if inner.Next() {
			t.Error("a number was entered")
		}
		if !m.Leave(&inner) {
			t.Errorf("member %d: %v", n, m.Err)
		}
	}
	if m.Err != nil {
		t.Error(m.Err)
	}
}

func TestElements(t *testing.T) {
	for in, want := range map[string]string{`[]`: "", `[1, "a",{"b":[2]} ]`: `1 "a" {"b":[2]}`, `[1`: "1 !", `{}`: "!", `[1,]`: "1 !", `[1]x`: "1 !"} {
		var got []string
		e := ElementsOf([]byte(in))
		for e.Next() {
			got = append(got, string(e.Value()))
		}
		if e.Err() != nil {
			got = append(got, "!")
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: %q", in, got)
		}
	}
}

func TestMember(t *testing.T) {
	const body = `{"a":1,"b":null,"\u0063":"x","a":2}`
	for name, want := range map[string]string{"a": "1", "b": "", "c": `"x"`, "d": ""} {
		if got := string(Member([]byte(body), name)); got != want {
			t.Errorf("%s: %s", name, got)
		}
	}
	if Member(nil, "a") != nil || Member([]byte(`[1]`), "a") != nil {
		t.Error("a member of what is no object")
	}
}
