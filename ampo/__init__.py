"""AMPO: Adaptive Multi-Guidance Policy Optimization (arXiv 2510.02227).

Inference, evaluation and training for language models that learn to reason from verifiable rewards.

    run = ampo.evaluate("smollm2-135m", "demo", samples=2, limit=8)
    run.metrics["demo"].avg_at_k
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ampo.errors import EngineError, MissingExtraError, UserError
from ampo.lazy import on_first_use
from ampo.types import Problem, Response, SamplingParams, Verdict

if TYPE_CHECKING:
    from ampo.api.evaluation import evaluate, score
    from ampo.api.reporting import compare, report
    from ampo.api.training import train
    from ampo.engines import EndpointSettings, Engine, EngineSettings, load_engine
    from ampo.eval.compared import Compared
    from ampo.eval.result import Run
    from ampo.eval.scores import BenchmarkScores, Scores
    from ampo.training.result import TrainingRun

__version__ = "0.1.0"
__all__ = [
    "BenchmarkScores",
    "Compared",
    "EndpointSettings",
    "Engine",
    "EngineError",
    "EngineSettings",
    "MissingExtraError",
    "Problem",
    "Response",
    "Run",
    "SamplingParams",
    "Scores",
    "TrainingRun",
    "UserError",
    "Verdict",
    "__version__",
    "compare",
    "evaluate",
    "load_engine",
    "report",
    "score",
    "train",
]

__getattr__ = on_first_use(  # `import ampo` and `ampo --help` are instant, and need none of them
    __name__,
    {
        "BenchmarkScores": "eval.scores",
        "Compared": "eval.compared",
        "EndpointSettings": "engines",
        "Engine": "engines",
        "EngineSettings": "engines",
        "Run": "eval.result",
        "Scores": "eval.scores",
        "TrainingRun": "training.result",
        "compare": "api.reporting",
        "evaluate": "api.evaluation",
        "load_engine": "engines",
        "report": "api.reporting",
        "score": "api.evaluation",
        "train": "api.training",
    },
)


def __dir__() -> list[str]:
    return sorted(__all__)
