// Package formattest tests the formats against each other: every scenario of
// the corpus in testdata is one conversation or one answer, written by hand in
// every format, and is translated over all pairs of a client's and a
// provider's format.
//
// A scenario is a text file: what it is about, then sections that begin with a
// line "-- title --". The titles are
//
//	request <client>            a client's request
//	expect <provider> <model>   what a provider of that model is to get for it;
//	                            lines "lost: a, b" (what the client is told was
//	                            left out) and "error: place" may come first,
//	                            and with an error nothing follows
//	answer <provider>           a provider's answer, whole
//	stream <provider>           the same as a stream
//	whole <client>              what the client is to get for either; a stream is
//	                            put together as that client's SDKs do. A section
//	                            "whole <client> from <provider>" goes before it
//	                            for one provider
//
// Every request goes to every expectation, every answer to every client; there
// may be several sections of one title. JSON is compared as JSON, what was lost
// in any order; the text "*" stands for any text that is not empty. Names of
// tools in an answer are those of the provider's last expectation.
//
// What is expected follows from the documents of the vendors, not from what the
// formats do. The table in risks_test.go says which scenario is there for what.
package formattest
