// Package integration holds the tests of the whole server: a Caddy with the
// gateway in it runs in the test's own process, is called by real clients, and
// calls providers that the tests play themselves.
//
// Caddy is global to a process, so these tests do not run in parallel.
package integration
