package aiclient2api

import (
	"encoding/json"
	"fmt"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"github.com/caddyserver/caddy/v2/modules/logging"
	"go.uber.org/zap"
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
}

// CaddyModule returns the Caddy module information.
func (LogFilter) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{
		ID:  "caddy.logging.encoders.aiclient2api",
		New: func() caddy.Module { return new(LogFilter) },
	}
}

// hidden returns the fields that are hidden, and how. Each stands twice: as the
// access log has it, and bare, which is all that Caddy's filter tells one that
// it wraps.
func hidden() map[string]json.RawMessage {
	fields := make(map[string]json.RawMessage)
	for _, header := range append(credentials[:len(credentials):len(credentials)], "Sec-Websocket-Protocol") {
		fields["request>headers>"+header] = json.RawMessage(`{"filter":"delete"}`)
		fields[header] = json.RawMessage(`{"filter":"delete"}`)
	}
	for _, uri := range [...]string{"request>uri", "uri"} {
		fields[uri] = json.RawMessage(
			`{"filter":"query","actions":[{"type":"replace","parameter":"key","value":"REDACTED"}]}`)
	}
	return fields
}

// Provision sets up Caddy's filter.
func (f *LogFilter) Provision(ctx caddy.Context) error {
	f.FilterEncoder = &logging.FilterEncoder{WrappedRaw: f.WrappedRaw, FieldsRaw: hidden()}
	if err := f.FilterEncoder.Provision(ctx); err != nil {
		return fmt.Errorf("provisioning filter: %w", err)
	}
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

// Clone returns a copy, as zap makes one for each logger with fields.
func (f *LogFilter) Clone() zapcore.Encoder {
	inner, ok := f.FilterEncoder.Clone().(logging.FilterEncoder)
	if !ok {
		return f.FilterEncoder.Clone()
	}
	return &LogFilter{WrappedRaw: f.WrappedRaw, FilterEncoder: &inner}
}

// AddObject adds an object, unless it asks whether there is a filter.
func (f *LogFilter) AddObject(key string, object zapcore.ObjectMarshaler) error {
	if _, ok := object.(*bareEncoders); ok {
		return nil
	}
	return f.FilterEncoder.AddObject(key, object)
}

// bareEncoders counts the encoders without the filter that it is added to.
type bareEncoders int

// MarshalLogObject counts.
func (n *bareEncoders) MarshalLogObject(zapcore.ObjectEncoder) error {
	*n++
	return nil
}

// showsKeys reports whether what a server's access logs are told goes to a
// log without the filter. Nothing is written for that: a field that is added
// to a logger goes through the encoder of each of its logs.
func showsKeys(ctx caddy.Context, logs *caddyhttp.ServerLogConfig) bool {
	names := map[string]bool{logs.DefaultLoggerName: true}
	for _, loggers := range logs.LoggerNames {
		for _, name := range loggers {
			names[name] = true
		}
	}
	bare := new(bareEncoders)
	for name := range names {
		ctx.Logger(accessLog(name)).With(zap.Object("filtered", bare))
	}
	return *bare > 0
}

// accessLog is the name of an access log where Caddy wants a module, to find
// the logs that take what it is told.
type accessLog string

// CaddyModule returns the name as a module's id.
func (n accessLog) CaddyModule() caddy.ModuleInfo {
	id := "http.log.access"
	if n != "" {
		id += "." + string(n)
	}
	return caddy.ModuleInfo{ID: caddy.ModuleID(id)}
}

// Interface guards
var (
	_ caddy.Provisioner                = (*LogFilter)(nil)
	_ caddyfile.Unmarshaler            = (*LogFilter)(nil)
	_ zapcore.Encoder                  = (*LogFilter)(nil)
	_ caddy.ConfiguresFormatterDefault = (*LogFilter)(nil)
)
