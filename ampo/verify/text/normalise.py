"""One spelling for what is written in many: unicode, LaTeX dressing, markdown, thousands separators.

What comes out is ASCII LaTeX without `$`, sizes, spaces and fonts, ready for `ampo.verify.kinds.structure`. String
work only,
in linear time; the input has passed `ampo.verify.formula.guard`.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from ampo.verify.text.bound_letters import one_name
from ampo.verify.text.damage import mended, restored
from ampo.verify.text.dress import undressed
from ampo.verify.text.languages import in_english
from ampo.verify.text.unit_vectors import unit_vectors
from ampo.verify.text.units import is_unit_word

_SUPERSCRIPTS = dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁽⁾ⁿⁱ", "0123456789+-()ni", strict=True))
_SUBSCRIPTS = dict(zip("₀₁₂₃₄₅₆₇₈₉₊₋", "0123456789+-", strict=True))
_UNICODE = {
    **dict.fromkeys("−–—‐‑﹣", "-"),
    **dict.fromkeys("×⋅·∙•∗", "*"),
    **dict.fromkeys("÷∕⁄", "/"),
    **dict.fromkeys("′’‘ʹ", "'"),
    **dict.fromkeys("”“", '"'),
    "″": "''",
    "√": r"\sqrt ",
    "∛": r"\cbrt ",
    "∞": r"\infty ",
    "≤": r"\le ",
    "⩽": r"\le ",
    "≦": r"\le ",
    "≥": r"\ge ",
    "⩾": r"\ge ",
    "≧": r"\ge ",
    "≠": r"\ne ",
    "≈": r"\approx ",
    "≃": r"\approx ",
    "∈": r"\in ",
    "∀": r"\forall ",
    "∉": r"\notin ",
    "∪": r"\cup ",
    "∩": r"\cap ",
    "∖": r"\setminus ",
    "±": r"\pm ",
    "∓": r"\mp ",
    "°": r"^\circ ",
    "º": r"^\circ ",
    "˚": r"^\circ ",
    "∅": r"\emptyset ",
    "→": r"\to ",
    "⌊": r"\lfloor ",
    "⌋": r"\rfloor ",
    "⌈": r"\lceil ",
    "⌉": r"\rceil ",
    "⟨": r"\langle ",
    "⟩": r"\rangle ",
    "∠": r"\angle ",
    "∧": r" and ",
    "∨": r" or ",
    "ℏ": r"\hbar ",
    "ℓ": r"\ell ",
    "∶": ":",
    "٫": ".",
    "٬": ",",
    "٪": "%",
    "，": ", ",
    "；": "; ",
    "。": ". ",
    "½": r"\frac{1}{2}",
    "⅓": r"\frac{1}{3}",
    "⅔": r"\frac{2}{3}",
    "¼": r"\frac{1}{4}",
    "¾": r"\frac{3}{4}",
    "⅕": r"\frac{1}{5}",
    "⅖": r"\frac{2}{5}",
    "⅗": r"\frac{3}{5}",
    "⅘": r"\frac{4}{5}",
    "⅙": r"\frac{1}{6}",
    "⅚": r"\frac{5}{6}",
    "⅛": r"\frac{1}{8}",
    "⅜": r"\frac{3}{8}",
    "⅝": r"\frac{5}{8}",
    "⅞": r"\frac{7}{8}",
    "ℝ": r"\mathbb{R}",
    "ℤ": r"\mathbb{Z}",
    "ℕ": r"\mathbb{N}",
    "ℚ": r"\mathbb{Q}",
    "ℂ": r"\mathbb{C}",
    "€": r"\euro ",
    "£": r"\pound ",
    "\u00c5": r"\AA ",
    "\u212b": r"\AA ",
    "¥": r"\yen ",
    "₹": r"\rupee ",
    "¢": r"\text{ cents}",
    "\u00b5": r"\mu ",
    "\u2126": r"\Omega ",
    "î": r"\hat{i}",
    "ĵ": r"\hat{j}",
}
_CIRCLED = re.compile(r"(?<=[①-⑳])\s*(?=[①-⑳])")  # side by side: a list
_GREEK_START = {0x391: "Alpha", 0x3B1: "alpha"}
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
_CHECKS = frozenset("✓✔✅☑■□∎◼▪")
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
    text = _BOLD.sub(r"\1", _untagged(_ascii(in_english(text))))
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


def _ascii(text: str) -> str:
    if text.isascii():
        return text
    parts: list[str] = []
    run = ""
    for c in _CIRCLED.sub(", ", text).replace("k\u0302", "\\hat{k}"):
        mark = "^" if c in _SUPERSCRIPTS else "_" if c in _SUBSCRIPTS else ""
        if run and mark != run:
            parts.append("}")
        if mark:
            parts.append("" if mark == run else mark + "{")
            parts.append(_SUPERSCRIPTS.get(c) or _SUBSCRIPTS[c])
        else:
            parts.append(_character(c))
        run = mark
    return "".join([*parts, "}" if run else ""])


@lru_cache(maxsize=4096)
def _character(c: str) -> str:
    if c in _CHECKS:
        return " "
    if c in _UNICODE:
        return _UNICODE[c]
    if "α" <= c <= "ω" or "Α" <= c <= "Ω":
        name = unicodedata.name(c, "").split()[-1]
        word = {"LAMDA": "lambda", "OMICRON": "o"}.get(name, name.lower()) if name != "SIGMA" else "sigma"
        return f"\\{word.capitalize() if c.isupper() else word} "
    digit = unicodedata.decimal(c, None)
    return str(digit) if digit is not None else unicodedata.normalize("NFKC", c)


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
