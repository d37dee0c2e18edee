# igla-gen: `make demo` and `make test` are all that a newcomer needs; `make help` lists the rest.

PYTHON ?= python3
PIP_ARGS ?=
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
DEMO_ARGS ?=
BENCH_ARGS ?=
QUICK := architecture/activation architecture/normalization optimization/scheduler
PYTEST := OMP_NUM_THREADS=1 $(BIN)/python -m pytest

.DEFAULT_GOAL := help
.PHONY: install gen check lint test test-all mutants sensitivity fuzz demo bench bench-compiler bench-model bench-data bench-train bench-export bench-ranks clean help

$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "igla-gen needs Python 3.11 or newer; name one with: make PYTHON=python3.12 ..."; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) \
	  || { rm -rf $(VENV); echo "no virtual environment could be made; on Debian: apt-get install python3-venv"; exit 1; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check $(PIP_ARGS) "$$(grep '^torch==' requirements.lock)"
	$(BIN)/python -m pip install --quiet --disable-pip-version-check $(PIP_ARGS) -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

install: $(STAMP) ## make .venv and install the pinned packages

gen: $(STAMP) ## regenerate generated/ from specs/ and templates/, the pages of docs/ that are made, the tables of the grammars
	$(BIN)/python -m igla_gen.syntax.tables
	$(BIN)/igla-gen gen
	$(BIN)/igla-gen docs

check: $(STAMP) ## lint the specs; compare generated/ with them, and docs/ with the code
	$(BIN)/igla-gen check specs/
	$(BIN)/igla-gen gen --check
	$(BIN)/igla-gen docs --check

lint: $(STAMP) ## ruff over the compiler, the tests and the benchmarks; the layout of the specs
	$(BIN)/ruff check igla_gen tests benchmarks generated
	$(BIN)/igla-gen fmt --check specs/

test: check lint ## everything that runs on each change (minutes)
	$(PYTEST) -n 2 -m "not slow" generated/tests tests
	OMP_NUM_THREADS=1 $(BIN)/python tests/mutation.py --quiet $(QUICK)

test-all: check lint ## the above with oracles at length, kill drills and every mutant (hours)
	$(PYTEST) -n 2 generated/tests tests
	OMP_NUM_THREADS=1 $(BIN)/python tests/mutation.py
	OMP_NUM_THREADS=1 $(BIN)/python tests/fuzz.py --jobs 2
	$(BIN)/python tests/sensitivity.py

sensitivity: $(STAMP) ## does each line of each spec count? every mutation of every spec (minutes)
	$(BIN)/python tests/sensitivity.py

mutants: $(STAMP) ## every mutant of every generated module against its own tests (half an hour)
	OMP_NUM_THREADS=1 $(BIN)/python tests/mutation.py

# threads that wait asleep: 7-9 % slower on an idle machine, 1.6-1.9 times as fast beside another busy process
demo: $(STAMP) ## from specs to a trained model answering in llama.cpp (minutes)
	$(BIN)/igla-gen gen
	OMP_WAIT_POLICY=passive $(BIN)/python -m igla.recipes.quickstart --out out/demo $(DEMO_ARGS)

fuzz: $(STAMP) ## 200,000 damaged documents: no exception, no hang, no memory (minutes)
	OMP_NUM_THREADS=1 $(BIN)/python tests/fuzz.py --jobs 2

bench-compiler: $(STAMP) ## time igla-gen's commands; parse rate beside PyYAML
	$(BIN)/python benchmarks/compiler_speed.py

bench-model: $(STAMP) ## forward and backward beside transformers' Llama and Mixtral; peak memory (minutes)
	$(BIN)/python benchmarks/model_speed.py
	$(BIN)/python benchmarks/moe_speed.py

bench-data: $(STAMP) ## tokenise and read beside SentencePiece, datasets and a bare memmap; memory as 1 GB of text grows (minutes)
	OMP_NUM_THREADS=1 $(BIN)/python benchmarks/data_speed.py

bench-train: $(STAMP) ## the generated trainer beside transformers' Trainer and a loop by hand (minutes; BENCH_ARGS='--litgpt-python PATH' adds litgpt's)
	$(BIN)/python benchmarks/train_speed.py $(BENCH_ARGS)

bench-export: $(STAMP) ## GGUF export of a model of 7B beside copying it; peak memory (minutes, 30 GB of disk; BENCH_ARGS='--layers 4' takes 5)
	OMP_NUM_THREADS=1 $(BIN)/python benchmarks/export_speed.py $(BENCH_ARGS)

bench-ranks: $(STAMP) ## the generated trainer on two ranks beside a bare script of torch: start-up and steps (minutes)
	$(BIN)/python benchmarks/ranks_overhead.py $(BENCH_ARGS)

bench: bench-compiler bench-model bench-data bench-train bench-export bench-ranks ## all of them

clean: ## remove what can be made again (not generated/, which is committed)
	rm -rf $(VENV) out build dist .igla-gen .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

help: ## this list
	@grep -E '^[a-z-]+:.*##' Makefile | sed -E 's/:.*## /\t/' | expand -t 12
