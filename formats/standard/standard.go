// Package standard lists the formats that ship with the module.
package standard

import (
	"github.com/aiclient2api/caddy-aiclient2api/formats"
	"github.com/aiclient2api/caddy-aiclient2api/formats/chat"
	"github.com/aiclient2api/caddy-aiclient2api/formats/gemini"
	"github.com/aiclient2api/caddy-aiclient2api/formats/messages"
	"github.com/aiclient2api/caddy-aiclient2api/formats/responses"
)

var clients = map[string]formats.Client{
	chat.Name:            chat.Client{},
	chat.CompletionsName: chat.Completions{},
	gemini.Name:          gemini.Client{},
	messages.Name:        messages.Client{},
	responses.Name:       responses.Client{},
}

var upstreams = map[string]formats.Upstream{
	chat.Name:      chat.Upstream{},
	gemini.Name:    gemini.Upstream{},
	messages.Name:  messages.Upstream{},
	responses.Name: responses.Upstream{},
}

// Client returns the format of that name as clients speak it, nil if there is
// none.
func Client(name string) formats.Client { return clients[name] }

// Upstream returns the format of that name as providers speak it, nil if
// there is none.
func Upstream(name string) formats.Upstream { return upstreams[name] }
