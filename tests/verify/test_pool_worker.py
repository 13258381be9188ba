"""What a worker says of an item, whatever becomes of it."""

from __future__ import annotations

import functools
import gc
import importlib
import os
import pkgutil
import socket
from pathlib import Path

import pytest

import ampo.verify
from ampo.verify import Claim, VerifierPool
from ampo.verify.crew import messages, worker


def deep(n: int = 0) -> int:
    return deep(n + 1)


def leave() -> None:
    raise SystemExit(0)


@pytest.mark.parametrize(
    ("operation", "reply"),
    [
        (lambda: bytearray(1 << 62), {"lost": "out of memory"}),
        (deep, {"lost": "out of stack"}),
        (leave, {"lost": "SystemExit"}),
        (lambda: [][1], {"failed": "IndexError: list index out of range"}),
    ],
)
def test_a_failure_is_an_answer(operation, reply):
    assert worker._answer(operation, {}) == reply


def test_frames_carry_odd_text():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        message = ["\0", "\ud800", "\u202e", "x" * 1000, {"a": None}]
        messages.send(ours, message)
        assert messages.receive(theirs) == message
        ours.close()
        with pytest.raises(EOFError):
            messages.receive(theirs)


def test_a_half_frame_waits_no_longer_than_told():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.sendall(b"\0\0\0")
        theirs.settimeout(0.05)
        with pytest.raises(TimeoutError):
            messages.receive(theirs)


def resident_kb(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") // 1024


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="reads the memory of another process")
def test_a_worker_does_not_grow_with_the_claims_that_it_judges() -> None:
    """Beyond its caches, which the first of these fill: it is the same worker, and no two claims are alike."""

    def judged(numbers: range) -> int:
        claims = [Claim(rf"\frac{{{n}\sqrt2}}{{{n + 1}}}", rf"\boxed{{{n}\cdot 2^{{1/2}}/{n + 1}}}") for n in numbers]
        assert all(verdict.correct for verdict in pool.verify_many(claims))
        assert pool.counters.quick == 0
        (pid,) = pool.pids
        return resident_kb(pid)

    with VerifierPool(1, timeout=60) as pool:
        full = judged(range(1000, 3200))
        assert judged(range(3200, 5400)) - full < 2200  # KiB: less than one a claim


FEW_KEYS = {  # what isn't bounded, since none of its keys is a text of a claim
    "crew.shared._pool",
    "text.words._another",
    "text.words.any_of",
    "text.words.that",
}


def test_every_cache_of_the_verifier_is_bounded() -> None:
    for module in pkgutil.walk_packages(ampo.verify.__path__, "ampo.verify."):
        importlib.import_module(module.name)
    caches = [it for it in gc.get_objects() if isinstance(it, functools._lru_cache_wrapper)]
    sizes = {f"{it.__module__}.{it.__qualname__}": it.cache_info().maxsize for it in caches}
    ours = {name.removeprefix("ampo.verify."): size for name, size in sizes.items() if name.startswith("ampo.verify.")}
    assert len(ours) > 20
    assert {name for name, size in ours.items() if size is None} == FEW_KEYS
    assert max(size or 0 for size in ours.values()) <= 4096
