package aiclient2api

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
)

// runner is a handler of the configuration that runs, and the server that it
// stands in.
type runner struct {
	*Handler
	server *caddyhttp.Server
	hosts  []string // of its site, nil if the site takes any
}

// running returns the handlers of the configuration that runs, by the names of
// the servers and in the order of their routes. Those that another module than
// Caddy's own routes holds are not seen.
func running() (found []runner) {
	app, err := caddy.ActiveContext().AppIfConfigured("http")
	if err != nil {
		return nil
	}
	servers := app.(*caddyhttp.App).Servers
	for _, name := range slices.Sorted(maps.Keys(servers)) {
		srv := servers[name]
		found = appendRunners(found, srv, srv.Routes, nil)
		for _, named := range slices.Sorted(maps.Keys(srv.NamedRoutes)) {
			if r := srv.NamedRoutes[named]; r != nil {
				found = appendRunners(found, srv, caddyhttp.RouteList{*r}, nil)
			}
		}
		if srv.Errors != nil {
			found = appendRunners(found, srv, srv.Errors.Routes, nil)
		}
	}
	return found
}

// appendRunners appends the handlers of routes.
func appendRunners(found []runner, srv *caddyhttp.Server, routes caddyhttp.RouteList, hosts []string) []runner {
	for _, r := range routes {
		here := hosts
		if own := hostsOf(r.MatcherSets); own != nil {
			here = own
		}
		for _, handler := range r.Handlers {
			switch h := handler.(type) {
			case *Handler:
				found = append(found, runner{h, srv, here})
			case *caddyhttp.Subroute:
				found = appendRunners(found, srv, h.Routes, here)
				if h.Errors != nil {
					found = appendRunners(found, srv, h.Errors.Routes, here)
				}
			}
		}
	}
	return found
}

// hostsOf returns the hosts that matchers want.
func hostsOf(sets caddyhttp.MatcherSets) (hosts []string) {
	for _, set := range sets {
		for _, matcher := range set {
			switch m := matcher.(type) {
			case caddyhttp.MatchHost:
				hosts = append(hosts, m...)
			case *caddyhttp.MatchHost:
				hosts = append(hosts, *m...)
			}
		}
	}
	return hosts
}

// name is what the handler is called: its site's hosts, if it has any, and what
// its server listens on.
func (r runner) name() string {
	listen := strings.Join(r.server.Listen, ",")
	if r.hosts == nil {
		return listen
	}
	return strings.Join(r.hosts, ",") + " (" + listen + ")"
}

// choose returns the handler that is to be asked for a model: the one that is
// named by its place in the list, a host of its site or an address that its
// server listens on, or the first that knows the model.
func choose(list []runner, named, model string) (runner, bool) {
	for i, r := range list {
		switch {
		case named == "":
			if targets, _ := r.router.resolve(nil, model); targets != nil {
				return r, true
			}
		case named == strconv.Itoa(i), slices.Contains(r.hosts, named), slices.Contains(r.server.Listen, named):
			return r, true
		}
	}
	return runner{}, false
}

// names lists handlers by number and name.
func names(list []runner) string {
	var b strings.Builder
	for i, r := range list {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(strconv.Itoa(i) + ": " + r.name())
	}
	return b.String()
}
