"""The judgement of one claim, in process and without a deadline; the pool runs it in a worker that can be killed."""

from __future__ import annotations

import time
from dataclasses import replace

from ampo.types import AnswerKind, Verdict
from ampo.verify.claim import Claim
from ampo.verify.extract import extract


def quick(claim: Claim) -> Verdict | None:
    """The verdict where it is safe and cheap to find in the caller's process; None where it takes `judge`."""
    if claim.protocol == "official":
        return None
    found = extract(claim.response, claim.kind, claim.finish_reason, claim.options)
    if found.answer is None:
        return Verdict("truncated" if found.truncated else "no_answer", None, found.rule)
    if found.answer.strip() == claim.gold.strip():
        return Verdict("correct", found.answer, f"{found.rule}; same text")
    return None


def judge(claim: Claim) -> Verdict:
    """The whole judgement."""
    start = time.perf_counter()
    verdict = quick(claim)
    if verdict is None:
        found = extract(claim.response, claim.kind, claim.finish_reason, claim.options)
        same = equivalent(claim.gold, found.answer or "", claim.kind, claim.options, claim.question)
        verdict = Verdict("correct" if same else "wrong", found.answer, found.rule)
    return replace(verdict, seconds=time.perf_counter() - start, protocol=claim.protocol)


def equivalent(
    a: str, b: str, kind: AnswerKind = "auto", options: tuple[str, ...] = (), question: str = ""
) -> bool:
    """Whether two answers are the same, as strings."""
    return " ".join(a.split()) == " ".join(b.split())
