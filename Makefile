# Two commands do everything: `make demo` and `make test`. Both make what they need first.
PYTHON ?= python3
BIN := .venv/bin
export PYTHONDONTWRITEBYTECODE :=

.PHONY: demo browser test test-hosts crash-test check lint format types lock docs bench bench-site pictures clean

demo: .venv/run.stamp
	@$(BIN)/newsletter demo

test: .venv/dev.stamp browser
	$(BIN)/python -m pytest -n 2 -m "not hosts"

# What the tests of the pages need. As root on Debian it is installed; elsewhere those
# tests fail and say what is missing.
browser:
	@{ command -v chromium && command -v java; } >/dev/null 2>&1 || \
	  { test "$$(id -u)" = 0 && command -v apt-get >/dev/null && \
	    echo "Installing Chromium and Java for the tests of the pages ..." && \
	    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y \
	      --no-install-recommends chromium default-jre-headless >/dev/null; } || \
	  echo "Chromium and Java are needed: the tests of the pages will fail."

# Hosts with cables between them: for root on Linux, with iproute2.
test-hosts: .venv/dev.stamp
	$(BIN)/python -m pytest -m hosts tests/whole

# Several rows at once, since each mostly waits: for the relay, or for a process to start.
# Some of them: make crash-test ONLY='postgresql and worker'
AT_ONCE ?= 4
crash-test: .venv/dev.stamp
	CRASH_TEST=full $(BIN)/python -m pytest -v -n $(AT_ONCE) --dist worksteal \
	  $(if $(ONLY),-k "$(ONLY)") tests/whole/test_crash.py

check: lint types test

lint: .venv/dev.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: .venv/dev.stamp
	$(BIN)/mypy

format: .venv/dev.stamp
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: .venv/dev.stamp
	$(BIN)/python -m docs.generate

pictures: .venv/dev.stamp
	$(BIN)/python -m docs.pictures.make
	$(BIN)/python -m docs.pictures.pages

bench: .venv/dev.stamp
	$(BIN)/python -m benchmarks
	$(BIN)/python -m benchmarks.distributed
	$(MAKE) bench-site

# The site's part of it: pages, sign-ups, one-clicks; seven minutes.
bench-site: .venv/dev.stamp
	$(BIN)/python -m benchmarks.pages
	$(BIN)/python -m benchmarks.signups
	$(BIN)/python -m benchmarks.unsubscribes

# The environment: from a lock with hashes, then the project itself, as it stands here.
.venv/python.stamp:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Python 3.11 or newer is needed; $(PYTHON) is older. Try: make $(MAKECMDGOALS) PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || { \
	  echo "$(PYTHON) cannot make virtual environments. On Debian: apt install python3-venv"; exit 1; }
	@echo "Making the environment in .venv ..."
	@$(PYTHON) -m venv --clear .venv
	@touch $@

.venv/run.stamp: .venv/python.stamp requirements.lock pyproject.toml
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

.venv/dev.stamp: .venv/run.stamp requirements-dev.lock
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@

# `uv` writes the locks; none holds the address of an index. What workers need besides is
# in a lock of its own, so that a demo fetches no more than it uses.
LOCK := uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
  --no-emit-index-url --no-emit-find-links --no-annotate --custom-compile-command "make lock"

lock:
	$(LOCK) pyproject.toml --extra postgresql --group build -o requirements.lock
	$(LOCK) pyproject.toml --extra postgresql --group build --group dev -o requirements-dev.lock
	$(LOCK) pyproject.toml --extra distributed --group build -c requirements-dev.lock \
	  -o requirements-distributed.lock

clean:
	rm -rf .venv demo dist build
