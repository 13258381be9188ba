"""What is compared with what, and how large: arms.toml and sizes.toml, read and checked."""

from __future__ import annotations

import tomllib
from importlib.resources import files
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from ampo.errors import UserError, nearest
from ampo.study import task
from ampo.study.student import Shape
from ampo.study.teachers import STYLES
from ampo.types import Problem


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Arm(_Frozen):
    """One way of learning; see arms.toml."""

    name: str
    preset: str
    algorithm: dict[str, Any] = Field(default_factory=dict)
    teachers: tuple[str, ...] = tuple(STYLES)
    sft_first: float = Field(default=0.0, ge=0, lt=1)


class WarmStart(_Frozen):
    """Supervised steps on the student's own style before any arm begins.

    levels: share of each level among the examples. rare: share of them in the style that is rarely seen. The best of
    the checkpoints, every `every` steps, is the one whose scores on the validation problems come nearest to `target`.
    """

    steps: int
    batch: int
    lr: float
    every: int
    levels: dict[str, float]
    rare: float
    target: dict[str, float]


class Size(_Frozen):
    """How large the study is; see sizes.toml."""

    name: str
    seeds: int
    arms: tuple[str, ...] | None = None
    hidden: int
    layers: int
    heads: int
    prompts: int
    """Training problems. test, beyond: test problems a level; validation: problems a level, of the trained levels."""
    test: int
    validation: int
    validation_samples: int
    validate_every: int
    steps: int
    prompts_per_step: int
    mini_batch_prompts: int
    n: int
    lr: float
    max_tokens: int
    samples: int
    """Of each test problem: pass@k goes up to it."""
    hard_share: float
    middling_share: float
    warm_start: WarmStart

    @property
    def shape(self) -> Shape:
        return Shape(self.hidden, self.layers, self.heads)


def sizes() -> dict[str, Size]:
    """All sizes, by name."""
    return {name: Size.model_validate({"name": name, **values}) for name, values in _read("sizes.toml").items()}


def size(name: str) -> Size:
    """A size by its name. Raises UserError that names the nearest."""
    known = sizes()
    if name not in known:
        raise UserError(f"there is no size {name!r}: {nearest(name, known, 'one')}")
    return known[name]


def arms(size: Size) -> list[Arm]:
    """The arms of a size, in the file's order."""
    known = {name: Arm.model_validate({"name": name, **values}) for name, values in _read("arms.toml").items()}
    return [arm for name, arm in known.items() if size.arms is None or name in size.arms]


def problems(size: Size) -> dict[str, list[Problem]]:
    """The study's problems by split; the same for every arm and seed."""
    counts = {"hard": round(size.prompts * size.hard_share), "middling": round(size.prompts * size.middling_share)}
    counts["easy"] = size.prompts - sum(counts.values())
    return task.splits(
        0,
        {
            "test": dict.fromkeys(task.TESTED, size.test),
            "validation": dict.fromkeys(task.TRAINED, size.validation),
            "train": {name: counts[name] for name in task.TRAINED},
        },
    )


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads(files("ampo.study").joinpath(name).read_text(encoding="utf-8"))
