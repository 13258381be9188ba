"""What a run has by now: which samples are there and how they were judged. Numbers only, some 40 bytes a sample.

The texts stay in responses.jsonl and verdicts.jsonl. A verdict's place in its file is kept, so that what the statistics
want of it can be read again.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import repeat
from typing import NamedTuple

from ampo.errors import UserError
from ampo.eval.progress import watched
from ampo.eval.records import ResponseRecord, VerdictRecord
from ampo.eval.rundir import RunDir
from ampo.eval.verdicts import fits, mark_of
from ampo.types import OUTCOMES, PROTOCOLS, FinishReason, Outcome, Protocol

_ENDS: tuple[FinishReason, ...] = ("stop", "length", "abort", "error")
_UNKNOWN = -1


class Told(NamedTuple):
    """What is remembered of a response."""

    sample: int
    tokens: int | None
    finish: FinishReason


class _Samples:
    """One problem's, by number. 0 stands for what isn't there."""

    __slots__ = ("ends", "marks", "outcomes", "places", "tokens")

    def __init__(self) -> None:
        self.ends = bytearray()
        self.tokens = array("i")
        self.marks = array("Q")
        self.outcomes: dict[Protocol, bytearray] = {}  # of the protocols that have judged one
        self.places: dict[Protocol, array[int]] = {}

    def reach(self, sample: int) -> None:
        more = sample + 1 - len(self.ends)
        if more > 0:
            self.ends.extend(bytes(more))
            self.tokens.extend([_UNKNOWN] * more)
            self.marks.extend([0] * more)
            for protocol in self.outcomes:
                self.outcomes[protocol].extend(bytes(more))
                self.places[protocol].extend([_UNKNOWN] * more)

    def judged_by(self, protocol: Protocol) -> None:
        """Make room for its verdicts."""
        if protocol not in self.outcomes:
            self.outcomes[protocol] = bytearray(len(self.ends))
            self.places[protocol] = array("q", [_UNKNOWN] * len(self.ends))


class Ledger:
    """See the module's docstring. `"<problem>#<sample>" in ledger` says whether that response is there."""

    def __init__(self) -> None:
        self._problems: dict[str, _Samples] = {}
        self._lengths: dict[int, int] = {}  # each number once, however many responses are as long
        self.responses = 0
        self.outcomes: dict[Protocol, Counter[str]] = {protocol: Counter() for protocol in PROTOCOLS}

    @staticmethod
    def of(run: RunDir, quiet: bool = False) -> Ledger:
        """What is in a run's folder. Of two responses with an id the later one counts, and only verdicts on it do.

        Shows progress where that is much.
        """
        ledger = Ledger()
        for record in watched(run.scan_responses(), run.responses, "responses read", quiet):
            ledger.add(record)
        for place, verdict in run.scan_verdicts():
            ledger.judged(verdict, place)
        return ledger

    def add(self, record: ResponseRecord) -> str:
        """A response is there; its mark."""
        samples = self._problems.setdefault(record.problem, _Samples())
        samples.reach(record.sample)
        self.responses += samples.ends[record.sample] == 0
        samples.ends[record.sample] = 1 + _ENDS.index(record.finish_reason)
        samples.tokens[record.sample] = _UNKNOWN if record.completion_tokens is None else record.completion_tokens
        mark = mark_of(record)
        samples.marks[record.sample] = int(mark, 16)
        return mark

    def mark(self, problem: str, sample: int) -> str:
        """That of the response that counts; it must be there."""
        return f"{self._problems[problem].marks[sample]:016x}"

    def judged(self, verdict: VerdictRecord, place: int) -> None:
        """A verdict is there; one on a response, or on a text of it, that isn't there is none.

        place: the byte of its file at which its line begins.
        """
        problem, _, number = verdict.id.rpartition("#")
        if not number.isdecimal():
            raise UserError(f"verdicts.jsonl has the id {verdict.id!r}, which is none: remove that line")
        sample = int(number)
        if verdict.id not in self or not fits(verdict, self.mark(problem, sample)):
            return
        samples = self._problems[problem]
        samples.judged_by(verdict.protocol)
        if before := samples.outcomes[verdict.protocol][sample]:
            self.outcomes[verdict.protocol][OUTCOMES[before - 1]] -= 1
        samples.outcomes[verdict.protocol][sample] = 1 + OUTCOMES.index(verdict.outcome)
        samples.places[verdict.protocol][sample] = place
        self.outcomes[verdict.protocol][verdict.outcome] += 1

    def __contains__(self, response_id: str) -> bool:
        problem, _, sample = response_id.rpartition("#")
        samples = self._problems.get(problem)
        return samples is not None and int(sample) < len(samples.ends) and samples.ends[int(sample)] > 0

    def outcome(self, problem: str, sample: int, protocol: Protocol) -> Outcome | None:
        """How a sample was judged; None where it wasn't."""
        samples = self._problems.get(problem)
        outcomes = samples.outcomes.get(protocol, b"") if samples else b""
        if sample >= len(outcomes) or not outcomes[sample]:
            return None
        return OUTCOMES[outcomes[sample] - 1]

    def place(self, problem: str, sample: int, protocol: Protocol) -> int:
        """Where the verdict's line begins."""
        return self._problems[problem].places[protocol][sample]

    def first(self, protocol: Protocol, outcome: Outcome) -> int | None:
        """Where the first verdict with an outcome stands; None where there is none."""
        if not self.outcomes[protocol][outcome]:
            return None
        number = 1 + OUTCOMES.index(outcome)
        samples = (samples for samples in self._problems.values() if number in samples.outcomes.get(protocol, b""))
        found = next(samples)
        return found.places[protocol][found.outcomes[protocol].index(number)]

    def unjudged(self, protocols: Sequence[Protocol]) -> int:
        """How many verdicts are missing."""
        return sum(
            1
            for samples in self._problems.values()
            for protocol in protocols
            for end, outcome in zip(samples.ends, samples.outcomes.get(protocol) or repeat(0), strict=False)
            if end and not outcome
        )

    def judged_samples(self, problem: str, protocol: Protocol) -> Iterator[Told]:
        """A problem's samples that have a response and a verdict."""
        samples = self._problems.get(problem)
        if samples is None or protocol not in samples.outcomes:
            return
        for sample, end in enumerate(samples.ends):
            if end and samples.outcomes[protocol][sample]:
                tokens = self._lengths.setdefault(samples.tokens[sample], samples.tokens[sample])
                yield Told(sample, None if tokens == _UNKNOWN else tokens, _ENDS[end - 1])
