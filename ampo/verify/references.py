"""Reference answers in the forms that data files hold them in, as the plain answer that the verifier compares with.

Problems, pools and claims read theirs here, so that the same reference means the same to an evaluation, to a training
run and to whoever calls the verifier:

    "Multiply: ... is $\\\\boxed{42}$."   a whole solution: its final answer, by box, tag or "the answer is"
    "6*7 = 42\\n#### 42"                 what follows the last ####
    ["42"], '["42"]', "['42']"          a list of one, also as text
    ["2", "3"]                          a list of several: all of them are the answer, in one list; one where they are
                                        the same value twice (["1/2", "0.5"])
    {"ground_truth": "42"}              an object with one of KEYS, also as text

A list of bare numbers in text, [1, 2], is mathematics and stays. What is an answer already comes out as it went in.
"""

from __future__ import annotations

import ast
import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

from ampo.errors import UserError
from ampo.verify.find.extract import extract
from ampo.verify.formula.rationals import rational
from ampo.verify.text.normalise import normalise

KEYS = ("ground_truth", "answer", "final_answer", "gold", "target", "value", "solution")
_SOLUTION = 200  # characters from which on a text may be a whole solution
_DEEPEST = 4  # lists in objects in text ...


class NoReferenceError(UserError):
    """There is no reference answer to judge by, or none that can be read: every verdict would be a guess."""


def required(value: Any) -> Any:
    """The answer that a cell must hold, as `reference` gives it.

    Raises:
        NoReferenceError: It holds none: None, an empty text, NaN (a gap in a table), an empty list.
    """
    try:
        held = reference(value)
    except ValueError as error:
        raise NoReferenceError(f"the reference answer can't be read: {error}") from error
    gap = isinstance(held, float) and math.isnan(held)
    if held is None or gap or (isinstance(held, str) and not held.strip()):
        raise NoReferenceError(f"there is no reference answer (the gold is {held!r}): give one, or leave this row out")
    return held


def reference(value: Any) -> Any:
    """The answer that a cell of a data file holds. Numbers, and what is in none of the forms, are returned as they are.

    Raises ValueError, in words, for a list or an object that holds no answer.
    """
    return _read(value, 0)


def _read(value: Any, depth: int) -> Any:
    if depth > _DEEPEST:
        raise ValueError("lists and objects inside one another: where is the answer?")
    if hasattr(value, "tolist"):  # NumPy's, as Parquet files give them
        value = value.tolist()
    if isinstance(value, str):
        held = _held(value)
        return _of_text(value.strip()) if held is None else _read(held, depth + 1)
    if isinstance(value, Mapping):
        key = next((k for k in KEYS if value.get(k) is not None), None)
        if key is None:
            raise ValueError(f"expected text or a number, found an object without an answer ({', '.join(KEYS)})")
        return _read(value[key], depth + 1)
    if isinstance(value, Sequence) and not isinstance(value, (bytes, bytearray)):
        return _of_list([_read(item, depth + 1) for item in value])
    return value


def _held(text: str) -> Any:
    """What a text holds that is JSON of texts or of an object, or Python's form of a list of texts; None for others."""
    text = text.strip()
    if text[:1] + text[-1:] not in ("[]", "{}", '""') or len(text) < 2:
        return None
    try:
        held = json.loads(text)
    except (ValueError, RecursionError):
        held = _python_list(text)
    if isinstance(held, list):
        return held if held and all(isinstance(item, str) for item in held) else None
    if isinstance(held, dict):
        return held if any(key in held for key in KEYS) else None
    return held if isinstance(held, str) else None


def _python_list(text: str) -> Any:
    if not text.startswith(("['", '["')):
        return None
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return None


def _of_list(items: list[Any]) -> Any:
    if not items:
        raise ValueError("an empty list: there is no answer in it")
    if len(items) == 1:
        return items[0]
    if any(isinstance(item, bool) or not isinstance(item, (str, int, float)) for item in items):
        raise ValueError("a list of several answers must hold texts or numbers")
    kept: list[str] = []
    for text in map(str, items):
        if not any(_same(text, other) for other in kept):
            kept.append(text)
    return ", ".join(kept)


def _same(a: str, b: str) -> bool:
    """Whether two texts are spellings of one answer, or the same exact number."""
    x, y = normalise(a), normalise(b)
    return x == y or (rational(x) is not None and rational(x) == rational(y))


def _of_text(text: str) -> str:
    """The final answer of a solution; any other text as it is."""
    if "####" in text:
        after = text.rpartition("####")[2].strip()
        return after or text
    marked = "\\boxed" in text or "\\fbox" in text or "<answer>" in text
    if not marked and len(text) < _SOLUTION:
        return text
    found = extract(text)
    stated = found.rule.startswith(('"', "answer tag", "box"))
    return found.answer if found.answer and stated else text
