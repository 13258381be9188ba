"""Words without their endings, and the numbers and formulas of a text: what two sentences are compared by."""

from __future__ import annotations

import re
from functools import lru_cache

from ampo.verify.question.number_sentence import stem
from ampo.verify.text.numerals import spelled_out

_IRREGULAR = {
    word: base
    for base, words in (
        row.split(":")
        for row in (
            "give:gave given", "buy:bought", "spend:spent", "make:made", "take:took taken", "have:had has having",
            "run:ran running", "sell:sold", "leave:left", "get:got gotten getting", "eat:ate eaten",
            "drive:drove driven driving", "write:wrote written", "win:won winning", "pay:paid", "meet:met",
            "go:went gone goes", "drink:drank drunk", "fly:flew flown", "grow:grew grown", "catch:caught",
            "keep:kept", "lose:lost losing", "find:found", "build:built", "send:sent", "hold:held", "tell:told",
            "teach:taught", "think:thought", "bring:brought", "ride:rode ridden", "know:knew known", "see:saw seen",
            "draw:drew drawn", "throw:threw thrown", "wear:wore worn", "sleep:slept", "lend:lent", "feed:fed",
            "swim:swam swum swimming", "begin:began begun", "owe:owed", "person:people", "child:children",
            "man:men", "woman:women", "foot:feet", "tooth:teeth", "mouse:mice", "goose:geese", "cost:costing",
            "put:putting", "do:did does done", "be:is are was were been being", "die:died dies dying",
            "half:halves", "use:used using uses", "age:ages aged aging",
        )
    )
    for word in words.split()
}  # fmt: skip
_WORD = re.compile(r"[A-Za-z]{2,}(?:'[a-z]+)?")
FORMULA = re.compile(r"\$\$.*?\$\$|\$[^$]*\$|\\\(.*?\\\)|\\\[.*?\\\]|\\[a-zA-Z]+", re.DOTALL)
_SPELLED = (
    "one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|"
    "nineteen|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety"
)
_NUMBER = re.compile(rf"(?<![\w.])\$?(\d[\d,]*(?:\.\d+)?|(?:{_SPELLED})\b)(?:[\s-]+([A-Za-z]{{2,}}))?", re.IGNORECASE)


def words_of(table: str) -> frozenset[str]:
    """The words of a table."""
    return frozenset(table.split())


NO_NOUNS = words_of(
    """
    a an and are as at be been being by can could did do does each every for from had has have he her his how if in into
    is it its must my of on or our per shall she should than that the their them then there these they this those to
    was we were which who whose will with would you your left altogether total remaining after before during within
    among across between through under above below along until since without inside outside around about against
    toward towards near over
    """
)


def is_past(word: str) -> bool:
    """Whether a word is an irregular form of another: gave, people."""
    return word in _IRREGULAR


@lru_cache(maxsize=4096)
def root(word: str) -> str:
    """A word without its ending, whatever its tense or number: gave as give, planted as plant, stopped as stop."""
    word = re.sub(r"['’](?:s|ll|d|ve|re)?$", "", word.lower())
    word = _IRREGULAR.get(word, word)
    short = stem(word)
    word = short if len(short) > 2 else word
    return word[:-1] if len(word) > 3 and word[-1] == word[-2] else word


def words(text: str) -> list[str]:
    """The words of two letters or more, formulas left out."""
    return _WORD.findall(FORMULA.sub(" ", text).replace("\u2019", "'"))


@lru_cache(maxsize=2048)
def roots(text: str) -> frozenset[str]:
    """The roots of a text's words of two letters or more, formulas left out."""
    return frozenset(root(word) for word in words(text))


@lru_cache(maxsize=2048)
def numbers(text: str) -> frozenset[tuple[str, str]]:
    """The numbers of a text, as digits, each with the root of the word behind it."""
    found = []
    for m in _NUMBER.finditer(FORMULA.sub(" ", text)):
        digits = m[1].replace(",", "").lower()
        spelled = None if digits[0].isdecimal() else spelled_out(digits)
        noun = "" if m[2] is None or m[2].lower() in NO_NOUNS else root(m[2])
        found.append((spelled[0] if spelled else digits, noun))
    return frozenset(found)


def formulas(text: str) -> frozenset[str]:
    """The formulas in marks, without spaces, fractions and brackets alike."""
    return frozenset(compact(m) for m in re.findall(r"\$([^$]+)\$|\\\((.+?)\\\)", text) for m in m if m)


def compact(formula: str) -> str:
    """A formula in one spelling: no spaces, braces or sizes."""
    formula = re.sub(r"\\[dt]?frac\s*(?:\{([^{}]*)\}|(\w))\s*(?:\{([^{}]*)\}|(\w))", r"\1\2/\3\4", formula)
    return re.sub(r"[\s{}$]|\\(?:left|right|text|mathrm|,|!|;)(?![a-zA-Z])|[.,?]$", "", formula)
