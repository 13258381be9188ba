"""What was found, written down by the command: results.json, figures, runs.jsonl, and README.md as a page."""

from __future__ import annotations

import os
import platform
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ampo.files import write, write_json
from ampo.study import decide, design, jobs, task
from ampo.study.findings import Findings, begins
from ampo.study.page import page
from ampo.study.power import Power, power

SCHEMA_VERSION = 2


def planned_power(found: Findings) -> list[Power]:
    """Of the size's claims."""
    size = found.size
    return power(size.seeds.claim, size.test.problems, size.test.samples, max(len(design.claims(size)), 1))


def write_up(found: Findings, folder: Path) -> Path:
    """The page of what is finished, with what is missing named."""
    from ampo.study import figures

    folder.mkdir(parents=True, exist_ok=True)
    drawn, told, day = figures.draw(found, folder), planned_power(found), datetime.now(UTC).date().isoformat()
    write_json(folder / "results.json", as_data(found, told, day))
    found.store.copy(folder / "runs.jsonl", found.planned)
    write(folder / "README.md", "\n".join(page(found, told, drawn, _hardware(), day)) + "\n")
    return folder / "README.md"


def as_data(found: Findings, told: list[Power], day: str) -> dict[str, Any]:
    """All that the page says, as data."""
    size, store = found.size, found.store
    starts = {share: start for share in size.starts if (start := found.start(share))}
    return {
        "schema_version": SCHEMA_VERSION,
        "day": day,
        "jobs": {"done": found.done, "planned": len(found.planned)},
        "size": size.model_dump(mode="json"),
        "hardware": _hardware(),
        "power": [one._asdict() for one in told],
        "starts": {
            f"{share:g}": {"begins": begins(start)._asdict()}
            | {name: start[name] for name in ("at_once", "begun", "all_fail", "groups", "teachers", "parameters")}
            for share, start in starts.items()
        },
        "gate": decide.lifted(size, store) if jobs.gate(size) in store and size.compared in starts else None,
        "learning_rate": {"chosen": found.lr, "validation": decide.validated(size, store)},
        "map": [
            {
                "share": point.share,
                "begins": point.begins._asdict(),
                "scores": {arm: score._asdict() for arm, score in point.scores.items()},
                "gain": point.gain._asdict() if point.gain else None,
                "seeds": point.seeds,
            }
            for point in found.map
        ],
        "claims": [
            one._asdict()
            | {"claim": one.claim.model_dump(), "difference": one.difference._asdict() if one.difference else None}
            for one in found.claims
        ],
        "arms": {
            name: {
                "accuracy": {
                    level: [decide.accuracy(one, level) for one in found.runs(name).values()] for level in task.LEVELS
                },
                "time_to": {f"{accuracy:g}": times for accuracy, times in found.times(name).items()},
                "cpu_seconds": [one["cpu_seconds"] for one in found.runs(name).values()],
                "seeds": list(found.runs(name)),
            }
            for name in design.arms(size)
        },
        "missing": [asdict(job) for job in found.planned if job not in store],
    }


def _hardware() -> str:
    return f"{os.cpu_count()} cores ({platform.machine()}), one thread a job"
