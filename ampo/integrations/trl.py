"""TRL: the reward function for GRPOTrainer, RLOOTrainer and the others.

    from ampo.integrations.trl import accuracy_reward       # was: from trl.rewards import accuracy_reward
    trainer = GRPOTrainer(model, reward_funcs=accuracy_reward, train_dataset=data)

The data set's column `solution` or `answer` (or another of COLUMNS) holds the reference. Works in a thread and under
asynchronous rollouts, since it uses no signals.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ampo.errors import UserError
from ampo.integrations import shared

COLUMNS = ("solution", "answer", "ground_truth", "final_answer", "target", "label")


def accuracy_reward(
    completions: Sequence[Any],
    prompts: Sequence[Any] | None = None,
    log_extra: Callable[[str, list[Any]], None] | None = None,
    log_metric: Callable[[str, float], None] | None = None,
    **columns: Any,
) -> list[float | None]:
    """1.0 for a right completion, 0.0 for any other, None for a row without a reference, which TRL leaves out.

    Args:
        completions: texts, or conversations as TRL gives them.
        prompts: what was asked; it settles units, and options printed in it.
        log_extra: TRL's, for its table of completions.
        log_metric: TRL's, for its logs.
        columns: the data set's columns, one of COLUMNS among them.
    """
    golds = next((columns[name] for name in COLUMNS if columns.get(name) is not None), None)
    if golds is None:
        raise UserError(f"the data set has no reference answers: name their column one of {', '.join(COLUMNS)}")
    rows = list(zip(golds, completions, prompts or [""] * len(completions), strict=True))
    found = shared.judge_known(shared.claim_or_none(*row) for row in rows)
    if log_extra is not None:
        log_extra("extracted", [verdict.extracted if verdict else "[no reference]" for verdict in found])
        log_extra("reason", [verdict.reason if verdict else "" for verdict in found])
    if log_metric is not None:
        for outcome in ("no_answer", "timeout"):
            log_metric(f"ampo/{outcome}", sum(v is not None and v.outcome == outcome for v in found) / len(found))
        log_metric("ampo/no_reference", found.count(None) / len(found))
    return [None if verdict is None else float(verdict.correct) for verdict in found]
