"""The looks of an adaptive run, on disk: looks.jsonl, a line for each look at a benchmark, in order.

A line says what was seen (samples, half-width), and what was decided: why it stops, or how many samples each problem is
to have. It is written before any of these is asked for, so that a killed run goes on with the same decision; and a
decision is made from those samples alone that the last one asked for, so that it doesn't matter which came first.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from ampo.console import Say
from ampo.errors import UserError
from ampo.eval import adaptive
from ampo.eval.rundir import RunDir
from ampo.eval.two_stages import tally
from ampo.files import append, drop_torn_line, read_jsonl

Record = Mapping[str, Any]


class Looks:
    """The state of an adaptive run.

    Args:
        run: The directory whose looks.jsonl is read and added to.
        rule: When a benchmark has been sampled enough.
        ids: Each benchmark's problems, in order.
        pilots: Each benchmark's samples of a problem to start from.
        say: Takes a note about a torn line.

    Raises:
        UserError: The file is damaged.
    """

    def __init__(
        self,
        run: RunDir,
        rule: adaptive.Rule,
        ids: Mapping[str, Sequence[str]],
        pilots: Mapping[str, int],
        say: Say,
    ) -> None:
        self._run, self._rule, self._ids, self._pilots, self._say = run, rule, ids, pilots, say
        drop_torn_line(run.looks, say)
        self._records = read_looks(run)

    def wanted(self) -> dict[str, int]:
        """How many samples each problem is to have by now."""
        return {
            problem: n for name in self._ids for problem, n in zip(self._ids[name], self._n(name).tolist(), strict=True)
        }

    def take(self, outcomes: Callable[[str, int], list[bool]]) -> bool:
        """Look at every benchmark that hasn't stopped; True where one of them wants more samples.

        outcomes: whether samples 0 .. n-1 of a problem are right, for its id and n.
        """
        open_ = [name for name in self._ids if not (self._records.get(name) and self._records[name][-1]["stop"])]
        for name in open_:
            rows = [outcomes(i, n) for i, n in zip(self._ids[name], self._n(name).tolist(), strict=True)]
            self._write(name, adaptive.look(self._rule, tally(rows, self._pilots[name])))
        return any(not self._records[name][-1]["stop"] for name in open_)

    def _n(self, name: str) -> np.ndarray:
        records = self._records.get(name, [])
        asked = [record["samples"] for record in records if record["samples"] is not None]
        return np.array(asked[-1] if asked else [self._pilots[name]] * len(self._ids[name]), dtype=int)

    def _write(self, name: str, found: adaptive.Look) -> None:
        before = int(self._n(name).sum())
        over_samples = self._rule.over == "samples"
        width = found.estimate.sampling_half_width if over_samples else found.estimate.half_width
        record = {
            "benchmark": name,
            "look": len(self._records.get(name, [])) + 1,
            "n_samples": before,
            "half_width": width,
            "stop": found.stop,
            "samples": None if found.n_p is None else found.n_p.tolist(),
        }
        append(self._run.looks, record)
        self._records.setdefault(name, []).append(record)
        more = "" if found.n_p is None else f"; {int(found.n_p.sum()) - before} more samples"
        words = adaptive.explain(self._rule, found.stop, found.estimate, len(self._ids[name]))
        self._say(f"{name}, look {record['look']}: {words}{more}")


def read_looks(run: RunDir) -> dict[str, list[Record]]:
    """Each benchmark's looks, in order; none where the run isn't adaptive."""
    found: dict[str, list[Record]] = {}
    if run.looks.exists():
        for number, record in read_jsonl(run.looks):
            if not {"benchmark", "n_samples", "half_width", "stop", "samples"} <= record.keys():
                raise UserError(f"{run.looks}:{number} has missing fields: is it of another version?")
            found.setdefault(record["benchmark"], []).append(record)
    return found


def rule_of(config: Mapping[str, Any]) -> adaptive.Rule | None:
    """The rule in a config.toml; None for a run with a fixed number of samples."""
    table = config.get("adaptive")
    return adaptive.Rule(**table) if table else None


def wanted(run: RunDir, config: Mapping[str, Any]) -> int:
    """How many samples a run is to have, as far as is known: of an adaptive one, what its last looks ask for."""
    looks = read_looks(run) if rule_of(config) else {}
    total = 0
    for name, benchmark in config.get("benchmarks", {}).items():
        asked = [record["samples"] for record in looks.get(name, []) if record["samples"] is not None]
        total += sum(asked[-1]) if asked else benchmark.get("problems", 0) * benchmark.get("samples", 0)
    return total


def sections(
    run: RunDir, config: Mapping[str, Any], outcomes: Mapping[str, Mapping[str, Sequence[bool]]]
) -> dict[str, dict[str, Any]]:
    """What metrics.json says of each benchmark's sampling; nothing for a run with a fixed number of samples.

    outcomes: benchmark -> problem -> whether its samples are right, in their order.
    """
    rule = rule_of(config)
    if rule is None:
        return {}
    looks = read_looks(run)
    return {
        name: adaptive.section(rule, rows, config["benchmarks"][name]["samples"], looks.get(name, []))
        for name, rows in outcomes.items()
    }


def notes(metrics: Mapping[str, Any]) -> list[str]:
    """A line for each benchmark of a metrics.json that was sampled adaptively: the rule, and whether it was met."""
    found = {name: row["adaptive"] for name, row in metrics["benchmarks"].items() if "adaptive" in row}
    if not found:
        return []
    lines = [f"adaptive sampling: {next(iter(found.values()))['rule']}"]
    for name, part in found.items():
        looked = f"{len(part['looks'])} look{'s' * (len(part['looks']) != 1)}"
        lines.append(f"{name}: {part['in_words']} ({looked}); both stages weighed alike: {100 * part['unbiased']:.1f}")
    lines.append(
        "problems were sampled unequally, by their first outcomes, and the interval was looked at before it was "
        "final: see eval/adaptive.py for what that does to the figures"
    )
    return lines
