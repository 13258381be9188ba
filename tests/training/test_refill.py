from __future__ import annotations

from ampo.training.prompts import TrainPrompt
from ampo.training.refill import joined, others
from ampo.training.rows import GuidedStep, MixedRow
from ampo.types import Problem

PROMPTS = [TrainPrompt(Problem(f"p{i}", "?", "1"), (1,)) for i in range(10)]


def test_a_step_is_filled_up_with_prompts_that_it_has_not_had() -> None:
    had = {"p0", "p1", "p2"}
    found = others(PROMPTS, had, 3, seed=1, step=4)
    assert found == others(PROMPTS, had, 3, seed=1, step=4)
    assert len({p.problem.id for p in found} - had) == 3
    assert found != others(PROMPTS, had, 3, seed=1, step=5)
    assert len(others(PROMPTS, had, 30, seed=1, step=4)) == 7


def test_what_is_told_is_of_all_that_was_asked() -> None:
    row = MixedRow((1,), (2, 3), 1.0, 0.5)
    one = GuidedStep(((row, row),), {"own/accuracy": 1.0, "mixed/reward": 1.0})
    two = GuidedStep(((MixedRow((1,), (2, 3), 0.0, 0.5), row),), {"own/accuracy": 0.0, "mixed/reward": 0.5})
    found = joined(one, 3, two, 1)
    assert found.metrics["own/accuracy"] == 0.75
    assert found.metrics["mixed/reward"] == 0.75
    assert len(found.groups) == 2
