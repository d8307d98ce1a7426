package integration

import (
	"fmt"
	"slices"
	"testing"

	"google.golang.org/genai"
)

// Every vendor's own client gets the same of every provider: the text, where
// it ended, and how many tokens it took.
func TestClientsGetTheirAnswers(t *testing.T) {
	onPairs(t, func(t *testing.T, p pair) {
		for _, tt := range []struct {
			name, text string
			config     map[string]any
			want, stop string
		}{
			{name: "text", text: "Hello!", want: strictText, stop: p.done},
			{name: "unusual framing", text: "strictmock:noise", want: strictText, stop: p.done},
			{name: "byte by byte", text: "Hello!", config: map[string]any{"chunk_bytes": 1}, want: strictText, stop: p.done},
			{name: "nothing", text: "strictmock:empty", stop: p.done},
			{name: "a limit", text: "strictmock:length", want: "This answer is cut", stop: p.cut},
		} {
			t.Run(tt.name, func(t *testing.T) {
				if p.native() && p.client.name == "gemini" && tt.text == "strictmock:noise" {
					t.Skip("Google's client cannot read it, and gets its provider's own bytes")
				}
				onStreams(t, p, func(t *testing.T, stream bool) {
					if tt.config != nil {
						p.s.tell(t, "_config", tt.config)
					}
					got := ask(t, p.sdk.begin(topic{model: p.provider.model, text: tt.text}), stream)
					if got.text != tt.want || got.stop != tt.stop {
						t.Errorf("it said %q and ended with %q, want %q and %q", got.text, got.stop, tt.want, tt.stop)
					}
					if got.thought != "" || len(got.calls) > 0 {
						t.Errorf("nobody asked for thoughts or calls: %+v", got)
					}
					if got.model != p.provider.model {
						t.Errorf("the model is %q, want %q", got.model, p.provider.model)
					}
					if got.input != 11 || got.output != 7 || got.reasoning != 0 {
						t.Errorf("the usage is %d, %d and %d, want what the provider said", got.input, got.output, got.reasoning)
					}
					checkWentUp(t, p, 1)
				})
			})
		}
	})
}

// Calls and their results go round in two requests through every client, with
// and without thoughts, and stand together at the provider.
func TestClientsToolsAndThoughtsGoRound(t *testing.T) {
	onPairs(t, func(t *testing.T, p pair) {
		for _, tt := range []struct {
			name, scenario string
			calls          int
			think          bool
		}{
			{name: "one call", scenario: "tool", calls: 1},
			{name: "parallel calls of one tool", scenario: "parallel", calls: 2},
			{name: "thoughts before a call", scenario: "tool", calls: 1, think: true},
			{name: "thoughts before parallel calls", scenario: "parallel", calls: 2, think: true},
		} {
			t.Run(tt.name, func(t *testing.T) {
				onStreams(t, p, func(t *testing.T, stream bool) {
					p.s.tell(t, "_next", map[string]any{"scenario": tt.scenario})
					talk := p.sdk.begin(topic{model: p.provider.model, text: "What is the weather?", tool: true, think: tt.think})
					first := ask(t, talk, stream)
					checkFirstTurn(t, p, first, tt.calls, tt.think)

					var results []string
					for i := range first.calls {
						results = append(results, fmt.Sprintf("result %d", i))
					}
					talk.tell(results)
					second := ask(t, talk, stream)
					if second.text != strictText || second.stop != p.done || len(second.calls) > 0 {
						t.Errorf("the second turn is %+v", second)
					}

					log := checkWentUp(t, p, 2)
					checkHeard(t, p, read(t, log[1].Body), first, results, tt.think)
				})
			})
		}
	})
}

// checkFirstTurn checks an answer that calls.
func checkFirstTurn(t *testing.T, p pair, got said, calls int, think bool) {
	t.Helper()
	if len(got.calls) != calls || got.stop != p.calling {
		t.Fatalf("%d calls and the end %q, want %d and %q", len(got.calls), got.stop, calls, p.calling)
	}
	ids := make(map[string]bool)
	for _, call := range got.calls {
		if call.name != "get_weather" || call.id == "" || ids[call.id] {
			t.Errorf("call %q is of %s", call.id, call.name)
		}
		ids[call.id] = true
		read(t, []byte(call.arguments)).is(t, "the arguments", `{"location":"Paris"}`)
	}
	if wordy := calls > 1; wordy != (got.text != "") {
		t.Errorf("the text beside the calls is %q", got.text)
	}
	thought, output, reasoning := "", int64(7), int64(0)
	if think {
		if p.provider.name != "chat" { // which tells how much it thought, not what
			thought = strictThought
		}
		if p.provider.name != "anthropic" {
			reasoning = 3
		}
		if p.provider.name == "gemini" {
			output = 10
		}
	}
	if got.thought != thought {
		t.Errorf("the thought is %q, want %q", got.thought, thought)
	}
	if got.input != 11 || got.output != output || got.reasoning != reasoning {
		t.Errorf("the usage is %d, %d and %d, want 11, %d and %d", got.input, got.output, got.reasoning, output, reasoning)
	}
}

// checkHeard checks the conversation that arrived for the second turn: the
// results stand behind their calls, in the order of the calls, and what the
// provider has signed came back as it was.
func checkHeard(t *testing.T, p pair, body node, first said, results []string, think bool) {
	t.Helper()
	var kinds, want []string
	var calls, answered []node
	for _, part := range heard(p.provider.name, body) {
		switch part.kind {
		case "thought":
			if part.text.v != strictThought || p.provider.name == "chat" {
				t.Errorf("the thought %s went back", part.text)
			}
			if p.provider.name == "gemini" && p.native() {
				continue // which Google takes, and others need not send
			}
		case "call":
			calls = append(calls, part.id)
		case "result":
			if n := len(answered); n < len(results) {
				part.text.is(t, "a result", marshal(results[n]))
			}
			answered = append(answered, part.id)
		}
		if part.signed.v != nil {
			kinds = append(kinds, part.kind+" signed "+part.signed.String())
		} else {
			kinds = append(kinds, part.kind)
		}
	}
	want = append(want, "text")
	signature := map[string]string{"anthropic": anthropicSignature, "responses": sealed}[p.provider.name]
	if think && signature != "" {
		want = append(want, "thought signed "+marshal(signature))
	}
	if first.text != "" {
		want = append(want, "text")
	}
	for i := range results {
		if p.provider.name == "gemini" && i == 0 { // parallel calls have one, on the first
			want = append(want, "call signed "+marshal(googleSignature))
		} else {
			want = append(want, "call")
		}
	}
	for range results {
		want = append(want, "result")
	}
	if !slices.Equal(kinds, want) {
		t.Errorf("the provider heard %q, want %q: %s", kinds, want, body)
	}
	for i, id := range calls {
		if id.v == nil || i >= len(answered) || answered[i].v != id.v {
			t.Errorf("the calls are %v, their results of %v", calls, answered)
		}
	}
}

// sealed is the reasoning of the strict double as OpenAI seals it.
const sealed = "c3RyaWN0bW9jaw=="

// part is a part of a conversation as a provider gets it.
type part struct {
	turn             int
	kind             string // text, thought, call, result
	id, text, signed node
}

// heard returns the parts of a conversation in the order in which they are in
// a provider's request. The pieces of a text are one: a client may keep them as
// they were streamed.
func heard(provider string, body node) (parts []part) {
	list := map[string]string{"responses": "input", "gemini": "contents"}[provider]
	if list == "" {
		list = "messages"
	}
	for i := range body.at(list).len() {
		for _, p := range partsOf(provider, body.at(list, i)) {
			p.turn = i
			if last := len(parts) - 1; last >= 0 && parts[last].goesOn(p) {
				parts[last].text = node{parts[last].text.v.(string) + p.text.v.(string)}
				parts[last].signed = p.signed
			} else {
				parts = append(parts, p)
			}
		}
	}
	return parts
}

// goesOn reports whether the next part is one more piece of the same text.
func (p part) goesOn(next part) bool {
	return p.turn == next.turn && p.kind == next.kind && (p.kind == "text" || p.kind == "thought") && p.signed.v == nil
}

// partsOf returns the parts of a turn.
func partsOf(provider string, turn node) (parts []part) {
	list, read := turn.at("content"), anthropicPart
	switch provider {
	case "chat":
		return chatParts(turn)
	case "responses":
		return []part{responsesPart(turn)}
	case "gemini":
		list, read = turn.at("parts"), googlePart
	}
	if list.len() == 0 {
		return []part{{kind: "text", text: list}}
	}
	for i := range list.len() {
		parts = append(parts, read(list.at(i)))
	}
	return parts
}

func chatParts(message node) (parts []part) {
	text := wording(message.at("content"))
	if message.at("role").v == "tool" {
		return []part{{kind: "result", id: message.at("tool_call_id"), text: text}}
	}
	for _, name := range []string{"reasoning_content", "reasoning_details"} {
		if thought := message.at(name); thought.v != nil {
			parts = append(parts, part{kind: "thought", text: thought})
		}
	}
	if text.v != nil {
		parts = append(parts, part{kind: "text", text: text})
	}
	for i := range message.at("tool_calls").len() {
		parts = append(parts, part{kind: "call", id: message.at("tool_calls", i, "id")})
	}
	return parts
}

func responsesPart(item node) part {
	switch item.at("type").v {
	case "reasoning":
		return part{kind: "thought", text: item.at("summary", 0, "text"), signed: item.at("encrypted_content")}
	case "function_call":
		return part{kind: "call", id: item.at("call_id")}
	case "function_call_output":
		return part{kind: "result", id: item.at("call_id"), text: wording(item.at("output"))}
	default:
		return part{kind: "text", text: wording(item.at("content"))}
	}
}

func anthropicPart(block node) part {
	switch block.at("type").v {
	case "thinking":
		return part{kind: "thought", text: block.at("thinking"), signed: block.at("signature")}
	case "tool_use":
		return part{kind: "call", id: block.at("id")}
	case "tool_result":
		return part{kind: "result", id: block.at("tool_use_id"), text: wording(block.at("content"))}
	default:
		return part{kind: "text", text: block.at("text")}
	}
}

func googlePart(p node) part {
	out := part{kind: "text", text: p.at("text"), signed: p.at("thoughtSignature")}
	switch {
	case p.at("thought").v == true:
		out.kind = "thought"
	case p.at("functionCall").v != nil:
		out.kind, out.id = "call", p.at("functionCall", "id")
	case p.at("functionResponse").v != nil:
		out.kind, out.id, out.text = "result", p.at("functionResponse", "id"), p.at("functionResponse", "response", "output")
	}
	return out
}

// wording is a text, or the one in a list of parts.
func wording(content node) node {
	if content.len() == 1 {
		return content.at(0, "text")
	}
	return content
}

// A session of Google's client keeps a streamed turn only if it likes every
// piece of it.
func TestClientsSessionsOfGoogleKeepStreams(t *testing.T) {
	s := newStrict(t)
	g := run(t, setup{directive: providing(s, "")})
	client := googleClient.open(t, g.url, clientKey, g.client(t)).(googleSDK).client
	for _, v := range providers {
		if v.name == "gemini" {
			continue // the pieces are its own
		}
		t.Run(v.name, func(t *testing.T) {
			s.reset(t)
			chat, err := client.Chats.Create(t.Context(), v.model, googleConfig(topic{tool: true, think: true}), nil)
			if err != nil {
				t.Fatal(err)
			}
			s.tell(t, "_next", map[string]any{"scenario": "parallel"})
			var results []genai.Part
			for chunk, err := range chat.SendMessageStream(t.Context(), genai.Part{Text: "What is the weather?"}) {
				if err != nil {
					t.Fatal(err)
				}
				for _, call := range chunk.FunctionCalls() {
					results = append(results, genai.Part{FunctionResponse: &genai.FunctionResponse{
						ID: call.ID, Name: call.Name, Response: map[string]any{"output": fmt.Sprintf("result %d", len(results))},
					}})
				}
			}
			got, err := chat.SendMessage(t.Context(), results...)
			if err != nil {
				t.Fatal(err)
			}
			if got.Text() != strictText {
				t.Errorf("the second turn is %q", got.Text())
			}
			p := pair{client: googleClient, provider: v, s: s}
			log := checkWentUp(t, p, 2)
			checkHeard(t, p, read(t, log[1].Body), said{text: "Let me look that up."}, []string{"result 0", "result 1"}, true)
		})
	}
}
