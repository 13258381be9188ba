"""Results of other harnesses: whose a path holds, and what reads them into the shape of our metrics.json."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from ampo.eval import inspect_logs, lighteval_details, lm_eval_results


class Harness(NamedTuple):
    """A tool whose results can be reported."""

    name: str
    holds: Callable[[Path], object]
    read: Callable[[Path], dict[str, Any]]


HARNESSES = (
    Harness(inspect_logs.HARNESS, inspect_logs.find, inspect_logs.read),
    Harness(lighteval_details.HARNESS, lighteval_details.find, lighteval_details.read),
    Harness("lm-eval", lm_eval_results.find, lm_eval_results.read),  # last: it takes any .json for its own
)


def find(path: Path) -> Harness | None:
    """The harness whose results a file or a folder holds."""
    return next((harness for harness in HARNESSES if harness.holds(path)), None)
