package exchange

import (
	"hash/fnv"

	"github.com/aiclient2api/caddy-aiclient2api/formats"
	"github.com/aiclient2api/caddy-aiclient2api/llm"
)

// Session returns what stands for a session that a text names: the same after
// a restart, and 0 for none.
func Session(name string) uint64 {
	if name == "" {
		return 0
	}
	h := fnv.New64a()
	_, _ = h.Write([]byte(name))
	return max(1, h.Sum64())
}

// Prefix returns what stands for the conversation that a request continues: its
// instructions in front and the user's first message, texts only, because marks
// of a prompt cache move from turn to turn. It is 0 for what is no conversation.
func (c *Call) Prefix() uint64 {
	speaker, ok := c.Client.(formats.Speaker)
	if !ok || c.Op != formats.Conversation {
		return 0
	}
	r, bad := c.neutral(speaker)
	if bad != nil {
		return 0 // whoever is asked will say so
	}
	h := fnv.New64a()
	said := false
	for _, turn := range r.Turns {
		for _, part := range turn.Parts {
			if part.Kind == llm.Text {
				_, _ = h.Write(part.Text)
				said = true
			}
		}
		if !turn.Role.Instructs() {
			break
		}
	}
	if !said {
		return 0
	}
	return max(1, h.Sum64())
}
