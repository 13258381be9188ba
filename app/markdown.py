r"""What a model wrote, as Markdown that a page can show: mathematics marked as such, and nothing in it that acts.

Mathematics. A page that takes `$` for a delimiter also takes "$5 and $10" for a formula. So it is decided here what
is a formula, by pandoc's rule and one more for prices, and every formula comes out between `\(..\)` or `\[..\]`,
the only delimiters the page knows. A bare `\boxed{}` and a bare environment are formulas, too.

Harmless. Outside code, a `<` that could begin a tag becomes text, an image becomes a link, and a link goes to http,
https or mailto or is none. The page's own sanitiser and its content security policy stand behind this, they are not
relied on.

Code is left as it is; where it is not sure that the page will see code, too, it counts as text. A text that grows is
scanned again only from its last paragraph on: see `Growing`.
"""

from __future__ import annotations

import re
from functools import lru_cache

from ampo.prompts import ANSWER_CLOSE, ANSWER_OPEN

_ENVIRONMENTS = (
    "equation|align|aligned|alignat|alignedat|gather|gathered|cases|dcases|split|array|darray|"
    "matrix|pmatrix|bmatrix|Bmatrix|vmatrix|Vmatrix|smallmatrix|CD"
)
_BRACED = r"\{(?:[^{}]|\{(?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*\})*\}"
_TOKEN = re.compile(
    rf"""
    (?P<fence>^(?P<indent>[ \t]*)(?P<ticks>`{{3,}}|(?<=^)~{{3,}})(?P<info>[^\n`]*)\n
        (?P<code>(?:(?P=indent)(?![ \t]*(?P=ticks)[`~]*[ \t]*$)[^\n]*(?:\n|\Z)|[ \t]*\n)*+)
        (?:[ \t]*(?P=ticks)[`~]*[ \t]*$)?)
    |(?P<span>(?<!`)(?P<tick>`+)(?!`)(?:[^`\n]|(?!(?<!`)(?P=tick)(?!`))`)+?(?<!`)(?P=tick)(?!`))
    |(?P<display>\$\$(?P<display_tex>(?:[^$\\]|\\[\s\S]|\$(?!\$))+?)\$\$
        |\\\[(?P<bracket_tex>(?:(?!\\\[)[\s\S])+?)\\\])
    |(?P<environment>\\begin\{{(?P<name>(?:{_ENVIRONMENTS})\*?)\}}(?:(?!\\begin\{{(?P=name)\}})[\s\S])*?\\end\{{(?P=name)\}})
    |(?P<paren>\\\((?P<paren_tex>(?:[^\\\n]|\n(?!\s*\n)|\\(?![()])[\s\S])+?)\\\))
    |(?P<inline>(?<![\\$])\$(?P<inline_tex>(?![\s$])(?:[^$\\\n]|\\[^\n]|\n(?!\s*\n))*?(?<!\s))\$(?![\d$]))
    |(?P<boxed>\\boxed{_BRACED})
    |(?P<escape>\\[$<>`*_!#&%~]|\\\\(?![\[\]()]))
    |(?P<delimiter>\\[\[\]()])
    |(?P<tag><(?=[A-Za-z/!?]))
    |(?P<image>!(?=\[))
    |(?P<link>\](?=\s*[(:])[ \t]*[(:]\s*)
    |(?P<paragraph>\n[ \t]*\n\s*)
    """,
    re.VERBOSE | re.MULTILINE,
)
_TAG = re.compile(r"<(?=[A-Za-z/!?])")
_JOINER = "\u2060"  # invisible: keeps a backslash and its bracket from being taken for a delimiter
_SAFE_LINK = re.compile(r"(?:https?://|mailto:)", re.IGNORECASE)
_WORD = re.compile(r"(?<![\\A-Za-z{])[A-Za-z]{2,}")
_LANGUAGE = re.compile(r"[A-Za-z0-9+#.-]{1,24}")


def harmless(text: str) -> str:
    """The Markdown of a text that is complete, or that doesn't grow often."""
    return _render(text, 0)[0]


@lru_cache(maxsize=512)
def body(text: str) -> str:
    """The Markdown of what follows a thought: as `harmless`, with the `<answer>` set off."""
    return harmless(_set_off(text))


class Growing:
    """The Markdown of a text that grows: what stands before its last paragraph is not scanned again."""

    def __init__(self) -> None:
        self._text = ""
        self._done, self._at = "", 0

    def render(self, text: str) -> str:
        if not text.startswith(self._text):
            self._done, self._at = "", 0
        self._text = text
        rest, settled, settled_at = _render(text, self._at)
        result = self._done + rest
        if settled_at > self._at:
            self._done, self._at = self._done + rest[:settled], settled_at
        return result


def _set_off(text: str) -> str:
    """An `<answer>` as a quotation with its name; one that is still being written, too."""
    before, opened, rest = text.partition(ANSWER_OPEN)
    if not opened:
        return text
    inside, _, after = rest.partition(ANSWER_CLOSE)
    quoted = "\n".join(f"> {line}" for line in f"**Answer** {inside.strip()}".splitlines())
    return f"{before}\n\n{quoted}\n\n{_set_off(after)}"


def _render(text: str, start: int) -> tuple[str, int, int]:
    """The Markdown from an offset on; how much of it is settled, and up to which offset of the text."""
    out: list[str] = []
    length = settled = 0
    at = settled_at = start
    for m in _TOKEN.finditer(text, start):
        piece = text[at : m.start()] + _token(m)
        out.append(piece)
        length += len(piece)
        at = m.end()
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


def _fence(m: re.Match[str]) -> str:
    """Code as it is. A language that is none, or that would be drawn (mermaid), is left out."""
    language = m["info"].strip().partition(" ")[0]
    if language == "mermaid" or not _LANGUAGE.fullmatch(language):
        language = ""
    head = m.group()[: m.start("info") - m.start()]
    return f"{head}{language}\n{_unpaired(m.group()[m.start('code') - m.start() :])}"


def _span(code: str) -> str:
    """Code in a line. In a table's row the bars go first and may leave what stands between them no code at all."""
    return _unpaired(_TAG.sub("&lt;", code) if "|" in code else code)


def _unpaired(code: str) -> str:
    """Code in which no `\\(` or `\\[` waits for a partner: the page looks for them in code as well."""
    for opening, closing in (("\\(", "\\)"), ("\\[", "\\]")):
        if code.count(opening) != code.count(closing):
            code = code.replace(opening, f"\\{_JOINER}{opening[1]}").replace(closing, f"\\{_JOINER}{closing[1]}")
    return code


def _display(tex: str) -> str:
    # A blank line would end the paragraph and the formula with it.
    return "\\[" + re.sub(r"\n\s*\n", "\n", _tex(tex.strip())) + "\\]"


def _tex(tex: str) -> str:
    """A formula in which nothing looks like a tag."""
    return _TAG.sub(r"\\lt ", tex)


def _inline(m: re.Match[str]) -> str:
    tex = m["inline_tex"]
    if _is_price(tex):
        return "$" + harmless(tex) + "$"
    return f"\\({_tex(tex)}\\)"


def _is_price(tex: str) -> bool:
    """Whether what stands between two dollar signs is prose between two amounts: "5 and 10" of "$5 and 10$"."""
    return tex[0].isdigit() and "\\" not in tex and " " in tex and _WORD.search(tex) is not None


def _link(m: re.Match[str]) -> str:
    if _SAFE_LINK.match(m.string, m.end()):
        return m.group()
    return m.group().replace("(", "&#40;").replace(":", "&#58;")


_ACTS = (
    ("fence", _fence),
    ("span", lambda m: _span(m.group())),
    ("display_tex", lambda m: _display(m["display_tex"])),
    ("bracket_tex", lambda m: _display(m["bracket_tex"])),
    ("environment", lambda m: _display(m.group())),
    ("paren", lambda m: _tex(m.group())),
    ("inline", _inline),
    ("boxed", lambda m: f"\\({_tex(m.group())}\\)"),
    ("delimiter", lambda m: f"\\{_JOINER}{m.group()[1]}"),
    ("escape", lambda m: "&lt;" if m.group() == "\\<" else m.group()),
    ("tag", lambda _: "&lt;"),
    ("image", lambda _: "\\!"),
    ("link", _link),
)
