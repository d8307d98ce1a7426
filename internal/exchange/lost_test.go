package exchange

import (
	"io"
	"strings"
	"testing"
)

// What the client's protocol has no place for is in the log, as is what the
// provider's has no way to say.
func TestLossesOfTheClientsProtocolAreTold(t *testing.T) {
	const asked = `"model":"m","messages":[{"role":"user","content":"hi"}],"functions":[{"name":"f"}]}`
	const message = `{"type":"message","id":"m1","model":"claude","content":[{"type":"tool_use","id":"a","name":"f","input":{}},{"type":"server_tool_use","id":"s","name":"web_search","input":{}},{"type":"tool_use","id":"b","name":"f","input":{}}],"stop_reason":"tool_use"}`
	event := func(kind, rest string) string {
		return "event: " + kind + "\ndata: {\"type\":\"" + kind + "\"" + rest + "}\n\n"
	}
	stream := event("message_start", `,"message":{"id":"m1","model":"claude","content":[]}`) +
		event("content_block_start", `,"index":0,"content_block":{"type":"tool_use","id":"a","name":"f","input":{}}`) +
		event("content_block_start", `,"index":1,"content_block":{"type":"server_tool_use","id":"s","name":"web_search","input":{}}`) +
		event("content_block_start", `,"index":2,"content_block":{"type":"tool_use","id":"b","name":"f","input":{}}`) +
		event("message_delta", `,"delta":{"stop_reason":"tool_use"}`) + event("message_stop", "")
	for _, tc := range []struct{ body, kind, answer string }{
		{"{" + asked, "application/json", message},
		{`{"stream":true,` + asked, "text/event-stream", stream},
		{`{"stream":true,` + asked, "application/json", message},
	} {
		x := planned(t, tc.body, claude())
		res, err := x.Answer(answer(200, tc.kind, strings.NewReader(tc.answer)), Attempt{})
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.ReadAll(res.Body)
		_ = res.Body.Close()
		if got := strings.Join(x.Lost, ", "); got != "hosted tools, tool_calls" {
			t.Errorf("%s for %s: lost %q", tc.kind, tc.body, got)
		}
	}
}
