"""Our tasks inside lm-eval: what they ask, and that both harnesses make the same figures of the same responses."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("lm_eval")

import lm_eval
from lm_eval.api.model import LM
from lm_eval.tasks import TaskManager

from ampo import prompts
from ampo.errors import UserError
from ampo.eval import lm_eval_tasks
from ampo.eval.data import load_problems
from ampo.eval.harness.answers import Generated
from ampo.eval.lm_eval_results import read
from ampo.eval.lm_eval_tasks.task import problem_of
from ampo.eval.records import ResponseRecord
from ampo.eval.rundir import RunDir
from ampo.eval.score import rescore
from ampo.eval.suites import SUITES, catalogue, resolve
from ampo.files import dump
from ampo.prompts import load_template
from ampo.types import Problem, Response

evaluate: Any = lm_eval.evaluate  # decorated without its types


def manager(**metadata: Any) -> TaskManager:
    return TaskManager(include_path=lm_eval_tasks.__path__[0], include_defaults=False, metadata=metadata)


def demo(**metadata: Any) -> Any:
    return manager(**metadata).load(["ampo_demo"])["tasks"]["ampo_demo"]


class Replay(LM):
    """Gives every problem its saved responses, in order."""

    def __init__(self, responses: Mapping[str, Sequence[str]]) -> None:
        super().__init__()
        self.responses = {problem: iter(texts) for problem, texts in responses.items()}
        self.prompts: list[str] = []

    def generate_until(self, requests: list[Any]) -> list[str]:
        self.prompts += [request.args[0] for request in requests]
        return [next(self.responses[request.doc["id"]]) for request in requests]

    def loglikelihood(self, requests: list[Any]) -> list[tuple[float, bool]]:
        raise AssertionError("our tasks generate")

    def loglikelihood_rolling(self, requests: list[Any]) -> list[float]:
        raise AssertionError("our tasks generate")


def test_every_benchmark_is_a_task_and_every_task_one() -> None:
    known = manager()
    assert set(known.all_subtasks) == {f"ampo_{benchmark.name}" for benchmark in catalogue()}
    for group, suite in (("ampo", "ampo"), ("ampo_ood", "ood"), ("ampo_paper", "paper")):
        config = known.task_index[group].cfg
        assert config is not None
        assert config["task"] == [f"ampo_{name}" for name in SUITES[suite]]


@pytest.mark.parametrize(("metadata", "samples"), [({}, 4), ({"samples": 3}, 3)])
def test_the_benchmarks_own_samples_and_sampling_unless_told_otherwise(metadata: dict[str, Any], samples: int) -> None:
    task = demo(**metadata)
    assert task.config.repeats == samples
    assert task.config.generation_kwargs["temperature"] == 0.6
    assert task.config.generation_kwargs["max_gen_toks"] == 128
    assert task.config.generation_kwargs["until"] == []  # anything would cut some answer


def test_the_papers_samples(data_dir: Path) -> None:
    tasks = manager(data_dir=str(data_dir)).load(["ampo"])["tasks"]
    assert {name: task.config.repeats for name, task in tasks.items()} == {
        f"ampo_{benchmark.name}": benchmark.samples for benchmark in resolve("ampo")
    }
    assert len(tasks["ampo_math500"].eval_docs) == 500
    assert tasks["ampo_math500"].config.generation_kwargs["max_gen_toks"] == 8192


def test_greedy_asks_once() -> None:
    task = demo()
    task.set_config("generation_kwargs", {"temperature": 0.0, "do_sample": False}, update=True)
    task.build_all_requests(limit=2)
    assert [request.repeats for request in task.instances] == [1, 1]


@pytest.mark.parametrize("template", ["ampo", "brief"])
def test_prompts_are_those_of_our_prompt_module(template: str) -> None:
    task = demo(template=template)
    problem = load_problems(resolve("demo")[0])[0]
    messages = load_template(template).render(problem)
    shown: list[Any] = []
    task.fewshot_context(
        task.eval_docs[0],
        apply_chat_template=True,
        chat_template=lambda m, add_generation_prompt: shown.append(m) or "",
    )
    assert shown == [list(messages)]
    assert task.fewshot_context(task.eval_docs[0]) == prompts.render(messages, tokenizer=None)
    assert task.doc_to_target(task.eval_docs[0]) == problem.answer


def test_a_document_is_the_problem() -> None:
    assert [problem_of(doc) for doc in demo().eval_docs] == load_problems(resolve("demo")[0])


def test_an_unknown_template_is_one_line() -> None:
    with pytest.raises(UserError, match="did you mean brief"):
        demo(template="breif")


def test_a_users_own_yaml_includes_one_of_ours(tmp_path: Path) -> None:
    folder = Path(lm_eval_tasks.__path__[0])
    (tmp_path / "mine.yaml").write_text(f"include: {folder / 'ampo_demo.yaml'}\ntask: mine\nrepeats: 2\n")
    task: Any = TaskManager(include_path=tmp_path, include_defaults=False).load(["mine"])["tasks"]["mine"]
    assert task.config.repeats == 2
    assert task.config.generation_kwargs["temperature"] == 0.6


def responses(problems: list[Problem], k: int, rng: random.Random) -> dict[str, list[Response]]:
    """Right, wrong, missing, cut off and repeated answers, k a problem."""
    made: dict[str, list[Response]] = {}
    for problem in problems:
        texts = [
            (f"<answer>{problem.answer}</answer>", "stop"),
            ("<answer>17</answer>", "stop"),
            ("I don't know.", "stop"),
            ("The answer is 5, or rather", "length"),
            (f"So the answer is {problem.answer}", "length"),  # right only for those who don't know it was cut off
        ]
        picked = [rng.choice(texts) for _ in range(k)]
        made[problem.id] = [Response(text, finish_reason=end, completion_tokens=7) for text, end in picked]  # pyright: ignore
    return made


@pytest.mark.parametrize("k", [1, 3, 4])
def test_both_harnesses_agree_to_the_last_digit(k: int, tmp_path: Path) -> None:
    problems = load_problems(resolve("demo")[0])
    answered = responses(problems, k, random.Random(k))
    run = RunDir(tmp_path / "run")
    run.path.mkdir()
    run.write_problems(problems)
    records = [ResponseRecord.of(p, i, None, r) for p, each in answered.items() for i, r in enumerate(each)]
    random.Random(0).shuffle(records)  # in a run they stand in the order in which they finished
    run.responses.write_text(
        "".join(dump({name: getattr(record, name) for name in ResponseRecord.__slots__}) for record in records)
    )
    own = rescore(run, ("ampo", "official"), say=lambda _: None, quiet=True)
    texts = {p: [Generated(r.text, r.finish_reason, r.completion_tokens) for r in each] for p, each in answered.items()}
    tasks: Any = manager(samples=k, protocol="ampo+official").load(["ampo_demo"])
    found: Any = evaluate(lm=Replay(texts), task_dict=tasks)
    for protocol, summary in (("ampo", own), ("official", own["protocols"]["official"])):
        wanted, theirs = summary["benchmarks"]["demo"], found["results"]["ampo_demo"]
        assert theirs[f"avg_at_k,{protocol}"] == wanted["avg_at_k"]
        assert theirs[f"avg_at_k_stderr,{protocol}"] == wanted["stderr"]
        assert theirs[f"pass_at_k,{protocol}"] == wanted["pass_at_k"][str(k)]
        for name in ("maj_at_k", "truncated_rate", "no_answer_rate", "timeout_rate", "mean_completion_tokens"):
            assert theirs[f"{name},{protocol}"] == wanted[name], name
    assert 0 < own["benchmarks"]["demo"]["avg_at_k"] < 1
    assert own["benchmarks"]["demo"]["truncated_rate"] > 0

    found.pop("samples")
    file = tmp_path / "results_2026-01-01T00-00-00.json"
    file.write_text(json.dumps(found, default=str))
    report = read(file)
    for protocol, summary in (("ampo", own), ("official", own["protocols"]["official"])):
        wanted = summary["benchmarks"]["demo"]
        got = (report if protocol == "ampo" else report["protocols"][protocol])["benchmarks"]["demo"]
        assert got["ci95"] == pytest.approx(wanted["ci95"])
        shared = ("n_problems", "n_samples", "samples_per_problem", "avg_at_k", "maj_at_k", "bounds", "truncated_rate")
        assert {name: got[name] for name in shared} == {name: wanted[name] for name in shared}


def test_without_a_finish_reason_a_text_is_judged_as_any_text() -> None:
    """Other models' texts don't tell that they were cut off."""
    problems = load_problems(resolve("demo")[0])
    texts = {problem.id: [f"So the answer is {problem.answer}"] for problem in problems}
    tasks: Any = manager(samples=1).load(["ampo_demo"])
    found: Any = evaluate(lm=Replay(texts), task_dict=tasks, limit=3)
    assert found["results"]["ampo_demo"]["avg_at_k,ampo"] == 1.0
    assert "mean_completion_tokens,ampo" not in found["results"]["ampo_demo"]
