"""Which prompts a step takes, and what the pool has for them."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ampo.algorithm import load_preset
from ampo.errors import UserError
from ampo.guidance import GuidancePool
from ampo.training.prompts import Guidance, TrainPrompt, batch, with_guidance
from ampo.types import Problem
from ampo.verify import VerifierPool

Guided = Callable[..., Guidance]


@pytest.fixture(scope="module")
def verifier() -> Iterator[VerifierPool]:
    with VerifierPool(workers=1) as made:
        yield made


@pytest.fixture
def guided(tmp_path: Path, verifier: VerifierPool) -> Guided:
    """The problems, or (uid, question, answer), with the guidance of a pool's rows; a word is a token."""

    def guide(
        problems: list[Problem | tuple[str, str, str]], *rows: dict[str, Any], preset: str = "ampo", **overrides: Any
    ):
        file = tmp_path / "pool.jsonl"
        file.write_text("".join(json.dumps(row) + "\n" for row in rows))
        made = [TrainPrompt(p if isinstance(p, Problem) else Problem(*p), (1, 2)) for p in problems]
        algorithm = load_preset(preset, **overrides)
        pool = GuidancePool.open(file)
        return with_guidance(made, pool, verifier, algorithm, lambda s: [len(x.content.split()) for x in s], 40)

    return guide


def row(uid: str, question: str, answer: str, *solutions: tuple[str, str] | tuple[str, str, bool]) -> dict[str, Any]:
    given = [dict(zip(("source", "content", "verified"), solution, strict=False)) for solution in solutions]
    return {"uid": uid, "question": question, "answer": answer, "solutions": given}


def tag(answer: int) -> str:
    return f"so <answer> {answer} </answer>"


@pytest.mark.parametrize(
    ("problem", "rows", "kept", "refused"),
    [
        # The same uid with another question is another problem.
        (("1", "2 + 2?", "4"), [row("1", "3 + 3?", "6", ("t", tag(6), True))], [], {"other_question": 1}),
        (
            ("1", "2 + 2?", "4"),
            [row("1", "3 + 3?", "6", ("t", tag(6), True)), row("2", "2  + 2?", "4", ("u", tag(4), True))],
            ["u"],
            {},
        ),
        # What is recorded counts for the pool's own answer alone.
        (("1", "6 + 6?", "12"), [row("9", "6 + 6?", "13", ("t", tag(13), True))], [], {"wrong": 1}),
        (("1", "6 + 6?", "12"), [row("1", "6 + 6?", "13", ("t", tag(12), False))], ["t"], {}),
        (
            ("1", "6 + 6?", "12"),
            [row("1", "6 + 6?", "12", ("t", "hm", True), ("u", tag(12), False))],
            ["t"],
            {"wrong": 1},
        ),
        # Nobody has judged these.
        (
            ("1", "6 + 6?", "12"),
            [row("1", "6 + 6?", "12", ("t", tag(12)), ("u", tag(13)), ("v", "no idea, I'm afraid, none at all"))],
            ["t"],
            {"wrong": 1, "no_answer": 1},
        ),
        # Right, and no use.
        (
            ("1", "6 + 6?", "12"),
            [
                row(
                    "1",
                    "6 + 6?",
                    "12",
                    ("t", f"{' '.join(map(str, range(40)))} {tag(12)}"),
                    ("u", f"{'a ' * 19}{tag(12)}"),
                )
            ],
            [],
            {"too_long": 1, "repetitive": 1},
        ),
        (("1", "6 + 6?", "12"), [row("2", "7 + 7?", "14", ("t", tag(14)))], [], {}),
    ],
)
def test_guidance_is_for_the_same_question_and_right_by_its_reference_answer(
    guided: Guided, problem: tuple[str, str, str], rows: list[dict[str, Any]], kept: list[str], refused: dict[str, int]
) -> None:
    found = guided([problem], *rows)
    (prompt,) = found.prompts
    assert [solution.source for solution in prompt.solutions] == kept
    assert all(solution.verified for solution in prompt.solutions)
    assert +found.refused == Counter(refused)
    assert found.solutions == len(kept) + sum(refused.values())


CHOICE = Problem("c/1", "Which is true?", "B", options=("1 = 2", "2 = 2"), kind="choice")
PRINTED = "Which is true?\n\nA) 1 = 2\nB) 2 = 2"


@pytest.mark.parametrize(
    ("asked", "kept", "refused"),
    [
        (
            row("c/1", PRINTED, "B", ("a", "so <answer> B </answer>"), ("b", "<answer> A </answer>")),
            ["a"],
            {"wrong": 1},
        ),
        (row("7", PRINTED, "B", ("a", "so <answer> 2 = 2 </answer>")), ["a"], {}),
        (row("7", "Which is true?\n\nA) 3 = 2\nB) 2 = 1", "B", ("a", "<answer> B </answer>")), [], {}),
        (row("c/1", "Which is true?", "B", ("a", "<answer> B </answer>")), [], {"other_question": 1}),
    ],
    ids=["by uid", "by its text, judged by an option's text", "other options", "no options"],
)
def test_a_choice_question_is_the_same_with_its_options_alone(
    guided: Guided, asked: dict[str, Any], kept: list[str], refused: dict[str, int]
) -> None:
    found = guided([CHOICE], asked)
    assert [solution.source for solution in found.prompts[0].solutions] == kept
    assert +found.refused == Counter(refused)


def test_solutions_stay_in_the_pool_and_are_said(guided: Guided) -> None:
    found = guided([("1", "6 + 6?", "12")], row("1", "6 + 6?", "12", ("a", tag(13)), ("b", tag(12)), ("c", tag(12))))
    (prompt,) = found.prompts
    assert len(prompt.solutions) == 2
    assert prompt.solutions[1].source == "c"
    assert [s.source for s in prompt.solutions[:1]] == ["b"]
    assert not any(isinstance(held, str) and "answer" in held for held in vars(prompt.solutions).values())
    assert list(found.describe()) == ["1 of 3 solutions refused: wrong 1"]


ASKED = [("1", "1 + 1?", "2"), ("2", "2 + 2?", "4"), ("3", "3 + 3?", "6")]
TAUGHT = [
    row("1", "1 + 1?", "2", ("a", tag(2)), ("b", tag(2)), ("a", f"I say {tag(2)}")),
    row("2", "2 + 2?", "4", ("a", tag(5)), ("b", tag(4))),
    row("3", "3 + 3?", "6", ("c", tag(6))),
]


@pytest.mark.parametrize(
    ("preset", "overrides", "teacher", "sources"),
    [
        ("luffy", {}, "b", ["b", "b"]),  # right for two prompts; a for one, c for one
        ("rl-sft", {}, "b", ["b", "b"]),
        ("luffy", {"teacher": "a"}, "a", ["a", "a"]),
        ("ampo", {"teacher": "c"}, "c", ["c"]),
        ("ampo", {}, None, ["a", "b", "a", "b", "c"]),
        ("sft", {}, None, ["a", "b", "a", "b", "c"]),
    ],
)
def test_a_preset_of_one_teacher_takes_that_of_the_most_prompts_unless_it_is_named(
    guided: Guided, preset: str, overrides: dict[str, str], teacher: str | None, sources: list[str]
) -> None:
    found = guided(ASKED, *TAUGHT, preset=preset, **overrides)
    assert found.teacher == teacher
    assert [s.source for prompt in found.prompts for s in prompt.solutions] == sources
    assert found.refused["other_teacher"] == 5 - len(sources)
    assert found.solutions == 6


def test_a_teacher_that_the_pool_does_not_have(guided: Guided) -> None:
    rows = [row("1", "1 + 1?", "2", ("Qwen3-8B", tag(2)))]
    with pytest.raises(UserError, match=r"algorithm.teacher = 'Qwen-8B' has no solution .*did you mean Qwen3-8B"):
        guided(ASKED, *rows, preset="luffy", teacher="Qwen-8B")


@pytest.mark.parametrize(("n", "size"), [(10, 4), (7, 5), (8, 4), (5, 5), (3, 8), (1, 1)])
def test_every_prompt_comes_once_an_epoch_and_none_twice_a_step(n: int, size: int) -> None:
    made = [f"p{i}" for i in range(n)]
    steps = [batch(made, step, size, seed=3) for step in range(1, 8 * n + 1)]
    assert all(len(set(step)) == min(size, n) for step in steps)
    stream = [prompt for step in steps for prompt in step]
    for epoch in range(len(stream) // n):
        assert Counter(stream[epoch * n : (epoch + 1) * n]) == Counter(made)


def test_the_order_is_that_of_the_seed_and_changes_with_the_epoch() -> None:
    made = list(range(50))
    epochs = [[p for step in range(10 * e + 1, 10 * e + 11) for p in batch(made, step, 5, seed=1)] for e in range(2)]
    assert epochs[0] != epochs[1]
    assert epochs[0] == [p for step in range(1, 11) for p in batch(made, step, 5, seed=1)]
    assert epochs[0] != [p for step in range(1, 11) for p in batch(made, step, 5, seed=2)]
