package aiclient2api

import (
	"fmt"
	"regexp"

	"github.com/caddyserver/caddy/v2"
)

var validName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]*$`)

// reserved are the names that providers cannot have: paths begin with them.
var reserved = map[string]bool{"v1": true, "v1beta": true, "health": true}

// checkName checks the name of a key, a provider or an account and notes it
// in taken.
func checkName(what, name string, taken map[string]bool) error {
	switch {
	case !validName.MatchString(name):
		return fmt.Errorf("%s %q: a name has letters, digits, '.', '_' and '-', and begins with a letter or a digit", what, name)
	case what == "provider" && reserved[name]:
		return fmt.Errorf("provider %q: the name is reserved, because paths begin with it", name)
	case taken[name]:
		return fmt.Errorf("%s %q: the name is taken", what, name)
	}
	taken[name] = true
	return nil
}

// resolve resolves the placeholders of a value at load.
func resolve(repl *caddy.Replacer, value string) (string, error) {
	return repl.ReplaceOrErr(value, false, true)
}

// resolveAll resolves the placeholders of each value. A list that was not
// configured stays nil.
func resolveAll(repl *caddy.Replacer, values []string) ([]string, error) {
	var out []string
	for _, v := range values {
		r, err := resolve(repl, v)
		if err != nil {
			return nil, err
		}
		if r == "" {
			return nil, fmt.Errorf("%q is empty", v)
		}
		out = append(out, r)
	}
	return out, nil
}
