package integration

import (
	"testing"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/shared"
)

// A tool that takes a plain text is a function elsewhere: the client gets the
// text, and sends it back so.
func TestTranslatedCustomToolsGoRound(t *testing.T) {
	onVendors(t, func(t *testing.T, v vendor, s strict, client openai.Client) {
		for _, way := range ways {
			t.Run(way.name, func(t *testing.T) {
				s.reset(t)
				params := sayTo(v.model, "Run something.")
				params.Tools = []openai.ChatCompletionToolUnionParam{
					openai.ChatCompletionCustomTool(openai.ChatCompletionCustomToolCustomParam{
						Name: "run", Description: openai.String("Runs a command"),
					}),
				}
				var message openai.ChatCompletionMessageParamUnion
				var id string
				if way.stream {
					// the SDK does not put together such calls of a stream
					got := collect(t, client, params, true)
					got.at("tool_calls", 0, "type").is(t, "the type of the call", `"custom"`)
					got.at("tool_calls", 0, "custom").is(t, "the call", `{"name":"run","input":"Paris"}`)
					id, _ = got.at("tool_calls", 0, "id").v.(string)
					message = openai.ChatCompletionMessageParamUnion{OfAssistant: &openai.ChatCompletionAssistantMessageParam{
						ToolCalls: []openai.ChatCompletionMessageToolCallUnionParam{{OfCustom: &openai.ChatCompletionMessageCustomToolCallParam{
							ID: id, Custom: openai.ChatCompletionMessageCustomToolCallCustomParam{Name: "run", Input: "Paris"},
						}}},
					}}
				} else {
					choice := complete(t, client, params).Choices[0]
					if calls := choice.Message.ToolCalls; len(calls) != 1 || calls[0].Type != "custom" || calls[0].Custom.Name != "run" ||
						calls[0].Custom.Input != "Paris" || choice.FinishReason != "tool_calls" {
						t.Fatalf("the answer is %s", choice.RawJSON())
					}
					message, id = choice.Message.ToParam(), choice.Message.ToolCalls[0].ID
				}
				params.Messages = append(params.Messages, message, openai.ToolMessage("done", id))
				if text := way.ask(t, client, params).Choices[0].Message.Content; text != strictText {
					t.Errorf("text of the second turn is %q", text)
				}
				log := checkSent(t, s, v, 2)
				body := read(t, log[1].Body)
				args := body.at("messages", 1, "content", 0, "input")
				if v.name == "gemini" {
					args = body.at("contents", 1, "parts", 0, "functionCall", "args")
				}
				args.is(t, "the arguments that went back", `{"input":"Paris"}`)
			})
		}
	})
}

// Clients from before there were tools get answers of their time.
func TestTranslatedFunctionsGoRound(t *testing.T) {
	onVendors(t, func(t *testing.T, v vendor, s strict, client openai.Client) {
		for _, way := range ways {
			t.Run(way.name, func(t *testing.T) {
				s.reset(t)
				params := sayTo(v.model, "What is the weather?")
				params.Functions = []openai.ChatCompletionNewParamsFunction{{
					Name: "get_weather",
					Parameters: shared.FunctionParameters{
						"type": "object", "properties": map[string]any{"location": map[string]string{"type": "string"}},
						"required": []string{"location"},
					},
				}}
				call := openai.ChatCompletionAssistantMessageParamFunctionCall{Name: "get_weather"}
				if way.stream {
					stream := client.Chat.Completions.NewStreaming(t.Context(), params)
					name, finish := "", ""
					for stream.Next() {
						for _, choice := range stream.Current().Choices {
							name += choice.Delta.FunctionCall.Name
							call.Arguments += choice.Delta.FunctionCall.Arguments
							finish += choice.FinishReason
						}
					}
					if err := stream.Err(); err != nil || name != "get_weather" || finish != "function_call" {
						t.Fatalf("the stream calls %q and finishes with %q (%v)", name, finish, err)
					}
				} else {
					choice := complete(t, client, params).Choices[0]
					if choice.Message.FunctionCall.Name != "get_weather" || len(choice.Message.ToolCalls) > 0 || choice.FinishReason != "function_call" {
						t.Fatalf("the answer is %s", choice.RawJSON())
					}
					call.Arguments = choice.Message.FunctionCall.Arguments
				}
				read(t, []byte(call.Arguments)).is(t, "the arguments", `{"location":"Paris"}`)
				params.Messages = append(params.Messages,
					openai.ChatCompletionMessageParamUnion{OfAssistant: &openai.ChatCompletionAssistantMessageParam{FunctionCall: call}},
					openai.ChatCompletionMessageParamUnion{OfFunction: &openai.ChatCompletionFunctionMessageParam{
						Name: "get_weather", Content: openai.String("sunny"),
					}})
				if text := way.ask(t, client, params).Choices[0].Message.Content; text != strictText {
					t.Errorf("text of the second turn is %q", text)
				}
				checkSent(t, s, v, 2)
			})
		}
	})
}
