"""Guidance of a step, with a policy that is a table."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from ampo.algorithm import load_preset
from ampo.guidance.comprehension import ScoringRow
from ampo.guidance.splice import SolutionTokenizer
from ampo.training.guide import Guide
from ampo.training.rows import Group, OwnResponse
from ampo.types import Outcome, Solution


class Characters:
    """A tokenizer of a character a token."""

    def __call__(self, text: str, **_: object) -> dict[str, list]:
        return {"input_ids": [ord(c) for c in text], "offset_mapping": [(i, i + 1) for i in range(len(text))]}


class Policy:
    """Finds an answer the likelier, the longer the row: log p = -10 / length. Counts its calls."""

    def __init__(self) -> None:
        self.calls: list[int] = []

    def __call__(self, rows: Sequence[ScoringRow]) -> list[list[float]]:
        self.calls.append(len(rows))
        return [[-10 / len(row.ids)] * (len(row.ids) - row.start) for row in rows]


def guide(policy: Policy, preset: str = "ampo", **overrides: object) -> Guide:
    return Guide(load_preset(preset, **overrides), SolutionTokenizer(Characters()), policy, (0,), 200)


def group(name: str, outcomes: Sequence[Outcome], solutions: Sequence[Solution] = ()) -> Group:
    responses = tuple(OwnResponse((i + 1,) * 5, f"<answer> {i} </answer>", o) for i, o in enumerate(outcomes))
    return Group(name, (7, 8), "42", responses, tuple(solutions))


def teacher(name: str, length: int, verified: bool | None = True) -> Solution:
    return Solution(name, "x" * length + "<answer> 42 </answer>", verified=verified)


FOUR = [teacher("a", 10), teacher("b", 40), teacher("c", 20), teacher("d", 30)]
WRONG: list[Outcome] = ["wrong"] * 4
RIGHT: list[Outcome] = ["correct"] * 4


def test_guidance_only_where_nothing_is_right_and_the_best_understood_first() -> None:
    policy = Policy()
    found = guide(policy).step([group("p", WRONG, FOUR), group("q", ["correct", *WRONG[1:]], FOUR)], 1)
    helped, left = found.groups
    assert [row.source for row in helped if row.is_teacher] == ["b", "d"]  # the longest rows: the likeliest answers
    assert not any(row.is_teacher for row in left)
    assert policy.calls == [4]
    (decision,) = found.decisions
    assert decision.sources == ("b", "d")
    assert decision.positions == tuple(i for i, row in enumerate(helped) if row.is_teacher)
    assert found.metrics["guidance/trigger_rate"] == 0.5
    assert found.metrics["mixed/replaced"] == 2 / 8


def test_rewards_and_advantages_of_the_mixed_group() -> None:
    mixed = guide(Policy()).step([group("p", WRONG, FOUR)], 1).groups[0]
    assert sorted(round(row.reward, 6) for row in mixed) == [0.1, 0.1, 1.0, 1.0]
    assert all(row.advantage == pytest.approx(0.45 if row.is_teacher else -0.45) for row in mixed)
    teachers = [row for row in mixed if row.is_teacher]
    assert teachers[0].response_ids[-1] == 0  # the turn is closed


def test_own_metrics_are_those_before_replacement() -> None:
    metrics = guide(Policy()).step([group("p", WRONG, FOUR), group("q", RIGHT)], 1).metrics
    assert metrics["own/accuracy"] == 0.5
    assert metrics["own/reward"] == pytest.approx((0.1 + 1.0) / 2)
    assert metrics["own/length"] == 5
    assert (metrics["own/solved_none"], metrics["own/solved_all"]) == (0.5, 0.5)
    assert metrics["mixed/reward"] > metrics["own/reward"]
    assert metrics["mixed/length"] > 5


def test_only_verified_solutions_within_the_limit_are_candidates() -> None:
    pool = [teacher("wrong", 10, verified=False), teacher("unknown", 10, verified=None), teacher("long", 190)]
    found = guide(Policy()).step([group("p", WRONG, [*pool, teacher("good", 10)])], 1)
    assert found.decisions[0].candidates == ("good",)
    assert sum(row.is_teacher for row in found.groups[0]) == 1
    empty = guide(Policy()).step([group("p", WRONG, pool)], 1)
    assert empty.metrics["guidance/empty_pool"] == 1.0
    assert not any(row.is_teacher for row in empty.groups[0])


def test_nothing_is_scored_where_nothing_is_to_be_chosen() -> None:
    policy = Policy()
    guide(policy).step([group("p", WRONG, FOUR[:2])], 1)
    guide(policy, "luffy").step([group("p", WRONG, FOUR)], 1)
    guide(policy, "grpo").step([group("p", WRONG, FOUR)], 1)
    assert policy.calls == []


def test_rl_sft_keeps_the_teacher_out_of_the_advantages() -> None:
    outcomes: list[Outcome] = ["correct", "correct", "wrong", "wrong"]
    mixed = guide(Policy(), "rl-sft").step([group("p", outcomes, FOUR)], 1).groups[0]
    assert mixed[0].source == "a"
    assert mixed[0].advantage == 0.0
    assert sum(row.advantage for row in mixed) == pytest.approx(0, abs=1e-6)
    assert mixed[1].advantage == pytest.approx(1.0 - 0.4)


def test_rlpr_rewards_by_probability_and_filters_by_deviation() -> None:
    policy = Policy()
    found = guide(policy, "rlpr").step([group("p", WRONG)], 1)
    assert policy.calls == [5]  # the answer alone, and after each response
    assert found.deviations is not None
    assert found.deviations.average == pytest.approx(0.0, abs=1e-6)
    late = guide(Policy(), "rlpr", deviation_beta=100.0)
    first = late.step([group("p", WRONG)], 1)
    assert len(first.groups) == 1


def test_the_same_step_is_decided_the_same_whatever_its_order() -> None:
    groups = [group(f"p{i}", WRONG, FOUR) for i in range(6)]
    one = {d.prompt_id: d for d in guide(Policy()).step(groups, 3).decisions}
    other = {d.prompt_id: d for d in guide(Policy()).step(groups[::-1], 3).decisions}
    assert one == other
    assert len({d.positions for d in one.values()}) > 1


def test_a_step_needs_groups() -> None:
    with pytest.raises(ValueError, match="groups"):
        guide(Policy()).step([], 1)
