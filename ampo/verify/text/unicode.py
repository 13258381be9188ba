"""Unicode as ASCII LaTeX: signs, fractions, Greek letters, raised and lowered digits."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

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
    "∧": r"\land ",
    "∨": r"\lor ",
    "¬": r"\neg ",
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
_CIRCLED = re.compile(r"(?<=[①-⑳])(?:\s|\\[ ,;])*(?=[①-⑳])")  # side by side: a list
_CHECKS = frozenset("✓✔✅☑■□∎◼▪")


def as_ascii(text: str) -> str:
    """A text whose signs are commands. A run of raised digits is one exponent: x¹⁰ is x^{10}."""
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
