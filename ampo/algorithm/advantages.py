"""Group-relative advantages, over the mixed group of own and teacher responses (paper, Eq. 1 and 6).

The authors' code subtracts the mean and stops there; the paper divides by the standard deviation. Two teachers at 1.0
beside six wrong responses at 0.1: mean 0.325, so +0.675 and -0.225.
"""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float
from torch import Tensor

_EPSILON = 1e-6  # beside the deviation, as in veRL


def group_advantages(
    rewards: Float[Tensor, "groups n"],
    *,
    divide_by_std: bool = False,
    on_policy_only: bool = False,
    is_teacher: Bool[Tensor, "groups n"] | None = None,
) -> Float[Tensor, "groups n"]:
    """A_i = r_i - mean r, or that over the standard deviation of r.

    A group whose rewards are all equal gets exactly 0: what rounding leaves of its mean is no signal, and would grow to
    one where it is divided by a deviation that is rounding as well.

    Args:
        rewards: Of each response, a row each group.
        divide_by_std: Divide by the sample deviation (n - 1), as veRL does.
        on_policy_only: Mean and deviation are over the rows that are no teacher's; teacher rows get 0 (preset rl-sft).
        is_teacher: Which responses are teacher solutions; read for on_policy_only alone.

    Returns:
        The advantages, in the rewards' shape.

    Raises:
        ValueError: on_policy_only comes without is_teacher.
    """
    counted = torch.ones_like(rewards)
    if on_policy_only:
        if is_teacher is None:
            raise ValueError("on_policy_only needs to know which rows are a teacher's: give is_teacher")
        counted = (~is_teacher).to(rewards.dtype)
    n = counted.sum(-1, keepdim=True)
    mean = (rewards * counted).sum(-1, keepdim=True) / n.clamp(min=1)
    centred = ((rewards - mean) * counted).masked_fill(_all_equal(rewards, counted), 0.0)
    if not divide_by_std:
        return centred
    deviation = (centred.square().sum(-1, keepdim=True) / (n - 1).clamp(min=1)).sqrt()
    return centred / (deviation + _EPSILON)


def _all_equal(rewards: Float[Tensor, "groups n"], counted: Float[Tensor, "groups n"]) -> Bool[Tensor, "groups 1"]:
    """Whether the counted rewards of a group are one and the same; also where none is counted."""
    lowest = rewards.masked_fill(counted == 0, torch.inf).amin(-1, keepdim=True)
    highest = rewards.masked_fill(counted == 0, -torch.inf).amax(-1, keepdim=True)
    return lowest >= highest
