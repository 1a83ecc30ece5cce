PYTHON ?= python3
VENV ?= .venv
ARGS ?=
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: run test check bench validate lock clean
.DELETE_ON_ERROR:

run: $(READY) ## make run ARGS="--speed 300"
	$(BIN)/bms-emulator run demo $(ARGS)

test: $(READY) ## make test ARGS="-k modbus"
	$(BIN)/python -m pytest $(ARGS)

check: $(READY)
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/bms-emulator profile schema --check
	$(BIN)/python docs/generate.py --check

bench: $(VENV)/.peers ## make bench ARGS="tick cells"
	$(BIN)/python -m benchmarks $(ARGS)

validate: $(READY) ## make validate ARGS="--only cells"
	$(BIN)/bms-emulator validate $(ARGS)

# Every extra but `fleet`. Resolve it on Python 3.11, the oldest supported; 3.12 and 3.13 install the same lock.
# make lock ARGS=--upgrade takes the newest releases.
lock: $(READY)
	CUSTOM_COMPILE_COMMAND="make lock" $(BIN)/pip-compile --quiet --generate-hashes --allow-unsafe --strip-extras --no-emit-options \
		--extra broker --extra charts --extra dev --extra lab --extra record --output-file requirements.lock $(ARGS) pyproject.toml
	CUSTOM_COMPILE_COMMAND="make lock" $(BIN)/pip-compile --quiet --generate-hashes --allow-unsafe --strip-extras --no-emit-options \
		--constraint requirements.lock --output-file requirements-peers.lock $(ARGS) benchmarks/peers.in

clean:
	rm -rf $(VENV) build dist reports .benchmarks .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache hil/reports
	find . -name __pycache__ -type d -prune -exec rm -rf {} + # compiled kernels live there too

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; v = sys.version_info; v >= (3, 11) or sys.exit("Python 3.11 or newer is needed, this is %d.%d: choose one with make PYTHON=/path/to/python3" % v[:2])'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --require-hashes --requirement requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	touch $@

# Peers that the benchmarks compare with; whatever both need is installed as requirements.lock says.
$(VENV)/.peers: requirements-peers.lock $(READY)
	$(BIN)/python -m pip install --quiet --require-hashes --requirement requirements-peers.lock
	touch $@
