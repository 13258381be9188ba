"""The core in this process, around an engine that is none: nobody waits for ever, whatever ends it."""

from __future__ import annotations

import threading
import traceback
from concurrent.futures import Future, ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import pytest

from ampo.engines.vllm import InProcessCore
from ampo.errors import EngineError


class Engine:
    """Always at work on one request; a step waits until it is let go, and then dies."""

    def __init__(self) -> None:
        self.vllm_config, self.stepping, self.go = None, threading.Event(), threading.Event()
        self.engine_core = SimpleNamespace(shutdown=lambda: None)
        self.dies = True

    def get_tokenizer(self) -> None: ...

    def has_unfinished_requests(self) -> bool:
        return True

    def step(self) -> list[Any]:
        self.stepping.set()
        self.go.wait(20)
        if self.dies:
            raise RuntimeError("out of memory")
        return []


class Core(InProcessCore):
    def _run(self, engine_args: Any, started: Future[None]) -> None:
        self._engine = engine_args
        started.set_result(None)
        self._step()


@pytest.mark.parametrize("dies", [True, False])
def test_a_call_that_is_queued_when_the_engine_ends_is_answered(dies: bool) -> None:
    engine = Engine()
    engine.dies = dies
    core = Core(engine)
    assert engine.stepping.wait(20)
    with ThreadPoolExecutor(1) as other:
        asked = other.submit(core.call, lambda _: "never")
        while not core._commands:
            pass
        if not dies:
            core._closing = True
        engine.go.set()
        with pytest.raises(EngineError, match="out of memory" if dies else "was closed") as told:
            asked.result(20)
    with pytest.raises(EngineError, match="has ended") as late:
        core.call(lambda _: "never")
    for error in (told.value, late.value):  # where it died is not lost
        assert not dies or [frame.name for frame in traceback.extract_tb(_cause(error).__traceback__)][-1] == "step"
    core.close()


def _cause(error: BaseException) -> BaseException:
    assert isinstance(error.__cause__, RuntimeError)
    return error.__cause__


def test_a_call_gives_what_the_function_makes_or_raises() -> None:
    engine = Engine()
    engine.dies = False
    engine.go.set()
    core = Core(engine)
    assert core.call(lambda it: it is engine)
    with pytest.raises(ZeroDivisionError):
        core.call(lambda _: 1 / 0)
    core.close()
