package messages

import (
	"bytes"

	"github.com/aiclient2api/caddy-aiclient2api/formats"
	"github.com/aiclient2api/caddy-aiclient2api/sse"
)

// ofBlock is what nearly all events begin with, and message_stop does not.
var ofBlock = []byte(`{"type":"content_block_`)

// Terminates reports whether an event is message_stop.
func (Upstream) Terminates(ev sse.Event) bool {
	const longest = 256 // some servers add members of their own
	if len(ev.Data) > longest || bytes.HasPrefix(ev.Data, ofBlock) || !bytes.Contains(ev.Data, []byte(`"message_stop"`)) {
		return false
	}
	e, ok := readEvent(ev)
	return ok && e.step == messageStop
}

// Interface guards
var _ formats.Terminated = Upstream{}
