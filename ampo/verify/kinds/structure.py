"""A normalised text as one of the kinds of answers.

The reader goes from the outside in: conditions and lead-ins are cut off, cases and matrices taken apart
(`ampo.verify.kinds.tables`), lists split (`lists`), relations read (`relations`), sets and brackets opened (`sets`);
what is
left is a single value, words, or `Unread`. Nothing is computed but the truth of a chain of equal numbers.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from itertools import product

from ampo.verify.formula.parse import read
from ampo.verify.formula.tree import UnreadableError, num
from ampo.verify.kinds import sets
from ampo.verify.kinds.answers import Answer, Ordered, Phrase, Unordered, Unread, Value
from ampo.verify.kinds.compare import matches
from ampo.verify.kinds.compound import mixed_units
from ampo.verify.kinds.lists import bare_list, spaced_thousands
from ampo.verify.kinds.parts import parts
from ampo.verify.kinds.progressions import values_of_a_letter
from ampo.verify.kinds.quantity import quantity, written
from ampo.verify.kinds.reader import MAX_ITEMS
from ampo.verify.kinds.regions import REALS
from ampo.verify.kinds.registry import Kind, kinds
from ampo.verify.kinds.relations import relation
from ampo.verify.kinds.residues import residues
from ampo.verify.kinds.said_twice import restated
from ampo.verify.kinds.tables import table
from ampo.verify.kinds.worded import worded_region
from ampo.verify.question.context import Setting
from ampo.verify.text.phrases import phrase, plain
from ampo.verify.text.scan import enclosed, has_letters, split

_MAX_DEPTH = 12
_DECLARED = re.compile(
    r"(?:\s*[,;.]\s*\(?|\s*\(|\s+(?=where|for|with|and\b)|\s*(?=\\text|\\forall))\s*(?:\\text\s*\{\s*)?(?:,?\s*\b(?:where|for|with|for all|for any|for some|and|\\forall)\b\s*)?(?:\}\s*)?"  # noqa: E501
    r"(?:\\forall\s*)?(?:\\text\s*\{[^{}]*\}\s*)?\s*(?<![a-zA-Z\\])[a-zA-Z](?:_\{?\w\}?)?(?:\s*,\s*[a-zA-Z](?:_\{?\w\}?)?)*\s*\\in\s*\\?(?:mathbb\s*\{?\s*)?[ZNRQ]\s*\}?(?:\^?[+*]|_\{?[^ ]*)?\s*\)?\s*\.?$"  # noqa: E501
)
_WHERE = re.compile(
    r"\s*[,;.]?\s*\(?\s*(?:\\text\s*\{\s*)?\s*,?\s*\b(?:where\b.*\b(?:is|are|be|denotes?|\\in)\b|"
    r"where\s*\}?\s*[a-zA-Z]\s*(?:[<>]|\\(?:ge|le|ne)q?(?![a-zA-Z]))|"
    r"for (?:all|any|every|each|some|arbitrary|integers?|positive|natural|real|non|constant)\b|with .*\b(?:an?|any) (?:arbitrary |real |constant|integer)|with (?:(?:some|any|arbitrary|real) )*constants?\b).*$",  # noqa: E501
    re.DOTALL,
)
_REASON = re.compile(
    r"\s*,?\s*(?:\(|\\text\s*\{)?\s*(?:\(|\\text\s*\{)?\s*\b(?:since|because)\b(?!.*\bnot\b|.*n't).*$",
    re.DOTALL | re.IGNORECASE,
)
_MOST_SIGNS = 3
_SIGNS = re.compile(r"\\(pm|mp)(?![a-zA-Z])")  # and not \\pmod
_INTEGER = re.compile(r"integer|\\mathbb\s*\{?\s*[ZN]|natural|\\in\s*Z\b")
_LEAD = re.compile(
    r"^(?:(?:so|thus|hence|therefore|then)\b,?\s*)?(?:the\s+)?(?:(?:final|correct)\s+)?(?:answers?|results?|solutions?|values?|it|there|we|this|solution set)\s+(?:is|are|get|have|equals?|(?:for|of) [^ ]{1,12} (?:is|are))\s*:?\s*"  # noqa: E501
    r"|^(?:the\s+)?only\s+(?:such\s+|possible\s+)?[a-z]{3,12}\s+(?:is|are)\s*:?\s*",
    re.IGNORECASE,
)
_CLOSE = re.compile(
    r"(?<=[\w)}\]])\s+(?:\\text\s*\{\s*)?(?:is|are)\s+the\s+"
    r"(?:(?:only|unique|final|correct|required|desired|real|integer|positive|possible)\s+)*(?:solutions?|answers?|roots?|values?|possibilit(?:y|ies))\s*\}?$",
    re.IGNORECASE,
)
_FOR_ALL = re.compile(
    r"\s*,?\s*(?:\\text\s*\{\s*,?\s*for (?:all|every|any)(?: real)?\s*\}|"
    r"\bfor (?:all|every|any)(?: real)?\s)\s*\\?[a-z]"
    r"(?=\s*(?:,?\s*(?:or|and)\b|,|;))"
)
_EVERY = re.compile(
    r"^(?:all|any|every) [a-z] (?:with|such that|satisfying)\s+|"
    r"^(?:\\text\s*\{\s*only\s*\}|only\s)\s*(?=[a-z]\s*=|[-\d\\(])|^(?:\\text\s*\{\s*)?(?:all|any|every)\s+(?:(?:real|possible)\s+)*"
    r"(?:numbers?|values?(?: of)?|reals?)?\s*\}?\s*"
    r"(?=\\?[a-zA-Z](?:_\w)?\s*(?:[<>]|\\(?:ge|le|in)(?![a-zA-Z])))",
    re.IGNORECASE,
)
_SUBJECT = re.compile(
    r"^(?:the|its|their|his|her)\s+[a-z][a-z ]{1,40}\s(?:is|are|was|were|would be|equals)\s*:?\s*"
    r"(?=[-+\d\\(.]|(?:all|pi)\b|[a-z]\s*(?:\(\s*[a-z]\s*\)\s*)?=)",
    re.IGNORECASE,
)
_IMPLIED = re.compile(
    r"^([^=<>]{1,80}?(?:[=<>]|\\[lg]e(?![a-z]))[^=<>]{1,80}?)"
    r"(?=\\(?:Rightarrow|implies|Longrightarrow)(?![a-zA-Z])\s*\\?([a-zA-Z])\w*\s*(?:[=<>]|\\[lgn]e(?![a-z])))"
    r"(?=(\\[a-zA-Z]+))"
)  # 2x = 10 \\Rightarrow x = 5, of one name
_FRENCH = re.compile(r"(\]|\[(?=.*\[$))([^\[\](){}]{1,80}[,;][^\[\](){}]{1,80})([\[\]])$")
_TRANSPOSED = re.compile(r"(?<=[\])])\s*\^\s*(?:T|\{\s*T\s*\}|\\top|\{\s*\\top\s*\})$")
_POINT = re.compile(r"^[A-Z](?=\s*\([^()]*[,;][^()]*\)$)")
_COUNTED = re.compile(
    r"\d[\d.,/]*\s+[a-z]+(?:\s[a-z]+)?(?:(?:\s*,\s*(?:and\s+)?|\s+and\s+)\d[\d.,/]*\s+[a-z]+(?:\s[a-z]+)?){1,8}",
    re.IGNORECASE,
)  # 7 goats and 4 kids
_LETTERS = re.compile(r"[A-Z](?:(?:,| and| or|, and) [A-Z]){1,8}")  # options: B and D
_REALS = re.compile(
    r"^(?:\\text\s*\{)?(?:all |the )*(?:set of )?(?:all )?real(?: number)?s?\}?$|^\\mathbb\s*\{?R\}?$",
    re.IGNORECASE,
)
_EMPTY = re.compile(
    r"^(?:\\emptyset|\\\{\s*\\\}|(?:\\text\s*\{)?(?:there (?:is|are) )?(?:no (?:real )?(?:solutions?|such.*|roots?)|none|empty set|does not exist|DNE)\}?)$",  # noqa: E501
    re.IGNORECASE,
)


def parse(text: str, letters: bool = False) -> Answer:
    """The kind of a normalised answer. letters: as for `quantity`."""
    return _parsed(text, letters, kinds())


@lru_cache(maxsize=2048)  # a gold is read once for all of its responses
def _parsed(text: str, letters: bool, _: tuple[Kind, ...]) -> Answer:
    text = _without_conditions(_FOR_ALL.sub("", text.strip()))
    text = _LEAD.sub("", _CLOSE.sub("", text, count=1), count=1).strip() or text
    text = _EVERY.sub("", _SUBJECT.sub("", text, count=1), count=1)
    if (implied := _IMPLIED.match(text)) and re.search(
        rf"(?<![a-zA-Z\\]){re.escape(implied[2])}(?![a-zA-Z])", implied[1]
    ):
        text = text[implied.end(1) :].partition(implied[3])[2].strip()
    if _EMPTY.match(text):
        return Phrase("empty set")
    classes = residues(text)
    if classes is not None:
        return classes
    return _Reader(letters, -1).whole(text)


def integer_parameters(text: str) -> bool:
    """Whether a text declares a parameter to be a whole number."""
    return bool(_INTEGER.search(text))


def readings(text: str) -> tuple[Answer, ...]:
    """All kinds that a text may be: 1,234 is a number first, and the list of 1 and 234; 10,080 is a number alone."""
    first = parse(text)
    if re.fullmatch(r"\d{1,3}(?:,[1-9]\d{2})+", text):
        return first, Unordered(tuple(Value(num(int(p))) for p in text.split(",")))
    return (first,)


def _without_conditions(text: str) -> str:
    for pattern in (_REASON, _WHERE, _DECLARED):
        m = pattern.search(text)
        if (
            m
            and m.start() > 0
            and re.search(r"[\w})\]]", text[: m.start()])
            and not text[: m.start()].endswith(("{", "|", ":"))
            and text.count("\\{", 0, m.start()) == text.count("\\}", 0, m.start())
        ):
            text = text[: m.start()].rstrip(" ,;(")
    return text


@dataclass(frozen=True, slots=True)
class _Reader:
    """See `ampo.verify.kinds.reader.Reader`. depth: of the text that it was made for; what is read is one deeper."""

    letters: bool
    depth: int

    def whole(self, text: str) -> Answer:
        if self.depth >= _MAX_DEPTH:
            return Unread(text)
        inner = _Reader(self.letters, self.depth + 1)
        french = _FRENCH.match(text)
        if french:
            text = f"{'(' if french[1] == ']' else '['}{french[2]}{')' if french[3] == '[' else ']'}"
        told = plain(text) if text.startswith(("\\text", *"0123456789")) else ""
        text = told if _COUNTED.fullmatch(told) or _LETTERS.fullmatch(told) else text
        for attempt in (mixed_units, restated, _in_words, worded_region, table, parts, values_of_a_letter, bare_list):
            answer = attempt(text, inner)
            if answer is not None:
                return answer
        return inner.single_here(text)

    def single(self, text: str) -> Answer:
        if self.depth >= _MAX_DEPTH:
            return Unread(text)
        return _Reader(self.letters, self.depth + 1).single_here(text)

    def agree(self, a: Answer, b: Answer) -> bool:
        return matches(a, b, Setting()) and matches(b, a, Setting())

    def single_here(self, text: str) -> Answer:
        if _REALS.match(text):
            return REALS
        own = [kind.read for kind in kinds() if kind.read is not None]
        for attempt in (*own, relation, sets.operation, _bracketed, _plus_minus):
            answer = attempt(text, self)
            if answer is not None:
                return answer
        return _value(text, self.letters)


def _bracketed(text: str, reader: _Reader) -> Answer | None:
    text = _TRANSPOSED.sub("", _POINT.sub("", text))
    found = enclosed(text)
    if found is None:
        return None
    opening, inside, closing = found
    if opening == "{" and closing == "}":
        return reader.whole(inside) if "|" not in inside and ":" not in inside else sets.builder(inside, reader)
    if opening.startswith("\\l") and opening != "\\langle":
        return None
    if opening == "\\{":
        return sets.braces(inside, reader)
    parts = [part for _, part in split(spaced_thousands(inside), {",", ";"})]
    if len(parts) == 1:
        if opening == "(" and closing == ")" and not _readable(text):
            return reader.whole(inside)
        if opening == "[" and closing == "]" and not inside.startswith(("(", "[")) and not has_letters(inside):
            return Ordered((reader.single(inside),), "[", "]")
        return reader.whole(inside) if opening == "[" else None
    if not all(parts) or len(parts) > MAX_ITEMS:
        return Unread(text)
    return _each_sign([reader.single(p) for p in parts], opening, closing, linked="\\mp" in inside)


def _each_sign(items: list[Answer], opening: str, closing: str, linked: bool) -> Answer:
    """(4, \\pm 3) is two pairs, (\\pm 3, \\pm 2) four, (\\pm 3, \\mp 2) two again, whose signs are linked."""
    choices = [i.items if isinstance(i, Unordered) and not i.braces and len(i.items) == 2 else (i,) for i in items]
    if linked:
        choices = [tuple(c) if len(c) == 2 else (*c, *c) for c in choices]
    several = list(zip(*choices, strict=True)) if linked else list(product(*choices))
    if len(several) == 1 or len(several) > 8:
        return Ordered(tuple(items), opening, closing)
    return Unordered(tuple(Ordered(chosen, opening, closing) for chosen in several))


def _readable(text: str) -> bool:
    try:
        read(text)
    except UnreadableError:
        return False
    return True


def _plus_minus(text: str, reader: _Reader) -> Answer | None:
    if not _SIGNS.search(text):
        return None
    count = len(_SIGNS.findall(text))
    if "\\mp" in text or count == 1:  # they go together
        both = [_SIGNS.sub(lambda m, s=sign: " + " if (m[1] == "pm") == s else " - ", text) for sign in (True, False)]
    elif count > _MOST_SIGNS:
        return None
    else:
        both = []
        for signs in product("+-", repeat=count):
            left = iter(signs)
            both.append(_SIGNS.sub(lambda _, left=left: f" {next(left)} ", text))
    items = tuple(reader.single(t.strip()) for t in both)
    return items[0] if all(reader.agree(items[0], other) for other in items[1:]) else Unordered(items)  # 0 \\pm 0


def _in_words(text: str, reader: _Reader) -> Answer | None:
    return written(text, reader.letters)


def _value(text: str, letters: bool) -> Answer:
    if re.fullmatch(r"\\text\s*\{\s*[A-Za-z][A-Za-z '\-]+\}", text):
        return written(text, letters) or Phrase(phrase(text))
    try:
        return quantity(text, letters)
    except UnreadableError:
        return Phrase(phrase(text)) if _is_phrase(text) else Unread(text)


def _is_phrase(text: str) -> bool:
    return bool(re.fullmatch(r"[^\W\d_][\w\s'.,\-:/()+]*", plain(text)))
