"""The full size: the release's rows become a pool and splits, runs are configs, and what is finished is compared."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest

from ampo.errors import UserError
from ampo.guidance import PoolEntry
from ampo.guidance.formats import line_of
from ampo.study import full
from ampo.training.config import validated
from ampo.types import Solution

TRIAL = full.settings()["full-trial"]


def released(i: int) -> dict:
    """A row as GSM8K's release has it."""
    return {
        "question": f"What is {i} + {i}?",
        "ground_truth": f"It is {i}+{i}=<<{i}+{i}={2 * i}>>{2 * i}\nA: {2 * i:,}",
        "6b_finetuning": {"is_correct": False, "solution": "It is 1\nA: 1"},
        "175b_verification": {"is_correct": True, "solution": f"{i}+{i} = <<{i}+{i}={2 * i}>>{2 * i}\nA: {2 * i}"},
    }


def test_a_row_of_the_release_has_right_solutions_only_with_their_answer_in_tags() -> None:
    row = full.entry(released(1000))
    assert row["answer"] == "2000"
    assert row["solutions"] == [
        {"source": "175b_verification", "content": "1000+1000 = 2000\n<answer> 2000 </answer>"},
    ]
    ours = {
        "uid": "x",
        "question": "q",
        "answer": "3",
        "solutions": [{"source": "a", "content": "so 3\nA: 3", "is_correct": True}],
    }
    assert full.entry(ours)["solutions"] == [{"source": "a", "content": "so 3\n<answer> 3 </answer>"}]
    assert full.entry(ours)["uid"] == "x"


def test_a_pool_of_pool_build_says_what_is_right_in_its_own_word() -> None:
    told = [Solution("a", "so 3", verified=True), Solution("b", "so 4", verified=False), Solution("c", "3")]
    row = json.loads(line_of(PoolEntry("x", "q", "3", tuple(told))))
    assert [one["source"] for one in full.entry(row)["solutions"]] == ["a"]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"question": "q", "answer": "3"}, "it has no 'solutions'"),
        ({"question": "q", "answer": "3", "solutions": None}, "not iterable"),
        ({"question": "q", "answer": "3", "solutions": ["text"]}, "no attribute 'get'"),
        ({"question": 1, "ground_truth": "A: 1"}, "no attribute 'encode'"),
    ],
)
def test_a_row_that_is_none_of_a_pool_is_named_by_its_line(row: dict, said: str, tmp_path: Path) -> None:
    pool = tmp_path / "pool.jsonl"
    pool.write_text(json.dumps(released(1)) + "\n" + json.dumps(row) + "\n")
    with pytest.raises(UserError, match=rf"pool.jsonl:2 is no row of a pool \(.*{said}.*\): mend or remove") as raised:
        full._split(tmp_path / "data", TRIAL, pool)
    assert "\n" not in str(raised.value)


def test_the_splits_share_no_question_and_only_training_has_solutions(tmp_path: Path) -> None:
    pool = tmp_path / "pool.jsonl"
    pool.write_text("".join(json.dumps(released(i)) + "\n" for i in range(1, 41)))
    full._split(tmp_path / "data", TRIAL, pool)
    parts = {
        name: [json.loads(line) for line in (tmp_path / "data" / f"{name}.jsonl").read_text().splitlines()]
        for name in ("train", "validation", "test")
    }
    questions = [row["question"] for part in parts.values() for row in part]
    assert len(questions) == len(set(questions)) == 40
    assert len(parts["test"]) == TRIAL.test
    assert len(parts["validation"]) == TRIAL.validation
    assert all(row["solutions"] for row in parts["train"])
    assert not any("solutions" in row for name in ("test", "validation") for row in parts[name])
    with pytest.raises(UserError, match="needs the pool of GSM8K's release: curl"):
        full._split(tmp_path / "other", TRIAL, None)


@pytest.mark.parametrize("size", full.settings())
@pytest.mark.parametrize("arm", ["grpo", "ampo", "luffy"])
def test_runs_are_configs(size: str, arm: str, tmp_path: Path) -> None:
    settings = full.settings()[size]
    assert arm in settings.arms
    config = validated(tomllib.loads(full.config(settings, arm, 3, tmp_path)), "x")
    assert (config.preset, config.seed, config.steps) == (arm, 3, settings.train["steps"])
    assert (config.data.pool is not None) == config.resolved_algorithm().uses_pool


def test_finished_runs_are_compared_by_seed_and_question(tmp_path: Path) -> None:
    from ampo.eval.records import ResponseRecord, VerdictRecord
    from ampo.eval.rundir import RunDir
    from ampo.files import dump, fields_of
    from ampo.types import Problem, Response

    settings = TRIAL.model_copy(update={"seeds": 2})
    problems = [Problem(f"q{i}", "?", "1", "test") for i in range(4)]
    for arm, right in {"ampo": 2, "grpo": 1}.items():
        for seed in range(2):
            run = RunDir(tmp_path / arm / f"seed-{seed}" / "eval")
            run.path.mkdir(parents=True)
            run.write_problems(problems)
            records = [
                VerdictRecord(f"{p.id}#{k}", "ampo", "correct" if k < right else "wrong", None, "", 0.0)
                for p in problems
                for k in range(settings.samples)
            ]
            asked = [
                ResponseRecord.of(p.id, k, k, Response("1", "stop")) for p in problems for k in range(settings.samples)
            ]
            run.responses.write_text("".join(dump(fields_of(record)) for record in asked))
            run.verdicts.write_text("".join(dump(fields_of(record)) for record in records))
            run.metrics.write_text("{}")
    full._write_up(tmp_path, settings)
    data = json.loads((tmp_path / "results.json").read_text())
    assert data["arms"]["ampo"]["mean"] == 1.0
    assert data["compared"]["ampo - grpo"]["mean"] == 0.5
    assert "4 of 6 runs" in (tmp_path / "README.md").read_text()
