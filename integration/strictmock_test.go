package integration

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// strictDir is where the strict double's source is, beside the project.
const strictDir = "../../shared/strictmock"

// operatorKey is the key that the strict double wants.
const operatorKey = "sk-operator-0123456789"

// strict is a strict double of the providers' APIs. It runs as a process of
// its own, one for all tests.
type strict struct{ url string }

// TestMain runs the tests and ends the strict double.
func TestMain(m *testing.M) {
	code := m.Run()
	if endStrict != nil {
		endStrict()
	}
	os.Exit(code)
}

var endStrict func()

var startStrict = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "strictmock")
	if err != nil {
		return "", err
	}
	binary := filepath.Join(dir, "strictmock")
	if out, err := exec.Command("go", "build", "-C", strictDir, "-o", binary, ".").CombinedOutput(); err != nil {
		return "", fmt.Errorf("building: %w\n%s", err, out)
	}
	cmd := exec.Command(binary, "-addr", "127.0.0.1:0", "-key", operatorKey, "-quiet")
	out, err := cmd.StdoutPipe()
	if err != nil {
		return "", err
	}
	if err := cmd.Start(); err != nil {
		return "", err
	}
	endStrict = func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		_ = os.RemoveAll(dir)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		return "", fmt.Errorf("reading where it listens: %w", err)
	}
	_, rest, _ := strings.Cut(line, "listening on ")
	url, _, found := strings.Cut(rest, " ")
	if !found {
		return "", fmt.Errorf("it does not say where it listens: %q", line)
	}
	return url, nil
})

// newStrict returns the strict double with an empty log.
func newStrict(t *testing.T) strict {
	t.Helper()
	if _, err := os.Stat(strictDir); err != nil {
		t.Skip("the strict double of the providers is not here: no folder shared/strictmock beside the project")
	}
	url, err := startStrict()
	if err != nil {
		t.Fatalf("starting the strict double: %v", err)
	}
	s := strict{url}
	s.reset(t)
	return s
}

// reset clears the log, and what the gateway knows of accounts.
func (s strict) reset(t *testing.T) {
	t.Helper()
	forget()
	res, err := http.Post(s.url+"/_reset", "application/json", nil)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode >= 300 {
		t.Fatalf("resetting the strict double: %s", res.Status)
	}
}

// arrived is a request that the strict double got.
type arrived struct {
	Path     string              `json:"path"`
	Query    string              `json:"query"`
	Headers  map[string][]string `json:"headers"`
	Body     json.RawMessage     `json:"body"`
	Verdict  string              `json:"verdict"`
	Warnings []string            `json:"warnings"`
	Problems []struct {
		Message string `json:"message"`
	} `json:"problems"`
}

// log returns what arrived since the last reset.
func (s strict) log(t *testing.T) []arrived {
	t.Helper()
	res, err := http.Get(s.url + "/_log")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var log struct {
		Requests []arrived `json:"requests"`
	}
	if err := json.NewDecoder(res.Body).Decode(&log); err != nil {
		t.Fatal(err)
	}
	return log.Requests
}
