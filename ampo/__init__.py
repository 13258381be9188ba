"""AMPO: Adaptive Multi-Guidance Policy Optimization (arXiv 2510.02227).

Inference, evaluation and training for language models that learn to reason from verifiable rewards.

    run = ampo.evaluate("smollm2-135m", "demo", samples=2, limit=8)
    run.metrics["demo"].avg_at_k
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from ampo.errors import EngineError, MissingExtraError, UserError
from ampo.types import Problem, Response, SamplingParams, Verdict

if TYPE_CHECKING:
    from ampo.api.evaluation import compare, evaluate, report, score
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

_HOMES = {  # loaded on first use: `import ampo` and `ampo --help` are instant, and need none of them
    "BenchmarkScores": "ampo.eval.scores",
    "Compared": "ampo.eval.compared",
    "EndpointSettings": "ampo.engines",
    "Engine": "ampo.engines",
    "EngineSettings": "ampo.engines",
    "Run": "ampo.eval.result",
    "Scores": "ampo.eval.scores",
    "TrainingRun": "ampo.training.result",
    "compare": "ampo.api.evaluation",
    "evaluate": "ampo.api.evaluation",
    "load_engine": "ampo.engines",
    "report": "ampo.api.evaluation",
    "score": "ampo.api.evaluation",
    "train": "ampo.api.training",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'ampo' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
