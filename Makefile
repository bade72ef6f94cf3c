PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
PHOTOS ?=
DEMO := demo-output
MINUTES ?= 30

.PHONY: demo test tests test-fast coverage check man messages bench torture clean

demo: $(INSTALLED)  ## run the main job on a small sample library, or on PHOTOS=/path
	$(BIN)/iconface demo --output $(DEMO) $(if $(PHOTOS),--photos "$(PHOTOS)")

test: $(INSTALLED)  ## checks and tests, side by side: mypy alone would leave a core idle for a minute
	@$(MAKE) --no-print-directory -j2 check tests

tests: $(INSTALLED)
	$(BIN)/pytest -n 3 --dist loadfile --no-loadscope-reorder

coverage: $(INSTALLED)  ## the tests, and how much of the code they run; tracing makes them much slower, so `make test` goes without
	$(BIN)/pytest -n 2 --dist loadfile --cov --cov-report term:skip-covered

test-fast: $(INSTALLED)  ## pure logic, storage and docs: while you work; see CONTRIBUTING.md
	$(BIN)/pytest -q -n 2 --dist loadfile -m "not slow" $(FAST)

FAST := tests/architecture tests/docs tests/gallery_db $(addprefix tests/iconface_core/,damage grouping identity images pasting models restorers/nano)

check: $(INSTALLED)  ## format, lint, types, import contracts
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

man: $(INSTALLED)  ## docs/iconface.1, from the help texts
	$(BIN)/python -m plugin.cli.manual > docs/iconface.1

messages: $(INSTALLED)  ## the catalogues of plugin/locales, in step with the sentences in the code; see docs/languages.md
	$(BIN)/python -m tests.support.catalogues

bench: $(INSTALLED)  ## every benchmark, one command each; an hour or two; see docs/benchmarks.md
	$(BIN)/pip install -q -c constraints.txt -e '.[dev,bench]'
	for b in startup indexing verification calibrate "grouping lfw" "grouping scale" family identify restore_blind \
	  sharpness verdict search fidelity_line living_library "restore_4b --out restore_4b.json"; do \
	  echo "== $$b"; $(BIN)/python -m benchmarks.$$b || exit 1; done

# torch first and pinned: with 2.13.0 there, nothing else pulls a CUDA build.
$(INSTALLED): pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/pip install -q --disable-pip-version-check -c constraints.txt torch
	$(BIN)/pip install -q --disable-pip-version-check -c constraints.txt -e '.[dev]'
	touch $@

torture: $(INSTALLED)  ## kill -9 at random moments, MINUTES=30; goes on where it stopped; see docs/reliability.md
	$(BIN)/python -m benchmarks.torture --minutes $(MINUTES)

clean:
	rm -rf $(VENV) $(DEMO) dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
