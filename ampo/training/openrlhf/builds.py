"""What DeepSpeed compiles when it is first used: by this environment's own ninja, and past a lock that a kill has left.

On a GPU; where there is none nothing is compiled (`cpu`).

A virtual environment that isn't activated is not on PATH. Then the system's ninja is taken, which there may not be; and
where both are used in turn, each compiles anew what the other has made, for a minute and more. A kill in those minutes
leaves torch's lock on the build, and every later run would wait for it for ever: such a lock is removed, where nobody
works beside it.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

from ampo.training.openrlhf.leftovers import link

_STARTING = 60  # seconds from the lock to the compiler, at most


def ready() -> None:
    """For this process and those that it starts."""
    tools = str(Path(sys.executable).parent)
    path = os.environ.get("PATH", "").split(os.pathsep)
    if path[0] != tools:
        os.environ["PATH"] = os.pathsep.join([tools, *path])
    _unlock()


def _unlock() -> None:
    """Of this machine. Without /proc nothing is done."""
    if not Path("/proc/self/cwd").exists():
        return
    cache = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "torch_extensions"
    locks = Path(os.environ.get("TORCH_EXTENSIONS_DIR") or cache).glob("**/lock")
    old = [lock for lock in locks if time.time() - lock.stat().st_mtime > _STARTING]
    if old:
        busy = {link(process / "cwd") for process in Path("/proc").glob("[0-9]*")}  # compilers run there
        for lock in old:
            if str(lock.parent.resolve()) not in busy:
                lock.unlink(missing_ok=True)
