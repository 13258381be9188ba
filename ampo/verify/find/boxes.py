"""The boxes of a response, and which of them are one answer: those that nothing but a joint stands between.

A box is `\\boxed{...}` or `\\fbox{...}` whose braces balance, or `\\boxed` before one token (`\\boxed 9`). One that is
never closed is none, and one with nothing in it (`\\boxed{}`, `\\boxed{...}`) says nothing.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from ampo.verify.text.words import any_of

MOST = 64  # boxes that are read, the last ones
JOINT = 160  # longest text between two boxes of one answer

_TOKEN = re.compile(
    r"\\(?:boxed|fbox)\s{0,9}\{|\\(?:boxed|fbox)\s{0,9}(-?\d{1,30}(?:\.\d{1,30})?(?![\w.]*\w)|(?<=\s)[a-zA-Z](?!\w)|\\(?:pi|infty|emptyset|varnothing|theta|lambda)(?![a-zA-Z]))"
    r"|\\[^a-zA-Z]|[{}]",
    re.DOTALL,
)
_OPENING = re.compile(r"\\(?:boxed|fbox)\s{0,9}\{")
EMPTY = re.compile(r"\\(?:boxed|fbox)\s{0,9}\{(?:\\[a-zA-Z]{1,10}(?:\{[^{}]{0,20}\})?|[\s.…_$,;!?]){0,20}\}")
_SAYS = re.compile(r"[^\W_]|\\[a-zA-Z{]|[<>=∞∅√±+]")
_NOTHING = re.compile(
    r"\\[hv]?(?:phantom|space)\*?\s{0,9}\{[^{}]{0,40}\}|\\(?:text|boxed|fbox|ldots|dots|cdots|quad|qquad|mathrm|textbf|underline)(?![a-zA-Z])|"
    r"\\[,;:! ]"
)
_DRESS = (
    r"(?:[$&*_{}\[\]()~\s]|\\[()\[\],;:!> ]|\\\\|\\(?:quad|qquad|left|right|displaystyle|large|Large|item|therefore)"
    r"(?![a-zA-Z])|\\(?:begin|end)\{[a-z*]{1,12}\}(?:\{[clr|]{1,9}\})?)*+"
)
_WORDS = r"[A-Za-z][A-Za-z' -]{0,40}"
_MARKER = r"(?:(?:\(?(?:\d{1,2}|[a-z]|[ivx]{1,4})[.)]|[-*•+])\s+)?"
_LABEL = (
    r"(?:(?:\\?[a-zA-Z]{1,8}(?:_\{?\w{1,3}\}?)?'*(?:\([a-z0-9]{1,3}\))?|\([a-zA-Z](?:,\s*[a-zA-Z])*\))"
    r"\s*(?:=|\\approx|≈)\s*)?"
)
_AND = (
    r"(?:and(?:\s+also)?|or|\\(?:text|mbox|textrm|textbf)\s*\{[\s,;]*(?:and|or)?[\s,;]*\}|\\(?:land|lor)|và|und|et|y|"
    r"e|и|"
    r"和|或|及|、|과|와)?"
)
_JOINT = re.compile(rf"{_DRESS}[.,;:/、，；]?{_DRESS}{_AND}{_DRESS}[,:]?{_DRESS}{_MARKER}{_DRESS}{_LABEL}{_DRESS}")
_IN_A_SENTENCE = re.compile(
    rf"{_DRESS}(?:{_WORDS})?\s*(?:,\s*and\b|,|;|\band\b)\s*(?:{_WORDS})?{_DRESS}{_LABEL}{_DRESS}"
)
_NAME = r"([A-Za-z][a-z]*(?: [a-z]+){0,2}|(?:Case|Solution|Root|Part|Option) \(?[A-Za-z0-9]\)?)"
_NEXT_NAMED = re.compile(rf"{_DRESS}[.,;]?{_DRESS}{_MARKER}{_NAME}{_DRESS}(?::|=|is|are)?{_DRESS}{_LABEL}{_DRESS}")
_NAMED = re.compile(rf"(?:^|[.,;:\n]){_DRESS}{_MARKER}{_NAME}{_DRESS}(?::|=|is|are)?{_DRESS}{_LABEL}{_DRESS}$")
_STEP = re.compile(
    r"\b(?:answers?|final|results?|total|sum|altogether|overall|check|step|attempt|try|guess|conclusion|so|thus|hence|"
    r"therefore|then|get|gets|gives?|giving|which|that|means|note|correct\w*|now|finally|where|here|again|because|"
    r"since|"
    r"not|but|with|of|from|by|in|for|we|it|is the)\b",
    re.IGNORECASE,
)
_COUNTED = re.compile(r"\b(?:first|second|third|fourth|last|other|case|solution|root|option|pair)\b", re.IGNORECASE)
_STATED = re.compile(r"\b(?:is|are)[\s$]*$")
_HEDGED = any_of("hedges")
_BEHIND = re.compile(rf"(?:[$\s]*{_WORDS})?")
_JOINING = frozenset({"and", "the", "are", "for", "was", "were", "she", "bought", "has", "have", "with"})
_MARK_BEFORE = re.compile(r"(?:\(\s?|[Pp]art\s|(?:^|\s)(?=\w\)))([a-h]|[1-9])\)?\s?[:.]?[\s$]{0,4}$")
_NAMED_BEFORE = re.compile(r"(?<![a-zA-Z\\])([a-zA-Z](?:_\w|_\{\w{1,3}\})?)\s?=[\s$]{0,4}$")
_NOUN = re.compile(r"[$\s]*(?!and\b|or\b)[a-z]")
_MARKS = re.compile(r"[$*_{}]|\\[()\[\],;:! ]|\\(?:quad|qquad)(?![a-zA-Z])|\n")
_WORD_RUN = re.compile(r"(?<![\\a-zA-Z])\s*[A-Za-z]{2,}(?:[ '-]+[A-Za-z]+)*\s*")


class Box(NamedTuple):
    """start, end: with \\boxed and braces. content: what stands in it."""

    start: int
    end: int
    content: str


class Group(NamedTuple):
    """Boxes that are one answer.

    hedged: a "maybe" stands among the joints. named: words stand there that say what each is: 7 goats and 4 cows.
    """

    boxes: tuple[Box, ...]
    hedged: bool = False
    named: bool = False

    @property
    def values(self) -> list[str]:
        """Each once, in their order."""
        return list(dict.fromkeys(box.content for box in self.boxes))


def boxes(body: str) -> list[Box]:
    """The last boxes that say something, outermost ones, in their order; in linear time."""
    found: list[tuple[int, int, int, int]] = []  # start and end of each box, and of its content
    if "box" not in body:
        return []
    first = min((at for at in (body.find("\\boxed"), body.find("\\fbox")) if at >= 0), default=-1)
    if first < 0:
        return []
    open_: list[tuple[int, int]] = []  # where a brace's box starts (-1 for none), and where its content does
    for m in _TOKEN.finditer(body, first):
        text = m[0]
        if text == "{":
            open_.append((-1, m.end()))
        elif text == "}":
            start, inside = open_.pop() if open_ else (-1, 0)
            if start >= 0:
                while found and found[-1][0] > start:
                    found.pop()
                found.append((start, m.end(), inside, m.start()))
        elif len(text) > 2 and text.endswith("{"):
            open_.append((m.start(), m.end()))
        elif m[1]:
            found.append((m.start(), m.end(), *m.span(1)))
    read = (Box(start, end, body[a:b].strip() if b - a < 10**6 else "") for start, end, a, b in found[-4 * MOST :])
    return [_unbraced(box) for box in read if says(box.content)][-MOST:]


def _unbraced(box: Box) -> Box:
    """With its content without a pair of braces around the whole."""
    content = box.content
    if not (content.startswith("{") and content.endswith("}") and content[-2:-1] != "\\"):
        return box
    depth = 0
    for m in _TOKEN.finditer(content):
        depth += (m[0].endswith("{") and m[0] != "\\{") - (m[0] == "}")
        if not depth and m.end() < len(content):
            return box
    return box._replace(content=content[1:-1].strip())


def unclosed(body: str) -> int | None:
    """Where a box begins that is never closed, behind all that are; None where there is none."""
    last = max(body.rfind("\\boxed"), body.rfind("\\fbox")) if "box" in body else -1
    m = _OPENING.match(body, last) if last >= 0 else None
    if m is None:
        return None
    depth = 1
    for brace in _TOKEN.finditer(body, m.end()):
        depth += (brace[0] == "{") - (brace[0] == "}")
        if not depth:
            return None
    return last


def says(content: str) -> bool:
    """Whether there is anything but space, dots and dress in it."""
    return bool(_SAYS.search(_NOTHING.sub(" ", content[:2_000]) if len(content) < 200 else content))


def last_group(body: str, found: list[Box]) -> Group:
    """The last box, and those before it that are one answer with it."""
    taken = [found[-1]]
    hedged = named = False
    for before in reversed(found[:-1]):
        between = body[before.end : taken[0].start]
        if len(between) > JOINT:
            break
        plain = _HEDGED.sub(" ", between)
        if not _joined(body, before, plain):
            break
        hedged, named = (
            hedged or plain != between,
            named or not (_JOINT.fullmatch(plain) or _COUNTED.search(plain) or _STATED.search(plain)),
        )
        taken.insert(0, before)
    return Group(tuple(taken), hedged, named)


def with_names(body: str, group: Group) -> str:
    """Boxes with the words between and behind them: 7 \\text{ goats and } 4 \\text{ cows}."""
    first, last = group.boxes[0], group.boxes[-1]
    end = _BEHIND.match(body[last.end : last.end + JOINT])
    behind = [body[box.end : after.start] for box, after in zip(group.boxes, group.boxes[1:], strict=False)]
    behind.append(end[0] if end else "")
    name = None if all(map(_NOUN.match, behind)) else _NAMED.search(body[max(0, first.start - JOINT) : first.start])
    said = [_worded(name[0].lstrip(" .,;:\n") if name else "")]
    for box, words in zip(group.boxes, behind, strict=True):
        said += [box.content, _worded(words)]
    return " ".join(" ".join(said).split())


def in_order_of(question: str, body: str, group: Group) -> list[str] | None:
    """The boxes' values in the order in which a question names what they are; None where it doesn't name each."""
    behind = [body[a.end : b.start] for a, b in zip(group.boxes, group.boxes[1:], strict=False)]
    last = group.boxes[-1].end
    behind.append((_BEHIND.match(body[last : last + JOINT]) or [""])[0])
    before = [body[max(0, group.boxes[0].start - 60) : group.boxes[0].start], *behind[:-1]]
    told = question.lower()
    said = behind if all(map(_NOUN.match, behind)) else before
    places = []
    for text in said:
        words = [word for word in re.findall(r"[a-z]{3,}", text.lower()) if word not in _JOINING and word in told]
        places.append(told.rfind(words[0] if said is behind else words[-1]) if words else -1)
    if -1 in places or len(set(places)) < len(places):
        return None
    return [box.content for _, box in sorted(zip(places, group.boxes, strict=True), key=lambda pair: pair[0])]


def with_marks(body: str, group: Group) -> str | None:
    """The boxes' values behind their marks: (b) 6 (a) 5; None where not each has one."""
    marks = [_MARK_BEFORE.search(body[max(0, box.start - 40) : box.start]) for box in group.boxes]
    labels = [m[1] for m in marks if m]
    if len(labels) < len(group.boxes) or len(set(labels)) < len(labels):
        return None
    return " ".join(f"({label}) {box.content}" for label, box in zip(labels, group.boxes, strict=True))


def with_letters(body: str, group: Group) -> str | None:
    """The boxes' values behind their names, y = 5, x = 3; None where not each has one of its own."""
    marks = [_NAMED_BEFORE.search(body[max(0, box.start - 40) : box.start]) for box in group.boxes]
    names = [m[1] for m in marks if m]
    if len(names) < len(group.boxes) or len(set(names)) < len(names):
        return None
    return ", ".join(f"{name} = {box.content}" for name, box in zip(names, group.boxes, strict=True))


def _worded(text: str) -> str:
    return _WORD_RUN.sub(lambda m: f"\\text{{{m[0]}}}", _MARKS.sub(" ", text))


def _joined(body: str, before: Box, between: str) -> bool:
    if _JOINT.fullmatch(between):
        return True
    if _IN_A_SENTENCE.fullmatch(between) and not _STEP.search(between):
        return True
    name = _NEXT_NAMED.fullmatch(between)
    if name is None or _STEP.search(name[1]):
        return False
    first = _NAMED.search(body[max(0, before.start - JOINT) : before.start])
    return first is not None and not _STEP.search(first[1]) and first[1].lower() != name[1].lower()
