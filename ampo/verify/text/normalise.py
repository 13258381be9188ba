"""One spelling for what is written in many: unicode, LaTeX dressing, markdown, thousands separators.

What comes out is ASCII LaTeX without `$`, sizes, spaces and fonts, ready for `ampo.verify.kinds.structure`. String
work only,
in linear time; the input has passed `ampo.verify.formula.guard`.
"""

from __future__ import annotations

import re
from functools import lru_cache

from ampo.verify.text.bound_letters import one_name
from ampo.verify.text.damage import mended, restored
from ampo.verify.text.dress import undressed
from ampo.verify.text.languages import in_english
from ampo.verify.text.unicode import as_ascii
from ampo.verify.text.unit_vectors import unit_vectors
from ampo.verify.text.units import is_unit_word

_SIZES = re.compile(
    r"\\(?:left|right|[bB]igg?[lrm]?|displaystyle|textstyle|scriptstyle|limits|nolimits|quad|qquad|hfill|newline|"
    r"thinspace|medspace|centering|noindent|hline|tiny|scriptsize|footnotesize|small|normalsize|large|Large|LARGE|huge|"
    r"Huge|square|blacksquare|Box|qed|checkmark)(?![a-zA-Z])\.?"
)
_SPACES = re.compile(r"(?<!\\)\\[,;:! >]|~|\\(?:hspace|vspace|hskip)\*?\{[^{}]*\}|\\phantom\{[^{}]*\}")
_RENAMED = {
    "dfrac": "frac", "tfrac": "frac", "cfrac": "frac", "dbinom": "binom", "tbinom": "binom", "leq": "le", "leqslant": "le",  # noqa: E501
    "geq": "ge", "geqslant": "ge", "neq": "ne", "lbrace": "{", "rbrace": "}", "lt": "<", "gt": ">", "land": " and ",
    "lor": " or ", "textdegree": "^\\circ ", "degree": "^\\circ ", "lbrack": "[", "rbrack": "]", "lparen": "(",
    "rparen": ")", "vert": "|", "mid": "|", "middle": "", "rightarrow": "to", "simeq": "approx", "doteq": "approx",
    "colon": ":", "varnothing": "emptyset", "backslash": "setminus", "smallsetminus": "setminus", "textbf": "text", "cdotp": "cdot", "bullet": "cdot",  # noqa: E501
    "textit": "text", "textrm": "text", "textsf": "text", "mbox": "text", "hbox": "text", "textup": "text", "textnormal": "text", "texttt": "text", "emph": "text",  # noqa: E501
    "operatorname*": "operatorname", "nicefrac": "frac", "sfrac": "frac", "fbox": "boxed",
    "dots": "ldots", "cdots": "ldots", "lvert": "|", "rvert": "|",
    "bf": "", "rm": "", "it": "", "tt": "", "sf": "", "cal": "", "mathopen": "", "mathclose": "", "mathrel": "", "mathbin": "",  # noqa: E501
}  # fmt: skip
_COMMAND = re.compile(r"\\([a-zA-Z]+)")
_BOLD = re.compile(r"(?<![\w)*])\*\*(?=[^\s*])([^*]{1,200})(?<!\s)\*\*(?![\w(*])")
_LONE_DOLLAR = re.compile(r"([^$\\]*(?<!\w))\$(\d[\d,]*(?:\.\d+)?)(?=\s*$|[.,;!?)]|\s+[a-zA-Z])([^$\\<>=:+*/^]*)")
_FONT = re.compile(
    r"\\(?:mathtt|pmb|underline|mathbf|mathrm|mathit|mathsf|boldsymbol|bm|mathnormal|vec|operatorname)\s*\{([A-Za-z0-9]|[-+]?\d+(?:\.\d+)?)\}"
)
_UNDERLINED = re.compile(r"\\(?:underline|pmb|uline|colorbox\s*\{[a-zA-Z]{1,20}\})\s*\{([^{}]*)\}")
_TAGS = re.compile(r"</?(?:b|i|em|strong|u|span|p)>")
_RAISED = re.compile(r"<(su[pb])>([^<>]{1,40})</su[pb]>")
_ENTITIES = {"&ge;": r"\ge ", "&le;": r"\le ", "&ne;": r"\ne ", "&lt;": "<", "&gt;": ">", "&nbsp;": " ", "&minus;": "-"}
_ENTITY = re.compile("|".join(_ENTITIES))
_GROUPED = re.compile(r"(?<![\w.'])\d{1,3}(?:(?:'\d{3})+|(?:_\d{3})+)(?![\w'])")
_ENVIRONMENT = re.compile(r"\\(?:begin|end)\s*\{(?:equation|displaymath|math|center)\*?\}")
_RECURRING = re.compile(
    r"(?<![\w.])(\d*)\.(\d{0,12}?)(?:\((\d{1,30})\)(?![\w(])|(\d{1,6}?)\4{2,}(?:\.\.\.|\\ldots(?![a-zA-Z])))"
)
_DOTS = re.compile(r"(?<=,)\s*\.\.\.\s*(?=,)")
_ASIDE = re.compile(
    r"(?:(?<!\s)\s*+\(\s*+|,?(?<!\s)\s++(?:\\text\s*+\{\s*+)?or\s++|,\s*+)(?:\\text\s*+\{\s*+)?"
    r"(?:\\approx|(?:about|approximately|approx\.?|roughly)\b)\s*+\}?\s*+(-?\d{1,30}(?:\.\d{1,30})?)\s*+\)?$"
)
_EXACT = re.compile(r"\\(?:d?frac|sqrt|pi|ln|log|sin|cos|tan|binom|e\b)|\d\s*/\s*\d|\^")
_MAX_BOXES = 40
_BOX = re.compile(
    r"\\(?:boxed|framebox|ensuremath)\s*\{|"
    r"\\(?:bm|boldsymbol|mathbf|pmb|underline|uline|mathnormal|mathit|mathsf|mathtt)\s*\{(?!\s*[a-zA-Z]\s*\})"
)
_REPEATING = re.compile(r"(?<!\d)(\d*)\.(\d*)\\(?:overline|bar|dot)\s*\{(\d{1,30})\}")
_TEXT_AND = re.compile(r"\\text\s*+\{\s*+(,?\s*+)(and|or|in|to|is|for|if)\s*+\}")
_FRAC_FIXES = (
    (re.compile(r"\\frac\s*(\d)\s*(\d)"), r"\\frac{\1}{\2}"),
    (re.compile(r"\\frac\s*(\d)\s*\{"), r"\\frac{\1}{"),
    (re.compile(r"(\\frac\s*\{[^{}]*\})\s*(\d|[a-zA-Z])"), r"\1{\2}"),
    (re.compile(r"\\binom\s*(\d)\s*(\d)(?!\d)"), r"\\binom{\1}{\2}"),
    (re.compile(r"\\frac\s+([a-zA-Z])\s+([a-zA-Z0-9])"), r"\\frac{\1}{\2}"),
)
_TEXT_NUMBER = re.compile(r"^\\text\s*\{\s*([-+]?\d+(?:\.\d+)?)\s*\}$")
_COLOUR = re.compile(r"\\(?:text)?color\s*\{[a-zA-Z]{1,20}\}")
_ROW_SPACING = re.compile(r"\\\\\s*\[\s*\d{1,3}(?:\.\d{1,3})?\s*(?:mm|cm|pt|em|ex)\s*\]")
_CHOOSE = re.compile(
    r"(?:(?:\{\s*\}|(?<![\w)}\]]))[_^]\s*\{?(\d{1,4})\}?\s*C_|(?<!\w)C_\s*\{?(\d{1,4})\}?\s*\^)\s*\{?(\d{1,4})\}?"
)
_HEXADECIMAL = re.compile(r"(?<![A-Za-z0-9\\])(\d*[A-F][0-9A-F]{1,30}|\d{1,30}[A-F])_\s*(?:16(?!\d)|\{\s*16\s*\})")
_SECONDS_OF_ARC = re.compile(r"(\\circ[^a-zA-Z\"]{0,40}\d)\s*\"")
_IN_ALL = re.compile(r"(?<=[\w}),])\s+(?:in (?:total|all)|altogether|all together|overall|combined)$", re.IGNORECASE)
_TRAILING = " \t\r\n.,;:!*`\"'"


@lru_cache(maxsize=2048)
def normalise(text: str) -> str:
    """The one spelling of an answer."""
    text = undressed(restored(mended(text)))
    text = _BOLD.sub(r"\1", _untagged(as_ascii(in_english(text))))
    if lone := _LONE_DOLLAR.fullmatch(text):  # money, and no formula whose end was forgotten
        behind = re.match(r"\s*([a-zA-Z]+)", lone[3])
        text = text if behind and is_unit_word(behind[1]) else f"{lone[1]}\\${lone[2]}{lone[3]}"
    text = (
        text.replace("\\$", "\\dollar ").replace("$", " ").replace("**", " ")
        if "**" not in _power_marks(text)
        else _keep_powers(text)
    )
    text = re.sub(r"\\[()\[\]](?!\d*(?:pt|em|ex|mm|cm))", " ", text)
    text = text.replace("{,}", ",").replace(r"\%", "%").replace(r"\#", "#").replace(r"\&", "&").replace(r"\_", "_")
    text = re.sub(r",\s*\\!\s*", ",", text).replace("\\!", "")
    if "\\" in text or "~" in text:
        text = _ENVIRONMENT.sub(" ", _COMMAND.sub(_renamed, text))
        text = _unboxed(_SPACES.sub(" ", _SIZES.sub("", text)))
    text = unit_vectors(text)
    text = _REPEATING.sub(_repeating, text)
    text = _RECURRING.sub(_recurring, text)
    text = _GROUPED.sub(lambda m: re.sub("['_]", "", m[0]), text)
    if "\\" in text:
        text = _TEXT_AND.sub(r"\1 \2 ", text)
        text = _TEXT_NUMBER.sub(r"\1", _COLOUR.sub(" ", text))
        text = _ROW_SPACING.sub(r"\\\\", text)
    text = _CHOOSE.sub(lambda m: f"\\binom{{{m[1] or m[2]}}}{{{m[3]}}}", text)
    text = _DOTS.sub(r"\\ldots", text)
    if "\\" in text:
        for _ in range(3):
            text = _UNDERLINED.sub(r" \1 ", text)
            text = _FONT.sub(r"\1", text)
    text = _HEXADECIMAL.sub(r"0x\1", text)
    if "\\frac" in text or "\\binom" in text:
        for pattern, replacement in _FRAC_FIXES:
            text = pattern.sub(replacement, text)
    if "\\sum" in text or "\\prod" in text:
        text = one_name(text)
    text = text.replace("np.", "").replace("math.", "").replace("numpy.", "")
    text = _SECONDS_OF_ARC.sub(r"\1''", " ".join(text.split()))
    return _aside(_without_ends(_IN_ALL.sub("", _without_ends(text))))


def _aside(text: str) -> str:
    """An exact form with its approximation behind it, in brackets or after "or": a chain, whose sides must agree."""
    m = _ASIDE.search(text)
    return f"{text[: m.start()]} \\approx {m[1]}" if m and _EXACT.search(text[: m.start()]) else text


def _repeating(m: re.Match[str]) -> str:
    """0.1\\overline{6} as a fraction."""
    return f"\\frac{{{_over(m[1], m[2], m[3])}}}"


def _over(whole: str, fixed: str, period: str) -> str:
    """Top and bottom of a recurring decimal, for a fraction."""
    bottom = (10 ** len(period) - 1) * 10 ** len(fixed)
    top = int((whole or "0") + fixed + period) - int((whole or "0") + fixed)
    return f"{top}}}{{{bottom}"


def _recurring(m: re.Match[str]) -> str:
    """0.1(6), and 0.1666...: a block that is written three times and followed by dots."""
    return f"\\frac{{{_over(m[1], m[2], m[3] or m[4])}}}"


def _untagged(text: str) -> str:
    """Without what HTML says of fonts; x<sup>2</sup> is x^{2}."""
    if "<" in text and "</" in text:
        text = _TAGS.sub("", _RAISED.sub(lambda m: f"{'^' if m[1] == 'sup' else '_'}{{{m[2]}}}", text))
    return _ENTITY.sub(lambda m: _ENTITIES[m[0]], text) if "&" in text else text


def _power_marks(text: str) -> str:
    """ "**" if the stars are powers of a program rather than markdown."""
    return "**" if re.search(r"[\w)]\s?\*\*\s?[-\d(a-z]", text) and not text.strip().startswith("**") else ""


def _keep_powers(text: str) -> str:
    return text.replace("\\$", "\\dollar ").replace("$", " ").replace("**", "^")


def _renamed(m: re.Match[str]) -> str:
    new = _RENAMED.get(m[1])
    if new is None:
        return m[0]
    return f"\\{new}" if new.isalpha() or (new in "{}" and new) else (new or " ")


def _unboxed(text: str) -> str:
    """\\boxed{x} is x; other braces stay."""
    for _ in range(_MAX_BOXES):
        m = _BOX.search(text)
        if m is None:
            break
        depth, end = 1, m.end()
        while end < len(text) and depth:
            depth += (text[end] == "{") - (text[end] == "}")
            end += 1
        inner = text[m.end() : end - 1] if not depth else text[m.end() :]
        text = f"{text[: m.start()]} {inner} {text[end:]}"
    return text


def _without_ends(text: str) -> str:
    """Without the full stop, the quotes and the leading = or colon around an answer."""
    previous = None
    while text != previous:
        previous = text
        text = text.strip()
        if text.endswith(("!", "'")) and len(text) > 1 and (text[-2].isalnum() or text[-2] in ")}'"):
            pass
        else:
            text = text.rstrip(_TRAILING) if not re.search(r"\d\.$", text) else text[:-1]
        text = re.sub(r"^(?:[=:,;.]\s+|=|:|\"|`)+", "", text) if not re.match(r"\.\d", text) else text
        text = text.lstrip(" *`")
    return text
