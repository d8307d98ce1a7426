package upstream

import (
	"fmt"
	"strings"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp/reverseproxy"
	"github.com/tidwall/gjson"
)

// Refused are the subdirectives of reverse_proxy that have no place in a
// provider, each with what to write instead.
var Refused = map[string]string{
	"to":                "the provider's accounts are its upstreams: write 'upstream <base URL>'",
	"dynamic":           "the provider's accounts are its upstreams: write 'upstream <base URL>'",
	"lb_retry_match":    "what is retried follows from the provider's answer: write 'fallback_on' in a model rule for further classes",
	"lb_try_duration":   "the next account is asked at once, and each only once: write 'lb_retries' to ask fewer",
	"lb_try_interval":   "the next account is asked at once, and each only once: write 'lb_retries' to ask fewer",
	"unhealthy_status":  "what a status means for an account follows from the provider's answer: write 'max_fails' and 'fail_duration'",
	"circuit_breaker":   "write 'max_fails' and 'fail_duration'",
	"method":            "method and path follow from the provider's format",
	"rewrite":           "method and path follow from the provider's format: write 'upstream <base URL>'",
	"request_buffers":   "requests are read whole: write 'max_body' in aiclient2api",
	"response_buffers":  "answers are looked at as far as is needed, and streams are never buffered",
	"trusted_proxies":   "no address of a client goes up: write 'trusted_proxies' in the global option 'servers'",
	"handle_response":   "answers are handed on in the client's format: write 'header_down' to change headers",
	"replace_status":    "answers are handed on in the client's format, with the provider's status",
	"proxy_status_name": "it names a proxy that refuses incremental messages, and nothing is refused here",
	"health_port":       "health checks go to the account's base URL: write 'health_uri <path>'",
	"health_upstream":   "health checks go to the account's base URL: write 'health_uri <path>'",
}

// The refusals that depend on a subdirective's argument.
const (
	RefusedPolicy        = "weighted_round_robin weighs by position in a list: write 'weight' in the accounts"
	RefusedTransport     = "providers are called over HTTP: write 'transport http'"
	RefusedProxyProtocol = "no address of a client goes up"
	RefusedRetries       = "it must be at least 1: without it, each account is asked once"
)

// Check reports what of a proxy's configuration has no place in a provider.
func Check(rp *reverseproxy.Handler) error {
	refuse := func(field, word string) error {
		return fmt.Errorf("reverse_proxy: %s has no place in a provider: %s", field, Refused[word])
	}
	for _, f := range []struct {
		set         bool
		field, word string
	}{
		{len(rp.Upstreams) > 0, "upstreams", "to"},
		{rp.DynamicUpstreamsRaw != nil, "dynamic_upstreams", "dynamic"},
		{rp.CBRaw != nil, "circuit_breaker", "circuit_breaker"},
		{rp.Rewrite != nil, "rewrite", "rewrite"},
		{rp.RequestBuffers != 0, "request_buffers", "request_buffers"},
		{rp.ResponseBuffers != 0, "response_buffers", "response_buffers"},
		{len(rp.TrustedProxies) > 0, "trusted_proxies", "trusted_proxies"},
		{len(rp.HandleResponse) > 0, "handle_response", "handle_response"},
		{rp.ProxyStatusName != "", "proxy_status_name", "proxy_status_name"},
	} {
		if f.set {
			return refuse(f.field, f.word)
		}
	}
	if lb := rp.LoadBalancing; lb != nil {
		switch {
		case weighted(gjson.ParseBytes(lb.SelectionPolicyRaw)):
			return fmt.Errorf("reverse_proxy: selection_policy: %s", RefusedPolicy)
		case lb.Retries < 0:
			return fmt.Errorf("reverse_proxy: retries: %s", RefusedRetries)
		case lb.RetryMatchRaw != nil:
			return refuse("retry_match", "lb_retry_match")
		case lb.TryDuration != 0:
			return refuse("try_duration", "lb_try_duration")
		case lb.TryInterval != 0:
			return refuse("try_interval", "lb_try_interval")
		}
	}
	if hc := rp.HealthChecks; hc != nil {
		switch {
		case hc.Active != nil && hc.Active.Port != 0:
			return refuse("health_checks.active.port", "health_port")
		case hc.Active != nil && hc.Active.Upstream != "":
			return refuse("health_checks.active.upstream", "health_upstream")
		case hc.Passive != nil && len(hc.Passive.UnhealthyStatus) > 0:
			return refuse("health_checks.passive.unhealthy_status", "unhealthy_status")
		}
	}
	if rp.TransportRaw != nil {
		transport := gjson.ParseBytes(rp.TransportRaw)
		if member(transport, "protocol").Str != "http" {
			return fmt.Errorf("reverse_proxy: transport: %s", RefusedTransport)
		}
		if member(transport, "proxy_protocol").Str != "" {
			return fmt.Errorf("reverse_proxy: transport: proxy_protocol: %s", RefusedProxyProtocol)
		}
	}
	return nil
}

// weighted reports whether a policy, or one that it falls back to, weighs by
// position.
func weighted(policy gjson.Result) bool {
	for policy.Exists() {
		if member(policy, "policy").Str == "weighted_round_robin" {
			return true
		}
		policy = member(policy, "fallback")
	}
	return false
}

// member returns a member of an object as encoding/json finds it: in any case,
// the last one of several.
func member(object gjson.Result, name string) (found gjson.Result) {
	object.ForEach(func(key, value gjson.Result) bool {
		if strings.EqualFold(key.Str, name) {
			found = value
		}
		return true
	})
	return found
}
