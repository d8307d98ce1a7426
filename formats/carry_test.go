package formats

import (
	"fmt"
	"testing"

	"github.com/aiclient2api/caddy-aiclient2api/llm"
)

// What is wrapped comes back as it was, and is not taken for a vendor's own.
func TestCarried(t *testing.T) {
	want := []llm.Part{
		{Kind: llm.Thought, Origin: llm.Anthropic, Text: llm.Literal(`"a \"b\" \ud83d"`), Signature: llm.Literal(`"Sig=="`), At: -1},
		{Kind: llm.Sealed, Origin: llm.OpenAI, Signature: llm.Literal(`"x"`), At: -1},
		{Kind: llm.Call, Origin: llm.Google, Signature: llm.Literal(`"y"`), At: -1},
	}
	wrapped := append(AppendCarried([]byte{'"'}, want...), '"')
	if AsLiteral(wrapped) == nil || !Carries([]byte(`{"s":`+string(wrapped)+`}`)) {
		t.Errorf("wrapped %s", wrapped)
	}
	got, ok := Carried(wrapped)
	if !ok || fmt.Sprintf("%+v", got) != fmt.Sprintf("%+v", want) {
		t.Errorf("got %+v", got)
	}
	for in, ours := range map[string]bool{
		`"EuwJCm4IDxgC"`: false, `""`: false, ``: false,
		`"` + string(CarriedPrefix) + `"`: true, `"` + string(CarriedPrefix) + `!!"`: true, `"` + string(CarriedPrefix) + `W10="`: true,
	} {
		if parts, ok := Carried(llm.Literal(in)); ok != ours || parts != nil {
			t.Errorf("%s: %v %v", in, parts, ok)
		}
	}
}

func FuzzCarried(f *testing.F) {
	f.Add([]byte(`"YWljbGllbnQyYXBpW3sia2luZCI6InRob3VnaHQifV0="`))
	f.Fuzz(func(t *testing.T, in []byte) {
		parts, _ := Carried(in)
		for _, p := range parts {
			for _, l := range []llm.Literal{p.Text, p.Signature} {
				if l != nil && AsLiteral(l) == nil {
					t.Errorf("%q holds %q", in, l)
				}
			}
		}
	})
}
