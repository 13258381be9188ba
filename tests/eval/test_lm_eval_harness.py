"""lm-eval with our engines: how its requests become ours, and that a killed run asks nothing twice."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("lm_eval")

from lm_eval.api.instance import Instance

from ampo.engines.base import Engine
from ampo.engines.halt import Halt
from ampo.errors import EngineError, MissingExtraError, UserError
from ampo.eval.harness.answers import Answers, Generated, gaps
from ampo.eval.harness.model import EngineLM, sampling_params
from ampo.eval.harness.run import HarnessSpec, run_lm_eval
from ampo.eval.rundir import RunDir
from ampo.types import Delta, Request, Response, Sample, SamplingParams

SAMPLED = {"do_sample": True, "temperature": 0.6, "until": ["\n"], "max_gen_toks": 9}
GREEDY = {"do_sample": False, "until": "\n"}


class Scripted(Engine):
    """Says its seed and the prompt. Dies after `die_after` samples."""

    backend, model = "scripted", "scripted"

    def __init__(self, die_after: int | None = None) -> None:
        self.asked: list[Request] = []
        self._left = die_after

    def generate(self, requests: Iterable[Request]) -> Iterator[Sample]:
        for request in requests:
            self.asked.append(request)
            for index in range(request.params.n):
                if self._left == 0:
                    raise EngineError("out of memory")
                self._left = None if self._left is None else self._left - 1
                assert request.params.seed is not None
                text = f"{request.prompt} {request.params.seed + index}"
                yield Sample(request.id, index, Response(text, completion_tokens=3))

    def stream(self, request: Request, halt: Halt | None = None) -> Iterator[Delta]:
        raise AssertionError("nothing is streamed")

    def describe(self) -> dict[str, Any]:
        return {"backend": self.backend, "model": self.model, "revision": None}

    def close(self) -> None: ...


def instances(*asked: tuple[str, dict[str, Any]]) -> list[Instance]:
    return [Instance("generate_until", {}, arguments=(text, dict(kwargs)), idx=0) for text, kwargs in asked]


def ask(folder: Path, engine: Engine, *asked: tuple[str, dict[str, Any]]) -> list[str]:
    answers = Answers(folder / "answers.jsonl", say=lambda _: None)
    try:
        return EngineLM(engine, answers, quiet=True).generate_until(instances(*asked))
    finally:
        answers.close()


def test_repeats_are_samples_with_seeds_of_their_own(tmp_path: Path) -> None:
    engine = Scripted()
    texts = ask(tmp_path, engine, *[("a", SAMPLED)] * 3, ("b", SAMPLED), ("a", SAMPLED))
    assert len(set(texts)) == 5
    assert [text.split()[0] for text in texts] == ["a", "a", "a", "b", "a"]
    assert sorted(request.params.n for request in engine.asked) == [1, 4]  # one request, one prefill
    assert all(isinstance(text, Generated) and text.completion_tokens == 3 for text in texts)


def test_equal_greedy_requests_are_asked_once(tmp_path: Path) -> None:
    engine = Scripted()
    first, again, other = ask(tmp_path, engine, ("a", GREEDY), ("a", GREEDY), ("b", GREEDY))
    assert first == again != other
    assert len(engine.asked) == 2


@pytest.mark.parametrize("die_after", [0, 1, 3, 4])
def test_a_resumed_run_asks_what_is_missing_and_ends_the_same(die_after: int, tmp_path: Path) -> None:
    asked = [*[("a", SAMPLED)] * 3, *[("b", SAMPLED)] * 2]
    with pytest.raises(EngineError):
        ask(tmp_path, Scripted(die_after), *asked)
    file = tmp_path / "answers.jsonl"
    file.write_text(file.read_text() + '{"request": "torn')
    engine = Scripted()
    texts = ask(tmp_path, engine, *asked)
    (tmp_path / "whole").mkdir()
    assert texts == ask(tmp_path / "whole", Scripted(), *asked)
    assert sum(request.params.n for request in engine.asked) == 5 - die_after
    assert len(file.read_text().splitlines()) == 5


def test_a_full_disk_is_one_line_and_leaves_whole_answers(tmp_path: Path) -> None:
    code = """
import pathlib, resource, sys
from ampo.errors import UserError
from ampo.eval.harness.answers import Answers
file = pathlib.Path(sys.argv[1])
answers = Answers(file, print)
resource.setrlimit(resource.RLIMIT_FSIZE, (200, resource.RLIM_INFINITY))
try:
    for i in range(9):
        answers.add_scored(f"request {i}", -1.5, True)
except UserError as error:
    print(error)
"""
    file = tmp_path / "answers.jsonl"
    done = subprocess.run([sys.executable, "-c", code, str(file)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count(f"cannot write {file} (") == 1
    assert len(Answers(file, say=lambda line: pytest.fail(line))) == 3


def test_gaps() -> None:
    assert gaps([4, 0, 1, 5, 7]) == [(0, 2), (4, 2), (7, 1)]


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ({}, {"temperature": 0.0, "max_tokens": 256}),
        ({"do_sample": False, "temperature": 0.9}, {"temperature": 0.0, "max_tokens": 256}),
        ({"do_sample": True}, {"temperature": 1.0, "max_tokens": 256}),
        ({"temperature": 0.6}, {"temperature": 0.6, "max_tokens": 256}),
        (
            {"until": ["a", "", "b", "a"], "max_new_tokens": 7},
            {"stop": ("a", "b"), "max_tokens": 7, "temperature": 0.0},
        ),
        ({"until": "x", "top_k": -1, "num_beams": 1}, {"stop": ("x",), "temperature": 0.0, "max_tokens": 256}),
        (
            {"do_sample": True, "temperature": 0.5, "top_p": 0.9, "top_k": 5, "max_gen_toks": 3},
            {"temperature": 0.5, "top_p": 0.9, "top_k": 5, "max_tokens": 3},
        ),
    ],
)
def test_generation_kwargs(given: dict[str, Any], wanted: dict[str, Any]) -> None:
    assert sampling_params(given) == SamplingParams(**wanted)


def test_an_endpoint_is_asked_with_the_conversation(tmp_path: Path) -> None:
    """It has its own chat template, so it must not get a text that went through one."""
    engine = Scripted()
    model = EngineLM(engine, Answers(tmp_path / "answers.jsonl", say=lambda _: None), quiet=True)
    prompt = model.apply_chat_template([{"role": "user", "content": "hi"}])
    model.generate_until(instances((prompt, SAMPLED)))
    assert engine.asked[0].prompt == ({"role": "user", "content": "hi"},)


def refused(match: str, folder: Path, **given: Any) -> None:
    with pytest.raises(UserError, match=match) as error:
        run_lm_eval(HarnessSpec(model="m", **given), RunDir(folder / "run"), Scripted, say=lambda _: None)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("given", "match"),
    [
        ({"tasks": []}, "name the tasks"),
        ({"tasks": ["ampo_dmo"]}, "did you mean ampo_demo"),
        ({"tasks": ["ampo_demo"], "limit": 0}, "at least 1"),
        ({"tasks": ["ampo_demo"], "options": {"num_fewshots": 2}}, "did you mean num_fewshot"),
        ({"tasks": ["ampo_demo", "arc_easy"]}, "apply_chat_template=true or =false"),
        ({"tasks": ["ampo_demo"], "options": {"include_path": "/no/such"}}, "not a folder"),
        ({"tasks": ["ampo_demo"], "metadata": {"template": "breif"}}, "did you mean brief"),
        ({"tasks": ["ampo_aime24"], "metadata": {"data_dir": "/no/such"}}, "not a folder"),
    ],
)
def test_bad_input_is_one_line(given: dict[str, Any], match: str, tmp_path: Path) -> None:
    refused(match, tmp_path, **given)


def test_a_mistyped_task_does_not_bind_the_folder(tmp_path: Path) -> None:
    refused("did you mean ampo_demo", tmp_path, tasks=["ampo_dmo"])
    assert not (tmp_path / "run" / "config.toml").exists()


@pytest.mark.parametrize(
    "given",
    [
        *({name: 2} for name in ("until_ci", "max_samples", "tokens_per_second", "mean_tokens")),
        {"ci_over": "samples"},
        {"dry_run": True},
        {"id_column": "key"},
    ],
)
def test_what_is_for_our_own_harness_is_refused(given: dict[str, Any]) -> None:
    from ampo.cli.harness import HarnessFlags

    [name] = given
    with pytest.raises(UserError, match=f"--{name.replace('_', '-')} is for our own harness"):
        HarnessFlags("lm-eval").other(given)


def test_a_set_that_cannot_be_had_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    task = tmp_path / "task.yaml"
    task.write_text("task: mine\ndataset_path: json\ndataset_kwargs: {data_files: /no/such.jsonl}\ntest_split: train\n")
    monkeypatch.setattr("ampo.eval.harness.run.OURS", "")  # lm-eval's own tasks take 15 seconds to index
    refused("lm-eval cannot load the task", tmp_path, tasks=[str(task)])


def test_an_engine_that_gives_no_likelihoods_refuses_before_anything_is_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "data.jsonl").write_text('{"q": "a", "choices": ["b", "c"], "gold": 0}\n')
    task = tmp_path / "task.yaml"
    task.write_text(CHOICE.format(folder=tmp_path))
    monkeypatch.setattr("ampo.eval.harness.run.OURS", "")
    refused("doesn't tell how likely", tmp_path, tasks=[str(task)])


CHOICE = """task: local_choice
dataset_path: json
dataset_kwargs: {{data_files: {{test: {folder}/data.jsonl}}}}
test_split: test
output_type: multiple_choice
doc_to_text: "{{{{q}}}}"
doc_to_choice: choices
doc_to_target: gold
metric_list: [{{metric: acc, aggregation: mean, higher_is_better: true}}]
"""


def test_without_lm_eval_one_line_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "lm_eval", None)
    spec = HarnessSpec(["ampo_demo"], "m")
    with pytest.raises(MissingExtraError, match=r"pip install .*\[lm-eval\]"):
        run_lm_eval(spec, RunDir(tmp_path), Scripted, say=lambda _: None)


def command(server: str, folder: Path) -> list[str]:
    arguments = ["eval", "--harness", "lm-eval", "--suite", "ampo_demo", "--base-url", server, "--samples", "2"]
    arguments += ["--limit", "10", "--max-tokens", "24", "--concurrency", "2", "--output-dir", str(folder)]
    return [sys.executable, "-m", "ampo", *arguments]


@pytest.mark.slow
def test_kill_9_and_the_same_command_goes_on(server: str, tmp_path: Path) -> None:
    run = tmp_path / "run"
    answers = run / "answers.jsonl"
    process = subprocess.Popen(command(server, run), stderr=subprocess.DEVNULL, start_new_session=True)
    deadline = time.monotonic() + 120
    while process.poll() is None and time.monotonic() < deadline:
        if answers.exists() and answers.read_bytes().count(b"\n") > 2:
            break
        time.sleep(0.02)
    assert process.poll() is None, "it was done before it could be killed"
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    before = answers.read_text().splitlines()
    assert 0 < len(before) < 20
    done = subprocess.run(command(server, run), capture_output=True, text=True, timeout=400)
    assert done.returncode == 0, done.stderr
    assert "resuming" in done.stderr
    rows = [json.loads(line) for line in answers.read_text().splitlines()]
    assert len({(row["request"], row["sample"]) for row in rows}) == len(rows) == 20
    whole = [line for line in before if line.endswith("}")]
    assert answers.read_text().splitlines()[: len(whole)] == whole
    entry = json.loads((run / "metrics.json").read_text())["benchmarks"]["demo"]
    assert entry["n_samples"] == 20
    assert entry["mean_completion_tokens"] == pytest.approx(sum(row["completion_tokens"] for row in rows) / 20)
    again = subprocess.run(command(server, run), capture_output=True, text=True, timeout=400)
    assert again.returncode == 0
    assert "is finished already" in again.stderr
