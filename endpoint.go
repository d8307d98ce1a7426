package aiclient2api

import (
	"net/http"
	"strings"

	"github.com/aiclient2api/caddy-aiclient2api/formats"
	"github.com/aiclient2api/caddy-aiclient2api/formats/chat"
	"github.com/aiclient2api/caddy-aiclient2api/formats/messages"
	"github.com/aiclient2api/caddy-aiclient2api/formats/standard"
)

// endpoint is what a request's path says.
type endpoint struct {
	what   what
	op     formats.Operation // if what is inference
	client formats.Client    // whose protocol the path belongs to
	pin    *Provider         // the provider that the path names, nil if none
	model  string            // if what is a model
}

// what is what an endpoint is for.
type what uint8

const (
	inference what = iota
	modelList
	oneModel
	health
)

// inferencePaths are the paths of OpenAI's protocol below the pin.
var inferencePaths = map[string]formats.Operation{
	"/v1/chat/completions": formats.Conversation,
	"/v1/completions":      formats.Completions,
	"/v1/embeddings":       formats.Embeddings,
	"/v1/moderations":      formats.Moderations,
}

// endpoint returns what a path is; ok is false if it is none of ours.
func (rt *router) endpoint(path string) (ep endpoint, ok bool) {
	if path == "/health" {
		return endpoint{what: health, client: standard.Client(chat.Name)}, true
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
	ep := endpoint{client: standard.Client(chat.Name)}
	if op, ok := inferencePaths[path]; ok {
		ep.op = op
		return ep, true
	}
	if path == "/v1/models" {
		ep.what = modelList
		return ep, true
	}
	id, ok := strings.CutPrefix(path, "/v1/models/")
	if !ok || id == "" {
		return ep, false
	}
	ep.what, ep.model = oneModel, id
	return ep, true
}

// speak settles the client's protocol where the path alone does not: the list
// of models is at one path in two of them.
func (ep *endpoint) speak(r *http.Request) {
	if (ep.what == modelList || ep.what == oneModel) && r.Header.Get("Anthropic-Version") != "" {
		ep.client = standard.Client(messages.Name)
	}
}

// allow returns the methods of an endpoint, for the header Allow.
func (ep endpoint) allow() string {
	if ep.what == inference {
		return http.MethodPost
	}
	return http.MethodGet + ", " + http.MethodHead
}

// takes reports whether the endpoint has that method.
func (ep endpoint) takes(method string) bool {
	if ep.what == inference {
		return method == http.MethodPost
	}
	return method == http.MethodGet || method == http.MethodHead
}
