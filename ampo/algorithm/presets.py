"""What an algorithm is, as data: every switch of AMPO, its revision and its baselines, and the presets that set them.

Where the authors' code, their paper and their revision differ, each is a preset of its own (`presets.toml`).
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ampo.errors import UserError, nearest
from ampo.files import explain

Trigger = Literal["none_correct", "success_below", "always", "never"]
Selection = Literal["comprehension", "random", "shortest", "first", "likelihood"]
ScoreMean = Literal["arithmetic", "geometric"]

WIDEST = "widest"
"""As `teacher`: the one that has a solution for the most prompts; settled when the pool is read."""


class Algorithm(BaseModel):
    """The switches. Defaults are those of preset `ampo`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = "ampo"
    """The preset's; it is not set in [algorithm]."""
    description: str = ""
    """What the preset is, for people; it is not set in [algorithm] either."""
    objective: Literal["rl", "sft"] = "rl"
    """rl: rollouts and a policy loss. sft: cross-entropy on the pool's solutions, without rollouts."""

    trigger: Trigger = "none_correct"
    """When a group gets guidance: none of it is correct; its success rate is below `success_below`; always; never."""
    success_below: float = Field(default=0.5, ge=0, le=1)
    """Share of right responses: where a group has less, trigger success_below gives it guidance; also the share that
    k = "balance" fills it up to."""
    k: Literal["fixed", "balance"] = "fixed"
    """How many: min(k0, N); or as many as make half of the group right, min(N, int(success_below n) - correct)."""
    k0: int = Field(default=2, ge=0)
    """Solutions that a group gets at most, with k = "fixed"."""
    positions: Literal["incorrect", "first"] = "incorrect"
    """Which slots are replaced: incorrect ones, drawn at random; or the first of the group."""

    teacher: str | None = None
    """The one whose solutions count, by its name in the pool; None: every one's; "widest": the one with a solution
    for the most prompts."""
    selection: Selection = "comprehension"
    """Which solutions. likelihood: mean log-probability of the whole solution."""
    score_mean: ScoreMean = "arithmetic"
    """Over the answer's tokens: mean of the probabilities (the code), or exp of the mean log-probability (Eq. 5)."""
    format_weight: float = Field(default=0.1, ge=0, le=1)
    """Weight of the solution's format in its rank; the score has the rest."""

    reward: Literal["verifier", "probability"] = "verifier"
    """probability: RLPR's."""
    drops_prompts: bool = False
    """Whether a step drops prompts whose rewards hardly differ, by the filter `deviation_*` (RLPR's)."""
    format_reward: float = Field(default=0.1, ge=0, le=1)
    """The reward's share for the format; accuracy has the rest."""
    repetition_penalty: bool = True
    """Whether a response that repeats itself (ten words in a row, ten times) has 1 less."""
    deviation_beta: float = Field(default=1.0, ge=0)
    """A prompt is dropped where its rewards' standard deviation is below this times the moving average."""
    deviation_ratio: float = Field(default=0.99, ge=0, lt=1)
    """What the moving average keeps of itself at each step; the rest is the step's mean deviation."""
    deviation_average_from: int = Field(default=6, ge=1)
    """The step (from 1) with which the moving average begins."""
    deviation_from_step: int = Field(default=11, ge=1)
    """The step from which prompts are dropped."""
    refills: int = Field(default=0, ge=0)
    """How often at most a step asks other prompts in place of those that were dropped."""

    divide_by_std: bool = False
    """Whether advantages are divided by the rewards' standard deviation, as GRPO does."""
    advantage_rows: Literal["all", "on_policy"] = "all"
    """Whose mean (and deviation) the advantage subtracts: the mixed group's, or that of the model's own responses."""

    on_policy_loss: Literal["dual_clip", "clip", "unclipped"] = "dual_clip"
    """Of own tokens. clip: PPO's surrogate, the ratio clipped. dual_clip: the same with a bound on negative advantages,
    too. unclipped: the ratio as it is."""
    clip_low: float = Field(default=0.2, ge=0, lt=1)
    """The ratio of new to old probability is kept within 1 - clip_low and 1 + clip_high."""
    clip_high: float = Field(default=0.2, ge=0)
    """See clip_low."""
    dual_clip: float = Field(default=10.0, gt=1)
    """c of dual-clip PPO: a negative advantage weighs at most c times."""
    teacher_loss: Literal["shaped", "clip", "sft", "none"] = "shaped"
    """shaped: -A f(p), f(p) = p / (p + gamma). clip: the clipped surrogate with the ratio p / 1. sft: -log p."""
    gamma: float = Field(default=0.1, gt=0)
    """Of the shaping f: tokens of this probability weigh most."""
    sft_coefficient: float = Field(default=1.0, ge=0)
    """Weight of teachers' tokens with teacher_loss = "sft"."""
    aggregation: Literal["constant", "token_mean"] = "constant"
    """constant: sum / L_max, mean over sequences. token_mean: on-policy tokens' mean, plus the mean over teacher
    sequences of their token means (Eq. 7)."""
    max_response_tokens: int = Field(default=8192, ge=1)
    """L_max."""
    policy_scale: float = Field(default=1.0, gt=0)
    """Weight of the policy's term (own tokens, and teachers' that are shaped or clipped) beside the entropy term, and
    against the bound on the gradient's norm.

    The authors' code takes, of each micro-batch j of b_j rows, the sum of its tokens over L_max, and weighs it by b_j
    over the rows of the mini-batch: a second time, since a sum over rows holds them already. The entropy, a mean, is
    weighed once. So their policy term is ours times b_j. A micro-batch of theirs is filled up to 18,432 tokens; laying
    out 128 rows a rank so, and weighing each b_j by its tokens, gives 18.3, 11.5 and 7.1 rows at mean own lengths of
    600, 1,000 and 2,000 tokens. `ampo-official` has 11.5, whatever the cut is here. Their GRPO script sums the entropy
    over L_max as well, which at 1,000 tokens is 11.5 x 1,000 / 8,192 = 1.4 times a mean.
    """
    entropy_coefficient: float = Field(default=0.001, ge=0)
    """Weight of the tokens' mean entropy, which is taken off the loss."""

    def with_overrides(self, overrides: Mapping[str, Any]) -> Algorithm:
        """A copy with other values; UserError for an unknown key (with the nearest) or a value out of range."""
        settings = [key for key in Algorithm.model_fields if key not in ("name", "description")]
        for key in overrides:
            if key not in settings:
                raise UserError(
                    f"algorithm {self.name!r} has no setting {key!r}: {nearest(key, settings, 'a setting')}"
                )
        return _validated(self.name, self.model_dump() | dict(overrides))

    @property
    def uses_pool(self) -> bool:
        return self.objective == "sft" or self.trigger != "never"


def load_preset(name: str, /, **overrides: Any) -> Algorithm:
    """A preset by its name, with some values changed. UserError for an unknown name, key or value."""
    presets = _presets()
    if name not in presets:
        raise UserError(f"unknown preset {name!r}: {nearest(name, presets, 'a preset')}")
    return presets[name].with_overrides(overrides) if overrides else presets[name]


def preset_names() -> tuple[str, ...]:
    """The names that `load_preset` takes."""
    return tuple(_presets())


@cache
def _presets() -> dict[str, Algorithm]:
    data = tomllib.loads(files("ampo.algorithm").joinpath("presets.toml").read_text(encoding="utf-8"))
    return {name: _validated(name, table | {"name": name}) for name, table in data.items()}


def _validated(name: str, values: dict[str, Any]) -> Algorithm:
    try:
        return Algorithm.model_validate(values)
    except ValidationError as error:
        raise UserError(f"algorithm {name!r}: {explain(error, Algorithm)}") from error
