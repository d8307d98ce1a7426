package aiclient2api

import (
	"errors"
	"strconv"
	"strings"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
)

// This file reads what words of the directive are followed by.

// duration parses a length of time, which is more than none.
func (p *parser) duration(d *caddy.Duration) error {
	word := p.Val()
	var text string
	if !p.AllArgs(&text) {
		return p.ArgErr()
	}
	parsed, err := caddy.ParseDuration(text)
	if err != nil {
		return p.Errf("%s: %q is no duration: %v", word, text, err)
	}
	if parsed <= 0 {
		return p.Errf("%s: %q must be more than 0", word, text)
	}
	*d = caddy.Duration(parsed)
	return nil
}

// number parses a whole number from 1 to most.
func (p *parser) number(n *int, most int) error {
	word := p.Val()
	var text string
	if !p.AllArgs(&text) {
		return p.ArgErr()
	}
	parsed, err := strconv.Atoi(text)
	if err != nil || parsed < 1 || parsed > most {
		return p.Errf("%s: %q is no number from 1 to %d", word, text, most)
	}
	*n = parsed
	return nil
}

// args returns the rest of the line, as texts and as tokens.
func (p *parser) args() (texts []string, tokens []caddyfile.Token) {
	for p.NextArg() {
		texts = append(texts, p.Val())
		tokens = append(tokens, p.Token())
	}
	return texts, tokens
}

// patterns returns the patterns on the rest of the line, at least one.
func (p *parser) patterns() ([]string, error) {
	patterns, tokens := p.args()
	if len(patterns) == 0 {
		return nil, p.ArgErr()
	}
	for i, pattern := range patterns {
		if pattern == "" {
			return nil, errAt(tokens[i], errors.New("models: a pattern is empty"))
		}
	}
	return patterns, nil
}

// bare checks that nothing follows a word.
func (p *parser) bare() error {
	if p.NextArg() {
		return p.ArgErr()
	}
	return nil
}

// once notes a word that may stand once only.
func (p *parser) once(word string, said map[string]bool) error {
	if said[word] {
		return p.Errf("'%s' stands twice", word)
	}
	said[word] = true
	return nil
}

// errAt is an error with the file and line of a token.
func errAt(t caddyfile.Token, err error) error {
	d := caddyfile.NewDispenser([]caddyfile.Token{t})
	d.Next()
	return d.WrapErr(err)
}

// hasPlaceholder reports whether a value is known at load only.
func hasPlaceholder(s string) bool { return strings.Contains(s, "{") }
