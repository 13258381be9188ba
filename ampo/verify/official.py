"""Protocol `official`: the authors' scorer, flaw by flaw.

1. Where a complete answer tag is there, "The final answer is \\boxed{<content>}." is appended to the whole text,
   thought and all.
2. `math_verify.verify(parse("$" + gold + "$"), parse(text))`; an exception is wrong. Nothing parsed is `no_answer`,
   which counts as wrong there.

Its flaws are kept on purpose: a number anywhere in a truncated text counts, `4.5e33` is 4.5*e*33, alternatives are
accepted, choice letters become symbols. Two things differ, neither of which can turn a wrong answer right:
Math-Verify's own alarms are off, because signals work only in a main thread, and the pool's deadline is there
instead; and nothing is
bounded before the parser, because that would change verdicts. So this protocol must run in the pool's worker, which can
be killed and has a memory limit. The only text that Math-Verify hands to sympy's `parse_expr`, which evaluates Python,
is what its expression pattern finds: digits, dots, brackets and operators.
"""

from __future__ import annotations

import logging

from ampo.prompts import answer_span
from ampo.types import Verdict


def judge_official(gold: str, response: str) -> Verdict:
    """The authors' verdict on one response."""
    from math_verify import parse, verify

    logging.getLogger("math_verify").setLevel(logging.ERROR)  # it warns about the alarms that are off
    try:
        parsed = parse(with_boxed_answer(response), parsing_timeout=None)  # type: ignore[arg-type]
        if not parsed:
            return Verdict(
                "no_answer", None, "Math-Verify parsed nothing", protocol="official", shown=not response.strip()
            )
        wanted = parse(f"${gold}$", parsing_timeout=None)  # type: ignore[arg-type]
        right = verify(wanted, parsed, timeout_seconds=None)  # type: ignore[arg-type]
    except (MemoryError, RecursionError):
        raise
    except Exception as error:  # as in the authors' scorer: whatever goes wrong is a wrong answer
        return Verdict("wrong", None, f"Math-Verify raised {type(error).__name__}", protocol="official", shown=False)
    shown = right or (_read(wanted) and _read(parsed))
    return Verdict("correct" if right else "wrong", _text(parsed), "Math-Verify", protocol="official", shown=shown)


def with_boxed_answer(response: str) -> str:
    """The response with its last answer tag said again as a boxed sentence."""
    span = answer_span(response)
    return response if span is None else f"{response}\nThe final answer is \\boxed{{{response[slice(*span)].strip()}}}."


def _read(parsed: list) -> bool:
    """Whether Math-Verify made anything but text of it."""
    return any(not isinstance(p, str) for p in parsed)


def _text(parsed: list) -> str | None:
    """Math-Verify keeps the text it parsed as the last, a string."""
    text = next((p for p in reversed(parsed) if isinstance(p, str)), None)
    return None if text is None else text[:300]
