"""Choice questions: a letter in its usual dress, or the text of exactly one option.

A letter counts alone ("C", "(C)", "\\text{C}", "option C"), before a mark and a text ("C) a fish", "C - a fish"),
before a reason ("C because ..."), or before its own option's text. A sentence that merely begins with it ("A long rod",
"I do not know") names no option, and several letters are no answer to a question for one.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from fractions import Fraction
from functools import lru_cache

from ampo.types import AnswerKind
from ampo.verify.formula.rationals import rational
from ampo.verify.question.options import SPACING, printed_options
from ampo.verify.question.phrase_sentence import states
from ampo.verify.text.normalise import normalise
from ampo.verify.text.phrases import phrase, plain

# Possessive (\s*+): a run of spaces that a model writes is gone through once, not in every way to divide it.
_MEASURE = re.compile(
    r"([-+]?\s*(?:\\frac\s*\{\d{1,30}\}\s*\{\d{1,30}\}|\d{1,30}/\d{1,30}|\d{0,30}\.?\d{1,30}))\s*([a-zA-Z%/ ]{0,40})"
)
_DRESS = re.compile(
    r"^(?:(?:so|thus|hence|therefore)\b,?\s*|(?:it's|it is|i choose|i pick)\s+|"
    r"(?:the |my )?(?:correct |right |best |final )*(?:answer|option|choice)s?\b(?: is)?\s*:?\s*)+",
    re.IGNORECASE,
)
_PRAISE = re.compile(
    r"(?<!\s)\s++(?:is|would be)\s++(?:the\s++)?(?:correct|right|best|final|answer)"
    r"(?:\s++(?:answer|option|choice|one))?$"
)
_ALONE = re.compile(r"[(\[{<]?\s*+([A-Za-z]|[1-9])\s*+[)\]}>]?\s*+[).:,]*")
_WITH_MARK = re.compile(
    r"(?:[(\[]\s*+([A-Za-z]|[1-9])\s*+[)\]]\s*+[:.\-\u2013\u2014]?|([A-Z]|[1-9])\s*+[).:])\s*+(\S.*)", re.DOTALL
)
_WITH_DASH = re.compile(r"([A-Z]|[1-9])\s++[-\u2013\u2014]+\s*+(\S.*)", re.DOTALL)
_WITH_WORDS = re.compile(r"([A-Z]|[1-9]),?\s++(\S.*)", re.DOTALL)
_SMALL_WITH_MARK = re.compile(r"([a-z])\s*+[).:]\s*+(\S.*)", re.DOTALL)
_REASON = re.compile(r"(?:because|since)\b")
_DENIED = re.compile(r"(?:(?:is|are|can|was)\s*)?(?:not|n't|isn't|wrong|incorrect|false|no)\b", re.IGNORECASE)
_BETWEEN_WORDS = """
and or either both maybe possibly also then not but option options choice choices are is right correct the
"""
_BETWEEN = frozenset(_BETWEEN_WORDS.split())
_GOLD = re.compile(r"\$?\\?(?:text|mathrm|textbf)?\{?\(?([A-Z])\)?\.?\}?\$?")  # of a text without its white space


def gold_letter(gold: str, kind: AnswerKind, options: Sequence[str], question: str) -> str | None:
    """The label of the right option where the gold is one, else None.

    Args:
        gold: The reference answer.
        kind: What it is said to be.
        options: The texts of a choice question.
        question: The problem's text, which may have options printed in it.
    """
    shown = printed_options(question) if question else {}
    bare = gold.strip()
    if (kind == "choice" or options or shown) and bare in shown:
        return bare
    if len(bare) == 1 and "1" <= bare <= str(min(len(options), 9)):  # a set that labels its options by digits
        return bare
    told = _WITH_MARK.fullmatch(bare)  # C. Paris
    if told and (text := shown.get(told[1] or told[2])) and _spelling(text) == _spelling(told[3]):
        return told[1] or told[2]
    m = _GOLD.fullmatch("".join(gold.split()))
    if m is None or kind == "math":
        return None
    dressed = len(bare) > 1
    if kind == "choice" or options or m[1] in shown or dressed:
        return m[1]
    return None


def names_the_value(gold: str, answer: str, question: str) -> bool:
    """Whether an answer names the one option that a question shows with the text of a gold that is no letter."""
    shown = printed_options(question) if question else {}
    label = _option_of(gold.strip(), shown)
    return label is not None and judge_choice(label, answer, (), question) is True


def lone_letter(gold: str, kind: AnswerKind) -> str | None:
    """The gold where it is one capital letter, A to J, that may be an option's."""
    bare = gold.strip().strip("$").strip()
    return bare if kind == "auto" and len(bare) == 1 and "A" <= bare <= "J" else None


def judge_choice(gold: str, answer: str, options: Sequence[str], question: str) -> bool | None:
    """Whether an answer names the option `gold` and no other; None where it names none at all.

    Where the gold is a digit, options have their digits and their letters for labels.

    Args:
        gold: The right option's label.
        answer: As it was extracted.
        options: The texts of a choice question.
        question: The problem's text, which may have options printed in it.
    """
    if gold.isdigit() and options:
        return _judge_digit(gold, answer, options)
    texts = {chr(ord("A") + i): t for i, t in enumerate(options)} or (printed_options(question) if question else {})
    chosen = _judge(gold, answer, texts)
    return _stated(gold, answer, texts, question) if chosen is None and texts else chosen


def _stated(gold: str, answer: str, texts: Mapping[str, str], question: str) -> bool | None:
    """By the one option that a sentence states: "It stays the same.\""""
    bare = normalise(_undressed(answer))
    said = [label for label, option in texts.items() if states(normalise(option), bare, question)]
    return said[0] == gold if len(said) == 1 else None


def _judge(gold: str, answer: str, texts: Mapping[str, str]) -> bool | None:
    """By the options' texts under their labels."""
    bare = _undressed(answer)
    if _contradictory(answer, bare, texts):
        return False
    if (whole := _option_of(answer.strip(), texts)) is not None and len(answer.strip()) > 1:
        return whole == gold
    alone = _ALONE.fullmatch(bare)
    if alone and (not texts or _named(alone[1], texts) in texts or _option_of(bare, texts) is None):
        return _named(alone[1], texts) == gold
    marked = _WITH_MARK.match(bare)
    own = marked is not None and _option_of(marked[3], texts) == _named(
        marked[1] or marked[2], texts
    )  # J: S, where S is J
    if _several(bare) and not own and not _option_of(bare, texts):
        return False
    if (by_text := _option_of(bare, texts)) is not None:
        return by_text == gold
    named = _with_text(bare, texts)
    if named is None:
        return None
    letter, text = named
    if texts and letter not in texts:
        return None
    other = _option_of(text, texts)
    if other is None and (_DENIED.match(text) or _names_another(text, letter)):
        return False
    return letter == gold and other in (None, gold)


def _contradictory(answer: str, bare: str, texts: Mapping[str, str]) -> bool:
    """Whether a letter stands before another option's text: "A) shareholders" where these are F."""
    m = _WITH_MARK.match(bare)
    if m is None or any(option.split() == answer.split() for option in texts.values()):
        return False
    letter = _named(m[1] or m[2], texts)
    return letter in texts and _option_of(m[3], texts) not in (None, letter)


def _judge_digit(gold: str, answer: str, options: Sequence[str]) -> bool | None:
    """By letters, and where the answer begins with a digit that is no option's text, by digits."""
    texts = {chr(ord("A") + i): t for i, t in enumerate(options)}
    bare = _undressed(answer)
    digit = re.match(r"[(\[]?\s*([1-9])(?![\w.,]*\d)", bare)
    if digit and _option_of(bare, texts) is None:
        numbered = {str(i): t for i, t in enumerate(options, 1)}
        return _judge(gold, answer, numbered)
    return _judge(chr(ord("A") + int(gold) - 1), answer, texts)


def judge_lone_letter(gold: str, answer: str) -> bool | None:
    """For a gold that is one capital letter, A to J, of which nothing says whether it is an option or a name.

    An answer in the form of a letter names that letter, in its own case unless it is dressed; several are wrong. None
    where the answer has another form.
    """
    bare = _undressed(answer)
    if _several(bare):
        return False
    alone = _ALONE.fullmatch(bare)
    if alone and alone[1].isalpha():
        return alone[1] == gold or (alone[1].upper() == gold and bare[0] in "([")
    return judge_choice(gold, answer, (), "") if _with_text(bare, {}) else None


def _with_text(bare: str, texts: Mapping[str, str]) -> tuple[str, str] | None:
    """The letter that stands before a mark and a text, or before words that are its option's, or a reason."""
    if m := _WITH_MARK.match(bare):
        if _calculates(m[3], bare, texts):
            return None
        return _named(m[1] or m[2], texts), m[3]
    if (m := _SMALL_WITH_MARK.match(bare)) and _option_of(m[2], texts) == m[1].upper():
        return m[1].upper(), m[2]
    if (m := _WITH_DASH.match(bare)) and (texts or re.match(r"[A-Za-z]{2}", m[2])):
        return m[1], m[2]
    if (m := _WITH_WORDS.match(bare)) and (_REASON.match(m[2]) or (m[1] in texts and _option_of(m[2], texts) == m[1])):
        return m[1], m[2]
    return None


def _calculates(text: str, bare: str, texts: Mapping[str, str]) -> bool:
    """Whether what follows the mark goes on as a formula does, (C) + 1 or C:2, and is no option's text."""
    minus = "-" in bare[: len(bare) - len(text)]
    if _option_of(text, texts) is not None or (minus and _option_of(f"-{text}", texts) is not None):
        return False
    formula = not re.search(r"[A-Za-z]{2}", text)
    if formula and not texts and re.match(r"[A-Z]:\d", bare):
        return True  # a ratio
    return bool(re.match(r"[-+*/^_=<>|']", text)) or (formula and (minus or bool(texts)))


def _several(text: str) -> bool:
    """Nothing but two letters or more, with marks and words like "or" between them."""
    words = re.findall(r"[A-Za-z]+|\d", re.sub(r"\\[A-Za-z]+", " ", text))
    letters = [word for word in words if re.fullmatch(r"[A-Z]+", word)]
    return sum(map(len, letters)) > 1 and all(word in letters or word.lower() in _BETWEEN for word in words)


def _names_another(text: str, letter: str) -> bool:
    return any(
        m != letter
        for m in re.findall(r"(?<![\w'])\(?([B-HJ-Z])\)(?!\w)|(?:\bor|\band)\s+\(?([A-Z])\b", text)
        for m in m
        if m
    )


def _named(label: str, texts: Mapping[str, str]) -> str:
    return label.upper() if label.isalpha() and (not texts or label.upper() in texts) else label


def _undressed(answer: str) -> str:
    answer = unicodedata.normalize("NFKC", answer)
    text = plain(
        SPACING.sub(" ", answer)
        .replace("$", " ")
        .replace("*", " ")
        .replace("`", " ")
        .replace("\\left", "")
        .replace("\\right", "")
    )
    text = re.sub(r"\\(?:boxed|textbf|mathbf|bf)\s*\{([^{}]*)\}", r"\1", text)
    while text.startswith("{") and text.endswith("}"):
        text = text[1:-1]
    text = _DRESS.sub("", text.strip(), count=1).strip().rstrip(".").strip()
    return _PRAISE.sub("", text)


def _option_of(text: str, texts: Mapping[str, str]) -> str | None:
    """The label of the one option whose text this is."""
    if not texts:
        return None
    literal = [label for label, option in texts.items() if option.split() == text.split()]
    if len(literal) == 1:
        return literal[0]
    for spelled in (_spelling, _measure):
        wanted = spelled(text)
        same = [label for label, option in texts.items() if wanted and spelled(option) == wanted]
        if same:
            return same[0] if len(same) == 1 else None
    return None


@lru_cache(maxsize=4096)
def _measure(text: str) -> tuple[Fraction, str] | None:
    """A number and the words after it: 0.5 m and \\frac12 m."""
    m = _MEASURE.fullmatch(normalise(text))
    number = rational("".join(m[1].split())) if m else None
    return (number, " ".join(m[2].split())) if m and number is not None else None


@lru_cache(maxsize=4096)
def _spelling(text: str) -> str:
    words = phrase(text)
    return words if re.fullmatch(r"[a-z' ]+", words) else "".join(normalise(text).lower().split())
