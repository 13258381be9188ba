"""The study: its problems, its teachers, its jobs, its statistics, and all of it once at the smallest size."""

from __future__ import annotations

import json
import random
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from ampo.cli import app
from ampo.errors import UserError
from ampo.guidance.splice import SolutionTokenizer
from ampo.study import analysis, decide, design, jobs, task, teachers
from ampo.study.advice import _parts
from ampo.study.curves import curves, reached, wins
from ampo.study.findings import Findings, Point
from ampo.study.page_inside import _hangs
from ampo.study.power import power
from ampo.study.store import Store
from ampo.study.student import make_tokenizer, prompt_ids
from ampo.study.watch import counted
from ampo.study.write_up import write_up
from ampo.training.rows import MixedRow
from ampo.verify import verify

SMOKE = design.size("smoke")


def test_the_splits_share_no_problem() -> None:
    for size in design.sizes().values():
        split = design.problems(size)
        questions = [problem.question for part in split.values() for problem in part]
        assert len(questions) == len(set(questions))
        assert {p.benchmark for p in split["train"]} == {p.benchmark for p in split["validation"]} == {task.TRAINED}
        assert {p.benchmark for p in split["test"]} == set(task.LEVELS) == {"easy", task.TRAINED, "beyond"}


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
            assert len(prompt_ids(tokenizer, problem)) + len(ids) < 2 * design.size("small").training.max_tokens
    hard = task.LEVELS[task.TRAINED]
    longest = max(
        len(tokenizer(teachers.solution(task.make_problem(rng, hard), style).content)["input_ids"]) for _ in range(200)
    )
    assert longest < design.size("small").training.max_tokens


def test_the_answer_is_scored_where_the_student_writes_it() -> None:
    """Right behind its tag: a space that it never writes would make every score one of the space."""
    tokenizer = make_tokenizer()
    problem = task.make_problem(random.Random(0), task.LEVELS[task.TRAINED])
    for style in teachers.STYLES:
        found = SolutionTokenizer(tokenizer).solution(teachers.solution(problem, style).content, problem.answer)
        spliced = [*found.prefix_ids, *found.answer_ids]
        assert spliced == list(found.ids[: len(spliced)])
        assert tokenizer.decode(found.answer_ids[found.scored :]) == problem.answer


def test_the_arms_are_configs_that_the_local_backend_takes() -> None:
    from ampo.study.arm import train_config

    size = design.size("small")
    job = jobs.Job("train", lr=1e-3)
    found = {n: train_config(size, arm, job, Path("x"), arm.preset, 4) for n, arm in design.arms(size).items()}
    assert found["ampo-random"].resolved_algorithm().selection == "random"
    assert found["ampo-always"].resolved_algorithm().trigger == "always"
    with pytest.raises(UserError, match="did you mean smoke"):
        design.size("smoek")


def test_every_claim_has_its_arms_and_the_most_seeds() -> None:
    size = design.size("small")
    planned = jobs.main(size, 1e-3)
    assert len(set(planned)) == len(planned)
    assert len(design.claims(size)) == 6
    for arm in jobs.claimed(size):
        seeds = {job.seed for job in planned if job.arm == arm and job.start == size.compared and job.lr == 1e-3}
        assert len(seeds) == size.seeds.claim >= 5
    for share in size.starts:
        assert {job.arm for job in planned if job.start == share} >= set(jobs.MAPPED)


def test_a_job_is_known_by_what_decides_it_and_by_nothing_else() -> None:
    job = jobs.main(SMOKE, 1e-3)[0]
    known = jobs.key(SMOKE, job)
    more = SMOKE.model_copy(update={"seeds": design.Seeds(claim=9, map=9, why=9, robust=9), "name": "other"})
    assert jobs.key(more, job) == known
    longer = SMOKE.model_copy(update={"student": SMOKE.student.model_copy(update={"hidden": 64})})
    assert jobs.key(longer, job) != known
    assert len({jobs.key(SMOKE, j) for j in jobs.everything(SMOKE, 1e-3)}) == len(jobs.everything(SMOKE, 1e-3))


def test_rows_that_do_not_count_lose_their_advantage_in_guided_groups_alone() -> None:
    own, teacher = MixedRow((1,), (2,), 0.1, -0.2), MixedRow((1,), (3,), 1.0, 0.6, "own")
    assert [row.advantage for row in counted((own, teacher), "teacher")] == [0.0, 0.6]
    assert [row.advantage for row in counted((own, teacher), "own")] == [-0.2, 0.0]
    assert counted((own, teacher), "all") == (own, teacher)
    assert counted((own, own), "teacher") == (own, own)


def test_a_gradient_s_norm_is_what_autograd_says() -> None:
    """Of two kinds of rows that hold all of the batch, the gradients add up to the update's."""
    import torch

    from ampo.algorithm.losses import mixed_policy_loss
    from ampo.algorithm.presets import load_preset
    from ampo.study.watch import gradient_norms
    from ampo.training.batches import collate
    from ampo.training.config import validated
    from ampo.training.update import token_stats

    model = _tiny_model()
    algorithm = load_preset("ampo", max_response_tokens=4)
    rows = [MixedRow((5, 6), (7, 8, 9), 1.0, 0.6, "own"), MixedRow((5, 6), (9, 8), 0.1, -0.6)]
    config = validated({"model": "x", "data": {"train": "x"}}, "x")
    found = gradient_norms(model, [rows], algorithm, config)
    batch = collate(rows, "cpu")
    log_probs, _ = token_stats(model, batch, 1.0, entropy_gradient=False)
    advantages, teachers_ = torch.tensor([0.6, -0.6]), torch.tensor([True, False])
    loss = mixed_policy_loss(log_probs, log_probs.detach(), advantages, batch.mask, teachers_, algorithm)
    grads = torch.autograd.grad(loss.loss, list(model.parameters()))
    whole = sum(g.square().sum().item() for g in grads) ** 0.5
    assert found["study/teacher_norm"] > 0
    assert abs(found["study/teacher_norm"] - found["study/failed_norm"]) <= whole
    assert whole <= found["study/teacher_norm"] + found["study/failed_norm"] + 1e-6
    assert all(p.grad is None for p in model.parameters())


def _tiny_model():
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=20,
        hidden_size=16,
        intermediate_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        num_key_value_heads=2,
    )
    return LlamaForCausalLM(config)


def test_curves_are_means_over_a_few_steps() -> None:
    metrics = [{"step": s, "own/accuracy": s / 10, "tokens": 10.0 * s, "study/cpu": 1.0} for s in range(1, 9)]
    metrics[5] |= {"guidance/win/own": 1.0}
    metrics[6] |= {"guidance/win/alien": 0.5, "guidance/win/own": 0.5}
    found = curves(metrics, before=0)
    assert found["accuracy"] == [[4, 0.25], [8, 0.65]]
    assert wins(metrics) == {"own": [[8, 0.75]], "alien": [[8, 0.25]]}
    assert reached(found, 0.5) == {"steps": 8, "tokens": 65.0, "seconds": 8.0}
    assert reached(found, 0.9) is None


def test_the_interval_holds_the_truth_as_often_as_it_says() -> None:
    """Cells with an effect of the seed, of the problem and of both: crossed intervals cover, those over cells don't."""
    rng = np.random.default_rng(0)
    covered = 0
    for _ in range(400):
        cells = 0.3 + rng.normal(0, 0.05, (4, 1)) + rng.normal(0, 0.2, (1, 30)) + rng.normal(0, 0.1, (4, 30))
        found = analysis.estimate(cells)
        covered += found.low <= 0.3 <= found.high
        assert (analysis.p_value(found._replace(mean=found.mean - 0.3)) < 0.05) == (not found.low <= 0.3 <= found.high)
    assert 0.93 <= covered / 400 <= 1


def test_holm_is_holm() -> None:
    assert analysis.holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert analysis.holm([0.5, 0.9]) == [1.0, 1.0]
    assert analysis.holm([]) == []


def test_power_grows_with_the_difference_and_the_correction_costs() -> None:
    found = power(5, 40, 8, claims=6, tries=60)
    assert [one.alone for one in found] == sorted(one.alone for one in found)
    assert all(one.corrected <= one.alone for one in found)
    assert found[-1].corrected > 0.8


def result(hard: float, problems: int = 20, samples: int = 8, spread: int = 1) -> dict:
    """A finished run with this share of right answers on the trained level."""
    rng = random.Random(str((hard, spread)))
    right = [max(0, min(samples, round(hard * samples) + rng.randint(-spread, spread))) for _ in range(problems)]
    test = {"easy": [6] * problems, "hard": right, "beyond": right}
    curve = [[4, hard / 2], [8, hard]]
    names = ("accuracy", "works", "begins", "entropy", "none_right", "tokens", "cpu", "validation")
    kept = dict.fromkeys(names, curve) | {"teacher_norm": [[4, 0.1]], "failed_norm": [[4, 0.3]]}
    return {"test": test, "samples": samples, "curves": kept, "wins": {"own": curve}, "cpu_seconds": 1.0}


def started(begins: float) -> dict:
    about = {"score": 0.5, "log_prob": -1.0, "weight": 0.1, "tokens": 30.0}
    rates = {level: [100, 5] for level in task.LEVELS}
    return result(0.05) | {
        "begins": [begins, begins * 2],
        "at_once": rates,
        "begun": rates,
        "all_fail": 0.9,
        "groups": 50,
        "teachers": dict.fromkeys(teachers.STYLES, about),
        "parameters": 800_000,
    }


def stored(tmp_path: Path, size: design.Size, reached_by: dict[str, float], seeds: int) -> Store:
    """A store in which some arms have been run, with some seeds, at every start."""
    store = Store(tmp_path / "runs.jsonl", size)
    for i, job in enumerate(jobs.students(size)):
        store.add(job, started(0.1 / 10**i))
    for job in [jobs.gate(size), *jobs.rates(size)]:
        store.add(job, result(0.8 if job.kind == "gate" else 0.5))
    for job in jobs.main(size, decide.learning_rate(size, store)):
        if job.arm in reached_by and job.seed < seeds:
            # seeds differ a little, and so do arms
            store.add(job, result(reached_by[job.arm] + 0.01 * job.seed))
    return store


def test_claims_are_judged_together_and_what_is_missing_is_said(tmp_path: Path) -> None:
    size = design.size("small")
    store = stored(tmp_path, size, {"ampo": 0.7, "grpo": 0.1, "ampo-random": 0.7}, seeds=4)
    found = Findings(size, store)
    by = {one.claim.text: one for one in found.claims}
    first = by["guidance beats GRPO where all fail"]
    assert first.verdict == "supported"
    assert first.seeds == 4
    assert first.corrected >= first.p
    assert by["choice by comprehension beats choice at random"].verdict == "undecided"
    assert by["the revision beats the first version"].verdict == "not run"
    assert 0 < found.done < len(found.planned)
    page = write_up(found, tmp_path / "page").read_text("utf-8")
    assert f"{found.done} of {len(found.planned)} jobs" in page
    assert "4 of 5" in page
    assert "not run" in page
    data = json.loads((tmp_path / "page" / "results.json").read_text("utf-8"))
    assert data["claims"][0]["verdict"] == "supported"
    assert len(data["missing"]) == len(found.planned) - found.done
    again = Store(tmp_path / "elsewhere.jsonl", size, [tmp_path / "page" / "runs.jsonl"])
    assert Findings(size, again).done == found.done  # what is beside the page is taken over


def test_a_page_can_be_made_of_nothing(tmp_path: Path) -> None:
    size = design.size("small")
    page = write_up(Findings(size, Store(tmp_path / "runs.jsonl", size)), tmp_path / "page").read_text("utf-8")
    assert "0 of" in page
    assert "Not run yet" in page
    assert "| guidance beats GRPO where all fail | ampo − grpo | hard | – | 0 of 5 |" in page
    assert "## The map" not in page


def test_one_seed_decides_nothing(tmp_path: Path) -> None:
    size = design.size("small")
    found = Findings(size, stored(tmp_path, size, {"ampo": 0.7, "grpo": 0.1}, seeds=1))
    assert {one.verdict for one in found.claims} == {"undecided", "not run"}


def test_a_task_that_cannot_tell_stops_the_study(tmp_path: Path) -> None:
    size = design.size("small")
    store = stored(tmp_path, size, {}, seeds=0)
    decide.check_gate(size, store)
    store.add(jobs.gate(size), result(0.1))
    with pytest.raises(UserError, match=r"lifts the hard level by .* points, less than 20"):
        decide.check_gate(size, store)


def test_the_learning_rate_is_the_best_on_validation(tmp_path: Path) -> None:
    size = design.size("small")
    store = Store(tmp_path / "runs.jsonl", size)
    best = sorted(size.rate.grid)[1]
    for job in jobs.rates(size):
        store.add(job, result(0.6 if job.lr == best else 0.4))
    assert decide.learning_rate(size, store) == best


@pytest.mark.slow
def test_all_of_it_at_the_smallest_size_and_again_what_is_missing(tmp_path: Path) -> None:
    command = ["study", "--size", "smoke", "--output-dir", str(tmp_path / "runs"), "--page", str(tmp_path / "page")]
    done = CliRunner().invoke(app, command)
    assert done.exit_code == 0, done.output
    text = (tmp_path / "page" / "README.md").read_text("utf-8")
    assert all(f"| {name} |" in text for name in design.arms(SMOKE))
    names = {file.name for file in (tmp_path / "page").iterdir()}
    assert names >= {"map.png", "claims.png", "learning.png", "mechanism.png", "runs.jsonl", "results.json"}
    assert "Partial" not in text

    kept = (tmp_path / "page" / "runs.jsonl").read_text("utf-8").splitlines(keepends=True)
    for file in (tmp_path / "page" / "runs.jsonl", tmp_path / "runs" / "runs.jsonl"):
        file.write_text("".join(line for line in kept if '"arm": "ampo-random"' not in line))
    lost = next(json.loads(line) for line in kept if '"arm": "ampo-random"' in line)
    done = CliRunner().invoke(app, command)
    assert done.exit_code == 0, done.output
    assert "ampo-random" in done.output
    assert "ampo-no-push" not in done.output  # what is finished is not done again
    again = Store(tmp_path / "runs" / "runs.jsonl", SMOKE)[jobs.Job(**lost["job"])]
    assert again["test"] == lost["result"]["test"]  # and comes out the same


def test_a_job_that_crashes_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from ampo.study import schedule

    store = Store(tmp_path / "runs.jsonl", SMOKE)
    for job in (jobs.SKILL, *jobs.students(SMOKE)):
        store.add(job, started(0.1))
    # the gate's student can't be made: its place is a file
    (tmp_path / "students").mkdir()
    (tmp_path / "students" / f"start-{SMOKE.compared:g}").write_text("")
    said: list[str] = []
    with pytest.raises(
        UserError, match=r"1 of 1 runs crashed, gate_start-0_gate_lr-0.001_seed-0 the first: see .*log.txt"
    ):
        schedule.run(tmp_path, SMOKE, store, 1, said.append)
    assert "CRASHED" in said[0]


def test_the_map_is_read_from_the_run_of_starts_that_gain() -> None:
    def at(share: float, low: float) -> Point:
        gain = analysis.Estimate(low + 0.1, low, low + 0.2, 0.05, 4.0)
        return Point(share, analysis.Estimate(share, share, share, 0.0, 1.0), {}, gain, 3)

    rare, some, more, common, last = at(1e-6, -0.1), at(1e-5, 0.4), at(1e-4, 0.6), at(1e-3, -0.2), at(0.1, 0.01)
    assert _parts([rare, some, more, common, last]) == ([rare], [some, more], [common, last])
    assert _parts([rare, common]) == ([], [], [rare, common])
    assert _parts([some, more]) == ([], [some, more], [])


@pytest.mark.parametrize(
    ("gains", "said"),
    [([-0.1, 0.7, 0.2], "The first claim hangs"), ([0.02, 0.7, 0.1], "its size does"), ([0.5, 0.7], "does not hang")],
)
def test_what_hangs_on_the_learning_rate_is_said(gains: list[float], said: str) -> None:
    assert said in _hangs(gains)
