package integration

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/packages/param"
)

// The quick start of the README has no network: the SDK must be content with
// what the provider echo says.
func TestSDKWithEcho(t *testing.T) {
	g := run(t, setup{directive: "key client " + clientKey + "\nprovider echo"})
	client := g.sdk(t, clientKey)
	ask := func(text string) openai.ChatCompletionNewParams {
		params := say(text)
		params.Model = "echo"
		return params
	}
	const text = "Grüße an alle 👋🏽, \"quoted\" and \\ escaped"

	t.Run("whole", func(t *testing.T) {
		got := complete(t, client, ask(text))
		if got.Choices[0].Message.Content != text || got.Choices[0].FinishReason != "stop" {
			t.Errorf("answer is %+v, want %q", got.Choices[0], text)
		}
		if got.Usage.CompletionTokens != int64(len(strings.Fields(text))) {
			t.Errorf("usage is %+v, want one token a word", got.Usage)
		}
	})
	t.Run("stream", func(t *testing.T) {
		params := ask(text)
		params.StreamOptions = openai.ChatCompletionStreamOptionsParam{IncludeUsage: param.NewOpt(true)}
		got := accumulate(t, client, params)
		if got.Choices[0].Message.Content != text || got.Choices[0].FinishReason != "stop" {
			t.Errorf("answer is %+v, want %q", got.Choices[0], text)
		}
		if got.Usage.CompletionTokens != int64(len(strings.Fields(text))) {
			t.Errorf("usage is %+v, want one token a word", got.Usage)
		}
	})
	for _, way := range []struct {
		name string
		ask  func(*testing.T, openai.Client, openai.ChatCompletionNewParams) openai.ChatCompletion
	}{
		{name: "tool call", ask: complete},
		{name: "tool call in a stream", ask: accumulate},
	} {
		t.Run(way.name, func(t *testing.T) {
			params := ask("please call get_weather now")
			params.Tools = []openai.ChatCompletionToolUnionParam{weather}
			got := way.ask(t, client, params).Choices[0]
			if len(got.Message.ToolCalls) != 1 || got.FinishReason != "tool_calls" {
				t.Fatalf("answer is %+v, want one call", got)
			}
			call := got.Message.ToolCalls[0]
			var arguments struct{ Location *string }
			if err := json.Unmarshal([]byte(call.Function.Arguments), &arguments); err != nil || arguments.Location == nil {
				t.Errorf("arguments do not obey the schema: %q (%v)", call.Function.Arguments, err)
			}
			params.Messages = append(params.Messages, got.Message.ToParam(), openai.ToolMessage("sunny", call.ID))
			if second := way.ask(t, client, params).Choices[0]; len(second.Message.ToolCalls) > 0 || second.Message.Content == "" {
				t.Errorf("the turn after the tool's result is %+v, want words", second)
			}
		})
	}
	t.Run("models", func(t *testing.T) {
		page, err := client.Models.List(t.Context())
		if err != nil || len(page.Data) != 1 || page.Data[0].ID != "echo" {
			t.Errorf("models are %+v (%v), want echo", page, err)
		}
	})
}
