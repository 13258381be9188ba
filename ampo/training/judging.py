"""How a response of the policy is put to the verifier: in one way, whichever backend has sampled it."""

from __future__ import annotations

from ampo.types import Problem
from ampo.verify.claim import Claim


def claim_of(problem: Problem, text: str, finish_reason: str | None) -> Claim:
    """text: without special tokens. finish_reason: "length" where it was cut off by the token limit."""
    return Claim(
        problem.answer,
        text,
        kind=problem.kind,
        options=problem.options,
        question=problem.question,
        finish_reason=finish_reason,
    )
