"""What is left of LaTeX that went through a string's escapes: a form feed and "rac" for \\frac, "\\\\frac" for \\frac.

JSON and programs read \\t, \\f, \\b, \\r, \\v and \\a of \\text, \\frac, \\boxed, \\right, \\vec and \\alpha as control
characters, and some drop these; others write every backslash twice.
"""

from __future__ import annotations

import re

_ESCAPED = {"\t": "t", "\f": "f", "\b": "b", "\r": "r", "\v": "v", "\a": "a"}
_CONTROL = re.compile(
    r"\t(?=(?:ext|imes|frac(?=[\s{\d])|heta|an|au|o|riangle|textbf|herefore)(?![a-z])|"
    r"ext[a-z]{1,8}\{)|\f(?=rac|box)|\x08(?=oxed|ar|eta|inom|f\b|ullet)|"
    r"\r(?=ight|ho|m\b|angle|floor|ceil)|\v(?=ec|ert|arnothing)|\x07(?=lpha|ngle|pprox|rc)"
)
_LOST = re.compile(r"(?<![a-zA-Z\\])(?:(rac|box|frac)(?=\s*\{)|(ext)(?=\{)|(oxed)(?=\{)|(ight|ho)(?=[)\]|}]))")
_FIRST = {"rac": "f", "frac": "", "box": "f", "ext": "t", "oxed": "b", "ight": "r", "ho": "r"}
_TWICE = re.compile(
    r"\\\\(?=(?:[dt]?frac|boxed|fbox|sqrt|text[a-z]{0,8}|math[a-z]{1,5}|pi|theta|alpha|beta|lambda|infty|circ|cdot|"
    r"times|left|right|"
    r"le|leq|ge|geq|ne|neq|pm|cup|cap|in|ln|log|sin|cos|tan|binom|sum|int|mid|quad|ldots|dots|begin|end|overline|"
    r"angle)(?![a-zA-Z]))"
)

_STOP_INSIDE = re.compile(r"(?<=\})\.(?=\s{0,9}[\])]\s{0,9}$)")  # a sentence's end inside of a bracket
_BOX = re.compile(r"(?<!\\)\\\\(?=(?:boxed|fbox)\{)")


def mended(text: str) -> str:
    """The text with its commands as they were meant; as it is where none is damaged."""
    if any(character in text for character in _ESCAPED):
        text = _CONTROL.sub(lambda m: "\\" + _ESCAPED[m[0]], text)
    if "\\\\" not in text:
        return text
    if _whole(text):
        return _TWICE.sub(lambda _: "\\", text)
    return _BOX.sub(lambda _: "\\", text) if "\\\\boxed" in text or "\\\\fbox" in text else text


def restored(text: str) -> str:
    """A reference or an answer with the first letters of commands that were lost with a control character."""
    return _STOP_INSIDE.sub("", _LOST.sub(lambda m: f"\\{_FIRST[m[0]]}{m[0]}", text))


def _whole(text: str) -> bool:
    """Whether the backslashes are doubled, rather than rows ended: no command stands behind a single one."""
    return re.search(r"(?<!\\)\\(?:\\\\)*[a-zA-Z]", text) is None
