// Package agents holds the tests with the coding agents themselves: Claude Code,
// Codex and Gemini CLI work through a Caddy with the gateway in it, in the test's
// own process, with models whose part a script takes.
//
// They run where the environment variable AGENTS names the folder in which the
// agents' programs are; .ci/agents installs them and sets it.
package agents
