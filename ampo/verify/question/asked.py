"""What a question asks for: its unit ("how many dollars", "to the nearest metre"), its formulas, an order.

Read from the sentences that ask, so that what is given in other units doesn't count. Nothing is found where the words
are no units known to `ampo.verify.text.units`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple

from ampo.verify.formula.equality import symbols
from ampo.verify.formula.parse import read
from ampo.verify.formula.tree import Tree, UnreadableError
from ampo.verify.text.normalise import normalise
from ampo.verify.text.phrases import plain
from ampo.verify.text.units import CELSIUS, FAHRENHEIT, Unit, is_unit_word, times, unit

_SENTENCE = re.compile(r"(?<=[.?!])\s+(?=[A-Z$\\(])|\n+")
_ASKS = re.compile(
    r"\?|\b(?:find|what|how|give|express|compute|calculate|determine|write|state|evaluate|answers?|solve|estimate)\b|^\W*(?:list|arrange|rank|sort|enter|order)\b",
    re.IGNORECASE,
)
_UNIT = r"((?:(?:square|cubic|sq|cu)\.? )?[a-zA-Z]+(?:\s*\^\s*\{?\s*-?\d\s*\}?)?(?:\s*(?:/|\bper\b|\\cdot)\s*(?:second squared|[a-zA-Z]+)(?:\s*\^\s*\{?\s*-?\d\s*\}?)?)*)"  # noqa: E501
_PLACES = re.compile(
    rf"\b(?:how many|how much(?! in\b)|in(?: units of)?|number of|(?:to|at) the nearest|units of)\s+"
    rf"(?:(?:total|more|additional|extra|fewer|whole|full)\s+)?{_UNIT}",
    re.IGNORECASE,
)
_SUM_IN = re.compile(r"\b(dollar|cent|euro) (?:amount|value)\b", re.IGNORECASE)
_MEASURES_IN = re.compile(r"\d\s*(?:\\[,; ]\s*)?-?([a-zA-Z]+)(?:\s*(?:/|\bper\b)\s*([a-zA-Z]+))?")
_NO_MEASURES = frozenset(["in", "a", "at", "as", "min", "s"])
_SINGLE = frozenset("mgJNWKVA")
_DOLLARS = re.compile(r"\\\$\s*\d|\$\d[\d,]*(?:\.\d+)?(?=[\s.,?!)])")
_DEGREES = re.compile(
    r"\b(?:how many|in|number of|nearest|many)\s+degrees?\b(?!\s*(?:Celsius|Fahrenheit|Kelvin|C\b|F\b|of\b))",
    re.IGNORECASE,
)
_ASKED_FOR = re.compile(
    r"\b(?:find|compute|determine|evaluate|calculate|what is|what's)\s+(?:the\s+)?(?:value of\s+)?"
    r"\$([^$]{1,200})\$",
    re.IGNORECASE,
)
_DRESS = re.compile(r"\\(?:text|mathrm|mathbf|operatorname|rm)\b|[${}~]")
PERCENTAGE = re.compile(r"\b(?:what|which) per ?cent|\bpercentage\b|\bwhat %", re.IGNORECASE)
_EACH = re.compile(r"\b(?:per|each|every|an?)\s+([a-z]{3,9})\b")
_STERLING = unit("poundsterling")
_IN_DOLLARS = re.compile(r"\$([^$]{1,300})\$")
_AND = re.compile(r"(?:,\s*and|,|\s+and)\s*\$([^$]{1,200})\$")
_NAME = re.compile(r"\\?[a-zA-Z]+(?:_\w+)?'*(?:\^-1)?(?:\([a-z]\))?")
_LOW = "(?:least|smallest|lowest|shortest|lightest|youngest|slowest)"
_HIGH = "(?:greatest|largest|biggest|highest|longest|tallest|heaviest|oldest|fastest|most)"
_ORDERED = re.compile(
    rf"\brespectively\b|\bin (?:that|this|the given|the following|the row|the same) order\b"
    rf"|\b{_LOW} to (?:the )?{_HIGH}\b|"
    rf"\b{_HIGH} to (?:the )?{_LOW}\b|\b(?:ascending|increasing|descending|decreasing|finishing|chronological|"
    r"alphabetical) order\b|\bin order\b(?! (?:to|for|that))|\bfrom first to\b|\b(?:rank|arrange|sort) the\b|"
    r"\bfirst \w+ terms\b|\bhow (?:many|much) of each\b|\b(?:smallest|least|minimum|lowest) and (?:the )?"
    r"(?:largest|greatest|maximum|highest)\b|\b(?:largest|greatest|maximum|highest) and (?:the )?"
    r"(?:smallest|least|minimum|lowest)\b",
    re.IGNORECASE,
)
_POINT = re.compile(
    r"\b(?:coordinates?|ordered pairs?|point|vertex|focus|midpoint|centroid|(?:find|what is) the cent(?:er|re))\b",
    re.IGNORECASE,
)
_SET = re.compile(
    r"\b(?:intervals?|inequalit(?:y|ies)|domain|range|set|values|for (?:which|what)|find all|such that|so that)\b",
    re.IGNORECASE,
)
_ONE_NAME = r"\$?\s*[a-zA-Z](?:_\{?\w\}?)?\s*\$?"
_SEVERAL = re.compile(rf"\bvalues? of {_ONE_NAME}(?:,\s*{_ONE_NAME})*,?\s+and\s+{_ONE_NAME}(?![\w+*/^=-])")
_FORMULA = r"\$[^$]{1,80}\$"
_LISTED = re.compile(
    rf"\b(?:compute|find|determine|evaluate|calculate)\s+(?:the\s+)?(?:values?\s+of\s+)?{_FORMULA}"
    rf"(?:(?:,\s*and|,|\s+and)\s*{_FORMULA})+",
    re.IGNORECASE,
)
_REPEATED = re.compile(
    r"\b(?:with|counting)(?: their| its)?(?: algebraic| geometric)? (?:multiplicit|repetition)|\bby multiplicity\b",
    re.IGNORECASE,
)
_MEASURE_WORDS = """
perimeter area radius diameter circumference volume length width height slope mean median mode quotient remainder
numerator denominator minimum maximum amplitude period frequency variance deviation
"""
MEASURES = frozenset(_MEASURE_WORDS.split())
_MEASURED = re.compile(
    rf"(?:the |its )?({'|'.join(sorted(MEASURES))})\s*(?:is|was|were|would be|equals|=)", re.IGNORECASE
)
_WORDS = "|".join(sorted(MEASURES))
_TWO_MEASURES = re.compile(
    rf"\b({_WORDS})(?:,? and|,) (?:the |its )?(?:population |sample )?(?:standard )?({_WORDS})\b", re.IGNORECASE
)
_MODULUS = re.compile(r"(?:\bmod(?:ulo)?|\bdivided by|\bdivision by|\\[pb]?mod)\s?\$?\{?(\d{1,9})")
_FIND_ONE = re.compile(
    r"\b(?:find|what is|solve for|determine|compute)(?: the)?(?: values? of)?(?: all)?(?: (?:real|integer|positive))*"
    r" ([a-z])"
    r"(?=\s?(?:[.?!,]|$)|\s(?:if|when|such|that|for|where|in)\b)",
    re.IGNORECASE,
)
_FIND_NAMES = re.compile(
    r"\bfind \$?[a-z]\$?(?:, ?\$?[a-z]\$?)*,? and \$?[a-z]\$?(?=[\s.?!,]|$)(?! (?:\w+ )?(?:real|positive|integer))",
    re.IGNORECASE,
)
_TWO_COUNTS = re.compile(r"\bhow many (?:\w+ ){1,4}and (?:how many )(?:\w+ ?){1,4}", re.IGNORECASE)
_MAX_QUESTION = 20_000
_POUNDS = re.compile(r"\bpounds\b(?! (?:of|per|for|each)\b)")
_OTHER_MONEY = re.compile(r"\$\s?\d+\.\d\d\b|\\\$|\b(?:dollars?|cents?|euros?)\b|€")


class Asked(NamedTuple):
    """units: those asked for, the last one first. degrees: whether an angle in degrees is asked for."""

    units: tuple[Unit, ...] = ()
    degrees: bool = False

    def like(self, other: Unit) -> Unit | None:
        """The unit asked for that measures what another one measures."""
        return next((u for u in self.units if u.dims == other.dims), None)


@lru_cache(maxsize=1024)
def asked(question: str) -> Asked:
    """What a question asks for."""
    sentences = asking(_DRESS.sub(" ", question))
    found = [u for sentence in sentences for u in _units(" ".join(sentence.split()))]
    if _OTHER_MONEY.search(question):
        found = [u for u in found if u != _STERLING]
    return Asked(tuple(reversed(found)), any(_DEGREES.search(s) for s in sentences))


def _units(sentence: str) -> list[Unit]:
    """The units that a sentence asks for; dollars "every day" are dollars per day as well, and pounds are money too."""
    found = [u for m in _PLACES.finditer(sentence) if (u := _unit(m[1])) is not None]
    found += [u for m in _SUM_IN.finditer(sentence) if (u := _unit(m[1])) is not None]
    periods = [unit(f"per {m[1]}") for m in _EACH.finditer(sentence)]
    rates = [
        times(u, period)
        for u in found
        for period in periods
        if period is not None and period.known and not {*dict(u.dims)} & {*dict(period.dims)}  # m/s is per second
    ]
    return rates + ([_STERLING] if _STERLING and _POUNDS.search(sentence) else []) + found


@lru_cache(maxsize=1024)
def mentioned(question: str) -> tuple[Unit, ...]:
    """The units that a question's own quantities have, word by word: km of "3 km/s", dollars of "$5"."""
    text = _DRESS.sub(" ", question[-_MAX_QUESTION:])
    words = [word for m in _MEASURES_IN.finditer(text) for word in m.groups() if word]
    found = [unit(w) for w in words if w not in _NO_MEASURES and (w in _SINGLE or (len(w) > 1 and is_unit_word(w)))]
    money = [unit("dollar")] if _DOLLARS.search(question[-_MAX_QUESTION:]) else []
    return tuple(dict.fromkeys(u for u in (*found, *money) if u is not None and u.known))


@lru_cache(maxsize=1024)
def asking(question: str) -> tuple[str, ...]:
    """The sentences that ask, apart from those that only tell; the last where none does."""
    sentences = _SENTENCE.split(question[-_MAX_QUESTION:])
    return tuple(s for s in sentences if _ASKS.search(s)) or tuple(sentences[-1:])


@lru_cache(maxsize=1024)
def ordered(question: str) -> bool:
    """Whether the values asked for have an order: "respectively", "from least to greatest", "the values of a, b, c",
    "compute d(6), d(16), and d(72)"."""
    return any(
        pattern.search(s)
        for s in asking(question)
        for pattern in (_ORDERED, _SEVERAL, _LISTED, _TWO_MEASURES, _TWO_COUNTS, _FIND_NAMES)
    )


def in_asked_order(names: Sequence[str], question: str) -> list[int] | None:
    """The places of the names in the list that a question asks for: of y and x in "find $x$ and $y$" 1 and 0; None
    where it doesn't name them all."""
    found = [m[0] for s in asking(question) for pattern in (_SEVERAL, _LISTED, _FIND_NAMES) if (m := pattern.search(s))]
    places = [re.search(rf"(?<![a-zA-Z\\]){re.escape(name)}(?![a-zA-Z])", found[-1]) for name in names] if found else []
    starts = [m.start() for m in places if m]
    return [sorted(starts).index(start) for start in starts] if starts and len(set(starts)) == len(names) else None


@lru_cache(maxsize=1024)
def a_point(question: str) -> bool:
    """Whether what is asked for is a point: its coordinates, a vertex, an ordered pair."""
    return any(_POINT.search(s) and not _SET.search(s) for s in asking(question))


@lru_cache(maxsize=1024)
def repeated(question: str) -> bool:
    """Whether a value that occurs twice counts twice."""
    return any(_REPEATED.search(s) for s in asking(question))


@lru_cache(maxsize=4096)
def another_name(label: str, question: str) -> bool:
    """Whether a label names another thing of the question than what it asks for: y = 5 where $x$ is to be found."""
    wanted = _formulas(question)
    label = _compact(label)
    if wanted and label.startswith(("\\Delta", "\\delta", "\\langle")):
        return label not in wanted
    if not wanted or label in wanted or not (head := re.match(r"\\?[a-zA-Z]+", label)):
        return False
    if any(_NAME.fullmatch(w) and w.startswith(head[0]) for w in wanted):
        return True
    formulas = "$".join(_compact(normalise(f)) for f in _IN_DOLLARS.findall(question[-_MAX_QUESTION:]))
    return bool(re.search(rf"(?<![a-zA-Z\\]){re.escape(label)}(?![a-zA-Z_'(])", formulas))


@lru_cache(maxsize=1024)
def _formulas(question: str) -> frozenset[str]:
    """What stands in dollars after "find" and its like, each side of an equation and each member of a list."""
    found: set[str] = set()
    for m in _ASKED_FOR.finditer(question[-_MAX_QUESTION:]):
        parts = [m[1]]
        end = m.end()
        while more := _AND.match(question[-_MAX_QUESTION:], end):
            parts.append(more[1])
            end = more.end()
        found.update(_compact(normalise(p)) for part in parts for p in re.split(r"(?<!\\)[=,]", part))
    return frozenset(found - {""})


def of_a_name_asked_for(left: str, question: str) -> bool:
    """Whether the left side of an equation is a formula in a name that alone is asked for: \\ln x where $x$ is."""
    wanted = _formulas(question) or frozenset(m[1] for s in asking(question) if (m := _FIND_ONE.search(s)))
    if len(wanted) != 1 or not re.fullmatch(r"[a-z]", name := next(iter(wanted))):
        return False
    try:
        tree = read(normalise(left))
    except UnreadableError:
        return False
    return tree.op != "sym" and symbols(tree) == {name}


def moduli(question: str) -> list[str]:
    """The numbers that a question divides by: 7 of "the remainder modulo 7"."""
    return _MODULUS.findall(question[-_MAX_QUESTION:])


@lru_cache(maxsize=1024)
def measures_in_order(question: str) -> bool:
    """Whether a question asks for two measures of a thing: "the area and the perimeter"."""
    return any(_TWO_MEASURES.search(s) for s in asking(question))


def _compact(text: str) -> str:
    return re.sub(r"[\s{}]|\\(?:text|mathrm|left|right)(?![a-zA-Z])", "", text)


def another_measure(answer: str, question: str) -> bool:
    """Whether an answer says that it is another measure than the one asked for: "the radius is 3" of a diameter."""
    said = {m[1].lower() for part in re.split(r"[,;]|\band\b", plain(answer)) if (m := _MEASURED.match(part.strip()))}
    words = {w.lower() for w in re.findall(r"[A-Za-z]+", question)} if said else set()
    return bool(said - words) and bool(words & MEASURES)


@lru_cache(maxsize=1024)
def expressions(question: str) -> frozenset[Tree]:
    """The formulas whose value a question asks for: m + n in "Find $m+n$"."""
    found: set[Tree] = set()
    for m in _ASKED_FOR.finditer(question[-_MAX_QUESTION:]):
        try:
            found.add(read(normalise(m[1])))
        except UnreadableError:
            continue
    return frozenset(found)


def mentions(names: Iterable[str], question: str) -> bool:
    """Whether a question writes one of some names: as a letter of its own, or in a formula."""
    return any(re.search(rf"(?<![A-Za-z'’]){re.escape(name)}(?![A-Za-z])", question) for name in names)


def _unit(words: str) -> Unit | None:
    """A unit of more than one letter, unless it has a power or a fraction: "in a" names none."""
    if len(words) == 1 or words.lower() in ("in", "of", "a"):
        return None
    if words.lower() in ("celsius", "fahrenheit"):
        return CELSIUS if words[0] in "cC" else FAHRENHEIT
    found = unit(words)
    return found if found is not None and found.known else None
