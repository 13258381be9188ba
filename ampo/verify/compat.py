"""`parse`, `verify` and `math_metric` as Math-Verify 0.9.0 has them: an import is all that changes.

    from ampo.verify.compat import parse, verify     # was: from math_verify import parse, verify

Arguments, their order and what comes back are Math-Verify's. What is inside is ours: nothing uses signals, so threads
and asyncio are fine; nothing hangs; and a verdict is that of `ampo.verify.verify`. So some things differ on purpose:

- What `parse` gives is a list of texts, or an empty one: never sympy's objects, since building them is what hangs. It
  remembers the text that it was given, which is what `verify` judges.
- The configs, and what would loosen a comparison (`float_rounding`, `strict=False`, ...), are taken and not used. A
  StringExtractionConfig alone says that the answer is an option's letter.
- `verify` has the deadline of its pool, five seconds, whatever `timeout_seconds` says.

docs/math-verify.md lists each case of Math-Verify's own tests that comes out otherwise, and who is right.
"""

# ruff: noqa: ARG001 (the signatures are Math-Verify's)
from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Literal

from ampo.verify.crew.shared import verify as judge
from ampo.verify.find.extract import extract
from ampo.verify.references import NoReferenceError, reference

_CONFIGS = ("ExprExtractionConfig", "LatexExtractionConfig", "StringExtractionConfig", "LatexNormalizationConfig")

_COMMAND = re.compile(r"\\(?:text|mathrm|mbox)\s*\{[^{}]*\}|\\[a-zA-Z]+")
_PROSE = re.compile(r"[^\W\d_]{2,}\s+[^\W\d_]{2,}")  # two words


class Parsed(list[str]):
    """What `parse` found: the answer twice, where Math-Verify has its value and its text; or nothing.

    text: all that was read. choice: whether the answer is an option's letter.
    """

    def __init__(self, text: str, choice: bool = False) -> None:
        self.text, self.choice = text, choice
        answer = extract(text, "choice" if choice else "auto").answer
        super().__init__([] if answer is None else [answer, answer])

    def __reduce__(self) -> tuple[Any, ...]:
        return Parsed, (self.text, self.choice)


def parse(
    pred: str,
    extraction_config: Sequence[Any] = (),
    fallback_mode: Literal["no_fallback", "first_match"] = "first_match",
    extraction_mode: Literal["first_match", "any_match"] = "any_match",
    parsing_timeout: int | None = 5,
    raise_on_error: bool = False,
) -> list[Any]:
    """The answer in a text, a response's or a reference's.

    Args:
        pred: The text.
        extraction_config: Configs by Math-Verify's names; a StringExtractionConfig alone makes it a choice question.
        fallback_mode, extraction_mode, parsing_timeout, raise_on_error: Math-Verify's; not used.

    Returns:
        The answer as a text, twice; empty where there is none.
    """
    names = {type(config).__name__ for config in extraction_config}
    return Parsed(str(pred), choice=names == {"StringExtractionConfig"})


def verify(
    gold: Any,
    target: Any,
    float_rounding: int = 6,
    numeric_precision: int = 15,
    strict: bool = True,
    allow_set_relation_comp: bool = False,
    timeout_seconds: int | None = 5,
    raise_on_error: bool = False,
) -> bool:
    """Whether the target is the gold. Of several of either, whether any is.

    Args:
        gold: What `parse` gave; or text, a number, an object of sympy's, or a list of these.
        target: Likewise.
        float_rounding, numeric_precision, strict, allow_set_relation_comp, timeout_seconds: Math-Verify's; not used.
        raise_on_error: Raise TimeoutError, where a comparison was not done in time, in place of False.
    """
    return any(
        _same(one, response, kind, raise_on_error)
        for one in _golds(gold)
        for response, kind in _responses(target, isinstance(gold, Parsed) and gold.choice)
    )


def math_metric(
    gold_extraction_target: Sequence[Any] = (),
    pred_extraction_target: Sequence[Any] = (),
    aggregation_function: Callable[[list[float]], float] = max,
    precision: int = 6,
) -> Callable[[list[str], list[str]], tuple[float, tuple[list[str], list[str]] | None]]:
    """A metric over golds and predictions: the score, and the texts of both that were compared.

    Args:
        gold_extraction_target: As `parse` takes it, for the golds.
        pred_extraction_target: The same for the predictions.
        aggregation_function: Makes one score of those of the predictions, each 1.0 or 0.0.
        precision: Math-Verify's; not used.

    Returns:
        A function of the golds and the predictions of one sample. It raises ValueError for a gold without an answer.
    """

    def sample_level(golds: list[str], predictions: list[str]) -> tuple[float, tuple[list[str], list[str]] | None]:
        read = [parse(gold, gold_extraction_target) for gold in golds]
        found = [parse(prediction, pred_extraction_target) for prediction in predictions]
        if not all(read):
            raise ValueError(f"No gold targets found for at least one gold. Gold: {golds}, Pred: {predictions}")
        scores = [float(any(verify(gold, prediction) for gold in read)) for prediction in found]
        return aggregation_function(scores), ([str(x) for xs in read for x in xs], [str(x) for xs in found for x in xs])

    return sample_level


def _golds(gold: Any) -> Iterator[str]:
    """Each reference. A parsed one is read as data sets hold them; only of prose, what was found in it counts."""
    if isinstance(gold, Parsed) and gold and not _PROSE.search(_COMMAND.sub("", gold.text)):
        found = reference(gold.text)
        yield gold[0] if found is None else str(found)
    elif isinstance(gold, (list, tuple)):
        for one in gold:
            yield from _golds(one)
    else:
        yield _text(gold)


def _responses(target: Any, choice: bool) -> Iterator[tuple[str, Literal["auto", "choice"]]]:
    """Each response to judge: what a parsed one was found in, or else the value as an answer."""
    if isinstance(target, Parsed):
        if target:
            yield target.text, "choice" if choice or target.choice else "auto"
    elif isinstance(target, (list, tuple)):
        for one in target:
            yield from _responses(one, choice)
    else:
        yield f"<answer>{_text(target)}</answer>", "choice" if choice else "auto"


def _text(value: Any) -> str:
    """A gold or a target as text. Objects of sympy's are LaTeX."""
    if isinstance(value, (str, int, float)):
        return str(value)
    from sympy import latex

    return latex(value)


def _same(gold: str, response: str, kind: Literal["auto", "choice"], raise_on_error: bool) -> bool:
    try:
        verdict = judge(gold, response, kind=kind)
    except NoReferenceError:  # Math-Verify says False of a gold with nothing in it
        return False
    if verdict.outcome == "timeout" and raise_on_error:
        raise TimeoutError(verdict.reason)
    return verdict.correct


def __getattr__(name: str) -> Any:
    if name in _CONFIGS:  # Math-Verify's own, for code that builds them; importing it takes a second
        import math_verify

        return getattr(math_verify, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
