"""What our own reader doesn't know (integrals, sums, limits), by latex2sympy2_extended and sympy.

Asked only where one side has such a thing: what else our reader refuses, it refuses for a reason, which this parser
would pass over (it drops the prime of (x+1)' and the index of 204_{205}, and reads `1 0` as a product).

Only texts that `ampo.verify.formula.guard.symbolic` lets through come here, and only in a worker that can be killed:
sympy has
no bound on its time. Equal means that the difference simplifies to zero.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from ampo.verify.formula import guard
from ampo.verify.formula.bound import left_to_others
from ampo.verify.formula.sexagesimal import mentions_arc

_KNOWN_ONLY_HERE = re.compile(r"\\(?:int|sum|prod|lim|partial)(?![a-zA-Z])|\\frac\s*\{\s*d\s*\}")
# What the parser drops or takes for another thing: primes, indices of numbers and brackets, numbers side by side.
_DROPPED = re.compile(r"'|\\prime(?![a-zA-Z])|[\d)\]}]\s*_(?!\s*\{?\s*[a-z]\s*=)|\d\s+[\d.]|[?!]{2}")


def same(gold: str, answer: str) -> bool:
    """Whether two normalised single expressions are equal to sympy. False for what it can't read."""
    if not any(map(_KNOWN_ONLY_HERE.search, (gold, answer))):
        return False
    if any(not guard.symbolic(text) or mentions_arc(text) or _DROPPED.search(text) for text in (gold, answer)):
        return False
    if not left_to_others(gold, answer):
        return False
    a, b = _expression(gold), _expression(answer)
    if a is None or b is None:
        return False
    import sympy

    if not (isinstance(a, sympy.Expr) and isinstance(b, sympy.Expr)) or a.has(sympy.nan, sympy.zoo):
        return False
    if a.free_symbols != b.free_symbols:
        return False
    try:
        return bool(sympy.simplify((a - b).doit()) == 0)
    except MemoryError:
        raise
    except Exception:  # sympy raises anything on odd input (AttributeError, RecursionError): not shown equal
        return False


@lru_cache(maxsize=512)
def _expression(text: str) -> Any:
    from latex2sympy2_extended import latex2sympy

    try:
        return latex2sympy(text, is_real=False)
    except MemoryError:
        raise
    except Exception:  # an ANTLR parser that raises its own, sympy's and Python's errors alike
        return None
