"""What is to be done, in the order in which it decides: students, gate, learning rate, then rounds of seeds.

A round holds the map and the arms of claims with one seed, so that every comparison grows seed by seed; the arms that
ask why come between the third round and the fourth, and the other learning rates last.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
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
    """The supervised run at the rarest start, at the middle of the grid."""
    steps = -(-size.gate.traces // size.training.prompts_per_step)
    return Job("gate", GATE, size.rarest, 0, sorted(size.rate.grid)[len(size.rate.grid) // 2], steps)


def rates(size: Size) -> list[Job]:
    """The runs that the learning rate is chosen by."""
    chosen = size.rate
    return [
        Job("rate", "grpo", chosen.start, seed, lr, chosen.steps) for seed in range(chosen.seeds) for lr in chosen.grid
    ]


def main(size: Size, lr: float) -> list[Job]:
    """All that follows the choice of the learning rate; no job comes twice. The other starts are made on the way."""
    rounds = [list(_round(size, lr, seed)) for seed in range(size.seeds.claim)]
    first = [job for part in rounds[:1] for job in part if job.start == size.rarest]
    jobs = [*first, *students(size), *(job for part in rounds[:3] for job in part)]
    jobs += _why(size, lr)[: _others(size)]
    jobs += [job for part in rounds[3:] for job in part]
    jobs += _why(size, lr)[_others(size) :]
    jobs += robust(size, lr)
    return list(dict.fromkeys(jobs))


def robust(size: Size, lr: float) -> list[Job]:
    """The first claim's arms at twice and half the learning rate."""
    base = [job for job in _of_arms(size, lr, MAPPED, size.seeds.robust) if job.start == size.rarest]
    return [replace(job, lr=factor * lr) for factor in (0.5, 2.0) for job in base]


def everything(size: Size, lr: float) -> list[Job]:
    """All jobs."""
    return [SKILL, gate(size), *rates(size), *main(size, lr)]


def claimed(size: Size) -> list[str]:
    """Arms that a claim compares, or the map."""
    wanted = set(MAPPED).union(*(claim.arms for claim in design.claims(size)))
    return [name for name in design.arms(size) if name in wanted]


def _round(size: Size, lr: float, seed: int) -> Iterator[Job]:
    for name in claimed(size):
        yield _train(size, lr, name, size.rarest, seed)
    for share in reversed(size.starts[:-1]):
        for name in MAPPED:
            yield _train(size, lr, name, share, seed)


def _others(size: Size) -> int:
    return len(design.arms(size)) - len(claimed(size))


def _why(size: Size, lr: float) -> list[Job]:
    names = [name for name in design.arms(size) if name not in claimed(size)]
    return _of_arms(size, lr, names, size.seeds.why)


def _of_arms(size: Size, lr: float, names: Sequence[str], seeds: int) -> list[Job]:
    return [_train(size, lr, name, size.rarest, seed) for seed in range(seeds) for name in names]


def _train(size: Size, lr: float, arm: str, start: float, seed: int) -> Job:
    return Job("train", arm, start, seed, lr, size.training.steps)
