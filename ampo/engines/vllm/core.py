"""Two ways to run vLLM behind one interface: token ids in, vLLM's RequestOutputs out, from a thread of its own.

`processes.ProcessCore` is vLLM's AsyncLLM: the engine core runs in processes of its own, which serves GPUs, tensor
and data parallelism. `in_process.InProcessCore` steps vLLM's engine in a thread of this process: one device only,
but no second import of vLLM, no transport between processes, and a third of the start-up time, which is what matters on
a CPU.

Both tell vLLM that they are used as its `LLM` is: its defaults for the sequences and tokens of a step go by that, and
those for other uses are an eighth of them on a large GPU, half on a CPU.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

Sink = Callable[[Any], None]  # takes each RequestOutput of a request, or the exception that ended it


class Core(ABC):
    """A running vLLM engine. Sinks are called from the core's own thread and must not block."""

    tokenizer: Any
    config: Any  # vllm.config.VllmConfig

    @abstractmethod
    def submit(self, request_id: str, token_ids: list[int], params: Any, sink: Sink) -> None:
        """Start a request.

        Args:
            request_id: Of no other request that is under way.
            token_ids: The prompt.
            params: vLLM's SamplingParams.
            sink: Takes each output, or the exception that ended the request.

        Raises:
            EngineError: vLLM is dead.
        """

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
