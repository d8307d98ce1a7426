package exchange

import (
	"bytes"
	"strings"
	"testing"
)

// mask takes a credential out wherever it stands, and nothing else.
func TestMask(t *testing.T) {
	for _, secret := range []string{"sk-Abcdef", "sk-abcdef", "sk-1bcd2f", "aaaaaaaa", "aaaaaaab", "AAAAAAAA", "abababab", "short", ""} {
		for _, text := range []string{"", "#", "##", "a#", "#a", "aaa#aaa#", "sk-#sk-#sk-", "x#" + strings.Repeat("sk-A", 50) + "#", secret[:len(secret)/2] + "#"} {
			b := []byte(strings.ReplaceAll(text, "#", secret))
			want := b
			if len(secret) >= 8 {
				want = bytes.ReplaceAll(b, []byte(secret), bytes.Repeat([]byte("*"), len(secret)))
			}
			got := bytes.Clone(b)
			NewAttempt([]byte(secret), true).mask(got)
			if !bytes.Equal(got, want) {
				t.Errorf("%q in %q: %q, want %q", secret, b, got, want)
			}
		}
	}
}
