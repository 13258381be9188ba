r"""What was written, as Markdown that a page can show: mathematics marked as such, and nothing in it that acts.

All that is done to a text is to put invisible characters into it, the same ones wherever it is, in prose or in code:
without them (`written`) it is again what was written, to be copied or edited. So nothing hangs on whether the page
takes the same stretches for code as we do.

Mathematics. A page that takes `$` for a delimiter also takes "$5 and $10" for a formula. So it is decided here what
is a formula, by pandoc's rule and one more for prices, and the page's delimiters (`DELIMITERS`) have a mark in them
that no text can bring along. A bare `\boxed{}` and a bare environment are formulas, too. What the page's KaTeX doesn't
know (`_FOREIGN`) becomes the nearest that it does, in delimiters that tell what was written.

Harmless. A `<` that could begin a tag is kept from what follows it, as is the `!` of an image, which becomes a link,
and the address of a link that goes elsewhere than to http, https or mailto. The page's own sanitiser and its content
security policy stand behind this, they are not relied on.

A text that grows is scanned again only from its last paragraph on: see `Growing`.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from functools import lru_cache

from ampo.prompts import ANSWER_CLOSE, ANSWER_OPEN

_ENVIRONMENTS = (
    "equation|align|aligned|alignat|alignedat|gather|gathered|cases|dcases|split|array|darray|"
    "matrix|pmatrix|bmatrix|Bmatrix|vmatrix|Vmatrix|smallmatrix|CD|multline|eqnarray"
)
_FOREIGN = {
    "eqnarray": ("\\begin{array}{rcl}", "\\end{array}"),
    "eqnarray*": ("\\begin{array}{rcl}", "\\end{array}"),
    "multline": ("\\begin{gathered}", "\\end{gathered}"),
    "multline*": ("\\begin{gathered}", "\\end{gathered}"),
}
_BRACED = r"\{(?:[^{}]|\{(?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*\})*\}"
_TOKEN = re.compile(
    rf"""
    (?P<fence>^(?P<indent>[ \t]*)(?P<ticks>`{{3,}}+|(?<=^)~{{3,}}+)(?P<info>[^\n`]*)\n
        (?P<code>(?:(?P=indent)(?![ \t]*(?P=ticks)[`~]*[ \t]*$)[^\n]*(?:\n|\Z)|[ \t]*\n)*+)
        (?P<close>[ \t]*(?P=ticks)[`~]*[ \t]*$)?)
    |(?P<span>(?<!`)(?P<tick>`++)[^`\n]++(?:(?!(?P=tick)(?!`))`++[^`\n]++)*+(?P=tick)(?!`))
    |(?P<display>\$\$(?P<display_tex>(?:[^$\\]|\\[\s\S]|\$(?!\$))+?)\$\$
        |\\\[(?P<bracket_tex>(?:(?!\\\[)[\s\S])+?)\\\])
    |(?P<environment>\\begin\{{(?P<name>(?:{_ENVIRONMENTS})\*?)\}}(?:(?!\\begin\{{(?P=name)\}})[\s\S])*?\\end\{{(?P=name)\}})
    |(?P<paren>\\\((?P<paren_tex>(?:[^\\\n]|\n(?!\s*\n)|\\(?![()])[\s\S])+?)\\\))
    |(?P<inline>(?<![\\$])\$(?P<inline_tex>(?![\s$])(?:[^$\\\n]|\\[^\n]|\n(?!\s*\n))*?(?<!\s)
        |[ ](?=[^$\n]*\\[A-Za-z])(?:[^$\\\n]|\\[^\n])+?)\$(?![\d$]))
    |(?P<boxed>\\boxed{_BRACED})
    |(?P<escape>\\[$<>`*_!#&%~]|\\\\(?![\[\]()]))
    |(?P<delimiter>\\[\[\]()])
    |(?P<tag><(?=[A-Za-z/!?]))
    |(?P<image>!(?=\[))
    |(?P<link>\](?=\s*[(:])[ \t]*[(:]\s*)
    |(?P<drawn>```(?=mermaid))
    |(?P<task>^[ \t]*[-*+][ \t]+\[(?=[ xX]\]))
    |(?P<paragraph>\n[ \t]*\n\s*)
    """,
    re.VERBOSE | re.MULTILINE,
)
_CANDIDATE = re.compile(r"[`$\\<!\]\n]|^[ \t~*+-]", re.MULTILINE)
"""Where a token can begin: looked for first, since `_TOKEN` takes a microsecond for each place that it is tried at."""
JOINER = "\u2060"  # keeps two characters apart, and is shown as nothing
_FORMULA, _BARE, _BARE_END = "\u2061", "\u2062", "\u2063"
ASIDE = "\u2064"  # before and after a thought: who copies an answer with it wants the answer
BLANK = "\ufeff"  # ends a language's name: Gradio has a highlighter for C, and for C++ shows no message at all
_MARKS = str.maketrans(dict.fromkeys((JOINER, BLANK, ASIDE, _FORMULA, _BARE, _BARE_END), ""))


_BEGUN = re.compile(rf"({_BARE}{{3,6}})\\begin\{{(?:array\}}\{{rcl|gathered)\}}")
_ENDED = re.compile(rf"\\end\{{(?:array|gathered)\}}({_BARE_END}{{3,6}})")


def _foreign(name: str, mark: str) -> str:
    """The delimiter of an environment that is shown as another one: a mark more for each that stands before it."""
    return mark * (3 + list(_FOREIGN).index(name))


DELIMITERS: list[dict[str, str | bool]] = [
    {"left": left, "right": right, "display": display}
    for left, right, display in (
        (_FORMULA + "$$", "$$" + _FORMULA, True),
        (_FORMULA + "$", "$" + _FORMULA, False),
        (_FORMULA + "\\[", "\\]" + _FORMULA, True),
        (_FORMULA + "\\(", "\\)" + _FORMULA, False),
        *((_foreign(name, _BARE), _foreign(name, _BARE_END), True) for name in reversed(_FOREIGN)),
        (2 * _BARE, 2 * _BARE_END, True),
        (_BARE, _BARE_END, False),
    )
]
"""What a page is to take for formulas, in the order in which it looks for them."""

_TAG = re.compile(r"<(?=[A-Za-z/!?])")
_ACTING = re.compile(r"<(?=[A-Za-z/!?])|!(?=\[)|\](?=[ \t]*[(:])|(?<=```)(?=mermaid)")
"""After each of these a joiner makes it text: tags, images, links, and pictures drawn from code."""
_SAFE_LINK = re.compile(r"(?:https?://|mailto:)", re.IGNORECASE)
_WORD = re.compile(r"(?<![\\A-Za-z{])[A-Za-z]{2,}")
_LANGUAGE = re.compile(r"[A-Za-z0-9+#.-]{1,24}")
_UNFIT = ("mermaid",)  # it would be drawn
_COMMAND = re.compile(r"\\[A-Za-z]|[\^_]\{")
_DELIMITED = re.compile(r"[$`]|\\[()\[\]]|\\begin|\\boxed")
_TEXT = re.compile(r"\\(?:text|textbf|mathrm|operatorname|mbox)\s*\{[^{}]*\}")


def written(shown: str) -> str:
    """What stood there before it was made harmless."""
    names = list(_FOREIGN)
    shown = _BEGUN.sub(lambda m: f"\\begin{{{names[len(m[1]) - 3]}}}", shown)
    shown = _ENDED.sub(lambda m: f"\\end{{{names[len(m[1]) - 3]}}}", shown)
    return shown.translate(_MARKS)


def harmless(text: str) -> str:
    """The Markdown of a text that is complete, or that doesn't grow often."""
    return _render(_unmarked(text), 0)[0]


@lru_cache(maxsize=512)
def body(text: str) -> str:
    """The Markdown of what follows a thought: as `harmless`, with the `<answer>` set off."""
    return harmless(_set_off(text))


def formula(text: str) -> str | None:
    """An answer that is a formula without delimiters, marked as one; None for any other, such as prose or a number."""
    text = _unmarked(" ".join(text.split()))
    if not _COMMAND.search(text) or _DELIMITED.search(text) or _WORD.search(_TEXT.sub("", text)):
        return None
    return _marked(text, _BARE, _BARE_END)


def closed(text: str) -> str:
    """The same with its last fence closed, so that what is put after it is no code."""
    last = deque(_tokens(text), maxlen=1)
    if not last or last[0]["fence"] is None or last[0]["close"] is not None or last[0].end() < len(text):
        return text
    newline = "" if text.endswith("\n") else "\n"
    return f"{text}{newline}{last[0]['indent']}{last[0]['ticks']}"


class Growing:
    """The Markdown of a text that grows: what stands before its last paragraph is not scanned again."""

    def __init__(self) -> None:
        self._text = self._drawn = ""
        self._done, self._at = "", 0

    def render(self, text: str) -> str:
        text = _unmarked(text)
        if text == self._text:
            return self._drawn
        if not text.startswith(self._text):
            self._done, self._at = "", 0
        self._text = text
        rest, settled, settled_at = _render(text, self._at)
        self._drawn = self._done + rest
        if settled_at > self._at:
            self._done, self._at = self._done + rest[:settled], settled_at
        return self._drawn


def _unmarked(text: str) -> str:
    """Without the marks that are ours to set."""
    for mark in (_FORMULA, _BARE, _BARE_END, ASIDE):
        text = text.replace(mark, "")
    return text


def _set_off(text: str) -> str:
    """An `<answer>` as a quotation with its name; one that is still being written, too. page.js undoes it in a copy."""
    parts: list[str] = []
    while True:
        before, opened, rest = text.partition(ANSWER_OPEN)
        parts.append(before)
        if not opened:
            return "".join(parts)
        inside, _, text = rest.partition(ANSWER_CLOSE)
        inside = inside.strip()
        shown = f"\\({inside}\\)" if formula(inside) else inside
        quoted = "\n".join(f"> {line}" for line in f"**Answer**{JOINER} {shown}".splitlines())
        parts.append(f"\n\n{quoted}\n\n")


def _next(text: str, at: int) -> re.Match[str] | None:
    """The first token from an offset on."""
    while begun := _CANDIDATE.search(text, at):
        if m := _TOKEN.match(text, begun.start()):
            return m
        at = begun.end()
    return None


def _tokens(text: str) -> Iterator[re.Match[str]]:
    at = 0
    while m := _next(text, at):
        yield m
        at = m.end()


def _render(text: str, start: int) -> tuple[str, int, int]:
    """The Markdown from an offset on; how much of it is settled, and up to which offset of the text."""
    out: list[str] = []
    length = settled = 0
    at = settled_at = start
    while m := _next(text, at):
        price = m["inline"] is not None and _is_price(m["inline_tex"])
        piece = text[at : m.start()] + ("$" if price else _token(m))
        out.append(piece)
        length += len(piece)
        at = m.start() + 1 if price else m.end()  # the other dollar sign may begin a formula
        if m.lastgroup == "paragraph":
            settled, settled_at = length, at
    out.append(text[at:])
    return "".join(out), settled, settled_at


def _token(m: re.Match[str]) -> str:
    whole = m.group()
    for kind, act in _ACTS:
        if m[kind] is not None:
            return act(m)
    return whole


def _kept_apart(code: str) -> str:
    """Code in which nothing acts, should it turn out to be none."""
    return _ACTING.sub(rf"\g<0>{JOINER}", code)


def _fence(m: re.Match[str]) -> str:
    """Code. A language that is none, or that the page must not take up, is kept from being known."""
    info = m["info"]
    language = info.strip().partition(" ")[0]
    known = not language or (language not in _UNFIT and _LANGUAGE.fullmatch(language))
    head = m.group()[: m.start("info") - m.start()]
    rest = m.group()[m.end("info") - m.start() :]
    if language == "cpp":
        return head + _kept_apart(info).replace("cpp", f"c{BLANK}pp", 1) + _kept_apart(rest)
    return f"{head}{'' if known else JOINER}{_kept_apart(info)}{_kept_apart(rest)}"


def _marked(tex: str, before: str = _FORMULA, after: str = _FORMULA) -> str:
    """A formula, by default one with delimiters of its own. A joiner in it may stand after a relation only."""
    return f"{before}{_TAG.sub(f'<{JOINER}', tex)}{after}"


def _environment(m: re.Match[str]) -> str:
    """A bare environment. One that is foreign to the page is another one there."""
    name = m["name"]
    if name not in _FOREIGN:
        return _marked(m.group(), 2 * _BARE, 2 * _BARE_END)
    begin, end = _FOREIGN[name]
    tex = m.group().removeprefix(f"\\begin{{{name}}}").removesuffix(f"\\end{{{name}}}")
    return _marked(f"{begin}{tex}{end}", _foreign(name, _BARE), _foreign(name, _BARE_END))


def _is_price(tex: str) -> bool:
    """Whether what stands between two dollar signs is prose: "5 and 10" of "$5 and 10$", "5 (" of "$5 ($x$)"."""
    prose = tex[0].isdigit() and "\\" not in tex and " " in tex
    return prose and (_WORD.search(tex) is not None or tex.count("(") != tex.count(")"))


def _link(m: re.Match[str]) -> str:
    if _SAFE_LINK.match(m.string, m.end()):
        return m.group()
    return f"]{JOINER}{m.group()[1:]}"


_ACTS = (
    ("fence", _fence),
    ("span", lambda m: _kept_apart(m.group())),
    ("display", lambda m: _marked(m.group())),
    ("environment", _environment),
    ("paren", lambda m: _marked(m.group())),
    ("inline", lambda m: _marked(m.group())),
    ("boxed", lambda m: _marked(m.group(), _BARE, _BARE_END)),
    ("delimiter", lambda m: f"\\{JOINER}{m.group()[1]}{JOINER}"),
    ("escape", lambda m: m.group() + (JOINER if m.group()[1] in "<!" else "")),
    ("tag", lambda _: f"<{JOINER}"),
    ("image", lambda _: f"!{JOINER}"),
    ("link", _link),
    ("drawn", lambda m: m.group() + JOINER),
    ("task", lambda m: m.group() + JOINER),  # the page would show nothing in place of a box to tick
)
