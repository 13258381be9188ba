"""Adaptive sampling: what a look decides, on numbers, on simulated sets and on runs with a scripted engine."""

from __future__ import annotations

import csv
import io
import json
import random
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ampo.engines.base import Engine
from ampo.engines.halt import Halt
from ampo.errors import EngineError, UserError
from ampo.eval.adaptive import Rule, look
from ampo.eval.comparable import load as load_comparable
from ampo.eval.looks import notes
from ampo.eval.report.formats import render
from ampo.eval.report.source import load
from ampo.eval.run import RunSpec, Task, evaluate
from ampo.eval.rundir import RunDir
from ampo.eval.score import rescore
from ampo.eval.seeds import problem_seed
from ampo.eval.stats import clustered_interval
from ampo.eval.two_stages import Tally, estimate, tally
from ampo.prompts import Template
from ampo.types import Delta, Problem, Request, Response, Sample, SamplingParams


def simulated(rates: np.ndarray, rule: Rule, rng: np.random.Generator, pilot: int = 4):
    """Sample coins of these rates until the rule stops; the last look, the tally, and the number of looks."""
    first = rng.binomial(pilot, rates).astype(float)
    t, looks = Tally(pilot, first, np.full(len(rates), pilot), first.copy()), 1
    while not (found := look(rule, t)).stop:
        assert found.n_p is not None
        t, looks = t._replace(n_p=found.n_p, right_p=t.right_p + rng.binomial(found.n_p - t.n_p, rates)), looks + 1
    return found, t, looks


def test_the_headline_is_the_plain_mean_with_the_tables_interval() -> None:
    outcomes = [[True, False, True], [False, False], [True, True, True, True], [False, True]]
    now = estimate(tally(outcomes, 2))
    means = [np.mean(row) for row in outcomes]
    low, high = clustered_interval([float(m) for m in means], 11)
    assert now.score == pytest.approx(np.mean(means))
    assert now.half_width == pytest.approx((high - low) / 2)


def test_the_unbiased_score_weighs_both_stages_alike_for_every_problem() -> None:
    first, later = [[1, 0], [0, 0], [1, 1]], [[0, 0, 0, 1], [1, 0], [1, 1, 0, 0]]
    now = estimate(tally([[bool(x) for x in a + b] for a, b in zip(first, later, strict=True)], 2))
    share = 6 / 16
    assert now.unbiased == pytest.approx(np.mean([share * np.mean(a) + (1 - share) * np.mean(b)
                                                  for a, b in zip(first, later, strict=True)]))  # fmt: skip


def test_the_parts_of_the_spread_add_up_and_the_floor_is_what_no_sampling_narrows() -> None:
    """Problems of rates 0.2 and 0.8, half each: with samples without end the interval comes from these alone."""
    rng = np.random.default_rng(3)
    rates = np.array([0.2, 0.8] * 100)
    few, many = (estimate(tally([list(rng.random(k) < r) for r in rates], 4)) for k in (8, 4000))
    assert few.within == pytest.approx(0.16 / 8 / 200, rel=0.1)
    assert few.between == pytest.approx(0.09 / 199, rel=0.15)
    assert few.floor == pytest.approx(many.half_width, rel=0.08)
    assert few.floor_low < few.floor < few.half_width


def test_more_is_asked_of_the_problems_that_vary() -> None:
    t = tally([[True] * 4] * 60 + [[False] * 4] * 60 + [[True, False] * 2] * 20, 4)
    found = look(Rule(0.005, "samples", 256), t)
    assert found.stop == ""
    assert found.n_p is not None
    agreed, varied = found.n_p[:120], found.n_p[120:]
    assert len(set(agreed)) == len(set(varied)) == 1
    assert varied[0] - 4 >= 2 * (agreed[0] - 4) > 0
    assert 1.25 * 560 <= found.n_p.sum() <= 2 * 560 + 140  # growth, up to rounding


def test_no_other_split_of_as_many_samples_is_narrower() -> None:
    """The split against random ones, by the variance that the model expects of them."""
    from ampo.eval import adaptive

    rng = np.random.default_rng(1)
    t = tally([list(rng.random(4) < r) for r in rng.beta(0.5, 1, 60)], 4)
    found = look(Rule(0.01, "samples", 500), t)
    assert found.n_p is not None
    later, variances = found.n_p - 4, adaptive._variances(t)
    ours = np.sum(variances / later)
    for _ in range(300):
        moved = later.copy()
        for _ in range(rng.integers(1, 40)):
            i, j = rng.integers(60, size=2)
            if moved[i] > 2:
                moved[i], moved[j] = moved[i] - 1, moved[j] + 1
        assert np.sum(variances / moved) >= ours * (1 - 0.01)  # rounding to whole samples


def test_it_stops_when_the_target_is_met_and_not_before() -> None:
    rng = np.random.default_rng(8)
    found, t, looks = simulated(rng.beta(2, 6, 300), Rule(0.022), rng)
    assert found.stop == "met"
    assert found.estimate.half_width <= 0.022
    assert 2 <= looks <= 6
    assert t.n_p.max() <= 64
    assert t.n_p.min() > 4


def test_a_target_that_the_problems_spread_forbids_is_given_up_at_once() -> None:
    rng = np.random.default_rng(9)
    rates = np.repeat([0.0, 1.0], 15)
    found, t, looks = simulated(rates, Rule(0.02), rng)
    assert (found.stop, looks, t.n_p.max()) == ("unreachable", 1, 4)
    assert found.estimate.floor > 0.15
    over_samples, _, _ = simulated(rates, Rule(0.02, "samples"), rng)
    assert over_samples.stop == "met"


def test_all_wrong_and_a_single_problem_end() -> None:
    for n, stop in ((30, "unreachable"), (1, "unreachable"), (2000, "met")):
        found = look(Rule(0.02), tally([[False] * 4] * n, 4))
        assert found.stop == stop
    # Agreement of all samples is no proof of no variance.
    assert look(Rule(0.001, "samples"), tally([[False] * 4] * 30, 4)).stop == ""


def test_the_cap_ends_it() -> None:
    rng = np.random.default_rng(10)
    found, t, _ = simulated(np.full(20, 0.5), Rule(0.01, "samples", 16), rng)
    assert found.stop == "cap"
    assert t.n_p.max() == 16
    assert t.n_p.min() > 10
    assert look(Rule(0.01, "samples", 4), tally([[True, False] * 2] * 5, 4)).stop == "cap"


def test_the_unbiased_score_is_unbiased_and_its_interval_covers() -> None:
    """Where a plain mean leans: rates low, most of the pilot's samples agree, a narrow target over samples."""
    rng = np.random.default_rng(11)
    errors, plain, covered, runs = [], [], 0, 250
    for _ in range(runs):
        rates = rng.beta(0.3, 1.8, 60)
        found, _, _ = simulated(rates, Rule(0.015, "samples", 256), rng)
        errors.append(found.estimate.unbiased - rates.mean())
        plain.append(found.estimate.score - rates.mean())
        covered += abs(errors[-1]) <= found.estimate.sampling_half_width
    error = float(np.std(errors)) / np.sqrt(runs)
    assert abs(np.mean(errors)) < 3 * error
    assert np.mean(plain) < -2 * error  # what `unbiased` is for
    assert abs(np.mean(plain)) < 0.005
    assert 0.91 <= covered / runs <= 0.98


def test_the_tables_interval_still_covers_after_many_looks() -> None:
    rng = np.random.default_rng(12)
    covered, runs = 0, 200
    for _ in range(runs):
        _, t, _ = simulated(rng.beta(2, 6, 150), Rule(0.032), rng)
        low, high = clustered_interval(list(t.right_p / t.n_p), int(t.n_p.sum()))
        covered += low <= 0.25 <= high
    assert covered / runs >= 0.91


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Rule(0.0), "--until-ci 0: it is half the interval's width in percentage points"),
        (lambda: Rule(0.7), "--until-ci 70"),
        (lambda: Rule(0.02, max_samples=3).check("b", 4, 1.0), "b: --max-samples 3 is below the 4 samples"),
        (lambda: Rule(0.02).check("b", 1, 1.0), "b: --until-ci starts from --samples of each problem, at least 2"),
        (lambda: Rule(0.02).check("b", 4, 0.0), "b: --until-ci draws more samples, and greedy ones are all the same"),
    ],
)
def test_rules_that_make_no_sense(make: Any, message: str) -> None:
    with pytest.raises(UserError) as caught:
        make()
    assert message in str(caught.value)


# --- runs with a scripted engine ---

PROBLEMS = [Problem(f"coins/{i}", f"What is {i} + {i}?", str(2 * i), "coins") for i in range(12)]
RATES = {problem.id: (0.0, 1.0, 0.5, 0.5)[i % 4] for i, problem in enumerate(PROBLEMS)}


class Coins(Engine):
    """Right by its seed's own coin, of each problem's rate. Dies after `die_after` samples."""

    backend, model = "scripted", "scripted"

    def __init__(self, die_after: int | None = None) -> None:
        self.given = 0
        self._left = die_after

    def generate(self, requests: Iterable[Request]) -> Iterator[Sample]:
        for request in requests:
            problem = request.id.rpartition("#")[0]
            for index in range(request.params.n):
                if self._left == 0:
                    raise EngineError("out of memory")
                self._left = None if self._left is None else self._left - 1
                assert request.params.seed is not None
                right = random.Random(request.params.seed + index).random() < RATES[problem]
                number = 2 * int(problem.partition("/")[2]) + (0 if right else 1)
                self.given += 1
                yield Sample(request.id, index, Response(f"<answer>{number}</answer>", completion_tokens=7))

    def stream(self, request: Request, halt: Halt | None = None) -> Iterator[Delta]:
        raise AssertionError("a run streams nothing")

    def describe(self) -> dict[str, Any]:
        return {"backend": self.backend}

    def close(self) -> None:
        pass


RULE = Rule(0.035, "samples", 60)


def spec(rule: Rule | None = RULE) -> RunSpec:
    task = Task("coins", PROBLEMS, Template("plain"), SamplingParams(n=4, temperature=0.6, max_tokens=16))
    return RunSpec("scripted", [task], rule=rule)


def go(run: RunDir, engine: Engine, what: RunSpec | None = None) -> dict[str, Any]:
    return evaluate(what or spec(), run, lambda: engine, say=lambda _: None, quiet=True)


def rows(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text().splitlines()]


def test_a_run_samples_on_and_says_so(tmp_path: Path) -> None:
    run = RunDir(tmp_path / "run")
    metrics = go(run, Coins())
    found = metrics["benchmarks"]["coins"]
    part = found["adaptive"]
    assert part["met"] == (part["stopped"] == "met")
    assert (
        part["rule"]
        == "each benchmark until its 95 % interval over samples is ±3.5 points, or until a problem has 60 samples"
    )
    assert len(part["looks"]) == len(rows(run.looks)) >= 3
    fewest, most = found["samples_per_problem"]
    assert 4 < fewest < most <= 60
    assert list(found["pass_at_k"]) == [str(k) for k in range(1, fewest + 1)]
    by_problem: dict[str, list[bool]] = {}
    right = {row["id"]: row["outcome"] == "correct" for row in rows(run.verdicts)}
    for row in rows(run.responses):
        by_problem.setdefault(row["problem"], []).append(right[row["id"]])
        seed = problem_seed(0, row["problem"])
        assert seed is not None
        assert row["seed"] == seed + row["sample"]
    assert found["avg_at_k"] == pytest.approx(np.mean([np.mean(r) for r in by_problem.values()]))
    assert sorted(row["id"] for row in rows(run.responses)) == sorted(
        f"{p}#{i}" for p, r in by_problem.items() for i in range(len(r))
    )
    said = "\n".join(notes(metrics))
    assert "adaptive sampling: each benchmark until" in said
    assert f"({len(part['looks'])} looks); both stages weighed alike" in said
    assert notes(go(RunDir(tmp_path / "fixed"), Coins(), spec(rule=None))) == []


def test_a_finished_run_looks_no_more_and_starts_no_engine(tmp_path: Path) -> None:
    run = RunDir(tmp_path)
    first, looks = go(run, Coins()), run.looks.read_text()
    engine = Coins()
    assert go(run, engine) == first
    assert engine.given == 0
    assert run.looks.read_text() == looks


@pytest.mark.parametrize("die_after", [0, 48, 49, 120])
def test_a_dead_engine_loses_nothing_and_the_run_goes_on_to_the_same_end(tmp_path: Path, die_after: int) -> None:
    undisturbed = go(RunDir(tmp_path / "other"), Coins())
    run = RunDir(tmp_path / "run")
    with pytest.raises(EngineError, match="out of memory"):
        go(run, Coins(die_after))
    assert len(rows(run.responses)) == die_after
    engine = Coins()
    assert go(run, engine) == undisturbed
    assert engine.given == undisturbed["benchmarks"]["coins"]["n_samples"] - die_after
    assert run.looks.read_text() == RunDir(tmp_path / "other").looks.read_text()


@pytest.mark.parametrize("die_after", [13, 49, None])
def test_a_report_says_that_a_run_was_adaptive_interrupted_or_not(tmp_path: Path, die_after: int | None) -> None:
    """In its notes, which the table, the page and the JSON show, and in each form that goes into a paper or a card."""
    run = RunDir(tmp_path / "run")
    if die_after:
        with pytest.raises(EngineError):
            go(run, Coins(die_after))
    else:
        go(run, Coins())
    [shown] = load([run.path])
    part, notes = shown.metrics["benchmarks"]["coins"]["adaptive"], "\n".join(shown.notes)
    assert 0 < part["unbiased"] < 1
    assert "adaptive sampling: each benchmark until its 95 % interval over samples is ±3.5 points" in notes
    assert ("incomplete" in notes) == (die_after is not None)
    for form in ("md", "latex", "json"):
        assert "adaptive sampling: each benchmark until" in render(form, [shown], {})
    fewest, most = shown.metrics["benchmarks"]["coins"]["samples_per_problem"]
    assert f"avg over {fewest}-{most} samples, adaptive" in render("hub", [shown], {})
    [line] = csv.DictReader(io.StringIO(render("csv", [shown], {})))
    assert (line["k"], line["k_most"]) == (str(fewest), str(most))
    assert line["adaptive"] == (part["stopped"] or "open")


def test_a_comparison_knows_what_the_last_look_asked_for(tmp_path: Path) -> None:
    whole, part = RunDir(tmp_path / "whole"), RunDir(tmp_path / "part")
    go(whole, Coins())
    with pytest.raises(EngineError):
        go(part, Coins(60))  # the pilots are 48, and the first look asks for twice as many at most
    asked = sum(rows(part.looks)[-1]["samples"])
    said = load_comparable([whole.path, part.path]).notes
    assert any(f"part is unfinished, 60 of {asked} samples" in note for note in said)
    assert not any("whole is unfinished" in note for note in said)


@pytest.mark.parametrize("cut", [1, 60])
def test_a_torn_look_is_taken_again(tmp_path: Path, cut: int) -> None:
    run = RunDir(tmp_path)
    first, text = go(run, Coins()), run.looks.read_text()
    run.looks.write_text(text[:-cut])
    assert go(run, Coins()) == first
    assert run.looks.read_text() == text


def test_another_rule_is_refused_and_judging_again_keeps_the_notice(tmp_path: Path) -> None:
    run = RunDir(tmp_path)
    first = go(run, Coins())
    with pytest.raises(UserError, match=r"adaptive.half_width was 0.035, is now 0.02"):
        go(run, Coins(), spec(Rule(0.02, "samples", 60)))
    with pytest.raises(UserError, match=r"adaptive.over was 'samples', is now unset"):
        go(run, Coins(), spec(None))
    again = rescore(run, ("official",), say=lambda _: None, quiet=True)
    assert again["benchmarks"]["coins"]["adaptive"]["looks"] == first["benchmarks"]["coins"]["adaptive"]["looks"]


@pytest.mark.slow
def test_the_real_engine_samples_until_the_interval_is_narrow(server: str, tmp_path: Path) -> None:
    import subprocess
    import sys

    command = [sys.executable, "-m", "ampo", "eval", "--base-url", server, "--suite", "demo", "--limit", "8"]
    command += ["--max-tokens", "16", "--until-ci", "8", "--ci-over", "samples", "--max-samples", "12"]
    done = subprocess.run([*command, "-o", str(tmp_path / "run")], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    [found] = json.loads((tmp_path / "run" / "metrics.json").read_text())["benchmarks"].values()
    part = found["adaptive"]
    assert part["stopped"] in ("met", "cap")
    assert part["met"] == (part["sampling_half_width"] <= 0.08)
    assert found["samples_per_problem"][1] <= 12
    assert "adaptive sampling" in done.stdout
    assert "demo, look 1: " in done.stderr
