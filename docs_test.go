package aiclient2api_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var block = regexp.MustCompile("(?s)```caddyfile\n(.*?)```")

// Documentation is code: every Caddyfile in it is adapted, but for those that
// show the syntax. One that is no site of its own stands in one.
func TestCaddyfilesInTheDocumentation(t *testing.T) {
	files, err := filepath.Glob("docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, file := range append(files, "README.md", "xcaddy.md") {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range block.FindAllSubmatch(text, -1) {
			caddyfile := string(m[1])
			if strings.Contains(caddyfile, "<") {
				continue
			}
			found++
			if strings.HasPrefix(caddyfile, "log") {
				caddyfile = ":8080 {\n" + caddyfile + "}\n"
			}
			if _, _, err := adaptFile(caddyfile); err != nil {
				t.Errorf("%s: %v in\n%s", file, err, caddyfile)
			}
		}
	}
	if found < 2 {
		t.Errorf("only %d Caddyfiles were found", found)
	}
}

// The README's commands are all there is to set up: they must lead somewhere.
func TestReadmeCommands(t *testing.T) {
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, command := range []string{
		"go run ./cmd/caddy run --config examples/quickstart.Caddyfile",
		"go test ./...",
		"xcaddy build --with github.com/aiclient2api/caddy-aiclient2api",
	} {
		if !strings.Contains(string(text), "\n"+command+"\n") {
			t.Errorf("the README does not say %q", command)
		}
	}
	for _, m := range regexp.MustCompile(`\]\(([a-zA-Z./_-]+)\)`).FindAllSubmatch(text, -1) {
		if _, err := os.Stat(string(m[1])); err != nil {
			t.Errorf("the README leads nowhere: %v", err)
		}
	}
}
