"""OpenRLHF's samples as the groups that guidance takes, and mixed rows as OpenRLHF's samples.

A sample is an `Experience` of one row, not yet padded: sequences and attention_mask [1, T], action_mask [1, T - 1]
(shifted: position t says whether token t + 1 belongs to the response). What a row needs on its way to the loss stands
in `info`, which OpenRLHF carries through every split, padding and batch: `teacher` (0 or 1) and `advantage`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import torch
from openrlhf.trainer.ppo_utils.experience import Experience

from ampo.errors import EngineError
from ampo.training.rows import Group, MixedRow, OwnResponse
from ampo.types import OUTCOMES, Solution

Row = TypeVar("Row")


def in_groups(samples: Sequence[Experience], n: int) -> list[list[Experience]]:
    """A prompt's samples together, prompts by uid: OpenRLHF gives them in the order in which they were finished."""
    groups = [list(samples[i : i + n]) for i in range(0, len(samples), n)]
    return sorted(groups, key=lambda group: _label(group[0])["uid"])


def by_rank(rows: Sequence[Row], ranks: int, update: int) -> list[Row]:
    """A step's rows in the order in which OpenRLHF cuts them among ranks, so that each update has the rows that stand
    together here: of every `update` rows each rank gets its share. Sizes must divide."""
    share = update // ranks
    return [
        row
        for rank in range(ranks)
        for start in range(0, len(rows), update)
        for row in rows[start + rank * share : start + (rank + 1) * share]
    ]


def group_of(
    samples: Sequence[Experience],
    decode: Callable[[Sequence[int]], str],
    solutions: Callable[[str], Sequence[Solution]],
) -> Group:
    """Raises EngineError for a sample that the reward function gave no reward."""
    label = _label(samples[0])
    prompt, _ = _parts(samples[0])
    responses = tuple(_response(sample, decode) for sample in samples)
    return Group(label["uid"], prompt, label["answer"], responses, tuple(solutions(label["uid"])))


def sample_of(row: MixedRow, before: Experience) -> Experience:
    """The sample of a mixed row. before: the response whose place it has, or which it is."""
    info = {
        **before.info,
        "reward": torch.tensor([row.reward]),
        "advantage": torch.tensor([row.advantage]),
        "teacher": torch.tensor([float(row.is_teacher)]),
    }
    made = _written(row, before) if row.is_teacher else before
    made.rewards, made.info = torch.tensor([row.reward]), info
    return made


def _written(row: MixedRow, before: Experience) -> Experience:
    """A teacher's solution in the shape of a sample. Nobody sampled it, so it was neither cut off nor clipped."""
    ids: Any = torch.tensor([[*row.prompt_ids, *row.response_ids]])  # any: OpenRLHF names its types by their subclasses
    actions: Any = torch.zeros_like(ids)
    attended: Any = torch.ones_like(ids)
    sampled: Any = None if before.rollout_log_probs is None else torch.zeros(1, ids.shape[1] - 1)  # by nobody
    actions[:, len(row.prompt_ids) :] = 1
    return Experience(
        sequences=ids,
        attention_mask=attended,
        action_mask=actions[:, 1:],
        rollout_log_probs=sampled,
        prompts=before.prompts,
        labels=before.labels,
        images=before.images,
        mm_train_inputs=before.mm_train_inputs,
        scores=torch.ones_like(before.scores),
        response_length=torch.tensor([len(row.response_ids)]),
        truncated=torch.zeros_like(before.truncated),
        total_length=torch.tensor([float(ids.shape[1])]),
    )


def _response(sample: Experience, decode: Callable[[Sequence[int]], str]) -> OwnResponse:
    if sample.rewards is None or "outcome" not in sample.info:
        raise EngineError(
            "the reward function gave no reward (its reason stands in the log): the step can't be learnt from"
        )
    _, ids = _parts(sample)
    outcome = int(sample.info["outcome"][0])
    # A judgement that failed is -1 and counted by the reward as reward_failed; here it is no right response.
    judged = OUTCOMES[outcome] if outcome >= 0 else "wrong"
    shown = not bool(sample.info["not_shown"][0])
    return OwnResponse(ids, decode(ids), judged, "length" if bool(sample.truncated[0]) else "stop", shown)


def _parts(sample: Experience) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """(prompt ids, response ids)."""
    ids, actions = sample.sequences[0].tolist(), sample.action_mask[0]
    start = int(actions.int().argmax()) + 1 if bool(actions.any()) else len(ids)
    return tuple(ids[:start]), tuple(ids[start:])


def _label(sample: Experience) -> dict[str, Any]:
    return json.loads(sample.labels[0])
