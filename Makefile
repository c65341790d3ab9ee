# The tasks of a developer. `make help` lists them; .ci/run runs the same ones.

GO ?= go

.PHONY: help build demo test short race vet bench soak generate licences clean

help: ## list the tasks
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

build: ## build ./stagedoor
	@sh scripts/need-go.sh
	@echo "building stagedoor (the first time this takes about a minute) …"
	@$(GO) build -v -o stagedoor ./cmd/stagedoor

demo: build ## see everything at once, on a simulated account
	@./stagedoor demo --once

test: ## all tests, with the race detector where it fits the time
	@sh scripts/need-go.sh
	$(GO) vet ./...
	$(GO) test ./...

short: ## the tests that take under a minute
	$(GO) test -short ./...

race: ## all tests under the race detector
	$(GO) test -race ./...

generate: ## write the generated files anew (the Zoom value, docs/errors.md)
	$(GO) generate ./internal/provider ./internal/doctor
	$(GO) tool gofumpt -w zoom.go

clean: ## remove what was built
	rm -rf stagedoor dist
