package aiclient2api_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	caddycmd "github.com/caddyserver/caddy/v2/cmd"
	"github.com/spf13/cobra"
	"github.com/tidwall/gjson"
)

// runCommand runs `caddy aiclient2api` for a running Caddy. An error is an exit
// status of 1.
func runCommand(t *testing.T, a *administered, args ...string) (string, error) {
	t.Helper()
	return execute(t, append(args, "--address", a.admin)...)
}

func execute(t *testing.T, args ...string) (string, error) {
	t.Helper()
	cmd := &cobra.Command{Use: "aiclient2api", SilenceUsage: true, SilenceErrors: true}
	caddycmd.Commands()["aiclient2api"].CobraFunc(cmd)
	var out bytes.Buffer
	cmd.SetOut(&out)
	cmd.SetErr(&out)
	cmd.SetArgs(args)
	err := cmd.ExecuteContext(t.Context())
	return out.String(), err
}

func TestStatusCommand(t *testing.T) {
	v := repeating(t)
	a := administer(t, accountsBlock(v, ""))
	a.chat(t, 0, "gpt-\x1b[31m4o", false)
	text, err := runCommand(t, a, "status")
	if err != nil {
		t.Errorf("an account is left, and the command fails: %v", err)
	}
	lines := strings.Split(text, "\n")
	column := strings.Index(lines[0], "STATE")
	if len(lines) != 6 || column < 0 {
		t.Fatalf("the table is\n%s", text)
	}
	for i, want := range []string{"STATE", "ready", "ready", "cooling", "cooling"} {
		line := []rune(lines[i])
		if !strings.HasPrefix(string(line[min(len(line), column):]), want) {
			t.Errorf("line %d has no %s below STATE:\n%s", i, want, text)
		}
	}
	if strings.Contains(text, "\x1b") || !strings.Contains(text, "4o") {
		t.Errorf("a client's model obeys to the terminal: %q", text)
	}
	text, err = runCommand(t, a, "status", "--json")
	if err != nil || gjson.Get(text, "providers.0.accounts.#").Int() != 3 {
		t.Errorf("--json gives %v and %s", err, text)
	}

	for _, account := range []string{"fine", "limited"} {
		a.do(t, "POST", "/aiclient2api/providers/openai/accounts/"+account+"/disable", "")
	}
	for _, args := range [][]string{{"status"}, {"status", "--json"}} {
		if text, err = runCommand(t, a, args...); err == nil || !strings.Contains(err.Error(), "no account may be asked of provider openai") || text == "" {
			t.Errorf("%v: no account is left, and the command says %v\n%s", args, err, text)
		}
	}
}

func TestTestCommand(t *testing.T) {
	v := repeating(t)
	a := administer(t, accountsBlock(v, "provider echo"))
	text, err := runCommand(t, a, "test", "echo", "--message", "one\n\x1btwo", "--stream")
	if err != nil || !strings.HasSuffix(text, "\n\none\n\uFFFDtwo\n") || !strings.Contains(text, "provider        echo\n") {
		t.Errorf("the command says %v and %q", err, text)
	}
	text, err = runCommand(t, a, "test", "gpt-4o")
	if err != nil || !strings.Contains(text, "attempt 1       openai/refused gpt-4o: credential, ") || !strings.Contains(text, "tokens          input=7 output=3\n") {
		t.Errorf("the command says %v and\n%s", err, text)
	}
	text, err = runCommand(t, a, "test", "echo", "--json")
	if err != nil || !gjson.Get(text, "ok").Bool() {
		t.Errorf("--json gives %v and %s", err, text)
	}
	for name, args := range map[string][]string{
		"no model":        {"test"},
		"unknown model":   {"test", "claude"},
		"unknown flag":    {"test", "echo", "--nonsense"},
		"one too many":    {"status", "echo"},
		"failed test":     {"test", "nobody/x", "--handler", "0", "--json"},
		"unknown command": {"stat"},
	} {
		if text, err := runCommand(t, a, args...); err == nil {
			t.Errorf("%s: exit status is 0 for\n%s", name, text)
		}
	}
	if _, err := execute(t, "status", "--address", "127.0.0.1:1"); err == nil {
		t.Error("nobody listens, and the exit status is 0")
	}
	if text, err := execute(t); err != nil || !strings.Contains(text, "Available Commands") {
		t.Errorf("without a command the help is not printed: %v\n%s", err, text)
	}
}

// The admin API's address is found in a configuration, as Caddy's own commands
// find it.
func TestCommandFindsTheAddressInTheConfiguration(t *testing.T) {
	a := administer(t, "open\nprovider echo")
	dir := t.TempDir()
	for name, config := range map[string]string{
		"caddy.json": `{"admin":{"listen":"` + a.admin + `"}}`,
		"Caddyfile":  "{\n\tadmin " + a.admin + "\n}\n",
	} {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
			t.Fatal(err)
		}
		if text, err := execute(t, "status", "--config", file); err != nil || !strings.Contains(text, "echo") {
			t.Errorf("%s: %v\n%s", name, err, text)
		}
	}
}
