# Everything is set up by the first target that needs it: Debian packages where they are missing and may be installed,
# a virtual environment in .venv, the pinned versions of constraints.txt; our modules are compiled, so that they need not
# be at each start where Python is told to leave no files. The second time nothing is fetched.

# Debian's own Python before any other: the kiosk has the same, and it is built with more care for speed than one that
# a version manager compiled (a simulated day takes an eighth less).
PYTHON ?= $(shell PATH=/usr/bin:$$PATH; command -v python3.11 || command -v python3)
BIN := .venv/bin
ARGS ?=
TESTS ?= tests

# venv and compiler: the environment and pyscard's binding. pcscd, vpcd: a simulated card behind the real resource
# manager. GL, mtdev, xvfb: the touchscreen without a screen. systemd: systemd-analyze and udevadm for the units.
# libfprint, with its binding for the system's own Python: fingerprint readers on USB.
# cups: a real print server for the driver that speaks to it.
# softhsm2, openssl: a token for the cards' keys, and who checks a chip's signature. strace: kills at a system call.
DEBIAN := python3-venv python3-dev gcc libc6-dev libpcsclite-dev swig pcscd vsmartcard-vpcd libgl1 libegl1 \
    libgles2 libgl1-mesa-dri libmtdev1 xvfb xdotool systemd udev libfprint-2-2 gir1.2-fprint-2.0 python3-gi \
    cups-daemon cups-client softhsm2 openssl strace

.PHONY: help run demo test check format docs bench soak clean
.DEFAULT_GOAL := help

help: ## This list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-8s %s\n", $$1, $$2}' Makefile

run: .make/venv ## Starts the whole kiosk on simulators and prints the address of its workbench; Ctrl-C stops all
	@$(BIN)/python -m sim kiosk $(ARGS)

demo: .make/venv ## A ticket and a card without hands, into out/demo: pictures and summary.json
	@$(BIN)/python -m sim demo --out out/demo $(ARGS)

test: .make/venv ## Every test, on two processes (TESTS=tests/kiosk ARGS="-k finger" for some)
	@$(BIN)/pytest -n 2 --dist loadgroup --no-loadscope-reorder $(ARGS) $(TESTS)

check: .make/venv ## Style, types, layers and systemd units
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	tools/verify-units

format: .make/venv ## Formats all code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: .make/venv ## Makes the pages that are made from code: docs/audit-events.md
	@$(BIN)/python -m tests.tools.make_audit_events

bench: .make/venv ## Measures the work on pictures against plain rivals and prints the ratios
	@$(BIN)/python -m benchmarks $(ARGS)

soak: .make/venv ## 100,000 cut schedules of card jobs, as many cuts of records, 300 kills, 200 office days; hours
	$(BIN)/python -m tests.reliability --schedules 100000
	$(BIN)/python -m tests.reliability --disk 100000
	$(BIN)/python -m tests.reliability --kills 300
	$(BIN)/python -m sim office --days 200 --residents 300 --cuts --workers 2

clean: ## Removes what was built or printed; the next make sets up again
	rm -rf .make .venv out .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache *.egg-info
	find . -name __pycache__ -prune -exec rm -rf {} +

.make/apt: Makefile tools/debian-packages
	@mkdir -p .make
	@tools/debian-packages $(DEBIAN)
	@touch $@

.make/venv: pyproject.toml constraints.txt | .make/apt
	@echo "Setting up .venv"
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev,pcsc,hsm]'
	@$(BIN)/python -m compileall -q drivers kiosk sim
	@touch $@
