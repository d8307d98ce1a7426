package aiclient2api

import (
	"net/http"
	"strings"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/aiclient2api/caddy-aiclient2api/llm"
)

// factsPrefix is what the placeholders of a call begin with.
const factsPrefix = "http.aiclient2api."

// publish makes the facts of the call known to placeholders and to the access
// log. They are read when somebody asks, mostly after the call.
func (c *call) publish(r *http.Request, repl *caddy.Replacer) {
	repl.Map(c.placeholder)
	ctx := r.Context()
	if srv, _ := ctx.Value(caddyhttp.ServerCtxKey).(*caddyhttp.Server); srv == nil || srv.Logs == nil {
		return
	}
	if extra, _ := ctx.Value(caddyhttp.ExtraLogFieldsCtxKey).(*caddyhttp.ExtraLogFields); extra != nil {
		extra.Set(zap.Object("aiclient2api", c))
	}
}

// placeholder returns the value of one of the call's placeholders. What is
// not known is empty.
func (c *call) placeholder(name string) (any, bool) {
	fact, ours := strings.CutPrefix(name, factsPrefix)
	if !ours {
		return nil, false
	}
	switch fact {
	case "key":
		return c.key, true
	case "model":
		return c.Head.Model, true
	case "provider":
		return c.Provider, true
	case "account":
		return c.Account, true
	case "upstream_model":
		return c.Model, true
	case "format":
		return c.Format, true
	case "stream":
		return c.Stream, true
	case "attempts":
		return c.Attempts, true
	case "input_tokens":
		return tokens(c.Usage.Input), true
	case "output_tokens":
		return tokens(c.Usage.Output), true
	case "cached_tokens":
		return tokens(c.Usage.Cached), true
	case "reasoning_tokens":
		return tokens(c.Usage.Reasoning), true
	case "ttft_ms":
		if c.FirstToken == 0 {
			return "", true
		}
		return c.FirstToken.Milliseconds(), true
	default:
		return nil, false
	}
}

// tokens returns a count for a placeholder, "" if it is unknown.
func tokens(n llm.Count) any {
	if !n.Known {
		return ""
	}
	return n.N
}

// MarshalLogObject writes the call's facts into the access log: those that
// are known.
func (c *call) MarshalLogObject(enc zapcore.ObjectEncoder) error {
	enc.AddString("request_id", c.RequestID)
	for _, f := range [...]struct{ name, value string }{
		{"key", c.key},
		{"model", c.Head.Model},
		{"provider", c.Provider},
		{"account", c.Account},
		{"upstream_model", c.Model},
		{"format", c.Format},
		{"rung", c.Rung},
		{"lossy", c.Lossy},
		{"lost", strings.Join(c.Lost, ", ")},
		{"interrupted", c.Interrupted},
	} {
		if f.value != "" {
			enc.AddString(f.name, f.value)
		}
	}
	if len(c.Failed) > 0 {
		zap.Strings("failed", c.Failed).AddTo(enc)
	}
	enc.AddBool("stream", c.Stream)
	enc.AddInt("attempts", c.Attempts)
	for _, f := range [...]struct {
		name  string
		value llm.Count
	}{
		{"input_tokens", c.Usage.Input},
		{"output_tokens", c.Usage.Output},
		{"cached_tokens", c.Usage.Cached},
		{"reasoning_tokens", c.Usage.Reasoning},
	} {
		if f.value.Known {
			enc.AddInt64(f.name, f.value.N)
		}
	}
	if c.FirstToken > 0 {
		enc.AddInt64("ttft_ms", c.FirstToken.Milliseconds())
	}
	if c.Failure != nil {
		enc.AddString("failure", c.Failure.Class.String())
		enc.AddString("error", c.Failure.Err.Brief())
	}
	return nil
}
