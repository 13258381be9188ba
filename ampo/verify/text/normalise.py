"""One spelling for what is written in many: unicode, LaTeX dressing, markdown, thousands separators.

What comes out is ASCII LaTeX without `$`, sizes, spaces and fonts, ready for `ampo.verify.kinds.structure`. String
work only,
in linear time; the input has passed `ampo.verify.formula.guard`.
"""

from __future__ import annotations

import re
from functools import lru_cache

from ampo.verify.text.damage import mended, restored
from ampo.verify.text.dress import undressed
from ampo.verify.text.foreign_fractions import foreign_fraction
from ampo.verify.text.json_objects import in_words
from ampo.verify.text.kets import kets_as_names
from ampo.verify.text.languages import in_english
from ampo.verify.text.named_results import named
from ampo.verify.text.negations import without_negation
from ampo.verify.text.phasors import phasors
from ampo.verify.text.recursions import from_n
from ampo.verify.text.uncertainty import uncertain
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
_TRANSPOSED = re.compile(
    r"\^\s?(?:\\(?:top|intercal)(?![a-zA-Z])|\{\s?(?:\\(?:top|intercal)|\\(?:mathsf|mathrm|text|rm)\s?\{?\s?T\s?\}?)\s?\})\s?"
)
_UNDERLINED = re.compile(r"\\(?:underline|pmb|uline|colorbox\s*\{[a-zA-Z]{1,20}\})\s*\{([^{}]*)\}")
_TAGS = re.compile(r"</?(?:b|i|em|strong|u|span|p)>")
_RAISED = re.compile(r"<(su[pb])>([^<>]{1,40})</su[pb]>")
_ENTITIES = {"&ge;": r"\ge ", "&le;": r"\le ", "&ne;": r"\ne ", "&lt;": "<", "&gt;": ">", "&nbsp;": " ", "&minus;": "-"}
_ENTITY = re.compile("|".join(_ENTITIES))
_GROUPED = re.compile(r"(?<![\w.'])\d{1,3}(?:(?:'\d{3})+|(?:_\d{3})+)(?![\w'])")
_ENVIRONMENT = re.compile(r"\\(?:begin|end)\s*\{(?:equation|displaymath|math|center)\*?\}")
_RECURRING = re.compile(
    r"(?<![\w.])(\d*)\.(\d{0,12}?)(?:\((\d{1,30})\)(?![\w(])|(\d{1,6}?)\4+(?:\.\.\.|\\ldots(?![a-zA-Z])))"
)
_THOUSANDS = re.compile(
    r"((?<=\\dollar)\s*\d[\d,]*(?:\.\d+)?\s?(?=k\b)|"
    r"(?<![\w.,])\d[\d,]*(?:\.\d+)?\s?(?:\\text\s?\{\s?)?(?=k\s(?:dollars|euros|pounds|bucks)\b))k"
)  # \\$10k
_SIGN_BEHIND = re.compile(r"\s*([-+]?\d[\d,]*(?:\.\d+)?)\s*\\(dollar|euro|pound|yen|rupee)\s*")  # 936 €
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
_CONNECTIVES = {"land": "\\And ", "lor": "\\Or ", "lnot": "\\neg ", "Rightarrow": "\\to ", "sim": "\\neg "}
_CONNECTS = re.compile(rf"\\({'|'.join(_CONNECTIVES)})(?![a-zA-Z])")
_LOGIC = re.compile(  # of single letters
    r"(?:[\s()\[\]]|[a-zA-Z](?![a-zA-Z])|\\(?:land|lor|wedge|vee|neg|lnot|sim|to|rightarrow|Rightarrow|implies|iff|leftrightarrow|oplus|left"
    r"|right)(?![a-zA-Z])|\\[,;: ])+"
)
_OF_A_SET = re.compile(
    r"\\(min|max|gcd|lcm)\s?\\\{((?:[^{}\\]|\\[a-zA-Z]|\{[^{}]{0,60}\}){1,200})\\\}"
)  # \\min\\{a, b\\}
_DOTTED = re.compile(r"(?<!\d)(\d*)\.(\d*)\\dot\s?(?:\{(\d)\}|(\d))(?:(\d{0,30})\\dot\s?(?:\{(\d)\}|(\d)))?(?!\d)")
_TEXT_AND = re.compile(r"\\text\s*+\{\s*+(,?\s*+)(and|or|in|to|is|for|if)\s*+\}")
_FRAC_FIXES = (
    (re.compile(r"\\frac\s*(\d)\s*(\d)"), r"\\frac{\1}{\2}"),
    (re.compile(r"\\frac\s*(\d)\s*\{"), r"\\frac{\1}{"),
    (re.compile(r"(\\frac\s*\{[^{}]*\})\s*(\d|[a-zA-Z])"), r"\1{\2}"),
    (re.compile(r"\\binom\s*(\d)\s*(\d)(?!\d)"), r"\\binom{\1}{\2}"),
    (re.compile(r"\\frac\s+([a-zA-Z])\s+([a-zA-Z0-9])"), r"\\frac{\1}{\2}"),
)
_TEXT_NUMBER = re.compile(r"^\\text\s*\{\s*([-+]?\d+(?:\.\d+)?(?:\s[A-Za-z]{1,3}(?:/[A-Za-z]{1,3})?)?)\s*\}$")
_COLOUR = re.compile(r"\\(?:text)?color\s*\{[a-zA-Z]{1,20}\}")
_ROW_SPACING = re.compile(r"\\\\\s*\[\s*\d{1,3}(?:\.\d{1,3})?\s*(?:mm|cm|pt|em|ex)\s*\]")
_CHOOSE = re.compile(
    r"(?:(?:\{\s*\}|(?<![\w)}\]]))[_^]\s*\{?(\d{1,4})\}?\s*C_|(?<!\w)C_\s*\{?(\d{1,4})\}?\s*\^)\s*\{?(\d{1,4})\}?"
)
_ARRANGED = re.compile(
    r"(?:\{\s?\}|(?<![\w)}\]]))[_^]\s?(?:\{(?=\d{1,4}\}))?(\d{1,4})\}?\s?P_\s?\{?(\d{1,4})\}?"
)  # ^{10}P_3
_INDIAN = re.compile(r"(\\rupee\s?|\bRs\.?\s?|\bINR\s?)(\d{1,2}(?:,\d{2}){1,6},\d{3})(?![\d,])")  # ₹1,20,000
_GOOGOL = re.compile(r"(?:a |one |1 )?googol", re.IGNORECASE)
_HEXADECIMAL = re.compile(r"(?<![A-Za-z0-9\\])(\d*[A-F][0-9A-F]{1,30}|\d{1,30}[A-F])_\s*(?:16(?!\d)|\{\s*16\s*\})")
_SECONDS_OF_ARC = re.compile(r"(\\circ[^a-zA-Z\"]{0,40}\d)\s*\"")
_IN_ALL = re.compile(r"(?<=[\w}),])\s+(?:in (?:total|all)|altogether|all together|overall|combined)$", re.IGNORECASE)
_DOUBLE_FACTORIAL = re.compile(r"(?:\)|(?<![a-zA-Z])\d)!!$")
_UPRIGHT_UNIT = re.compile(r"(?<=[\d}])\s?(?:\\[ ,;:]|~)\s?\\mathrm\s?\{([A-Z])\}(?=[\s$.]*$)")  # 0.05\,\mathrm{M}
_SILENT_NAME = re.compile(r"\\(?:vec|mathbf|boldsymbol|bm|mathrm)\s([A-Za-z])(?![A-Za-z])")
_DECIMAL_COMMA = re.compile(r"(?<=\d)\{,\}(?=\d{1,2}(?!\d)|\d{4})")  # 3{,}75, and not 1{,}234
_POWERS_SIDE_BY_SIDE = re.compile(r"(?<![\w^}])(\d{1,9})\^(\d)(\d{1,9})\^")  # 2^33^2
_ANNOUNCED = re.compile(r"^(?:final |correct )?answer\s*:\s*(?=\S)", re.IGNORECASE)
_TRAILING = " \t\r\n.,;:!*`\"'"


@lru_cache(maxsize=2048)
def normalise(text: str) -> str:
    """The one spelling of an answer."""
    text = _ANNOUNCED.sub("", undressed(restored(mended(in_words(text)))), count=1)
    text = foreign_fraction(text) or text
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
    text = (
        _DECIMAL_COMMA.sub(".", text)
        .replace("{,}", ",")
        .replace(r"\%", "%")
        .replace(r"\#", "#")
        .replace(r"\&", "&")
        .replace(r"\_", "_")
    )
    text = re.sub(r",\s*\\!\s*", ",", text).replace("\\!", "")
    if "\\" in text or "~" in text:
        if _CONNECTS.search(text) and _LOGIC.fullmatch(text):
            text = _CONNECTS.sub(lambda m: _CONNECTIVES[m[1]], text)
        text = _ENVIRONMENT.sub(" ", _COMMAND.sub(_renamed, _UPRIGHT_UNIT.sub(r"\\text{ \1}", text)))
        text = _unboxed(_SPACES.sub(" ", _SIZES.sub("", text)))
    text = _without_fonts(_numbers(unit_vectors(text)))
    text = _POWERS_SIDE_BY_SIDE.sub(r"\1^{\2} \\cdot \3^", _HEXADECIMAL.sub(r"0x\1", text))
    if "\\frac" in text or "\\binom" in text:
        for pattern, replacement in _FRAC_FIXES:
            text = pattern.sub(replacement, text)
    text = without_negation(text)
    text = text.replace("np.", "").replace("math.", "").replace("numpy.", "")
    text = _SECONDS_OF_ARC.sub(r"\1''", " ".join(text.split()))
    text = kets_as_names(named(_aside(_without_ends(_IN_ALL.sub("", _without_ends(phasors(text)))))))
    return uncertain(from_n(text))


def _numbers(text: str) -> str:
    """Recurring decimals, grouped digits, counts in their notation and the like as numbers."""
    text = _REPEATING.sub(_repeating, _DOTTED.sub(_dotted, text) if "\\dot" in text else text)
    text = _RECURRING.sub(_recurring, text)
    if "k" in text:
        text = _THOUSANDS.sub(r"\1 thousand", text)
    text = _GROUPED.sub(lambda m: re.sub("['_]", "", m[0]), text)
    if "\\" in text:
        text = _TEXT_AND.sub(r"\1 \2 ", text)
        text = _TEXT_NUMBER.sub(r"\1", _COLOUR.sub(" ", text))
        text = _ROW_SPACING.sub(r"\\\\", text)
    if "\\{" in text:
        text = _OF_A_SET.sub(r"\\\1(\2)", text)
    text = _ARRANGED.sub(lambda m: f"\\frac{{{m[1]}!}}{{({m[1]}-{m[2]})!}}" if int(m[2]) <= int(m[1]) else "0", text)
    text = _CHOOSE.sub(lambda m: f"\\binom{{{m[1] or m[2]}}}{{{m[3]}}}", text)
    text = _DOTS.sub(r"\\ldots", text)
    text = _INDIAN.sub(lambda m: m[1] + m[2].replace(",", ""), text)
    if behind := _SIGN_BEHIND.fullmatch(text):
        text = f"\\{behind[2]} {behind[1]}"
    return "10^{100}" if _GOOGOL.fullmatch(text.strip(" .")) else text


def _without_fonts(text: str) -> str:
    if "\\" in text:
        for _ in range(3):
            text = _UNDERLINED.sub(r" \1 ", text)
            text = _SILENT_NAME.sub(r"\1", _FONT.sub(r"\1", text))
        text = _TRANSPOSED.sub("^T ", text) if "^" in text else text
    return text


def of_answer(answer: str, gold: str) -> str:
    """The same of a response's answer: 5!! is 5, told with joy, unless the gold has a double factorial."""
    text = normalise(answer)
    return text if "!!" in gold or not text.endswith("!!") or text.endswith(")!!") else _without_ends(text.rstrip("!"))


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


def _dotted(m: re.Match[str]) -> str:
    """0.\\dot{1}2\\dot{3}, whose period is 123, and 0.1\\dot{6}."""
    period = "".join(m[i] or "" for i in range(3, 8))
    return f"\\frac{{{_over(m[1], m[2], period)}}}"


def _recurring(m: re.Match[str]) -> str:
    """0.1(6), and 0.166...: a block that is written twice or more and followed by dots."""
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
        marked = text.endswith(("!", "'")) and len(text) > 1 and (text[-2].isalnum() or text[-2] in ")}'")
        if marked or _DOUBLE_FACTORIAL.search(text):
            pass
        else:
            text = text.rstrip(_TRAILING) if not re.search(r"\d\.$", text) else text[:-1]
        text = re.sub(r"^(?:[=:,;.]\s+|=|:|\"|`)+", "", text) if not re.match(r"\.\d", text) else text
        text = text.lstrip(" *`")
    return text
