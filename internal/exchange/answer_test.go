package exchange

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/aiclient2api/caddy-aiclient2api/llm"
)

func TestClassify(t *testing.T) {
	for status, want := range map[int]struct {
		class Class
		shown int
		retry bool
	}{
		200: {Answered, 200, false},
		299: {Answered, 299, false},
		301: {Broken, 502, true},
		400: {ClientFault, 400, false},
		401: {Credential, 502, true},
		402: {Payment, 503, true},
		403: {Broken, 502, true}, // without a word of the provider's
		404: {ClientFault, 404, false},
		408: {Server, 408, true},
		413: {ClientFault, 413, false},
		422: {ClientFault, 422, false},
		429: {RateLimit, 429, true},
		500: {Server, 500, true},
		503: {Overloaded, 503, true},
		529: {Overloaded, 529, true},
	} {
		class := Classify(&llm.Error{Status: status}, true)
		if class != want.class || class.status(status) != want.shown || class.Retry() != want.retry {
			t.Errorf("%d: %v, shown as %d, retried %v", status, class, class.status(status), class.Retry())
		}
	}
	// what is about the caller's own credential is told as it is
	for _, status := range []int{401, 402, 403, 429} {
		if class := Classify(&llm.Error{Status: status}, false); class != CallerCredential || class.Retry() || class.status(status) != status {
			t.Errorf("caller's %d: %v", status, class)
		}
	}
}

// Vendors tell in many words that an account has nothing left to spend, some of
// them with a status that says otherwise.
func TestSpent(t *testing.T) {
	for _, tc := range []struct {
		e    llm.Error
		own  bool
		want Class
	}{
		{llm.Error{Status: 429, Code: "insufficient_quota"}, true, Quota},
		{llm.Error{Status: 429, Type: "exceeded_current_quota_error"}, true, Quota},
		{llm.Error{Status: 429, Code: "1113", Message: "Insufficient balance or no resource package."}, true, Quota},
		{llm.Error{Status: 429, Code: "RESOURCE_EXHAUSTED", Message: "You exceeded your current quota, please check your plan and billing details. Please retry in 12s."}, true, RateLimit},
		{llm.Error{Status: 429, Code: "insufficient_quota"}, false, CallerCredential},
		{llm.Error{Status: 403, Code: "permission_denied"}, true, Forbidden},
		{llm.Error{Status: 403, Message: "Your newly created team doesn't have any credits yet."}, true, Payment},
		{llm.Error{Status: 402, Message: "Insufficient Balance"}, true, Payment},
		{llm.Error{Status: 400, Type: "invalid_request_error", Message: "Your credit balance is too low to access the Anthropic API."}, true, Payment},
		{llm.Error{Status: 400, Type: "invalid_request_error", Message: "Your credit balance is too low to access the Anthropic API."}, false, ClientFault},
		{llm.Error{Status: 400, Message: "Your credit balance is too low is not a valid model ID"}, true, ClientFault},
		// what a client wrote must not take an account out
		{llm.Error{Status: 400, Message: `messages.0: "Your credit balance is too low"`}, true, ClientFault},
		{llm.Error{Status: 404, Message: "The model `insufficient_quota` does not exist"}, true, ClientFault},
	} {
		if got := Classify(&tc.e, tc.own); got != tc.want {
			t.Errorf("%+v: %v, want %v", tc.e, got, tc.want)
		}
	}
}

func TestFaults(t *testing.T) {
	for _, tc := range []struct {
		e    llm.Error
		want Faults
	}{
		{llm.Error{Status: 400, Code: "context_length_exceeded"}, ContextLength},
		{llm.Error{Status: 400, Type: "invalid_request_error", Message: "prompt is too long: 210000 tokens > 200000 maximum"}, ContextLength},
		{llm.Error{Status: 400, Code: "INVALID_ARGUMENT", Message: "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576)."}, ContextLength},
		{llm.Error{Status: 400, Code: "content_policy_violation"}, ContentFilter},
		{llm.Error{Status: 400, Code: "content_filter", Message: "The response was filtered due to the prompt triggering Azure OpenAI's content management policy."}, ContentFilter},
		{llm.Error{Status: 404, Type: "not_found_error"}, ModelNotFound},
		{llm.Error{Status: 413, Type: "request_too_large"}, TooLarge},
		{llm.Error{Status: 400, Message: "temperature must be at most 1"}, BadRequest},
		{llm.Error{Status: 422}, BadRequest},
		{llm.Error{Status: 409}, 0},
	} {
		if got := faultsOf(&tc.e); got != tc.want {
			t.Errorf("%+v: %b, want %b", tc.e, got, tc.want)
		}
	}
	for i, name := range FaultNames {
		if Fault(name) != 1<<i {
			t.Errorf("%s: %b", name, Fault(name))
		}
	}
	if Fault("") != 0 || Fault("other") != 0 {
		t.Error("a kind without a name")
	}
}

func TestAnswers(t *testing.T) {
	const okBody = `{"choices":[{"message":{"content":"a"}}],"usage":{"prompt_tokens":3}}`
	const errBody = `{"error":{"message":"m","type":"t","param":null,"code":"c"}}`
	for _, tc := range []struct {
		name, body  string
		status      int
		contentType string
		caller      bool   // the credential is the caller's
		want        string // body that is handed on, "" if the attempt is retried
		shown       int
		class       Class
		message     string // part of the failure's
		verbatim    bool   // the failure has the provider's own words
	}{
		{name: "answer", status: 200, body: okBody, want: okBody, shown: 200},
		{name: "created", status: 201, body: okBody, want: okBody, shown: 201},
		{name: "HTML with 200", status: 200, contentType: "text/html", body: "<html>", shown: 502, class: Broken, message: "status 200 and no JSON object"},
		{name: "nothing with 200", status: 200, shown: 502, class: Broken, message: "no JSON object"},
		{name: "cut JSON with 200", status: 200, body: okBody[:20], shown: 502, class: Broken, message: "no JSON object"},
		{name: "redirect", status: 302, shown: 502, class: Broken, message: "status 302"},
		{name: "switching protocols", status: 101, shown: 502, class: Broken, message: "status 101"},
		{name: "status 42", status: 42, shown: 502, class: Broken, message: "status 42"},
		{name: "status 600", status: 600, shown: 502, class: Broken, message: "status 600"},
		{name: "client fault", status: 400, body: errBody, want: errBody, shown: 400, class: ClientFault, message: "m"},
		{name: "client fault in HTML", status: 404, contentType: "text/html", body: "<html>", shown: 404, class: ClientFault, message: "with an HTML page",
			want: `{"error":{"message":"the provider answered 404 Not Found with an HTML page","type":"invalid_request_error","param":null,"code":null},"request_id":"id"}`},
		{name: "rate limit", status: 429, body: errBody, shown: 429, class: RateLimit, message: "m", verbatim: true},
		{name: "server", status: 500, body: errBody, shown: 500, class: Server, message: "m", verbatim: true},
		{name: "server in HTML", status: 502, contentType: "text/html", body: "<html>", shown: 502, class: Server, message: "HTML"},
		{name: "operator's credential", status: 401, body: errBody, shown: 502, class: Credential, message: "m"},
		{name: "operator's money", status: 402, body: errBody, shown: 503, class: Payment, message: "m"},
		{name: "caller's credential", status: 401, caller: true, body: errBody, want: errBody, shown: 401, class: CallerCredential, message: "m"},
		{name: "caller's rate", status: 429, caller: true, body: errBody, want: errBody, shown: 429, class: CallerCredential, message: "m"},
		{name: "error inside a 200", status: 200, body: `{"error":{"message":"m","code":429}}`, shown: 429, class: RateLimit, message: "m"},
		{name: "client fault inside a 200", status: 200, body: `{"error":{"message":"m","code":400}}`, shown: 400, class: ClientFault, message: "m",
			want: `{"error":{"message":"m","type":"invalid_request_error","param":null,"code":"400"},"request_id":"id"}`},
		{name: "error as a stream's first event", status: 200, contentType: "text/event-stream", body: "data: " + `{"error":{"message":"m","type":"server_error"}}` + "\n\n", shown: 500, class: Server, message: "m"},
		{name: "error after the preamble", status: 200, contentType: "text/event-stream", body: role + ": hi\n\n" + `data: {"error":{"message":"m","code":503}}`, shown: 503, class: Overloaded, message: "m"},
		{name: "error in full shape inside a 200", status: 200, body: `{"x":1,"error":{"message":"m","type":"t","param":null,"code":"content_filter"}}`, shown: 400, class: ClientFault, message: "m",
			want: `{"x":1,"error":{"message":"m","type":"t","param":null,"code":"content_filter"}}`},
		{name: "long HTML with 200", status: 200, contentType: "text/html", body: "<html>" + strings.Repeat("x", maxWhole), shown: 502, class: Broken, message: "no JSON object"},
		{name: "an empty stream", status: 200, contentType: "text/event-stream", shown: 502, class: Broken, message: "ended before it began"},
		{name: "a stream of comments", status: 200, contentType: "text/event-stream", body: ": a\n\n: b\n\n", shown: 502, class: Broken, message: "ended before it began"},
		{name: "error too large to relay", status: 400, body: `{"error":{"message":"` + strings.Repeat("x", maxError) + `"}}`, shown: 400, class: ClientFault, message: "the provider answered 400",
			want: "*"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			x := newExchange(t, strings.Contains(tc.contentType, "event"))
			if tc.contentType == "" {
				tc.contentType = "application/json"
			}
			res, err := x.Answer(answer(tc.status, tc.contentType, strings.NewReader(tc.body)), Attempt{Own: !tc.caller})
			if tc.want == "" {
				var failed *RetryableError
				if !errors.As(err, &failed) || !x.Retry() {
					t.Fatalf("not retried: %v", err)
				}
				if failed.Status != tc.shown {
					t.Errorf("status %d, want %d", failed.Status, tc.shown)
				}
			} else {
				if err != nil {
					t.Fatal(err)
				}
				body, _ := io.ReadAll(res.Body)
				if string(body) != tc.want && tc.want != "*" || res.StatusCode != tc.shown || x.Retry() {
					t.Errorf("got %d %s, retried %v", res.StatusCode, body, x.Retry())
				}
				if res.ContentLength != int64(len(body)) {
					t.Errorf("length %d of %d", res.ContentLength, len(body))
				}
			}
			if (x.Failure != nil) != (tc.class != Answered) {
				t.Fatalf("failure %+v", x.Failure)
			}
			if f := x.Failure; f != nil && (f.Class != tc.class || !strings.Contains(f.Err.Message, tc.message) || f.Status != tc.shown) {
				t.Errorf("failure %+v: %+v", f, f.Err)
			}
			if tc.verbatim && string(x.Failure.Err.Raw) != tc.body {
				t.Errorf("body %q", x.Failure.Err.Raw)
			}
			if x.class != tc.class {
				t.Errorf("class %v", x.class)
			}
		})
	}
}

func TestAnAnswerThatBreaksOffIsRetried(t *testing.T) {
	x := newExchange(t, false)
	_, err := x.Answer(answer(200, "application/json", &pieces{`{"choices":[`, 5, io.ErrUnexpectedEOF}), Attempt{Own: true})
	if err == nil || !x.Retry() || x.class != Broken {
		t.Errorf("%v, class %v", err, x.class)
	}
}

// Answers that are longer than is looked at are relayed, and a failure after
// that is the body's, so that the connection is aborted and not ended.
func TestLongAnswersAreRelayed(t *testing.T) {
	long := `{"data":["` + strings.Repeat("x", maxWhole+1000) + `"],"usage":{"prompt_tokens":9}}`
	for how, n := range map[string]int{"whole": 1 << 30, "pieces": 1000} {
		x := newExchange(t, false)
		res, err := x.Answer(answer(200, "application/json", &pieces{long, n, io.EOF}), Attempt{Own: true})
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(res.Body)
		res.Body.Close()
		if err != nil || string(body) != long {
			t.Errorf("%s: %d of %d bytes, %v", how, len(body), len(long), err)
		}
		if x.Usage.Input != llm.Tokens(9) {
			t.Errorf("%s: usage %+v", how, x.Usage)
		}
	}
	// the end may stand in what was looked at, and a credential beyond it
	short := `{"data":["` + strings.Repeat("x", maxWhole-60) + `"],"usage":{"prompt_tokens":9}, "x":"sk-very-secret"}`
	x := newExchange(t, false)
	res, err := x.Answer(answer(200, "application/json", &pieces{short, 1 << 30, io.EOF}), Attempt{Own: true, Secret: []byte("sk-very-secret")})
	if err != nil {
		t.Fatal(err)
	}
	body, _ := io.ReadAll(res.Body)
	res.Body.Close()
	if len(body) != len(short) || strings.Contains(string(body), "sk-very-secret") || x.Usage.Input != llm.Tokens(9) {
		t.Errorf("%d bytes of %d, …%s, usage %+v", len(body), len(short), body[len(body)-40:], x.Usage)
	}
	x = newExchange(t, false)
	res, err = x.Answer(answer(200, "application/json", &pieces{long[:maxWhole+10], 1000, io.ErrUnexpectedEOF}), Attempt{Own: true})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadAll(res.Body); err == nil || x.Interrupted == "" {
		t.Errorf("it ended well: %v, %q", err, x.Interrupted)
	}
}

func TestACompressionThatWasNotAskedForIsUndone(t *testing.T) {
	const body = `{"choices":[{}]}`
	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	_, _ = z.Write([]byte(body))
	_ = z.Close()
	for coding, want := range map[string]string{"gzip": body, "br": "", "identity": body} {
		x := newExchange(t, false)
		var src io.Reader = strings.NewReader(body)
		if coding == "gzip" {
			src = bytes.NewReader(zipped.Bytes())
		}
		in := answer(200, "application/json", src)
		in.Header.Set("Content-Encoding", coding)
		res, err := x.Answer(in, Attempt{Own: true})
		if want == "" {
			if err == nil || x.class != Broken {
				t.Errorf("%s: %v", coding, err)
			}
			continue
		}
		if err != nil {
			t.Fatalf("%s: %v", coding, err)
		}
		if got, _ := io.ReadAll(res.Body); string(got) != want || res.Header.Get("Content-Encoding") != "" {
			t.Errorf("%s: %q, %v", coding, got, res.Header)
		}
	}
}

// Some providers repeat the key that they refuse.
func TestACredentialInAnErrorIsRedacted(t *testing.T) {
	const secret = "sk-very-secret"
	for _, status := range []int{400, 401, 429} {
		x := newExchange(t, false)
		_, err := x.Answer(answer(status, "application/json", strings.NewReader(`{"error":{"message":"bad key `+secret+`"}}`)),
			Attempt{Own: true, Secret: []byte(secret)})
		words := string(x.Failure.Render(x.Call)) + x.Failure.Err.Message
		if err != nil {
			words += err.Error()
		}
		if strings.Contains(words, secret) || !strings.Contains(words, "*****") {
			t.Errorf("%d: %s", status, words)
		}
	}
}

func TestTheMostTellingFailureIsKept(t *testing.T) {
	for _, order := range [][]int{{500, 429, 401}, {401, 500, 429}, {429, 401, 500}} {
		x := newExchange(t, false)
		for i, status := range order {
			x.Begin(i, "a")
			_, _ = x.Answer(answer(status, "application/json", strings.NewReader(`{"error":{"message":"m"}}`)), Attempt{Own: true})
		}
		if x.Failure.Class != RateLimit {
			t.Errorf("%v: %v", order, x.Failure.Class)
		}
		if x.Failure.Render(x.Call); x.Failure.Header.Get("X-Should-Retry") != "false" {
			t.Errorf("%v: SDKs are not told to leave it", order)
		}
	}
}

func TestTimeoutsAreToldAsSuch(t *testing.T) {
	x := newExchange(t, false)
	var failed *RetryableError
	if err := x.Unanswered(os.ErrDeadlineExceeded); !errors.As(err, &failed) || failed.Status != 504 || failed.Class != Timeout {
		t.Errorf("got %v", err)
	}
}

func TestAClientThatLeftCountsAgainstNobody(t *testing.T) {
	x := newExchange(t, false)
	gone(x)
	if err := x.Unanswered(errors.New("anything")); !errors.Is(err, context.Canceled) || x.Retry() || x.Failure != nil {
		t.Errorf("%v, retried %v, %+v", err, x.Retry(), x.Failure)
	}
	if _, err := x.Answer(answer(200, "application/json", &pieces{"{", 1, context.Canceled}), Attempt{}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestReasonsTellNoAddress(t *testing.T) {
	for text, want := range map[string]string{
		"dial tcp 10.0.0.1:443: connect: connection refused":    "connection refused",
		"dial tcp: lookup a.internal on 10.0.0.1: no such host": "no such host",
		"dial tcp 10.0.0.1:443: i/o timeout":                    "it took too long",
		`malformed HTTP status code "sk-secret"`:                "the connection failed",
	} {
		if got := reason(errors.New(text)); got != want {
			t.Errorf("%q became %q", text, got)
		}
	}
}

// Rate-limit headers describe the operator's account, cookies and server
// names its provider: neither comes down.
func TestHeadersThatComeDown(t *testing.T) {
	in := http.Header{}
	for name, down := range map[string]bool{
		"Content-Type": true, "X-Request-Id": true, "Request-Id": true, "Apim-Request-Id": true,
		"Retry-After": true, "Retry-After-Ms": true, "X-Should-Retry": true, "Openai-Processing-Ms": true,
		"Openai-Version": true, "Openai-Model": true, "Aiclient2api-Request-Id": false,
		"Set-Cookie": false, "Server": false, "Alt-Svc": false, "Strict-Transport-Security": false,
		"Access-Control-Allow-Origin": false, "Openai-Organization": false, "Openai-Project": false,
		"Anthropic-Organization-Id": false, "Content-Encoding": false, "Transfer-Encoding": false, "Etag": false,
		"X-Ratelimit-Limit-Requests": false, "Anthropic-Ratelimit-Tokens-Remaining": false, "Date": false, "Cf-Ray": false,
	} {
		in.Set(name, "v")
		if got := downward(http.Header{name: {"v"}}, false); (got.Get(name) != "") != down {
			t.Errorf("%s: comes down is %v", name, !down)
		}
	}
	if out := downward(in, true); out.Get("X-Ratelimit-Limit-Requests") == "" || out.Get("Anthropic-Ratelimit-Tokens-Remaining") == "" || out.Get("Set-Cookie") != "" {
		t.Errorf("with debug headers: %v", out)
	}
}

func TestHeadersAndQueryThatGoUp(t *testing.T) {
	for name, up := range map[string]bool{
		"Anthropic-Version": true, "Anthropic-Beta": true, "Openai-Organization": true, "Openai-Project": true,
		"Openai-Beta": true, "X-Stainless-Lang": true, "Idempotency-Key": true,
		"Cookie": false, "Authorization": false, "X-Api-Key": false, "X-Forwarded-For": false, "X-Real-Ip": false,
		"Forwarded": false, "User-Agent": false, "Traceparent": false, "Accept-Encoding": false, "Host": false,
		"Referer": false, "Origin": false, "Model-Provider": false, "Via": false,
	} {
		if got, _ := Upward(http.Header{name: {"v"}}, ""); (got.Get(name) != "") != up {
			t.Errorf("%s: goes up is %v", name, !up)
		}
	}
	for query, want := range map[string]string{
		"": "", "key=secret": "", "beta=true": "beta=true", "alt=sse&key=s&x=1": "alt=sse",
		"%zz=1&beta=true": "beta=true", "key=a;beta=true": "", "alt=proto": "", "alt=media&beta=true": "beta=true", "alt=json": "alt=json",
	} {
		if _, got := Upward(nil, query); got != want {
			t.Errorf("%q went up as %q", query, got)
		}
	}
}

func TestTrailersDoNotComeDown(t *testing.T) {
	x := newExchange(t, true)
	in := answer(200, "text/event-stream", strings.NewReader(word+end))
	in.Trailer = http.Header{"X-Trailer": nil}
	res, err := x.Answer(in, Attempt{Own: true})
	if err != nil {
		t.Fatal(err)
	}
	in.Trailer["X-Trailer"] = []string{"v"} // as net/http does at the end of the body
	if len(res.Trailer) > 0 {
		t.Errorf("trailers %v", res.Trailer)
	}
}
