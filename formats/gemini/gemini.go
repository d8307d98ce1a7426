// Package gemini is the wire format of Google's Gemini API, generateContent
// and streamGenerateContent (https://ai.google.dev/api/generate-content). How
// clients speak it stands in the files that begin with client_, how providers do
// in the others.
//
// It is proto3 JSON (https://protobuf.dev/programming-guides/json/): a member
// that has its type's zero value is left out, so that one which is missing is
// zero where its object is there. An answer in a stream is a sequence of
// objects of the same shape as the one of an answer that is not streamed; they
// are flat, and what a block is has to be read from what changes between two.
package gemini

import (
	"github.com/aiclient2api/caddy-aiclient2api/formats"
)

// Name is the format's name in the configuration.
const Name = "gemini"

// Upstream is the format as providers speak it.
type Upstream struct{}

// Name returns "gemini".
func (Upstream) Name() string { return Name }

// Interface guards
var (
	_ formats.Upstream = Upstream{}
	_ formats.Listener = Upstream{}
)
