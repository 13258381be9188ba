"""Mathematics is found, prices are left alone, and nothing acts."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.markdown import Growing, body, harmless


@pytest.mark.parametrize(
    "text",
    [
        "It costs $5 and $10.",
        "between $5 and 10$ or so",
        "from $5-$10, or $20 per hour",
        "US$5 against A$7",
        "a < b and c > d",
        "`$x$` and `<b>`",
        "```python\nprint('<b>', x[0])\n```",
        "[a page](https://example.org/x)",
        "\\$5 is a price",
    ],
)
def test_left_alone(text: str) -> None:
    assert harmless(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("let $x_1=2$ be", r"let \(x_1=2\) be"),
        ("the $n$th of $20", r"the \(n\)th of $20"),
        ("$20 an hour, and $x$", r"$20 an hour, and \(x\)"),
        ("$$a\n\nb$$", "\\[a\nb\\]"),
        (r"\[ a \]", r"\[a\]"),
        (r"\begin{align*}a&=b\end{align*}", r"\[\begin{align*}a&=b\end{align*}\]"),
        (r"so \boxed{\frac{1}{2}}.", r"so \(\boxed{\frac{1}{2}}\)."),
        ("$a<b$ and $1 < x$", r"\(a\lt b\) and \(1 < x\)"),
        ("<answer>9.9</answer>", "\n\n> **Answer** 9.9\n\n"),
    ],
)
def test_mathematics(text: str, shown: str) -> None:
    assert body(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "</script><svg onload=alert(1)>",
        "<!-- x --><iframe src='https://e.example'>",
        "- a\n  ```\n<img src=x>",
        "text\n    ~~~\n<img src=x>\n    ~~~",
        "- `a\n- <img src=x>`",
        "| `a | <img src=x>` |",
        "\\`<img src=x>\\`",
        "$5 <b>and</b> 10$",
    ],
)
def test_no_tag_survives_outside_code(text: str) -> None:
    assert "<" not in harmless(text)


@pytest.mark.parametrize(
    "text",
    ["[x](javascript:alert(1))", "[x]( JavaScript:alert(1))", "[x](data:text/html,y)", "[x]: javascript:alert(1)"],
)
def test_no_link_but_to_the_web(text: str) -> None:
    assert "](" not in harmless(text)
    assert "]:" not in harmless(text)


def test_an_image_becomes_a_link() -> None:
    assert harmless("![x](https://e.example/x.png)") == "\\![x](https://e.example/x.png)"


@given(
    st.lists(
        st.sampled_from(["$", "\\(", "\\)", "<b>", "\\boxed{", "}", "\n\n", "a ", "\\[", "\\]", "$$", "\\", "|", "- "])
    )
)
def test_no_tag_survives_without_code_whatever_the_mathematics(pieces: list[str]) -> None:
    assert "<" not in harmless("".join(pieces))


def test_growing_gives_what_the_whole_gives() -> None:
    text = "Let $x$ be <b>.\n\n```py\nx = 1\n\ny = 2\n```\n\n$$a\n=b$$\n\n* one\n* two\n\n" * 20
    growing = Growing()
    for end in range(0, len(text), 7):
        growing.render(text[:end])
    assert growing.render(text) == harmless(text)


@pytest.mark.parametrize(
    "unit", ["$", "`", "\\[", "\\begin{align}", "\\boxed{", "[x](", "$a\\", "```\n", "``a`", "<", "\\[a", "{", "\n\n "]
)
def test_time_is_linear_enough(unit: str) -> None:
    text = unit * (60_000 // len(unit))
    started = time.perf_counter()
    harmless(text)
    assert time.perf_counter() - started < 2
