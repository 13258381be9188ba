"""Makes the pictures of the page anew, docs/app/*.png, in a real Chromium at an endpoint that sends fixed words.

    python docs/pictures.py [--only chat-thought phone-chat] [--output-dir docs/app]

Needs `.[app]` and selenium, and Chromium with its driver (apt-get install chromium chromium-driver).
"""

from __future__ import annotations

import argparse
import base64
import http.server
import json
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

READY = "document.querySelector('#ampo-question textarea')"
WIDE, PHONE = (1280, 800), (390, 844)
LARGER, PRODUCT = "Which number is larger, 9.11 or 9.9?", "What is 17 · 24?"
THOUGHT = (
    "Both begin with 9. After the point there is 11 against 9: tenths first, 1 against 9, so the second is larger."
)
ANSWERS = {
    LARGER: (THOUGHT, ["Compare the tenths: $0.9 > 0.1$, and so $9.9 > 9.11$.\n\n<answer>9.9</answer>"]),
    PRODUCT: ("", [f"So $17 \\cdot 24 = 340 + {rest}$.\n\n<answer>{340 + rest}</answer>" for rest in (68, 68, 68, 58)]),
}


class Endpoint(http.server.BaseHTTPRequestHandler):
    """Speaks as much of OpenAI's protocol as the page asks for. An answer hangs on the question and the seed."""

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  (the base class's name)
        pass

    def do_GET(self) -> None:
        self._send("application/json", json.dumps({"object": "list", "data": [{"id": "AMPO-7B", "object": "model"}]}))

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        question = next(m["content"] for m in reversed(asked["messages"]) if m["role"] == "user")
        thought, answers = ANSWERS.get(question, ("", ["<answer>7</answer>"]))
        answer = answers[(asked.get("seed") or 0) % len(answers)]
        usage = {"prompt_tokens": 24, "completion_tokens": len(f"{thought} {answer}".split())}
        if not asked.get("stream"):
            message = {"role": "assistant", "content": answer}
            choice = {"index": 0, "message": message, "finish_reason": "stop"}
            self._send("application/json", json.dumps({"choices": [choice], "usage": usage}))
            return
        deltas = [*_deltas("reasoning", thought), *_deltas("content", answer)]
        choices = [{"index": 0, "delta": delta, "finish_reason": None} for delta in deltas]
        choices.append({"index": 0, "delta": {}, "finish_reason": "stop"})
        lines = [*(json.dumps({"choices": [one]}) for one in choices), json.dumps({"choices": [], "usage": usage})]
        self._head("text/event-stream")
        for line in [*lines, "[DONE]"]:
            time.sleep(0.02)
            self.wfile.write(f"data: {line}\n\n".encode())
            self.wfile.flush()

    def _send(self, kind: str, text: str) -> None:
        self._head(kind)
        self.wfile.write(text.encode())

    def _head(self, kind: str) -> None:
        """What is sent ends with the connection."""
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.end_headers()


def _deltas(kind: str, text: str) -> list[dict[str, str]]:
    return [{kind: f"{' ' * (i > 0)}{word}"} for i, word in enumerate(text.split(" ")) if text]


@contextmanager
def endpoint() -> Iterator[str]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Endpoint)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}/v1"
    server.shutdown()


@contextmanager
def page(folder: Path) -> Iterator[str]:
    """The page with a run to browse; its address."""
    import ampo
    from ampo.app.build import Address, launch
    from ampo.app.desk import Desk
    from ampo.cli.lent import services
    from ampo.engines.openai import OpenAIEngine
    from ampo.types import SamplingParams
    from ampo.verify import VerifierPool

    with endpoint() as url, OpenAIEngine(None, url) as engine, VerifierPool(workers=1) as verifier:
        lent = services(folder / "runs", None)
        for problem, template in lent.problems("demo"):  # two of three samples are right
            right = f"It is <answer>{problem.answer}</answer>"
            ANSWERS[template.render(problem)[-1]["content"]] = ("", [right, right, "It is <answer>7</answer>"])
        both = ("ampo", "official")
        ampo.evaluate(engine, "demo", samples=4, limit=12, protocols=both, output_dir=folder / "runs" / "demo")
        vote(folder / "votes.jsonl")
        sampling = SamplingParams(temperature=0.6, max_tokens=2048)
        server = launch(
            Desk({"AMPO-7B": engine}, verifier, sampling, services=lent, votes=folder / "votes.jsonl"), Address()
        )
        yield server.url
        server.close()


def vote(file: Path) -> None:
    """Twenty-four votes, of which the second side gets fourteen."""
    sides = {
        side: {"model": "AMPO-7B", "sampling": {"temperature": heat}, "messages": [], "answer": None}
        for side, heat in (("a", 0.6), ("b", 1.0))
    }
    said = ["a"] * 7 + ["tie"] * 2 + ["neither"] + ["b"] * 14
    lines = [json.dumps({"vote": one, "blind": True, "question": PRODUCT, "sides": sides}) for one in said]
    file.write_text("\n".join(lines) + "\n", "utf-8")


class Person:
    """Uses a page in a browser, once the expression `ready` holds there."""

    def __init__(self, browser: Any, url: str, size: tuple[int, int], ready: str = READY) -> None:
        self._browser = browser
        self._do(
            "Emulation.setDeviceMetricsOverride",
            width=size[0],
            height=size[1],
            deviceScaleFactor=1,
            mobile=size == PHONE,
        )
        browser.get("about:blank")
        browser.get(url)
        self.see(ready)
        self.see("document.fonts.status === 'loaded'")

    def _do(self, command: str, **given: Any) -> Any:
        return self._browser.execute_cdp_cmd(command, given)

    def see(self, what: str) -> None:
        """Wait until an expression of JavaScript holds."""
        deadline = time.monotonic() + 60
        while not self._browser.execute_script(f"return Boolean({what})"):
            if time.monotonic() > deadline:
                raise TimeoutError(what)
            time.sleep(0.1)

    def script(self, code: str, *values: Any) -> None:
        self._browser.execute_script(code, *values)

    def click(self, selector: str) -> None:
        self.see(f"document.querySelector({selector!r})")
        self.script("document.querySelector(arguments[0]).click()", selector)

    def tab(self, name: str) -> None:
        self.script(
            "[...document.querySelectorAll('button[role=tab]')].find((e) => e.textContent.trim() === arguments[0])"
            ".click()",
            name,
        )
        time.sleep(1)

    def write(self, selector: str, text: str) -> None:
        self.see(f"document.querySelector({selector!r})")
        self.script(
            "const e = document.querySelector(arguments[0]); e.value = arguments[1];"
            "e.dispatchEvent(new Event('input', {bubbles: true}))",
            selector,
            text,
        )

    def ask(self, text: str, count: int = 1) -> None:
        self.write("#ampo-question textarea", text)
        self.click("#ampo-question button.submit-button")
        self.see(f"document.querySelectorAll('#ampo-chat .ampo-stats').length === {count}")

    def picture(self, file: Path) -> None:
        """Of what is in the window, in 256 colours."""
        from PIL import Image

        self.script("document.activeElement?.blur()")
        time.sleep(1.5)  # what moves has come to rest
        image = Image.open(BytesIO(base64.b64decode(self._do("Page.captureScreenshot", format="png")["data"])))
        image.convert("RGB").quantize(256, dither=Image.Dither.NONE).save(file, optimize=True)


def chat(person: Person) -> None:
    person.ask(LARGER)
    person.script("document.querySelector('#ampo-chat .thought-group button')?.click()")


def check(person: Person) -> None:
    person.ask(LARGER)
    person.click("#ampo-check button")
    person.write("#ampo-check textarea, #ampo-check input", "9.9")
    person.click("#ampo-check-last")
    person.see("document.querySelectorAll('#ampo-path .ampo-card').length === 2")
    person.script("document.querySelector('#ampo-path').scrollIntoView({block: 'end'})")


def sample(person: Person) -> None:
    person.tab("Sample k")
    person.write("#ampo-sample-question textarea", PRODUCT)
    person.write("#ampo-sample-gold textarea, #ampo-sample-gold input", "408")
    person.click("#ampo-sample-run")
    person.see("document.querySelector('#ampo-votes').innerText.includes('pass@8')")
    person.see("document.querySelectorAll('#ampo-samples .ampo-stats').length === 8")
    person.script("document.querySelector('#ampo-votes').scrollIntoView({block: 'start'}); scrollBy(0, -260)")


def compare(person: Person) -> None:
    person.tab("Compare")
    person.write("#ampo-compare-question textarea", LARGER)
    person.click("#ampo-compare-run")
    person.see("document.querySelectorAll(':is(#ampo-left, #ampo-right) .ampo-stats').length === 2")
    person.script("document.querySelector('#ampo-vote').scrollIntoView({block: 'end'})")


def votes(person: Person) -> None:
    person.tab("Votes")
    person.see("document.querySelector('[role=tabpanel]:not([style*=none]) [role=gridcell]')")


def browse(person: Person) -> None:
    person.tab("Browse")
    person.see("document.querySelectorAll('#ampo-responses [role=gridcell]').length > 4")
    person.see("document.querySelector('#ampo-response .ampo-stats')")
    person.script("document.querySelector('#ampo-protocol').scrollIntoView({block: 'start'})")


PICTURES: dict[str, tuple[Callable[[Person], None], tuple[int, int], str]] = {
    "chat-thought": (chat, WIDE, ""),
    "check": (check, WIDE, ""),
    "sample": (sample, WIDE, ""),
    "compare": (compare, WIDE, ""),
    "votes": (votes, WIDE, ""),
    "browse": (browse, WIDE, "?run=demo&response=demo%2Fbasic_arithmetic-0%230"),
    "phone-chat": (chat, PHONE, ""),
    "phone-check": (check, PHONE, ""),
    "phone-sample": (sample, PHONE, ""),
    "phone-compare": (compare, PHONE, ""),
}


@contextmanager
def chromium() -> Iterator[Any]:
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium") or shutil.which("google-chrome") or ""
    for flag in ("headless", "no-sandbox", "disable-gpu", "disable-dev-shm-usage", "hide-scrollbars"):
        options.add_argument(f"--{flag}")
    browser = webdriver.Chrome(options=options, service=webdriver.ChromeService(shutil.which("chromedriver") or ""))
    yield browser
    browser.quit()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--only", nargs="+", choices=PICTURES, default=list(PICTURES))
    parser.add_argument("--output-dir", type=Path, default=Path(__file__).parent / "app")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, page(Path(folder)) as url, chromium() as browser:
        for name in options.only:
            act, size, query = PICTURES[name]
            person = Person(browser, url + query, size)
            act(person)
            person.picture(file := options.output_dir / f"{name}.png")
            print(f"{file}: {file.stat().st_size // 1024} KB", flush=True)


if __name__ == "__main__":
    main()
