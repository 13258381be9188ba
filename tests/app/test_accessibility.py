"""Every tab under the rules of axe-core (Deque, MPL-2.0, in axe/): nothing serious, nothing critical."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ampo.app.desk import Run, RunRow, Services
from ampo.types import Problem, Verdict

pytest.importorskip("gradio")
pytest.importorskip("selenium")

pytestmark = pytest.mark.browser

AXE = Path(__file__).parent / "axe" / "axe.min.js"
FOUND = """
const done = arguments[0];
axe.run(document, {resultTypes: ["violations"]}).then((result) => done(result.violations
  .filter((one) => ["serious", "critical"].includes(one.impact))
  .map((one) => `${one.id}: ` + one.nodes.slice(0, 6)
    .map((node) => node.html.slice(0, 160) + " " + (node.any[0]?.message ?? "")).join(" | "))));
"""
ROW = RunRow(
    "sums/1#0",
    Problem("sums/1", "What is 1 + 0?", "1", "sums"),
    "It is 7",
    "stop",
    5,
    0.1,
    1,
    [Verdict("wrong", "7", "other")],
)
PRESS = """[...document.querySelectorAll("button[role=tab]")]
  .find((one) => one.textContent.trim() === arguments[0]).click()"""
CODE = """
```html
<a class="one" href="https://example.org/a/long/address/that/goes/on/and/on/and/on/and/on/and/on/and/on">text</a>
```
```python
def f(x: int) -> str:  # a remark
    return "s" * x + str(1.5) if x > 0 else None
```
"""
UNFOLD = "document.querySelectorAll('.label-wrap:not(.open)').forEach((one) => one.click())"
ASK = """const box = document.querySelector(`#${arguments[0]}-question textarea`);
  box.value = "q"; box.dispatchEvent(new Event("input", {bubbles: true}));
  document.querySelector(`#${arguments[0]}-run`).click()"""
ASKED = {
    "Sample k": ("ampo-sample", "#ampo-samples .ampo-stats", 8),
    "Compare": ("ampo-compare", ":is(#ampo-left, #ampo-right) .ampo-stats", 2),
}
"""By tab: where a question is asked, and what is there, and how often, when it is answered."""
TABS = ("Chat", "Sample k", "Compare", "Votes", "Browse")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_tab(browser: Any, serve, make_desk, thinker, remote, until, scheme: str) -> None:
    run = Run("one", "a model", [["sums", "1 x 1", "0", "0", "0", "0", "5"]], [ROW])
    services = Services(
        benchmarks=("sums",), run_names=lambda: ["one"], read_run=lambda _: run, pass_at_k=lambda n, c, k: c / n
    )
    remote.says(f"It is <answer>$x$</answer>\n{CODE}", thought="hm")
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    browser.get(serve(make_desk(thinker, services=services)))
    find = browser.find_elements
    assert until(lambda: find("css selector", "#ampo-question textarea"), 60)
    find("css selector", "#ampo-question textarea")[0].send_keys("Well?\n")
    assert until(lambda: find("css selector", "#ampo-chat .ampo-stats"), 60)
    browser.execute_script("document.querySelector('#ampo-check button').click()")
    assert until(lambda: find("css selector", "#ampo-check textarea, #ampo-check input"))
    find("css selector", "#ampo-check textarea, #ampo-check input")[0].send_keys("x")
    browser.execute_script("document.querySelector('#ampo-check-last').click()")
    assert until(lambda: len(find("css selector", "#ampo-path .ampo-correct")) == 2)
    browser.execute_script(UNFOLD)
    browser.execute_script(AXE.read_text("utf-8"))
    browser.set_script_timeout(120)
    found: dict[str, list[str]] = {}
    for name in TABS:
        browser.execute_script(PRESS, name)
        selected = "return document.querySelector('button[role=tab][aria-selected=true]').textContent.trim()"
        assert until(lambda selected=selected, name=name: browser.execute_script(selected) == name)
        if name in ASKED:
            place, ended, count = ASKED[name]
            browser.execute_script(ASK, place)
            assert until(lambda ended=ended, count=count: len(find("css selector", ended)) == count, 60)
        if violations := browser.execute_async_script(FOUND):
            found[name] = violations
    assert not found, "\n".join(f"{name}: {one}" for name, ones in found.items() for one in ones)
