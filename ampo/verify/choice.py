"""Choice questions: a letter in its usual dress, or the text of exactly one option."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from functools import lru_cache

from ampo.types import AnswerKind
from ampo.verify.normalise import normalise
from ampo.verify.phrases import phrase, plain

_PRINTED = re.compile(r"^[ \t]*\(?([A-Z]|[1-9])[).:][ \t]+(\S.*?)[ \t]*$", re.MULTILINE)
_DRESS = re.compile(
    r"^(?:(?:the )?(?:correct |right |best |final )*(?:answer|option|choice)s?\b(?: is)?\s*:?\s*)+", re.IGNORECASE
)
_ALONE = re.compile(r"[(\[{<]?\s*([A-Za-z]|[1-9])\s*[)\]}>]?\s*[).:,]*")
_WITH_TEXT = re.compile(
    r"(?:[(\[]\s*([A-Za-z]|[1-9])\s*[)\]]\s*[:.\-]?|([A-Z]|[1-9])\s*(?:[).:]|\s-)|([A-Z])\s(?=\S{2}))\s*(\S.*)",
    re.DOTALL,
)
_GOLD = re.compile(r"\s*\$?\\?(?:text|mathrm|textbf)?\s*\{?\s*\(?\s*([A-Z])\s*\)?\.?\s*\}?\$?\s*")
_SEVERAL = re.compile(r"^\W*([A-Z])\W*(?:,|and|or|&|/|\s)\W*\(?([A-Z])\b\W*(?:$|,|and|or)")


def printed_options(question: str) -> dict[str, str]:
    """The options that a question shows ("A) ..."), by label; empty where it shows fewer than two in order."""
    found: dict[str, str] = {}
    for m in _PRINTED.finditer(question[-20_000:]):
        if m[1] in ("A", "1"):
            found = {}
        found[m[1]] = m[2]
    labels = list(found)
    return found if len(labels) > 1 and all(ord(b) - ord(a) == 1 for a, b in itertools.pairwise(labels)) else {}


def gold_letter(gold: str, kind: AnswerKind, options: Sequence[str], question: str) -> str | None:
    """The label of the right option where the gold is one, else None."""
    shown = printed_options(question) if question else {}
    bare = gold.strip()
    if (kind == "choice" or options or shown) and bare in shown:
        return bare
    m = _GOLD.fullmatch(gold)
    if m is None or kind == "math":
        return None
    dressed = len(bare) > 1
    if kind == "choice" or options or m[1] in shown or dressed:
        return m[1]
    return None


def judge_choice(gold: str, answer: str, options: Sequence[str], question: str) -> bool | None:
    """Whether an answer names the option `gold` and no other; None where it names none at all."""
    texts = {chr(ord("A") + i): t for i, t in enumerate(options)} or (printed_options(question) if question else {})
    if (whole := _option_of(answer.strip(), texts)) is not None and len(answer.strip()) > 1:
        return whole == gold
    bare = _undressed(answer)
    alone = _ALONE.fullmatch(bare)
    if alone and (not texts or _named(alone[1], texts) in texts or _option_of(bare, texts) is None):
        return _named(alone[1], texts) == gold
    if _SEVERAL.match(bare) and not _option_of(bare, texts):
        return False
    if (by_text := _option_of(bare, texts)) is not None:
        return by_text == gold
    with_text = _WITH_TEXT.match(bare)
    if with_text:
        letter = _named(with_text[1] or with_text[2] or with_text[3], texts)
        other = _option_of(with_text[4], texts)
        known = not texts or letter in texts
        return (
            (letter == gold and other in (None, gold) and not _names_another(with_text[4], letter)) if known else None
        )
    return None


def _names_another(text: str, letter: str) -> bool:
    return any(
        m != letter
        for m in re.findall(r"(?<![\w'])\(?([B-HJ-Z])\)(?!\w)|(?:\bor|\band)\s+\(?([A-Z])\b", text)
        for m in m
        if m
    )


def _named(label: str, texts: dict[str, str]) -> str:
    return label.upper() if label.isalpha() and (not texts or label.upper() in texts) else label


def _undressed(answer: str) -> str:
    text = plain(
        answer.replace("$", " ").replace("*", " ").replace("`", " ").replace("\\left", "").replace("\\right", "")
    )
    text = re.sub(r"\\(?:boxed|textbf|mathbf|bf)\s*\{([^{}]*)\}", r"\1", text)
    while text.startswith("{") and text.endswith("}"):
        text = text[1:-1]
    return _DRESS.sub("", text.strip()).strip().rstrip(".").strip()


def _option_of(text: str, texts: dict[str, str]) -> str | None:
    """The label of the one option whose text this is."""
    if not texts:
        return None
    literal = [label for label, option in texts.items() if option.split() == text.split()]
    if len(literal) == 1:
        return literal[0]
    wanted = _spelling(text)
    same = [label for label, option in texts.items() if _spelling(option) == wanted]
    return same[0] if len(same) == 1 and wanted else None


@lru_cache(maxsize=4096)
def _spelling(text: str) -> str:
    words = phrase(text)
    return words if re.fullmatch(r"[a-z' ]+", words) else "".join(normalise(text).lower().split())
