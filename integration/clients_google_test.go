package integration

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"google.golang.org/genai"
)

// googleClient is Google's client of the Gemini API.
var googleClient = client{
	name: "gemini",
	open: func(t *testing.T, url, key string, c *http.Client) sdk {
		t.Helper()
		client, err := genai.NewClient(t.Context(), &genai.ClientConfig{
			APIKey: key, Backend: genai.BackendGeminiAPI, HTTPClient: c, HTTPOptions: genai.HTTPOptions{BaseURL: url},
		})
		if err != nil {
			t.Fatal(err)
		}
		return googleSDK{client}
	},
	done: "STOP", calling: "STOP", cut: "MAX_TOKENS",
	kinds: map[int]string{
		400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 429: "RESOURCE_EXHAUSTED",
		500: "INTERNAL", 502: "UNAVAILABLE", 503: "UNAVAILABLE", 529: "UNAVAILABLE",
	},
}

type googleSDK struct{ client *genai.Client }

func (g googleSDK) begin(about topic) talk {
	return &googleTalk{
		client: g.client, model: about.model, config: googleConfig(about),
		contents: []*genai.Content{genai.NewContentFromText(about.text, genai.RoleUser)},
	}
}

// googleConfig is what a topic is in Google's terms, but its text.
func googleConfig(about topic) *genai.GenerateContentConfig {
	config := new(genai.GenerateContentConfig)
	if about.tool {
		config.Tools = []*genai.Tool{{FunctionDeclarations: []*genai.FunctionDeclaration{{
			Name: "get_weather", Description: "Get the weather of a place", ParametersJsonSchema: placeSchema,
		}}}}
	}
	if about.think {
		config.ThinkingConfig = &genai.ThinkingConfig{IncludeThoughts: true, ThinkingLevel: genai.ThinkingLevelHigh}
	}
	return config
}

func (g googleSDK) list(ctx context.Context) (ids []string, err error) {
	for m, err := range g.client.Models.All(ctx) {
		if err != nil {
			return nil, err
		}
		ids = append(ids, strings.TrimPrefix(m.Name, "models/"))
	}
	return ids, nil
}

func (g googleSDK) get(ctx context.Context, model string) (string, error) {
	m, err := g.client.Models.Get(ctx, model, nil)
	if err != nil {
		return "", err
	}
	return strings.TrimPrefix(m.Name, "models/"), nil
}

func (g googleSDK) count(ctx context.Context, model, text string) (int64, error) {
	got, err := g.client.Models.CountTokens(ctx, model, genai.Text(text), nil)
	if err != nil {
		return 0, err
	}
	return int64(got.TotalTokens), nil
}

func (googleSDK) fault(err error) *sdkError {
	var e genai.APIError
	if !errors.As(err, &e) {
		return nil
	}
	return &sdkError{e.Code, e.Status, e.Message}
}

type googleTalk struct {
	client   *genai.Client
	model    string
	config   *genai.GenerateContentConfig
	contents []*genai.Content
	calls    []called
}

func (g *googleTalk) ask(ctx context.Context, stream bool) (said, error) {
	answer := g.stream
	if !stream {
		answer = g.whole
	}
	chunks, err := answer(ctx)
	if err != nil {
		return said{}, err
	}
	var out said
	turn := &genai.Content{Role: genai.RoleModel}
	g.calls = nil
	for _, chunk := range chunks {
		out.model = chunk.ModelVersion
		if u := chunk.UsageMetadata; u != nil {
			out.input = int64(u.PromptTokenCount)
			out.output = int64(u.CandidatesTokenCount + u.ThoughtsTokenCount)
			out.reasoning = int64(u.ThoughtsTokenCount)
		}
		if len(chunk.Candidates) == 0 {
			continue
		}
		candidate := chunk.Candidates[0]
		if candidate.FinishReason != "" {
			out.stop = string(candidate.FinishReason)
		}
		if candidate.Content == nil {
			continue
		}
		for _, part := range candidate.Content.Parts {
			switch call := part.FunctionCall; {
			case call != nil:
				arguments, err := json.Marshal(call.Args)
				if err != nil {
					return said{}, err
				}
				g.calls = append(g.calls, called{call.ID, call.Name, string(arguments)})
			case part.Thought:
				out.thought += part.Text
			case part.Text == "" && part.ThoughtSignature == nil:
				continue // an empty end, which must not go back
			default:
				out.text += part.Text
			}
			turn.Parts = append(turn.Parts, part)
		}
	}
	g.contents = append(g.contents, turn)
	out.calls = g.calls
	return out, nil
}

// whole asks for an answer in one piece.
func (g *googleTalk) whole(ctx context.Context) ([]*genai.GenerateContentResponse, error) {
	got, err := g.client.Models.GenerateContent(ctx, g.model, g.contents, g.config)
	if err != nil {
		return nil, err
	}
	if len(got.Candidates) != 1 {
		return nil, fmt.Errorf("the answer has %d candidates", len(got.Candidates))
	}
	return []*genai.GenerateContentResponse{got}, nil
}

// stream asks for a stream.
func (g *googleTalk) stream(ctx context.Context) (chunks []*genai.GenerateContentResponse, err error) {
	finished := false
	for chunk, err := range g.client.Models.GenerateContentStream(ctx, g.model, g.contents, g.config) {
		if err != nil {
			return nil, err
		}
		if finished {
			return nil, errors.New("a chunk came behind the end")
		}
		finished = len(chunk.Candidates) > 0 && chunk.Candidates[0].FinishReason != ""
		chunks = append(chunks, chunk)
	}
	if !finished {
		return nil, errUnfinished
	}
	return chunks, nil
}

func (g *googleTalk) tell(results []string) {
	turn := &genai.Content{Role: genai.RoleUser}
	for i, result := range results {
		turn.Parts = append(turn.Parts, &genai.Part{FunctionResponse: &genai.FunctionResponse{
			ID: g.calls[i].id, Name: g.calls[i].name, Response: map[string]any{"output": result},
		}})
	}
	g.contents = append(g.contents, turn)
}

// Interface guards
var (
	_ sdk     = googleSDK{}
	_ counter = googleSDK{}
)
