"""The page that compares verifiers: what isn't measured anew stays, unless the sets have changed."""

from __future__ import annotations

import sys
from collections import Counter
from importlib import import_module, util
from pathlib import Path
from typing import Any

BENCH = Path(__file__).parents[2] / "perf" / "verifier_bench"


def script(name: str) -> Any:
    """Under a name of its own: other folders have a run.py, too."""
    spec = util.spec_from_file_location(f"verifier_bench_{name}", BENCH / f"{name}.py")
    assert spec
    assert spec.loader
    module = sys.modules[spec.name] = util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


sys.path.append(str(BENCH))
run, items = script("run"), import_module("items")


def result(right: int, date: str) -> Any:
    return run.Result(Counter({("graded", True): right}), 0, 1.0, date)


def test_a_row_stays_until_its_verifier_is_measured_again_or_the_sets_change() -> None:
    given = [items.Item("graded", "7", str(n), "", n == 7) for n in range(9)]
    first = run.page({"ampo": result(1, "2026-01-01"), "minerva": result(0, "2026-01-01")}, given, 6.0, "")
    second = run.page({"ampo": result(1, "2026-02-02")}, given, 6.0, first)
    rows = [line for line in second.splitlines() if line.startswith("| ") and "verifier" not in line]
    assert [row.rsplit("|", 2)[1].strip() for row in rows] == ["2026-02-02", "2026-01-01"]
    assert "minerva_math" in rows[1]
    assert "minerva_math" not in run.page({"ampo": result(1, "2026-03-03")}, given[1:], 6.0, second)
