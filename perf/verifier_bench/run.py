"""`make verifier-bench`: our verifier and others' on the same answers. Writes docs/verifier-bench.md.

    python perf/verifier_bench/run.py [--only ampo math-verify ...] [--limit N]

Each verifier runs in a process of its own, in the environment of its package (made by `make integrations`, in
build/integrations). An item that isn't answered in --patience seconds of work is hung: its process is killed, another
goes on with the next. Time is what the process and its children spend on processors, whatever else runs.
"""

from __future__ import annotations

import argparse
import json
import os
import select
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

import psutil

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(HERE), str(ROOT / "tests" / "integrations" / "real")]

from items import ATTACKS, HANGS, Item, items  # noqa: E402
from run_tools import TOOLS, environment  # type: ignore[import-not-found]  # noqa: E402

# name: (what it is called, environment, None for this one)
VERIFIERS: dict[str, tuple[str, str | None]] = {
    "ampo": ("ampo", None),
    "ampo-no-question": ("ampo, without the question", None),
    "official": ("the authors' scorer (protocol official)", None),
    "math-verify": (f"Math-Verify {version('math-verify')}", None),
    "trl": ("TRL 1.16.0, accuracy_reward", "trl"),
    "inspect_ai": ("inspect_ai 0.3.285, math", "inspect"),
    "minerva": ("lm-eval 0.4.13, minerva_math", "lm-eval"),
    "hendrycks": ("lm-eval 0.4.13, hendrycks_math", None),
    "prime_math": ("veRL 0.9.1, prime_math", "verl"),
    "latex2sympy2": ("latex2sympy2 1.9.1, difference is zero", "latex2sympy2"),
}
_WALL = 20  # a busy machine may take so many times as long by the clock
GROUPS = ("graded", "graded later", "adversarial", "attacks", "hangs")


class Result(NamedTuple):
    accepted: Counter[tuple[str, bool]]  # by group, and whether the answer is right
    hung: int
    cpu: float


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
        for process in [*psutil.Process(self._process.pid).children(recursive=True), self._process]:
            process.kill()
        self._process.wait()

    def _read(self, patience: float) -> str | None:
        """A line; None once the process has spent so many seconds of processors on it, or has ended."""
        assert self._process.stdout is not None
        before, began = self._spent(), time.monotonic()
        while time.monotonic() - began < _WALL * patience:
            if select.select([self._process.stdout], [], [], 0.5)[0]:
                return self._process.stdout.readline().strip() or None
            if self._spent() - before > patience:
                return None
        return None

    def _spent(self) -> float:
        try:
            whole = psutil.Process(self._process.pid)
            times = [p.cpu_times() for p in (whole, *whole.children(recursive=True))]
        except psutil.NoSuchProcess:
            return 0.0
        own = times[0]
        return own.children_user + own.children_system + sum(t.user + t.system for t in times)


def measure(name: str, folder: Path, given: Sequence[Item], patience: float) -> Result:
    tool = VERIFIERS[name][1]
    python = (
        Path(sys.executable)
        if tool is None
        else environment(folder / tool, TOOLS[tool][1], bare=TOOLS[tool][0] is None)
    )
    accepted: Counter[tuple[str, bool]] = Counter()
    hung, cpu, process = 0, 0.0, None
    for number, item in enumerate(given):
        process = process or Process(python, name)
        said = process.ask(item, patience)
        if said is None:
            hung += 1
            print(f"{name}: hung on {item.gold[:40]!r} <- {item.answer[:60]!r}", flush=True)
        else:
            accepted[item.group, item.right] += said
        if said is None or number == len(given) - 1:
            cpu += max(process.cpu, 0.0)
            process.end()
            process = None
    return Result(accepted, hung, cpu)


def page(results: dict[str, Result], given: Sequence[Item], patience: float) -> str:
    sizes = Counter((item.group, item.right) for item in given)
    head = ["verifier"]
    for group in GROUPS:
        head += [f"{group}: right ({sizes[group, True]})"] if sizes[group, True] else []
        head += [f"{group}: wrong ({sizes[group, False]})"]
    head += ["hung", "CPU s"]
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    for name, result in results.items():
        cells = [VERIFIERS[name][0]]
        for group in GROUPS:
            cells += [str(result.accepted[group, True])] if sizes[group, True] else []
            cells += [str(result.accepted[group, False])]
        lines.append("| " + " | ".join([*cells, str(result.hung), f"{result.cpu:.0f}"]) + " |")
    text = (HERE / "method.md").read_text(encoding="utf-8")
    families = "; ".join(f"{what} (`` {form.format('7')} ``)" for what, form in ATTACKS.items())
    return text.format(
        table="\n".join(lines),
        date=time.strftime("%Y-%m-%d"),
        n=len(given),
        families=families,
        hangs=len(HANGS),
        patience=f"{patience:g}",
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="*", choices=list(VERIFIERS), default=list(VERIFIERS))
    parser.add_argument("--limit", type=int, help="every k-th item, about so many; writes no page")
    parser.add_argument("--patience", type=float, default=6.0)
    parser.add_argument("--folder", type=Path, default=ROOT / "build" / "integrations")
    parser.add_argument("--results", type=Path, default=ROOT / "build" / "verifier-bench")
    chosen = parser.parse_args()
    given = list(items())
    if chosen.limit:
        given = given[:: max(1, len(given) // chosen.limit)]
    for name in chosen.only:
        result = measure(name, chosen.folder.resolve(), given, chosen.patience)
        print(name, dict(result.accepted), "hung", result.hung, f"{result.cpu:.1f} s", flush=True)
        if not chosen.limit:
            chosen.results.mkdir(parents=True, exist_ok=True)
            record = {"accepted": [[*key, n] for key, n in result.accepted.items()], "hung": result.hung}
            (chosen.results / f"{name}.json").write_text(json.dumps(record | {"cpu": result.cpu}))
    if not chosen.limit:
        results = {name: _read(chosen.results / f"{name}.json") for name in VERIFIERS}
        found = {name: result for name, result in results.items() if result is not None}
        (ROOT / "docs" / "verifier-bench.md").write_text(page(found, given, chosen.patience), encoding="utf-8")


def _read(file: Path) -> Result | None:
    """What was measured of a verifier, in this run or an earlier one."""
    if not file.is_file():
        return None
    record = json.loads(file.read_text())
    accepted = Counter({(group, right): n for group, right, n in record["accepted"]})
    return Result(accepted, record["hung"], record["cpu"])


if __name__ == "__main__":
    main()
