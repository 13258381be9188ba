"""Two ways to run vLLM behind one interface: token ids in, vLLM's RequestOutputs out, from a thread of its own.

`ProcessCore` is vLLM's AsyncLLM: the engine core runs in processes of its own, which serves GPUs, tensor and data
parallelism. `InProcessCore` steps vLLM's engine in a thread of this process: one device only, but no second import of
vLLM, no transport between processes, and a third of the start-up time, which is what matters on a CPU.

Both tell vLLM that they are used as its `LLM` is: its defaults for the sequences and tokens of a step go by that, and
those for other uses are an eighth of them on a large GPU, half on a CPU.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Any, TypeVar

from ampo.engines.background import BackgroundLoop
from ampo.engines.overheard import Overheard
from ampo.errors import EngineError

GATHER_PAUSE = 0.005
GATHER_AT_MOST = 0.04
"""Seconds: an idle engine waits for the next request, each time and altogether, before it starts with those it has."""

T = TypeVar("T")

Sink = Callable[[Any], None]  # takes each RequestOutput of a request, or the exception that ended it


class Core(ABC):
    """A running vLLM engine. Sinks are called from the core's own thread and must not block."""

    tokenizer: Any
    config: Any  # vllm.config.VllmConfig

    @abstractmethod
    def submit(self, request_id: str, token_ids: list[int], params: Any, sink: Sink) -> None:
        """Start a request. `params` are vLLM's SamplingParams."""

    @contextmanager
    def together(self) -> Iterator[None]:
        """Requests submitted inside start in the same step, so that their prefills are batched."""
        yield

    @abstractmethod
    def abort(self, request_id: str) -> None:
        """End a request early; its sink is not called again. Unknown and finished ids are ignored."""

    @property
    @abstractmethod
    def unfinished(self) -> int:
        """Samples that the engine is working on."""

    @abstractmethod
    def close(self) -> None: ...


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
        self.config = self._engine.vllm_config
        self.tokenizer = self._engine.get_tokenizer()

    def submit(self, request_id: str, token_ids: list[int], params: Any, sink: Sink) -> None:
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
        self._engine.engine_core.shutdown()

    def _command(self, command: Callable[[], None]) -> None:
        with self._wake:
            if self._failure is not None or self._closing:
                raise EngineError(f"vLLM's engine has ended: {self._failure or 'it was closed'}")
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
            self._tell(EngineError(f"vLLM's engine died: {type(error).__name__}: {error}"))
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


class ProcessCore(Core):
    """vLLM's AsyncLLM: the engine core in processes of its own, driven from an event loop in a thread."""

    def __init__(self, engine_args: Any) -> None:
        from vllm.usage.usage_lib import UsageContext
        from vllm.v1.engine.async_llm import AsyncLLM

        self._loop = BackgroundLoop("vllm")
        self._tasks: dict[str, Future[None]] = {}
        self._cause: str | None = None  # of its death, once somebody has asked

        self._overheard = Overheard()

        async def start() -> Any:
            with _main_not_repeated(), self._overheard.listening():
                return AsyncLLM.from_engine_args(engine_args, usage_context=UsageContext.LLM_CLASS)

        try:
            self._engine = self._loop.run(start())
        except BaseException as error:
            self._loop.close()
            if isinstance(error, RuntimeError) and (cause := self._overheard.cause()):  # vLLM only points at it
                raise RuntimeError(cause) from error
            raise
        self.config = self._engine.vllm_config
        self.tokenizer = self._engine.get_tokenizer()

    def submit(self, request_id: str, token_ids: list[int], params: Any, sink: Sink) -> None:
        if self._engine.errored:
            raise self._died("its process has ended")
        self._tasks[request_id] = self._loop.submit(self._consume(request_id, token_ids, params, sink))

    def abort(self, request_id: str) -> None:
        task = self._tasks.pop(request_id, None)
        if task is not None:
            task.cancel()

    @property
    def unfinished(self) -> int:
        return self._engine.get_num_unfinished_requests()

    def close(self) -> None:
        async def shutdown() -> None:
            self._engine.shutdown()

        if self._loop.alive:
            self._loop.close(last=shutdown())

    async def _consume(self, request_id: str, token_ids: list[int], params: Any, sink: Sink) -> None:
        try:
            prompt = (await self._engine.renderer.render_cmpl_async([{"prompt_token_ids": token_ids}]))[0]
            async for output in self._engine.generate(prompt, params, request_id):
                sink(output)
        except ValueError as error:  # vLLM refuses this request
            sink(error)
        except Exception as error:  # whatever else ends the engine: this request hears of it
            sink(self._died(f"{type(error).__name__}: {error}"))
        finally:
            self._tasks.pop(request_id, None)

    def _died(self, otherwise: str) -> EngineError:
        """With what the engine's processes said last of an error."""
        if self._cause is None:
            self._cause = self._overheard.cause()
        return EngineError(f"vLLM's engine died: {self._cause or otherwise}")


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


@contextmanager
def _main_not_repeated():
    """Keep the processes that start here from running the caller's script again.

    multiprocessing's "spawn", which vLLM takes where CUDA is in use, loads the parent's main module in each child: a
    script without a `__main__` guard would start over there. The engine's processes need nothing of it.
    """
    main = sys.modules["__main__"]
    hidden = {name: vars(main)[name] for name in ("__spec__", "__file__") if name in vars(main)}
    main.__spec__ = None
    vars(main).pop("__file__", None)
    try:
        yield
    finally:
        vars(main).update(hidden)
