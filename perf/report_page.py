"""report.html of 6,000 long responses in Chromium, against the obvious page: all of them in <details> elements.

    python perf/report_page.py [--responses 6000] [--tokens 2000]
    python perf/report_page.py --page report.html       # that one alone, as of a run that perf/large_run.py --keep made

Prints, for both, the size and the time until the page can be used (its `load` event; ours also until the list is
there and until the plots are drawn), and for ours how long it takes to search through all texts, to filter, to sort and
to page through the list, and the browser's memory. Needs Chromium, chromedriver and selenium.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict
from html import escape
from pathlib import Path
from typing import Any

from selenium import webdriver

from ampo.eval.ledger import Ledger
from ampo.eval.measure import judged_rows
from ampo.eval.metrics import summarise
from ampo.eval.records import ResponseRecord, VerdictRecord
from ampo.eval.report.page import page
from ampo.eval.report.source import load
from ampo.eval.rundir import RunDir
from ampo.files import dump
from ampo.types import Problem

sys.path.insert(0, str(Path(__file__).parent))
from large_run import tree  # pyright: ignore[reportMissingImports]  (a script beside it)

WORDS_PER_TOKEN = 0.75


def words(rng: random.Random) -> list[str]:
    letters = "etaoinshrdlucmfwypvbgk"
    return ["".join(rng.choices(letters, range(22, 0, -1), k=rng.randint(2, 9))) for _ in range(3000)]


def response(rng: random.Random, vocabulary: list[str], tokens: int, number: int) -> str:
    """English in its sizes: frequent words frequent, a formula in each tenth place."""
    chosen = (vocabulary[int(rng.paretovariate(0.9)) % 3000] for _ in range(int(tokens * WORDS_PER_TOKEN)))
    parts = [f"$x_{{{rng.randrange(99)}}} = {rng.randrange(999)}$" if rng.random() < 0.1 else word for word in chosen]
    return f"<think>{' '.join(parts)}</think>So it is <answer>{number}</answer>"


def make_run(folder: Path, n: int, tokens: int) -> RunDir:
    rng = random.Random(0)
    vocabulary = words(rng)
    run = RunDir(folder)
    problems = [Problem(f"big/{i}", f"What is $x_{{{i}}}$?", str(i), f"part{i % 6}") for i in range(n // 4)]
    run.write_problems(problems)
    with run.responses.open("w") as responses, run.verdicts.open("w") as verdicts:
        for i in range(n):
            problem, length = problems[i // 4].id, int(rng.lognormvariate(0, 0.5) * tokens)
            text = response(rng, vocabulary, length, i)
            record = ResponseRecord(f"{problem}#{i % 4}", problem, i % 4, i, text, "stop", 100, length, 1.0, 0.1)
            outcome = rng.choice(("correct", "wrong", "wrong", "no_answer"))
            responses.write(dump(asdict(record)))
            verdicts.write(dump(asdict(VerdictRecord(record.id, "ampo", outcome, str(i), "tags", 0.001))))
    rows = judged_rows(run, run.read_problems(), Ledger.of(run), "ampo", _classes)
    run.metrics.write_text(json.dumps(summarise(rows) | {"protocol": "ampo", "protocols": {}}))
    run.write_config({"model": {"name": "some/model"}, "seed": 0, "benchmarks": {}})
    return run


def _classes(answers: list[str | None], **_: Any) -> list[int]:
    return list(range(len(answers)))


def plain_page(run: RunDir) -> Iterator[str]:
    yield "<!doctype html><meta charset=utf-8><title>responses</title>"
    for record in run.read_responses().values():
        yield f"<details><summary>{escape(record.id)}</summary><pre>{escape(record.text)}</pre></details>\n"


def chromium() -> webdriver.Chrome:
    options = webdriver.ChromeOptions()
    options.binary_location = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))))
    for flag in ("headless", "no-sandbox", "disable-gpu", "disable-dev-shm-usage", "disable-background-networking"):
        options.add_argument(f"--{flag}")
    return webdriver.Chrome(options=options, service=webdriver.ChromeService(shutil.which("chromedriver")))


def measure(browser: webdriver.Chrome, file: Path, ready: str) -> dict[str, float]:
    """Milliseconds from the start of the navigation."""
    browser.get(file.as_uri())
    while not browser.execute_script(f"return {ready}"):
        time.sleep(0.05)
    times = browser.execute_script(
        "const load = performance.getEntriesByType('navigation')[0].loadEventEnd;"
        "return [['load', load], ...performance.getEntriesByType('mark').map(m => [m.name, m.startTime])]"
    )
    return {name: round(value) for name, value in times}


def until_listed(browser: webdriver.Chrome, what: str, *given: str) -> float:
    """Milliseconds from something done to the list that comes of it. what: JavaScript, of `form` and `given`."""
    script = f"""
      const done = [...arguments].at(-1), given = arguments, form = document.querySelector('.filters');
      const count = document.querySelector('.count'), start = performance.now();
      count.textContent = '';
      {what};
      const timer = setInterval(() => {{ if (count.textContent.includes(' of ')) {{
        clearInterval(timer); requestAnimationFrame(() => setTimeout(() => done(performance.now() - start))); }} }}, 5);
    """
    browser.set_script_timeout(300)
    return round(browser.execute_async_script(script, *given))


def search(browser: webdriver.Chrome, text: str) -> float:
    """From typing on; 200 ms of it wait for more typing."""
    typed = "form.search.value = given[0]; form.search.dispatchEvent(new Event('input', {bubbles: true}))"
    return until_listed(browser, typed, text)


def choose(browser: webdriver.Chrome, name: str, value: str) -> float:
    return until_listed(
        browser, "form[given[0]].value = given[1]; form.dispatchEvent(new Event('change'))", name, value
    )


def page_through(browser: webdriver.Chrome, pages: int = 50) -> float:
    """Milliseconds from PageDown to the next page's rows and to the text of the one that is chosen, on the average."""
    script = """
      const [pages, done] = arguments, list = document.querySelector('.list');
      const tick = () => new Promise((go) => requestAnimationFrame(() => setTimeout(go)));
      (async () => {
        const start = performance.now();
        for (let i = 0; i < pages; i++) {
          list.dispatchEvent(new KeyboardEvent('keydown', {key: 'PageDown', bubbles: true}));
          await tick();
        }
        done((performance.now() - start) / pages);
      })();
    """
    return round(browser.execute_async_script(script, pages))


def used(browser: webdriver.Chrome) -> dict[str, float]:
    """What a reader does, in milliseconds."""
    chip = "document.querySelector('.chips .chip:not([hidden])').click()"
    return {
        "filter": until_listed(browser, chip),
        "and off": until_listed(browser, chip),
        "samples differ": choose(browser, "which", "samples"),
        "and all again": choose(browser, "which", ""),
        "longest first": choose(browser, "order", "longest"),
        "a page down": page_through(browser),
        "first search": search(browser, "nowhere to be found"),
        "another search": search(browser, "not here either"),
        "search ended": search(browser, ""),
    }


def memory_mib(browser: webdriver.Chrome) -> float:
    """Of the browser's processes together; what they share counts once."""
    total = 0
    for pid in tree(browser.service.process.pid):
        try:
            lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        except OSError:
            continue  # it has ended
        total += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return total / 1024


def look(browser: webdriver.Chrome, page: Path, screenshot: Path | None) -> dict[str, float]:
    """Open our page and use it; prints what it takes, and returns the times of opening it."""
    opened = measure(browser, page, "'ready' in document.documentElement.dataset")
    at_first = memory_mib(browser)
    if screenshot:
        browser.set_window_size(1400, 1100)
        browser.execute_script("document.querySelector('#responses')?.scrollIntoView()")
        time.sleep(1)
        screenshot.write_bytes(browser.get_screenshot_as_png())
    print(
        f"opened: {opened} ms, {at_first:.0f} MiB in the browser; {browser.find_element('css selector', '.count').text}"
    )
    print(f"used: {used(browser)} ms; {memory_mib(browser):.0f} MiB after the searches")
    return opened


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--responses", type=int, default=6000)
    parser.add_argument("--tokens", type=int, default=2000, help="of a response in the middle")
    parser.add_argument("--page", type=Path, help="a report.html that is there, measured alone")
    parser.add_argument("--screenshot", type=Path, help="a .png of the page, as the list is first seen")
    given = parser.parse_args()
    if given.page:
        browser = chromium()
        try:
            look(browser, given.page.resolve(), given.screenshot)
        finally:
            browser.quit()
        return
    with tempfile.TemporaryDirectory() as folder:
        run = make_run(Path(folder), given.responses, given.tokens)
        ours, plain = Path(folder) / "report.html", Path(folder) / "plain.html"
        start = time.perf_counter()
        ours.write_text(page(load([run.path]), {}), encoding="utf-8")
        seconds = time.perf_counter() - start
        plain.write_text("".join(plain_page(run)), encoding="utf-8")
        browser = chromium()
        try:
            of_plain = measure(browser, plain, "document.readyState === 'complete'")
            of_ours = look(browser, ours, given.screenshot)
        finally:
            browser.quit()
        sizes = [file.stat().st_size / 1e6 for file in (ours, plain)]
    print(f"report.html: {sizes[0]:.1f} MB, written in {seconds:.1f} s")
    print(f"plain page:  {sizes[1]:.1f} MB; {of_plain} ms")
    what, against = f"report page of {given.responses} responses", "a plain page of the same texts"
    print(f"ratio: {what}: size | {against} | {sizes[0] / sizes[1]:.2f}")
    print(f"ratio: {what}: seconds until usable | {against} | {of_ours['list'] / of_plain['load']:.2f}")


if __name__ == "__main__":
    main()
