package integration

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/shared"
)

// traffic is a second tool, with a name that no provider but OpenAI may take.
var traffic = openai.ChatCompletionFunctionTool(shared.FunctionDefinitionParam{
	Name: "0-traffic",
	Parameters: shared.FunctionParameters{
		"type":       "object",
		"properties": map[string]any{"road": map[string]string{"type": "string"}},
		"required":   []string{"road"},
	},
})

// A call, its result and the answer to it go round in two requests, and each
// result stands where its call was.
func TestTranslatedToolsGoRoundInTwoTurns(t *testing.T) {
	onVendors(t, func(t *testing.T, v vendor, s strict, client openai.Client) {
		for _, tt := range []struct {
			name, text string
			tools      []openai.ChatCompletionToolUnionParam
			want       []string // the names of the calls
			config     map[string]any
			reversed   bool // the results come in another order than the calls
		}{
			{name: "one call", text: "What is the weather?", tools: []openai.ChatCompletionToolUnionParam{weather}, want: []string{"get_weather"}},
			{name: "a name that must be changed", text: "How is the traffic?", tools: []openai.ChatCompletionToolUnionParam{traffic}, want: []string{"0-traffic"}},
			{
				name: "parallel calls", text: "strictmock:parallel",
				tools: []openai.ChatCompletionToolUnionParam{weather, traffic}, want: []string{"get_weather", "0-traffic"},
			},
			{
				name: "parallel calls of one tool, results in another order", text: "strictmock:parallel",
				tools: []openai.ChatCompletionToolUnionParam{weather}, want: []string{"get_weather", "get_weather"}, reversed: true,
			},
			{
				name: "parallel calls byte by byte", text: "strictmock:parallel", config: map[string]any{"chunk_bytes": 1},
				tools: []openai.ChatCompletionToolUnionParam{weather, traffic}, want: []string{"get_weather", "0-traffic"},
			},
		} {
			for _, way := range ways {
				t.Run(tt.name+"/"+way.name, func(t *testing.T) {
					s.reset(t)
					if tt.config != nil {
						s.tell(t, "_config", tt.config)
					}
					params := sayTo(v.model, tt.text)
					params.Tools = tt.tools
					first := way.ask(t, client, params).Choices[0]
					checkCalls(t, first, tt.want)
					if wordy := len(tt.want) > 1; wordy != (first.Message.Content != "") {
						t.Errorf("the text beside the calls is %q", first.Message.Content)
					}

					calls := first.Message.ToolCalls
					params.Messages = append(params.Messages, first.Message.ToParam())
					for i := range calls {
						at := i
						if tt.reversed {
							at = len(calls) - 1 - i
						}
						params.Messages = append(params.Messages, openai.ToolMessage(fmt.Sprintf("result %d", at), calls[at].ID))
					}
					params.Messages[0] = openai.UserMessage("What is the weather?")
					second := way.ask(t, client, params).Choices[0]
					if second.Message.Content != strictText || second.FinishReason != "stop" {
						t.Errorf("the second turn is %q with the finish reason %q", second.Message.Content, second.FinishReason)
					}
					log := checkSent(t, s, v, 2)
					checkResults(t, v, read(t, log[1].Body), len(calls))
				})
			}
		}
	})
}

// checkCalls checks the calls of an answer.
func checkCalls(t *testing.T, choice openai.ChatCompletionChoice, want []string) {
	t.Helper()
	calls := choice.Message.ToolCalls
	if len(calls) != len(want) || choice.FinishReason != "tool_calls" {
		t.Fatalf("%d calls with the finish reason %q, want %d", len(calls), choice.FinishReason, len(want))
	}
	ids := make(map[string]bool)
	for i, call := range calls {
		var arguments map[string]string
		if err := json.Unmarshal([]byte(call.Function.Arguments), &arguments); err != nil || len(arguments) != 1 {
			t.Errorf("arguments of %s do not obey its schema: %q (%v)", call.Function.Name, call.Function.Arguments, err)
		}
		if call.Function.Name != want[i] || call.Type != "function" || call.ID == "" || ids[call.ID] {
			t.Errorf("call %d is of %s, type %q, id %q, want %s", i, call.Function.Name, call.Type, call.ID, want[i])
		}
		ids[call.ID] = true
	}
}

// checkResults checks that the last turn of a request holds the results of the
// calls before it, in the order of the calls.
func checkResults(t *testing.T, v vendor, body node, n int) {
	t.Helper()
	list, parts, call, result := "messages", "content", []any{"id"}, []any{"tool_use_id"}
	said := []any{"content"}
	if v.name == "gemini" {
		list, parts = "contents", "parts"
		call, result = []any{"functionCall", "id"}, []any{"functionResponse", "id"}
		said = []any{"functionResponse", "response", "output"}
	}
	turns := body.at(list)
	results := turns.at(-1, parts)
	if turns.len() != 3 || results.len() != n {
		t.Fatalf("%d turns with %d results in the last, want 3 with %d: %s", turns.len(), results.len(), n, body)
	}
	calls := turns.at(-2, parts)
	before := calls.len() - n // text
	for i := range n {
		id := calls.at(before + i).at(call...)
		if id.v == nil || results.at(i).at(result...).v != id.v {
			t.Errorf("result %d is of call %s, want %s: %s", i, results.at(i).at(result...), id, body)
		}
		results.at(i).at(said...).is(t, fmt.Sprintf("result %d", i), fmt.Sprintf("%q", fmt.Sprintf("result %d", i)))
	}
}

// Clients tell calls apart by their indexes: they count from 0 over the whole
// stream, the id and the name come once, in the first delta.
func TestTranslatedCallsInStreamsAreCounted(t *testing.T) {
	s := newStrict(t)
	g := translating(t, s, "")
	client := g.client(t)
	for _, v := range vendors {
		t.Run(v.name, func(t *testing.T) {
			s.reset(t)
			got := do(t, client, g.chat(t, `{"model":"`+v.model+`","stream":true,"messages":[{"role":"user","content":"strictmock:parallel"}],`+
				`"tools":[{"type":"function","function":{"name":"get_weather","parameters":{"type":"object","properties":{"location":{"type":"string"}},"required":["location"]}}}]}`))
			if got.status != http.StatusOK {
				t.Fatalf("status is %d: %s", got.status, got.body)
			}
			var arguments [2]string
			next := 0
			for event := range strings.SplitSeq(got.body, "\n\n") {
				data := strings.TrimPrefix(event, "data: ")
				if !strings.HasPrefix(data, "{") {
					continue
				}
				calls := read(t, []byte(data)).at("choices", 0, "delta", "tool_calls")
				for i := range calls.len() {
					call := calls.at(i)
					index, known := call.at("index").v.(float64)
					at := int(index)
					opens := call.at("id").v != nil
					if !known || at > next || opens != (at == next) {
						t.Fatalf("this does not fit behind %d calls: %s", next, call)
					}
					if opens {
						if next++; next > 2 || call.at("function", "name").v != "get_weather" || call.at("type").v != "function" {
							t.Fatalf("call %d opens so: %s", at, call)
						}
					} else if call.at("function", "name").v != nil || at != next-1 {
						t.Errorf("call %d goes on so: %s", at, call)
					}
					piece, _ := call.at("function", "arguments").v.(string)
					arguments[at] += piece
				}
			}
			for i, text := range arguments {
				read(t, []byte(text)).is(t, fmt.Sprintf("the arguments of call %d", i), `{"location":"Paris"}`)
			}
			checkSent(t, s, v, 1)
		})
	}
}

// What a client says of the choice of tools holds at the provider.
func TestTranslatedToolChoice(t *testing.T) {
	named := openai.ToolChoiceOptionFunctionToolChoice(openai.ChatCompletionNamedToolChoiceFunctionParam{Name: "0-traffic"})
	word := func(word string) openai.ChatCompletionToolChoiceOptionUnionParam {
		return openai.ChatCompletionToolChoiceOptionUnionParam{OfAuto: openai.String(word)}
	}
	onVendors(t, func(t *testing.T, v vendor, s strict, client openai.Client) {
		for _, tt := range []struct {
			name   string
			choice openai.ChatCompletionToolChoiceOptionUnionParam
			want   []string
		}{
			{name: "auto", choice: word("auto"), want: []string{"get_weather"}},
			{name: "required", choice: word("required"), want: []string{"get_weather"}},
			{name: "none", choice: word("none")},
			{name: "named", choice: named, want: []string{"0-traffic"}},
		} {
			for _, way := range ways {
				t.Run(tt.name+"/"+way.name, func(t *testing.T) {
					s.reset(t)
					params := sayTo(v.model, "What is the weather?")
					params.Tools = []openai.ChatCompletionToolUnionParam{weather, traffic}
					params.ToolChoice = tt.choice
					choice := way.ask(t, client, params).Choices[0]
					if tt.want != nil {
						checkCalls(t, choice, tt.want)
					} else if len(choice.Message.ToolCalls) > 0 || choice.Message.Content != strictText {
						t.Errorf("the answer is %+v, want no call", choice.Message)
					}
					checkSent(t, s, v, 1)
				})
			}
		}
	})
}
