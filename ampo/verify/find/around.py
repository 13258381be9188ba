"""What is read around an answer: sentences, and whether the question says the same."""

from __future__ import annotations

import re

from ampo.verify.text.cues import Cued

NOT = "n['’]t"
END = re.compile(r"[.!?](?=[\s*_)\"'$]|\\[)\]]|$)|[。！？]|\n\s*\n")
MARKS = re.compile(
    r"\$+|\\[()\[\]]|\*\*|__|\\(?:text|textbf|mathbf|displaystyle|quad|qquad|left|right)(?![a-zA-Z])|[{}~]|\\[,;:! ]"
)
WOULD = re.compile(r"\b(?:would|might|could)\b", re.IGNORECASE)
_WORD = re.compile(r"[a-z]{3,}|\d+")


class Said:
    """A text that several patterns are tried on."""

    def __init__(self, text: str) -> None:
        self.text, self.lower = text, text.lower()

    def search(self, pattern: Cued) -> re.Match[str] | None:
        return pattern.search(self.text, self.lower)


def in_question(words: str, asked: str) -> bool:
    """Whether most of what a condition says stands in the question."""
    said = _WORD.findall(words.lower())
    return bool(said) and sum(word in asked for word in said) >= 0.6 * len(said)
