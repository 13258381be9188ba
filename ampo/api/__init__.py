"""The API that scripts, notebooks and the commands call: what joins data, engines, the verifier and the statistics."""

from ampo.api.evaluation import evaluate, protocols_of, score
from ampo.api.reporting import compare, report
from ampo.api.training import train

__all__ = ["compare", "evaluate", "protocols_of", "report", "score", "train"]
