# What a developer needs. .ci/run is the gate.

TOOL = go tool -modfile=tools/go.mod
MODULE = github.com/aiclient2api/caddy-aiclient2api
FUZZTIME ?= 30s
CHAOS_REQUESTS ?= 20000

.PHONY: help run test race chaos agents lint bench fuzz build check

help: ## show this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/'

run: ## run the quick start on http://127.0.0.1:8080
	go run ./cmd/caddy run --config examples/quickstart.Caddyfile

test: ## run the tests
	go test ./...

race: ## run the tests with the race detector, the nested modules too
	go test -race ./...
	cd integration && go test -race ./...

chaos: ## let providers, clients and reloads go wrong all at once, for CHAOS_REQUESTS requests
	cd integration/chaos && CHAOS_REQUESTS=$(CHAOS_REQUESTS) go test -race -count=1 -timeout 1h -v -run TestChaos .

agents: ## run Claude Code, Codex and Gemini CLI against the gateway (installs them from npm)
	.ci/agents

lint: ## format check, vet and linters
	gofmt -l . | tee /dev/stderr | test -z "$$(cat)"
	go vet ./...
	$(TOOL) golangci-lint run ./...

bench: ## run the benchmarks
	go test -run '^$$' -bench . ./...

fuzz: ## run each fuzz target for FUZZTIME
	@grep -rlE '^func Fuzz' --include=*_test.go . | while read -r file; do \
		for target in $$(sed -nE 's/^func (Fuzz[A-Za-z0-9]*).*/\1/p' "$$file"); do \
			go test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 1x "$$(dirname "$$file")" || exit 1; \
		done; \
	done

build: ## build a caddy with this checkout by xcaddy (any version will do: it is replaced)
	$(TOOL) xcaddy build --with $(MODULE)@v0.0.0=. --output dist/caddy

check: lint race build ## everything but the fuzzing
