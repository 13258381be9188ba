"""vLLM's engine core in a process of its own (AsyncLLM), which is how GPUs are served; here on the CPU."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import psutil
import pytest

from ampo.engines.settings import EngineSettings
from ampo.engines.vllm import VLLMEngine
from ampo.errors import EngineError
from ampo.models import EMBEDDED, resolve
from ampo.types import Message, Request, SamplingParams

pytestmark = pytest.mark.slow

STORY: tuple[Message, ...] = ({"role": "user", "content": "Tell a long story."},)


def test_a_flag_that_vllm_does_not_take_is_one_line() -> None:
    pytest.importorskip("vllm")
    command = [sys.executable, "-m", "ampo", "serve", "--max-modle-len", "9"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600)
    assert done.returncode == 2
    assert "unrecognized arguments: --max-modle-len 9 (did you mean --max-model-len?)" in done.stderr.splitlines()[-1]
    assert "usage:" not in done.stdout + done.stderr


@pytest.fixture(scope="module")
def started(model_path: str):
    """The engine, and the processes that it started."""
    pytest.importorskip("vllm")
    settings = EngineSettings(in_process=False, max_model_len=1024)
    others = core_processes()  # the server of other tests has one, too
    with VLLMEngine(resolve(EMBEDDED), settings) as engine:
        yield engine, core_processes() - others


def core_processes() -> set[int]:
    return {p.pid for p in psutil.Process().children(recursive=True) if is_core(p)}


def is_core(process: psutil.Process) -> bool:
    try:
        alive = process.status() != psutil.STATUS_ZOMBIE
        return alive and "EngineCore" in process.name() + " ".join(process.cmdline())
    except psutil.NoSuchProcess:  # it ended meanwhile
        return False


def idle(engine: VLLMEngine) -> bool:
    deadline = time.monotonic() + 10
    while engine.unfinished and time.monotonic() < deadline:
        time.sleep(0.05)
    return engine.unfinished == 0


def test_it_answers_batches_streams_and_aborts(started: tuple[VLLMEngine, set[int]]) -> None:
    engine, _ = started
    assert not engine.describe()["settings"]["in_process"]
    params = SamplingParams(n=2, temperature=0.8, max_tokens=16, seed=3)
    samples = list(engine.generate([Request(str(i), f"{i} + {i} =", params) for i in range(4)]))
    assert sorted((s.request_id, s.index) for s in samples) == [(str(i), j) for i in range(4) for j in range(2)]
    assert all(s.response.completion_tokens for s in samples)

    stream = engine.stream(Request("s", STORY, SamplingParams(max_tokens=900)))
    assert next(stream).text
    assert engine.unfinished == 1
    stream.close()  # pyright: ignore[reportAttributeAccessIssue]
    assert idle(engine)
    assert "12" in engine.chat("What is 7 + 5?", SamplingParams(temperature=0, max_tokens=64)).text


def test_a_core_that_is_killed_is_an_error_and_not_a_hang(started: tuple[VLLMEngine, set[int]]) -> None:
    """The last test of this engine: it is dead afterwards."""
    engine, cores = started
    assert cores
    batch = engine.generate([Request("s", STORY, SamplingParams(max_tokens=900))])
    stream = engine.stream(Request("t", STORY, SamplingParams(max_tokens=900)))
    next(stream)
    for core in cores:
        os.kill(core, signal.SIGKILL)
    with pytest.raises(EngineError, match="vLLM"):
        list(stream)
    with pytest.raises(EngineError, match="vLLM"):
        list(batch)
