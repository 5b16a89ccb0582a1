# Everything a person runs. Each target installs what is missing first (Debian 12, as root or through sudo).
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.NOTPARALLEL:
JOBS ?= $(shell nproc)
ARGS ?=
HOURS ?= 1

# clang-format also sees files that are not committed yet.
sources = git ls-files -z --cached --others --exclude-standard -- '*.cc' '*.h'

# Sanitizers' reports name functions and lines only if they find the symbolizer.
symbolizer := /usr/lib/llvm-19/bin/llvm-symbolizer
export ASAN_OPTIONS := external_symbolizer_path=$(symbolizer)
export UBSAN_OPTIONS := print_stacktrace=1:external_symbolizer_path=$(symbolizer)
export TSAN_OPTIONS := external_symbolizer_path=$(symbolizer)

.PHONY: help
help: ## this text
	@echo 'standin keeps a business able to take payments while something it depends on is down.'
	@echo
	@awk -F ': .*## ' '/^[a-z-]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo
	@echo 'ARGS are handed on: make demo ARGS=--once'

.PHONY: dependencies
dependencies:
	@tools/install-dependencies

.PHONY: build
build: dependencies ## build/standin, optimised
	@cmake --preset release >/dev/null
	cmake --build build --target standin --parallel $(JOBS)

.PHONY: demo
demo: build ## the product at work on this machine: a shop goes down, its customers notice nothing
	build/standin demo $(ARGS)

# Apart from the rest: whoever only builds is not to find a web server running.
.PHONY: test-dependencies
test-dependencies:
	@tools/install-dependencies test

# Cheap checks first. All tests are one run of ctest, so that its summary at the end speaks for all.
.PHONY: test
# More at once than cores: most of them wait for something.
test: test-dependencies check-format check-rules build-asan lint-changed build-tsan build-planted ## every check and every test, under sanitizers
	@mkdir -p build-test
	@printf 'subdirs("%s" "%s" "%s")\n' '$(CURDIR)/build-asan' '$(CURDIR)/build-tsan' '$(CURDIR)/build-planted' >build-test/CTestTestfile.cmake
	ctest --test-dir build-test --output-on-failure --no-tests=error --no-label-summary --parallel 3

# One after the other: what goes wrong by chance alone should not be blamed on a crowded machine.
.PHONY: nightly
nightly: build build-asan build-planted ## fresh simulated payments, planted bugs, a soak, and a hundred kills of every process under load
	build-planted/sim/runner/standin_planted simulate --quiet --jobs 0 --fresh --seconds 1800
	tests/simulation/find_planted.py build-planted/sim/runner/standin_planted
	cd tests/soak && STANDIN_BINARY=$(CURDIR)/build/standin PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=../scenarios:../crash \
	  timeout 30m python3 -m unittest -v
	cd tests/crash && STANDIN_ROUNDS=100 STANDIN_BINARY=$(CURDIR)/build-asan/standin PYTHONDONTWRITEBYTECODE=1 \
	  PYTHONPATH=../scenarios timeout 6h python3 -m unittest -v

.PHONY: check-format
check-format: dependencies
	$(sources) | xargs -0 clang-format-19 --dry-run -Werror

.PHONY: check-rules
check-rules: dependencies
	tests/tidy/tidy.py --self-test
	tests/tidy/tidy.py

.PHONY: build-asan
build-asan: dependencies
	@cmake --preset asan >/dev/null
	cmake --build build-asan --parallel $(JOBS)

.PHONY: build-tsan
build-tsan: dependencies
	@cmake --preset tsan >/dev/null
	cmake --build build-tsan --target all_threaded_tests --parallel $(JOBS)

# The simulator alone, optimised, with mistakes that it must find.
.PHONY: build-planted
build-planted: dependencies
	@cmake --preset planted >/dev/null
	cmake --build build-planted --target standin_planted --parallel $(JOBS)

.PHONY: simulate
simulate: build-planted ## HOURS of payments through every kind of fault, on all cores; goes on where it was stopped
	build-planted/sim/runner/standin_planted simulate --jobs 0 --seconds $$(($(HOURS) * 3600)) --resume build-planted/simulated.txt $(ARGS)

.PHONY: lint-changed
lint-changed: dependencies
	tools/lint --changed --at-most 24

.PHONY: lint
lint: dependencies ## clang-tidy on every file; results are kept until the file or what it includes changes
	tools/lint

.PHONY: bench
bench: bench-standin bench-gateway bench-upstream bench-edge ## measurements side by side with peers, written to bench/results

# One folder in bench/ for each: make bench-NAME
bench-%: build
	@tools/install-dependencies bench
	bench/$*/run $(ARGS)

.PHONY: profile
profile: dependencies ## plays the benchmarks and notes what the program does, for the next `make build` to compile for
	tools/record-profile

.PHONY: format
format: dependencies ## clang-format in place
	$(sources) | xargs -0 clang-format-19 -i

.PHONY: clean
clean: ## deletes what was built
	rm -rf build build-profiling build-asan build-tsan build-planted build-lint build-test
