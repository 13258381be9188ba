"""Going on with the run that a folder holds: what may differ from it, what may not, and what is said about it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ampo.console import Say
from ampo.errors import UserError
from ampo.eval import extraction
from ampo.eval.rundir import RunDir
from ampo.files import differences, flat, without_none


def check_folder(run: RunDir) -> None:
    """Raise UserError for a folder that holds something else than a run: nothing of it is to be overwritten."""
    if not run.path.exists() or (run.path / ".lock").exists():
        return
    if not run.path.is_dir():
        raise UserError(f"cannot write to {run.path}: it is a file; choose another --output-dir")
    if run.config.exists() and run.responses.exists():
        return
    if held := sorted(entry.name for entry in run.path.iterdir()):
        more = f" and {len(held) - 3} more" if len(held) > 3 else ""
        raise UserError(
            f"{run.path} holds {', '.join(held[:3])}{more}, and no run: give a new or an empty folder by --output-dir"
        )


def has_responses(run: RunDir) -> bool:
    """Whether anything has been answered; else what the folder says of the run binds nobody."""
    return run.responses.exists() and run.responses.stat().st_size > 0


def check_config(run: RunDir, config: Mapping[str, Any]) -> None:
    """Raise UserError, naming each difference, where the run in this folder is not the one asked for."""
    if not run.config.exists():
        return
    there, here = flat(run.read_config()), flat(without_none(dict(config)))
    if changes := differences(there, here):
        changed = [name for name in there.keys() | here.keys() if there.get(name) != here.get(name)]
        way_out = extraction.way_out(run, changed) or "give the same settings to resume it"
        raise UserError(
            f"{run.path} holds a run of another configuration ({'; '.join(changes)}): {way_out}, "
            "or give another --output-dir"
        )


def joined(run: RunDir, given: Mapping[str, Any], say: Say) -> dict[str, Any]:
    """The config to be written: the run's that is there, with more samples or more benchmarks where those are asked.

    Raises:
        UserError: naming each difference, where the folder holds a run of another kind.
    """
    config: dict[str, Any] = without_none(dict(given))
    if not run.config.exists() or not has_responses(run):
        return config  # nothing has been answered yet that would have to fit
    there = run.read_config()
    asked, before = config["benchmarks"], there.get("benchmarks", {})
    fixed = "adaptive" in config or "adaptive" in there
    more = {
        name: (before[name]["samples"], task["samples"])
        for name, task in asked.items()
        if not fixed and name in before and task["samples"] > before[name].get("samples", 0)
    }
    for name in (name for name in asked if not fixed and name in before):
        have, wanted = before[name].get("samples", 0), asked[name]["samples"]
        if wanted < have:
            raise UserError(
                f"{run.path} has {have} samples of each problem of {name}, and {wanted} are asked for: "
                f"--samples {have} goes on with it, or give another --output-dir"
            )
    same = {name: asked[name] | ({"samples": before[name]["samples"]} if name in more else {}) for name in asked}
    kept = {name: task for name, task in before.items() if name not in asked} if not fixed else {}
    new = [name for name in asked if name not in before] if not fixed else []
    compared = {name: task for name, task in same.items() if name not in new} | kept
    check_config(run, config | {"benchmarks": compared})
    for name, (old, now) in more.items():
        say(f"{name}: going on from {old} to {now} samples of each problem")
    if new:
        say(f"{run.path} gets {', '.join(new)} besides {', '.join(before)}")
    if kept:
        say(f"{', '.join(kept)} of {run.path} stay as they are: only {', '.join(asked)} is asked for")
    return config | {"benchmarks": kept | asked}
