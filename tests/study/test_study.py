"""The study: its problems, its teachers, its statistics, and all of it once at the smallest size."""

from __future__ import annotations

import json
import random
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from ampo.cli import app
from ampo.errors import UserError
from ampo.study import analysis, design, schedule, task, teachers
from ampo.study.student import make_tokenizer, prompt_ids
from ampo.verify import verify


def test_the_splits_share_no_problem() -> None:
    for size in design.sizes().values():
        split = design.problems(size)
        questions = [problem.question for part in split.values() for problem in part]
        assert len(questions) == len(set(questions))
        assert len(split["train"]) == size.prompts
        assert {p.benchmark for p in split["train"]} == {p.benchmark for p in split["validation"]} == set(task.TRAINED)
        assert {p.benchmark for p in split["test"]} == set(task.TESTED)


@pytest.mark.parametrize("style", teachers.STYLES)
def test_a_teacher_is_right_and_keeps_the_answer_to_the_end(style: str) -> None:
    tokenizer, rng = make_tokenizer(), random.Random(0)
    for level in task.LEVELS.values():
        for _ in range(50):
            problem = task.make_problem(rng, level)
            assert sum(task.terms_of(problem)) == int(problem.answer)
            text = teachers.solution(problem, style).content
            trace, _, rest = text.partition("<answer>")
            assert rest == f"{problem.answer}</answer>"
            assert problem.answer not in trace
            assert verify(gold=problem.answer, response=text, kind="math").correct
            ids = tokenizer(text)["input_ids"]
            assert tokenizer.pad_token_id not in ids  # every character is known
            assert tokenizer.decode(ids) == text
            assert len(prompt_ids(tokenizer, problem)) + len(ids) < 2 * design.size("small").max_tokens
    assert all(
        len(tokenizer(teachers.solution(task.make_problem(rng, task.LEVELS[name]), style).content)["input_ids"])
        < design.size("small").max_tokens
        for name in task.TRAINED
        for _ in range(200)
    )


def test_the_arms_are_configs_that_the_local_backend_takes() -> None:
    from ampo.study.arm import train_config

    size = design.size("small")
    found = {arm.name: train_config(size, arm, 0, Path("x"), arm.preset, 4) for arm in design.arms(size)}
    assert found["ampo-random"].resolved_algorithm().selection == "random"
    assert found["ampo-always"].resolved_algorithm().trigger == "always"
    assert set(analysis.SINGLE) < found.keys()
    with pytest.raises(UserError, match="did you mean smoke"):
        design.size("smoek")


def rows(right: np.ndarray, samples: int = 4) -> list[dict]:
    """Results of an arm from right answers [seeds, problems]."""
    return [
        {"test": [{"id": str(i), "level": "hard", "right": int(n), "samples": samples} for i, n in enumerate(row)]}
        for row in right
    ]


def test_the_interval_holds_the_truth_as_often_as_it_says() -> None:
    """Cells with an effect of the seed, of the problem and of both: crossed intervals cover, those over cells don't."""
    rng = np.random.default_rng(0)
    covered = 0
    for _ in range(400):
        cells = 0.3 + rng.normal(0, 0.05, (4, 1)) + rng.normal(0, 0.2, (1, 30)) + rng.normal(0, 0.1, (4, 30))
        found = analysis.estimate(cells)
        covered += found.low <= 0.3 <= found.high
    assert 0.93 <= covered / 400 <= 1


def test_differences_are_paired_and_claims_are_judged() -> None:
    rng = np.random.default_rng(1)
    base = rng.integers(0, 3, (3, 40))
    better = base + (rng.random((3, 40)) < 0.9)
    results = {"ampo": rows(better), "grpo": rows(base), "luffy": rows(better), "ampo-random": rows(better)}
    for found in results.values():
        for result in found:
            result["test"] += [{"id": x, "level": x, "right": 4, "samples": 4} for x in ("easy", "beyond")]
    found = {claim.text: claim for claim in analysis.claims(results)}
    claim = found["guidance beats GRPO on hard problems"]
    assert claim.verdict == "supported"
    assert claim.difference.mean == pytest.approx((better - base).mean() / 4)
    assert claim.difference.low > 0.15  # not blurred by how much the problems differ
    assert found["guidance by comprehension beats guidance at random"].verdict == "undecided"  # no cell differs
    assert analysis.verdict(analysis.Estimate(-0.02, -0.04, 0.005)) == "not supported"


@pytest.mark.slow
def test_all_of_it_at_the_smallest_size_and_again_what_is_missing(tmp_path: Path) -> None:
    command = ["study", "--size", "smoke", "--output-dir", str(tmp_path / "runs"), "--page", str(tmp_path / "page")]
    done = CliRunner().invoke(app, command)
    assert done.exit_code == 0, done.output
    size = design.size("smoke")
    text = (tmp_path / "page" / "README.md").read_text("utf-8")
    for arm in design.arms(size):
        assert f"| {arm.name} |" in text
    assert {"claims.png", "learning.png", "pass_at_k.png", "guidance.png"} < {
        file.name for file in (tmp_path / "page").iterdir()
    }
    first = json.loads((tmp_path / "page" / "results.json").read_text("utf-8"))
    assert sum(len(seed) for seed in first["arms"]["ampo"]["right"]) == size.test * len(task.TESTED)

    (tmp_path / "runs" / "ampo" / "seed-0" / "result.json").unlink()
    assert [job.arm for job in schedule.missing(tmp_path / "runs", size)] == ["ampo"]
    done = CliRunner().invoke(app, command)
    assert done.exit_code == 0, done.output
    assert "seed 0" in done.output
    assert "grpo" not in done.output  # what has a result is not run again
    again = json.loads((tmp_path / "page" / "results.json").read_text("utf-8"))
    assert again["arms"]["ampo"]["right"] == first["arms"]["ampo"]["right"]


def test_a_run_that_crashes_is_named_and_no_page_is_made(tmp_path: Path) -> None:
    size = design.size("smoke")
    (tmp_path / "warm-start").mkdir()
    (tmp_path / "warm-start" / "calibration.json").write_text("{}")  # there is no student beside it
    said: list[str] = []
    with pytest.raises(UserError, match=r"4 of 4 runs crashed, grpo/seed-0 the first: see its log.txt"):
        schedule.run(tmp_path, size, 2, said.append)
    assert sum("CRASHED" in line for line in said) == 4
    assert "seed-0" in str(schedule.missing(tmp_path, size)[0].place)


def test_runs_of_two_sizes_are_not_mixed(tmp_path: Path) -> None:
    size = design.size("smoke")
    (tmp_path / "size.json").write_text(json.dumps(size.model_dump(mode="json") | {"lr": 2e-4}))
    with pytest.raises(UserError, match=r"runs of another size \(lr 0.0002, now 0.0001\): give another"):
        schedule.run(tmp_path, size, 1, print)
