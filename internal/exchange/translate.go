package exchange

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/aiclient2api/caddy-aiclient2api/formats"
	"github.com/aiclient2api/caddy-aiclient2api/internal/buffer"
	"github.com/aiclient2api/caddy-aiclient2api/llm"
)

// translation is what an exchange between different formats has beside others.
type translation struct {
	speaker  formats.Speaker
	listener formats.Listener
	request  *llm.Request
	sent     *formats.Sent
	body     *buffer.Body // sent.Body; the exchange's until Release
}

// translate plans an exchange with a provider that does not speak the
// client's format. The request is decoded once a call, and encoded once a target.
func (x *Exchange) translate() *llm.Error {
	speaker, ok := x.Client.(formats.Speaker)
	if !ok || len(x.Target.Formats) == 0 {
		return cannot(x.Call, x.Target)
	}
	if x.format == nil || x.Op != formats.Conversation {
		x.format = x.Target.Formats[0]
	}
	listener, ok := x.format.(formats.Listener)
	if !ok {
		return cannot(x.Call, x.Target)
	}
	r, bad := x.neutral(speaker)
	if bad != nil {
		return bad
	}
	body := x.Body.Bytes()
	room := buffer.Get(len(body) + len(body)/8 + 512)
	sent, unsupported := listener.Encode(room, r, x.Target.Model)
	for lost := []string(nil); unsupported != nil && unsupported.Less && x.Lenient && len(lost) < 3; {
		lost = append(lost, unsupported.Field)
		r = formats.Without(r, unsupported.Field)
		if sent, unsupported = listener.Encode(room[:0], r, x.Target.Model); unsupported == nil {
			sent.Lost = append(sent.Lost, lost...)
		}
	}
	if unsupported != nil {
		x.Less = unsupported.Less && !x.Strict
		return x.unsupported(speaker, unsupported)
	}
	if x.Strict && len(sent.Lost) > 0 {
		buffer.Of(sent.Body).Release()
		return x.unsupported(speaker, formats.CannotTake(sent.Lost[0],
			"it has no place for %s, and this gateway is strict", strings.Join(sent.Lost, ", ")))
	}
	x.Rung, x.format = Translate, listener
	x.translation = &translation{speaker: speaker, listener: listener, request: r, sent: sent, body: buffer.Of(sent.Body)}
	x.segments = [][]byte{sent.Body}
	return nil
}

// neutral decodes the request, once.
func (c *Call) neutral(speaker formats.Speaker) (*llm.Request, *llm.Error) {
	if c.request == nil && c.undecoded == nil {
		c.request, c.undecoded = speaker.Decode(c.Body.Bytes())
		if c.request != nil {
			c.request.Stream = c.Head.Stream // which may stand in the path
		}
	}
	return c.request, c.undecoded
}

// unsupported tells the client what it is that the target cannot carry.
func (x *Exchange) unsupported(speaker formats.Speaker, u *formats.Unsupported) *llm.Error {
	param := speaker.Field(u.Field)
	if u.Turn >= 0 {
		param = speaker.Place(u.Turn, u.Part)
	}
	return &llm.Error{
		Status:  http.StatusBadRequest,
		Code:    "unsupported_by_provider",
		Param:   param,
		Message: fmt.Sprintf("%s cannot be sent to provider %q: %s", param, x.Target.Provider, u.What),
	}
}

// Release gives back the memory of the plan. Nothing of it is used afterwards
// but by readers that are open.
func (x *Exchange) Release() {
	if t := x.translation; t != nil && t.body != nil {
		t.body.Release()
		t.body = nil
	}
}

// The header that names what of a request was left out, and its bounds: names
// of unknown members are a client's text.
const (
	lossyHeader = "Aiclient2api-Lossy"
	mostLosses  = 24
	longestLoss = 48
)

// lossy returns the value of the header, "" if nothing was lost.
func lossy(lost []string) string {
	var b strings.Builder
	for i, name := range lost {
		if i == mostLosses {
			b.WriteString(", …")
			break
		}
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(strings.Map(func(r rune) rune {
			if r == ' ' || r == '.' || r == '-' || r == '_' || r == '[' || r == ']' || r-'0' <= 9 && r >= '0' || r|0x20 >= 'a' && r|0x20 <= 'z' {
				return r
			}
			return '?'
		}, llm.Clip(name, longestLoss)))
	}
	return b.String()
}

// vendorHeaders are the headers that go up to a provider of another format
// than the client's, by the provider's format: the others of a client's SDK
// say something about that SDK's own vendor.
var vendorHeaders = map[string][]string{
	"chat":      {"Idempotency-Key"},
	"gemini":    {"Idempotency-Key"},
	"messages":  {"Idempotency-Key", "Anthropic-Beta"},
	"responses": {"Idempotency-Key"},
}

// Upward returns the client's headers that go up in this exchange.
func (x *Exchange) Upward() http.Header {
	if x.Rung != Translate {
		return x.Header
	}
	if len(x.Header) == 0 {
		return nil
	}
	out := make(http.Header, 2)
	for _, name := range vendorHeaders[x.format.Name()] {
		if values := x.Header[name]; values != nil {
			out[name] = values
		}
	}
	return out
}
