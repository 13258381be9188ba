"""What a pattern needs is found in everything that it matches."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ampo.verify.find import announced, said_after, said_before
from ampo.verify.text.cues import Cued, cues

CUED = {n: v for module in (said_before, said_after) for n, v in vars(module).items() if isinstance(v, Cued)}


@pytest.mark.parametrize(
    ("pattern", "needed"),
    [
        (r"\bfails?\b|does not (?:hold|work)", ("fail", "does not hold", "does not work")),
        (r"a(?:b|c)d", ("abd", "acd")),
        (r"[a-z]+ wait", (" wait",)),
        (r"(?:no|maybe)+x*", ("no", "maybe")),
        (r"a*b?", None),
        (r"\d+", None),
        (r"(?:one|\d)", None),
        (r"(?!not)fine", ("fine",)),
    ],
)
def test_what_a_pattern_needs(pattern: str, needed: tuple[str, ...] | None) -> None:
    found = cues(re.compile(pattern))
    assert (found and set(found)) == (needed and set(needed))


@pytest.mark.parametrize("name", CUED)
@settings(max_examples=20)
@given(data=st.data())
def test_every_match_has_a_cue(name: str, data: st.DataObject) -> None:
    text = data.draw(st.from_regex(CUED[name].pattern))
    assert CUED[name].search(text, text.lower()) is not None


@settings(max_examples=60)
@given(st.from_regex(re.compile(announced._ENGLISH, re.IGNORECASE | re.MULTILINE)))
def test_every_announcement_is_seen_by_its_words(text: str) -> None:
    found = [m.span() for m in announced._ANNOUNCED.finditer(text)]
    assert [m.span() for m in announced._announcements(text)] == found
