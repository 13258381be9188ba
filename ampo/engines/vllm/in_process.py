"""vLLM in a thread of this process."""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager, nullcontext
from importlib import import_module
from typing import Any, TypeVar

from ampo.engines.vllm.core import Core, Sink
from ampo.errors import EngineError

GATHER_PAUSE = 0.005
GATHER_AT_MOST = 0.04
"""Seconds: an idle engine waits for the next request, each time and altogether, before it starts with those it has."""

T = TypeVar("T")

_LIVING: set[InProcessCore] = set()
_LIVING_LOCK = threading.Lock()


class InProcessCore(Core):
    """vLLM's LLMEngine, stepped by a thread of this process."""

    def __init__(self, engine_args: Any) -> None:
        self._sinks: dict[str, Sink] = {}  # of requests that are entering or under way
        self._entering: set[str] = set()
        self._commands: deque[Callable[[], None]] = deque()
        self._wake = threading.Condition()
        self._held = 0
        self._closing = False
        self._failure: BaseException | None = None
        self._calls: set[Future[Any]] = set()  # that are queued or under way
        started: Future[None] = Future()
        self._thread = threading.Thread(target=self._run, args=(engine_args, started), name="vllm", daemon=True)
        self._thread.start()
        started.result()
        with _LIVING_LOCK:
            _LIVING.add(self)
        self.config = self._engine.vllm_config
        self.tokenizer = self._engine.get_tokenizer()

    def submit(self, request_id: str, token_ids: list[int], params: Any, sink: Sink) -> None:
        """See Core.submit."""
        self._entering.add(request_id)
        self._sinks[request_id] = sink
        try:
            self._command(lambda: self._add(request_id, token_ids, params))
        except EngineError:
            self._forget(request_id)
            raise

    @contextmanager
    def together(self) -> Iterator[None]:
        with self._wake:
            self._held += 1
        try:
            yield
        finally:
            with self._wake:
                self._held -= 1
                self._wake.notify()

    def abort(self, request_id: str) -> None:
        if request_id in self._sinks and not self._closing and self._failure is None:
            self._command(lambda: self._abort(request_id))

    @property
    def unfinished(self) -> int:
        return self._engine.get_num_unfinished_requests() + len(self._entering)

    def call(self, function: Callable[[Any], T]) -> T:
        """What a function makes of vLLM's LLMEngine, on the engine's thread and between two of its steps.

        Raises EngineError where the engine ends before it comes to that; else what the function raises.
        """
        found: Future[T] = Future()

        def called() -> None:
            try:
                found.set_result(function(self._engine))
            except Exception as error:  # the caller's to handle
                found.set_exception(error)

        self._calls.add(found)
        try:
            self._command(called)
            return found.result()
        finally:
            self._calls.discard(found)

    def close(self) -> None:
        with self._wake:
            self._closing = True
            self._wake.notify()
        self._thread.join(timeout=60)
        with _LIVING_LOCK:
            _LIVING.discard(self)
            with _groups_kept() if _LIVING else nullcontext():
                self._engine.engine_core.shutdown()

    def _command(self, command: Callable[[], None]) -> None:
        with self._wake:
            if self._failure is not None or self._closing:
                raise EngineError(f"vLLM's engine has ended: {self._failure or 'it was closed'}") from self._failure
            self._commands.append(command)
            self._wake.notify()

    def _add(self, request_id: str, token_ids: list[int], params: Any) -> None:
        try:
            prompt = self._engine.renderer.render_cmpl([{"prompt_token_ids": token_ids}])[0]
            self._engine.add_request(request_id, prompt, params)
            self._entering.discard(request_id)
        except ValueError as error:  # vLLM refuses this request: the others go on
            sink = self._sinks[request_id]
            self._forget(request_id)
            sink(error)

    def _abort(self, request_id: str) -> None:
        if request_id in self._sinks:
            self._forget(request_id)
            self._engine.abort_request([request_id])

    def _forget(self, request_id: str) -> None:
        self._sinks.pop(request_id, None)
        self._entering.discard(request_id)

    def _run(self, engine_args: Any, started: Future[None]) -> None:
        """Make the engine and step it, in one thread: OpenMP's workers belong to the thread that calls them first."""
        from vllm.usage.usage_lib import UsageContext
        from vllm.v1.engine.llm_engine import LLMEngine

        try:
            with _environment("VLLM_ENABLE_V1_MULTIPROCESSING", "0"):
                self._engine = LLMEngine.from_engine_args(engine_args, UsageContext.LLM_CLASS)
        except BaseException as error:  # the caller's to handle
            started.set_exception(error)
            return
        started.set_result(None)
        self._step()

    def _step(self) -> None:
        try:
            while self._await_work():
                while self._commands:
                    self._commands.popleft()()
                if self._engine.has_unfinished_requests():
                    self._deliver(self._engine.step())
        except Exception as error:  # whatever was raised here is the engine's death: every request hears of it
            with self._wake:
                self._failure = error
            died = EngineError(f"vLLM's engine died: {type(error).__name__}: {error}")
            died.__cause__ = error
            self._tell(died)
        else:
            self._tell(EngineError("vLLM's engine was closed"))

    def _tell(self, end: EngineError) -> None:
        """Whoever still waits for an answer gets this one."""
        for sink in list(self._sinks.values()):
            sink(end)
        for found in list(self._calls):
            if not found.done():
                found.set_exception(end)

    def _await_work(self) -> bool:
        with self._wake:
            idle = not self._engine.has_unfinished_requests()
            self._wake.wait_for(self._can_go_on)
            if idle:
                self._gather()
            return not self._closing

    def _gather(self) -> None:
        """Let requests that come in one after the other start in one step: the others would wait for the first's, and,
        where they are made on the same cores, take the longer to come in."""
        deadline = time.monotonic() + GATHER_AT_MOST
        while (left := deadline - time.monotonic()) > 0 and self._wake.wait(min(GATHER_PAUSE, left)):
            pass
        self._wake.wait_for(self._can_go_on)

    def _can_go_on(self) -> bool:
        return self._closing or (not self._held and bool(self._commands or self._engine.has_unfinished_requests()))

    def _deliver(self, outputs: list[Any]) -> None:
        for output in outputs:
            sink = self._sinks.get(output.request_id)
            if output.finished:
                self._sinks.pop(output.request_id, None)
            if sink is not None:
                sink(output)


@contextmanager
def _groups_kept() -> Iterator[None]:
    """vLLM's process groups belong to the process, and an engine that is shut down takes them along: others that live
    there would die at their next step."""
    core = import_module("vllm.v1.engine.core")
    before, name = core.cleanup_dist_env_and_memory, "cleanup_dist_env_and_memory"
    setattr(core, name, lambda *_, **__: None)
    try:
        yield
    finally:
        setattr(core, name, before)


@contextmanager
def _environment(name: str, value: str):
    before = os.environ.get(name)
    os.environ[name] = value
    try:
        yield
    finally:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before
