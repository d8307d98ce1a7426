package aiclient2api

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/caddyserver/caddy/v2"

	"github.com/aiclient2api/caddy-aiclient2api/internal/upstream"
)

func init() { caddy.RegisterModule(Admin{}) }

// Admin adds to Caddy's admin API how the accounts are, lets them out of use
// and in again, and asks a model through the gateway:
//
// Request | What it does
// --------|-------------
// `GET /aiclient2api/providers` | The providers with their accounts, their states and what was counted
// `POST /aiclient2api/providers/{provider}/accounts/{account}/enable` | The account may be asked again
// `POST /aiclient2api/providers/{provider}/accounts/{account}/disable` | The account is not asked until it is enabled
// `POST /aiclient2api/providers/{provider}/accounts/{account}/reset` | What is known of failures is forgotten, and the account may be asked
// `POST /aiclient2api/test` | A model is asked as a client would, and the answer tells who answered
type Admin struct{}

// CaddyModule returns the Caddy module information.
func (Admin) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{
		ID:  "admin.api.aiclient2api",
		New: func() caddy.Module { return new(Admin) },
	}
}

// The paths of the admin API.
const (
	adminPath     = "/aiclient2api/"
	providersPath = adminPath + "providers"
	accountPath   = providersPath + "/{provider}/accounts/{account}/{action}"
	testPath      = adminPath + "test"
)

// Routes returns the routes of the admin API.
func (Admin) Routes() []caddy.AdminRoute {
	return []caddy.AdminRoute{
		{Pattern: providersPath, Handler: caddy.AdminHandlerFunc(serveProviders)},
		{Pattern: accountPath, Handler: caddy.AdminHandlerFunc(serveAction)},
		{Pattern: testPath, Handler: caddy.AdminHandlerFunc(serveTest)},
		{Pattern: adminPath, Handler: caddy.AdminHandlerFunc(func(http.ResponseWriter, *http.Request) error {
			return adminError(http.StatusNotFound, "there is nothing here: there are %s, %s and %s", providersPath, accountPath, testPath)
		})},
	}
}

// adminError is an error in the shape of Caddy's admin API.
func adminError(status int, format string, args ...any) error {
	return caddy.APIError{HTTPStatus: status, Err: fmt.Errorf(format, args...)}
}

// takes checks the method of a request.
func takes(method string, w http.ResponseWriter, r *http.Request) error {
	if r.Method == method {
		return nil
	}
	w.Header().Set("Allow", method)
	return adminError(http.StatusMethodNotAllowed, "this path takes %s", method)
}

// tell answers with JSON.
func tell(w http.ResponseWriter, v any) error {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}

// serveProviders tells how the accounts are.
func serveProviders(w http.ResponseWriter, r *http.Request) error {
	if err := takes(http.MethodGet, w, r); err != nil {
		return err
	}
	return tell(w, status(upstream.All(), time.Now()))
}

// actions are what can be done with an account.
var actions = map[string]func(*upstream.Shared){
	"enable":  func(s *upstream.Shared) { s.Disable(false) },
	"disable": func(s *upstream.Shared) { s.Disable(true) },
	"reset":   func(s *upstream.Shared) { s.Reset() },
}

// serveAction does something with all accounts of a name, and tells how they
// are then.
func serveAction(w http.ResponseWriter, r *http.Request) error {
	provider, account := r.PathValue("provider"), r.PathValue("account")
	act := actions[r.PathValue("action")]
	if act == nil {
		return adminError(http.StatusNotFound, "with an account one can do enable, disable and reset")
	}
	if err := takes(http.MethodPost, w, r); err != nil {
		return err
	}
	var hit []*upstream.Shared
	known := false
	for _, s := range upstream.All() {
		if s.Provider != provider {
			continue
		}
		known = true
		if s.Account == account {
			act(s)
			hit = append(hit, s)
		}
	}
	switch {
	case !known:
		return adminError(http.StatusNotFound, "there is no provider %q", clip(provider))
	case hit == nil:
		return adminError(http.StatusNotFound, "provider %q has no account %q", provider, clip(account))
	}
	return tell(w, status(hit, time.Now()))
}

// testRequest is the body of a test.
type testRequest struct {
	// Model is asked for as clients do. Required.
	Model string `json:"model"`
	// Message is the user's. Default: one that wants a short answer.
	Message string `json:"message,omitempty"`
	// Stream is whether the answer is asked for as a stream.
	Stream bool `json:"stream,omitempty"`
	// Handler is the one that is asked if there are several: a host of its site,
	// an address that its server listens on, or its number from 0. Default: the
	// first that knows the model.
	Handler string `json:"handler,omitempty"`
}

// testMessage is the default of a test's message.
const testMessage = "Answer with the word OK and nothing else."

// mostOfTest bounds the body of a test, in bytes.
const mostOfTest = 256 << 10

// serveTest asks a model.
func serveTest(w http.ResponseWriter, r *http.Request) error {
	if err := takes(http.MethodPost, w, r); err != nil {
		return err
	}
	var asked testRequest
	dec := json.NewDecoder(http.MaxBytesReader(w, r.Body, mostOfTest))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&asked); err != nil && !errors.Is(err, io.EOF) {
		return adminError(http.StatusBadRequest, "reading the test's JSON: %w", err)
	}
	if asked.Model == "" {
		return adminError(http.StatusBadRequest, `a test wants a model: {"model":"<name>"}`)
	}
	list := running()
	at, ok := choose(list, asked.Handler, asked.Model)
	switch {
	case len(list) == 0:
		return adminError(http.StatusNotFound, "the configuration that runs has no handler aiclient2api in its routes")
	case !ok && asked.Handler != "":
		return adminError(http.StatusNotFound, "there is no handler %q: there are %s", clip(asked.Handler), names(list))
	case !ok:
		return adminError(http.StatusNotFound, "no handler knows the model %q", clip(asked.Model))
	}
	q := &inquiry{model: asked.Model, message: cmp.Or(asked.Message, testMessage), stream: asked.Stream}
	found, err := q.ask(r.Context(), at)
	if err != nil {
		return adminError(http.StatusInternalServerError, "asking the handler: %w", err)
	}
	return tell(w, found)
}

// Interface guards
var (
	_ caddy.Module      = Admin{}
	_ caddy.AdminRouter = (*Admin)(nil)
)
