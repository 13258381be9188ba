"""vLLM in processes of its own."""

from __future__ import annotations

import sys
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Any

from ampo.engines.background import BackgroundLoop
from ampo.engines.vllm.core import Core, Sink
from ampo.engines.vllm.overheard import Overheard
from ampo.errors import EngineError


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
        """See Core.submit."""
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
            died = self._died(f"{type(error).__name__}: {error}")
            died.__cause__ = error
            sink(died)
        finally:
            self._tasks.pop(request_id, None)

    def _died(self, otherwise: str) -> EngineError:
        """With what the engine's processes said last of an error."""
        if self._cause is None:
            self._cause = self._overheard.cause()
        return EngineError(f"vLLM's engine died: {self._cause or otherwise}")


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
