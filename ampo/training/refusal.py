"""Why a teacher's solution that the verifier accepts can't be learnt from all the same."""

from __future__ import annotations

from ampo.algorithm.presets import Algorithm
from ampo.algorithm.rewards import repeats_itself
from ampo.types import Solution

REFUSED = {
    "other_question": "their uid is in the pool with another question",
    "wrong": "wrong",
    "no_answer": "without an answer",
    "truncated": "cut off",
    "timeout": "judging timed out",
    "too_long": "too long",
    "repetitive": "they repeat themselves",
    "other_teacher": "of other teachers",
}
"""Reasons, in words. Those between the question and the length are the verifier's outcomes."""


def refusal(solution: Solution, tokens: int, room: int, algorithm: Algorithm) -> str | None:
    """Why a verified solution is refused; None where it is not.

    One that repeats itself would get the reward of a wrong response, and be unlearnt beside wrong ones.

    Args:
        solution: A teacher's.
        tokens: Its length.
        room: How long it may be, in tokens.
        algorithm: Says whether repetition is penalised.
    """
    if not 0 < tokens <= room:
        return "too_long"
    penalised = algorithm.objective == "rl" and algorithm.repetition_penalty
    return "repetitive" if penalised and repeats_itself(solution.content) else None
