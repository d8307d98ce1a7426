package integration

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"testing"

	"github.com/anthropics/anthropic-sdk-go"
	"github.com/anthropics/anthropic-sdk-go/option"
)

// anthropicClient is Anthropic's client of its Messages protocol.
var anthropicClient = client{
	name: "anthropic",
	open: func(_ *testing.T, url, key string, c *http.Client) sdk {
		return anthropicSDK{anthropic.NewClient(option.WithoutEnvironmentDefaults(), option.WithBaseURL(url),
			option.WithAPIKey(key), option.WithHTTPClient(c), option.WithMaxRetries(0))}
	},
	done: "end_turn", calling: "tool_use", cut: "max_tokens",
	kinds: map[int]string{
		400: "invalid_request_error", 401: "authentication_error", 429: "rate_limit_error",
		500: "api_error", 502: "api_error", 503: "overloaded_error", 529: "overloaded_error",
	},
}

type anthropicSDK struct{ client anthropic.Client }

func (a anthropicSDK) begin(about topic) talk {
	params := anthropic.MessageNewParams{
		Model: anthropic.Model(about.model), MaxTokens: 4096,
		Messages: []anthropic.MessageParam{anthropic.NewUserMessage(anthropic.NewTextBlock(about.text))},
	}
	if about.tool {
		params.Tools = []anthropic.ToolUnionParam{{OfTool: &anthropic.ToolParam{
			Name: "get_weather", Description: anthropic.String("Get the weather of a place"),
			InputSchema: anthropic.ToolInputSchemaParam{Properties: placeSchema["properties"], Required: []string{"location"}},
		}}}
	}
	if about.think {
		params.Thinking = anthropic.ThinkingConfigParamOfEnabled(2048)
	}
	return &anthropicTalk{client: a.client, params: params}
}

func (a anthropicSDK) list(ctx context.Context) (ids []string, err error) {
	pages := a.client.Models.ListAutoPaging(ctx, anthropic.ModelListParams{})
	for pages.Next() {
		ids = append(ids, pages.Current().ID)
	}
	return ids, pages.Err()
}

func (a anthropicSDK) get(ctx context.Context, model string) (string, error) {
	m, err := a.client.Models.Get(ctx, model, anthropic.ModelGetParams{})
	if err != nil {
		return "", err
	}
	return m.ID, nil
}

func (a anthropicSDK) count(ctx context.Context, model, text string) (int64, error) {
	got, err := a.client.Messages.CountTokens(ctx, anthropic.MessageCountTokensParams{
		Model: anthropic.Model(model), Messages: []anthropic.MessageParam{anthropic.NewUserMessage(anthropic.NewTextBlock(text))},
	})
	if err != nil {
		return 0, err
	}
	return got.InputTokens, nil
}

func (anthropicSDK) fault(err error) *sdkError {
	var e *anthropic.Error
	if !errors.As(err, &e) {
		return nil
	}
	var body struct{ Error struct{ Message string } }
	if json.Unmarshal([]byte(e.RawJSON()), &body) != nil {
		return nil
	}
	out := &sdkError{e.StatusCode, string(e.Type()), body.Error.Message}
	if out.status == http.StatusOK { // an event of a stream
		out.status = 0
	}
	return out
}

type anthropicTalk struct {
	client anthropic.Client
	params anthropic.MessageNewParams
	calls  []called
}

func (a *anthropicTalk) ask(ctx context.Context, stream bool) (said, error) {
	answer := a.stream
	if !stream {
		answer = func(ctx context.Context) (*anthropic.Message, error) { return a.client.Messages.New(ctx, a.params) }
	}
	got, err := answer(ctx)
	if err != nil {
		return said{}, err
	}
	a.params.Messages = append(a.params.Messages, got.ToParam())
	out := said{
		stop: string(got.StopReason), model: string(got.Model),
		input:  got.Usage.InputTokens + got.Usage.CacheReadInputTokens + got.Usage.CacheCreationInputTokens,
		output: got.Usage.OutputTokens, reasoning: got.Usage.OutputTokensDetails.ThinkingTokens,
	}
	a.calls = nil
	for _, block := range got.Content {
		switch block.Type {
		case "text":
			out.text += block.Text
		case "thinking":
			out.thought += block.Thinking
		case "tool_use":
			a.calls = append(a.calls, called{block.ID, block.Name, string(block.Input)})
		}
	}
	out.calls = a.calls
	return out, nil
}

func (a *anthropicTalk) stream(ctx context.Context) (*anthropic.Message, error) {
	stream := a.client.Messages.NewStreaming(ctx, a.params)
	defer stream.Close()
	var all anthropic.Message
	stopped := false
	for stream.Next() {
		if err := all.Accumulate(stream.Current()); err != nil {
			return nil, err
		}
		stopped = stream.Current().Type == "message_stop"
	}
	if err := stream.Err(); err != nil {
		return nil, err
	}
	if !stopped {
		return nil, errUnfinished
	}
	return &all, nil
}

func (a *anthropicTalk) tell(results []string) {
	var blocks []anthropic.ContentBlockParamUnion
	for i, result := range results {
		blocks = append(blocks, anthropic.NewToolResultBlock(a.calls[i].id, result, false))
	}
	a.params.Messages = append(a.params.Messages, anthropic.NewUserMessage(blocks...))
}

// Interface guards
var (
	_ sdk     = anthropicSDK{}
	_ counter = anthropicSDK{}
)
