"""A normalised text as one of the kinds of answers.

The reader goes from the outside in: conditions and lead-ins are cut off, lists are split, brackets opened, relations
taken apart; what is left is a single value, words, or `Unread`. Nothing is computed but the truth of a chain of
equal numbers ("2 + 3 = 5" is 5; "5 = 7" is broken).
"""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import pairwise

from ampo.verify.agree import mentions, numeric, same, symbols
from ampo.verify.answers import (
    Answer,
    Broken,
    Equation,
    Inequality,
    Labelled,
    Matrix,
    Ordered,
    Phrase,
    Piece,
    Piecewise,
    Ratio,
    Region,
    Unordered,
    Unread,
    Value,
)
from ampo.verify.evaluate import UndefinedError
from ampo.verify.phrases import phrase, plain, written_number
from ampo.verify.quantity import quantity
from ampo.verify.regions import REALS, as_region, intersect, points, union, without
from ampo.verify.residues import residues
from ampo.verify.scan import enclosed, split
from ampo.verify.tree import Tree, UnreadableError, num, read

MAX_ITEMS = 200
_LESS = {"<": True, "\\le": False, "<=": False}
_MORE = {">": True, "\\ge": False, ">=": False}
_RELATIONS = {"=", "==", "\\approx", "\\equiv", "\\ne", "!=", "\\in", *_LESS, *_MORE}
_TEXT_WORDS = r"(?:\\text\s*\{\s*)?"
_DECLARED = re.compile(
    r"(?:\s*[,;.]\s*\(?|\s*\(|\s+(?=where|for|with|and\b)|\s*(?=\\text|\\forall))\s*(?:\\text\s*\{\s*)?(?:,?\s*\b(?:where|for|with|for all|for any|for some|and|\\forall)\b\s*)?(?:\}\s*)?"  # noqa: E501
    r"(?:\\forall\s*)?(?:\\text\s*\{[^{}]*\}\s*)?\s*(?<![a-zA-Z\\])[a-zA-Z](?:\s*,\s*[a-zA-Z])*\s*\\in\s*\\?(?:mathbb\s*\{?\s*)?[ZNRQ]\s*\}?(?:\^?[+*]|_\{?[^ ]*)?\s*\)?\s*\.?$"  # noqa: E501
)
_WHERE = re.compile(
    r"\s*[,;.]?\s*\(?\s*(?:\\text\s*\{\s*)?\s*,?\s*\b(?:where\b.*\b(?:is|are|be|denotes?|\\in)\b|"
    r"for (?:all|any|every|each|some|arbitrary|integers?|positive|natural|real|non|constant)\b|with .*\b(?:an?|any) (?:arbitrary |real |constant|integer)).*$",  # noqa: E501
    re.DOTALL,
)
_INTEGER = re.compile(r"integer|\\mathbb\s*\{?\s*[ZN]|natural|\\in\s*Z\b")
_LEAD = re.compile(
    r"^(?:(?:so|thus|hence|therefore|then)\b,?\s*)?(?:the\s+)?(?:(?:final|correct)\s+)?(?:answers?|results?|solutions?|values?|it|there|we|this|solution set)\s+(?:is|are|get|have|equals?|(?:for|of) [^ ]{1,12} (?:is|are))\s*:?\s*",  # noqa: E501
    re.IGNORECASE,
)
_THOUSANDS = re.compile(r"(?<![\d.,])(\d{1,3}(?:,\d{3})+)(?!\d|,\d)")
_SUBJECT = re.compile(
    r"^(?:the|its|their|his|her)\s+[a-z][a-z ]{1,40}\s(?:is|are|was|equals)\s*:?\s*(?=[-\d\\(.])", re.IGNORECASE
)
_LABEL = re.compile(r"^(?:\\text\s*\{)?\s*[A-Za-z][A-Za-z \-']*\}?\s*(?:of [^=]{1,40})?$")
_MATRIX = re.compile(
    r"^(.*?)\\begin\s*\{([pbBvV]?matrix|smallmatrix|array)\}(?:\s*\{[lcr| ]*\})?(.*)\\end\s*\{\2\}\s*$", re.DOTALL
)
_CASES = re.compile(
    r"^(.*?)\\begin\s*\{(?:cases|aligned|array)\}(?:\s*\{[lcr| ]*\})?(.*)\\end\s*\{(?:cases|aligned|array)\}\s*$",
    re.DOTALL,
)
_DEFINITE = re.compile(
    r"(?:[fghpqA-Z]|\\(?:phi|psi|operatorname\s*\{\w+\}))(?:_\s*(?:\{[^{}]*\}|\w))?'*\s*\((?:[^()]|\([^()]*\)){1,80}\)$"
    r"|\|\s*\\?[a-zA-Z]+(?:_\{?\w\}?)?\s*\|$|\\(?:lim|sum|prod|int)(?![a-zA-Z])|.*\\ldots(?![a-zA-Z])"
)
_BRACKETED_MATRIX = re.compile(r"[\[(|]\s*(\\begin\s*\{array\}.*\\end\s*\{array\})\s*[\])|]$", re.DOTALL)
_FRENCH = re.compile(r"(\]|\[(?=.*\[$))([^\[\](){}]{1,80},[^\[\](){}]{1,80})([\[\]])$")
_TRANSPOSED = re.compile(r"(?<=[\])])\s*\^\s*(?:T|\{\s*T\s*\}|\\top|\{\s*\\top\s*\})$")
_POINT = re.compile(r"^[A-Z](?=\s*\([^()]*,[^()]*\)$)")
_WORDED_CASE = re.compile(r"\b(?:if|for|when)\b|(?=\botherwise\b)")
_REALS = re.compile(
    r"^(?:\\text\s*\{)?(?:all |the )*(?:set of )?(?:all )?real(?: number)?s?\}?$|^\\mathbb\s*\{?R\}?$|^R$",
    re.IGNORECASE,
)
_EMPTY = re.compile(
    r"^(?:\\emptyset|\\\{\s*\\\}|(?:\\text\s*\{)?(?:there (?:is|are) )?(?:no (?:real )?(?:solutions?|such.*|roots?)|none|empty set|does not exist|DNE)\}?)$",  # noqa: E501
    re.IGNORECASE,
)


@lru_cache(maxsize=8192)
def parse(text: str, letters: bool = False) -> Answer:
    """The kind of a normalised answer. letters: as for `quantity`."""
    text = _without_conditions(text.strip())
    text = _LEAD.sub("", text, count=1).strip() or text
    text = _SUBJECT.sub("", text, count=1)
    if _EMPTY.match(text):
        return Phrase("empty set")
    classes = residues(text)
    if classes is not None:
        return classes
    return _parse(text, letters, 0)


def integer_parameters(text: str) -> bool:
    """Whether a text declares a parameter to be a whole number."""
    return bool(_INTEGER.search(text))


def _without_conditions(text: str) -> str:
    for pattern in (_WHERE, _DECLARED):
        m = pattern.search(text)
        if (
            m
            and m.start() > 0
            and re.search(r"[\w})\]]", text[: m.start()])
            and not text[: m.start()].endswith(("{", "|", ":"))
        ):
            text = text[: m.start()].rstrip(" ,;(")
    return text


def _parse(text: str, letters: bool, depth: int) -> Answer:
    if depth > 12:
        return Unread(text)
    french = _FRENCH.match(text)
    if french:
        text = f"{'(' if french[1] == ']' else '['}{french[2]}{')' if french[3] == '[' else ']'}"
    cases = _CASES.match(text)
    if cases:
        return _cases(cases[1], cases[2], letters, depth)
    matrix = _MATRIX.match(_BRACKETED_MATRIX.sub(r"\1", text))
    if matrix:
        return _matrix(matrix[1], matrix[3], letters, depth)
    worded = _worded_cases(text, letters, depth) if _WORDED_CASE.search(text) else None
    if worded is not None:
        return worded
    joined = _list(text, letters, depth)
    return joined if joined is not None else _single(text, letters, depth)


def _list(text: str, letters: bool, depth: int) -> Answer | None:
    """Several values side by side; None for a single one."""
    text = _top_thousands(text)
    parts = split(text, {",", ";", "and", "or", "\\\\", "&"})
    items = [(sep, part) for sep, part in parts if part]
    if len(items) < 2:
        return None
    if len(items) > MAX_ITEMS:
        return Unread(text)
    separators = {sep for sep, _ in parts[1:]}
    if any(word in separators for word in ("and", "or")) and _wordy(text):
        return None
    answers = [_single(part, letters, depth + 1) for _, part in items]
    answers = _shared_label(answers)
    region = _joined_regions(answers, separators)
    if region is not None:
        return region
    if (
        any(isinstance(a, (Unread, Phrase)) for a in answers)
        and all(isinstance(a, (Unread, Phrase)) for a in answers)
        and separators == {","}
    ):
        return Phrase(phrase(text)) if len(answers) > 4 else Unordered(tuple(answers))
    return Unordered(tuple(x for a in answers for x in _flat(a)), alternatives="or" in separators)


def _flat(answer: Answer) -> tuple[Answer, ...]:
    return answer.items if isinstance(answer, Unordered) and not answer.braces else (answer,)


def _top_thousands(text: str) -> str:
    """1,234,567 without its commas, outside of brackets."""
    if "," not in text:
        return text
    inside = [False] * len(text)
    depth = 0
    for i, c in enumerate(text):
        depth += (c in "([{") - (c in ")]}")
        inside[i] = depth > 0
    return _THOUSANDS.sub(lambda m: m[0] if inside[m.start()] else m[1].replace(",", ""), text)


def _wordy(text: str) -> bool:
    """Prose: more than three words of four letters that are no names of functions."""
    return len(re.findall(r"(?<!\\)\b[a-zA-Z]{4,}\b", re.sub(r"\\[a-zA-Z]+", " ", text))) > 3


def _shared_label(answers: list[Answer]) -> list[Answer]:
    """x = 1, 2 and 3: the label belongs to all of them."""
    first = answers[0]
    if not isinstance(first, Labelled) or any(isinstance(a, Labelled) for a in answers[1:]):
        return answers
    return [first, *(Labelled(first.label, a, first.bound, first.left) for a in answers[1:])]


def _joined_regions(answers: list[Answer], separators: set[str]) -> Region | None:
    if not any(isinstance(a, Region) and a.variable for a in answers):
        return None
    regions = [r for a in answers if (r := _one_region(a)) is not None]
    if len(regions) != len(answers) or any(r.variable == "" for r in regions):
        return None
    if len({r.variable for r in regions}) > 1:
        return None
    if "or" in separators:
        return union(regions)
    common = regions[0]
    for other in regions[1:]:
        common = intersect(common, other)
    return common if common.pieces else union(regions)


def _one_region(answer: Answer) -> Region | None:
    """x > 2 as it stands, and x = 2 as a point."""
    if isinstance(answer, Labelled) and isinstance(answer.body, Value) and not answer.bound:
        return Region(points([answer.body.tree]).pieces, answer.label)
    return answer if isinstance(answer, Region) else None


def _single(text: str, letters: bool, depth: int) -> Answer:
    if depth > 12:
        return Unread(text)
    if _REALS.match(text):
        return REALS
    for attempt in (_relation, _set_operation, _bracketed, _plus_minus, _ratio):
        answer = attempt(text, letters, depth)
        if answer is not None:
            return answer
    return _value(text, letters)


def _value(text: str, letters: bool) -> Answer:
    if re.fullmatch(r"\\text\s*\{\s*[A-Za-z][A-Za-z '\-]+\}", text) and written_number(text) is None:
        return Phrase(phrase(text))
    written = written_number(text)
    if written is not None and len(plain(text).split()) == 1:
        return Value(num(written))
    try:
        return quantity(text, letters)
    except UnreadableError:
        pass
    if written is not None:
        return Value(num(written))
    return Phrase(phrase(text)) if _is_phrase(text) else Unread(text)


def _is_phrase(text: str) -> bool:
    return bool(re.fullmatch(r"[^\W\d_][\w\s'.,\-:/()+]*", plain(text)))


def _bracketed(text: str, letters: bool, depth: int) -> Answer | None:
    text = _TRANSPOSED.sub("", _POINT.sub("", text))
    found = enclosed(text)
    if found is None:
        return None
    opening, inside, closing = found
    if opening == "{" and closing == "}":
        return (
            _parse(inside, letters, depth + 1)
            if "|" not in inside and ":" not in inside
            else _set_builder(inside, letters, depth)
        )
    if opening.startswith("\\l") and opening != "\\langle":
        return None
    if opening == "\\{":
        return _set(inside, letters, depth)
    parts = [part for _, part in split(_spaced_thousands(inside), {",", ";"})]
    if len(parts) == 1:
        if opening == "(" and closing == ")" and not _readable(text):
            return _parse(inside, letters, depth + 1)
        if opening == "[" and closing == "]" and not inside.startswith(("(", "[")) and not mentions_symbols(inside):
            return Ordered((_single(inside, letters, depth + 1),), "[", "]")
        return _parse(inside, letters, depth + 1) if opening == "[" else None
    if not all(parts) or len(parts) > MAX_ITEMS:
        return Unread(text)
    return Ordered(tuple(_single(p, letters, depth + 1) for p in parts), opening, closing)


def mentions_symbols(text: str) -> bool:
    return any(c.isalpha() for c in text)


def _readable(text: str) -> bool:
    try:
        read(text)
    except UnreadableError:
        return False
    return True


def _spaced_thousands(inside: str) -> str:
    """In (1,000, 2,000) the commas with a space separate; in (1,103,105) all of them do."""
    if re.search(r", ", inside) and re.search(r"\d,\d{3}(?!\d)", inside):
        return _top_thousands(inside)
    return inside


def _set(inside: str, letters: bool, depth: int) -> Answer:
    builder = _set_builder(inside, letters, depth)
    if builder is not None:
        return builder
    parts = [part for _, part in split(_spaced_thousands(inside), {",", ";", "and", "or"}) if part]
    if not parts:
        return Phrase("empty set")
    items = [_single(p, letters, depth + 1) for p in parts[:MAX_ITEMS]]
    return Unordered(tuple(x for a in items for x in _flat(a)), braces=True)


def _set_builder(inside: str, letters: bool, depth: int) -> Answer | None:
    parts = split(inside, {"|", ":"})
    if len(parts) != 2:
        return None
    head = parts[0][1].partition("\\in")[0].strip()
    if not re.fullmatch(r"[a-zA-Z]|\\[a-z]+", head):
        return None
    condition = re.sub(r",?\s*(?:" + re.escape(head) + r")\s*\\in\s*\\mathbb\s*\{?R\}?", "", parts[1][1]).strip(" ,")
    body = _parse(condition, letters, depth + 1)
    if isinstance(body, Region):
        return Region(body.pieces)
    if isinstance(body, Labelled):
        return body.body
    if isinstance(body, Unordered) and all(isinstance(i, Labelled) for i in body.items):
        return Unordered(tuple(i.body for i in body.items if isinstance(i, Labelled)), braces=True)
    return None


def _plus_minus(text: str, letters: bool, depth: int) -> Answer | None:
    if "\\pm" not in text and "\\mp" not in text:
        return None
    both = [
        re.sub(r"\\(pm|mp)(?![a-zA-Z])", lambda m, s=sign: " + " if (m[1] == "pm") == s else " - ", text)
        for sign in (True, False)
    ]
    items = [_single(t.strip(), letters, depth + 1) for t in both]
    return Unordered(tuple(items))


def _ratio(text: str, letters: bool, depth: int) -> Answer | None:
    del letters, depth
    parts = [p for _, p in split(re.sub(r"(?<=\d)\s+to\s+(?=\d)", ":", text), {":"})]
    if len(parts) < 2 or not all(parts):
        return None
    try:
        return Ratio(tuple(read(p) for p in parts))
    except UnreadableError:
        return None


def _set_operation(text: str, letters: bool, depth: int) -> Answer | None:
    unions = (
        split(text, {"\\cup", "U"}) if "\\cup" in text or re.search(r"[)\]}]\s*U\s*[(\[{\\]", text) else [("", text)]
    )
    if len(unions) > 1:
        regions = [as_region(_single(part, letters, depth + 1)) for _, part in unions]
        if all(r is not None for r in regions):
            return union([r for r in regions if r is not None])
        items = [_single(part, letters, depth + 1) for _, part in unions]
        if all(isinstance(i, Unordered) for i in items):
            return Unordered(tuple(x for i in items if isinstance(i, Unordered) for x in i.items), braces=True)
        return Unread(text)
    minus = split(text, {"\\setminus"}) if "\\setminus" in text else _minus_set(text)
    if len(minus) == 2:
        region, holes = (as_region(_single(part, letters, depth + 1)) for _, part in minus)
        if region is not None and holes is not None:
            return without(region, holes)
        return Unread(text)
    return None


def _minus_set(text: str) -> list[tuple[str, str]]:
    m = re.match(r"^(\\mathbb\s*\{?R\}?)\s*-\s*(\\\{.*\\\})$", text)
    return [("", m[1]), ("-", m[2])] if m else [("", text)]


def _relation(text: str, letters: bool, depth: int) -> Answer | None:
    found = split(text, _RELATIONS)
    if len(found) < 2:
        return None
    ops, sides = [op for op, _ in found[1:]], [side for _, side in found]
    if sides[0] == "" and len(ops) == 1:
        return (
            _single(sides[1], letters, depth + 1)
            if ops[0] in ("=", "==", "\\approx")
            else _open_bound(sides[1], ops[0])
        )
    if not all(sides):
        return Unread(text)
    if ops == ["\\in"]:
        return _member(sides, letters, depth)
    if set(ops) <= {"=", "==", "\\approx", "\\equiv"}:
        return _equality(text, sides, ops, letters, depth)
    if ops in (["\\ne"], ["!="]):
        return _unequal(text, sides)
    return _inequality(text, sides, ops)


def _member(sides: list[str], letters: bool, depth: int) -> Answer:
    body = _parse(sides[1], letters, depth + 1)
    region = as_region(body)
    if region is not None and not (isinstance(body, Unordered)):
        return Region(region.pieces, sides[0])
    return Labelled(sides[0], body)


def _unequal(text: str, sides: list[str]) -> Answer:
    variable, body = _symbol_name(sides[0]), _parse(sides[1], False, 1)
    holes = [body] if isinstance(body, Value) else list(body.items) if isinstance(body, Unordered) else []
    if variable is None or not holes or not all(isinstance(p, Value) for p in holes):
        return Unread(text)
    region = without(REALS, points([p.tree for p in holes if isinstance(p, Value)]))
    return Region(region.pieces, variable)


def _symbol_name(text: str) -> str | None:
    try:
        tree = read(text)
    except UnreadableError:
        return None
    return tree.name if tree.op == "sym" else None


def _equality(text: str, sides: list[str], ops: list[str], letters: bool, depth: int) -> Answer:
    label = _label(sides[0])
    if label is None and len(sides) == 2 and _symbol_name(sides[1]) and _label(sides[0]) is None:
        sides, label = sides[::-1], _label(sides[1])
    if label is not None:
        bodies = sides[1:]
        chain = _chain(bodies, ops[1:], letters, depth)
        if chain is None:
            return Broken(text)
        name, bound, left = label
        return Labelled(name, chain, bound, left) if left is not None else chain
    if _DEFINITE.match(sides[0]):
        chain = _chain(sides[1:], ops[1:], letters, depth)
        name = "".join(sides[0].split())
        return Broken(text) if chain is None else Labelled(name, chain, (), Tree("sym", (), None, name))
    if len(sides) > 2 or not any(mentions_symbols(s) for s in sides):
        return _chain(sides, ops, letters, depth) or Broken(text)
    try:
        left, right = read(sides[0]), read(sides[1])
    except UnreadableError:
        if ops == ["="] and (_all_words(sides)):
            return Phrase(phrase(text))
        return _pairwise(sides, letters, depth) or Unread(text)
    if not symbols(left) and not symbols(right):
        return _chain(sides, ops, letters, depth) or Broken(text)
    return Equation(left, right)


def _all_words(sides: list[str]) -> bool:
    return all(re.fullmatch(r"[A-Za-z ]+", s) for s in sides)


def _pairwise(sides: list[str], letters: bool, depth: int) -> Answer | None:
    """(x, y) = (1, 2) and the like: a tuple of names is a label."""
    names = enclosed(sides[0])
    if (
        names
        and names[0] == "("
        and re.fullmatch(r"[a-zA-Z](?:_\{?\w\}?)?(?:\s*,\s*[a-zA-Z](?:_\{?\w\}?)?)+", names[1])
    ):
        return _parse(sides[1], letters, depth + 1)
    return None


def _label(text: str) -> tuple[str, tuple[str, ...], Tree | None] | None:
    """Name, bound variables and tree of a left side that is a mere name; no tree where it is words ("Area")."""
    m = re.fullmatch(
        r"(\\?[a-zA-Z]+(?:_\s*(?:\{[^{}]*\}|\w))?'*(?:\^\s*\{-1\})?)\s*\(\s*([a-z](?:\s*,\s*[a-z])*|\\[a-z]+)\s*\)",
        text,
    )
    if m and not re.fullmatch(r"\\(?:sin|cos|tan|log|ln|exp)", m[1]):
        return m[1], tuple(v.strip() for v in m[2].split(",")), Tree("sym", (), None, m[1].lstrip("\\"))
    try:
        tree = read(text)
        if tree.op in ("sym", "e"):
            return tree.name or "e", (), tree
    except UnreadableError:
        pass
    if re.fullmatch(
        r"(?:\\angle|\\triangle|\\overline)?\s*\{?[A-Z](?:\s*_\{?\w\}?)?(?:\s*[A-Z](?:\s*_\s*\{?\w\}?)?){1,3}\}?|\|\s*[A-Z]{1,3}\s*\||\[[A-Z]{3,5}\]|\\angle\s*\w",
        text,
    ):
        return "".join(text.split()), (), Tree("sym", (), None, "".join(text.split()))
    if re.fullmatch(r"[a-zA-Z]+_\s*\{\s*\\?[a-z]+\s*\}", text):
        return text, (), Tree("sym", (), None, text)
    if _LABEL.match(text) and len(text) <= 60 and len(phrase(text)) > 3:
        return text, (), None
    return None


def _chain(bodies: list[str], ops: list[str], letters: bool, depth: int) -> Answer | None:
    """a = b \\approx c: the first of them, if the others say the same; None for a contradiction."""
    answers = [_parse(b, letters, depth + 1) for b in bodies]
    for (a, b), op in zip(pairwise(answers), ops, strict=True):
        if isinstance(a, Value) and isinstance(b, Value):
            if not _consistent(a, b, op == "\\approx"):
                return None
        elif isinstance(a, Broken) or isinstance(b, Broken) or type(a) is not type(b):
            return None
    if len(answers) > 1 and isinstance(answers[0], Value) and symbols(answers[0].tree):
        last = answers[-1]
        return (
            last if isinstance(last, Value) and len(symbols(last.tree)) < len(symbols(answers[0].tree)) else answers[0]
        )
    return answers[0]


def _consistent(a: Value, b: Value, roughly: bool) -> bool:
    if a.percent != b.percent:
        a = Value(Tree("div", (a.tree, num(100))) if a.percent else a.tree)
        b = Value(Tree("div", (b.tree, num(100))) if b.percent else b.tree)
    if a.degrees != b.degrees or (a.unit and b.unit and a.unit != b.unit):
        return True
    if symbols(a.tree) or symbols(b.tree):
        return symbols(a.tree) != symbols(b.tree) or same(a.tree, b.tree)
    if same(a.tree, b.tree):
        return True
    if not roughly and a.quantum is None and b.quantum is None:
        return False
    try:
        x, y = numeric(a.tree), numeric(b.tree)
    except UndefinedError:
        return False
    return abs(x - y) <= (0.02 if roughly else 0.005) * max(abs(x), abs(y))


def _inequality(text: str, sides: list[str], ops: list[str]) -> Answer:
    if len(sides) not in (2, 3) or not all(op in _LESS or op in _MORE for op in ops):
        return Unread(text)
    if all(op in _MORE for op in ops):
        sides, strict = sides[::-1], [_MORE[op] for op in ops[::-1]]
    elif all(op in _LESS for op in ops):
        strict = [_LESS[op] for op in ops]
    else:
        return Unread(text)
    try:
        trees = [read(s) for s in sides]
    except UnreadableError:
        return Unread(text)
    return _bounds(trees, strict) or (Inequality(trees[0], trees[1], strict[0]) if len(trees) == 2 else Unread(text))


def _open_bound(text: str, op: str) -> Answer:
    """>= 17, of whatever it is."""
    found = _relation(f"x {op} {text}", False, 1) if op in _LESS or op in _MORE else None
    return Region(found.pieces) if isinstance(found, Region) and found.variable == "x" else Unread(f"{op} {text}")


def _bounds(trees: list[Tree], strict: list[bool]) -> Region | None:
    """low < x < high, x < high or low < x, with a mere name for x."""
    if len(trees) == 3:
        low, middle, high = trees
        if middle.op == "sym":
            return Region((Piece(_finite(low), not strict[0], _finite(high), not strict[1]),), middle.name)
        return None
    small, large = trees
    if small.op == "sym" and large.op != "sym":
        return Region((Piece(None, False, _finite(large), not strict[0]),), small.name)
    if large.op == "sym" and small.op != "sym":
        return Region((Piece(_finite(small), not strict[0], None, False),), large.name)
    if small.op == "abs" and small.args[0].op == "sym" and not symbols(large):
        return Region((Piece(Tree("neg", (large,)), not strict[0], large, not strict[0]),), small.args[0].name)
    if large.op == "abs" and large.args[0].op == "sym" and not symbols(small):
        left = Piece(None, False, Tree("neg", (small,)), not strict[0])
        return Region((left, Piece(small, not strict[0], None, False)), large.args[0].name)
    return None


def _finite(tree: Tree) -> Tree | None:
    return None if mentions(tree, {"infinity"}) else tree


def _matrix(before: str, inside: str, letters: bool, depth: int) -> Answer:
    rows = [r for _, r in split(inside, {"\\\\"}) if r.strip()]
    cells = [tuple(_single(c.strip(), letters, depth + 1) for _, c in split(row, {"&"})) for row in rows]
    if not cells or len({len(r) for r in cells}) != 1 or len(cells) * len(cells[0]) > MAX_ITEMS:
        return Unread(inside)
    label = before.strip().rstrip("=").strip()
    if not label or before.strip().endswith("="):
        return Matrix(tuple(cells))
    try:
        factor = read(label.rstrip("*").removesuffix("\\cdot").strip())
    except UnreadableError:
        return Unread(before + inside)
    return Matrix(tuple(tuple(_times(factor, c) for c in row) for row in cells))


def _times(factor: Tree, cell: Answer) -> Answer:
    return Value(Tree("mul", (factor, cell.tree))) if isinstance(cell, Value) else cell


def _cases(before: str, inside: str, letters: bool, depth: int) -> Answer:
    rows = [r for _, r in split(inside, {"\\\\"}) if r.strip()]
    cells = [[c.strip(" ,;") for _, c in split(row, {"&"}) if c.strip(" ,;")] for row in rows]
    if before.strip().endswith("=") and all(len(r) == 1 for r in cells):
        cells = [
            [
                c.strip(" ,")
                for c in re.split(r"\\text\s*\{\s*(?:if|for|when)?\s*\}|\b(?:if|for|when)\b|,(?!\d)", r[0], maxsplit=1)
            ]
            for r in cells
        ]
    if before.strip() and all(len(r) == 2 for r in cells):
        return Piecewise(tuple((_single(v, letters, depth + 1), _condition(c, letters, depth)) for v, c in cells))
    if all(len(r) == 2 for r in cells) and not any("=" in r[0] for r in cells):
        return Piecewise(tuple((_single(v, letters, depth + 1), _condition(c, letters, depth)) for v, c in cells))
    return _parse(", ".join(" ".join(r) for r in cells), letters, depth + 1)


def _worded_cases(text: str, letters: bool, depth: int) -> Answer | None:
    """x^2 for x < 1 and 2x - 1 for x >= 1; None where not every part has its condition."""
    found = split(plain(text), {",", ";", "and"})
    rows = [_WORDED_CASE.split(part, maxsplit=1) for _, part in found if part]
    if len(rows) < 2 or not all(len(r) == 2 and all(r) for r in rows):
        return None
    return Piecewise(tuple((_single(v.strip(), letters, depth + 1), _condition(c, letters, depth)) for v, c in rows))


def _condition(text: str, letters: bool, depth: int) -> Answer:
    bare = re.sub(r"^(?:if|for|when|where)\b\s*", "", plain(text)).strip(" ,.;")
    if re.search(r"(?<![\\a-zA-Z])(?!and\b)[a-z]{3,}", bare):
        return Phrase(" ".join(w for w in phrase(bare).split() if w not in ("is", "be", "are")))
    return _parse(bare, letters, depth + 1)


def readings(text: str) -> tuple[Answer, ...]:
    """All kinds that a text may be: 1,234 is a number first, and the list of 1 and 234; 10,080 is a number alone."""
    first = parse(text)
    if re.fullmatch(r"\d{1,3}(?:,[1-9]\d{2})+", text):
        return first, Unordered(tuple(Value(num(int(p))) for p in text.split(",")))
    return (first,)
