package gemini_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/aiclient2api/caddy-aiclient2api/formats"
	"github.com/aiclient2api/caddy-aiclient2api/llm"
)

// Events, for tables.
var (
	start = llm.Event{Step: llm.Start, ID: lit("id1"), Name: lit("m1")}
	shut  = llm.Event{Step: llm.Close}
	over  = llm.Event{Step: llm.End}
)

func open(k llm.Kind) llm.Event     { return llm.Event{Step: llm.Open, Kind: k} }
func delta(s string) llm.Event      { return llm.Event{Step: llm.Delta, Text: lit(s)} }
func finish(r llm.Reason) llm.Event { return llm.Event{Step: llm.Finish, Reason: r} }

func openCall(id, name string) llm.Event {
	return llm.Event{Step: llm.Open, Kind: llm.Call, ID: lit(id), Name: lit(name)}
}

func openThought(of llm.Origin) llm.Event {
	return llm.Event{Step: llm.Open, Kind: llm.Thought, Origin: of}
}

func sign(signature string, of llm.Origin) llm.Event {
	return llm.Event{Step: llm.Sign, Signature: lit(signature), Origin: of}
}

func used(u llm.Usage) llm.Event { return llm.Event{Step: llm.Stated, Usage: u} }

// of is the event for another alternative.
func of(choice int, e llm.Event) llm.Event {
	e.Choice = choice
	return e
}

// fed encodes each event by itself, and spoils it afterwards: an encoder keeps
// nothing of it.
func fed(t testing.TB, e formats.Encoder, events []llm.Event) []byte {
	var out []byte
	for _, ev := range events {
		copied := kept([]llm.Event{ev})
		if c := ev.Citation; c != nil {
			copied[0].Citation = &llm.Citation{
				URL: bytes.Clone(c.URL), Title: bytes.Clone(c.Title), Quote: bytes.Clone(c.Quote), From: c.From, To: c.To,
			}
		}
		out = e.Append(out, copied)
		for _, l := range []llm.Literal{copied[0].ID, copied[0].Name, copied[0].Text, copied[0].Signature} {
			for i := range l {
				l[i] = '#'
			}
		}
		if c := copied[0].Citation; c != nil {
			for _, l := range []llm.Literal{c.URL, c.Title, c.Quote} {
				for i := range l {
					l[i] = '#'
				}
			}
		}
	}
	return out
}

// objects returns the data of the events of a stream.
func objects(t testing.TB, stream []byte) (list []string) {
	t.Helper()
	for _, frame := range strings.SplitAfter(string(stream), "\r\n\r\n") {
		if frame == "" {
			continue
		}
		data, ok := strings.CutPrefix(frame, "data: ")
		if data, cut := strings.CutSuffix(data, "\r\n\r\n"); !ok || !cut || strings.ContainsAny(data, "\r\n") || !json.Valid([]byte(data)) {
			t.Fatalf("no event: %q", frame)
		} else {
			list = append(list, data)
		}
	}
	return list
}

const objectTail = `,"modelVersion":"m1","responseId":"id1"}`

// bare leaves out of an object what all have.
func bare(t testing.TB, object string) string {
	t.Helper()
	if strings.HasPrefix(object, `{"error"`) {
		return object
	}
	s, ok := strings.CutSuffix(object, objectTail)
	if s2, ok2 := strings.CutPrefix(s, `{"candidates":[{"content":{"parts":[`); !ok || !ok2 {
		t.Errorf("head and tail of %s", object)
	} else {
		s = s2
	}
	return strings.ReplaceAll(strings.ReplaceAll(s, `],"role":"model"}`, ""), `,"index":0}]`, "")
}

var (
	carriedClaude = `"thoughtSignature":"` + state(claude) + `"`
	page          = &llm.Citation{URL: lit("https://x"), Title: lit("X")}
)

func TestClientEncode(t *testing.T) {
	shown := llm.Request{}
	hidden := llm.Request{Reasoning: llm.Reasoning{Hide: true}}
	signedCall := openCall("1", "f")
	signedCall.Signature, signedCall.Origin = lit("G"), llm.Google
	signedText := open(llm.Text)
	signedText.Signature, signedText.Origin = lit("G"), llm.Google
	thinking := []llm.Event{openThought(llm.Anthropic), delta("h"), delta("m"), sign("S", llm.Anthropic), shut}
	cat := func(parts ...[]llm.Event) (all []llm.Event) {
		for _, p := range parts {
			all = append(all, p...)
		}
		return all
	}
	for _, tc := range []struct {
		name    string
		request llm.Request
		events  []llm.Event
		stream  []string
		whole   string
	}{
		{
			name:   "text",
			events: []llm.Event{open(llm.Text), delta("a\n"), delta("\"b"), shut, used(llm.Usage{Input: llm.Tokens(3), Output: llm.Tokens(2)}), finish(llm.Stopped)},
			stream: []string{`{"text":"a\n"}`, `{"text":"\"b"}`, `{"text":""},"finishReason":"STOP","usageMetadata":{"promptTokenCount":3,"candidatesTokenCount":2,"totalTokenCount":5}`},
			whole:  `{"text":"a\n\"b"},"finishReason":"STOP","usageMetadata":{"promptTokenCount":3,"candidatesTokenCount":2,"totalTokenCount":5}`,
		},
		{
			name: "usage, reasoning beside the output",
			events: []llm.Event{used(llm.Usage{Input: llm.Tokens(1)}), used(llm.Usage{
				Input: llm.Tokens(9), Output: llm.Tokens(7), Cached: llm.Tokens(4), Written: llm.Tokens(2), Reasoning: llm.Tokens(5),
			}), finish(llm.Stopped)},
			stream: []string{`{"text":""},"finishReason":"STOP","usageMetadata":{"promptTokenCount":9,"cachedContentTokenCount":4,"candidatesTokenCount":2,"thoughtsTokenCount":5,"totalTokenCount":16}`},
			whole:  `{"text":""},"finishReason":"STOP","usageMetadata":{"promptTokenCount":9,"cachedContentTokenCount":4,"candidatesTokenCount":2,"thoughtsTokenCount":5,"totalTokenCount":16}`,
		},
		{
			name:   "usage that is not known is not made up",
			events: []llm.Event{open(llm.Text), delta("a"), shut, used(llm.Usage{Output: llm.Tokens(2)}), finish(llm.Length)},
			stream: []string{`{"text":"a"}`, `{"text":""},"finishReason":"MAX_TOKENS","usageMetadata":{"candidatesTokenCount":2}`},
			whole:  `{"text":"a"},"finishReason":"MAX_TOKENS","usageMetadata":{"candidatesTokenCount":2}`,
		},
		{
			name:   "an answer of nothing",
			stream: []string{`{"text":""},"finishReason":"STOP"`}, whole: `{"text":""},"finishReason":"STOP"`,
		},
		{
			name: "calls are whole, and the last go with the finish",
			events: []llm.Event{
				open(llm.Text), delta("x"), shut, openCall("1", "f"), delta(`{"a": `), delta("\n" + `"\"é"}`), shut, openCall("2", "g"), shut, finish(llm.Calls),
			},
			stream: []string{`{"text":"x"}`, `{"functionCall":{"name":"f","args":{"a":"\"é"},"id":"1"}},{"functionCall":{"name":"g","args":{},"id":"2"}},"finishReason":"STOP"`},
			whole:  `{"text":"x"},{"functionCall":{"name":"f","args":{"a":"\"é"},"id":"1"}},{"functionCall":{"name":"g","args":{},"id":"2"}},"finishReason":"STOP"`,
		},
		{
			name:   "a text after a call",
			events: []llm.Event{openCall("1", "f"), shut, open(llm.Text), delta("x"), shut, finish(llm.Calls)},
			stream: []string{`{"functionCall":{"name":"f","args":{},"id":"1"}}`, `{"text":"x"}`, `{"text":""},"finishReason":"STOP"`},
			whole:  `{"functionCall":{"name":"f","args":{},"id":"1"}},{"text":"x"},"finishReason":"STOP"`,
		},
		{
			name: "arguments that are no object",
			events: []llm.Event{
				openCall("", "f"), delta(`{"a":`), shut, openCall("", "g"), delta(`[1]`), shut, openCall("", "h"), delta(" null "), shut, finish(llm.Calls),
			},
			stream: []string{`{"functionCall":{"name":"f","args":{"arguments":"{\"a\":"}}},{"functionCall":{"name":"g","args":{"arguments":"[1]"}}},{"functionCall":{"name":"h","args":{}}},"finishReason":"STOP"`},
			whole:  `{"functionCall":{"name":"f","args":{"arguments":"{\"a\":"}}},{"functionCall":{"name":"g","args":{"arguments":"[1]"}}},{"functionCall":{"name":"h","args":{}}},"finishReason":"STOP"`,
		},
		{
			name:   "thoughts for those who want them",
			events: []llm.Event{openThought(""), delta("h"), delta("m"), shut, open(llm.Text), delta("a"), shut, finish(llm.Stopped)},
			stream: []string{`{"text":"h","thought":true}`, `{"text":"m","thought":true}`, `{"text":"a"}`, `{"text":""},"finishReason":"STOP"`},
			whole:  `{"text":"hm","thought":true},{"text":"a"},"finishReason":"STOP"`,
		},
		{
			name: "and for those who do not", request: hidden,
			events: []llm.Event{openThought(""), delta("h"), delta("m"), shut, open(llm.Text), delta("a"), shut, finish(llm.Stopped)},
			stream: []string{`{"text":"a"}`, `{"text":""},"finishReason":"STOP"`},
			whole:  `{"text":"a"},"finishReason":"STOP"`,
		},
		{
			name:   "a signed thought travels with the call",
			events: cat(thinking, []llm.Event{open(llm.Text), delta("a"), shut, openCall("1", "f"), shut, openCall("2", "g"), shut, finish(llm.Calls)}),
			stream: []string{
				`{"text":"h","thought":true}`, `{"text":"m","thought":true}`, `{"text":"a"}`,
				`{"functionCall":{"name":"f","args":{},"id":"1"},` + carriedClaude + `},{"functionCall":{"name":"g","args":{},"id":"2"}},"finishReason":"STOP"`,
			},
			whole: `{"text":"hm","thought":true},{"text":"a"},{"functionCall":{"name":"f","args":{},"id":"1"},` + carriedClaude + `},{"functionCall":{"name":"g","args":{},"id":"2"}},"finishReason":"STOP"`,
		},
		{
			name: "also one that is not told", request: hidden,
			events: cat(thinking, []llm.Event{openCall("1", "f"), shut, finish(llm.Calls)}),
			stream: []string{`{"functionCall":{"name":"f","args":{},"id":"1"},` + carriedClaude + `},"finishReason":"STOP"`},
			whole:  `{"functionCall":{"name":"f","args":{},"id":"1"},` + carriedClaude + `},"finishReason":"STOP"`,
		},
		{
			name:   "or at the end of the text",
			events: cat(thinking, []llm.Event{open(llm.Text), delta("a"), shut, finish(llm.Stopped)}),
			stream: []string{`{"text":"h","thought":true}`, `{"text":"m","thought":true}`, `{"text":"a"}`, `{"text":"",` + carriedClaude + `},"finishReason":"STOP"`},
			whole:  `{"text":"hm","thought":true},{"text":"a",` + carriedClaude + `},"finishReason":"STOP"`,
		},
		{
			name: "or before the next thought, if there was a text between",
			events: cat(thinking, []llm.Event{
				open(llm.Text), delta("a"), shut, {Step: llm.Open, Kind: llm.Sealed, Signature: lit("E"), Origin: llm.Anthropic}, shut, openCall("1", "f"), shut, finish(llm.Calls),
			}),
			stream: []string{
				`{"text":"h","thought":true}`, `{"text":"m","thought":true}`, `{"text":"a"}`,
				`{"text":"",` + carriedClaude + `},{"functionCall":{"name":"f","args":{},"id":"1"},"thoughtSignature":"` + state(sealed) + `"},"finishReason":"STOP"`,
			},
			whole: `{"text":"hm","thought":true},{"text":"a",` + carriedClaude + `},{"functionCall":{"name":"f","args":{},"id":"1"},"thoughtSignature":"` + state(sealed) + `"},"finishReason":"STOP"`,
		},
		{
			name: "two thoughts in a row, and nothing else",
			events: cat(thinking, []llm.Event{
				{Step: llm.Open, Kind: llm.Sealed, Signature: lit("E"), Origin: llm.Anthropic}, shut, finish(llm.Length),
			}),
			stream: []string{`{"text":"h","thought":true}`, `{"text":"m","thought":true}`, `{"text":"","thoughtSignature":"` + state(claude, sealed) + `"},"finishReason":"MAX_TOKENS"`},
			whole:  `{"text":"hm","thought":true},{"text":"","thoughtSignature":"` + state(claude, sealed) + `"},"finishReason":"MAX_TOKENS"`,
		},
		{
			name:   "Google's own signatures stay",
			events: []llm.Event{openThought(""), delta("h"), sign("T", llm.Google), shut, signedText, delta("a"), delta("b"), shut, signedCall, shut, open(llm.Text), sign("H", llm.Google), shut, finish(llm.Calls)},
			stream: []string{
				`{"text":"h","thought":true}`, `{"text":"","thought":true,"thoughtSignature":"T"}`,
				`{"text":"a","thoughtSignature":"G"}`, `{"text":"b"}`,
				`{"functionCall":{"name":"f","args":{},"id":"1"},"thoughtSignature":"G"},{"text":"","thoughtSignature":"H"},"finishReason":"STOP"`,
			},
			whole: `{"text":"h","thought":true,"thoughtSignature":"T"},{"text":"ab","thoughtSignature":"G"},{"functionCall":{"name":"f","args":{},"id":"1"},"thoughtSignature":"G"},{"text":"","thoughtSignature":"H"},"finishReason":"STOP"`,
		},
		{
			name: "state of a call of another vendor's",
			events: []llm.Event{
				{Step: llm.Open, Kind: llm.Call, ID: lit("1"), Name: lit("f"), Signature: lit("K"), Origin: llm.OpenAI}, shut, finish(llm.Calls),
			},
			stream: []string{`{"functionCall":{"name":"f","args":{},"id":"1"},"thoughtSignature":"` + state(llm.Part{Kind: llm.Call, Signature: lit("K"), Origin: llm.OpenAI}) + `"},"finishReason":"STOP"`},
			whole:  `{"functionCall":{"name":"f","args":{},"id":"1"},"thoughtSignature":"` + state(llm.Part{Kind: llm.Call, Signature: lit("K"), Origin: llm.OpenAI}) + `"},"finishReason":"STOP"`,
		},
		{
			name: "an image",
			events: []llm.Event{
				open(llm.Text), delta("a"), shut, {Step: llm.Open, Kind: llm.Image, Name: lit("image/png")}, delta("AA"), delta("AA"), shut, open(llm.Text), delta("b"), shut, finish(llm.Stopped),
			},
			stream: []string{`{"text":"a"}`, `{"inlineData":{"mimeType":"image/png","data":"AAAA"}}`, `{"text":"b"}`, `{"text":""},"finishReason":"STOP"`},
			whole:  `{"text":"a"},{"inlineData":{"mimeType":"image/png","data":"AAAA"}},{"text":"b"},"finishReason":"STOP"`,
		},
		{
			name: "a refusal",
			events: []llm.Event{
				open(llm.Refusal), delta("no"), shut, {Step: llm.Finish, Reason: llm.Filtered, Text: lit("not allowed")},
			},
			stream: []string{`{"text":"no"}`, `{"text":""},"finishReason":"SAFETY","finishMessage":"not allowed"`},
			whole:  `{"text":"no"},"finishReason":"SAFETY","finishMessage":"not allowed"`,
		},
		{
			name: "sources, with borders in bytes",
			events: []llm.Event{
				open(llm.Text), delta("é"), shut, open(llm.Text), delta("b\u2028"), {Step: llm.Cite, Citation: page},
				{Step: llm.Cite, Citation: &llm.Citation{Title: lit("D"), Quote: lit("q")}},
				{Step: llm.Cite, Citation: &llm.Citation{URL: lit("https://x"), Title: lit("X"), From: llm.Tokens(0), To: llm.Tokens(1)}}, shut, finish(llm.Stopped),
			},
			stream: []string{`{"text":"é"}`, `{"text":"b\u2028"}`, `{"text":""},"finishReason":"STOP","groundingMetadata":{"groundingChunks":[{"web":{"uri":"https://x","title":"X"}},{"retrievedContext":{"title":"D","text":"q"}}],` +
				`"groundingSupports":[{"segment":{"startIndex":2,"endIndex":6},"groundingChunkIndices":[0]},{"segment":{"startIndex":2,"endIndex":6},"groundingChunkIndices":[1]},{"segment":{"startIndex":2,"endIndex":6},"groundingChunkIndices":[0]}]}`},
			whole: `{"text":"éb\u2028"},"finishReason":"STOP","groundingMetadata":{"groundingChunks":[{"web":{"uri":"https://x","title":"X"}},{"retrievedContext":{"title":"D","text":"q"}}],` +
				`"groundingSupports":[{"segment":{"startIndex":2,"endIndex":6},"groundingChunkIndices":[0]},{"segment":{"startIndex":2,"endIndex":6},"groundingChunkIndices":[1]},{"segment":{"startIndex":2,"endIndex":6},"groundingChunkIndices":[0]}]}`,
		},
		{
			name: "sources, with borders that the provider says",
			events: []llm.Event{
				open(llm.Text), delta("abc"), {Step: llm.Cite, Citation: &llm.Citation{URL: lit("https://x"), From: llm.Tokens(1), To: llm.Tokens(2)}}, shut, finish(llm.Stopped),
			},
			stream: []string{`{"text":"abc"}`, `{"text":""},"finishReason":"STOP","groundingMetadata":{"groundingChunks":[{"web":{"uri":"https://x"}}],"groundingSupports":[{"segment":{"startIndex":1,"endIndex":2},"groundingChunkIndices":[0]}]}`},
			whole:  `{"text":"abc"},"finishReason":"STOP","groundingMetadata":{"groundingChunks":[{"web":{"uri":"https://x"}}],"groundingSupports":[{"segment":{"startIndex":1,"endIndex":2},"groundingChunkIndices":[0]}]}`,
		},
		{
			name: "probabilities",
			events: []llm.Event{
				open(llm.Text), {Step: llm.Delta, Text: lit("a"), Logprobs: []llm.TokenLogprob{{Token: lit("a"), Logprob: llm.Number("-0.5"), Top: []llm.TokenLogprob{{Token: lit("b"), Logprob: llm.Number("-1")}}}}},
				{Step: llm.Delta, Text: lit("c"), Logprobs: []llm.TokenLogprob{{Token: lit("c"), Logprob: llm.Number("0")}}}, shut, finish(llm.Stopped),
			},
			stream: []string{
				`{"text":"a"},"logprobsResult":{"chosenCandidates":[{"token":"a","logProbability":-0.5}],"topCandidates":[{"candidates":[{"token":"b","logProbability":-1}]}]}`,
				`{"text":"c"},"logprobsResult":{"chosenCandidates":[{"token":"c","logProbability":0}]}`, `{"text":""},"finishReason":"STOP"`,
			},
			whole: `{"text":"ac"},"finishReason":"STOP","logprobsResult":{"chosenCandidates":[{"token":"a","logProbability":-0.5},{"token":"c","logProbability":0}],"topCandidates":[{"candidates":[{"token":"b","logProbability":-1}]},{"candidates":[]}]}`,
		},
		{
			name: "alternatives",
			events: []llm.Event{
				of(1, open(llm.Text)), open(llm.Text), of(1, delta("x")), delta("a"), of(1, shut), shut, of(1, openCall("1", "f")), of(1, shut), finish(llm.Stopped), of(1, finish(llm.Length)),
			},
			stream: []string{
				`{"text":"x"},"index":1}]`, `{"text":"a"}`,
				`{"text":""},"finishReason":"STOP","index":0},{"content":{"parts":[{"functionCall":{"name":"f","args":{},"id":"1"}},"finishReason":"MAX_TOKENS","index":1}]`,
			},
			whole: `{"text":"a"},"finishReason":"STOP","index":0},{"content":{"parts":[{"text":"x"},{"functionCall":{"name":"f","args":{},"id":"1"}},"finishReason":"MAX_TOKENS","index":1}]`,
		},
		{
			name:   "an error in the middle",
			events: []llm.Event{open(llm.Text), delta("a"), shut, openCall("1", "f"), shut, openCall("2", "g"), {Step: llm.Fail, Err: &llm.Error{Status: 529, Message: "busy"}}},
			stream: []string{`{"text":"a"}`, `{"functionCall":{"name":"f","args":{},"id":"1"}}`, `{"error":{"code":529,"message":"busy","status":"UNAVAILABLE"}}`},
			whole:  `{"error":{"code":529,"message":"busy","status":"UNAVAILABLE"}}`,
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			request := tc.request
			if request.Reasoning == (llm.Reasoning{}) {
				request = shown
			}
			events := append([]llm.Event{start}, tc.events...)
			if n := len(tc.events); n == 0 || tc.events[n-1].Step != llm.Fail {
				events = append(events, over)
			}
			answer := formats.Answer{Request: &request, Model: "m", ID: "x"}
			streamed := fed(t, client.Encoder(answer), events)
			all := objects(t, streamed)
			var got []string
			for _, o := range all {
				got = append(got, bare(t, o))
			}
			if strings.Join(got, "\n") != strings.Join(tc.stream, "\n") {
				t.Errorf("stream:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(tc.stream, "\n"))
			}
			if got := client.Encoder(answer).Append(nil, events); string(got) != string(streamed) {
				t.Errorf("all at once: %s", got)
			}
			body := client.Encoder(answer).AppendWhole(nil, events)
			if got := bare(t, string(body)); got != tc.whole || !json.Valid(body) {
				t.Errorf("whole:\n%s\nwant:\n%s", got, tc.whole)
			}
			answer.List = true
			list := fed(t, client.Encoder(answer), events)
			if want := "[" + strings.Join(all, ",\r\n") + "]"; string(list) != want {
				t.Errorf("list:\n%s\nwant:\n%s", list, want)
			}
			if got := client.Encoder(answer).AppendWhole(nil, events); string(got) != string(body) {
				t.Errorf("whole, though a list was asked for: %s", got)
			}
		})
	}
}

// Without a word from the provider the head is ours, and nothing follows the end.
func TestClientEncodeHead(t *testing.T) {
	e := client.Encoder(formats.Answer{Request: &llm.Request{}, Model: "m\"", ID: "x"})
	want := `data: {"candidates":[{"content":{"parts":[{"text":""}],"role":"model"},"finishReason":"STOP","index":0}],"modelVersion":"m\"","responseId":"x"}` + "\r\n\r\n"
	if got := string(e.Append(nil, []llm.Event{{Step: llm.Start}, finish(llm.Stopped), over})); got != want {
		t.Error(got)
	}
	if got := e.Append(nil, []llm.Event{delta("a"), over, {Step: llm.Fail, Err: &llm.Error{Message: "late"}}}); len(got) > 0 {
		t.Errorf("%s", got)
	}
	e = client.Encoder(formats.Answer{Request: &llm.Request{}, List: true})
	if got := string(e.Append(nil, []llm.Event{{Step: llm.Fail, Err: &llm.Error{Status: 502, Message: "no"}}})); got != `[{"error":{"code":502,"message":"no","status":"UNAVAILABLE"}}]` {
		t.Error(got)
	}
}
