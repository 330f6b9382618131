# make setup | demo | test | chaos | lint | train | bench | bench-check
# PYTHON=python3.12 chooses the interpreter (else python3, or the system's where that is the faster build);
# TORCH_BACKEND=cpu|auto|pypi chooses the build of torch.
PYTHON ?=
TORCH_BACKEND ?= auto
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.setup-done

.PHONY: setup demo test chaos flood fuzz lint types check train bench bench-check clean

setup: $(STAMP)

FUSED := $(wildcard cxstream/understand/fused/*.cpp cxstream/understand/fused/*.h)

$(STAMP): pyproject.toml constraints.txt deploy/setup.sh deploy/python.sh $(FUSED)
	PYTHON="$(PYTHON)" TORCH_BACKEND="$(TORCH_BACKEND)" sh deploy/setup.sh $(VENV)
	touch $(STAMP)

demo: setup
	$(BIN)/cxstream demo

test: setup lint types
	$(BIN)/pytest

# Faults on real Kafka: make chaos KIND=kill,pause FAULTS=50 SEED=7; without a kind all of them, for some hours.
# CHAOS="--lanes 3 --results played.jsonl --keep DIR" passes more.
chaos: setup
	$(BIN)/python tests/integration/loss/chaos.py $(if $(KIND),--kinds $(KIND)) $(if $(FAULTS),--faults $(FAULTS)) \
		$(if $(SEED),--seed $(SEED)) $(CHAOS)
	$(if $(KIND),,$(MAKE) flood)

# Two and ten times what one worker carries: make flood FLOOD="--seconds 20 --times 2,5"
flood: setup
	$(BIN)/python tests/integration/loss/flood.py $(FLOOD)
	$(BIN)/python tests/integration/loss/flood.py --real $(FLOOD)

# Every decoder, with so many examples each: make fuzz EXAMPLES=5000
fuzz: setup
	CXSTREAM_FUZZ=$(or $(EXAMPLES),2000) $(BIN)/pytest -q tests/fuzz --timeout 0

lint: setup
	$(BIN)/ruff check cxstream tests deploy benchmarks
	$(BIN)/ruff format --check cxstream tests deploy benchmarks

types: setup
	$(BIN)/mypy

train: setup
	$(BIN)/cxstream train

# The peers in an environment of their own, with the same interpreter; the pictures' library in ours.
# BENCH=--short for minutes, --long for an hour
bench: setup
	test -x .venv-peers/bin/python || $(BIN)/python -m venv .venv-peers
	.venv-peers/bin/pip install --quiet --disable-pip-version-check --requirement benchmarks/requirements-peers.txt
	$(BIN)/uv pip install --quiet --python $(BIN)/python --constraint constraints.txt --editable '.[bench]'
	$(BIN)/python benchmarks/bench.py $(BENCH)

bench-check: setup
	$(BIN)/python benchmarks/check.py

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache
