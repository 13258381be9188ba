"""`make verifier-bench`: our verifier and others' on the same answers. Writes docs/verifier-bench.md.

    python perf/verifier_bench/run.py                       # all of them: half an hour of a processor
    python perf/verifier_bench/run.py --only math-verify trl --seconds 120
    python perf/verifier_bench/run.py --only ampo ampo-no-question --again     # ours anew: a minute

Each verifier runs in a process of its own, in the environment of its package (made by `make integrations`, in
build/integrations). An item that isn't answered in --patience seconds of work is hung: its process is killed, another
goes on with the next. Time is what the process and its children spend on processors, whatever else runs. Each answer is
on disk as soon as it is there (build/verifier-bench): what was stopped goes on, and the page is made of the verifiers
that have answered everything. A row whose answers aren't on this disk stays as the page has it, for as long as the sets
have the sizes that it was measured on; each row has its date.
"""

from __future__ import annotations

import argparse
import json
import os
import select
import signal
import subprocess
import sys
import time
from collections import Counter, deque
from collections.abc import Sequence
from contextlib import suppress
from importlib.metadata import version
from itertools import takewhile
from pathlib import Path
from typing import NamedTuple

import psutil

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
PAGE = ROOT / "docs" / "verifier-bench.md"
sys.path[:0] = [str(HERE), str(ROOT / "tests" / "integrations" / "real")]

from items import ATTACKS, HANGS, Item, items  # noqa: E402
from run_tools import TOOLS, environment, pinned  # type: ignore[import-not-found]  # noqa: E402

# name: (what it is called, environment, None for this one)
VERIFIERS: dict[str, tuple[str, str | None]] = {
    "ampo": ("ampo", None),
    "ampo-no-question": ("ampo, without the question", None),
    "official": ("the authors' scorer (protocol official)", None),
    "math-verify": (f"Math-Verify {version('math-verify')}", None),
    "trl": (f"TRL {pinned('trl')}, accuracy_reward", "trl"),
    "inspect_ai": (f"inspect_ai {pinned('inspect')}, math", "inspect"),
    "minerva": (f"lm-eval {pinned('lm-eval')}, minerva_math", "lm-eval"),
    "hendrycks": (f"lm-eval {version('lm-eval')}, hendrycks_math", None),
    "prime_math": (f"veRL {pinned('verl')}, prime_math", "verl"),
    "latex2sympy2": (f"latex2sympy2 {pinned('latex2sympy2')}, difference is zero", "latex2sympy2"),
}
_WALL = 20  # a busy machine may take so many times as long by the clock
GROUPS = ("graded", "graded later", "adversarial", "reported", "attacks", "hangs")


class Result(NamedTuple):
    accepted: Counter[tuple[str, bool]]  # by group, and whether the answer is right
    hung: int
    cpu: float
    date: str


class Process:
    """A verifier's process. cpu: seconds of processors since it was ready."""

    def __init__(self, python: Path, name: str) -> None:
        command = [str(python), str(HERE / "judges.py"), name]
        environment = os.environ | {
            "PYTHONWARNINGS": "ignore",
            "PYTHONPATH": str(ROOT),
            "TOKENIZERS_PARALLELISM": "false",
        }
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=environment,
        )
        self._pids, self._looked = [self._process.pid], 0.0
        if self._read(600) != "ready":
            raise SystemExit(f"{name} can't be started: run `{' '.join(command)}` to see why")
        self._start = self._spent()

    def ask(self, item: Item, patience: float) -> bool | None:
        """None where it hangs, or dies."""
        assert self._process.stdin is not None
        body = {"gold": item.gold, "answer": item.answer, "question": item.question}
        self._process.stdin.write(json.dumps(body) + "\n")
        self._process.stdin.flush()
        said = self._read(patience)
        return None if said is None else said == "1"

    @property
    def cpu(self) -> float:
        return self._spent() - self._start

    def end(self) -> None:
        self._looked = 0.0
        for pid in reversed(self._family()):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._process.wait()

    def _read(self, patience: float) -> str | None:
        """A line; None once the process has spent so many seconds of processors on it, or has ended."""
        assert self._process.stdout is not None
        before, began = self._spent(), time.monotonic()
        while time.monotonic() - began < _WALL * patience:
            if select.select([self._process.stdout], [], [], 0.2)[0]:
                return self._process.stdout.readline().strip() or None
            if self._spent() - before > patience:
                return None
        return None

    def _spent(self) -> float:
        return sum(map(_seconds, self._family()))

    def _family(self) -> list[int]:
        """The process and its descendants, looked for twice a second: that takes a look at all of the machine's."""
        if time.monotonic() - self._looked > 0.5:
            with suppress(psutil.NoSuchProcess):
                children = psutil.Process(self._process.pid).children(recursive=True)
                self._pids = [self._process.pid, *(child.pid for child in children)]
            self._looked = time.monotonic()
        return self._pids


def _seconds(pid: int) -> float:
    """Of processors, with those of children that have ended."""
    with suppress(OSError):
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")
    return 0.0


def measure(name: str, folder: Path, given: Sequence[Item], kept: Kept, patience: float, seconds: float) -> None:
    """Ask what isn't answered yet, until so many seconds of processors are spent."""
    tool = VERIFIERS[name][1]
    python = (
        Path(sys.executable)
        if tool is None
        else environment(folder / tool, TOOLS[tool][1], bare=TOOLS[tool][0] is None)
    )
    left, process = deque(item for item in given if item.key not in kept.rows), None
    spent = before = 0.0
    while left and spent < seconds:
        item = left.popleft()
        if process is None:
            process, before = Process(python, name), 0.0
        said = process.ask(item, patience)
        used = max(process.cpu - before, 0.0) if said is not None else patience
        before, spent = before + used, spent + used
        kept.add(item, said, used)
        if said is None:
            print(f"{name}: hung on {item.gold[:40]!r} <- {item.answer[:60]!r}", flush=True)
            process.end()
            process = None
    if process is not None:
        process.end()


class Kept:
    """A verifier's answers, a line each in a file: the item's key, 1, 0 or null where it hung, and seconds."""

    def __init__(self, file: Path, again: bool = False) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        if again:
            file.unlink(missing_ok=True)
        self._file = file
        lines = file.read_text(encoding="utf-8").splitlines() if file.is_file() else []
        self.rows: dict[str, tuple[bool | None, float]] = {}
        for line in lines:
            key, said, used = json.loads(line)
            self.rows[key] = said, used

    def add(self, item: Item, said: bool | None, used: float) -> None:
        self.rows[item.key] = said, used
        with self._file.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps([item.key, said, round(used, 4)]) + "\n")

    def result(self, given: Sequence[Item]) -> Result | None:
        """None where something isn't answered."""
        if any(item.key not in self.rows for item in given):
            return None
        found = [(item, *self.rows[item.key]) for item in given]
        accepted = Counter((item.group, item.right) for item, said, _ in found if said)
        date = time.strftime("%Y-%m-%d", time.localtime(self._file.stat().st_mtime))
        return Result(accepted, sum(said is None for _, said, _ in found), sum(used for *_, used in found), date)


def rows(page: str, head: str) -> dict[str, str]:
    """A page's rows by what they begin with; none where its table has another head."""
    lines = page.splitlines()
    if head not in lines:
        return {}
    start = lines.index(head) + 2
    table = takewhile(lambda line: line.startswith("|"), lines[start:])
    return {line.split("|")[1].strip(): line for line in table}


def page(results: dict[str, Result], given: Sequence[Item], patience: float, before: str) -> str:
    """The page's text. before: what it was, from which the rows of verifiers without a result are taken."""
    sizes = Counter((item.group, item.right) for item in given)
    head = ["verifier"]
    for group in GROUPS:
        head += [f"{group}: right ({sizes[group, True]})"] if sizes[group, True] else []
        head += [f"{group}: wrong ({sizes[group, False]})"]
    head += ["hung", "CPU s", "measured"]
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    known = rows(before, lines[0])
    for name, (title, _) in VERIFIERS.items():
        result = results.get(name)
        if result is None:
            lines += [known[title]] if title in known else []
            continue
        cells = [title]
        for group in GROUPS:
            cells += [str(result.accepted[group, True])] if sizes[group, True] else []
            cells += [str(result.accepted[group, False])]
        lines.append("| " + " | ".join([*cells, str(result.hung), f"{result.cpu:.0f}", result.date]) + " |")
    text = (HERE / "method.md").read_text(encoding="utf-8")
    families = "; ".join(f"{what} (`` {form.format('7')} ``)" for what, form in ATTACKS.items())
    return text.format(
        table="\n".join(lines),
        n=len(given),
        families=families,
        hangs=len(HANGS),
        patience=f"{patience:g}",
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="*", choices=list(VERIFIERS), default=list(VERIFIERS))
    parser.add_argument("--again", action="store_true", help="forget what these have answered")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="of processors, for each verifier")
    parser.add_argument("--patience", type=float, default=6.0, help="seconds of processors an item")
    parser.add_argument("--folder", type=Path, default=ROOT / "build" / "integrations", help="environments")
    parser.add_argument("--results", type=Path, default=ROOT / "build" / "verifier-bench")
    chosen = parser.parse_args()
    given = list({item.key: item for item in items()}.values())
    for name in chosen.only:
        kept = Kept(chosen.results / f"{name}.jsonl", chosen.again)
        measure(name, chosen.folder.resolve(), given, kept, chosen.patience, chosen.seconds)
        print(f"{name}: {len(kept.rows)} of {len(given)}, {kept.result(given) or 'to be continued'}", flush=True)
    results = {name: Kept(chosen.results / f"{name}.jsonl").result(given) for name in VERIFIERS}
    found = {name: result for name, result in results.items() if result is not None}
    if found:
        before = PAGE.read_text(encoding="utf-8") if PAGE.is_file() else ""
        PAGE.write_text(page(found, given, chosen.patience, before), encoding="utf-8")
    if missing := [name for name in VERIFIERS if name not in found]:
        print(f"{PAGE.name} is without {', '.join(missing)}: the same command goes on")


if __name__ == "__main__":
    main()
