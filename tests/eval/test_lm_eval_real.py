"""The real model through both harnesses: lm-eval's own entry, its command line, and `ampo eval`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("lm_eval")

import lm_eval
from lm_eval.api.model import LM
from lm_eval.tasks import TaskManager

from ampo import load_engine
from ampo.eval import lm_eval_tasks
from ampo.eval.harness.answers import Answers, Generated
from ampo.eval.harness.model import EngineLM
from ampo.eval.harness.run import HarnessSpec, run_lm_eval
from ampo.eval.lm_eval_results import read
from ampo.eval.run import evaluate
from ampo.eval.rundir import RunDir
from ampo.eval.spec import build_spec
from ampo.eval.suites import resolve
from ampo.models import EMBEDDED

N, K, TOKENS = 4, 2, 32
METADATA: dict[str, Any] = {"samples": K, "protocol": "ampo"}
simple_evaluate: Any = lm_eval.simple_evaluate  # decorated without their types
lm_evaluate: Any = lm_eval.evaluate

STOCK = {
    "choice": """task: stock_choice
dataset_path: json
dataset_kwargs: {data_files: {test: DATA}}
test_split: test
output_type: multiple_choice
doc_to_text: "{{q}}"
doc_to_choice: choices
doc_to_target: gold
metric_list:
  - {metric: acc, aggregation: mean, higher_is_better: true}
""",
    "text": """task: stock_text
dataset_path: json
dataset_kwargs: {data_files: {test: DATA}}
test_split: test
output_type: generate_until
doc_to_text: "{{q}}"
doc_to_target: "{{choices[gold]}}"
generation_kwargs: {until: ["\\n", "."], max_gen_toks: 12, do_sample: false}
filter_list:
  - {name: first-word, filter: [{function: regex, regex_pattern: "([A-Za-z]+)"}, {function: take_first}]}
metric_list:
  - {metric: exact_match, aggregation: mean, higher_is_better: true}
""",
    "rolling": """task: stock_rolling
dataset_path: json
dataset_kwargs: {data_files: {test: DATA}}
test_split: test
output_type: loglikelihood_rolling
doc_to_text: ""
doc_to_target: "{{q}} {{choices[gold]}}"
metric_list: [{metric: word_perplexity}]
""",
}
ROWS = [
    {"q": "The capital of France is", "choices": ["Paris", "Berlin", "Rome"], "gold": 0},
    {"q": "The opposite of hot is", "choices": ["green", "cold", "seven"], "gold": 1},
    {"q": "A baby dog is called a", "choices": ["puppy", "kitten", "calf"], "gold": 0},
]


def left_open(engine: Any) -> Any:
    """An engine for a run, which ends it, that goes on for the other tests."""
    return nullcontext(engine)


class Replay(LM):
    """Gives every problem its saved responses, in order."""

    def __init__(self, run: RunDir) -> None:
        super().__init__()
        self._records = run.read_responses()
        self._next: dict[str, int] = {}

    def generate_until(self, requests: list[Any]) -> list[str]:
        return [self._text(request.doc["id"]) for request in requests]

    def _text(self, problem: str) -> str:
        sample = self._next[problem] = self._next.get(problem, -1) + 1
        record = self._records[f"{problem}#{sample}"]
        return Generated(record.text, record.finish_reason, record.completion_tokens)

    def loglikelihood(self, requests: list[Any]) -> Any:
        raise AssertionError("our tasks generate")

    loglikelihood_rolling = loglikelihood


def ours() -> TaskManager:
    return TaskManager(include_path=lm_eval_tasks.__path__[0], include_defaults=False, metadata=METADATA)


def run_ours(model: LM) -> dict[str, Any]:
    """lm-eval's own entry, with our folder included."""
    return simple_evaluate(
        model=model,
        tasks=["ampo_demo"],
        task_manager=ours(),
        limit=N,
        apply_chat_template=not isinstance(model, Replay),
        gen_kwargs={"max_gen_toks": TOKENS},
    )


@pytest.mark.slow
def test_the_same_problems_through_both_harnesses(vllm_engine: Any, tmp_path: Path) -> None:
    run = RunDir(tmp_path / "run")
    spec = build_spec(resolve("demo"), EMBEDDED, samples=K, limit=N, sampling={"max_tokens": TOKENS})
    metrics = evaluate(spec, run, lambda: left_open(vllm_engine), say=lambda _: None, quiet=True)
    own = metrics["benchmarks"]["demo"]

    replayed = run_ours(Replay(run))["results"]["ampo_demo"]
    assert replayed["avg_at_k,ampo"] == own["avg_at_k"]
    assert replayed["avg_at_k_stderr,ampo"] == own["stderr"]
    assert replayed["pass_at_k,ampo"] == own["pass_at_k"][str(K)]
    for name in ("maj_at_k", "truncated_rate", "no_answer_rate", "timeout_rate", "mean_completion_tokens"):
        assert replayed[f"{name},ampo"] == own[name], name

    asked = run_ours(EngineLM(vllm_engine, Answers(tmp_path / "answers.jsonl", say=lambda _: None), quiet=True))
    samples = asked["samples"]["ampo_demo"]
    assert [len(sample["resps"][0]) for sample in samples] == [K] * N
    assert all(text for sample in samples for text in sample["resps"][0])
    prompts = {record.problem: record.prompt_tokens for record in run.read_responses().values()}
    rows = [json.loads(line) for line in (tmp_path / "answers.jsonl").read_text().splitlines()]
    assert {row["prompt_tokens"] for row in rows} == set(prompts.values())  # the same prompts, token for token
    assert 0 <= asked["results"]["ampo_demo"]["avg_at_k,ampo"] <= 1


@pytest.fixture(scope="module")
def stock(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with tasks as lm-eval's own are written, on a file of ours: the hub is out of reach here."""
    folder = tmp_path_factory.mktemp("stock")
    data = folder / "data.jsonl"
    data.write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    for name, text in STOCK.items():
        (folder / f"{name}.yaml").write_text(text.replace("DATA", str(data)))
    return folder


@pytest.mark.slow
def test_stock_tasks_with_our_engine(
    vllm_engine: Any, stock: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ampo.eval.harness.run.OURS", "stock")  # lm-eval's own tasks take 15 seconds to index
    spec = HarnessSpec(
        tasks=["stock_*"], model=EMBEDDED, options={"include_path": str(stock), "apply_chat_template": False}
    )
    metrics = run_lm_eval(
        spec,
        RunDir(tmp_path / "run"),
        lambda: left_open(vllm_engine),
        say=lambda _: None,
        quiet=True,
    )
    assert metrics["benchmarks"]["stock_choice"]["avg_at_k"] >= 2 / 3  # it knows France and puppies
    assert metrics["benchmarks"]["stock_choice"]["n_problems"] == len(ROWS)
    assert metrics["benchmarks"]["stock_text"]["metric"] == "exact_match"
    assert metrics["benchmarks"]["stock_rolling"]["metrics"]["word_perplexity"]["value"] > 1
    (texts,) = (tmp_path / "run" / EMBEDDED).glob("samples_stock_text_*.jsonl")
    said = [json.loads(line)["resps"][0][0] for line in texts.read_text().splitlines()]
    assert any("Paris" in text for text in said)
    assert not any("\n" in text or "." in text for text in said)


@pytest.mark.slow
def test_likelihoods_are_those_of_lm_evals_own_model(model_path: str, stock: Path, tmp_path: Path) -> None:
    """Its transformers model against our transformers engine, in the same precision."""
    from lm_eval.models.huggingface import HFLM

    manager = TaskManager(include_path=str(stock), include_defaults=False)

    def run(model: LM) -> dict[str, Any]:
        return lm_evaluate(lm=model, task_dict=manager.load(["stock_choice", "stock_rolling"]), bootstrap_iters=0)

    theirs_model: Any = HFLM  # decorated without its types
    wanted = run(theirs_model(pretrained=model_path, dtype="float32", device="cpu"))
    with load_engine(EMBEDDED, "transformers", dtype="float32") as engine:
        found = run(EngineLM(engine, Answers(tmp_path / "answers.jsonl", say=lambda _: None), quiet=True))
    for sample, other in zip(found["samples"]["stock_choice"], wanted["samples"]["stock_choice"], strict=True):
        for ((mine, greedy),), ((theirs, is_greedy),) in zip(sample["resps"], other["resps"], strict=True):
            assert mine == pytest.approx(theirs, abs=1e-3)
            assert greedy == is_greedy
    perplexities = [run["results"]["stock_rolling"]["word_perplexity,none"] for run in (found, wanted)]
    assert perplexities[0] == pytest.approx(perplexities[1], rel=1e-3)


@pytest.mark.slow
def test_our_tasks_from_lm_evals_command_line(model_path: str, tmp_path: Path) -> None:
    folder = subprocess.run(
        [sys.executable, "-m", "ampo.eval.lm_eval_tasks"], capture_output=True, text=True, check=True
    )
    command = [sys.executable, "-m", "lm_eval", "run", "--model", "hf", "--device", "cpu", "--batch_size", "4"]
    command += ["--model_args", f"pretrained={model_path},dtype=float32", "--include_path", folder.stdout.strip()]
    command += ["--tasks", "ampo_demo", "--apply_chat_template", "--limit", "2", "--metadata", "samples=2"]
    command += ["--gen_kwargs", "max_gen_toks=16", "--output_path", str(tmp_path / "out"), "--log_samples"]
    environment = os.environ | {"HF_HUB_OFFLINE": "1", "TQDM_DISABLE": "1"}
    done = subprocess.run(command, capture_output=True, text=True, timeout=400, env=environment)
    assert done.returncode == 0, done.stderr[-2000:]
    assert "avg_at_k" in done.stdout
    entry = read(tmp_path / "out")["benchmarks"]["demo"]
    assert (entry["n_problems"], entry["n_samples"]) == (2, 4)
