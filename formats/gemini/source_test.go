package gemini_test

import "testing"

const grounding = `,"groundingMetadata":{"groundingChunks":[{"web":{"uri":"https://a","title":"A"}},{"retrievedContext":{"uri":"gs://b"}}],` +
	`"groundingSupports":[{"segment":{"endIndex":2,"text":"ab"},"groundingChunkIndices":[0,1,7]},{"segment":{"startIndex":2,"endIndex":3,"text":"c"},"groundingChunkIndices":[0]}]}`

// Sources come late, and go to the text that is still open. Google counts
// bytes: places are known only where a byte is a character.
func TestSources(t *testing.T) {
	for _, tc := range []struct {
		name   string
		chunks []string
		want   string
	}{
		{"with the finish", []string{parts(`{"text":"abc"}`), parts(`{"text":""}`, grounding+stop)},
			`start open(text) delta("abc") cite(https://a A ab 0-2) cite(gs://b  ab 0-2) cite(https://a A c 2-3) close finish(stopped) end`},
		{"characters of several bytes", []string{parts(`{"text":"\u00e9bc"}`, grounding+stop)},
			`start open(text) delta("\u00e9bc") cite(https://a A ab) cite(gs://b  ab) cite(https://a A c) close finish(stopped) end`},
		{"an escape of one byte", []string{parts(`{"text":"\n\u003c\\u"}`), parts(``, `,"groundingMetadata":{"groundingChunks":[{"web":{"uri":"https://a"}}],"groundingSupports":[{"segment":{"endIndex":1},"groundingChunkIndices":[0]}]}`+stop)},
			`start open(text) delta("\n\u003c\\u") cite(https://a   0-1) close finish(stopped) end`},
		{"behind a call", []string{parts(`{"text":"abc"},{"functionCall":{"name":"f"}}`, grounding+stop)},
			`start open(text) delta("abc") close open(call call_id-1_1 f) close lost(citations) finish(calls) end`},
		{"in the second text", []string{parts(`{"text":"abc"},{"functionCall":{"name":"f"}},{"text":"abc"}`, grounding+stop)},
			`start open(text) delta("abc") close open(call call_id-1_1 f) close open(text) delta("abc") cite(https://a A ab) cite(gs://b  ab) cite(https://a A c) close finish(calls) end`},
		{"chunks that nothing rests on", []string{parts(`{"text":"abc"}`, `,"groundingMetadata":{"groundingChunks":[{"web":{"uri":"https://a"}}]}`+stop)},
			`start open(text) delta("abc") lost(citations) close finish(stopped) end`},
		{"no chunks", []string{parts(`{"text":"abc"}`, `,"groundingMetadata":{"webSearchQueries":["q"]}`+stop)}, `start open(text) delta("abc") close finish(stopped) end`},
		{"a quotation", []string{parts(`{"text":"abc"}`, `,"citationMetadata":{"citationSources":[{"startIndex":1,"endIndex":3,"uri":"https://a","license":"x"},{"endIndex":1}]}`+stop)},
			`start open(text) delta("abc") cite(https://a   1-3) lost(citations) close finish(stopped) end`},
		{"a quotation on Vertex", []string{parts(`{"text":"abc"}`, `,"citationMetadata":{"citations":[{"endIndex":3,"uri":"https://a","title":"t"}]}`+stop)},
			`start open(text) delta("abc") cite(https://a t  0-3) close finish(stopped) end`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			events, _ := stream(t, tc.chunks...)
			if got := show(events); got != tc.want {
				t.Errorf("got  %s\nwant %s", got, tc.want)
			}
		})
	}
}

func TestLogprobs(t *testing.T) {
	const probable = `,"logprobsResult":{"chosenCandidates":[{"token":"a","logProbability":-0.5,"tokenId":1},{"token":"b","logProbability":0}],"topCandidates":[{"candidates":[{"token":"a","logProbability":-0.5},{"token":"c","logProbability":-2}]},{"candidates":[]}]}`
	for _, tc := range []struct{ name, chunk, want string }{
		{"with their text", parts(`{"text":"t","thought":true},{"text":"ab"}`, probable+stop),
			`start open(thought) delta("t") close open(text) delta("ab")[a -0.5 2][b 0 0] close finish(stopped) end`},
		{"without a text", parts(`{"text":"t","thought":true}`, probable+stop), `start open(thought) delta("t") lost(logprobs) close finish(stopped) end`},
		{"with an empty text", parts(`{"text":"t","thought":true},{"text":"","thoughtSignature":"cw=="}`, probable+stop), `start open(thought) delta("t") close open(text cw==) lost(logprobs) close finish(stopped) end`},
		{"none", parts(`{"text":"ab"}`, `,"logprobsResult":{"chosenCandidates":null}`+stop), `start open(text) delta("ab") close finish(stopped) end`},
	} {
		events, _ := stream(t, tc.chunk)
		if got := show(events); got != tc.want {
			t.Errorf("%s: got  %s\nwant %s", tc.name, got, tc.want)
		}
	}
}
