package aiclient2api

import (
	"encoding/json"
	"fmt"
	"sync"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/modules/logging"
	"go.uber.org/zap/zapcore"
)

func init() { caddy.RegisterModule(LogFilter{}) }

// LogFilter is a log format that keeps clients' keys out of the access log.
// Caddy hides Authorization and cookies by itself, but not the other places
// where AI clients put their keys: `X-Api-Key`, `X-Goog-Api-Key`, the query
// parameter `key` and the subprotocols of WebSockets. It is Caddy's own
// filter with these fields set, around any other format.
type LogFilter struct {
	// The format that encodes the entries. Default: `json`, or `console` if
	// the output is a terminal.
	WrappedRaw json.RawMessage `json:"wrap,omitempty" caddy:"namespace=caddy.logging.encoders inline_key=format"`

	*logging.FilterEncoder `json:"-"`

	config <-chan struct{} // closed at the end of the configuration
}

// CaddyModule returns the Caddy module information.
func (LogFilter) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{
		ID:  "caddy.logging.encoders.aiclient2api",
		New: func() caddy.Module { return new(LogFilter) },
	}
}

// hidden are the fields that are hidden, and how.
var hidden = map[string]json.RawMessage{
	"request>headers>Authorization":          json.RawMessage(`{"filter":"delete"}`),
	"request>headers>X-Api-Key":              json.RawMessage(`{"filter":"delete"}`),
	"request>headers>X-Goog-Api-Key":         json.RawMessage(`{"filter":"delete"}`),
	"request>headers>Sec-Websocket-Protocol": json.RawMessage(`{"filter":"delete"}`),
	"request>uri": json.RawMessage(
		`{"filter":"query","actions":[{"type":"replace","parameter":"key","value":"REDACTED"}]}`),
}

// Provision sets up Caddy's filter.
func (f *LogFilter) Provision(ctx caddy.Context) error {
	f.FilterEncoder = &logging.FilterEncoder{WrappedRaw: f.WrappedRaw, FieldsRaw: hidden}
	if err := f.FilterEncoder.Provision(ctx); err != nil {
		return fmt.Errorf("provisioning filter: %w", err)
	}
	f.config = ctx.Done()
	logFilters.Store(f.config, true)
	return nil
}

// Cleanup forgets the filter.
func (f *LogFilter) Cleanup() error {
	logFilters.Delete(f.config)
	return nil
}

// UnmarshalCaddyfile sets up the format:
//
//	format aiclient2api {
//		wrap <format> {
//			# the wrapped format's options
//		}
//	}
//
// The block may be left out.
func (f *LogFilter) UnmarshalCaddyfile(d *caddyfile.Dispenser) error {
	d.Next() // consume the format's name
	if d.NextArg() {
		return d.ArgErr()
	}
	for d.NextBlock(0) {
		if d.Val() != "wrap" {
			return d.Errf("unrecognized option '%s': there is 'wrap'", d.Val())
		}
		if f.WrappedRaw != nil {
			return d.Errf("'wrap' stands twice")
		}
		if !d.NextArg() {
			return d.ArgErr()
		}
		name := d.Val()
		unm, err := caddyfile.UnmarshalModule(d, "caddy.logging.encoders."+name)
		if err != nil {
			return err
		}
		f.WrappedRaw = caddyconfig.JSONModuleObject(unm, "format", name, nil)
	}
	return nil
}

// logFilters knows which configurations have the filter, by the channel that
// is closed at their end: logs are set up before handlers, in a context that
// is another value but has the same end.
var logFilters sync.Map

// logFilterIn reports whether the configuration of ctx has the filter.
func logFilterIn(ctx caddy.Context) bool {
	_, ok := logFilters.Load(ctx.Done())
	return ok
}

// Interface guards
var (
	_ caddy.Provisioner                = (*LogFilter)(nil)
	_ caddy.CleanerUpper               = (*LogFilter)(nil)
	_ caddyfile.Unmarshaler            = (*LogFilter)(nil)
	_ zapcore.Encoder                  = (*LogFilter)(nil)
	_ caddy.ConfiguresFormatterDefault = (*LogFilter)(nil)
)
