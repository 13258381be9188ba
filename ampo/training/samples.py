"""Some prompts of a step with their responses, as they are kept for people to read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ampo.training.rows import Decision, Group


def kept_samples(groups: Sequence[Group], decisions: Sequence[Decision], step: int, most: int) -> list[dict[str, Any]]:
    """Lines of samples.jsonl: some prompts of a step with their responses, those that got guidance first.

    Args:
        groups: Of the step.
        decisions: About them, which say who got guidance.
        step: Of the run, from 1.
        most: How many prompts, at most.
    """
    guided = {decision.prompt_id for decision in decisions if decision.chosen}
    order = sorted(groups, key=lambda group: group.prompt_id not in guided)
    return [
        {
            "step": step,
            "prompt_id": group.prompt_id,
            "answer": group.answer,
            "responses": [
                {
                    "text": r.text,
                    "outcome": r.outcome,
                    "shown": r.shown,
                    "tokens": len(r.ids),
                    "finish_reason": r.finish_reason,
                }
                for r in group.responses
            ],
        }
        for group in order[:most]
    ]
