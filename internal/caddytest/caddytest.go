// Package caddytest is what all tests need that run a Caddy in their process:
// ports and folders.
package caddytest

import (
	"net"
	"os"
	"testing"
)

// FreePort returns a port of 127.0.0.1 that nobody listens on. It is the
// system's choice from a large range, so that nobody takes it in the moment
// until it is used.
func FreePort(t testing.TB) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// StorageDir returns a folder for Caddy's storage and logs, which goes with the
// test. Unlike t.TempDir it does not mind if Caddy, which cleans its storage in
// the background, still writes there when the test ends.
func StorageDir(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "aiclient2api-test-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if os.RemoveAll(dir) != nil {
			_ = os.RemoveAll(dir)
		}
	})
	return dir
}
