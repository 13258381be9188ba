"""Mathematics is found, prices are left alone, and nothing acts."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ampo.app.markdown import DELIMITERS, JOINER, Growing, body, closed, formula, harmless, written

FORMULA = re.compile("⟨[^⟩]*⟩|⟦[^⟧]*⟧")
ACTS = re.compile(r"<[A-Za-z/!?]|!\[|\][ \t]*[(:](?!\s*(?:https?://|mailto:))|```mermaid")


def as_set(shown: str) -> str:
    """The Markdown as a page takes it apart: a formula in ⟨⟩, one on a line of its own in ⟦⟧."""
    for kind in DELIMITERS:
        left, right = "⟦⟧" if kind["display"] else "⟨⟩"
        pattern = re.escape(str(kind["left"])) + r"([\s\S]+?)" + re.escape(str(kind["right"]))
        shown = re.sub(pattern, lambda m, left=left, right=right: f"{left}{m[1]}{right}", shown)
    return shown


def acts(shown: str) -> bool:
    """Whether anything but a formula could act, and whether a tag stands anywhere."""
    return bool(ACTS.search(FORMULA.sub("⟨⟩", as_set(shown))) or re.search("<[A-Za-z/!?]", shown))


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
        "I have $ 5 and $ 6",
        "- [x] done\n- [ ] open",
    ],
)
def test_left_alone(text: str) -> None:
    assert harmless(text).replace(JOINER, "") == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (r"\begin{eqnarray*}a&=&b\end{eqnarray*}.", r"⟦\begin{array}{rcl}a&=&b\end{array}⟧."),
        (r"\begin{multline}a\\b\end{multline}", r"⟦\begin{gathered}a\\b\end{gathered}⟧"),
        ("let $x_1=2$ be", "let ⟨x_1=2⟩ be"),
        ("the $n$th of $20", "the ⟨n⟩th of $20"),
        ("costs $5 ($x$ is the price)", "costs $5 (⟨x⟩ is the price)"),
        ("**$6** and *$x$*", "**$6** and *⟨x⟩*"),
        ("a stray $$ and $x$ then", "a stray $$ and ⟨x⟩ then"),
        ("$20 an hour, and $x$", "$20 an hour, and ⟨x⟩"),
        ("so $ \\frac12 $ it is", "so ⟨ \\frac12 ⟩ it is"),
        ("$$a\n\nb$$", "⟦a\n\nb⟧"),
        (r"\[ a \]", "⟦ a ⟧"),
        (r"\(a\) and \(b\)", "⟨a⟩ and ⟨b⟩"),
        (r"`\)\(` \(x\) `y`", r"`\)\(` ⟨x⟩ `y`"),
        (r"\begin{align*}a&=b\end{align*}", r"⟦\begin{align*}a&=b\end{align*}⟧"),
        (r"so \boxed{\frac{1}{2}}.", r"so ⟨\boxed{\frac{1}{2}}⟩."),
        ("$a<b$ and $1 < x$", "⟨a<b⟩ and ⟨1 < x⟩"),
        ("<answer>9.9</answer>", "\n\n> **Answer** 9.9\n\n"),
        (r"<answer>\frac{1}{2}</answer>", "\n\n> **Answer** ⟨\\frac{1}{2}⟩\n\n"),
        (r"<answer>$\frac{1}{2}$</answer>", "\n\n> **Answer** ⟨\\frac{1}{2}⟩\n\n"),
        (r"<answer>half, \frac{1}{2}</answer>", "\n\n> **Answer** half, \\frac{1}{2}\n\n"),
    ],
)
def test_mathematics(text: str, shown: str) -> None:
    assert as_set(body(text)).replace(JOINER, "") == shown


@pytest.mark.parametrize(
    ("answer", "is_one"),
    [
        (r"\frac{1}{2}", True),
        (r"5 \text{ apples}", True),
        ("x^{2}", True),
        ("9.9", False),
        ("x^2 + 1", False),
        ("the half, \\frac12", False),
        (r"\(x\)", False),
    ],
)
def test_answers_that_are_formulas(answer: str, is_one: bool) -> None:
    assert (formula(answer) is not None) is is_one


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "</script><svg onload=alert(1)>",
        "<!-- x --><iframe src='https://e.example'>",
        "- a\n  ```\n<img src=x>",
        "text\n    ~~~\n<img src=x>\n    ~~~",
        "text\n    ```a\n    foo ``` <img src=x>\n    ```\n",
        "`\\)\\(` \\(x\\) `<img src=x>`",
        '[x]: https://e.example "y\n```\n"\n<img src=x>\n```',
        "- `a\n- <img src=x>`",
        "| `a | <img src=x>` |",
        "\\`<img src=x>\\`",
        "$5 <b>and</b> 10$",
        "[x](javascript:alert(1))",
        "[x\\](javascript:alert(1))",
        "[x]( JavaScript:alert(1))",
        "`[x](javascript:alert(1))",
        "[x](data:text/html,y)",
        "[x]: javascript:alert(1)",
        "![x](https://e.example/x.png)",
        "\\![x](https://e.example/x.png)",
        "```mermaid\ngraph LR\n```",
        "> ```mermaid\n> graph LR\n> ```",
    ],
)
def test_nothing_acts(text: str) -> None:
    assert not acts(harmless(text))
    assert written(harmless(text)) == text


PIECES = [
    "$",
    "\\(",
    "\\)",
    "<b>",
    "\\boxed{",
    "}",
    "\n\n",
    "\n",
    "a ",
    "\\[",
    "\\]",
    "$$",
    "\\",
    "|",
    "- ",
    "`",
    "```",
    "~~~",
]
PIECES += ["\\begin{multline}", "\\end{multline}"]
PIECES += ["    ", "  ", "> ", "![", "](javascript:", "](https://e.example)", "]: data:", "mermaid\n", "\\begin{align}"]


@given(st.lists(st.sampled_from([*PIECES, "\\end{align}", "\u2061", "\u2062", "\u2063", "]", "(", "[", "<", "!", "_"])))
def test_nothing_acts_whatever_is_put_together(pieces: list[str]) -> None:
    text = "".join(pieces)
    shown = harmless(text)
    assert not acts(shown)
    assert written(shown) == written(text)
    assert not re.search("[\u2061-\u2063]", as_set(shown))  # whatever is marked is taken for a formula


@pytest.mark.parametrize(
    ("text", "end"), [("a\n```py\nx", "\n```"), ("```\nx\n", "```"), ("```\nx\n```", ""), ("a", "")]
)
def test_fences_are_closed(text: str, end: str) -> None:
    assert closed(text) == text + end


def test_growing_gives_what_the_whole_gives() -> None:
    text = "Let $x$ be <b>.\n\n```py\nx = 1\n\ny = 2\n```\n\n$$a\n=b$$\n\n* one\n* two\n\n" * 20
    growing = Growing()
    for end in range(0, len(text), 7):
        growing.render(text[:end])
    assert growing.render(text) == harmless(text)


@pytest.mark.parametrize(
    "unit",
    [
        "$",
        "`",
        "\\[",
        "\\begin{align}",
        "\\boxed{",
        "[x](",
        "$a\\",
        "$ ",
        "$ \\a",
        "```\n",
        "``a`",
        "<",
        "\\[a",
        "{",
        "\n\n ",
        "~~~",
        "".join("`" * i + "a" for i in range(1, 340)),
    ],
)
def test_time_is_linear_enough(unit: str) -> None:
    text = unit * (60_000 // len(unit))
    started = time.thread_time()
    harmless(text)
    assert time.thread_time() - started < 2


def test_any_number_of_answers_is_set_off() -> None:
    assert body("<answer>1</answer>" * 3000).count("**Answer**") == 3000
