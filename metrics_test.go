package aiclient2api_test

import (
	"net/http"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	aiclient2api "github.com/aiclient2api/caddy-aiclient2api"
)

// What is counted is shown in Caddy's own registry, by names of the
// configuration only, and goes on over reloads.
func TestMetrics(t *testing.T) {
	v := repeating(t)
	block := strings.ReplaceAll(accountsBlock(v, `
		provider metered-bad openai {
			api_key `+refusedKey+`
			upstream `+v.URL+`
		}
		model metrics-alias metered/whatever`), "provider openai", "provider metered openai")
	a := administer(t, block)
	const refused = `aiclient2api_requests_total{model="other",outcome="refused",provider=""}`
	before, _ := strconv.Atoi(a.metric(t, refused))
	check := func(when string, want map[string]string) {
		t.Helper()
		for series, value := range want {
			if got := a.metric(t, series); got != value {
				t.Errorf("%s: %s is %q, want %q", when, series, got, value)
			}
		}
	}
	ask := func(model string, stream bool, want int) {
		t.Helper()
		if status := a.chat(t, 0, model, stream); status != want {
			t.Errorf("%s: status is %d, want %d", model, status, want)
		}
	}
	ask("named", false, http.StatusOK)
	ask("gpt-secret-of-a-client", true, http.StatusOK)
	ask("metrics-alias", false, http.StatusOK)
	ask("metered/breaks", true, http.StatusOK)
	ask("metered-bad/named", false, http.StatusBadGateway)
	ask("metered-bad/not-configured", false, http.StatusBadGateway)
	ask("nothing-claims-it", false, http.StatusNotFound)
	want := map[string]string{
		`aiclient2api_requests_total{model="named",outcome="answered",provider="metered"}`:         "1",
		`aiclient2api_requests_total{model="other",outcome="answered",provider="metered"}`:         "1",
		`aiclient2api_requests_total{model="metrics-alias",outcome="answered",provider="metered"}`: "1",
		`aiclient2api_requests_total{model="other",outcome="interrupted",provider="metered"}`:      "1",
		`aiclient2api_requests_total{model="other",outcome="credential",provider="metered-bad"}`:   "1",
		`aiclient2api_requests_total{model="named",outcome="credential",provider="metered-bad"}`:   "1",
		refused: strconv.Itoa(before + 1),
		`aiclient2api_attempts_total{account="refused",class="credential",provider="metered"}`:              "1",
		`aiclient2api_attempts_total{account="fine",class="answered",provider="metered"}`:                   "4",
		`aiclient2api_attempts_total{account="fine",class="broken_answer",provider="metered"}`:              "1",
		`aiclient2api_account_state{account="refused",provider="metered"}`:                                  "2",
		`aiclient2api_account_state{account="limited",provider="metered"}`:                                  "0",
		`aiclient2api_in_flight{account="fine",provider="metered"}`:                                         "0",
		`aiclient2api_time_to_first_token_seconds_count{provider="metered"}`:                                "2",
		`aiclient2api_tokens_total{kind="input",model="named",provider="metered"}`:                          "7",
		`aiclient2api_tokens_total{kind="output",model="named",provider="metered"}`:                         "3",
		`aiclient2api_tokens_total{kind="cached",model="named",provider="metered"}`:                         "",
		`aiclient2api_tokens_total{kind="reasoning",model="other",provider="metered"}`:                      "",
		`aiclient2api_requests_total{model="gpt-secret-of-a-client",outcome="answered",provider="metered"}`: "",
	}
	check("at first", want)

	a.load(t, block+"\ndebug_headers")
	check("after a reload", want)
	ask("named", false, http.StatusOK)
	a.do(t, http.MethodPost, "/aiclient2api/providers/metered/accounts/limited/disable", "")
	check("after one more", map[string]string{
		`aiclient2api_requests_total{model="named",outcome="answered",provider="metered"}`: "2",
		`aiclient2api_attempts_total{account="fine",class="answered",provider="metered"}`:  "5",
		`aiclient2api_account_state{account="limited",provider="metered"}`:                 "3",
	})

	// another credential is another account with a state of its own, but what is
	// counted under its name goes on
	a.load(t, strings.ReplaceAll(block, fineKey, fineKey+"-rotated"))
	ask("named", false, http.StatusOK)
	check("after another credential", map[string]string{
		`aiclient2api_attempts_total{account="fine",class="answered",provider="metered"}`: "6",
	})
	_, text := answer(t, nil, http.MethodGet, "http://"+a.admin+"/metrics", "")
	for _, secret := range []string{"canary", "secret-of-a-client", "nothing-claims-it", "not-configured"} {
		if strings.Contains(text, secret) {
			t.Errorf("the metrics tell %q", secret)
		}
	}

	documented, err := os.ReadFile("docs/operation.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range regexp.MustCompile(`(?m)^# HELP (aiclient2api_\w+)|\b(?:outcome|class|kind)="(\w+)"`).FindAllStringSubmatch(text, -1) {
		if name := m[1] + m[2]; !strings.Contains(string(documented), "`"+name+"`") {
			t.Errorf("docs/operation.md does not tell of %s", name)
		}
	}
}

// Several handlers of one configuration share its registry, and a request that
// is under way is in flight.
func TestMetricsOfTwoHandlersAndInFlight(t *testing.T) {
	proceed, arrived := make(chan struct{}), make(chan struct{}, 2)
	hangs := newVendor(t, func(w http.ResponseWriter, r *http.Request) {
		arrived <- struct{}{}
		<-proceed
		w.WriteHeader(http.StatusBadRequest)
	})
	site := func(key string) string {
		return "open\nprovider waiting openai {\napi_key " + key + "\nupstream " + hangs.URL + "\n}"
	}
	a := administer(t, site(fineKey), site(limitedKey))
	done := make(chan int, 2)
	for i := range 2 {
		go func() { done <- a.chat(t, i, "gpt-4o", false) }()
	}
	<-arrived
	<-arrived
	series := `aiclient2api_in_flight{account="1",provider="waiting"}`
	if got := a.metric(t, series); got != "2" {
		t.Errorf("%s is %q with a request at each site", series, got)
	}
	close(proceed)
	for range 2 {
		if status := <-done; status != http.StatusBadRequest {
			t.Errorf("status is %d", status)
		}
	}
	for series, want := range map[string]string{
		series: "0",
		`aiclient2api_attempts_total{account="1",class="client_fault",provider="waiting"}`:     "2",
		`aiclient2api_requests_total{model="other",outcome="client_fault",provider="waiting"}`: "2",
	} {
		if got := a.metric(t, series); got != want {
			t.Errorf("%s is %q, want %s", series, got, want)
		}
	}
}

// A request is counted without an allocation.
func TestCountingAllocatesNothing(t *testing.T) {
	count := aiclient2api.Counting("a-model")
	count()
	if n := testing.AllocsPerRun(100, count); n != 0 {
		t.Errorf("counting a request takes %v allocations", n)
	}
}

func BenchmarkCounting(b *testing.B) {
	for name, model := range map[string]string{"named": "a-model", "other": "gpt-4o-2024-08-06"} {
		b.Run(name, func(b *testing.B) {
			count := aiclient2api.Counting(model)
			b.ReportAllocs()
			for b.Loop() {
				count()
			}
		})
	}
	b.Run("parallel", func(b *testing.B) {
		b.ReportAllocs()
		b.RunParallel(func(pb *testing.PB) {
			count := aiclient2api.Counting("a-model")
			for pb.Next() {
				count()
			}
		})
	})
}
