"""report.html in a real Chromium: it works offline, what a model wrote stays text, 6,000 responses are no burden."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from ampo.eval.report.page import page
from ampo.eval.report.responses import TEXTS
from ampo.eval.report.source import against, load
from ampo.eval.rundir import RunDir
from ampo.types import Problem

if TYPE_CHECKING:
    from selenium.webdriver import Chrome

pytestmark = pytest.mark.browser
SaveRun = Callable[..., RunDir]
Open = Callable[..., "Chrome"]

MATH = [
    Problem("math500/0", r"What is $\frac{1}{2} + \frac{1}{2}$? A pen costs $5 and a book $10.", "1", "math500"),
    Problem("math500/1", r"Solve \[x^2 = 4 \quad\text{and}\quad x > 0.\]", "2", "math500"),
    Problem("arc/0", "Which one?", "B", "arc", ("up", "down"), "choice"),
]
SAID: list[dict[str, Any]] = [
    {"problem": "math500/0", "text": "<think>Let me see: $a_1$.</think>It is <answer>1</answer>", "tokens": 30,
     "outcomes": {"ampo": "correct", "official": "correct"}, "extracted": "1"},
    {"problem": "math500/0", "text": r"So \boxed{\frac{3}{2}} or \(\undefinedmacro{1}\).", "tokens": 90,
     "outcomes": {"ampo": "wrong", "official": "wrong"}, "extracted": r"\frac{3}{2}"},
    {"problem": "math500/1", "text": "**Bold** and `code $x$`:\n\\[ x = 2 \\]", "tokens": 20,
     "outcomes": {"ampo": "correct", "official": "wrong"}, "extracted": "x = 2"},
    {"problem": "math500/1", "text": "It costs $5, then $10-$20, or \\$7.", "tokens": 10,
     "outcomes": {"ampo": "no_answer", "official": "wrong"}},
    {"problem": "arc/0", "text": "Down, of course: zebra crossing.", "tokens": 7,
     "outcomes": {"ampo": "wrong", "official": "wrong"}, "extracted": "A"},
]  # fmt: skip
HOSTILE = [
    "</script><script>window.pwned = 1</script>",
    "<!--<script>window.pwned = 2</script>",
    '<img src=x onerror="window.pwned = 3"><svg onload="window.pwned = 4">',
    '<img src="https://example.com/x.png"><iframe src="https://example.com"></iframe>',
    "[link](javascript:window.pwned=5) ![](https://example.com/x.png) <a href='javascript:window.pwned=6'>x</a>",
    r"$\href{javascript:window.pwned=7}{x}$ $\includegraphics{https://example.com/x.png}$ $\url{https://example.com}$",
    r"$\htmlStyle{background: url(https://example.com/x)}{x}$ $\htmlData{a=b}{x}$ $\text{<img src=x onerror=a()>}$",
    "<style>* { background: url(https://example.com/y) }</style><base href='https://example.com'>",
    "half a pair \ud83d, \u2028 \u0000 ${window.pwned=8} `${window.pwned=9}` {{window.pwned=10}}",
    r"$\def\a{\a\a}\a$ $" + "{" * 300 + "}" * 300 + "$",
]


@pytest.fixture
def show(browser: Chrome, tmp_path: Path) -> Open:
    """show(run, ...) -> the browser, with the page of these runs ready. change: what is done to its text before."""

    def show_(
        *runs: RunDir,
        printed: str = "",
        fragment: str = "",
        change: Callable[[str], str] = lambda text: text,
        most: int = TEXTS,
    ) -> Chrome:
        shown = load([run.path for run in runs])
        rows = against(shown, printed)[0] if printed else {}
        file = tmp_path / "page.html"
        file.write_text(change(page(shown, rows, most)), encoding="utf-8")
        browser.get(f"{file.as_uri()}{fragment}")
        until(browser, "'ready' in document.documentElement.dataset")
        return browser

    return show_


def until(browser: Chrome, condition: str, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not browser.execute_script(f"return {condition}"):
        if time.monotonic() > deadline:
            raise AssertionError(f"still not: {condition}; console: {browser.get_log('browser')}")
        time.sleep(0.02)


def texts(browser: Chrome, selector: str) -> list[str]:
    return browser.execute_script("return [...document.querySelectorAll(arguments[0])].map(e => e.innerText)", selector)


def open_row(browser: Chrome, name: str) -> None:
    """Open the response `name` from the list."""
    found = browser.execute_script(
        "const rows = [...document.querySelectorAll('.row')];"
        "const row = rows.find(r => r.querySelector('.id').textContent === arguments[0]); row?.click(); return !!row",
        name,
    )
    assert found, name
    until(browser, f"document.querySelector('.detail .id')?.textContent.endsWith({json.dumps(name)})")


def choose(browser: Chrome, name: str, value: str) -> None:
    """Set a filter, and wait for the list."""
    browser.execute_script(
        "const field = document.querySelector('.filters')[arguments[0]]; field.value = arguments[1];"
        "document.querySelector('.count').textContent = '';"
        "field.dispatchEvent(new Event(field.type === 'search' ? 'input' : 'change', {bubbles: true}))",
        name,
        value,
    )
    until(browser, "document.querySelector('.count').textContent.includes('of')")


def ids(browser: Chrome) -> list[str]:
    return [text.split("\n")[0] for text in texts(browser, ".row .id")]


def requests(browser: Chrome) -> list[str]:
    """Every address that the page asked for, apart from itself and from data in it."""
    events = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    asked = [e["params"]["request"]["url"] for e in events if e["method"] == "Network.requestWillBeSent"]
    return [url for url in asked if not url.startswith(("data:", "blob:", "about:")) and not url.endswith("page.html")]


def complaints(browser: Chrome) -> list[str]:
    return [entry["message"] for entry in browser.get_log("browser") if entry["level"] in ("SEVERE", "WARNING")]


def test_the_page_is_whole_and_asks_for_nothing(save_run: SaveRun, show: Open) -> None:
    browser = show(save_run("run", MATH, SAID))
    assert browser.title == "some/model"
    assert texts(browser, ".card h2") == ["run"]
    rows = [line.split("\t") for line in texts(browser, "table.figures tbody tr") if line]
    assert rows[0][:2] == ["math500", "2 × 2"]
    assert rows[0][2].startswith("50.0 [")
    assert len(browser.execute_script("return document.querySelectorAll('.plot .main-svg')")) >= 4
    assert ids(browser) == [f"{name}#{i}" for name in ("math500/0", "math500/1") for i in (0, 1)] + ["arc/0#0"]
    assert requests(browser) == []
    assert complaints(browser) == []
    overflow = "document.documentElement.scrollWidth - innerWidth"
    assert browser.execute_script(f"return {overflow}") <= 0


def test_a_response_is_shown_with_its_mathematics(save_run: SaveRun, show: Open) -> None:
    browser = show(save_run("run", MATH, SAID))
    open_row(browser, "math500/0#0")
    question = browser.execute_script("return document.querySelector('.question .prose').textContent")
    assert "A pen costs $5 and a book $10." in question, "prices are left alone"
    assert len(texts(browser, ".question .katex")) == 1
    assert browser.execute_script("return document.fonts.check('16px KaTeX_Main')")
    assert not browser.execute_script("return document.querySelector('.thought').open"), "the thought is folded"
    assert texts(browser, ".thought .katex") == []
    browser.execute_script("document.querySelector('.thought summary').click()")
    until(browser, "document.querySelector('.thought .katex')")
    assert texts(browser, ".response .marker") == ["<answer>", "</answer>"]
    verdicts = texts(browser, ".verdicts")[0]
    assert "correct" in verdicts
    assert "tags; value against value" in verdicts

    open_row(browser, "math500/0#1")
    assert len(texts(browser, ".response .katex")) == 1, "a bare \\boxed is mathematics"
    assert texts(browser, ".response .unread") == [r"\undefinedmacro{1}"], "what KaTeX can't read stays as it is"

    open_row(browser, "math500/1#0")
    wrapping = "[...document.querySelectorAll('.question .katex-html *')].map(e => getComputedStyle(e).whiteSpace)"
    assert set(browser.execute_script(f"return {wrapping}")) == {"nowrap"}, "a formula with words stays on its line"
    assert texts(browser, ".response strong") == ["Bold"]
    assert texts(browser, ".response code") == ["code $x$"]
    assert len(texts(browser, ".response .katex-display")) == 1

    open_row(browser, "math500/1#1")
    assert texts(browser, ".response .katex") == []
    assert texts(browser, ".response .prose") == ["It costs $5, then $10-$20, or $7."]

    open_row(browser, "arc/0#0")
    assert texts(browser, ".question .prose")[0].splitlines()[-2:] == ["A) up", "B) down"]
    browser.find_element("xpath", "//*[@class='detail-bar']/button[text()='source']").click()
    until(browser, "document.querySelector('.detail-bar').textContent.includes('typeset')")
    open_row(browser, "math500/0#1")
    assert texts(browser, ".response .prose") == [SAID[1]["text"]]
    assert complaints(browser) == []


FORMULAS = {
    "It costs $5, then $10-$20, or \\$7.": [],
    "Between $3 and $7, so $x = 5$.": ["x = 5"],
    "He has $5. If $n$ is 3, he pays $15.": ["n"],
    "For $5 dollars you get$x$ things, or 2$": ["x"],
    "$12 mod 5$ is 2, $2 x$ and $100$ dollars": ["12 mod 5", "2 x", "100"],
    r"a \(b\) \[c\] $$d$$": ["b", "c", "d"],
    r"\begin{align*} a &= b \end{align*}": [r"\begin{align*} a &= b \end{align*}"],
    r"\boxed{\frac{1}{2}} and \boxed{3": [r"\boxed{\frac{1}{2}}"],
    "```\n$x$\n``` and `$y$`": [],
    "$a\n\nb$": [],
    "**the $x$ of it**": ["x"],
}


def test_what_is_a_formula(save_run: SaveRun, show: Open) -> None:
    problems = [Problem(f"p/{i}", "?", "1", "p") for i in range(len(FORMULAS))]
    outcomes = {"ampo": "wrong"}
    said = [{"problem": p.id, "text": t, "outcomes": outcomes} for p, t in zip(problems, FORMULAS, strict=True)]
    browser = show(save_run("run", problems, said))
    source = "return [...document.querySelectorAll('.response annotation')].map(e => e.textContent)"
    for problem, (text, expected) in zip(problems, FORMULAS.items(), strict=True):
        open_row(browser, f"{problem.id}#0")
        assert browser.execute_script(source) == expected, text


@pytest.mark.parametrize("policy", [True, False])
def test_nothing_that_a_model_wrote_runs(save_run: SaveRun, show: Open, policy: bool) -> None:
    """Nor calls out; and not because of the page's policy alone."""
    name = "<img src=x onerror=window.pwned=0>"
    problems = [Problem(f"{name}/{i}", text, text, "<b>h</b>") for i, text in enumerate(HOSTILE)]
    outcomes = {"ampo": "wrong", "official": "correct"}
    said = [
        {"problem": p.id, "text": f"<think>{p.answer}</think>{p.answer}", "outcomes": outcomes,
         "extracted": p.answer, "reason": p.answer}
        for p in problems
    ]  # fmt: skip
    run = save_run("<img src=x onerror=window.pwned=11>", problems, said, model=HOSTILE[0])
    browser = show(run, change=lambda text: text if policy else re.sub(r"<meta http-equiv[^>]*>", "", text, count=1))
    for problem in problems:
        open_row(browser, f"{problem.id}#0")
        browser.execute_script("document.querySelector('.thought summary').click()")
        until(browser, "document.querySelector('.thought .prose')")
    choose(browser, "search", "window.pwned")
    assert browser.execute_script("return window.pwned ?? null") is None
    elements = ".detail img, .detail a, .detail iframe, .detail svg[onload], .list img, .card img, [onerror]"
    assert texts(browser, elements) == []
    assert requests(browser) == []
    assert browser.title == HOSTILE[0]
    if policy:
        assert complaints(browser) == []


def test_filters_search_and_the_protocols(save_run: SaveRun, show: Open) -> None:
    browser = show(save_run("run", MATH, SAID))
    choose(browser, "benchmark", "arc")
    assert ids(browser) == ["arc/0#0"]
    choose(browser, "benchmark", "")
    choose(browser, "which", "protocols")
    assert ids(browser) == ["math500/1#0"]
    choose(browser, "which", "samples")
    assert ids(browser) == ["math500/0#0", "math500/0#1", "math500/1#0", "math500/1#1"]
    choose(browser, "which", "")
    choose(browser, "order", "longest")
    assert ids(browser)[0] == "math500/0#1"
    choose(browser, "order", "")
    for text, expected in (
        ("ZEBRA", ["arc/0#0"]),
        ("$a_1$", ["math500/0#0"]),  # in a folded thought, and of characters that mean something to a pattern
        ("A pen   costs", ["math500/0#0", "math500/0#1"]),
        (r"\frac{3}{2}", ["math500/0#1"]),
        ("nowhere to be found", []),
    ):
        choose(browser, "search", text)
        assert ids(browser) == expected, text
    choose(browser, "search", "")
    assert texts(browser, ".chip:not([hidden]) .n") == ["2", "2", "1"]
    browser.execute_script("document.querySelector('.chip.correct').click()")
    until(browser, "document.querySelector('.count').textContent.startsWith('2 of 5')")
    browser.execute_script("document.querySelector('input[name=protocol][value=official]').click()")
    until(browser, "document.querySelector('.count').textContent.startsWith('1 of 5')")
    assert ids(browser) == ["math500/0#0"]
    assert texts(browser, ".mean:not([hidden])")[0].startswith("12.5")
    assert complaints(browser) == []


def test_several_runs_and_the_printed_figures(save_run: SaveRun, show: Open) -> None:
    better = [row | {"outcomes": {"ampo": "correct"}} for row in SAID]
    first = save_run("first", MATH, SAID, model="SII-Enigma/Qwen2.5-7B-Ins-AMPO")
    browser = show(first, save_run("second", MATH, better, temperature=1.0), printed="paper")
    assert texts(browser, ".card h2") == ["first", "second"]
    assert "temperature 1.0" in texts(browser, ".card .settings")[1]
    rows = [line.split("\t") for line in texts(browser, "table.figures tbody tr") if line]
    assert [row[0].strip() for row in rows[:2]] == ["math500", "second"]
    assert "80.8" in rows[0]
    assert "100.0 [" in rows[1][2]
    traces = browser.execute_script("return document.querySelector('[data-plot=accuracy]').data.map(t => t.name)")
    assert traces == ["first", "second", "paper: Qwen2.5-7B-Ins-AMPO"]
    choose(browser, "which", "runs")
    assert {name.split("#")[0] for name in ids(browser)} == {"math500/0", "math500/1", "arc/0"}
    choose(browser, "run", "1")
    assert len(ids(browser)) == 5
    open_row(browser, "math500/0#1")
    assert texts(browser, ".siblings .label") == ["first", "second"]
    assert len(texts(browser, ".siblings button")) == 4
    assert browser.current_url.endswith("#math500%2F0%231%40second")
    name = browser.current_url.partition("#")[2]
    browser = show(first, RunDir(first.path.parent / "second"), fragment=f"#{name}")
    assert texts(browser, ".detail .quiet")[-1].startswith("second · 90 tokens")


def test_the_plots_show_the_metrics(save_run: SaveRun, show: Open) -> None:
    run = save_run("run", MATH, SAID)
    browser = show(run)
    data = browser.execute_script(
        "return Object.fromEntries([...document.querySelectorAll('.plot')].map(p => [p.dataset.plot,"
        "p.data.map(t => ({name: t.name, x: [...t.x], y: [...t.y]}))]))"
    )
    metrics = run.read_metrics()["benchmarks"]
    assert data["accuracy"][0]["x"] == [100 * metrics[b]["avg_at_k"] for b in ("math500", "arc")]
    assert [sum(bars) for bars in zip(*(trace["x"] for trace in data["verdicts"]), strict=True)] == pytest.approx(
        [100, 100]
    )
    assert sum(n for trace in data["lengths"] for n in trace["y"]) == len(SAID)
    curves = {trace["name"]: trace["y"] for trace in data["pass"]}
    assert curves["pass@k"] == pytest.approx([100 * metrics["math500"]["pass_at_k"][k] for k in ("1", "2")])


def test_dark_and_on_a_phone(save_run: SaveRun, show: Open, browser: Chrome) -> None:
    size = {"width": 390, "height": 844, "deviceScaleFactor": 2, "mobile": True}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    dark = [{"name": "prefers-color-scheme", "value": "dark"}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": dark})
    show(save_run("run", MATH, SAID))
    assert browser.execute_script("return document.documentElement.scrollWidth") == 390
    colour = "return getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)"
    assert max(browser.execute_script(colour)) < 60
    ink = "return document.querySelector('.plot .xtick text').style.fill.match(/\\d+/g).map(Number)"
    assert min(browser.execute_script(ink)) > 150, "the plots follow the theme"
    shown = "return getComputedStyle(document.querySelector('.detail')).display"
    assert browser.execute_script(shown) == "none"
    open_row(browser, "math500/0#0")
    assert browser.execute_script(shown) == "block"
    browser.execute_script("document.querySelector('.detail .back').click()")
    assert browser.execute_script(shown) == "none"


def test_the_keyboard(save_run: SaveRun, show: Open) -> None:
    from selenium.webdriver.common.keys import Keys

    browser = show(save_run("run", MATH, SAID))
    box = browser.find_element("css selector", ".list")
    box.send_keys(Keys.ARROW_DOWN, Keys.ARROW_DOWN)
    until(browser, "document.querySelector('.detail .id').textContent === 'math500/1#0'")
    box.send_keys(Keys.ARROW_UP)
    until(browser, "document.querySelector('.detail .id').textContent === 'math500/0#1'")


def test_results_without_responses(tmp_path: Path, show: Open) -> None:
    results = {
        "results": {"gsm8k": {"exact_match,strict-match": 0.25, "exact_match_stderr,strict-match": 0.05}},
        "configs": {"gsm8k": {}},
        "higher_is_better": {"gsm8k": {"exact_match": True}},
        "n-samples": {"gsm8k": {"original": 1319, "effective": 80}},
        "model_name": "some/model",
    }
    (tmp_path / "results_2026-01-01T00-00-00.000000.json").write_text(json.dumps(results))
    browser = show(RunDir(tmp_path))
    assert texts(browser, "table.figures tbody tr")[0].startswith("gsm8k\t80 × 1\t25.0 [")
    assert browser.execute_script("return document.getElementById('responses').hidden")
    assert complaints(browser) == []


def many(n: int) -> tuple[Sequence[Problem], list[dict[str, Any]]]:
    problems = [Problem(f"big/{i}", f"Question {i}: what is $x_{{{i}}}$?", str(i), "big") for i in range(n)]
    step = "Then we add $\\frac{a}{b}$ to both sides, and see where that leads. "
    said = [
        {
            "problem": p.id,
            "text": f"<think>{step * 25}{'needle' * (i == n - 3)}</think>{step}<answer>{i}</answer>",
            "outcomes": {"ampo": "correct" if i % 3 else "wrong"},
            "extracted": str(i),
            "tokens": 100 + i % 700,
        }
        for i, p in enumerate(problems)
    ]
    return problems, said


def test_six_thousand_responses(save_run: SaveRun, show: Open) -> None:
    browser = show(save_run("run", *many(6000)))
    in_view = browser.execute_script("return document.querySelectorAll('.row').length")
    assert 5 < in_view < 60, "only the rows in view are in the document"
    browser.execute_script("document.querySelector('.list').scrollTop = 1e9")
    until(browser, "[...document.querySelectorAll('.row .id')].some(e => e.textContent === 'big/5999#0')")
    open_row(browser, "big/5999#0")
    choose(browser, "search", "NEEDLE")
    assert ids(browser) == ["big/5997#0"]
    choose(browser, "search", "")
    assert texts(browser, ".count") == ["6,000 of 6,000 responses"]
    browser.execute_script("document.querySelector('.chip.wrong').click()")
    until(browser, "document.querySelector('.count').textContent.startsWith('2,000 of')")


def test_a_text_that_the_page_does_not_have_is_named_and_found_by_its_verdict(show: Open, save_run: SaveRun) -> None:
    browser = show(save_run("run", MATH, SAID), most=100)
    assert re.search(r"The texts of \d of 5 responses are on this page", browser.page_source)
    open_row(browser, "math500/0#1")
    until(browser, "document.querySelector('.detail').innerText.includes('responses.jsonl')")
    browser.execute_script(
        "const form = document.querySelector('.filters');"
        "form.search.value = 'frac{3}'; form.search.dispatchEvent(new Event('input', {bubbles: true}))"
    )
    until(browser, "document.querySelector('.count').innerText.startsWith('1 of 5')")
    browser.execute_script(
        "const form = document.querySelector('.filters'); form.search.value = ''; form.which.value = 'texts';"
        "form.dispatchEvent(new Event('change', {bubbles: true}))"
    )
    until(browser, "/^[1-4] of 5/.test(document.querySelector('.count').innerText)")


def test_the_same_runs_give_the_same_page(save_run: SaveRun) -> None:
    run = save_run("run", MATH, SAID)
    assert page(load([run.path]), {}) == page(load([run.path]), {})
