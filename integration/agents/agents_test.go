//go:build unix

package agents

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// What the agents write into a file, and what they say when they are done.
const (
	note     = "Grüße 🌍 \"quoted\" \\ end.\n"
	farewell = "The note is written: Grüße 🌍 \"quoted\" \\ end."
)

// agent is one of the agents.
type agent struct {
	name  string
	model string // as the agent asks for it
	// program is how it is started against a gateway, calls what the model asks of
	// it, to be done in a folder: first to write the note, then to show it and to
	// fail.
	program func(url, model string) program
	calls   func(dir string) []call
	not     string // the format in which its tools are not those of the script
}

var agents = []agent{
	{name: "claude code", model: "house-model", program: claudeCode, calls: claudeCodeCalls},
	{name: "codex", model: "house-model", program: codex, calls: codexCalls},
	// with this model's name Codex offers tools of plain text
	{name: "codex with custom tools", model: "gpt-5.5", program: codex, calls: codexPatches, not: "responses"},
	{name: "gemini cli", model: "house-model", program: geminiCLI, calls: geminiCLICalls},
}

func claudeCode(url, model string) program {
	return program{
		name: "claude",
		env: []string{
			"ANTHROPIC_BASE_URL=" + url, "ANTHROPIC_API_KEY=" + clientKey,
			"CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC=1",
		},
		args: []string{"--model", model, "--allowedTools", "Bash,Write", "--print"},
	}
}

func claudeCodeCalls(dir string) []call {
	return []call{
		{"call_one", "Write", map[string]any{"file_path": filepath.Join(dir, "note.txt"), "content": note}},
		{"call_two", "Bash", map[string]any{"command": "echo shown by the shell", "description": "Show a line"}},
	}
}

func codex(url, model string) program {
	return program{
		name: "codex",
		files: map[string]string{".codex/config.toml": `
			model = "` + model + `"
			model_provider = "gateway"
			check_for_update_on_startup = false
			analytics.enabled = false
			features.plugins = false
			[model_providers.gateway]
			name = "gateway"
			base_url = "` + url + `/v1"
			env_key = "GATEWAY_KEY"
			wire_api = "responses"
		`},
		env:  []string{"GATEWAY_KEY=" + clientKey},
		args: []string{"exec", "--skip-git-repo-check", "--sandbox", "danger-full-access"},
	}
}

func codexCalls(dir string) []call {
	return []call{
		{"call_one", "exec_command", map[string]any{"cmd": "printf '%s' '" + note + "' > note.txt", "workdir": dir}},
		{"call_two", "exec_command", map[string]any{"cmd": "echo shown by the shell", "workdir": dir}},
	}
}

func codexPatches(dir string) []call {
	calls := codexCalls(dir)
	calls[0] = call{"call_one", "apply_patch", map[string]any{
		"input": "*** Begin Patch\n*** Add File: note.txt\n+" + note + "*** End Patch\n",
	}}
	return calls
}

func geminiCLI(url, model string) program {
	return program{
		name: "gemini",
		files: map[string]string{".gemini/settings.json": `{
			"general": {"enableAutoUpdate": false, "enableAutoUpdateNotification": false},
			"privacy": {"usageStatisticsEnabled": false},
			"security": {"auth": {"selectedType": "gemini-api-key"}}
		}`},
		env:  []string{"GOOGLE_GEMINI_BASE_URL=" + url, "GEMINI_API_KEY=" + clientKey},
		args: []string{"--model", model, "--approval-mode", "yolo", "--skip-trust", "--prompt"},
	}
}

func geminiCLICalls(dir string) []call {
	return []call{
		{"call_one", "write_file", map[string]any{"file_path": filepath.Join(dir, "note.txt"), "content": note}},
		{"call_two", "run_shell_command", map[string]any{"command": "echo shown by the shell", "description": "Show a line"}},
	}
}

// model is a vendor's API with a model that follows the script: it calls tools
// once, and has a last word when it was told what they came to.
type model struct {
	wire
	script []call

	mu   sync.Mutex
	came []map[string]any // the bodies of the requests
}

func (m *model) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	raw, err := io.ReadAll(r.Body)
	var body map[string]any
	if err != nil || json.Unmarshal(raw, &body) != nil {
		http.Error(w, "not JSON", http.StatusBadRequest)
		return
	}
	m.mu.Lock()
	m.came = append(m.came, body)
	m.mu.Unlock()
	events := m.says(farewell)
	if len(m.results(body)) == 0 {
		events = m.calls(m.script)
	}
	w.Header().Set("Content-Type", "text/event-stream")
	for _, e := range events {
		_, _ = io.WriteString(w, e+"\n\n")
		_ = http.NewResponseController(w).Flush()
	}
}

// Agents do their work with models of each vendor: they offer their tools, do
// what the model calls them for, and tell it what came of that.
func TestAgents(t *testing.T) {
	if os.Getenv("AGENTS") == "" {
		t.Skip("the agents' programs are not here: AGENTS names no folder; .ci/agents installs them")
	}
	for _, a := range agents {
		for _, w := range wires {
			if w.format != a.not {
				t.Run(a.name+"/"+w.format, func(t *testing.T) { work(t, a, w) })
			}
		}
	}
}

// work lets an agent do its work with the model of a vendor.
func work(t *testing.T, a agent, w wire) {
	t.Helper()
	dir := t.TempDir()
	m := &model{wire: w, script: a.calls(dir)}
	vendor := httptest.NewServer(m)
	t.Cleanup(vendor.Close)
	g, border := run(t, w, vendor.URL), newBorder(t)

	out := a.program(g.url, a.model).start(t, border.URL, dir, "Write a note, please.")
	if got := strings.TrimSpace(out.stdout); got != farewell {
		t.Errorf("stdout is %q, want %q", got, farewell)
	}
	if got, err := os.ReadFile(filepath.Join(dir, "note.txt")); string(got) != note {
		t.Errorf("the note is %q, want %q (%v)", got, note, err)
	}
	if hosts := border.asked(); len(hosts) > 0 {
		t.Errorf("it asked for hosts beyond the test: %q", hosts)
	}
	m.check(t)
	for _, e := range g.entries(t) {
		if e.Status != http.StatusOK || e.Facts.Failure != "" || e.Facts.Interrupted != "" || e.Facts.Lost != "" {
			t.Errorf("%s %s: status %d, failure %q, interrupted %q, lost %q",
				e.Request.Method, e.Request.URI, e.Status, e.Facts.Failure, e.Facts.Interrupted, e.Facts.Lost)
		}
	}
	if t.Failed() {
		t.Logf("stderr:\n%s", out.stderr)
	}
}

// check checks what arrived: the request that the model answered with calls,
// and the one that tells what they came to.
func (m *model) check(t *testing.T) {
	t.Helper()
	if len(m.came) != 2 {
		t.Errorf("%d requests arrived at the vendor, want 2", len(m.came))
	}
	if len(m.came) == 0 {
		return
	}
	for _, c := range m.script {
		if offered := m.offered(m.came[0]); !slices.Contains(offered, c.name) {
			t.Errorf("the tool %s is not on offer: %q", c.name, offered)
		}
	}
	last := m.came[len(m.came)-1]
	got := m.results(last)
	if len(got) != 2 || got[0].id != "call_one" || got[1].id != "call_two" || !strings.Contains(got[1].text, "shown by the shell") {
		t.Errorf("the results are %q, want those of call_one and call_two, in this order", got)
	}
	if m.format != "chat" && !strings.Contains(encoded(last), signature) {
		t.Error("the signed thought did not come back")
	}
}
