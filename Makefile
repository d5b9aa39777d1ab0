# People and CI run the same commands. Everything lives in .venv; `make clean` removes it.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
KERAS_VENV := .venv-keras

# Real images where they are at hand; elsewhere they are downloaded, or digits stand in, loudly.
ifneq ($(wildcard ../shared/data),)
export VESTRY_DATA ?= $(abspath ../shared/data)
endif

.PHONY: study test lint sbom format docs bench clean

study: $(VENV)/installed
	@$(BIN)/vestry run studies/default.toml

# One process a core; a file's tests stay together, since they share what takes long to make, and
# files keep the order of tests/conftest.py. What processes compile is kept for the next ones.
test: export PYTHONDONTWRITEBYTECODE =
test: $(VENV)/installed
	$(BIN)/pytest --numprocesses auto --dist loadfile --no-loadscope-reorder

lint: $(VENV)/installed
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	rm -rf build dist
	$(BIN)/python -m build --no-isolation > /dev/null
	$(BIN)/twine check --strict dist/*

# What Vestry was last tested with, and what of it needs what, beside the wheel (CycloneDX).
sbom: $(VENV)/installed
	mkdir -p dist
	$(BIN)/cyclonedx-py environment --pyproject pyproject.toml --mc-type application \
	  --output-reproducible --output-file dist/vestry.cdx.json $(BIN)/python

format: $(VENV)/installed
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

docs: $(VENV)/installed
	$(BIN)/python docs/make_commands.py
	$(BIN)/python docs/make_modules.py
	$(BIN)/python docs/make_api.py
	$(BIN)/python docs/make_results.py

bench: $(VENV)/installed $(VENV)/fastapi $(KERAS_VENV)/installed
	$(BIN)/python benchmarks/coverage.py
	$(BIN)/python benchmarks/interval_candidates.py
	$(BIN)/python benchmarks/false_alarms.py
	$(BIN)/python benchmarks/comparison.py
	$(BIN)/python benchmarks/planted_errors.py
	$(BIN)/python benchmarks/folds.py
	$(BIN)/python benchmarks/augmentation.py
	$(BIN)/python benchmarks/threads.py
	$(BIN)/python benchmarks/pages.py
	$(BIN)/python benchmarks/serving.py
	$(BIN)/python benchmarks/overload.py
	$(BIN)/python benchmarks/connections.py
	$(BIN)/python benchmarks/durability.py
	$(BIN)/python benchmarks/mutations.py
	$(BIN)/python benchmarks/training.py --keras-python $(KERAS_VENV)/bin/python
	$(BIN)/python benchmarks/transfer.py --keras-python $(KERAS_VENV)/bin/python

# One pip command for everything: a later one could ask for another build of torch.
$(VENV)/installed: pyproject.toml constraints.txt
	@$(PYTHON) -m venv $(VENV) || { \
	  echo "make: this Python cannot make environments; on Debian: apt install python3-venv" >&2; \
	  rm -rf $(VENV); exit 1; }
	$(BIN)/pip install --quiet --disable-pip-version-check \
	  --constraint constraints.txt --editable '.[train,dev]'
	@touch $@

# What the serving benchmark is set beside.
$(VENV)/fastapi: $(VENV)/installed
	$(BIN)/pip install --quiet --disable-pip-version-check \
	  --constraint constraints.txt --editable '.[train,dev,fastapi]'
	@touch $@

# The benchmark's other side: the packages of the extra `keras`, without Vestry's own.
$(KERAS_VENV)/installed: pyproject.toml
	@$(PYTHON) -m venv $(KERAS_VENV)
	$(PYTHON) -c 'import tomllib; \
	  print(*tomllib.load(open("pyproject.toml", "rb"))["project"]["optional-dependencies"]["keras"])' \
	  | tr ' ' '\n' > $(KERAS_VENV)/requirements.txt
	$(KERAS_VENV)/bin/pip install --quiet --disable-pip-version-check -r $(KERAS_VENV)/requirements.txt
	@touch $@

clean:
	rm -rf $(VENV) $(KERAS_VENV) build dist
