"""`evaluate`: a metric like those that `evaluate.load` gives, without a hub.

from ampo.integrations.evaluate import Ampo
Ampo().compute(predictions=responses, references=answers)
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from ampo.integrations import shared

with shared.needing("evaluate"):
    import datasets
    import evaluate


class Ampo(evaluate.Metric):
    """accuracy, and the shares of responses without an answer (no_answer) and not judged in time (timeout)."""

    def _info(self) -> evaluate.MetricInfo:
        text = datasets.Value("string")
        return evaluate.MetricInfo(
            description="The share of responses that the verifier shows to be right.",
            citation="arXiv:2510.02227",
            inputs_description="predictions: responses, whole texts. references: answers.",
            features=datasets.Features({"predictions": text, "references": text}),
        )

    def _compute(self, *, predictions: Sequence[str], references: Sequence[Any], **_: Any) -> dict[str, float]:
        outcomes = Counter(v.outcome for v in shared.judge(map(shared.claim, references, predictions)))
        n = len(predictions)
        return {
            "accuracy": outcomes["correct"] / n,
            "no_answer": (outcomes["no_answer"] + outcomes["truncated"]) / n,
            "timeout": outcomes["timeout"] / n,
        }
