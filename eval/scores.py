"""The numbers of metrics.json with names and types, as `run.metrics` gives them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any

RATES = ("truncated_rate", "no_answer_rate", "timeout_rate", "not_shown_rate")
"""How frequent an outcome is, as metrics.json has it, in the order in which all tables show it."""


@dataclass(frozen=True, slots=True)
class BenchmarkScores:
    """The statistics of one benchmark. Scores and rates are fractions.

    Attributes:
        n_problems: Problems with a judged sample.
        n_samples: Samples of all problems together.
        samples_per_problem: The fewest and the most.
        avg_at_k: The mean over problems of the share of right samples.
        ci95: The 95 % interval of avg_at_k, clustered by problem.
        stderr: Its standard error.
        pass_at_k: For each k up to the fewest samples: the chance that one of k is right.
        maj_at_k: The score of the majority vote over the fewest samples.
        maj_curve: The same for each k.
        bounds: avg_at_k with every unresolved verdict wrong, and with every one right.
        truncated_rate: Responses cut off by the token limit.
        no_answer_rate: Responses without an answer.
        timeout_rate: Responses whose judging timed out.
        not_shown_rate: Verdicts that rest on something not read or not compared; None where it was not counted.
        mean_completion_tokens: Of a response.
        lengths: Tokens of right and of wrong samples: mean and percentiles.
        adaptive: How it was sampled, for an adaptive run.
    """

    n_problems: int
    n_samples: int
    samples_per_problem: tuple[int, int]
    avg_at_k: float
    ci95: tuple[float, float]
    stderr: float
    pass_at_k: Mapping[int, float]
    maj_at_k: float
    maj_curve: Mapping[int, float]
    bounds: tuple[float, float]
    truncated_rate: float
    no_answer_rate: float
    timeout_rate: float
    mean_completion_tokens: float
    lengths: Mapping[str, Any]
    not_shown_rate: float | None = None
    adaptive: Mapping[str, Any] | None = None

    @staticmethod
    def of(row: Mapping[str, Any]) -> BenchmarkScores:
        """From what metrics.json has under `benchmarks.<name>`."""
        return BenchmarkScores(
            **{f.name: _typed(f.name, row[f.name]) for f in fields(BenchmarkScores) if f.name in row}
        )


class Scores(Mapping[str, BenchmarkScores]):
    """Benchmark -> its statistics, under one protocol. `raw` is metrics.json's own form."""

    def __init__(self, raw: Mapping[str, Any], protocol: str) -> None:
        self.raw = raw
        self.protocol = protocol
        self._benchmarks = {name: BenchmarkScores.of(row) for name, row in raw["benchmarks"].items()}

    @property
    def macro_avg(self) -> float | None:
        """The mean of the benchmarks' avg_at_k."""
        return self.raw["macro_avg"]

    @property
    def macro_ci95(self) -> tuple[float, float] | None:
        """Its 95 % interval."""
        low_high = self.raw["macro_ci95"]
        return low_high and (low_high[0], low_high[1])

    @property
    def micro_avg(self) -> float | None:
        """The mean over all samples."""
        return self.raw["micro_avg"]

    def __getitem__(self, benchmark: str) -> BenchmarkScores:
        return self._benchmarks[benchmark]

    def __iter__(self) -> Iterator[str]:
        return iter(self._benchmarks)

    def __len__(self) -> int:
        return len(self._benchmarks)

    def __repr__(self) -> str:
        scores = ", ".join(f"{name}: {100 * scores.avg_at_k:.1f} %" for name, scores in self.items())
        return f"<Scores by protocol {self.protocol}: {scores}>"


def _typed(name: str, value: Any) -> Any:
    if name in ("pass_at_k", "maj_curve"):
        return {int(k): score for k, score in value.items()}
    return tuple(value) if name in ("ci95", "bounds", "samples_per_problem") else value
