package integration

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"
)

// asked returns the models that were asked, in order, with the status of
// their answers, and checks that each got a request that it had nothing to say
// against.
func (s strict) asked(t *testing.T) (all []string) {
	t.Helper()
	for _, r := range s.came(t) {
		checkTaken(t, r)
		model, _ := read(t, r.Body).at("model").v.(string)
		if model == "" {
			model, _, _ = strings.Cut(strings.TrimPrefix(r.Path, "/v1beta/models/"), ":")
		}
		all = append(all, fmt.Sprintf("%s %d", model, r.Status))
	}
	return all
}

// A chain of targets of several formats: each gets a request of its own, and
// what one cannot carry or answer the next one does.
func TestTranslatedChains(t *testing.T) {
	s := newStrict(t)
	client := translating(t, s, `
		model smart anthropic/claude-sonnet-4-5 openai/gpt-4o-mini
		model clever gemini/gemini-2.5-flash anthropic/claude-sonnet-4-5
		model native openai/gpt-4o-mini gemini/gemini-2.5-flash
		model same anthropic/claude-sonnet-4-5 anthropic/claude-haiku-4-5
		debug_headers`).sdk(t, clientKey, noisy()...)
	begun := `event: message_start` + "\n" + `data: {"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant",` +
		`"model":"claude-sonnet-4-5","content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":1,"output_tokens":1}}}` + "\n\n"
	for _, tt := range []struct {
		name, model string
		set         option.RequestOption
		next        map[string]any // how the first request of all is answered
		streams     bool           // makes sense for a stream only
		want        []string
		provider    string
		choices     int
		lossy       string
	}{
		{name: "the first one answers", model: "smart", want: []string{"claude-sonnet-4-5 200"}, provider: "anthropic"},
		{
			name: "several answers go to the second", model: "smart", set: option.WithJSONSet("n", 2),
			want: []string{"gpt-4o-mini 200"}, provider: "openai",
		},
		{
			name: "logprobs go to the second", model: "smart", set: option.WithJSONSet("logprobs", true),
			want: []string{"gpt-4o-mini 200"}, provider: "openai",
		},
		{
			name: "an overloaded first", model: "smart", next: map[string]any{"scenario": "error-529"},
			want: []string{"claude-sonnet-4-5 529", "gpt-4o-mini 200"}, provider: "openai",
		},
		{
			name: "an overloaded first of another format", model: "clever", next: map[string]any{"scenario": "error-503"},
			want: []string{"gemini-2.5-flash 503", "claude-sonnet-4-5 200"}, provider: "anthropic",
		},
		{
			name: "from the client's own format to another", model: "native", next: map[string]any{"scenario": "error-429"},
			want: []string{"gpt-4o-mini 429", "gemini-2.5-flash 200"}, provider: "gemini",
		},
		{
			name: "between models of one provider", model: "same", next: map[string]any{"scenario": "error-500"},
			want: []string{"claude-sonnet-4-5 500", "claude-haiku-4-5 200"}, provider: "anthropic",
		},
		{
			name: "losses are those of the one that answered", model: "clever", next: map[string]any{"scenario": "error-503"},
			set:  option.WithJSONSet("seed", 7),
			want: []string{"gemini-2.5-flash 503", "claude-sonnet-4-5 200"}, provider: "anthropic", lossy: "seed",
		},
		{
			name: "losses are not those of the one that failed", model: "smart", next: map[string]any{"scenario": "error-529"},
			set:  option.WithJSONSet("seed", 7),
			want: []string{"claude-sonnet-4-5 529", "gpt-4o-mini 200"}, provider: "openai",
		},
		{
			name: "HTML in the place of an answer", model: "clever",
			next: map[string]any{"status": 200, "content_type": "text/html", "body": "<html>never to be seen</html>"},
			want: []string{"gemini-2.5-flash 200", "claude-sonnet-4-5 200"}, provider: "anthropic",
		},
		{
			name: "an answer that is cut at its beginning", model: "smart", next: map[string]any{"close_after_bytes": 100},
			want: []string{"claude-sonnet-4-5 200", "gpt-4o-mini 200"}, provider: "openai",
		},
		{
			name: "a stream that fails behind its beginning", model: "smart", streams: true,
			next: map[string]any{"status": 200, "content_type": "text/event-stream", "body": begun +
				"event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"never to be seen\"}}\n\n"},
			want: []string{"claude-sonnet-4-5 200", "gpt-4o-mini 200"}, provider: "openai",
		},
		{
			name: "a stream that ends behind its beginning", model: "smart", streams: true,
			next: map[string]any{"status": 200, "content_type": "text/event-stream", "body": begun},
			want: []string{"claude-sonnet-4-5 200", "gpt-4o-mini 200"}, provider: "openai",
		},
		{
			name: "a stream of Google's that begins with an error", model: "clever", streams: true,
			next: map[string]any{"status": 200, "content_type": "text/event-stream",
				"body": `data: {"error":{"code":503,"message":"never to be seen","status":"UNAVAILABLE"}}` + "\r\n\r\n"},
			want: []string{"gemini-2.5-flash 200", "claude-sonnet-4-5 200"}, provider: "anthropic",
		},
	} {
		for _, stream := range []bool{false, true} {
			if tt.streams && !stream {
				continue
			}
			t.Run(fmt.Sprintf("%s/stream %v", tt.name, stream), func(t *testing.T) {
				s.reset(t)
				if tt.next != nil {
					s.tell(t, "_next", tt.next)
				}
				var res *http.Response
				opts := []option.RequestOption{option.WithResponseInto(&res)}
				if tt.set != nil {
					opts = append(opts, tt.set)
				}
				if got := textOf(t, client, tt.model, stream, opts); got != strictText {
					t.Errorf("text is %q, want %q", got, strictText)
				}
				if got := s.asked(t); !slices.Equal(got, tt.want) {
					t.Errorf("asked were %q, want %q", got, tt.want)
				}
				if got := res.Header.Get("Aiclient2api-Provider"); got != tt.provider {
					t.Errorf("%q answered, want %q", got, tt.provider)
				}
				if got := res.Header.Get("Aiclient2api-Attempts"); got != fmt.Sprint(len(tt.want)) {
					t.Errorf("there were %s attempts, want %d", got, len(tt.want))
				}
				if got := res.Header.Get("Aiclient2api-Lossy"); got != tt.lossy {
					t.Errorf("Aiclient2api-Lossy is %q, want %q", got, tt.lossy)
				}
			})
		}
	}
}

// textOf asks for an answer and returns the text of its first choice.
func textOf(t *testing.T, client openai.Client, model string, stream bool, opts []option.RequestOption) string {
	t.Helper()
	params := sayTo(model, "Hello!")
	if !stream {
		got, err := client.Chat.Completions.New(t.Context(), params, opts...)
		if err != nil {
			t.Fatal(err)
		}
		return got.Choices[0].Message.Content
	}
	events := client.Chat.Completions.NewStreaming(t.Context(), params, opts...)
	defer events.Close()
	var text strings.Builder
	for events.Next() {
		for _, choice := range events.Current().Choices {
			if choice.Index == 0 {
				text.WriteString(choice.Delta.Content)
			}
		}
	}
	if err := events.Err(); err != nil {
		t.Fatal(err)
	}
	return text.String()
}

// A conversation with tools and an image is encoded anew for each target, with
// the calls and results of its history.
func TestTranslatedChainsEncodeTheHistoryAnew(t *testing.T) {
	s := newStrict(t)
	client := translating(t, s, `
		model all gemini/gemini-2.5-flash anthropic/claude-sonnet-4-5 openai/gpt-4o-mini`).sdk(t, clientKey, noisy()...)
	for _, way := range ways {
		t.Run(way.name, func(t *testing.T) {
			s.reset(t)
			params := showing("all", image("data:image/png;base64,"+pngData))
			params.Messages = append([]openai.ChatCompletionMessageParamUnion{openai.SystemMessage("Be brief.")}, params.Messages...)
			params.Tools = []openai.ChatCompletionToolUnionParam{weather}
			overloaded := func() {
				s.tell(t, "_next", map[string]any{"path": "/v1beta/models/*", "scenario": "error-503"})
				s.tell(t, "_next", map[string]any{"path": "/v1/messages", "scenario": "error-529"})
			}
			overloaded()
			first := way.ask(t, client, params).Choices[0] // OpenAI's call
			checkCalls(t, first, []string{"get_weather"})
			params.Messages = append(params.Messages, first.Message.ToParam(), openai.ToolMessage("sunny", first.Message.ToolCalls[0].ID))
			overloaded()
			if got := way.ask(t, client, params).Choices[0].Message.Content; got != strictText {
				t.Errorf("text is %q, want %q", got, strictText)
			}
			want := []string{"gemini-2.5-flash 503", "claude-sonnet-4-5 529", "gpt-4o-mini 200"}
			if got := s.asked(t); !slices.Equal(got, slices.Concat(want, want)) {
				t.Errorf("asked were %q, want twice %q", got, want)
			}
		})
	}
}

// When no target can carry a request the client is told why, and nobody is
// asked. When one can and fails, its failure tells more.
func TestTranslatedChainsThatFail(t *testing.T) {
	s := newStrict(t)
	client := translating(t, s, `
		model none anthropic/claude-sonnet-4-5 anthropic/claude-haiku-4-5
		model some anthropic/claude-sonnet-4-5 openai/gpt-4o-mini`).sdk(t, clientKey, noisy()...)
	sound := option.WithJSONSet("messages", []any{map[string]any{"role": "user", "content": []any{
		map[string]any{"type": "input_audio", "input_audio": map[string]string{"data": "UklGRgAAAABXQVZF", "format": "wav"}},
		map[string]any{"type": "text", "text": "strictmock:error-429"},
	}}})
	t.Run("nobody can carry it", func(t *testing.T) {
		s.reset(t)
		_, err := client.Chat.Completions.New(t.Context(), sayTo("none", "Hello!"), sound)
		if e := checkError(t, err, http.StatusBadRequest, "unsupported_by_provider"); e.Param != "messages[0].content[0]" {
			t.Errorf("the error does not name the sound: %s", e.RawJSON())
		}
		if got := s.asked(t); len(got) > 0 {
			t.Errorf("asked were %q, want nobody", got)
		}
	})
	t.Run("one can carry it and is limited", func(t *testing.T) {
		s.reset(t)
		_, err := client.Chat.Completions.New(t.Context(), sayTo("some", "strictmock:error-429"), sound)
		checkError(t, err, http.StatusTooManyRequests, "")
		if got := s.asked(t); !slices.Equal(got, []string{"gpt-4o-mini 429"}) {
			t.Errorf("asked were %q", got)
		}
	})
	// One answer in the place of several is less than was asked for, and more
	// than none: it is given when nobody gives more.
	t.Run("nobody else can give less", func(t *testing.T) {
		s.reset(t)
		var res *http.Response
		got, err := client.Chat.Completions.New(t.Context(), sayTo("none", "Hello!"),
			option.WithJSONSet("n", 2), option.WithJSONSet("logprobs", true),
			option.WithJSONSet("modalities", []string{"text", "audio"}), option.WithResponseInto(&res))
		if err != nil || len(got.Choices) != 1 || res.Header.Get("Aiclient2api-Lossy") != "modalities, n, logprobs" {
			t.Fatalf("got %+v, %v", got, err)
		}
		if got := s.asked(t); !slices.Equal(got, []string{"claude-sonnet-4-5 200"}) {
			t.Errorf("asked were %q", got)
		}
	})
	t.Run("who gives all is limited", func(t *testing.T) {
		s.reset(t)
		s.tell(t, "_next", map[string]any{"scenario": "error-429"})
		got, err := client.Chat.Completions.New(t.Context(), sayTo("some", "Hello!"), option.WithJSONSet("n", 2))
		if err != nil || len(got.Choices) != 1 {
			t.Fatalf("got %+v, %v", got, err)
		}
		if got := s.asked(t); !slices.Equal(got, []string{"gpt-4o-mini 429", "claude-sonnet-4-5 200"}) {
			t.Errorf("asked were %q", got)
		}
	})
	t.Run("all are overloaded", func(t *testing.T) {
		s.reset(t)
		_, err := client.Chat.Completions.New(t.Context(), sayTo("some", "strictmock:error-503"))
		e := checkError(t, err, http.StatusServiceUnavailable, "")
		if header := e.Response.Header; header.Get("X-Should-Retry") != "false" || header.Get("Retry-After") != "1" {
			t.Errorf("the headers are %v", header)
		}
		if got := s.asked(t); !slices.Equal(got, []string{"claude-sonnet-4-5 503", "gpt-4o-mini 503"}) {
			t.Errorf("asked were %q", got)
		}
	})
}
