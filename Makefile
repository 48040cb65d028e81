# Tokenmill: `make run` builds, fetches a small model, serves it and asks a first question.
#   make run MODEL=/path/to/model.gguf PORT=8081

MODEL ?=
PORT ?= 8080
JOBS ?= $(shell nproc)
RELEASE := build/release

.DEFAULT_GOAL := help
.PHONY: help run build teach console test test-fast conformance fuzz tidy clean

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' Makefile | expand -t 18

run: build ## build, fetch the default model, serve it on 127.0.0.1:8080, ask a first question
	@python3 tools/first_run.py --port $(PORT) $(if $(MODEL),--model "$(MODEL)")

build: ## build/release/tokenmill, with what it needs installed
	@python3 tools/install.py run
	@python3 tools/console.py --try
	@test -f $(RELEASE)/build.ninja || cmake --preset release
	@cmake --build $(RELEASE) -j $(JOBS) --target tokenmill

teach: build ## build/release/tokenmill-teach, which needs LibTorch (some 150 packages)
	@python3 tools/install.py teach
	@cmake $(RELEASE) -U 'TORCH_*' > $(RELEASE)/cmake.log || (cat $(RELEASE)/cmake.log; false)
	@cmake --build $(RELEASE) -j $(JOBS) --target tokenmill-teach

console: ## web/dist, the pages under /console/ (`make build` does it, too, where Node.js is)
	@python3 tools/console.py

test: ## every test: release, sanitizers, a short run of every fuzzer
	@python3 tools/install.py test
	@python3 tools/console.py --try
	@JOBS=$(JOBS) tools/test.sh release models ctest asan tsan fuzz

test-fast: ## the everyday loop: what the release build can test in three minutes
	@python3 tools/install.py test
	@python3 tools/console.py --try
	@JOBS=$(JOBS) tools/test.sh release ctest-fast

conformance: build ## docs/conformance.md: every official client against the real server
	@python3 tools/conformance.py --program $(RELEASE)/tokenmill --scratch $(RELEASE)/clients

fuzz: ## every fuzzer for a minute (FUZZ_SECONDS=60)
	@python3 tools/install.py test
	@JOBS=$(JOBS) FUZZ_SECONDS=$${FUZZ_SECONDS:-60} tools/test.sh fuzz

tidy: ## clang's warnings and clang-tidy's over everything (takes long; no part of `make test`)
	@python3 tools/install.py tidy
	@JOBS=$(JOBS) tools/test.sh tidy

clean: ## remove everything that was built; fetched models stay
	rm -rf build
