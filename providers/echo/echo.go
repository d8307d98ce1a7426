// Package echo is a provider without a network: it answers with what it was
// told. It is the default of the quick start, a target for load tests and a
// double for tests.
//
// This file is the Caddy module, reply.go decides what is said, and stream.go
// says it. None of them knows a wire format: requests are heard and answers
// are given in neutral terms.
package echo

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

	"github.com/aiclient2api/caddy-aiclient2api/formats"
	"github.com/aiclient2api/caddy-aiclient2api/formats/standard"
	"github.com/aiclient2api/caddy-aiclient2api/llm"
	"github.com/aiclient2api/caddy-aiclient2api/providers"
)

func init() { caddy.RegisterModule(Provider{}) }

// maxRepeat keeps an answer below what a whole one may measure.
const maxRepeat = 100_000

// Provider answers with the last text of the user, word by word. When tools
// are offered and the text names one, it calls that tool instead, with
// arguments made from the tool's schema.
type Provider struct {
	// How long to wait before each word. Default: `0`.
	Delay caddy.Duration `json:"delay,omitempty"`

	// How many times to say the text. Default: `1`.
	Repeat int `json:"repeat,omitempty"`
}

// CaddyModule returns the Caddy module information.
func (Provider) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{
		ID:  providers.Namespace + ".echo",
		New: func() caddy.Module { return new(Provider) },
	}
}

// Spec returns the constants of the kind.
func (*Provider) Spec() providers.Spec {
	return providers.Spec{
		BaseURL: "http://echo.invalid/v1", // never dialled
		Formats: []string{"chat"},
		Models:  []string{"echo"},
	}
}

// Sign does nothing: there is nobody to show a credential to.
func (*Provider) Sign(*providers.Outbound) error { return nil }

// UnmarshalWord reads the kind's words:
//
//	delay  <duration>
//	repeat <times>
func (p *Provider) UnmarshalWord(d *caddyfile.Dispenser) (bool, error) {
	word := d.Val()
	if word != "delay" && word != "repeat" {
		return false, nil
	}
	var value string
	if !d.AllArgs(&value) {
		return true, d.ArgErr()
	}
	if word == "delay" {
		delay, err := caddy.ParseDuration(value)
		if err != nil {
			return true, d.Errf("parsing delay %q: %v", value, err)
		}
		p.Delay = caddy.Duration(delay)
		return true, nil
	}
	repeat, err := strconv.Atoi(value)
	if err != nil || repeat < 1 {
		return true, d.Errf("repeat must be a number from 1 to %d, not %q", maxRepeat, value)
	}
	p.Repeat = repeat
	return true, nil
}

// Validate checks the options.
func (p *Provider) Validate() error {
	if p.Delay < 0 {
		return fmt.Errorf("delay must not be negative")
	}
	if p.Repeat < 0 || p.Repeat > maxRepeat {
		return fmt.Errorf("repeat must be a number from 1 to %d", maxRepeat)
	}
	return nil
}

// RoundTrip answers a request by itself. A request that cannot be read is
// answered 400, as a provider would.
func (p *Provider) RoundTrip(r *http.Request) (*http.Response, error) {
	var body []byte
	if r.Body != nil {
		defer r.Body.Close()
		var buf bytes.Buffer
		if _, err := buf.ReadFrom(r.Body); err != nil {
			return nil, err
		}
		body = buf.Bytes()
	}
	speaker, _ := standard.Client(p.Spec().Formats[0]).(formats.Speaker)
	head, bad := formats.Scan(body)
	var asked *llm.Request
	if bad == nil {
		asked, bad = speaker.Decode(body)
	}
	if bad != nil {
		return response(bad.Status, "application/json", speaker.AppendError(nil, bad, false)), nil
	}
	q := hear(asked)
	a := p.reply(q)
	said := events{q: q, a: a, model: formats.Encoded(head.Model)}
	writer := speaker.Encoder(formats.Answer{Request: asked, Model: head.Model, ID: rand.Text(), Created: time.Now().Unix()})
	if head.Stream {
		res := response(http.StatusOK, "text/event-stream", nil)
		res.ContentLength = -1
		res.Body = &stream{ctx: r.Context(), delay: time.Duration(p.Delay), events: said, writer: writer}
		return res, nil
	}
	if err := sleep(r.Context(), time.Duration(p.Delay)*time.Duration(a.count())); err != nil {
		return nil, err
	}
	return response(http.StatusOK, "application/json", writer.AppendWhole(nil, said.all())), nil
}

func response(status int, contentType string, body []byte) *http.Response {
	return &http.Response{
		Status:        strconv.Itoa(status) + " " + http.StatusText(status),
		StatusCode:    status,
		Proto:         "HTTP/1.1",
		ProtoMajor:    1,
		ProtoMinor:    1,
		Header:        http.Header{"Content-Type": {contentType}},
		Body:          io.NopCloser(bytes.NewReader(body)),
		ContentLength: int64(len(body)),
	}
}

// Interface guards
var (
	_ providers.Provider = (*Provider)(nil)
	_ providers.Words    = (*Provider)(nil)
	_ providers.Local    = (*Provider)(nil)
	_ caddy.Validator    = (*Provider)(nil)
)
