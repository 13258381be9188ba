"""How a data set's row becomes question, answer and options: one small function for each way of writing them down.

A normaliser takes the raw values that stand in a benchmark's columns and is idempotent: the offline copies, which are
in the normal form already, go through the same functions and come out unchanged, or tidied in the same way.
"""

from __future__ import annotations

import hashlib
import json
import math
import random
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from ampo.prompts import letter
from ampo.verify.references import reference


class Raw(NamedTuple):
    """The values of a row that matter, untouched. distractors: the wrong options, where they stand apart."""

    question: Any
    answer: Any
    options: Any = None
    distractors: tuple[Any, ...] = ()


class Normal(NamedTuple):
    """A problem's contents. options: texts in order A, B, ...; answer is a letter where there are options."""

    question: str
    answer: str
    options: tuple[str, ...] = ()


class RowError(ValueError):
    """A row that can't be read. The message says what is wrong with it."""


def text(value: Any) -> str:
    """A cell as text: 18.0 is "18.0", and what is neither text nor a number is refused."""
    if isinstance(value, str):
        if not value.isascii() and any("\ud800" <= c <= "\udfff" for c in value):
            raise RowError("half of a surrogate pair, which is no character: mend or remove this row")
        return value.strip()
    if isinstance(value, float) and not math.isfinite(value):
        raise RowError(f"{value} stands where text or a number is expected: mend or remove this row")
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return str(value)
    raise RowError(f"expected text or a number, found {type(value).__name__}")


def answer_text(value: Any) -> str:
    """The reference answer of a cell, which may hold it in a solution, a list, an object, or JSON."""
    try:
        return text(reference(value))
    except RowError:
        raise
    except ValueError as error:
        raise RowError(str(error)) from error


def plain(raw: Raw) -> Normal:
    """As it stands. With options, the answer is a letter, or the number of an option counted from 0.

    Options are a list, or its JSON in a text cell (CSV has no lists); an empty cell is none.
    """
    options = tuple(text(o) for o in _listed(raw.options))
    if options and isinstance(raw.answer, int) and not isinstance(raw.answer, bool):
        return Normal(text(raw.question), _letter_of(raw.answer, options), options)
    return Normal(text(raw.question), text(raw.answer) if options else answer_text(raw.answer), options)


def integer(raw: Raw) -> Normal:
    """Whole numbers in their plainest form: 142.0 -> 142, 025 -> 25, 1,000 -> 1000. Anything else stays."""
    answer = answer_text(raw.answer)
    if re.fullmatch(r"[-+]?\d+(?:\.0*)?", answer.replace(",", "")):
        answer = str(int(answer.replace(",", "").split(".")[0]))
    return Normal(text(raw.question), answer)


def after_hashes(raw: Raw) -> Normal:
    """GSM8K: the answer follows `####` at the end of the solution, and may group its digits by commas."""
    answer = answer_text(raw.answer)
    if re.fullmatch(r"[-+]?\$?\d{1,3}(?:,\d{3})+(?:\.\d+)?", answer):
        answer = answer.replace(",", "")
    return Normal(text(raw.question), answer)


def several(raw: Raw) -> Normal:
    """OlympiadBench: a list of strings, mostly of one; several are joined by commas."""
    return Normal(text(raw.question), answer_text(raw.answer))


def arc(raw: Raw) -> Normal:
    """ARC: choices = {text: [...], label: ["A", ...]}, with labels 1 to 4 in some; the answer becomes a letter.

    Without choices (the offline copies show them inside the question) the answer keeps the label shown there.
    """
    question, answer = text(raw.question), text(raw.answer)
    if raw.options is None:
        return Normal(question, answer)
    if not isinstance(raw.options, Mapping) or not {"text", "label"} <= raw.options.keys():
        if answer.upper() in _labels(raw.options):
            return Normal(question, answer.upper(), tuple(text(o) for o in _as_list(raw.options)))
        raise RowError("choices must be {text: [...], label: [...]}")
    labels = [text(label) for label in _as_list(raw.options["label"])]
    if answer not in labels:
        raise RowError(f"the answer {answer!r} is none of the labels {', '.join(labels)}")
    options = tuple(text(o) for o in _as_list(raw.options["text"]))
    return Normal(question, letter(labels.index(answer)), options)


def shuffled(raw: Raw) -> Normal:
    """GPQA: the right answer and the wrong ones stand in columns of their own.

    The order of the options is drawn from a generator seeded by the question's text, so that it is the same on every
    machine, in every run, and whatever the order of the rows.
    """
    if not raw.distractors:
        return plain(raw)
    question, answer = text(raw.question), text(raw.answer)
    options = [answer, *(text(d) for d in raw.distractors)]
    random.Random(hashlib.sha256(question.encode()).digest()).shuffle(options)
    return Normal(question, letter(options.index(answer)), tuple(options))


def verl(raw: Raw) -> Normal:
    """The authors' veRL files: prompt = [{role, content}, ...], reward_model = {ground_truth, ...}.

    The question is the last user's turn. A system prompt in the file is left out: the prompt template brings its own.
    """
    turns = [t for t in _as_list(raw.question) if isinstance(t, Mapping) and t.get("role") == "user"]
    if not turns:
        raise RowError("the prompt has no turn of the user: expected [{role, content}, ...]")
    return Normal(text(turns[-1].get("content")), answer_text(raw.answer))


NORMALISERS: dict[str, Callable[[Raw], Normal]] = {
    f.__name__: f for f in (plain, integer, after_hashes, several, arc, shuffled, verl)
}
"""Every normaliser by the name that benchmark files use."""


def _as_list(value: Any) -> list[Any]:
    """A list as it is, a NumPy array's too; nothing for None; one thing as a list of it."""
    if value is None:
        return []
    if hasattr(value, "tolist"):
        value = value.tolist()
    return list(value) if isinstance(value, (list, tuple)) else [value]


def _listed(options: Any) -> list[Any]:
    if isinstance(options, str):
        try:
            options = json.loads(options) if options.strip() else []
        except (ValueError, RecursionError):
            options = None
        if not isinstance(options, list):
            raise RowError('the options are no list: write them as JSON, ["first", "second"]')
    found = _as_list(options)
    if len(found) == 1:
        raise RowError("there is one option only: a choice takes at least two")
    return found


def _labels(options: Any) -> list[str]:
    return [letter(i) for i in range(len(_as_list(options)))]


def _letter_of(index: int, options: Sequence[str]) -> str:
    if not 0 <= index < len(options):
        raise RowError(f"the answer {index} is no option: they are counted from 0 to {len(options) - 1}")
    return letter(index)
