# make demo   the environment, then the main job on the embedded model
# make test   the same environment, then every test
# make attack an attacker of the verifier in full (AMPO_DATA_DIR: the references of all benchmarks; two cores: 20 minutes)
# make study  where guidance helps, a controlled study (two cores: three hours; SIZE=smoke: a minute or two); it goes on
#             with what docs/study/runs.jsonl holds
# make long   runs over several ranks, workers and nodes, one of which is killed; what may happen to OpenRLHF's, and
#             its SFT (two cores: an hour)
# make quick  what a person runs while working: ruff, import-linter, the quick tests
# make compat the newest versions of what evaluation stands on, in an environment of its own
# make lint   ruff, pyright, import-linter;  make format: ruff's formatter
# make docs   the pages of docs/ as a site in build/site; make serve-docs: on http://127.0.0.1:8001, renewed as they change
# make perf   every speed, as a ratio; writes docs/performance.md (most of an hour; ONLY="verifier app" measures these)

PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

# A GPU machine gets vLLM for GPUs, any other vLLM for CPUs with a CPU build of torch.
GPU := $(shell command -v nvidia-smi >/dev/null 2>&1 && nvidia-smi -L 2>/dev/null | grep -c GPU)
ifeq ($(filter-out 0,$(GPU)),)
EXTRAS := cpu,hf,embedded,app,lm-eval,study,openrlhf,dev,docs
OVERRIDES := --overrides requirements/cpu-overrides.txt
# A CPU build of torch that pip was told of is found through its find-links; elsewhere uv knows where they are.
FIND_LINKS := $(or $(UV_FIND_LINKS),$(PIP_FIND_LINKS),$(shell $(PYTHON) -m pip config get global.find-links 2>/dev/null))
TORCH := $(if $(wildcard $(FIND_LINKS)/torch-*),,--torch-backend cpu)
else
EXTRAS := vllm,hf,embedded,app,lm-eval,study,openrlhf,dev,docs
OVERRIDES := --overrides requirements/gpu-overrides.txt
FIND_LINKS := $(UV_FIND_LINKS)
TORCH :=
endif

SIZE ?= small

.PHONY: demo test long quick compat study lint format docs serve-docs perf clean attack
demo: $(READY)
	$(BIN)/ampo eval --suite demo --model smollm2-135m --output-dir runs/demo

# Two at a time: much of the time goes into waiting for what has been started. tests/conftest.py says what stays together.
# A run of OpenRLHF takes the whole machine.
OVER := -n 2 --dist loadgroup --no-loadscope-reorder
test: $(READY) lint docs
	$(BIN)/pytest $(OVER) -m "not slow and not browser and not long"
	$(BIN)/pytest $(OVER) -m "(slow or browser) and not alone and not long"
	$(BIN)/pytest -m "alone and not long" tests/training/openrlhf

long: $(READY)
	$(BIN)/pytest -m long

# What needs no other process: two minutes on two cores. The rest of what a change touches is a person's to name.
QUICK := tests/algorithm tests/guidance tests/engines tests/verify tests/eval tests/test_*.py
PROCESSES := guidance/test_pool_check guidance/test_pool_build guidance/test_splice engines/test_encoding verify/test_graded \
  verify/test_safety verify/test_pool verify/test_pool_worker verify/test_hosts verify/test_properties verify/test_audit \
  verify/test_guard eval/test_judge eval/test_lm_eval_tasks eval/test_comparable eval/test_adaptive eval/test_session \
  eval/test_own_extraction eval/test_report eval/test_run eval/test_rundir test_cli test_api test_wheel test_install
quick: $(READY)
	$(BIN)/ruff check .
	$(BIN)/lint-imports
	$(BIN)/pytest $(OVER) -q -m "not slow and not browser and not long" $(QUICK) $(PROCESSES:%=--ignore=tests/%.py)

docs: $(READY)
	$(BIN)/python docs/generate.py --check
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet

serve-docs: $(READY)
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs serve --dev-addr 127.0.0.1:8001

compat:
	PYTHON=$(PYTHON) requirements/compat.sh

perf: $(READY)
	$(BIN)/python perf/all.py $(ONLY)

study: $(READY)
	$(BIN)/ampo study --size $(SIZE) $(if $(filter smoke,$(SIZE)),,--page docs/study)

attack: $(READY)
	$(BIN)/python tests/attack/run.py

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright
	$(BIN)/lint-imports

format: $(READY)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# Bytecode is compiled at once: importing vLLM without takes twice as long.
$(READY): pyproject.toml requirements/cpu-overrides.txt requirements/gpu-overrides.txt requirements/make-constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet uv
	UV_FIND_LINKS="$(FIND_LINKS)" $(BIN)/uv pip install --python $(BIN)/python --compile-bytecode \
	  $(OVERRIDES) --constraints requirements/make-constraints.txt $(TORCH) -e ".[$(EXTRAS)]"
	touch $(READY)

clean:
	rm -rf $(VENV) build dist

# The adapters against the packages that they are for, each in an environment of its own (a quarter of an hour the
# first time): TOOLS="trl verl" takes some.
.PHONY: integrations
integrations: $(READY)
	UV_FIND_LINKS="$(FIND_LINKS)" $(BIN)/python tests/integrations/real/run_tools.py $(TOOLS)

# Our verifier and others' on the same answers: docs/verifier-bench.md. Makes the same environments.
.PHONY: verifier-bench
verifier-bench: $(READY)
	UV_FIND_LINKS="$(FIND_LINKS)" $(BIN)/python perf/verifier_bench/run.py
