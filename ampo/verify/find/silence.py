"""Whether a response in which no rule found an answer truly holds none, or may hold one that the rules don't see.

Truly none: nothing after the thought but words, and none that says a number or stands in the reference answer or an
option. What the protocol says is no answer is none, too: an empty tag or box, a thought that never closed.
"""

from __future__ import annotations

import re

from ampo.prompts import split
from ampo.verify.claim import Claim

_READ = 20_000  # characters at the end
_SAID = re.compile(
    r"[$\\=]|\b(?:zero|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|[a-z]{3,5}teen|[a-z]{3,5}ty|"
    r"dozen|"
    r"hundred|thousand|[mb]illion|half|third|quarter|none|infinite(?:ly)?|no)\b",
    re.IGNORECASE,
)
_WORD = re.compile(r"[^\W\d_]+")


def says_nothing(claim: Claim, rule: str) -> bool:
    """Whether a response without an extracted answer holds none. rule: what the extraction said."""
    parts = split(claim.response)
    body = parts.body[-_READ:]
    if not parts.finished or rule.endswith(": empty") or not body.strip():
        return True
    if any(c.isnumeric() for c in body) or _SAID.search(body):
        return False
    said = _words(body)
    return not any(wanted & said for wanted in map(_words, (claim.gold, *claim.options)))


def _words(text: str) -> set[str]:
    return {word.lower() for word in _WORD.findall(text[:_READ])}
