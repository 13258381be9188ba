"""Response text in, Verdict out: extraction, equivalence, and the worker pool that keeps both harmless.

`verify` judges one response, `VerifierPool` many; both need nothing but the light install.
"""

from ampo.verify.claim import Claim
from ampo.verify.crew import WorkerStartError
from ampo.verify.pool import Counters, VerifierPool, verify

__all__ = ["Claim", "Counters", "VerifierPool", "WorkerStartError", "verify"]
