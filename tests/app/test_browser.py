"""The page in a real Chromium: what is seen, what is kept, and that nothing a model writes acts."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ampo.app.desk import Desk, GuidedPrompt, Run, RunRow, Services, Training
from ampo.app.markdown import written
from ampo.eval.judge.forms import OWN
from ampo.eval.judge.one import Opinion
from ampo.prompts import load_template
from ampo.types import Problem, Verdict

pytest.importorskip("gradio")
pytest.importorskip("selenium")
from selenium.common.exceptions import JavascriptException, StaleElementReferenceException, TimeoutException
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

pytestmark = pytest.mark.browser

ATTACK = r"""<script>window.hit = 1</script></script><img src=x onerror="window.hit = 2">
<svg onload="window.hit = 3"></svg> <a href="javascript:window.hit=4" class="bait">one</a>
[two](javascript:window.hit=5) ![three](http://192.0.2.1/a.png) <img src="http://192.0.2.1/b.png">
<iframe srcdoc="<script>parent.hit = 6</script>"></iframe> <b style="position:fixed">bold</b>
$\href{javascript:window.hit=7}{x}$ $<img src=x onerror="window.hit=8">$ [four](data:text/html,<script>1</script>)
<form action="http://192.0.2.1/"><button>send</button></form>

text
    ```a
    foo ``` <div style="position:fixed" class="bait"><img src="http://192.0.2.1/e.png"><form>
    ```

`\)\(` \(x\) `<div style="position:fixed" class="bait"><img src="http://192.0.2.1/f.png">`

[x]: https://e.example "y
```
"
<div style="position:fixed" class="bait">
```

[six\](javascript:window.hit=6) > ```mermaid

```html
<img src="http://192.0.2.1/c.png" onerror="window.hit = 9">
```

```mermaid
graph LR; A["<img src=http://192.0.2.1/d.png onerror='window.hit=10'>"] --> B
```

<answer><img src=x onerror="window.hit = 11"></answer>
"""

QUESTION = "document.querySelector('#ampo-question textarea').value"
KEPT = "Object.keys(localStorage).filter(k => k.startsWith('ampo-conversation-')).map(k => JSON.parse(localStorage[k]))"


class Page:
    """The page as a person uses it."""

    def __init__(self, browser: Any, until: Callable[..., bool]) -> None:
        self.browser = browser
        self.until = lambda check, seconds=60: until(lambda: self._settled(check), seconds)

    @staticmethod
    def _settled(check: Callable[[], Any]) -> Any:
        """The check's answer; no where the page drew an element anew between finding it and reading it."""
        try:
            return check()
        except (JavascriptException, StaleElementReferenceException, IndexError):
            return False

    def open(self, url: str) -> None:
        """Anew, as in a tab of its own: without what the last one has noted for itself."""
        try:
            self.browser.get(url)
        except TimeoutException:  # seen once on a busy machine: Chromium asked for nothing, for minutes
            self.browser.get(url)
        if self.script("sessionStorage.length"):
            self.browser.execute_script("sessionStorage.clear()")
            self.browser.get(url)
        assert self.until(lambda: self.all("#ampo-question textarea"), 60)

    def all(self, selector: str) -> list[Any]:
        return self.browser.find_elements(By.CSS_SELECTOR, selector)

    def ask(self, text: str) -> None:
        self.all("#ampo-question textarea")[0].send_keys(text, Keys.ENTER)

    def answered(self, count: int = 1) -> bool:
        return self.until(lambda: len(self.all("#ampo-chat .ampo-stats")) >= count, 40)

    def text(self) -> str:
        return written(self.browser.execute_script("return document.querySelector('#ampo-chat')?.innerText ?? ''"))

    def copied(self, button: str) -> str:
        """What a button of the chat puts into the clipboard."""
        allowed = {"permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"]}
        self.browser.execute_cdp_cmd("Browser.grantPermissions", allowed)
        self.click(f"#ampo-chat {button}")
        read = "navigator.clipboard.readText().then(done, () => done(''))"
        return self.browser.execute_async_script(f"const done = arguments[0]; setTimeout(() => {read}, 200)")

    def choose(self, file: Path) -> None:
        """Import a file."""
        self.browser.execute_cdp_cmd(
            "Page.setInterceptFileChooserDialog", {"enabled": True}
        )  # without a screen it ends
        self.click("#ampo-import")
        assert self.until(lambda: self.all("#ampo-import-file"))
        self.all("#ampo-import-file")[0].send_keys(str(file))

    def script(self, code: str) -> Any:
        return self.browser.execute_script(f"return {code}")

    def click(self, selector: str) -> None:
        self.browser.execute_script("document.querySelector(arguments[0]).click()", selector)

    def labelled(self, name: str) -> list[Any]:
        """The boxes under a label."""
        words = "return arguments[0].closest('label').textContent.trim()"
        boxes = self.all("label input, label textarea")
        return [box for box in boxes if self.browser.execute_script(words, box).startswith(name)]

    def write(self, element: Any, text: str) -> None:
        """As if typed, also where the element is folded away."""
        script = "arguments[0].value = arguments[1]; arguments[0].dispatchEvent(new Event('input', {bubbles: true}))"
        self.browser.execute_script(script, element, text)

    def press(self, name: str) -> None:
        """Click the visible button or tab of that name."""

        def pressed() -> bool:
            buttons = [b for b in self.all("button") if b.is_displayed() and b.text.strip().startswith(name)]
            self.browser.execute_script("arguments[0].click()", buttons[0])
            return True

        assert self.until(pressed), f"no button {name!r}"

    def requests(self) -> set[str]:
        messages = (json.loads(entry["message"])["message"] for entry in self.browser.get_log("performance"))
        sent = (m["params"]["request"]["url"] for m in messages if m["method"] == "Network.requestWillBeSent")
        return {url for url in sent if url.startswith("http")}


@pytest.fixture
def page(browser: Any, until: Callable[..., bool]) -> Page:
    return Page(browser, until)


@pytest.fixture
def url(serve: Callable[..., str], make_desk: Callable[..., Desk], thinker: Any) -> str:
    return serve(make_desk(thinker, grace=4.0))


def test_nothing_that_a_model_writes_acts(page: Page, url: str, remote) -> None:
    remote.says(ATTACK, thought=ATTACK, size=40)
    page.open(url)
    page.ask("Do your worst: <img src=x onerror='window.hit = 12'>")
    assert page.answered()
    page.press("Sample k")
    page.write(page.all("#ampo-sample-question textarea")[0], "The same")
    page.click("#ampo-sample-run")
    assert page.until(lambda: "8 of 8" in page.all("#ampo-votes")[0].text, 40)
    assert page.until(lambda: page.all("#ampo-samples .ampo-stats"))
    time.sleep(0.5)
    for link in page.all(":is(#ampo-chat, #ampo-samples) a"):
        assert link.get_attribute("href").startswith("http")
    assert page.script("window.hit") is None
    live = "iframe, form, script, .prose img, .bait, [style*=fixed]"
    assert page.script(f"document.querySelectorAll(':is(#ampo-chat, #ampo-samples) :is({live})').length") == 0
    assert not [request for request in page.requests() if not request.startswith(url)]  # nor anywhere else
    assert "<script>window.hit = 1</script>" in page.text()  # it is shown as what it is


def test_thought_mathematics_code_and_verdict_are_shown(page: Page, url: str, remote) -> None:
    remote.says(
        "So $x^2 < 5$, which costs $5 to $10:\n\n\\begin{align*}a &= b \\\\ c &= d\\end{align*}\n\n"
        "\\begin{eqnarray}a &=& b\\end{eqnarray}\n\n\\begin{multline}a \\\\ b\\end{multline}\n\n"
        "| a | b |\n|:--|--:|\n| 1 | 2 |\n\n- [x] done\n\n"
        "```python\nassert True\n```\n\n\\[ \\frac{1}{2} \\] and \\(y\\)\n\n<answer>$\\frac{1}{2}$</answer>",
        thought="Let me think about it.",
    )
    page.open(url)
    page.click("#ampo-probabilities button")
    assert page.until(lambda: page.all("#ampo-record input"))
    page.click("#ampo-record input")
    page.click("#ampo-check button")
    assert page.until(lambda: page.all("#ampo-check textarea, #ampo-check input"))
    page.all("#ampo-check textarea, #ampo-check input")[0].send_keys("0.5")
    page.ask("Well?")
    assert page.answered()
    assert page.until(lambda: len(page.all("#ampo-chat .katex")) == 7)
    assert len(page.all("#ampo-chat .katex-error")) == 0
    text = page.text()
    assert "which costs $5 to $10:" in text
    assert "Thought ·" in text
    assert page.all("#ampo-chat .ampo-correct")
    assert page.all("#ampo-chat pre .token")  # highlighted
    assert page.script("getComputedStyle(document.querySelector('#ampo-chat td + td')).textAlign") == "right"
    assert "[x]" in text or page.script("document.querySelector('#ampo-chat li input').checked")
    assert (
        page.script("getComputedStyle(document.querySelector('.ampo-correct')).backgroundColor") == "rgb(21, 128, 61)"
    )
    assert page.until(lambda: page.all(".ampo-token"))
    page.click(".ampo-token")
    assert "“<b>” 4.98 %" in page.all("#ampo-token")[0].text
    coloured = "getComputedStyle(document.querySelector('.ampo-token')).backgroundColor"
    by_probability = page.script(coloured)
    page.click("#ampo-probabilities input[value=entropy]")
    assert page.until(lambda: page.script(coloured) != by_probability)


def test_stop_and_a_closed_tab_end_the_answer(page: Page, url: str, remote) -> None:
    remote.says("slow " * 400)
    remote.delay = 0.05
    page.open(url)
    page.ask("Take your time.")
    assert page.until(lambda: "slow" in page.text())
    assert remote.open == 1
    page.click("#ampo-question button.stop-button")
    assert page.until(lambda: remote.open == 0)
    assert page.until(lambda: "stopped" in page.text())
    assert page.until(lambda: any(e.is_displayed() for e in page.all("#ampo-go-on")))
    page.ask("And again.")
    assert page.until(lambda: remote.open == 1)
    page.browser.get("about:blank")
    assert page.until(lambda: remote.open == 0, 20)


def test_a_question_while_an_answer_runs_stays_in_its_box(page: Page, url: str, remote) -> None:
    remote.says("slow " * 400)
    remote.delay = 0.05
    page.open(url)
    page.ask("Take your time.")
    assert page.until(lambda: "slow" in page.text())
    page.ask("And the next?")
    time.sleep(1)
    assert page.script("document.querySelector('#ampo-question textarea').value") == "And the next?"
    remote.delay = 0
    page.click("#ampo-question button.stop-button")
    assert page.until(lambda: "stopped" in page.text())
    remote.says("forty-two")
    page.ask("")
    assert page.until(lambda: "forty-two" in page.text())
    assert "And the next?" in page.text()
    assert page.script("document.querySelector('#ampo-question textarea').value") == ""


def test_conversations_stay_in_the_browser(page: Page, url: str, remote) -> None:
    remote.says("forty-two")
    page.open(url)
    page.browser.execute_script("localStorage.clear()")
    page.open(url)
    page.ask("What is the answer?")
    assert page.answered()
    assert page.until(lambda: page.all("#ampo-conversations input"))
    page.open(url)
    assert "forty-two" not in page.text()
    assert page.until(lambda: page.all("#ampo-conversations input"))
    page.click("#ampo-conversations input")
    assert page.until(lambda: "forty-two" in page.text())
    page.click("button[aria-label='Retry']")
    assert page.until(lambda: len(remote.asked) == 2)
    assert page.answered()
    assert remote.asked[1]["messages"] == remote.asked[0]["messages"]


def test_a_conversation_that_is_left_in_the_middle_is_kept(page: Page, url: str, remote, until) -> None:
    remote.says("slow " * 400)
    remote.delay = 0.05
    page.open(url)
    page.browser.execute_script("localStorage.clear()")
    page.ask("Take your time.")
    assert page.until(lambda: "slow" in page.text())
    page.click("#ampo-new")
    assert page.until(lambda: remote.open == 0)
    assert page.until(lambda: "slow" not in page.text())
    assert page.until(lambda: len(page.all("#ampo-conversations input")) == 1)
    remote.says("quick")
    remote.delay = 0.0
    page.ask("And now?")
    assert page.answered()
    assert "slow" not in page.text()
    assert [m["content"] for m in remote.asked[1]["messages"]] == ["And now?"]
    assert page.until(lambda: len(page.all("#ampo-conversations input")) == 2)
    page.browser.execute_script(
        "localStorage.setItem('ampo-conversation-x', JSON.stringify({id: 'x', kept: 1, turns: []}))"
    )
    page.ask("What another tab has kept is still there.")
    assert page.until(lambda: len(page.all("#ampo-conversations input")) == 3)
    page.browser.execute_script("arguments[0].click()", page.all("#ampo-conversations input")[1])
    assert page.until(lambda: "stopped" in page.text())
    slow = page.script(f"{KEPT}.find(talk => talk.turns[0]?.question == 'Take your time.')")
    page.click("#ampo-delete")
    assert page.until(lambda: len(page.all("#ampo-conversations input")) == 2)
    assert page.until(lambda: "slow" not in page.text())
    page.browser.execute_script("ampo.keep(arguments[0])", json.dumps(slow))  # an event that came late
    assert len(page.script(KEPT)) == 2
    page.click("#ampo-undo-delete")
    assert page.until(lambda: len(page.all("#ampo-conversations input")) == 3)


def test_a_reload_takes_the_answer_up_again(page: Page, serve, make_desk, thinker: Any, remote) -> None:
    url = serve(make_desk(thinker))
    remote.says("slow " * 600 + "end")
    remote.delay = 0.1
    page.open(url)
    page.browser.execute_script("localStorage.clear()")
    page.ask("Take your time.")
    assert page.until(lambda: page.script(f"{KEPT}[0]?.turns[0].question") == "Take your time.")  # before a word
    assert page.until(lambda: "slow" in page.script(f"{KEPT}[0].turns[0].answer.text"))
    address = page.browser.current_url
    assert "#talk=" in address
    page.browser.refresh()
    assert page.until(lambda: "slow" in page.text())
    assert page.until(lambda: page.all("#ampo-question button.stop-button"))
    remote.delay = 0
    assert page.until(lambda: "slow end" in page.text(), 40)
    assert len(remote.asked) == 1
    assert page.until(lambda: page.script(f"{KEPT}[0].turns[0].answer.state") == "stop")
    assert len(page.script(KEPT)) == 1
    page.browser.get("about:blank")
    page.browser.get(address)
    assert page.until(lambda: "slow end" in page.text())
    page.all("#ampo-question textarea")[0].send_keys("A half-written quest")
    page.browser.refresh()
    assert page.until(lambda: page.all("#ampo-question textarea") and page.script(QUESTION) == "A half-written quest")


def test_a_network_that_is_cut_loses_nothing(page: Page, serve, make_desk, thinker: Any, remote) -> None:
    url = serve(make_desk(thinker))
    remote.says("slow " * 600 + "end")
    remote.delay = 0.1
    page.open(url)
    page.ask("Take your time.")
    assert page.until(lambda: "slow slow" in page.text())
    cut = {"offline": True, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1}
    page.browser.execute_cdp_cmd("Network.enable", {})
    page.browser.execute_cdp_cmd("Network.emulateNetworkConditions", cut)
    time.sleep(3)
    page.browser.execute_cdp_cmd("Network.emulateNetworkConditions", cut | {"offline": False})
    remote.delay = 0
    assert page.until(lambda: "slow end" in page.text(), 40)
    assert len(remote.asked) == 1
    assert page.until(lambda: not page.all("#ampo-question button.stop-button"))


def test_two_tabs_fork_a_conversation(page: Page, url: str, remote) -> None:
    remote.says("forty-two")
    page.open(url)
    page.browser.execute_script("localStorage.clear()")
    page.ask("What is the answer?")
    assert page.answered()
    address = page.browser.current_url
    first = page.browser.current_window_handle
    page.browser.switch_to.new_window("tab")
    page.browser.get(address)
    assert page.until(lambda: "forty-two" in page.text())
    page.ask("In the second tab?")
    assert page.answered(2)
    page.browser.switch_to.window(first)
    page.ask("In the first tab?")
    assert page.answered(2)
    assert page.until(lambda: len(page.script(KEPT)) == 2)
    asked = {talk["turns"][-1]["question"]: talk["title"] for talk in page.script(KEPT)}
    assert asked == {"In the second tab?": "What is the answer?", "In the first tab?": "What is the answer? (2)"}


def test_conversations_are_searched_renamed_deleted_shared_and_imported(
    page: Page, url: str, remote, tmp_path: Path
) -> None:
    page.open(url)
    page.browser.execute_script("localStorage.clear()")
    for question, answer in (("What is red?", "A tomato."), ("What is green?", "A cucumber.")):
        page.open(url)
        remote.says(answer)
        page.ask(question)
        assert page.answered()
    listed = "#ampo-conversations input"
    assert page.until(lambda: len(page.all(listed)) == 2)
    page.write(page.all("#ampo-search input, #ampo-search textarea")[0], "TOMATO")
    assert page.until(lambda: len(page.all(listed)) == 1)
    page.write(page.all("#ampo-search input, #ampo-search textarea")[0], "")
    assert page.until(lambda: len(page.all(listed)) == 2)
    page.browser.execute_script("window.prompt = () => 'Vegetables'")
    page.click("#ampo-rename")
    assert page.until(lambda: "Vegetables" in page.all("#ampo-conversations")[0].text)
    page.click("#ampo-delete")
    assert page.until(lambda: len(page.all(listed)) == 1 and "cucumber" not in page.text())
    page.click("#ampo-undo-delete")
    assert page.until(lambda: len(page.all(listed)) == 2 and "cucumber" in page.text())
    time.sleep(2)
    assert "cucumber" in page.text()  # and it stays
    page.browser.execute_script("navigator.clipboard.writeText = async (text) => { window.sent = text; }")
    page.click("#ampo-link")
    assert page.until(lambda: page.script("window.sent"))
    sent = page.script("window.sent")
    talk = page.script(f"{KEPT}.find(talk => talk.name === 'Vegetables')")
    page.browser.execute_script("localStorage.clear()")
    page.browser.get("about:blank")
    page.browser.get(sent)
    assert page.until(lambda: "cucumber" in page.text())
    page.browser.execute_script("localStorage.clear()")
    file = tmp_path / "talk.json"
    file.write_text(json.dumps(talk))
    page.open(url)
    page.choose(file)
    assert page.until(lambda: "cucumber" in page.text())
    assert page.until(lambda: len(page.all(listed)) == 1)


NOT_IMPORTED = (
    (b"", "is empty"),
    (b"# A conversation", "is not JSON"),
    (b'{"a": 1}', "is JSON, but not a conversation of this page"),
    (b'{"id": "x", "started": "", "turns": [3]}', "is JSON, but not a conversation of this page"),
    (b"\x89PNG\r\n\x1a\n\x00\xff", "is not text"),
    (b"[" * 100_000, "is not JSON"),
    (b" " * 21_000_000, "has 21 MB: at most 20 are taken here"),
)


def test_what_cannot_be_imported_is_said(page: Page, url: str, remote, tmp_path: Path) -> None:
    remote.says("forty-two")
    page.open(url)
    page.browser.execute_script("localStorage.clear()")
    page.ask("What is the answer?")
    assert page.answered()
    assert page.until(lambda: page.script(f"{KEPT}.length") == 1)
    for i, (content, said) in enumerate(NOT_IMPORTED):
        file = tmp_path / f"<b>odd{i}.json"
        file.write_bytes(content)
        page.choose(file)
        line = f"<b>odd{i}.json {said}. Choose a file that the button JSON here, or /save in ampo chat, has written."
        assert page.until(lambda line=line: line in page.all(".toast-body")[0].text)
    assert "forty-two" in page.text()  # what is shown stays
    assert page.script(f"{KEPT}.length") == 1


def test_an_answer_that_a_restart_has_cut_says_so_and_goes_on(
    page: Page, serve, make_desk, thinker: Any, remote
) -> None:
    from ampo.app.build import Address, launch

    server = launch(make_desk(thinker), Address())
    remote.says("slow " * 400)
    remote.delay = 0.05
    try:
        page.open(server.url)
        page.browser.execute_script("localStorage.clear()")
        page.ask("Take your time.")
        assert page.until(lambda: "slow" in page.text())
        assert page.until(lambda: "slow" in page.script(f"{KEPT}[0].turns[0].answer.text"))
    finally:
        server.close()
    remote.says("and quick")
    remote.delay = 0.0
    serve(make_desk(thinker), port=server.port)
    page.browser.refresh()
    assert page.until(lambda: "interrupted: the server was started anew" in page.text())
    assert "0 tokens" not in page.text()
    assert page.until(lambda: page.script(f"{KEPT}[0].turns[0].answer.state") == "interrupted")
    assert page.until(lambda: any(e.is_displayed() for e in page.all("#ampo-go-on")))
    page.click("#ampo-go-on")
    assert page.until(lambda: "and quick" in page.text())
    assert remote.asked[-1]["messages"][-1]["content"].startswith("slow ")


def test_a_place_in_line_and_a_failing_endpoint_are_said(page: Page, serve, make_desk, thinker: Any, remote) -> None:
    url = serve(make_desk(thinker, concurrency=1))
    remote.says("slow " * 400)
    remote.delay = 0.05
    page.open(url)
    page.ask("Take your time.")
    assert page.until(lambda: remote.open == 1)
    first = page.browser.current_window_handle
    page.browser.switch_to.new_window("tab")
    page.open(url)
    page.ask("And the next?")
    assert page.until(lambda: "in line: 1 question before this one" in page.text())
    page.all("#ampo-question textarea")[0].send_keys(Keys.ESCAPE)
    assert page.until(lambda: page.script(QUESTION) == "And the next?")  # given back
    assert len(remote.asked) == 1
    page.browser.switch_to.window(first)
    page.all("#ampo-question textarea")[0].send_keys(Keys.ESCAPE)
    assert page.until(lambda: remote.open == 0 and "stopped" in page.text())
    remote.broken_after = 0
    page.ask("Are you there?")
    assert page.until(lambda: "trying again, 1 of 2" in page.text(), 15)
    assert page.until(lambda: "ampo-error" in page.script("document.querySelector('#ampo-chat').innerHTML"), 30)


def test_edit_undo_and_a_question_that_is_refused(page: Page, url: str, remote) -> None:
    remote.says("eleven")
    page.open(url)
    page.ask("What is 5 + 6?")
    assert page.answered()
    page.click("button[aria-label='Edit']")
    box = page.all("#ampo-chat textarea")[0]
    box.send_keys(" Think.")
    page.click("button[aria-label='Submit']")
    assert page.until(lambda: len(remote.asked) == 2)
    assert page.answered()
    assert remote.asked[1]["messages"][-1]["content"] == "What is 5 + 6? Think."
    page.click("button[aria-label='Undo']")
    assert page.until(lambda: "eleven" not in page.text())
    question = "document.querySelector('#ampo-question textarea').value"
    assert page.until(lambda: page.script(question) == "What is 5 + 6? Think.")
    page.press("Sampling")
    assert page.until(lambda: page.labelled("seed"))
    page.write(page.labelled("seed")[0], "seven")
    page.all("#ampo-question textarea")[0].send_keys(Keys.ENTER)
    assert page.until(lambda: "no number" in page.script("document.body.innerText"))
    assert len(page.all(".toast-body")) == 1
    assert page.until(lambda: page.script(question) == "What is 5 + 6? Think.")
    assert page.until(lambda: not page.all("#ampo-question button.stop-button"))


TRICKY = r"Is $x^2 < 5$ for ![a](b) and List<int> at &lt; 3, `c<d>`?"


def test_what_is_copied_and_edited_is_what_was_written(page: Page, url: str, remote) -> None:
    said = "So $x<y$ in `List<int>`.\n\n```cpp\n#include <vector>\nint a[1](f);\n```"
    remote.says(f"{said}\n\n<answer>\\(x\\)</answer>", thought="Hm.")
    page.open(url)
    page.ask(TRICKY)
    assert page.answered()
    assert page.until(lambda: len(page.all("#ampo-chat .katex")) == 3)
    assert remote.asked[0]["messages"][-1]["content"] == TRICKY
    assert page.until(
        lambda: f"{said}\n\n<answer>\\(x\\)</answer>" in page.copied(".message-buttons-left [aria-label^=Cop]")
    )
    assert page.until(lambda: page.copied(".copy_code_button").strip() == "#include <vector>\nint a[1](f);")
    page.click("button[aria-label='Edit']")
    page.all("#ampo-chat textarea")[0].send_keys(" Well?")
    page.click("button[aria-label='Submit']")
    assert page.until(lambda: len(remote.asked) == 2)
    assert remote.asked[1]["messages"][-1]["content"] == f"{TRICKY} Well?"


def test_a_problem_is_picked_asked_judged_sampled_and_exported(
    page: Page, serve, make_desk, thinker: Any, remote, tmp_path: Path
) -> None:
    other = Problem("sums/2", f"What is {'0 + ' * 40}a hedgehog?", "?", "sums")
    problems = [(one, load_template("plain")) for one in (Problem("sums/1", "What is 5 + 6?", "11", "sums"), other)]
    judge = Opinion(thinker, OWN)
    services = Services(("sums",), lambda _: problems, lambda n, c, k: c / n, judge=judge)
    url = serve(make_desk(thinker, services=services))
    remote.says("<answer>11</answer>")
    page.open(url)
    page.click("#ampo-check button")
    assert page.until(lambda: any(b.text.strip() == "Pick any" and b.is_displayed() for b in page.all("button")))
    question = "document.querySelector('#ampo-question textarea').value"
    for words, found in (("HEDGEHOG", "What is 0 + "), ("5 + 6", "What is 5 + 6?")):  # anywhere in the text
        page.all("#ampo-check .ampo-words :is(input, textarea)")[0].send_keys(Keys.CONTROL, "a", Keys.NULL, words)
        assert page.until(lambda: "Problem, 1 of 2" in page.all("#ampo-check")[0].text)
        page.press("Pick any")
        assert page.until(lambda found=found: page.script(question).startswith(found))
    page.all("#ampo-question textarea")[0].send_keys(Keys.ENTER)
    assert page.answered()
    assert page.until(lambda: page.all("#ampo-chat .ampo-correct"))

    page.write(page.labelled("Expected answer")[0], "12")
    page.click("#ampo-check-last")
    assert page.until(lambda: len(page.all("#ampo-path .ampo-wrong")) == 2)  # under both protocols
    assert "official" in page.all("#ampo-path")[0].text
    assert page.until(
        lambda: "it wrote: <answer>11</answer>" in page.all("#ampo-path")[0].text
    )  # the judge, which is asked last
    assert "protocol judge" in page.all("#ampo-path")[0].text
    page.write(page.labelled("Expected answer")[0], "11")
    page.click("#ampo-check-last")
    assert page.until(lambda: len(page.all("#ampo-path .ampo-correct")) == 2)

    place = {"behavior": "allow", "downloadPath": str(tmp_path)}
    page.browser.execute_cdp_cmd("Page.setDownloadBehavior", place)
    for button, kind in (("markdown", ".md"), ("json", ".json")):  # one by one: Chromium asks before a second at once
        page.click(f"#ampo-export-{button}")
        assert page.until(lambda kind=kind: list(tmp_path.glob(f"ampo-*{kind}")))
    assert "Expected answer: 11" in next(tmp_path.glob("*.md")).read_text("utf-8")
    assert json.loads(next(tmp_path.glob("*.json")).read_text("utf-8"))["turns"][0]["gold"] == "11"

    page.press("Sample k")
    assert page.until(lambda: page.all("#ampo-sample-run")[0].is_displayed())
    next(box for box in page.labelled("Containing") if box.is_displayed()).send_keys("5 + 6")
    page.press("Pick any")
    sampled = "document.querySelector('#ampo-sample-question textarea').value"
    assert page.until(lambda: page.script(sampled).startswith("What is 5 + 6?"))
    page.click("#ampo-sample-run")
    assert page.until(lambda: "pass@8" in page.all("#ampo-votes")[0].text, 40)
    assert "8 of 8" in page.all("#ampo-votes")[0].text
    shown = "[...document.querySelectorAll('#ampo-samples .ampo-card')].filter((card) => !card.hidden).length"
    assert page.until(lambda: page.script(shown) == 8)
    page.click("#ampo-votes .ampo-bar")
    assert page.script("document.querySelector('#ampo-votes .ampo-bar').getAttribute('aria-pressed')") == "true"
    assert page.script(shown) == 8  # all say the same
    remote.every_second = "<answer>12</answer>"
    page.click("#ampo-sample-run")
    assert page.until(lambda: "50 %" in page.all("#ampo-votes")[0].text, 40)
    assert page.until(lambda: len(page.all("#ampo-votes .ampo-bar")) == 2)
    for bar in (0, 1):
        page.all("#ampo-votes .ampo-bar")[bar].click()
        assert page.until(lambda: page.script(shown) == 4)
    page.all("#ampo-votes .ampo-bar")[1].click()
    assert page.until(lambda: page.script(shown) == 8)


def test_two_settings_are_compared_blind_and_voted_on(
    page: Page, serve, make_desk, thinker: Any, remote, tmp_path: Path
) -> None:
    desk = make_desk(thinker)
    remote.says("<answer>11</answer>")
    page.open(serve(desk))
    page.press("Compare")
    assert page.until(lambda: page.all("#ampo-compare-run")[0].is_displayed())
    page.write(page.all("#ampo-compare-question textarea")[0], "What is 5 + 6?")
    page.browser.execute_script(
        "[...document.querySelectorAll('label')].find(e => e.textContent.includes('Blind')).control.click()"
    )
    remote.says("slow " * 400)
    remote.delay = 0.05
    page.click("#ampo-compare-run")
    assert page.until(lambda: remote.open == 2)
    page.all("#ampo-compare-question textarea")[0].send_keys(Keys.ESCAPE)
    assert page.until(lambda: remote.open == 0)
    remote.says("<answer>11</answer>")
    remote.delay = 0.0
    assert page.until(lambda: page.all("#ampo-compare-run")[0].is_displayed())
    page.click("#ampo-compare-run")
    assert page.until(lambda: all("11" in page.all(side)[0].text for side in ("#ampo-left", "#ampo-right")), 40)
    assert page.until(lambda: page.all("#ampo-vote") and page.all("#ampo-vote")[0].is_displayed())
    assert "told after the vote" in page.all("#ampo-who")[0].text
    assert not page.all(":is(#ampo-left, #ampo-right) .ampo-stats")
    page.write(page.all("#ampo-compare-question textarea")[0], "And 5 + 7?")
    remote.says("<answer>12</answer>")
    page.press("Ask both further")
    assert page.until(lambda: all("12" in page.all(side)[0].text for side in ("#ampo-left", "#ampo-right")), 40)
    assert {len([m for m in one["messages"] if m["role"] == "assistant"]) for one in remote.asked[-2:]} == {1}
    assert page.until(lambda: page.all("#ampo-vote") and page.all("#ampo-vote")[0].is_displayed())
    page.press("Left is better")
    assert page.until(lambda: "Your vote: Left is better, saved." in page.all("#ampo-who")[0].text)
    assert not page.all("#ampo-vote") or not page.all("#ampo-vote")[0].is_displayed()
    assert len(page.all(":is(#ampo-left, #ampo-right) .ampo-stats")) == 4  # two turns on each side
    (line,) = map(json.loads, desk.votes.read_text("utf-8").splitlines())
    assert line["vote"] == line["order"][0]
    assert line["blind"] is True
    prompts = {side: {m["role"] for m in line["sides"][side]["messages"]} for side in "ab"}
    assert prompts == {"a": {"user", "assistant"}, "b": {"system", "user", "assistant"}}

    place = {"behavior": "allow", "downloadPath": str(tmp_path)}
    page.browser.execute_cdp_cmd("Page.setDownloadBehavior", place)
    page.press("CSV")
    assert page.until(lambda: list(tmp_path.glob("ampo-comparison*.csv")))
    page.press("Votes")
    assert page.until(lambda: "1 vote, 1 of them counted" in page.all("#ampo-votes-note")[0].text)
    assert page.until(lambda: len(page.all("#ampo-strengths [role=gridcell]")) == 10)
    page.click("#ampo-votes-markdown")
    assert page.until(lambda: list(tmp_path.glob("ampo-votes*.md")))
    assert "1 vote, 1 of them counted" in next(tmp_path.glob("ampo-votes*.md")).read_text("utf-8")


def test_presets_of_sampling_are_taken_and_kept(page: Page, url: str, remote) -> None:
    page.open(url)
    page.press("Sampling")
    assert page.until(lambda: page.all("#ampo-presets input") and page.all("#ampo-presets input")[0].is_displayed())

    def choose(name: str) -> None:
        page.all("#ampo-presets input")[0].send_keys(Keys.CONTROL, "a", Keys.NULL, name, Keys.ENTER)

    choose("The paper's")
    page.ask("How warm?")
    assert page.answered()
    choose("Greedy")
    page.ask("And now?")
    assert page.answered(2)
    assert [one["temperature"] for one in remote.asked] == [0.6, 0.0]
    page.browser.execute_script("window.prompt = () => 'Mine'")
    page.click("#ampo-save-preset")
    assert page.until(lambda: page.script("Object.keys(JSON.parse(localStorage['ampo-presets'] ?? '{}'))") == ["Mine"])
    page.open(url)
    page.press("Sampling")
    assert page.until(lambda: page.all("#ampo-presets input") and page.all("#ampo-presets input")[0].is_displayed())
    choose("Mine")
    page.ask("And with mine?")
    assert page.until(lambda: len(remote.asked) == 3)
    assert remote.asked[2]["temperature"] == 0.0


def test_a_run_is_browsed(page: Page, serve, make_desk, thinker: Any) -> None:
    rows = [
        RunRow(
            f"sums/{i}#0",
            Problem(f"sums/{i}", f"What is {i} + 0?", str(i), "sums"),
            f"It is <answer>{7 * i}</answer>",
            "stop",
            5,
            0.1,
            i,
            [
                Verdict("correct" if i == 0 else "wrong", str(7 * i), "equal" if i == 0 else "another number"),
                Verdict("correct" if i == 0 else "no_answer", None, "no tag", protocol="official"),
            ],
        )
        for i in range(3)
    ]
    run = Run("one", "a model", [["sums", "3 x 1", "33.3", "33.3", "33.3", "0", "5"]], rows)
    guided = GuidedPrompt(2, "p/1", "12", [("ada", 0.5, True)], [("wrong", 7, True, "It is 13.")])
    training = Training("two", ["step", "own accuracy"], [[1, "0.5"], [2, "0.6"]], {2: [guided]})
    services = Services(
        run_names=lambda: ["one"],
        read_run=lambda _: run,
        training_names=lambda: ["two"],
        read_training=lambda _: training,
    )
    page.open(url := serve(make_desk(thinker, services=services)))
    page.press("Browse")
    assert page.until(lambda: page.all("#ampo-run input")[0].is_displayed())
    page.all("#ampo-run input")[0].send_keys("one", Keys.ENTER)
    assert page.until(lambda: "3 responses of" in page.script("document.body.innerText"))
    cells = "#ampo-responses [role=gridcell]"
    assert page.until(lambda: any("sums/2#0" in cell.text for cell in page.all(cells)))
    assert "3 responses: 1 correct, 2 wrong" in page.all("#ampo-where")[0].text
    page.all("#ampo-protocol input")[0].send_keys(Keys.CONTROL, "a", Keys.NULL, "official", Keys.ENTER)
    assert page.until(lambda: "1 correct, 2 no answer" in page.all("#ampo-where")[0].text)
    page.all("#ampo-protocol input")[0].send_keys(Keys.CONTROL, "a", Keys.NULL, "ampo", Keys.ENTER)
    assert page.until(lambda: "1 correct, 2 wrong" in page.all("#ampo-where")[0].text)
    page.all("#ampo-which input")[0].send_keys(Keys.CONTROL, "a", Keys.NULL, "samples differ", Keys.ENTER)
    assert page.until(lambda: "0 responses" in page.all("#ampo-where")[0].text)
    page.all("#ampo-which input")[0].send_keys(Keys.CONTROL, "a", Keys.NULL, "all", Keys.ENTER)
    assert page.until(lambda: "3 responses" in page.all("#ampo-where")[0].text)
    assert page.until(lambda: any("sums/2#0" in cell.text for cell in page.all(cells)))
    next(cell for cell in page.all(cells) if "sums/2#0" in cell.text).click()
    assert page.until(lambda: "What is 2 + 0?" in page.all("#ampo-response")[0].text)
    assert page.all("#ampo-response .ampo-wrong")
    assert page.until(lambda: "run=one&response=sums%2F2%230" in page.browser.current_url)
    page.browser.refresh()
    assert page.until(lambda: page.all("#ampo-response") and "What is 2 + 0?" in page.all("#ampo-response")[0].text)
    for query, said in (
        ("?run=gone", "there is no run 'gone' here"),
        ("?run=one&response=x", "one has no response 'x'"),
    ):
        page.browser.get(url + query)
        assert page.until(lambda said=said: said in page.all(".toast-body")[0].text)

    page.click("#ampo-training button")
    assert page.until(lambda: page.all("#ampo-training input") and page.all("#ampo-training input")[0].is_displayed())
    page.all("#ampo-training input")[0].send_keys("two", Keys.ENTER)
    for table, cell, then in (("steps", "0.6", "#ampo-prompts"), ("prompts", "p/1", "#ampo-prompt")):
        cells = f"#ampo-{table} [role=gridcell]"
        assert page.until(lambda cells=cells, cell=cell: any(cell in one.text for one in page.all(cells)))
        next(one for one in page.all(cells) if cell in one.text).click()
        assert page.until(lambda then=then: "ada" in page.all(then)[0].text)
    assert "gave way to a teacher" in page.all("#ampo-prompt")[0].text


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_telephone(page: Page, url: str, remote, scheme: str) -> None:
    wide = f"`{'no_space_in_it_' * 12}`\n\n```python\n{'x = 1; ' * 40}\n```"
    remote.says("A line with $\\frac{1}{2}$ and `code` " * 20 + f"\n\n{wide}", thought="hm " * 50)
    page.browser.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride", {"width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": True}
    )
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    page.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    page.open(url)
    page.ask("Well?")
    assert page.answered()
    boxes = "[...document.querySelectorAll('#ampo-chat .message :is(p, p code, pre)')]"
    assert page.until(lambda: page.script(f"{boxes}.length") > 2)
    assert page.script("document.documentElement.scrollWidth") <= 390
    assert page.script(f"{boxes}.some(e => e.getBoundingClientRect().right > 390)") is False
    assert page.script("document.body.classList.contains('dark')") is (scheme == "dark")
