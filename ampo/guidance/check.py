"""What is wrong with a pool, and the clean pool that is left without it.

A training run takes a teacher's solution as right and pushes the policy towards it. So everything is judged anew,
whatever the pool says of itself: a solution that the verifier doesn't call correct never enters a clean pool (the
authors' code gives it the reward of a right one instead). What is refused is counted by its reason.

A clean pool holds each prompt once. Rows that repeat a question are merged where their reference answers are the same,
and stand at its end; prompts with no solution left stay, since they are still prompts to train on.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

from ampo.algorithm.rewards import repeats_itself
from ampo.errors import UserError
from ampo.guidance.formats import PoolEntry, entry_of, prompt_of, question_key, question_uid
from ampo.guidance.index import digest
from ampo.guidance.judging import Judged, judge
from ampo.guidance.leakage import LeakFinder
from ampo.guidance.lengths import Measure, measure_of
from ampo.guidance.rows import Rows
from ampo.types import Outcome, Problem, Solution, Verdict
from ampo.verify import VerifierPool
from ampo.verify.audit import unreadable

KINDS = {
    "broken": "rows that can't be read",
    "repeated": "rows that repeat an earlier question (merged)",
    "conflict": "rows that repeat an earlier question with another answer",
    "same_uid": "rows with an earlier one's uid and another question (renamed)",
    "leak": "prompts that are in a benchmark",
    "unread": "prompts whose reference answer can't be read",
    "wrong": "solutions whose answer is wrong",
    "no_answer": "solutions without an answer",
    "truncated": "solutions that were cut off",
    "timeout": "solutions whose judging timed out",
    "too_long": "solutions over the length limit",
    "repetitive": "solutions that repeat themselves, which the reward punishes",
    "duplicate": "solutions that repeat an earlier one of their prompt",
}
"""What can be wrong, in the order of the report."""

_EXAMPLES = 1000  # findings of a kind that are kept; all are counted


class Finding(NamedTuple):
    """Something wrong. where: file and line, or row; source: the teacher, "" where it is about the prompt."""

    kind: str
    where: str
    uid: str
    source: str
    detail: str


class Survey(NamedTuple):
    """A first look: how many rows there are, and the digests of the questions that several rows ask."""

    rows: int
    repeated: frozenset[int]


@dataclass(frozen=True)
class CheckReport:
    """prompts: rows that could be read. counts: by kind. findings: the first of each kind.

    outcomes: the verifier's, by teacher. agreement: solutions by (judgement recorded in the pool, the verifier's), for
    pools that carry one (`is_correct`, else `verified`); disagreements: those where the two differ.
    clean_prompts, clean_solutions, empty_prompts: what the clean pool holds, and how many of its prompts no solution.
    """

    rows: int
    prompts: int
    solutions: int
    counts: Mapping[str, int]
    findings: Mapping[str, tuple[Finding, ...]]
    outcomes: Mapping[str, Mapping[Outcome, int]]
    agreement: Mapping[tuple[bool, bool], int]
    disagreements: tuple[Finding, ...]
    clean_prompts: int
    clean_solutions: int
    empty_prompts: int


def survey(rows: Rows) -> Survey:
    """Count the rows and find the repeated questions, without the solutions where the format allows it."""
    seen: set[int] = set()
    repeated: set[int] = set()
    count = 0
    for located in rows.prompts():
        count += 1
        try:
            key = _key(prompt_of(located.row(), located.where).question)
        except UserError:  # `check` meets it again, and reports it
            continue
        (repeated if key in seen else seen).add(key)
    if not count:
        raise UserError(f"the pool {rows.name} is empty: it must hold at least one prompt")
    return Survey(count, frozenset(repeated))


def check(
    rows: Rows,
    pool: VerifierPool,
    surveyed: Survey,
    *,
    measure: Measure | None = None,
    max_tokens: int | None = None,
    leaks: LeakFinder | None = None,
    keep_leaks: bool = False,
    keep: Callable[[PoolEntry], object] = bool,
    progress: Callable[[tuple[Verdict, ...]], object] = bool,
) -> CheckReport:
    """Check every row and hand the clean entries to `keep`, as they come.

    Args:
        rows: Of the pool.
        pool: Judges the solutions.
        surveyed: The first look at the same rows.
        measure: Lengths in tokens; None for those that are recorded, else estimates.
        max_tokens: How long a solution may be; None for no limit.
        leaks: Knows the benchmarks that no prompt may be from.
        keep_leaks: Such prompts are reported, and stay.
        keep: Takes each clean entry. (The default does nothing.)
        progress: Is told the verdicts of each row that is done. (The default does nothing.)
    """
    checker = _Checker(pool, surveyed, measure or measure_of(None)[0], max_tokens, leaks, keep_leaks, keep)
    for judged in judge(checker.entries(rows), pool):
        checker.take(judged)
        progress(judged.verdicts)
    return checker.report()


class _Checker:
    """The state of one check."""

    def __init__(
        self,
        pool: VerifierPool,
        surveyed: Survey,
        measure: Measure,
        max_tokens: int | None,
        leaks: LeakFinder | None,
        keep_leaks: bool,
        keep: Callable[[PoolEntry], object],
    ) -> None:
        self._pool, self._surveyed, self._measure, self._max_tokens = pool, surveyed, measure, max_tokens
        self._leaks, self._keep_leaks, self._keep = leaks, keep_leaks, keep
        self._counts: Counter[str] = Counter()
        self._findings: dict[str, list[Finding]] = {kind: [] for kind in KINDS}
        self._outcomes: defaultdict[str, Counter[Outcome]] = defaultdict(Counter)
        self._agreement: Counter[tuple[bool, bool]] = Counter()
        self._disagreements: list[Finding] = []
        self._totals: Counter[str] = Counter()
        self._uids: set[int] = set()
        self._repeated: dict[int, tuple[str, PoolEntry]] = {}  # first row that asks it, its clean entry so far

    def entries(self, rows: Rows) -> Iterator[tuple[str, PoolEntry]]:
        for located in rows.scan():
            try:
                entry = entry_of(located.row(), located.where)
            except UserError as error:
                detail = str(error).removeprefix(located.where).lstrip(":, ")
                self._find("broken", located.where, "", "", detail)
                continue
            yield located.where, entry

    def take(self, judged: Judged) -> None:
        """Count what is wrong with an entry, and keep what is right."""
        where, entry, verdicts = judged
        self._totals["prompts"] += 1
        self._totals["solutions"] += len(verdicts)
        for finding in unreadable([Problem(entry.uid, entry.question, entry.answer)]):
            self._find("unread", where, entry.uid, "", f"{_short(entry.answer)!r}: {finding.what}")
        clean = self._clean(where, entry, verdicts)
        leak = self._leaks.find(entry.question) if self._leaks else None
        if leak:
            how = "is" if leak.kind == "exact" else f"shares {leak.share:.0%} of its runs of words with"
            self._find("leak", where, entry.uid, "", f"{how} {leak.problem}")
        if leak and not self._keep_leaks:
            return
        key = _key(entry.question)
        if key not in self._surveyed.repeated:
            self._emit(self._with_own_uid(where, clean))
        elif key not in self._repeated:
            self._repeated[key] = where, self._with_own_uid(where, clean)
        else:
            self._merge(key, where, clean)

    def report(self) -> CheckReport:
        for _, entry in self._repeated.values():
            self._emit(entry)
        self._repeated.clear()
        return CheckReport(
            rows=self._surveyed.rows,
            prompts=self._totals["prompts"],
            solutions=self._totals["solutions"],
            counts={kind: self._counts[kind] for kind in KINDS},
            findings={kind: tuple(found) for kind, found in self._findings.items()},
            outcomes={source: dict(counts) for source, counts in sorted(self._outcomes.items())},
            agreement=dict(self._agreement),
            disagreements=tuple(self._disagreements),
            clean_prompts=self._totals["clean_prompts"],
            clean_solutions=self._totals["clean_solutions"],
            empty_prompts=self._totals["empty_prompts"],
        )

    def _clean(self, where: str, entry: PoolEntry, verdicts: tuple[Verdict, ...]) -> PoolEntry:
        """The entry with the solutions that may stay."""
        lengths = self._measure(entry.solutions)
        kept: list[Solution] = []
        seen: set[str] = set()
        for solution, verdict, length in zip(entry.solutions, verdicts, lengths, strict=True):
            self._outcomes[solution.source][verdict.outcome] += 1
            self._compare(where, entry, solution, verdict)
            key = question_key(solution.content)
            if not verdict.correct:
                self._find(verdict.outcome, where, entry.uid, solution.source, _because(entry, solution, verdict))
            elif self._max_tokens is not None and length > self._max_tokens:
                self._find("too_long", where, entry.uid, solution.source, f"{length} tokens")
            elif repeats_itself(solution.content):
                self._find("repetitive", where, entry.uid, solution.source, "")
            elif key in seen:
                self._find("duplicate", where, entry.uid, solution.source, "")
            else:
                seen.add(key)
                kept.append(replace(solution, verified=True))
        return replace(entry, solutions=tuple(kept))

    def _compare(self, where: str, entry: PoolEntry, solution: Solution, verdict: Verdict) -> None:
        """With the judgement that the pool carries."""
        recorded = solution.metadata.get("is_correct", solution.verified)
        if not isinstance(recorded, bool):
            return
        self._agreement[recorded, verdict.correct] += 1
        if recorded != verdict.correct and len(self._disagreements) < _EXAMPLES:
            detail = f"recorded as {'right' if recorded else 'wrong'}; {_because(entry, solution, verdict)}"
            self._disagreements.append(Finding(verdict.outcome, where, entry.uid, solution.source, detail))

    def _with_own_uid(self, where: str, entry: PoolEntry) -> PoolEntry:
        if (uid := digest(entry.uid)) in self._uids:
            self._find("same_uid", where, entry.uid, "", "")
            entry = replace(entry, uid=question_uid(entry.question))
        self._uids.add(uid)
        return entry

    def _merge(self, key: int, where: str, entry: PoolEntry) -> None:
        """Into the first row that asks the same, where both have the same answer."""
        first_where, first = self._repeated[key]
        answers = [first.answer, entry.answer]
        if len(set(self._pool.classes(answers, question=entry.question))) > 1:
            detail = f"{entry.answer!r} here, {first.answer!r} at {first_where}"
            self._find("conflict", where, entry.uid, "", detail)
            return
        self._find("repeated", where, entry.uid, "", f"as {first_where}")
        there = {question_key(s.content) for s in first.solutions}
        more = tuple(s for s in entry.solutions if question_key(s.content) not in there)
        for solution in entry.solutions:
            if solution not in more:
                self._find("duplicate", where, entry.uid, solution.source, f"as {first_where}")
        self._repeated[key] = first_where, replace(first, solutions=(*first.solutions, *more))

    def _emit(self, entry: PoolEntry) -> None:
        self._totals["clean_prompts"] += 1
        self._totals["clean_solutions"] += len(entry.solutions)
        self._totals["empty_prompts"] += not entry.solutions
        self._keep(entry)

    def _find(self, kind: str, *finding: str) -> None:
        self._counts[kind] += 1
        if len(self._findings[kind]) < _EXAMPLES:
            self._findings[kind].append(Finding(kind, *finding))


def _because(entry: PoolEntry, solution: Solution, verdict: Verdict) -> str:
    said = "" if verdict.extracted is None else f"{_short(verdict.extracted)!r}, the answer is {_short(entry.answer)!r}"
    claimed = "; the pool says it is verified" if solution.verified and not verdict.correct else ""
    return f"{said}{' ' if said else ''}({verdict.reason}){claimed}"


def _short(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:57]}..."


def _key(question: str) -> int:
    return digest(question_key(question))
