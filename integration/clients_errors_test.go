package integration

import (
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"testing"
)

// An error reaches every client as its own type, with the status, the
// protocol's word for it and the provider's message.
func TestClientsGetErrorsOfTheirOwn(t *testing.T) {
	onPairs(t, func(t *testing.T, p pair) {
		for _, tt := range []struct {
			upstream, want int
			says           string
		}{
			{upstream: 400, want: 400},
			{upstream: 401, want: 502, says: "refused the gateway's credential"},
			{upstream: 429, want: 429},
			{upstream: 500, want: 500},
			{upstream: 503, want: 503},
			{upstream: 529, want: 529}, // overloaded
		} {
			t.Run(fmt.Sprint(tt.upstream), func(t *testing.T) {
				onStreams(t, p, func(t *testing.T, stream bool) {
					_, err := p.sdk.begin(topic{model: p.provider.model, text: fmt.Sprintf("strictmock:error-%d", tt.upstream)}).ask(t.Context(), stream)
					got := checkOwn(t, p, err)
					if got.status != tt.want {
						t.Errorf("the status is %d, want %d: %v", got.status, tt.want, err)
					}
					// a provider's own words for it stay
					if want := p.kinds[tt.want]; got.kind == "" || !p.native() && got.kind != want {
						t.Errorf("it is a %q, want a %q: %v", got.kind, want, err)
					}
					if !strings.Contains(got.message, "strictmock: error asked for") || !strings.Contains(got.message, tt.says) {
						t.Errorf("the message is %q, want the provider's words and %q in it", got.message, tt.says)
					}
					patience := tt.upstream == 429 || tt.upstream == 503 || tt.upstream == 529
					if got := p.seen.got.Get("Retry-After"); patience != (got == "1") {
						t.Errorf("Retry-After is %q", got)
					}
					if strings.Contains(err.Error(), operatorKey) {
						t.Errorf("the error tells the operator's key: %v", err)
					}
					checkWentUp(t, p, 1)
				})
			})
		}
	})
}

// checkOwn checks that an error is of the client's own type.
func checkOwn(t *testing.T, p pair, err error) *sdkError {
	t.Helper()
	got := p.sdk.fault(err)
	if got == nil {
		t.Fatalf("the error is %T (%v), want one of the client's own", err, err)
	}
	return got
}

// A stream in which the provider fails ends with its words, as an error of the
// client.
func TestClientsGetErrorsWithinStreams(t *testing.T) {
	onPairs(t, func(t *testing.T, p pair) {
		for _, chunk := range []int{0, 1} {
			t.Run(fmt.Sprintf("pieces of %d", chunk), func(t *testing.T) {
				p.s.reset(t)
				p.s.tell(t, "_config", map[string]any{"chunk_bytes": chunk})
				_, err := p.sdk.begin(topic{model: p.provider.model, text: "strictmock:stream-error"}).ask(t.Context(), true)
				got := checkOwn(t, p, err)
				says := "The server had an error"
				if p.provider.name == "anthropic" || p.provider.name == "gemini" {
					says = "verloaded"
				}
				if !strings.Contains(got.message, says) || got.kind == "" {
					t.Errorf("the error is %+v, want %q in it", got, says)
				}
				checkWentUp(t, p, 1)
			})
		}
	})
}

// A stream that breaks off is an error for every client, wherever that is:
// none may take what it has for the answer.
func TestClientsNoticeStreamsThatBreakOff(t *testing.T) {
	onPairs(t, func(t *testing.T, p pair) {
		about := topic{model: p.provider.model, text: "What is the weather?", tool: true, think: true}
		p.s.tell(t, "_next", map[string]any{"scenario": "parallel"})
		full := ask(t, p.sdk.begin(about), true)
		size := p.s.came(t)[0].Sent
		asked, within := 1, 0
		for at := 1; at < size; at += 211 {
			p.s.tell(t, "_next", map[string]any{"scenario": "parallel", "close_after_bytes": at})
			got, err := p.sdk.begin(about).ask(t.Context(), true)
			asked++
			if err == nil && reflect.DeepEqual(got, full) {
				continue // only the end of the last event was missing
			}
			if err == nil || errors.Is(err, errUnfinished) {
				t.Errorf("cut at %d of %d bytes the stream ended with %v: %+v", at, size, err, got)
				continue
			}
			switch e := checkOwn(t, p, err); {
			case strings.Contains(e.message, "broke off"):
				within++
			case e.status != http.StatusBadGateway || !strings.Contains(e.message, "ended before it began"):
				t.Errorf("cut at %d of %d bytes the error is %+v", at, size, e)
			}
		}
		if within < 5 {
			t.Errorf("%d of %d streams were cut after they began: the test does not test", within, asked)
		}
		p.s.tell(t, "_next", map[string]any{"close_after_bytes": 200})
		_, err := p.sdk.begin(about).ask(t.Context(), false)
		if e := checkOwn(t, p, err); e.status != http.StatusBadGateway {
			t.Errorf("a whole answer that is cut is %+v", e)
		}
		checkWentUp(t, p, asked+1)
	})
}

// A stranger is refused in the words of every protocol.
func TestClientsOfStrangersReachNobody(t *testing.T) {
	s := newStrict(t)
	g := run(t, setup{directive: providing(s, "")})
	for _, c := range clients {
		t.Run(c.name, func(t *testing.T) {
			client := c.open(t, g.url, "client-key-that-is-wrong", g.client(t))
			_, asked := client.begin(topic{model: "gpt-5-mini", text: "Hello!"}).ask(t.Context(), false)
			_, listed := client.list(t.Context())
			for _, err := range []error{asked, listed} {
				got := client.fault(err)
				if got == nil || got.status != http.StatusUnauthorized || !strings.Contains(got.message, "no valid API key") {
					t.Fatalf("the error is %T (%v)", err, err)
				}
			}
			if got := client.fault(asked); got.kind != c.kinds[401] {
				t.Errorf("it is a %q, want a %q", got.kind, c.kinds[401])
			}
		})
	}
	if log := s.came(t); len(log) > 0 {
		t.Errorf("%d requests of strangers arrived at the provider", len(log))
	}
}
