"""Runs every script of this folder and writes docs/performance.md: what was measured, when, and on which machine.

    python perf/all.py               # all of them, one after the other; a script has five minutes
    python perf/all.py verifier app  # these

A script prints its ratios as lines "ratio: WHAT | AGAINST | VALUE". Rows that were not measured now keep their date. A
script that fails or runs out of time keeps its rows too, and is named.
"""

from __future__ import annotations

import json
import os
import platform
import signal
import subprocess
import sys
import time
from datetime import date
from pathlib import Path

HERE = Path(__file__).parent
ROWS = HERE / "results.json"
PAGE = HERE.parent / "docs" / "performance.md"
LIMIT = 300.0  # seconds a script
HEAD = """# Speed

Ratios against the obvious alternative in the same run; `make perf` measures them again and writes this page
(`perf/all.py`). Above 1 is faster than what it is set against, unless the row says otherwise.

| what | against | ratio | measured | machine | script |
| :-- | :-- | --: | :-- | :-- | :-- |
"""


def main() -> None:
    """Measure, keep, write."""
    known = sorted(path.stem for path in HERE.glob("*.py") if path.stem not in ("all", "end_of_turn", "graded"))
    asked = sys.argv[1:] or known
    if unknown := [name for name in asked if name not in known]:
        sys.exit(f"no such script: {', '.join(unknown)}; there are {', '.join(known)}")
    rows = json.loads(ROWS.read_text(encoding="utf-8")) if ROWS.is_file() else {}
    failed = []
    for name in asked:
        print(f"perf/{name}.py ...", flush=True)
        began = time.monotonic()
        if found := measure(name):
            rows[name] = found
        else:
            failed.append(name)
        print(f"  {time.monotonic() - began:.0f} s, {len(found)} ratios", flush=True)
        ROWS.write_text(json.dumps(rows, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        PAGE.write_text(page(rows), encoding="utf-8")
    if failed:
        sys.exit(f"gave no ratio within {LIMIT:.0f} s: {', '.join(failed)}")


def measure(name: str) -> list[dict[str, str]]:
    """The ratios that a script prints; none where it fails or runs out of time."""
    command = [sys.executable, HERE / f"{name}.py"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True) as process:
        try:
            said, _ = process.communicate(timeout=LIMIT)
        except (subprocess.TimeoutExpired, KeyboardInterrupt) as stopped:
            os.killpg(process.pid, signal.SIGKILL)  # its engines too, which hold the pipe
            said, _ = process.communicate()
            if isinstance(stopped, KeyboardInterrupt):
                raise
    rows = [line.removeprefix("ratio:").split("|") for line in said.splitlines() if line.startswith("ratio:")]
    return [
        {"what": what.strip(), "against": against.strip(), "ratio": value.strip()}
        | {"date": today(), "machine": machine()}
        for what, against, value in rows
    ]


def today() -> str:
    return date.today().isoformat()


def machine() -> str:
    """Processor and cores, in words."""
    try:
        info = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        name = next((line.split(":", 1)[1].strip() for line in info if line.startswith("model name")), "")
    except OSError:
        name = ""
    return f"{name or platform.machine()}, {os.cpu_count()} cores"


def page(rows: dict[str, list[dict[str, str]]]) -> str:
    """The table of all rows."""
    lines = [
        f"| {row['what']} | {row['against']} | {row['ratio']} | {row['date']} | {row['machine']} | `perf/{name}.py` |"
        for name in sorted(rows)
        for row in rows[name]
    ]
    return HEAD + "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
