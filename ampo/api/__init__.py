"""The API that scripts, notebooks and the commands call: what joins data, engines, the verifier and the statistics."""

from ampo.api.evaluation import compare, evaluate, protocols_of, report, score
from ampo.api.training import train

__all__ = ["compare", "evaluate", "protocols_of", "report", "score", "train"]
