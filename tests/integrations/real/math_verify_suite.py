"""Math-Verify's own tests through `ampo.verify.compat`. Writes docs/math-verify.md: each difference, and who is right.

Its tests are in its source distribution. A difference that math_verify_differences.json doesn't know fails: judge it,
and say there who is right (ours, Math-Verify, either).
"""

from __future__ import annotations

import json
import subprocess
import sys
import tarfile
import tempfile
from collections import Counter
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

VERSION = version("math-verify")  # the one that we are installed with
HERE = Path(__file__).parent
PAGE = HERE.parents[2] / "docs" / "math-verify.md"
SHOWN = 160  # characters of a text, its end


class Recorder:
    """A pytest plugin: what each test compared, and how it ended."""

    def __init__(self) -> None:
        import math_verify
        from math_verify import grader, metric, parser

        from ampo.verify import compat

        self.calls: list[tuple[str, str]] = []
        self.rows: list[dict[str, Any]] = []
        self._verify = compat.verify
        for module in (math_verify, parser, metric):
            module.parse = compat.parse
        for module in (math_verify, grader, metric):
            module.verify = self.verify

    def verify(self, gold: Any, target: Any, *rest: Any, **named: Any) -> bool:
        self.calls.append((getattr(gold, "text", repr(gold)), getattr(target, "text", repr(target))))
        return self._verify(gold, target, *rest, **named)

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_makereport(self, item: Any, call: Any):
        report = (yield).get_result()
        if report.when == "call":
            given = item.callspec.params if hasattr(item, "callspec") else {}
            gold, response = self.calls[0] if self.calls else ("", str(given.get("pred", "")))
            self.calls.clear()
            test = item.nodeid.rpartition("/")[2].partition("[")[0]
            self.rows.append({"test": test, "gold": cut(gold), "response": cut(response), "passed": report.passed})


def cut(text: str) -> str:
    return text if len(text) < 200 else "..." + text[-SHOWN:]


def run() -> list[dict[str, Any]]:
    """A row for each of its tests. Left out: those that time what it does inside (test_timeout.py)."""
    with tempfile.TemporaryDirectory() as folder:
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", ":all:"]
        subprocess.run([*pip, "--no-build-isolation", "-d", folder, f"math-verify=={VERSION}"], check=True)
        (archive,) = Path(folder).glob("*.tar.gz")
        with tarfile.open(archive) as tar:
            tar.extractall(folder, filter="data")
        root = Path(folder) / f"math_verify-{VERSION}"
        (root / "tests" / "__init__.py").touch()
        recorder = Recorder()
        sys.path.insert(0, str(root))
        arguments = ["-q", "--tb=no", "-p", "no:cacheprovider", "--rootdir", str(root), str(root / "tests")]
        pytest.main([*arguments, "--ignore", str(root / "tests" / "test_timeout.py"), "--no-summary"], [recorder])
        return recorder.rows


def page(rows: list[dict[str, Any]], differences: list[dict[str, Any]]) -> str:
    n, passed = len(rows), sum(row["passed"] for row in rows)
    who = Counter(row["right"] for row in differences)
    lines = [
        "# In place of Math-Verify",
        "",
        "```python",
        "from ampo.verify.compat import parse, verify  # was: from math_verify import parse, verify",
        "```",
        "",
        "Arguments, their order and what comes back are those of Math-Verify; nothing uses signals, hangs, or needs a",
        "main thread. `parse` gives texts and no objects of sympy's; its configs, and `float_rounding`, `strict` and",
        "the like, are taken and not used.",
        "",
        f"Of the {n} tests of Math-Verify {VERSION}, {passed} pass through it. Below is each of the others, once where",
        f"the same pair is tested twice, and who is right: Math-Verify in {who['Math-Verify']} (mostly right answers",
        f"that we refuse), we in {who['ours']}, and either in {who['either']}, where it is a matter of what was asked,",
        "or a test looks at what Math-Verify does inside. The judgement is ours, the cases are there to dispute",
        "it. The page is made by `make integrations TOOLS=math-verify`.",
        "",
        "| reference | response (its end) | right | why |",
        "|---|---|---|---|",
    ]
    for row in sorted(differences, key=lambda row: row["right"]):
        cells = [f"`` {' '.join(row[name].split()).replace('|', chr(92) + '|')} ``" for name in ("gold", "response")]
        cells = [cell if row[name].strip() else "" for cell, name in zip(cells, ("gold", "response"), strict=True)]
        lines.append(f"| {cells[0]} | {cells[1]} | {row['right']} | {row['why']} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    known = json.loads((HERE / "math_verify_differences.json").read_text(encoding="utf-8"))
    rows = run()
    failed = [row for row in rows if not row["passed"]]
    keys = ("test", "gold", "response")
    differences = [one for one in known if any(all(row[k] == one[k] for k in keys) for row in failed)]
    new = [row for row in failed if not any(all(row[k] == one[k] for k in keys) for one in known)]
    for row in new:
        print("not judged yet:", json.dumps(row, ensure_ascii=False))
    if not new:
        PAGE.write_text(page(rows, differences), encoding="utf-8")
    print(f"{len(rows)} tests, {len(rows) - len(failed)} pass, {len(differences)} differences known, {len(new)} new")
    sys.exit(1 if new or len(rows) < 250 else 0)


if __name__ == "__main__":
    main()
