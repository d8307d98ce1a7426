package integration

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"
)

// losses are what a client may say and a vendor has no place for.
var losses = []struct {
	name string
	set  option.RequestOption
	lost map[string]string // by vendor; "" is nothing
}{
	{name: "nothing", set: option.WithJSONSet("temperature", 0.5), lost: map[string]string{}},
	{name: "seed", set: option.WithJSONSet("seed", 7), lost: map[string]string{"anthropic": "seed"}},
	{
		name: "logit_bias", set: option.WithJSONSet("logit_bias", map[string]int{"50256": -100}),
		lost: map[string]string{"anthropic": "logit_bias", "gemini": "logit_bias"},
	},
	{
		name: "frequency_penalty", set: option.WithJSONSet("frequency_penalty", 0.5),
		lost: map[string]string{"anthropic": "frequency_penalty", "gemini": "frequency_penalty"},
	},
	{name: "frequency_penalty of none", set: option.WithJSONSet("frequency_penalty", 0), lost: map[string]string{}},
	{name: "user", set: option.WithJSONSet("user", "user-1"), lost: map[string]string{"gemini": "user"}},
	{
		name: "store", set: option.WithJSONSet("store", true),
		lost: map[string]string{"anthropic": "store", "gemini": "store"},
	},
	{
		name: "a member that nobody knows", set: option.WithJSONSet("x_new", "\r\nInjected: yes"),
		lost: map[string]string{"anthropic": "x_new", "gemini": "x_new"},
	},
}

// Advice that a provider cannot take is left out, and the client is told so
// by a header, of a stream too; of an answer without losses there is none.
func TestTranslatedLossesAreNamed(t *testing.T) {
	onVendors(t, func(t *testing.T, v vendor, s strict, client openai.Client) {
		for _, tt := range losses {
			t.Run(tt.name, func(t *testing.T) {
				s.reset(t)
				var whole, streamed *http.Response
				if _, err := client.Chat.Completions.New(t.Context(), sayTo(v.model, "Hello!"), tt.set, option.WithResponseInto(&whole)); err != nil {
					t.Fatal(err)
				}
				stream := client.Chat.Completions.NewStreaming(t.Context(), sayTo(v.model, "Hello!"), tt.set, option.WithResponseInto(&streamed))
				for stream.Next() {
				}
				if err := stream.Err(); err != nil {
					t.Fatal(err)
				}
				for _, res := range []*http.Response{whole, streamed} {
					var want []string
					if lost := tt.lost[v.name]; lost != "" {
						want = []string{lost}
					}
					if got := res.Header["Aiclient2api-Lossy"]; !slices.Equal(got, want) {
						t.Errorf("Aiclient2api-Lossy is %q, want %q", got, want)
					}
				}
				checkSent(t, s, v, 2)
			})
		}
		t.Run("two", func(t *testing.T) {
			s.reset(t)
			var res *http.Response
			if _, err := client.Chat.Completions.New(t.Context(), sayTo(v.model, "Hello!"), option.WithResponseInto(&res),
				option.WithJSONSet("logit_bias", map[string]int{"1": 1}), option.WithJSONSet("prediction", map[string]string{"type": "content", "content": "x"})); err != nil {
				t.Fatal(err)
			}
			if got := res.Header.Get("Aiclient2api-Lossy"); got != "logit_bias, prediction" {
				t.Errorf("Aiclient2api-Lossy is %q", got)
			}
			checkSent(t, s, v, 1)
		})
	})
}

// A strict gateway refuses what it would have to leave out, and nothing else.
func TestTranslatedLossesAreRefusedWhenStrict(t *testing.T) {
	s := newStrict(t)
	client := translating(t, s, "strict").sdk(t, clientKey, noisy()...)
	for _, v := range vendors {
		for _, tt := range losses {
			t.Run(v.name+"/"+tt.name, func(t *testing.T) {
				s.reset(t)
				_, err := client.Chat.Completions.New(t.Context(), sayTo(v.model, "Hello!"), tt.set)
				lost := tt.lost[v.name]
				if lost == "" {
					if err != nil {
						t.Error(err)
					}
					checkSent(t, s, v, 1)
					return
				}
				e := checkError(t, err, http.StatusBadRequest, "unsupported_by_provider")
				if e.Param != lost || e.Type != "invalid_request_error" || !strings.Contains(e.Message, lost) {
					t.Errorf("the error does not name %s: %s", lost, e.RawJSON())
				}
				checkSent(t, s, v, 0)
			})
		}
	}
}

// What has a meaning that the provider cannot carry is refused, and nobody is
// asked.
func TestTranslatedMeaningIsRefused(t *testing.T) {
	onVendors(t, func(t *testing.T, v vendor, s strict, client openai.Client) {
		for _, tt := range []struct {
			name, param string
			set         option.RequestOption
			only        string // the vendor that cannot carry it, "" for all
		}{
			{
				name: "sound", param: "messages[0].content[0]", only: "anthropic",
				set: option.WithJSONSet("messages", []any{map[string]any{"role": "user", "content": []any{
					map[string]any{"type": "input_audio", "input_audio": map[string]string{"data": "UklGRgAAAABXQVZF", "format": "wav"}},
				}}}),
			},
		} {
			t.Run(tt.name, func(t *testing.T) {
				if tt.only != "" && tt.only != v.name {
					t.Skip("this provider can carry it")
				}
				s.reset(t)
				_, err := client.Chat.Completions.New(t.Context(), sayTo(v.model, "Hello!"), tt.set)
				e := checkError(t, err, http.StatusBadRequest, "")
				if e.Param != tt.param || e.Type != "invalid_request_error" {
					t.Errorf("the error does not name %s: %s", tt.param, e.RawJSON())
				}
				checkSent(t, s, v, 0)
			})
		}
	})
}
