"""Guidance of a step, with a policy that is a table."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pytest

from ampo.algorithm import load_preset
from ampo.algorithm.rewards import DeviationFilter
from ampo.guidance.comprehension import LogProbFn, ScoringRow
from ampo.guidance.splice import SolutionTokenizer
from ampo.training.guide import Guide
from ampo.training.rows import Group, OwnResponse
from ampo.types import Outcome, Solution


class Characters:
    """A tokenizer of a character a token."""

    def __call__(self, text: str, **_: object) -> dict[str, list]:
        return {"input_ids": [ord(c) for c in text], "offset_mapping": [(i, i + 1) for i in range(len(text))]}

    def decode(self, ids: Sequence[int], **_: object) -> str:
        return "".join(chr(i) for i in ids if i)  # 0 is the end


class Policy:
    """Finds an answer the likelier, the longer the row: log p = -10 / length. Counts its calls."""

    def __init__(self) -> None:
        self.calls: list[int] = []

    def __call__(self, rows: Sequence[ScoringRow]) -> list[list[float]]:
        self.calls.append(len(rows))
        return [[-10 / len(row.ids)] * (len(row.ids) - row.start) for row in rows]


class Table:
    """Gives the answer's tokens the probabilities of the first name that stands in the row."""

    def __init__(self, **probabilities: tuple[float, ...]) -> None:
        self._probabilities = probabilities

    def __call__(self, rows: Sequence[ScoringRow]) -> list[list[float]]:
        texts = ["".join(map(chr, row.ids)) for row in rows]
        return [[math.log(p) for p in next(v for k, v in self._probabilities.items() if k in text)] for text in texts]


def guide(policy: LogProbFn, preset: str = "ampo", **overrides: object) -> Guide:
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


ONE_RIGHT: list[Outcome] = ["wrong", "correct", "wrong", "wrong"]


@pytest.mark.parametrize(
    ("preset", "outcomes", "teachers", "own"),
    [
        # (reward, advantage) of each teacher's row and of each own row, by hand from the presets' table
        ("ampo", WRONG, {"b": (1.0, 0.45), "d": (1.0, 0.45)}, [(0.1, -0.45)] * 2),
        ("ampo", ONE_RIGHT, {}, [(0.1, -0.225), (1.0, 0.675), (0.1, -0.225), (0.1, -0.225)]),
        ("ampo-paper", WRONG, {"b": (1.0, 0.8660), "d": (1.0, 0.8660)}, [(0.1, -0.8660)] * 2),  # / sqrt(4 .45^2 / 3)
        ("ampo-adaptive", ONE_RIGHT, {"b": (1.0, 0.45)}, [(1.0, 0.45), (0.1, -0.45), (0.1, -0.45)]),
        ("luffy", ONE_RIGHT, {"c": (1.0, 0.45)}, [(1.0, 0.45), (0.1, -0.45), (0.1, -0.45)]),
        ("rl-sft", ONE_RIGHT, {"c": (1.0, 0.0)}, [(1.0, 0.6), (0.1, -0.3), (0.1, -0.3)]),
        ("grpo", ONE_RIGHT, {}, [(0.1, -0.225), (1.0, 0.675), (0.1, -0.225), (0.1, -0.225)]),
    ],
)
def test_rewards_and_advantages_of_the_mixed_group(
    preset: str,
    outcomes: list[Outcome],
    teachers: dict[str, tuple[float, float]],
    own: list[tuple[float, float]],
) -> None:
    one = {"teacher": "c"} if preset in ("luffy", "rl-sft") else {}
    mixed = guide(Policy(), preset, **one).step([group("p", outcomes, FOUR)], 1).groups[0]
    assert {r.source: (r.reward, r.advantage) for r in mixed if r.source} == {
        name: pytest.approx(values, abs=1e-4) for name, values in teachers.items()
    }
    found = sorted((r.reward, r.advantage) for r in mixed if not r.is_teacher)
    assert found == [pytest.approx(values, abs=1e-4) for values in sorted(own)]
    assert all(r.response_ids[-1] == 0 for r in mixed if r.is_teacher)  # the turn is closed


def test_a_teacher_earns_what_the_reward_gives_its_solution() -> None:
    untagged = Solution("u", "so it is \\boxed{42}", verified=True)
    mixed = guide(Policy()).step([group("p", WRONG, [untagged])], 1).groups[0]
    assert [row.reward for row in mixed if row.is_teacher] == [pytest.approx(0.9)]


@pytest.mark.parametrize(("preset", "chosen"), [("ampo", "a"), ("ampo-paper", "c")])
def test_the_presets_score_by_their_own_mean(preset: str, chosen: str) -> None:
    pool = [Solution(name, f"{name}... <answer> 42 </answer>", verified=True) for name in "ac"]
    policy = Table(**{"a...": (0.9, 0.01), "c...": (0.3, 0.3)})  # means 0.455 and 0.3; geometric 0.095 and 0.3
    (decision,) = guide(policy, preset, k0=1).step([group("p", WRONG, pool)], 1).decisions
    assert decision.sources == (chosen,)
    assert decision.answer_tokens == (2, 2)
    assert decision.placements == ("answer", "answer")
    assert decision.log_probs == pytest.approx((math.log(0.009) / 2, math.log(0.3)))
    assert decision.ranks == pytest.approx([0.9 * score + 0.1 for score in decision.scores])


def test_of_equal_ranks_the_shorter_is_chosen() -> None:
    found = guide(Table(answer=(0.5, 0.5))).step([group("p", WRONG, FOUR)], 1)
    assert found.decisions[0].sources == ("a", "c")
    assert found.metrics["guidance/ties"] == 1.0


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


@pytest.mark.parametrize(("length", "enters"), [(199, True), (200, False)])
def test_a_solution_has_room_with_its_end(length: int, enters: bool) -> None:
    solution = teacher("t", length - len("<answer> 42 </answer>"))
    found = guide(Policy()).step([group("p", WRONG, [solution])], 1)  # 200 tokens at most, one of them the end
    assert bool(found.decisions[0].candidates) == enters


def test_a_solution_that_repeats_itself_is_no_candidate_where_that_is_punished() -> None:
    looping = Solution("r", "a " * 19 + "<answer> 42 </answer>", verified=True)
    assert guide(Policy()).step([group("p", WRONG, [looping])], 1).decisions[0].candidates == ()
    found = guide(Policy(), repetition_penalty=False).step([group("p", WRONG, [looping])], 1)
    assert found.decisions[0].candidates == ("r",)


def test_one_teacher_is_one_teacher() -> None:
    pools = [[teacher("a", 10), teacher("b", 10)], [teacher("b", 10)], [teacher("c", 10)]]
    groups = [group(f"p{i}", WRONG, pool) for i, pool in enumerate(pools)]
    found = guide(Policy(), "luffy", teacher="b").step(groups, 1)
    assert [d.sources for d in found.decisions] == [("b",), ("b",), ()]
    with pytest.raises(ValueError, match="give a teacher's name"):
        guide(Policy(), "luffy").step(groups, 1)


def test_nothing_is_tokenized_where_nothing_triggers() -> None:
    found = guide(Policy())
    found.step([group("q", RIGHT, FOUR)], 1)
    assert found.tokenizer._remembered.cache_info().currsize == 0


def test_a_ranking_by_likelihood_has_no_comprehension_scores() -> None:
    found = guide(Policy(), selection="likelihood").step([group("p", WRONG, FOUR)], 1)
    assert found.metrics["guidance/scored"] == 4.0
    assert not any("score_" in name for name in found.metrics)
    (decision,) = found.decisions
    assert decision.log_probs == pytest.approx(decision.ranks)
    assert decision.scores == ()


@pytest.mark.parametrize(("preset", "silent"), [("ampo-paper", 0.5), ("grpo", 1.0), ("rl-sft", 0.0)])
def test_silent_groups_teach_nothing(preset: str, silent: float) -> None:
    one = {"teacher": "a"} if preset == "rl-sft" else {}
    found = guide(Policy(), preset, **one).step([group("p", WRONG, FOUR), group("q", RIGHT, FOUR)], 1)
    assert found.metrics["mixed/silent_groups"] == silent


def test_nothing_is_scored_where_nothing_is_to_be_chosen() -> None:
    policy = Policy()
    guide(policy).step([group("p", WRONG, FOUR[:2])], 1)
    guide(policy, "luffy", teacher="a").step([group("p", WRONG, FOUR)], 1)
    guide(policy, "grpo").step([group("p", WRONG, FOUR)], 1)
    assert policy.calls == []


def rlpr_group(name: str, *texts: str) -> Group:
    responses = tuple(OwnResponse((*map(ord, text), 0), text, "wrong") for text in texts)
    return Group(name, (7, 8), "42", responses)


ALIKE = rlpr_group("q", "x", "x", "x", "x")
APART = rlpr_group("p", "a" * 15 + "<answer> 1 </answer>", "b", "c<answer>2", "d" * 50 + "\\boxed{3}")


def based(policy: Policy, **overrides: object) -> Guide:
    """With the baselines of what the policy is at the start."""
    chosen = guide(policy, "rlpr", **overrides)
    asked = [(g.prompt_ids, g.answer) for g in (APART, ALIKE)]
    chosen.baselines.update(zip("pq", chosen.answer_baselines(asked), strict=True))
    return chosen


def test_rlpr_rewards_what_the_reasoning_adds_to_the_probability_of_the_answer() -> None:
    policy = Policy()
    chosen = based(policy)
    policy.calls.clear()
    found = chosen.step([APART, ALIKE], 1)
    assert policy.calls == [8]  # after each response

    def earned(scored: str, formatted: bool = False) -> float:
        """log p = -10 / length, two tokens of the prompt counted."""
        alone = math.exp(-10 / (2 + len(" 42")))
        return 0.9 * max(math.exp(-10 / (2 + len(scored))) - alone, 0) + 0.1 * formatted

    assert [row.reward for row in found.groups[0]] == pytest.approx(
        [
            earned("a" * 15 + "<answer> 42", formatted=True),
            earned("b<answer> 42"),
            earned("c<answer>2<answer> 42"),
            earned("d" * 50 + "\\boxed{42"),
        ]
    )
    assert found.groups[0][3].reward == pytest.approx(0.9 * (math.exp(-10 / 61) - math.exp(-10 / 5)))


def test_rlpr_drops_prompts_of_little_deviation_from_step_11_and_learns_from_no_row_of_theirs() -> None:
    deviations: DeviationFilter | None = None
    for step in range(1, 12):
        found = based(Policy()).step([APART, ALIKE], step, deviations)
        deviations = found.deviations
        assert len(found.groups) == (2 if step < 11 else 1), step
        assert deviations is not None
        assert (deviations.average is None) == (step < 6)
    assert found.metrics["own/kept_prompts"] == 0.5
    assert found.metrics["mixed/reward"] == pytest.approx(sum(r.reward for r in found.groups[0]) / 4)
    none = based(Policy()).step([ALIKE], 11, DeviationFilter(average=0.2))
    assert none.groups == ()
    assert "mixed/reward" not in none.metrics


def test_the_same_step_is_decided_the_same_whatever_its_order() -> None:
    groups = [group(f"p{i}", WRONG, FOUR) for i in range(6)]
    one = {d.prompt_id: d for d in guide(Policy()).step(groups, 3).decisions}
    other = {d.prompt_id: d for d in guide(Policy()).step(groups[::-1], 3).decisions}
    assert one == other
    assert len({d.positions for d in one.values()}) > 1


def test_a_step_needs_groups() -> None:
    with pytest.raises(ValueError, match="groups"):
        guide(Policy()).step([], 1)
