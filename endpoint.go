package aiclient2api

import (
	"net/http"
	"slices"
	"strings"

	"github.com/aiclient2api/caddy-aiclient2api/formats"
	"github.com/aiclient2api/caddy-aiclient2api/formats/standard"
)

// endpoint is what a request's path says.
type endpoint struct {
	what   what
	op     formats.Operation // if what is inference
	client formats.Client    // whose protocol the path belongs to
	pin    *Provider         // the provider that the path names, nil if none

	// model is the model that the path names: one of the list, or, in Gemini's
	// protocol, the one that is asked. Then stream is whether for a stream.
	model  string
	named  bool
	stream bool

	// below is what follows the operation's path, methods are those that it takes
	// if they are not the usual ones.
	below   string
	methods []string
}

// what is what an endpoint is for.
type what uint8

const (
	inference what = iota
	modelList
	oneModel
	health
)

// The protocols that clients speak, by the names of their formats.
const (
	chatClient        = "chat"
	completionsClient = "completions"
	responsesClient   = "responses"
	messagesClient    = "messages"
	geminiClient      = "gemini"
)

// inferencePaths are the paths below the pin that name no model.
var inferencePaths = map[string]struct {
	client string
	op     formats.Operation
}{
	"/v1/chat/completions":       {chatClient, formats.Conversation},
	"/v1/completions":            {completionsClient, formats.Completions},
	"/v1/embeddings":             {chatClient, formats.Embeddings},
	"/v1/moderations":            {chatClient, formats.Moderations},
	"/v1/responses":              {responsesClient, formats.Conversation},
	"/v1/responses/input_tokens": {responsesClient, formats.CountTokens},
	"/v1/responses/compact":      {responsesClient, formats.Compact},
	"/v1/messages":               {messagesClient, formats.Conversation},
	"/v1/messages/count_tokens":  {messagesClient, formats.CountTokens},
}

// googlePaths are what the paths of Gemini's protocol begin with, below the pin.
// SDKs leave out models/ where the model's name has a slash.
var googlePaths = [...]string{"/v1beta/models/", "/v1/models/", "/v1alpha/models/", "/v1beta1/publishers/google/models/", "/v1beta/"}

// googleActions are what can be asked of a model there.
var googleActions = map[string]struct {
	op     formats.Operation
	stream bool
}{
	"generateContent":       {op: formats.Conversation},
	"streamGenerateContent": {op: formats.Conversation, stream: true},
	"countTokens":           {op: formats.CountTokens},
}

// storedPaths are what can be asked about an earlier response, behind its id,
// and how.
var storedPaths = map[string][]string{
	"":            {http.MethodGet, http.MethodDelete},
	"cancel":      {http.MethodPost},
	"input_items": {http.MethodGet},
}

// endpoint returns what a path is; ok is false if it is none of ours.
func (rt *router) endpoint(path string) (ep endpoint, ok bool) {
	if path == "/health" {
		return endpoint{what: health, client: standard.Client(chatClient)}, true
	}
	if ep, ok = unpinned(path); ok {
		return ep, true
	}
	name, _, slash := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	pin := rt.byName[name]
	if !slash || pin == nil {
		return endpoint{}, false
	}
	ep, ok = unpinned(path[len(name)+1:])
	ep.pin = pin
	return ep, ok
}

func unpinned(path string) (endpoint, bool) {
	ep, ok := read(path)
	return ep, ok && ep.client != nil
}

func read(path string) (endpoint, bool) {
	if p, ok := inferencePaths[path]; ok {
		return endpoint{op: p.op, client: standard.Client(p.client)}, true
	}
	if ep, ok := google(path); ok {
		return ep, true
	}
	if ep, ok := stored(path); ok {
		return ep, true
	}
	for _, list := range [...]struct{ path, client string }{{"/v1/models", chatClient}, {"/v1beta/models", geminiClient}} {
		ep := endpoint{what: modelList, client: standard.Client(list.client)}
		if path == list.path {
			return ep, true
		}
		if id, ok := strings.CutPrefix(path, list.path+"/"); ok && id != "" {
			ep.what, ep.model = oneModel, id
			return ep, true
		}
	}
	return endpoint{}, false
}

// google returns what a path of Gemini's protocol is: it names the model and,
// behind the last colon, what is asked of it.
func google(path string) (ep endpoint, ok bool) {
	colon := strings.LastIndexByte(path, ':')
	if colon < 0 {
		return ep, false
	}
	action, ok := googleActions[path[colon+1:]]
	if !ok {
		return ep, false
	}
	for _, prefix := range googlePaths {
		model, ok := strings.CutPrefix(path[:colon], prefix)
		if ok && model != "" && model[len(model)-1] != '/' {
			return endpoint{
				op: action.op, client: standard.Client(geminiClient),
				model: model, named: true, stream: action.stream,
			}, true
		}
	}
	return ep, false
}

// stored returns what a path about an earlier response is
// (https://platform.openai.com/docs/api-reference/responses/get).
func stored(path string) (ep endpoint, ok bool) {
	below, ok := strings.CutPrefix(path, "/v1/responses/")
	id, rest, slash := strings.Cut(below, "/")
	methods, known := storedPaths[rest]
	if !ok || !known || slash && rest == "" || !isID(id) {
		return ep, false
	}
	return endpoint{op: formats.Stored, client: standard.Client(responsesClient), below: "/" + below, methods: methods}, true
}

// isID reports whether s is an id as providers make them, which needs no escapes
// in a path.
func isID(s string) bool {
	for _, c := range []byte(s) {
		if c|0x20 < 'a' || c|0x20 > 'z' {
			if (c < '0' || c > '9') && c != '_' && c != '-' {
				return false
			}
		}
	}
	return s != ""
}

// speak settles the client's protocol where the path alone does not: the list
// of models is at one path in two of them.
func (ep *endpoint) speak(r *http.Request) {
	if (ep.what == modelList || ep.what == oneModel) && r.Header.Get("Anthropic-Version") != "" {
		ep.client = standard.Client(messagesClient)
	}
}

// upgrades reports whether a request tries a WebSocket where there is none:
// Codex does so first, and falls back at once only if it is told 426.
func (ep endpoint) upgrades(r *http.Request) bool {
	return ep.what == inference && strings.EqualFold(r.Header.Get("Upgrade"), "websocket")
}

// allow returns the methods of an endpoint, for the header Allow.
func (ep endpoint) allow() string {
	return strings.Join(ep.verbs(), ", ")
}

// takes reports whether the endpoint has that method.
func (ep endpoint) takes(method string) bool {
	return slices.Contains(ep.verbs(), method)
}

func (ep endpoint) verbs() []string {
	switch {
	case ep.methods != nil:
		return ep.methods
	case ep.what == inference:
		return onlyPost
	default:
		return onlyGet
	}
}

var onlyPost, onlyGet = []string{http.MethodPost}, []string{http.MethodGet, http.MethodHead}
