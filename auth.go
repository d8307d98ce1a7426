package aiclient2api

import (
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/caddyserver/caddy/v2"

	"github.com/aiclient2api/caddy-aiclient2api/internal/glob"
)

// Key is a client key: who may call, and which models.
type Key struct {
	// The key's name, for logs.
	Name string `json:"name"`

	// The key's secrets, each of at least 8 bytes. Any of them opens; several
	// are for rotation. Placeholders are resolved at load.
	Secrets []string `json:"secrets"`

	// Patterns of the model names that the key may use, as the client writes
	// them; `*` is any run of characters. Default: all.
	Models []string `json:"models,omitempty"`
}

// minSecret is the least length of a client key's secret, in bytes.
const minSecret = 8

// callers knows the client keys. It does not change after it was made.
type callers struct {
	open      bool
	byDigest  map[[sha256.Size]byte]credential
	templates secretTemplates
}

// credential is one secret of a key.
type credential struct {
	digest [sha256.Size]byte
	key    *Key
}

func newCallers(open bool, keys []*Key, repl *caddy.Replacer) (*callers, error) {
	c := &callers{open: open, byDigest: make(map[[sha256.Size]byte]credential)}
	names := make(map[string]bool)
	for i, k := range keys {
		if k == nil {
			return nil, fmt.Errorf("key %d is null", i+1)
		}
		if err := checkName("key", k.Name, names); err != nil {
			return nil, err
		}
		resolved := &Key{Name: k.Name}
		var err error
		if resolved.Models, err = resolveAll(repl, k.Models); err != nil {
			return nil, fmt.Errorf("key %q: models: %w", k.Name, err)
		}
		if len(k.Secrets) == 0 {
			return nil, fmt.Errorf("key %q: no secret", k.Name)
		}
		for _, s := range k.Secrets {
			secret, err := resolveSecret(repl, s)
			if err != nil {
				return nil, fmt.Errorf("key %q: %w", k.Name, err)
			}
			if err := checkSecret(secret); err != nil {
				return nil, fmt.Errorf("key %q: %w", k.Name, err)
			}
			digest := sha256.Sum256([]byte(secret))
			if other, found := c.byDigest[digest]; found {
				return nil, fmt.Errorf("key %q: has a secret that key %q has already", k.Name, other.key.Name)
			}
			c.byDigest[digest] = credential{digest, resolved}
		}
	}
	return c, nil
}

// checkSecret checks a client key's secret. The error does not tell it.
func checkSecret(secret string) error {
	if secret == "" {
		return fmt.Errorf("a secret is empty")
	}
	if len(secret) < minSecret {
		return fmt.Errorf("a secret has %d bytes, at least %d are needed", len(secret), minSecret)
	}
	return nil
}

// caller is who sent a request.
type caller struct {
	key     *Key     // nil if anybody may call
	secrets []string // credentials for providers that the request brought along
}

// may reports whether the caller may use a model, by the name that it used.
func (c caller) may(model string) bool {
	return c.key == nil || c.key.Models == nil || glob.Any(c.key.Models, model)
}

// credentials are the headers in which clients send their keys. They are taken
// out of a request.
var credentials = [...]string{"Authorization", "X-Api-Key", "X-Goog-Api-Key"}

// identify takes all credentials out of the request, header, query and URI,
// and returns whose they are; ok is false if nobody's that may call. It is
// enough if one of several is right.
func (c *callers) identify(r *http.Request) (who caller, ok bool) {
	who.secrets = c.templates.resolve(r)
	ok = c.open
	try := func(secret string) {
		if secret == "" || c.open {
			return
		}
		digest := sha256.Sum256([]byte(secret))
		cred, found := c.byDigest[digest]
		if found && subtle.ConstantTimeCompare(cred.digest[:], digest[:]) == 1 {
			who.key, ok = cred.key, true
		}
	}
	for _, name := range credentials {
		for _, value := range r.Header[name] {
			if name == "Authorization" {
				value = bearer(value)
			}
			try(value)
		}
		delete(r.Header, name)
	}
	for _, list := range r.Header["Sec-Websocket-Protocol"] {
		for part := range strings.SplitSeq(list, ",") {
			if secret, found := strings.CutPrefix(strings.TrimSpace(part), websocketKey); found {
				try(secret)
			}
		}
	}
	delete(r.Header, "Sec-Websocket-Protocol")
	if strings.Contains(r.URL.RawQuery, "key") || strings.Contains(r.URL.RawQuery, "%") {
		r.URL.RawQuery = cutKey(r.URL.RawQuery, try)
		r.RequestURI = r.URL.RequestURI()
	}
	return who, ok
}

// isForgery reports whether a request comes from a page of another site without
// the browser having asked us before: a page may send anything but JSON to
// anybody. Where no key is wanted, a page that its user happens to visit would
// else spend the accounts of a gateway on the user's own machine.
func isForgery(r *http.Request) bool {
	from := r.Header.Get("Sec-Fetch-Site")
	return r.Method == http.MethodPost && (from == "cross-site" || from == "same-site") &&
		!strings.HasPrefix(r.Header.Get("Content-Type"), "application/json")
}

// websocketKey is what OpenAI's browser clients put before the key in a
// WebSocket's subprotocols.
const websocketKey = "openai-insecure-api-key."

// bearer returns the token of an Authorization header, "" if it has another
// scheme.
func bearer(value string) string {
	scheme, token, _ := strings.Cut(value, " ")
	if !strings.EqualFold(scheme, "bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}

// cutKey takes the parameter "key" out of a query and hands its values to try.
func cutKey(query string, try func(string)) string {
	kept := make([]string, 0, 4)
	for pair := range strings.SplitSeq(query, "&") {
		name, value, _ := strings.Cut(pair, "=")
		if name, err := url.QueryUnescape(name); err != nil || name != "key" {
			kept = append(kept, pair)
			continue
		}
		if value, err := url.QueryUnescape(value); err == nil {
			try(value)
		}
	}
	return strings.Join(kept, "&")
}

// secretTemplates are the credentials of accounts that come with the request:
// placeholders that are resolved for each one.
type secretTemplates []string

// add returns where the template's value will stand.
func (t *secretTemplates) add(template string) int {
	for i, known := range *t {
		if known == template {
			return i
		}
	}
	*t = append(*t, template)
	return len(*t) - 1
}

// resolve returns the values for a request. It must be called before the
// client's own credentials are taken out, since they may be what is meant.
func (t secretTemplates) resolve(r *http.Request) []string {
	if len(t) == 0 {
		return nil
	}
	repl := r.Context().Value(caddy.ReplacerCtxKey).(*caddy.Replacer)
	values := make([]string, len(t))
	for i, template := range t {
		values[i] = repl.ReplaceAll(template, "")
		if token := bearer(values[i]); token != "" {
			values[i] = token
		}
	}
	return values
}

// perRequest reports whether a secret can be resolved with a request only.
func perRequest(secret string) bool { return strings.Contains(secret, "{http.") }

// resolveSecret resolves the placeholders of a secret at load. The error does
// not tell the secret, of which a brace may be a part.
func resolveSecret(repl *caddy.Replacer, secret string) (string, error) {
	resolved, err := repl.ReplaceOrErr(secret, false, true)
	if err != nil {
		return "", errors.New("a secret has a placeholder that is not known at load")
	}
	return resolved, nil
}
