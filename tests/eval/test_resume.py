"""Kill -9 at random moments of a real evaluation (a real server, a real model): nothing lost, nothing done twice."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

KILLS = 4  # tests/soak.py does it a hundred times


def start(server: str, folder: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "ampo", "eval", "--base-url", server, "--suite", "demo", "--limit", "16"]
    command += ["--samples", "2", "--max-tokens", "24", "--concurrency", "8", "--output-dir", str(folder)]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True)


def finish(server: str, folder: Path) -> None:
    _, stderr = (process := start(server, folder)).communicate(timeout=300)
    assert process.returncode == 0, stderr.decode()


def ids(folder: Path, name: str) -> list[str]:
    return [json.loads(line)["id"] for line in (folder / name).read_text().splitlines()]


def size(folder: Path) -> int:
    file = folder / "responses.jsonl"
    return file.stat().st_size if file.exists() else 0


@pytest.mark.slow
def test_kill_9_at_random_moments(server: str, tmp_path: Path) -> None:
    finish(server, tmp_path / "whole")
    rng = random.Random(20251002)
    killed_at_work = 0
    for _ in range(KILLS):
        before = size(tmp_path / "torn")
        process = start(server, tmp_path / "torn")
        deadline = time.monotonic() + 60
        while process.poll() is None and time.monotonic() < deadline and size(tmp_path / "torn") == before:
            time.sleep(0.01)
        time.sleep(rng.uniform(0, 0.4))
        killed_at_work += process.poll() is None
        with contextlib.suppress(ProcessLookupError):  # it had finished
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
    finish(server, tmp_path / "torn")
    assert killed_at_work >= KILLS // 2
    assert sorted(ids(tmp_path / "torn", "responses.jsonl")) == sorted(ids(tmp_path / "whole", "responses.jsonl"))
    assert sorted(ids(tmp_path / "torn", "verdicts.jsonl")) == sorted(ids(tmp_path / "whole", "verdicts.jsonl"))
    seeds = [
        {
            row["id"]: row["seed"]
            for row in map(json.loads, (tmp_path / run / "responses.jsonl").read_text().splitlines())
        }
        for run in ("torn", "whole")
    ]
    assert seeds[0] == seeds[1]
