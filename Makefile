# The tasks of a developer. `make help` lists them; .ci/run runs the same ones.

GO ?= go

.PHONY: help build demo test short soak bench recording screenshots release release-check generate clean

help: ## list the tasks
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 15

build: ## build ./stagedoor
	@sh scripts/need-go.sh
	@echo "building stagedoor; the first time this fetches its libraries and takes about a minute …"
	@CGO_ENABLED=0 $(GO) build -v -o stagedoor ./cmd/stagedoor

demo: build ## see everything at once, on a simulated account
	@./stagedoor demo --once

test: ## all tests
	@sh scripts/need-go.sh
	@sh scripts/shells.sh
	@sh scripts/postgres.sh
	@sh scripts/node.sh
	@sh scripts/chromium.sh
	$(GO) test ./...
	@sh scripts/race.sh

short: ## the tests that take under a minute
	$(GO) test -short ./...

soak: ## the long proofs, of which make test runs a short form (about forty minutes)
	$(GO) test ./internal/quota -count=1 -run TestNeverTooMuch -rapid.checks=50000 -rapid.nofailfile -timeout 30m
	$(GO) test ./internal/cli -count=10 -run 'Killed|Faults' -timeout 60m
	$(GO) test ./internal/cli -count=1 -run TestTwelveOfAnyCompany -soak -timeout 30m
	STAGEDOOR_KILLS=100 $(GO) test ./internal/destination/... -count=1 -run Suite -timeout 60m
	$(GO) test ./internal/cli -count=1 -run TestGatewayUnderLoad -soak -v -timeout 10m

bench: ## measure, beside named references in the same run (docs/performance.md)
	@cd bench && $(GO) run .

recording: ## make docs/first-hour.cast and .svg anew, from the program as it is
	$(GO) test ./internal/cli -run '^TestRecording$$' -count=1 -recording

screenshots: ## make the pictures of docs/ui anew, from the page as it is
	$(GO) test ./internal/web -run '^TestScreenshots$$' -count=1 -screenshots

release: ## build the archives of all platforms into dist/ (VERSION=1.2.3, or a tag)
	@$(GO) run ./release

release-check: ## build them twice, in two folders, and compare every byte
	@sh scripts/release-check.sh

generate: ## write the generated files anew (the Zoom value, docs/errors.md, docs/openapi.json, the page's templates)
	$(GO) generate ./internal/provider ./internal/doctor ./internal/api
	$(GO) tool templ fmt ./internal/web
	$(GO) tool templ generate -path ./internal/web

clean: ## remove what was built
	rm -rf stagedoor dist
