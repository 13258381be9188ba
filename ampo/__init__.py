"""AMPO: Adaptive Multi-Guidance Policy Optimization (arXiv 2510.02227).

Inference, evaluation and training for language models that learn to reason from verifiable rewards.
"""

from typing import TYPE_CHECKING

from ampo.types import Problem, Response, SamplingParams, Verdict

if TYPE_CHECKING:
    from ampo.engines import load_engine

__version__ = "0.1.0"
__all__ = ["Problem", "Response", "SamplingParams", "Verdict", "__version__", "load_engine"]


def __getattr__(name: str) -> object:
    if name == "load_engine":  # the engines are loaded on first use: verifying needs none of them
        from ampo.engines import load_engine

        return load_engine
    raise AttributeError(f"module 'ampo' has no attribute {name!r}")
