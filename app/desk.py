"""What the page works with: engines, verifier, limits, and the services that the command line lends it.

The page knows nothing of benchmarks and run directories: it takes them as callables (see `Services`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from typing import Any

from ampo.app.controls import Limits
from ampo.app.live import GRACE_SECONDS
from ampo.engines.base import Engine
from ampo.prompts import Template
from ampo.types import Problem, SamplingParams, Verdict
from ampo.verify import VerifierPool


@dataclass(frozen=True, slots=True)
class RunRow:
    """One response of a run, with its verdicts, one a protocol; none where it was not judged."""

    id: str
    problem: Problem
    text: str
    finish_reason: str
    completion_tokens: int
    seconds: float
    seed: int | None
    verdicts: Sequence[Verdict] = ()

    @property
    def disputed(self) -> bool:
        """Whether the protocols disagree on it."""
        return len({verdict.correct for verdict in self.verdicts}) > 1

    def under(self, protocol: str | None) -> Verdict | None:
        """The verdict under a protocol; None is the first there is."""
        return next((verdict for verdict in self.verdicts if protocol in (None, verdict.protocol)), None)


@dataclass(frozen=True, slots=True)
class Run:
    """A run directory as the page shows it. summary: rows of (benchmark, figures in words)."""

    name: str
    about: str
    summary: Sequence[Sequence[Any]]
    rows: Sequence[RunRow]


@dataclass(frozen=True, slots=True)
class GuidedPrompt:
    """A prompt of a training step: who could have guided it, who was chosen, and its responses where they were kept.

    teachers: (name, score or None, chosen), in the pool's order.
    responses: (what was ruled, tokens, whether it gave way to a teacher, text).
    """

    step: int
    prompt: str
    answer: str = ""
    teachers: Sequence[tuple[str, float | None, bool]] = ()
    responses: Sequence[tuple[str, int, bool, str]] = ()


@dataclass(frozen=True, slots=True)
class Training:
    """A training run as the page shows it. steps: rows of (step, figures in words). prompts: by step."""

    name: str
    columns: Sequence[str]
    steps: Sequence[Sequence[Any]]
    prompts: Mapping[int, Sequence[GuidedPrompt]]


Judge = Callable[[Problem, str, Verdict], Verdict]


@dataclass(frozen=True)
class Services:
    """What the page is lent. An empty default leaves the part out that needs it.

    benchmarks: names for the problem picker, the first is shown at once.
    problems: a benchmark's problems with the template that asks them; raises UserError where they can't be had.
    pass_at_k: (samples, right ones, k) -> the unbiased estimate.
    run_names, read_run: the run directories there are; a run by its name, UserError where it can't be read.
    run_states: in a few words, for the runs that can't be shown or hold nothing yet, why.
    training_names, read_training: the same of training runs.
    judge: a model's opinion on a response, after the rules' verdict; UserError or EngineError where it gives none.
    """

    benchmarks: Sequence[str] = ()
    problems: Callable[[str], Sequence[tuple[Problem, Template]]] = lambda _: ()
    pass_at_k: Callable[[int, int, int], float] | None = None
    run_names: Callable[[], Sequence[str]] = lambda: ()
    run_states: Callable[[], Mapping[str, str]] = dict
    read_run: Callable[[str], Run] | None = None
    training_names: Callable[[], Sequence[str]] = lambda: ()
    read_training: Callable[[str], Training] | None = None
    judge: Judge | None = None


@dataclass(frozen=True)
class Desk:
    """See the module's docstring.

    engines: by the name that is shown, the first is the one to talk with. concurrency, queue_size: answers that are
    made at once, and questions that may wait. grace: seconds that the engine goes on for a page that is gone.
    """

    engines: Mapping[str, Engine]
    verifier: VerifierPool
    defaults: SamplingParams
    limits: Limits = field(default_factory=Limits)
    system: str = ""
    services: Services = field(default_factory=Services)
    votes: Path = Path("votes.jsonl")
    concurrency: int = 32
    queue_size: int = 64
    grace: float = GRACE_SECONDS
    turns: Turns = field(default_factory=lambda: Turns())

    def __post_init__(self) -> None:
        hottest = max(self.limits.temperature, self.defaults.temperature)
        object.__setattr__(self, "limits", replace(self.limits, temperature=hottest))

    @property
    def engine(self) -> Engine:
        return next(iter(self.engines.values()))


class Turns:
    """Whose turn it is in each open page: a newer answer there ends an older one that is still being made."""

    def __init__(self) -> None:
        self._ids = count(1)
        self._now: dict[str, int] = {}

    def take(self, page: str) -> int:
        """Begin something new in a page; what went on there has lost its turn."""
        self._now[page] = turn = next(self._ids)
        return turn

    def has(self, page: str, turn: int) -> bool:
        return self._now.get(page) == turn

    def leave(self, page: str, turn: int) -> None:
        if self.has(page, turn):
            del self._now[page]
