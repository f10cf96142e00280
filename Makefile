# The front door. Each target does all the set-up that it needs (packages included) and can be called alone.
SHELL := /bin/bash
PRESET ?= release
PREFIX ?= /usr/local
JOBS ?= $(shell nproc)
BUILD := build/$(PRESET)
# What make install installs: optimized, or release (make install INSTALLED=release), which is built faster and runs slower.
INSTALLED ?= optimized

.PHONY: build optimized demo duckdb test test-long sanitize asan tsan valgrind lint format bench install clean fuzz help

help:
	@echo 'make build               the program, at build/release/troupe'
	@echo 'make optimized           the program as it is installed: trained and built by the profile, at build/optimized/troupe'
	@echo 'make demo                build, start the order service, run examples/playbooks/orders.yaml with a live view'
	@echo 'make duckdb              fetch the library of the kind duckdb (npm), to build/duckdb/'
	@echo 'make test                build and run all tests (ctest lists them: ctest --test-dir build/release -N)'
	@echo 'make test-long           100,000 seeds of the simulations and 1,000 of the stress test'
	@echo 'make sanitize            unit and integration tests under ASan+UBSan, then TSan (clang)'
	@echo 'make valgrind            unit tests of the runtime, the supervisors and the language under valgrind'
	@echo 'make fuzz                each fuzzer for SECONDS=20 seconds'
	@echo 'make lint                formatting and clang-tidy'
	@echo 'make bench               benchmarks of the optimized build beside their peers'
	@echo 'make install PREFIX=/usr/local   the optimized program, library, headers, man page, completions'

build:
	@[ -x $(BUILD)/troupe ] || echo 'building (some minutes)'
	@packaging/setup build
	@cmake --preset $(PRESET) -DTROUPE_TESTS=OFF >/dev/null && cmake --build $(BUILD) -j $(JOBS) -- --quiet

optimized:
	@packaging/setup build
	@packaging/optimize $(JOBS)

demo: build
	@examples/demo $(BUILD)/troupe

test:
	@packaging/setup build test
	@packaging/duckdb build/duckdb
	@cmake --preset $(PRESET) -DTROUPE_TESTS=ON >/dev/null && cmake --build $(BUILD) -j $(JOBS) -- --quiet
	@ctest --test-dir $(BUILD) --output-on-failure -j $(JOBS)

duckdb:
	@packaging/duckdb --required build/duckdb

test-long:
	@packaging/setup build test
	@cmake --preset $(PRESET) -DTROUPE_TESTS=ON -DTROUPE_LONG=ON >/dev/null && cmake --build $(BUILD) -j $(JOBS) -- --quiet
	@STRESS_SEEDS=1000 ctest --test-dir $(BUILD) --output-on-failure -L 'simulation|stress'
	@cmake --preset $(PRESET) -DTROUPE_LONG=OFF >/dev/null

# $(call sanitized,preset,extra ctest arguments)
define sanitized
	@packaging/setup build test sanitize
	@packaging/duckdb build/duckdb
	@cmake --preset $(1) -DTROUPE_TESTS=ON >/dev/null
	@cmake --build build/$(1) -j $(JOBS) --target $(if $(filter .,$(SANITIZED)),all,$(addprefix tests_,$(subst |, ,$(SANITIZED)))) -- --quiet
	@ctest --test-dir build/$(1) --output-on-failure -j $(JOBS) $(2)
endef

# SANITIZED='a|b' leaves it at the tests with these labels, and builds no others.
SANITIZED ?= .
asan:
	$(call sanitized,asan,-LE release-only -L '$(SANITIZED)')

tsan:
	$(call sanitized,tsan,-LE release-only -L '$(SANITIZED)')

sanitize: asan tsan

# The unit tests of the floors that others stand on; what starts Python or other programs is left to the sanitizers.
valgrind:
	@packaging/setup build test valgrind
	@cmake --preset valgrind -DTROUPE_TESTS=ON >/dev/null && cmake --build build/valgrind -j $(JOBS) -- --quiet
	@ctest --test-dir build/valgrind --output-on-failure -j $(JOBS) -L 'runtime|supervisors|playbook' \
	  -E 'template.differential|pyyaml'

SECONDS ?= 20
fuzz:
	@packaging/setup build test sanitize
	@cmake --preset fuzz -DTROUPE_TESTS=ON >/dev/null && cmake --build build/fuzz -j $(JOBS) --target fuzzers -- --quiet
	@tests/fuzz/run build/fuzz $(SECONDS)

lint:
	@packaging/setup build test sanitize
	@git ls-files '*.c' '*.h' | xargs clang-format --dry-run --Werror
	@cmake --preset clang -DTROUPE_TESTS=ON >/dev/null && cmake --build build/clang -j $(JOBS) -- --quiet
	@git ls-files 'runtime/*.c' 'supervisors/*.c' 'playbook/*.c' 'plugins/*.c' 'actors/*.c' 'cli/*.c' \
	  | xargs -P $(JOBS) -n 8 clang-tidy -p build/clang --quiet

format:
	@git ls-files '*.c' '*.h' | xargs clang-format -i

bench: optimized
	@packaging/setup bench
	@packaging/duckdb build/duckdb
	@bench/run

install: $(if $(filter optimized,$(INSTALLED)),optimized,build)
	@cmake --install build/$(INSTALLED) --prefix '$(DESTDIR)$(PREFIX)'

clean:
	@rm -rf build
