package integration

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"
	"github.com/openai/openai-go/v3/packages/param"
	"github.com/openai/openai-go/v3/packages/ssestream"
	"github.com/openai/openai-go/v3/responses"
	"github.com/openai/openai-go/v3/shared"
)

// openaiKinds are OpenAI's words for errors.
var openaiKinds = map[int]string{
	400: "invalid_request_error", 401: "invalid_request_error", 429: "rate_limit_error",
	500: "server_error", 502: "server_error", 503: "server_error", 529: "server_error",
}

// openaiSDK is OpenAI's client, whatever of its two protocols it is asked in.
type openaiSDK struct{ client openai.Client }

func openOpenAI(url, key string, c *http.Client) openaiSDK {
	return openaiSDK{openai.NewClient(option.WithBaseURL(url+"/v1"), option.WithAPIKey(key), option.WithHTTPClient(c), option.WithMaxRetries(0))}
}

func (o openaiSDK) list(ctx context.Context) (ids []string, err error) {
	pages := o.client.Models.ListAutoPaging(ctx)
	for pages.Next() {
		ids = append(ids, pages.Current().ID)
	}
	return ids, pages.Err()
}

func (o openaiSDK) get(ctx context.Context, model string) (string, error) {
	m, err := o.client.Models.Get(ctx, model)
	if err != nil {
		return "", err
	}
	return m.ID, nil
}

func (openaiSDK) fault(err error) *sdkError {
	var whole *openai.Error
	if errors.As(err, &whole) {
		return &sdkError{whole.StatusCode, whole.Type, whole.Message}
	}
	var event *responseError
	if errors.As(err, &event) {
		return &sdkError{0, event.code, event.message}
	}
	var stream *ssestream.StreamError
	if errors.As(err, &stream) {
		var body struct {
			Error struct{ Type, Message string }
		}
		if json.Unmarshal(stream.Event.Data, &body) == nil {
			return &sdkError{0, body.Error.Type, body.Error.Message}
		}
	}
	return nil
}

// chatClient is OpenAI's client of the chat completions protocol.
var chatClient = client{
	name: "chat",
	open: func(_ *testing.T, url, key string, c *http.Client) sdk { return chatSDK{openOpenAI(url, key, c)} },
	done: "stop", calling: "tool_calls", cut: "length", kinds: openaiKinds,
}

type chatSDK struct{ openaiSDK }

func (c chatSDK) begin(about topic) talk {
	params := sayTo(about.model, about.text)
	if about.tool {
		params.Tools = []openai.ChatCompletionToolUnionParam{openai.ChatCompletionFunctionTool(shared.FunctionDefinitionParam{
			Name: "get_weather", Description: openai.String("Get the weather of a place"), Parameters: placeSchema, Strict: openai.Bool(true),
		})}
	}
	if about.think {
		params.ReasoningEffort = shared.ReasoningEffortMedium
	}
	return &chatTalk{client: c.client, params: params}
}

// chatTalk keeps messages as they came, with what the SDK has no names for.
type chatTalk struct {
	client openai.Client
	params openai.ChatCompletionNewParams
	calls  []called
}

func (c *chatTalk) ask(ctx context.Context, stream bool) (said, error) {
	answer := c.whole
	if stream {
		answer = c.stream
	}
	got, message, err := answer(ctx)
	if err != nil {
		return said{}, err
	}
	if len(got.Choices) != 1 {
		return said{}, fmt.Errorf("the answer has %d choices", len(got.Choices))
	}
	c.params.Messages = append(c.params.Messages, param.Override[openai.ChatCompletionMessageParamUnion](json.RawMessage(message.String())))
	choice := got.Choices[0]
	c.calls = nil
	for _, call := range choice.Message.ToolCalls {
		c.calls = append(c.calls, called{call.ID, call.Function.Name, call.Function.Arguments})
	}
	thought, _ := message.at("reasoning_content").v.(string)
	return said{
		text: choice.Message.Content, thought: thought, calls: c.calls, stop: choice.FinishReason, model: got.Model,
		input: got.Usage.PromptTokens, output: got.Usage.CompletionTokens, reasoning: got.Usage.CompletionTokensDetails.ReasoningTokens,
	}, nil
}

// whole asks for an answer in one piece.
func (c *chatTalk) whole(ctx context.Context) (openai.ChatCompletion, node, error) {
	got, err := c.client.Chat.Completions.New(ctx, c.params)
	if err != nil {
		return openai.ChatCompletion{}, node{}, err
	}
	var message any
	if len(got.Choices) > 0 {
		err = json.Unmarshal([]byte(got.Choices[0].Message.RawJSON()), &message)
	}
	return *got, node{message}, err
}

// stream asks for a stream.
func (c *chatTalk) stream(ctx context.Context) (openai.ChatCompletion, node, error) {
	params := c.params
	params.StreamOptions = openai.ChatCompletionStreamOptionsParam{IncludeUsage: openai.Bool(true)}
	stream := c.client.Chat.Completions.NewStreaming(ctx, params)
	defer stream.Close()
	var all openai.ChatCompletionAccumulator
	pieces := newPieces(true)
	for stream.Next() {
		if !all.AddChunk(stream.Current()) {
			return openai.ChatCompletion{}, node{}, errors.New("a chunk does not fit to those before it")
		}
		for _, choice := range stream.Current().Choices {
			var delta any
			if err := json.Unmarshal([]byte(choice.Delta.RawJSON()), &delta); err != nil {
				return openai.ChatCompletion{}, node{}, err
			}
			pieces.add(node{delta})
		}
	}
	err := stream.Err()
	if err == nil && (len(all.Choices) == 0 || all.Choices[0].FinishReason == "") {
		err = errUnfinished
	}
	return all.ChatCompletion, pieces.message(), err
}

func (c *chatTalk) tell(results []string) {
	for i, result := range results {
		c.params.Messages = append(c.params.Messages, openai.ToolMessage(result, c.calls[i].id))
	}
}

// responsesClient is OpenAI's client of the Responses protocol.
var responsesClient = client{
	name: "responses",
	open: func(_ *testing.T, url, key string, c *http.Client) sdk { return responsesSDK{openOpenAI(url, key, c)} },
	done: "completed", calling: "completed", cut: "incomplete", kinds: openaiKinds,
}

type responsesSDK struct{ openaiSDK }

func (r responsesSDK) begin(about topic) talk {
	params := responses.ResponseNewParams{
		Model: about.model,
		Store: openai.Bool(false),
		Input: responses.ResponseNewParamsInputUnion{OfInputItemList: responses.ResponseInputParam{
			responses.ResponseInputItemParamOfMessage(about.text, responses.EasyInputMessageRoleUser),
		}},
	}
	if about.tool {
		params.Tools = []responses.ToolUnionParam{responses.ToolParamOfFunction("get_weather", placeSchema, true)}
	}
	if about.think {
		params.Reasoning = shared.ReasoningParam{Effort: shared.ReasoningEffortMedium, Summary: shared.ReasoningSummaryAuto}
		params.Include = []responses.ResponseIncludable{responses.ResponseIncludableReasoningEncryptedContent}
	}
	return &responsesTalk{client: r.client, params: params}
}

func (r responsesSDK) count(ctx context.Context, model, text string) (int64, error) {
	got, err := r.client.Responses.InputTokens.Count(ctx, responses.InputTokenCountParams{
		Model: openai.String(model), Input: responses.InputTokenCountParamsInputUnion{OfString: openai.String(text)},
	})
	if err != nil {
		return 0, err
	}
	return got.InputTokens, nil
}

type responsesTalk struct {
	client openai.Client
	params responses.ResponseNewParams
	calls  []called
}

func (r *responsesTalk) ask(ctx context.Context, stream bool) (said, error) {
	answer := r.stream
	if !stream {
		answer = func(ctx context.Context) (*responses.Response, error) { return r.client.Responses.New(ctx, r.params) }
	}
	got, err := answer(ctx)
	if err != nil {
		return said{}, err
	}
	out := said{
		text: got.OutputText(), stop: string(got.Status), model: got.Model,
		input: got.Usage.InputTokens, output: got.Usage.OutputTokens, reasoning: got.Usage.OutputTokensDetails.ReasoningTokens,
	}
	r.calls = nil
	for _, item := range got.Output {
		switch item.Type {
		case "function_call":
			r.calls = append(r.calls, called{item.CallID, item.Name, item.Arguments.OfString})
		case "reasoning":
			for _, summary := range item.Summary {
				out.thought += summary.Text
			}
		}
		r.params.Input.OfInputItemList = append(r.params.Input.OfInputItemList,
			param.Override[responses.ResponseInputItemUnionParam](json.RawMessage(item.RawJSON())))
	}
	out.calls = r.calls
	return out, nil
}

// stream asks for a stream, whose events must tell the same as the answer at
// its end.
func (r *responsesTalk) stream(ctx context.Context) (*responses.Response, error) {
	stream := r.client.Responses.NewStreaming(ctx, r.params)
	defer stream.Close()
	var end *responses.Response
	var text strings.Builder
	var items []string
	for n := int64(0); stream.Next(); n++ {
		ev := stream.Current()
		if ev.SequenceNumber != n {
			return nil, fmt.Errorf("event %d has the number %d", n, ev.SequenceNumber)
		}
		if end != nil {
			return nil, fmt.Errorf("%s came behind the end", ev.Type)
		}
		switch ev.Type {
		case "response.output_text.delta":
			text.WriteString(ev.Delta)
		case "response.output_item.done":
			items = append(items, ev.Item.RawJSON())
		case "response.completed", "response.incomplete":
			end = &ev.Response
		case "response.failed":
			return nil, &responseError{string(ev.Response.Error.Code), ev.Response.Error.Message}
		case "error":
			return nil, &responseError{ev.Code, ev.Message}
		}
	}
	switch err := stream.Err(); {
	case err != nil:
		return nil, err
	case end == nil:
		return nil, errUnfinished
	case text.String() != end.OutputText():
		return nil, fmt.Errorf("the events say %q, the answer %q", text.String(), end.OutputText())
	case len(items) != len(end.Output):
		return nil, fmt.Errorf("the events have %d items, the answer %d", len(items), len(end.Output))
	}
	for i, item := range end.Output {
		if item.RawJSON() != items[i] {
			return nil, fmt.Errorf("item %d was done as %s, and is %s in the answer", i, items[i], item.RawJSON())
		}
	}
	return end, nil
}

// responseError is the event of a response that failed.
type responseError struct{ code, message string }

func (e *responseError) Error() string { return e.code + ": " + e.message }

func (r *responsesTalk) tell(results []string) {
	for i, result := range results {
		item := responses.ResponseInputItemParamOfFunctionCallOutput(result)
		item.OfFunctionCallOutput.CallID = openai.String(r.calls[i].id)
		r.params.Input.OfInputItemList = append(r.params.Input.OfInputItemList, item)
	}
}

// Interface guards
var (
	_ sdk     = chatSDK{}
	_ sdk     = responsesSDK{}
	_ counter = responsesSDK{}
)
