"""What the properties share: how much is tried, what is found, and how claims are judged."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import islice
from typing import NamedTuple

from ampo.types import Verdict
from ampo.verify import Claim, VerifierPool

_BATCH = 2000  # claims under way


@dataclass(frozen=True)
class Scale:
    """How much is tried. references: how many golds; pairs: how many of two golds; seed: of every choice."""

    references: int
    pairs: int
    seed: int = 0


QUICK = Scale(references=60, pairs=4_000)
FULL = Scale(references=1_000, pairs=100_000)


class Finding(NamedTuple):
    """A verdict that must not be. cause: what it is counted by."""

    cause: str
    gold: str
    answer: str
    question: str
    reason: str


@dataclass
class Report:
    """tried: the claims that were judged."""

    tried: int = 0
    findings: list[Finding] = field(default_factory=list)

    def causes(self) -> Counter[str]:
        """The findings counted by cause."""
        return Counter(finding.cause for finding in self.findings)


Property = Callable[[Scale, VerifierPool], Report]


class Trial(NamedTuple):
    """A claim that must be refused, unless an oracle says that the answer is the gold after all."""

    cause: str
    gold: str
    answer: str
    question: str = ""
    options: tuple[str, ...] = ()


def refused(trials: Iterable[Trial], pool: VerifierPool, same: Callable[[str, str], bool]) -> Report:
    """Judge claims that must be refused; found are those accepted whose two sides `same` doesn't confirm."""
    report, waiting = Report(), iter(trials)
    while batch := list(islice(waiting, _BATCH)):
        verdicts = pool.verify_many([_claim(trial) for trial in batch])
        report.tried += len(batch)
        report.findings += [
            _finding(t, v) for t, v in zip(batch, verdicts, strict=True) if v.correct and not same(*t[1:3])
        ]
    return report


def _claim(trial: Trial) -> Claim:
    return Claim(trial.gold, f"\\boxed{{{trial.answer}}}", question=trial.question, options=trial.options)


def _finding(trial: Trial, verdict: Verdict) -> Finding:
    return Finding(trial.cause, trial.gold, trial.answer, trial.question, verdict.reason)
