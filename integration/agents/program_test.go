//go:build unix

package agents

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// patience is how long an agent may take. It is a bound for failing tests: a
// run takes a few seconds.
const patience = 90 * time.Second

// program is an agent as it is started for one prompt.
type program struct {
	name  string
	files map[string]string // of its configuration, below its home
	env   []string
	args  []string // the prompt stands behind them
}

// outcome is what an agent wrote.
type outcome struct {
	stdout, stderr string
}

// start lets an agent do its work in a folder, with a home of its own and
// nothing of this process's environment but the path. It returns when the agent
// and all that it started have ended.
func (p program) start(t *testing.T, border, dir, prompt string) outcome {
	t.Helper()
	home := t.TempDir()
	for name, content := range p.files {
		file := filepath.Join(home, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, filepath.Join(os.Getenv("AGENTS"), p.name), append(p.args, prompt)...)
	cmd.Dir = dir
	cmd.Env = append([]string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + home, "TMPDIR=" + home, "LANG=C.UTF-8", "SHELL=/bin/bash",
		"HTTP_PROXY=" + border, "HTTPS_PROXY=" + border, "NO_PROXY=127.0.0.1,localhost",
	}, p.env...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = time.Second
	err := cmd.Run()
	if cmd.Process != nil {
		_ = cmd.Cancel() // what it left behind
	}
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		t.Errorf("%s did not end in %v", p.name, patience)
	} else if err != nil {
		t.Errorf("%s: %v", p.name, err)
	}
	return outcome{stdout.String(), stderr.String()}
}
