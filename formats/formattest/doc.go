// Package formattest tests the formats against each other: every scenario of
// the corpus in testdata is one conversation or one answer, written by hand in
// every format that can say it, and is translated over all pairs of a client's
// and a provider's format.
//
// A scenario is a text file: what it is about, then lines
//
//	feature: <group>: <name>        its row in docs/fidelity.md
//	no request <client>, …: why     clients that cannot say it
//	no expect <provider>, …: why    providers that it is not for
//	no answer <provider>, …: why    providers that do not answer so
//
// and sections that begin with a line "-- title --". The titles are
//
//	request <client>            a client's request
//	expect <provider> <model>   what a provider of that model is to get for it.
//	                            A section "expect <provider> <model> from
//	                            <client> …" goes before it for some clients
//	answer <provider>           a provider's answer, whole
//	stream <provider>           the same as a stream
//	whole <client>              what the client is to get for either; a stream is
//	                            put together as that client's SDKs do. A section
//	                            "whole <client> from <provider> …" goes before it
//	                            for some providers, or their "chat.answer" or
//	                            "chat.stream"
//	back <provider> <model>     what a provider of that model is to get of its
//	                            answer when the client sends it back as history: the
//	                            assistant's items, message or content. A section
//	                            "back <provider> <model> through <client> …" goes
//	                            before it for some clients
//
// A section may begin with lines that say more. In "expect" these are
//
//	lost: a, b                  what the client is told was left out
//	error: place                the request is refused, and nothing follows
//	lost (client …): a, b       the same for some clients, in the place of the
//	error (client …): place     line for all
//	emulated: how               the provider has no such thing, but something
//	                            else that comes to the same
//
// and in "answer", "stream" and "whole"
//
//	lost: a, b                  what the decoder is to name as lost, or what the
//	                            client's protocol has no place for
//	emulated: how               as above
//
// Every request goes to every expectation, every answer to every client that
// can make the request; there may be several sections of one title. A pair that
// is in neither the sections nor the lines fails. JSON is compared as JSON, what
// was lost in any order. The text "*" stands for any text that is not empty, the
// member "*" for other members. Names of tools in an answer are those of the
// provider's last expectation.
//
// Requests of messages leave out max_tokens, which Anthropic requires, where it
// is not what the scenario is about, so that what a provider is to get does not
// depend on the client: the format reads requests to count tokens too, which
// have none. Clients of completions have a prompt and nothing else; they take
// part in the scenarios that have a section for them.
//
// What is expected follows from the documents of the vendors, not from what the
// formats do. The table in risks_test.go says which scenario is there for what.
package formattest

//go:generate go test . -count=1 -run ^TestFidelity$ -write
