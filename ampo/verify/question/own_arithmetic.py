"""The question's own arithmetic said again: "5 * 9" is no answer to "What is 5 * 9?", though its value is the gold's.

Refused is an unevaluated expression of numbers that stands in the question, whatever its spacing, brackets and the
order of its terms; with names in it, see `ampo.verify.question.form`. A fraction in lowest terms, a decimal and a
number in
scientific notation are values, unless just they are to be written in another form ("Write 0.125 as a fraction"), and
what the gold itself says is an answer. Of a chain of equations the last side counts.
"""

from __future__ import annotations

import math
import re
from functools import lru_cache

from ampo.verify.text.normalise import normalise

_WORD = re.compile(r"(?<!\\)\b(?:plus|minus|times|divided by|multiplied by)\b")
_SIGNS = {"plus": "+", "minus": "-", "times": "*", "divided by": "/", "multiplied by": "*"}
_COMMANDS = re.compile(r"\\(?:times|cdot|div|sqrt|frac|binom)(?![a-zA-Z])")
_SHORT = {r"\times": "*", r"\cdot": "*", r"\div": "/", r"\sqrt": "r", r"\frac": "f", r"\binom": "b"}
_TOKEN = re.compile(r"\d+(?:\.\d+)?|[-+*/^!rfb]")
_RUN = re.compile(r"(?<![-+(){}\[\]rfb])[-+(){}\[\]rfb]*\d(?:[-+*/^!(){}\[\]rfb\d]|\.\d)*")
_FRACTION = re.compile(r"[-+]?f?\(?\{?(\d{1,30})\}?\)?(?:/|\{)\(?\{?(\d{1,30})\}?\)?")
_SCIENTIFIC = re.compile(r"[-+]?\d+(?:\.\d+)?\*10\^\{?\(?[-+]?\d+\)?\}?")
_REWRITE = re.compile(
    r"\b(?:write|express|convert|rewrite|represent)\s+(?:the\s+[a-z ]{1,40}\s)?"
    r"(?:\$([^$]{1,200})\$|(-?[\d.,/]+%?))[^.?]{0,40}?\b(?:as|in|to|into)\b",
    re.IGNORECASE,
)
_READ = 20_000  # characters of a question


def echoes(gold: str, answer: str, question: str) -> bool:
    """Whether a normalised answer is an arithmetic expression of the question, left as it is there."""
    if not question or not gold:
        return False
    first, last = answer.split("=", 1)[0], answer.rsplit("=", 1)[-1]
    if last != answer and _bare(first) == _bare(gold):
        return False
    if _bare(last) != _bare(gold) and _bare(last) in _to_rewrite(question[-_READ:]):
        return True
    said = _plain(last)
    tokens = _tokens(said)
    if _RUN.fullmatch(said) is None or _evaluated(said) or said == _plain(gold):
        return False
    if len([t for t in tokens if t[0].isdigit()]) < 2 and "r" not in tokens and "!" not in tokens:
        return False
    asked = _plain(normalise(question[-_READ:].replace("?", " ? ")))
    return any(_tokens(run) == tokens for run in _RUN.findall(asked))


@lru_cache(maxsize=512)
def _to_rewrite(question: str) -> frozenset[str]:
    """What the question asks to write in another form."""
    return frozenset(_bare(normalise(m[1] or m[2])) for m in _REWRITE.finditer(question))


def _bare(text: str) -> str:
    return re.sub(r"[\s{}]", "", text)


def _plain(text: str) -> str:
    """Without spaces and with one sign an operation."""
    text = _WORD.sub(lambda m: _SIGNS[m[0]], text.replace(r"\left", "").replace(r"\right", ""))
    text = _COMMANDS.sub(lambda m: f" {_SHORT[m[0]]} ", re.sub(r"[A-Za-z]{2,}", lambda m: _kept(text, m), text))
    return re.sub(r"(?<=[-\d+*/^!(){}rfb]) +(?=[-\d+*/^!(){}rfb])|^ +| +$", "", text)


def _kept(text: str, m: re.Match[str]) -> str:
    """A word becomes a mark, so that its letters aren't taken for an operation; a command's name stays."""
    return m[0] if text[max(0, m.start() - 1) : m.start()] == "\\" else "#"


def _tokens(text: str) -> list[str]:
    text = re.sub(r"(?<![\d.^])1\*|\*1(?![\d.])", "", text.replace("f", "/"))
    return sorted(t for t in _TOKEN.findall(text) if t != "*")


def _evaluated(text: str) -> bool:
    """A literal, a fraction in lowest terms, or scientific notation."""
    fraction = _FRACTION.fullmatch(text)
    if fraction:
        return math.gcd(int(fraction[1]), int(fraction[2])) == 1 and int(fraction[2]) > 1
    return bool(re.fullmatch(r"[-+]?\d+(?:\.\d+)?", text) or _SCIENTIFIC.fullmatch(text))
