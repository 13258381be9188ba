"""lighteval: a metric for a task's `metrics`.

from ampo.integrations.lighteval import ampo_accuracy, avg_at_n, pass_at_k
LightevalTaskConfig(..., metrics=[ampo_accuracy])                   # one sample
LightevalTaskConfig(..., metrics=[avg_at_n(8), pass_at_k(k=1, n=8)])   # several; lighteval's own estimators
"""

# It is in an environment of its own.
# pyright: reportMissingImports=false
from __future__ import annotations

import numpy as np

from ampo.integrations import shared

with shared.needing("lighteval"):
    from lighteval.metrics.metrics_sample import AvgAtN, PassAtK, SampleLevelComputation
    from lighteval.metrics.utils.metric_utils import SampleLevelMetric
    from lighteval.models.model_output import ModelResponse
    from lighteval.tasks.requests import Doc, SamplingMethod


class Accuracy(SampleLevelComputation):
    """1.0 where the response is one of the golds. They may stand behind "ANSWER:", as lighteval's tasks write them."""

    def compute(self, doc: Doc, model_response: ModelResponse, **_: object) -> float:
        golds = [gold.strip().removeprefix("ANSWER:").strip() for gold in doc.get_golds()]
        response = model_response.text[0]  # with its thoughts: the verifier knows them
        return float(any(v.correct for v in shared.judge(shared.claim(gold, response, doc.query) for gold in golds)))


def _metric(name: str, compute: SampleLevelComputation) -> SampleLevelMetric:
    return SampleLevelMetric(name, True, SamplingMethod.GENERATIVE, compute, np.mean)


ampo_accuracy = _metric("ampo_accuracy", Accuracy())


def avg_at_n(n: int) -> SampleLevelMetric:
    """The mean over n samples of a problem."""
    return _metric(f"ampo_avg@{n}", AvgAtN(n=n, sample_scoring_function=Accuracy().compute))


def pass_at_k(k: int, n: int) -> SampleLevelMetric:
    """The unbiased estimate of pass@k from n samples of a problem."""
    return _metric(f"ampo_pass@{k}", PassAtK(k=k, n=n, sample_scoring_function=Accuracy().compute))
