"""What happens to long runs: a full disk, a dead engine beside a Ray that isn't its own, Ctrl-C, full memory. One run.

It is an asynchronous one, so that OpenRLHF's other trainer is seen at work as well.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

pytestmark = [pytest.mark.long, pytest.mark.timeout(2400)]

RAY = Path(sys.executable).with_name("ray")
READY = b"init engine"
"""vLLM says so before an engine is handed over."""


@pytest.fixture
def disk(run: Any) -> Iterator[Path]:
    """The run's checkpoints on a file system of their own."""
    folder: Path = run.folder / "checkpoints"
    folder.mkdir(parents=True)
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=256m", "none", folder], capture_output=True, text=True
    )
    if mounted.returncode:
        pytest.skip(f"no file system can be mounted here, to be filled: {mounted.stderr.strip()}")
    yield folder
    run.kill()
    subprocess.run(["umount", "--lazy", folder], check=True)


@pytest.fixture
def cluster() -> Iterator[tuple[str, str]]:
    """A Ray cluster that isn't the run's: its address, and the folder of its sessions."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    resources = ["--num-cpus", "6", "--num-gpus", "2", "--object-store-memory", str(2**28)]
    at = ["--port", address.rpartition(":")[2], "--include-dashboard=false"]
    with TemporaryDirectory() as folder:  # pytest's own has too long a name for Ray's sockets
        command = [RAY, "start", "--head", "--block", "--temp-dir", folder, *at, *resources]
        given = os.environ | {"VLLM_LOGGING_LEVEL": "INFO"}  # an engine in the tests' own process lowers it
        quiet = subprocess.DEVNULL
        with subprocess.Popen(command, stdout=quiet, stderr=quiet, env=given) as process:
            while not answers(address):
                assert process.poll() is None
                time.sleep(1)
            yield address, folder
            process.terminate()


def answers(address: str) -> bool:
    return subprocess.run([RAY, "health-check", "--address", address], capture_output=True).returncode == 0


def test_nothing_is_lost_and_nothing_left(run: Any, disk: Path, cluster: tuple[str, str]) -> None:
    run.command += ["--openrlhf.train.async_enable", "true"]
    run.start()
    run.until(lambda: run.whole(1), 700)
    filler = disk / "filler"
    filler.write_bytes(bytes(shutil.disk_usage(disk).free - 2**20))
    ended(run, 2, "make room; the same command goes on")
    assert run.whole(1)
    assert not run.whole(2)
    rows = run.rows("metrics.jsonl")
    assert [row["samples"] for row in rows] == [16.0, 32.0]
    assert all(row["guidance/trigger_rate"] > 0 and row["mixed/replaced"] > 0 for row in rows)
    assert run.left() == []

    # Where nothing fails by itself: the policy waits for an engine that is no more, on a cluster that lives on.
    filler.unlink()
    address, session = cluster
    run.sessions = {session}
    log = run.folder / "openrlhf" / "log.txt"
    before = log.read_bytes().count(READY)
    run.start("--ray-address", address)
    run.until(lambda: log.read_bytes().count(READY) > before)
    policy, core = run.processes("AmpoPolicy")[0], run.processes("EngineCore")[0]
    os.kill(policy, signal.SIGSTOP)
    time.sleep(5)  # the engine is made, and asked to join
    os.kill(core, signal.SIGKILL)
    os.kill(policy, signal.SIGCONT)
    ended(run, 1, "a vLLM engine died")
    assert "going on from step 1" in run.told()
    assert run.whole(1)
    assert run.gone(lambda: [pid for word in ("Ampo", "Seeded", "EngineCore") for pid in run.processes(word)])
    assert answers(address)

    run.sessions.clear()
    run.start()
    run.until(lambda: run.sessions)
    run.interrupt()
    ended(run, 1, "stopped; the same command goes on from step 1")
    assert run.whole(1)
    assert run.gone(run.left)

    # A machine whose memory is full, in Ray's eyes: it ends the process that holds most of it.
    run.sessions.clear()
    run.start(RAY_memory_usage_threshold="0.001")
    run.until(lambda: run.sessions)
    ended(run, 1, "a process of the run is out of memory", 300)
    assert run.whole(1)
    assert run.gone(run.left)


def ended(run: Any, code: int, line: str, seconds: float = 400) -> None:
    assert run.ended(seconds) == code, run.told()
    assert line in run.told()
    assert "Traceback" not in run.told()
