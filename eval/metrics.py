"""From judged samples to metrics.json. Pure: the same rows give the same numbers, in any order.

Every problem weighs the same in a benchmark, however many samples it has, so avg@k estimates the same thing for every
k: more samples narrow it and don't move it. "truncated" and "no_answer" are wrong, as the protocol says. A verdict that
was not shown rests on something that the verifier could not read or compare (a "timeout" is one): it counts as wrong in
the score and both ways in the bounds, which tell how much of a score is the verifier's ignorance. Rates and the mean
length weigh each problem the same, too; the lengths of right and of wrong samples are those of the samples themselves.
Scores are fractions; the formulas are in `ampo.eval.stats`.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from ampo.eval.stats import clustered_interval, interval_of_mean, maj_at_k, pass_at_k, standard_error
from ampo.types import Outcome

SCHEMA_VERSION = 1
_PERCENTILES = (5, 25, 50, 75, 95)


class Judged(NamedTuple):
    """One judged sample. vote: the equivalence class of its answer within its problem; -1 where there is no answer.
    shown: as in the verdict."""

    benchmark: str
    problem: str
    sample: int
    outcome: Outcome
    vote: int
    completion_tokens: int | None
    finish_reason: str
    shown: bool = True


def summarise(rows: Sequence[Judged]) -> dict[str, Any]:
    """The contents of metrics.json.

    benchmarks.<name>: see `_benchmark`. macro_avg: the mean of the benchmarks' avg_at_k, and macro_ci95 its interval
    (benchmarks are taken as given, problems as drawn); micro_avg: the mean over all samples, as the authors report it.
    All three are None without rows. Raises ValueError for a sample that is there twice.
    """
    by_benchmark: defaultdict[str, list[Judged]] = defaultdict(list)
    for row in rows:
        by_benchmark[row.benchmark].append(row)
    benchmarks = {name: _benchmark(by_problem(part)) for name, part in by_benchmark.items()}
    average, ci95 = mean_of(list(benchmarks.values()))
    return {
        "schema_version": SCHEMA_VERSION,
        "benchmarks": benchmarks,
        "macro_avg": average,
        "macro_ci95": ci95,
        "micro_avg": float(np.mean([_right(row) for row in rows])) if rows else None,
    }


def mean_of(benchmarks: Sequence[Mapping[str, Any]]) -> tuple[float | None, list[float] | None]:
    """The mean of some benchmarks' avg_at_k and its 95 % interval; None where there are none, and where one has no
    interval.
    """
    scores = [b["avg_at_k"] for b in benchmarks]
    if not scores:
        return None, None
    if any("ci95" not in b for b in benchmarks):
        return float(np.mean(scores)), None
    if len(scores) == 1:
        return scores[0], list(benchmarks[0]["ci95"])
    errors, sizes = ([b[key] for b in benchmarks] for key in ("stderr", "n_problems"))
    return float(np.mean(scores)), list(interval_of_mean(scores, errors, sizes))


def by_problem(rows: Sequence[Judged]) -> dict[str, list[Judged]]:
    """One benchmark's rows by problem. Raises ValueError for a sample that is there twice."""
    problems: defaultdict[str, list[Judged]] = defaultdict(list)
    for row in rows:
        problems[row.problem].append(row)
    for name, samples in problems.items():
        sample, times = Counter(row.sample for row in samples).most_common(1)[0]
        if times > 1:
            raise ValueError(f"sample {sample} of {name} is there twice")
    return {name: problems[name] for name in sorted(problems)}  # sums then don't depend on the rows' order


def accuracy(rows: Sequence[Judged]) -> float:
    """The share of right samples."""
    return sum(map(_right, rows)) / len(rows)


def _benchmark(problems: Mapping[str, Sequence[Judged]]) -> dict[str, Any]:
    """n_samples: of all problems together; samples_per_problem: [fewest, most]. pass_at_k and maj_curve: for every k up
    to the fewest, and maj_at_k at the fewest itself. bounds: what was not shown [all wrong, all right]. lengths: tokens
    of right and of wrong samples.
    """
    rows = [row for samples in problems.values() for row in samples]
    counts = [len(samples) for samples in problems.values()]
    means = [accuracy(samples) for samples in problems.values()]
    majority = _majority_curve(problems, min(counts))
    score, not_shown = float(np.mean(means)), _mean_share(problems, _not_shown)
    return {
        "n_problems": len(problems),
        "n_samples": len(rows),
        "samples_per_problem": [min(counts), max(counts)],
        "avg_at_k": score,
        "ci95": list(clustered_interval(means, len(rows))),
        "stderr": standard_error(means),
        "pass_at_k": _pass_curve(problems, min(counts)),
        "maj_at_k": majority[str(min(counts))],
        "maj_curve": majority,
        "bounds": [score, min(1.0, score + not_shown)],
        "truncated_rate": _rate(problems, "truncated"),
        "no_answer_rate": _rate(problems, "no_answer"),
        "timeout_rate": _rate(problems, "timeout"),
        "not_shown_rate": not_shown,
        "mean_completion_tokens": _mean_length(problems.values()),
        "lengths": {
            "right": _lengths(_counted(row for row in rows if _right(row))),
            "wrong": _lengths(_counted(row for row in rows if not _right(row))),
        },
    }


def _pass_curve(problems: Mapping[str, Sequence[Judged]], top: int) -> dict[str, float]:
    counts = Counter((len(samples), sum(map(_right, samples))) for samples in problems.values())
    return {
        str(k): sum(pass_at_k(n, c, k) * times for (n, c), times in counts.items()) / len(problems)
        for k in range(1, top + 1)
    }


def _majority_curve(problems: Mapping[str, Sequence[Judged]], top: int) -> dict[str, float]:
    curves = [maj_at_k(*_votes(samples), top) for samples in problems.values()]
    return {str(k): float(np.mean([curve[k - 1] for curve in curves])) for k in range(1, top + 1)}


def _votes(samples: Sequence[Judged]) -> tuple[tuple[tuple[int, int], ...], int]:
    """(votes, right votes) of each class, sorted, and the samples without a vote. A right sample always has one."""
    votes: Counter[int] = Counter()
    right: Counter[int] = Counter()
    blanks = 0
    for row in samples:
        if row.vote < 0 and not _right(row):
            blanks += 1
            continue
        votes[row.vote] += 1
        right[row.vote] += _right(row)
    return tuple(sorted((votes[v], right[v]) for v in votes)), blanks


def _counted(rows: Iterable[Judged]) -> list[int]:
    """Tokens of the samples, where somebody has counted them."""
    return [row.completion_tokens for row in rows if row.completion_tokens is not None]


def _mean_length(problems: Iterable[Sequence[Judged]]) -> float | None:
    """Tokens, the mean over problems; None where nobody has counted them."""
    means = [float(np.mean(counted)) for samples in problems if (counted := _counted(samples))]
    return float(np.mean(means)) if means else None


def _lengths(tokens: Sequence[int]) -> dict[str, float] | None:
    """Mean and percentiles; None where there are none."""
    if not tokens:
        return None
    values = np.percentile(tokens, _PERCENTILES)
    return {"n": len(tokens), "mean": float(np.mean(tokens))} | {
        f"p{p}": float(value) for p, value in zip(_PERCENTILES, values, strict=True)
    }


def _right(row: Judged) -> bool:
    return row.outcome == "correct"


def _not_shown(row: Judged) -> bool:
    """A time-out is one, also in a run that was judged before verdicts said it."""
    return not row.shown or row.outcome == "timeout"


def _rate(problems: Mapping[str, Sequence[Judged]], outcome: Outcome) -> float:
    """How frequent an outcome is."""
    return _mean_share(problems, lambda row: row.outcome == outcome)


def _mean_share(problems: Mapping[str, Sequence[Judged]], belongs: Callable[[Judged], bool]) -> float:
    """The mean over problems of the share of a problem's samples that belong."""
    return float(np.mean([sum(map(belongs, samples)) / len(samples) for samples in problems.values()]))
