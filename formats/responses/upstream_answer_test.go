package responses_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/aiclient2api/caddy-aiclient2api/formats"
	"github.com/aiclient2api/caddy-aiclient2api/sse"
)

// An error may come behind the first events, when nothing was said yet.
func TestOpeningOfResponses(t *testing.T) {
	for name, tc := range map[string]struct {
		event, data string
		want        formats.Opening
		status      int
	}{
		"a comment":                     {"", "", formats.Preamble, 0},
		"created":                       {"response.created", createdEvent, formats.Preamble, 0},
		"queued":                        {"", `{"type":"response.queued","response":{}}`, formats.Preamble, 0},
		"a message begins":              {"", addedEvent("0", `{"type":"message","content":[]}`), formats.Preamble, 0},
		"reasoning begins":              {"", addedEvent("0", `{"type":"reasoning","summary":[],"encrypted_content":"A"}`), formats.Preamble, 0},
		"a message that says something": {"", addedEvent("0", `{"type":"message","content":[{"type":"output_text","text":"a"}]}`), formats.Content, 0},
		"a part begins":                 {"", `{"type":"response.content_part.added","part":{"type":"output_text","text":""}}`, formats.Preamble, 0},
		"a call begins":                 {"", addedEvent("0", `{"type":"function_call","name":"f"}`), formats.Content, 0},
		"a search begins":               {"", addedEvent("0", `{"type":"web_search_call"}`), formats.Content, 0},
		"text":                          {"", pieceEvent("output_text", "0", `"a"`), formats.Content, 0},
		"completed":                     {"", completedEvent, formats.Content, 0},
		"the terminator":                {"", "[DONE]", formats.Content, 0},
		"failed":                        {"", `{"type":"response.failed","response":{"status":"failed","error":{"code":"rate_limit_exceeded","message":"m"}}}`, formats.Failure, 429},
		"an error":                      {"error", `{"type":"error","error":{"type":"invalid_request_error","message":"m"}}`, formats.Failure, 400},
		"an error by its name":          {"error", `{"code":"server_error","message":"m"}`, formats.Failure, 500},
	} {
		got, err := upstream.Opening(sse.Event{Name: []byte(tc.event), Data: []byte(tc.data)})
		if got != tc.want || (err != nil) != (tc.status != 0) || err != nil && (err.Status != tc.status || err.Message != "m" || err.Type == "error") {
			t.Errorf("%s: got %v, %+v", name, got, err)
		}
	}
}

func TestWholeResponses(t *testing.T) {
	for name, tc := range map[string]struct {
		body          string
		input, output int64
		status        int
		ok            bool
	}{
		"a response":                       {`{"status":"completed","output":[],"error":null,"usage":{"input_tokens":3,"output_tokens":4}}`, 3, 4, 0, true},
		"an embedding":                     {`{"data":[{}],"usage":{"prompt_tokens":3}}`, 3, 0, 0, true},
		"a failure":                        {`{"status":"failed","output":[],"error":{"code":"server_error","message":"m"}}`, 0, 0, 500, true},
		"an error":                         {`{"error":{"message":"m","type":"rate_limit_error","param":null,"code":null}}`, 0, 0, 429, true},
		"a failure that does not say why":  {`{"status":"failed","output":[]}`, 0, 0, 502, true},
		"HTML":                             {`<html>`, 0, 0, 0, false},
		"an error beside what is complete": {`{"status":"completed","output":[],"error":{"message":"m"}}`, 0, 0, 0, true},
	} {
		usage, fail, ok := upstream.Whole([]byte(tc.body))
		if ok != tc.ok || usage.Input.N != tc.input || usage.Output.N != tc.output || (fail != nil) != (tc.status != 0) || fail != nil && fail.Status != tc.status {
			t.Errorf("%s: got %+v, %+v, %v", name, usage, fail, ok)
		}
	}
}

// The last event holds the whole response, and is often longer than what is
// kept of a stream's end.
func TestEndOfResponses(t *testing.T) {
	for name, tc := range map[string]struct {
		tail string
		want bool
	}{
		"completed":                         {"event: response.completed\ndata: " + completedEvent + "\n\n", true},
		"cut at its beginning":              {completedEvent[60:] + "\n\n", true},
		"incomplete":                        {`data: {"type": "response.incomplete","response":{}}`, true},
		"an error":                          {`data: {"type": "error","message":"m"}`, true},
		"an error by its name":              {"event: error\ndata: overloaded\n\n", true},
		"the terminator":                    {"data: [DONE]\n\n", true},
		"only begun":                        {"data: " + createdEvent + "\n\n", false},
		"text":                              {"data: " + pieceEvent("output_text", "0", `"data: [DONE] \"response.completed\" \"usage\":{\"input_tokens\":1}"`) + "\n\n", false},
		"a tool with words of the protocol": {`data: {"type":"response.created","response":{"tools":[{"parameters":{"properties":{"error":{"type":"string"},"usage":{"input_tokens":{"type":"integer"}}}}}],"usage":null}}`, false},
	} {
		if got := upstream.Ended([]byte(tc.tail), true); got != tc.want {
			t.Errorf("%s: got %v", name, got)
		}
	}
	if u := upstream.Usage([]byte(completedEvent)); u.Input.N != 1 || u.Output.N != 2 {
		t.Errorf("usage: %+v", u)
	}
	for line, want := range map[string]bool{completedEvent: true, createdEvent: false, pieceEvent("output_text", "0", `"a"`): false, "[DONE]": false, "{": false} {
		if upstream.Terminates(sse.Event{Data: []byte(line)}) != want {
			t.Errorf("%s ends the stream: %v", line, !want)
		}
	}
	if !upstream.Terminates(sse.Event{Name: []byte("response.incomplete"), Data: []byte("{}")}) {
		t.Error("the end is not known by its name")
	}
	if !upstream.Complete([]byte("[DONE]")) || !upstream.Complete([]byte(createdEvent)) || upstream.Complete([]byte(createdEvent[:20])) {
		t.Error("what is complete is not known")
	}
}

func TestPathsOfOperations(t *testing.T) {
	for op, want := range map[formats.Operation]string{
		formats.Conversation: "/responses", formats.CountTokens: "/responses/input_tokens", formats.Completions: "/completions",
		formats.Embeddings: "/embeddings", formats.Moderations: "/moderations",
	} {
		if path, query := upstream.Path(op, "m", true); path != want || query != "" {
			t.Errorf("%v: %s?%s", op, path, query)
		}
	}
}

func TestErrorsOfResponses(t *testing.T) {
	e := upstream.Error(http.StatusBadRequest, nil, []byte(`{"error":{"message":"m","type":"invalid_request_error","param":"input","code":"c"}}`))
	if e.Status != 400 || e.Message != "m" || e.Param != "input" || e.Code != "c" || !strings.Contains(string(e.Raw), `"m"`) {
		t.Errorf("got %+v", e)
	}
}
