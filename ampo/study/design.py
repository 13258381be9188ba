"""What is compared with what, and how large: arms.toml, claims.toml and sizes.toml, read and checked."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import Any, Literal

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
    guided_rows: Literal["all", "teacher", "own"] = "all"
    asks: str = ""


class Claim(_Frozen):
    """What is to be decided; see claims.toml."""

    text: str
    better: str
    worse: str
    levels: tuple[str, ...]
    margin: float = 0.0

    @property
    def arms(self) -> set[str]:
        """The arms that it compares."""
        return {self.better, self.worse} - {START}


START = "start"
"""In a claim: the student as the arms find it."""


class Phase(_Frozen):
    """Supervised steps at a learning rate. kept: share of worked examples whose first token is not learnt. first: its
    weight where it is."""

    steps: int
    lr: float
    kept: float = 0.0
    first: float = 1.0


class Student(_Frozen):
    """The student's size, and the two phases of its warm start.

    skill: both ways of answering, `at_once` of the examples without work, so that it can do either. last: it learns to
    begin to work as rarely as a start says; what is worked but for its first token keeps the skill. rare: share of
    worked examples in the style `rare`. levels: share of each level among the examples.
    """

    hidden: int
    layers: int
    heads: int
    batch: int
    skill: Phase
    last: Phase
    at_once: float
    rare: float
    levels: dict[str, float]

    @property
    def shape(self) -> Shape:
        return Shape(self.hidden, self.layers, self.heads)


class Training(_Frozen):
    """What all arms have in common. problems: training problems. validation: problems."""

    problems: int
    steps: int
    prompts_per_step: int
    n: int
    max_tokens: int
    validate_every: int
    validation: int
    validation_samples: int


class Seeds(_Frozen):
    """Seeds of an arm: of those that a claim compares, of the map's other points, of the other arms, and at other
    learning rates."""

    claim: int
    map: int
    why: int
    robust: int


class Rate(_Frozen):
    """How the learning rate is chosen: by GRPO on validation, at a start where it learns."""

    grid: tuple[float, ...]
    start: float
    seeds: int
    steps: int


class Gate(_Frozen):
    """SFT on so many of a teacher's traces must lift the trained level by so much, or the task can't tell."""

    traces: int
    points: float


class Test(_Frozen):
    """problems: a level. samples: of each. probe: problems that the probability of beginning is measured on."""

    problems: int
    samples: int
    probe: int


class Size(_Frozen):
    """How large the study is; see sizes.toml. note: what a reader has to know of how these sizes were settled."""

    name: str
    note: str = ""
    starts: tuple[float, ...]
    compared: float
    arms: tuple[str, ...] | None = None
    seeds: Seeds
    rate: Rate
    gate: Gate
    test: Test
    student: Student
    training: Training


def sizes() -> dict[str, Size]:
    """All sizes, by name."""
    return {name: Size.model_validate({"name": name, **values}) for name, values in _read("sizes.toml").items()}


def size(name: str) -> Size:
    """A size by its name. Raises UserError that names the nearest."""
    known = sizes()
    if name not in known:
        raise UserError(f"there is no size {name!r}: {nearest(name, {*known, 'full', 'full-trial'}, 'one')}")
    return known[name]


def arms(size: Size) -> dict[str, Arm]:
    """The arms of a size by name, in the file's order."""
    return {name: arm for name, arm in _arms().items() if size.arms is None or name in size.arms}


@cache
def _arms() -> dict[str, Arm]:
    return {name: Arm.model_validate({"name": name, **values}) for name, values in _read("arms.toml").items()}


def claims(size: Size) -> list[Claim]:
    """The claims whose arms a size has."""
    known = [Claim.model_validate(values) for values in _read("claims.toml")["claim"]]
    return [claim for claim in known if claim.arms <= arms(size).keys()]


def problems(size: Size) -> dict[str, list[Problem]]:
    """The study's problems by split; the same for every arm and seed."""
    counts = {
        "test": dict.fromkeys(task.LEVELS, size.test.problems),
        "probe": {task.TRAINED: size.test.probe},
        "validation": {task.TRAINED: size.training.validation},
        "train": {task.TRAINED: size.training.problems},
    }
    return task.splits(0, counts)


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads(files("ampo.study").joinpath(name).read_text(encoding="utf-8"))
