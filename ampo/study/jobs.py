"""What is to be done, in the order in which it decides: students, gate, learning rate, then the arms, seed by seed.

A job is one process's work. What is finished is known by `key`, so that a study goes on where it ended.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace

from ampo.study import design
from ampo.study.design import Size

MAPPED = ("grpo", "ampo")
"""The arms that are compared at every start."""
GATE = "gate"
"""The name of the supervised arm that must lift the trained level."""


@dataclass(frozen=True, slots=True)
class Job:
    """kind: skill and start make students; gate, rate and train are runs. start: share of worked examples."""

    kind: str
    arm: str = ""
    start: float = 0.0
    seed: int = 0
    lr: float = 0.0
    steps: int = 0

    @property
    def place(self) -> str:
        """A folder's name, for a person."""
        parts = [self.kind, f"start-{self.start:g}", self.arm, f"lr-{self.lr:g}", f"seed-{self.seed}"]
        return "_".join(parts[: {"skill": 1, "start": 2}.get(self.kind)])


def key(size: Size, job: Job) -> str:
    """What a finished job is known by: a hash of all that decides what comes out of it."""
    arm = design.arms(size).get(job.arm)
    decides = {
        "job": asdict(job),
        "arm": arm.model_dump(mode="json", exclude={"asks"}) if arm else None,
        "student": size.student.model_dump(mode="json"),
        "training": size.training.model_dump(mode="json", exclude={"steps"}),
        "test": size.test.model_dump(mode="json"),
        "gate": size.gate.traces if job.kind == "gate" else None,
    }
    return hashlib.sha256(json.dumps(decides, sort_keys=True).encode()).hexdigest()[:16]


def students(size: Size) -> list[Job]:
    """One for each start; the skilled one comes first (`skill`)."""
    return [Job("start", start=share) for share in size.starts]


SKILL = Job("skill")


def gate(size: Size) -> Job:
    """The supervised run at the start that arms are compared at, at the middle of the grid."""
    steps = -(-size.gate.traces // size.training.prompts_per_step)
    return Job("gate", GATE, size.compared, 0, sorted(size.rate.grid)[len(size.rate.grid) // 2], steps)


def rates(size: Size) -> list[Job]:
    """The runs that the learning rate is chosen by."""
    chosen = size.rate
    return [
        Job("rate", "grpo", chosen.start, seed, lr, chosen.steps) for seed in range(chosen.seeds) for lr in chosen.grid
    ]


def main(size: Size, lr: float) -> list[Job]:
    """All that follows the choice of the learning rate, the other starts included.

    First each arm and each point of the map with one seed, then the other seeds of what claims compare, then the rest.
    """
    seeds = range(max(size.seeds.claim, size.seeds.map, size.seeds.why))
    claims, points, why = (
        [list(of(size, lr, seed)) for seed in seeds] for of in (_of_claims, _of_the_map, _of_the_others)
    )
    jobs = [*claims[0], *students(size), *points[0], *why[0], *(job for part in claims[1:] for job in part)]
    jobs += [job for parts in zip(points[1:], why[1:], strict=True) for part in parts for job in part]
    return [*jobs, *robust(size, lr)]


def robust(size: Size, lr: float) -> list[Job]:
    """The first claim's arms at twice and half the learning rate."""
    base = [_train(size, lr, name, size.compared, seed) for seed in range(size.seeds.robust) for name in MAPPED]
    return [replace(job, lr=factor * lr) for factor in (0.5, 2.0) for job in base]


def everything(size: Size, lr: float) -> list[Job]:
    """All jobs."""
    return [SKILL, gate(size), *rates(size), *main(size, lr)]


def claimed(size: Size) -> list[str]:
    """Arms that a claim compares, or the map."""
    wanted = set(MAPPED).union(*(claim.arms for claim in design.claims(size)))
    return [name for name in design.arms(size) if name in wanted]


def _of_claims(size: Size, lr: float, seed: int) -> Iterator[Job]:
    if seed < size.seeds.claim:
        yield from (_train(size, lr, name, size.compared, seed) for name in claimed(size))


def _of_the_map(size: Size, lr: float, seed: int) -> Iterator[Job]:
    """The starts that are commoner than the compared one, then the rarer ones."""
    if seed < size.seeds.map:
        others = [share for share in size.starts if share != size.compared]
        for share in sorted(others, key=lambda share: (share < size.compared, share)):
            yield from (_train(size, lr, name, share, seed) for name in MAPPED)


def _of_the_others(size: Size, lr: float, seed: int) -> Iterator[Job]:
    if seed < size.seeds.why:
        names = [name for name in design.arms(size) if name not in claimed(size)]
        yield from (_train(size, lr, name, size.compared, seed) for name in names)


def _train(size: Size, lr: float, arm: str, start: float, seed: int) -> Job:
    return Job("train", arm, start, seed, lr, size.training.steps)
