// Package chaos is a test of the whole server under everything that goes wrong
// at once: providers that fail in every way that is known of them, clients that
// leave, and a configuration that is reloaded twice a second.
//
// The providers are mocks in the test's process, on real sockets. Each account
// has one of its own and goes through a list of faults, one after the other, as
// it is asked. Each request bears a token, so that the mocks can say afterwards
// who was asked for it and what was done to it; the oracle compares that with
// what the client got.
//
// CHAOS_REQUESTS and CHAOS_SEED set the number of requests and the seed; make
// chaos runs the long version.
package chaos
