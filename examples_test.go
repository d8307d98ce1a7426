package aiclient2api_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/aiclient2api/caddy-aiclient2api/internal/caddytest"
)

// example is one of the files in examples/ as a test runs it.
type example struct {
	base   string // URL of the site
	port   string // of the site
	dir    string // what it writes is here
	client *http.Client
}

var (
	envPlaceholder = regexp.MustCompile(`\{env\.([A-Z0-9_]+)\}`)
	globalOptions  = regexp.MustCompile(`(?m)^\{$`)
)

// startExample starts an example, with what is fixed in it replaced: ports by
// free ones, the domain by localhost, so that Caddy's own authority signs the
// certificate and nobody outside is asked, and files by ones that go away.
// Environment variables that it names are set to "secret-of-" and their name.
func startExample(t *testing.T, file string) example {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	text := string(content)
	for _, m := range envPlaceholder.FindAllStringSubmatch(text, -1) {
		t.Setenv(m[1], "secret-of-"+m[1])
	}
	ex := example{port: strconv.Itoa(caddytest.FreePort(t)), dir: filepath.ToSlash(caddytest.StorageDir(t))}
	ex.base = "http://127.0.0.1:" + ex.port
	plain, tlsPort := ex.port, strconv.Itoa(caddytest.FreePort(t))
	secure := strings.Contains(text, "\nai.example.com {")
	if secure {
		plain, tlsPort = tlsPort, plain
		ex.base = "https://localhost:" + ex.port
	}
	text = strings.NewReplacer(
		"127.0.0.1:8080", "127.0.0.1:"+ex.port,
		"ai.example.com", "localhost",
		"output file access.log", "output file "+ex.dir+"/access.log",
	).Replace(text)
	globals := fmt.Sprintf("\thttp_port %s\n\thttps_port %s\n\tskip_install_trust\n\tstorage file_system %s\n", plain, tlsPort, ex.dir)
	if at := globalOptions.FindStringIndex(text); at != nil {
		text = text[:at[1]] + "\n" + globals + text[at[1]:]
	} else {
		text = "{\n" + globals + "}\n" + text
	}
	mustLoad(t, string(mustAdapt(t, text)))

	transport := &http.Transport{DisableKeepAlives: true}
	if secure {
		root, err := os.ReadFile(filepath.Join(ex.dir, "pki", "authorities", "local", "root.crt"))
		if err != nil {
			t.Fatal(err)
		}
		pool := x509.NewCertPool()
		if !pool.AppendCertsFromPEM(root) {
			t.Fatal("Caddy's root certificate cannot be read")
		}
		transport.TLSClientConfig = &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
	}
	ex.client = &http.Client{Transport: transport, Timeout: deadline}
	return ex
}

// TestExamples: what the documentation shows must run as it stands.
func TestExamples(t *testing.T) {
	files, err := filepath.Glob("examples/*.Caddyfile")
	if err != nil || len(files) == 0 {
		t.Fatalf("no examples: %v", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			content, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			command := "go run ./cmd/caddy run --config examples/" + filepath.Base(file) + "\n"
			if text := string(content); !strings.HasPrefix(text, "# ") || !strings.Contains(text, command) {
				t.Errorf("the file does not begin with a comment that says how to run it: %s", command)
			}
			_, warnings, err := adaptFile(string(content))
			if err != nil {
				t.Fatal(err)
			}
			for _, w := range warnings {
				t.Errorf("adapting warns: %s", w)
			}

			t.Setenv("OPENAI_API_KEY", "sk-from-the-environment")
			ex := startExample(t, file)
			status, body := answer(t, ex.client, "GET", ex.base+"/health", "")
			if status != http.StatusOK || !strings.Contains(body, `"status":"healthy"`) {
				t.Errorf("/health: status %d: %s", status, body)
			}
			// with a key for the caller the site is closed to others
			if strings.Contains(string(content), "key team") {
				if status, body := answer(t, ex.client, "GET", ex.base+"/v1/models", ""); status != http.StatusUnauthorized {
					t.Errorf("without a key: status %d: %s", status, body)
				}
			}
		})
	}
}

// TestQuickstart: without any key, the first thing that somebody tries answers.
func TestQuickstart(t *testing.T) {
	t.Setenv("OPENAI_API_KEY", "")
	ex := startExample(t, "examples/quickstart.Caddyfile")
	const ask = `{"model":"echo","messages":[{"role":"user","content":"the quick brown fox"}]`

	t.Run("whole", func(t *testing.T) {
		status, body := answer(t, ex.client, "POST", ex.base+"/v1/chat/completions", ask+"}")
		var res struct {
			Object, Model string
			Choices       []struct {
				Message      struct{ Role, Content string }
				FinishReason string `json:"finish_reason"`
			}
		}
		if err := json.Unmarshal([]byte(body), &res); err != nil || status != http.StatusOK || len(res.Choices) != 1 {
			t.Fatalf("status %d, %v: %s", status, err, body)
		}
		if c := res.Choices[0]; res.Object != "chat.completion" || res.Model != "echo" ||
			c.Message.Role != "assistant" || c.Message.Content != "the quick brown fox" || c.FinishReason != "stop" {
			t.Errorf("the answer is %s", body)
		}
	})

	t.Run("streamed", func(t *testing.T) {
		status, body := answer(t, ex.client, "POST", ex.base+"/v1/chat/completions", ask+`,"stream":true}`)
		if status != http.StatusOK {
			t.Fatalf("status %d: %s", status, body)
		}
		var text, last string
		chunks := 0
		for lines := bufio.NewScanner(strings.NewReader(body)); lines.Scan(); {
			data, found := strings.CutPrefix(lines.Text(), "data: ")
			if !found {
				continue
			}
			if last = data; data == "[DONE]" {
				continue
			}
			var chunk struct {
				Choices []struct{ Delta struct{ Content string } }
			}
			if err := json.Unmarshal([]byte(data), &chunk); err != nil || len(chunk.Choices) != 1 {
				t.Fatalf("%v in chunk %s", err, data)
			}
			chunks++
			text += chunk.Choices[0].Delta.Content
		}
		if text != "the quick brown fox" || chunks < 4 || last != "[DONE]" {
			t.Errorf("%d chunks say %q and end with %q:\n%s", chunks, text, last, body)
		}
	})

	t.Run("other models wait for a key", func(t *testing.T) {
		status, body := answer(t, ex.client, "POST", ex.base+"/v1/chat/completions", strings.Replace(ask, "echo", "gpt-5", 1)+"}")
		if status != http.StatusServiceUnavailable || !strings.Contains(body, "openai") {
			t.Errorf("status %d: %s", status, body)
		}
	})
}

// TestQuickstartIsForThisMachineOnly: a site's address is a matcher of names;
// it is "bind" that keeps the network out. Another loopback address stands for
// the network.
func TestQuickstartIsForThisMachineOnly(t *testing.T) {
	ex := startExample(t, "examples/quickstart.Caddyfile")
	answer(t, ex.client, "GET", ex.base+"/health", "")
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", "127.0.0.2:"+ex.port)
	if err == nil {
		_ = conn.Close()
		t.Fatal("the port can be reached at another address")
	}
	// a system that has no such address does not let the dial get that far
	if !errors.Is(err, syscall.ECONNREFUSED) && !errors.Is(err, syscall.EADDRNOTAVAIL) && !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("dialling failed for another reason: %v", err)
	}
}

// TestAccessLogExample: the log says who asked for what, and holds the secret
// at none of the places where clients put it.
func TestAccessLogExample(t *testing.T) {
	ex := startExample(t, "examples/access-log.Caddyfile")
	const secret = "secret-of-GATEWAY_KEY"
	for _, tt := range []struct{ name, header, value, query string }{
		{"bearer", "Authorization", "Bearer " + secret, ""},
		{"x-api-key", "X-Api-Key", secret, ""},
		{"x-goog-api-key", "X-Goog-Api-Key", secret, ""},
		{"query", "", "", "?key=" + secret + "&alt=sse"},
		{"websocket", "Sec-Websocket-Protocol", "realtime, openai-insecure-api-key." + secret, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			before := len(accessLog(t, ex))
			req, err := http.NewRequestWithContext(t.Context(), "POST", ex.base+"/v1/chat/completions"+tt.query,
				strings.NewReader(`{"model":"echo","messages":[{"role":"user","content":"one two"}]}`))
			if err != nil {
				t.Fatal(err)
			}
			if tt.header != "" {
				req.Header.Set(tt.header, tt.value)
			}
			res, err := ex.client.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			_ = res.Body.Close()
			if res.StatusCode != http.StatusOK {
				t.Fatalf("status %d", res.StatusCode)
			}
			// the entry is written after the answer
			var entries []string
			for until := time.Now().Add(deadline); len(entries) <= before; entries = accessLog(t, ex) {
				if time.Now().After(until) {
					t.Fatal("no entry in the access log")
				}
				time.Sleep(5 * time.Millisecond) // the pause of the poll
			}
			entry := entries[before]
			if strings.Contains(entry, "secret-of") {
				t.Errorf("the log holds the secret: %s", entry)
			}
			var got struct {
				Status int
				Facts  struct {
					Key, Model, Provider, Account string
					Attempts                      int
				} `json:"aiclient2api"`
			}
			if err := json.Unmarshal([]byte(entry), &got); err != nil {
				t.Fatal(err)
			}
			if f := got.Facts; got.Status != 200 || f.Key != "team" || f.Model != "echo" || f.Provider != "echo" || f.Account != "1" || f.Attempts != 1 {
				t.Errorf("the entry says %+v: %s", got, entry)
			}
		})
	}
}

// accessLog returns the whole lines of an example's access log.
func accessLog(t *testing.T, ex example) (lines []string) {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(ex.dir, "access.log"))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(content)) {
		if strings.HasSuffix(line, "\n") {
			lines = append(lines, line)
		}
	}
	return lines
}
