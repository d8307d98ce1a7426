package integration

import (
	"net/http"
	"slices"
	"strings"
	"testing"
)

// Every client reads the list of models in its own protocol, with the models of
// all providers in it.
func TestClientsListModels(t *testing.T) {
	anthropic, google := newLister(t, anthropicModels), newLister(t, googleModels)
	g := run(t, setup{directive: "key client " + clientKey + " {\n models *claude* *flash* gpt-5-mini\n}\n" +
		"provider anthropic {\n api_key " + operatorKey + "\n upstream " + anthropic.url + "\n}\n" +
		"provider gemini {\n api_key " + operatorKey + "\n upstream " + google.url + "\n}\n" +
		"provider openai {\n api_key " + operatorKey + "\n upstream http://127.0.0.1:9/v1\n models gpt-5-mini gpt-5.1\n}"})
	want := []string{"anthropic/claude-opus-4-1-20250805", "anthropic/claude-sonnet-4-5", "gemini/gemini-2.5-flash", "gpt-5-mini"}
	for _, c := range clients {
		t.Run(c.name, func(t *testing.T) {
			client := c.open(t, g.url, clientKey, g.client(t))
			got, err := client.list(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if slices.Sort(got); !slices.Equal(got, want) {
				t.Errorf("models are %q, want %q", got, want)
			}
			for _, id := range want {
				if one, err := client.get(t.Context(), id); err != nil || one != id {
					t.Errorf("asked for %s the answer is %q (%v)", id, one, err)
				}
			}
			_, err = client.get(t.Context(), "gpt-5.1")
			if e := client.fault(err); e == nil || e.status != http.StatusNotFound {
				t.Errorf("a model that the key may not use: %v", err)
			}
		})
	}
}

// A prompt's tokens are counted by the provider that can, and estimated for
// the others, which a header says.
func TestClientsCountTokens(t *testing.T) {
	counted := map[string]string{
		"responses": "/v1/responses/input_tokens", "anthropic": "/v1/messages/count_tokens",
		"gemini": "/v1beta/models/gemini-3-pro-preview:countTokens",
	}
	onPairs(t, func(t *testing.T, p pair) {
		client, can := p.sdk.(counter)
		if !can {
			t.Skip("the protocol has no such request")
		}
		count := func(text string) int64 {
			t.Helper()
			n, err := client.count(t.Context(), p.provider.model, text)
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
		short := count("What is the weather in Paris?")
		estimated := p.seen.got.Get("Aiclient2api-Estimated")
		long := count(strings.Repeat("What is the weather in Paris? ", 100))
		log := p.s.came(t)
		for _, r := range log {
			checkTaken(t, r)
		}
		if p.native() {
			if short != 11 || estimated != "" || len(log) != 2 || log[0].Path != counted[p.provider.name] {
				t.Errorf("counted are %d with the header %q, and %d requests arrived: %+v", short, estimated, len(log), log)
			}
			return
		}
		if estimated != "tokens" || len(log) > 0 {
			t.Errorf("the header is %q, and %d requests arrived", estimated, len(log))
		}
		if short < 3 || short > 30 || long < 50*short || long > 150*short {
			t.Errorf("estimated are %d, and %d for a hundred times that", short, long)
		}
	})
}
